"""Play a clip from memory: at once, at any speed from a half to twice with the pitch kept, in loops, from anywhere.

Guarantees: nothing is ever written to a file; no call waits for the sound system or computes anything, so all may come
from the thread of a window; the callback of the sound system copies samples and does no more; what goes wrong (no
PortAudio, no device, one that went away) becomes `failure`, a sentence for a person, and the next `play` tries anew.
"""

import atexit
import contextlib
import importlib
import queue
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from reviewer.audio import wav
from reviewer.audio.stretching import FASTEST, SLOWEST, stretched
from reviewer.audio.wav import RATE_HZ, Samples
from reviewer.domain.errors import ReviewerError, UnavailableError

_LATENCY_S = 0.2  # what a busy machine may use up; the first sample does not wait for it
_STALLED_S = 1.0  # without a call from the sound system
_LEAVES_S = 2.0  # what a dead sound server may cost at the end of the process
_TICK_S = 0.2
_TAIL_S = 0.05
_SHORTEST_LOOP_S = 0.1
_HEARD_STEP_S = 0.01

_NO_LIBRARY = "No sound: PortAudio is not installed. Install it (on Debian and Ubuntu: libportaudio2) and try again."
_NO_DEVICE = "No sound: no device for it was found. Plug in a headset or turn on the sound, and try again."
_WENT_AWAY = "The sound stopped: its device went away. Plug it in again and go on from here."


class PlayerState(StrEnum):
    """What a player is doing."""

    EMPTY = "empty"
    PAUSED = "paused"
    PLAYING = "playing"
    ENDED = "ended"
    FAILED = "failed"


class _News(StrEnum):
    LOOK = "look"
    END = "end"


class Sound:
    """A clip ready to be played; `prepare` may run on any thread, before the clip is needed."""

    def __init__(self, clip: bytes) -> None:
        """Take the bytes of a clip. Raises InputRefusedError if they are none."""
        self._by_speed: dict[float, Samples] = {1.0: wav.samples(clip)}

    @property
    def duration_s(self) -> float:
        """Return how long it is at its own speed."""
        return len(self._by_speed[1.0]) / RATE_HZ

    def prepare(self, speed: float) -> Samples:
        """Return the samples at a speed; computed once, which takes a few hundredths of a second."""
        speed = round(speed, 3)
        if speed not in self._by_speed:
            self._by_speed[speed] = stretched(self._by_speed[1.0], speed)
        return self._by_speed[speed]


class Player(Protocol):
    """What plays clips; positions are seconds of the clip at its own speed, whatever the speed."""

    @property
    def state(self) -> PlayerState:
        """Return what it is doing."""

    @property
    def failure(self) -> ReviewerError | None:
        """Return why nothing can be heard."""

    @property
    def position_s(self) -> float:
        """Return what is heard just now, for a cursor."""

    @property
    def speed(self) -> float:
        """Return the speed."""

    @property
    def heard_share(self) -> float:
        """Return how much of the clip was heard at least once, from 0 to 1."""

    def load(self, sound: Sound) -> None:
        """Take another clip, from its beginning; speed stays, loop does not."""

    def play(self) -> None:
        """Go on from where it is, or from the beginning after the end."""

    def pause(self) -> None:
        """Stop there."""

    def seek(self, position_s: float) -> None:
        """Go somewhere; if it plays, it plays on from there."""

    def back(self, seconds: float) -> None:
        """Go back a little."""

    def set_speed(self, speed: float) -> None:
        """Change the speed, from 0.5 to 2."""

    def set_loop(self, start_s: float | None, end_s: float | None = None) -> None:
        """Repeat a part; None repeats nothing."""

    def unload(self) -> None:
        """Forget the clip at once."""

    def close(self) -> None:
        """Give the device back; nothing plays after it."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for last; the thread of the player makes it so."""

    number: int = 0
    sound: Sound | None = None
    plays: bool = False
    from_s: float = 0.0
    speed: float = 1.0
    loop: tuple[float, float] | None = None


@dataclass(slots=True)
class _Voice:
    """What the callback copies from; it alone changes this, and never waits for a lock."""

    wish: _Wish
    samples: Samples
    at: int
    end: int
    loop_from: int | None
    tail: int  # frames of silence to give after the end, as the last `latency` of a stream is cut off
    block_at: int = 0
    block_time: float = 0.0  # when the first sample of the last block is heard
    calls: int = 0
    underruns: int = 0
    turns: int = 0
    is_over: bool = False


class SoundPlayer:
    """A player over PortAudio; `changed` is called, on another thread, when it ended or failed."""

    def __init__(self, changed: Callable[[], object] = lambda: None, device: int | str | None = None) -> None:
        self._changed, self._device = changed, device
        self._lock = threading.Lock()  # held for assignments only
        self._wish = _Wish()
        self._state = PlayerState.EMPTY
        self._failure: ReviewerError | None = None
        self._voice: _Voice | None = None
        self._heard = np.zeros(0, bool)
        self._past_underruns = 0
        self._news: queue.SimpleQueue[_News] = queue.SimpleQueue()
        self._output = _Output(self._fill, lambda: self._news.put(_News.LOOK), device)
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()
        _players.add(self)

    @property
    def state(self) -> PlayerState:
        """Return what it is doing."""
        return self._state

    @property
    def failure(self) -> ReviewerError | None:
        """Return why nothing can be heard."""
        return self._failure

    @property
    def position_s(self) -> float:
        """Return what is heard just now, for a cursor."""
        with self._lock:
            return self._position_s()

    @property
    def speed(self) -> float:
        """Return the speed."""
        return self._wish.speed

    @property
    def heard_share(self) -> float:
        """Return how much of the clip was heard at least once, from 0 to 1."""
        with self._lock:
            self._mark_heard()
            return float(self._heard.mean()) if len(self._heard) else 0.0

    @property
    def underruns(self) -> int:
        """Return how often the sound system had to wait for samples."""
        voice = self._voice
        return self._past_underruns + (voice.underruns if voice else 0)

    def load(self, sound: Sound) -> None:
        """Take another clip, from its beginning; speed stays, loop does not."""
        with self._lock:
            self._ask(PlayerState.PAUSED, sound=sound, plays=False, from_s=0.0, loop=None)
            self._heard = np.zeros(max(1, round(sound.duration_s / _HEARD_STEP_S)), bool)

    def play(self) -> None:
        """Go on from where it is, or from the beginning after the end."""
        with self._lock:
            if self._wish.sound is not None and self._state != PlayerState.PLAYING:
                from_s = 0.0 if self._state == PlayerState.ENDED else self._position_s()
                self._ask(PlayerState.PLAYING, plays=True, from_s=from_s)

    def pause(self) -> None:
        """Stop there."""
        with self._lock:
            if self._state == PlayerState.PLAYING:
                self._ask(PlayerState.PAUSED, plays=False, from_s=self._position_s())

    def seek(self, position_s: float) -> None:
        """Go somewhere; if it plays, it plays on from there."""
        with self._lock:
            self._seek(position_s)

    def back(self, seconds: float) -> None:
        """Go back a little."""
        with self._lock:
            self._seek(self._position_s() - seconds)

    def set_speed(self, speed: float) -> None:
        """Change the speed, from 0.5 to 2."""
        with self._lock:
            speed = round(min(max(speed, SLOWEST), FASTEST), 3)
            self._ask(self._state, from_s=self._position_s(), speed=speed)

    def set_loop(self, start_s: float | None, end_s: float | None = None) -> None:
        """Repeat a part; None repeats nothing."""
        with self._lock:
            sound = self._wish.sound
            if sound is None:
                return
            loop = None
            if start_s is not None:
                start_s = max(0.0, start_s)
                end_s = min(sound.duration_s if end_s is None else end_s, sound.duration_s)
                loop = (start_s, end_s) if end_s - start_s >= _SHORTEST_LOOP_S else None
            self._ask(self._state, from_s=self._position_s(), loop=loop)

    def unload(self) -> None:
        """Forget the clip at once."""
        with self._lock:
            self._ask(PlayerState.EMPTY, sound=None, plays=False, from_s=0.0, loop=None)
            self._heard = np.zeros(0, bool)

    def close(self) -> None:
        """Give the device back; nothing plays after it."""
        if self._is_closed:
            return
        self._is_closed = True
        self.unload()
        self._news.put(_News.END)
        self._thread.join(timeout=_LEAVES_S)

    @property
    def is_at_rest(self) -> bool:
        """Tell whether nothing of it is inside the sound system any more."""
        return not self._thread.is_alive() and not self._output.is_closing

    # ---- Under the lock

    def _ask(self, state: PlayerState, **changed: Any) -> None:
        self._mark_heard()
        self._wish = replace(self._wish, number=self._wish.number + 1, **changed)
        self._state, self._failure = state, None
        self._news.put(_News.LOOK)

    def _seek(self, position_s: float) -> None:
        sound = self._wish.sound
        if sound is not None:
            state = PlayerState.PAUSED if self._state == PlayerState.ENDED else self._state
            self._ask(state, from_s=min(max(position_s, 0.0), sound.duration_s))

    def _position_s(self) -> float:
        voice = self._voice
        if voice is None or voice.wish is not self._wish or not voice.calls:
            return self._wish.from_s
        at = voice.block_at + max(0.0, time.monotonic() - voice.block_time) * RATE_HZ
        if voice.loop_from is not None and at >= voice.end:
            at = voice.loop_from + (at - voice.end) % (voice.end - voice.loop_from)
        return max(self._first_s(voice), min(at, voice.end) * voice.wish.speed / RATE_HZ)

    def _first_s(self, voice: _Voice) -> float:
        return 0.0 if voice.loop_from is not None else voice.wish.from_s

    def _mark_heard(self) -> None:
        voice, wish = self._voice, self._wish
        if voice is None or voice.wish is not wish or not voice.calls:
            return
        spans = [(wish.from_s, self._position_s())]
        if wish.loop is not None and voice.turns:
            spans = [wish.loop]
        if voice.is_over and wish.sound is not None:
            spans = [(wish.from_s, wish.sound.duration_s)]
        for start_s, end_s in spans:
            self._heard[round(start_s / _HEARD_STEP_S) : round(end_s / _HEARD_STEP_S)] = True

    # ---- On the player's own thread

    def _run(self) -> None:
        done, seen, quiet_since = 0, 0, time.monotonic()
        news = _News.LOOK
        while news != _News.END:
            with contextlib.suppress(queue.Empty):
                news = self._news.get(timeout=_TICK_S)
            wish, voice = self._wish, self._voice
            if wish.number != done:
                done = wish.number
                self._fulfil(wish)
                seen, quiet_since = 0, time.monotonic()
            elif voice is not None and voice.is_over:
                if not self._output.is_active or time.monotonic() - quiet_since > _STALLED_S:  # all was heard
                    self._end(voice)
            elif voice is not None and voice.calls != seen:
                seen, quiet_since = voice.calls, time.monotonic()
            elif voice is not None and (time.monotonic() - quiet_since > _STALLED_S or not self._output.is_active):
                self._fail(voice.wish, UnavailableError(_WENT_AWAY))
        self._output.close()

    def _fulfil(self, wish: _Wish) -> None:
        self._output.stop()
        if self._voice is not None:
            self._past_underruns += self._voice.underruns
            self._voice = None
        if not wish.plays or wish.sound is None:
            return
        try:
            self._output.open()
            voice = _voice(wish, wish.sound.prepare(wish.speed), self._output.latency_s)
            self._voice = voice
            self._output.start()
        except ReviewerError as exc:
            self._fail(wish, exc)

    def _end(self, voice: _Voice) -> None:
        with self._lock:
            self._mark_heard()
            self._past_underruns += voice.underruns
            self._voice = None
            if self._wish is not voice.wish:
                return
            end_s = voice.wish.sound.duration_s if voice.wish.sound else 0.0
            self._wish = replace(self._wish, plays=False, from_s=end_s)
            self._state = PlayerState.ENDED
        self._output.stop()
        self._changed()

    def _fail(self, wish: _Wish, failure: ReviewerError) -> None:
        with self._lock:
            if self._wish is not wish:
                return
            position_s = self._position_s()
            self._mark_heard()
            self._voice = None
            self._wish = replace(wish, plays=False, from_s=position_s)
            self._state, self._failure = PlayerState.FAILED, failure
        self._output.give_up()
        self._changed()

    # ---- On the sound system's thread

    def _fill(self, out: Any, frames: int, delay_s: float, *, is_late: bool) -> bool:
        """Copy the next samples; tell whether more will come."""
        voice = self._voice
        if voice is None:
            out[:] = 0
            return False
        voice.block_at, voice.block_time = voice.at, time.monotonic() + delay_s
        voice.calls += 1
        voice.underruns += is_late
        done = 0
        while done < frames:
            count = min(frames - done, voice.end - voice.at)
            if count > 0:
                out[done : done + count, 0] = voice.samples[voice.at : voice.at + count]
                voice.at, done = voice.at + count, done + count
            elif voice.loop_from is not None:
                voice.at, voice.turns = voice.loop_from, voice.turns + 1
            else:
                out[done:] = 0
                voice.tail -= frames - done
                voice.is_over = voice.tail <= 0
                return not voice.is_over
        return True


def _voice(wish: _Wish, samples: Samples, latency_s: float) -> _Voice:
    def frame(seconds: float) -> int:
        return min(len(samples), round(seconds * RATE_HZ / wish.speed))

    at, tail = frame(wish.from_s), int((latency_s + _TAIL_S) * RATE_HZ)
    if wish.loop is None:
        return _Voice(wish, samples, at, len(samples), None, tail)
    first, last = frame(wish.loop[0]), frame(wish.loop[1])
    return _Voice(wish, samples, at if first <= at < last else first, last, first, tail)


class _Output:
    """The stream of the sound system, kept open from clip to clip; only the player's thread opens and closes it."""

    def __init__(self, fill: Callable[..., bool], finished: Callable[[], object], device: int | str | None) -> None:
        self._fill, self._finished, self._device = fill, finished, device
        self._library: ModuleType | None = None
        self._stream: Any = None
        self._is_stale = False  # the library knows only the devices that were there when it was started
        self._closing: threading.Thread | None = None

    @property
    def latency_s(self) -> float:
        """Return how long a sample takes to be heard."""
        return float(self._stream.latency)

    @property
    def is_active(self) -> bool:
        """Tell whether the sound system still asks for samples."""
        return self._stream is not None and bool(self._stream.active)

    @property
    def is_closing(self) -> bool:
        """Tell whether a stream that was given up is still being closed: a dead sound server may never answer."""
        return self._closing is not None and self._closing.is_alive()

    def open(self) -> None:
        """Open the device unless it is. Raises UnavailableError."""
        if self._stream is not None:
            return
        library = self._loaded()
        if self.is_closing:  # the library is not made for two threads, and must not end while one is inside it
            raise UnavailableError(_NO_DEVICE)
        try:
            if self._is_stale:
                library._terminate()
                library._initialize()
                self._is_stale = False
            self._stream = library.OutputStream(
                samplerate=RATE_HZ,
                channels=1,
                dtype="int16",
                latency=_LATENCY_S,
                device=self._device,
                callback=self._callback(library),
                finished_callback=self._finished,
            )
        except (library.PortAudioError, ValueError) as exc:
            self._is_stale = True
            raise UnavailableError(_NO_DEVICE) from exc

    def start(self) -> None:
        """Begin to ask for samples. Raises UnavailableError."""
        library = self._loaded()
        try:
            self._stream.start()
        except library.PortAudioError as exc:
            raise UnavailableError(_NO_DEVICE) from exc

    def stop(self) -> None:
        """Be silent at once."""
        if self._stream is None:
            return
        try:
            self._stream.abort()
        except self._loaded().PortAudioError:
            self.give_up()

    def give_up(self) -> None:
        """Leave a stream that does not answer; the next one is opened with the devices that are there then."""
        stream, self._stream, self._is_stale = self._stream, None, True
        if stream is not None:
            self._closing = threading.Thread(target=_close, args=(stream,), name="player-closing", daemon=True)
            self._closing.start()
            self._closing.join(timeout=1)

    def close(self) -> None:
        """Give the device back."""
        self.give_up()

    def _loaded(self) -> ModuleType:
        if self._library is None:
            try:
                self._library = importlib.import_module("sounddevice")
                _leave_in_order(self._library)
            except OSError as exc:
                raise UnavailableError(_NO_LIBRARY) from exc
            except Exception as exc:
                # Its import starts PortAudio, and the error for that is defined in what could not be imported.
                raise UnavailableError(_NO_DEVICE) from exc
        return self._library

    def _callback(self, library: ModuleType) -> Callable[..., None]:
        fill, stop = self._fill, library.CallbackStop

        def callback(out: Any, frames: int, times: Any, status: Any) -> None:
            delay_s = times.outputBufferDacTime - times.currentTime
            if not fill(out, frames, delay_s, is_late=bool(status.output_underflow)):
                raise stop

        return callback


def _close(stream: Any) -> None:
    with contextlib.suppress(Exception):  # whatever it says, it is given up
        stream.close()


# ---- At the end of the process

_players: "weakref.WeakSet[SoundPlayer]" = weakref.WeakSet()


def _leave_in_order(library: ModuleType) -> None:
    """Let the players end before PortAudio does.

    WORKAROUND: sounddevice ends PortAudio at exit whatever other threads are doing in it. With a player's thread in the
    middle of stopping a stream both waited for each other for ever, and with a sound server that does not answer the
    end never came either.
    """
    atexit.unregister(library._exit_handler)
    atexit.unregister(_leave)
    atexit.register(_leave, library)


def _leave(library: ModuleType) -> None:
    players = list(_players)
    for player in players:
        player.close()
    if all(player.is_at_rest for player in players):  # else somebody is stuck inside, and stays there
        ending = threading.Thread(target=library._exit_handler, name="player-end", daemon=True)
        ending.start()
        ending.join(timeout=_LEAVES_S)
