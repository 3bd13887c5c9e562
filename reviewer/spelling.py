"""Point out misspelled words, if the machine has a Hunspell dictionary for the language.

Guarantees: without a usable dictionary the feature is off and says why; no text leaves the machine or is written down;
the caller's thread never computes, so that a window stays smooth (a dictionary lives in a process of its own, which is
started again when it dies and ends with the desk); doubtful words are accepted, because a false alarm costs more trust
than a missed slip.

The lookup is our own, after hunspell(5): libraries that hold the interpreter while they work, that cannot read the
Serbian dictionaries, or whose licence we avoid were no alternative. It takes affixes off a word and looks up the stem:
SFX and PFX with conditions, cross products and second suffixes, and the flags that decide about whole words. Compounds
are accepted more freely than by Hunspell itself.
"""

import codecs
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice, product
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from reviewer import hardening
from reviewer.domain.translation import QT_TRANSLATE_NOOP

Span = tuple[int, int]

_MOST_SUGGESTIONS = 5
_SUGGESTING_S = 0.25
# A reply takes milliseconds; reading the largest dictionaries takes about two seconds on a slow machine.
_PATIENCE_S = 15.0
_MOST_DEATHS = 3


class Checker(Protocol):
    """Finds misspelled words of one language. Its calls wait for an answer: make them on a worker thread."""

    @property
    def reason(self) -> str | None:
        """Return why nothing is checked, or None while words are checked."""

    @property
    def dictionary(self) -> str | None:
        """Return the name of the dictionary in use, such as `en_US`."""

    @property
    def is_ready(self) -> bool:
        """Tell, without waiting, whether the dictionary is read, so that answers come at once."""

    def check(self, text: str) -> tuple[Span, ...]:
        """Return where the misspelled words are, as ranges of code points."""

    def suggest(self, word: str) -> tuple[str, ...]:
        """Return at most five words that may have been meant, the likeliest first."""

    def add(self, word: str) -> None:
        """Accept a word from now on; the caller keeps the personal list."""

    def close(self) -> None:
        """Stop checking for good."""


def open_checker(language: str, *, personal: Iterable[str] = (), folders: Sequence[Path] | None = None) -> Checker:
    """Open a checker for a BCP 47 language; it reads its dictionary meanwhile, and the first answer waits for that."""
    found = find_dictionary(language, dictionary_folders() if folders is None else folders)
    if found is None:
        return NoChecker(QT_TRANSLATE_NOOP("Spelling", "No spelling dictionary for this language is installed."))
    if _subtags(language)[0] in _UNSPACED:
        return NoChecker(QT_TRANSLATE_NOOP("Spelling", "Spelling is not checked in languages written without spaces."))
    return ProcessChecker(found, personal)


class NoChecker:
    """Checks nothing, and says why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def reason(self) -> str | None:
        """Return why nothing is checked."""
        return self._reason

    @property
    def dictionary(self) -> str | None:
        """Return None: there is no dictionary."""
        return None

    @property
    def is_ready(self) -> bool:
        """Return True: nothing is waited for."""
        return True

    def check(self, text: str) -> tuple[Span, ...]:
        """Find nothing."""
        del text
        return ()

    def suggest(self, word: str) -> tuple[str, ...]:
        """Suggest nothing."""
        del word
        return ()

    def add(self, word: str) -> None:
        """Do nothing; the caller keeps the list."""

    def close(self) -> None:
        """Do nothing."""


class ProcessChecker:
    """Asks a process that has the dictionary; thread-safe, one request at a time."""

    def __init__(self, files: "DictionaryFiles", personal: Iterable[str] = ()) -> None:
        self._files = files
        self._personal = set(map(_personal_form, personal))
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._deaths = 0
        self._is_greeted = False
        self._process, self._connection = self._started()

    @property
    def reason(self) -> str | None:
        """Return why checking stopped, or None."""
        return self._reason

    @property
    def dictionary(self) -> str | None:
        """Return the name of the dictionary."""
        return self._files.name

    @property
    def is_ready(self) -> bool:
        """Tell, without waiting, whether the dictionary is read, so that answers come at once."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._reason is not None or self._is_greeted or self._greet(patience_s=0)
        finally:
            self._lock.release()

    def check(self, text: str) -> tuple[Span, ...]:
        """Return where the misspelled words are, as ranges of code points."""
        spans: list[Span] = self._ask(("check", text))
        return tuple(span for span in spans if not self._is_personal(text[slice(*span)]))

    def suggest(self, word: str) -> tuple[str, ...]:
        """Return at most five words that may have been meant, the likeliest first."""
        words: list[str] = self._ask(("suggest", word))
        return tuple(words)

    def add(self, word: str) -> None:
        """Accept a word, also capitalised and in capitals when it is written small."""
        self._personal.add(_personal_form(word))

    def close(self) -> None:
        """Kill the process, even over a request; nothing is found any more."""
        self._reason = self._reason or QT_TRANSLATE_NOOP("Spelling", "The spelling checker was closed.")
        with suppress(ValueError):  # the process has been cleared away already
            self._process.kill()
        with self._lock:
            self._clear_away()

    def _is_personal(self, word: str) -> bool:
        word = _personal_form(word)
        forms = {word, word[:1].lower() + word[1:]} | ({word.lower(), word.capitalize()} if word.isupper() else set())
        return not forms.isdisjoint(self._personal)

    def _ask(self, request: "_Request") -> list[Any]:
        """Ask, and once more when the process dies over it: it may have been killed from outside."""
        with self._lock:
            for _ in range(2):
                if self._reason is not None:
                    break
                with suppress(EOFError, OSError):
                    if self._is_greeted or self._greet(_PATIENCE_S):
                        self._connection.send(request)
                        if self._connection.poll(_PATIENCE_S):
                            answer: list[Any] = self._connection.recv()
                            self._deaths = 0
                            return answer
                self._start_again()
            return []

    def _greet(self, patience_s: float) -> bool:
        """Tell whether the process has read its dictionary; note why, if it cannot."""
        try:
            if self._connection.poll(patience_s):
                self._reason = self._reason or self._connection.recv()
                self._is_greeted = True
        except (EOFError, OSError):
            return False
        return self._is_greeted and self._reason is None

    def _start_again(self) -> None:
        self._clear_away()
        self._deaths += 1
        if self._reason is None and self._deaths >= _MOST_DEATHS:
            self._reason = QT_TRANSLATE_NOOP("Spelling", "The spelling checker stopped working.")
        if self._reason is None:
            self._process, self._connection = self._started()

    def _started(self) -> tuple[SpawnProcess, Connection]:
        self._is_greeted = False
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(self._files, theirs), name="reviewer-spelling", daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _clear_away(self) -> None:
        self._connection.close()
        with suppress(ValueError):  # it is cleared away already
            self._process.kill()
            self._process.join()
            self._process.close()


# Where dictionaries are


@dataclass(frozen=True)
class DictionaryFiles:
    """The two files of a Hunspell dictionary."""

    affixes: Path
    words: Path

    @property
    def name(self) -> str:
        """Return what the dictionary is called, such as `sr_Latn_RS`."""
        return self.words.stem


_UNSPACED = {"ja", "km", "lo", "my", "th", "zh"}
# The script of a dictionary that names none, and the region that people mean by the bare language.
_USUAL_SCRIPT = {"sr": "cyrl"}
_USUAL_REGION = {"en": "us", "sr": "rs", "sv": "se", "da": "dk", "cs": "cz", "uk": "ua", "el": "gr", "sl": "si"}


def dictionary_folders() -> tuple[Path, ...]:
    """List where dictionaries are kept, the nearest to the user first."""
    own = [Path(folder) for folder in os.environ.get("REVIEWER_DICTIONARIES", "").split(os.pathsep) if folder]
    if sys.platform == "darwin":
        return (*own, Path.home() / "Library/Spelling", Path("/Library/Spelling"))
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    system = [Path("/usr/share/hunspell"), Path("/usr/share/myspell/dicts"), Path("/usr/share/myspell")]
    return (*own, data / "hunspell", *system)


def find_dictionary(language: str, folders: Sequence[Path]) -> DictionaryFiles | None:
    """Find the dictionary that suits a BCP 47 language best: its language and script, at best its region."""
    ranked = [
        ((suits, place), files)
        for place, folder in enumerate(folders)
        for files in _dictionaries_in(folder)
        if (suits := _suitability(language, files.name)) is not None
    ]
    return min(ranked, key=lambda rank: rank[0])[1] if ranked else None


def _dictionaries_in(folder: Path) -> list[DictionaryFiles]:
    try:
        words = sorted(folder.glob("*.dic"))
        return [DictionaryFiles(affixes, path) for path in words if (affixes := path.with_suffix(".aff")).is_file()]
    except OSError:
        return []


def _suitability(language: str, name: str) -> tuple[int, int] | None:
    """Rank a dictionary by its name, less is better; None for another language or script."""
    wanted, wanted_script, wanted_region, _ = _subtags(language)
    has, has_script, has_region, others = _subtags(name)
    usual = _USUAL_SCRIPT.get(wanted, "")
    scripts = {wanted_script or usual, has_script or usual} - {""}
    if wanted != has or len(scripts) > 1:
        return None
    if wanted_region and has_region == wanted_region:
        return (0, others)
    if not has_region:
        return (1, others)
    return (2 if has_region == _USUAL_REGION.get(has, has) else 3, others)


def _subtags(tag: str) -> tuple[str, str, str, int]:
    """Split into language, script, region and the number of other subtags."""
    language, *rest = re.split("[-_]", tag.lower())
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    region = next((part for part in rest if re.fullmatch(r"[a-z]{2}|\d{3}", part)), "")
    return language, script, region, len(rest) - bool(script) - bool(region)


# The process

_Request = tuple[Literal["check", "suggest"], str]


def _serve(files: DictionaryFiles, connection: Connection) -> None:
    """Say None, or why the dictionary is unusable; then answer each request by a list until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hardening.forbid_dumps()  # this process sees the text, too
    if hasattr(os, "nice"):
        os.nice(5)
    with suppress(EOFError, OSError):
        try:
            lexicon = read_lexicon(files)
        except (OSError, ValueError, LookupError):
            connection.send(QT_TRANSLATE_NOOP("Spelling", "The spelling dictionary for this language cannot be read."))
            return
        connection.send(None)
        while True:
            job, text = connection.recv()
            connection.send(misspelled(text, lexicon) if job == "check" else lexicon.suggest(text))


# Words in a text

_MARKS = (
    "\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0981-\u0983"
    "\u09bc-\u09cd\u200c\u200d"
)
# Repetitions are bounded where the search would begin again at the next character, so that no text takes long.
_TOKEN = re.compile(
    r"""
    (?P<skipped>
        [a-zA-Z]{2,12}://\S+ | www\.\S+ | [\w.+-]{1,64}@[\w.-]+ | [@\#/\\][\w/\\.-]+    # addresses, handles, paths
        | \[[^][\n]{1,80}\] | \{{1,3}[^{}\n]{1,80}\}{1,3} | <[^\W\d][^<>\n]{0,80}>      # placeholders
        | [^\W\d_]\w*(?:\.\w+)+                                                         # example.org, e.g.
    )
    | (?P<word>[\wMARKS]+(?:['’\-‑][\wMARKS]+)*)
    """.replace("MARKS", _MARKS),
    re.VERBOSE,
)
_HYPHEN = re.compile("[-‑]")
_MOST_LETTERS = 100


def misspelled(text: str, lexicon: "Lexicon") -> list[Span]:
    """Find the words of a text that the dictionary lacks, leaving alone what is no word of its language."""
    spans: list[Span] = []
    for match in _TOKEN.finditer(text):
        if match["word"] is None or lexicon.knows(match["word"]):
            continue
        start, after_capitals = match.start(), False
        for part in _HYPHEN.split(match["word"]):
            end = start + len(part)
            if not after_capitals and lexicon.is_misspelled(part, dotted=text[end : end + 1] == "."):
                spans.append((start, end))
            # Endings are joined to abbreviations with a hyphen: SMS-om.
            after_capitals = part.isupper()
            start = end + 1
    return spans


def _personal_form(word: str) -> str:
    return unicodedata.normalize("NFC", word.replace("\u00ad", "").replace("’", "'")).removesuffix("'s")


# The lexicon


class _Rule(NamedTuple):
    """One line of an affix: what it takes off and puts on, for which stems, and what may come on top of it."""

    flag: str
    condition: str
    crosses: bool
    further: frozenset[str]


_Place = Literal["begin", "middle", "end"]  # of a part in a compound
_COMPOUND_FLAGS: Mapping[_Place, tuple[str, ...]] = {
    "begin": ("COMPOUNDBEGIN",),
    "middle": ("COMPOUNDMIDDLE",),
    "end": ("COMPOUNDEND", "COMPOUNDLAST"),
}
_Rules = dict[str, dict[str, dict[str, list[_Rule]]]]  # by what is put on, what was taken off, and flag
_Analysis = tuple[frozenset[str], tuple[_Rule, ...]]  # the flags of a stem and the affixes on it


@dataclass
class Affixes:
    """What an affix file says."""

    alphabet: str = ""
    suffixes: _Rules = field(default_factory=dict)
    prefixes: _Rules = field(default_factory=dict)
    replacements: list[tuple[str, str]] = field(default_factory=list)
    conversions: dict[str, str] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    flag_form: str = ""
    ignored: str = ""

    def flags(self, written: str) -> frozenset[str]:
        """Split flags as they are written after a slash."""
        if self.aliases and written.isdecimal():
            written = self.aliases[int(written) - 1] if int(written) <= len(self.aliases) else ""
        if self.flag_form == "num":
            return frozenset(written.split(","))
        if self.flag_form == "long":
            return frozenset(written[at : at + 2] for at in range(0, len(written), 2))
        return frozenset(written)


def read_lexicon(files: DictionaryFiles) -> "Lexicon":
    """Read a dictionary.

    Raises:
        OSError: a file cannot be read.
        ValueError: it does not hold what it should, or needs what we lack.
        LookupError: its encoding is unknown, or an alias is missing.
    """
    untrusted_affixes = files.affixes.read_bytes()
    declared = re.search(rb"^(?:\xef\xbb\xbf)?\s*SET[ \t]+(\S+)", untrusted_affixes, re.MULTILINE)
    name = declared[1].decode("ascii").lower().removeprefix("microsoft-") if declared else "latin-1"
    encoding = codecs.lookup(name).name
    affixes = _read_affixes(_decoded(untrusted_affixes, encoding))
    return Lexicon(affixes, _read_words(_decoded(files.words.read_bytes(), encoding), affixes))


def _decoded(untrusted: bytes, encoding: str) -> str:
    # Damaged letters in one entry of a large word list cost that entry only.
    return untrusted.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace")


def _read_affixes(text: str) -> Affixes:
    affixes = Affixes()
    headed: dict[tuple[str, str], bool] = {}
    counted: set[str] = set()
    lines = [parts for line in text.split("\n") if (parts := _fields(line)) and not parts[0].startswith("#")]
    for parts in lines:
        if parts[0] == "FLAG" and len(parts) > 1:
            affixes.flag_form = parts[1].lower()
    for key, *values in lines:
        if key in ("SFX", "PFX") and len(values) >= 3:
            header = (key, values[0])
            if header not in headed:
                headed[header] = values[1].upper() == "Y"
            else:
                _add_rule(affixes, key, values, crosses=headed[header])
        elif key in ("AF", "REP", "ICONV", "OCONV") and values:
            if key in counted:
                _add_to_table(affixes, key, values)
            counted.add(key)
        elif key == "TRY" and values:
            affixes.alphabet = values[0]
        elif key == "IGNORE" and values:
            affixes.ignored = values[0]
        elif key == "COMPLEXPREFIXES":
            raise ValueError("two prefixes on one word are not supported")
        elif values:
            affixes.named[key] = values[0]
        else:
            affixes.named[key] = key
    return affixes


def _fields(line: str) -> list[str]:
    return [part for part in re.split("[ \t\r]+", line) if part]


def _add_rule(affixes: Affixes, key: str, values: Sequence[str], *, crosses: bool) -> None:
    flag, strip, added, *rest = values
    added, _, written = added.partition("/")
    condition = rest[0] if rest and not rest[0].startswith(("is:", "ds:", "po:", "st:")) else "."
    strip, added = ("" if part == "0" else _without(part, affixes.ignored) for part in (strip, added))
    rules = affixes.suffixes if key == "SFX" else affixes.prefixes
    rule = _Rule(flag, condition, crosses, affixes.flags(written) if written else frozenset())
    rules.setdefault(added, {}).setdefault(strip, {}).setdefault(flag, []).append(rule)


def _add_to_table(affixes: Affixes, key: str, values: Sequence[str]) -> None:
    if key == "AF":
        affixes.aliases.append(values[0])
    elif len(values) > 1 and key == "REP":
        affixes.replacements.append((values[0], values[1].replace("_", " ")))
    elif len(values) > 1:
        table = affixes.conversions if key == "ICONV" else affixes.output
        table[values[0].strip("_")] = values[1].replace("_", " ") if values[1] != "0" else ""


def _read_words(text: str, affixes: Affixes) -> dict[str, str]:
    """Read the stems; the flags stay as they are written, those of homonyms on lines of their own."""
    words: dict[str, str] = {}
    fields: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        entry = line.partition("\t")[0].rstrip(" \r")
        if not entry:
            continue
        if ":" in entry:
            entry = re.split(r"\s+[a-z]{2}:", entry, maxsplit=1)[0]
        if "\\/" in entry:
            stem, _, written = entry.replace("\\/", "\0").partition("/")
            stem = stem.replace("\0", "/")
        else:
            stem, _, written = entry.partition("/")
        if affixes.ignored:
            stem = _without(stem, affixes.ignored)
        written = fields.setdefault(written, written)
        other = words.setdefault(stem, written)
        if other is not written:
            words[stem] = fields.setdefault(f"{other}\n{written}", f"{other}\n{written}")
    return words


def _without(text: str, ignored: str) -> str:
    return "".join(character for character in text if character not in ignored) if ignored else text


class Lexicon:
    """Knows which words are spelled right."""

    def __init__(self, affixes: Affixes, words: dict[str, str]) -> None:
        self._affixes = affixes
        self._words = words
        self._suffixes, self._prefixes = affixes.suffixes, affixes.prefixes
        self._longest_suffix = max(map(len, self._suffixes), default=0)
        self._longest_prefix = max(map(len, self._prefixes), default=0)
        self._continued = _flags_on_affixes(self._suffixes) | _flags_on_affixes(self._prefixes)
        self._conversions = sorted(affixes.conversions.items(), key=lambda pair: -len(pair[0]))
        self._shouted = _shouted(words)
        usual = _usual_letters(words)
        self._kin = _kin(usual)
        tried = [letter for letter in affixes.alphabet if letter == letter.lower()]
        self._alphabet = "".join(dict.fromkeys([*tried, *usual]))
        self._script = Counter(map(_script, usual)).most_common(1)[0][0] if usual else ""
        self._needs_affix = affixes.named.get("NEEDAFFIX") or affixes.named.get("PSEUDOROOT")
        self._circumfix = affixes.named.get("CIRCUMFIX")
        self._keeps_case = affixes.named.get("KEEPCASE")
        self._forbidden = affixes.named.get("FORBIDDENWORD")
        self._only_in_compound = affixes.named.get("ONLYINCOMPOUND")
        self._unsuggested = affixes.named.get("NOSUGGEST")
        self._joining = {
            place: frozenset(flag for key in ("COMPOUNDFLAG", *keys) if (flag := affixes.named.get(key)))
            for place, keys in _COMPOUND_FLAGS.items()
        }
        self._compound_least = max(1, int(affixes.named.get("COMPOUNDMIN", "3")))
        self._entries = lru_cache(2_000)(self._read_flags)
        self._known = lru_cache(20_000)(self._look_up)
        self._parts = lru_cache(20_000)(self._is_part)

    def knows(self, word: str) -> bool:
        """Tell whether a word, capitalised or not, is in the dictionary."""
        return len(word) <= _MOST_LETTERS and self._known(self._prepared(word))

    def is_misspelled(self, word: str, *, dotted: bool = False) -> bool:
        """Tell whether a word should be in the dictionary and is not; `dotted` says that a full stop follows it."""
        word = self._prepared(word).strip("'")
        if self._is_beyond(word) or self._known(word):
            return False
        return not (dotted and self._known(f"{word}."))

    def suggest(self, word: str) -> list[str]:
        """Return at most five similar words."""
        word = self._prepared(word)
        if not word or len(word) > _MOST_LETTERS:
            return []
        recase: Callable[[str], str] = str
        if word[:1].isupper():
            recase = str.upper if len(word) > 1 and word.isupper() else _capitalised
        found: dict[str, None] = {}
        for candidate in _until(time.monotonic() + _SUGGESTING_S, self._candidates(word.lower())):
            forms = [candidate]
            if candidate == word or word[:1].isupper():
                forms.append(_capitalised(candidate))
            meant = next(filter(self._is_suggestible, forms), word)
            if meant != word:
                found.setdefault(self._shown(recase(meant)))
            if len(found) >= _MOST_SUGGESTIONS:
                break
        return list(found)

    # Checking

    def _prepared(self, word: str) -> str:
        word = unicodedata.normalize("NFC", word.replace("\u00ad", "").replace("‑", "-"))
        for written, meant in self._conversions:
            word = word.replace(written, meant)
        if "’" in word and not self._conversions:
            word = word.replace("’", "'")
        return _without(word, self._affixes.ignored)

    def _is_beyond(self, word: str) -> bool:
        """Tell whether a word is not for this dictionary to judge."""
        capitals = word.removesuffix("'s").removesuffix("s")
        return (
            not 2 <= len(word) <= _MOST_LETTERS
            or any(character.isdigit() or character == "_" for character in word)
            or (len(capitals) <= 5 and capitals.isupper())
            or not any(_script(character) == self._script for character in word)
        )

    def _look_up(self, word: str) -> bool:
        if not word:
            return True
        if any(self._forbidden in flags for flags in self._entries_of(word)):
            return False
        if self._is_form(word) or any(self._is_form(form, recased=True) for form in self._recased(word)):
            return True
        if word.isupper() and word.removesuffix("'S") in self._shouted:
            return True
        return bool(self._joining["end"]) and any(map(self._is_compound, (word, *self._recased(word))))

    def _recased(self, word: str) -> Iterator[str]:
        """Give the ways to write a capitalised word in the dictionary."""
        small = word.lower()
        if word == small:
            return
        if len(word) > 1 and word.isupper():
            yield _capitalised(small)
            yield re.sub(r"(?<=')\w", lambda match: match[0].upper(), _capitalised(small))
            yield small
            if "CHECKSHARPS" in self._affixes.named and "ss" in small:
                yield small.replace("ss", "ß")
                yield _capitalised(small.replace("ss", "ß"))
        elif word[1:] == small[1:]:
            yield small

    def _is_form(self, word: str, *, recased: bool = False, suggested: bool = False) -> bool:
        """Tell whether a word is a stem, or a stem with affixes."""
        for flags, affixes in self._analyses(word):
            if recased and self._keeps_case in flags and "CHECKSHARPS" not in self._affixes.named:
                continue
            if suggested and self._unsuggested in flags:
                continue
            if self._stands_alone(flags, affixes):
                return True
        return False

    def _stands_alone(self, flags: frozenset[str], affixes: tuple[_Rule, ...]) -> bool:
        if self._forbidden in flags or self._only_in_compound in flags or not self._is_complete(flags, affixes):
            return False
        return all(self._only_in_compound not in affix.further for affix in affixes)

    def _is_complete(self, flags: frozenset[str], affixes: tuple[_Rule, ...]) -> bool:
        if self._needs_affix is not None:
            bare = not affixes and self._needs_affix in flags
            if bare or (affixes and all(self._needs_affix in affix.further for affix in affixes)):
                return False
        around = [self._circumfix in affix.further for affix in affixes] if self._circumfix else []
        return not any(around) or (len(around) > 1 and all(around))

    def _is_compound(self, word: str, place: _Place = "begin") -> bool:
        """Tell whether a word can be cut into parts that may be joined; further rules of joining are not asked."""
        if place != "begin" and self._parts(word, "end"):
            return True
        least = self._compound_least
        cuts = range(least, len(word) - least + 1)
        return any(self._parts(word[:cut], place) and self._is_compound(word[cut:], "middle") for cut in cuts)

    def _is_part(self, word: str, place: _Place) -> bool:
        return any(
            self._forbidden not in flags
            and self._is_complete(flags, affixes)
            and not self._joining[place].isdisjoint(flags.union(*(affix.further for affix in affixes)))
            for flags, affixes in self._analyses(word)
        )

    # Stems and affixes

    def _entries_of(self, stem: str) -> tuple[frozenset[str], ...]:
        written = self._words.get(stem)
        return () if written is None else self._entries(written)

    def _read_flags(self, written: str) -> tuple[frozenset[str], ...]:
        return tuple(self._affixes.flags(line) if line else frozenset() for line in written.split("\n"))

    def _analyses(self, word: str) -> Iterator[_Analysis]:
        """Take a word apart in every way that the flags of its stem allow."""
        for flags in self._entries_of(word):
            yield flags, ()
        yield from self._suffixed(word, None)
        for rest, prefix in self._unprefixed(word):
            for flags in self._entries_of(rest):
                if prefix.flag in flags:
                    yield flags, (prefix,)
            if prefix.crosses:
                yield from self._suffixed(rest, prefix)

    def _suffixed(self, word: str, prefix: _Rule | None) -> Iterator[_Analysis]:
        for stem, rules in self._unsuffixed(word):
            for flags in self._entries_of(stem):
                yield from self._with_suffix(stem, rules, flags, prefix)
            if not self._continued.isdisjoint(rules):
                yield from self._with_two_suffixes(stem, rules, prefix)

    def _with_suffix(
        self, stem: str, rules: Mapping[str, Sequence[_Rule]], flags: frozenset[str], prefix: _Rule | None
    ) -> Iterator[_Analysis]:
        allowed = flags | prefix.further if prefix else flags
        for flag in allowed & rules.keys():
            for rule in rules[flag]:
                if not _ends_as(rule.condition, stem):
                    continue
                if prefix is None:
                    yield flags, (rule,)
                elif rule.crosses and (prefix.flag in flags or prefix.flag in rule.further):
                    yield flags, (rule, prefix)

    def _with_two_suffixes(
        self, middle: str, rules: Mapping[str, Sequence[_Rule]], prefix: _Rule | None
    ) -> Iterator[_Analysis]:
        outer = [rule for flag in self._continued & rules.keys() for rule in rules[flag]]
        outer = [rule for rule in outer if _ends_as(rule.condition, middle)]
        if not outer:
            return
        for stem, inner_rules in self._unsuffixed(middle):
            for flags in self._entries_of(stem):
                for found, affixes in self._with_suffix(stem, inner_rules, flags, prefix):
                    yield from ((found, (*affixes, rule)) for rule in outer if rule.flag in affixes[0].further)

    def _unsuffixed(self, word: str) -> Iterator[tuple[str, dict[str, list[_Rule]]]]:
        for length in range(min(self._longest_suffix, len(word)) + 1):
            cut = len(word) - length
            group = self._suffixes.get(word[cut:])
            if group is None or (cut == 0 and "FULLSTRIP" not in self._affixes.named):
                continue
            for strip, rules in group.items():
                yield word[:cut] + strip, rules

    def _unprefixed(self, word: str) -> Iterator[tuple[str, _Rule]]:
        for length in range(min(self._longest_prefix, len(word)) + 1):
            group = self._prefixes.get(word[:length])
            if group is None or (length == len(word) and "FULLSTRIP" not in self._affixes.named):
                continue
            for strip, by_flag in group.items():
                rest = strip + word[length:]
                yield from (
                    (rest, rule) for rules in by_flag.values() for rule in rules if _begins_as(rule.condition, rest)
                )

    # Suggesting

    def _is_suggestible(self, words: str) -> bool:
        parts = words.split(" ")
        return all(
            self._is_form(part, suggested=True)
            or any(self._is_form(form, recased=True, suggested=True) for form in self._recased(part))
            for part in parts
        )

    def _shown(self, word: str) -> str:
        for written, meant in self._affixes.output.items():
            word = word.replace(written, meant)
        return word

    def _candidates(self, word: str) -> Iterator[str]:
        """Guess what was meant, the likeliest first."""
        yield word
        yield from (f"{word[:cut]}'{word[cut:]}" for cut in range(1, len(word)))
        for form in (word.replace("dj", "đ"), word):
            yield from islice(map("".join, product(*(self._kin.get(letter, letter) for letter in form))), 500)
        for wrong, right in self._affixes.replacements:
            places = re.finditer(re.escape(wrong.strip("^$")), word)
            yield from (word[: match.start()] + right + word[match.end() :] for match in places)
        yield from _swapped(word)
        yield from sorted(_one_letter_off(word, self._alphabet), key=lambda candidate: candidate[:1] != word[:1])
        yield from self._near_stems(word)
        yield from (f"{word[:cut]} {word[cut:]}" for cut in range(3, len(word) - 2))

    def _near_stems(self, word: str) -> list[str]:
        initials, lengths, letters = {word[:1], word[:1].upper()}, range(len(word) - 2, len(word) + 3), set(word[1:])
        near = [stem for stem in self._words if stem[:1] in initials and len(stem) in lengths]
        near = [stem for stem in near if len(letters.difference(stem)) <= 2]
        ranked = [(distance, stem) for stem in near if (distance := _distance(word, stem.lower(), most=2)) <= 2]
        return [stem for _, stem in sorted(ranked, key=lambda rank: (rank[0], rank[1][0] != word[0], rank[1]))]


def _flags_on_affixes(rules: _Rules) -> frozenset[str]:
    every = (
        rule for group in rules.values() for by_flag in group.values() for same in by_flag.values() for rule in same
    )
    return frozenset[str]().union(*{rule.further for rule in every})


def _shouted(words: Iterable[str]) -> frozenset[str]:
    """List in capitals what the dictionary writes partly in capitals, such as iPod."""
    return frozenset(word.upper() for word in words if word[1:] != word[1:].lower())


def _usual_letters(words: Collection[str]) -> str:
    """Find the letters of a dictionary, the most usual first, without those of a few foreign words."""
    sample = Counter("".join(islice(words, 0, None, len(words) // 10_000 + 1)).lower())
    return "".join(
        letter for letter, times in sample.most_common() if letter.isalpha() and times * 2_000 > sample.total()
    )


def _kin(letters: str) -> dict[str, str]:
    """Gather the letters that people type one plain letter for."""
    kin: dict[str, str] = {}
    for letter in letters:
        kin[_plain(letter)] = kin.get(_plain(letter), "") + letter
    return kin


@lru_cache(4_096)
def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


@cache
def _pattern(condition: str, side: Literal["start", "end"]) -> re.Pattern[str]:
    """Compile the condition of an affix: letters, dots, and sets of letters in brackets."""
    pieces = re.findall(r"\[\^?[^\]]*\]|.", condition)
    inside = "".join(map(_piece, pieces))
    return re.compile(inside if side == "start" else f"(?:{inside})$", re.DOTALL)


def _piece(piece: str) -> str:
    if piece == ".":
        return piece
    negated, letters = ("^", piece[2:-1]) if piece.startswith("[^") else ("", piece[1:-1])
    return f"[{negated}{re.escape(letters)}]" if letters else re.escape(piece)


def _ends_as(condition: str, stem: str) -> bool:
    return condition == "." or _pattern(condition, "end").search(stem) is not None


def _begins_as(condition: str, stem: str) -> bool:
    return condition == "." or _pattern(condition, "start").match(stem) is not None


# Similar words


def _until(deadline: float, candidates: Iterable[str]) -> Iterator[str]:
    for number, candidate in enumerate(candidates):
        if number % 64 == 63 and time.monotonic() > deadline:
            return
        yield candidate


def _plain(letter: str) -> str:
    return {"đ": "d", "ł": "l", "ø": "o", "ß": "s"}.get(letter) or unicodedata.normalize("NFD", letter)[0]


def _swapped(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _one_letter_off(word: str, alphabet: str) -> Iterator[str]:
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
    for at in range(len(word) + 1):
        yield from (word[:at] + letter + word[at:] for letter in alphabet)
    for at in range(len(word)):
        yield from (word[:at] + letter + word[at + 1 :] for letter in alphabet)


def _distance(one: str, other: str, *, most: int) -> int:
    """Count the letters to add, drop or change, giving up beyond `most`."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        previous, row = row, [i]
        for j, counterpart in enumerate(other, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (letter != counterpart)))
        if min(row) > most:
            return most + 1
    return row[-1]
