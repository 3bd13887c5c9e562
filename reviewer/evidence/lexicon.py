"""What the engine knows of words: WordNet's synonyms and antonyms, and the lists of resources/evidence.

Everything is read once, when first asked for.
"""

import json
from collections import defaultdict
from functools import cache, lru_cache
from typing import Any

from reviewer.evidence.words import comparable, stem
from reviewer.resources import resource

_NONE: frozenset[str] = frozenset()


@cache
def _wordnet() -> tuple[dict[str, str], dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Return the known words, and the synonyms and antonyms of each stem."""
    words: dict[str, str] = {}
    synonyms: defaultdict[str, set[str]] = defaultdict(set)
    antonyms: defaultdict[str, set[str]] = defaultdict(set)
    for line in resource("evidence/wordnet.txt").read_text(encoding="utf-8").splitlines():
        kind, *entries = line.split()
        if kind == "w":
            words[entries[0]] = entries[1]
            continue
        stems = {stem(entry) for entry in entries}
        into = synonyms if kind == "s" else antonyms
        for one in stems:
            into[one] |= stems - {one}
    for group in medical("synonyms"):
        stems = {stem(comparable(entry)) for entry in group}
        for one in stems:
            synonyms[one] |= stems - {one}
    for one, other in medical("antonyms"):
        antonyms[stem(one)].add(stem(other))
        antonyms[stem(other)].add(stem(one))
    frozen = ({key: frozenset(value) for key, value in table.items()} for table in (synonyms, antonyms))
    return words, *frozen  # type: ignore[return-value]  # exactly two follow


def is_common_word(word: str) -> bool:
    """Tell whether a lower-case English word is one of those that ordinary text uses."""
    return word in _wordnet()[0]


def part_of_speech(word: str, word_stem: str) -> str:
    """Return how a word is mostly used: "n", "v", "a", "r", or "" for one that is not known."""
    words = _wordnet()[0]
    return (
        words.get(word) or words.get(word_stem) or words.get(word_stem + "e") or words.get(word.removesuffix("s")) or ""
    )


def synonyms(word_stem: str) -> frozenset[str]:
    """Return the stems that may stand for `word_stem`."""
    return _wordnet()[1].get(word_stem, _NONE)


@lru_cache(maxsize=32768)
def antonyms(word_stem: str) -> frozenset[str]:
    """Return the stems that say the opposite of `word_stem`."""
    found = _wordnet()[2].get(word_stem, _NONE)
    for prefix in ("un", "non", "dis"):
        bare = word_stem.removeprefix(prefix)
        if len(word_stem) >= 5:
            found |= {bare} if bare != word_stem and len(bare) >= 4 else {prefix + word_stem}
    return found


@cache
def _lists(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resource(f"evidence/{name}.json").read_text(encoding="utf-8"))
    return loaded


def medical(name: str) -> list[list[str]]:
    """Return the groups of words under `name` in the clinical list."""
    groups: list[list[str]] = [entry.split("|") for entry in _lists("clinical")[name]]
    return groups


@cache
def drug_names() -> dict[str, str]:
    """Return the comparable name of each known drug, brand or generic, with its generic name."""
    return {comparable(name): comparable(group[0]) for group in medical("drugs") for name in group}


@cache
def symptom_stems() -> frozenset[str]:
    """Return the stems of words that name a symptom, a finding or a condition."""
    return frozenset(stem(comparable(word)) for group in medical("symptoms") for word in group)


@cache
def body_stems() -> frozenset[str]:
    """Return the stems of words that name a part of the body."""
    return frozenset(stem(comparable(word)) for group in medical("body") for word in group)


@cache
def site_stems() -> frozenset[str]:
    """Return the stems of words that say where a symptom is: the parts of the body, those without sides included."""
    return body_stems() | {stem(comparable(word)) for group in medical("sites") for word in group}


@cache
def not_names() -> frozenset[str]:
    """Return comparable words that stand with a capital in notes and name no person, place or product."""
    return frozenset(comparable(word) for group in medical("not_names") for word in group)


@cache
def first_names() -> frozenset[str]:
    """Return usual first names, comparable."""
    return frozenset(comparable(name) for group in medical("first_names") for name in group)


@lru_cache(maxsize=32768)
def generic(word: str) -> str | None:
    """Return the generic name of a drug that is known under `word`, or None."""
    known = drug_names()
    found = known.get(word)
    if found is None and word.endswith("s"):
        found = known.get(word[:-1])
    return found
