"""Numbers written in words become digits, so that "twenty-six", "двадесет шест" and "26" can be compared.

`digitised` returns the text in its comparable form with every spelled-out number, ordinal and fraction in digits, and
knows for each of its characters where it stood in the text as given.
"""

from functools import lru_cache
from typing import NamedTuple

from reviewer.evidence.words import Token, tokens

_ONES = {
    **dict(zip("""
        zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen
        """.split(), range(20), strict=True)),
}  # fmt: skip
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_TENS["fourty"] = 40
_ORDINALS = dict(
    zip("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth".split(), range(1, 20), strict=True)
)  # fmt: skip
_ORDINAL_TENS = {"twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50, "sixtieth": 60}
_DECADES = dict(
    zip(
        "twenties thirties forties fifties sixties seventies eighties nineties".split(), range(20, 100, 10), strict=True
    )
)
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "grand": 1000}

_SR_ONES = {
    "nula": 0, "jedan": 1, "jedna": 1, "jedno": 1, "jednu": 1, "jednog": 1, "dva": 2, "dve": 2, "dvije": 2, "tri": 3,
    "cetiri": 4, "pet": 5, "sest": 6, "sedam": 7, "osam": 8, "devet": 9, "deset": 10, "jedanaest": 11,
    "dvanaest": 12, "trinaest": 13, "cetrnaest": 14, "petnaest": 15, "sesnaest": 16, "sedamnaest": 17,
    "osamnaest": 18, "devetnaest": 19,
}  # fmt: skip
_SR_TENS = {
    "dvadeset": 20, "trideset": 30, "cetrdeset": 40, "pedeset": 50, "sezdeset": 60, "sedamdeset": 70,
    "osamdeset": 80, "devedeset": 90,
}  # fmt: skip
_SR_HUNDREDS = {
    "sto": 100, "stotinu": 100, "dvesta": 200, "dvesto": 200, "dvjesta": 200, "trista": 300, "tristo": 300,
    "cetiristo": 400, "petsto": 500, "seststo": 600, "sesto": 600, "sedamsto": 700, "osamsto": 800, "devetsto": 900,
}  # fmt: skip
_SR_SCALES = {"hiljadu": 1000, "hiljada": 1000, "hiljade": 1000, "milion": 10**6, "miliona": 10**6}
_SR_ORDINAL_ROOTS = {
    "prv": 1, "drug": 2, "trec": 3, "cetvrt": 4, "pet": 5, "sest": 6, "sedm": 7, "osm": 8, "devet": 9, "deset": 10,
    "jedanaest": 11, "dvanaest": 12, "trinaest": 13, "cetrnaest": 14, "petnaest": 15, "sesnaest": 16,
    "sedamnaest": 17, "osamnaest": 18, "devetnaest": 19, "dvadeset": 20, "trideset": 30,
}  # fmt: skip
_SR_ORDINALS = {
    root + ending: value
    for root, value in _SR_ORDINAL_ROOTS.items()
    for ending in ("i", "og", "om", "a", "u", "e", "oga", "ome", "eg", "em")
    if root + ending not in {"sesto"}
}


class Digitised(NamedTuple):
    """A text with its numbers in digits; character i stood at [starts[i], ends[i]) of the text as given."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    spelled: frozenset[int]  # where a number starts that was written in words

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the text as given that [start, end) of this text stands for."""
        return self.starts[start], self.ends[end - 1]


class _Words(NamedTuple):
    ones: dict[str, int]
    tens: dict[str, int]
    hundreds: dict[str, int]
    scales: dict[str, int]
    ordinals: dict[str, int]
    ordinal_tens: dict[str, int]
    joint: str


_ENGLISH = _Words(_ONES, _TENS, {}, _SCALES, _ORDINALS, _ORDINAL_TENS, "and")
_SERBIAN = _Words(_SR_ONES, _SR_TENS, _SR_HUNDREDS, _SR_SCALES, _SR_ORDINALS, {}, "i")


@lru_cache(maxsize=4096)
def digitised(text: str, language: str = "en") -> Digitised:
    """Return `text` in its comparable form with spelled-out numbers in digits."""
    words = _SERBIAN if language == "sr" else _ENGLISH
    pieces = tokens(text)
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    spelled: set[int] = set()
    length, at, last = 0, 0, 0

    def put(new: str, start: int, end: int) -> None:
        nonlocal length
        out.append(new)
        starts.extend([start] * len(new))
        ends.extend([end] * len(new))
        length += len(new)

    while at < len(pieces):
        token = pieces[at]
        for index in range(last, token.start):
            put(" " if text[index].isspace() else text[index], index, index + 1)
        taken, number = (0, "") if _is_what(text, token) else _number(pieces, at, words)
        if taken:
            spelled.add(length)
            last = pieces[at + taken - 1].end
            put(number, token.start, last)
            at += taken
        else:
            if len(token.word) == token.end - token.start:
                for step, letter in enumerate(token.word):
                    put(letter, token.start + step, token.start + step + 1)
            else:
                put(token.word, token.start, token.end)
            last = token.end
            at += 1
    for index in range(last, len(text)):
        put(" " if text[index].isspace() else text[index], index, index + 1)
    return Digitised("".join(out), tuple(starts), tuple(ends), frozenset(spelled))


def _is_what(text: str, token: Token) -> bool:
    """Tell whether a word that compares as the Serbian hundred is written as the one for "what"."""
    return token.word == "sto" and text[token.start : token.start + 1].casefold() in {"š", "ш"}


def _number(pieces: tuple[Token, ...], at: int, words: _Words) -> tuple[int, str]:
    """Return how many tokens from `at` are one number in words, and the number in digits."""
    first = pieces[at].word
    if first in words.ordinals:
        if first == "second" and at and _before_a_unit(pieces[at - 1].word, words):
            return 0, ""
        return 1, f"{words.ordinals[first]}th"
    if first in _DECADES:
        return 1, f"{_DECADES[first]}s"
    if first in {"o", "oh"} and at + 1 < len(pieces) and 0 < words.ones.get(pieces[at + 1].word, 0) < 10:
        return 2, f"0{words.ones[pieces[at + 1].word]}"
    if first == "point" and at + 1 < len(pieces) and words.ones.get(pieces[at + 1].word, 99) < 10:
        return 2, f"0.{words.ones[pieces[at + 1].word]}"
    if first in words.ordinal_tens:
        return 1, f"{words.ordinal_tens[first]}th"
    if first in {"a", "an"} and at + 1 < len(pieces) and pieces[at + 1].word in {"hundred", "thousand", "million"}:
        taken, value, _ = _cardinal(pieces, at + 1, words, 1)
        return taken + 1, str(value)
    if first == "half" and words is _ENGLISH and not _follows(pieces, at, "past", "an", "a", "hour", "of"):
        return 1, "0.5"
    taken, value, ordinal = _cardinal(pieces, at, words, 0)
    if not taken:
        return 0, ""
    after = at + taken
    if not ordinal and words is _ENGLISH:
        if _follows(pieces, after - 1, "point") and after + 1 < len(pieces):
            digits, more = "", after + 1
            while more < len(pieces) and words.ones.get(pieces[more].word, 99) < 10:
                digits += str(words.ones[pieces[more].word])
                more += 1
            if digits:
                return more - at, f"{value}.{digits}"
        following = [p.word for p in pieces[after : after + 3]]
        if following == ["and", "a", "half"]:
            return taken + 3, f"{value}.5"
    return taken, f"{value}th" if ordinal else str(value)


def _before_a_unit(word: str, words: _Words) -> bool:
    return word[:1].isdigit() or word in {"per", "a"} or word in words.ones or word in words.tens


def _follows(pieces: tuple[Token, ...], at: int, *wanted: str) -> bool:
    return at + 1 < len(pieces) and pieces[at + 1].word in wanted


def _cardinal(pieces: tuple[Token, ...], at: int, words: _Words, seed: int) -> tuple[int, int, bool]:
    """Return how many tokens are taken, the value, and whether it ends as an ordinal."""
    total, current, index, seen = 0, seed, at, False
    room = 1000  # what may still be added to `current`: less than this
    while index < len(pieces):
        word = pieces[index].word
        joined = index
        if seen and (word in {"-", "–"} or (word == words.joint and (room > 10 or words is _SERBIAN))):
            joined += 1
            if joined >= len(pieces):
                break
            nxt = pieces[joined].word
            if word in {"-", "–"} and not (10 < room <= 100 or room == 10):
                break
            if word == words.joint and words is _ENGLISH and room < 100:
                break
            word = nxt
        if word in words.ones and words.ones[word] < room and (room > 20 or words.ones[word] < 10):
            if seen and words.ones[word] == 0:
                break
            current += words.ones[word]
            room = 0
        elif word in words.tens and room >= 100:
            current += words.tens[word]
            room = 10
        elif word in words.hundreds and room >= 1000:
            current += words.hundreds[word]
            room = 100
        elif word in words.scales and (seen or words is _SERBIAN or seed):
            scale = words.scales[word]
            if scale == 100:
                current *= 100
                room = 100
            else:
                total, current, room = total + max(current, 1) * scale, 0, 1000
        elif (seen and word in words.ordinals and words.ordinals[word] < room and joined == index + (room == 10)) or (
            seen and word in words.ordinals and words.ordinals[word] < room <= 10
        ):
            return joined + 1 - at, total + current + words.ordinals[word], True
        else:
            break
        seen = True
        index = joined + 1
    return (index - at, total + current, False) if seen else (0, 0, False)
