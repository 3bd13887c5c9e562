"""Planted errors: one each, where they may be, and nothing else touched."""

import pytest

from reviewer.domain.items import Turn
from reviewer.evidence import Prepared
from reviewer.evidence.injector import Kind, plant

_TURNS = (
    Turn("doctor", "albert , your left knee hurts since march fourth at three pm ?"),
    Turn("patient", "yes , about two weeks . i take ibuprofen six hundred milligrams and mrs. anderson checked it"),
    Turn("patient", "it is worse on 3 days of the week , no fever"),
)
_NOTE = (
    "Albert reports left knee pain for two weeks, on 3 days of the week, since March 4th at 3 pm.\n"
    "1. Ibuprofen 600 mg. Mrs. Anderson checked the knee. He denies fever."
)
_SOURCE = Prepared(_TURNS)


@pytest.mark.parametrize("kind", Kind)
def test_an_error_of_each_kind_is_planted_and_nothing_else_changes(kind: Kind) -> None:
    planted = plant(_NOTE, _SOURCE, kind)
    assert planted is not None
    assert planted.kind is kind
    assert planted.text != _NOTE
    assert planted.text[: planted.start] + planted.was + planted.text[planted.end :] == _NOTE
    assert planted.now == planted.text[planted.start : planted.end]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.INVENTED_FOLLOW_UP])
def test_where_there_is_no_occasion_nothing_is_planted(kind: Kind) -> None:
    assert plant("Good morning.", _SOURCE, kind) is None


def test_what_the_source_does_not_bear_out_is_left_alone() -> None:
    assert plant("Take ibuprofen 800 mg.", _SOURCE, Kind.DOSE) is None
    assert plant("Right knee pain.", _SOURCE, Kind.LATERALITY) is None


def test_the_numbers_of_a_list_are_left_alone() -> None:
    assert plant("3. Knee pain", _SOURCE, Kind.NUMBER) is None


def test_whoever_plants_chooses() -> None:
    first = plant(_NOTE, _SOURCE, Kind.DOSE, choose=lambda edits: edits[0])
    assert first == plant(_NOTE, _SOURCE, Kind.DOSE, choose=lambda edits: edits[0])
