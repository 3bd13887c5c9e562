"""The review page: queue, draft, source; and under them what can be decided. It shows and asks, nothing more."""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain import segments
from reviewer.domain.decisions import Verdict
from reviewer.domain.items import ClaimedItem, Item, SignedFinal
from reviewer.domain.kinds import KINDS
from reviewer.domain.segments import Encoding
from reviewer.services.access import Factors
from reviewer.services.intake import IntakeReport
from reviewer.services.queue import Overview
from reviewer.ui.desk.asking import OverrideBar, ReasonBar
from reviewer.ui.desk.bars import ActionBar, FindBar, LinkStrip, NoticeStrip
from reviewer.ui.desk.difference import DifferencePane
from reviewer.ui.desk.editor import FieldsEditor
from reviewer.ui.desk.evidence import STEPS, EvidenceDesk
from reviewer.ui.desk.findings import FindingsPanel
from reviewer.ui.desk.history import HistoryPanel
from reviewer.ui.desk.panels import QueuePanel
from reviewer.ui.desk.personal import PersonalMarks
from reviewer.ui.desk.presenter import DeskPresenter
from reviewer.ui.desk.signing import SignDialog, SignedDialog
from reviewer.ui.desk.source import SourcePanel
from reviewer.ui.desk.state import HistoryEntry, LinkState, Progress, SignRequest
from reviewer.ui.desk.words import channel_label, clock, drafted_by, kind_label
from reviewer.ui.keys import KeyMap
from reviewer.ui.text import PlainLabel, PlainTextEdit, plain_tooltip
from reviewer.ui.theme import Appearance, set_role, tabular

FRESH_MS = 300  # nobody has read an item that came up so recently: a key pressed twice must not approve it
_COMPARE_MS = 120
_PREPARE_MS = 30
_DUE_TIMES_MS = 5_000  # they are shown in minutes
_LEASE_WARNING_S = 60


class DeskView(QWidget):
    """The review page."""

    status_changed = Signal(str)  # saved or not, for the status line
    counts_changed = Signal(str)  # the session's progress, for the status line

    def __init__(self, presenter: DeskPresenter, appearance: Appearance, keys: KeyMap, parent: QWidget) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._appearance = appearance
        self._keys = keys
        self._finds: list[tuple[PlainTextEdit, int, int]] = []
        self._find_at = -1
        self._progress = Progress()
        self._claimed: ClaimedItem | None = None
        self._page_actions: list[QAction] = []
        self._told_status: tuple[datetime | None, bool] = (None, False)
        self._on_screen = QElapsedTimer()
        self._on_screen.start()
        self._build()
        self._compare_soon = QTimer(self)
        self._compare_soon.setSingleShot(True)
        self._compare_soon.setInterval(_COMPARE_MS)
        self._compare_soon.timeout.connect(self._compare)
        self._prepare_soon = QTimer(self)
        self._prepare_soon.setSingleShot(True)
        self._prepare_soon.setInterval(_PREPARE_MS)
        self._prepare_soon.timeout.connect(self._prepare)
        self._clocks = QTimer(self)
        self._clocks.setInterval(500)
        self._clocks.timeout.connect(self._tick)
        self._clocks.start()
        self._due_times = QTimer(self)
        self._due_times.setInterval(_DUE_TIMES_MS)
        self._due_times.timeout.connect(self.queue.model.refresh_clocks)
        self._due_times.start()
        self._connect()
        self._show_page(self._waiting_page)

    def column_widths(self) -> list[int]:
        """Return the widths of the columns, in pixels."""
        return self._columns.sizes()

    def set_column_widths(self, widths: list[int]) -> None:
        """Restore the widths of the columns."""
        if len(widths) == self._columns.count() and all(width > 0 for width in widths):
            self._columns.setSizes(widths)

    @Slot(str, str)
    def show_spelling(self, words: str, why: str) -> None:
        """Show beside the count why spelling is not checked, or nothing while it is."""
        self._spelling.setText(words)
        self._spelling.setAccessibleDescription(why)
        plain_tooltip(self._spelling, why)

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the keys of this page."""
        super().showEvent(event)
        self._listen(to_keys=True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the keys alone: nothing is decided on a page that is not seen."""
        super().hideEvent(event)
        self._listen(to_keys=False)

    def _listen(self, *, to_keys: bool) -> None:
        for action in self._page_actions:
            action.setEnabled(to_keys)

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 12, 12, 8)
        outer.setSpacing(8)
        self._columns = QSplitter(Qt.Orientation.Horizontal, self)
        self._columns.setHandleWidth(8)
        self._columns.setChildrenCollapsible(False)
        self.queue = QueuePanel(self._appearance, self)
        self.source = SourcePanel(self._appearance, self)
        self._fit_columns()
        self._appearance.changed.connect(self._fit_columns)
        self._columns.addWidget(self.queue)
        self._columns.addWidget(self._build_centre())
        self.findings = FindingsPanel(self._presenter.findings, self._appearance, self._keys, self)
        self._right = QSplitter(Qt.Orientation.Vertical, self)
        self._right.setHandleWidth(8)
        self._right.setChildrenCollapsible(False)
        self._right.addWidget(self.source)
        self._right.addWidget(self.findings)
        self._right.setStretchFactor(0, 5)
        self._right.setStretchFactor(1, 3)
        self._right.setSizes([430, 250])
        self._columns.addWidget(self._right)
        for column, stretch in enumerate((0, 6, 5)):
            self._columns.setStretchFactor(column, stretch)
        self._columns.setSizes([232, 556, 444])
        self.history = HistoryPanel(self)
        self.history.hide()
        self.history.signed_requested.connect(self._on_signed_requested)
        self.reasons = ReasonBar(self)
        self.overriding = OverrideBar(self)
        self.actions_bar = ActionBar(self._appearance, self._keys, self)
        self.evidence = EvidenceDesk(
            self._presenter.findings,
            self.editor,
            self.source,
            self.findings,
            self.overriding,
            appearance=self._appearance,
            keys=self._keys,
            parent=self,
        )
        self.personal = PersonalMarks(
            self._presenter.analysis,
            self.editor,
            self.source,
            appearance=self._appearance,
            keys=self._keys,
            parent=self,
        )
        self.personal.counted.connect(self._on_counted)
        self.personal.masked.connect(self._on_masked)
        self._presenter.stopped.connect(self.personal.close)
        self.link_strip = LinkStrip(self._appearance, self)
        self.link_strip.try_requested.connect(self._presenter.try_now)
        outer.addWidget(self.link_strip)
        outer.addWidget(self._columns, stretch=3)
        outer.addWidget(self.history, stretch=1)
        outer.addWidget(self.reasons)
        outer.addWidget(self.overriding)
        outer.addWidget(self.actions_bar)

    @Slot()
    def _fit_columns(self) -> None:
        """Keep rows and turns readable at every size of text."""
        self.queue.setMinimumWidth(self._appearance.px(216))
        self.source.setMinimumWidth(self._appearance.px(260))

    def _build_centre(self) -> QWidget:
        self._centre = QStackedWidget(self)
        self._centre.setMinimumWidth(400)
        self._item_page = self._build_item_page()
        self._empty_page, self._empty_more, _ = self._build_message_page(self.tr("Nothing waits"))
        self._waiting_page, *_ = self._build_message_page(self.tr("Fetching the next item…"))
        self._error_page, self._error_more, error_column = self._build_message_page(
            self.tr("The queue cannot be reached")
        )
        self._retry = QPushButton(self.tr("Try again"), self._error_page)
        self._retry.clicked.connect(self._presenter.start)
        error_column.insertWidget(3, self._retry, 0, Qt.AlignmentFlag.AlignHCenter)
        self._offline_page, offline_more, _ = self._build_message_page(self.tr("Nothing more is held here"))
        offline_more.setText(self.tr("The desk is offline. It goes on by itself once the connection is back."))
        for page in (self._item_page, self._empty_page, self._waiting_page, self._error_page, self._offline_page):
            self._centre.addWidget(page)
        return self._centre

    def _build_item_page(self) -> QFrame:
        page = QFrame(self)
        set_role(page, "panel")
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        self._title = PlainLabel("", page, elide=Qt.TextElideMode.ElideRight)
        set_role(self._title, "heading")
        self._lease = QLabel(page)
        self._lease.setObjectName("lease")
        self._lease.setFont(tabular(self._lease.font()))
        set_role(self._lease, "muted")
        head.addWidget(self._title, stretch=1)
        head.addWidget(self._lease)
        self._provenance = PlainLabel("", page, elide=Qt.TextElideMode.ElideRight)
        set_role(self._provenance, "small")
        self.notice = NoticeStrip(self._appearance, page)
        self.find_bar = FindBar(self._appearance, page)
        self.editor = FieldsEditor(self._appearance, page)
        self.difference = DifferencePane(self._appearance, page)
        self._count = PlainLabel("", page)
        self._count.setObjectName("count")
        self._count.setWordWrap(True)
        set_role(self._count, "small")
        column.addLayout(head)
        column.addWidget(self._provenance)
        column.addWidget(self.notice)
        column.addWidget(self.find_bar)
        column.addWidget(self.editor, stretch=3)
        self._spelling = PlainLabel("", page, elide=Qt.TextElideMode.ElideRight)
        self._spelling.setObjectName("spelling")
        set_role(self._spelling, "small")
        foot = QHBoxLayout()
        self._personal_words = PlainLabel("", page)
        self._personal_words.setObjectName("personal")
        set_role(self._personal_words, "small")
        foot.addWidget(self._count, stretch=1)
        foot.addWidget(self._spelling, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(foot)
        column.addWidget(self._personal_words)
        column.addWidget(self.difference)
        return page

    def _build_message_page(self, title: str) -> tuple[QFrame, PlainLabel, QVBoxLayout]:
        page = QFrame(self)
        set_role(page, "panel")
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        words = QLabel(title, page)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_role(words, "title")
        more = PlainLabel("", page)
        more.setAlignment(Qt.AlignmentFlag.AlignCenter)
        more.setWordWrap(True)
        set_role(more, "muted")
        column.addStretch(2)
        column.addWidget(words)
        column.addWidget(more)
        column.addStretch(3)
        return page, more, column

    def _connect(self) -> None:
        presenter, keys = self._presenter, self._keys
        presenter.item_shown.connect(self._on_item)
        presenter.lined_up.connect(self._prepare_soon.start)
        presenter.loading.connect(self._on_loading)
        presenter.emptied.connect(self._on_empty)
        presenter.failed.connect(self._on_failed)
        presenter.out_of_reach.connect(self._on_out_of_reach)
        presenter.link_changed.connect(self._on_link)
        presenter.caught_up.connect(self.link_strip.tell)
        presenter.overview_changed.connect(self._on_overview)
        presenter.progress_changed.connect(self._on_progress)
        presenter.history_changed.connect(self._on_history)
        presenter.saved.connect(self._on_saved)
        presenter.cursor_restored.connect(self.editor.set_cursor_position)
        presenter.lease_lost.connect(self._on_lease_lost)
        presenter.refused.connect(self._on_refused)
        presenter.told.connect(self._on_told)
        presenter.sign_requested.connect(self._on_sign_requested)
        presenter.findings.examined.connect(self._show_approval)
        presenter.signed_shown.connect(self._on_signed_shown)
        presenter.imports.changed.connect(self._on_import)
        presenter.imports.ended.connect(self._on_import_ended)
        self.editor.edited.connect(self._on_edited)
        self.editor.cursor_moved.connect(self._on_cursor_moved)
        self.queue.item_chosen.connect(presenter.open_item)
        self.actions_bar.asked.connect(self._on_asked)
        self.actions_bar.held.undo_requested.connect(presenter.undo)
        self.reasons.answered.connect(self._on_answered)
        self.reasons.cancelled.connect(self._focus_text)
        self.find_bar.wanted.connect(self._on_find)
        self.find_bar.stepped.connect(self._on_find_step)
        self.find_bar.closed.connect(self._on_find_closed)
        self.notice.acted.connect(self._on_notice)
        for name, slot in (
            ("approve", self._approve),
            ("reject", self._reject),
            ("respond", self._respond),
            ("escalate", self._escalate),
            ("skip", self._skip),
            ("undo", self._undo),
            ("release", presenter.release),
            ("opinion", presenter.save_opinion),
            ("difference", self._toggle_difference),
            ("reset", self._reset),
            ("find", self.find_bar.begin),
            ("next_field", self._next_field),
            ("previous_field", self._previous_field),
            ("next_pane", self._next_pane),
            ("previous_pane", self._previous_pane),
            ("history", self._toggle_history),
            ("import", self._import),
        ):
            keys.action(name).triggered.connect(slot)
            self._page_actions.append(keys.action(name))
        self._page_actions += [keys.action(name) for name in STEPS]
        self._listen(to_keys=False)

    @Slot(object)
    def _on_item(self, claimed: ClaimedItem) -> None:
        item = claimed.item
        self._claimed = claimed
        copy = claimed.working_copy
        self.reasons.forget()
        self.notice.hide()
        self.find_bar.forget()
        self._show_page(self._item_page)
        self._on_screen.start()
        self._show_title(item)
        self._personal_words.setText(self.tr("personal data: being looked for"))  # the line stays where it is
        self._provenance.setText(self._provenance_words(claimed))
        self.editor.load(item.kind, item.draft, None if copy is None else copy.text, 0 if copy is None else copy.cursor)
        self.source.show_item(item)
        self.evidence.show_item(claimed)
        self.personal.show_item(claimed)
        if item.second_opinions:
            newest = item.second_opinions[-1]
            words = self.tr("{0} also worked on this and lost the lease.").format(newest.member)
            self.notice.tell(words, "caution", (("opinion", self.tr("Use their text")),))
        self._compare()
        self._show_status(None if copy is None else copy.saved_at)
        self.actions_bar.set_usable(usable=True)
        self._tick()
        self._prepare_soon.start()

    @Slot()
    def _prepare(self) -> None:
        """Do in a quiet moment what the next key press would have to wait for."""
        following = self._presenter.following
        if following is not None and self._presenter.current is not None:
            self.source.prepare(following.item)
            self._presenter.findings.prepare(following)
            self.personal.prepare(following)
            copy = following.working_copy
            self.editor.prepare(following.item.kind, following.item.draft if copy is None else copy.text)
        if self.editor.prepare_pages():
            self._prepare_soon.start()

    @Slot()
    def _on_loading(self) -> None:
        self._leave_item()
        self._show_page(self._waiting_page)

    @Slot()
    def _on_empty(self) -> None:
        self._leave_item()
        self._show_page(self._empty_page)
        self._show_emptiness()

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._leave_item()
        self._error_more.setText(why)
        self._show_page(self._error_page)
        self._retry.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_out_of_reach(self) -> None:
        self._leave_item()
        self._show_page(self._offline_page)

    @Slot(object)
    def _on_link(self, state: LinkState) -> None:
        self.link_strip.show_state(state)
        self._show_status(*self._told_status)

    @Slot(object)
    def _on_overview(self, overview: Overview) -> None:
        self.queue.show_overview(overview)

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress
        self.counts_changed.emit(
            self.tr("{0:,} done, {1:,} edited, {2:,} waiting").format(progress.done, progress.edited, progress.waiting)
        )
        self._show_emptiness()

    @Slot(object)
    def _on_history(self, entries: tuple[HistoryEntry, ...]) -> None:
        self.history.show_entries(entries)
        self._show_held()

    @Slot(object)
    def _on_saved(self, at: datetime | None) -> None:
        self._show_status(at, unsaved=at is None)

    @Slot(str)
    def _on_lease_lost(self, who: str) -> None:
        self.editor.set_locked(locked=True)
        self.reasons.hide()
        self.actions_bar.set_usable(usable=False)
        words = (
            self.tr("The lease is over: {0} has this item now. Your text is kept.").format(who)
            if who
            else self.tr("The lease ran out, so this item went back to the queue. Your text is kept.")
        )
        actions = [("go_on", self.tr("Next item"))]
        if self.editor.text() != self.editor.draft:
            actions.insert(0, ("keep", self.tr("Save as second opinion")))
        self.notice.tell(words, "stop", tuple(actions))

    @Slot(str)
    def _on_refused(self, why: str) -> None:
        if self.reasons.isVisible():
            self.reasons.say(why)
        else:
            self.notice.tell(why, "stop")

    @Slot(str)
    def _on_told(self, news: str) -> None:
        self.notice.tell(news, "good")

    @Slot(object)
    def _on_sign_requested(self, request: SignRequest) -> None:
        dialog = SignDialog(request, self._appearance, self)
        dialog.signed.connect(self._presenter.sign)
        dialog.given_up.connect(self._presenter.give_up_signing)
        self._presenter.signing_refused.connect(dialog.say)
        self._presenter.signing_done.connect(dialog.accept)
        dialog.open()

    @Slot(str)
    def _on_signed_requested(self, item_id: str) -> None:
        if self.personal.is_masked:  # a signed note is shown whole or not at all
            self._tell_masked()
        else:
            self._presenter.read_signed(item_id)

    @Slot(object, object)
    def _on_signed_shown(self, shown: SignedFinal, factors: Factors) -> None:
        dialog = self.findChild(SignedDialog)
        if dialog is None:
            dialog = SignedDialog(shown, factors, self._appearance, self)
            dialog.addendum_signed.connect(self._presenter.add_addendum)
            self._presenter.signing_refused.connect(dialog.say)
            dialog.open()
        else:
            dialog.show_final(shown, factors)

    @Slot(object)
    def _on_import(self, report: IntakeReport) -> None:
        taken = report.imported + report.duplicates + len(report.refused)
        self.status_changed.emit(self.tr("importing: {0:,} lines").format(taken))

    @Slot(object)
    def _on_import_ended(self, report: IntakeReport | None) -> None:
        if report is None:
            return
        words = self.tr("{0:,} imported, {1:,} known already, {2:,} refused.").format(
            report.imported, report.duplicates, len(report.refused)
        )
        if report.refused:
            words += self.tr(" The refused lines, with the reasons, are beside the file.")
        self.notice.tell(words, "caution" if report.refused else "good")
        self.status_changed.emit(words)

    @Slot()
    def _on_edited(self) -> None:
        self._presenter.edit(self.editor.text(), self.editor.cursor_position())
        self._compare_soon.start()

    @Slot()
    def _on_cursor_moved(self) -> None:
        self._presenter.move_cursor(self.editor.cursor_position())

    @Slot(str)
    def _on_asked(self, name: str) -> None:
        self._keys.action(name).trigger()

    @Slot()
    def _approve(self) -> None:
        if self.reasons.isVisible():
            return
        if self._presenter.findings.left and self._presenter.findings.is_ready and not self._presenter.is_lost:
            self._presenter.findings.open_left()
            self._tell_left()
            return
        if self._presenter.current is not None and self._on_screen.elapsed() < FRESH_MS:
            self.status_changed.emit(self.tr("this item has only just come up: press again to approve it"))
            return
        self._presenter.decide(Verdict.APPROVE)

    def _tell_left(self) -> None:
        override = self._keys.shown("override")
        self.status_changed.emit(self.tr("fix it in the text, or override it with {0} and a reason").format(override))

    @Slot()
    def _reject(self) -> None:
        self._ask(Verdict.REJECT)

    @Slot()
    def _respond(self) -> None:
        self._ask(Verdict.RESPOND)

    @Slot()
    def _escalate(self) -> None:
        self._ask(Verdict.ESCALATE)

    @Slot()
    def _skip(self) -> None:
        self._ask(Verdict.SKIP)

    def _ask(self, verdict: Verdict) -> None:
        current = self._presenter.current
        if current is None or self._presenter.is_lost:
            return
        if verdict not in KINDS[current.item.kind].decisions:
            self.notice.tell(self.tr("This kind of item cannot be decided so."), "stop")
            return
        self._presenter.engage()
        self.reasons.ask(verdict)

    @Slot(object, object, object)
    def _on_answered(self, verdict: Verdict, reason: str | None, note: str | None) -> None:
        if self._presenter.decide(verdict, reason=reason, note=note):
            self.reasons.hide()

    @Slot()
    def _undo(self) -> None:
        if not self.editor.undo():
            self._presenter.undo()

    @Slot()
    def _reset(self) -> None:
        if self._presenter.current is not None and not self._presenter.is_lost:
            self.editor.reset()

    @Slot()
    def _toggle_difference(self) -> None:
        if self._presenter.current is not None:
            self.difference.toggle()

    @Slot()
    def _next_field(self) -> None:
        self.editor.step(1)

    @Slot()
    def _previous_field(self) -> None:
        self.editor.step(-1)

    @Slot()
    def _next_pane(self) -> None:
        self._step_pane(1)

    @Slot()
    def _previous_pane(self) -> None:
        self._step_pane(-1)

    def _step_pane(self, forward: int) -> None:
        panes: list[QWidget] = [self.queue, self._item_page, self.source]
        if self.findings.model.rowCount():
            panes.append(self.findings)
        focused = QApplication.focusWidget()
        here = next((i for i, pane in enumerate(panes) if focused is not None and pane.isAncestorOf(focused)), 1)
        target = panes[(here + forward) % len(panes)]
        if target is self.queue:
            self.queue.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
            if not self.queue.list.currentIndex().isValid() and self.queue.model.rowCount():
                self.queue.list.setCurrentIndex(self.queue.model.index(0, 0))
        elif target is self.source:
            self.source.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif target is self.findings:
            self.findings.take_focus()
        else:
            self._focus_text()

    @Slot()
    def _focus_text(self) -> None:
        if self._centre.currentWidget() is self._item_page:
            self.editor.focus()

    @Slot()
    def _toggle_history(self) -> None:
        self.history.setVisible(not self.history.isVisible())

    @Slot()
    def _import(self) -> None:
        dialog = QFileDialog(
            self, self.tr("Import drafts"), "", self.tr("Drafts, one a line (*.jsonl *.json *.ndjson)")
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_file)
        dialog.open()

    @Slot(str)
    def _on_file(self, name: str) -> None:
        self._presenter.imports.begin(Path(name))

    @Slot(str)
    def _on_notice(self, action: str) -> None:
        self.notice.hide()
        if action == "keep":
            self._presenter.save_opinion()
        elif action == "go_on":
            self._presenter.release()
        elif action == "opinion":
            self._use_opinion()

    def _use_opinion(self) -> None:
        current = self._presenter.current
        if current is not None and current.item.second_opinions:
            self.editor.take(current.item.second_opinions[-1].text)

    @Slot(str)
    def _on_find(self, wanted: str) -> None:
        widgets: list[PlainTextEdit] = [*self.editor.texts(), self.source.view]
        self._finds = [(w, start, end) for w in widgets for start, end in (w.find_text(wanted) if wanted else [])]
        self._find_at = -1
        self._on_find_step(1)

    @Slot(int)
    def _on_find_step(self, forward: int) -> None:
        if self._finds:
            self._find_at = (self._find_at + forward) % len(self._finds)
            widget, start, end = self._finds[self._find_at]
            widget.select(start, end)
        self.find_bar.show_count(self._find_at + 1, len(self._finds))

    @Slot()
    def _on_find_closed(self) -> None:
        if 0 <= self._find_at < len(self._finds):
            self._finds[self._find_at][0].setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._focus_text()
        self._finds = []

    @Slot()
    def _compare(self) -> None:
        current = self._presenter.current
        if current is None:
            return
        text = self.editor.text()
        self.difference.compare(self.editor.draft, text)
        self._show_approval()
        self._count.setText(self._count_words(current.item.kind, text))

    @Slot()
    def _show_approval(self) -> None:
        """Say on the button what pressing it does now."""
        current = self._presenter.current
        if current is not None:
            self.actions_bar.set_approval(
                edited=self.editor.text() != self.editor.draft,
                signed=KINDS[current.item.kind].signed,
                to_fix=len(self._presenter.findings.left),
            )

    def _count_words(self, kind: str, text: str) -> str:
        if not KINDS[kind].counts_segments:
            return self.tr("{0:,} words").format(len(text.split()))
        count = segments.count(text)
        room = count.segments * count.per_segment
        words = self.tr("{0} / {1} · {2} · {3}").format(
            count.units, room, self._segments_words(count.segments), count.encoding
        )
        if count.encoding is Encoding.UCS_2:
            forcing = ", ".join(f"{character} (U+{ord(character):04X})" for _, character in count.forced_by[:3])
            words += self.tr(" · because of {0}").format(forcing)
        return words

    def _segments_words(self, number: int) -> str:
        return self.tr("1 segment") if number == 1 else self.tr("{0} segments").format(number)

    def _provenance_words(self, claimed: ClaimedItem) -> str:
        item = claimed.item
        words = [
            drafted_by(item.model),
            channel_label(item.head.channel),
            self.tr("received {0:%H:%M}").format(item.head.received_at.astimezone()),
        ]
        if item.head.language:
            words.append(item.head.language)
        if item.escalated:
            words.insert(0, self.tr("▲ escalated"))
        return " · ".join(words)

    def _show_title(self, item: Item) -> None:
        words = self.tr("{0} to {1}") if item.recipient else self.tr("{0} · {1}")
        about = item.recipient or item.head.external_id  # of which a producer may have made a name or a number
        about = self.tr("(masked)") if self.personal.is_masked else about
        self._title.setText(words.format(kind_label(item.kind), about))

    @Slot(str)
    def _on_counted(self, words: str) -> None:
        self._personal_words.setText(words)

    @Slot(bool)
    def _on_masked(self, masked: bool) -> None:  # noqa: FBT001 - a slot takes what its signal carries
        """Leave nothing on screen that quotes what is masked: lists of findings, differences, the recipient."""
        self.findings.setVisible(not masked)
        self.difference.setVisible(not masked)
        claimed = self._claimed
        if claimed is not None:
            self._show_title(claimed.item)
        self.history.set_masked(masked)
        if masked:
            self._tell_masked()
        else:
            self.notice.hide()
            self._compare()

    def _tell_masked(self) -> None:
        words = self.tr("Personal data is masked; {0} shows it again.").format(self._keys.shown("mask"))
        self.notice.tell(words, "caution", ())

    @Slot()
    def _tick(self) -> None:
        left = self._presenter.seconds_left
        if left is None:
            self._lease.setText(self.tr("lease over") if self._presenter.is_lost else "")
            set_role(self._lease, "stop")
        else:
            self._lease.setText(self.tr("lease {0}").format(clock(left)))
            set_role(self._lease, "caution" if left < _LEASE_WARNING_S else "muted")
        self._show_held()
        self.history.refresh_clocks()
        if self._presenter.is_shared:
            self.link_strip.show_state(self._presenter.link)

    def _show_held(self) -> None:
        entry = self._presenter.undoable
        self.actions_bar.held.show_entry(entry, max(0, self._presenter.held_number - 1))

    def _show_status(self, at: datetime | None, unsaved: bool = False) -> None:  # noqa: FBT001, FBT002
        self._told_status = at, unsaved
        if unsaved:
            words = self.tr("saving…")
        elif at is None:
            words = self.tr("no changes yet")
        elif self._presenter.is_offline:
            words = self.tr("✓ saved on this computer {0:%H:%M:%S}").format(at.astimezone())
        else:
            words = self.tr("✓ saved {0:%H:%M:%S}").format(at.astimezone())
        if self._presenter.is_shared:
            words += self.tr(" · offline") if self._presenter.is_offline else self.tr(" · connected")
        self.status_changed.emit(words)

    def _show_emptiness(self) -> None:
        self._empty_more.setText(
            self.tr("{0:,} done in this session, {1:,} of them edited. New items appear here by themselves.").format(
                self._progress.done, self._progress.edited
            )
        )

    def _leave_item(self) -> None:
        self.editor.clear()
        self.source.clear()
        self.evidence.leave_item()
        self.personal.leave_item()
        self._claimed = None
        self.reasons.forget()
        self.notice.hide()
        self.find_bar.forget()
        for label in (self._title, self._provenance, self._count, self._personal_words):
            label.setText("")
        self.actions_bar.set_usable(usable=False)
        self.difference.compare("", "")
        self._show_status(None)

    def _show_page(self, page: QWidget) -> None:
        if self._centre.currentWidget() is not page:
            self._centre.setCurrentWidget(page)
