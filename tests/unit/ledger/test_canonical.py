"""One value, one spelling: RFC 8785, checked against another implementation."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from reviewer.ledger import canonical
from reviewer.ledger.canonical import NotCanonicalError
from tests.verifier import alone

_LARGEST = 2**53 - 1
_text = st.text(st.characters(exclude_categories=["Cs"]))
_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-_LARGEST, _LARGEST) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)


@given(_values)
def test_three_implementations_spell_a_value_alike(value: Any) -> None:
    spelled = canonical.dumps(value)
    assert spelled == rfc8785.dumps(value)
    assert spelled.decode() == alone.canonical(value)


@given(_values)
def test_what_was_spelled_reads_back(value: Any) -> None:
    assert canonical.loads(canonical.dumps(value)) == value


@given(_values, st.sampled_from([None, 1, "\t"]), st.booleans(), st.booleans())
def test_any_other_spelling_is_refused(value: Any, indent: Any, ascii_only: bool, sort: bool) -> None:
    other = json.dumps(value, indent=indent, ensure_ascii=ascii_only, sort_keys=sort).encode()
    if other == canonical.dumps(value):
        return
    with pytest.raises(NotCanonicalError):
        canonical.loads(other)


@pytest.mark.parametrize(
    "spelled",
    [
        b"",
        b" {}",
        b"{} ",
        b"{}\n",
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5000,
        b'"\\u0061"',
        b'"\\/"',
        b'"\x7f',
        b'"\xc3"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"{}{}",
    ],
)
def test_what_is_not_canonical_is_refused(spelled: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        canonical.loads(spelled)


def test_keys_are_sorted_by_utf_16_as_the_standard_asks() -> None:
    # RFC 8785, 3.2.3: U+1F600 begins with a surrogate, so it comes before U+FB33.
    value = {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "\r": 4, "1": 5, "\u0080": 6, "\u00f6": 7}
    spelled = canonical.dumps(value)
    assert list(json.loads(spelled)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert canonical.loads(spelled) == value
    by_code_point = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert by_code_point != spelled
    with pytest.raises(NotCanonicalError):
        canonical.loads(by_code_point)


@pytest.mark.parametrize("value", [1.5, 1.0, 2**53, -(2**53), float("nan"), b"x", {1: 2}, {"a": {3}}, "\ud800"])
def test_what_entries_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonicalError):
        canonical.dumps(value)
