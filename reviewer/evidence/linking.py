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
_LEAST_SHARE = 0.12  # of the sentence's weight that a further passage must add


class Link(NamedTuple):
    """Where a sentence rests: its passages, what each of its words found, and where its quantities are."""

    segments: tuple[int, ...]
    best: float  # share of the sentence's weight that the best passage covers
    window: float  # the same for the best passage with its neighbours
    whole: float  # the same for the whole source
    novel: tuple[int, ...]  # places of content words that nothing in the source stands for
    supports: tuple[tuple[Quantity, Support, tuple[Place, ...]], ...]


def link(words: Sequence[Token], quantities: Sequence[Quantity], source: Prepared) -> Link:
    """Return the passages of `source` that a sentence of `words` and `quantities` rests on."""
    terms: dict[str, float] = {}
    where: dict[str, dict[int, float]] = {}
    novel = []
    for place, token in enumerate(words):
        if not is_content(token):
            continue
        found = source.match(token.stem)
        if not found:
            novel.append(place)
            terms[token.stem] = source.weight(token.stem) if not found else 0.0
            where[token.stem] = {}
            continue
        terms[token.stem] = max(source.weight(other) for other in found)
        hits = where.setdefault(token.stem, {})
        for other, sure in found.items():
            for segment in source.postings[other]:
                hits[segment] = max(hits.get(segment, 0.0), sure)
    supports = tuple((quantity, *source.facts.find(quantity)) for quantity in quantities)
    for number, (quantity, support, places) in enumerate(supports):
        key = f"#{number}"
        weight = _QUANTITY_WEIGHT * (0.4 if quantity.spelled and not quantity.unit else 1.0)
        segments = {s for place in places[:50] if (s := source.segment_at(place)) is not None}
        if support is not Support.UNKNOWN:
            terms[key] = weight
            where[key] = dict.fromkeys(segments, 1.0 if support is Support.SAME else 0.3)
    return _choose(terms, where, tuple(novel), supports, len(source.segments))


def _choose(
    terms: dict[str, float],
    where: dict[str, dict[int, float]],
    novel: tuple[int, ...],
    supports: tuple[tuple[Quantity, Support, tuple[Place, ...]], ...],
    segments: int,
) -> Link:
    total = sum(terms.values())
    gain: defaultdict[int, float] = defaultdict(float)
    for term, hits in where.items():
        for segment, sure in hits.items():
            gain[segment] += sure * terms[term]
    if not gain or not total:
        return Link((), 0.0, 0.0, 0.0, novel, supports)
    # Neighbours help to tell equals apart: a passage among others that fit is the likelier one.
    near = {s: g + 0.25 * (gain.get(s - 1, 0.0) + gain.get(s + 1, 0.0)) for s, g in gain.items()}
    first = max(near, key=lambda s: (near[s], -s))
    window = max(
        sum(
            weight * max((where[term].get(s + step, 0.0) for step in (-1, 0, 1)), default=0.0)
            for term, weight in terms.items()
            if where[term]
        )
        for s in sorted(gain, key=lambda s: -near[s])[:8]
    )
    chosen = [first]
    covered = {term: where[term].get(first, 0.0) for term in terms}
    while len(chosen) < MOST:
        extra: defaultdict[int, float] = defaultdict(float)
        for term, weight in terms.items():
            for segment, sure in where[term].items():
                if sure > covered[term]:
                    extra[segment] += weight * (sure - covered[term])
        if not extra:
            break
        following = max(extra, key=lambda s: (extra[s] + 0.1 * near.get(s, 0.0), -abs(s - first)))
        if extra[following] < _LEAST_SHARE * total:
            break
        chosen.append(following)
        for term in terms:
            covered[term] = max(covered[term], where[term].get(following, 0.0))
    whole = sum(weight * max(where[term].values(), default=0.0) for term, weight in terms.items())
    return Link(
        tuple(chosen),
        max(gain.values()) / total,
        min(window / total, 1.0),
        min(whole / total, 1.0),
        novel,
        supports,
    )
