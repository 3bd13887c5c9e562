"""What the transcribers' page does: it holds one clip, plays it, keeps what is typed, and gets the next one ready.

Guarantees: what was typed is on disk within a second; the next clip is shown from memory; a clip that is withdrawn
leaves the page, the player and the memory within a second; without a sound device everything but listening goes on, and
without a team's server what is here: answers and what is typed wait on this computer, sealed, and are handed in once it
is back.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from reviewer.audio import Player, PlayerState, Sound, peaks
from reviewer.bootstrap import Services
from reviewer.domain.clips import Answer, SkipReason
from reviewer.domain.errors import LeaseLostError, ReviewerError, RuleError, UnreachableError
from reviewer.domain.members import Role, holds_workspace_key
from reviewer.services.journal import KeptWords
from reviewer.services.transcribing import OpenClip, Progress
from reviewer.ui.keeper import Keeper
from reviewer.ui.worker import Worker

AUTOSAVE_MS = 400
LOOK_MS = 500  # whether the clip on the page is still to be heard
RENEW_MS = 300_000
ROUND_MS = 10_000
TICK_MS = 30
BACK_S = 1.5
BACKSTEP_S = 0.8  # on going on after a pause
AGAIN_S = 2.0
AGAIN_SPEED = 0.7
TYPING_MS = 800  # of not typing, after which a clip goes on that typing paused
SLOWEST, FASTEST, STEP = 50, 200, 10  # percent
SHORTEST_PART_S = 0.2
HEARD = 0.98  # of the clip; its first and last tenth of a second are silence that was added
_COLUMNS = 600
_AT_END_S = 0.1

Outline = Sequence[tuple[float, float]]  # the lowest and highest sample of each column, from -1 to 1


@dataclass(frozen=True, slots=True)
class Listening:
    """How a person listens; it stays from clip to clip and from day to day."""

    speed: int = 100
    loop: bool = False
    pause_while_typing: bool = True


@dataclass(frozen=True, slots=True)
class _Ready:
    """A clip with what its page needs, made off the thread that paints."""

    clip: OpenClip
    sound: Sound
    outline: Outline


@dataclass(frozen=True, slots=True)
class _Answering:
    """What is done with a clip, and all that it takes to do it again."""

    ready: _Ready
    answer: Answer
    kept: "Future[None] | None"  # on this computer's disk


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was typed and is on this computer's disk, or soon is."""

    said: KeptWords
    version: "Future[int]"
    at: datetime


class TranscribePresenter(QObject):
    """The page's state."""

    clip_shown = Signal(object, object)  # OpenClip, Outline
    loading = Signal()
    emptied = Signal()
    failed = Signal(str)  # the store does not answer
    refused = Signal(str)  # why the last wish was not granted
    told = Signal(str)
    withdrawn = Signal()  # the clip on the page is gone, and why is nobody's business
    saved = Signal(object)  # datetime of the last save, None while something is unsaved
    kept = Signal(object)  # datetime since when what was typed is on this computer alone
    progress_changed = Signal(object)  # Progress
    position_changed = Signal(float)
    playing_changed = Signal(bool)
    listening_changed = Signal(object)  # Listening
    selection_changed = Signal(object)  # (start, end) in seconds, or None
    heard = Signal()  # the clip was heard whole
    device_lost = Signal(str)

    def __init__(
        self,
        services: Services,
        worker: Worker,
        player: Player,
        listening: Listening,
        midnight: Callable[[], datetime],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._desk = services.transcribing
        self._worker = worker
        self._unsent = services.unsent_answers
        self._keeper = None if self._unsent is None else Keeper(self._unsent.journal)
        self._player = player
        self._listening = listening
        self._midnight = midnight
        self._current: _Ready | None = None
        self._ahead: _Ready | None = None
        self._text: str | None = None
        self._cursor = 0
        self._unsaved = False
        self._fetching = False
        self._sending: deque[_Answering] = deque()  # on their way; the worker keeps them in order
        self._waiting: deque[_Answering] = deque()  # for the connection
        self._kept: _Kept | None = None  # the newest of what was typed
        self._is_offline = False
        self._told_waiting = 0
        self._playing = False
        self._heard = False
        self._typing_paused = False
        self._slow_until: float | None = None
        self._selection: tuple[float, float] | None = None
        self._mark_s: float | None = None
        self._active = False
        self._closed = False
        self._shown = False
        self._autosave = self._timer(AUTOSAVE_MS, self.flush, single=True)
        self._tick = self._timer(TICK_MS, self._on_tick)
        self._typing = self._timer(TYPING_MS, self._on_typing_over, single=True)
        self._looks = self._timer(LOOK_MS, self._look)
        self._renews = self._timer(RENEW_MS, self._renew)
        self._rounds = self._timer(ROUND_MS, self._round)

    @property
    def current(self) -> OpenClip | None:
        """Return the clip on the page."""
        return None if self._current is None else self._current.clip

    @property
    def listening(self) -> Listening:
        """Return how this person listens."""
        return self._listening

    @property
    def is_playing(self) -> bool:
        """Tell whether the clip is heard now."""
        return self._playing

    @property
    def is_heard(self) -> bool:
        """Tell whether the clip was heard whole."""
        return self._heard

    def show(self) -> None:
        """The page came up: take the first clip if there is none, and play it."""
        self._shown = True
        for timer in (self._looks, self._renews, self._rounds):
            timer.start()
        if self._current is None:
            self.loading.emit()
            if self._unsent is not None:
                self._worker.run(self._unsent.settle, self._on_settled, self._on_quiet_failure)
            self._worker.run(self._desk.share_key, None, self._on_quiet_failure)
            self._fetch()
        self._tell_progress()

    def hide(self) -> None:
        """Another page came up: stop, save, and let what was claimed ahead wait again."""
        self._shown = False
        self.pause()
        self.flush()
        for timer in (self._looks, self._renews, self._rounds):
            timer.stop()

    def close(self) -> None:
        """Save, give back what nobody listens to, and forget everything."""
        if self._closed:
            return
        self.hide()
        self._closed = True
        for sent in self._waiting:
            self._worker.run(partial(self._answer_again_job, sent), None, self._on_quiet_failure)
        for ready in (self._current, self._ahead):
            if ready is not None:
                self._worker.run(partial(self._desk.give_back, ready.clip), None, self._on_quiet_failure)
        self._current = self._ahead = None
        self._text = None
        self._player.unload()
        self._player.close()
        if self._keeper is not None:
            self._keeper.close()

    # ---- Text

    def edit(self, text: str, cursor: int) -> None:
        """Note what was typed; it is saved within half a second. A clip that plays waits, where that is wanted."""
        if self._current is None:
            return
        self._text, self._cursor, self._unsaved, self._active = text, cursor, True, True
        if not self._autosave.isActive():  # or who never stops typing would never be saved
            self._autosave.start()
        self.saved.emit(None)
        if self._listening.pause_while_typing and self._playing:
            self._typing_paused = True
            self._stop()
        if self._typing_paused:
            self._typing.start()

    @Slot()
    def flush(self) -> None:
        """Save what was typed, now."""
        self._autosave.stop()
        if self._current is None or self._text is None or not self._unsaved:
            return
        self._unsaved = False
        clip, text, cursor = self._current.clip, self._text, self._cursor
        said = KeptWords(clip.serving.id, text, cursor)
        if self._keeper is not None and (self._kept is None or self._kept.said != said):
            self._kept = _Kept(said, self._keeper.keep_words(said), datetime.now(UTC))
        job = partial(self._save_job, clip, text, cursor, self._kept)
        self._worker.run(job, self._on_saved, self._on_save_failed)

    # ---- What is done with a clip

    def submit(self, text: str) -> None:
        """Hand the label in and go on; refused are an empty text, and a clip that was not heard whole."""
        if self._current is None:
            return
        if not text.strip():
            self.refused.emit(self.tr("There is nothing written: write what is said, or skip the clip."))
        elif not self._heard:
            self.refused.emit(self.tr("Listen to the whole clip once before you hand it in."))
        else:
            self._finish(Answer(self._heard_ms(), text, self._cursor))

    def skip(self, reason: SkipReason) -> None:
        """Pass the clip by and go on."""
        if self._current is not None:
            self._finish(Answer(self._heard_ms(), self._text, self._cursor, reason))

    def report(self) -> None:
        """Take the clip from everybody at once: it holds personal data."""
        if self._current is not None:
            self._finish(Answer(self._heard_ms(), None, is_report=True))
            self.told.emit(self.tr("Withdrawn from everybody. Thank you."))

    def undo(self) -> None:
        """Bring the last clip of today back, its text a draft again."""
        self.flush()
        self._worker.run(self._undo_job, self._on_undone, self._on_refused)

    # ---- Listening

    def toggle(self) -> None:
        """Play, or pause."""
        if self._playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Go on a little before where it was paused; at the end, from the start."""
        if self._current is None:
            return
        at = self._player.position_s
        is_over = at >= self._end_s - _AT_END_S or at <= self._start_s
        self._play_from(self._start_s if is_over else max(self._start_s, at - BACKSTEP_S))

    def pause(self) -> None:
        """Stop, and stay stopped whatever is typed."""
        self._typing_paused = False
        self._typing.stop()
        self._stop()

    def back(self) -> None:
        """Play from 1.5 seconds before."""
        self._play_from(max(self._start_s, self._player.position_s - BACK_S))

    def from_start(self) -> None:
        """Play from the start."""
        self._play_from(self._start_s)

    def again_slower(self) -> None:
        """Play the last two seconds once more at seven tenths of the speed, then go on as before."""
        at = self._player.position_s
        self._slow_until = at if at > self._start_s + _AT_END_S else self._end_s
        self._player.set_speed(self._listening.speed / 100 * AGAIN_SPEED)
        self._play_from(max(self._start_s, self._slow_until - AGAIN_S))

    def change_speed(self, percent: int) -> None:
        """Make it faster or slower by so many percent; the pitch stays."""
        speed = min(FASTEST, max(SLOWEST, self._listening.speed + percent))
        if speed == self._listening.speed:
            return
        self._set_listening(replace(self._listening, speed=speed))
        self._slow_until = None
        self._player.set_speed(speed / 100)
        if self._ahead is not None:  # at another speed a clip takes a moment: the next one is made ready now
            self._worker.run(partial(self._ahead.sound.prepare, speed / 100), None, self._on_quiet_failure)

    def toggle_loop(self) -> None:
        """Play the clip, or the marked part, over and over, or once."""
        self._set_listening(replace(self._listening, loop=not self._listening.loop))
        self._set_loop()

    def toggle_typing(self) -> None:
        """Pause while somebody types, or do not."""
        self._set_listening(replace(self._listening, pause_while_typing=not self._listening.pause_while_typing))

    def seek(self, seconds: float) -> None:
        """Play from there."""
        self._play_from(seconds)

    def select(self, start_s: float, end_s: float) -> None:
        """Choose a part of the clip to be played alone; an empty one is the whole."""
        self._selection = (start_s, end_s) if end_s - start_s >= SHORTEST_PART_S else None
        self._set_loop()
        self.selection_changed.emit(self._selection)

    def mark(self) -> None:
        """Mark the start of a part, then its end, then none again."""
        at = self._player.position_s
        if self._selection is not None:
            self._mark_s = None
            self.select(0.0, 0.0)
        elif self._mark_s is None:
            self._mark_s = at
            self.told.emit(self.tr("The part starts here; press again where it ends."))
        else:
            start, self._mark_s = self._mark_s, None
            self.select(min(start, at), max(start, at))

    def note_activity(self) -> None:
        """Note that somebody is at the desk, so that the lease is worth renewing."""
        self._active = True

    def try_device(self) -> None:
        """Try to play once more, after a device was lost."""
        self.play()

    # ---- private: listening

    @property
    def _start_s(self) -> float:
        return 0.0 if self._selection is None else self._selection[0]

    @property
    def _end_s(self) -> float:
        seconds = 0.0 if self._current is None else self._current.sound.duration_s
        return seconds if self._selection is None else self._selection[1]

    def _heard_ms(self) -> int:
        if self._current is None:
            return 0
        return round(self._current.sound.duration_s * 1000 * (1.0 if self._heard else self._player.heard_share))

    def _play_from(self, start_s: float) -> None:
        if self._current is None:
            return
        self._typing_paused = False
        self._player.seek(start_s)
        self._player.play()
        self._tick.start()
        self._set_playing(playing=True)

    def _stop(self) -> None:
        self._player.pause()
        self._tick.stop()
        self._note_heard()
        self._set_playing(playing=False)
        if self._current is not None:
            self.position_changed.emit(self._player.position_s)

    def _set_loop(self) -> None:
        if self._listening.loop:
            self._player.set_loop(self._start_s, self._end_s)
        else:
            self._player.set_loop(None)

    def _note_heard(self) -> None:
        if not self._heard and self._player.heard_share >= HEARD:
            self._heard = True
            self.heard.emit()

    @Slot()
    def _on_tick(self) -> None:
        state, at = self._player.state, self._player.position_s
        if state is PlayerState.FAILED:
            self._tick.stop()
            self._set_playing(playing=False)
            failure = self._player.failure
            self.device_lost.emit("" if failure is None else failure.message)
            return
        self._note_heard()
        self.position_changed.emit(at)
        if self._slow_until is not None and (at >= self._slow_until or state is not PlayerState.PLAYING):
            self._slow_until = None
            self._player.set_speed(self._listening.speed / 100)
        if state is PlayerState.ENDED:
            self._tick.stop()
            self._set_playing(playing=False)
        elif self._selection is not None and not self._listening.loop and at >= self._end_s:
            self._stop()

    @Slot()
    def _on_typing_over(self) -> None:
        if self._typing_paused and self._shown:
            self.play()

    def _set_playing(self, *, playing: bool) -> None:
        if playing != self._playing:
            self._playing = playing
            self.playing_changed.emit(playing)

    def _set_listening(self, listening: Listening) -> None:
        self._listening = listening
        self.listening_changed.emit(listening)

    # ---- private: clips

    def _fetch(self) -> None:
        if self._fetching or self._closed:
            return
        self._fetching = True
        self._worker.run(partial(self._fetch_job, self.current), self._on_fetched, self._on_fetch_failed)

    def _fetch_job(self, but: OpenClip | None) -> _Ready | None:
        clip = self._desk.next(but=but)
        if clip is None and self._may_release() and self._services.pool.round().anything:
            clip = self._desk.next(but=but)
        return None if clip is None else self._ready(clip)

    def _ready(self, clip: OpenClip) -> _Ready:
        """Return a clip with its outline and its sound at the speed that holds; not on the thread that paints."""
        sound = Sound(clip.serving.wav)
        sound.prepare(self._listening.speed / 100)
        return _Ready(clip, sound, peaks(clip.serving.wav, _COLUMNS))

    def _may_release(self) -> bool:
        roles = self._services.member.roles
        return Role.ADMIN in roles and holds_workspace_key(roles)

    def _on_fetched(self, ready: _Ready | None) -> None:
        self._fetching = False
        if self._closed:
            if ready is not None:
                self._worker.run(partial(self._desk.give_back, ready.clip), None, self._on_quiet_failure)
            return
        if self._current is None:
            self._show(ready)
        else:
            self._ahead = ready

    def _on_fetch_failed(self, failure: Exception) -> None:
        self._fetching = False
        if not isinstance(failure, ReviewerError):
            raise failure
        if self._current is None:
            self.failed.emit(failure.message)

    def _show(self, ready: _Ready | None) -> None:
        self._tick.stop()
        self._player.unload()
        self._current = ready
        self._text, self._unsaved = None, False
        self._selection = self._mark_s = self._slow_until = None
        self._typing_paused = self._heard = False
        self._set_playing(playing=False)
        self.selection_changed.emit(None)
        if ready is None:
            self.emptied.emit()
            return
        self._player.load(ready.sound)
        self._player.set_speed(self._listening.speed / 100)
        self._set_loop()
        self.clip_shown.emit(ready.clip, ready.outline)
        if self._shown:
            self._play_from(0.0)
        if self._ahead is None:
            self._fetch()

    def _advance(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            self._current = None
            self._player.unload()
            self.loading.emit()
            self._fetch()
        else:
            self._show(ahead)

    def _finish(self, answer: Answer) -> None:
        """Show the next clip at once; what is done with this one follows in order behind what was typed."""
        self.pause()
        self._autosave.stop()
        finished = self._current_with_text()
        self._text, self._unsaved = None, False
        assert finished is not None  # noqa: S101 - callers looked
        kept = None if self._keeper is None else self._keeper.keep_answer(finished.clip.serving.id, answer)
        sent = _Answering(finished, answer, kept)
        if self._is_offline:
            self._waiting.append(sent)
            self._tell_waiting()
        else:
            self._sending.append(sent)
            self._worker.run(
                partial(self._answer_job, sent, sent.ready.clip), self._on_finished, self._on_finish_failed
            )
        self._advance()

    def _answer_job(self, sent: _Answering, clip: OpenClip) -> None:
        if sent.kept is not None:
            sent.kept.result()
        self._desk.answer(clip, sent.answer)
        self._forget(sent)

    def _answer_again_job(self, sent: _Answering) -> None:
        clip = self._desk.take_again(sent.ready.clip)
        if clip is None:  # the first time had arrived, and only its answer had not
            self._forget(sent)
        else:
            self._answer_job(sent, clip)

    def _forget(self, sent: _Answering) -> None:
        if self._unsent is not None:
            self._unsent.journal.forget_answer(sent.ready.clip.serving.id)

    def _save_job(self, clip: OpenClip, text: str, cursor: int, kept: _Kept | None) -> datetime:
        try:
            at = self._desk.save(clip, text, cursor)
        except UnreachableError:
            if kept is not None:
                kept.version.result()  # a disk that does not take it either is what has to be told
            raise
        if self._unsent is not None and kept is not None and kept.version.exception() is None:
            self._unsent.journal.forget_words(clip.serving.id, kept.version.result())
        return at

    def _on_settled(self, handed_in: int) -> None:
        if handed_in:
            self.told.emit(self.tr("Answers that had waited on this computer were handed in: {0}.").format(handed_in))

    def _on_finished(self, _nothing: None) -> None:
        self._sending.popleft()
        if self._is_offline and not (self._sending or self._waiting):
            self._is_offline = False
            self.told.emit(self.tr("The team's server is back: everything was handed in."))
        self._tell_progress()

    def _on_finish_failed(self, failure: Exception) -> None:
        sent = self._sending.popleft()
        if not isinstance(failure, ReviewerError):
            raise failure
        if isinstance(failure, UnreachableError):
            self._waiting.append(sent)
            self._tell_waiting()
            return
        if self._keeper is not None:
            self._keeper.forget_answer(sent.ready.clip.serving.id)
        if isinstance(failure, LeaseLostError):
            self.told.emit(failure.message)
        else:
            self.refused.emit(failure.message)
            self._bring_back(sent.ready)
        self._tell_progress()

    def _tell_waiting(self) -> None:
        told = len(self._waiting)
        if self._is_offline and told <= self._told_waiting:
            return
        self._is_offline, self._told_waiting = True, told
        self.refused.emit(
            self.tr(
                "The team's server is out of reach. Go on with what is here: answers that wait on this computer: {0}."
            ).format(told)
        )

    def _send_waiting(self) -> None:
        """Hand in what waited; the first answer says whether the server is back."""
        for sent in self._waiting:
            self._sending.append(sent)
            self._worker.run(partial(self._answer_again_job, sent), self._on_finished, self._on_finish_failed)
        self._waiting.clear()

    def _undo_job(self) -> _Ready:
        return self._ready(self._desk.undo(self._midnight()))

    def _on_undone(self, ready: _Ready) -> None:
        self._bring_back(ready)
        self._tell_progress()

    def _bring_back(self, ready: _Ready) -> None:
        """Show a clip again that was done; the one on the page comes after it."""
        self.pause()
        if self._ahead is not None:
            self._worker.run(partial(self._desk.give_back, self._ahead.clip), None, self._on_quiet_failure)
        self._ahead = self._current_with_text()
        self._show(ready)

    def _current_with_text(self) -> _Ready | None:
        if self._current is None or self._text is None:
            return self._current
        clip = self._current.clip
        serving = replace(clip.serving, text=self._text, cursor=self._cursor)
        return replace(self._current, clip=replace(clip, serving=serving))

    @Slot()
    def _look(self) -> None:
        """Look whether clips on this desk were withdrawn, and hand in what waited for the connection."""
        if self._waiting and not self._sending:
            self._send_waiting()
            return
        watched = [ready.clip for ready in (self._current, self._ahead) if ready is not None]
        if watched and not self._sending:
            self._worker.run(partial(self._look_job, watched), self._on_looked, self._on_quiet_failure)
        elif self._current is None and not self._fetching:
            self._fetch()

    def _look_job(self, watched: Sequence[OpenClip]) -> dict[str, OpenClip | None]:
        """Return by lease what is not held any more: taken again where only its time ran out, None where it is gone."""
        return {clip.held.lease_id: self._taken_again(clip) for clip in watched if not self._desk.is_there(clip)}

    def _taken_again(self, clip: OpenClip) -> OpenClip | None:
        try:
            return self._desk.take_again(clip)
        except LeaseLostError:
            return None

    def _on_looked(self, changed: dict[str, OpenClip | None]) -> None:
        if self._ahead is not None and self._ahead.clip.held.lease_id in changed:
            again = changed[self._ahead.clip.held.lease_id]
            self._ahead = None if again is None else replace(self._ahead, clip=again)
            if again is None:
                self._fetch()
        if self._current is not None and self._current.clip.held.lease_id in changed:
            again = changed[self._current.clip.held.lease_id]
            if again is None:
                self._withdraw()
            else:
                self._current = replace(self._current, clip=again)
        elif self._is_offline and not (self._sending or self._waiting):
            self._is_offline = False
            self.told.emit(self.tr("The team's server is back."))

    def _withdraw(self) -> None:
        self.pause()
        self._autosave.stop()
        if self._keeper is not None and self._current is not None:
            self._keeper.forget_words(self._current.clip.serving.id)
        self._text, self._unsaved = None, False
        self.withdrawn.emit()
        self._advance()

    @Slot()
    def _renew(self) -> None:
        if self._current is not None and self._active:
            self._active = False
            self._worker.run(partial(self._desk.renew, self._current.clip), self._on_renewed, self._on_quiet_failure)

    def _on_renewed(self, clip: OpenClip) -> None:
        if self._current is not None and self._current.clip.held.lease_id == clip.held.lease_id:
            self._current = replace(self._current, clip=clip)

    @Slot()
    def _round(self) -> None:
        if self._may_release():
            self._worker.run(self._services.pool.round, None, self._on_quiet_failure)

    def _tell_progress(self) -> None:
        if not self._closed:
            self._worker.run(partial(self._desk.progress, self._midnight()), self._on_progress, self._on_quiet_failure)

    def _on_progress(self, progress: Progress) -> None:
        self.progress_changed.emit(progress)

    def _on_saved(self, at: datetime) -> None:
        if not self._unsaved:
            self.saved.emit(at)

    def _on_save_failed(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        if isinstance(failure, LeaseLostError):
            self._look()
            return
        self._unsaved = True
        self._autosave.start()
        if not isinstance(failure, UnreachableError):
            self.refused.emit(failure.message)
            return
        self._tell_waiting()
        if self._kept is not None:
            self.kept.emit(self._kept.at)

    def _on_refused(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        self.refused.emit(failure.message)

    def _on_quiet_failure(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        if isinstance(failure, UnreachableError):
            self._tell_waiting()
        elif not isinstance(failure, RuleError):
            self.refused.emit(failure.message)

    def _timer(self, interval_ms: int, fired: Callable[[], None], *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.setSingleShot(single)
        timer.timeout.connect(fired)
        return timer


def local_midnight() -> datetime:
    """Return when this day began where the desk stands."""
    now = datetime.fromtimestamp(time.time()).astimezone()
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
