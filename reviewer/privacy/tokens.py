"""PII tokens as they stand in a text: `<PERSON_1>`; how they are found, told from text that only looks like one, and
put back.

A `~` before a token's name takes its meaning away, so text that looked like a token before it was tokenised comes
back as it was. The
spelling needs no context: what is neutralised piece by piece is found again in the whole.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Every type that a token can have; a type of the detector that is missing here becomes ID.
TYPES = (
    "PERSON",
    "LOCATION",
    "STREET_ADDRESS",
    "ADDRESS",
    "CITY",
    "STATE",
    "ZIP_CODE",
    "POSTAL_CODE",
    "PHONE_NUMBER",
    "EMAIL_ADDRESS",
    "URL",
    "IP_ADDRESS",
    "MAC_ADDRESS",
    "DATE_TIME",
    "DATE_OF_BIRTH",
    "AGE",
    "CREDIT_CARD",
    "IBAN_CODE",
    "BANK_ACCOUNT",
    "US_BANK_NUMBER",
    "US_SSN",
    "US_ITIN",
    "US_PASSPORT",
    "US_DRIVER_LICENSE",
    "PASSPORT",
    "MEDICAL_RECORD_NUMBER",
    "HEALTH_PLAN_ID",
    "US_NPI",
    "US_MBI",
    "RS_JMBG",
    "JMBG",
    "VEHICLE_PLATE",
    "LICENSE_PLATE",
    "VEHICLE_ID",
    "DEVICE_ID",
    "USERNAME",
    "PASSWORD",
    "ORGANIZATION",
    "NRP",
    "MEDICAL_LICENSE",
    "TAX_ID",
    "VEHICLE_VIN",
    "UK_NHS",
    "UK_NINO",
    "IN_PAN",
    "IN_AADHAAR",
    "ABA_ROUTING_NUMBER",
    "US_HEALTH_INSURANCE_MEMBER_ID",
    "GOVERNMENT_ID",
    "ID_NUMBER",
    "CRYPTO",
    "ID",
)
_NAMES = "|".join(sorted(TYPES, key=len, reverse=True))
# A name with its number as it is spelt; or within angle brackets however it was altered, its number lost or not.
_LOOKS_LIKE = re.compile(
    rf"(?<!~)(?P<off>~*)(?P<body>(?:{_NAMES})_[0-9]+)"
    rf"|(?<=<)(?P<gap>\s*)(?P<off2>~*)(?P<body2>(?:(?i:{_NAMES})[_ \-]?[0-9]*|[A-Z][A-Z_]{{2,}}[ \-]?[0-9]*))(?=\s*>)"
)
_EXACT = re.compile(rf"(?P<type>{_NAMES})_(?P<number>[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Token:
    """A PII token's type and number within its conversation."""

    type: str
    number: int

    def __str__(self) -> str:
        return f"<{self.type}_{self.number}>"


@dataclass(frozen=True, slots=True)
class Damage:
    """A token that cannot be put back, at [start, end) of the tokenised text: unknown to the conversation, or
    altered."""

    start: int
    end: int
    known: bool


def looks_like_token(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of `text` that read like a token's name, whatever brackets surround it."""
    for match in _LOOKS_LIKE.finditer(text):
        yield match.span()


def neutralised(text: str) -> str:
    """Return `text` with what looks like a token marked as not being one."""
    return _LOOKS_LIKE.sub(lambda match: _put(match, _off(match) + "~"), text)


def find_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of tokens in a text that should have none, whole or damaged, with their brackets."""
    for match in _LOOKS_LIKE.finditer(text):
        if _EXACT.fullmatch(_body(match)) or match["body2"] is None or re.search(r"\d", _body(match)):
            yield _bracketed(text, match)


def put_back(text: str, value_of: Callable[[Token, int], str | None]) -> tuple[str, list[Damage]]:
    """Return `text` with the value of each token in its place, and what could not be put back.

    `value_of` gets the token and how many came before it; it returns None for one that is not of this conversation.
    """
    done: list[str] = []
    damages: list[Damage] = []
    at = count = 0
    for match in _LOOKS_LIKE.finditer(text):
        start, end = _bracketed(text, match)
        if _off(match):
            done += [text[at : match.start()], _put(match, _off(match)[1:])]
            at = match.end()
            continue
        exact = _EXACT.fullmatch(_body(match))
        is_whole = exact is not None and text[match.start() - 1 : match.end() + 1] == f"<{exact.group()}>"
        is_whole = is_whole and not _goes_on(text, match.end() + 1)
        value = value_of(Token(exact["type"], int(exact["number"])), count) if exact is not None and is_whole else None
        count += 1
        if value is None:
            damages.append(Damage(start, end, known=exact is not None and is_whole))
            continue
        done += [text[at : match.start() - 1], value]
        at = match.end() + 1
    done.append(text[at:])
    return "".join(done), damages


def _goes_on(text: str, end: int) -> bool:
    """Tell whether a letter follows at once: somebody put a grammatical ending on a token."""
    return text[end : end + 1].isalpha() and text[end] < "\u0530"


def _off(match: re.Match[str]) -> str:
    return match["off"] or match["off2"] or ""


def _body(match: re.Match[str]) -> str:
    return match["body"] or match["body2"]


def _put(match: re.Match[str], off: str) -> str:
    return f"{match['gap'] or ''}{off}{_body(match)}"


def _bracketed(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Return the place of a match with the brackets that it stands in."""
    before = re.search(r"[<\[({]*\s*$", text[max(0, match.start() - 4) : match.start()])
    after = re.match(r"\s*[>\])}]+", text[match.end() : match.end() + 4])
    start = match.start() - (len(before.group()) if before is not None and before.group().strip() else 0)
    return start, match.end() + (len(after.group()) if after is not None else 0)
