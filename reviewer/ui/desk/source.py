"""The source beside the draft: the conversation that it was made from, with the next one ready behind it.

Guarantees: what was prepared in advance is shown by turning a page, so that it takes no more than painting it; of what
was on screen before nothing is kept.
"""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QLabel, QStackedWidget, QVBoxLayout, QWidget

from reviewer.domain.items import Item
from reviewer.ui.desk.words import channel_label, clock, verdict_word
from reviewer.ui.text import PlainLabel, SourceTurn, SourceView
from reviewer.ui.theme import Appearance, set_role


class SourcePanel(QFrame):
    """The conversation that the draft was made from, and where the draft comes from."""

    cursor_moved = Signal()  # in the conversation on screen

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 8)
        column.setSpacing(8)
        self._title = PlainLabel("", self, elide=Qt.TextElideMode.ElideRight)
        set_role(self._title, "heading")
        self._pages = QStackedWidget(self)
        self.view, self._spare = (self._make_view(appearance) for _ in range(2))
        self._none = QLabel(self.tr("This draft came without a source."), self)
        self._none.setWordWrap(True)
        set_role(self._none, "muted")
        self._passed_on = PlainLabel("", self)
        self._passed_on.setWordWrap(True)
        set_role(self._passed_on, "caution")
        column.addWidget(self._title)
        column.addWidget(self._passed_on)
        column.addWidget(self._pages, stretch=1)
        column.addWidget(self._none, stretch=1)
        self._forget_soon = QTimer(self)
        self._forget_soon.setSingleShot(True)
        self._forget_soon.timeout.connect(self._forget_spare)
        self.clear()

    def prepare(self, item: Item) -> None:
        """Fill in the source of the item that comes next, while there is time."""
        self._forget_soon.stop()
        self._spare.prepare(_turns(item), self.view)

    @property
    def ahead(self) -> SourceView:
        """Return the conversation that is made ready behind the one on screen."""
        return self._spare

    def show_item(self, item: Item) -> None:
        """Show an item's source."""
        turns = _turns(item)
        words = (self.tr("Source · {0}"), self.tr("Source · {0}, 1 turn"), self.tr("Source · {0}, {1} turns"))
        self._title.setText(words[min(len(turns), 2)].format(channel_label(item.head.channel), len(turns)))
        said = [f"{name}, {verdict_word(verdict)}: {note}" for name, verdict, note in item.passed_on]
        self._passed_on.setText("\n".join(said))
        self._passed_on.setVisible(bool(said))
        self._pages.setVisible(bool(turns))
        self._none.setVisible(not turns)
        if self._is_prepared(turns):
            self._turn_page()
        else:
            self.view.set_turns(turns)

    def clear(self) -> None:
        """Show nothing, and prepare nothing."""
        self._title.setText(self.tr("Source"))
        self.view.set_turns([])
        self._forget_spare()
        self._passed_on.setText("")
        self._passed_on.hide()
        self._none.hide()

    def _make_view(self, appearance: Appearance) -> SourceView:
        view = SourceView(appearance, self)
        view.setObjectName("source")
        set_role(view, "bare")
        view.cursorPositionChanged.connect(self._on_cursor_moved)
        self._pages.addWidget(view)
        return view

    def _is_prepared(self, turns: Sequence[SourceTurn]) -> bool:
        is_fitting = self._spare.lineWrapColumnOrWidth() == self.view.lineWrapColumnOrWidth()
        return bool(turns) and is_fitting and self._spare.shows(turns)

    def _turn_page(self) -> None:
        had_focus = self.view.hasFocus()
        self.view, self._spare = self._spare, self.view
        self._pages.setCurrentWidget(self.view)
        if had_focus:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self._forget_soon.start(0)  # after the paint

    @Slot()
    def _forget_spare(self) -> None:
        self._spare.set_turns(())

    @Slot()
    def _on_cursor_moved(self) -> None:
        if self.sender() is self.view:
            self.cursor_moved.emit()


def _turns(item: Item) -> list[SourceTurn]:
    return [(None if turn.start is None else clock(turn.start), turn.speaker, turn.text) for turn in item.source]
