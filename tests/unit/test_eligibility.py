"""A call is heard only while every gate says yes; what nobody said is no."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reviewer.domain.call_records import Call, Party, Side
from reviewer.domain.calls import Segment, Transcript, Word
from reviewer.domain.eligibility import GATES, PASSED, Gate, OptOuts, Rules, Standing, facts_of, standing, without

_NOW = datetime(2026, 5, 14, tzinfo=UTC)
_RULES = Rules(workspace_opted_in=True, feature_on=True, categories=frozenset({"billing"}))


def _party(side: Side, **changed: object) -> Party:
    return replace(Party(side, side.value, None, True, "announcement", True), **changed)  # type: ignore[arg-type]


def _call(**changed: object) -> Call:
    good = Call(
        external_id="c",
        language="en",
        parties=(_party(Side.AGENT), _party(Side.CALLER)),
        transcript=Transcript((Segment("caller", (Word("yes"),)),)),
        recorded=True,
        transcribed=True,
        category="billing",
        legal_hold=False,
        retain_until=_NOW + timedelta(days=1),
    )
    return replace(good, **changed)  # type: ignore[arg-type]


def _standing(
    call: Call,
    rules: Rules = _RULES,
    out: OptOuts | None = None,
    *,
    clean: bool | None = True,
    budget: bool | None = True,
) -> Standing:
    return standing(facts_of(call, rules, out or OptOuts(), _NOW, clean=clean, budget_left=budget))


def test_a_call_passes_when_every_gate_says_yes() -> None:
    assert _standing(_call()) == PASSED


@pytest.mark.parametrize("gate", GATES)
def test_every_gate_alone_stops_a_call_by_saying_no_or_nothing(gate: Gate) -> None:
    every = dict.fromkeys(GATES, True)
    assert standing(every) == PASSED
    assert standing(every | {gate: False}) == Standing(gate)
    assert standing(every | {gate: None}) == Standing(gate, is_unknown=True)
    assert standing({name: answer for name, answer in every.items() if name is not gate}).gate is gate
    assert standing(without(every | {gate: None}, gate)) == PASSED


def test_of_all_answers_only_yes_everywhere_passes() -> None:
    for answers in itertools.product((True, False, None), repeat=4):
        facts = dict.fromkeys(GATES, True) | dict(zip(GATES[:4], answers, strict=True))
        first = next((at for at, answer in enumerate(answers) if answer is not True), None)
        assert standing(facts).gate == (None if first is None else GATES[first])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (_call(recorded=None), Standing(Gate.RECORDED, is_unknown=True)),
        (_call(recorded=False), Standing(Gate.RECORDED)),
        (_call(transcribed=None), Standing(Gate.TRANSCRIBED, is_unknown=True)),
        (_call(transcript=Transcript(())), Standing(Gate.TRANSCRIBED)),
        (_call(parties=(_party(Side.AGENT),)), Standing(Gate.CONSENTED, is_unknown=True)),
        (_call(parties=()), Standing(Gate.CONSENTED, is_unknown=True)),
        (_call(parties=(_party(Side.AGENT), _party(Side.CALLER, consented=False))), Standing(Gate.CONSENTED)),
        (
            _call(parties=(_party(Side.AGENT), _party(Side.CALLER, basis=None))),
            Standing(Gate.CONSENTED, is_unknown=True),
        ),
        (
            _call(parties=(_party(Side.AGENT, opted_in=None), _party(Side.CALLER))),
            Standing(Gate.MEMBER, is_unknown=True),
        ),
        (_call(parties=(_party(Side.AGENT), _party(Side.CALLER, opted_in=False))), Standing(Gate.CALLER)),
        (_call(category=None), Standing(Gate.CATEGORY, is_unknown=True)),
        (_call(category="oncology"), Standing(Gate.CATEGORY)),
        (_call(legal_hold=None), Standing(Gate.NOT_HELD, is_unknown=True)),
        (_call(legal_hold=True), Standing(Gate.NOT_HELD)),
        (_call(retain_until=None), Standing(Gate.RETAINED, is_unknown=True)),
        (_call(retain_until=_NOW), Standing(Gate.RETAINED)),
    ],
)
def test_a_call_says_where_it_stops(call: Call, expected: Standing) -> None:
    assert _standing(call) == expected


@pytest.mark.parametrize(
    ("rules", "gate"),
    [
        (replace(_RULES, workspace_opted_in=None), Gate.WORKSPACE),
        (replace(_RULES, workspace_opted_in=False), Gate.WORKSPACE),
        (replace(_RULES, feature_on=None), Gate.FEATURE),
        (replace(_RULES, categories=frozenset()), Gate.CATEGORY),
    ],
)
def test_the_workspace_must_have_said_yes(rules: Rules, gate: Gate) -> None:
    assert _standing(_call(), rules).gate is gate


@pytest.mark.parametrize(
    ("out", "gate"),
    [
        (OptOuts(workspace=True), Gate.WORKSPACE),
        (OptOuts(member=True), Gate.MEMBER),
        (OptOuts(caller=True), Gate.CALLER),
        (OptOuts(call=True), Gate.CALLER),
    ],
)
def test_an_opt_out_outweighs_every_opt_in(out: OptOuts, gate: Gate) -> None:
    assert _standing(_call(), out=out) == Standing(gate)


def test_what_nobody_searched_for_personal_data_is_not_heard() -> None:
    assert _standing(_call(), clean=None) == Standing(Gate.CLEAN, is_unknown=True)
    assert _standing(_call(), clean=False) == Standing(Gate.CLEAN)
    assert _standing(_call(), budget=False) == Standing(Gate.BUDGET)
