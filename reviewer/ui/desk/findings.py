"""The list of findings under the source: the shape of each, its reason in a line, and what it is compared with."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain.attention import OVERRIDE_REASONS
from reviewer.domain.findings import Finding, Weight
from reviewer.domain.items import Turn
from reviewer.domain.translation import QT_TRANSLATE_NOOP
from reviewer.ui.desk.checking import Entry, FindingsPresenter
from reviewer.ui.desk.marks import colour_of, draw, shape_of
from reviewer.ui.desk.rows import RowPainter, draw_cut
from reviewer.ui.desk.words import clock
from reviewer.ui.keys import KeyMap
from reviewer.ui.text import PlainLabel, readable
from reviewer.ui.theme import Appearance, set_role

ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
_QUOTE_CHARACTERS = 90  # more fits into no column, and to measure text is slow
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_WEIGHTS = {
    Weight.BLOCK: QT_TRANSLATE_NOOP("Weight", "must be fixed"),
    Weight.STOP: QT_TRANSLATE_NOOP("Weight", "stop"),
    Weight.LOOK: QT_TRANSLATE_NOOP("Weight", "look"),
}


def weight_word(weight: Weight) -> str:
    """Return how much a finding asks for, as a word."""
    return QCoreApplication.translate("Weight", _WEIGHTS[weight])


def reason_word(code: str) -> str:
    """Return why a finding was overridden, in words."""
    label = next((reason.label for reason in OVERRIDE_REASONS if reason.code == code), code)
    return QCoreApplication.translate("OverrideReason", label)


def headline(finding: Finding) -> str:
    """Return a finding's message as the beginning of a line."""
    return finding.message[:1].upper() + finding.message[1:]


class FindingsModel(QAbstractListModel):
    """The findings in the order of their weight."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._entries: tuple[Entry, ...] = ()
        self._source: Sequence[Turn] = ()

    def set_entries(self, entries: tuple[Entry, ...], source: Sequence[Turn]) -> bool:
        """List other findings; False where nothing changed, so that nothing flickers."""
        if entries == self._entries and source is self._source:
            return False
        self.beginResetModel()
        self._entries, self._source = entries, source
        self.endResetModel()
        return True

    def entry(self, row: int) -> Entry:
        """Return the finding of a row."""
        return self._entries[row]

    def row_of(self, entry: Entry | None) -> int:
        """Return where a finding stands, -1 where it does not."""
        wanted = None if entry is None else entry.id
        return next((row for row, each in enumerate(self._entries) if each.id == wanted), -1)

    def compared(self, entry: Entry) -> str:
        """Return what a finding is compared with: the words of the source, or why it was overridden."""
        if entry.override is not None:
            words = QCoreApplication.translate("Findings", "overridden: {0}").format(reason_word(entry.override.reason))
            return f"{words} · {entry.override.note}" if entry.override.note else words
        for passage in entry.finding.passages[:1]:
            if passage.turn < len(self._source):
                turn = self._source[passage.turn]
                quote = " ".join(turn.text[passage.start : passage.end][:_QUOTE_CHARACTERS].split())
                when = "" if turn.start is None else f"{clock(turn.start)} "
                return f"{when}{turn.speaker}: “{readable(quote)}”"
        if entry.finding.is_about_all:
            return QCoreApplication.translate("Findings", "about the whole text")
        return QCoreApplication.translate("Findings", "nothing in the source comes near")

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """Return the number of findings."""
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a finding, or its words for a screen reader."""
        if not index.isValid() or index.row() >= len(self._entries):
            return None
        entry = self._entries[index.row()]
        if role == ENTRY_ROLE:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            shape = shape_of(entry.finding).value
            return f"{weight_word(entry.finding.weight)}, {shape}: {entry.finding.message}. {self.compared(entry)}"
        return None


class _FindingRow(RowPainter):
    """Paints a finding: its shape and reason on the first line, what it is compared with on the second."""

    def __init__(self, appearance: Appearance, model: FindingsModel, parent: QWidget) -> None:
        super().__init__(appearance, ENTRY_ROLE, parent, height_px=46, left_px=30)
        self._model = model

    def paint_lines(self, painter: QPainter, top: QRect, bottom: QRect, row: object) -> None:
        """Paint the two lines of a row."""
        if not isinstance(row, Entry):
            return
        theme, px = self.appearance.theme, self.appearance.px
        is_open, size = row.override is None, px(11)
        mark = QRectF(top.left() - px(19), top.center().y() - size / 2 + 1, size, size)
        colour = colour_of(row.finding, theme) if is_open else theme.colour("outline")
        draw(painter, shape_of(row.finding), mark, colour)
        heavy = is_open and row.finding.weight.holds_back
        painter.setFont(self.appearance.font(weight=QFont.Weight.Medium if heavy else QFont.Weight.Normal))
        painter.setPen(theme.colour("text" if is_open else "muted"))
        draw_cut(painter, top, readable(headline(row.finding)), top.width())
        painter.setFont(self.appearance.small_font())
        painter.setPen(theme.colour("muted"))
        draw_cut(painter, bottom, self._model.compared(row), bottom.width())


class FindingsPanel(QFrame):
    """What the checks say of the text on screen."""

    chosen = Signal(object)  # FindingId to go to

    def __init__(self, findings: FindingsPresenter, appearance: Appearance, keys: KeyMap, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "panel")
        self._findings = findings
        self._keys = keys
        self._source: Sequence[Turn] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        head = QHBoxLayout()
        self._title = QLabel(self)
        self._title.setObjectName("findings_title")
        set_role(self._title, "heading")
        self._hint = PlainLabel("", self, elide=Qt.TextElideMode.ElideRight)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        set_role(self._hint, "small")
        head.addWidget(self._title)
        head.addWidget(self._hint, stretch=1)
        column.addLayout(head)
        self.model = FindingsModel(self)
        self.list = QListView(self)
        self.list.setObjectName("findings")
        self.list.setAccessibleName(self.tr("Findings"))
        set_role(self.list, "bare")
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_FindingRow(appearance, self.model, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.activated.connect(self._on_activated)
        self.list.clicked.connect(self._on_activated)
        self._empty = PlainLabel("", self)
        self._empty.setObjectName("findings_empty")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        set_role(self._empty, "muted")
        self._turn = PlainLabel("", self)
        self._turn.setObjectName("turn_use")
        self._turn.setWordWrap(True)
        set_role(self._turn, "small")
        column.addWidget(self.list, stretch=1)
        column.addWidget(self._empty, stretch=1)
        column.addWidget(self._turn)
        self._turn.hide()
        findings.examined.connect(self.refresh)
        findings.stepped.connect(self._on_stepped)
        keys.changed.connect(self.refresh)
        self.refresh()

    def show_source(self, source: Sequence[Turn]) -> None:
        """Take the source that findings quote."""
        self._source = source

    def show_turn(self, words: str) -> None:
        """Say what rests on the turn that was chosen in the source, or nothing."""
        self._turn.setText(words)
        self._turn.setVisible(bool(words))

    def take_focus(self) -> None:
        """Let the keys go to the list."""
        self.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.list.currentIndex().isValid() and self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0, 0))

    @Slot()
    def refresh(self) -> None:
        """List what is found now."""
        entries, to_fix = self._findings.entries, len(self._findings.left)
        if self.model.set_entries(entries, self._source):
            self._choose(self._findings.current)
        title = self.tr("Findings {0}").format(len(entries)) if entries else self.tr("Findings")
        self._title.setText(self.tr("{0} · {1} to fix").format(title, to_fix) if to_fix else title)
        self._hint.setText(
            self.tr("{0} next · {1} override").format(self._keys.shown("next_finding"), self._keys.shown("override"))
            if entries
            else ""
        )
        self.list.setVisible(bool(entries))
        self._empty.setVisible(not entries)
        self._empty.setText(self._emptiness())

    @Slot(object)
    def _on_stepped(self, entry: Entry) -> None:
        self._choose(entry)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.chosen.emit(self.model.entry(index.row()).id)

    def _choose(self, entry: Entry | None) -> None:
        row = self.model.row_of(entry)
        self.list.setCurrentIndex(self.model.index(row, 0) if row >= 0 else QModelIndex())

    def _emptiness(self) -> str:
        if self._findings.is_new:
            return self.tr("Comparing the draft with its source…")
        if not self._findings.has_source:
            return self.tr("There is no source to compare the draft with.") if self._findings.is_ready else ""
        return self.tr("Nothing was flagged. That is not a verification: errors that no rule knows stay unmarked.")
