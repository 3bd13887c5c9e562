"""A transcriber's desk that is killed loses at most a second of typing; cut off as well, it loses no answer either."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from reviewer.services.journal import FOLDER
from reviewer.services.transcribing import Transcribing
from reviewer.settings import SettingsFile
from tests.conftest import copied_profile
from tests.e2e import children
from tests.factories import Profile
from tests.links import linked
from tests.postgres import Cluster
from tests.ui.driver import wait_until
from tests.ui.listening import ListeningDesk, fill_pool

_TYPES_S = 3.0
_MOST_LOST_S = 1.0


def _type(folder: Path, pipe: "Connection[object, object]") -> None:
    from PySide6.QtWidgets import QApplication

    from tests.ui.driver import type_text, wait_until
    from tests.ui.listening import ListeningDesk

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qt = QApplication(["desk"])
    desk = ListeningDesk(folder)
    desk.keep(qt)
    desk.open()
    desk.listen()
    wait_until(lambda: desk.serving_id is not None, "a clip")
    typed = len(desk.page.editor.text())
    while True:
        type_text("x")
        typed += 1
        pipe.send((time.monotonic(), typed))
        wait_until(partial(_is_past, time.monotonic() + 0.05), "the next key")


def _is_past(end: float) -> bool:
    return time.monotonic() > end


@pytest.mark.timeout(3_600)  # twenty kills, of which each takes a start
def test_a_kill_loses_at_most_a_second_of_typing(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    folder = tmp_path / "profile"
    profile = Profile(folder)
    fill_pool(profile, range(20))
    profile.close()
    lost_s = []
    for number in range(count(2, 20)):
        ours, theirs = children.CONTEXT.Pipe()
        process = children.start(_type, folder, theirs)
        theirs.close()  # so that a child that dies is noticed
        typed: list[tuple[float, int]] = []
        while not typed or typed[-1][0] - typed[0][0] < _TYPES_S + 0.13 * number:
            typed.append(ours.recv())
        killed_at = time.monotonic()
        children.kill(process)
        with suppress(EOFError):  # of what it sent before it died
            while True:
                typed.append(ours.recv())
        kept = _kept(folder)
        first_lost = next((at for at, length in typed if length > kept), killed_at)
        lost_s.append(killed_at - first_lost)
    assert max(lost_s) <= _MOST_LOST_S, lost_s


def _answer_out_of_reach(folder: Path, pipe: "Connection[object, object]") -> None:
    """Answer a clip and type of the next one once the parent has cut the link."""
    from PySide6.QtWidgets import QApplication

    from tests.ui.driver import press, type_text, wait_until
    from tests.ui.listening import ListeningDesk

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qt = QApplication(["desk"])
    desk = ListeningDesk(folder)
    desk.keep(qt)
    desk.open()
    desk.listen()
    wait_until(lambda: desk.listening._ahead is not None, "two clips")
    desk.hear()
    first = desk.serving_id
    pipe.send("ready")
    pipe.recv()
    type_text("one")
    press("Ctrl+Return")
    desk.wait_for_another(first)
    type_text("two")
    wait_until(lambda: not desk.listening._unsaved, "what was typed, written down")
    assert desk.listening._keeper is not None
    desk.listening._keeper.close()  # what it was given is on disk; a second is more than it takes
    pipe.send((first, desk.serving_id))
    wait_until(lambda: False, "the kill", patience_ms=600_000)


def test_answers_and_typing_of_a_desk_that_is_cut_off_survive_its_kill(
    qapp: QApplication, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source: Path = request.getfixturevalue("_new_team_profile")
    server: Cluster = request.getfixturevalue("server")
    with copied_profile(source, tmp_path / "far", server) as profile, linked(server.port) as link:
        fill_pool(profile)
        assert profile.address is not None
        here = profile.address.text.replace(f":{server.port}/", f":{link.port}/")
        SettingsFile(profile.folder / "settings.toml").change(database=here)
        ours, theirs = children.CONTEXT.Pipe()
        process = children.start(_answer_out_of_reach, profile.folder, theirs)
        assert ours.recv() == "ready"
        link.cut()
        ours.send("cut")
        answered, typed = ours.recv()
        children.kill(process)
        assert profile.rows("SELECT count(*) FROM label") == [(0,)]
        link.mend()
        desk = ListeningDesk(profile.folder)
        try:
            desk.open()
            desk.listen()
            wait_until(lambda: desk.serving_id == typed, "the clip that was on the page")
            assert desk.page.editor.text() == "two"
            assert profile.rows("SELECT serving_id FROM label") == [(answered,)]
            assert profile.rows("SELECT id FROM serving WHERE state = 'labelled'") == [(answered,)]
            assert list((profile.folder / FOLDER).iterdir()) == []
        finally:
            desk.close()


def _kept(folder: Path) -> int:
    """Return how long the text is that the next desk finds."""
    profile = Profile(folder)
    desk = Transcribing(profile.store, profile.first, lambda _desk: False)
    clip = desk.next()
    assert clip is not None
    kept = len(clip.serving.text or "")
    desk.give_back(clip)
    profile.close()
    return kept
