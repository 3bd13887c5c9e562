"""Spelling with small dictionaries made for it, in real processes, and beside Hunspell where that is installed."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reviewer import spelling
from reviewer.spelling import (
    Checker,
    DictionaryFiles,
    Lexicon,
    ProcessChecker,
    find_dictionary,
    misspelled,
    open_checker,
)

_ENGLISH_AFFIXES = """SET UTF-8
TRY esianrtolcdugmphbyfvkwz'
ICONV 1
ICONV ’ '
REP 2
REP f ph
REP shun tion
NOSUGGEST !
FORBIDDENWORD *
PFX U Y 1
PFX U 0 un .
SFX S Y 3
SFX S y ies [^aeiou]y
SFX S 0 s [aeiou]y
SFX S 0 s [^sxy]
SFX D Y 2
SFX D 0 ed [^ey]
SFX D e d e
SFX M N 1
SFX M 0 's .
"""
_ENGLISH_WORDS = (
    "a hello/S the and is your appointment/SM patient/SM lock/UDS cry/S boy/S hypertension Belgrade/M iPod/S don't we "
    "e-mail well known see at or took fine damn/! forbid/D forbided/* etc. NASA lot London take"
)
_SERBIAN_AFFIXES = (
    "SET UTF-8\r\nFLAG num\r\nSFX 17 Y 3\r\nSFX 17 a a\r\nSFX 17 a e\r\nSFX 17 a ama\r\nPFX 19 Y 1\r\nPFX 19 0 ne\r\n"
)


def _write(folder: Path, name: str, affixes: str, words: list[str], encoding: str = "utf-8") -> DictionaryFiles:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.aff").write_bytes(affixes.encode(encoding))
    (folder / f"{name}.dic").write_bytes("\n".join([str(len(words)), *words, ""]).encode(encoding))
    return DictionaryFiles(folder / f"{name}.aff", folder / f"{name}.dic")


def _lexicon(folder: Path, affixes: str, words: str, encoding: str = "utf-8") -> Lexicon:
    return spelling.read_lexicon(_write(folder, "xx", affixes, words.split(), encoding))


def _found(text: str, lexicon: Lexicon) -> list[str]:
    return [text[start:end] for start, end in misspelled(text, lexicon)]


@pytest.fixture
def english(tmp_path: Path) -> Lexicon:
    return _lexicon(tmp_path, _ENGLISH_AFFIXES, _ENGLISH_WORDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path, "en_US", _ENGLISH_AFFIXES, _ENGLISH_WORDS.split())
    return tmp_path


@pytest.fixture
def checker(folder: Path) -> Iterator[Checker]:
    opened = open_checker("en-US", folders=[folder])
    yield opened
    opened.close()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


# Which dictionary


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en-US", "en_US"),
        ("en-GB", "en_GB"),
        ("en", "en_US"),
        ("en-AU", "en_US"),
        ("EN_us", "en_US"),
        ("en-Latn-US", "en_US"),
        ("sr", "sr_RS"),
        ("sr-Cyrl", "sr_RS"),
        ("sr-Cyrl-ME", "sr_ME"),
        ("sr-Latn", "sr_Latn_RS"),
        ("sr-Latn-BA", "sr_Latn_RS"),
        ("de", "de_DE_frami"),
        ("fr-CA", "fr"),
        ("nl", None),
        ("", None),
    ],
)
def test_the_dictionary_of_the_language_and_script_is_found(tmp_path: Path, language: str, name: str | None) -> None:
    for present in ("de_DE_frami", "en_GB", "en_US", "fr", "sr_Latn_RS", "sr_ME", "sr_RS"):
        _write(tmp_path, present, "", [])
    found = find_dictionary(language, [tmp_path / "missing", tmp_path])
    assert (found and found.name) == name


def test_serbian_in_latin_script_is_never_checked_with_a_cyrillic_dictionary(tmp_path: Path) -> None:
    _write(tmp_path, "sr_RS", "", [])
    assert find_dictionary("sr-Latn", [tmp_path]) is None


def test_word_lists_without_affixes_are_no_dictionary(tmp_path: Path) -> None:
    (tmp_path / "en_US.dic").write_text("1\nhello\n")
    assert find_dictionary("en-US", [tmp_path]) is None


def test_the_users_own_dictionary_comes_before_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEWER_DICTIONARIES", os.pathsep.join([str(tmp_path / "own"), str(tmp_path / "other")]))
    own = _write(tmp_path / "own", "en_US", "", [])
    _write(tmp_path / "other", "en_US", "", [])
    assert find_dictionary("en-US", spelling.dictionary_folders()) == own


def test_without_a_dictionary_nothing_is_checked_and_the_reason_is_told(tmp_path: Path) -> None:
    checker = open_checker("en-US", folders=[tmp_path])
    assert checker.reason == "No spelling dictionary for this language is installed."
    assert (checker.dictionary, checker.is_ready, checker.check("helo"), checker.suggest("helo")) == (
        None,
        True,
        (),
        (),
    )
    checker.add("helo")
    checker.close()


def test_a_language_without_spaces_between_words_is_not_checked(tmp_path: Path) -> None:
    _write(tmp_path, "th_TH", "", [])
    assert "without spaces" in str(open_checker("th", folders=[tmp_path]).reason)


# Words


_RIGHT = (
    "hello Hello HELLO hellos cries boys locked unlocked unlocks appointment's don’t Belgrade BELGRADE iPod IPOD "
    "e-mail well-known NASA hypertension"
)
_WRONG = "helo Helo crys boies lockd unhello unpatients belgrade ipod hELLO forbided HYPERTENTION lockeds patients's"


@pytest.mark.parametrize("word", _RIGHT.split())
def test_a_word_of_the_dictionary_is_spelled_right(english: Lexicon, word: str) -> None:
    assert _found(f"the {word} is", english) == []


@pytest.mark.parametrize("word", _WRONG.split())
def test_a_word_that_no_rule_makes_is_misspelled(english: Lexicon, word: str) -> None:
    assert _found(f"the {word} is", english) == [word]


@pytest.mark.parametrize(
    "text",
    [
        "see https://exmple.org/tset?qury or www.exmple.org or exmple.org",
        "ann.smth@exmple.org",
        "the @mrko and #tset",
        "[Patientt's Nme] <PERSN_1> {frst} {{lst_nme}}",
        "took 5mgg or 10xx at 3pmm",
        "RSD and MRI and IUDs",
        "RSD-ovi",
        "Здраво свима",
        "we x y",
        "etc.",
        "'hello' the patients'",
        "hel\u00adlo",
    ],
)
def test_what_is_no_word_of_the_language_is_left_alone(english: Lexicon, text: str) -> None:
    assert _found(text, english) == []


def test_only_the_wrong_part_of_a_hyphenated_word_is_pointed_out(english: Lexicon) -> None:
    assert misspelled("a well-knwon patient", english) == [(7, 12)]


def test_places_are_in_code_points(english: Lexicon) -> None:
    assert misspelled("😀 e\u0301 helo 👍🏽 helo", english) == [(5, 9), (13, 17)]


def test_long_capitals_are_checked_and_short_ones_are_not(english: Lexicon) -> None:
    assert _found("ABCDE ABCDEF", english) == ["ABCDEF"]


def test_text_between_brackets_of_another_line_is_checked(english: Lexicon) -> None:
    assert _found("a [helo\n] and x < helo and > helo (helo)", english) == ["helo"] * 4


@pytest.mark.parametrize("piece", ["-", "a+", "{", "[", "<a", "a-", "a.", "a@", "'", "_", "\u0301", "@", "ab://", "A"])
def test_a_hostile_text_takes_no_longer_than_its_length(english: Lexicon, piece: str) -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(misspelled(piece * 65_536, english)), daemon=True)
    thread.start()
    thread.join(30)
    assert found


def test_a_serbian_dictionary_with_numbered_flags_and_no_conditions_is_understood(tmp_path: Path) -> None:
    lexicon = _lexicon(tmp_path, _SERBIAN_AFFIXES, "knjiga/17,19 sto/19 Čačak šešir")
    assert _found("knjiga knjige knjigama neknjige nesto čačak ŠEŠIR, knjigi, knjig Šešire", lexicon) == [
        "čačak",
        "knjigi",
        "knjig",
        "Šešire",
    ]


def test_an_old_encoding_is_read(tmp_path: Path) -> None:
    lexicon = _lexicon(tmp_path, "SET microsoft-cp1251\n", "здраво свет", "cp1251")
    assert _found("здраво свте", lexicon) == ["свте"]


def test_a_second_suffix_needs_the_first_to_allow_it(tmp_path: Path) -> None:
    affixes = "SFX A Y 1\nSFX A 0 er/B .\nSFX B Y 1\nSFX B 0 s .\n"
    lexicon = _lexicon(tmp_path, affixes, "drink/A")
    assert [lexicon.knows(word) for word in ("drink", "drinker", "drinkers", "drinks")] == [True, True, True, False]


def test_a_stem_that_needs_an_affix_is_no_word(tmp_path: Path) -> None:
    lexicon = _lexicon(tmp_path, "NEEDAFFIX X\nSFX A Y 1\nSFX A 0 ing .\n", "sleep/XA")
    assert [lexicon.knows(word) for word in ("sleep", "sleeping")] == [False, True]


def test_a_circumfix_needs_both_its_ends(tmp_path: Path) -> None:
    affixes = "CIRCUMFIX X\nPFX A Y 1\nPFX A 0 leg/X .\nSFX C Y 2\nSFX C 0 obb .\nSFX C 0 obb/AX .\n"
    lexicon = _lexicon(tmp_path, affixes, "nagy/C")
    assert [lexicon.knows(word) for word in ("nagyobb", "legnagyobb", "legnagy")] == [True, True, False]


def test_aliases_and_long_flags_are_understood(tmp_path: Path) -> None:
    affixes = "FLAG long\nAF 2\nAF AaBb\nAF Bb\nSFX Aa Y 1\nSFX Aa 0 s .\nSFX Bb Y 1\nSFX Bb 0 ed .\n"
    lexicon = _lexicon(tmp_path, affixes, "lock/1 play/2 odd/9")
    assert [lexicon.knows(w) for w in ("locks", "locked", "played", "plays", "odd")] == [True, True, True, False, True]


def test_a_word_that_keeps_its_case_is_not_recognised_in_another(tmp_path: Path) -> None:
    lexicon = _lexicon(tmp_path, "KEEPCASE K\n", "kg/K hour")
    assert [lexicon.knows(word) for word in ("kg", "Kg", "KG", "Hour")] == [True, False, False, True]


def test_compounds_are_accepted_from_parts_that_may_join(tmp_path: Path) -> None:
    affixes = "COMPOUNDBEGIN B\nCOMPOUNDEND E\nCOMPOUNDMIN 3\nONLYINCOMPOUND O\n"
    lexicon = _lexicon(tmp_path, affixes, "tage/B buch/E heft tages/BO")
    words = ("tagebuch", "Tagebuch", "tagesbuch", "buchtage", "tageheft", "tages")
    assert [lexicon.knows(word) for word in words] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("helo", "hello"),
        ("Hlelo", "Hello"),
        ("hypertenshun", "hypertension"),
        ("dont", "don't"),
        ("london", "London"),
        ("BELGRAED", "BELGRADE"),
        ("apointmant", "appointment"),
        ("helloand", "hello and"),
    ],
)
def test_the_word_that_was_meant_is_suggested(english: Lexicon, wrong: str, right: str) -> None:
    assert right in english.suggest(wrong)


def test_left_out_marks_are_put_back_first(tmp_path: Path) -> None:
    lexicon = _lexicon(tmp_path, "SET UTF-8\n", "šešir sedir dođite čaša " + "ćuk žaba đak " * 20)
    assert [lexicon.suggest(word)[0] for word in ("sesir", "dodjite", "casa")] == ["šešir", "dođite", "čaša"]


def test_a_vulgar_word_is_known_and_never_suggested(english: Lexicon) -> None:
    assert english.knows("damn")
    assert english.suggest("damm") == []


def test_no_more_than_five_words_are_suggested(tmp_path: Path) -> None:
    lexicon = _lexicon(tmp_path, "", "bat cat fat hat mat pat rat sat")
    assert len(lexicon.suggest("zat")) == 5


# The process


def test_a_text_is_checked_in_another_process(checker: Checker) -> None:
    assert checker.check("hello patientt, helo") == ((6, 14), (16, 20))
    assert "patient" in checker.suggest("patientt")
    assert (checker.reason, checker.dictionary) == (None, "en_US")


def test_a_checker_tells_when_its_dictionary_is_read(checker: Checker) -> None:
    _wait_for(lambda: checker.is_ready)
    assert checker.check("helo") == ((0, 4),)


def test_a_personal_word_is_accepted_capitalised_and_in_capitals_too(checker: Checker) -> None:
    checker.add("reviewdesk")
    checker.add("Zyrtec")
    text = "reviewdesk Reviewdesk REVIEWDESK Zyrtec ZYRTEC Zyrtec’s zyrtec"
    assert checker.check(text) == ((len(text) - 6, len(text)),)


def test_the_personal_list_is_taken_from_the_start(folder: Path) -> None:
    checker = open_checker("en-US", personal=["helo"], folders=[folder])
    assert checker.check("helo") == ()
    checker.close()


def test_a_killed_process_is_started_again(folder: Path) -> None:
    checker = open_checker("en-US", folders=[folder])
    assert isinstance(checker, ProcessChecker)
    for _ in range(spelling._MOST_DEATHS + 1):
        checker._process.kill()
        checker._process.join()
        assert checker.check("helo") == ((0, 4),)
    checker.close()


def test_a_process_that_always_dies_turns_checking_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "_serve", os.abort)
    checker = open_checker("en-US", folders=[folder])
    assert [checker.check("helo") for _ in range(3)] == [(), (), ()]
    assert checker.reason == "The spelling checker stopped working."
    checker.close()


def test_a_dictionary_that_cannot_be_read_turns_checking_off(tmp_path: Path) -> None:
    _write(tmp_path, "en_US", "SET no-such-encoding\n", ["hello"])
    checker = open_checker("en-US", folders=[tmp_path])
    assert checker.check("helo") == ()
    assert checker.reason == "The spelling dictionary for this language cannot be read."
    checker.close()


def test_closing_ends_the_process_even_over_a_request(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "_serve", _never_answer)
    checker = open_checker("en-US", folders=[folder])
    assert isinstance(checker, ProcessChecker)
    process_id = checker._process.pid
    assert process_id is not None
    answers: list[tuple[spelling.Span, ...]] = []
    asking = threading.Thread(target=lambda: answers.append(checker.check("helo")))
    asking.start()
    _wait_for(checker._lock.locked)
    checker.close()
    asking.join(10)
    assert answers == [()]
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    assert checker.check("helo") == ()
    checker.close()


def _never_answer(files: DictionaryFiles, connection: object) -> None:
    del files, connection
    threading.Event().wait()


# Beside Hunspell


@pytest.mark.parametrize("name", ["en_US", "sr_RS", "sr_Latn_RS"])
def test_installed_dictionaries_are_understood_as_hunspell_understands_them(name: str) -> None:
    files = find_dictionary(name, spelling.dictionary_folders())
    hunspell = shutil.which("hunspell")
    if hunspell is None or files is None or files.name != name:
        pytest.skip("needs hunspell and its dictionary")
    lexicon = spelling.read_lexicon(files)
    words = sorted(set(_sample(lexicon)))
    refused = subprocess.run(
        [hunspell, "-d", str(files.words.with_suffix("")), "-i", "utf-8", "-l"],
        input="\n".join(words),
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ).stdout.split("\n")
    differing = [word for word in words if lexicon.knows(word) == (word in refused)]
    assert len(differing) <= len(words) * 0.005, differing[:20]


def _sample(lexicon: Lexicon) -> Iterator[str]:
    """Give stems, stems with endings of the dictionary, and both with a letter lost."""
    stems = [stem for stem in lexicon._words if stem.isalpha() and len(stem) > 3]
    endings = ["", *(ending for ending in lexicon._suffixes if ending.isalpha())]
    for number, stem in enumerate(stems[:: len(stems) // 2_000]):
        word = stem[: len(stem) - number % 3] + endings[number % min(len(endings), 61)]
        yield from (word, word.capitalize(), word[1:], word[:2] + word[3:])
