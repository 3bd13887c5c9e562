"""Start the desk: build the application, the window and its pages, and end them in order."""

import signal
import sys
import tempfile
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QMessageBox

from reviewer import logs
from reviewer.bootstrap import Application, Services, default_profile
from reviewer.domain.errors import NoWorkspaceError, ReviewerError
from reviewer.domain.members import Role
from reviewer.services import demo as samples
from reviewer.ui.desk import DeskPresenter, DeskSpelling, DeskView
from reviewer.ui.icons import icon
from reviewer.ui.keys import ShortcutGuard
from reviewer.ui.settings import SettingsView
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance
from reviewer.ui.welcome import WelcomeView
from reviewer.ui.window import Window
from reviewer.ui.worker import Worker


def run(profile: Path | None, *, demo: bool, pictures: Path | None) -> int:
    """Open the desk on a profile, or on a throw-away one for the demo, and return the exit code."""
    qt = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(qt, QApplication)  # noqa: S101 - nothing else makes one
    qt.setApplicationName("reviewer")
    if not demo:
        return _run(qt, profile or default_profile(), demo=False, pictures=None)
    with tempfile.TemporaryDirectory(prefix="reviewer-demo-") as folder:
        return _run(qt, Path(folder) / "profile", demo=True, pictures=pictures)


def _run(qt: QApplication, profile: Path, *, demo: bool, pictures: Path | None) -> int:
    desk = Desk(qt, Application(profile), demo=demo)
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
        self.view: DeskView | None = None
        self.spelling: DeskSpelling | None = None
        self.welcome: WelcomeView | None = None
        self._services: Services | None = None
        self._closed = False
        self._settings_view = SettingsView(self.appearance, self.window.keys, self.window)
        self._settings_view.hide()  # until it has its place on the rail
        self._settings_view.show_holds({kind: int(hold.total_seconds()) for kind, hold in settings.holds.items()})
        self._starting = PlainLabel(self.tr("Opening…"), self.window)
        self._starting.setMargin(24)
        self._settings_view.hold_changed.connect(self._on_hold)
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
        self.window.show_bare(self._starting)
        self.window.show()
        self.worker.run(self._prepare, self._on_ready, self._on_not_ready)

    def close(self) -> None:
        """End the worker and let go of the profile."""
        if self._closed:
            return
        self._closed = True
        if self.spelling is not None:
            self.spelling.close()
        if self.presenter is not None:
            self.presenter.close()
        self.worker.close()
        self.application.close()
        sys.excepthook = self._previous_hook

    def on_signal(self, _number: int, _frame: object) -> None:
        """Close the window when the system asks."""
        self.window.close()

    def _prepare(self) -> Services:
        if self._demo and self._services is None:
            self.application.workspaces.make(samples.NAME, samples.MEMBER, frozenset(Role))
            services = self.application.services()
            services.intake.take_all(samples.lines(), samples.PRODUCER)
            return services
        return self.application.services()

    def _make(self, workspace: str, member: str) -> Services:
        self.application.workspaces.make(workspace, member, frozenset(Role))
        return self.application.services()

    def _on_ready(self, services: Services) -> None:
        self._services = services
        self.application.store.keep_off(threading.current_thread())
        window = self.window
        self.presenter = DeskPresenter(services, self.worker, self.application.desk.is_alive, self)
        self.view = DeskView(self.presenter, self.appearance, window.keys, window)
        self.view.status_changed.connect(window.show_status)
        self.view.counts_changed.connect(window.show_counts)
        self.spelling = DeskSpelling(self.view.editor, self.appearance, self._dictionary, self)
        self.spelling.told.connect(self.view.show_spelling)
        self.spelling.word_added.connect(self._on_word_added)
        self.spelling.crashed.connect(self._on_crash)
        self.presenter.item_shown.connect(self.spelling.show_item)  # after the view, which loads the text
        window.active.connect(self.presenter.note_activity)
        window.add_page("review", "review", self.tr("Review"), self.view)
        window.add_page("settings", "settings", self.tr("Settings"), self._settings_view, at_foot=True)
        window.show_workspace(services.workspace, services.member.name)
        window.show_page("review")
        self.view.set_column_widths(self._columns)
        self.presenter.start()

    def _on_not_ready(self, failure: Exception) -> None:
        if isinstance(failure, NoWorkspaceError):
            self.welcome = WelcomeView(self.appearance, self.window)
            self.welcome.made.connect(self._on_made)
            self.window.show_bare(self.welcome)
            self.welcome.take_focus()
        elif self.welcome is not None and isinstance(failure, ReviewerError):
            self.welcome.say(failure.message)
        elif isinstance(failure, ReviewerError):
            self._starting.setText(failure.message)
        else:
            raise failure

    @Slot(str, str)
    def _on_made(self, workspace: str, member: str) -> None:
        self.worker.run(partial(self._make, workspace, member), self._on_ready, self._on_not_ready)

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
