"""Names: which words of a sentence name a person, a place or a product, and whether a source knows them."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reviewer.evidence import lexicon
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import STOPWORDS, Token

TITLES = frozenset(
    "mr mrs ms miss dr doctor prof professor sir st saint gospodin gospodja gospodjo gdja gdin sestra doktor".split()
)
_PERSON_VERBS = frozenset(
    """is was has had reports reported states stated denies denied says said presents presented describes described
    notes noted feels felt takes took lives works complains complained came comes returns agrees agreed will would does
    did wants needs called calls asked asks offers offered thinks thought suggested explained mentioned
    proposed""".split()
)


# How words for findings, tests and treatments end; they stand with a capital as headings do.
_MEDICAL = re.compile(
    r"(?:s|ion|ing|ia|ity|ness|ment|gy|ed|grams?|graphy|scop\w+|tomy|plasty|emia|pathy|ology|al|ic|ive|ine|ol|in|one|"
    r"ate|ide|ium|cy|py|lar|ary|ous|derm)$"
)


def names(text: str, words: Sequence[Token]) -> Iterator[tuple[int, bool]]:
    """Yield the place of each word that is a name, and whether that is certain."""
    letters = [t for t in words[1:] if t.word[:1].isalpha() and t.word not in TITLES]
    capitals = sum(text[t.start].isupper() for t in letters)
    if len(letters) > 2 and capitals > 0.7 * len(letters):
        return  # a heading, or a text in capitals
    for place, token in enumerate(words):
        raw = text[token.start : token.end]
        if not raw[:1].isupper() or len(raw) < 2 or token.word.removesuffix("'s") in lexicon.not_names():
            continue
        if raw.rstrip("s").isupper() and (len(raw) <= 6 or token.word in STOPWORDS):
            continue
        if token.word in STOPWORDS or lexicon.generic(token.word) is not None:
            continue
        before = _before(words, place)
        if before in TITLES or (before in lexicon.first_names() and text[words[place - 1].start].isupper()):
            yield place, True
        elif before and before[-1].isalnum():
            word = token.word.removesuffix("'s")
            usual = lexicon.is_common_word(word) or lexicon.is_common_word(token.stem)
            if word in lexicon.first_names() or not usual:
                plain = not (_hyphened(text, token) or _MEDICAL.search(word)) or _among_names(text, words, place)
                yield place, word in lexicon.first_names() or plain
        elif _opens_as_name(text, words, place):
            yield place, True


def companions(text: str, words: Sequence[Token], source: Prepared) -> frozenset[str]:
    """Return names that a draft adds to one that the source has, where the source has no other there.

    A chart knows the surname of the patient whom the talk calls by the first name only.
    """
    found = set()
    for one, other in pairwise(words):
        if not (text[one.start].isupper() and text[other.start].isupper() and text[one.end : other.start] == " "):
            continue
        usual = lexicon.is_common_word(one.word) and one.word not in lexicon.first_names()
        if len(other.word) < 2 or one.word in TITLES or usual:
            continue
        if one.word in source.words and not known(other, source) and not _surnamed(one.word, source):
            found.add(other.word.removesuffix("'s"))
    return frozenset(found)


def _surnamed(first_name: str, source: Prepared) -> bool:
    """Tell whether the source has a name behind a first name."""
    for segment in source.segments:
        for one, other in pairwise(segment.words):
            plain = other.word in STOPWORDS or not other.word[:1].isalpha()
            plain = plain or lexicon.part_of_speech(other.word, other.stem) in {"v", "a", "r"}
            if one.word == first_name and not plain:
                return True
    return False


def known(token: Token, source: Prepared) -> bool:
    """Tell whether `source` has a name, however it is spelled there."""
    word = token.word.removesuffix("'s").removesuffix("'")
    if word in source.words or token.word in source.words or word in source.speaker_words:
        return True
    if word.endswith("s") and (word[:-1] in source.words or word + "'" in source.words):
        return True
    if word + "'s" in source.words or word + "s" in source.words or (len(word) >= 4 and word in source.letters):
        return True
    if token.stem in source.postings:
        return True
    if _MEDICAL.search(word) and word not in lexicon.first_names():  # "Echocardiogram" of an "echo"
        if any(len(w) >= 4 and word.startswith(w) for w in source.words):
            return True
        if len(word) >= 7 and any(w[:4] == word[:4] and len(w) >= 7 for w in source.words):
            return True
    slack = 2 if len(word) >= 8 else 1
    return len(word) >= 5 and any(
        abs(len(other) - len(word)) <= slack and other[0] == word[0] and _distance(word, other) <= slack
        for other in source.words
        if len(other) > 3
    )


def _before(words: Sequence[Token], place: int) -> str:
    """Return the word before the one at `place`, over the dot of an abbreviation; "" at the beginning."""
    if place == 0:
        return ""
    if words[place - 1].word == "." and place > 1 and words[place - 2].word in TITLES:
        return words[place - 2].word
    return words[place - 1].word


def _among_names(text: str, words: Sequence[Token], place: int) -> bool:
    """Tell whether a word stands beside another one with a capital that is no usual word, or beside an initial."""
    for near in (place - 1, place + 1):
        if 0 < near < len(words) and text[words[near].start].isupper():
            word = words[near].word
            usual = word in lexicon.not_names() or lexicon.is_common_word(word) or _MEDICAL.search(word)
            if len(word) == 1 or not usual:
                return True
    return False


def _hyphened(text: str, token: Token) -> bool:
    return text[token.end : token.end + 1] == "-" or text[token.start - 1 : token.start] == "-"


def _opens_as_name(text: str, words: Sequence[Token], place: int) -> bool:
    """Tell whether the first word of a sentence, which has a capital anyway, is a name."""
    word = words[place].word.removesuffix("'s")
    following = words[place + 1] if place + 1 < len(words) else None
    if following is None:
        return False
    verb = following.word in _PERSON_VERBS
    surname = text[following.start].isupper() and following.word[:1].isalpha() and len(following.word) > 1
    if word in lexicon.first_names():
        return verb or surname or words[place].word.endswith("'s") or not lexicon.is_common_word(word)
    after = words[place + 2].word if place + 2 < len(words) else ""
    opens = after in _PERSON_VERBS or after in {"a", "an", "'s", ","}
    whole = surname and opens and not _is_usual(words[place], following)
    unknown = not lexicon.is_common_word(word) and not lexicon.is_common_word(words[place].stem)
    return unknown and (whole or (verb and not _MEDICAL.search(word)))


def _is_usual(one: Token, other: Token) -> bool:
    """Tell whether two words with capitals are rather a test or a finding than a person."""
    return other.word in lexicon.not_names() or all(_MEDICAL.search(t.word) and len(t.word) > 8 for t in (one, other))


def _distance(one: str, other: str) -> int:
    """Return how many letters must change to make one word the other, counted up to 3."""
    if one == other:
        return 0
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
        if min(row) > 2:
            return 3
    return min(row[-1], 3)
