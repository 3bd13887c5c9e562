"""Lists of words: names, places, peoples, and what is none of them. Read once, from resources/privacy and the shared ones."""

import json
from functools import cache, lru_cache

from reviewer.resources import resource

_FORMS = (*((e, i) for e in "s es ed d ing er ers ly est n't".split() for i in ("", "e")), ("ies", "y"), ("ied", "y"))


@cache
def listed(name: str) -> frozenset[str]:
    """Return the words of a list; lines that begin with # are remarks, and | parts words on one line."""
    lines = resource(f"privacy/{name}").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split("|") if word)


@cache
def usual() -> frozenset[str]:
    """Return the English words in use, in lower case (WordNet)."""
    lines = resource("evidence/wordnet.txt").read_text("utf-8").splitlines()
    return frozenset(line.split()[1] for line in lines if line.startswith("w ")) | listed("function_words.en.txt")


@lru_cache(maxsize=50_000)
def everyday(word: str) -> bool:
    """Tell whether a word in lower case is in use in English, in whatever form."""
    known = usual()
    if word in known:
        return True
    for ending, instead in _FORMS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            if stem + instead in known or (len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in known):
                return True
    return False


@cache
def places() -> frozenset[str]:
    """Return countries, states and well-known cities in English, in lower case."""
    return listed("places.en.txt") | listed("places.more.en.txt")


@cache
def clinical() -> frozenset[str]:
    """Return drugs, complaints, parts of the body and words of notes: what a note is full of and nobody is called."""
    lists = json.loads(resource("evidence/clinical.json").read_text("utf-8"))
    kinds = ("drugs", "symptoms", "body", "not_names")
    words = {word for kind in kinds for line in lists[kind] for word in line.split("|")}
    return frozenset(words) | listed("clinical.en.txt")
