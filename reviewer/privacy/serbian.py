"""Serbian: its two alphabets, and the names in its sentences.

Cyrillic is read as Latin, character by character, with the places kept. Serbian writes capitals for names alone, so that
a capital within a sentence is half the answer; the lists say which of them are places and bodies, and the endings say
under which case a name hides ("Markom Petrovićem", "Jelenine").
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from reviewer.privacy.offsets import Replacement, Rewritten
from reviewer.privacy.patterns import Found
from reviewer.resources import resource

_LATIN = dict(
    zip(
        "абвгдђежзијклљмнњопрстћуфхцчџш",
        "a b v g d đ e ž z i j k l lj m n nj o p r s t ć u f h c č dž š".split(),
        strict=True,
    )
)
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
_CAPITALS = re.compile(
    r"[A-ZČĆŽŠĐ][^\W\d_]*(?:[-’'][^\W\d_]+)*(?:[ ](?:(?:van|von|de|der|den|el|al|bin|ibn|da|di|la|le)[ ])?(?:[A-ZČĆŽŠĐ][^\W\d_]*(?:[-’'][^\W\d_]+)*|[A-ZČĆŽŠĐ]\.))*"
)
_USUAL = frozenset(
    "je se da na u i za od su sa ne što koji koja koje kao bi ili ali iz po o nije ovo sam smo su mi ti vi bio biti kod koga gde kako živi zove ime molim".split()
)
_ENGLISH = frozenset("the of and to is in that for it with was on are be this have not you".split())
# Endings of cases and of possessive adjectives, longest first.
_ENDINGS = (
    "ovima", "evima", "ovim", "evim", "ovog", "evog", "ovoj", "evoj", "ovih", "evih", "inim", "inog", "inoj", "inih",
    "ove", "eve", "ovu", "evu", "ova", "eva", "ovo", "evo", "ovi", "evi", "ima", "ama", "ine", "inu", "ina", "ino", "ini",
    "ov", "ev", "in", "om", "em", "og", "oj", "im", "ih", "a", "e", "i", "o", "u",
)  # fmt: skip
_FAMILY = re.compile(
    r"(?:ić|(?:ov|ev|in)?sk[iy]|čki|jev|chuk|čuk|enko|adze|švili|jan|ović|ević|oglu|son|man|berg|štajn|heri|idis|opulos|aku|escu|esku|eanu)$"
)
_FAMILY_CASES = re.compile(
    r"(?:(?:ić|[oe]vic)(?:a|u|em|i|e|eva|eve|evo|evog|evom|evoj|evu|evih|evim)?|sk(?:og|om|im|oj)|enk(?:a|u|om))$"
)
_BEFORE = re.compile(
    r"(?:gospodin\w*|gospođ\w+|gđ[aeiu]|gdin|g\.|dr\.?|prof\.?|doktor\w*|profesor\w*|predsedni\w+|premijer\w*|ministar\w*|ministr\w+|direktor\w*|sudij\w+|sekretar\w*"
    r"|ambasador\w*|general\w*|pukovnik\w*|kapiten\w*|trener\w*|igrač\w*|glumac\w*|glumic\w+|glumc\w+|pevač\w*|pisac\w*|pisc\w+|pisac|poslani\w+|lider\w*|šef\w*|portparol\w*|komesar\w*"
    r"|guverner\w*|gradonačelni\w+|kancelar\w*|analitičar\w*|ekspert\w*|stručnjak\w*|reditelj\w*|režiser\w*|umetni\w+|slikar\w*|novinar\w*|advokat\w*|teniser\w*|kandidat\w*|izvestila[cč]\w*|savetni\w+|član\w*|osnivač\w*|vlasni\w+|pacijent\w*|papa|pape|kralj\w*|princ\w*|kraljic\w+"
    r"|zove\s+se|zovem\s+se|ime\s+mi\s+je|ja\s+sam|rekao\s+je|rekla\s+je|kaže|kazao\s+je|kazala\s+je|izjavio\s+je|izjavila\s+je|dodao\s+je|dodala\s+je|smatra|tvrdi|navodi|ističe|istakao\s+je|objašnjava|upozorava|ocenio\s+je|primećuje)[,:]?\s+$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^,?\s+(?:je\s+|se\s+|bi\s+)?(?:kaže|kazao|kazala|rekao|rekla|izjavio|izjavila|dodaje|dodao|dodala|smatra|veruje|tvrdi|navodi|naveo|ističe|istakao|istakla|objašnjava|objasnio|upozorava|ocenjuje|ocenio|primećuje|poručio|poručila|rođen|rođena|preminuo|oženjen|udata)\b"
)

_OPENING = re.compile(r"[.!?:\"“„»«\n(–-]\s*$")
_CAPITAL_AFTER = re.compile(r" (?P<it>[A-ZČĆŽŠĐ][a-zčćžšđ]+)")
_ADJECTIVE = re.compile(r"(?:sk|čk|šk)(?:i|a|e|o|u|og|om|oj|im|ih)$")  # of a country or town, where it opens a sentence
_OWNED = re.compile(r"(?:ov|ev|in)(?:a|e|i|o|u|og|om|oj|im|ih|ima)?$")  # what belongs to somebody: Markov, Jelenin


def has_cyrillic(text: str) -> bool:
    """Tell whether any letter is Cyrillic."""
    return _CYRILLIC.search(text) is not None


def latin(source: Rewritten) -> Rewritten:
    """Return the text with its Cyrillic letters in Latin."""
    return source.rewrite(_transliterations(source.text))


def _transliterations(text: str) -> Iterator[Replacement]:
    for match in _CYRILLIC.finditer(text):
        letter = match.group()
        small = letter.lower()
        instead = _LATIN.get(small)
        if instead is None:
            continue
        at = match.start()
        if letter != small:
            neighbour = text[at + 1 : at + 2] or text[max(0, at - 1) : at]
            instead = instead.upper() if neighbour.isupper() else instead.capitalize()
        yield at, at + 1, instead


def looks_serbian(text: str) -> bool:
    """Tell whether the text reads as Serbian in Latin letters."""
    words = [word.lower() for word in _WORD.findall(text[:2_000])]
    serbian = sum(word in _USUAL for word in words) + sum(not word.isascii() for word in words) / 2
    return serbian >= 1.5 and serbian > 2 * sum(word in _ENGLISH for word in words)


@cache
def _list(name: str) -> frozenset[str]:
    lines = resource(f"privacy/{name}").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split("|") if word)


@lru_cache(maxsize=20_000)
def _stems(word: str) -> frozenset[str]:
    """Return the word and what is left of it without each ending that it may have."""
    stems = {word}
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            stems |= {stem, stem + "a", stem + "o", stem + "e"}
            if len(stem) > 3 and stem[-2] not in "aeiou":
                stems.add(stem[:-1] + "a" + stem[-1])  # the a that comes and goes: Petr-a, Petar
    return frozenset(stems)


def _in(word: str, name: str) -> bool:
    return not _stems(word.lower()).isdisjoint(_list(name))


def _is_name(word: str) -> bool:
    return _in(word, "names.sr.txt")


def _is_family(word: str) -> bool:
    return len(word) > 4 and (_FAMILY_CASES.search(word) is not None or _FAMILY.search(word) is not None)


def _is_other(word: str) -> bool:
    """Tell whether a word in capitals names a place, a people or a body."""
    lower = word.lower()
    capitals = sum(c.isupper() for c in word)
    return (
        (capitals > 1 and "-" not in word)
        or (capitals == len(word) > 1)
        or _in(lower, "places.sr.txt")
        or _in(lower, "capitals.sr.txt")
    )


_LAST_WORD = re.compile(r"(?P<it>[^\W\d_]+) $")


def is_nobody(text: str, start: int, end: int) -> bool:
    """Tell whether the word there is none of a name: no capital, or one that a place, a body or a sentence gives it."""
    word = text[start:end]
    if not word[0].isupper():
        if any(c.isupper() for c in text):
            return True
        before = _LAST_WORD.search(text, 0, start)  # a transcript without capitals
        return not (_is_name(word) or (_is_family(word) and before is not None and _is_name(before.group("it"))))
    if _is_other(word):
        after = _CAPITAL_AFTER.match(text, end)
        return (
            after is None or not _is_name(word) or (_is_other(after.group("it")) and not _is_family(after.group("it")))
        )
    return word.lower() in _list("words.sr.txt") and _opens(text, start)


def _opens(text: str, start: int) -> bool:
    return start == 0 or _OPENING.search(text, max(0, start - 3), start) is not None


def people(text: str) -> Iterator[Found]:
    """Yield the names of people in a Serbian text in Latin letters."""
    for match in _CAPITALS.finditer(text):
        words = list(_WORD.finditer(text, match.start(), match.end()))
        opens = _opens(text, match.start())
        if opens:
            words = _without_opening(words)
        run: list[re.Match[str]] = []
        for word in words:
            if not is_nobody(text, *word.span()) or (run and _is_family(word.group())):
                run.append(word)
            elif run:
                yield from _person(text, run, opens=opens)
                run = []
        if run:
            yield from _person(text, run, opens=opens and run[0].start() == match.start())


def _without_opening(words: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the words without those that have a capital only for opening a sentence."""
    first = words[0].group()
    return words[1:] if first.lower() in _list("words.sr.txt") and not (len(words) > 1 and _is_name(first)) else words


def _person(text: str, run: list[re.Match[str]], *, opens: bool) -> Iterator[Found]:
    start, end = run[0].start(), run[-1].end()
    known = any(_is_name(word.group()) or _is_family(word.group()) for word in run)
    announced = _BEFORE.search(text[max(0, start - 40) : start]) or _AFTER.search(text[end : end + 30])
    if (
        opens
        and len(run) == 1
        and not announced
        and _ADJECTIVE.search(run[0].group())
        and text[end : end + 2].lstrip()[:1].islower()
    ):
        return
    if known:
        yield Found(start, end, "PERSON", 0.85, "names")
    elif announced:
        yield Found(start, end, "PERSON", 0.7, "names")
    elif len(run) > 1:
        yield Found(start, end, "PERSON", 0.6, "names")
    elif not opens:
        owned = _OWNED.search(run[0].group()) is not None
        yield Found(start, end, "PERSON", 0.6 if owned else 0.42, "names")
