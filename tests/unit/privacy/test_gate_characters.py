"""Characters that nobody sees: told for every code point there is, and let pass where a script or an emoji needs
them."""

import unicodedata
from collections.abc import Callable

import pytest

from reviewer.domain.findings import Weight
from reviewer.privacy.gate import Outgoing, check
from reviewer.privacy.gate.characters import hidden_characters

# DerivedCoreProperties.txt, Default_Ignorable_Code_Point, written out here so that the test does not ask the code
# under test.
_IGNORABLE = (
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
# Formats that are seen: signs of number, year, verse and the like in Arabic, Syriac and Kaithi.
_SEEN = set(map(ord, "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"))
_BESIDES = {0x2800, 0xFFFC} | set(
    range(0x13430, 0x13440)
)  # a blank of Braille, a lost object, groups of hieroglyphs (Unicode 15)


def _must_block(code: int) -> bool:
    category = unicodedata.category(chr(code))
    if code in _SEEN or code in (0x09, 0x0A, 0x0D):
        return False
    return (
        category in ("Cc", "Cf", "Cs", "Co")
        or any(first <= code <= last for first, last in _IGNORABLE)
        or code in _BESIDES
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
    )


def test_every_code_point_within_a_word_passes_or_blocks_as_it_should(count: Callable[[int, int], int]) -> None:
    step = count(7, 1)  # beyond the planes that are in use
    codes = [*range(0x20000), *range(0x20000, 0xE0000, step), *range(0xE0000, 0xE1000), *range(0xE1000, 0x110000, step)]
    wrong = [
        f"U+{code:04X}"
        for code in codes
        if any(f.weight is Weight.BLOCK for f in hidden_characters(Outgoing(f"ab{chr(code)}cd"))) != _must_block(code)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "Your family 👨‍👩‍👧 is welcome ❤️ 1️⃣ ☎︎",
        "👩🏽‍⚕️ 🏳️‍🌈 🧑‍🚀 🇷🇸",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می‌خواهم بروم",
        "क्‍ष और क्‌ष",
        "ක්‍රි ලං",
        "స్ట్రోక్\u200cతో",
        "ಸ್ಟ್ರೋಕ್\u200cಗೆ",
        "ന്‍ അവന്‍",
        "שלום \u200fabc\u200e",
        "السلام \u2067abc\u2069 عليكم",
        "สวัสดี\u200bครับ",
        "ខ្ញុំ\u200bទៅ",
        "葛\U000e0100城",
        "ᠮᠣᠩᠭᠣᠯ\u180e",
        "price: 5\u00a0000\u202f€",
        "tab\tand\r\nlines",
    ],
)
def test_honest_writing_passes(text: str) -> None:
    assert list(hidden_characters(Outgoing(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "invoice\u202egpj.exe",
        "pay\u200bpal",
        "hello\U000e0068\U000e0069",
        "a\u200db",
        "x\u2060y",
        "\ufeffHi",
        "e\ufe0fe",
        "❤️\ufe0f\ufe0f",
        "A\U000e0101B",
        "שלום \u202eabc",
        "السلام \u2067abc",
        "abc\u200f def",
        "soft\u00adhyphen",
        "NUL\x00",
        "esc\x1b[31m",
        "🏴\U000e0075\U000e0073\U000e007f",
        "\u3164\u3164",
        "क\u200d\u200d\u200dष",
        "ab\u034fcd",
    ],
)
def test_what_hides_or_turns_text_blocks(text: str) -> None:
    assert any(f.weight is Weight.BLOCK for f in check(Outgoing(text)))


def test_characters_in_a_row_are_one_finding_that_points_at_them() -> None:
    (finding,) = hidden_characters(Outgoing("ab\u200b\u200b\u200bcd"))
    assert (finding.start, finding.end) == (2, 5)
    assert "U+200B, 3 in a row" in finding.message
