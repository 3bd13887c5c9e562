"""A table comes back from the file whatever is in it, by a reader that shares nothing with the writer."""

import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reviewer.services import parquet

_TEXTS = st.text(st.characters(codec="utf-8"))
_ROWS = st.lists(st.tuples(_TEXTS, st.floats(allow_nan=False), st.integers(-(2**31), 2**31 - 1)), max_size=40)


@given(_ROWS)
def test_every_row_comes_back(rows: list[tuple[str, float, int]]) -> None:
    columns: dict[str, parquet.Column] = {
        "text": [row[0] for row in rows],
        "number": [row[1] for row in rows],
        "whole": [row[2] for row in rows],
    }
    assert _read(parquet.written(columns)) == columns


def test_a_table_of_more_columns_than_a_short_list_holds_comes_back() -> None:
    columns = {f"column {number}": [str(number), "é"] for number in range(40)}
    assert _read(parquet.written(columns)) == columns


def _read(file: bytes) -> dict[str, list[Any]]:
    """Read a file by the names of the specification; numbers of fields are those of parquet.thrift."""
    assert (file[:4], file[-4:]) == (b"PAR1", b"PAR1")
    (length,) = struct.unpack("<I", file[-8:-4])
    about, end = _thrift(file, len(file) - 8 - length)
    assert end == len(file) - 8
    root, *elements = about[2]
    assert root[5] == len(elements)
    found: dict[str, list[Any]] = {element[4].decode(): [] for element in elements}
    for group in about[4]:
        assert group[3] == about[3]
        for chunk in group[1]:
            meta = chunk[3]
            header, at = _thrift(file, meta[9])
            assert header[2] == header[3] == meta[9] + meta[6] - at
            found[meta[3][0].decode()] = _values(file[at : at + header[3]], meta[1], header[5][1])
    assert all(len(values) == about[3] for values in found.values())
    return found


def _values(page: bytes, kind: int, count: int) -> list[Any]:
    if kind != 6:
        return list(struct.unpack(f"<{count}{'i' if kind == 1 else 'd'}", page))
    found, at = [], 0
    for _ in range(count):
        (length,) = struct.unpack_from("<I", page, at)
        found.append(page[at + 4 : at + 4 + length].decode())
        at += 4 + length
    assert at == len(page)
    return found


def _thrift(file: bytes, at: int) -> tuple[dict[int, Any], int]:
    found: dict[int, Any] = {}
    number = 0
    while file[at]:
        number, kind = number + (file[at] >> 4), file[at] & 15
        found[number], at = _value(file, at + 1, kind)
    return found, at + 1


def _value(file: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind == 12:
        return _thrift(file, at)
    if kind == 9:
        size, kind, at = file[at] >> 4, file[at] & 15, at + 1
        if size == 15:
            size, at = _varint(file, at)
        items = []
        for _ in range(size):
            item, at = _value(file, at, kind)
            items.append(item)
        return items, at
    number, at = _varint(file, at)
    if kind == 8:
        return file[at : at + number], at + number
    assert kind in (5, 6)
    return (number >> 1) ^ -(number & 1), at


def _varint(file: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (file[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not file[at - 1] & 0x80:
            return number, at
