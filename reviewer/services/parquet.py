"""Write a table as an Apache Parquet file, without the library that weighs more than the whole desk.

What is written is the plainest form there is: one row group, one page a column, no compression, every value there. The
format: https://parquet.apache.org/docs/file-format/; its headers are in Thrift's compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

import struct
from collections.abc import Mapping, Sequence

Column = Sequence[str] | Sequence[float] | Sequence[int]

_MAGIC = b"PAR1"
_CREATED_BY = b"review desk"
_INT32, _DOUBLE, _BYTES = 1, 5, 6  # Parquet's types of values
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12  # Thrift's types of fields
_PLAIN, _RLE, _REQUIRED, _UTF8 = 0, 3, 0, 0

_Field = tuple[int, int, bytes]  # number, type, what is written


def written(columns: Mapping[str, Column]) -> bytes:
    """Return a file with these columns, all of one length: texts, whole numbers of 32 bits, or other numbers."""
    rows = len(next(iter(columns.values()), ()))
    file, chunks = bytearray(_MAGIC), []
    for name, values in columns.items():
        kind, content = _values(values)
        page = _page_header(rows, len(content)) + content
        chunks.append(_chunk(name, kind, rows, at=len(file), size=len(page)))
        file += page
    group = _struct((1, _LIST, _list(_STRUCT, chunks)), (2, _I64, _int(len(file))), (3, _I64, _int(rows)))
    footer = _struct(
        (1, _I32, _int(1)),
        (2, _LIST, _list(_STRUCT, [_root(len(columns)), *(_element(*each) for each in columns.items())])),
        (3, _I64, _int(rows)),
        (4, _LIST, _list(_STRUCT, [group] if rows else [])),
        (6, _BINARY, _binary(_CREATED_BY)),
    )
    return bytes(file) + footer + struct.pack("<I", len(footer)) + _MAGIC


def _values(values: Column) -> tuple[int, bytes]:
    kind = _kind(values)
    if kind == _BYTES:
        texts = [str(value).encode() for value in values]
        return kind, b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return kind, struct.pack(f"<{len(values)}{'i' if kind == _INT32 else 'd'}", *values)


def _kind(values: Column) -> int:
    if all(isinstance(value, str) for value in values):  # an empty table is one of texts
        return _BYTES
    return _INT32 if all(isinstance(value, int) for value in values) else _DOUBLE


def _page_header(rows: int, size: int) -> bytes:
    levels = [(2, _I32, _int(_PLAIN)), (3, _I32, _int(_RLE)), (4, _I32, _int(_RLE))]
    data = _struct((1, _I32, _int(rows)), *levels)
    return _struct((1, _I32, _int(0)), (2, _I32, _int(size)), (3, _I32, _int(size)), (5, _STRUCT, data))


def _chunk(name: str, kind: int, rows: int, *, at: int, size: int) -> bytes:
    about = _struct(
        (1, _I32, _int(kind)),
        (2, _LIST, _list(_I32, [_int(_PLAIN)])),
        (3, _LIST, _list(_BINARY, [_binary(name.encode())])),
        (4, _I32, _int(0)),  # not compressed
        (5, _I64, _int(rows)),
        (6, _I64, _int(size)),
        (7, _I64, _int(size)),
        (9, _I64, _int(at)),
    )
    return _struct((2, _I64, _int(at)), (3, _STRUCT, about))


def _root(children: int) -> bytes:
    return _struct((4, _BINARY, _binary(b"schema")), (5, _I32, _int(children)))


def _element(name: str, values: Column) -> bytes:
    kind = _kind(values)
    fields = [(1, _I32, _int(kind)), (3, _I32, _int(_REQUIRED)), (4, _BINARY, _binary(name.encode()))]
    return _struct(*fields, *[(6, _I32, _int(_UTF8))] * (kind == _BYTES))


# ---- Thrift's compact protocol


def _struct(*fields: _Field) -> bytes:
    made, before = bytearray(), 0
    for number, kind, content in fields:
        made += bytes([(number - before) << 4 | kind]) + content
        before = number
    return bytes(made) + b"\0"


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return head + b"".join(items)


def _binary(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _int(number: int) -> bytes:
    return _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(made) + bytes([number])
