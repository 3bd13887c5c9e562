"""Cut a text into claim sentences: sentences and list entries, without their bullets and headings.

Guarantees: spans are in order, never overlap, never start or end with white space and are at most 1000 characters
long; every word of the text is in one of them, save those of headings and list marks.
"""

import itertools
import re
from typing import NamedTuple

from reviewer.domain.layout import heading_width

_BULLET = re.compile(
    r"\s*(?:[-*•–—▪◦·‣]+(?=\s)|\(?\d{1,2}[.)](?=\s)|\(?[a-z]\)(?=\s)|\[[ xX]?\]|☐|☑|#{1,6}(?=\s)|>)\s*"
)
_INLINE_BULLET = re.compile(r"(?<=[.;:!?])\s+(?=[-•*▪]\s+\w)|\s+(?=•\s)")
# A mark that may end a sentence, with what closes behind it, then what opens the next one.
_END = re.compile(r"(?:[.!?…]+|[。！？])[)\]\"'”’»]*(?=\s|$)|(?<=[a-zа-ш0-9)])[.!?](?=[A-ZČĆŠŽĐА-Ш][a-zčćšžđа-ш])")
_ABBREVIATIONS = frozenset(
    """
    dr mr mrs ms prof st jr sr vs e.g i.e etc approx no nos fig dept ext tel inc ltd co corp u.s u.k a.m p.m
    pt pts hx dx rx tx sx fx yr yrs mo mos wk wks hr hrs min sec mg mcg ml kg lb lbs oz cm mm ft b.i.d t.i.d q.i.d
    q.d q.h.s p.o p.r.n i.v i.m s.c b.p h.r r.r temp resp abd ext neuro psych cc inj tab tabs cap caps sig
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri
    dipl ing g gđa gđica gosp npr itd tzv god br ul tj dok sl str tač čl mr.sc dr.med mil
    г гђа инг нпр итд тзв год бр ул тј др проф мр
    """.split()
)
_MAY_END = frozenset({"a.m", "p.m", "etc", "b.i.d", "t.i.d", "q.i.d", "q.d", "p.r.n", "q.h.s", "p.o", "no", "mg", "ml",
                      "kg", "lbs", "cm", "mm", "hrs", "min", "hr", "yrs", "temp", "inc", "ltd", "ext", "abd", "itd",
                      "god", "caps", "tabs", "co", "u.s", "u.k"})  # fmt: skip
_BEFORE = re.compile(r"[^\s(\[\"“„]+$")
_LONGEST = 1000
_KEY = re.compile(r"[A-Z][A-Za-z /&'’-]{2,38}:[ \t]+(?=\S)")


class Span(NamedTuple):
    """The range [start, end) of a text."""

    start: int
    end: int


def cut(text: str) -> tuple[Span, ...]:
    """Return the claim sentences of `text`."""
    found: list[Span] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        body = heading_width(line)
        if body < len(line) or not _only_heading(line, body):
            start = body if 0 < body < len(line) else 0
            _cut_line(text, offset + start, offset + len(line), found)
        offset += len(line)
    return tuple(found)


def _only_heading(line: str, width: int) -> bool:
    return width >= len(line) > 0


def _cut_line(text: str, start: int, end: int, into: list[Span]) -> None:
    """Add the sentences of one line, entry by entry."""
    edges = [start, *(m.end() for m in _INLINE_BULLET.finditer(text, start, end)), end]
    for left, right in itertools.pairwise(edges):
        bullet = _BULLET.match(text, left, right)
        begin = bullet.end() if bullet else left
        for match in _END.finditer(text, begin, right):
            if _ends(text, match, begin, right):
                _add(text, begin, match.end(), into)
                begin = match.end()
        _add(text, begin, right, into)


def _ends(text: str, match: re.Match[str], begin: int, right: int) -> bool:
    """Tell whether the mark at `match` ends a sentence."""
    rest = text[match.end() : right].lstrip()
    if not rest:
        return True
    if match.group()[0] not in ".…":
        return not rest[:1].islower()
    before = _BEFORE.search(text, begin, match.start())
    word = before.group().casefold() if before else ""
    if word.rstrip(".") in _ABBREVIATIONS or word in _ABBREVIATIONS:
        if word.rstrip(".") not in _MAY_END:
            return False
        return rest[:1].isupper() and len(text[begin : match.start()].split()) > 1
    if word.lstrip("(").isdigit() and len(word) <= 2 and not text[begin : match.start() - len(word)].strip():
        return False  # the number of a list entry
    if len(word) == 1 and word.isalpha() and word != "i" and rest[:1].isupper():
        return False  # an initial
    if word.isdigit() and len(word) <= 2 and rest[:1].islower():
        return False  # an ordinal, as Serbian and German write it
    return not (rest[:1].islower() and match.group().startswith("..")) and rest[:1] not in ",;:)"


def _add(text: str, start: int, end: int, into: list[Span]) -> None:
    raw = text[start:end]
    bare = raw.strip()
    if not any(c.isalnum() for c in bare):
        if into and bare and text[into[-1].end : start].strip() == "" and "\n" not in text[into[-1].end : start]:
            into[-1] = Span(into[-1].start, start + len(raw.rstrip()))
        return
    start += len(raw) - len(raw.lstrip())
    bullet = _BULLET.match(text, start, start + len(bare))
    if bullet and any(c.isalnum() for c in text[bullet.end() : start + len(bare)]):
        bare = text[bullet.end() : start + len(bare)]
        start = bullet.end()
    key = _KEY.match(text, start, start + len(bare))
    if key and key.end() - start >= len(bare):
        return
    end = start + len(bare)
    while end - start > _LONGEST:  # no sentence that anybody reads: in pieces, so that it costs no more than its length
        at = max(text.rfind(", ", start + 500, start + _LONGEST), text.rfind(" ", start + 500, start + _LONGEST))
        at = at + 1 if at > start else start + _LONGEST
        into.append(Span(start, start + len(text[start:at].rstrip())))
        start = at + len(text[at:end]) - len(text[at:end].lstrip())
    if any(c.isalnum() for c in text[start:end]):
        into.append(Span(start, end))
