"""Words of a text, with where they stand, in a form that can be compared.

A word is compared without case, accents and script: Serbian in Cyrillic and in Latin letters, with and without its
marks, is one text. Offsets always count code points of the text as it was given.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]|_+")
_CYRILLIC = {
    **dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True)),
    "љ": "lj",
    "њ": "nj",
    "џ": "dž",
    "ё": "e",
    "й": "j",
    "щ": "š",
    "ъ": "",
    "ы": "i",
    "ь": "",
    "э": "e",
    "ю": "ju",
    "я": "ja",
}
_LETTERS = {"đ": "dj", "ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe"}
_SUFFIXES = (
    ("ization", "ize"), ("isation", "ize"), ("ational", "ate"), ("fulness", "ful"), ("iveness", "ive"),
    ("ousness", "ous"), ("ations", "ate"), ("ation", "ate"), ("ically", "ic"), ("ments", "ment"), ("ities", "ity"),
    ("ions", "ion"), ("ness", ""), ("edly", ""), ("ingly", ""), ("ably", "able"), ("ibly", "ible"), ("ally", "al"),
    ("ily", "y"), ("ies", "y"), ("ied", "y"), ("ying", "y"), ("ely", "e"), ("ings", ""), ("ing", ""), ("sses", "ss"),
    ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ed", ""), ("ly", ""), ("ers", "er"), ("s", ""),
)  # fmt: skip
_IRREGULAR = {
    "felt": "feel", "went": "go", "gone": "go", "took": "take", "taken": "take", "said": "say", "told": "tell",
    "gave": "give", "given": "give", "got": "get", "saw": "see", "seen": "see", "had": "have", "has": "have",
    "fell": "fall", "fallen": "fall", "began": "begin", "begun": "begin", "came": "come", "made": "make",
    "thought": "think", "brought": "bring", "bought": "buy", "found": "find", "left": "left", "lost": "lose",
    "met": "meet", "paid": "pay", "ran": "run", "sent": "send", "slept": "sleep", "spoke": "speak", "spent": "spend",
    "stood": "stand", "wrote": "write", "written": "write", "broke": "break", "broken": "break", "chose": "choose",
    "chosen": "choose", "drove": "drive", "ate": "eat", "eaten": "eat", "grew": "grow", "grown": "grow",
    "knew": "know", "known": "know", "kept": "keep", "led": "lead", "meant": "mean", "sold": "sell", "wore": "wear",
    "won": "win", "worse": "bad", "worst": "bad", "better": "good", "best": "good", "children": "child",
    "feet": "foot", "teeth": "tooth", "women": "woman", "men": "man", "people": "person", "drank": "drink",
    "swollen": "swell", "diagnoses": "diagnosis", "ill": "ill", "done": "do", "did": "do", "does": "do",
}  # fmt: skip
STOPWORDS = frozenset(
    """
    a an the this that these those there here it its it's he she they them his her hers their theirs him i me my mine
    we us our ours you your yours who whom whose which what when where why how is am are was were be been being do does
    did done doing have has had having will would shall should can could may might must of in on at by for with to from
    into onto upon about as than then and or nor but if while because so such also too very just only own same both
    each any all some no not n't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't cannot couldn't
    shouldn't hasn't haven't hadn't ain't i'm i've i'd i'll you're you've you'd you'll he's she's it's we're we've we'll
    they're they've that's there's what's let's who's wan na gonna s t d m ll re ve okay ok yes yeah yep no nope oh uh
    um mm hmm mm-hmm hm hey hi hello well right like know mean think get got go going up down out off over again
    further once more most other another one ones himself herself themselves itself myself yourself ourselves
    during through per via within without between among against until till since before after
    je su sam si smo ste da se na u i ili a ali od do za sa s o po iz kod ne nije nisu nisam li koji koja koje
    to ta taj ovo ova ovaj kao što sto bi bih biti bio bila bilo će ce ću cu ima imam mi me te ga mu joj ih nam vas vam
    dan sat kad kada gde kako
    """.split()
) - {"dan", "sat"}  # fmt: skip


class Token(NamedTuple):
    """A word, number or mark at [start, end); `word` is its comparable form, `stem` what its forms share."""

    start: int
    end: int
    word: str
    stem: str


@lru_cache(maxsize=65536)
def comparable(word: str) -> str:
    """Return `word` without case, accents and script."""
    folded = word.casefold().replace("’", "'")
    if folded.isascii():
        return folded
    latin = "".join(_CYRILLIC.get(c, c) for c in folded)
    latin = "".join(_LETTERS.get(c, c) for c in latin)
    return "".join(c for c in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return what the forms of a comparable word share; good enough to match, no more."""
    word = word.removesuffix("'s").removesuffix("'")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4:
        return word
    for suffix, put in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not (suffix == "s" and word[-2] in "su"):
            word = word[: -len(suffix)] + put
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] == "e" else word


@lru_cache(maxsize=8192)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the words, numbers and marks of `text`."""
    found = []
    for match in _TOKEN.finditer(text):
        word = comparable(match.group())
        found.append(Token(match.start(), match.end(), word, stem(word) if word[:1].isalpha() else word))
    return tuple(found)


def is_content(token: Token) -> bool:
    """Tell whether `token` is a word that carries content of its own."""
    return token.word[:1].isalpha() and len(token.word) > 1 and token.word not in STOPWORDS
