"""Find the passages of the source that a sentence rests on: at most three, the best first."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from reviewer.evidence.facts import Place, Support
from reviewer.evidence.normalise import Quantity
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import Token, is_content

MOST = 3
_QUANTITY_WEIGHT = 3.0
_FACT_WEIGHT = 4.0  # what a name or a quantity counts on top when passages are chosen
_LEAST_SHARE = 0.12  # of the sentence's weight that a further passage must add


class Link(NamedTuple):
    """Where a sentence rests: its passages, what each of its words found, and where its quantities are."""

    segments: tuple[int, ...]
    best: float  # share of the sentence's weight that the best passage covers
    whole: float  # the same for the whole source
    novel: tuple[int, ...]  # places of content words that nothing in the source stands for
    supports: tuple[tuple[Quantity, Support, tuple[Place, ...]], ...]


def link(words: Sequence[Token], quantities: Sequence[Quantity], source: Prepared, text: str) -> Link:
    """Return the passages of `source` that a sentence of `words` and `quantities` rests on."""
    terms: dict[str, float] = {}
    where: dict[str, dict[int, float]] = {}
    novel = []
    facts: set[str] = set()
    for place, token in enumerate(words):
        if not is_content(token):
            continue
        if where.get(token.stem):
            if place and text[token.start].isupper():
                facts.add(token.stem)
            continue
        found = source.match(token.stem)
        if not found:
            novel.append(place)
            terms[token.stem] = source.weight(token.stem)
            where[token.stem] = {}
            continue
        terms[token.stem] = max(source.weight(other) for other in found)
        if place and text[token.start].isupper():
            facts.add(token.stem)
        hits = where.setdefault(token.stem, {})
        for other, sure in found.items():
            for segment in source.places_of(other):
                hits[segment] = max(hits.get(segment, 0.0), sure)
    supports = tuple((quantity, *source.facts.find(quantity)) for quantity in quantities)
    for number, (quantity, support, places) in enumerate(supports):
        key = f"#{number}"
        weight = _QUANTITY_WEIGHT * (0.4 if quantity.spelled and not quantity.unit else 1.0)
        segments = {s for place in _from_tools(places, source) if (s := source.segment_at(place)) is not None}
        if support is not Support.UNKNOWN:
            terms[key] = weight
            where[key] = dict.fromkeys(segments, 1.0 if support is Support.SAME else 0.3)
            if support is Support.SAME and not (quantity.spelled and quantity.unit is None):
                facts.add(key)
    return _choose(terms, where, facts, tuple(novel), supports)


def _from_tools(places: tuple[Place, ...], source: Prepared) -> tuple[Place, ...]:
    """Return the places in what a tool answered, where there are such: that is where a number came from."""
    answered = tuple(p for p in places if source.turns[p.turn].speaker.casefold().startswith("tool_result"))
    return answered[-30:] or places[-60:]


def _choose(
    terms: dict[str, float],
    where: dict[str, dict[int, float]],
    facts: set[str],
    novel: tuple[int, ...],
    supports: tuple[tuple[Quantity, Support, tuple[Place, ...]], ...],
) -> Link:
    total = sum(terms.values())
    gain: defaultdict[int, float] = defaultdict(float)
    for term, hits in where.items():
        for segment, sure in hits.items():
            gain[segment] += sure * terms[term]
    if not gain or not total:
        return Link((), 0.0, 0.0, novel, supports)
    # Neighbours help to tell equals apart: a passage among others that fit is the likelier one.
    near = {s: g + 0.25 * (gain.get(s - 1, 0.0) + gain.get(s + 1, 0.0)) for s, g in gain.items()}
    first = max(near, key=lambda s: (near[s], -s))
    whole = sum(weight * max(where[term].values(), default=0.0) for term, weight in terms.items())
    return Link(
        _passages(terms, where, facts, near, first),
        max(gain.values()) / total,
        min(whole / total, 1.0),
        novel,
        supports,
    )


def _passages(
    terms: dict[str, float], where: dict[str, dict[int, float]], facts: set[str], near: dict[int, float], first: int
) -> tuple[int, ...]:
    """Return the best passage and those that add most to it: the facts that it lacks before other words."""
    total = sum(terms.values())
    worth = {term: weight + (_FACT_WEIGHT if term in facts else 0.0) for term, weight in terms.items()}
    if facts:  # a passage with the facts is better than one with the words
        held: defaultdict[int, float] = defaultdict(float)
        for term in terms:
            for segment, sure in where[term].items():
                held[segment] += sure * worth[term]
        first = max(held, key=lambda s: (held[s] + 0.2 * near.get(s, 0.0), s))
    chosen = [first]
    covered = {term: where[term].get(first, 0.0) for term in terms}
    while len(chosen) < MOST:
        extra: defaultdict[int, float] = defaultdict(float)
        for term, weight in worth.items():
            for segment, sure in where[term].items():
                if sure > covered[term]:
                    extra[segment] += weight * (sure - covered[term])
        if not extra:
            break
        following = max(extra, key=lambda s: (extra[s] + 0.1 * near.get(s, 0.0), -abs(s - first)))
        if extra[following] < max(_LEAST_SHARE * total, 0.0) and extra[following] < _FACT_WEIGHT:
            break
        chosen.append(following)
        for term in terms:
            covered[term] = max(covered[term], where[term].get(following, 0.0))
    return tuple(chosen)
