"""Numbers, amounts, doses, units, dates, times and telephone numbers that the source lacks or has differently."""

import re
from collections.abc import Iterator

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import Context, Finding
from reviewer.evidence.facts import Place, Support
from reviewer.evidence.normalise import DOSE_DIMENSIONS, Quantity, Sort, quantities, relative_days
from reviewer.evidence.report import Status
from reviewer.evidence.words import comparable, is_content, tokens

_MONTH_NAMES = frozenset("january february april june july august september october november december".split())
_NO_CLAIM = re.compile(r"(?:type|step|figure|table|option|page|item|section)\s*$", re.IGNORECASE)
_SCALE = re.compile(r"\d\s?/\s?$|\bout of $", re.IGNORECASE)
_AGE = re.compile(r"[\w-]+[- ](?:years?|yrs?|y)[- ]?/?(?:old|o\b|of age)|[\d]+ ?y/?o\b", re.IGNORECASE)
_OLDEST = 120
_MOST_HEADS = 6
_NEXT_TO = re.compile(r"[ -]{0,2}|[ -](?:of|more|other|different|full|new|extra)[ -]")
_BESIDE_WORDS = 5
_WORDS_FOR = {Sort.NUMBER: "number", Sort.ORDINAL: "number"}


def numbers(context: Context) -> Iterator[Finding]:
    """Find numbers, amounts, percentages and codes that the source does not have."""
    for quantity, support, _ in context.link.supports:
        if quantity.sort in {Sort.TIME, Sort.DATE, Sort.WEEKDAY, Sort.PHONE} or is_dose(quantity):
            continue
        if support is not Support.ABSENT or _numbers_an_entry(quantity, context.text):
            continue
        what = _WORDS_FOR.get(quantity.sort, quantity.sort.value)
        yield Finding(_weight(quantity, context), _absent(what, quantity, context), quantity.start, quantity.end)


def units(context: Context) -> Iterator[Finding]:
    """Find numbers that the source has with another unit only."""
    for quantity, support, places in context.link.supports:
        if support is Support.OTHERWISE and quantity.sort not in {Sort.TIME, Sort.DATE}:
            near = _nearest(places, context)
            message = f"{context.quote(quantity.start, quantity.end)}: the source says {context.quote_place(near)}"
            weight = Status.LOOK if _age_of_the_chart(quantity, context) else Status.STOP
            yield Finding(weight, message, quantity.start, quantity.end, (near,))


def doses(context: Context) -> Iterator[Finding]:
    """Find doses that the source does not have, or has for another drug."""
    for quantity, support, places in context.link.supports:
        if not is_dose(quantity):
            continue
        if support is Support.ABSENT:
            yield Finding(Status.STOP, _absent("dose", quantity, context), quantity.start, quantity.end)
        elif support is Support.SAME:
            yield from _dose_of_another(quantity, places, context)


def dates(context: Context) -> Iterator[Finding]:
    """Find dates and weekdays that the source does not have."""
    for quantity, support, _ in context.link.supports:
        if quantity.sort in {Sort.DATE, Sort.WEEKDAY} and support is Support.ABSENT:
            what = "date" if quantity.sort is Sort.DATE else "weekday"
            yield Finding(Status.STOP, _absent(what, quantity, context), quantity.start, quantity.end)
    today = context.source.conversation_date
    for named in relative_days(context.text, today, context.source.language):
        if context.source.facts.find_relative(named) is Support.ABSENT:
            message = f"{context.quote(named.start, named.end)} is not the day that the source names"
            yield Finding(Status.STOP, message, named.start, named.end)
    taken = [(q.start, q.end) for q in context.quantities if q.sort is Sort.DATE]
    for token in context.words:
        if token.word not in _MONTH_NAMES or any(a <= token.start < b for a, b in taken):
            continue
        said = context.source.words
        if not any(word == token.word or (word[:3] == token.word[:3] and len(word) <= 4) for word in said):
            unsure = not any(month in said for month in _MONTH_NAMES)
            message = f"the month {context.quote(token.start, token.end)} is not in the source"
            yield Finding(Status.LOOK if unsure else Status.STOP, message, token.start, token.end)


def times(context: Context) -> Iterator[Finding]:
    """Find times of day that the source does not have, or has in the other half of the day."""
    for quantity, support, places in context.link.supports:
        if quantity.sort is not Sort.TIME:
            continue
        if support is Support.ABSENT:
            yield Finding(Status.STOP, _absent("time", quantity, context), quantity.start, quantity.end)
        elif support is Support.OTHERWISE:
            near = _nearest(places, context)
            message = f"{context.quote(quantity.start, quantity.end)}: the source says {context.quote_place(near)}"
            yield Finding(Status.STOP, message, quantity.start, quantity.end, (near,))


def phones(context: Context) -> Iterator[Finding]:
    """Find telephone numbers that the source does not have."""
    for quantity, support, _ in context.link.supports:
        if quantity.sort is Sort.PHONE and support is Support.ABSENT:
            yield Finding(Status.STOP, _absent("phone number", quantity, context), quantity.start, quantity.end)


def bindings(context: Context) -> Iterator[Finding]:
    """Find numbers that the source has, but not where it speaks of what the sentence says beside them."""
    for quantity, support, places in context.link.supports:
        if support is not Support.SAME or quantity.sort in {Sort.CODE, Sort.PHONE, Sort.WEEKDAY} or is_dose(quantity):
            continue
        if not places or (quantity.spelled and quantity.unit is None) or _in_a_ratio(quantity, context.text):
            continue
        head = _head(quantity, context)
        if head is None:
            continue
        if len(context.source.places_of(head)) > _MOST_HEADS:
            continue  # what is spoken of all over has many numbers
        mine = {s for place in places if (s := context.source.segment_at(place)) is not None}
        if any(context.source.segments[each].stems & _beside(quantity, context) for each in mine):
            continue  # there it is said of something else that the sentence says of it, too
        theirs = {s for stem in context.source.match(head) for s in context.source.places_of(stem)}
        if not theirs or any(abs(a - b) <= 1 for a in mine for b in theirs):
            continue
        other = _other_of_its_kind(quantity, theirs, context)
        if other is not None:
            said = context.quote_place(other)
            message = f"{context.quote(quantity.start, quantity.end)}: beside that the source says {said}"
            yield Finding(Status.STOP, message, quantity.start, quantity.end, (other,))


def _in_a_ratio(quantity: Quantity, text: str) -> bool:
    """Tell whether a number is half of "172/98", or of "4-1/2"."""
    return text[quantity.end : quantity.end + 1] == "/" or text[max(0, quantity.start - 1) : quantity.start] == "/"


def _numbers_an_entry(quantity: Quantity, text: str) -> bool:
    return not text[: quantity.start].strip(" (#") and text[quantity.end : quantity.end + 1] in {")", "."}


def is_dose(quantity: Quantity) -> bool:
    """Tell whether a quantity is one of a medicine."""
    return quantity.unit is not None and quantity.unit.dimension in DOSE_DIMENSIONS


def _absent(what: str, quantity: Quantity, context: Context) -> str:
    return f"the {what} {context.quote(quantity.start, quantity.end)} is not in the source"


def _weight(quantity: Quantity, context: Context) -> Status:
    """Return how much an absent number weighs: small ones in words are often a way of speaking."""
    if quantity.unit is None and quantity.sort in {Sort.NUMBER, Sort.ORDINAL}:
        small = all(isinstance(r, float) and r <= 3 for r in quantity.readings)
        if quantity.readings == {0.0} or _SCALE.search(context.text[: quantity.start]):
            return Status.LOOK
        if small and (quantity.spelled or quantity.sort is Sort.ORDINAL):
            return Status.LOOK
        if _NO_CLAIM.search(context.text[: quantity.start]):
            return Status.LOOK
    if quantity.sort is Sort.CODE and sum(c.isdigit() for c in context.text[quantity.start : quantity.end]) < 3:
        return Status.LOOK  # "SpO2", "T4", "L5": the name of a measure or a place rather than a number
    return Status.LOOK if _age_of_the_chart(quantity, context) else Status.STOP


def _age_of_the_chart(quantity: Quantity, context: Context) -> bool:
    """Tell whether a quantity is an age that the source has no other for, or that follows from a day of birth."""
    source = context.source
    if not _AGE.match(context.text, quantity.start) or any(
        isinstance(r, float) and r > _OLDEST for r in quantity.readings
    ):
        return False
    return not source.speaks_of_age or source.only_birth_tells_age


def _nearest(places: tuple[Place, ...], context: Context) -> Place:
    """Return the place nearest to the sentence's best passage."""
    if not context.link.segments:
        return places[0]
    turn = context.source.segments[context.link.segments[0]].turn
    return min(places, key=lambda place: abs(place.turn - turn))


def _head(quantity: Quantity, context: Context) -> str | None:
    """Return the stem of the content word that a number speaks of: the next one, or else the one before."""
    behind = [t for t in context.words if t.start >= quantity.end and is_content(t)]
    before = [t for t in context.words if t.end <= quantity.start and is_content(t)]
    for token in behind[:1] + before[-1:]:
        gap = (
            context.text[quantity.end : token.start]
            if token.start >= quantity.end
            else context.text[token.end : quantity.start]
        )
        if _NEXT_TO.fullmatch(gap) and context.source.match(token.stem):
            return token.stem
    return None


def _beside(quantity: Quantity, context: Context) -> frozenset[str]:
    """Return the stems of the source that may stand for the content words around a number."""
    before = [t for t in context.words if t.end <= quantity.start][-_BESIDE_WORDS:]
    behind = [t for t in context.words if t.start >= quantity.end][:_BESIDE_WORDS]
    near = (t for t in (*before, *behind) if is_content(t))
    return frozenset(stem for token in near for stem in context.source.match(token.stem))


def _other_of_its_kind(quantity: Quantity, segments: set[int], context: Context) -> Place | None:
    for seen in context.source.facts.all:
        same_unit = (seen.quantity.unit is None) == (quantity.unit is None) and (
            quantity.unit is None
            or (seen.quantity.unit is not None and seen.quantity.unit.dimension == quantity.unit.dimension)
        )
        if seen.quantity.sort is quantity.sort and same_unit:
            segment = context.source.segment_at(seen.place)
            if segment in segments and not seen.quantity.readings & quantity.readings:
                return seen.place
    return None


def _dose_of_another(quantity: Quantity, places: tuple[Place, ...], context: Context) -> Iterator[Finding]:
    """Find a dose that the source has, though never near the drug that the sentence gives it to."""
    drug = _drug_of(quantity, context)
    if drug is None:
        return
    mentions = [
        place
        for place, turn in enumerate(context.source.turns)
        if any(lexicon.generic(token.word) == drug for token in tokens(turn.text))
    ]
    if not mentions or any(abs(place.turn - mention) <= 2 for place in places for mention in mentions):
        return
    for mention in mentions:
        for other in quantities(context.source.turns[mention].text, context.source.language):
            if is_dose(other) and other.unit == quantity.unit:
                place = Place(mention, other.start, other.end)
                message = (
                    f"{context.quote(quantity.start, quantity.end)} of {drug}: "
                    f"beside {drug} the source says {context.quote_place(place)}"
                )
                yield Finding(Status.LOOK, message, quantity.start, quantity.end, (place,))
                return


def _drug_of(quantity: Quantity, context: Context) -> str | None:
    """Return the generic name of the drug nearest to a dose."""
    known = [(t, name) for t in context.words if (name := lexicon.generic(comparable(t.word)))]
    if not known:
        return None
    return min(known, key=lambda entry: abs(entry[0].start - quantity.start))[1]
