"""A key file that others can reach, or that is not what it seems: every command refuses it and writes nothing."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import children
from tests.factories import Profile

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere the system's access lists guard the profile")


def _link(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to(path.with_name("real"))


def _second_name(path: Path) -> None:
    path.with_name("twin").hardlink_to(path)


def _another_owner(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 65_534, 65_534)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


def _letter(path: Path) -> None:
    path.write_text("Dear reader")


_SPOILED: dict[str, Callable[[Path], None]] = {
    "read by its group": lambda path: path.chmod(0o640),
    "read by all": lambda path: path.chmod(0o604),
    "written by its group": lambda path: path.chmod(0o620),
    "a link": _link,
    "a second name": _second_name,
    "another owner": _another_owner,
    "a pipe": _pipe,
    "a folder": _folder,
    "another file": _letter,
    "gone": lambda path: path.unlink(),
}


def _files(folder: Path) -> dict[str, bytes]:
    passing = ("logs", "desks")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in passing
    }


def _run(folder: Path, *argv: str) -> tuple[int, Any]:
    ours = ["--profile", "profile", "--key-file", "keys", "--json"]
    ended = children.run([*ours, *argv], folder)
    assert ended.err == ""
    return ended.code, json.loads(ended.out)["error"]


@pytest.fixture
def place(tmp_path: Path, profile: Profile) -> Path:
    """Return a folder with a closed profile in it, its key file beside."""
    profile.put()
    profile.close()
    shutil.move(profile.key_file, tmp_path / "keys")
    return tmp_path


@pytest.mark.parametrize("spoil", _SPOILED, ids=lambda name: name.replace(" ", "_"))
def test_a_spoiled_key_file_opens_nothing_and_nothing_is_written(place: Path, spoil: str) -> None:
    _SPOILED[spoil](place / "keys")
    before = _files(place / "profile")
    for argv in (["queue"], ["claim"], ["keys", "rotate"], ["ledger", "verify"]):
        code, error = _run(place, *argv)
        assert (code, error["code"]) == (5, "keys_unavailable"), argv
        assert str(place) not in error["message"]
    assert _files(place / "profile") == before


@pytest.mark.parametrize(
    "spoil", [name for name in _SPOILED if name != "gone"], ids=lambda name: name.replace(" ", "_")
)
def test_no_workspace_is_made_on_a_spoiled_key_file(place: Path, spoil: str) -> None:
    shutil.rmtree(place / "profile")
    _SPOILED[spoil](place / "keys")
    code, error = _run(place, "init", "--workspace", "W", "--member", "M")
    assert (code, error["code"]) == (5, "keys_unavailable")
    assert _files(place / "profile") == {}
