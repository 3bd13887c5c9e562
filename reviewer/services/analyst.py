"""The analyst: one process that reads drafts beside their sources, so that no thread of the desk ever computes.

Guarantees: it is started when first needed and ends with whoever started it; it writes nothing down and no text leaves
it but through its pipe; a draft that makes it die or hang is answered as unchecked, never as clean, and costs the other
drafts nothing. It has three lanes, each with a thread of its own: what a person waits for never queues behind intake.
"""

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, TypeAlias

from reviewer import hardening
from reviewer.domain.errors import LockedError
from reviewer.domain.findings import Examination, Finding, Weight
from reviewer.domain.limits import normalise_newlines
from reviewer.domain.personal_data import ItemPersonalData, PersonalData
from reviewer.services.examiners import ANALYSES, PERSONAL, UNCHECKED, Data, Examiner, Subject

# A note of 60 sentences beside 300 turns takes half a second; the largest source that is taken in, some ten.
_PATIENCE_S = 60.0
_TRIES = 2  # the process may have been killed from outside
_MOST_OPEN = 4
_SWITCH_S = 0.001  # the lanes share one interpreter: a person's request gets its turn within a millisecond

Found: TypeAlias = dict[str, str]  # what each analysis found, as JSON, by its name
_Opening: TypeAlias = tuple[Subject, Mapping[str, str]]

# As it is kept where an analysis did not come about: over this text the process died, or nothing could be asked.
_DEAD = json.dumps({"failed": "Dead"})
UNAVAILABLE = json.dumps({"failed": "Unavailable"})

_FAILED = Finding(UNCHECKED, Weight.STOP, "this text could not be checked; compare it with its source yourself", 0, 0)


class Analyst:
    """Asks the process; thread-safe. Its calls wait for an answer: make them on a worker thread."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: SpawnProcess | None = None
        self._starting = threading.Lock()
        self._intake = _Lane()
        self._hurried = _Lane()
        self._personal = _Lane()
        self._open: set[str] = set()
        self._closed = False

    def examine(self, subject: Subject, *, hurried: bool = False) -> Found:
        """Return what every analysis finds in a draft; `hurried` where a person waits for it."""
        if hurried:
            self._open.add(subject.item_id)
        lane = self._hurried if hurried else self._intake
        found: Found | None = self._ask(lane, ("examine", subject))
        return {each.name: _DEAD for each in ANALYSES} if found is None else found

    def personal_in(self, subject: Subject) -> str:
        """Return the personal data in a draft and its source, as it is kept; asked alone, so it costs nothing else."""
        found: str | None = self._ask(self._intake, ("personal", subject))
        return _DEAD if found is None else found

    def recheck(self, subject: Subject, found: Mapping[str, str], text: str) -> Examination:
        """Return what is found in `text`, which the draft of `subject` has become; unchanged sentences cost nothing.

        `found` is what was found in the draft, or empty.
        """
        known = subject.item_id in self._open
        request = ("recheck", subject.item_id, text, None if known else (subject, dict(found)))
        answer: Examination | str | None = self._ask(self._hurried, request)
        if answer == _UNKNOWN:
            answer = self._ask(self._hurried, ("recheck", subject.item_id, text, (subject, dict(found))))
        self._open.add(subject.item_id)
        return answer if isinstance(answer, Examination) else Examination((_FAILED,))

    def personal(self, texts: Sequence[str], language: str | None) -> PersonalData | None:
        """Return the personal data in each of some texts; None where nothing can look for it: never an empty answer.

        The detector is loaded when it is first asked; texts that it has read before cost nothing.
        """
        answer: PersonalData | None = self._ask(self._personal, ("personal", tuple(texts), language))
        return answer

    def close(self) -> None:
        """Kill the process, even over a request; it is not started again."""
        self._closed = True
        with self._starting:
            self._end()

    def _ask(self, lane: "_Lane", request: tuple[Any, ...]) -> Any:
        """Return the answer, or None where the process died or hung over it, each time anew."""
        with lane.lock:
            for _ in range(_TRIES):
                process = self._running()
                connection = lane.connection
                try:
                    connection.send(request)
                    if connection.poll(_PATIENCE_S):
                        return connection.recv()
                except (EOFError, OSError):
                    pass
                self._discard(process)
                if request[0] == "recheck" and request[3] is None:
                    return _UNKNOWN  # it has to be opened again
        return None

    def _running(self) -> SpawnProcess:
        with self._starting:
            if self._closed:
                raise LockedError("The desk is locked: unlock it first.")
            if self._process is None:
                self._process = self._start()
            return self._process

    def _start(self) -> SpawnProcess:
        context = multiprocessing.get_context("spawn")
        ours, theirs = zip(context.Pipe(), context.Pipe(), context.Pipe(), strict=True)
        process = context.Process(target=_serve, args=theirs, name="reviewer-analyst", daemon=True)
        process.start()
        for end in theirs:
            end.close()
        self._intake.connection, self._hurried.connection, self._personal.connection = ours
        self._open.clear()
        return process

    def _discard(self, process: SpawnProcess) -> None:
        with self._starting:
            if process is self._process:
                self._end()

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.join()
        self._process.close()
        self._process = None


class _Lane:
    """One way to the process; whoever asks holds its lock until the answer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: Connection


def read(found: Mapping[str, str]) -> Examination:
    """Return what all analyses together say of a draft."""
    whole = Examination()
    for name, stored in found.items():
        if name == PERSONAL:
            continue
        data: Data = json.loads(stored)
        whole += Examination((_FAILED,)) if "failed" in data else Examination.from_data(data["shown"])
    return whole


# --- in the process ---------------------------------------------------------------------------------------------

_UNKNOWN = "unknown"
_Session: TypeAlias = dict[str, Examiner | None]  # None where an analysis could not be opened


def _serve(intake: Connection, hurried: Connection, personal: Connection) -> None:
    """Answer on every lane until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hardening.forbid_dumps()  # this process sees the texts, too
    hardening.silence_libraries()
    sys.setswitchinterval(_SWITCH_S)
    threading.Thread(target=_take_in, args=(intake,), daemon=True).start()
    threading.Thread(target=_find_personal, args=(personal,), daemon=True).start()
    _answer(hurried, _MOST_OPEN)


def _take_in(intake: Connection) -> None:
    """Answer on the lane that nobody waits for, behind all that people do."""
    if sys.platform.startswith("linux"):
        os.nice(5)  # on Linux it is this thread's alone
    _answer(intake, 0)


class _Detector:
    """The detector of personal data, which two lanes share: loaded when first asked, a text at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._find: Any = None

    def find(self, texts: Sequence[str], language: str | None) -> PersonalData | None:
        """Return what is personal in some texts; None where no detector can be had, which is tried again next time."""
        try:
            return tuple(self._find_in(text, language) if text.strip() else () for text in texts)
        except Exception:  # whatever it stumbles over: never an empty answer, and no lane ends of it
            return None

    def _find_in(self, text: str, language: str | None) -> Any:
        with self._lock:
            if self._find is None:
                from reviewer import privacy

                self._find = privacy.load().find
            return self._find(text, language)


_DETECTOR = _Detector()


def _find_personal(connection: Connection) -> None:
    """Answer what is personal in texts."""
    with suppress(EOFError, OSError):
        while True:
            _, texts, language = connection.recv()
            connection.send(_DETECTOR.find(texts, language))


def _personal_in(subject: Subject) -> str:
    """Return the personal data in a draft and its source as JSON, or that it could not be looked for."""
    turns = [normalise_newlines(turn.text) for turn in subject.source]
    lines = normalise_newlines(subject.draft).split("\n")
    found = _DETECTOR.find([*turns, *lines], subject.language)
    if found is None:
        return UNAVAILABLE
    data = ItemPersonalData(found[: len(turns)], found[len(turns) :]).to_data()
    return json.dumps(data, separators=(",", ":"))


def _answer(connection: Connection, most_open: int) -> None:
    """Answer on one lane, and keep the last items open that a person is at."""
    sessions: OrderedDict[str, _Session] = OrderedDict()
    with suppress(EOFError, OSError):
        while True:
            request = connection.recv()
            if request[0] == "personal":
                connection.send(_personal_in(request[1]))
                continue
            if request[0] == "examine":
                session = _opened(request[1], {})
                connection.send(_examined(request[1], session))
            else:
                _, asked, text, opening = request
                known = sessions.get(asked) if opening is None else _opened(*opening)
                connection.send(_UNKNOWN if known is None else _rechecked(known, text))
                if known is None:
                    continue
                session = known
            item_id = request[1].item_id if request[0] == "examine" else request[1]
            sessions[item_id] = session
            sessions.move_to_end(item_id)
            while len(sessions) > most_open:
                sessions.popitem(last=False)


def _opened(subject: Subject, found: Mapping[str, str]) -> _Session:
    session: _Session = {}
    for analysis in ANALYSES:
        try:
            examiner = analysis.open(subject)
            data = json.loads(found[analysis.name]) if analysis.name in found else {}
            if data.get("state"):
                examiner.resume(data["state"])
            session[analysis.name] = examiner
        except Exception:  # whatever an engine stumbles over, the text counts as unchecked
            session[analysis.name] = None
    return session


def _examined(subject: Subject, session: _Session) -> Found:
    found = {}
    for name, examiner in session.items():
        try:
            if examiner is None:
                raise ValueError("not opened")
            shown = examiner.check(subject.draft).to_data()
            data: Data = {"shown": shown, "state": examiner.state()}
        except Exception as exc:
            data = {"failed": type(exc).__name__}
        found[name] = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return found


def _rechecked(session: _Session, text: str) -> Examination:
    whole = Examination()
    for examiner in session.values():
        try:
            whole += Examination((_FAILED,)) if examiner is None else examiner.check(text)
        except Exception:
            whole += Examination((_FAILED,))
    return whole
