"""Replace personal data by PII tokens, and put it back.

Within a conversation one thing has one token: a person under all their names, a number in all its spellings. What
each place of a text that
was tokenised here looked like is remembered, so putting it back gives the very text; in a text that somebody else
wrote with these tokens, each
becomes its fullest form.

Card numbers are the exception, on purpose: all digits but the last four are masked and kept nowhere, so what comes
back is the text
with its card numbers masked. Masking what is masked changes nothing, so from there on putting back is the identity
as well.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy import people
from reviewer.privacy.contacts import canonical, spoken_digits
from reviewer.privacy.gate.scripts import seems_serbian
from reviewer.privacy.people import Person
from reviewer.privacy.person_names import fold, parts
from reviewer.privacy.tokens import TYPES, Damage, Token, looks_like_token, neutralised, put_back

_DECLINING = ("sr", "hr", "bs", "cnr", "me", "sh")
_CARD = "CREDIT_CARD"
_NUMBERED = frozenset(
    """US_SSN US_ITIN US_PASSPORT US_DRIVER_LICENSE PASSPORT MEDICAL_RECORD_NUMBER HEALTH_PLAN_ID TAX_ID VEHICLE_VIN UK_NHS UK_NINO IN_PAN IN_AADHAAR
    ABA_ROUTING_NUMBER US_HEALTH_INSURANCE_MEMBER_ID GOVERNMENT_ID ID_NUMBER US_NPI US_MBI
    RS_JMBG JMBG IBAN_CODE BANK_ACCOUNT
    US_BANK_NUMBER VEHICLE_PLATE LICENSE_PLATE VEHICLE_ID DEVICE_ID ZIP_CODE POSTAL_CODE MEDICAL_LICENSE ID""".split()
)
_MOST_TEXTS = 2_000  # of one conversation whose places are remembered


@dataclass(slots=True)
class _Entity:
    """What one token stands for: its spellings as they were met, the key it is found by, the person if it is one."""

    token: Token
    key: str
    forms: list[str] = field(default_factory=list)
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Tokenised:
    """A text with tokens; `masked` counts the card numbers that lost their digits for good."""

    text: str
    tokens: int
    masked: int


class TokenMap:
    """The tokens of one conversation. Its data is personal: it is stored sealed, and nowhere else."""

    def __init__(self) -> None:
        """Start with no tokens."""
        self._entities: list[_Entity] = []
        self._texts: dict[str, list[int]] = {}  # digest of a tokenised text -> which form stood at each token

    def tokenise(self, text: str, spans: Iterable[PiiSpan], language: str | None = None) -> Tokenised:
        """Return `text` with its personal data replaced; new tokens are added to the map."""
        declines = _declines(text, language)
        pieces: list[str] = []
        places: list[int] = []
        at = masked = 0
        for start, end, type_ in _resolved(text, spans):
            found = text[start:end]
            pieces.append(neutralised(text[at:start]))
            at = end
            if type_ == _CARD:
                masked += 1
                pieces.append(neutralised(mask_card(found)))
                continue
            entity = self._entity(found, type_, declines=declines)
            if found not in entity.forms:
                entity.forms.append(found)
            pieces.append(str(entity.token))
            places.append(entity.forms.index(found))
        pieces.append(neutralised(text[at:]))
        done = "".join(pieces)
        if places:
            self._texts.pop(_digest(done), None)
            self._texts[_digest(done)] = places
            while len(self._texts) > _MOST_TEXTS:
                del self._texts[next(iter(self._texts))]
        return Tokenised(done, len(places), masked)

    def restore(self, text: str) -> tuple[str, list[Damage]]:
        """Return `text` with what its tokens stand for, and the places of tokens that are unknown here or altered."""
        places = self._texts.get(_digest(text), [])
        by_token = {entity.token: entity for entity in self._entities}

        def value_of(token: Token, count: int) -> str | None:
            entity = by_token.get(token)
            if entity is None:
                return None
            return entity.forms[places[count]] if count < len(places) else _fullest(entity)

        return put_back(text, value_of)

    def reveal(self) -> dict[str, str]:
        """Return what each token stands for."""
        return {str(entity.token): _fullest(entity) for entity in self._entities}

    def to_data(self) -> dict[str, Any]:
        """Return the map as plain data for JSON."""
        return {
            "entities": [
                [e.token.type, e.token.number, e.key, e.forms, [list(n) for n in e.person.names] if e.person else None,
                 sorted(e.person.titles) if e.person else None]
                for e in self._entities
            ],
            "texts": self._texts,
        }  # fmt: skip

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "TokenMap":
        """Return the map that `to_data` made `data` from."""
        made = cls()
        for type_, number, key, forms, names, called in data["entities"]:
            person = None if names is None else Person([tuple(name) for name in names], set(called))
            made._entities.append(_Entity(Token(type_, number), key, list(forms), person))
        made._texts = {digest: list(places) for digest, places in data["texts"].items()}
        return made

    def _entity(self, found: str, type_: str, *, declines: bool) -> _Entity:
        if type_ == "PERSON" and parts(found):
            return self._person(found, declines=declines)
        key = _key(found, type_)
        known = next((e for e in self._entities if e.token.type == type_ and e.person is None and e.key == key), None)
        return known or self._new(type_, key, None)

    def _person(self, found: str, *, declines: bool) -> _Entity:
        known = [entity for entity in self._entities if entity.person is not None]
        person = people.find(found, [e.person for e in known if e.person is not None], declines=declines)
        entity = next((e for e in known if e.person is person), None) if person is not None else None
        if entity is None or entity.person is None:
            person = Person()
            entity = self._new("PERSON", "", person)
            people.note(found, person)
        else:
            people.note(found, entity.person)
        return entity

    def _new(self, type_: str, key: str, person: Person | None) -> _Entity:
        number = sum(entity.token.type == type_ for entity in self._entities) + 1
        entity = _Entity(Token(type_, number), key, [], person)
        self._entities.append(entity)
        return entity


def mask_card(number: str) -> str:
    """Return a card number, written or spoken, with all but its last four digits gone for good."""
    places = [at for at, letter in enumerate(number) if letter.isdigit()]
    if len(places) >= 8:
        hidden = set(places[:-4])
        return "".join("*" if at in hidden else letter for at, letter in enumerate(number))
    last = spoken_digits(number)[-4:]
    return f"****{last}"


def _resolved(text: str, spans: Iterable[PiiSpan]) -> list[tuple[int, int, str]]:
    """Return the spans without overlaps, none ending within a word or within what looks like a token."""
    fixed = list(looks_like_token(text))
    chosen: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda s: (s.start, s.start - s.end)):
        start, end = _widened(text, span.start, span.end, fixed)
        if not text[start:end].strip():
            continue
        if chosen and start < chosen[-1][1]:
            before = chosen[-1]
            longer = before if before[1] - before[0] >= end - start else (start, end, _type(span))
            chosen[-1] = (before[0], max(before[1], end), longer[2])
        else:
            chosen.append((start, end, _type(span)))
    return chosen


def _widened(text: str, start: int, end: int, fixed: Sequence[tuple[int, int]]) -> tuple[int, int]:
    while True:
        before = (start, end)
        for first, last in fixed:
            if first < end and start < last:
                start, end = min(start, first), max(end, last)
        while end > start and text[end - 1].isspace():
            end -= 1
        while start > 0 and _is_letter(text[start - 1]) and _is_letter(text[start]):
            start -= 1
        while end < len(text) and _is_letter(text[end]):  # else its letters would read as the token's ending
            end += 1
        if before == (start, end):
            return before


def _is_letter(character: str) -> bool:
    return character < "\u0530" and character.isalpha()


def _type(span: PiiSpan) -> str:
    return span.type if span.type in TYPES else "ID"


def _key(found: str, type_: str) -> str:
    """Return by what a thing is found again, however it is spelt."""
    text = " ".join(unicodedata.normalize("NFKC", found).casefold().split())
    if type_ == "PHONE_NUMBER":
        return canonical(found) or spoken_digits(found) or text
    if type_ == "EMAIL_ADDRESS":
        return re.sub(r"\s+at\s+", "@", re.sub(r"\s+dot\s+", ".", text)).replace(" ", "")
    if type_ in _NUMBERED:
        return "".join(letter for letter in text if letter.isalnum()) or text
    if type_ in ("PASSWORD", "USERNAME", "URL", "CRYPTO"):
        return found
    return " ".join(fold(word) for word in text.split())


def _fullest(entity: _Entity) -> str:
    """Return the form that stands in a text of somebody else: a person's fullest name, undeclined if it was met so."""
    if entity.person is None:
        return entity.forms[0]
    return max(entity.forms, key=lambda form: (len(parts(form)), -len("".join(parts(form)))))


def _declines(text: str, language: str | None) -> bool:
    if language is not None:
        return language.casefold().split("-")[0].split("_")[0] in _DECLINING
    return seems_serbian(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
