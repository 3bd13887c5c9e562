"""A call's file is taken whole or refused with the field, and nothing it leaves out is taken for a yes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reviewer.channels import call_records
from reviewer.domain.call_records import Call, Side
from reviewer.domain.errors import InputRefusedError
from reviewer.resources import resource

_SCHEMA: dict[str, Any] = json.loads(resource("schemas/call.schema.json").read_text("utf-8"))
(_EXAMPLE,) = _SCHEMA["examples"]


def _read(**changed: object) -> Call:
    return call_records.read(json.dumps({**_EXAMPLE, **changed}).encode())


def test_the_schemas_example_is_taken() -> None:
    Draft202012Validator.check_schema(_SCHEMA)
    Draft202012Validator(_SCHEMA).validate(_EXAMPLE)
    call = _read()
    assert call.party(Side.CALLER) is not None
    assert call.known_texts == ("Ana P.", "agent-7", "+12025550107")
    assert [word.text for word in call.transcript.segments[0].words] == ["hello"]
    assert [party.side for party in call.speakers("caller")] == [Side.CALLER]
    assert len(call.speakers("somebody")) == 2  # it may be either


def test_what_is_left_out_is_unknown() -> None:
    call = call_records.read(b'{"id": "c", "language": "en", "segments": []}')
    said = (call.recorded, call.transcribed, call.category, call.legal_hold, call.retain_until, call.parties)
    assert said == (None, None, None, None, None, ())


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"id": "a\0b"}, "id"),
        ({"language": "english!"}, "language"),
        ({"recorded": "yes"}, "recorded"),
        ({"recorded": 1}, "recorded"),
        ({"legal_hold": 0}, "legal_hold"),
        ({"retain_until": "soon"}, "retain_until"),
        ({"retain_until": "2027-01-31T00:00:00"}, "time zone"),
        ({"agent": "Ana"}, "agent"),
        ({"agent": {"name": "Ana"}}, "agent.id"),
        ({"caller": {"id": "1", "consented": "true"}}, "caller.consented"),
        ({"names": "Ana"}, "names"),
        ({"names": [5]}, "names"),
        ({"names": ["x"] * 1_001}, "names"),
        ({"segments": [{"text": 5}]}, "segments"),
        ({"segments": None}, "neither segments nor words"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_name_and_without_its_value(
    changed: dict[str, object], field: str
) -> None:
    with pytest.raises(InputRefusedError, match=field) as refused:
        _read(**changed)
    assert "Ana" not in refused.value.message


@pytest.mark.parametrize("untrusted", [b"", b"[]", b"\xff", b"{", b"[" * 100_000, b"null", b"5"])
def test_what_is_no_object_is_refused(untrusted: bytes) -> None:
    with pytest.raises(InputRefusedError):
        call_records.read(untrusted)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.just("2027-01-31T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "basis"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(_EXAMPLE)), _json, max_size=3))
def test_whatever_is_taken_fits_the_schema(changed: dict[str, object]) -> None:
    try:
        _read(**changed)
    except InputRefusedError:
        return
    Draft202012Validator(_SCHEMA).validate({**_EXAMPLE, **changed})
