"""What a sentence denies: the words in the scope of a negation, and what an answer says of the question before it."""

import re
from collections.abc import Sequence
from enum import IntEnum

from reviewer.evidence.words import Token

_SR = (
    "ne nije nisu nisam nismo niste nema nemam nemamo nemaju bez nikad nikada nista niko negira negiraju porice nemoj "
    "necu nece"
)
# Deny all that is listed behind them.
_LISTING = frozenset("""
    no denies denied deny denying without negative none neither nor nil nothing free absence absent lacks lack lacking
    bez nema nemam negira negiraju porice negative non
    """.split())  # fmt: skip
_PLAIN = frozenset("""
    not n't never cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't couldn't shouldn't
    hasn't haven't hadn't ain't unable unlikely refuses refused declines declined hardly nobody rarely seldom dont
    doesnt didnt isnt cant wont
    """.split()) | frozenset(_SR.split())  # fmt: skip
_CUES = _LISTING | _PLAIN
_STOPS = frozenset(
    """
        but however except although though yet otherwise instead despite because since unless until ali medjutim osim
        """.split()
)
_VERBS = frozenset("is are was were has have had do does will would".split())
_BREAKS = frozenset(".;:?!")
_CLAUSE = frozenset("which who that when where if as while so".split())
# What follows the cue and turns it around, or makes it no negation.
_NOT_ONLY = frozenset("only just sure longer more".split())
_OPENS = frozenset(
    "he she they it i we you the patient pt his her their there has have had is are was were does will would".split()
)
_YES = re.compile(
    r"^\W*(?:(?:oh|um|uh|well|okay|and)[ ,.]+)*(?:yes|yeah|yep|yup|yea|correct|right|definitely|absolutely|sure|"
    r"i do\b(?! n)|i am\b(?! not)|i have\b(?! n)|it does\b(?! n)|it is\b(?! not)|mm-?\s?hmm|"
    r"uh-?\s?huh|da\b|jeste|naravno)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:(?:oh|um|uh|well|okay|so|actually)[ ,.]+)*(?:no|nope|nah|none|never|not\b|negative|neither|nothing|"
    r"i (?:do|have|am|did|was)\s?n[o']t|i don't|i haven't|i didn't|doctor,? no|ne\b|nemam|nisam|nikad)\b",
    re.IGNORECASE,
)
_NOT_NO = re.compile(r"^\W*no (?:problem|worries|doubt)", re.IGNORECASE)


class Polarity(IntEnum):
    """How a word stands in a sentence."""

    ASSERTED = 1
    DENIED = -1
    ASKED = 0


def denied(words: Sequence[Token]) -> frozenset[int]:
    """Return the places in `words` that stand in the scope of a negation, the cues left out."""
    found: set[int] = set()
    reach, listing = 0, False
    for place, token in enumerate(words):
        word = token.word
        cue = word in _CUES or word.endswith("n't")
        if cue and _is_cue(words, place):
            listing = word in _LISTING
            reach = 24 if listing else 8
            continue
        if not reach:
            continue
        if word in _BREAKS or word in _STOPS:
            reach = 0
        elif word == "," or word in {"and", "or", "i", "ili"}:
            following = [t.word for t in words[place + 1 : place + 3]]
            opens = bool(following) and (
                following[0] in _OPENS
                or (following[0] in {"and", "but"} and len(following) > 1 and following[1] in _OPENS)
            )
            reach = 0 if opens or (word == "," and not listing) else reach - 1
        elif word == "any":
            reach, listing = max(reach, 12), True
        elif word in _CLAUSE and listing:
            reach = min(reach, 6)
        elif listing and word in _VERBS and (place - 1) in found:
            reach = 0
        else:
            found.add(place)
            reach -= 1
    return frozenset(found)


def _is_cue(words: Sequence[Token], place: int) -> bool:
    word = words[place].word
    following = words[place + 1].word if place + 1 < len(words) else ""
    if word in {"no", "not"} and following in _NOT_ONLY:
        return following in {"longer", "more"}
    if word == "no" and following in {".", ",", "problem", "worries", "doubt"}:
        return False
    if word == "negative":
        before = words[place - 1].word if place else ","
        return following in {"for", ":"} or before in {",", ".", "and", ":"}
    if word == "free":
        return following in {"of", "from"}
    if word in {"lack", "absence", "lacks"}:
        return following == "of" or word == "lacks"
    if word == "non":
        return False
    return not (word == "nothing" and following == "but")


def firmly_denied(words: Sequence[Token], place: int) -> bool:
    """Tell whether the word at `place` is denied by "no", "denies" and the like, or by a "not" right before it."""
    for back in range(place - 1, -1, -1):
        if is_cue(words, back):
            return words[back].word in _LISTING or place - back <= 3
    return False


def has_negation(words: Sequence[Token]) -> bool:
    """Tell whether `words` deny anything."""
    return any((t.word in _CUES or t.word.endswith("n't")) and _is_cue(words, i) for i, t in enumerate(words))


def is_cue(words: Sequence[Token], place: int) -> bool:
    """Tell whether the word at `place` denies something."""
    word = words[place].word
    return (word in _CUES or word.endswith("n't")) and _is_cue(words, place)


_ASKS = frozenset(
    """
        do does did have has had are is was were any how what when where which who why can could would will should
        """.split()
)
_ASKING_PAIRS = frozenset(
    (
        "have you|do you|did you|are you|is there|are there|does it|does that|how about|what about|has he|has she|"
        "any of|had you|you had any|you have any"
    ).split("|")
)
_LEADS = frozenset(
    """
        okay ok and so um uh well alright all right now then but hm hmm great good got it yeah yes no , . or tell me
        """.split()
)


def begins_question(words: Sequence[Token], place: int) -> bool:
    """Tell whether what follows `place` is asked or left open: "any", "if", "have you"."""
    word = words[place].word
    following = words[place + 1].word if place + 1 < len(words) else ""
    return word in {"any", "if", "whether"} or f"{word} {following}" in _ASKING_PAIRS


def asks(words: Sequence[Token]) -> bool:
    """Tell whether a sentence is a question, also where speech was written down without marks."""
    if words and words[-1].word == "?":
        return True
    for place, token in enumerate(words[:12]):
        if token.word not in _LEADS:
            following = words[place + 1].word if place + 1 < len(words) else ""
            return token.word in _ASKS and not (token.word in {"have", "do", "had"} and following in {"a", "the"})
    return False


def answer(text: str) -> Polarity:
    """Return what a turn says to the question before it: yes, no, or neither."""
    if _NO.match(text) and not _NOT_NO.match(text):
        return Polarity.DENIED
    return Polarity.ASSERTED if _YES.match(text) else Polarity.ASKED
