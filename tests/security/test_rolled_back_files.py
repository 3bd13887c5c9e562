"""An older copy of the database is put back, or two desks are shown two faces: the app and verify.py must notice."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from reviewer.bootstrap import Application
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import LedgerBrokenError
from reviewer.domain.members import Role
from reviewer.services.ledger import Filter, Ledger, WitnessFile
from reviewer.settings import SettingsFile
from tests.e2e import children
from tests.factories import line, new_key
from tests.verifier import alone

_FILES = ("reviewer.db", "reviewer.db-wal", "reviewer.db-shm")


def _open(folder: Path) -> Application:
    return Application(folder, folder / "keys")


def _work(folder: Path, *names: str) -> None:
    """Unlock, decide one item for each name, and end as a desk ends."""
    application = _open(folder)
    services = application.unlock()
    for name in names:
        services.intake.take_all([line(id=name)], "tests")
        claimed = services.queue.claim()
        assert claimed is not None
        services.review.decide(claimed.lease, Judgement(Verdict.APPROVE, name), key=new_key())
    services.ledger.checkpoint()
    application.close()


def _keep(folder: Path, kept: Path) -> None:
    kept.mkdir()
    for name in _FILES:
        if (folder / name).exists():
            shutil.copy2(folder / name, kept / name)


def _put_back(kept: Path, folder: Path) -> None:
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)
        if (kept / name).exists():
            shutil.copy2(kept / name, folder / name)


@pytest.fixture
def profile_folder(tmp_path: Path) -> Path:
    """Make a profile whose checkpoints also go to a sink."""
    folder = tmp_path / "profile"
    application = _open(folder)
    SettingsFile(folder / "settings.toml").change(sink=tmp_path / "sink")
    application.access.make("Desk", "First", frozenset(Role))
    application.close()
    _work(folder, "a", "b")
    return folder


@pytest.fixture
def rolled_back(profile_folder: Path, tmp_path: Path) -> Path:
    """Return a profile whose database is older than what its desk has seen."""
    _keep(profile_folder, tmp_path / "kept")
    _work(profile_folder, "c")
    _put_back(tmp_path / "kept", profile_folder)
    return profile_folder


def _run(folder: Path, *argv: str) -> tuple[int, Any]:
    ours = ["--profile", str(folder), "--key-file", str(folder / "keys"), "--json"]
    ended = children.run([*ours, *argv], folder.parent)
    assert "Traceback" not in ended.err
    return ended.code, json.loads(ended.out)


# ---- The app


def test_a_profile_that_nobody_touched_goes_on(profile_folder: Path, tmp_path: Path) -> None:
    _keep(profile_folder, tmp_path / "kept")
    _put_back(tmp_path / "kept", profile_folder)
    _work(profile_folder, "c")
    assert _run(profile_folder, "ledger", "verify")[0] == 0


def test_a_rolled_back_file_is_refused_at_the_next_unlock(rolled_back: Path) -> None:
    application = _open(rolled_back)
    with pytest.raises(LedgerBrokenError):
        application.unlock()
    application.close()


def test_a_rolled_back_file_is_refused_by_every_command_however_often(rolled_back: Path) -> None:
    for argv in (["queue"], ["ledger", "verify"], ["claim"], ["ledger", "verify"], ["work", "--once"], ["queue"]):
        code, answer = _run(rolled_back, *argv)
        assert code == 6, (argv, answer)
        if argv[0] == "ledger":
            assert answer["ok"] is False
            assert answer["first_bad"] == answer["entries"] + 1
        else:
            assert answer["error"]["code"] == "ledger_broken"


def test_a_rolled_back_file_that_was_written_on_is_refused(rolled_back: Path, tmp_path: Path) -> None:
    (remembered := rolled_back / "witness.json").rename(tmp_path / "witness.json")
    (sink := tmp_path / "sink").rename(tmp_path / "sink away")
    _work(rolled_back, "x", "y", "z")  # more entries than there were, all well signed: the desk was made to forget
    (tmp_path / "witness.json").rename(remembered)
    shutil.rmtree(sink)
    (tmp_path / "sink away").rename(sink)
    for argv in (["queue"], ["ledger", "verify"], ["queue"]):
        assert _run(rolled_back, *argv)[0] == 6, argv


def test_a_rolled_back_file_is_noticed_by_a_desk_that_has_only_seen_it(rolled_back: Path, tmp_path: Path) -> None:
    # The desk remembers a verified head, but no entry of its own: an auditor's.
    witness = rolled_back / "witness.json"
    kept = json.loads(witness.read_text())
    witness.write_text(json.dumps({"size": kept["size"], "root": kept["root"]}))
    assert _run(rolled_back, "queue")[0] == 6
    assert _run(rolled_back, "ledger", "verify")[0] == 6


@pytest.mark.parametrize(
    "damage", ["", "{", "[1]", '{"size": 5}', '{"size": -1, "root": "00"}', '{"number": 1}', "\0" * 90]
)
def test_a_damaged_memory_is_not_taken_for_none(profile_folder: Path, damage: str) -> None:
    (profile_folder / "witness.json").write_text(damage)
    assert _run(profile_folder, "queue")[0] == 6


def test_a_database_rolled_back_with_its_memory_is_noticed_by_the_sink(profile_folder: Path, tmp_path: Path) -> None:
    _keep(profile_folder, tmp_path / "kept")
    shutil.copy2(profile_folder / "witness.json", tmp_path / "kept")
    _work(profile_folder, "c")
    _put_back(tmp_path / "kept", profile_folder)
    shutil.copy2(tmp_path / "kept" / "witness.json", profile_folder)
    assert _run(profile_folder, "queue")[0] == 6
    assert _run(profile_folder, "ledger", "verify")[0] == 6


# ---- Two faces


def _two_faces(profile_folder: Path, tmp_path: Path, *first: str, second: tuple[str, ...]) -> tuple[Path, Path]:
    """Let one workspace go on in two ways, each before the eyes of one desk; both pour into one sink."""
    other = tmp_path / "other"
    shutil.copytree(profile_folder, other)
    _work(profile_folder, *first)
    application = _open(other)
    with pytest.raises(LedgerBrokenError):
        _go_on(application, *second)
    application.close()
    return profile_folder, other


def _go_on(application: Application, *names: str) -> None:
    services = application.unlock()
    for name in names:
        services.intake.take_all([line(id=name)], "tests")
    services.ledger.checkpoint()


@pytest.mark.parametrize("second", [("d",), ("d", "e", "f", "g", "h"), ()])
def test_two_faces_meet_in_the_sink(profile_folder: Path, tmp_path: Path, second: tuple[str, ...]) -> None:
    before = {path.name for path in (tmp_path / "sink").iterdir()}
    _two_faces(profile_folder, tmp_path, "c", second=second)
    assert {path.name for path in (tmp_path / "sink").iterdir()} > before  # and no evidence is written over


def test_the_other_face_shown_to_a_desk_is_refused(profile_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(profile_folder, other)
    SettingsFile(other / "settings.toml").change(sink=tmp_path / "other sink")
    _work(profile_folder, "c")
    _work(other, "d", "e", "f", "g")
    _keep(profile_folder, tmp_path / "face")
    _put_back(tmp_path / "face", other)
    for argv in (["queue"], ["ledger", "verify"], ["queue"]):
        assert _run(other, *argv)[0] == 6, argv


# ---- verify.py


def _export(folder: Path, into: Path) -> None:
    """Export as somebody would who made the desk forget what it saw."""
    application = _open(folder)
    session = application.access.unlock()
    actor = _actor(application, session.member)
    Ledger(session.store, actor, WitnessFile(folder / "none.json"), None).export(into, Filter())
    session.store.close()
    application.close()


def _actor(application: Application, member: Any) -> Any:
    from reviewer.domain.members import Actor

    return Actor(member, application.desk.id)


def _newest(sink: Path) -> list[str]:
    return ["--checkpoint", str(max(sink.iterdir()))]


def _judged(into: Path, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, Any]:
    code = alone.main([str(into), "--json", *argv])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("written_on", [False, True])
def test_an_export_of_a_rolled_back_database_is_noticed_by_a_checkpoint_of_the_sink(
    rolled_back: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, written_on: bool
) -> None:
    kept = tmp_path / "kept sink"
    shutil.copytree(tmp_path / "sink", kept)
    if written_on:
        (rolled_back / "witness.json").unlink()
        shutil.rmtree(tmp_path / "sink")
        _work(rolled_back, "x", "y", "z")
    _export(rolled_back, into := tmp_path / "export")
    assert _judged(into, capsys)[0] == 0  # nothing in the files themselves shows it
    code, told = _judged(into, capsys, *_newest(kept))
    assert code == 6
    assert told["first_bad"] is not None


def test_an_export_of_an_honest_database_contains_every_checkpoint_of_the_sink(
    profile_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _work(profile_folder, "c")
    _export(profile_folder, into := tmp_path / "export")
    for path in (tmp_path / "sink").iterdir():
        assert _judged(into, capsys, "--checkpoint", str(path))[0] == 0


def test_a_workspace_founded_anew_by_another_in_place_of_ours(profile_folder: Path) -> None:
    """Whoever makes up a whole ledger founds it with a key of their own; nothing of the old one need be remembered."""
    path = profile_folder / "witness.json"
    kept = json.loads(path.read_text("utf-8"))
    code, report = _run(profile_folder, "ledger", "verify")
    assert (code, report["founder"]) == (0, kept["founder"])
    path.write_text(json.dumps({"founder": "ab" * 32}), "utf-8")  # as if that ledger had had another founder
    code, report = _run(profile_folder, "ledger", "verify")
    assert (code, report["ok"], report["first_bad"]) == (6, False, 1)
    assert "another founder's key" in report["why"]
    application = _open(profile_folder)
    with pytest.raises(LedgerBrokenError, match="another founder's key"):
        application.unlock().ledger.advance()
    application.close()
    assert json.loads(path.read_text("utf-8")) == {"founder": "ab" * 32}  # it is not learnt anew
