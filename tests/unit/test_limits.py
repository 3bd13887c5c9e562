"""The sizes and characters that the border lets through."""

from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain import limits


def test_an_empty_text_has_an_empty_paragraph() -> None:
    assert limits.longest_paragraph("") == 0


def test_paragraphs_end_where_a_text_widget_ends_them() -> None:
    assert limits.longest_paragraph("aaa\nbb\rc\u2029dddd") == 4
    assert limits.longest_paragraph("aa\r\nbbb") == 3
    assert limits.longest_paragraph("a\u2028a\x0ba") == 5


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n\r\u2029")), min_size=1))
def test_the_longest_paragraph_is_the_longest_of_them(paragraphs: list[str]) -> None:
    assert limits.longest_paragraph("\n".join(paragraphs)) == max(map(len, paragraphs))


def test_what_no_store_carries_is_named_by_its_code_point() -> None:
    found = {text: limits.unstorable_character(text) for text in ("a\0", "\ud83d", "\udc00b", "\ufffe", "\ufdd0")}
    assert list(found.values()) == ["U+0000", "U+D83D", "U+DC00", "U+FFFE", "U+FDD0"]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0")))
def test_every_assigned_character_but_nul_can_be_stored(text: str) -> None:
    assert limits.unstorable_character(text) is None
    assert text.encode().decode() == text


def test_the_first_of_several_unstorable_characters_is_named() -> None:
    assert limits.unstorable_character("fine \uffff and \0") == "U+FFFF"
