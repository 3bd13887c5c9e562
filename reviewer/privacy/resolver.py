"""Make one answer of many candidates: spans that do not overlap, each with the type that is best supported.

What a check digit proves outweighs what a word announces, and that outweighs what the classifier sees; parts of one
address, or of one name, become one span. The same candidates give the same spans in whatever order they come.
"""

import re
from collections.abc import Iterable

from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy.patterns import Found

_JOINED = frozenset(("PERSON", "LOCATION"))
_BETWEEN = {
    "PERSON": re.compile(r"[ \t]{1,2}(?:(?:[A-Z]\.|[A-Z])[ \t]{1,2})?$"),
    "LOCATION": re.compile(r"[\s,.\-–#/]{1,6}$"),
}

_NUMBER_BEFORE = re.compile(r"(?<![\w.,$€£-])(?P<it>\d{1,6}[A-Za-z]?(?:[ ]\d{1,5}[A-Za-z]?)?)[ ,]{1,2}$")
_NUMBER_AFTER = re.compile(
    r"[ ,\n]{1,3}(?P<it>\d{3,6}(?:[- ]\d{3,4})?|\d{1,4}[A-Za-z]?(?=[ ]*[,\n]))(?![\w%:/-]|[.,]\d|[ ]?(?:mg|ml|pm|am|people|years|minutes|days))"
)

_FULL_STOP = re.compile(r"[^\W\d_]{4}\.$")  # of a sentence; "St." and "Dr." are shorter


def resolved(text: str, candidates: Iterable[Found]) -> list[PiiSpan]:
    """Return what is left, in the order of the text."""
    ordered = sorted(candidates, key=lambda f: (-f.score, -(f.end - f.start), f.start, f.type, f.source))
    kept: list[Found] = []
    for found in ordered:
        trimmed = _trimmed(text, found)
        if trimmed is None:
            continue
        over = [other for other in kept if other.start < trimmed.end and trimmed.start < other.end]
        if not over:
            kept.append(trimmed)
        elif trimmed.type in _JOINED and all(other.type == trimmed.type for other in over):
            for other in over:
                kept.remove(other)
            start, end = min(trimmed.start, *(o.start for o in over)), max(trimmed.end, *(o.end for o in over))
            kept.append(Found(start, end, trimmed.type, max(o.score for o in over), trimmed.source))
    spans = [PiiSpan(f.start, f.end, f.type, round(min(f.score, 1.0), 3)) for f in kept]
    return _joined(text, _with_numbers(text, sorted(spans)))


def _trimmed(text: str, found: Found) -> Found | None:
    start, end = found.start, found.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and (text[end - 1].isspace() or (text[end - 1] in ",;:" and found.type != "PASSWORD")):
        end -= 1
    if found.type in _JOINED and _FULL_STOP.search(text, start, end):
        end -= 1
    return Found(start, end, found.type, found.score, found.source) if start < end else None


def _with_numbers(text: str, spans: list[PiiSpan]) -> list[PiiSpan]:
    """Return the spans with the numbers of houses and posts taken into the places that they stand beside."""
    widened: list[PiiSpan] = []
    for index, span in enumerate(spans):
        start, end = span.start, span.end
        if span.type == "LOCATION":
            before = _NUMBER_BEFORE.search(text, widened[-1].end if widened else 0, start)
            after = _NUMBER_AFTER.match(text, end, spans[index + 1].start if index + 1 < len(spans) else len(text))
            start = before.start("it") if before and (end - start > 3) else start
            end = after.end("it") if after else end
        widened.append(PiiSpan(start, end, span.type, span.score))
    return widened


def _together(between: str, kind: str) -> bool:
    return kind in _JOINED and (between == "" or _BETWEEN[kind].match(between) is not None)


def _joined(text: str, spans: list[PiiSpan]) -> list[PiiSpan]:
    joined: list[PiiSpan] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and last.type == span.type and _together(text[last.end : span.start], span.type):
            joined[-1] = PiiSpan(last.start, span.end, span.type, max(last.score, span.score))
        else:
            joined.append(span)
    return joined
