"""Canonical JSON (RFC 8785) for the values that entries hold: one value, one spelling.

Held are text, whole numbers within 2^53, true, false, null, lists and objects. Fractions are refused, and with them the
one hard part of the standard. What is read must already be canonical, so no two byte strings mean the same entry.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

Value: TypeAlias = "bool | int | str | Sequence[Value] | Mapping[str, Value] | None"

_LARGEST = 2**53 - 1
_FIRST_BYTE_BEYOND_FFFF = 0xF0  # in UTF-8


class NotCanonicalError(ValueError):
    """A value that canonical JSON cannot hold, or bytes that are not canonical."""


def dumps(value: Value) -> bytes:
    """Return the canonical bytes of `value`. Raises NotCanonicalError."""
    try:
        return _ENCODER.encode(_ordered(value)).encode()
    except (UnicodeEncodeError, RecursionError) as exc:
        raise NotCanonicalError("a lone surrogate, or too deep") from exc


def loads(untrusted_bytes: bytes) -> Value:
    """Return the value whose canonical bytes these are. Raises NotCanonicalError."""
    try:
        value: Value = _DECODER.decode(untrusted_bytes.decode())
        # Sorting by code point is quick, and alike to the standard's UTF-16 where nothing lies beyond U+FFFF.
        is_quick = max(untrusted_bytes) < _FIRST_BYTE_BEYOND_FFFF
        again = _SORTED.encode(value).encode() if is_quick else dumps(value)
    except (ValueError, RecursionError) as exc:
        raise NotCanonicalError("no canonical JSON") from exc
    if again != untrusted_bytes:
        raise NotCanonicalError("no canonical JSON")
    return value


def _ordered(value: Value) -> Value:
    """Return `value` with the keys of its objects in the order of RFC 8785, 3.2.3."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise NotCanonicalError("a number beyond 2^53")
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise NotCanonicalError("a key that is not text")
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf_16)}
    if isinstance(value, (list, tuple)):
        return [_ordered(each) for each in value]
    raise NotCanonicalError(f"a value of type {type(value).__name__}")


def _utf_16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _whole(digits: str) -> int:
    number = int(digits) if len(digits) <= 17 else _LARGEST + 1
    if abs(number) > _LARGEST:
        raise NotCanonicalError("a number beyond 2^53")
    return number


def _refuse(spelling: str) -> NoReturn:
    raise NotCanonicalError(f"not a whole number: {spelling[:20]}")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SORTED = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_refuse, parse_constant=_refuse)
