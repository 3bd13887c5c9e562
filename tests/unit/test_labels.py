"""How labels look, and how far two of them differ."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain.calls import Word
from reviewer.domain.labels import lint, tags_of, word_errors, words_of
from reviewer.services.alignment import timed


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("and then [noise] the ((doctor)) said", []),
        ("", []),
        ("one  two", [("spaces", "  ")]),
        (" one", [("spaces", " ")]),
        ("one ", [("spaces", " ")]),
        ("a\tb", [("spaces", "\t")]),
        ("[nois] x", [("tag", "[nois]")]),
        ("[NOISE] x", [("tag", "[NOISE]")]),
        ("x [noise", [("tag", "[noise")]),
        ("x ]", [("tag", "]")]),
        ("at 9 or 10:30", [("digits", "9"), ("digits", "10:30")]),
        ("the (doctor)", [("unsure", "("), ("unsure", ")")]),
        ("the ((doctor", [("unsure", "((")]),
        ("the doctor))", [("unsure", "))")]),
        ("(( ))", [("unsure", "(( ))")]),
        ("a * b", [("sign", "*")]),
        ("well ... yes", [("sign", "...")]),
        ("well … yes", [("sign", "…")]),
        ("call dialpad now", [("glossary", "dialpad")]),
        ("call Dialpad now, dialpads", []),
    ],
)
def test_marks_stand_where_the_conventions_ask_for_something_else(text: str, marks: list[tuple[str, str]]) -> None:
    found = lint(text, glossary=("Dialpad",))
    assert [(mark.rule, text[mark.start : mark.end]) for mark in found] == marks


def test_digits_may_be_allowed() -> None:
    assert lint("at 9", digits_allowed=True) == ()


@given(st.text(alphabet="ab [](1)*. é\n", max_size=60))
def test_every_mark_lies_in_the_text(text: str) -> None:
    assert all(0 <= mark.start < mark.end <= len(text) for mark in lint(text))


def test_words_leave_out_tags_case_and_punctuation() -> None:
    assert words_of("Don’t [noise] ((GO)), Ana-Marija!") == ("don't", "go", "ana-marija")
    assert tags_of("[noise] x [noise] [music] [x]") == {"[noise]": 2, "[music]": 1}


_words = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=7).map(tuple)


@given(_words, _words)
def test_word_errors_are_the_fewest_that_turn_one_into_the_other(
    reference: tuple[str, ...], heard: tuple[str, ...]
) -> None:
    @cache
    def fewest(at: int, to: int) -> int:
        if at == len(reference) or to == len(heard):
            return len(reference) - at + len(heard) - to
        return min(
            fewest(at + 1, to + 1) + (reference[at] != heard[to]), 1 + fewest(at + 1, to), 1 + fewest(at, to + 1)
        )

    errors = word_errors(reference, heard)
    assert errors.number == fewest(0, 0)
    assert [at for at, _ in errors.pairs if at is not None] == list(range(len(reference)))
    assert [to for _, to in errors.pairs if to is not None] == list(range(len(heard)))


def test_the_rate_of_nothing_is_defined() -> None:
    assert word_errors((), ()).rate == 0.0
    assert word_errors((), ("a",)).rate == 1.0
    assert word_errors(("a", "b"), ("a", "c")).rate == 0.5


def test_words_of_a_label_take_the_machines_times() -> None:
    machine = (Word("And,", 0.1, 0.3), Word("then", 0.4, 0.6), Word("the", None, None), Word("doctor", 1.0, 1.4))
    got = [
        (word.text, round(word.start, 3), round(word.end, 3)) for word in timed("and then a doctor said", machine, 2.0)
    ]
    assert got == [
        ("and", 0.1, 0.3), ("then", 0.4, 0.6), ("a", 0.6, 1.0), ("doctor", 1.0, 1.4), ("said", 1.4, 2.0)
    ]  # fmt: skip


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=6), st.lists(st.sampled_from(["a", "b", "c"]), max_size=6)
)
def test_times_go_forwards_and_stay_in_the_clip(written: list[str], heard: list[str]) -> None:
    machine = [Word(text, at * 0.3, at * 0.3 + 0.25) for at, text in enumerate(heard)]
    words = timed(" ".join(written), machine, 2.0)
    assert [word.text for word in words] == written
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert all(0 <= time <= 2.0 for time in times)
