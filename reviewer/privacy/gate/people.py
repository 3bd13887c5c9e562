"""A person, a number or an address that belongs to nobody in this conversation: the sign of a wrong recipient.

Nobody can tell from a text who is meant, so only what addresses somebody counts: a name in the greeting, at the head
of a
message or under it, and telephone numbers and addresses. Where the conversation tells nothing (no source was given),
nothing can be
foreign to it. What the business itself goes by is in its list of contacts.
"""

import re
from collections.abc import Iterator

from reviewer.domain.findings import Finding
from reviewer.privacy.contacts import Contact, Known, contacts
from reviewer.privacy.gate.outgoing import Outgoing, block, stop
from reviewer.privacy.person_names import fold, parts, stems

PERSON, CONTACT = "wrong_person", "wrong_contact"

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЂЈ-ЏΑ-Ω]"
_NAME_WORD = rf"{_CAPITAL}[\w'’\-]+"
_TITLE = (
    r"(?:(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sr|Sra|Gđa|G-đa|Gdin|G-din|Gosp|gospodine|gospođo|gospodin|gospođa|g|dr|Herr|Frau"
    r"|М-р|др|гђа)\.? )*"
)
_NAME = rf"(?P<name>{_NAME_WORD}(?: (?:{_CAPITAL}\.|de|da|van|von|al|el|bin|Mc|O)(?= ))*(?: {_NAME_WORD}){{0,2}})"
_GREETING = re.compile(
    r"^[ \t]*(?:Hi|Hello|Hey|Dear|Greetings|Good (?:morning|afternoon|evening|day)|Zdravo|Poštovani|Poštovana"
    r"|Dragi|Draga|Dobar dan|Dobro jutro"
    r"|Поштовани|Поштована|Драги|Драга|Здраво|Добар дан|Hola|Estimad[oa]|Querid[oa]|Bonjour|Ch(?:er|ère)|Hallo"
    r"|Liebe[r]?|Guten Tag|Ciao|Gentile)"
    rf",? {_TITLE}{_NAME}(?=\s*(?:[,!.:;—–]|- |\n|$))",
    re.MULTILINE,
)
_HEAD = re.compile(rf"^\s*{_TITLE}{_NAME}, (?=(?i:please|your|you|we|kindly|molimo|vaš|vaša|podsećamo)\b)")
_CLOSING = re.compile(
    r"^[ \t]*(?:(?:Kind|Best|Warm)(?:est)? regards|Regards|Sincerely(?: yours)?|Yours(?: sincerely| truly)?"
    r"|Best wishes|Best|Cheers|Thank you"
    r"|Thanks|Srdačan pozdrav|S poštovanjem|Pozdrav|Срдачан поздрав|С поштовањем|Saludos|Cordialement"
    r"|Mit freundlichen Grüßen)[,.!]?[ \t]*\n\s*"
    rf"{_TITLE}{_NAME}(?=\s*(?:[,.\n]|$))",
    re.MULTILINE,
)
# Who is greeted by what they are, not by name.
_NOBODY = frozenset(
    fold(word)
    for word in [
        "valued",
        "customer",
        "customers",
        "patient",
        "patients",
        "client",
        "clients",
        "sir",
        "madam",
        "sirs",
        "all",
        "team",
        "there",
        "everyone",
        "everybody",
        "folks",
        "friend",
        "friends",
        "resident",
        "residents",
        "member",
        "members",
        "parent",
        "parents",
        "guardian",
        "guardians",
        "guest",
        "guests",
        "again",
        "user",
        "users",
        "subscriber",
        "colleague",
        "colleagues",
        "student",
        "students",
        "applicant",
        "traveler",
        "traveller",
        "passenger",
        "shopper",
        "tenant",
        "homeowner",
        "neighbor",
        "neighbour",
        "doctor",
        "nurse",
        "family",
        "new",
        "thank",
        "thanks",
        "this",
        "please",
        "welcome",
        "happy",
        "from",
        "we",
        "our",
        "your",
        "you",
        "i",
        "it",
        "the",
        "a",
        "an",
        "and",
        "just",
        "hope",
        "good",
        "poštovani",
        "pacijent",
        "pacijente",
        "pacijentkinjo",
        "korisnik",
        "korisniče",
        "korisnici",
        "klijent",
        "klijente",
        "kupac",
        "kupče",
        "kolega",
        "koleginice",
        "svi",
        "gospodine",
        "gospođo",
        "cliente",
        "paciente",
        "usuario",
        "client",
        "patient",
        "kunde",
        "kundin",
        "damen",
        "herren",
    ]
)
_SELF_NAMED = re.compile(
    r"\b(?:my name is|my name's|this is|name's|zovem se|ime mi je|moje ime je|me llamo|ich heiße"
    r"|je m'appelle) (?P<who>[^\W\d_]+)",
    re.IGNORECASE,
)
_DESK = re.compile(
    r"(?:support|help(?:desk)?|info|contact|office|hello|no-?reply|admin|billing|care|service|services|sales"
    r"|appointments|booking|bookings|reception|customer\w*|kontakt"
    r"|podrska|ordinacija|zakazivanje)@"
)
_REACH_US = re.compile(
    r"\b(?:(?:call|contact|phone|text|email|e-mail|reach|message|whatsapp|ring) (?:us|our|the|me|support)"
    r"|our (?:\w+ ){0,3}(?:number|line|team|office|desk|e-?mail|phone)|hotline"
    r"|help ?line|toll[- ]free|customer (?:service|care|support)|questions\?|need help\?|(?:reply|write"
    r"|send (?:an )?e-?mail) to|pozovite|kontaktirajte|javite (?:nam )?se|naš broj"
    r"|pišite nam)[^\n]{0,50}$",
    re.IGNORECASE,
)
_SHORTEST, _LONGER_BY = 3, 6


def wrong_people(outgoing: Outgoing) -> Iterator[Finding]:
    """Find a name in an addressing place that nobody in the conversation bears."""
    if not outgoing.source:
        return
    heard = _heard(outgoing)
    greeted: set[int] = set()  # where names end: a greeting may read as the head of the message too
    for pattern, find in ((_GREETING, block), (_HEAD, block), (_CLOSING, stop)):
        for match in pattern.finditer(outgoing.text):
            words = [word for word in parts(match["name"]) if len(word) > 1]
            if not words or any(word in _NOBODY for word in words) or any(_is_heard(word, heard) for word in words):
                continue
            place = match.span("name")
            if place[1] in greeted:
                continue
            greeted.add(place[1])
            if len(words) > 1:
                yield find(PERSON, "Nobody in this conversation has this name: is it the right recipient?", *place)
            elif find is block and _SELF_NAMED.search(outgoing.conversation):
                yield stop(PERSON, "The conversation names somebody else: is it the right recipient?", *place)


def wrong_contacts(outgoing: Outgoing) -> Iterator[Finding]:
    """Find a telephone number or e-mail address that neither the conversation nor the business knows."""
    if not outgoing.source:
        return
    found = list(contacts(outgoing.text))
    if not found:
        return
    known = Known([outgoing.conversation, outgoing.recipient or "", *outgoing.contacts])
    for contact in found:
        if not known.has(contact):
            what = "address" if contact.is_email else "number"
            if _is_of_business(outgoing.text, contact):
                message = (
                    f"Is this {what} the business's own? It is neither in the conversation nor in its list of contacts."
                )
                yield stop(CONTACT, message, contact.start, contact.end)
            else:
                message = f"This {what} belongs to nobody in this conversation, nor to the business's own contacts."
                yield block(CONTACT, message, contact.start, contact.end)


def _is_of_business(text: str, contact: Contact) -> bool:
    """Tell whether the text gives a contact as where to reach the business: it may well be unknown to the
    conversation."""
    if contact.is_email and _DESK.match(contact.value):
        return True
    return _REACH_US.search(text[max(0, contact.start - 60) : contact.start]) is not None


def _heard(outgoing: Outgoing) -> frozenset[str]:
    """Return every word that the conversation holds, as names are compared."""
    texts = [outgoing.conversation, outgoing.recipient or "", *outgoing.contacts]
    return frozenset(fold(word) for text in texts for word in re.findall(r"[^\W\d_]+", text))


def _is_heard(word: str, heard: frozenset[str]) -> bool:
    """Tell whether a name was said, in whatever case, short form or spelling of one letter more or less."""
    bases = {word, *word.split("'")} | stems(word)
    if any(base in heard or stems(base) & heard for base in bases):
        return True
    return any(_is_short_form(word, other) or _is_near(word, other) for other in heard)


def _is_short_form(one: str, other: str) -> bool:
    """Tell whether one word begins the other: Alex and Alexander."""
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= _SHORTEST and len(longer) - len(shorter) <= _LONGER_BY and longer.startswith(shorter)


def _is_near(one: str, other: str) -> bool:
    """Tell whether two longer words differ by one letter: names are often heard wrong."""
    if min(len(one), len(other)) < 5 or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
