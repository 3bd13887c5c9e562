"""Start the desk: build the application, the window and its pages, and end them in order."""

import gc
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QToolTip

from reviewer import logs
from reviewer.bootstrap import Application, Services, default_profile
from reviewer.domain.errors import LedgerBrokenError, NoWorkspaceError, ReviewerError, UnavailableError
from reviewer.domain.members import Actor, Role, holds_workspace_key
from reviewer.services import demo as samples
from reviewer.services import demo_pool
from reviewer.services.ledger import Verified
from reviewer.services.vault import KeyAge
from reviewer.ui.clipboard import PrivateClipboard
from reviewer.ui.desk import BackgroundAnalysis, DeskPresenter, DeskSpelling, DeskView
from reviewer.ui.desk.state import Place
from reviewer.ui.icons import icon
from reviewer.ui.idle import IdleWatch
from reviewer.ui.keys import ShortcutGuard
from reviewer.ui.ledger import BrokenLedgerView, LedgerPresenter, LedgerView
from reviewer.ui.oversight import OversightPresenter, OversightView
from reviewer.ui.policy import PolicyPresenter, PolicyView
from reviewer.ui.qt_messages import take_messages
from reviewer.ui.settings import SettingsView
from reviewer.ui.system_lock import SystemLock
from reviewer.ui.theme import Appearance
from reviewer.ui.transcribe import TranscribePages
from reviewer.ui.unlock import UnlockPresenter, UnlockView
from reviewer.ui.welcome import RecoveryCodeView, WelcomeView
from reviewer.ui.window import Window
from reviewer.ui.worker import Worker

if TYPE_CHECKING:
    from reviewer.audio import Player

_DRAIN_MS = 50
_RETRY_SAVE_MS = 1_000
_LEDGER_READERS = frozenset({Role.ADMIN, Role.AUDITOR, Role.SUPERVISOR})


def run(profile: Path | None, key_file: Path | None, *, demo: bool, pictures: Path | None) -> int:
    """Open the desk on a profile, or on a throw-away one for the demo, and return the exit code.

    Raises UnavailableError where there is no display; pictures need none.
    """
    _choose_platform(draws_only=pictures is not None)
    take_messages()
    qt = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(qt, QApplication)  # noqa: S101 - nothing else makes one
    qt.setApplicationName("reviewer")
    if not demo:
        return _run(qt, Application(profile or default_profile(), key_file), demo=False, pictures=None)
    with tempfile.TemporaryDirectory(prefix="reviewer-demo-") as folder:
        # Thrown away with the rest: a demo leaves nothing in the keyring.
        application = Application(Path(folder) / "profile", Path(folder) / "keys")
        return _run(qt, application, demo=True, pictures=pictures)


def _choose_platform(*, draws_only: bool) -> None:
    """Let Qt draw without a display where that is enough: it would end the process where there is none."""
    if sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"} & os.environ.keys():
        return
    if not draws_only:
        raise UnavailableError(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "The commands work without one: 'reviewer --help' lists them."
        )
    os.environ["QT_QPA_PLATFORM"] = "offscreen"


def _run(qt: QApplication, application: Application, *, demo: bool, pictures: Path | None) -> int:
    desk = Desk(qt, application, demo=demo)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, desk.on_signal)
    if pictures is not None:
        from reviewer.ui.pictures import take_pictures

        take_pictures(desk, pictures)
        desk.close()
        return 0
    desk.open()
    code = qt.exec()
    desk.close()
    return code


class Desk(QObject):
    """Everything that lives as long as the window."""

    def __init__(self, qt: QApplication, application: Application, *, demo: bool) -> None:
        super().__init__()
        self._qt = qt
        self.application = application
        self._demo = demo
        settings = application.settings.load()
        self.appearance = Appearance(qt, self, mode=settings.theme, zoom=settings.zoom)  # type: ignore[arg-type]
        self.worker = Worker(self)
        self.window = Window(self.appearance, dict(settings.keys))
        qt.setWindowIcon(icon("logo", self.appearance.theme, "accent"))
        self._guard = ShortcutGuard(self.window.keys)
        qt.installEventFilter(self._guard)
        qt.installEventFilter(self.window)
        self.presenter: DeskPresenter | None = None
        self.ledger: LedgerPresenter | None = None
        self.oversight: OversightPresenter | None = None
        self.view: DeskView | None = None
        self.spelling: DeskSpelling | None = None
        self.background: BackgroundAnalysis | None = None
        self.welcome: WelcomeView | None = None
        self.pool_pages: TranscribePages | None = None
        self.make_player: Callable[[], Player] = application.make_player
        self._services: Services | None = None
        self._closed = False
        self._broken = False
        self._locking: str | None = None  # why, while everything is being put away
        self._lock_wanted: str | None = None  # why, while the keys are just being opened
        self._is_put_away = False
        self._place = Place()
        self._page = "review"
        self._open_pages: QObject | None = None  # owns what must not outlive the keys
        self.clipboard = PrivateClipboard(qt.clipboard(), self)
        self.unlocking = UnlockPresenter(application, self.worker, self)
        self.unlock_view = UnlockView(self.unlocking, application.profile.name, self.appearance, self.window)
        self.unlocking.opened.connect(self._on_ready)
        self.unlocking.failed.connect(self._on_not_ready)
        self.unlocking.troubled.connect(self._on_unlock_trouble)
        self.idle = IdleWatch(settings.lock_after, self)
        self.idle.idle.connect(self._on_idle)
        self.window.active.connect(self.idle.note)
        self.window.touched.connect(self.idle.note)
        self.window.keys.action("lock").triggered.connect(self._on_lock_asked)
        self.system_lock = SystemLock(self)
        self.system_lock.screen_locked.connect(self._on_screen_locked)
        self.system_lock.going_to_sleep.connect(self._on_sleep)
        self._settings_view = SettingsView(self.appearance, self.window.keys, self.window)
        self._settings_view.hide()  # until it has its place on the rail
        self._settings_view.show_holds({kind: int(hold.total_seconds()) for kind, hold in settings.holds.items()})
        self._settings_view.show_lock_after(int(settings.lock_after.total_seconds() // 60))
        self._settings_view.lock_after_changed.connect(self._on_lock_after)
        self._settings_view.hold_changed.connect(self._on_hold)
        self._settings_view.rotate_requested.connect(self._on_rotate)
        self.appearance.changed.connect(self._save_look)
        self.window.keys.changed.connect(self._save_keys)
        self.window.closing.connect(self._on_closing)
        self.worker.crashed.connect(self._on_crash)
        self._previous_hook = sys.excepthook
        sys.excepthook = self._on_exception
        geometry = settings.window.get("geometry")
        if isinstance(geometry, str):
            self.window.restore_geometry_text(geometry)
        self._dictionary = settings.dictionary
        self._columns = [int(width) for width in settings.window.get("columns", [])]

    def open(self) -> None:
        """Show the window and get the workspace ready behind it."""
        self.window.show_bare(self.unlock_view)
        self.window.show()
        if self._demo:
            self.worker.run(self._prepare_demo, self._on_ready, self._on_not_ready)
        else:
            self.unlocking.open()
        QTimer.singleShot(0, self._listen)

    def close(self) -> None:
        """End the worker and let go of the profile."""
        if self._closed:
            return
        self._closed = True
        self.clipboard.clear()
        self.system_lock.let_sleep()
        if self.spelling is not None:
            self.spelling.close()
        if self.background is not None:
            self.background.close()
        if self.presenter is not None:
            self.presenter.close()
        for presenter in (self.ledger, self.oversight):
            if presenter is not None:
                presenter.close()
        self.worker.run(partial(self.application.lock, None if self._broken else "closed"), None, None)
        self.worker.close()
        self.application.close()
        sys.excepthook = self._previous_hook
        gc.unfreeze()

    def on_signal(self, _number: int, _frame: object) -> None:
        """Close the window when the system asks."""
        self.window.close()

    def lock(self, why: str) -> None:
        """Blank the window, put everything away, drop the keys; `why` is idle, asked, screen or sleep."""
        if self._closed or self._locking is not None:
            return
        if self.presenter is None or self.view is None:
            self._lock_wanted = why if self.unlocking.busy else None
            return
        self._locking = why
        self._page = self.window.page_name or self._page
        self.unlock_view.show_locking(self._why(why))
        self.unlock_view.show_news("" if self._broken else self._news_of(self.presenter))
        self.window.show_bare(self.unlock_view)
        self.window.repaint()  # not when the event loop gets to it: the computer may be about to sleep
        self._close_dialogs()
        self.clipboard.clear()
        self.idle.stop()
        self._is_put_away = self._broken
        if not self._broken:
            self.presenter.leave(self.view.editor.cursor_position())
        self._columns = self.view.column_widths()
        self._leave_pages()
        self._drain()

    def _why(self, why: str) -> str:
        words = {
            "idle": self.tr("Locked: nobody was here for {0} minutes.").format(
                int(self.idle.limit.total_seconds() // 60)
            ),
            "asked": self.tr("Locked by you."),
            "screen": self.tr("Locked together with the screen."),
            "sleep": self.tr("Locked: the computer went to sleep."),
        }
        return words[why]

    def _news_of(self, presenter: DeskPresenter) -> str:
        news = []
        if presenter.seconds_left:
            until = datetime.now(UTC) + timedelta(seconds=presenter.seconds_left)
            news.append(self.tr("The item on your screen stays yours until {0:%H:%M}.").format(until.astimezone()))
        if presenter.held_number == 1:
            news.append(self.tr("One decision is held; it leaves once the desk is unlocked."))
        elif presenter.held_number:
            words = self.tr("{0} decisions are held; they leave once the desk is unlocked.")
            news.append(words.format(presenter.held_number))
        return "\n".join(news)

    def _close_dialogs(self) -> None:
        """Let nothing float above the blanked window."""
        QToolTip.hideText()
        while (popup := QApplication.activePopupWidget()) is not None and popup.close():
            pass
        for dialog in self.window.findChildren(QDialog):
            dialog.hide()
            dialog.deleteLater()

    def _leave_pages(self) -> None:
        """Destroy what shows content; the presenters go when the worker has delivered what they asked for."""
        if self.spelling is not None:
            self.spelling.close()
        if self.background is not None:
            self.background.close()
        for presenter in (self.ledger, self.oversight):
            if presenter is not None:
                presenter.close(wait=False)
        if self.pool_pages is not None:
            self.pool_pages.close()
            self.pool_pages = None
        for page in self.window.clear_pages():
            if page is not self._settings_view:
                page.deleteLater()
        if self.view is not None:
            self.view.deleteLater()  # of who only transcribes it is no page of the rail
        self.view = None
        self.spelling = None
        self.background = None

    @Slot()
    def _drain(self) -> None:
        self.worker.run(_nothing, self._on_drained, None)

    def _on_drained(self, _nothing: None) -> None:
        """Go on once nothing is under way any more: put away, then drop the keys."""
        if self._closed:
            return
        reading = any(presenter is not None and presenter.busy for presenter in (self.ledger, self.oversight))
        if self.worker.busy or reading:
            QTimer.singleShot(_DRAIN_MS, self._drain)
        elif self.presenter is not None and not self._is_put_away:
            self._is_put_away = self.presenter.put_away()
            if self._is_put_away:
                self._drain()
            else:
                self.unlock_view.show_news(self.tr("Your text is not saved yet; the keys are dropped when it is."))
                QTimer.singleShot(_RETRY_SAVE_MS, self._drain)
        else:
            self._drop_keys()

    def _drop_keys(self) -> None:
        if self.presenter is not None:
            self._place = self.presenter.place()
            self.presenter.end()
        self.presenter = self.ledger = self.oversight = self._services = None
        if self._open_pages is not None:
            self._open_pages.deleteLater()
            self._open_pages = None
        why = None if self._broken else self._locking
        self.worker.run(partial(self.application.lock, why), self._on_locked, self._on_lock_failed)

    def _on_locked(self, _nothing: None) -> None:
        self._locking = None
        self.system_lock.let_sleep()
        self.unlocking.wait_for_person()
        QTimer.singleShot(0, _collect_everything)  # texts in cycles of objects that are gone

    def _on_lock_failed(self, failure: Exception) -> None:
        """The keys are gone all the same; only the record of it is missing."""
        self._on_locked(None)
        if not isinstance(failure, ReviewerError):
            raise failure

    @Slot()
    def _on_lock_asked(self) -> None:
        self.lock("asked")

    @Slot()
    def _on_idle(self) -> None:
        self.lock("idle")

    @Slot()
    def _on_screen_locked(self) -> None:
        self.lock("screen")

    @Slot()
    def _on_sleep(self) -> None:
        self.lock("sleep")

    @Slot()
    def _listen(self) -> None:
        self.system_lock.listen()

    @Slot(int)
    def _on_lock_after(self, minutes: int) -> None:
        limit = timedelta(minutes=minutes)
        self.idle.set_limit(limit)
        self.worker.run(partial(self.application.settings.change, lock_after=limit), None, None)

    def _prepare_demo(self) -> Services:
        is_new = not self.application.access.exists
        if is_new:
            self.application.access.make(samples.NAME, samples.MEMBER, frozenset(Role))
        services = self.application.unlock(at_desk=True)
        if is_new:
            services.intake.take_all(samples.lines(), samples.PRODUCER)
            actor = Actor(services.member, self.application.desk.id)
            demo_pool.fill(self.application.session.store, actor, self.application.profile)
        return services

    def _make(self, workspace: str, member: str, passphrase: str | None) -> tuple[str, Services]:
        made = self.application.access.make(workspace, member, frozenset(Role), passphrase=passphrase)
        return made.recovery_code, self.application.unlock(passphrase, at_desk=True)

    def _on_made_ready(self, made: tuple[str, Services]) -> None:
        """Show the recovery code before anything else."""
        code, self._services = made
        page = RecoveryCodeView(code, self.appearance, self.window)
        page.copy_requested.connect(self.clipboard.copy)
        page.confirmed.connect(self._on_code_kept)
        page.confirmed.connect(page.deleteLater)
        if self.welcome is not None:
            self.welcome.deleteLater()
            self.welcome = None
        self.window.show_bare(page)
        page.take_focus()

    @Slot()
    def _on_code_kept(self) -> None:
        if self._services is not None:
            self._on_ready(self._services)

    def _on_ready(self, services: Services) -> None:
        self._services = services
        gc.freeze()  # or each full collection would halt every thread for the 150 ms that it takes to walk all modules
        if self._lock_wanted is not None:  # asked for while the keys were being opened
            self._locking, self._lock_wanted = self._lock_wanted, None
            self._drop_keys()
            return
        self.application.session.store.keep_off(threading.current_thread())
        window = self.window
        self._open_pages = QObject(self)
        self.presenter = DeskPresenter(services, self.worker, self.application.desk.is_alive, self._open_pages)
        self.view = DeskView(self.presenter, self.appearance, window.keys, window)
        self.view.status_changed.connect(window.show_status)
        self.view.counts_changed.connect(window.show_counts)
        self.spelling = DeskSpelling(self.view.editor, self.appearance, self._dictionary, self._open_pages)
        self.spelling.told.connect(self.view.show_spelling)
        self.spelling.word_added.connect(self._on_word_added)
        self.spelling.crashed.connect(self._on_crash)
        self.presenter.item_shown.connect(self.spelling.show_item)  # after the view, which loads the text
        window.active.connect(self.presenter.note_activity)
        reviews = holds_workspace_key(services.member.roles)
        if reviews:
            window.add_page("review", "review", self.tr("Review"), self.view)
        if Role.SUPERVISOR in services.member.roles:
            self.oversight = OversightPresenter(services.oversight, self.worker, self._open_pages)
            team = OversightView(self.oversight, self.appearance, window)
            self.view.personal.masked.connect(team.set_masked)
            window.add_page("team", "team", self.tr("Team"), team)
        if services.member.roles & _LEDGER_READERS:
            ledger = self._build_ledger(services)
            self.view.personal.masked.connect(ledger.set_masked)
            window.add_page("ledger", "ledger", self.tr("Ledger"), ledger)
        if Role.ADMIN in services.member.roles:
            policy = PolicyPresenter(services.policy, self.worker, self._open_pages)
            window.add_page("policy", "policy", self.tr("Policy"), PolicyView(policy, self.appearance, window))
        window.add_page("settings", "settings", self.tr("Settings"), self._settings_view, at_foot=True)
        window.show_workspace(services.workspace, services.member.name)
        self.unlock_view.show_whose(f"{services.workspace} · {services.member.name}")
        window.show_page(self._page if reviews or self._page != "review" else "settings")
        self.view.set_column_widths(self._columns)
        self._open_pool(services)
        self.idle.start()
        self.system_lock.put_off_sleep()
        if not reviews:  # who only transcribes holds no key to anything that goes on here
            return
        place, self._place = self._place, Place()
        self.presenter.resume(place)
        self.background = BackgroundAnalysis(services.analysis, self.worker, self._open_pages)
        self.background.progressed.connect(window.show_analysing)
        self.background.failed.connect(window.show_status)
        self.background.crashed.connect(self._on_crash)
        self.background.start()
        if self.ledger is not None:
            self.ledger.start()
        self.worker.run(services.vault.age, self._on_key_age, None)

    def _open_pool(self, services: Services) -> None:
        """Put the pages of the pool on the rail, where there is one."""
        kept = self.application.settings.load().listening
        self.pool_pages = TranscribePages(
            services, self.worker, self.make_player, kept, self.appearance, self.window, self._open_pages or self
        )
        self.pool_pages.ready.connect(self._on_pool_ready)
        self.pool_pages.listening_changed.connect(self._keep_listening)
        self.pool_pages.open()

    @Slot()
    def _on_pool_ready(self) -> None:
        """Show the page where somebody was before the lock, or the only one there is."""
        services = self._services
        if services is None:
            return
        if not holds_workspace_key(services.member.roles) or self._page in ("transcribe", "pool"):
            self.window.show_page("transcribe" if self._page != "pool" else "pool")

    @Slot(object)
    def _keep_listening(self, kept: dict[str, int]) -> None:
        self.worker.run(partial(self.application.settings.change, listening=kept), None, None)

    def _on_key_age(self, age: KeyAge) -> None:
        """Say when the workspace's key is due; overdue, the page stands in the way until it is replaced."""
        self._settings_view.show_key_age(age)
        if self.view is None or not age.warns:
            return
        words = self.tr("The workspace's key is {0} days old: replace it under Settings.").format(age.age.days)
        self.view.notice.tell(words, "stop" if age.insists else "caution")
        if age.insists:
            self.window.show_page("settings")

    @Slot()
    def _on_rotate(self) -> None:
        if self._services is not None:
            self.worker.run(self._rotate_job, self._on_key_age, self._on_rotate_failed)

    def _rotate_job(self) -> KeyAge:
        vault = self.application.services.vault
        vault.rotate()
        return vault.age()

    def _on_rotate_failed(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        self.window.show_status(failure.message)
        if self._services is not None:
            self.worker.run(self._services.vault.age, self._on_key_age, None)

    def _build_ledger(self, services: Services) -> LedgerView:
        self.ledger = LedgerPresenter(services.ledger, self.worker, self._open_pages or self)
        self.ledger.broken.connect(self._on_broken)
        self.ledger.verified_changed.connect(self._on_verified)
        return LedgerView(self.ledger, self.appearance, self.window)

    @Slot(object)
    def _on_verified(self, state: Verified) -> None:
        self.window.show_ledger(
            self.tr("ledger verified to #{0:,}, but for unsigned entries").format(state.verified)
            if state.done and state.flawed
            else self.tr("ledger verified to #{0:,}").format(state.verified)
            if state.done
            else self.tr("verifying the ledger: #{0:,} of {1:,}").format(state.verified, state.entries)
        )

    @Slot(str)
    def _on_broken(self, why: str) -> None:
        """Stop at once: nothing may be built on a ledger that is not what was signed."""
        self._broken = True
        if self.presenter is not None:
            self.presenter.stop()
        broken = BrokenLedgerView(why, self.appearance, self.window)
        broken.quit_requested.connect(self.window.close)
        self.window.show_bare(broken)

    def _on_not_ready(self, failure: Exception) -> None:
        if isinstance(failure, NoWorkspaceError) and not self.application.access.is_of_team:
            self.welcome = WelcomeView(self.appearance, self.window)
            self.welcome.made.connect(self._on_made)
            self.window.show_bare(self.welcome)
            self.welcome.take_focus()
        elif isinstance(failure, LedgerBrokenError):
            self._on_broken(failure.message)
        elif self.welcome is not None and isinstance(failure, ReviewerError):
            self.welcome.say(failure.message)
        elif isinstance(failure, ReviewerError):
            self.unlock_view.show_trouble(failure.message)
        else:
            raise failure

    @Slot(str)
    def _on_unlock_trouble(self, _why: str) -> None:
        self.worker.run(self.application.unsent_number, self._on_unsent_known, None)

    def _on_unsent_known(self, number: int) -> None:
        """Say at the door that nothing is lost, where the way in is what is cut."""
        if number:
            words = self.tr("Decisions that wait on this computer: {0}. They are sent once you are in.")
            self.unlock_view.show_news(words.format(number))

    @Slot(str, str, object)
    def _on_made(self, workspace: str, member: str, passphrase: str | None) -> None:
        self.worker.run(partial(self._make, workspace, member, passphrase), self._on_made_ready, self._on_not_ready)

    @Slot(str, int)
    def _on_hold(self, kind: str, seconds: int) -> None:
        holds = dict(self.application.settings.load().holds) | {kind: timedelta(seconds=seconds)}
        self.worker.run(partial(self.application.settings.change, holds=holds), None, None)
        if self._services is not None:
            self._services.review.set_holds(holds)

    @Slot(str)
    def _on_word_added(self, word: str) -> None:
        self.worker.run(partial(self._keep_word, word), None, self._on_word_lost)

    def _keep_word(self, word: str) -> None:
        known = self.application.settings.load().dictionary
        self.application.settings.change(dictionary=tuple(sorted({*known, word})))

    def _on_word_lost(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        if self.view is not None:
            self.view.notice.tell(failure.message, "stop")

    @Slot()
    def _save_look(self) -> None:
        look = {"theme": self.appearance.mode, "zoom": self.appearance.zoom}
        self.worker.run(partial(self.application.settings.change, **look), None, None)

    @Slot()
    def _save_keys(self) -> None:
        self.worker.run(partial(self.application.settings.change, keys=self.window.keys.changes), None, None)

    @Slot()
    def _on_closing(self) -> None:
        if self._closed or self._demo:
            return
        kept: dict[str, object] = {"geometry": self.window.geometry_text()}
        if self.view is not None:
            kept["columns"] = self.view.column_widths()
        self.worker.run(partial(self.application.settings.change, window=kept), None, None)

    @Slot(object)
    def _on_crash(self, failure: BaseException) -> None:
        self._show_crash(logs.crash(failure))

    def _on_exception(self, kind: type[BaseException], failure: BaseException, _trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self.window.close()
            return
        self._show_crash(logs.crash(failure))

    def _show_crash(self, name: str) -> None:
        """Tell of a fault without any of its values; the desk goes on."""
        box = QMessageBox(self.window)
        box.setObjectName("crash")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(box.textFormat().PlainText)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(self.tr("Something went wrong"))
        box.setText(self.tr("The desk met a fault of its own ({0}).").format(name))
        box.setInformativeText(
            self.tr(
                "What you typed is saved. If this comes again, restart the desk and send its log; it holds no content."
            )
        )
        box.open()


def _nothing() -> None:
    """Be the last job in the queue."""


def _collect_everything() -> None:
    gc.unfreeze()
    gc.collect()
