"""Real sound: what is played is what a sound server receives."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewer.audio import PlayerState, Sound, SoundPlayer, wav
from reviewer.audio.wav import RATE_HZ
from tests.sounds import SoundServer, has_sound_server, sound_server

_PLAYS_S = 20.0


@pytest.fixture
def server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loud_skip: Callable[[str], NoReturn]
) -> Iterator[SoundServer]:
    """Run a sound server and make it the one that is used."""
    if not has_sound_server():
        loud_skip("PulseAudio is not installed")
    with sound_server(tmp_path) as started:
        monkeypatch.setenv("PULSE_SERVER", started.address)
        yield started


@pytest.fixture
def player(server: SoundServer) -> Iterator[SoundPlayer]:
    """Return a player that is closed at the end."""
    made = SoundPlayer()
    yield made
    made.close()


def _noise(seconds: float) -> NDArray[np.int16]:
    samples = (np.random.default_rng(3).standard_normal(int(seconds * RATE_HZ)) * 4000).astype(np.int16)
    samples[samples == 0] = 1  # so that it can be told from silence
    return samples


def _play(player: SoundPlayer, server: SoundServer) -> NDArray[np.int16]:
    """Play to the end; return what the server received, without the silence around it."""
    before = len(server.captured)
    player.play()
    _wait(player, PlayerState.ENDED)
    deadline = time.monotonic() + 2
    received = server.captured[before:]
    while time.monotonic() < deadline and (not received.any() or received[-1600:].any()):
        time.sleep(0.02)
        received = server.captured[before:]
    heard = np.flatnonzero(received)
    return received[heard[0] : heard[-1] + 1]


def _wait(player: SoundPlayer, state: PlayerState) -> None:
    deadline = time.monotonic() + _PLAYS_S
    while player.state != state:
        assert time.monotonic() < deadline, (player.state, player.failure)
        assert player.state == PlayerState.PLAYING or state == PlayerState.FAILED, player.failure
        time.sleep(0.01)


def test_a_clip_arrives_bit_by_bit(player: SoundPlayer, server: SoundServer) -> None:
    samples = _noise(1.0)
    player.load(Sound(wav.encode(samples)))
    assert np.array_equal(_play(player, server), samples)
    assert np.array_equal(_play(player, server), samples)  # from the beginning, after the end
    assert player.heard_share == 1.0
    assert player.underruns == 0


def test_a_device_that_goes_away_is_told_and_a_new_one_is_found(player: SoundPlayer, server: SoundServer) -> None:
    player.load(Sound(wav.encode(_noise(5.0))))
    player.play()
    while player.position_s < 0.3:
        time.sleep(0.01)
    server.kill()
    _wait(player, PlayerState.FAILED)
    assert "went away" in str(player.failure)
    assert 0.2 < player.position_s < 2
    player.play()
    _wait(player, PlayerState.FAILED)
    assert "no device" in str(player.failure)
    server.start()
    assert len(_play(player, server)) < 5 * RATE_HZ  # on from where it was
