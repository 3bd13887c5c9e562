"""What a text message in particular should not hold: more of somebody's health than it needs, hidden links, too many
parts."""

import re
from collections.abc import Iterator

from reviewer.domain import segments
from reviewer.domain.findings import Finding
from reviewer.domain.kinds import KINDS
from reviewer.privacy.gate.outgoing import Outgoing, stop

HEALTH, LINK, SEGMENTS = "phi_in_sms", "link", "segments"
LONGEST_SEGMENTS = 4

# What anybody who picks up the telephone could read: identifiers that a reminder never needs.
_IDENTIFIERS = re.compile(
    r"\b(?:\d{3}-\d{2}-\d{4}|(?:SSN|social security(?: number)?|MRN|medical record(?: number)?|member ID"
    r"|policy (?:number|no\.?)|JMBG)[:#]? ?(?:is )?[A-Z]{0,3}[\d-]{5,}"
    r"|(?:DOB|date of birth|born(?: on)?|datum rođenja)[:]? ?(?:is )?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
    r"|\d(?:[ -]?\d){12,18})\b",
    re.IGNORECASE,
)
_TYPES = frozenset(
    [
        "US_SSN",
        "US_ITIN",
        "US_PASSPORT",
        "US_DRIVER_LICENSE",
        "CREDIT_CARD",
        "IBAN_CODE",
        "US_BANK_NUMBER",
        "MEDICAL_RECORD_NUMBER",
        "MRN",
        "HEALTH_PLAN_ID",
        "HEALTH_PLAN_MEMBER_ID",
        "US_MBI",
        "RS_JMBG",
        "JMBG",
        "DATE_OF_BIRTH",
        "PASSWORD",
    ]
)
# Health that harms when others read it (after what US and EU law call sensitive): named plainly or by its treatment.
_SENSITIVE = re.compile(
    r"\b(?:HIV|AIDS|hepatitis [BC]|syphilis|gonorrh\w+|chlamydia|herpes|genital warts|sexually transmitted|STDs?"
    r"|STIs?|abortion|miscarriage|terminat\w+ (?:of )?(?:the |your )?"
    r"pregnan\w+|pregnan\w+|infertil\w+|IVF|vasectomy|schizo\w+|bipolar|psychos\w+|psychotic|psychiatr\w+"
    r"|depression|suicid\w+|self-harm|eating disorder|anorexia|bulimia"
    r"|addict\w+|rehab\b(?! exercises)|detox|methadone|suboxone|buprenorphine|naltrexone|alcohol(?:ism"
    r"| dependence| use disorder)|substance (?:abuse|use)|overdose"
    r"|cancer|chemo\w*|oncolog\w+|tumou?r|malignan\w+|metasta\w+|leuk(?:a)?emia|lymphoma|dementia|alzheimer\w*"
    r"|domestic (?:violence|abuse)|sexual (?:assault|abuse)|rape"
    r"|trudno\w+|abortus|pobačaj|rak(?:a|om|u)? (?:dojke|pluća|kože|prostate)|hemoterap\w+|sifilis|psihijatr\w+"
    r"|šizofren\w+|zavisnost\w*|samoubis\w+)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(?:(?:tested|test(?:s)?(?: results?)?(?: is| are| was| were| came back)?|results?(?: is| are| was| were"
    r"| came back)?|biopsy(?: is| was| came back)?) (?:back )?(?:positive|negative|abnormal"
    r"|malignant|benign)|diagnos(?:ed with|is is|is of)|nalaz(?:i)? (?:je|su) (?:pozitiv\w+|negativ\w+))\b",
    re.IGNORECASE,
)

_SHORTENERS = (
    r"bit\.ly|bitly\.com|tinyurl\.com|t\.co|goo\.gl|ow\.ly|is\.gd|v\.gd|buff\.ly|rebrand\.ly|cutt\.ly"
    r"|shorturl\.at|t\.ly|rb\.gy|tiny\.cc|lnkd\.in|s\.id|bl\.ink|tr\.im|j\.mp|qr\.ae"
    r"|adf\.ly|shorte\.st|soo\.gd|clck\.ru|u\.to|x\.co|mcaf\.ee|snip\.ly|short\.io|kutt\.it|urlz\.fr|tny\.im"
    r"|dub\.sh|t2m\.io|surl\.li|shorturl\.asia|tiny\.one|wa\.link"
)
_SHORT_LINK = re.compile(rf"(?<![\w.@-])(?:https?://)?(?:www\.)?(?:{_SHORTENERS})/[\w\-./?=&%#]*", re.IGNORECASE)
_DISGUISED_LINK = re.compile(
    r"\b(?:https?://(?:\d{1,3}(?:\.\d{1,3}){3}|[^/\s]*@)[^\s]*"
    r"|(?:https?://)?(?:[\w-]+\.)*xn--[\w-]+(?:\.[\w-]+)*[^\s]*)",
    re.IGNORECASE,
)


def health_in_sms(outgoing: Outgoing) -> Iterator[Finding]:
    """Find identifiers and sensitive health in a text message, which is read on a locked screen by whoever is near."""
    if not _is_sms(outgoing):
        return
    text = outgoing.text
    taken: list[range] = []
    found = [(s.start, s.end) for s in outgoing.spans or () if s.type in _TYPES]
    found += [match.span() for match in _IDENTIFIERS.finditer(text)]
    for start, end in sorted(found):
        if not any(start < place.stop and place.start < end for place in taken):
            taken.append(range(start, end))
            yield stop(HEALTH, "An identifier that a text message should not need.", start, end)
    for pattern in (_SENSITIVE, _RESULT):
        for match in pattern.finditer(text):
            yield stop(
                HEALTH,
                "Health that others may read on the telephone's screen: does the message need it?",
                *match.span(),
            )


def hidden_links(outgoing: Outgoing) -> Iterator[Finding]:
    """Find links that do not show where they lead."""
    for pattern in (_SHORT_LINK, _DISGUISED_LINK):
        for match in pattern.finditer(outgoing.text):
            yield stop(LINK, "This link does not show where it leads.", *match.span())


def too_many_segments(outgoing: Outgoing) -> Iterator[Finding]:
    """Find a message that the carrier cuts into more parts than it should."""
    if not _is_sms(outgoing):
        return
    number = segments.count(outgoing.text).segments
    if number > LONGEST_SEGMENTS:
        yield stop(SEGMENTS, f"The carrier sends this as {number} messages; {LONGEST_SEGMENTS} are enough.", 0, 0)


def _is_sms(outgoing: Outgoing) -> bool:
    return outgoing.kind in KINDS and KINDS[outgoing.kind].counts_segments
