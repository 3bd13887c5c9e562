"""Marks of findings: their shapes, in the text and in the margin beside it.

Never colour alone: a stop stands on a tint with a solid line under it, a look has a dotted line, and each has a shape
of its own. A sentence without a mark was not verified; that it rests on something in the source is said quietly.
"""

from collections.abc import Sequence
from enum import Enum

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from reviewer.domain.findings import Finding, Weight
from reviewer.ui.desk.checking import Entry, FindingsPresenter
from reviewer.ui.desk.editor import FieldsEditor, Places, SectionsEdit
from reviewer.ui.text import PlainTextEdit, Span
from reviewer.ui.theme import Appearance, Theme

LAYER, CURRENT, RESTING = "findings", "finding", "resting"
GUTTER_PX = 20
_MARK_PX = 10


class Shape(Enum):
    """How a finding is drawn."""

    SUPPORTED = "supported"  # ○ rests on something in the source
    NOT_FOUND = "not found"  # ▲
    CONTRADICTED = "contradicted"  # ✕
    NEW_FACT = "new number or name"  # ◆
    MISSING = "missing"  # ○ with a line: the source has it, the draft does not
    OTHER = "other"  # ■ found in the text itself


_CONTRADICTING = ("negation_added", "negation_lost", "phrase_denied", "laterality", "opposite", "number_elsewhere")
_SHAPES: dict[Shape, tuple[str, ...]] = {
    Shape.CONTRADICTED: (*_CONTRADICTING, "speaker", "unit"),
    Shape.NEW_FACT: ("dose", "number", "date", "time", "phone", "drug", "name"),
    Shape.NOT_FOUND: ("score", "only_added", "unchecked"),
    Shape.MISSING: ("omission", "length"),
}
_OF_RULE = {rule: shape for shape, rules in _SHAPES.items() for rule in rules}


def shape_of(finding: Finding) -> Shape:
    """Return the shape of a finding."""
    return _OF_RULE.get(finding.rule, Shape.OTHER)


def colour_of(finding: Finding, theme: Theme) -> QColor:
    """Return the colour of a finding."""
    if shape_of(finding) is Shape.MISSING:
        return theme.colour("muted")
    return theme.colour("stop" if finding.weight.holds_back else "caution")


def draw(painter: QPainter, shape: Shape, where: QRectF, colour: QColor) -> None:
    """Draw a shape."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(colour, max(1.4, where.width() / 6))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    centre, half = where.center(), where.width() / 2
    if shape in (Shape.SUPPORTED, Shape.MISSING):
        painter.setPen(QPen(colour, 1.4 if shape is Shape.MISSING else 1.1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        size = half * (0.9 if shape is Shape.MISSING else 0.6)
        painter.drawEllipse(centre, size, size)
        if shape is Shape.MISSING:
            painter.drawLine(centre - QPointF(size * 0.5, 0), centre + QPointF(size * 0.5, 0))
    elif shape is Shape.CONTRADICTED:
        painter.setPen(pen)
        inner = half * 0.7
        painter.drawLine(centre + QPointF(-inner, -inner), centre + QPointF(inner, inner))
        painter.drawLine(centre + QPointF(-inner, inner), centre + QPointF(inner, -inner))
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([centre + QPointF(x * half, y * half) for x, y in _CORNERS[shape]]))
    painter.restore()


_CORNERS = {
    Shape.NOT_FOUND: ((0, -0.85), (0.95, 0.8), (-0.95, 0.8)),
    Shape.NEW_FACT: ((0, -1), (1, 0), (0, 1), (-1, 0)),
    Shape.OTHER: ((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),
}


class DraftMarks(QObject):
    """Shows the findings in the fields of the editor."""

    def __init__(
        self, findings: FindingsPresenter, editor: FieldsEditor, appearance: Appearance, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._findings = findings
        self._editor = editor
        self._appearance = appearance
        self._margins: dict[PlainTextEdit, Margin] = {}
        self._shown: dict[str, set[PlainTextEdit]] = {}  # the fields that show something, by layer
        findings.examined.connect(self.show)
        findings.stepped.connect(self._on_stepped)
        appearance.changed.connect(self.show)

    @Slot()
    def show(self) -> None:
        """Show what is found now."""
        places, theme = self._editor.places(), self._appearance.theme
        entries = [entry for entry in self._findings.entries if not entry.finding.is_about_all]
        formats = {weight: _look(weight, theme) for weight in Weight}
        overridden = _overridden_look(theme)
        shown = [(e.start, e.end, overridden if e.override else formats[e.finding.weight]) for e in entries]
        self._set(LAYER, shown, places)
        self._show_current(self._findings.current)
        self.show_resting(())
        for edit, margin in self._margins_in_use():
            margin.show_marks(self._margin_marks(edit, entries, places))

    def show_resting(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Show which sentences rest on the turn that was chosen in the source."""
        look = QTextCharFormat()
        look.setBackground(self._appearance.theme.colour("mark"))
        self._set(RESTING, [(start, end, look) for start, end in ranges])

    @Slot(object)
    def _on_stepped(self, entry: Entry) -> None:
        self._show_current(entry)

    def _show_current(self, entry: Entry | None) -> None:
        theme, look = self._appearance.theme, QTextCharFormat()
        look.setBackground(theme.colour("mark"))
        look.setForeground(theme.colour("text"))
        shown = [] if entry is None or entry.finding.is_about_all else [(entry.start, entry.end, look)]
        self._set(CURRENT, shown)

    def _set(self, layer: str, ranges: Sequence[Span], places: Places | None = None) -> None:
        """Show ranges of the whole text in the fields they belong to; fields that show none and had none are left."""
        if not ranges and not self._shown.get(layer):
            return
        places = places or self._editor.places()
        placed: dict[PlainTextEdit, list[Span]] = {}
        for start, end, look in ranges:
            for edit, first, last in places.of(start, end):
                placed.setdefault(edit, []).append((first, last, look))
        for edit in {*placed, *self._shown.get(layer, ())}:
            edit.set_spans(layer, placed.get(edit, ()))
        self._shown[layer] = set(placed)

    def _margins_in_use(self) -> list[tuple[PlainTextEdit, "Margin"]]:
        notes = [edit for edit in self._editor.texts() if isinstance(edit, SectionsEdit)]
        for edit in notes:
            if edit not in self._margins:
                self._margins[edit] = Margin(edit, self._appearance)
        return [(edit, self._margins[edit]) for edit in notes]

    def _margin_marks(
        self, edit: PlainTextEdit, entries: Sequence[Entry], places: Places
    ) -> list[tuple[int, Shape, QColor]]:
        """Return the heaviest mark of each sentence, in the order of the text."""
        theme, marks = self._appearance.theme, []
        quiet = theme.colour("outline")
        for sentence in self._findings.sentences:
            about = [e for e in entries if sentence.start <= e.start < sentence.end and e.override is None]
            if not about and not sentence.passages:
                continue
            for where, start, _ in places.of(sentence.start, sentence.end)[:1]:
                if where is edit:
                    shape = shape_of(about[0].finding) if about else Shape.SUPPORTED
                    marks.append((start, shape, colour_of(about[0].finding, theme) if about else quiet))
        return marks


def _look(weight: Weight, theme: Theme) -> QTextCharFormat:
    look = QTextCharFormat()
    if weight.holds_back:
        look.setBackground(theme.colour("stop_soft"))
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
        look.setUnderlineColor(theme.colour("stop"))
    else:
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        look.setUnderlineColor(theme.colour("caution"))
    return look


def _overridden_look(theme: Theme) -> QTextCharFormat:
    look = QTextCharFormat()
    look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
    look.setUnderlineColor(theme.colour("outline"))
    return look


class Margin(QWidget):
    """A strip at the left of an editor with one mark for each line in which a sentence begins."""

    def __init__(self, edit: PlainTextEdit, appearance: Appearance) -> None:
        super().__init__(edit)
        self._edit = edit
        self._appearance = appearance
        self._marks: list[tuple[QTextCursor, Shape, QColor]] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        edit.installEventFilter(self)
        edit.verticalScrollBar().valueChanged.connect(self.update)
        edit.document().documentLayout().documentSizeChanged.connect(self.update)
        appearance.changed.connect(self._fit)
        self._fit()
        self.show()

    @property
    def marks(self) -> list[tuple[int, Shape]]:
        """Return the marks where they stand now, in positions of the document."""
        return [(cursor.selectionStart(), shape) for cursor, shape, _ in self._marks]

    def show_marks(self, marks: Sequence[tuple[int, Shape, QColor]]) -> None:
        """Show marks: where in the text, in code points, and how; they move with the text while it is edited."""
        cursors = self._edit.cursors_at([(position, position) for position, _, _ in marks])
        self._marks = [(cursor, shape, colour) for cursor, (_, shape, colour) in zip(cursors, marks, strict=True)]
        self.update()

    # overrides

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the height of the editor."""
        if watched is self._edit and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the marks in sight."""
        painter, size = QPainter(self), self._appearance.px(_MARK_PX)
        left, taken = (self.width() - size) / 2 + 1, -1
        for cursor, shape, colour in self._marks:
            line: QRect = self._edit.cursorRect(cursor)
            if line.bottom() < 0:
                continue
            if line.top() > self.height():
                break
            if line.top() == taken and shape is Shape.SUPPORTED:
                continue  # the line has a mark already
            taken = line.top()
            draw(painter, shape, QRectF(left, line.center().y() - size / 2, size, size), colour)
        painter.end()

    @Slot()
    def _fit(self) -> None:
        self._edit.set_margin(self._appearance.px(GUTTER_PX))
        self._place()

    def _place(self) -> None:
        view = self._edit.viewport().geometry()
        width = self._appearance.px(GUTTER_PX)
        self.setGeometry(view.left() - width, view.top(), width, view.height())
