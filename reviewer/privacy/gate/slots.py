"""What people and programs write where something is to be filled in: the words of a slot, and how identifiers read.

A slot names what goes into it ("Clinic Name", "first_name", "datum termina") or tells to put it there ("insert date").
"""

import re

# What is filled in, as the last word of a slot or as its first before "of" or "for". English, then the languages that
# the templates of public messaging projects come in, then others.
_NOUNS = frozenset(
    """name names firstname lastname surname fullname fname lname nickname initials salutation pronoun pronouns date day
    month year time times hour hours number numbers num no phone telephone tel mobile fax email e-mail mail address
    street city town state zip zipcode postcode country county link url website site web webpage mail password
    username code pin otp id ids identifier reference ref amount price cost fee total balance sum currency percentage
    value quantity dose dosage strength frequency medication medicine drug diagnosis condition symptom symptoms
    procedure test result results specialty department unit room floor location place venue clinic hospital pharmacy
    practice facility doctor physician provider nurse clinician therapist surgeon dentist specialist patient client
    customer caller member guest recipient sender agent representative rep manager advisor adviser user company
    organization organisation business brand product service store branch office bank team title position role dob
    birthdate age gender ssn mrn appointment schedule deadline duration details detail info information placeholder
    blank variable field text signature language reason relationship relation redacted removed masked deidentified phi
    pii tbd tba tbc todo contact line greeting topic subject content insurance insurer plan policy carrier diagnoses
    findings history date1 here first last insert xxx xx ime imena prezime imeprezime datum vreme vrijeme broj telefon
    adresa grad mesto mjesto ordinacija klinika bolnica doktor lekar pacijent pacijenta pacijentkinje klijent klijenta
    korisnik korisnika lekara doktora kompanija firma iznos cena link lozinka termin termina dan sat godina име имена
    презиме датум време број телефон адреса град место пацијент пацијента лекар лекара доктор клијент корисник
    клијента корисника износ термин термина дан година nombre nombres apellido apellidos fecha hora teléfono telefono
    dirección direccion correo enlace ciudad médico paciente clínica cliente monto prénom prenom nom heure adresse
    téléphone lien ville médecin montant vorname nachname uhrzeit zeit telefonnummer nummer adresse stadt arzt praxis
    kunde betrag nome cognome ora indirizzo telefono medico paziente importo sobrenome sobrenombre endereço naam
    achternaam tijd telefoonnummer imię nazwisko godzina adres имя фамилия отчество дата время номер адрес город врач
    пациент ім'я прізвище नाम तारीख दिनांक समय फ़ोन पता नाव নাম তারিখ সময় பெயர் தேதி நேரம் పేరు తేదీ సమయం ಹೆಸರು
    ದಿನಾಂಕ ਨਾਮ ਮਿਤੀ නම දිනය ስም ቀን ሰዓት magaca taariikhda maqaa guyyaa su'ma اسم الاسم تاريخ التاريخ نام 姓名 名字 日期 时间
    電話 名前 氏名 日付 이름 날짜""".split()
)
# Who or what the slot's value belongs to: these alone make a slot too, and so does one before a noun.
_OWNERS = frozenset(
    """patient client customer caller member guest user recipient contact agent doctor dr physician provider clinician
    nurse clinic hospital facility practice company business organization office sender rep representative pacijent
    klijent korisnik lekar doktor first last full middle given family your my our the appointment visit due start end
    home work cell mobile account order invoice tracking reference assigned primary return login""".split()
)
_STARTERS = frozenset(
    """insert enter add fill specify choose select provide type pick replace your put write complete include unesite
    unesi upišite upiši ubacite ubaci dodajte vaše vaš vaša inserte insertar ingrese su insérer insérez votre einfügen
    ihr ihre inserire inserisci inserir вставьте введите унесите упишите""".split()
)
_LINKING = frozenset("""of for and or de del di des du der von og za i и of""".split())
# A word is what stands between spaces, digits and ASCII punctuation; \w would cut Indic words at their vowel signs.
_WORD = re.compile(r"[^\s\d!-&(-/:-@\[-`{-~]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST_WORDS, _SHORT_WORDS = 6, 3
_SENTENCE = re.compile(r"[.!?;]\s|[!?]$")

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z0-9]+)+|[a-z]{3,}(?:[A-Z][a-z]{2,})+")
_CAPITALS = re.compile(r"[A-Z]{2,}(?:[ _-][A-Z]{2,})+")
_TITLE_WORD = re.compile(r"[A-Z][a-z]+(?:['’]s)?")


def names_slot(content: str) -> bool:
    """Tell whether `content`, taken out of its brackets, says what is to be filled in."""
    words = _words(content)
    if not words or len(words) > _LONGEST_WORDS + 2 or _SENTENCE.search(content):
        return False
    if words[0] in _STARTERS and len(words) > 1:
        return True
    if len(words) > _LONGEST_WORDS:
        return False
    if words[-1] in ("here", "ovde", "ovdje", "aquí", "ici", "hier") and len(words) > 1:
        words = words[:-1]
    if len(words) > _SHORT_WORDS and not any(word in _OWNERS for word in words):
        return False
    return words[-1] in _NOUNS or (words[0] in _NOUNS and len(words) > 2 and words[1] in _LINKING)


def is_owned_slot(identifier: str) -> bool:
    """Tell whether an identifier that stands bare reads `first_name`, `patientName`, `CUSTOMER_PHONE`."""
    words = _words(identifier)
    return len(words) > 1 and words[-1] in _NOUNS and all(word in _OWNERS or word in _NOUNS for word in words)


def reads_as_identifier(content: str) -> bool:
    """Tell whether `content` is spelt as programs spell names: `snake_case`, `camelCase`, `Some.Path`."""
    return _IDENTIFIER.fullmatch(content.strip()) is not None


def reads_as_label(content: str) -> bool:
    """Tell whether `content` is spelt as labels are: `SEVERAL CAPITALS` or `Several Capitalised Words`."""
    words = re.split(r"[ /]", content.strip())
    if _CAPITALS.fullmatch(content.strip()):
        return True
    return len(words) > 1 and all(_TITLE_WORD.fullmatch(word) or word in _LINKING for word in words)


def _words(content: str) -> list[str]:
    spaced = _CAMEL.sub(" ", content.strip()).replace("_", " ").replace(".", " ").replace("-", " ")
    return [_owner(word.casefold()) for word in _WORD.findall(spaced)]


def _owner(word: str) -> str:
    return word.removesuffix("'s").removesuffix("’s")
