"""Names of people as they are compared: one script, no marks, no case, and Serbian endings taken off."""

import re
import unicodedata
from functools import lru_cache

_CYRILLIC = dict(
    zip(
        "абвгдђежзијклљмнњопрстћуфхцчџшыэюяёй",
        "a b v g d dj e z z i j k l lj m n nj o p r s t c u f h c c dz s y e yu ya yo j".split(),
        strict=True,
    )
) | {"ъ": "", "ь": ""}
_LATIN = str.maketrans({"đ": "dj", "ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
_TITLES = frozenset(
    """mr mrs ms miss mx dr doctor prof professor sir madam rev fr sister nurse capt lt sgt judge hon
    g gdja gdj gdin gda
    gospodin gospodja gospodjica gosp gospodine gospodjo dr doktor doktorka doktore lekar profesor profesorka prim sr
    sra srta don dona senor senora herr frau m mme mlle monsieur madame""".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*\.?")


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """Return a word as names are compared: Latin letters without marks, lower case."""
    lower = unicodedata.normalize("NFC", word).casefold()
    latin = "".join(_CYRILLIC.get(letter, letter) for letter in lower).translate(_LATIN)
    return "".join(letter for letter in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(letter))


def parts(name: str) -> tuple[str, ...]:
    """Return the folded words of a name, given name first, titles left out."""
    family, comma, given = name.partition(",")
    name = f"{given} {family}" if comma and given.strip() else name
    words = [fold(word.rstrip(".")).replace("’", "'").removesuffix("'s") for word in _WORD.findall(name)]
    return tuple(word for word in words if word and word not in _TITLES)


def titles(name: str) -> tuple[str, ...]:
    """Return the folded titles of a name."""
    return tuple(word for word in (fold(word.rstrip(".")) for word in _WORD.findall(name)) if word in _TITLES)


@lru_cache(maxsize=4096)
def stems(word: str) -> frozenset[str]:
    """Return the nominatives that a folded word may be a Serbian case of, itself among them.

    Jelene, Jeleni, Jelenu, Jelenom -> Jelena; Marka, Marku, Markom -> Marko; Ilića, Iliću, Ilićem -> Ilić; Đorđa ->
    Đorđe;
    Aleksandra, Petru -> Aleksandar, Petar.
    """
    found = {word}
    for ending, nominatives in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            found |= {stem + nominative for nominative in nominatives}
            if "" in nominatives and len(stem) > 3 and stem[-1] in "rlnc" and stem[-2] not in "aeiou":
                found.add(f"{stem[:-1]}a{stem[-1]}")  # the fleeting a
    return frozenset(found)


_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a", ("", "o", "e")),
    ("e", ("a", "")),
    ("i", ("a",)),
    ("u", ("a", "", "o", "e")),
    ("o", ("a",)),
    ("om", ("a", "", "o")),
    ("em", ("", "e")),
    ("ov", ("", "o")),
    ("ev", ("", "e")),
    ("in", ("a",)),
)
