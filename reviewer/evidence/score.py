"""How suspicious a sentence is: a linear model over named features whose signs are fixed.

What is new in the draft (a number, a word, a negation) may only raise suspicion, what the source covers may only lower
it. A model that may choose its signs looks better on the texts it was fitted to and fails on others. The weights and how they
were fitted are in resources/evidence/weights.json; tests/bench/fit_evidence.py fits them again.
"""

import json
import math
from collections.abc import Callable, Collection
from functools import cache
from typing import Any, NamedTuple

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import Context, shown
from reviewer.evidence.checks.people import speaker_gap
from reviewer.evidence.facts import Support
from reviewer.evidence.negation import Polarity, is_cue
from reviewer.evidence.words import Token, is_content
from reviewer.resources import resource


class Feature(NamedTuple):
    """A feature: +1 may only raise suspicion, -1 only lower it; `why` tells the reader, "" where it explains nothing."""

    sign: int
    measure: Callable[[Context], float]
    why: str


def _content(context: Context) -> list[Token]:
    return [token for token in context.words if is_content(token)]


def _share_novel(context: Context) -> float:
    return len(context.link.novel) / max(1, len(_content(context)))


def _novel(context: Context) -> float:
    return min(len(context.link.novel), 4)


def _novel_of(parts: str) -> Callable[[Context], float]:
    """Return a measure of how many new words are of these parts of speech."""

    def count(context: Context) -> float:
        tokens = (context.words[p] for p in context.link.novel)
        return min(sum(lexicon.part_of_speech(t.word, t.stem) in parts for t in tokens), 3)

    return count


def _modifier_swapped(context: Context) -> float:
    """Count words right before another that the source has too, though always with another word before it."""
    found = 0
    for one, other in zip(context.words, context.words[1:], strict=False):
        if not (is_content(one) and is_content(other)):
            continue
        source = context.source
        a, b = source.match(one.stem), source.match(other.stem)
        if a and b and not any((x, y) in source.neighbours or (y, x) in source.neighbours for x in a for y in b):
            near = {s for x in a for s in source.postings[x]}
            found += not any(s in near for y in b for s in source.postings[y])
    return min(found, 3)


def _rare_novel(context: Context) -> float:
    return min(sum(not lexicon.is_common_word(context.words[p].word) for p in context.link.novel), 3)


def _numbers_absent(context: Context) -> float:
    return min(len(context.found("number") + context.found("dose") + context.found("date") + context.found("time")), 2)


def _numbers_otherwise(context: Context) -> float:
    return float(any(support is Support.OTHERWISE for _, support, _ in context.link.supports))


def _numbers_far(context: Context) -> float:
    """Count numbers that the source has, though not near the sentence's passage."""
    near = _near(context)
    far = 0
    for quantity, support, places in context.link.supports:
        if support is Support.SAME and places and not (quantity.spelled and quantity.unit is None):
            segments = {context.source.segment_at(place) for place in places[:40]}
            far += not segments & near
    return min(far, 2)


def _near(context: Context) -> set[int]:
    return {n + step for n in context.link.segments[:1] for step in (-2, -1, 0, 1, 2)}


def _denials_new(context: Context) -> float:
    """Count denied words that the source never denies."""
    found = 0
    for place in context.denied:
        token = context.words[place]
        if is_content(token) and context.source.match(token.stem):
            found += not any(context.source.stance[o][Polarity.DENIED] for o in context.source.match(token.stem))
    return min(found, 3)


def _passage_denies(context: Context) -> bool:
    segments = context.source.segments
    return any(
        is_cue(segments[near].words, place)
        for number in context.link.segments[:2]
        for near in (number - 1, number, number + 1)
        if 0 <= near < len(segments)
        for place in range(len(segments[near].words))
    )


def _denial_alone(context: Context) -> float:
    cue = any(is_cue(context.words, place) for place in range(len(context.words)))
    return float(cue and not _passage_denies(context))


def _denial_lost(context: Context) -> float:
    """Count words affirmed here that the source only denies."""
    found = 0
    for place, token in enumerate(context.words):
        if is_content(token) and place not in context.denied:
            stance = context.source.stance.get(token.stem)
            found += bool(stance and stance[Polarity.DENIED] and not stance[Polarity.ASSERTED])
    return min(found, 3)


def _has(words: frozenset[str]) -> Callable[[Context], float]:
    """Return a measure of whether the sentence has one of `words` and its passage none."""

    def measure(context: Context) -> float:
        mine = any(token.word in words for token in context.words)
        return float(mine and not any(t.word in words for n in context.link.segments for t in context.source.segments[n].words))

    return measure


def _opposite(context: Context) -> float:
    """Count words not in the passage whose opposite is."""
    found = 0
    for place, token in enumerate(context.words):
        if is_content(token) and place not in context.denied and token.stem not in context.passage:
            found += any(other in context.passage for other in lexicon.antonyms(token.stem))
    return min(found, 2)


def _opposite_absent(context: Context) -> float:
    found = 0
    for place, token in enumerate(context.words):
        if is_content(token) and place not in context.denied and token.stem not in context.source.postings:
            found += any(other in context.source.postings for other in lexicon.antonyms(token.stem))
    return min(found, 2)


def _pairs(context: Context) -> list[tuple[str, str]]:
    stems = [token.stem for token in _content(context)]
    return list(zip(stems, stems[1:], strict=False))


def _pairs_apart(context: Context) -> float:
    """Return the share of neighbouring words that never share a passage of the source, though it has both."""
    source = context.source
    apart = together = 0
    for one, other in _pairs(context):
        a = {s for m in source.match(one) for s in source.postings[m]}
        b = {s for m in source.match(other) for s in source.postings[m]}
        if a and b:
            together += 1
            apart += not any(s + step in b for s in a for step in (-1, 0, 1))
    return apart / together if together else 0.0


def _copied(context: Context) -> float:
    """Return the share of neighbouring words that are neighbours in the source as well."""
    pairs = _pairs(context)
    return sum(pair in context.source.neighbours for pair in pairs) / len(pairs) if pairs else 0.0


def _swapped(context: Context) -> float:
    """Count words that stand where the source, with the same neighbours on both sides, has another one."""
    stems = [token.stem for token in _content(context)]
    found = 0
    for before, word, after in zip(stems, stems[1:], stems[2:], strict=False):
        if (before, word) in context.source.neighbours or (word, after) in context.source.neighbours:
            continue
        for number in set(context.source.postings.get(before, ())) & set(context.source.postings.get(after, ())):
            content = [t.stem for t in context.source.segments[number].words if is_content(t)]
            spots = [i for i, s in enumerate(content) if s == before]
            if any(i + 2 < len(content) and content[i + 2] == after and content[i + 1] != word for i in spots):
                found += 1
                break
    return min(found, 2)


def _novel_inside(context: Context) -> float:
    """Count new words both of whose neighbours are the source's: a phrase of the source with one word changed."""
    content = _content(context)
    new = {context.words[p].start for p in context.link.novel}
    found = 0
    for before, word, after in zip(content, content[1:], content[2:], strict=False):
        found += word.start in new and before.start not in new and after.start not in new
    return min(found, 3)


def _novel_describes(context: Context) -> float:
    """Count new words right before a word of the best passage: a quality that the source does not give it."""
    new = set(context.link.novel)
    found = 0
    for place in new:
        following = context.words[place + 1] if place + 1 < len(context.words) else None
        found += following is not None and following.stem in context.passage
    return min(found, 2)


def _names_absent(context: Context) -> float:
    return float(any(context.found("name")))


def _speaker(context: Context) -> float:
    return float(any(context.found("speaker")))


def _bound_otherwise(context: Context) -> float:
    return float(any(context.found("number_elsewhere")))


def _stance(context: Context) -> float:
    return float(any(context.found("negation_added")) or any(context.found("negation_lost")))


def _length(context: Context) -> float:
    return min(len(_content(context)), 30) / 10


_ONLY = frozenset("only exclusively solely merely".split())
_CONTRAST = frozenset("instead despite although though regardless unlike rather unless however but".split())
_CAUSE = frozenset("because therefore thus since hence due so consequently".split())
_AMOUNT = frozenset("all every always each most many few several none never some any both only entire".split())
_MORE = frozenset("more most less least better worse best worst higher lower increase decrease".split())
_MAY = frozenset("may might could possibly perhaps maybe potentially likely".split())
_MUST = frozenset("must required requires mandatory cannot impossible".split())

FEATURES: dict[str, Feature] = {
    "novel_share": Feature(1, _share_novel, "words with no counterpart in the source"),
    "novel_count": Feature(1, _novel, "words with no counterpart in the source"),
    "novel_noun": Feature(1, _novel_of("n"), "words with no counterpart in the source"),
    "novel_verb": Feature(1, _novel_of("v"), ""),
    "novel_quality": Feature(1, _novel_of("ar"), "words with no counterpart in the source"),
    "modifier_swapped": Feature(1, _modifier_swapped, "words that the source never brings together"),
    "speaker_gap": Feature(1, speaker_gap, "said by somebody else"),
    "novel_rare": Feature(1, _rare_novel, "words with no counterpart in the source"),
    "novel_inside": Feature(1, _novel_inside, "a phrase of the source with a word changed"),
    "novel_describes": Feature(1, _novel_describes, "a quality that the source does not give it"),
    "number_absent": Feature(1, _numbers_absent, "a number that is not in the source"),
    "number_otherwise": Feature(1, _numbers_otherwise, "a number that the source has otherwise"),
    "number_far": Feature(1, _numbers_far, "a number that the source has elsewhere"),
    "number_bound": Feature(1, _bound_otherwise, "a number that the source gives to something else"),
    "name_absent": Feature(1, _names_absent, "a name that is not in the source"),
    "speaker_wrong": Feature(1, _speaker, "a speaker who says nothing like it"),
    "denial_new": Feature(1, _denials_new, "something denied that the source never denies"),
    "denial_alone": Feature(1, _denial_alone, "a negation that the passage does not have"),
    "denial_lost": Feature(1, _denial_lost, "something affirmed that the source only denies"),
    "stance": Feature(1, _stance, "affirmed here and denied there, or the other way round"),
    "only_new": Feature(1, _has(_ONLY), "an “only” that the passage does not have"),
    "contrast_new": Feature(1, _has(_CONTRAST), "a contrast that the passage does not make"),
    "cause_new": Feature(1, _has(_CAUSE), "a cause that the passage does not give"),
    "amount_new": Feature(1, _has(_AMOUNT), "an amount that the passage does not have"),
    "comparison_new": Feature(1, _has(_MORE), "a comparison that the passage does not make"),
    "must_new": Feature(1, _has(_MUST), "a must that the passage does not have"),
    "may_new": Feature(1, _has(_MAY), "a possibility that the passage does not have"),
    "opposite": Feature(1, _opposite, "a word whose opposite stands in the passage"),
    "opposite_absent": Feature(1, _opposite_absent, "a word whose opposite stands in the source"),
    "swapped": Feature(1, _swapped, "a word in the place of another one"),
    "pairs_apart": Feature(1, _pairs_apart, "words that the source never brings together"),
    "length": Feature(1, _length, ""),
    "best_cover": Feature(-1, lambda c: c.link.best, "little in common with its best passage"),
    "window_cover": Feature(-1, lambda c: c.link.window, "little in common with its best passage"),
    "whole_cover": Feature(-1, lambda c: c.link.whole, "little in common with the source"),
    "copied": Feature(-1, _copied, ""),
}


def measure(context: Context) -> dict[str, float]:
    """Return every feature of a sentence."""
    return {name: feature.measure(context) for name, feature in FEATURES.items()}


@cache
def weights() -> dict[str, Any]:
    """Return the fitted model."""
    loaded: dict[str, Any] = json.loads(resource("evidence/weights.json").read_text(encoding="utf-8"))
    return loaded


def suspicion(features: dict[str, float]) -> float:
    """Return how suspicious a sentence with these features is, from 0 to 1."""
    model = weights()
    total = float(model["bias"]) + sum(model["weights"].get(name, 0.0) * value for name, value in features.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def look_threshold() -> float:
    """Return the suspicion from which a sentence deserves a look."""
    return float(weights()["look_threshold"])


def because(context: Context, features: dict[str, float], most: int = 2) -> Collection[str]:
    """Return what raises the suspicion most, in the reader's words."""
    model = weights()
    usual = model["usual"]
    raised = sorted(
        ((model["weights"].get(name, 0.0) * (value - usual.get(name, 0.0)), name) for name, value in features.items()),
        reverse=True,
    )
    phrases: list[str] = []
    for contribution, name in raised:
        why = FEATURES[name].why
        if contribution <= 0.05 or len(phrases) == most:
            break
        if not why:
            continue
        if name.startswith("novel") and context.link.novel:
            why += ": " + ", ".join(shown(context.text[t.start : t.end]) for t in _novel_tokens(context)[:3])
        if not any(phrase.split(":")[0] == why.split(":")[0] for phrase in phrases):
            phrases.append(why)
    return phrases or ["little in common with the source"]


def _novel_tokens(context: Context) -> list[Token]:
    return [context.words[place] for place in context.link.novel]
