"""Whoever can write to the database moves sealed fields and keys about: nothing opens but at its own place."""

import secrets
from collections.abc import Callable
from itertools import product

import pytest

from reviewer.crypto import DataKey, FieldPlace
from reviewer.domain.errors import SealBrokenError

_WORKSPACES = ("w1", "w2")
_TABLES = ("content", "decision", "working_copy")
_ROWS = ("r1", "r2", "r11")
_COLUMNS = ("draft", "source", "recipient")
_VERSIONS = (1, 2, 11)


def test_a_field_moved_to_any_other_place_or_key_does_not_open(count: Callable[[int, int], int]) -> None:
    first = DataKey.new("c1")
    # The third has the first one's secret under another id: the id is bound too.
    keys = (first, DataKey.new("c2"), DataKey("c1", secrets.token_hex(16), first.secret))
    places = [FieldPlace(*each) for each in product(_WORKSPACES, _TABLES, _ROWS, _COLUMNS, _VERSIONS)]
    cells = list(product(keys, places))
    sealed = [key.seal(place, str(number).encode()) for number, (key, place) in enumerate(cells)]
    pairs = count(4_000, 100_000)
    opened = wrong = 0
    for turn in range(pairs):
        number = turn % len(cells)
        other = secrets.randbelow(len(cells)) if turn >= len(cells) else number
        key, place = cells[other]
        try:
            text = key.open(place, sealed[number])
        except SealBrokenError:
            wrong += number == other
            continue
        opened += 1
        wrong += number != other or text != str(number).encode()
    assert wrong == 0
    assert opened >= len(cells)


def test_a_field_moved_by_one_step_in_any_direction_does_not_open() -> None:
    key, other = DataKey.new("c"), DataKey.new("c")
    home = FieldPlace("w", "content", "r", "draft", 1)
    sealed = key.seal(home, b"text")
    steps = (
        FieldPlace("w2", "content", "r", "draft", 1),
        FieldPlace("w", "decision", "r", "draft", 1),
        FieldPlace("w", "content", "r2", "draft", 1),
        FieldPlace("w", "content", "r", "source", 1),
        FieldPlace("w", "content", "r", "draft", 2),
        # The same characters, cut elsewhere.
        FieldPlace("w", "contentr", "", "draft", 1),
        FieldPlace("w", "content", "rd", "raft", 1),
    )
    for place in steps:
        with pytest.raises(SealBrokenError):
            key.open(place, sealed)
    with pytest.raises(SealBrokenError):
        other.open(home, sealed)
    assert key.open(home, sealed) == b"text"


def test_a_field_of_an_unknown_algorithm_is_refused_and_not_guessed() -> None:
    key, place = DataKey.new("c"), FieldPlace("w", "content", "r", "draft")
    sealed = key.seal(place, b"text")
    for algorithm in (0, 2, 255):
        with pytest.raises(SealBrokenError, match="this version"):
            key.open(place, bytes([algorithm]) + sealed[1:])
