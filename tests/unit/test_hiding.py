"""Personal data is cut away with its margin, or there is no clip."""

from hypothesis import given
from hypothesis import strategies as st

from reviewer.audio.cutting import Cut
from reviewer.audio.hiding import Hidden, hidden
from reviewer.domain.calls import Exclusion, Word


def _cut(*words: Word, start_s: float = 10.0, end_s: float = 20.0) -> Cut:
    return Cut(0, start_s, end_s, "Caller", words)


_NAME = _cut(
    Word("I", 11.0, 11.2),
    Word("am", 11.2, 11.5),
    Word("Ana", 12.0, 12.5),
    Word("Bell,", 12.5, 13.0),
    Word("ok?", 14, 15),
)


def _span(cut: Cut, said: str) -> tuple[int, int]:
    begin = cut.text.index(said)
    return begin, begin + len(said)


def test_nothing_personal_hides_nothing() -> None:
    assert hidden(_NAME, (), (), 0.3) is None


def test_a_name_is_hidden_with_the_margin_and_the_words_that_lie_in_it() -> None:
    assert hidden(_NAME, [_span(_NAME, "Ana Bell")], (), 0.3) == Hidden(11.7, 13.3, "I am [personal data] ok?")


def test_a_margin_under_300_ms_counts_as_300_ms() -> None:
    assert hidden(_NAME, [_span(_NAME, "Ana")], (), 0.0) == hidden(_NAME, [_span(_NAME, "Ana")], (), 0.3)


def test_two_findings_side_by_side_are_one_hit_and_two_apart_drop_the_clip() -> None:
    together = [_span(_NAME, "Ana"), _span(_NAME, "Bell")]
    assert hidden(_NAME, together, (), 0.3) == hidden(_NAME, [_span(_NAME, "Ana Bell")], (), 0.3)
    apart = [_span(_NAME, "I"), _span(_NAME, "ok")]
    assert hidden(_NAME, apart, (), 0.3) == Exclusion.PERSONAL_DATA


def test_a_word_without_times_is_hidden_from_the_word_before_to_the_word_after() -> None:
    cut = _cut(Word("card", 11.0, 11.5), Word("4111"), Word("1111"), Word("thanks.", 15.0, 15.5))
    found = hidden(cut, [_span(cut, "1111")], (), 0.3)
    assert found == Hidden(11.2, 15.3, "[personal data]")


def test_without_word_times_there_is_no_clip() -> None:
    cut = _cut(Word("card"), Word("4111"))
    assert hidden(cut, [_span(cut, "4111")], (), 0.3) == Exclusion.PERSONAL_DATA_UNTIMED


def test_ranges_of_time_are_hidden_too_and_those_elsewhere_are_not() -> None:
    found = hidden(_NAME, (), [(12.0, 12.5), (30.0, 31.0)], 0.5)
    assert isinstance(found, Hidden)
    assert (found.start_s, found.end_s) == (11.5, 13.0)
    assert "Ana" not in found.text


_times = st.none() | st.floats(10, 20)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), _times, _times), min_size=1, max_size=8), st.data())
def test_what_is_known_of_a_hit_lies_within_what_is_hidden(
    said: list[tuple[str, float | None, float | None]], data: st.DataObject
) -> None:
    cut = _cut(*(Word(text, begin, end) for text, begin, end in said))
    begin = data.draw(st.integers(0, len(cut.text) - 1))
    end = data.draw(st.integers(begin + 1, len(cut.text)))
    found = hidden(cut, [(begin, end)], (), 0.3)
    if not isinstance(found, Hidden):
        assert found == Exclusion.PERSONAL_DATA_UNTIMED
        return
    at = 0
    for word in cut.words:
        if at < end and begin < at + len(word.text):
            for edge_s in (word.start_s, word.end_s):
                assert edge_s is None or found.start_s <= edge_s <= found.end_s
        at += len(word.text) + 1
