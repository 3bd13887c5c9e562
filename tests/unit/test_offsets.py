"""Where the characters of a rewritten text came from."""

from hypothesis import given
from hypothesis import strategies as st

from reviewer.privacy.offsets import Replacement, Rewritten


@st.composite
def _replacements(draw: st.DrawFn, text: str) -> list[Replacement]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8).map(lambda found: found[: len(found) // 2 * 2])))
    return [
        (start, end, draw(st.text(max_size=4))) for start, end in zip(cuts[::2], cuts[1::2], strict=True) if start < end
    ]


@given(st.data(), st.text(max_size=40))
def test_what_was_not_replaced_maps_to_itself(data: st.DataObject, text: str) -> None:
    replaced = data.draw(_replacements(text))
    read = Rewritten(text).rewrite(replaced)
    at = shift = 0
    for start, end, instead in [*replaced, (len(text), len(text), "")]:
        for place in range(at, start):
            assert read.text[place + shift] == text[place]
            assert read.original(place + shift, place + shift + 1) == (place, place + 1)
        shift += len(instead) - (end - start)
        at = end


@given(st.data(), st.text(max_size=40))
def test_every_range_maps_into_the_original_in_order(data: st.DataObject, text: str) -> None:
    read = Rewritten(text).rewrite(data.draw(_replacements(text)))
    again = read.rewrite(data.draw(_replacements(read.text)))
    for start in range(len(again.text)):
        for end in range(start, len(again.text) + 1):
            first, last = again.original(start, end)
            assert 0 <= first <= last <= len(text)
    whole = again.original(0, len(again.text))
    assert whole[0] <= whole[1]


@given(st.text(max_size=60))
def test_nothing_rewritten_is_the_text_itself(text: str) -> None:
    assert Rewritten(text).rewrite([]).text is text
    assert Rewritten(text).original(0, len(text)) == (0, len(text))


def test_what_stands_instead_comes_from_the_whole_of_what_was_replaced() -> None:
    read = Rewritten("call four one one now").rewrite([(5, 17, "411")])
    assert read.text == "call 411 now"
    assert read.original(5, 8) == (5, 17)
    assert read.original(6, 7) == (5, 17)
    assert read.original(9, 12) == (18, 21)
