"""Negations that were added or lost, sides of the body that were swapped, and opposites."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import Context, Finding
from reviewer.evidence.facts import Place
from reviewer.evidence.negation import Polarity, has_negation
from reviewer.evidence.report import Status
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import Token, is_content

_SIDES = {"left": "left", "right": "right", "bilateral": "both", "bilaterally": "both", "levi": "left", "leva": "left",
          "levo": "left", "levu": "left", "levom": "left", "levoj": "left", "levog": "left", "desni": "right",
          "desna": "right", "desno": "right", "desnu": "right", "desnom": "right", "desnoj": "right", "desnog": "right",
          "lt": "left", "rt": "right", "l": "left", "r": "right"}  # fmt: skip
_REACH = 4
# Words that are opposites in a dictionary and often are not in use: "many months", "a good few months".
_LOOSE = frozenset("many few much little give given take tak chang stay".split())
_MOST_SIDES = 2000
_HANDED = frozenset("handed hander handedness dominant".split())
_COMPARING = frozenset("than versus vs other contralateral compared opposite".split())
_WHERE = frozenset(
    """
        upper lower lateral medial anterior posterior proximal distal inner outer big middle mid hearing heart optic
        """.split()
)
# What speaks of a symptom that is over, and words that stand before one without saying which it is.
_PARTING = frozenset(", and that with for other than in or of until to".split()) - {"of"}
_OVER = frozenset("resolved resolution improved negative gone subsided".split())
_NO_COMPANY = frozenset(
    """
        denies denied reports reported has had complains acute chronic mild severe significant associated recent
        further
        """.split()
)


def laterality(context: Context) -> Iterator[Finding]:
    """Find a side of the body that the source does not have, or has for the other side only."""
    named = list(sides(context.text, context))
    compared = len({side for _, side, _ in named}) > 1 and any(token.word in _COMPARING for token in context.words)
    for place, side, parts in named:
        token = context.words[place]
        found, near = _sides_of(parts, context.source, denied=place in context.denied)
        said = {each for each, _ in found}
        if not near:
            said.discard("both")
        if side in said or (side == "both" and {"left", "right"} <= said) or (side != "both" and "both" in said):
            continue
        what = context.quote(token.start, token.end)
        if said:
            sure = side != "both" and not compared and (near or "handed" not in parts)
            message = f"{what}: the source says {' and '.join(sorted(said))}"
            where = tuple(spot for each, spot in found if each in said)[:3] if near else ()
            yield Finding(Status.STOP if sure else Status.LOOK, message, token.start, token.end, where)
        else:
            yield Finding(Status.LOOK, f"the side {what} is not in the source", token.start, token.end)


def sides(text: str, context: Context) -> Iterator[tuple[int, str, frozenset[str]]]:
    """Yield the place of each word that names a side, the side, and the stems of the part of the body it is of."""
    for place, token in enumerate(context.words):
        side = _SIDES.get(token.word)
        if side is None or (len(token.word) < 3 and not text[token.start].isupper()):
            continue
        if text[token.end : token.end + 1].isdigit():
            continue  # "L4"
        parts = _parts(context.words, place)
        if parts:
            yield place, side, parts


def _parts(words: Sequence[Token], place: int) -> frozenset[str]:
    """Return the stems of the part of the body that a side at `place` is of; empty where it is of none."""
    behind = words[place + 1 : place + 1 + _REACH]
    if any(token.word in _HANDED for token in behind[:2]):
        return frozenset({"handed"})
    for ordered in (behind, tuple(reversed(words[max(0, place - 3) : place]))):
        found = set()
        for token in ordered:
            if token.word in {".", ";", ":", ","}:
                break
            if token.stem in lexicon.body_stems():
                found.add(token.stem)
        if found:
            return frozenset(found - _WHERE or found)
    return frozenset()


class _Sided(NamedTuple):
    """A side that the source names: of what it is, what stands around it, what its neighbours speak of."""

    side: str
    place: Place
    of: frozenset[str]
    company: frozenset[str]
    around: frozenset[str]
    denied: bool


def _sides_of(parts: frozenset[str], source: Prepared, *, denied: bool) -> tuple[list[tuple[str, Place]], bool]:
    """Return the sides that the source names for one of `parts`, and whether it does; else all that it names.

    A side that is said of the part counts before one that only stands near it, and that before one a sentence away.
    A side that the source denies bears out a denial alone.
    """
    if "sides" not in source.kept:
        source.kept["sides"] = list(itertools.islice(_all_sides(source), _MOST_SIDES))
    named: list[_Sided] = source.kept["sides"]
    alike = {other for part in parts for other in (part, *source.match(part))}
    rings: tuple[list[_Sided], ...] = (
        [each for each in named if each.of & alike],
        [each for each in named if each.company & alike],
        [each for each in named if each.around & alike],
    )
    for near in rings:
        if near:
            affirmed = [each for each in near if denied or not each.denied]
            return [(each.side, each.place) for each in affirmed or near], True
    return [(each.side, each.place) for each in named], False


def _all_sides(source: Prepared) -> Iterator[_Sided]:
    """Yield every side that the source names."""
    for number, segment in enumerate(source.segments):
        near = frozenset().union(*(s.stems for s in source.segments[max(0, number - 2) : number + 3]))
        for place, token in enumerate(segment.words):
            side = "both" if token.word == "both" else _SIDES.get(token.word) if len(token.word) > 2 else None
            if side is None or (token.word == "right" and _is_speech(segment.words, place)):
                continue
            company = {t.stem for t in segment.words[max(0, place - 5) : place + 6]}
            for step in (-1, 1):
                if 0 <= number + step < len(source.segments) and len(segment.words) < 8:
                    company |= source.segments[number + step].stems
            of = _parts(segment.words, place)
            stances = set(segment.stance.values())
            not_so = Polarity.DENIED in stances and Polarity.ASSERTED not in stances
            spot = Place(segment.turn, segment.start + token.start, segment.start + token.end)
            yield _Sided(side, spot, of, frozenset(company), near, not_so)


def _is_speech(words: Sequence[Token], place: int) -> bool:
    """Tell whether "right" is a way of speaking: "all right", "right ,", "right now", "that's right"."""
    before = words[place - 1].word if place else ""
    after = words[place + 1].word if place + 1 < len(words) else ""
    if before in {"all", "that's", "is", "you're", "s", "'s", "are"} and after in {"", ".", ",", "?", "!"}:
        return True
    return (
        after in {"now", "away", "there", "here", "before", "after", "when", "about", "then", "at", "back"}
        or (before in {"", ",", ".", "so"} and after in {",", ".", "?", ""})
        or before == "all"
    )


def opposites(context: Context) -> Iterator[Finding]:
    """Find words whose opposite the source has: in the same phrase, or in the passage."""
    content = [place for place, token in enumerate(context.words) if is_content(token)]
    for at, place in enumerate(content):
        token = context.words[place]
        if place in context.denied or context.source.match(token.stem) or token.stem in _LOOSE:
            continue
        before = context.words[content[at - 1]].stem if at else ""
        after = context.words[content[at + 1]].stem if at + 1 < len(content) else ""
        for other in sorted(lexicon.antonyms(token.stem)):
            said = context.source.spelled(other)
            message = f"{context.quote(token.start, token.end)}: the source says the opposite, “{said}”"
            where = [
                *context.source.neighbours.get((before, other), ()),
                *context.source.neighbours.get((other, after), ()),
            ]
            segments = [context.source.segments[n] for n in where]
            if segments and not any(s.asked or has_negation(s.words) for s in segments):
                places = tuple(Place(s.turn, s.start, s.end) for s in segments[:1])
                yield Finding(Status.STOP, message, token.start, token.end, places)
                break
            if other in context.passage:
                yield Finding(Status.LOOK, message, token.start, token.end)
                break
