"""How suspicious a sentence is: a linear model over named features whose signs are fixed.

What is new in the draft (a number, a word, a negation) may only raise suspicion, what the source covers may only lower
it. A model that may choose its signs looks better on the texts it was fitted to and fails on others. The weights and
how they were fitted are in resources/evidence/weights.json; tests/bench/fit_evidence.py fits them again.
"""

import itertools
import json
import math
from collections.abc import Callable, Collection
from functools import cache
from typing import Any, NamedTuple

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import Context, shown
from reviewer.evidence.checks.people import speaker_gap
from reviewer.evidence.facts import Support
from reviewer.evidence.negation import Polarity
from reviewer.evidence.report import Status
from reviewer.evidence.words import Token, is_content
from reviewer.resources import resource


class Feature(NamedTuple):
    """A feature: +1 may only raise suspicion, -1 only lower it; `why` tells the reader, "" where nothing."""

    sign: int
    measure: Callable[[Context], float]
    why: str


def _content(context: Context) -> list[Token]:
    return [token for token in context.words if is_content(token)]


def _share_novel(context: Context) -> float:
    return len(context.link.novel) / max(1, len(_content(context)))


def _novel_of(parts: str) -> Callable[[Context], float]:
    """Return a measure of how many new words are of these parts of speech."""

    def count(context: Context) -> float:
        tokens = (context.words[p] for p in context.link.novel)
        return min(sum(lexicon.part_of_speech(t.word, t.stem) in parts for t in tokens), 3)

    return count


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


def _has(words: frozenset[str]) -> Callable[[Context], float]:
    """Return a measure of whether the sentence has one of `words` and its passage none."""

    def measure(context: Context) -> float:
        mine = any(token.word in words for token in context.words)
        return float(
            mine and not any(t.word in words for n in context.link.segments for t in context.source.segments[n].words)
        )

    return measure


def _opposite(context: Context) -> float:
    """Count words not in the passage whose opposite is."""
    found = 0
    for place, token in enumerate(context.words):
        if is_content(token) and place not in context.denied and token.stem not in context.passage:
            here = context.passage | context.passage_words
            found += token.stem not in here and any(other in here for other in lexicon.antonyms(token.stem))
    return min(found, 2)


def _pairs_new(context: Context) -> float:
    """Count neighbouring words that the source has, though never both in one passage."""
    places = [set(context.source.places_of(token.stem)) for token in _content(context)]
    return min(sum(bool(one and other) and not one & other for one, other in itertools.pairwise(places)), 3)


def _names_absent(context: Context) -> float:
    return float(any(context.found("name")))


def _bound_otherwise(context: Context) -> float:
    return float(any(context.found("number_elsewhere")))


def _foreign_denial(context: Context) -> float:
    return float(any(finding.status is Status.LOOK for finding in context.found("phrase_denied")))


_ONLY = frozenset("only exclusively solely merely".split())
_CONTRAST = frozenset("instead despite although though regardless unlike rather unless however but".split())
_CAUSE = frozenset("because therefore thus since hence due so consequently".split())
_AMOUNT = frozenset("all every always each most many few several none never some any both only entire".split())

FEATURES: dict[str, Feature] = {
    "novel_share": Feature(1, _share_novel, "words with no counterpart in the source"),
    "novel_noun": Feature(1, _novel_of("n"), "words with no counterpart in the source"),
    "speaker_gap": Feature(1, speaker_gap, "said by somebody else"),
    "number_absent": Feature(1, _numbers_absent, "a number that is not in the source"),
    "number_otherwise": Feature(1, _numbers_otherwise, "a number that the source has otherwise"),
    "number_far": Feature(1, _numbers_far, "a number that the source has elsewhere"),
    "number_bound": Feature(1, _bound_otherwise, "a number that the source gives to something else"),
    "name_absent": Feature(1, _names_absent, "a name that is not in the source"),
    "denial_new": Feature(1, _denials_new, "something denied that the source never denies"),
    "only_new": Feature(1, _has(_ONLY), "an “only” that the passage does not have"),
    "contrast_new": Feature(1, _has(_CONTRAST), "a contrast that the passage does not make"),
    "cause_new": Feature(1, _has(_CAUSE), "a cause that the passage does not give"),
    "amount_new": Feature(1, _has(_AMOUNT), "an amount that the passage does not have"),
    "opposite": Feature(1, _opposite, "a word whose opposite stands in the passage"),
    "denial_foreign": Feature(1, _foreign_denial, "something denied where its passage denies nothing"),
    "pair_new": Feature(1, _pairs_new, "words brought together that the source keeps apart"),
    "best_cover": Feature(-1, lambda c: c.link.best, "little in common with its best passage"),
    "whole_cover": Feature(-1, lambda c: c.link.whole, "little in common with the source"),
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
