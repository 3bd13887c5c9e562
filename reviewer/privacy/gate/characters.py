"""Characters that a reader does not see, or that change how others are read.

What cannot be seen cannot be approved: such characters can carry hidden instructions, break words for a filter, or
turn
the order of what is read around. Yet many of them are part of honest writing, and there they pass: joiners in emoji
and in Indic,
Arabic and other scripts that need them, variation selectors behind what they vary, direction marks in text that runs
from right to left, zero-width spaces where words are not spaced, flags of subdivisions.

Guarantees: looks at the text alone, one pass, and answers for every one of the 0x110000 code points.
Source of the properties: the Unicode Character Database as Python has it, and UAX #9, UAX #44, UTS #51.
"""

import re
import unicodedata
from collections.abc import Iterator

from reviewer.domain.findings import Finding
from reviewer.privacy.gate.outgoing import Outgoing, block, stop

RULE = "hidden_character"

# Whatever is not sure to be plain: everything outside printable ASCII that may be invisible, and is looked at below.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U0010ffff]"
)
_BLANK_LETTERS = frozenset("\u17b4\u17b5\u3164\uffa0")  # letters and marks that show as nothing
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_MARKS = frozenset("\u200e\u200f\u061c")
_EMBEDS, _ISOLATES = frozenset("\u202a\u202b"), frozenset("\u2066\u2067\u2068")
_PDF, _PDI = "\u202c", "\u2069"

# Scripts whose spelling needs joiners: Arabic to N'Ko, Indic, Sinhala to Khmer, Mongolian, Balinese and their kin.
_JOINED = re.compile(
    "[\u0600-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1a00-\u1aaf\u1b00-\u1bff\ua840-\ua8df\ua900-\uaaff\uabc0-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010aff\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b80-\u1bbf\ua9e0-\ua9ff\uaa00-\uaadf]"
)
_MONGOLIAN = re.compile("[\u1820-\u18aa]")
_HAN = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_HANGUL = re.compile("[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]")
_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]"
)
_KEYCAP = frozenset("0123456789#*")
_EMOJI_PARTS = frozenset("\ufe0f\u20e3") | {chr(code) for code in range(0x1F3FB, 0x1F400)}
_TAGS_END = "\U000e007f"
_FLAGS = tuple(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + _TAGS_END
    for region in ("gbeng", "gbsct", "gbwls")
)
_PILE = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5,}")


def hidden_characters(outgoing: Outgoing) -> Iterator[Finding]:
    """Find characters that are not seen, or turn others around, where no script or emoji needs them."""
    text = outgoing.text
    for match in _PILE.finditer(text):
        yield stop(RULE, "A pile of marks that covers the text around it.", *match.span())
    if _SUSPECT.search(text) is None:
        return
    directed = _directions(text)
    flags = {at for flag in _FLAGS for match in re.finditer(flag, text) for at in range(*match.span())}
    run: tuple[int, int, str] | None = None
    for match in _SUSPECT.finditer(text):
        at = match.start()
        if at in directed or at in flags or _is_meant(text, at):
            continue
        sort = _sort(match.group())
        if run is not None and run[1] == at and run[2] == sort:  # one finding for characters in a row
            run = (run[0], at + 1, sort)
            continue
        if run is not None:
            yield _finding(text, *run)
        run = (at, at + 1, sort)
    if run is not None:
        yield _finding(text, *run)


def _finding(text: str, start: int, end: int, sort: str) -> Finding:
    code = f"U+{ord(text[start]):04X}"
    number = "" if end - start == 1 else f", {end - start} in a row"
    return block(RULE, f"{sort} ({code}{number}): remove it.", start, end)


def _sort(character: str) -> str:
    """Return what a reader is told of the character."""
    code = ord(character)
    if character in _MARKS or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return "A character that turns the order of reading around"
    if 0xE0000 <= code <= 0xE007F:
        return "A tag character, which nobody sees"
    category = unicodedata.category(character)
    if category == "Cc":
        return "A control character"
    if category in ("Co", "Cs"):
        return "A character that every device shows differently"
    return "A character that nobody sees"


def _is_meant(text: str, at: int) -> bool:
    """Tell whether a character that may be hidden does its proper work at this place."""
    character, code = text[at], ord(text[at])
    before = text[at - 1] if at else ""
    after = text[at + 1 : at + 2]
    if character in _VISIBLE_FORMATS or character == "\ufffd":
        return True
    if character in "\u200c\u200d":
        return _joins(text, at, before, after)
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return _varies(code, before)
    if 0x180B <= code <= 0x180F:  # Mongolian vowel separator and variation selectors
        return bool(_MONGOLIAN.match(before))
    if character == "\u200b":
        return bool(_UNSPACED.match(before) and (not after or _UNSPACED.match(after)))
    if character == "\u034f":  # combining grapheme joiner, between marks of Hebrew
        return bool(before and "\u0590" <= before <= "\u05ff")
    if character in "\u115f\u1160":  # fillers of a syllable of Hangul that lacks a part
        return bool(_HANGUL.match(after if character == "\u115f" else before))
    if character == "\u2800":  # the blank cell, within Braille
        return any("\u2801" <= near <= "\u28ff" for near in (before, after) if near)
    if 0x13430 <= code <= 0x1343F:  # how hieroglyphs are grouped
        return bool(before and 0x13000 <= ord(before) <= 0x1345F)
    # What no version of Unicode that Python knows has named is shown as a box or as something new: not hidden.
    return _is_new_letter(character)


def _is_new_letter(character: str) -> bool:
    code = ord(character)
    if character in _BLANK_LETTERS or 0xFFF0 <= code <= 0xFFFC or code & 0xFFFF >= 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return False
    if 0xE0000 <= code <= 0xE0FFF or code == 0x2065:
        return False
    return unicodedata.category(character) in ("Cn", "Lo", "Mn", "So")


def _joins(text: str, at: int, before: str, after: str) -> bool:
    if _JOINED.match(before):
        return True
    if text[at] == "\u200c" or not before or not after:
        return False
    is_pictured = bool(_EMOJI.match(before)) or (before in _EMOJI_PARTS and at > 1 and bool(_EMOJI.match(text[at - 2])))
    return is_pictured and bool(_EMOJI.match(after))


def _varies(code: int, before: str) -> bool:
    if not before:
        return False
    if code >= 0xFE0E and code <= 0xFE0F:
        return before in _KEYCAP or bool(_EMOJI.match(before))
    if code >= 0xE0100:
        return bool(_HAN.match(before))
    # Standardised variants: ideographs, letters of Myanmar and others, mathematical and full-width signs.
    return bool(_HAN.match(before)) or (
        not before.isascii() and unicodedata.category(before) in ("Lo", "Sm", "Po", "Pe", "Ps")
    )


def _directions(text: str) -> frozenset[int]:
    """Return where direction characters do proper work: in a text with letters that run from right to left.

    Embeddings and isolates count only in pairs within a paragraph; overrides never do.
    """
    if _RIGHT_TO_LEFT.search(text) is None:
        return frozenset()
    good: set[int] = set()
    open_: list[int] = []
    for at, character in enumerate(text):
        if character == "\n":
            open_.clear()
        elif character in _MARKS:
            good.add(at)
        elif character in _EMBEDS or character in _ISOLATES:
            open_.append(at)
        elif character in (_PDF, _PDI) and open_:
            opened = text[open_[-1]]
            if (opened in _EMBEDS) == (character == _PDF):
                good |= {open_.pop(), at}
    return frozenset(good)
