"""Look-alike letters, and a text in another language than its recipient's."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from reviewer.domain.findings import Finding
from reviewer.privacy.gate.outgoing import Outgoing, stop

LOOK_ALIKE, LANGUAGE = "look_alike", "language"

_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_CYRILLIC = re.compile("[\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f]")
_LATIN = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
# Letters of Greek that read as Latin ones. The others (μg, β-blocker, TGFβ, Ω) are how science is written.
_GREEK_TWINS = re.compile(
    "[\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd\u03c1\u03c5]"
)
_OTHER_TWINS = re.compile(
    "[\u0555\u0585\u057d\u0578\u0570\u0575\u13a0-\u13f4\u1d00-\u1d2b\ua4d0-\ua4f7\u0261\u0251\u0131]"
)
# Cyrillic letters that read as Latin ones: a word of nothing else, alone in a Latin text, is dressed up.
_CYRILLIC_TWINS = frozenset("асеорхуіјѕԁһӏԛԝАВСЕНІЈКМОРЅТХУЅ")
_STYLED = re.compile("[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\u24b6-\u24e9\u2100-\u210a\U0001f130-\U0001f189]")
_CASE_SUFFIX = re.compile(r"[A-ZČĆŽŠĐ]{2,}[а-яђјљњћџ]{1,4}")  # SMSом: Serbian endings on an acronym

# What each language is written in; where a language is not listed, any script passes.
_SCRIPTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        """en es fr de it pt nl pl cs sk sl hr hu ro tr sv da nb no fi et lv lt id ms vi sw so om sid sq ca""".split(),
        ("LATIN",),
    ),
    **dict.fromkeys(["sr", "bs", "cnr", "me", "uz", "az"], ("LATIN", "CYRILLIC")),
    **dict.fromkeys(["ru", "uk", "be", "bg", "mk", "kk", "ky", "mn"], ("CYRILLIC",)),
    **dict.fromkeys(["hi", "mr", "ne", "sa", "kok"], ("DEVANAGARI",)),
    **dict.fromkeys(("bn", "as"), ("BENGALI",)),
    **dict.fromkeys(["ar", "fa", "ur", "ps", "ckb"], ("ARABIC",)),
    **dict.fromkeys(["am", "ti"], ("ETHIOPIC",)),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "kn": ("KANNADA",),
    "ml": ("MALAYALAM",),
    "gu": ("GUJARATI",),
    "or": ("ORIYA",),
    "si": ("SINHALA",),
    "th": ("THAI",),
    "lo": ("LAO",),
    "km": ("KHMER",),
    "my": ("MYANMAR",),
    "ka": ("GEORGIAN",),
    "hy": ("ARMENIAN",),
    "he": ("HEBREW",),
    "yi": ("HEBREW",),
    "el": ("GREEK",),
    "ko": ("HANGUL", "CJK"),
    "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    "zh": ("CJK",),
    "yue": ("CJK",),
}
_SUBTAGS = {
    "latn": "LATIN",
    "cyrl": "CYRILLIC",
    "arab": "ARABIC",
    "deva": "DEVANAGARI",
    "hans": "CJK",
    "hant": "CJK",
    "guru": "GURMUKHI",
}

# The words that a language cannot do without and its neighbours do not share.
_COMMON: dict[str, frozenset[str]] = {
    "en": frozenset(
        """the and you your is are for with this that have will please we our from not be at was of it i""".split()
    ),
    "sr": frozenset(
        "je da se su na za od vaš vaša vaše vas ste smo nije molimo hvala kod biti sam koji koja ili ako ne što".split()
    ),
    "es": frozenset(
        """el los las una por para que está usted su con del al como más puede favor gracias tiene es y en""".split()
    ),
    "fr": frozenset(
        """le les des une est vous votre pour avec dans nous que pas sur merci et du au êtes sont ce""".split()
    ),
    "de": frozenset(
        """der die das und ist sie ihr ihre ihren für mit nicht auf ein eine zu bitte wir uns von dem den""".split()
    ),
    "it": frozenset("""il gli che per con una è sono del della suo può grazie di le non nel alla questo""".split()),
    "pt": frozenset("""o os uma que para com não por seu sua você está em do da dos das obrigado ao é""".split()),
    "nl": frozenset("""de het een en van is uw voor met niet op wij u zijn aan te om bij""".split()),
}
_KIN = {"bs": "sr", "hr": "sr", "cnr": "sr", "me": "sr"}
_FEWEST_WORDS, _FEWEST_HITS, _TIMES_OWN = 6, 3, 3
_SHARE_OF_SCRIPT, _FEWEST_LETTERS = 0.3, 12


def look_alikes(outgoing: Outgoing) -> Iterator[Finding]:
    """Find words whose letters come from two scripts that look alike, and letters dressed up as others."""
    text = outgoing.text
    if text.isascii():
        return
    all_twins = []
    speaks_cyrillic = False
    for match in _WORD.finditer(text):
        word = match.group()
        if word.isascii():
            continue
        if _is_mixed(word):
            yield stop(LOOK_ALIKE, "This word mixes letters of scripts that look alike.", *match.span())
        elif _CYRILLIC.match(word):
            if len(word) > 1 and set(word) <= _CYRILLIC_TWINS:
                all_twins.append(match.span())
            else:
                speaks_cyrillic = True
    if not speaks_cyrillic and _LATIN.search(text):
        for span in all_twins:
            yield stop(LOOK_ALIKE, "This word is written in Cyrillic letters that look Latin.", *span)
    for match in re.finditer(f"{_STYLED.pattern}+", text):
        if len(match.group()) > 1:
            yield stop(
                LOOK_ALIKE,
                "These are signs that only look like letters; screen readers and filters miss them.",
                *match.span(),
            )


def other_language(outgoing: Outgoing) -> Iterator[Finding]:
    """Find a text that is not in the recipient's language: by its script, then by its commonest words."""
    if not outgoing.language:
        return
    language, *subtags = re.split(r"[-_]", outgoing.language.casefold())
    text = re.sub(r"(?<!\S)\S*(?:://|@|www\.)\S*", " ", outgoing.text)
    scripts = tuple(_SUBTAGS[tag] for tag in subtags if tag in _SUBTAGS) or _SCRIPTS.get(language, ())
    if scripts and not _is_in(text, scripts):
        yield stop(LANGUAGE, "This is not written in the script of the recipient's language.", 0, 0)
        return
    own = _KIN.get(language, language)
    if own not in _COMMON:
        return
    words = [word.casefold() for word in _WORD.findall(text)]
    hits = {name: sum(word in common for word in words) for name, common in _COMMON.items()}
    best = max(hits, key=hits.__getitem__)
    if len(words) >= _FEWEST_WORDS and best != own and hits[best] >= max(_FEWEST_HITS, _TIMES_OWN * hits[own]):
        yield stop(LANGUAGE, "This seems to be written in another language than the recipient's.", 0, 0)


def seems_serbian(text: str) -> bool:
    """Tell whether a text of no stated language reads like Serbian, in either script."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if any(letter in text for letter in "ђћјљњџЂЋЈЉЊЏ"):
        return True
    hits = {name: sum(word in common for word in words) for name, common in _COMMON.items()}
    return hits["sr"] > 0 and hits["sr"] == max(hits.values())


def _is_mixed(word: str) -> bool:
    if _CASE_SUFFIX.fullmatch(word):
        return False
    latin, cyrillic = bool(_LATIN.search(word)), bool(_CYRILLIC.search(word))
    greek = _GREEK_TWINS.search(word)
    return (
        (latin and cyrillic)
        or (latin and greek is not None)
        or (cyrillic and greek is not None)
        or ((latin or cyrillic) and _OTHER_TWINS.search(word) is not None and not _is_turkic(word))
    )


def _is_turkic(word: str) -> bool:
    """Tell whether the only odd letter is the dotless i, which Turkish and Azerbaijani write."""
    return not _OTHER_TWINS.search(word.replace("\u0131", ""))


def _is_in(text: str, scripts: tuple[str, ...]) -> bool:
    """Tell whether enough of a text's letters are of one of these scripts; a short text always is."""
    counts = Counter(_script(letter) for letter in text if letter.isalpha())
    total = counts.total()
    return total < _FEWEST_LETTERS or sum(counts[script] for script in scripts) / total >= _SHARE_OF_SCRIPT


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split(" ")[0].replace("-", " ").split(" ")[0]
