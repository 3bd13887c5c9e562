"""Labels leave in the forms that tools read, under ids of one export only; what was withdrawn never does."""

import csv
import json
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer.domain.clips import SkipReason
from reviewer.domain.errors import RuleError, UsageError
from reviewer.domain.members import Role
from reviewer.services.label_exports import FORMS, LabelExports, most_agreed
from reviewer.services.label_quality import LabelQuality
from reviewer.services.pool import Scope
from tests.factories import Profile
from tests.pools import WORDS, PoolOf

TEXT = "And then [noise] the ((doctor)) said"


@pytest.fixture(scope="module")
def _labelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolOf]:
    """A pool in which one transcriber labelled five clips and skipped one, to be copied."""
    profile = Profile(tmp_path_factory.mktemp("labelled") / "profile")
    yield _label(PoolOf(profile).fill())
    profile.close()


def _label(pool: PoolOf) -> PoolOf:
    desk = pool.transcribing()
    for number in range(6):
        clip = desk.next()
        assert clip is not None
        if number == 5:
            desk.skip(clip, SkipReason.TOO_NOISY, listened_ms=0)
        else:
            desk.submit(clip, f"{TEXT} {['one', 'two', 'three', 'four', 'five'][number]}", listened_ms=2_000)
    return pool


@pytest.fixture
def pool(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Iterator[PoolOf]:
    """A copy of that pool, or one like it on a server."""
    if database == "server":
        yield _label(PoolOf(request.getfixturevalue("profile")).fill())
        return
    labelled: PoolOf = request.getfixturevalue("_labelled")
    made = labelled.copy_to(tmp_path / "profile")
    yield made
    made.profile.close()


@pytest.fixture
def exports(pool: PoolOf) -> LabelExports:
    """What its admin can export."""
    return LabelExports(pool.profile.store_of(pool.admin), pool.admin)


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_has_every_label_and_names_nobody(
    pool: PoolOf, exports: LabelExports, tmp_path: Path, form: str
) -> None:
    done = exports.export(tmp_path / "out", form)
    assert done.labels == 5
    whole = b"".join(path.read_bytes() for path in sorted((tmp_path / "out").rglob("*")) if path.is_file())
    assert all(word in whole for word in (b"three", b"five"))
    ids = [
        row[0]
        for table in ("call", "clip", "serving", "member")
        for row in pool.profile.rows(f"SELECT id FROM {table}")
    ]
    for told in [*ids, "CALL-", "Callerina", "Agentia", "+1202", "client_id"]:
        assert told.encode() not in whole
    assert {path.stat().st_mtime for path in (tmp_path / "out").rglob("*") if path.is_file()} == {315_532_800}


def test_nemo_kaldi_and_common_voice_read_what_is_written(exports: LabelExports, tmp_path: Path) -> None:
    exports.export(tmp_path / "nemo", "nemo")
    rows = _lines(tmp_path / "nemo" / "manifest.json")
    assert {(row["duration"], row["lang"]) for row in rows} == {(2.0, "en")}
    assert "And then [noise] the doctor said one" in {row["text"] for row in rows}
    exports.export(tmp_path / "kaldi", "kaldi")
    columns = {
        name: [line.split(" ", 1)[0] for line in (tmp_path / "kaldi" / name).read_text().splitlines()]
        for name in ("text", "wav.scp", "utt2spk", "spk2utt", "utt2dur")
    }
    assert all(each == sorted(columns["text"]) for each in columns.values())  # Kaldi wants every file sorted alike
    exports.export(tmp_path / "cv", "commonvoice")
    with (tmp_path / "cv" / "validated.tsv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, dialect="excel-tab"))
    assert len(table) == 5
    assert "client_id" not in table[0]
    exports.export(tmp_path / "ctm", "ctm")
    for line in (tmp_path / "ctm" / "labels.ctm").read_text().splitlines():
        _, channel, start, length, word = line.split(" ")
        assert (channel, float(start) + float(length) <= 2.01, word == word.strip()) == ("1", True, True)


def test_no_id_comes_twice(exports: LabelExports, tmp_path: Path) -> None:
    for name in ("a", "b"):
        exports.export(tmp_path / name, "jsonl")
    first, second = ({row["id"] for row in _lines(tmp_path / name / "labels.jsonl")} for name in ("a", "b"))
    assert len(first | second) == 10


def test_what_opted_out_cannot_leave_and_is_called_back(pool: PoolOf, exports: LabelExports, tmp_path: Path) -> None:
    done = exports.export(tmp_path / "before", "jsonl")
    assert exports.to_recall() == {}
    opted_out = pool.pool.opt_out(Scope.WORKSPACE)
    assert opted_out.to_recall == 5
    assert exports.to_recall() == {done.id: sorted(str(row["id"]) for row in _lines(tmp_path / "before/labels.jsonl"))}
    assert exports.export(tmp_path / "after", "jsonl").labels == 0
    assert (tmp_path / "after" / "labels.jsonl").read_bytes() == b""


def test_sound_leaves_only_by_a_transcribers_key(pool: PoolOf, exports: LabelExports, tmp_path: Path) -> None:
    is_shared = pool.profile.store.is_shared
    why = "nobody hears what is not on their line" if is_shared else "no other key opens it"
    with pytest.raises(RuleError, match=why):
        exports.export(tmp_path / "out", "nemo", with_audio=True)
    assert not (tmp_path / "out").exists()
    assert pool.profile.rows("SELECT count(*) FROM label_export") == [(0,)]
    both = LabelExports(pool.profile.store, pool.profile.first)  # every role, and with it the pool's key
    if is_shared:
        with pytest.raises(RuleError, match=why):
            both.export(tmp_path / "out", "nemo", with_audio=True)
        return
    done = both.export(tmp_path / "out", "nemo", with_audio=True)
    for row in _lines(tmp_path / "out" / "manifest.json"):
        path = tmp_path / "out" / str(row["audio_filepath"])
        with wave.open(str(path)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getnframes() / sound.getframerate()) == (
                1,
                2,
                2.0,
            )
        assert path.stat().st_size == 44 + 2 * 2 * 16_000
    assert len([name for name in done.files if name.endswith(".wav")]) == 5


def test_an_export_wants_an_empty_folder_a_known_form_and_an_admin(
    pool: PoolOf, exports: LabelExports, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        exports.export(tmp_path / "full", "jsonl")
    with pytest.raises(UsageError, match="no form"):
        exports.export(tmp_path / "out", "docx")
    agent = pool.profile.actor(Role.AGENT)
    with pytest.raises(RuleError, match="admin"):
        LabelExports(pool.profile.store_of(agent), agent).export(tmp_path / "out", "jsonl")


def test_of_three_texts_the_one_that_others_support_leaves() -> None:
    assert most_agreed(["a b c d", "a b x d", "a b c d e"]) == "a b c d"
    assert most_agreed(["one"]) == "one"


def test_quality_counts_people_and_the_machine_apart(profile: Profile) -> None:
    pool = PoolOf(profile, transcribers=2)
    pool.pool.set_policy(second_percent=100)
    pool.fill()
    truth = " ".join(WORDS)
    for number, text in ((0, truth), (1, truth.replace("monday", "sunday") + " [noise]")):
        desk = pool.transcribing(number)
        while (clip := desk.next()) is not None:
            desk.submit(clip, text, listened_ms=2_000)
    pool.pool.round()
    figures = LabelQuality(pool.profile.store_of(pool.admin), pool.admin).figures()
    english = figures.languages["en"]
    assert english.between_people.pairs > 0
    assert english.between_people.value == pytest.approx(1 / len(WORDS))
    assert english.gold.value is None
    assert english.to_machine.value is not None
    assert 0 < english.to_machine.value < 1 / len(WORDS)
    assert figures.tags["[noise]"].value == 0.0
    assert figures.tags["[music]"].value is None
