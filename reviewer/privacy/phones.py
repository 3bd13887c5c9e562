"""Telephone numbers: what looks dialled, less what is a date, a card or an amount.

Presidio's own recognizer runs a matcher for each of eight regions over every text, Serbia not among them; this one looks
at what has the shape of a number, once, and asks phonenumbers only where the shape leaves a doubt.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from reviewer.privacy import checks
from reviewer.privacy.patterns import Found

_REGIONS = ("US", "GB", "RS")
_CANDIDATE = re.compile(
    r"(?<![\w.,/@#$€£-])(?<!\d[ ])(?:\+|00)?\(?\d(?:[ \t]?[().\-/–][ \t]?|[ \t])?(?:\(?\d\)?(?:[ \t]?[().\-/–][ \t]?|[ \t])?){4,16}\d"
    r"(?:[ ,]*(?:x|ext\.?|extension|lok\.?)[ ]?\d{1,6})?(?![\w@%]|[.,/:-]\d| ?(?:mg|mcg|ml|kg|cm|mm|%|USD|EUR|din))",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"(?:phone|call|tel|fax|cell|mobile|mob|number|num|contact|reach|dial|text|sms|whatsapp|viber|ring|line|hotline|office|home|work"
    r"|pager|registered|answering|telefon\w*|broj\w*|pozov\w*|zov\w*|mobiln\w*|javi\w*)\b[^\n.!?]{0,30}$",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?:apt\.?|suite|unit|box|room|floor|account|order|invoice|case|ticket|tracking|serial|id|zip|isbn|card|kartic\w+|ra[čc]un\w*|jmbg|mrn|npi|ssn)\b[^\n.!?]{0,14}$",
    re.IGNORECASE,
)

_STREET = re.compile(r" [A-ZÀ-ÞĀ-Ž][\w’'.-]+")  # "17031 2202 Rissik St": the numbers of a house, not of a telephone


def find(text: str) -> Iterator[Found]:
    """Yield what may be telephone numbers."""
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        if text[start:end].count("(") < text[start:end].count(")"):
            end = start + text[start:end].rindex(")")
        if text[start] == "(" and ")" not in text[start:end]:
            start += 1
        score = _score(text[start:end].strip(), text[max(0, start - 48) : start], text[end : end + 24])
        if score:
            yield Found(start, end, "PHONE_NUMBER", score, "phone")


def _score(number: str, before: str, after: str) -> float:
    main = re.split(r"(?:x|ext|lok)", number, maxsplit=1, flags=re.IGNORECASE)[0]
    digits = re.sub(r"\D", "", main)
    groups = re.findall(r"\d+", main)
    if not 6 <= len(digits) <= 15 or len(set(digits)) == 1 or checks.numeric_date(main):
        return 0.0
    if re.fullmatch(r"\d{3}-\d{2}-\d{4}", main.strip()) or (len(digits) >= 13 and "+" not in main):
        return 0.0
    if main.startswith("+") and len(digits) >= 8:
        return 0.95
    cued = _CUE.search(before) is not None
    if _NOT.search(before):
        return 0.0
    if main.startswith("00") and len(digits) >= 11:
        return 0.85
    if len(groups) == 1:
        if cued:
            return 0.8
        return 0.5 if len(digits) in (9, 10, 11) and _valid(digits) else 0.0
    if re.fullmatch(r"\d{4}[-–/ ]+\d{4}", main.strip()) and not cued:
        return 0.0 if digits[0] in "12" and digits[4] in "12" else 0.45  # two years
    if any(sign in main for sign in "()"):
        return 0.85
    if cued:
        return 0.85
    if len(groups) == 2 and main.count(" ") == 1 and _STREET.match(after):
        return 0.0
    if len(digits) < 7 or ("." in main and len(groups) < 3):
        return 0.0
    return 0.7 if _valid(digits) else 0.55 if len(groups) > 2 else 0.4


@lru_cache(maxsize=4_000)
def _valid(digits: str) -> bool:
    for region in _REGIONS:
        try:
            number = phonenumbers.parse(digits, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False
