"""How large foreign text may be; the border and the database both hold it."""

import re

DRAFT_BYTES = 64 * 1024
SOURCE_BYTES = 1024 * 1024
# One paragraph of this size still lays out within about one frame; real material stays under 4,000.
PARAGRAPH_CHARACTERS = 16_000
NAME_CHARACTERS = 200
NOTE_BYTES = 4 * 1024
LINE_BYTES = 8 * 1024 * 1024  # an import line: the largest source, escaped, with room to spare

# What starts a new paragraph in a text widget: line feeds, carriage returns and U+2029.
_BREAKS = re.compile("[\n\r\u2029]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def normalise_newlines(text: str) -> str:
    """Return `text` with every end of a line as LF, the way an editor holds it."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\u2029", "\n") if "\u2029" in text else text


def longest_paragraph(text: str) -> int:
    """Return the length of the longest paragraph of `text`, in characters."""
    return max(map(len, _BREAKS.split(text)))


def unstorable_character(text: str) -> str | None:
    """Return the first character that no text store or text widget carries faithfully, as `U+…`, or None.

    These are NUL, lone surrogates and the noncharacters that Qt keeps for itself.
    """
    found = _UNSTORABLE.search(text)
    return f"U+{ord(found.group()):04X}" if found else None
