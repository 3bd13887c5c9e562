"""What has a shape: numbers with check digits, addresses of the net, dates, and what follows a word that announces it.

One table. A rule names a type, a pattern, the score of what it finds and, where the shape alone says too little, a
check. Its `needs` is a cheap look at the text that spares most texts the pattern.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from reviewer.privacy import checks


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate: what a rule takes for personal data."""

    start: int
    end: int
    type: str
    score: float
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How one type is recognised. What counts is the group `it`, or the whole match where there is none."""

    type: str
    pattern: re.Pattern[str]
    score: float
    needs: str = "digit"  # digit, word, or a piece of text in lower case
    check: Callable[[str], bool] | None = None  # of the text found
    instead: tuple[str, float] | None = None  # type and score where the check fails; None drops it


def _cased(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.VERBOSE)


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.VERBOSE | re.IGNORECASE)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _of_digits(check: Callable[[str], bool], text: str) -> bool:
    return check(_digits(text))


def _iban(text: str) -> bool:
    return checks.iban(re.sub(r"\W", "", text).upper())


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _secret(text: str) -> bool:
    """Tell whether this looks chosen as a password: a figure or a sign in it, or case that no word has."""
    inside = text.strip("'\"")
    if len(inside) < 4:
        return inside.isdigit()
    return any(not c.isalpha() for c in inside.rstrip(".")) or (not inside.istitle() and not inside.islower())


def _address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(int(part) < 256 for part in parts)


# What may stand between the word that announces a number and the number.
_LINK = r"""(?:\s*(?:number|num|no|nr|code|id|\#|card|is|was|are|of|:|=|-|\(|\)|ending|broj|je|br|ID|my|the|it'?s|,)[.:]?)*\s*[\#'"(]?"""
_MIXED = r"(?P<it>[A-Za-z0-9](?:[A-Za-z0-9]|[-/.](?=[A-Za-z0-9])){2,24})"  # letters and figures, parted by single signs
_FIGURES = r"(?P<it>\d(?:[\d]|[ -](?=\d)){3,24})"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_MONTH_SR = r"(?:januar|februar|mart|april|maj|jun|jul|avgust|septemb(?:ar|r)|oktob(?:ar|r)|novemb(?:ar|r)|decemb(?:ar|r))(?:a|u|om)?"
_DAY_NAME = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_ORDINAL = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)\d\d"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:\s?[ap]\.?m\b\.?)?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?"

# Words that make a street of a name, before it and behind it, in the languages that addresses reach us in.
_STREET_FIRST = (
    r"rua|r[uú]a|avenida|av\.|travessa|praça|calle|c/|plaza|paseo|camino|carrer|carretera|via|viale|vicolo|piazza|piazzetta|corso|largo|rue|avenue|boulevard|place|chemin"
    r"|quai|impasse|allée|route|strada|bulevardul|calea|ul\.|ulica|ulice|ulitsa|al\.|aleja|os\.|pl\.|trg|cesta"
)
_STREET_LAST = (
    r"straße|strasse|str\.|gasse|weg|platz|allee|ufer|gracht|straat|laan|plein|kade|dreef|gata|gatan|gatu|vägen|väg|gränd|backe|torg|gade|vej|vænget|allé|stræde|veien|vegen|gaten|tie|katu|polku|kuja"
    r"|utca|útja|út|tér|u\.|köz|ulice|náměstí|třída|ulica|ulici|utcai"
)
_STREET_ENGLISH = r"Street|Avenue|Boulevard|Road|Drive|Lane|Terrace|Crescent|Parkway|Highway"
_PLACE_WORDS = (
    r"(?:[A-ZÀ-ÞĀ-Ž\d][\w’'./-]*)(?:\s+(?:(?:de|del|da|do|di|la|le|ten|van|am|der)\s+)*[A-ZÀ-ÞĀ-Ž\d][\w’'./-]*)*"
)
_NO_PLACE = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december|dr\b|mr|ms\b|the\b|a\b|my\b|i\b|today|this\b|our\b",
    re.IGNORECASE,
)

RULES: tuple[Rule, ...] = (
    # -- the net
    Rule(
        "EMAIL_ADDRESS",
        _any_case(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]*[\w+-]@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}(?![\w-])"),
        1.0,
        "@",
    ),
    Rule(
        "URL",
        _any_case(r"\b(?:https?|ftp)://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]}]"),
        1.0,
        "://",
    ),
    Rule("URL", _any_case(r"(?<![\w@.])www\d?\.[\w-]+(?:\.[\w-]+)+(?:/[^\s<>\"']*[^\s<>\"'.,;:!?)])?"), 0.95, "www"),
    Rule(
        "URL",
        _any_case(
            r"""(?<![\w@./-])(?:[a-z0-9][a-z0-9-]*\.)+(?:com|org|net|edu|gov|mil|io|info|biz|rs|co\.(?:uk|rs|in|nz|za|jp)
            |uk|de|fr|it|es|nl|eu|us|ca|au|ch|at|be|pl|se|fi|dk|cz|hr|ba|si|mk|hu|ro|bg|gr|pt|br|mx|jp|app|dev|health|ly|me)
            (?![\w@-]|\.\w)(?:/[^\s<>"']*[^\s<>"'.,;:!?)])?"""
        ),
        0.7,
        ".",
    ),
    Rule("IP_ADDRESS", _cased(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"), 0.95, check=_address),
    Rule(
        "IP_ADDRESS",
        _any_case(
            r"(?<![\w:])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6})(?![\w:])"
        ),
        0.9,
        ":",
        check=_has_digit,
    ),
    Rule("MAC_ADDRESS", _any_case(r"(?<![\w:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![\w:-])"), 0.95),
    # -- money
    Rule(
        "CREDIT_CARD",
        _cased(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-]|\.\d)"),
        1.0,
        check=partial(_of_digits, checks.card),
    ),
    Rule(
        "CREDIT_CARD",
        _any_case(
            r"""\b(?:card|visa|mastercard|amex|american\s+express|maestro|kartic\w+)\b(?:\s*(?:number|num|no|\#|is|ending|in|:|-|broj|je)\.?)*
            \s*(?P<it>\d(?:[ -]?\d){11,18})(?![\w-])"""
        ),
        0.85,
        "digit",
    ),
    Rule(
        "CREDIT_CARD",
        _any_case(r"\b(?:cvv|cvc|cvv2|cvc2|security\s+code)\b(?:\s*(?:number|code|is|:|\#))*\s*(?P<it>\d{3,4})\b"),
        0.8,
        "digit",
    ),
    Rule("IBAN_CODE", _cased(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?!\w)"), 1.0, check=_iban),
    Rule(
        "IBAN_CODE", _any_case(rf"\biban\b{_LINK}(?P<it>[a-z]{{2}}\d{{2}}(?:[ -]?[a-z0-9]){{8,30}})(?!\w)"), 0.9, "iban"
    ),
    Rule(
        "US_BANK_NUMBER",
        _cased(r"(?<![\w-])\d{3}-\d{13}-\d{2}(?![\w-])"),
        1.0,
        check=partial(_of_digits, checks.serbian_account),
        instead=("US_BANK_NUMBER", 0.6),
    ),
    Rule(
        "US_BANK_NUMBER",
        _any_case(
            rf"""\b(?:(?:bank|checking|savings?|deposit)\s+account|account\s+(?:number|num|no|\#)|acct|a/c|
            (?:account|accounts)(?=\s+(?:like\s+|is\s+|was\s+)?\#?\d)|ra[čc]un\w*|tekući\s+ra[čc]un\w*){_LINK}
            (?:like\s+)?(?P<it>[A-Za-z]{{0,6}}\d(?:[\d]|[ -](?=\d)){{4,24}}[A-Za-z]?)(?!\w)"""
        ),
        0.85,
        "digit",
    ),
    Rule(
        "ABA_ROUTING_NUMBER",
        _any_case(rf"\b(?:routing|aba|transit){_LINK}(?P<it>\d{{9}}|\d{{4}}-\d{{4}}-\d)(?!\w)"),
        0.95,
        "digit",
    ),
    Rule("CRYPTO", _cased(r"(?<!\w)(?:bc1[ac-hj-np-z02-9]{25,59}|0x[0-9a-fA-F]{40})(?!\w)"), 0.9),
    # -- numbers that a state or an insurer gives
    Rule(
        "US_SSN",
        _cased(r"(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])"),
        0.9,
        check=partial(_of_digits, checks.ssn),
        instead=("US_ITIN", 0.7),
    ),
    Rule(
        "US_SSN",
        _any_case(
            rf"\b(?:ssn|social(?:\s+security|\s+sec)?|soc\s+sec|ss\s?\#){_LINK}(?:num(?:ber)?\s*)?(?P<it>\d{{3}}[- ]?\d{{2}}[- ]?\d{{4}})(?!\w)"
        ),
        1.0,
        "digit",
    ),
    Rule("US_ITIN", _any_case(rf"\bitin\b{_LINK}(?P<it>9\d{{2}}[- ]?\d{{2}}[- ]?\d{{4}})(?!\w)"), 1.0, "itin"),
    Rule(
        "TAX_ID",
        _any_case(
            rf"""\b(?:tax\s?(?:payer)?\s*id\w*|federal\s+tax\s+id|tin|ein|vat|pib|tax\s+(?:number|no)){_LINK}
            (?P<it>(?=[A-Za-z-]*\d)[A-Za-z]{{0,5}}[\d][\w-]{{5,14}})(?!\w)"""
        ),
        0.9,
        "digit",
    ),
    Rule("TAX_ID", _cased(r"(?<![\w-])\d{2}-\d{7}(?![\w-])"), 0.5),
    Rule(
        "US_DRIVER_LICENSE",
        _any_case(
            rf"""\b(?:driv(?:er|ing|er['’]?s)?['’]?s?\s+licen[cs]e|licen[cs]e\s+(?:number|no|\#)|dl(?=\s*[\#:]|\s+(?:number|no))
            |voza[čc]k\w+\s+dozvol\w+){_LINK}(?P<it>(?:DL:)?[A-Za-z0-9](?:[A-Za-z0-9]|[-](?=[A-Za-z0-9])){{4,20}})(?!\w)"""
        ),
        0.9,
        "digit",
        check=_has_digit,
    ),
    Rule(
        "US_PASSPORT",
        _any_case(rf"\b(?:passport|paso[šs]\w*){_LINK}(?P<it>[A-Za-z]{{0,3}}\d{{6,11}})(?!\w)"),
        0.95,
        "digit",
    ),
    Rule(
        "MEDICAL_RECORD_NUMBER",
        _any_case(
            rf"""\b(?:mrn|m\.r\.n\.?|medical\s+(?:record|file|chart)s?|patient\s+(?:id|number|no|identifier|\#)|chart\s+(?:number|no|id|\#)
            |hospital\s+(?:number|no|id)|record\s+(?:number|no)|pat\.?\s?id|emr|ehr\s+id|broj\s+kartona|karton\w*){_LINK}{_MIXED}(?!\w)"""
        ),
        0.9,
        "digit",
        check=_has_digit,
    ),
    Rule(
        "US_HEALTH_INSURANCE_MEMBER_ID",
        _any_case(
            rf"""\b(?:member\s?(?:ship)?\s*(?:id|number|no|\#)|(?:health\s+)?(?:insurance|policy|subscriber|beneficiary|plan|group|medicaid|medicare)
            \s+(?:id|number|no|policy|member|\#)|insurance(?=\s*\#)|policy(?=\s*\#)|lbo|broj\s+osiguran\w+){_LINK}{_MIXED}(?!\w)"""
        ),
        0.9,
        "digit",
        check=_has_digit,
    ),
    Rule(
        "US_MBI",
        _any_case(
            r"(?<!\w)[1-9][ac-hj-km-np-rt-y][ac-hj-km-np-rt-y0-9]\d-?[ac-hj-km-np-rt-y][ac-hj-km-np-rt-y0-9]\d-?[ac-hj-km-np-rt-y]{2}\d{2}(?!\w)"
        ),
        0.85,
    ),
    Rule("US_NPI", _any_case(rf"\bnpi\b{_LINK}(?P<it>\d{{10}})(?!\w)"), 0.95, "npi"),
    Rule("UK_NHS", _any_case(rf"\bnhs\b{_LINK}(?P<it>\d{{3}}[ -]?\d{{3}}[ -]?\d{{4}})(?!\w)"), 0.95, "nhs"),
    Rule("UK_NHS", _cased(r"(?<![\w-])\d{3}[ ]\d{3}[ ]\d{4}(?![\w-])"), 0.45, check=partial(_of_digits, checks.nhs)),
    Rule(
        "UK_NINO", _cased(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?\d{2}[ ]?\d{2}[ ]?\d{2}[ ]?[A-D](?!\w)"), 0.8
    ),
    Rule("RS_JMBG", _cased(r"(?<![\w-])\d{13}(?![\w-])"), 1.0, check=checks.jmbg),
    Rule("RS_JMBG", _any_case(rf"\b(?:jmbg|matični\s+broj|maticni\s+broj)\w*{_LINK}(?P<it>\d{{13}})(?!\w)"), 0.95),
    Rule(
        "IN_PAN", _any_case(rf"\bpan\b{_LINK}(?P<it>[a-z]{{3,6}}[a-z0-9]{{4,9}})(?!\w)"), 0.8, "pan", check=_has_digit
    ),
    Rule("IN_PAN", _cased(r"(?<!\w)[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z](?!\w)"), 0.8),
    Rule("IN_AADHAAR", _any_case(rf"\baadh?aa?r\b{_LINK}(?P<it>\d{{4}}[ -]?\d{{4}}[ -]?\d{{4,6}})(?!\w)"), 0.95, "aad"),
    Rule("MEDICAL_LICENSE", _any_case(rf"\bdea\b{_LINK}(?P<it>[a-z]{{2}}\d{{7}})(?!\w)"), 0.95, "dea"),
    Rule(
        "ID_NUMBER",
        _any_case(
            rf"""\b(?:(?:employee|case|claim|reference|customer|client|student|registration|suspect\s+identification|identification|national|id|order|confirmation)\s+
            (?:id|number|no|\#)|id(?=\s+number)){_LINK}{_MIXED}(?!\w)"""
        ),
        0.6,
        "digit",
        check=_has_digit,
    ),
    # -- things that lead to a person
    Rule(
        "LICENSE_PLATE",
        _cased(
            r"(?<![\w-])(?:BG|NS|NI|KG|SU|ZR|PA|ČA|CA|KV|KŠ|UŽ|UE|ŠA|SA|SM|VA|VŠ|LE|JA|SO|KI|PO|VR|ZA|PI|BO|SD)[ -]?\d{3,4}[ -]?[A-ZŠĐČĆŽ]{2}(?![\w-])"
        ),
        0.85,
    ),
    Rule(
        "LICENSE_PLATE",
        _any_case(
            rf"""\b(?:licen[cs]e\s+plate|number\s+plate|plates?|registarsk\w+\s+(?:tablic\w+|oznak\w+)|tablic\w+|registracij\w+){_LINK}
            (?P<it>[A-Za-zŠĐČĆŽ]{{0,3}}[ -]?\d{{1,4}}[ -]?[A-Za-zŠĐČĆŽ]{{0,3}}\d{{0,4}})(?!\w)"""
        ),
        0.8,
        "digit",
        check=lambda text: len(re.sub(r"\W", "", text)) >= 5,
    ),
    Rule("VEHICLE_VIN", _cased(r"(?<!\w)[A-HJ-NPR-Z0-9]{17}(?!\w)"), 0.95, check=checks.vin),
    Rule("VEHICLE_VIN", _any_case(rf"\bvin\b{_LINK}(?P<it>[a-z0-9]{{17}})(?!\w)"), 0.95, "vin"),
    Rule(
        "DEVICE_ID",
        _any_case(rf"\b(?:serial|imei|device\s+(?:id|identifier)|udi)\b{_LINK}{_MIXED}(?!\w)"),
        0.8,
        "digit",
        check=_has_digit,
    ),
    Rule(
        "USERNAME",
        _any_case(
            r"""\b(?:user\s?name|user\s?id|login(?:\s+(?:name|id))?|log[- ]in|screen\s+name|handle|korisni[čc]k\w+\s+ime\w*)\b
            (?:\s*(?:is|was|je|:|=|of))*\s*(?P<it>(?:'[^'\s]{3,40}'|"[^"\s]{3,40}"|(?=[\w.-]*[\d_.])[A-Za-z][\w.-]{2,30}\w|(?<=[:=]\s)[A-Za-z][\w.-]{2,30}\w))(?![\w@])"""
        ),
        0.8,
        "word",
    ),
    Rule("USERNAME", _any_case(r"\buser\s?id\s+(?P<it>\d{3,12})\b"), 0.8),
    Rule("USERNAME", _any_case(r"(?<![\w@.])@[A-Za-z_][\w.]{2,29}\b(?!@)"), 0.6, "@"),
    Rule(
        "PASSWORD",
        _any_case(
            r"""\b(?:password|passwd|passphrase|pwd|passcode|pass\s?code|lozink\w+|šifr\w+)\b(?:\s*(?:is|was|je|for\s+\S+\s+is|set\s+to|of|:|=|to))*
            \s*(?P<it>'[^'\s]{3,40}'|"[^"\s]{3,40}"|[^\s'",;]{4,40}?)(?=[.,;:?]?(?:\s|$)|['")])"""
        ),
        0.85,
        "word",
        check=_secret,
    ),
    Rule("PASSWORD", _any_case(r"\bpin\b(?:\s*(?:code|number|is|was|je|:|=))*\s*(?P<it>\d{4,8})\b"), 0.85, "pin"),
    Rule("PASSWORD", _cased(r"\S+@\S+\.\w+\s*/\s*(?P<it>\S{6,40}?)(?=[.,;]?(?:\s|$))"), 0.7, "@", check=_secret),
    # -- when
    Rule(
        "DATE_TIME",
        _any_case(rf"(?<![\w.-]){_YEAR}-\d{{1,2}}-\d{{1,2}}(?:[T ]{_CLOCK})?(?![\w-])"),
        0.9,
    ),
    Rule(
        "DATE_TIME",
        _cased(r"(?<![\w.,/-])\d{1,4}([./-])\s?\d{1,2}\1\s?\d{2,4}(?![\w/-]|\.\d)"),
        0.85,
        check=checks.numeric_date,
    ),
    Rule(
        "DATE_TIME",
        _any_case(
            rf"""(?<![\w-])(?:{_DAY_NAME},?\s+)?(?:the\s+)?{_ORDINAL}\s+(?:day\s+)?(?:of\s+)?{_MONTH}\b\.?(?:,?\s+{_YEAR})?(?!\w)"""
        ),
        0.85,
    ),
    Rule(
        "DATE_TIME",
        _any_case(rf"\b(?:{_DAY_NAME},?\s+)?{_MONTH}\.?\s+(?:the\s+)?{_ORDINAL}(?!\d|:|\s?%)(?:,?\s+{_YEAR})?(?!\w)"),
        0.85,
    ),
    Rule(
        "DATE_TIME",
        _any_case(
            r"""\b(?:on|until|till|from|for|by|before|after|starting|is)\s+(?P<it>(?:the\s+)?(?:[12]?\d|3[01])(?:st|nd|rd|th)(?:\s+of\s+(?:this|next)\s+month)?)
            (?=\s*(?:[.,?!]|$|at\b|to\b|and\b|please\b|in\s+the\b|around\b))"""
        ),
        0.5,
    ),
    Rule("DATE_TIME", _any_case(rf"\b{_MONTH}\.?,?\s+(?:of\s+)?{_YEAR}\b"), 0.85),
    Rule(
        "DATE_TIME", _any_case(rf"(?<![\w.])\d{{1,2}}\.?\s+{_MONTH_SR}\b(?:\s+{_YEAR}\.?(?:\s*god(?:ine|\.)?)?)?"), 0.85
    ),
    Rule("DATE_TIME", _any_case(rf"\b{_MONTH_SR}\s+{_YEAR}\.?(?:\s*god(?:ine|\.)?)?"), 0.8),
    Rule(
        "DATE_TIME",
        _cased(
            rf"\b(?:[Ii]n|[Ss]ince|[Oo]f|[Ff]rom|[Uu]ntil|[Bb]efore|[Aa]fter|[Dd]uring|[Bb]y|godin[ei]|od|do|[Uu])\s+(?P<it>{_YEAR})(?![\w:/-]|[.,]\d)"
        ),
        0.7,
    ),
    Rule("DATE_TIME", _any_case(rf"(?<![\w/]){_DAY_NAME}s?\b"), 0.6, "day"),
    Rule("DATE_TIME", _any_case(rf"(?<![\w:.]){_CLOCK}(?![\w:])"), 0.5),
    Rule("DATE_TIME", _any_case(r"(?<![\w:.])(?:0?[1-9]|1[0-2])(?:[:.][0-5]\d)?\s?[ap]\.?m\b\.?"), 0.5),
    Rule(
        "AGE",
        _any_case(
            r"""(?<![\w.])(?P<it>\d{1,3}(?:\s?1/2)?)(?=[\s-]*(?:year|yr|month|week|day)s?[\s-]*old\b|[\s-]*y(?:ears?|rs?)?[\s./-]*o(?:f\s+age|ld)?\b(?!\w)
            |[\s-]*years?\s+of\s+age\b|[\s-]*y/o\b|[\s-]*godišnj\w+|[\s-]*godina\s+star\w*)"""
        ),
        0.9,
    ),
    Rule(
        "AGE",
        _any_case(
            r"""\b(?:aged?|turn(?:s|ed|ing)?|age\s+of|starost\w*|star[ai]?|ima(?:m)?)\s*(?:is|:|just|od)?\s*(?P<it>\d{1,3})(?![\w:/%-]|[.,]\d)
            (?!\s*(?:mg|ml|mcg|minut\w+|hours?|days?|weeks?|months?|times|percent|dan\w*|sat\w*|put\w*|degrees|points?))"""
        ),
        0.75,
        check=lambda text: int(text) <= 120,
    ),
    Rule(
        "AGE",
        _any_case(
            r"""\b(?:i'?m|i\s+am|he'?s|she'?s|(?:he|she|who)\s+(?:is|was)|just\s+turned)\s+(?:only\s+|just\s+|now\s+|about\s+)?(?P<it>\d{1,3})
            (?=\s*(?:[.,;!?]|$|and\b|but\b|now\b|years?\b(?!\s+(?:in|at|into|out|away))))"""
        ),
        0.7,
        check=lambda text: int(text) <= 120,
    ),
    # -- where, as far as it has a shape
    Rule(
        "LOCATION",
        _cased(rf"\b(?:the\s+)?corner\s+of\s+{_PLACE_WORDS}(?:\s+\d+)?\s+and\s+{_PLACE_WORDS}(?:\s+\d+)?"),
        0.9,
        "corner",
    ),
    Rule(
        "LOCATION",
        _any_case(
            rf"""(?<![\w/])(?:\d{{1,6}}\s+)?(?:\d{{1,5}}\s+)?(?:{_STREET_FIRST})\s+(?:[^\W\d_][\w’'.-]*\s+){{1,5}}?(?:n[°o]\.?\s*|br\.?\s*)?\d{{1,5}}[a-z]?\b"""
        ),
        0.8,
    ),
    Rule(
        "LOCATION",
        _any_case(
            rf"""(?<![\w/])(?:\d{{1,6}}\s+)?(?:\d{{1,5}}\s+)?(?:[^\W\d_][\w’'.-]*[ \t]+){{0,3}}(?:[^\W\d_][\w’'-]*)?(?:{_STREET_LAST})\.?[ \t]+\d{{1,5}}[a-z]?\b"""
        ),
        0.7,
    ),
    Rule(
        "LOCATION",
        _cased(
            rf"\b(?i:where|location|venue|place|city|town|hometown|birthplace|country|address)[ \t]*:\s*(?P<it>{_PLACE_WORDS}(?:,\s*{_PLACE_WORDS})*)"
        ),
        0.72,
        ":",
        check=lambda text: not _NO_PLACE.match(text),
    ),
    Rule(
        "LOCATION",
        _cased(rf"\b(?:(?:[A-Z]\w*)\s+){{1,3}}(?:{_STREET_ENGLISH})\b(?!\s+(?:is|was|of)\s+a\b)"),
        0.72,
        "word",
    ),
    Rule(
        "LOCATION",
        _any_case(
            r"""\b(?:(?:flew|fly|flying|travel\w*|moved?|moving|drove|driving|returned|came|relocated|going|trip|arrived|lives?|living|born|located|based|grew\s+up|raised|resid\w+|originally)
            \s+(?:here\s+)?(?:to|from|in|at|back\s+to|back\s+from|near)|(?:i'?m|i\s+am|we\s+are|we're|they\s+are)\s+(?:\w+\s+)?(?:in|from|at))\s+(?-i:(?P<it>[A-ZÀ-ÞĀ-Ž][\w’'-]+(?:[ -](?:de|del|do|da|di|la|le|der)?[ -]?[A-ZÀ-ÞĀ-Ž][\w’'-]+){0,3}))"""
        ),
        0.66,
        "word",
        check=lambda text: not _NO_PLACE.match(text),
    ),
    Rule(
        "LOCATION",
        _any_case(
            r"\b(?:p\.?\s?o\.?\s?box|po\s+box|psc\s+\d+,?\s+box|unit\s+\d+,?\s+box)\s+\d+(?:[\s,]+(?:[AFD]PO\s+A[AEP]\s+\d{5}(?:-\d{4})?))?"
        ),
        0.9,
        "box",
    ),
    Rule(
        "LOCATION",
        _any_case(r"(?:\b(?:USNS|USNV|USS|USCGC)\s+\w+[\s,]+)?\b[AFD]PO,?\s+A[AEP]\s+\d{5}(?:-\d{4})?\b"),
        0.92,
    ),
    Rule(
        "LOCATION",
        _any_case(
            rf"\b(?:zip|postal|post)\s*(?:code)?{_LINK}(?P<it>\d{{3,5}}(?:[- ]\d{{2,4}})?(?:\s[A-Z]{{2}}\b)?)(?![\w-])"
        ),
        0.9,
    ),
    Rule("LOCATION", _cased(r"(?<![\w-])[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}(?![\w-])"), 0.8),
    Rule(
        "LOCATION",
        _any_case(
            r"""(?<![\w.,/-])\d{1,6}[a-z]?(?:-\d{1,5})?\s+(?:(?:[nsew]|north|south|east|west|ne|nw|se|sw)\.?\s+)?(?:[\w'’.-]+\s+){1,4}?
            (?:street|st|avenue|ave|boulevard|blvd|road|rd|drive|dr|lane|ln|way|court|ct|place|pl|square|sq|terrace|ter|circle|cir|parkway|pkwy
            |highway|hwy|crescent|close|alley|plaza|broadway|row|walk|trail)\b\.?(?:\s+(?:north|south|east|west|[nsew]|ne|nw|se|sw|northwest|northeast|southwest|southeast)\b\.?)?
            (?:,?\s+(?:apt|apartment|suite|ste|unit|floor|fl|\#)\.?\s*\#?\w+)?"""
        ),
        0.75,
        "digit",
        check=lambda text: not re.search(r"\b(?:mg|ml|of|years?|is|was|and|the|to|in|for|at|a)\b", text, re.IGNORECASE),
    ),
    Rule("LOCATION", _any_case(r"\b(?:apt|apartment|suite|ste)\.?\s*\#?\d+\w?\b"), 0.7),
    Rule(
        "LOCATION",
        _any_case(
            r"""\b(?:bulevar\w*|ulic[aeiu]|ul\.|trg\w*|kej|put)\s+(?:[^\W\d_][\w.]*\s+){0,4}?(?:br\.?\s*|broj\s+)?\d{1,4}[a-z]?\b(?:/\d+)?
            (?:,?\s+\d{5}\s+[A-ZŠĐČĆŽ]\w+(?:\s+[A-ZŠĐČĆŽ]\w+)?)?"""
        ),
        0.85,
    ),
    Rule("LOCATION", _cased(r"(?<![\w-])[1-3]\d{4}\s+[A-ZŠĐČĆŽ][\wšđčćž]{2,}(?:\s+[A-ZŠĐČĆŽ]\w+)?"), 0.6),
)


def find(text: str) -> Iterator[Found]:
    """Yield what the rules take for personal data, in the order of the table."""
    lower = text.lower()
    has_digit = any(c.isdigit() for c in text)
    for rule in RULES:
        if not (has_digit if rule.needs == "digit" else rule.needs == "word" or rule.needs in lower):
            continue
        for match in rule.pattern.finditer(text):
            start, end = match.span("it") if "it" in rule.pattern.groupindex else match.span()
            if start == end:
                continue
            if rule.check is None or rule.check(text[start:end]):
                yield Found(start, end, rule.type, rule.score, "pattern")
            elif rule.instead is not None:
                yield Found(start, end, rule.instead[0], rule.instead[1], "pattern")
