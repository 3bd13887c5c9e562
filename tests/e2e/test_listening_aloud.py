"""Real sound through the real page: what a transcriber hears is, sample by sample, the clip that was sealed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from reviewer.audio import SoundPlayer, wav
from tests.factories import Profile
from tests.sounds import SoundServer, has_sound_server, sound_server
from tests.ui.driver import press, type_text, wait_until
from tests.ui.listening import ListeningDesk, fill_pool


@pytest.fixture
def server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loud_skip: Callable[[str], NoReturn]
) -> Iterator[SoundServer]:
    """Run a sound server and make it the one that is used."""
    if not has_sound_server():
        loud_skip("PulseAudio is not installed")
    (tmp_path / "sound").mkdir()
    with sound_server(tmp_path / "sound") as started:
        monkeypatch.setenv("PULSE_SERVER", started.address)
        yield started


def test_a_clip_is_heard_bit_by_bit_and_handed_in(qapp: QApplication, profile: Profile, server: SoundServer) -> None:
    fill_pool(profile, range(20))
    desk = ListeningDesk(profile.folder)
    desk.desk.make_player = SoundPlayer
    desk.open()
    desk.listen()
    wait_until(lambda: desk.listening.current is not None, "a clip")
    clip = desk.listening.current
    assert clip is not None
    samples = wav.samples(clip.serving.wav)
    desk.hear()
    wait_until(lambda: not desk.listening.is_playing, "the end")
    captured = server.captured
    heard = np.flatnonzero(captured)
    spoken = np.flatnonzero(samples)
    expected = samples[spoken[0] : spoken[-1] + 1]
    assert np.array_equal(captured[heard[0] : heard[0] + len(expected)], expected)
    type_text("heard aloud")
    desk.listening.pause()
    press("Ctrl+Return")
    desk.wait_for_another(clip.serving.id)
    desk.close()
