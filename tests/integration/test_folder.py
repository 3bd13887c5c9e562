"""The folder transport: each request one file, whole or not at all, exactly once."""

import os
from pathlib import Path

import pytest

from reviewer.channels.folder import FolderTransport
from reviewer.domain.errors import UnavailableError

_BYTES = '{"final": "Добар дан, č€\\n"}'.encode()


def _all_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_request_becomes_one_file_with_its_very_bytes(tmp_path: Path) -> None:
    assert FolderTransport(tmp_path).send("sent", "k1", _BYTES) == "sent/k1.json"
    assert _all_files(tmp_path) == ["sent/k1.json"]
    assert (tmp_path / "sent/k1.json").read_bytes() == _BYTES


def test_the_file_and_its_folders_are_the_owners_alone(tmp_path: Path) -> None:
    FolderTransport(tmp_path).send("sent", "k1", _BYTES)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"sent": 0o700, ".outgoing": 0o700, "k1.json": 0o600}


def test_a_second_try_finds_the_file_and_leaves_it_alone(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path)
    transport.send("sent", "k1", _BYTES)
    first = (tmp_path / "sent/k1.json").stat()
    assert transport.send("sent", "k1", b"something else") == "sent/k1.json"
    second = (tmp_path / "sent/k1.json").stat()
    assert (second.st_ino, second.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert (tmp_path / "sent/k1.json").read_bytes() == _BYTES


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_fault_before_the_move_leaves_no_file_and_a_retry_cleans_up(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    transport = FolderTransport(tmp_path)
    with monkeypatch.context() as broken:
        owner: object = os if step == "fsync" else Path
        broken.setattr(owner, step, fail)
        with pytest.raises(UnavailableError, match="No space left on device"):
            transport.send("sent", "k1", _BYTES)
    assert not (tmp_path / "sent/k1.json").exists()
    transport.send("sent", "k1", _BYTES)
    assert _all_files(tmp_path) == ["sent/k1.json"]


@pytest.mark.parametrize("arrived", [False, True], ids=["before the file", "beside the file"])
def test_the_part_of_a_killed_process_is_swept_up(tmp_path: Path, arrived: bool) -> None:
    if arrived:
        FolderTransport(tmp_path).send("sent", "k1", _BYTES)
    (tmp_path / ".outgoing").mkdir(exist_ok=True)
    (tmp_path / ".outgoing" / "k1.99999").write_bytes(_BYTES[:5])
    (tmp_path / ".outgoing" / "k2.99999").write_bytes(_BYTES[:5])
    FolderTransport(tmp_path).send("sent", "k1", _BYTES)
    assert _all_files(tmp_path) == [".outgoing/k2.99999", "sent/k1.json"]


def test_nobody_ever_sees_half_a_file_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = os.fsync

    def watching(descriptor: int) -> None:
        seen.append((tmp_path / "sent/k1.json").exists())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watching)
    FolderTransport(tmp_path).send("sent", "k1", _BYTES * 10_000)
    assert seen[0] is False  # the bytes are on disk before the name is
    assert seen[-1] is True  # and the name is made to last afterwards


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the names of open files are read from /proc")
def test_a_power_cut_takes_neither_the_file_nor_its_name_nor_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path).parts[:1])
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    transport = FolderTransport(tmp_path)
    transport.send("sent", "k1", _BYTES)
    assert synced == [(), (), (".outgoing",), ("sent",)]  # twice the root, which got two new folders
    synced.clear()
    transport.send("sent", "k2", _BYTES)
    assert synced == [(".outgoing",), ("sent",)]


@pytest.mark.parametrize("obstacle", ["sent", ".outgoing"])
def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path, obstacle: str) -> None:
    (tmp_path / obstacle).write_text("a file where the folder should be")
    with pytest.raises(UnavailableError, match="'sent' cannot be written"):
        FolderTransport(tmp_path).send("sent", "k1", _BYTES)
