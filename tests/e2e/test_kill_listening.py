"""A transcriber's desk that is killed while somebody types loses at most the last second."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from reviewer.services.transcribing import Transcribing
from tests.e2e import children
from tests.factories import Profile
from tests.ui.listening import fill_pool

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
