"""Everything that a transcriber's process is, holds and writes, searched for whose call it was: there must be nothing.

The desk runs as the product does, in a process of its own, of a member who only transcribes. Its memory is read from
outside, as a debugger would; its files and the rows it can read are searched; folders are watched while it works.
"""

import ctypes
import os
import secrets
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from reviewer.crypto import seal_identity
from reviewer.domain.members import Actor
from tests.e2e import children
from tests.factories import Beneath, Profile
from tests.pools import call, tone
from tests.ui.listening import fill_pool

_CALLS = 24
_CREATED = 0x100 | 0x2 | 0x80  # IN_CREATE, IN_MODIFY, IN_MOVED_TO


@dataclass(slots=True)
class Planted:
    """A profile whose member transcribes, and the words that would tell whose calls they were."""

    profile: Path
    canary: str  # begins every id, name and number of a call


def _sit_down(profile: Profile, transcriber: Actor) -> None:
    """Let this profile's desk be that transcriber's."""
    keys_of = profile.store_of(transcriber).keys
    sealed = seal_identity(keys_of.identity, keys_of.owner, device_secret=profile.device_secret)
    profile.rows("UPDATE member SET identity = ?, added_at = 0 WHERE id = ?", sealed, transcriber.member.id)


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """Fill a pool from calls whose ids, names and numbers begin with a word that nobody could guess."""
    made = Planted(tmp_path / "profile", secrets.token_hex(8))
    profile = Profile(made.profile)
    transcriber = profile.transcriber()
    pool = fill_pool(profile, range(0))
    for number in range(_CALLS):
        words = [f"{made.canary} {word} {number}" for word in ("call", "agent", "Agentia", "caller", "Callerina")]
        person = {"consented": True, "basis": "contract", "opted_in": True}
        pool.add(
            call(
                number,
                id=words[0],
                agent={"id": words[1], "name": words[2], **person},
                caller={"id": words[3], "name": words[4], **person},
            ),
            made.profile / "recording.wav",
        )
    pool.build()
    _sit_down(profile, transcriber)
    profile.close()
    return made


def _transcribe(folder: Path, number: int, pipe: "Connection[object, object]") -> None:
    from tests.ui.driver import press, type_text, wait_until
    from tests.ui.listening import ListeningDesk

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    qt = QApplication(["desk"])
    qt.setQuitOnLastWindowClosed(False)
    desk = ListeningDesk(folder)
    desk.keep(qt)
    desk.open()
    desk.listen()
    for _ in range(number):
        wait_until(lambda: desk.serving_id is not None, "a clip")
        old = desk.serving_id
        type_text("wordsthatweretyped")
        desk.hear()
        press("Ctrl+Return")
        desk.wait_for_another(old)
    type_text("anunfinishedword")
    desk.settle()
    pipe.send((desk.window.windowTitle(), [button.text() for button in desk.window._rail_buttons.values()]))
    pipe.recv()


@pytest.mark.skipif(sys.platform != "linux", reason="reads another process's memory as Linux offers it")
def test_a_transcribers_process_holds_nothing_that_says_whose_call_it_was(planted: Planted, tmp_path: Path) -> None:
    watched = Watch([planted.profile, tmp_path])
    ours, theirs = children.CONTEXT.Pipe()
    with children.running(_transcribe, planted.profile, 5, theirs) as process:
        theirs.close()  # so that a child that dies is noticed
        title, pages = ours.recv()
        assert process.pid is not None
        found = _in_memory(process.pid, [planted.canary, "anunfinishedword"])
        touched = watched.names()
        rows = _rows(planted.profile)
        files = b"".join(path.read_bytes() for path in planted.profile.rglob("*") if path.is_file())
        ours.send("end")
    # What it does hold shows that the search finds what is there.
    assert found == {"anunfinishedword"}
    assert title == "Review desk"
    assert pages == ["Settings", "Transcribe"]
    assert planted.canary.encode() not in rows
    assert planted.canary.encode() not in files
    # No clip lies in any file, and no file came into being that could hold one.
    for hertz in range(200, 601, 50):
        sound = tone(hertz)
        assert sound[44:1_044] not in files
        assert sound[20_000:21_000] not in files
    told = ("reviewer.db", "desks", ".lock", "settings", "witness", "log", "failed-unlocks", ".part", "checkpoint")
    assert [name for name in touched if not any(word in name for word in told)] == []


def test_the_rows_of_clips_lie_in_no_order_that_a_call_could_be_told_by(planted: Planted) -> None:
    beneath = Beneath(planted.profile)
    for table in ("clip", "clip_origin", "serving"):
        with beneath.connection() as connection, pytest.raises(Exception, match="no such column"):
            connection.execute(f"SELECT rowid FROM {table}").fetchall()
    ids = [row[0] for row in beneath.rows("SELECT id FROM clip")]
    assert ids == sorted(ids)
    columns = {row[1] for row in beneath.rows("PRAGMA table_info(clip)")}
    assert columns == {"id", "language", "seconds_ms", "state", "generation", "sealed_key", "audio"}


def _in_memory(pid: int, needles: list[str]) -> set[str]:
    """Return which of these words stand anywhere in a process's memory, in UTF-8 or UTF-16."""
    spelled = {needle: (needle.encode(), needle.encode("utf-16-le")) for needle in needles}
    found: set[str] = set()
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            addresses, rights = line.split()[:2]
            if "r" not in rights or line.endswith(("[vvar]", "[vsyscall]", "[vdso]")):
                continue
            start, end = (int(each, 16) for each in addresses.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            found |= {needle for needle, forms in spelled.items() if any(form in content for form in forms)}
    return found


def _rows(folder: Path) -> bytes:
    """Return all that somebody with the file's key reads in the database."""
    beneath = Beneath(folder)
    told = []
    for (table,) in beneath.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in beneath.rows(f"SELECT * FROM {table}"):
            told += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\0".join(told)


class Watch:
    """Every file that comes into being, or is written, in folders and what lies below them now (inotify)."""

    def __init__(self, folders: list[Path]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._libc.inotify_init1(os.O_NONBLOCK)
        for folder in folders:
            for each in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
                assert self._libc.inotify_add_watch(self._file, str(each).encode(), _CREATED) >= 0

    def names(self) -> set[str]:
        """Return the names so far."""
        return set(self._read())

    def _read(self) -> Iterator[str]:
        while True:
            try:
                block = os.read(self._file, 65_536)
            except BlockingIOError:
                os.close(self._file)
                return
            at = 0
            while at < len(block):
                length = struct.unpack_from("iIII", block, at)[3]
                yield block[at + 16 : at + 16 + length].rstrip(b"\0").decode()
                at += 16 + length
