"""Words that should not reach a customer: talk to the reviewer, profanity, threats.

Lists of our own, in English and Serbian (both scripts). A classifier was weighed and left out: see `lexicon.py`.
"""

import re
from collections.abc import Iterator

from reviewer.domain.findings import Finding, Weight
from reviewer.privacy.gate import lexicon
from reviewer.privacy.gate.outgoing import Outgoing, stop
from reviewer.privacy.person_names import fold

PREAMBLE, PROFANITY, THREAT = "preamble", "profanity", "threat"

_WORD = re.compile(r"[@$]?[^\W_]+(?:[@$!][^\W_]+)*")
_LEET = str.maketrans("01345@$!", "oieasasi")
_REPEATED = re.compile(r"(\w)\1{2,}")


def preamble(outgoing: Outgoing) -> Iterator[Finding]:
    """Find what a model says to whoever asked it, rather than to the recipient."""
    for pattern in lexicon.PREAMBLES:
        for match in pattern.finditer(outgoing.text):
            yield stop(PREAMBLE, "This speaks to the reviewer, not to the recipient.", *match.span())


def profanity(outgoing: Outgoing) -> Iterator[Finding]:
    """Find swearing and insults, also spelt round a filter; what clinicians write is none.

    A summary or note may have to quote an angry caller: there it is only worth a look.
    """
    text = outgoing.text
    weight = Weight.STOP if outgoing.kind in ("", "sms") else Weight.LOOK
    clinical = [range(*match.span()) for match in lexicon.CLINICAL.finditer(text)]
    places = {match.span() for match in _WORD.finditer(text) if lexicon.is_profane(_plain(match.group()))}
    places = {place for place in places if not any(place[0] in meant for meant in clinical)}
    places |= {match.span() for pattern in (lexicon.MASKED, lexicon.INSULTS) for match in pattern.finditer(text)}
    for start, end in _widest(places):
        yield Finding(PROFANITY, weight, "Swearing or an insult.", start, end)


def threats(outgoing: Outgoing) -> Iterator[Finding]:
    """Find threats and pressure on whoever reads it."""
    for pattern in lexicon.THREATS:
        for match in pattern.finditer(outgoing.text):
            yield stop(THREAT, "A threat, or pressure on the recipient.", *match.span())


def _widest(places: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places, each once, without those that lie in another."""
    for start, end in sorted(places):
        if not any(other != (start, end) and other[0] <= start and end <= other[1] for other in places):
            yield start, end


def _plain(word: str) -> str:
    folded = fold(word)
    if not folded.isalpha():
        folded = folded.translate(_LEET)
    return _REPEATED.sub(r"\1", folded)
