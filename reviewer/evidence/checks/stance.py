"""Negations that were added or lost, sides of the body that were swapped, and opposites."""

from collections import Counter
from collections.abc import Iterator

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import Context, Finding
from reviewer.evidence.facts import Place
from reviewer.evidence.negation import Polarity, has_negation
from reviewer.evidence.report import Status
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import is_content

_SIDES = {"left": "left", "right": "right", "bilateral": "both", "bilaterally": "both", "levi": "left", "leva": "left",
          "levo": "left", "levu": "left", "levom": "left", "levoj": "left", "levog": "left", "desni": "right",
          "desna": "right", "desno": "right", "desnu": "right", "desnom": "right", "desnoj": "right", "desnog": "right",
          "lt": "left", "rt": "right", "l": "left", "r": "right"}  # fmt: skip
_SIDE_BEFORE = frozenset("the his her their my on your to of in at both and or lower upper".split())
_REACH = 4


def negation_added(context: Context) -> Iterator[Finding]:
    """Find what the sentence denies and the source only ever affirms."""
    for place in sorted(context.denied):
        token = context.words[place]
        if not is_content(token) or token.stem not in lexicon.symptom_stems():
            continue
        stances, _ = stances_of(token.stem, context.source)
        if stances[Polarity.ASSERTED] and not stances[Polarity.DENIED]:
            where = _where(token.stem, Polarity.ASSERTED, context)
            sure = stances[Polarity.ASSERTED] >= 1 and not stances[Polarity.ASKED]
            message = f"denied here, but the source affirms {context.quote(token.start, token.end)}"
            yield Finding(Status.STOP if sure else Status.LOOK, message, token.start, token.end, where)


def negation_lost(context: Context) -> Iterator[Finding]:
    """Find symptoms that the sentence affirms and the source only ever denies."""
    if has_negation(context.words):
        return
    for place, token in enumerate(context.words):
        if place in context.denied or token.stem not in lexicon.symptom_stems() or not is_content(token):
            continue
        stances, exact = stances_of(token.stem, context.source)
        if exact and stances[Polarity.DENIED] and not stances[Polarity.ASSERTED] and not stances[Polarity.ASKED]:
            where = _where(token.stem, Polarity.DENIED, context)
            message = f"affirmed here, but the source denies {context.quote(token.start, token.end)}"
            yield Finding(Status.STOP, message, token.start, token.end, where)


def laterality(context: Context) -> Iterator[Finding]:
    """Find a side of the body that the source does not have, or has for the other side only."""
    for place, side, part in sides(context.text, context):
        token = context.words[place]
        found = source_sides(part, context.source)
        if side in found:
            continue
        others = found - {side}
        if side == "both" and {"left", "right"} <= found or (side in {"left", "right"} and "both" in found):
            continue
        what = context.quote(token.start, token.end)
        if others:
            message = f"{what}: the source says {' and '.join(sorted(others))}"
            yield Finding(Status.STOP, message, token.start, token.end, _side_places(part, others, context.source))
        elif side in {"left", "right"}:
            message = f"the side {what} is not in the source"
            yield Finding(Status.STOP, message, token.start, token.end)


def sides(text: str, context: Context) -> Iterator[tuple[int, str, str | None]]:
    """Yield the place of each word that names a side, the side, and the stem of the part of the body it is of."""
    for place, token in enumerate(context.words):
        side = _SIDES.get(token.word)
        if side is None or (len(token.word) < 3 and not text[token.start].isupper()):
            continue
        part = _part(context.words, place)
        if part is not None:
            yield place, side, part


def _part(words: tuple, place: int) -> str | None:  # type: ignore[type-arg]
    for token in words[place + 1 : place + 1 + _REACH]:
        if token.stem in lexicon.body_stems():
            return str(token.stem)
        if token.word in {".", ";", ":", ","}:
            break
    for token in reversed(words[max(0, place - 3) : place]):
        if token.stem in lexicon.body_stems():
            return str(token.stem)
        if token.word in {".", ";", ":"}:
            break
    return None


def source_sides(part: str | None, source: Prepared) -> set[str]:
    """Return the sides that the source gives to a part of the body; of the whole source where it gives that none."""
    return {side for side, _ in _sides_in(part, source)}


def _sides_in(part: str | None, source: Prepared) -> list[tuple[str, Place]]:
    near: list[tuple[str, Place]] = []
    anywhere: list[tuple[str, Place]] = []
    alike = set(source.match(part)) if part else set()
    for number, segment in enumerate(source.segments):
        for place, token in enumerate(segment.words):
            side = _SIDES.get(token.word) if len(token.word) > 2 else None
            if token.word == "both":
                side = "both"
            if side is None or (token.word == "right" and _is_speech(segment.words, place)):
                continue
            where = Place(segment.turn, segment.start + token.start, segment.start + token.end)
            anywhere.append((side, where))
            context = {t.stem for t in segment.words[max(0, place - 5) : place + 6]}
            for step in (-1, 1):
                if 0 <= number + step < len(source.segments) and len(segment.words) < 8:
                    context |= source.segments[number + step].stems
            if context & alike:
                near.append((side, where))
    return near or anywhere


def _is_speech(words: tuple, place: int) -> bool:  # type: ignore[type-arg]
    """Tell whether "right" is a way of speaking: "all right", "right ,", "right now", "that's right"."""
    before = words[place - 1].word if place else ""
    after = words[place + 1].word if place + 1 < len(words) else ""
    if before in {"all", "that's", "is", "you're", "s", "'s", "are"} and after in {"", ".", ",", "?", "!"}:
        return True
    return after in {"now", "away", "there", "here", "before", "after", "when", "about", "then", "at", "back"} or (
        before in {"", ",", ".", "so"} and after in {",", ".", "?", ""}
    ) or before == "all"


def _side_places(part: str | None, wanted: set[str], source: Prepared) -> tuple[Place, ...]:
    return tuple(place for side, place in _sides_in(part, source) if side in wanted)[:3]


def opposites(context: Context) -> Iterator[Finding]:
    """Find words that the source does not have, whose opposite stands in the passage."""
    for place, token in enumerate(context.words):
        if not is_content(token) or token.stem in context.source.postings:
            continue
        for other in lexicon.antonyms(token.stem):
            if other in context.passage and place not in context.denied:
                message = f"{context.quote(token.start, token.end)}: the source says the opposite, “{other}”"
                yield Finding(Status.LOOK, message, token.start, token.end)
                break


def stances_of(one: str, source: Prepared) -> tuple[Counter[Polarity], bool]:
    """Return how the source speaks of a word and of those that stand for it, and whether it has the word itself."""
    total: Counter[Polarity] = Counter()
    for other in source.match(one):
        total.update(source.stance.get(other, Counter()))
    return total, one in source.postings


def _where(one: str, wanted: Polarity, context: Context) -> tuple[Place, ...]:
    source = context.source
    found = []
    for other in source.match(one):
        for number in source.postings[other]:
            segment = source.segments[number]
            if segment.stance.get(other) is wanted:
                found.append(Place(segment.turn, segment.start, segment.end))
    return tuple(found[:2])
