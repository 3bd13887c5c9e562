"""The quantities of a source, and whether it has one that a draft states: as it stands, otherwise, or not at all."""

import itertools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import Enum
from typing import NamedTuple

from reviewer.domain.items import Turn
from reviewer.evidence.normalise import (
    DOSE_DIMENSIONS,
    Day,
    Quantity,
    RelativeDay,
    Sort,
    Unit,
    month_of,
    quantities,
    relative_days,
)
from reviewer.evidence.numbers import digitised
from reviewer.evidence.words import comparable

# Numbers that are part of a date or of a time of day, and those that a word implies: no measure of anything.
_DATED, _CLOCKED, _WORDED = Unit("date", "date", 1), Unit("clock", "clock", 1), Unit("word", "word", 1)
_IMPLIED = {
    "couple": 2, "both": 2, "twice": 2, "double": 2, "pair": 2, "bid": 2, "second": 2, "dozen": 12, "once": 1,
    "single": 1, "daily": 1, "tid": 3, "qid": 4, "triple": 3, "weekly": 1, "monthly": 1, "thrice": 3, "annual": 1,
    "half": 0.5, "quarter": 0.25, "fortnight": 2, "another": 1, "a": 1, "an": 1, "one": 1, "nightly": 1,
    "biweekly": 2,
}  # fmt: skip
_A_UNIT = re.compile(
    r"\b(?:an?|per|every|each|last|next|this|the|one|past|few|several|couple of) (hour|day|week|month|year|minute)s?\b"
)
_SECONDS = {"hour": 3600, "day": 86400, "week": 604800, "month": 2629800, "year": 31557600, "minute": 60}
_CONFLICTING = frozenset({"mass", "volume", "time", "money", "percent", "length", "pills", "units", "puffs", "drops"})
_MOST_PLACES = 200  # of one number, so that a source of a thousand like lines costs no more than it tells
_SHORT_YEAR = re.compile(r"(?:'|\bin |\bof |\b(?=0))(\d\d)\b(?![.,:]\d|\s?%)")
_WORD = re.compile(r"[a-z']+")


_COINS = re.compile(r"\s*(?:cents?|pence|p|para)\b")
_LEAST_SPELLED, _MOST_SPELLED = 3, 24


class Support(Enum):
    """How a source stands to a quantity."""

    SAME = "same"
    OTHERWISE = "otherwise"  # the number is there, with another unit or half of the day
    ABSENT = "absent"
    UNKNOWN = "unknown"  # it cannot be told, as for "tomorrow" without the conversation's date


class Place(NamedTuple):
    """A range of one turn's text."""

    turn: int
    start: int
    end: int


class _Seen(NamedTuple):
    quantity: Quantity
    place: Place


class Facts:
    """Every quantity of a source, ready to be asked for."""

    def __init__(self, turns: Sequence[Turn], language: str, today: date | None) -> None:
        self._language = language
        self._today = today
        self._by_value: defaultdict[float, list[tuple[Unit | None, Place]]] = defaultdict(list)
        self._bases: defaultdict[str, list[tuple[float, Place]]] = defaultdict(list)
        self.all: list[_Seen] = []
        self._times: list[tuple[int, int, Place]] = []
        self._days: list[tuple[Day, Place]] = []
        self._weekdays: list[tuple[int, Place]] = []
        self.relative: list[tuple[RelativeDay, int]] = []
        self._texts: list[str] = []
        self._digits: list[str] = []
        for number, turn in enumerate(turns):
            self._read(number, turn.text)
        for entries in self._bases.values():
            entries.sort(key=lambda entry: entry[0])
        self._run = " ".join(self._digits)

    def find(self, quantity: Quantity) -> tuple[Support, tuple[Place, ...]]:
        """Tell whether the source has `quantity`, and where."""
        if quantity.sort is Sort.TIME:
            return self._find_time(quantity)
        if quantity.sort is Sort.DATE:
            return self._find_date(quantity)
        if quantity.sort is Sort.WEEKDAY:
            return self._find_weekday(quantity)
        if quantity.sort is Sort.PHONE:
            return self._find_phone(quantity)
        if quantity.sort is Sort.CODE:
            return self._find_code(quantity)
        return self._find_number(quantity)

    def find_relative(self, named: RelativeDay) -> Support:
        """Tell whether the source has the day that `named` names."""
        if any(o.words == named.words or (o.offset is not None and o.offset == named.offset) for o, _ in self.relative):
            return Support.SAME
        if named.offset == 0:
            return Support.UNKNOWN  # the day on which it was written
        if any(letter.isdigit() for letter in named.words):
            return Support.UNKNOWN  # "in 3 weeks": the number has its own check
        if named.days:
            mine = {Day(d.year, d.month, d.day) for d in named.days}
            if any(_same_day(day, other) for day in mine for other, _ in self._all_days()):
                return Support.SAME
            weekdays = {d.weekday() for d in named.days}
            if any(number in weekdays for number, _ in self._weekdays):
                return Support.SAME
            if self._days or self.relative or self._weekdays:
                return Support.ABSENT
        if self._days or self._weekdays:
            return Support.UNKNOWN
        return Support.ABSENT if self.relative else Support.UNKNOWN

    def values_near(self, places: Iterable[Place]) -> frozenset[float]:
        """Return the numbers that stand in `places`."""
        wanted = list(places)
        return frozenset(
            reading
            for seen in self.all
            for reading in seen.quantity.readings
            if isinstance(reading, float) and any(_within(seen.place, place) for place in wanted)
        )

    def _read(self, number: int, text: str) -> None:
        digits = digitised(text, self._language)
        self._texts.append(re.sub(r"[^a-z0-9]+", "", digits.text))
        self._digits.append(re.sub(r"\D+", "", digits.text))
        found = quantities(text, self._language)
        dated = any(q.sort is Sort.DATE for q in found)
        for quantity in found:
            place = Place(number, quantity.start, quantity.end)
            self.all.append(_Seen(quantity, place))
            self._enter(quantity, place, dated=dated)
        for one, other in itertools.pairwise(found):
            self._combine(one, other, text, number)
        self._spell_out(found, text, number)
        for match in _WORD.finditer(digits.text):
            month = month_of(match.group()) if len(match.group()) > 2 else None
            if month is not None and not any(
                isinstance(r, Day) and r.month == month for q in found for r in q.readings
            ):
                self._days.append((Day(0, month, 0), Place(number, *digits.span(match.start(), match.end()))))
            value = _IMPLIED.get(match.group())
            if value is not None:
                place = Place(number, *digits.span(match.start(), match.end()))
                self._by_value[float(value)].append((_WORDED, place))
        for match in _SHORT_YEAR.finditer(digits.text):
            for century in (1900, 2000):
                place = Place(number, *digits.span(match.start(), match.end()))
                self._by_value[float(century + int(match[1]))].append((None, place))
        for match in _A_UNIT.finditer(digits.text):
            self._bases["time"].append((_SECONDS[match[1]], Place(number, *digits.span(match.start(), match.end()))))
        self.relative += [(day, number) for day in relative_days(text, self._today, self._language)]

    def _enter(self, quantity: Quantity, place: Place, *, dated: bool) -> None:
        for reading in quantity.readings:
            if isinstance(reading, Day):
                self._days.append((reading, place))
                for part in reading:
                    self._by_value[float(part)].append((_DATED, place))
            elif isinstance(reading, tuple):
                minute, half = reading
                self._times.append((minute, half, place))
                hour = minute // 60
                for value in (hour, hour + 12, minute % 60):
                    self._by_value[float(value)].append((_CLOCKED, place))
            elif isinstance(reading, str):
                if quantity.sort is Sort.CODE and len(reading) <= 10:
                    for part in re.findall(r"\d+", reading):
                        self._by_value[float(part)].append((None, place))
                elif quantity.sort is Sort.PHONE:
                    self._by_value[float(reading)].append((None, place))
            elif quantity.sort is Sort.WEEKDAY:
                self._weekdays.append((int(reading), place))
            else:
                self._by_value[round(reading, 6)].append((quantity.unit, place))
                if quantity.unit is not None:
                    self._bases[quantity.unit.dimension].append((reading * quantity.unit.factor, place))
                may_be_day = quantity.sort is Sort.ORDINAL or (quantity.unit is None and dated)
                if may_be_day and 1 <= reading <= 31 and reading == int(reading):
                    self._days.append((Day(0, 0, int(reading)), place))

    def _combine(self, one: Quantity, other: Quantity, text: str, number: int) -> None:
        """Enter what two neighbouring numbers may say together: "one twenty", "four pounds fifty"."""
        gap = text[one.end : other.start]
        between = comparable(gap).strip(" ,-.")  # a recogniser writes "ninety eight . one"
        if one.sort not in {Sort.NUMBER, Sort.MONEY} or len(gap) > 5 or between not in {"", "and", "i"}:
            return
        place = Place(number, one.start, other.end)
        for a, b in itertools.product(one.readings, other.readings):
            if not (isinstance(a, float) and isinstance(b, float)) or a != int(a) or b != int(b) or b >= 100:
                continue
            for value in _together(a, b, between, paid=_is_money(one.unit), coins=_COINS.match(text, other.end)):
                self._by_value[round(value, 6)].append((other.unit, place))
            if one.unit is None and between != "and" and 1 <= a <= 24 and b < 60:
                known = 1 if 12 < a < 24 else -1
                self._times.append((int(a) % 12 * 60 + int(b), known, place))

    def _spell_out(self, found: Sequence[Quantity], text: str, number: int) -> None:
        """Enter the numbers that are said digit by digit: "seven one three four six"."""
        run: list[Quantity] = []
        for quantity in found:
            if run and (not _is_short(quantity) or text[run[-1].end : quantity.start].strip(" ,-")):
                self._enter_run(run, number)
                run = []
            if _is_short(quantity):
                run.append(quantity)
        self._enter_run(run, number)

    def _enter_run(self, run: Sequence[Quantity], number: int) -> None:
        digits = "".join(str(int(r)) for each in run for r in each.readings if isinstance(r, float))
        if len(run) < _LEAST_SPELLED or len(digits) > _MOST_SPELLED:
            return
        place = Place(number, run[0].start, run[-1].end)
        for start in range(len(digits) - _LEAST_SPELLED + 1):
            self._by_value[float(digits[start:])].append((None, place))

    def _find_number(self, quantity: Quantity) -> tuple[Support, tuple[Place, ...]]:
        same: list[Place] = []
        conflict: list[Place] = []
        for reading in quantity.readings:
            if not isinstance(reading, float):
                continue
            for unit, place in self._by_value.get(round(reading, 6), [])[:_MOST_PLACES]:
                (conflict if _conflict(quantity.unit, unit) else same).append(place)
            if quantity.unit is not None and not same:
                same += self._same_base(quantity.unit, reading)
        if same:
            return Support.SAME, tuple(same)
        if conflict:
            return Support.OTHERWISE, tuple(conflict)
        return Support.ABSENT, ()

    def _same_base(self, unit: Unit, value: float) -> list[Place]:
        base = value * unit.factor
        slack = 0.035 if unit.dimension == "time" else 0.001
        entries = self._bases.get(unit.dimension, [])
        at = bisect_left(entries, base * (1 - slack), key=lambda entry: entry[0])
        found: list[Place] = []
        while at < len(entries) and entries[at][0] <= base * (1 + slack) and len(found) < _MOST_PLACES:
            found.append(entries[at][1])
            at += 1
        return found

    def _find_time(self, quantity: Quantity) -> tuple[Support, tuple[Place, ...]]:
        otherwise: list[Place] = []
        same: list[Place] = []
        for reading in quantity.readings:
            if not isinstance(reading, tuple) or isinstance(reading, Day):
                continue
            minute, half = reading
            for other, other_half, place in self._times:
                if other == minute:
                    (same if half == other_half or -1 in (half, other_half) else otherwise).append(place)
            if minute % 60 == 0 and not same and not otherwise:
                hour = minute // 60
                for value in (hour or 12, hour + 12):
                    same += [
                        p
                        for unit, p in self._by_value.get(float(value), ())
                        if unit in (None, _CLOCKED) or unit.sign == "h"
                    ]
        if same:
            return Support.SAME, tuple(same)
        return (Support.OTHERWISE, tuple(otherwise)) if otherwise else (Support.ABSENT, ())

    def _all_days(self) -> list[tuple[Day, Place]]:
        found = list(self._days)
        for named, turn in self.relative:
            found += [(Day(d.year, d.month, d.day), Place(turn, named.start, named.end)) for d in named.days]
        if self._today is not None:
            for number, place in self._weekdays:
                ahead = (number - self._today.weekday()) % 7
                for days in (ahead - 7, ahead, ahead + 7):
                    day = self._today + timedelta(days=days)
                    found.append((Day(day.year, day.month, day.day), place))
        return found

    def _find_date(self, quantity: Quantity) -> tuple[Support, tuple[Place, ...]]:
        same = []
        mine = [reading for reading in quantity.readings if isinstance(reading, Day)]
        for reading in mine:
            same += [place for other, place in self._all_days() if _same_day(reading, other)]
        if same:
            return Support.SAME, tuple(same)
        for reading in mine:
            parts = [float(part) for part in reading if part]
            if reading.year and all(part in self._by_value for part in parts):
                return Support.SAME, (self._by_value[parts[-1]][0][1],)
        if self._today is None and (self.relative or self._weekdays) and not self._days:
            return Support.UNKNOWN, ()
        return Support.ABSENT, ()

    def _find_weekday(self, quantity: Quantity) -> tuple[Support, tuple[Place, ...]]:
        wanted = {int(r) for r in quantity.readings if isinstance(r, float)}
        same = [place for number, place in self._weekdays if number in wanted]
        if same:
            return Support.SAME, tuple(same)
        year = self._today.year if self._today is not None else 0
        for day, place in self._all_days():
            whole = day if day.year else day._replace(year=year)
            if all(whole) and _weekday(whole) in wanted:
                same.append(place)
        if same:
            return Support.SAME, tuple(same)
        unsure = self._today is None and (self.relative or self._days) and not self._weekdays
        return (Support.UNKNOWN if unsure else Support.ABSENT), ()

    def _find_phone(self, quantity: Quantity) -> tuple[Support, tuple[Place, ...]]:
        for digits in (reading for reading in quantity.readings if isinstance(reading, str)):
            for tail in (digits, digits.lstrip("0"), digits[-9:] if len(digits) > 9 else digits):
                places = [Place(n, 0, 0) for n, run in enumerate(self._digits) if tail in run]
                if places:
                    exact = [
                        s.place for s in self.all if s.quantity.sort is Sort.PHONE and _ends_alike(s.quantity, tail)
                    ]
                    return Support.SAME, tuple(exact or places)
            if digits in self._run.replace(" ", ""):
                return Support.SAME, ()
        return Support.ABSENT, ()

    def _find_code(self, quantity: Quantity) -> tuple[Support, tuple[Place, ...]]:
        for code in (reading for reading in quantity.readings if isinstance(reading, str)):
            exact = [s.place for s in self.all if s.quantity.sort is Sort.CODE and code in s.quantity.readings]
            if exact:
                return Support.SAME, tuple(exact)
            places = [Place(n, 0, 0) for n, text in enumerate(self._texts) if code in text]
            if places:
                return Support.SAME, tuple(places)
            numbers = [float(part) for part in re.findall(r"\d+", code) if len(part) < 30]
            if numbers and all(number in self._by_value for number in numbers):
                return Support.UNKNOWN, (self._by_value[numbers[0]][0][1],)
        return Support.ABSENT, ()


def _together(a: float, b: float, between: str, *, paid: bool, coins: object) -> list[float]:
    """Return what two whole numbers may mean one after the other, with "and" or its Serbian counterpart or nothing."""
    hundredths = a + b / 100
    if paid or (between == "and" and coins):
        return [hundredths] if b >= 10 or coins else []
    if between == "and":
        return []
    tenths = a + b / 10 if b < 10 else a + b
    return [tenths] if between else [a * 100 + b, hundredths, a * 10 + b if b < 10 else a + b, tenths]


def _is_money(unit: Unit | None) -> bool:
    return unit is not None and (unit.dimension == "money" or unit.sign == "lb")  # "four pounds fifty"


def _is_short(quantity: Quantity) -> bool:
    """Tell whether a number may be one digit, or two, of those that are said one after the other."""
    return (
        quantity.sort is Sort.NUMBER
        and quantity.unit is None
        and len(quantity.readings) == 1
        and all(isinstance(r, float) and r == int(r) and 0 <= r < 100 for r in quantity.readings)
    )


def _conflict(mine: Unit | None, other: Unit | None) -> bool:
    """Tell whether two units of one number cannot mean the same."""
    if mine is None or other is None or mine.sign == other.sign or other is _WORDED:
        return False
    if other in (_DATED, _CLOCKED):
        return mine.dimension in _CONFLICTING and mine.dimension != "money"
    if mine.dimension == other.dimension:
        return mine.dimension != "times"
    if mine.dimension in DOSE_DIMENSIONS and other.dimension in DOSE_DIMENSIONS:
        return "pills" not in (mine.dimension, other.dimension)
    return mine.dimension in _CONFLICTING and other.dimension in _CONFLICTING


def _same_day(one: Day, other: Day) -> bool:
    if one.day and other.day and one.day != other.day:
        return False
    if (one.day == 0 or other.day == 0) and not (one.month and one.month == other.month):
        return False
    return all(a == b or not a or not b for a, b in zip(one[:2], other[:2], strict=True))


def _weekday(day: Day) -> int:
    try:
        return date(*day).weekday()
    except ValueError:
        return -1


def _within(inner: Place, outer: Place) -> bool:
    return inner.turn == outer.turn and inner.start >= outer.start and inner.end <= outer.end


def _ends_alike(quantity: Quantity, tail: str) -> bool:
    return any(isinstance(r, str) and (r.endswith(tail) or tail.endswith(r)) for r in quantity.readings)
