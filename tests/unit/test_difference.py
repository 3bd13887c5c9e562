"""The difference between two texts: exact for any texts, and readable for people."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain.difference import Change, ChangeKind, difference, edit_distance_words, excerpts

_plain = (
    "ann",
    "2.5",
    "don’t",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    ".",
    ",",
    "(",
    "-",
    "_",
    "\x00",
    "שלום",
    "مُ",
    "病院",
)
_odd = (
    "\u00a0",
    "\u200f",
    "\u200d",
    "e\u0301",
    "\u0301",
    "😀",
    "👍🏽",
    "👩\u200d⚕\ufe0f",
    "🇷🇸",
    "🇷",
    "1\ufe0f\u20e3",
    "\ud83d",
)
_pieces = st.sampled_from(_plain) | st.sampled_from(_odd)
_texts = st.lists(_pieces, max_size=30).map("".join) | st.text(max_size=40)
_long_texts = st.lists(_pieces, min_size=20, max_size=60).map(lambda pieces: "".join(pieces) * 60)


def _joined(changes: tuple[Change, ...], *kinds: ChangeKind) -> str:
    return "".join(change.text for change in changes if change.kind in kinds)


def _check_exact(before: str, after: str) -> None:
    changes = difference(before, after)
    assert _joined(changes, ChangeKind.EQUAL, ChangeKind.REMOVED) == before
    assert _joined(changes, ChangeKind.EQUAL, ChangeKind.ADDED) == after
    at_before = at_after = 0
    for change in changes:
        assert change.text
        assert (change.before_start, change.after_start) == (at_before, at_after)
        at_before += len(change.text) * (change.kind is not ChangeKind.ADDED)
        at_after += len(change.text) * (change.kind is not ChangeKind.REMOVED)
    kinds = [change.kind for change in changes]
    assert all(one is not other for one, other in pairwise(kinds))
    assert (ChangeKind.ADDED, ChangeKind.REMOVED) not in pairwise(kinds)


def _told(before: str, after: str) -> str:
    marks = {ChangeKind.EQUAL: "{}", ChangeKind.REMOVED: "[-{}-]", ChangeKind.ADDED: "[+{}+]"}
    return "".join(marks[change.kind].format(change.text) for change in difference(before, after))


@given(_texts, _texts)
def test_both_texts_can_be_put_together_again_exactly(before: str, after: str) -> None:
    _check_exact(before, after)


@given(_long_texts, _texts, _texts, st.integers(0, 2000), st.integers(0, 2000))
def test_edits_of_a_long_text_are_exact(text: str, first: str, second: str, start: int, length: int) -> None:
    middle = start + length
    _check_exact(text, text[:start] + first + text[start:middle] + second + text[middle + length :])


def _may_be_cut(text: str, place: int) -> bool:
    if not 0 < place < len(text):
        return True
    before, after = text[place - 1], text[place]
    if unicodedata.category(after).startswith("M") and after < "\U00010000":
        return before.isspace()
    return not (before.isalnum() and after.isalnum()) and before + after != "\r\n"


@given(_long_texts | _texts, _texts, _texts, st.integers(0, 2000))
def test_no_change_is_cut_inside_a_word_or_a_line_break(text: str, first: str, second: str, start: int) -> None:
    before, after = text + first, text[:start] + second + text[start:]
    for change in difference(before, after):
        assert _may_be_cut(before, change.before_start)
        assert _may_be_cut(after, change.after_start)


@given(_texts)
def test_equal_texts_have_no_change(text: str) -> None:
    assert all(change.kind is ChangeKind.EQUAL for change in difference(text, text))
    assert edit_distance_words(text, text) == 0


@given(_texts, _texts)
def test_the_edit_distance_is_the_same_both_ways_for_what_was_only_added(start: str, added: str) -> None:
    assert edit_distance_words(start, f"{start} {added}") == edit_distance_words(f"{start} {added}", start)


@given(_texts, _texts, _texts)
def test_no_change_is_kept_apart_by_spaces_or_punctuation_alone(start: str, middle: str, end: str) -> None:
    changes = difference(f"{start} {middle} {end}", f"{end} {middle} {start}")
    for change in changes[1:-1]:
        if change.kind is ChangeKind.EQUAL:
            assert any(c.isalnum() or c in "_\r\n" for c in change.text)


@given(_texts, _texts, st.integers(0, 5))
def test_every_change_is_in_exactly_one_excerpt(before: str, after: str, context_words: int) -> None:
    changes = difference(before, after)
    shown = [change for excerpt in excerpts(changes, context_words) for change in excerpt.changes]
    assert [c for c in shown if c.kind is not ChangeKind.EQUAL] == [
        c for c in changes if c.kind is not ChangeKind.EQUAL
    ]
    for change in shown:
        if change.kind is ChangeKind.EQUAL:
            assert before[change.before_start :].startswith(change.text)
            assert after[change.after_start :].startswith(change.text)
            assert "\n" not in change.text


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Your visit is on Tuesday.", "Your visit is on Wednesday.", "Your visit is on [-Tuesday-][+Wednesday+]."),
        ("Take 2.5 mg daily", "Take 25 mg daily", "Take [-2.5-][+25+] mg daily"),
        ("at 10:30 on 3/4", "at 11:30 on 3/4", "at [-10:30-][+11:30+] on 3/4"),
        ("I don't smoke", "I do smoke", "I [-don't-][+do+] smoke"),
        ("No known allergies", "Known allergies", "[-No known-][+Known+] allergies"),
        ("foo bar", "foo, bar", "foo[+,+] bar"),
        ("foo bar", "foo very bar", "foo [+very +]bar"),
        ("foo bar", "foo\u00a0bar", "foo[- -][+\u00a0+]bar"),
        ("one\r\n\r\ntwo", "one\ntwo", "one[-\r\n\r\n-][+\n+]two"),
        ("call now, please", "ring soon, please", "[-call now-][+ring soon+], please"),
        ("well, no, yes", "good, yes, yes", "[-well, no-][+good, yes+], yes"),
        ("first\nsecond", "1st\n2nd", "[-first-][+1st+]\n[-second-][+2nd+]"),
        ("one\r\n\r\ntwo", "one\r\ntwo", "one\r\n[-\r\n-]two"),
        ("Come. Bye.", "Come. Call us. Bye.", "Come. [+Call us. +]Bye."),
        ("Come (soon).", "Come (soon). Bye (now).", "Come (soon).[+ Bye (now).+]"),
        ("ok 👍🏽", "ok 👍🏿", "ok [-👍🏽-][+👍🏿+]"),
        ("👩\u200d⚕\ufe0f", "👩", "[-👩\u200d⚕\ufe0f-][+👩+]"),
        ("🇷🇸🇩🇪", "🇷🇸🇩🇰", "🇷🇸[-🇩🇪-][+🇩🇰+]"),
        ("cafe\u0301", "cafe", "[-cafe\u0301-][+cafe+]"),
        ("", "new", "[+new+]"),
        ("old", "", "[-old-]"),
        ("", "", ""),
    ],
)
def test_a_change_reads_as_a_person_would_mark_it(before: str, after: str, told: str) -> None:
    assert _told(before, after) == told


def test_a_word_is_never_cut() -> None:
    assert _told("a hypertension b", "a hypotension b") == "a [-hypertension-][+hypotension+] b"


def test_a_moved_sentence_leaves_the_others_alone() -> None:
    before = "Rest well. Drink water. Call us if it gets worse."
    after = "Drink water. Call us if it gets worse. Rest well."
    assert _told(before, after) == "[-Rest well. -]Drink water. Call us if it gets worse.[+ Rest well.+]"


def test_two_edits_far_apart_in_a_long_paragraph_are_two_changes() -> None:
    middle = " ".join(f"word{number} and so on" for number in range(3000))
    assert _told(f"one {middle} nine", f"two {middle} ten") == f"[-one-][+two+] {middle} [-nine-][+ten+]"


def test_two_edits_far_apart_in_a_long_text_of_repeated_words_are_two_changes() -> None:
    middle = "ha ho " * 3000
    assert _told(f"one {middle}nine", f"two {middle}ten") == f"[-one-][+two+] {middle}[-nine-][+ten+]"


def test_one_line_changed_in_many_leaves_the_other_lines_alone() -> None:
    lines = [f"line {number} of the note\n" for number in range(1000)]
    changed = lines.copy()
    changed[3], changed[990] = "line 3 was left out\n", "line 990 of this note\n"
    changes = difference("".join(lines), "".join(changed))
    told = [change.text for change in changes if change.kind is not ChangeKind.EQUAL]
    assert told == ["of the note", "was left out", "the", "this"]


def test_texts_that_share_nothing_are_replaced_whole() -> None:
    assert [change.kind for change in difference("a b c " * 5000, "x y z " * 5000)][:2] == ["removed", "added"]


def test_words_added_and_removed_are_counted_without_punctuation() -> None:
    assert edit_distance_words("Take 2.5 mg, daily.", "Take 25 mg twice daily!") == 3


def test_an_excerpt_shows_the_change_among_its_neighbours() -> None:
    before = "a b c d e f Tuesday g h i j k"
    [excerpt] = excerpts(difference(before, before.replace("Tuesday", "Friday")), context_words=2)
    assert [change.text for change in excerpt.changes] == ["e f ", "Tuesday", "Friday", " g h"]
    assert (excerpt.goes_on_before, excerpt.goes_on_after) == (True, True)


def test_an_excerpt_stays_on_its_line() -> None:
    [excerpt] = excerpts(difference("one\ntwo 3 four\nfive", "one\ntwo 4 four\nfive"))
    assert [change.text for change in excerpt.changes] == ["two ", "3", "4", " four"]
    assert (excerpt.goes_on_before, excerpt.goes_on_after) == (False, False)


def test_changes_close_together_share_an_excerpt_and_distant_ones_do_not() -> None:
    before = "x a b y " + "c " * 20 + "z"
    changes = difference(before, before.replace("x", "X").replace("y", "Y").replace("z", "Z"))
    assert [len(excerpt.changes) for excerpt in excerpts(changes, context_words=2)] == [6, 3]


def test_an_excerpt_without_context_is_the_change_alone() -> None:
    [excerpt] = excerpts(difference("a b c", "a x c"), context_words=0)
    assert [change.text for change in excerpt.changes] == ["b", "x"]
