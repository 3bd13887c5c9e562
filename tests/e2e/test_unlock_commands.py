"""Keys by the commands: the second factor, the recovery code, and a real keyring in every state it can be in."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from reviewer.crypto import RecoveryCode, SecondFactor
from tests.desktops import IS_THERE, Desktop
from tests.e2e import children
from tests.e2e.children import Ended

_ROOT = Path(__file__).parents[2]
_INIT = ("init", "--workspace", "Desk", "--member", "Ana")


class Shell:
    """Commands on one profile with a key file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *argv: str) -> Ended:
        """Run a command."""
        return children.run(["--profile", "profile", "--key-file", "keys", *argv], self.folder)

    def ask(self, *argv: str) -> Any:
        """Run a command that must succeed, and return its answer."""
        ended = self.run("--json", *argv)
        assert ended.code == 0, ended
        return json.loads(ended.out)

    def refused(self, *argv: str) -> str:
        """Run a command that must not be let in, and return the reason."""
        ended = self.run("--json", *argv)
        assert ended.code == 5, ended
        return str(json.loads(ended.out)["error"]["message"])


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell on a new workspace."""
    made = Shell(tmp_path)
    (tmp_path / "code").write_text(made.ask(*_INIT)["recovery_code"])
    return made


def _factor(uri: str) -> SecondFactor:
    return SecondFactor(base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0]))


def _step() -> int:
    return int(time.time()) // 30


def test_commands_take_a_code_once_the_second_factor_is_on(shell: Shell) -> None:
    app = _factor(shell.ask("totp", "on")["uri"])
    assert "--code" in shell.refused("queue")
    code = app.code(_step())
    assert shell.ask("queue", "--code", code)["waiting"] == 0
    assert "used already" in shell.refused("--code", code, "queue")
    assert shell.ask("totp", "off", "--code", app.code(_step() + 1)) == {"second_factor": False}
    assert shell.ask("queue")["waiting"] == 0


def test_the_address_for_the_app_is_shown_once_and_kept_nowhere_in_the_clear(shell: Shell) -> None:
    ended = shell.run("totp", "on")
    assert ended.out.startswith("otpauth://totp/Review%20desk:Ana?")
    secret = parse_qs(urlsplit(ended.out.split()[0]).query)["secret"][0]
    assert "--code" in shell.refused("totp", "on")
    kept = b"".join(path.read_bytes() for path in (shell.folder / "profile").rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert base64.b32decode(secret) not in kept


def test_a_lost_key_file_is_made_good_by_the_recovery_code(shell: Shell) -> None:
    shell.ask("totp", "on")
    (shell.folder / "keys").unlink()
    assert "There is no key file" in shell.refused("queue")
    shell.ask("recover", "--code-file", "code")
    assert shell.ask("queue")["waiting"] == 0


def test_a_wrong_recovery_code_brings_nothing_back(shell: Shell) -> None:
    (shell.folder / "keys").unlink()
    (shell.folder / "code").write_text(RecoveryCode.new().text)
    assert "does not open this profile" in shell.refused("recover", "--code-file", "code")
    assert not (shell.folder / "keys").exists()


# ---- A real keyring

_needs_desktop = pytest.mark.skipif(not IS_THERE, reason="no gnome-keyring-daemon or no dbus-daemon here")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """Return a session with a bus."""
    made = Desktop(tmp_path)
    made.start_bus()
    try:
        yield made
    finally:
        made.stop()


def _command(desktop: Desktop, folder: Path, *argv: str, **env: str) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "reviewer", "--profile", str(folder / "profile"), "--json", *argv],
        env={**desktop.env, "PYTHONPATH": str(_ROOT), "LANG": os.environ.get("LANG", "C.UTF-8"), **env},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def _refused(desktop: Desktop, folder: Path, *argv: str, **env: str) -> str:
    """Run a command that must not get at the keys, and return the reason."""
    before = desktop.files()
    code, answer = _command(desktop, folder, *argv, **env)
    assert (code, answer["error"]["code"]) == (5, "keys_unavailable"), answer
    assert desktop.files() == before, "something was written to the keyring"
    return str(answer["error"]["message"])


def _has_workspace(folder: Path) -> bool:
    return any((folder / "profile" / name).exists() for name in ("reviewer.db", "device", "device.recovery"))


@_needs_desktop
def test_a_workspace_made_with_the_keyring_opens_with_it_after_the_next_login(desktop: Desktop, tmp_path: Path) -> None:
    desktop.start_keyring(b"login")
    assert _command(desktop, tmp_path, *_INIT)[0] == 0
    desktop.stop_keyring()
    desktop.start_keyring(b"login")
    code, answer = _command(desktop, tmp_path, "queue")
    assert (code, answer["waiting"]) == (0, 0)


@_needs_desktop
def test_without_a_keyring_nothing_is_made_and_the_way_out_is_named(desktop: Desktop, tmp_path: Path) -> None:
    words = _refused(desktop, tmp_path, *_INIT)
    assert "no keyring that answers" in words
    assert "--key-file" in words
    assert not _has_workspace(tmp_path)


@_needs_desktop
def test_a_keyring_without_a_default_collection_gets_none_made(desktop: Desktop, tmp_path: Path) -> None:
    desktop.start_keyring(None)
    assert "no default collection" in _refused(desktop, tmp_path, *_INIT)
    assert not _has_workspace(tmp_path)


@_needs_desktop
def test_a_collection_that_dies_with_the_session_is_not_used(desktop: Desktop, tmp_path: Path) -> None:
    desktop.start_keyring(b"login")
    session = "/org/freedesktop/secrets/collection/session"
    desktop.call(
        "--object-path", "/org/freedesktop/secrets",
        "--method", "org.freedesktop.Secret.Service.SetAlias", "default", session,
    )  # fmt: skip
    assert "forgotten at logout" in _refused(desktop, tmp_path, *_INIT)
    assert not _has_workspace(tmp_path)


@_needs_desktop
def test_a_locked_keyring_neither_makes_nor_opens_a_workspace(desktop: Desktop, tmp_path: Path) -> None:
    desktop.start_keyring(b"login")
    assert _command(desktop, tmp_path, *_INIT)[0] == 0
    desktop.stop_keyring()
    desktop.start_keyring(None)
    assert "is locked" in _refused(desktop, tmp_path, "queue")
    (tmp_path / "other").mkdir()
    assert "is locked" in _refused(desktop, tmp_path / "other", *_INIT)
    assert not _has_workspace(tmp_path / "other")


@_needs_desktop
@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_an_insecure_keyring_named_by_the_environment_is_not_used(
    desktop: Desktop, tmp_path: Path, backend: str
) -> None:
    words = _refused(desktop, tmp_path, *_INIT, PYTHON_KEYRING_BACKEND=backend)
    assert "no keyring that answers" in words
    assert not _has_workspace(tmp_path)


@_needs_desktop
def test_another_users_keyring_does_not_open_the_workspace(desktop: Desktop, tmp_path: Path) -> None:
    desktop.start_keyring(b"login")
    assert _command(desktop, tmp_path, *_INIT)[0] == 0
    desktop.stop_keyring()
    for path in (tmp_path / "data" / "keyrings").iterdir():
        path.unlink()
    desktop.start_keyring(b"somebody else")
    assert "no secret for this profile" in _refused(desktop, tmp_path, "queue")


@_needs_desktop
def test_the_recovery_code_puts_the_secret_into_a_new_keyring(desktop: Desktop, tmp_path: Path) -> None:
    desktop.start_keyring(b"login")
    _, made = _command(desktop, tmp_path, *_INIT)
    (tmp_path / "code").write_text(made["recovery_code"])
    desktop.stop_keyring()
    for path in (tmp_path / "data" / "keyrings").iterdir():
        path.unlink()
    desktop.start_keyring(b"a new login")
    assert _command(desktop, tmp_path, "recover", "--code-file", str(tmp_path / "code"))[0] == 0
    assert _command(desktop, tmp_path, "queue")[0] == 0
