"""Numbers, e-mail addresses and dates as people say them, written the way that the patterns read.

"four one one one double two" becomes 411122, "john dot smith at gmail dot com" an address, "the fifth of April nineteen
eighty" a date; the places in what was said are kept. Fewer than seven digits in a row stay as they are, unless a word
before them says what they are: people count, dose and measure aloud.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reviewer.privacy.offsets import Replacement, Rewritten

_DIGITS = {
    "zero": 0, "oh": 0, "o": 0, "nought": 0, "naught": 0, "nil": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "niner": 9,
    "nula": 0, "jedan": 1, "jedna": 1, "jedno": 1, "dva": 2, "dve": 2, "dvije": 2, "tri": 3, "četiri": 4, "pet": 5, "šest": 6,
    "sedam": 7, "osam": 8, "devet": 9,
}  # fmt: skip
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
    "deset": 10, "jedanaest": 11, "dvanaest": 12, "trinaest": 13, "četrnaest": 14, "petnaest": 15, "šesnaest": 16,
    "sedamnaest": 17, "osamnaest": 18, "devetnaest": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "dvadeset": 20, "trideset": 30, "četrdeset": 40, "pedeset": 50, "šezdeset": 60, "sedamdeset": 70, "osamdeset": 80,
    "devedeset": 90,
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4, "dupla": 2, "duplo": 2, "dvostruko": 2}
_HUNDREDS = {"hundred": 100, "sto": 100, "thousand": 1000}
_NUMBER = _DIGITS | _TEENS | _TENS
# What is said between the digits of one number.
_BETWEEN = frozenset("dash hyphen minus space then uh um er erm and crtica razmak pa i plus slash".split())
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
_MONTHS = {
    month: number
    for number, names in enumerate(
        (
            "january jan januar januara", "february feb februar februara", "march mar mart marta", "april apr aprila",
            "may maj maja", "june jun juna", "july jul jula", "august aug avgust avgusta",
            "september sep sept septembar septembra", "october oct oktobar oktobra",
            "november nov novembar novembra", "december dec decembar decembra",
        ),
        1,
    )
    for month in names.split()
}  # fmt: skip
_MONTH_NAMES = "January February March April May June July August September October November December".split()
_WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?|\.(?=\w)")
_LIKELY = re.compile(
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|oh|first|second|third|\w+t(?:h|ieth)|ten|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|dot|nula|jedan|dva|dve|tri|četiri|pet|šest|sedam|osam|devet|deset|tačka)\b|\d[ ,]+\d[ ,]+\d",
    re.IGNORECASE,
)
_CARD_CUE = re.compile(r"(?:card|visa|mastercard|amex|kartic\w*)\b[^.?!]{0,40}$", re.IGNORECASE)
_SOCIAL_CUE = re.compile(r"(?:social|ssn)\b[^.?!]{0,30}$", re.IGNORECASE)
_BORN_CUE = re.compile(r"(?:born|birth\w*|dob|date|rođen\w*|datum\w*)\b[^.?!]{0,30}$", re.IGNORECASE)
_SHORT_CUE = re.compile(
    r"(?:pin|code|zip|cvv|cvc|security|ssn|social|last\s+four|ending|member|policy|account|record|mrn|id|number|phone|call|cell|mobile|broj\w*|telefon\w*)\b[^.?!]{0,30}$",
    re.IGNORECASE,
)

_PAUSE = re.compile(r"\.{2,}|…")
_STOP_BETWEEN = re.compile(r"[.?!;\n]\s|[^\s.,\-–]")


@dataclass(frozen=True, slots=True)
class _Said:
    """One word of what was said."""

    text: str
    start: int
    end: int


def written(source: Rewritten) -> Rewritten:
    """Return the text with what was spoken out written in figures and signs."""
    text = source.text
    if not _LIKELY.search(text):
        return source
    words = [_Said(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(text)]
    taken: list[Replacement] = []
    for found in (_addresses(words, text), _dates(text, words), _numbers(text, words)):
        for replacement in found:
            if all(replacement[1] <= start or replacement[0] >= end for start, end, _ in taken):
                taken.append(replacement)
    return source.rewrite(sorted(taken))


# ---- Numbers -----------------------------------------------------------------------------------------------------------


def _numbers(text: str, words: list[_Said]) -> Iterator[Replacement]:
    at = 0
    while at < len(words):
        digits, end, spoken = _run(text, words, at)
        if not digits:
            at += 1
            continue
        start, stop = words[at].start, words[end - 1].end
        before = text[max(0, start - 60) : start]
        if spoken and (len(digits) >= 7 or (len(digits) >= 3 and _SHORT_CUE.search(before))):
            yield start, stop, _shown(digits, before)
        at = end


def _shown(digits: str, before: str) -> str:
    """Return the digits with the separators that tell the patterns what they are."""
    if 6 <= len(digits) <= 8 and _BORN_CUE.search(before):
        return _as_date(digits) or digits
    if len(digits) == 9 and _SOCIAL_CUE.search(before):
        return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"
    if len(digits) in (7, 10, 11) and not _CARD_CUE.search(before):
        head = digits[:-10]
        middle = f"{digits[-10:-7]}-" if len(digits) >= 10 else ""
        return (f"{head}-" if head else "") + f"{middle}{digits[-7:-4]}-{digits[-4:]}"
    return digits


def _as_date(digits: str) -> str | None:
    cuts = {8: (2, 4), 7: (1, 3), 6: (2, 4) if digits[2:4] <= "31" else (1, 2)}[len(digits)]
    options = [cuts, (1, 3), (2, 3), (1, 2)]
    for first, second in options:
        day, month, year = int(digits[:first]), int(digits[first:second]), digits[second:]
        if len(year) in (2, 4) and 1 <= min(day, month) <= 12 and max(day, month) <= 31:
            return f"{day:02}/{month:02}/{year}"
    return None


def _run(text: str, words: list[_Said], at: int) -> tuple[str, int, bool]:
    """Return the digits said from here on, the place after them, and whether they were said rather than written."""
    digits: list[str] = []
    spoken = False
    end = place = at
    while place < len(words):
        word = words[place].text
        if place > at and _STOP_BETWEEN.search(_PAUSE.sub(" ", text[words[place - 1].end : words[place].start])):
            break
        took, value, said = _one(words, place)
        if took:
            digits.append(value)
            spoken = spoken or said
            place += took
            end = place
        elif place > at and word in _BETWEEN and place - end < 2:
            place += 1
        else:
            break
    whole = "".join(digits)
    singles = sum(len(value) == 1 for value in digits)
    return whole, end, spoken or (singles == len(digits) and singles >= 6)


def _one(words: list[_Said], at: int) -> tuple[int, str, bool]:
    """Return how many words make the next number, and its digits."""
    word = words[at].text
    after = words[at + 1].text if at + 1 < len(words) else ""
    if word in _TIMES:
        digit = str(_DIGITS[after]) if after in _DIGITS else after if after.isdigit() and len(after) == 1 else ""
        return (2, digit * _TIMES[word], True) if digit else (0, "", False)
    if word in _TENS:
        unit = _DIGITS.get(after, 0) if after not in ("o", "oh", "zero", "nula") else 0
        if word.endswith("deset") and after == "i" and at + 2 < len(words) and words[at + 2].text in _DIGITS:
            return 3, str(_TENS[word] + _DIGITS[words[at + 2].text]), True
        return (2, str(_TENS[word] + unit), True) if unit else (1, str(_TENS[word]), True)
    if word in _DIGITS or word in _TEENS:
        value = _NUMBER[word]
        if after in _HUNDREDS and value:
            return 2, str(value * _HUNDREDS[after]), True
        return 1, str(value), word not in ("o", "i")
    if word.isdecimal() and len(word) <= 4:
        return 1, word, False
    return 0, "", False


# ---- Dates -------------------------------------------------------------------------------------------------------------


def _dates(text: str, words: list[_Said]) -> Iterator[Replacement]:
    for place, word in enumerate(words):
        month = _MONTHS.get(word.text)
        if month is None:
            continue
        first, day = _day_before(words, place)
        last = place + 1
        if day is None:
            last, day = _day_after(words, place + 1)
            first = place
        if day is None:
            continue
        took, year = _year(words, last)
        if word.text in ("may", "march", "mar") and not took and day is None:
            continue
        if text[words[first].start : words[last - 1].end].isdigit():
            continue
        said = any(w.text in _ORDINALS or w.text in _NUMBER for w in words[first : last + took])
        if said:
            yield (
                words[first].start,
                words[last + took - 1].end,
                f"{day} {_MONTH_NAMES[month - 1]}" + (f" {year}" if took else ""),
            )


def _day_before(words: list[_Said], place: int) -> tuple[int, int | None]:
    at = place - 1
    while at >= 0 and words[at].text in ("of", "day", "in", "dan"):
        at -= 1
    if at < 0:
        return place, None
    value = _day_value(words, at)
    if value is None:
        return place, None
    if at > 0 and words[at - 1].text in ("twenty", "thirty", "dvadeset", "trideset") and value < 10:
        return at - 1, _TENS[words[at - 1].text] + value
    return at, value


def _day_after(words: list[_Said], at: int) -> tuple[int, int | None]:
    if at < len(words) and words[at].text == "the":
        at += 1
    if at >= len(words):
        return at, None
    if words[at].text in ("twenty", "thirty") and at + 1 < len(words):
        unit = _ORDINALS.get(words[at + 1].text) or _DIGITS.get(words[at + 1].text)
        if (
            unit
            and unit < 10
            and (words[at + 1].text in _ORDINALS or (words[at].text == "twenty" and _year(words, at + 2)[0]))
        ):
            return at + 2, _TENS[words[at].text] + unit
    value = _day_value(words, at)
    return (at + 1, value) if value is not None else (at, None)


def _day_value(words: list[_Said], at: int) -> int | None:
    word = words[at].text
    if word in _ORDINALS:
        return _ORDINALS[word]
    if word in _NUMBER and word not in ("o", "oh"):
        return _NUMBER[word] if 1 <= _NUMBER[word] <= 31 else None
    figures = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", word)
    if figures and 1 <= int(figures[1]) <= 31:
        return int(figures[1])
    serbian = {"prvi": 1, "prvog": 1, "drugi": 2, "drugog": 2, "treći": 3, "trećeg": 3, "četvrti": 4, "četvrtog": 4, "peti": 5,
               "petog": 5, "šesti": 6, "šestog": 6, "sedmi": 7, "sedmog": 7, "osmi": 8, "osmog": 8, "deveti": 9, "devetog": 9,
               "deseti": 10, "desetog": 10}  # fmt: skip
    return serbian.get(word)


def _year(words: list[_Said], at: int) -> tuple[int, int]:
    """Return how many words say a year, and the year."""
    start = at
    while at < len(words) and words[at].text in ("of", "in", "year", "the") and at - start < 2:
        at += 1
    rest = [word.text for word in words[at : at + 5]]
    if not rest:
        return 0, 0
    if rest[0].isdecimal() and len(rest[0]) == 4 and rest[0][:2] in ("18", "19", "20"):
        return at - start + 1, int(rest[0])
    if rest[:2] == ["two", "thousand"]:
        skip = 3 if rest[2:3] == ["and"] else 2
        took, value = _two_digits(rest[skip:])
        return (at - start + skip + took, 2000 + value) if took else (at - start + 2, 2000)
    if rest[0] in ("eighteen", "nineteen", "twenty"):
        century = _NUMBER[rest[0]] * 100
        if rest[1:2] == ["hundred"]:
            skip = 3 if rest[2:3] == ["and"] else 2
            took, value = _two_digits(rest[skip:])
            return at - start + skip + took, century + value
        took, value = _two_digits(rest[1:])
        return (at - start + 1 + took, century + value) if took else (0, 0)
    took, value = _two_digits(rest)
    if took and value >= 20 and at == start:
        return took, value
    return 0, 0


def _two_digits(rest: list[str]) -> tuple[int, int]:
    if not rest:
        return 0, 0
    word = rest[0]
    after = rest[1] if len(rest) > 1 else ""
    if word in _TENS:
        unit = _DIGITS.get(after, 0) if after not in ("o", "oh") else 0
        return (2, _TENS[word] + unit) if unit else (1, _TENS[word])
    if word in _TEENS:
        return 1, _TEENS[word]
    if word in ("oh", "o", "zero") and after in _DIGITS:
        return 2, _DIGITS[after]
    if word in _DIGITS and after in _DIGITS:
        return 2, _DIGITS[word] * 10 + _DIGITS[after]
    if word in _DIGITS:
        return 1, _DIGITS[word]
    return 0, 0


# ---- Addresses ---------------------------------------------------------------------------------------------------------

_DOT = frozenset(("dot", "tačka", "point", "period"))
_AT = frozenset(("at", "et", "majmun"))
_SIGNS = {
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "minus": "-",
    "plus": "+",
    "crtica": "-",
    "donja": "_",
} | dict.fromkeys(_DOT, ".")
_ENDS = frozenset("com org net edu gov co io info rs uk de us ca au fr me eu biz kom mil in".split())
_STOP = frozenset(
    "is it it's its that's at to on my email e mail address the a an as so and or send me us him her them you i'm was be are use using "
    "write contact under adresa je na mi mejl imejl moj moja pošaljite yeah yes uh um okay ok well that would reach for".split()
)


_GAP, _GAP_BEFORE_DOT = re.compile(r"[\s-]*"), re.compile(r"[\s,-]*")
_SENTENCE = frozenset("on or and to is it its the for of my your an ili".split())


def _addresses(words: list[_Said], text: str) -> Iterator[Replacement]:
    for place, word in enumerate(words):
        if word.text not in _AT or place == 0:
            continue
        last, domain = _domain(words, place + 1, text)
        if not domain:
            continue
        first, local = _local(words, place - 1)
        if local:
            yield words[first].start, words[last - 1].end, f"{local}@{domain}"


def _domain(words: list[_Said], at: int, text: str) -> tuple[int, str]:
    parts = [""]
    place = at
    while place < len(words) and place < at + 14:
        word = words[place].text
        gap = _GAP_BEFORE_DOT if word in _DOT else _GAP
        if place > at and not gap.fullmatch(text, words[place - 1].end, words[place].start):
            break  # another part of the sentence, or an address that is written out
        if len(parts) == 1 and word in _SENTENCE:
            break
        if word in _DOT or word == ".":
            parts.append("")
        elif word in _SIGNS:
            parts[-1] += _SIGNS[word]
        elif len(parts) > 1 and parts[-1]:
            break
        else:
            parts[-1] += str(_NUMBER[word]) if word in _NUMBER else word
        place += 1
        if (
            len(parts) > 1
            and parts[-1] in _ENDS
            and not (place < len(words) and (words[place].text in _DOT or words[place].text == "."))
        ):
            return place, ".".join(parts).replace("kom", "com")
    if len(parts) > 1 and parts[-1] in _ENDS:
        return place, ".".join(parts)
    return at, ""


def _local(words: list[_Said], at: int) -> tuple[int, str]:
    parts: list[str] = []
    place = at
    loose = 0  # words taken without a sign between them
    while place >= 0 and len(parts) < 24:
        word = words[place].text
        joined = bool(parts) and parts[-1] in ("_", "-", "+", ".")
        if word in _SIGNS:
            parts.append(_SIGNS[word])
        elif word in _NUMBER:
            parts.append(str(_NUMBER[word]))
        elif len(word) == 1 or word.isdecimal():
            if word == "a" and not joined and (place == 0 or len(words[place - 1].text) > 1):
                break
            parts.append(word)
        elif word == ".":
            break
        elif joined or not parts:
            parts.append(word)
        elif word in _STOP or loose >= 2:
            break
        else:
            loose += 1
            parts.append(word)
        place -= 1
    while parts and parts[-1] in ("_", "-", "+", "."):
        parts.pop()
        place += 1
    return place + 1, "".join(reversed(parts))
