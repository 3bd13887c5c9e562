"""Plant one known error in a clean draft: to measure what the engine catches, and for drafts that test the reviewer.

An error is planted only where the source bears out what the draft says, so that what comes out is wrong for certain;
nothing else of the text changes. Who plants decides how to choose: by `secrets` by default, repeatably in a benchmark.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reviewer.evidence import lexicon
from reviewer.evidence.checks.quantities import is_dose
from reviewer.evidence.facts import Support
from reviewer.evidence.names import TITLES, known, names
from reviewer.evidence.negation import denied
from reviewer.evidence.normalise import UNITS, Quantity, Sort, quantities
from reviewer.evidence.sentences import cut
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import Token, is_content, tokens


class Kind(StrEnum):
    """What sort of error is planted."""

    NUMBER = "number"
    UNIT = "unit"
    DOSE = "dose"
    DATE = "date"
    TIME = "time"
    NAME = "name"
    LATERALITY = "laterality"
    NEGATION_ADDED = "negation_added"
    NEGATION_DROPPED = "negation_dropped"
    DRUG_SWAP = "drug_swap"
    INVENTED_FOLLOW_UP = "invented_follow_up"


@dataclass(frozen=True, slots=True)
class Planted:
    """A draft with one error at [start, end) of `text`, where the clean draft said `was`."""

    text: str
    kind: Kind
    start: int
    end: int
    was: str

    @property
    def now(self) -> str:
        """Return what the draft says now."""
        return self.text[self.start : self.end]


Choose = Callable[[Sequence[tuple[int, int, str]]], tuple[int, int, str]]


def plant(draft: str, source: Prepared, kind: Kind, *, choose: Choose = secrets.choice) -> Planted | None:
    """Return `draft` with one error of `kind`, or None where it gives no occasion."""
    edits = [edit for edit in _WAYS[kind](draft, source) if draft[edit[0] : edit[1]] != edit[2]]
    if not edits:
        return None
    start, end, new = choose(edits)
    return Planted(draft[:start] + new + draft[end:], kind, start, start + len(new), draft[start:end])


_Edits = Iterator[tuple[int, int, str]]
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_OTHER_UNITS = {
    "mg": ("mcg", "g"), "g": ("mg", "kg"), "mcg": ("mg",), "ml": ("l", "mg"), "milligrams": ("micrograms", "grams"),
    "milligram": ("microgram", "gram"), "days": ("weeks", "months"), "day": ("week", "month"),
    "weeks": ("days", "months"), "week": ("day", "month"), "months": ("weeks", "years"), "month": ("week", "year"),
    "years": ("months", "weeks"),
    "year": ("month", "week"), "hours": ("minutes", "days"), "hour": ("minute", "day"), "minutes": ("hours", "seconds"),
    "cm": ("mm", "inches"), "mm": ("cm",), "inches": ("feet", "cm"), "feet": ("inches", "miles"),
    "miles": ("feet", "km"),    "pounds": ("ounces", "kg"), "lbs": ("kg",), "kg": ("lbs",), "dollars": ("euros",),
}  # fmt: skip
_MONTH_NAMES = "January February March April May June July August September October November December".split()
_WEEKDAY_NAMES = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_STAND_INS = "Gregory Natasha Leonard Priscilla Mortimer Beatrice Cornelius Rosalind Humphrey Winifred".split()
_SURNAMES = "Abernathy Kowalczyk Fitzgerald Okonkwo Lindqvist Montague Rutherford Castellano".split()
_ADDING = (
    (re.compile(r"\breports\b"), "denies"),
    (re.compile(r"\bhas (?=(?:a|an|some|mild|severe|pain)\b)"), "does not have "),
    (re.compile(r"\b(?<=has )had\b"), "not had"), (re.compile(r"\bhas been\b"), "has not been"),
    (re.compile(r"\bis(?= (?!not\b|no\b)\w)"), "is not"), (re.compile(r"\bwas(?= (?!not\b|no\b)\w)"), "was not"),
    (re.compile(r"\bare(?= (?!not\b|no\b)\w)"), "are not"), (re.compile(r"\bwill(?= (?!not\b)\w)"), "will not"),
    (re.compile(r"\bcomplains of\b"), "denies"), (re.compile(r"\bpositive for\b"), "negative for"),
)  # fmt: skip
_DROPPING = (
    (re.compile(r"\bdenies\b"), "reports"), (re.compile(r"\bdenied\b"), "reported"),
    (re.compile(r"\bDenies\b"), "Reports"),
    (re.compile(r"\bno (?=[a-z])"), ""), (re.compile(r"\bNo (?=[a-z])"), "Has "), (re.compile(r"\bwithout\b"), "with"),
    (re.compile(r"\b(?<=is )not "), ""), (re.compile(r"\b(?<=was )not "), ""),
    (re.compile(r"\bdoes not have\b"), "has"),
    (re.compile(r"\bnegative for\b"), "positive for"),
)  # fmt: skip
_FOLLOW_UPS = (
    "Follow up with cardiology in 7 weeks.",
    "A colonoscopy is scheduled for November 23.",
    "She will return on Thursday at 4:45 pm.",
    "We will call you back within 9 business days.",
    "A referral to Dr. Abernathy was placed.",
    "Start amiodarone 350 mg daily and return in 11 days.",
)


def _supported(draft: str, source: Prepared) -> Iterator[Quantity]:
    for span in cut(draft):
        for quantity in quantities(draft[span.start : span.end], source.language):
            if source.facts.find(quantity)[0] is Support.SAME and draft[span.start + quantity.start - 1] != "/":
                yield quantity._replace(start=span.start + quantity.start, end=span.start + quantity.end)


def _fresh(text: str, source: Prepared) -> bool:
    """Tell whether the source says nothing that could be read as `text`."""
    found = quantities(text, source.language)
    return bool(found) and all(source.facts.find(q)[0] is Support.ABSENT for q in found)


def _renumbered(quantity: Quantity, draft: str, source: Prepared) -> _Edits:
    """Yield other numbers for a quantity: ten times, a tenth, twice, swapped digits, a little more."""
    match = _DIGITS.search(draft, quantity.start, quantity.end)
    if match is None:
        return
    raw = match.group()
    plain = raw.replace(",", "")
    others = [
        raw[::-1] if len(raw) > 1 and raw[-1] != "0" and raw.isdigit() else "",
        raw + "0" if raw.isdigit() else "",
    ]
    if plain.isdigit():
        others += [str(int(plain) * 2), str(int(plain) + 3), str(int(plain) + 10)]
    elif plain.count(".") == 1:
        others += [f"{float(plain) + 1:g}", f"{float(plain) * 2:g}"]
    for other in others:
        if other and other != raw and _fresh(other, source):
            yield match.start(), match.end(), other


def _number(draft: str, source: Prepared) -> _Edits:
    for quantity in _supported(draft, source):
        if quantity.sort in {Sort.NUMBER, Sort.MONEY, Sort.PERCENT} and not is_dose(quantity):
            yield from _renumbered(quantity, draft, source)


def _dose(draft: str, source: Prepared) -> _Edits:
    for quantity in _supported(draft, source):
        if is_dose(quantity):
            yield from _renumbered(quantity, draft, source)


def _unit(draft: str, source: Prepared) -> _Edits:
    for quantity in _supported(draft, source):
        unit = quantity.unit
        if unit is None or unit.sign not in {u.sign for u in UNITS.values()}:
            continue
        text = draft[quantity.start : quantity.end]
        last = re.search(r"[A-Za-z]+$", text)
        for other in _OTHER_UNITS.get(last.group().casefold(), ()) if last else ():
            if source.facts.find(quantity._replace(unit=UNITS.get(other)))[0] is not Support.SAME:
                yield quantity.start + (last.start() if last else 0), quantity.end, other


def _date(draft: str, source: Prepared) -> _Edits:
    for quantity in _supported(draft, source):
        text = draft[quantity.start : quantity.end]
        if quantity.sort is Sort.WEEKDAY and text.capitalize() in _WEEKDAY_NAMES:
            options = [name for name in _WEEKDAY_NAMES if name.casefold() not in source.words]
        elif quantity.sort is Sort.DATE:
            options = [re.sub(r"\b\d{1,2}(?=\D|$)", str(day), text, count=1) for day in (9, 17, 23, 28)]
            options += [text.replace(m, o) for m in _MONTH_NAMES for o in _MONTH_NAMES if m in text and m != o]
        else:
            continue
        for option in options:
            changed = quantities(option, source.language)
            if option != text and len(changed) == 1 and source.facts.find(changed[0])[0] is Support.ABSENT:
                yield quantity.start, quantity.end, option


def _time(draft: str, source: Prepared) -> _Edits:
    for quantity in _supported(draft, source):
        if quantity.sort is not Sort.TIME:
            continue
        text = draft[quantity.start : quantity.end]
        options = [re.sub(r"^\d{1,2}", str(hour), text) for hour in range(1, 13)]
        options += [re.sub(r":\d\d", f":{minute}", text) for minute in (10, 20, 50)]
        for option in options:
            changed = quantities(option, source.language)
            if option != text and len(changed) == 1 and source.facts.find(changed[0])[0] is Support.ABSENT:
                yield quantity.start, quantity.end, option


def _name(draft: str, source: Prepared) -> _Edits:
    for span in cut(draft):
        text = draft[span.start : span.end]
        words = tokens(text)
        for place, certain in names(text, words):
            token = words[place]
            raw = text[token.start : token.end].removesuffix("'s").removesuffix("’s")
            if not certain or not known(token, source) or not raw.istitle() or not raw.isalpha():
                continue
            titled = place and (words[place - 1].word in TITLES or (place > 1 and words[place - 2].word in TITLES))
            for other in _SURNAMES if titled or token.word not in lexicon.first_names() else _STAND_INS:
                if other.casefold() not in source.words:
                    yield span.start + token.start, span.start + token.start + len(raw), other


def _laterality(draft: str, source: Prepared) -> _Edits:
    said = {token.word for segment in source.segments for token, _ in _sided(segment.words)}
    for token, part in _sided(tokens(draft)):
        other = {"left": "right", "right": "left"}[token.word]
        if token.word in said and not _has_side(other, part, source):
            raw = draft[token.start : token.end]
            yield token.start, token.end, other.capitalize() if raw[0].isupper() else other


def _sided(words: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    for place, token in enumerate(words):
        if token.word in {"left", "right"}:
            for near in words[place + 1 : place + 4]:
                if near.stem in lexicon.body_stems():
                    yield token, near.stem
                    break


def _has_side(side: str, part: str, source: Prepared) -> bool:
    """Tell whether the source speaks of that side anywhere near that part of the body, or of both."""
    for segment in source.segments:
        said = {token.word for token in segment.words}
        if said & {side, "both", "bilateral", "bilaterally"} and (part in segment.stems or len(segment.words) < 8):
            return True
    return False


def _reworded(draft: str, source: Prepared, ways: tuple[tuple[re.Pattern[str], str], ...], *, denies: bool) -> _Edits:
    """Yield rewordings of sentences that the source bears out and that then deny something more, or less."""
    for span in cut(draft):
        text = draft[span.start : span.end]
        for pattern, new in ways:
            for match in pattern.finditer(text):
                changed = text[: match.start()] + new + text[match.end() :]
                more = _denied_behind(changed, match.start()) - _denied_behind(text, match.start())
                less = _denied_behind(text, match.start()) - _denied_behind(changed, match.start())
                if (more and not less if denies else less and not more) and _borne_out(text, source):
                    yield span.start + match.start(), span.start + match.end(), new


def _denied_behind(text: str, start: int) -> set[str]:
    words = tokens(text)
    return {words[place].stem for place in denied(words) if words[place].start >= start and is_content(words[place])}


def _borne_out(text: str, source: Prepared) -> bool:
    """Tell whether the source speaks of half of a sentence; what it never speaks of is no error against it."""
    content = [token for token in tokens(text) if is_content(token)]
    return sum(bool(source.match(token.stem)) for token in content) >= 0.5 * max(1, len(content))


def _negation_added(draft: str, source: Prepared) -> _Edits:
    yield from _reworded(draft, source, _ADDING, denies=True)


def _negation_dropped(draft: str, source: Prepared) -> _Edits:
    yield from _reworded(draft, source, _DROPPING, denies=False)


def _drug_swap(draft: str, source: Prepared) -> _Edits:
    spoken = {lexicon.generic(word) for word in source.words}
    others = sorted({name for name in lexicon.drug_names().values() if " " not in name and name not in spoken})
    for token in tokens(draft):
        if lexicon.generic(token.word) in spoken - {None}:
            raw = draft[token.start : token.end]
            for other in others[:: max(1, len(others) // 8)]:
                yield token.start, token.end, other.capitalize() if raw[0].isupper() else other


def _invented_follow_up(draft: str, source: Prepared) -> _Edits:
    end = len(draft.rstrip())
    gap = " " if draft[:end].endswith((".", "!", "?")) else ". "
    for sentence in _FOLLOW_UPS:
        if _fresh(sentence, source) or not quantities(sentence, source.language):
            yield end, end, gap + sentence


_WAYS: dict[Kind, Callable[[str, Prepared], _Edits]] = {
    Kind.NUMBER: _number,
    Kind.UNIT: _unit,
    Kind.DOSE: _dose,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.NAME: _name,
    Kind.LATERALITY: _laterality,
    Kind.NEGATION_ADDED: _negation_added,
    Kind.NEGATION_DROPPED: _negation_dropped,
    Kind.DRUG_SWAP: _drug_swap,
    Kind.INVENTED_FOLLOW_UP: _invented_follow_up,
}
