"""Telephone numbers and addresses: one spelling for each, so that they can be compared.

A number is brought to E.164 by libphonenumber where a region can be told, an e-mail address to lower case.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w.,/:#+-])(?:\+|00)?\(?\d(?:[\d \u00a0()./‑–-]{5,20})\d(?![\w%]|[.,:/]\d)")
_DATE = re.compile(r"(?:\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}\.?|\d{4} ?[-–] ?\d{2,4})")
# How telephone numbers are written where nothing says that one follows: international, North American, with a trunk
# zero.
_SHAPE = re.compile(
    r"(?:\+|00)[\d ()./‑-]{8,}|\(?\d{3}\)?[ .‑-]\d{3}[ .‑-]\d{4}"
    r"|\(?0\d{1,4}\)?[ /‑-]\d{2,4}[ /‑-]?\d{2,4}[ /‑-]?\d{0,4}"
)
_CUE = re.compile(
    r"\b(?:call(?:ing|ed)?|phone|telephone|tel|text|dial|ring|reach|number|cell|mobile|fax|sms|whatsapp|hotline"
    r"|broj|telefon|pozovite"
    r"|mob|zovite)\b[^\d\n]{0,25}$",
    re.IGNORECASE,
)
_NO_PHONE = re.compile(
    r"\b(?:order|booking|reference|ref|account|invoice|ticket|tracking|confirmation|case|claim|policy|member|card"
    r"|mrn|ssn|id|npi|iban"
    r"|code|račun|uplat\w*|broj računa)\b[^\d\n]{0,20}$",
    re.IGNORECASE,
)
_SPOKEN = {
    **{
        word: str(digit)
        for digit, word in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    },
    **{
        word: str(digit)
        for digit, word in enumerate(["nula", "jedan", "dva", "tri", "cetiri", "pet", "sest", "sedam", "osam", "devet"])
    },
    "oh": "0",
    "o": "0",
}
_REPEATED = {"double": 2, "triple": 3}
_TAIL_DIGITS = 7  # numbers that end alike are one number: country codes and trunk zeros differ
_REGIONS = ("US", "RS", "GB")


@dataclass(frozen=True, slots=True)
class Contact:
    """A telephone number (its digits) or an e-mail address (lower case) at [start, end) of a text."""

    start: int
    end: int
    value: str
    is_email: bool


def contacts(text: str) -> Iterator[Contact]:
    """Find what is surely an e-mail address or a telephone number; dates, amounts and order numbers are neither."""
    for match in _EMAIL.finditer(text):
        yield Contact(*match.span(), match.group().casefold(), is_email=True)
    for match in _NUMBER.finditer(text):
        written = match.group()
        number = digits(written)
        before = text[max(0, match.start() - 40) : match.start()]
        if not 7 <= len(number) <= 15 or _DATE.fullmatch(written.strip()) or _NO_PHONE.search(before):
            continue
        if _SHAPE.fullmatch(written) or _CUE.search(before):
            yield Contact(*match.span(), number, is_email=False)


def digits(text: str) -> str:
    """Return the digits of a text, of whatever script, as ASCII."""
    return "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdigit())


class Known:
    """The numbers and addresses that a conversation knows, spoken ones among them."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = [text.casefold() for text in texts]
        self._digits = "|".join(spoken_digits(text) for text in self._texts)
        self._joined = [re.sub(r"\s", "", re.sub(r"\s+dot\s+", ".", re.sub(r"\s+at\s+", "@", t))) for t in self._texts]

    def has(self, contact: Contact) -> bool:
        """Tell whether the conversation holds a contact, or for an address at least its domain."""
        if not contact.is_email:
            return contact.value[-_TAIL_DIGITS:] in self._digits
        domain = contact.value.rpartition("@")[2]
        return any(domain in text for text in (*self._texts, *self._joined))


def spoken_digits(text: str) -> str:
    """Return the digits of a text, those that it spells out as words among them: "five double oh 1" -> 5001."""
    said, times = [], 1
    for word in re.findall(r"\w+", text.casefold()):
        if word in _REPEATED:
            times = _REPEATED[word]
            continue
        said.append(_SPOKEN.get(word, word) * times)
        times = 1
    return digits(" ".join(said))


def canonical(contact: str, region: str | None = None) -> str | None:
    """Return the one spelling of a telephone number (E.164) or e-mail address; None where it is neither.

    A number without a country code is read as one of `region`, else of each region that the desk is used in, in turn.
    """
    text = unicodedata.normalize("NFKC", contact).strip()
    if "@" in text:
        name, _, domain = text.casefold().rpartition("@")
        return f"{name}@{domain.rstrip('.')}" if name and "." in domain else None
    if re.sub(r"[\d\s()./+‑–-]", "", text) or not 3 <= len(digits(text)) <= 15:
        return None
    import phonenumbers  # a tenth of a second, which the start of the desk should not pay

    number = digits(text)
    if text.startswith("00"):
        text = f"+{number[2:]}"
    for code in (region,) if region else _REGIONS:
        try:
            parsed = phonenumbers.parse(text, None if text.startswith("+") else code)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed) or text.startswith("+"):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return number  # a short code, or a number that no plan has: its digits
