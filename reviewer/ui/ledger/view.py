"""The ledger page: a table to filter on the left, the story of the chosen item on the right."""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain.events import Action
from reviewer.ledger import Report
from reviewer.services.ledger import EntryRow, Told, Verified
from reviewer.ui.icons import icon_pixmap
from reviewer.ui.ledger.model import EntriesModel
from reviewer.ui.ledger.presenter import LedgerPresenter
from reviewer.ui.ledger.words import action_word, details_words
from reviewer.ui.tables import rows_table
from reviewer.ui.text import PlainLabel, SourceView
from reviewer.ui.theme import Appearance, set_role

_FILTER_MS = 250


class LedgerView(QWidget):
    """What was done and seen."""

    def __init__(self, presenter: LedgerPresenter, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._appearance = appearance
        self._entries = 0
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 12, 12, 8)
        outer.setSpacing(8)
        outer.addWidget(self._build_head())
        outer.addWidget(self._build_filters())
        columns = QSplitter(Qt.Orientation.Horizontal, self)
        columns.setHandleWidth(8)
        columns.setChildrenCollapsible(False)
        columns.addWidget(self._build_table())
        columns.addWidget(self._build_story())
        columns.setSizes([720, 480])
        outer.addWidget(columns, stretch=1)
        self._filter_soon = QTimer(self)
        self._filter_soon.setSingleShot(True)
        self._filter_soon.setInterval(_FILTER_MS)
        self._filter_soon.timeout.connect(self._filter)
        presenter.verified_changed.connect(self._on_state)
        presenter.rows_changed.connect(self._on_rows)
        presenter.names_changed.connect(self._on_names)
        presenter.story_changed.connect(self._on_story)
        presenter.verify_progressed.connect(self._on_progress)
        presenter.verify_ended.connect(self._on_verified)
        presenter.exported.connect(self._on_exported)
        presenter.refused.connect(self._on_refused)

    def showEvent(self, event: object) -> None:
        """Read the newest entries whenever the page comes up."""
        super().showEvent(event)  # type: ignore[arg-type] # Qt's event
        self._presenter.refresh()

    def _build_head(self) -> QFrame:
        head = QFrame(self)
        set_role(head, "panel")
        row = QHBoxLayout(head)
        row.setContentsMargins(16, 10, 12, 10)
        self._state = QLabel(self.tr("Verifying…"), head)
        self._state.setObjectName("ledger_state")
        set_role(self._state, "heading")
        self._more = PlainLabel("", head)
        set_role(self._more, "muted")
        words = QVBoxLayout()
        words.addWidget(self._state)
        words.addWidget(self._more)
        self._bar = QProgressBar(head)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(160)
        self._bar.setAccessibleName(self.tr("Verified so far"))
        self._bar.hide()
        self._verify = QPushButton(self.tr("Verify all"), head)
        self._verify.setObjectName("verify")
        self._verify.clicked.connect(self._on_verify)
        self._export = QPushButton(self.tr("Export…"), head)
        self._export.setObjectName("export")
        self._export.clicked.connect(self._on_export)
        row.addLayout(words, stretch=1)
        row.addWidget(self._bar)
        row.addWidget(self._verify)
        row.addWidget(self._export)
        return head

    def _build_filters(self) -> QWidget:
        box = QWidget(self)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._item = QLineEdit(box)
        self._item.setObjectName("filter_item")
        self._item.setPlaceholderText(self.tr("Item"))
        self._item.setAccessibleName(self.tr("Item"))
        self._item.setClearButtonEnabled(True)
        self._item.textChanged.connect(self._on_filter_changed)
        self._actor = self._combo("filter_actor", self.tr("Anybody"), box)
        self._action = self._combo("filter_action", self.tr("Anything"), box)
        for action in Action:
            self._action.addItem(action_word(action), action.value)
        self._time = self._combo("filter_time", self.tr("Any time"), box)
        for words, hours in (
            (self.tr("Last hour"), 1),
            (self.tr("Last day"), 24),
            (self.tr("Last week"), 24 * 7),
            (self.tr("Last 90 days"), 24 * 90),
        ):
            self._time.addItem(words, hours)
        row.addWidget(self._item, stretch=1)
        row.addWidget(self._actor)
        row.addWidget(self._action)
        row.addWidget(self._time)
        return box

    def _combo(self, name: str, everything: str, parent: QWidget) -> QComboBox:
        combo = QComboBox(parent)
        combo.setObjectName(name)
        combo.setAccessibleName(everything)
        combo.addItem(everything, None)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        combo.activated.connect(self._on_filter_changed)
        return combo

    def _build_table(self) -> QFrame:
        panel = QFrame(self)
        set_role(panel, "panel")
        column = QVBoxLayout(panel)
        column.setContentsMargins(4, 4, 4, 4)
        self._model = EntriesModel(self)
        self.table = rows_table("entries", self._model, 4, panel)
        self.table.setAccessibleName(self.tr("Entries of the ledger"))
        set_role(self.table, "bare")
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self._none = QLabel(self.tr("No entry fits."), panel)
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_role(self._none, "muted")
        self._none.hide()
        column.addWidget(self.table, stretch=1)
        column.addWidget(self._none, stretch=1)
        return panel

    def _build_story(self) -> QFrame:
        panel = QFrame(self)
        set_role(panel, "panel")
        column = QVBoxLayout(panel)
        column.setContentsMargins(12, 12, 12, 8)
        column.setSpacing(8)
        self._story_title = PlainLabel(self.tr("An item's story"), panel, elide=Qt.TextElideMode.ElideRight)
        set_role(self._story_title, "heading")
        self._story_hint = QLabel(self.tr("Choose an entry about an item to see all that happened to it."), panel)
        self._story_hint.setWordWrap(True)
        self._story_hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        set_role(self._story_hint, "muted")
        self.story = SourceView(self._appearance, panel)
        self.story.setObjectName("story")
        self.story.setAccessibleName(self.tr("An item's story"))
        set_role(self.story, "bare")
        self.story.hide()
        column.addWidget(self._story_title)
        column.addWidget(self._story_hint, stretch=1)
        column.addWidget(self.story, stretch=1)
        return panel

    @Slot(object)
    def _on_state(self, state: Verified) -> None:
        self._entries = state.entries
        if state.done:
            self._state.setText(self.tr("✓ Verified to #{0:,} at {1:%H:%M}").format(state.verified, datetime.now()))  # noqa: DTZ005
            set_role(self._state, "heading")
        else:
            self._state.setText(self.tr("Verifying: #{0:,} of {1:,}").format(state.verified, state.entries))
        if state.flawed:
            set_role(self._state, "stop")
            self._state.setText(
                self.tr("Verified to #{0:,}. {1}").format(state.verified, self._flawed_words(state.flawed))
            )
        newer = state.entries - state.anchored
        self._more.setText(
            self.tr("Every entry is covered by a checkpoint.")
            if newer == 0
            else self.tr("{0:,} entries are not in a checkpoint of this session yet.").format(newer)
        )

    def _flawed_words(self, positions: tuple[int, ...]) -> str:
        if len(positions) == 1:
            return self.tr("Entry {0:,} is not signed by whom it names, and proves nothing.").format(positions[0])
        return self.tr("Entry {0:,} and {1:,} more are not signed by whom they name, and prove nothing.").format(
            positions[0], len(positions) - 1
        )

    @Slot(object)
    def _on_rows(self, rows: list[EntryRow]) -> None:
        self._model.set_rows(rows)
        self.table.setVisible(bool(rows))
        self._none.setVisible(not rows)

    @Slot(object)
    def _on_names(self, names: dict[str, str]) -> None:
        self._model.set_names(names)
        if self._actor.count() != len(names) + 1:
            chosen = self._actor.currentData()
            while self._actor.count() > 1:
                self._actor.removeItem(1)
            for member, name in sorted(names.items(), key=lambda pair: pair[1]):
                self._actor.addItem(name, member)
            self._actor.setCurrentIndex(max(0, self._actor.findData(chosen)))

    @Slot(object)
    def _on_story(self, story: list[Told]) -> None:
        names = self._presenter.names
        turns = []
        for told in story:
            entry = told.entry
            words = action_word(entry.action)
            if entry.verdict:
                words += f": {entry.verdict}"
            more = [part for part in (details_words(entry.details), entry.meaning) if part]
            more.append(self.tr("entry {0:,}").format(told.position))
            who = names.get(entry.actor, entry.actor[:8])
            turns.append((f"{entry.at.astimezone():%d %b %H:%M:%S}", who, f"{words}\n{' · '.join(more)}"))
        self.story.set_turns(turns)
        self.story.setVisible(bool(turns))
        self._story_hint.setVisible(not turns)

    @Slot(QModelIndex, QModelIndex)
    def _on_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not current.isValid():
            return
        row = self._model.row(current.row())
        if row.item_id is not None:
            self._show_story_title(row)
            self._presenter.tell_story(row.item_id)

    def _show_story_title(self, row: EntryRow) -> None:
        self._story_title.setText(self.tr("Story of {0}").format(self._model.about(row)))

    @Slot(bool)
    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - a slot takes what its signal carries
        """Leave out what items are called, while the screen is shared."""
        self._model.set_masked(masked)
        current = self.table.currentIndex()
        if current.isValid() and (row := self._model.row(current.row())).item_id is not None:
            self._show_story_title(row)

    @Slot()
    def _on_filter_changed(self) -> None:
        self._filter_soon.start()

    @Slot()
    def _filter(self) -> None:
        self._presenter.filter(
            item=self._item.text(),
            actor=self._actor.currentData(),
            action=self._action.currentData(),
            hours=self._time.currentData(),
        )

    @Slot()
    def _on_verify(self) -> None:
        self._verify.setEnabled(False)
        self._bar.setRange(0, max(1, self._entries))
        self._bar.setValue(0)
        self._bar.show()
        self._presenter.verify()

    @Slot(int)
    def _on_progress(self, entries: int) -> None:
        self._bar.setValue(entries)

    @Slot(object)
    def _on_verified(self, report: Report) -> None:
        self._verify.setEnabled(True)
        self._bar.hide()
        if report.ok:
            self._more.setText(
                self.tr("All {0:,} entries and their {1:,} signatures verified; {2:,} are in a checkpoint.").format(
                    report.entries, report.signatures, report.anchored
                )
            )
        elif report.stands:
            self._more.setText(self.tr("{0} It proves nothing; everything else holds.").format(report.why))

    @Slot()
    def _on_export(self) -> None:
        dialog = QFileDialog(self, self.tr("Export the entries that are shown to a folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_folder)
        dialog.open()

    @Slot(str)
    def _on_folder(self, folder: str) -> None:
        self._presenter.export(Path(folder))

    @Slot(str, int)
    def _on_exported(self, folder: str, entries: int) -> None:
        self._more.setText(self.tr("{0:,} entries are in {1}, with verify.py beside them.").format(entries, folder))

    @Slot(str)
    def _on_refused(self, why: str) -> None:
        self._verify.setEnabled(True)
        self._bar.hide()
        self._more.setText(why)


class BrokenLedgerView(QWidget):
    """Takes the whole window: the ledger is not what was signed or witnessed."""

    quit_requested = Signal()

    def __init__(self, why: str, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        outer = QVBoxLayout(self)
        panel = QFrame(self)
        set_role(panel, "strip-stop")
        panel.setFixedWidth(appearance.px(620))
        column = QVBoxLayout(panel)
        column.setContentsMargins(32, 28, 32, 28)
        column.setSpacing(16)
        sign = QLabel(panel)
        sign.setPixmap(icon_pixmap("warning", appearance.theme.stop, 40))
        title = QLabel(self.tr("The ledger is broken"), panel)
        set_role(title, "title")
        reason = PlainLabel(why, panel)
        reason.setObjectName("broken_reason")
        reason.setWordWrap(True)
        advice = QLabel(
            self.tr(
                "The desk has stopped, so that nothing is built on it. Change nothing: keep the profile folder as it "
                "is, and copy it. Tell whoever is responsible for security. ‘reviewer ledger verify’ says what is "
                "wrong; an export or a checkpoint kept elsewhere shows what stood there before."
            ),
            panel,
        )
        advice.setWordWrap(True)
        leave = QPushButton(self.tr("Quit"), panel)
        leave.setObjectName("quit")
        leave.clicked.connect(self.quit_requested)
        for part in (sign, title, reason, advice):
            column.addWidget(part)
        column.addWidget(leave, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addWidget(panel, 0, Qt.AlignmentFlag.AlignCenter)
