"""Shows what the reviewer changed: struck through what went, underlined what came; never by colour alone."""

from collections.abc import Iterable, Sequence

from PySide6.QtGui import QTextCharFormat
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from reviewer.domain.difference import Change, ChangeKind, difference, excerpts
from reviewer.ui.text import PlainTextView
from reviewer.ui.theme import Appearance, set_role

_GAP = "  …  "
QWIDGETSIZE_MAX = 16_777_215  # Qt's own "no limit"


class DifferenceView(PlainTextView):
    """A read-only text of changes."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, parent)
        self._look = appearance

    def show_changes(self, changes: Iterable[Change]) -> None:
        """Show a whole text with its changes."""
        self._show([(change.text, change.kind) for change in changes])

    def show_excerpts(self, changes: Sequence[Change]) -> None:
        """Show only the changed places, with a little of what is around them."""
        pieces: list[tuple[str, ChangeKind]] = []
        cut = False
        for excerpt in excerpts(changes):
            if pieces or excerpt.goes_on_before:
                pieces.append((_GAP if pieces else "… ", ChangeKind.EQUAL))
            pieces += [(change.text.replace("\n", " ⏎ "), change.kind) for change in excerpt.changes]
            cut = excerpt.goes_on_after
        self._show([*pieces, (" …", ChangeKind.EQUAL)] if cut else pieces)

    def _show(self, pieces: list[tuple[str, ChangeKind]]) -> None:
        self.set_text("".join(text for text, _ in pieces))
        theme = self._look.theme
        removed, added = QTextCharFormat(), QTextCharFormat()
        removed.setBackground(theme.colour("removed"))
        removed.setForeground(theme.colour("muted"))
        removed.setFontStrikeOut(True)
        added.setBackground(theme.colour("added"))
        added.setFontUnderline(True)
        spans, at = [], 0
        for text, kind in pieces:
            if kind is not ChangeKind.EQUAL:
                spans.append((at, at + len(text), removed if kind is ChangeKind.REMOVED else added))
            at += len(text)
        self.set_spans("changes", spans)


class DifferencePane(QFrame):
    """A strip of the changed places, or on request the whole text with its changes."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._whole = False
        self._changes: tuple[Change, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._caption = QLabel(self)
        set_role(self._caption, "small")
        self.view = DifferenceView(appearance, self)
        self.view.setObjectName("difference")
        self.view.setAccessibleName(self.tr("Difference to the draft"))
        column.addWidget(self._caption)
        column.addWidget(self.view)
        appearance.changed.connect(self._show)
        self.hide()

    @property
    def whole(self) -> bool:
        """Tell whether the whole text is shown."""
        return self._whole

    def toggle(self) -> None:
        """Switch between the strip and the whole text."""
        self._whole = not self._whole
        self._show()

    def compare(self, draft: str, text: str) -> None:
        """Show how `text` differs from `draft`."""
        self._changes = difference(draft, text) if draft != text else ()
        self._show()

    def _show(self) -> None:
        self.setVisible(bool(self._changes) or self._whole)
        if not (self._changes or self._whole):
            if self.view.text():
                self.view.set_text("")
            return
        vertical = QSizePolicy.Policy.Expanding if self._whole else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Preferred, vertical)
        line = self.view.fontMetrics().lineSpacing() * 1.45
        if self._whole:
            self._caption.setText(self.tr("Difference to the draft: struck through went, underlined came"))
            self.view.setMaximumHeight(QWIDGETSIZE_MAX)
            self.view.setMinimumHeight(round(line * 6))
            self.view.show_changes(self._changes)
            if not self._changes:
                self._caption.setText(self.tr("No difference to the draft"))
        else:
            self._caption.setText(self.tr("Changed"))
            self.view.setMinimumHeight(0)
            self.view.setFixedHeight(round(line * 2) + 14)
            self.view.show_excerpts(self._changes)
