"""What a sentence denies: the words in the scope of a negation, and what an answer says of the question before it."""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from reviewer.evidence.words import Token, is_content, tokens

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
    doesnt didnt isnt cant wont opted waived waives
    """.split()) | frozenset(_SR.split())  # fmt: skip
_CUES = _LISTING | _PLAIN
_STOPS = frozenset(
    """
        but however except although though yet otherwise instead despite because since unless until okay alright
        besides ali medjutim osim
        """.split()
)
_EXCEPTING = frozenset({("other", "than"), ("aside", "from"), ("apart", "from"), ("how", "about"), ("what", "about")})
_BE = frozenset("is are was were be been".split())
# "can't stop sneezing", "couldn't help worrying", "never without pain" say that it is so.
_UNDOING = frozenset("stop help without deny denies wait".split())
_VERBS = frozenset("is are was were has have had do does will would".split())
_BREAKS = frozenset(".;:?!")
_CLAUSE = frozenset("which who that when where if as while so".split())
# What follows the cue and turns it around, or makes it no negation.
_NOT_ONLY = frozenset("only just sure longer more".split())
_OPENS = frozenset(
    """
        he she they it i we you the patient pt his her their there has have had is are was were does will would let
        i'm i'll i've we'll we're it's that's how what
        """.split()
)
_LEAD = (
    r"^\W*(?:(?:oh|um|uh|well|okay|ok|and|so|actually|hm+|gosh|doctor|doc|thankfully|luckily|fortunately|honestly|"
    r"got it|i see|let me (?:see|think)|that's a|to be honest)[ ,.!-]+)*"
)
_SUBJECTS = frozenset("i you there it he she we they".split())
_STATING = frozenset("is are was were do have can see hear appreciate had feel notice also".split())
_YES = re.compile(
    _LEAD + r"(?:yes|yeah|yep|yup|yea|correct|right|definitely|absolutely|sure|exactly|of course|"
    r"i do\b(?! n)|i am\b(?! not)|i have\b(?! n)|it does\b(?! n)|it is\b(?! not)|he does\b(?! n)|she does\b(?! n)|"
    r"mm-?\s?hmm|uh-?\s?huh|no,? (?:you're|you are|that's|that is) (?:right|correct)|da\b|jeste|naravno)",
    re.IGNORECASE,
)
_NO = re.compile(
    _LEAD + r"(?:(?:yeah,? no|no|nope|nah|none|never|not\b|negative|neither|nothing|nobody|hardly|"
    r"(?:absolutely|definitely|certainly|of course|thankfully) not|"
    r"(?:i|he|she|it|they|we|there|you|that)(?:'ve|'s|'m|'re|'d| have| has| am| is| are| do| does| did| was)?\s?"
    r"(?:n[o']t|never|no)|(?:i|he|she|it|they|we|there) (?:do|does|did|have|has|is|are|was|were)n't|"
    r"ne\b|nemam|nemamo|nisam|nikad)\b)",
    re.IGNORECASE,
)
_NOT_NO = re.compile(
    r"^\W*(?:no (?:problem|worries|doubt|kidding)|no,? (?:you're|you are|that's|that is) (?:right|correct)|"
    r"(?:\w+,? )?i (?:do ?n[o']t|can ?n[o']t|don't) (?:know|remember|recall|understand|hear)|not (?:sure|certain))",
    re.IGNORECASE,
)


_RESTATES = re.compile(r"(?:^|[ ,])(?:i|he|she|it|they|we|there|you|that)\b[^,.]*$", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.,;!?]")
_ECHOES = frozenset("think believe guess never no not none either anything nothing doctor really actually".split())


class Polarity(IntEnum):
    """How a word stands in a sentence."""

    ASSERTED = 1
    DENIED = -1
    ASKED = 0
    BESIDE = 2  # named in a question beside what it asks: "vomit" in "any blood in the vomit?"


class Scope(NamedTuple):
    """What one cue denies: the place of the cue, and the places of the words in its reach."""

    cue: int
    places: tuple[int, ...]


def denied(words: Sequence[Token]) -> frozenset[int]:
    """Return the places in `words` that stand in the scope of a negation, the cues left out."""
    return frozenset(place for scope in scopes(words) for place in scope.places)


def scopes(words: Sequence[Token]) -> tuple[Scope, ...]:
    """Return what each negation of `words` denies, in order of the cues."""
    found: list[tuple[int, list[int]]] = []
    reach, listing = 0, False
    for place, token in enumerate(words):
        word = token.word
        if is_cue(words, place):
            listing = word in _LISTING
            reach = 24 if listing else 8
            found.append((place, []))
            continue
        if _denies_backwards(words, place):
            found.append((place, _before(words, place)))
            reach = 0
            continue
        if not reach:
            continue
        following = words[place + 1].word if place + 1 < len(words) else ""
        begins = listing and word in _SUBJECTS and following in _STATING and place - found[-1][0] > 1
        ends = word in _BREAKS or word in _STOPS or (word, following) in _EXCEPTING or (listing and word == "some")
        if begins or ends:
            reach = 0
        elif word == "," or word in {"and", "or", "i", "ili"}:
            after = words[place + 2].word if place + 2 < len(words) else ""
            opens = following in _OPENS or (following in {"and", "but"} and after in _OPENS)
            reach = 0 if opens or (word == "," and not listing and not _lists_on(words, place)) else reach - 1
        elif word == "any":
            reach, listing = max(reach, 12), True
        elif word in _CLAUSE and listing:
            reach = min(reach, 6)
        elif listing and word in _VERBS and (place - 1) in found[-1][1]:
            reach = 0
        else:
            found[-1][1].append(place)
            reach -= 1
    return tuple(Scope(cue, tuple(places)) for cue, places in found)


def _lists_on(words: Sequence[Token], comma: int) -> bool:
    """Tell whether what a "not" denies goes on behind a comma: "does not smoke, drink or use drugs"."""
    for token in words[comma + 1 : comma + 7]:
        if token.word in {"or", "nor", "ili", "niti"}:
            return True
        if token.word in _OPENS or token.word in _STOPS or token.word in _BREAKS or token.word in {"and", "to", "with"}:
            return False
    return False


def _denies_backwards(words: Sequence[Token], place: int) -> bool:
    """Tell whether the word at `place` denies what stands before it: "fever: none", "a clot was ruled out"."""
    word = words[place].word
    before = words[place - 1].word if place else ""
    ends = place + 1 == len(words) or words[place + 1].word in {".", ",", ";", ")", "and", "but", "today", "at"}
    if word == "ruled" and place + 1 < len(words) and words[place + 1].word == "out":
        return before in _BE or before in {"has", "have", "been", "not"}
    if word == "negative" and before in _BE:
        return place + 1 == len(words) or words[place + 1].word not in {"for", "about", "to"}
    if word in {"denied", "absent", "negative"}:
        return ends and (before in _BE or before in {":", "-", "–"})
    return word in {"none", "no", "nil"} and before in {":", "-", "–"} and (ends or place + 1 == len(words))


def _before(words: Sequence[Token], place: int) -> list[int]:
    """Return the places of the clause that ends before `place`."""
    found: list[int] = []
    for back in range(place - 1, max(-1, place - 9), -1):
        if words[back].word in _BREAKS - {":"} or words[back].word in _STOPS:
            break
        if words[back].word[:1].isalnum():
            found.append(back)
    return found[::-1]


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
    if word == "nil" and following == "of":
        return False
    if word == "non" or (word in {"none", "nil"} and place and words[place - 1].word in {":", "-", "–"}):
        return False
    if word in {"denied"} and place and words[place - 1].word in _BE:
        return False  # "fever was denied": it looks back
    if word in _PLAIN and following in _UNDOING:
        return False
    return not (word == "nothing" and following == "but")


def is_listing(word: str) -> bool:
    """Tell whether a cue denies all that is listed behind it."""
    return word in _LISTING


_PHRASE_ENDS = frozenset(", and or but with that for to from after because".split())


def firmly_denied(words: Sequence[Token], place: int) -> bool:
    """Tell whether the word at `place` is denied by "no", "denies" and the like, or by a "not" of its own clause."""
    for back in range(place - 1, -1, -1):
        if is_cue(words, back):
            return words[back].word in _LISTING or place - back <= 6
        if words[back].word in _PHRASE_ENDS and place - back <= 6:
            return any(is_cue(words, b) and words[b].word in _LISTING for b in range(back))
    return True  # denied by what stands behind it


def has_negation(words: Sequence[Token]) -> bool:
    """Tell whether `words` deny anything."""
    return any(is_cue(words, place) or _denies_backwards(words, place) for place in range(len(words)))


def is_cue(words: Sequence[Token], place: int) -> bool:
    """Tell whether the word at `place` denies something."""
    word = words[place].word
    return (word in _CUES or word.endswith("n't")) and _is_cue(words, place)


_ASKS = frozenset(
    """
        do does did have has had are is was were any how what when where which who why can could would will should
        """.split()
)
_GRANTING = frozenset("how when where which why what".split())
_SAYING = frozenset(
    """
        i you he she it we they is are was were am be been have has had do does did can could will would should may
        i'm i've it's he's she's you're that's there there's got get gets feel feels let lets see saw want need think
        know yes yeah no okay alright
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
        okay ok and so um uh well alright all right now then but hm hmm great good got yeah yes no , . or tell me
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
        if token.word not in _LEADS and not (token.word == "it" and place and words[place - 1].word == "got"):
            following = words[place + 1].word if place + 1 < len(words) else ""
            return token.word in _ASKS and not (token.word in {"have", "do", "had"} and following in {"a", "the"})
    return False


def takes_for_granted(words: Sequence[Token]) -> bool:
    """Tell whether a question asks how, when or what kind, so that any answer but "no" grants what it speaks of."""
    for place, token in enumerate(words):
        if token.word in {"any", "if", "other", "else"}:
            return False
        if token.word in _GRANTING:
            following = words[place + 1].word if place + 1 < len(words) else ""
            return following not in {"about", "is", "are", "'s", "was", "were", "of"} and not any(
                other.word in {"any", "if", "other", "else"} for other in words[place:]
            )
    return False


_BESIDE = frozenset("in with from since regarding about during when while at by after before into until".split())
_GRANTED = frozenset({("besides", ""), ("other", "than"), ("other", "then"), ("aside", "from"), ("apart", "from")})


def granted(words: Sequence[Token], place: int) -> bool:
    """Tell whether "besides", "other than" or the like begins at `place`: what follows up to a comma is so."""
    following = words[place + 1].word if place + 1 < len(words) else ""
    return (words[place].word, following) in _GRANTED or words[place].word == "besides"


def is_beside(words: Sequence[Token], place: int) -> bool:
    """Tell whether the word at `place` begins what a question names beside the thing it asks for."""
    return words[place].word in _BESIDE


def is_bare_list(words: Sequence[Token]) -> bool:
    """Tell whether `words` only list things: no verb that says how they stand, no negation."""
    return 0 < len(words) <= 16 and not any(t.word in _SAYING for t in words) and not has_negation(words)


def answer(text: str) -> Polarity:
    """Return what a turn says to the question before it: yes, no, or neither."""
    if _NOT_NO.match(text):
        return Polarity.ASSERTED if _YES.match(text) else Polarity.ASKED
    says = _NO.match(text) or _YES.match(text)
    if says is None or (_RESTATES.search(says.group()) and _says_more(text)):
        return Polarity.ASKED
    return Polarity.DENIED if says.re is _NO else Polarity.ASSERTED


def _says_more(text: str) -> bool:
    """Tell whether the first clause of an answer has words of its own, so that it speaks of these alone."""
    clause = _CLAUSE_END.split(text.lstrip(), maxsplit=1)[0]
    return any(is_content(t) and t.word not in _ECHOES and not t.word.endswith("n't") for t in tokens(clause))
