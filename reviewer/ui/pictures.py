"""Pictures of every page and dialog, taken from the running desk on the demo workspace: for the README and for eyes."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget

from reviewer.crypto import RecoveryCode
from reviewer.crypto.keystores import WAY_OUT
from reviewer.domain.clips import SkipReason
from reviewer.domain.decisions import Verdict
from reviewer.domain.items import ItemHead, LeaseId
from reviewer.domain.members import MemberId
from reviewer.domain.oversight import Holding, TeamState, Waiting
from reviewer.services import demo
from reviewer.services.access import Factors
from reviewer.services.queue import Overview
from reviewer.ui.desk import DeskPresenter, DeskView
from reviewer.ui.desk.state import LinkState
from reviewer.ui.ledger import BrokenLedgerView
from reviewer.ui.oversight import OversightPresenter, OversightView
from reviewer.ui.theme import Mode
from reviewer.ui.welcome import RecoveryCodeView, WelcomeView

if TYPE_CHECKING:
    from reviewer.ui.app import Desk
    from reviewer.ui.transcribe.presenter import TranscribePresenter
    from reviewer.ui.transcribe.view import TranscribeView

_SIZE = (1280, 800)
_PATIENCE_S = 180.0  # the slowest machine imports thousands of drafts within it
_SETTLE_S = 0.15  # longer than any delayed redrawing
_COPIES = 40
_WEEK = timedelta(days=7)
_NO_DEVICE = "No sound: no device for it was found. Plug in a headset or turn on the sound, and try again."


def take_pictures(desk: "Desk", folder: Path) -> None:
    """Write a PNG of every state, light and dark, to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    desk.window.resize(*_SIZE)
    _Tour(desk, folder).run()


class _Tour:
    """Walks through the desk as a person would and takes each picture twice."""

    def __init__(self, desk: "Desk", folder: Path) -> None:
        self._desk = desk
        self._folder = folder
        self._number = 0

    @property
    def _view(self) -> DeskView:
        assert self._desk.view is not None  # noqa: S101 - there after the first wait
        return self._desk.view

    @property
    def _presenter(self) -> DeskPresenter:
        assert self._desk.presenter is not None  # noqa: S101 - there after the first wait
        return self._desk.presenter

    def run(self) -> None:
        """Take all pictures."""
        self._desk.open()
        self._wait(lambda: self._desk.presenter is not None and self._desk.presenter.current is not None)
        self._wait(lambda: self._desk.background is not None and not self._desk.background.waiting)
        for name, prepare in self._stations():
            prepare()
            self._settle()
            self._take(name)

    def _stations(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield "sms", lambda: self._open("SMS-1001")
        yield "sms-unicode", lambda: self._open_first(lambda draft: any(ord(c) > 0x1F000 for c in draft))
        yield "summary", lambda: self._open_first(lambda draft: "Action items:" in draft, "summary")
        yield "note", lambda: self._open_first(lambda draft: "HISTORY" in draft, "clinical_note")
        yield "findings", lambda: self._open("NOTE-3004")
        yield "finding", lambda: self._key("next_finding")
        yield "override", lambda: self._key("override")
        yield "overridden", self._override
        yield "evidence", lambda: self._step("next_sentence", 2)
        yield "omission", lambda: self._step("previous_finding", 2)
        yield "turn", self._choose_turn
        yield "findings-many", lambda: self._open_first(lambda draft: "HISTORY" in draft, "clinical_note")
        yield "findings-none", lambda: self._open("SMS-1036")
        yield "gate", lambda: self._open("SMS-1005")
        yield "personal", self._mark_personal
        yield "masked", lambda: self._key("mask")
        yield "unmasked", lambda: self._key("mask")
        yield "policy", lambda: self._desk.window.show_page("policy")
        yield "team", self._show_team
        yield "team-hand", self._hand_on
        yield "note-edited", self._leave_team
        yield "difference", self._view._toggle_difference
        yield "difference-off", self._view._toggle_difference
        yield "reject", lambda: self._key("reject")
        yield "respond", lambda: self._key("respond")
        yield "find", self._find
        yield "sign", self._sign
        yield "held", self._hold
        yield "history", lambda: self._key("history")
        yield "withdrawn", self._undo
        yield "right-to-left", lambda: self._open_language("ar")
        yield "cyrillic", lambda: self._open_language("sr-Cyrl")
        yield "hostile", lambda: self._open_first(lambda draft: "<img" in draft)
        yield "very-long", self._open_longest
        yield "lease-lost", self._lose
        yield "transcribe", lambda: self._listen(seen=True)
        yield "transcribe-playing", self._play
        yield "transcribe-lint", self._write
        yield "transcribe-skip", lambda: self._key("clip_skip")
        yield "transcribe-blind", lambda: self._listen(seen=False)
        yield "transcribe-no-sound", lambda: self._listening.device_lost.emit(_NO_DEVICE)
        yield "transcribe-empty", lambda: self._listening.emptied.emit()
        yield "transcribe-keys", lambda: self._key("keys")
        yield "pool", self._show_pool
        yield "very-full", self._fill
        yield "team-full", self._show_full_team
        yield "team-empty", self._show_empty_team
        yield "ledger", self._show_ledger
        yield "settings", lambda: self._desk.window.show_page("settings")
        yield "large", self._enlarge
        yield "keys", self._show_keys
        yield "crash", self._crash
        yield "loading", self._load
        yield "error", lambda: self._view._on_failed("The database did not answer: disk I/O error.")
        yield "offline", self._cut_link
        yield "offline-bare", lambda: self._view._on_out_of_reach()
        yield "online-again", self._mend_link
        yield "empty", self._empty
        yield "welcome", self._welcome
        yield "recovery-code", self._recovery_code
        yield "locked", self._lock
        unlock = self._desk.unlock_view
        yield "unlock", lambda: unlock.ask(Factors(passphrase=True, code=True))
        yield "unlock-wrong", lambda: unlock.say("The passphrase is wrong. 4 tries are left before a wait.")
        yield "unlock-waiting", lambda: unlock.show_wait(27)
        yield "recover", self._recover
        yield "keys-unavailable", self._lose_keyring
        yield "ledger-broken", self._break_ledger

    def _take(self, name: str) -> None:
        self._number += 1
        modes: tuple[Mode, ...] = ("light", "dark")
        for mode in modes:
            self._desk.appearance.set_mode(mode)
            self._settle()
            picture = self._desk.window.grab()
            dialog = self._dialog()
            if dialog is not None:
                painter = QPainter(picture)
                painter.drawPixmap(dialog.pos() - self._desk.window.pos(), dialog.grab())
                painter.end()
            picture.save(str(self._folder / f"{self._number:02}-{name}-{mode}.png"))

    def _dialog(self) -> QDialog | None:
        shown = (w for w in self._desk.window.findChildren(QDialog) if w.isVisible())
        return next(shown, None)

    def _heads(self) -> tuple[ItemHead, ...]:
        services = self._desk._services
        assert services is not None  # noqa: S101 - there after the first wait
        found: list[Overview] = []
        self._job(lambda: found.append(services.queue.overview(1_000)))
        return found[0].waiting

    def _open(self, external_id: str) -> None:
        current = self._presenter.current
        if current is not None and current.item.head.external_id == external_id:
            return
        parked = next((each for each in self._presenter._next if each.item.head.external_id == external_id), None)
        if parked is not None:  # an earlier station left it next in line
            self._presenter._next.remove(parked)
            self._presenter._bring(parked)
            return
        head = next(head for head in self._heads() if head.external_id == external_id)
        self._open_head(head)

    def _open_head(self, head: ItemHead) -> None:
        self._presenter.open_item(head.id)
        self._wait(lambda: self._presenter.current is not None and self._presenter.current.item.id == head.id)

    def _open_language(self, language: str) -> None:
        self._open_head(next(head for head in self._heads() if head.language == language))

    def _open_first(self, fits: Callable[[str], bool], kind: str = "sms") -> None:
        import json

        from reviewer.services import demo

        drafts = {record["id"]: record["draft"] for record in map(json.loads, demo.lines())}
        self._open_head(next(h for h in self._heads() if h.kind == kind and fits(_draft_of(h, drafts))))

    def _mark_personal(self) -> None:
        """Show marks of personal data, which come a moment after the item."""
        self._open("SMS-1010")
        self._wait(lambda: "personal" in self._view._personal_words.text())

    def _override(self) -> None:
        bar = self._view.overriding
        bar._pick("k")
        bar._note.setText("read back by the pharmacist")
        bar.answer("known", "read back by the pharmacist")

    def _override_all(self) -> None:
        for entry in self._presenter.findings.left:
            self._presenter.findings.override(entry.id, "known", None)

    def _step(self, action: str, times: int) -> None:
        for _ in range(times):
            self._key(action)

    def _choose_turn(self) -> None:
        source = self._view.source.view
        source.setFocus()
        sentence = self._presenter.findings.sentences[-2]
        source.set_cursor_position(source.turn_range(sentence.passages[0].turn)[0])

    def _edit_note(self) -> None:
        self._desk.window.show_page("review")
        self._open("NOTE-3003")
        self._edit()

    def _open_longest(self) -> None:
        self._open("NOTE-3005")

    def _edit(self) -> None:
        body = self._view.editor.body
        text = body.text()
        at = text.find(". ") + 2
        body.replace(at, at + text[at:].find(" "), "Notably, the")
        end = len(body.text())
        body.replace(end - 12, end, "in two weeks.")

    def _find(self) -> None:
        self._view.reasons.hide()
        self._key("find")
        self._view.find_bar.field.setText("the")

    def _undo(self) -> None:
        self._key("history")
        self._presenter.undo()
        self._wait(lambda: not self._desk.worker.busy)

    def _lose(self) -> None:
        self._edit()
        current = self._presenter.current
        assert current is not None  # noqa: S101 - an item was just opened
        self._presenter._lose(current.lease)

    @property
    def _listening(self) -> "TranscribePresenter":
        pages = self._desk.pool_pages
        assert pages is not None  # noqa: S101 - the demo has a pool
        assert pages.presenter is not None  # noqa: S101
        return pages.presenter

    @property
    def _page(self) -> "TranscribeView":
        pages = self._desk.pool_pages
        assert pages is not None  # noqa: S101 - the demo has a pool
        assert pages.view is not None  # noqa: S101
        return pages.view

    def _listen(self, *, seen: bool) -> None:
        """Show a clip whose machine text is seen, or one that is heard blind."""
        self._desk.window.show_page("transcribe")
        self._page.skip_bar.hide()
        self._wait(lambda: self._listening.current is not None)
        while (clip := self._listening.current) is not None and (clip.serving.hypothesis is not None) != seen:
            self._wait(lambda: not self._desk.worker.busy)  # nothing is taken while the one before is on its way
            self._listening.skip(SkipReason.TECHNICAL)
            self._wait(lambda clip=clip: self._listening.current not in (None, clip))  # type: ignore[misc]
        self._listening.pause()
        self._wait(lambda: not self._desk.worker.busy)
        self._page.notice.hide()

    def _play(self) -> None:
        """Show what is seen while a clip plays, whether or not this machine has a device."""
        self._listening._playing = True
        self._listening.playing_changed.emit(True)  # noqa: FBT003 - a signal's value
        self._listening.position_changed.emit(1.6)

    def _write(self) -> None:
        self._listening._playing = False
        self._listening.playing_changed.emit(False)  # noqa: FBT003 - a signal's value
        self._page.editor.set_text("and then it said [cough] to come back  at 5 if the ((swelling)) is")
        self._settle()

    def _show_pool(self) -> None:
        self._close_dialogs()
        self._desk.window.show_page("pool")

    def _fill(self) -> None:
        """Import thousands of drafts, the samples over and over under other ids."""
        self._open("SMS-1002")
        services = self._desk._services
        assert services is not None  # noqa: S101 - there after the first wait
        records = [json.loads(line) for line in demo.lines()]
        lines = [json.dumps(r | {"id": f"{r['id']}-{n}"}).encode() for n in range(_COPIES) for r in records[:60]]
        self._job(partial(services.intake.take_all, lines, demo.PRODUCER))

    def _enlarge(self) -> None:
        self._desk.appearance.set_zoom(150)
        self._desk.window.show_page("review")

    def _show_keys(self) -> None:
        self._desk.appearance.set_zoom(100)
        self._key("keys")

    def _crash(self) -> None:
        self._close_dialogs()
        self._desk._show_crash("ValueError")

    def _load(self) -> None:
        self._close_dialogs()
        self._view._on_loading()

    def _cut_link(self) -> None:
        """Show what a team's desk says while its server is out of reach: the demo's database is a file."""
        self._open_first(lambda draft: "HISTORY" in draft, "clinical_note")
        why = "The database did not answer: the server fell silent and cannot be reached."
        self._view.link_strip.show_state(LinkState(datetime.now(UTC), why, unsent=3, held=2))

    def _mend_link(self) -> None:
        self._view.link_strip.show_state(LinkState())
        words = "Decisions recorded now that the connection is back: 3."
        self._view.link_strip.tell(words, True)  # noqa: FBT003 - a slot

    def _empty(self) -> None:
        self._view.link_strip._forget_news()
        self._view._on_overview(Overview((), Counter()))
        self._view._on_empty()

    def _welcome(self) -> None:
        self._close_dialogs()
        page: QWidget = WelcomeView(self._desk.appearance, self._desk.window)
        self._desk.window.show_bare(page)

    def _sign(self) -> None:
        self._view.find_bar.forget()
        self._override_all()
        self._presenter.decide(Verdict.APPROVE)

    def _hold(self) -> None:
        self._close_dialogs()
        self._presenter.give_up_signing()
        self._open_head(next(head for head in self._heads() if head.kind == "sms"))
        self._settle()
        self._override_all()
        self._presenter.decide(Verdict.APPROVE)

    def _recovery_code(self) -> None:
        code = RecoveryCode(bytes(range(17))).text
        self._desk.window.show_bare(RecoveryCodeView(code, self._desk.appearance, self._desk.window))

    def _lock(self) -> None:
        self._desk.lock("idle")
        self._wait(lambda: self._desk.presenter is None and not self._desk.worker.busy)

    def _recover(self) -> None:
        unlock = self._desk.unlock_view
        unlock.show_wait(0)
        for button in unlock.findChildren(QPushButton, "recover"):
            button.click()

    def _lose_keyring(self) -> None:
        unlock = self._desk.unlock_view
        unlock.show_opening()
        unlock.show_trouble(f"This system has no keyring that answers. {WAY_OUT}")

    @property
    def _oversight(self) -> OversightPresenter:
        assert self._desk.oversight is not None  # noqa: S101 - a demo's member is a supervisor
        return self._desk.oversight

    def _show_team(self) -> None:
        self._desk.window.show_page("team")
        self._wait(lambda: not self._oversight.busy)

    def _hand_on(self) -> None:
        page = self._desk.window.findChildren(OversightView)[0]
        page.held.setCurrentIndex(page.held.model().index(0, 0))
        page.findChildren(QPushButton, "take_over")[0].click()

    def _leave_team(self) -> None:
        for dialog in self._desk.window.findChildren(QDialog, "move_item"):
            dialog.reject()
        self._desk.window.show_page("review")
        self._edit_note()

    def _show_full_team(self) -> None:
        """Show a team of 40 at full work; the demo's own has one member."""
        self._show_team()
        now = datetime.now(UTC)
        heads = self._heads()
        state = TeamState(
            at=now,
            waiting=tuple(
                Waiting(kind, (number * 5, number * 3, number * 2, number, number // 9), number // 2, now - _WEEK)
                for kind, number in (("clinical_note", 210), ("sms", 41_250), ("summary", 3_400))
            ),
            held=tuple(
                Holding(
                    head,
                    MemberId(head.id),
                    f"Colleague {number} of a team with rather long names",
                    LeaseId(head.id),
                    now - timedelta(seconds=17 * number),
                    now + timedelta(seconds=31 * number),
                    number % 3 == 1,
                    number % 7 == 6,
                )
                for number, head in enumerate(heads)
            ),
            held_number=412,
            escalated=heads[:25],
            escalated_number=25,
            settled=tuple((number * 37) % 190 for number in range(24)),
        )
        self._oversight.watch(seen=False)
        self._oversight.changed.emit(state)

    def _show_empty_team(self) -> None:
        now = datetime.now(UTC)
        self._oversight.changed.emit(TeamState(now, (), (), 0, (), 0, (0,) * 24))

    def _show_ledger(self) -> None:
        self._desk.window.show_page("ledger")
        self._wait(lambda: self._desk.ledger is None or not self._desk.ledger.busy)

    def _break_ledger(self) -> None:
        why = "Entry 41 of the ledger is not what its member signed."
        self._desk.window.show_bare(BrokenLedgerView(why, self._desk.appearance, self._desk.window))

    def _key(self, action: str) -> None:
        self._desk.window.keys.action(action).trigger()

    def _close_dialogs(self) -> None:
        while (dialog := self._dialog()) is not None:
            dialog.close()
            QCoreApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)

    def _job(self, job: Callable[[], object]) -> None:
        self._desk.worker.run(job)
        self._wait(lambda: not self._desk.worker.busy)

    def _settle(self) -> None:
        self._wait(lambda: not self._desk.worker.busy)
        spelling = self._desk.spelling
        self._wait(lambda: spelling is None or not spelling.busy)
        presenter = self._desk.presenter
        self._wait(lambda: presenter is None or not presenter.findings.busy)
        end = time.monotonic() + _SETTLE_S
        self._wait(lambda: time.monotonic() > end)

    @staticmethod
    def _wait(done: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not done():
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
            if time.monotonic() > end:
                raise TimeoutError("the desk did not get there")


def _draft_of(head: ItemHead, drafts: Mapping[str, str]) -> str:
    """Return the draft of an item; a copy of a full queue has the number of its copy behind its id."""
    return drafts.get(head.external_id) or drafts[head.external_id.rpartition("-")[0]]
