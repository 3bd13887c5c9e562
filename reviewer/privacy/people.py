"""Who is who in a conversation: which names are one person's, so that each person has one PII token and no two share
one.

"Jelena", "Jelena Ilić", "Jelene Ilić" and "gđa Ilić" are one person, as long as no other fits as well. Where two
names could be two people,
they are: a token too many costs a clumsy sentence, a token shared sends one person's data to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reviewer.privacy.person_names import fold, parts, stems, titles

Parts = tuple[str, ...]

_FEMALE_TITLES = frozenset(
    "mrs ms miss gdja gdj gda gospodja gospodjica gospodjo doktorka profesorka sra srta dona senora frau mlle".split()
)
_MALE_TITLES = frozenset("mr sir gdin gospodin gosp gospodine g sr don senor herr monsieur".split())

# Given names as they are called: of two different ones neither is a case of the other. Written for this file.
_FEMALE = frozenset(
    fold(name)
    for name in """Ana Anđela Andrijana Adrijana Aleksandra Aleksija Biljana Bojana Bosiljka Branka Branislava
    Brankica Cvijeta Danica Danijela Dara
    Darinka Dejana Desanka Divna Dobrila Dragana Dragica Draginja Dubravka Dunja Dušanka Đurđa Đurđica Emilija
    Gabrijela Gordana Gorana Ivana Iva
    Ivona Jadranka Jagoda Jana Jasmina Jasna Jelena Jelica Jelisaveta Jovana Jovanka Julija Kaja Katarina Kosana
    Kristina Ksenija Lana Lela Lena
    Lenka Lidija Ljiljana Ljubica Ljubinka Ljupka Magdalena Maja Marica Marija Marijana Marina Martina Mara Milana
    Milena Milica Milanka Milijana
    Milka Mila Milja Milunka Miljana Mirjana Mira Mirka Miroslava Nada Nadežda Nataša Natalija Nevena Nevenka
    Nikoleta Nikolina Nina Novka Olga
    Olivera Petra Persida Radmila Radojka Rada Ranka Ratka Ruža Ružica Sandra Sanja Sara Savka Senka Slađana Slavica
    Slavka Slobodana Smilja Snežana
    Sofija Sonja Stana Stanka Stefana Stojanka Suzana Svetlana Tamara Tanja Tatjana Teodora Tea Tijana Una Valentina
    Vanja Vera Vesna Vida Vidosava
    Violeta Višnja Vladana Vojislava Vukica Zdravka Zlata Zlatka Zora Zorana Zorica Zorka Željka Živana Živka Darka
    Danka Janka Cveta Daniela
    Mary Anna Maria Emma Olivia Sophia Linda Barbara Patricia Jennifer Elizabeth Susan Jessica Sarah Karen Lisa Nancy
    Betty Sandra Margaret Ashley
    Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura Helen Sharon Cynthia Kathleen
    Amy Angela Shirley Brenda Pamela
    Nicole Samantha Katherine Christine Catherine Virginia Rachel Janet Diane Julie Joyce Victoria Kelly Christina
    Joan Evelyn Judith Alice Ann Jean
    Julia Grace Jane Andrea Hannah Jacqueline Martha Gloria Teresa Ann Rose Paula Carla Erica Roberta Adriana
    Gabriela Alexandra Maren""".split()
)
_MALE = frozenset(
    fold(name)
    for name in """Aca Aleksa Aleksandar Andrej Andrija Boban Bogdan Bojan Bora Boris Borislav Boško Boža Božidar
    Branimir Branislav Branko Budimir
    Cvetko Dalibor Damir Damjan Danilo Danijel Darko Dejan Dimitrije Dobrivoje Dragan Dragiša Dragoljub Dragomir
    Dragoslav Draško Dušan Đorđe Đura
    Đurađ Emil Filip Gavrilo Goran Gordan Gradimir Igor Ilija Ivan Ivica Ivo Jakov Janko Jovan Jovica Kosta Kristijan
    Lazar Luka Ljuba Ljubiša
    Ljubomir Maksim Marijan Marinko Marko Martin Matija Mihailo Mihajlo Mija Mika Milan Mile Milenko Milentije Milija
    Milivoje Miljan Milo Miloje
    Milorad Miloš Milutin Miodrag Mirko Miroslav Mita Mitar Mladen Momčilo Nebojša Nemanja Nenad Nikola Novak Obrad
    Ognjen Oliver Pavle Pera Petar
    Predrag Rade Radivoje Radoje Radomir Radoslav Radovan Radiša Rajko Ranko Rastko Ratko Relja Sava Saša Savo Siniša
    Slaviša Slavko Slobodan
    Spasoje Srđan Srećko Sreten Stanko Stefan Steva Stevan Stojan Strahinja Svetislav Svetozar Tihomir Toma Tomislav
    Toša Uroš Vasa Vasilije Velimir
    Veljko Veselin Vidak Vidoje Viktor Vlada Vladan Vladimir Vladislav Vlastimir Vojin Vojislav Vuk Vukašin Vukan
    Zdravko Zlatan Zlatko Zoran Zorko
    Žarko Željko Žika Živko Živojin
    James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark
    Donald Steven Paul Andrew Joshua
    Kenneth Kevin Brian George Edward Ronald Timothy Jason Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen
    Larry Justin Scott Brandon Benjamin
    Samuel Gregory Frank Alexander Raymond Patrick Jack Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Peter Kyle
    Walter Ethan Jeremy Harold Keith
    Roger Carl Arthur Terry Lawrence Sean Christian Austin Joe Noah Jesse Albert Bryan Billy Bruce Jordan Dylan Alan
    Ralph Gabriel Roy Juan Wayne
    Eugene Logan Randy Louis Russell Vincent Philip Bobby Johnny Bradley Adrian Julian Victor""".split()
)
_KNOWN = _FEMALE | _MALE


@dataclass(slots=True)
class Person:
    """One person of a conversation: the names they went by, folded, and their titles."""

    names: list[Parts] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)

    @property
    def fullest(self) -> Parts:
        """Return the name with the most parts, the first of these."""
        return max(self.names, key=len)

    @property
    def is_female(self) -> bool | None:
        """Tell what titles and given names say; None where they say nothing, or both."""
        return _gender(self.titles, self.fullest)


def find(mention: str, people: Sequence[Person], *, declines: bool) -> Person | None:
    """Return the one person whom `mention` names; None where it is a new one, or could be one of several.

    `declines`: the text is in a language that declines names, as Serbian does.
    """
    name = parts(mention)
    gender = _gender(set(titles(mention)), name)
    fitting = [
        person
        for person in people
        if _is_of(name, person.fullest, declines=declines)
        and not _contradict(name, person.fullest, one=gender, other=person.is_female)
    ]
    if len(fitting) == 1:
        return fitting[0]
    return next((person for person in fitting if name in person.names), None)


def note(mention: str, person: Person) -> None:
    """Remember a name that a person goes by."""
    name = parts(mention)
    if name not in person.names:
        person.names.append(name)
    person.titles |= set(titles(mention))


def _is_of(name: Parts, full: Parts, *, declines: bool) -> bool:
    if not name or not full:
        return name == full
    if name == full:
        return True
    if len(name) == 1:
        return any(_is_same(name[0], part, declines=declines) for part in full)
    if len(full) == 1:
        return any(_is_same(part, full[0], declines=declines) for part in name)
    shorter, longer = sorted((name, full), key=len)
    if longer[: len(shorter)] == shorter or (len(name) == len(full) and sorted(name) == sorted(full)):
        return True
    return _given_fits(name, full, declines=declines) and _middles_fit(name, full)


def _given_fits(name: Parts, full: Parts, *, declines: bool) -> bool:
    """Compare given and family name, which a language declines together."""
    given, family = (name[0], full[0]), (name[-1], full[-1])
    if not _is_same(*family, declines=declines):
        return False
    if _is_initial(*given) or given[0] == given[1]:
        return True
    if not declines:
        return False
    if _is_same(*given, declines=True):
        return True
    # "Ivana Petrovića" is Ivan's genitive, since the family name has its ending too; "Ivana Petrović" is a woman.
    return family[0] != family[1] and bool(stems(given[0]) & stems(given[1]))


def _middles_fit(name: Parts, full: Parts) -> bool:
    middles, others = name[1:-1], full[1:-1]
    return not middles or not others or all(a == b or _is_initial(a, b) for a, b in zip(middles, others, strict=False))


def _is_initial(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) == 1 and longer.startswith(shorter)


def _is_same(one: str, other: str, *, declines: bool) -> bool:
    """Tell whether two words may be one name, in whatever case."""
    if one == other:
        return True
    if not declines or len(one) < 3 or len(other) < 3 or (one in _KNOWN and other in _KNOWN):
        return False
    return bool(stems(one) & stems(other) & _nominatives(one, other))


def _nominatives(one: str, other: str) -> frozenset[str]:
    """Return the words that the two can have as their common nominative: one of them, or a name that is known."""
    common = stems(one) & stems(other)
    known = common & _KNOWN
    if known:
        # A word that is a name itself is that name, and no case of another.
        own = {word for word in (one, other) if word in _KNOWN}
        return frozenset(known & own) if own else known
    return common


def _gender(found: set[str], name: Parts) -> bool | None:
    female, male = bool(found & _FEMALE_TITLES), bool(found & _MALE_TITLES)
    if female != male:
        return female
    if len(name) > 1:
        female, male = name[0] in _FEMALE, name[0] in _MALE
        if female != male:
            return female
    return None


def _contradict(name: Parts, full: Parts, *, one: bool | None, other: bool | None) -> bool:
    """Tell whether a title or given name shows that two names are those of a woman and of a man."""
    if one is None or other is None or one == other:
        return False
    return not (len(name) > 1 and len(full) > 1)  # two full names that fit are one person, declined
