"""Quantities of a text in a form that can be compared: numbers with units, amounts, times, dates, telephone numbers.

Each has every reading it may have ("03/04" is a day in March and one in April; "7:30" may be morning or evening), and
two agree when any of their readings do. Dates without a year, or relative to the conversation, agree with all that
they may mean.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from reviewer.evidence.numbers import Digitised, digitised
from reviewer.evidence.words import comparable


class Sort(StrEnum):
    """What a quantity measures or names."""

    NUMBER = "number"
    ORDINAL = "ordinal"
    MONEY = "amount"
    PERCENT = "percentage"
    TIME = "time"
    DATE = "date"
    WEEKDAY = "weekday"
    PHONE = "phone number"
    CODE = "code"


class Unit(NamedTuple):
    """A unit: its usual sign, what it measures, and how many of the base unit it is."""

    sign: str
    dimension: str
    factor: float


class Day(NamedTuple):
    """A date as far as it is known; 0 stands for what is not said."""

    year: int
    month: int
    day: int


Reading = float | Day | str | tuple[int, int]


class Quantity(NamedTuple):
    """A quantity at [start, end) of its text; times are (minute of the half day, half of the day or -1)."""

    sort: Sort
    readings: frozenset[Reading]
    unit: Unit | None
    start: int
    end: int
    spelled: bool


def _units() -> dict[str, Unit]:
    table = {
        "mass": "mcg:1:mcg,ug,µg,μg,microgram,micrograms,mikrogram,mikrograma;mg:1e3:mg,mgs,milligram,milligrams,"
        "miligram,miligrama;g:1e6:g,gram,grams,gm,gms,gr,grama;kg:1e9:kg,kgs,kilo,kilos,kilogram,kilograms,kila,"
        "kilograma;lb:4.536e8:lb,lbs,pound,pounds;oz:2.835e7:oz,ounce,ounces",
        "volume": "ml:1:ml,mls,cc,ccs,milliliter,milliliters,millilitre,mililitar,mililitara;dl:100:dl;"
        "l:1000:liter,liters,litre,litres,litar,litra",
        "length": "mm:1:mm,millimeter,millimeters;cm:10:cm,centimeter,centimeters,centimetar;m:1000:meter,meters,metre;"
        "km:1e6:km,kilometer,kilometers;in:25.4:inch,inches;ft:304.8:ft,foot,feet;yd:914.4:yd,yard,yards;"
        "mi:1.609e6:mile,miles",
        "time": "s:1:sec,secs,second,seconds,sekundi,sekunde;min:60:min,mins,minute,minutes,minut,minuta;"
        "h:3600:h,hr,hrs,hour,hours,sat,sata,sati,cas,casa,casova;day:86400:day,days,dan,dana;"
        "week:604800:wk,wks,week,weeks,nedelja,nedelje,nedelju;month:2629800:mo,mos,month,months,mesec,meseca,meseci;"
        "year:31557600:yr,yrs,year,years,y,yo,yo's,godina,godine,godinu,decade",
        "temperature": "°:1:°,°c,°f,degree,degrees,stepeni,stepena,c,f,fahrenheit,celsius",
        "pills": "tablet:1:tab,tabs,tablet,tablets,pill,pills,capsule,capsules,cap,caps,"
        "tableta,tablete,tabletu,kapsula",
        "puffs": "puff:1:puff,puffs,spray,sprays,udah,udaha",
        "drops": "drop:1:drop,drops,gtt,gtts,kap,kapi",
        "units": "unit:1:unit,units,iu,jedinica,jedinice",
        "pressure": "mmhg:1:mmhg,mm hg",
        "rate": "bpm:1:bpm",
        "concentration": "mmol:1:mmol,mmol/l,mol;mg/dl:1:mg/dl;meq:1:meq",
        "times": "x:1:times,x,puta,put",
        "pack": "pack:1:pack,packs,ppd",
    }
    units = {}
    for dimension, listing in table.items():
        for entry in listing.split(";"):
            sign, factor, names = entry.split(":")
            for name in names.split(","):
                units[name] = Unit(sign, dimension, float(factor))
    return units


UNITS = _units()
_ENGLISH_UNITS = frozenset({"y", "in", "g", "m", "c", "f"})
DOSE_DIMENSIONS = frozenset({"mass", "volume", "units", "pills", "puffs", "drops"})
_PERCENT = Unit("%", "percent", 1)
_MONEY = {"$": "$", "€": "€", "£": "£", "dollar": "$", "dollars": "$", "bucks": "$", "usd": "$", "euro": "€",
          "euros": "€", "eur": "€", "evra": "€", "gbp": "£", "quid": "£", "din": "din", "dinar": "din",
          "dinara": "din", "rsd": "din", "cent": "cent", "cents": "cent"}  # fmt: skip
_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    "january jan januar januara januaru|february feb februar februara|march mar mart marta martu|"
    "april apr aprila aprilu|"
    "may maj maja maju|june jun juna junu|july jul jula julu|august aug avgust avgusta avgustu|"
    "september sep sept septembar septembra|october oct oktobar oktobra|november nov novembar novembra|"
    "december dec decembar decembra".split("|"),
    start=1,
):
    for _name in _names.split():
        _MONTHS[_name] = _number
_WEEKDAYS = {}
for _number, _names in enumerate(
    "monday mon mondays ponedeljak ponedeljka|tuesday tue tues tuesdays utorak utorka|"
    "wednesday wed wednesdays sreda sredu srede|thursday thu thur thurs thursdays cetvrtak cetvrtka|"
    "friday fri fridays petak petka|saturday saturdays subota subotu subote|sunday sundays nedelja nedelju".split("|")
):
    for _name in _names.split():
        _WEEKDAYS[_name] = _number
_RELATIVE = {
    "today": 0, "tonight": 0, "this morning": 0, "this afternoon": 0, "this evening": 0, "last night": -1,
    "last evening": -1, "the other day": -2,
    "tomorrow": 1, "yesterday": -1, "danas": 0, "sutra": 1, "juce": -1, "veceras": 0,
    "day after tomorrow": 2, "day before yesterday": -2, "prekosutra": 2, "prekjuce": -2,
}  # fmt: skip

_YEAR = r"(?:19|20)\d\d|(?:19|20) \d\d|0\d(?!\d)"
_NUM = r"\d+(?:[.,]\d+)*"
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAYS = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
_UNIT = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
_CASH = "|".join(name for name in sorted(_MONEY, key=len, reverse=True) if name.isalpha())
_HALF = r"\s*(?P<half{0}>[ap]\.?\s?m\b\.?|in the (?:morning|afternoon|evening)|at night|ujutru|ujutro|popodne|uvece)"
_HALVED = "year|month|week|hour|day|minute|mile|kilo|kilogram|pound|litre|liter|inch|tablet|pill"
_PLAIN = (
    rf"(?P<percent>\b(?P<pv>{_NUM})\s?(?:%|percent\b|per cent\b|posto\b|procenata\b))",
    rf"(?P<measure>(?<![\w])(?P<qv>{_NUM})(?:\s?[-–]\s?|\s?)(?P<qu>{_UNIT})(?!\w))",
    r"(?P<ordinal>\b(?P<ov>\d+)(?:st|nd|rd|th)\b)",
)
_SIMPLE = re.compile("|".join((*_PLAIN, rf"(?P<number>(?<!\w){_NUM}(?!\d))")))
_PATTERN = re.compile(
    "|".join(
        (
            r"(?P<iso>\b(?P<iy>(?:19|20)\d\d)-(?P<im>\d{1,2})-(?P<id>\d{1,2})\b)",
            (
                r"(?P<numeric>(?<![\d./-])(?P<n1>\d{1,2})(?P<sep>[/.-])\s?(?P<n2>\d{1,2})(?P=sep)\s?"
                r"(?P<n3>\d{4}|\d{2})(?![\d/-])\.?)"
            ),
            r"(?P<slashed>(?<![\d/])(?P<s1>\d{1,2})/(?P<s2>(?:19|20)\d\d|0\d|[89]\d)(?![\d/%]))",
            r"(?P<dotted>(?<![\d.])(?P<o1>\d{1,2})\.\s?(?P<o2>\d{1,2})\.(?!\d))",
            (
                rf"(?P<monthday>\b(?P<mm>{_MONTH})\b\.?\s+(?:the\s+)?(?P<md>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:%])"
                r"(?:\s*,?\s*(?P<my>(?:19|20)\d\d|(?:19|20) \d\d)\b)?)"
            ),
            (
                rf"(?P<daymonth>\b(?P<dd>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<dm>{_MONTH})\b\.?"
                r"(?:\s*,?\s*(?P<dy>(?:19|20)\d\d|(?:19|20) \d\d)\b)?)"
            ),
            rf"(?P<monthyear>\b(?P<ym>{_MONTH})\b\.?\s*(?:of\s+|,\s*)?(?P<yy>{_YEAR})\b)",
            r"(?P<phone>(?<![\w.])\+?\(?\d(?:[\s().\-/]{0,2}\d){6,14}(?![\d:]|\s?%|[.,]\d))",
            (
                r"(?P<clock>\b(?P<ch>\d{1,2})(?:[:h]|\.(?=\d\d\s*(?:[ap]\.?m|h\b)))(?P<cm>[0-5]\d)(?::[0-5]\d)?\b"
                rf"(?:{_HALF.format('1')})?(?:\s*h\b)?)"
            ),
            rf"(?P<hour>\b(?P<hh>\d{{1,2}})(?:\s+(?P<hm>[0-5]?\d))?(?:{_HALF.format('2')}|\s*o['\"]?\s?clock\b))",
            (
                r"(?P<past>\b(?P<pm>half|quarter|a quarter|\d{1,2}(?: minutes?)?|0\.5)\s+"
                rf"(?P<pw>past|after|to|till|before)\s+(?P<ph>\d{{1,2}})\b(?!\s*-?\s*(?:/|%|h(?:ou)?rs?\b|day|week|month|year|min))(?:{_HALF.format('3')})?)"
            ),
            r"(?P<pola>\bpola\s+(?P<lh>\d{1,2})\b)",
            r"(?P<noon>\b(?:noon|midday|midnight|podne|ponoc)\b)",
            rf"(?P<weekday>\b(?:{_DAYS})\b)",
            r"(?P<shortday>\b(?:sat|sun)\b(?=[.,]?\s+(?:the\s+)?\d))",
            rf"(?P<cash>(?P<cs>[$€£])\s?(?P<cv>{_NUM})(?:\s?(?P<ck>k|m|million|thousand|hundred)\b)?)",
            rf"(?P<cashword>\b(?P<wv>{_NUM})\s?(?P<wk>k|m|million|thousand)?\s?(?P<wu>{_CASH}|[$€£])(?!\w))",
            (
                rf"(?P<andhalf>\b(?:(?P<av>a|an|\d+)[ -])?(?P<au>{_HALVED})s?[ -]and[ -]"
                r"(?:a half|a[ -]0\.5|0\.5))"
            ),
            r"(?P<mixed>\b(?P<xw>\d{1,3})[- ](?P<xn>\d)/(?P<xd>\d)\b(?!/))",
            *_PLAIN,
            r"(?P<covid>\bcovid(?:[ -]?19)?\b)",
            rf"(?P<decade>\b(?P<kv>{_NUM})'?s\b)",
            r"(?P<code>\b(?=[a-z0-9-]*[a-z])(?=[a-z-]*\d)[a-z0-9]+(?:-?[a-z0-9]+)*\b)",
            rf"(?P<number>(?<!\w){_NUM}(?:(?='?s\b)|(?!\w)))",
            r"(?P<point>\.\d+\b)",
        )
    )
)
_REACH_MONTHS = re.compile(r"\bof (?:this|the) month\b")


@lru_cache(maxsize=4096)
def quantities(text: str, language: str = "en") -> tuple[Quantity, ...]:
    """Return the quantities of `text`, in order."""
    return tuple(_found(digitised(text, language), language))


def _found(digits: Digitised, language: str) -> Iterator[Quantity]:
    at = 0
    while match := _PATTERN.search(digits.text, at):
        kind = str(match.lastgroup) if match.lastgroup in _READERS else _outer(match)
        if kind == "covid":
            at = match.end()
            continue
        read = _READERS[kind](match, language)
        if read is None:  # it only looked like one: take the number alone
            simple = _SIMPLE.match(digits.text, match.start())
            if simple is None:
                at = match.start() + 1
                continue
            match = simple
            read = _READERS[_outer(match)](match, language)
            if read is None:
                at = match.end()
                continue
        sort, readings, unit = read
        start, end = digits.span(match.start(), match.end())
        spelled = any(match.start() <= s < match.end() for s in digits.spelled)
        yield Quantity(sort, frozenset(readings), unit, start, end, spelled)
        at = match.end()


def _outer(match: re.Match[str]) -> str:
    """Return the name of the alternative that matched."""
    return next(name for name in _READERS if name in match.re.groupindex and match.group(name) is not None)


_Read = tuple[Sort, set[Reading], Unit | None] | None


def values(number: str, language: str = "en") -> set[Reading]:
    """Return what a number in digits may mean: "1.500" is one and a half, and in Serbian also fifteen hundred."""
    if "," in number and "." in number:
        decimal = "," if number.rfind(",") > number.rfind(".") else "."
        other = "." if decimal == "," else ","
        return {_float(number.replace(other, "").replace(decimal, "."))}
    if number.count(",") + number.count(".") > 1:
        return {_float(number.replace(",", "").replace(".", ""))}
    found: set[Reading] = set()
    if "," in number:
        whole, _, rest = number.partition(",")
        if len(rest) != 3 or language == "sr":
            found.add(_float(f"{whole}.{rest}"))
        if len(rest) == 3:
            found.add(_float(whole + rest))
        return found
    found.add(_float(number))
    if "." in number and len(number.partition(".")[2]) == 3 and language == "sr":
        found.add(_float(number.replace(".", "")))
    return found


def _float(text: str) -> float:
    return float(text) if len(text) < 40 else float(text[:40])


def _scaled(number: str, scale: str | None, language: str) -> set[Reading]:
    by = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "hundred": 100}.get(scale or "", 1)
    return {value * by for value in values(number, language) if isinstance(value, float)}


def _year(text: str) -> int:
    text = text.replace(" ", "")
    if len(text) == 4:
        return int(text)
    return int(text) + (1900 if int(text) > 40 else 2000)


def _day(year: int, month: int, day: int) -> set[Reading]:
    return {Day(year, month, day)} if 1 <= month <= 12 and 1 <= day <= 31 else set()


def _iso(m: re.Match[str], _: str) -> _Read:
    days = _day(int(m["iy"]), int(m["im"]), int(m["id"]))
    return (Sort.DATE, days, None) if days else None


def _numeric(m: re.Match[str], language: str) -> _Read:
    one, other, year = int(m["n1"]), int(m["n2"]), _year(m["n3"])
    days = _day(year, other, one)
    if language != "sr" and m["sep"] != ".":
        days |= _day(year, one, other)
    return (Sort.DATE, days, None) if days else None


def _slashed(m: re.Match[str], _: str) -> _Read:
    return (Sort.DATE, {Day(_year(m["s2"]), int(m["s1"]), 0)}, None) if 1 <= int(m["s1"]) <= 12 else None


def _decade(m: re.Match[str], language: str) -> _Read:
    found = values(m["kv"], language)
    return Sort.NUMBER, found | {r % 100 for r in found if isinstance(r, float) and 1900 <= r < 2100}, None


def _mixed(m: re.Match[str], _: str) -> _Read:
    if not int(m["xd"]):
        return None
    return Sort.NUMBER, {round(int(m["xw"]) + int(m["xn"]) / int(m["xd"]), 6)}, None


def _andhalf(m: re.Match[str], _: str) -> _Read:
    whole = 1 if m["av"] in {None, "a", "an"} else int(m["av"][:9])
    return Sort.NUMBER, {whole + 0.5}, UNITS[m["au"]]


def _dotted(m: re.Match[str], language: str) -> _Read:
    days = _day(0, int(m["o2"]), int(m["o1"])) if language == "sr" else set()
    return (Sort.DATE, days, None) if days else None


def _monthday(m: re.Match[str], _: str) -> _Read:
    days = _day(_year(m["my"]) if m["my"] else 0, _MONTHS[m["mm"]], int(m["md"]))
    return (Sort.DATE, days, None) if days else None


def _daymonth(m: re.Match[str], _: str) -> _Read:
    days = _day(_year(m["dy"]) if m["dy"] else 0, _MONTHS[m["dm"]], int(m["dd"]))
    return (Sort.DATE, days, None) if days else None


def _monthyear(m: re.Match[str], _: str) -> _Read:
    return Sort.DATE, {Day(_year(m["yy"]), _MONTHS[m["ym"]], 0)}, None


def _phone(m: re.Match[str], _: str) -> _Read:
    digits = re.sub(r"\D", "", m.group())
    parts = re.findall(r"\d+", m.group())
    if re.search(r"\.\s|(?:^|\s)\d{1,3}\.\d{1,2}(?:\s|$)", m.group()):
        return None  # the end of a sentence, or decimals in a row
    if len(parts) > 1 and not (
        m.group()[0] in "+(0" or re.search(r"\d[-.(/)]", m.group()) or max(map(len, parts)) <= 4
    ):
        return None
    if len(parts) > 1 and all(len(part) <= 2 for part in parts) and not all(len(part) == 1 for part in parts):
        return None
    return Sort.PHONE, {digits}, None


def _time(hour: int, minute: int, half: str | None) -> set[Reading]:
    if hour > 24 or minute > 59:
        return set()
    if half:
        afternoon = half.strip().startswith(("p", "in the a", "in the e", "at", "uv"))
        return {(hour % 12 * 60 + minute, int(afternoon))}
    known = 1 if 12 < hour < 24 else 0 if hour in (0, 24) else -1
    return {(hour % 12 * 60 + minute, known)}


def _clock(m: re.Match[str], _: str) -> _Read:
    times = _time(int(m["ch"]), int(m["cm"]), m["half1"])
    return (Sort.TIME, times, None) if times else None


def _hour(m: re.Match[str], _: str) -> _Read:
    if int(m["hh"]) > 12 and m["half2"] and not m["hm"] and int(m["hh"]) > 24:
        return None
    times = _time(int(m["hh"]), int(m["hm"] or 0), m["half2"])
    return (Sort.TIME, times, None) if times else None


def _past(m: re.Match[str], _: str) -> _Read:
    word = m["pm"]
    exact = word in {"half", "0.5", "quarter", "a quarter"}
    if m["pw"] in {"to", "before", "after", "till"} and not exact and "minute" not in word:
        return None
    minutes = 30 if word in {"half", "0.5"} else 15 if "quarter" in word else int(word.split()[0])
    hour = int(m["ph"])
    if minutes > 59 or not 1 <= hour <= 12:
        return None
    if m["pw"] in {"to", "till", "before"}:
        hour, minutes = (hour - 1) or 12, 60 - minutes
    times = _time(hour, minutes, m["half3"])
    return (Sort.TIME, times, None) if times else None


def _pola(m: re.Match[str], language: str) -> _Read:
    hour = int(m["lh"])
    if language != "sr" or not 1 <= hour <= 24:
        return None
    return Sort.TIME, _time(hour - 1 or 12, 30, None), None


def _noon(m: re.Match[str], _: str) -> _Read:
    return Sort.TIME, {(0, 0 if m.group() in {"midnight", "ponoc"} else 1)}, None


def _weekday(m: re.Match[str], language: str) -> _Read:
    if m.group() in {"nedelju", "nedelja"} and language == "sr":
        return None  # a week as well as a Sunday
    return Sort.WEEKDAY, {float(_WEEKDAYS[m.group()])}, None


def _shortday(m: re.Match[str], _: str) -> _Read:
    return Sort.WEEKDAY, {5.0 if m.group() == "sat" else 6.0}, None


def _cash(m: re.Match[str], language: str) -> _Read:
    return Sort.MONEY, _scaled(m["cv"], m["ck"], language), Unit(m["cs"], "money", 1)


def _cashword(m: re.Match[str], language: str) -> _Read:
    return Sort.MONEY, _scaled(m["wv"], m["wk"], language), Unit(_MONEY.get(m["wu"], "$"), "money", 1)


def _percentage(m: re.Match[str], language: str) -> _Read:
    return Sort.PERCENT, values(m["pv"], language), _PERCENT


def _measure(m: re.Match[str], language: str) -> _Read:
    unit = UNITS[m["qu"]]
    if m["qu"] in _ENGLISH_UNITS and language not in {"en", "sr"}:
        return Sort.NUMBER, values(m["qv"], language), None  # "13 a 17 y de 20": and
    if m["qu"] in {"c", "f", "y", "g", "m"} and m.group()[len(m["qv"]) : len(m["qv"]) + 1] == "-":
        return None
    return Sort.NUMBER, values(m["qv"], language), unit


def _ordinal(m: re.Match[str], _: str) -> _Read:
    return Sort.ORDINAL, {_float(m["ov"])}, None


def _code(m: re.Match[str], _: str) -> _Read:
    word = m.group()
    # "30-day", "p-9", "500mg-ish": words beside a number; let the number speak for itself.
    if re.fullmatch(rf"(?:{_NUM})(?:-[a-z]+)+", word) or re.fullmatch(r"[a-z]+(?:-[a-z]+)*-\d+(?:-[a-z]+)*", word):
        return None
    return Sort.CODE, {word, word.replace("-", "")}, None


def _plain(m: re.Match[str], language: str) -> _Read:
    return Sort.NUMBER, values(m.group(), language), None


def _point(m: re.Match[str], _: str) -> _Read:
    return Sort.NUMBER, {_float("0" + m.group())}, None


_READERS = {
    "covid": lambda *_: None, "slashed": _slashed, "decade": _decade, "andhalf": _andhalf, "mixed": _mixed, "iso": _iso,
    "numeric": _numeric, "dotted": _dotted, "monthday": _monthday, "daymonth": _daymonth,
    "monthyear": _monthyear, "phone": _phone, "clock": _clock, "hour": _hour, "past": _past, "pola": _pola,
    "noon": _noon, "weekday": _weekday, "shortday": _shortday, "cash": _cash, "cashword": _cashword,
    "percent": _percentage, "measure": _measure, "ordinal": _ordinal, "code": _code, "number": _plain, "point": _point,
}  # fmt: skip

_RELATIVE_DAY = re.compile(
    r"\b(?:the )?(day after tomorrow|day before yesterday|"
    + "|".join(sorted(_RELATIVE, key=len, reverse=True))
    + rf")\b|\b(next|last|this|sledeceg|sledece|proslog|prosle)\s+({_DAYS})\b|"
    r"\b(?:in|za)\s+(\d+|a|one)\s+(days?|weeks?|dana?|nedelj[aue])\b|\b(\d+|a|one)\s+(days?|weeks?)\s+(ago|from now)\b"
)


class RelativeDay(NamedTuple):
    """A day named from the conversation's own: `words` as compared, the days it may be if that date is known."""

    words: str
    offset: int | None
    days: frozenset[date]
    start: int
    end: int


def relative_days(text: str, today: date | None, language: str = "en") -> tuple[RelativeDay, ...]:
    """Return the days that `text` names relative to `today`, the conversation's date where it is known."""
    digits = digitised(text, language)
    found = []
    for match in _RELATIVE_DAY.finditer(digits.text):
        words = match.group().removeprefix("the ")
        offset = _RELATIVE[match[1]] if match[1] else None
        days = frozenset() if today is None else frozenset(_resolve(match, today))
        found.append(RelativeDay(words, offset, days, *digits.span(match.start(), match.end())))
    return tuple(found)


def _resolve(match: re.Match[str], today: date) -> set[date]:
    if match[1]:
        return {today + timedelta(days=_RELATIVE[match[1]])}
    if match[3]:
        ahead = (_WEEKDAYS[match[3]] - today.weekday()) % 7
        if match[2] in {"last", "proslog", "prosle"}:
            return {today + timedelta(days=ahead - 7)}
        return {today + timedelta(days=ahead), today + timedelta(days=ahead + 7)}
    number, unit = (match[4], match[5]) if match[4] else (match[6], match[7])
    count = int(number) if number.isdigit() else 1
    if count > 1000:
        return set()
    step = count * (7 if unit.startswith(("week", "nedelj")) else 1)
    return {today + timedelta(days=-step if match[8] == "ago" else step)}


def month_of(word: str) -> int | None:
    """Return the number of the month that a comparable word names."""
    return _MONTHS.get(word)


def weekday_of(word: str) -> int | None:
    """Return the number of the weekday that `word` names, Monday being 0."""
    return _WEEKDAYS.get(comparable(word))
