"""The only text widgets of the desk. All foreign text is hostile, and all of it is plain text here.

Guarantees: nothing that a producer wrote is read as markup, fetches anything or leaves the desk as anything but plain
text; an editor gives back exactly the text it was given; every position is counted in code points, as Python counts,
and not in UTF-16 units, as Qt does; a text of any shape lays out within a tenth of a second.

What an editor cannot carry: the ends of lines CR LF, CR and U+2029 all become LF, and NUL, lone surrogates and
noncharacters are refused (the border refuses them too, see `reviewer.domain.limits`). Everything else survives,
no-break spaces and U+2028 included.

Read-only views and labels show what would otherwise hide (directional overrides, zero-width and control characters)
as small marks such as ⁅RLO⁆. The marks are display only: `text()`, positions and copies are those of the text itself.
"""

import html
import itertools
import re
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter, itemgetter
from typing import NamedTuple

from PySide6.QtCore import (
    QEvent,
    QMimeData,
    QPoint,
    QPointF,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    QUrl,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QStyleOption, QTextEdit, QWidget

from reviewer.domain.limits import (
    DRAFT_BYTES,
    PARAGRAPH_CHARACTERS,
    longest_paragraph,
    normalise_newlines,
    unstorable_character,
)
from reviewer.ui.clipboard import private_data
from reviewer.ui.theme import LINE_HEIGHT_PERCENT, RADIUS_PX, Appearance
from reviewer.ui.waves import Mark, Waves, characters_in_sight, is_wavy

LABEL_CHARACTERS = 2_000
TOOLTIP_CHARACTERS = 1_000
PASTE_CHARACTERS = DRAFT_BYTES
LONG_PARAGRAPH_CHARACTERS = 4_000  # a view breaks longer ones; real material stays below
SOFT_BREAK_CHARACTERS = 1_000
PIECE_LINES = 64
PIECE_MARKS = 64
VIEW_LINES = 20_000  # in one text; the ends of further lines are shown as marks, for each line costs a kilobyte
SLICE_MS = 4.0  # of work on the GUI thread at a time; with the last piece and the repaint it stays under one frame
REFILL_CHARACTERS = 100_000  # a source that is longer is filled anew when its width changes, not laid out at once
MASK = "mask"  # the layer that hides what it covers
REFILL_AFTER_MS = 120
MINIMUM_WIDTH_PX = 60  # a widget that has no size yet must not be laid out in columns of one character
HINT_CHARACTERS = 80  # the width that a label asks for if it can be cut

BUBBLE_PADDING, BUBBLE_GAP = 7, 8

Span = tuple[int, int, QTextCharFormat]  # [start, end) in code points, and how to show it
SourceTurn = tuple[str | None, str, str]  # the time as it is to be shown, the speaker, the words


# --- what a text looks like -------------------------------------------------------------------------------------


def code_point_to_qt(text: str, position: int) -> int:
    """Return the UTF-16 position of a position in code points."""
    return len(text[:position].encode("utf-16-le", "surrogatepass")) // 2


def qt_to_code_point(text: str, position: int) -> int:
    """Return the position in code points of a UTF-16 position; inside a pair it is the start of the pair."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) == 2 * len(text):
        return min(position, len(text))
    return len(units[: 2 * position].decode("utf-16-le", "ignore"))


_NAMES = {
    0x00: "NUL",
    0x07: "BEL",
    0x08: "BS",
    0x0A: "LF",
    0x0B: "VT",
    0x0C: "FF",
    0x1B: "ESC",
    0x7F: "DEL",
    0x85: "NEL",
    0xAD: "SHY",
    0x061C: "ALM",
    0x180E: "MVS",
    0x200B: "ZWSP",
    0x200C: "ZWNJ",
    0x200D: "ZWJ",
    0x200E: "LRM",
    0x200F: "RLM",
    0x2028: "LS",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2060: "WJ",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0xFEFF: "BOM",
    0xFFFC: "OBJ",
}

# Joiners and variation selectors belong to many scripts and to emoji; after a Latin letter or one another they hide.
_CONTROLS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffc\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff"
)
_HIDDEN = (
    f"[{_CONTROLS}]"
    "|(?:(?<=[\x00-\u024f\u200c\u200d])|^)[\u200c\u200d]"
    "|(?:(?<=[\x00-\x22$-)+-/:-\xa8\xaa-\xad\xaf-\u024f\ufe00-\ufe0f])|^)[\ufe00-\ufe0f]"
)
_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]{2,6}\U000e007f"  # the flags of England, Scotland, Wales…
_ASTRAL = "[\U00010000-\U000dffff\U000e1000-\U0010ffff]"
_SPECIAL = re.compile(f"(?P<astral>(?:{_FLAG}|{_ASTRAL})+)|(?P<hidden>(?:{_HIDDEN})+)|(?P<gap>(?<=\n)\n{{4,}})")
_SPECIAL_OR_LINE = re.compile(f"{_SPECIAL.pattern}|(?P<line>\\n)")
# Says quickly that a text has nothing special, which is true of nearly all.
_SUSPICIOUS = re.compile(f"[{_CONTROLS}\u200c\u200d\ufe00-\ufe0f\U00010000-\U0010ffff]|\n{{5}}")
_ANY_ASTRAL = re.compile("[\U00010000-\U0010ffff]+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SOFT_BREAK = "↩"


def readable(text: str) -> str:
    """Return `text` as a label shows it: one string, with a mark for what would hide."""
    shown = _Shown()
    return "".join(part for piece in _pieces(normalise_newlines(text)) for part, _ in shown.add(piece))


def hidden_spans(text: str) -> list[tuple[int, int]]:
    """Return where `text` has characters that hide or reorder others, as [start, end) in code points."""
    return [match.span() for match in _SPECIAL.finditer(text) if match.lastgroup == "hidden"]


def _mark(run: str) -> str:
    names = list(dict.fromkeys(_NAMES.get(ord(c), f"U+{ord(c):04X}") for c in run[:64]))
    named = " ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return f"⁅{named} ×{len(run)}⁆" if len(run) > 1 else f"⁅{named}⁆"


def _pieces(text: str) -> Iterator[str | None]:
    """Cut `text` where a view may pause, into parts that lay out in a few milliseconds; None stands for a soft break.

    A part is some whole lines, or the rest of one, or a stretch of one that is too long to lay out at once.
    """
    start = 0
    while start < len(text):
        window = text[start : start + LONG_PARAGRAPH_CHARACTERS + 1]
        *lines, rest = window.split("\n", PIECE_LINES)
        if not lines and len(rest) > LONG_PARAGRAPH_CHARACTERS:
            # Between words if there are any; what has none is slow to lay out.
            cut = window.rfind(" ", SOFT_BREAK_CHARACTERS // 2, SOFT_BREAK_CHARACTERS) + 1
            piece = window[: cut or SOFT_BREAK_CHARACTERS // 2]
            yield piece
            yield None
        else:
            is_end = start + len(window) == len(text) and len(lines) < PIECE_LINES
            piece = window if is_end else window[: len(window) - len(rest)]
            yield piece
        start += len(piece)


class _Shown:
    """Maps the positions of a text to those of the document that shows it, and back; grows at its end.

    Kept are only the runs in which the two differ: characters outside the basic plane (two UTF-16 units), marks, soft
    breaks. Positions of the text are code points, positions of the document UTF-16 units.
    """

    def __init__(self) -> None:
        self.source_length = 0
        self.shown_length = 0
        self._lines = 0
        self._source_starts: list[int] = []
        self._shown_starts: list[int] = []
        self._lengths: list[tuple[int, int]] = []

    @classmethod
    def exactly(cls, text: str) -> "_Shown":
        """Return the map of an editor, which shows its text as it is."""
        shown = cls()
        # Encoding is much faster than the search, and most drafts have nothing to find.
        if not text.isascii() and len(text.encode("utf-16-le", "surrogatepass")) != 2 * len(text):
            for match in _ANY_ASTRAL.finditer(text):
                shown._same(match.start() - shown.source_length)
                shown._differs(len(match.group()), 2 * len(match.group()))
        shown._same(len(text) - shown.source_length)
        return shown

    def add(self, piece: str | None) -> list[tuple[str, bool]]:
        """Take the next piece of the text and return how to show it: parts, each a mark or not."""
        if piece is None:
            self._differs(0, 2)
            return [(_SOFT_BREAK, True), ("\n", False)]
        self._lines += piece.count("\n")
        flows = self._lines > VIEW_LINES
        if not flows and not _SUSPICIOUS.search(piece):
            self._same(len(piece))
            return [(piece, False)]
        parts = self._parts(piece, _SPECIAL_OR_LINE if flows else _SPECIAL)
        return parts + self.add(None) if flows else parts

    def add_block(self) -> None:
        """Take the end of a line that is a new block in the document, however many there are."""
        self._same(1)

    def _parts(self, piece: str, special: re.Pattern[str]) -> list[tuple[str, bool]]:
        parts: list[tuple[str, bool]] = []
        at = 0
        for match in special.finditer(piece):
            self._same(match.start() - at)
            plain, run, kind = piece[at : match.start()], match.group(), match.lastgroup
            if kind == "astral":
                self._differs(len(run), len(run.encode("utf-16-le")) // 2)
                parts.append((plain + run, False))
            else:
                mark = _mark(run) + ("\n" if kind == "gap" else "")
                self._differs(len(run), len(mark))
                parts += [(plain, False), (mark, True)]
            at = match.end()
        self._same(len(piece) - at)
        parts.append((piece[at:], False))
        return parts

    def to_qt(self, position: int) -> int:
        """Return where a position of the text stands in the document."""
        run = bisect_right(self._source_starts, position) - 1
        if run < 0:
            return position
        into, (source, shown) = position - self._source_starts[run], self._lengths[run]
        if into >= source:
            return self._shown_starts[run] + shown + into - source
        return self._shown_starts[run] + (2 * into if shown == 2 * source else 0)

    def to_source(self, position: int, *, after: bool = False) -> int:
        """Return which position of the text stands there; inside a mark it is its start, or with `after` its end."""
        run = bisect_right(self._shown_starts, position) - 1
        if run < 0:
            return position
        into, (source, shown) = position - self._shown_starts[run], self._lengths[run]
        if into >= shown:
            return self._source_starts[run] + source + into - shown
        if shown == 2 * source:
            return self._source_starts[run] + into // 2
        return self._source_starts[run] + (source if after and into > 0 else 0)

    def _same(self, length: int) -> None:
        self.source_length += length
        self.shown_length += length

    def _differs(self, source: int, shown: int) -> None:
        self._source_starts.append(self.source_length)
        self._shown_starts.append(self.shown_length)
        self._lengths.append((source, shown))
        self.source_length += source
        self.shown_length += shown


# --- labels -----------------------------------------------------------------------------------------------------


def plain_tooltip(widget: QWidget, text: str) -> None:
    """Give `widget` a tooltip that shows `text` as it is and wraps it."""
    # A tooltip guesses whether it is markup; one that surely is can be escaped, so the guess does not matter.
    shown = _cut(text, TOOLTIP_CHARACTERS)
    widget.setToolTip(f'<div style="white-space: pre-wrap">{html.escape(shown)}</div>' if shown else "")


class PlainLabel(QLabel):
    """A label for any text: never markup, bounded in length, and if asked cut to its width with an ellipsis."""

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, elide: Qt.TextElideMode = Qt.TextElideMode.ElideNone
    ) -> None:
        """Show `text`; with `elide` it stays on one line and its tooltip holds the whole."""
        super().__init__(parent)
        self._elide = elide
        self._full_text = ""
        super().setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    @property
    def full_text(self) -> str:
        """Return the text that was set, which `text()` shows with marks and cut to a bounded length."""
        return self._full_text

    def setText(self, text: str) -> None:
        """Show `text` as plain text."""
        if text == self._full_text and text:
            return
        self._full_text = text
        shown = _cut(text, LABEL_CHARACTERS)
        if self._elides:
            plain_tooltip(self, shown)
            shown = " ".join(shown.split("\n"))
        super().setText(shown)

    def setTextFormat(self, text_format: Qt.TextFormat) -> None:
        """Refuse any other format than plain text."""
        if text_format != Qt.TextFormat.PlainText:
            raise ValueError("a PlainLabel shows plain text only")

    def sizeHint(self) -> QSize:
        """Ask for the width of a line at most if the label can be cut."""
        hint = super().sizeHint()
        most = self.fontMetrics().averageCharWidth() * HINT_CHARACTERS
        return QSize(min(hint.width(), most), hint.height()) if self._elides else hint

    def minimumSizeHint(self) -> QSize:
        """Let a label that can be cut shrink to a few characters."""
        hint = super().minimumSizeHint()
        return QSize(self.fontMetrics().horizontalAdvance("mm…"), hint.height()) if self._elides else hint

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text, cut where it does not fit."""
        room = self.contentsRect().adjusted(self.margin(), 0, -self.margin(), 0)
        cut = self.fontMetrics().elidedText(self.text(), self._elide, room.width()) if self._elides else self.text()
        if cut == self.text():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        self.drawFrame(painter)
        option = QStyleOption()
        option.initFrom(self)
        flags = self.alignment() | Qt.AlignmentFlag.AlignVCenter
        self.style().drawItemText(
            painter, room, int(flags), option.palette, self.isEnabled(), cut, self.foregroundRole()
        )
        painter.end()

    @property
    def _elides(self) -> bool:
        return self._elide != Qt.TextElideMode.ElideNone


def _cut(text: str, limit: int) -> str:
    """Return `text` readable and no longer than about `limit` characters."""
    shown = readable(text[:limit])
    return shown if len(text) <= limit and len(shown) <= 2 * limit else shown[: limit - 1] + "…"


# --- the editor -------------------------------------------------------------------------------------------------


def _for_qt(text: str) -> str:
    """Return `text` so that Qt receives all of it.

    WORKAROUND: PySide6 takes U+FEFF or U+FFFE at the start of a string for a byte order mark, drops it and, after the
    latter, swaps the bytes of all that follows. A mark of our own before it is dropped instead.
    """
    return f"\ufeff{text}" if text.startswith(("\ufeff", "\ufffe")) else text


class _PlainDocument(QTextDocument):
    """A document that fetches nothing and counts what tried to."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.incidents = 0

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Count the attempt and give nothing."""
        del kind, name
        self.incidents += 1
        return None


class PlainTextEdit(QTextEdit):
    """An editor of plain text: exact, undoable, with marks on ranges of its text."""

    edited = Signal()  # the person changed the text (also by undo and redo); not sent by `set_text`
    paste_refused = Signal()  # what was pasted or dropped is too long for a draft; nothing was inserted

    def __init__(self, appearance: Appearance, parent: QWidget | None = None, *, max_column: int | None = None) -> None:
        """Start empty; with `max_column` a line is about that many characters long at most."""
        super().__init__(parent)
        self._appearance = appearance
        self._max_column = max_column
        self._loading = False
        self._own_incidents = 0
        self._text: str | None = ""
        self._map: _Shown | None = None
        self._widest: int | None = None
        self._layers: dict[str, list[Mark]] = {}
        self._marks: list[Mark] = []  # of all layers, but for wavy lines
        self._selection_is_hidden = False
        self._marked: tuple[int, int] | None = None  # what has its marks, in positions of the document
        self._waves = Waves(self, appearance)
        self._document = _PlainDocument(self)
        self.setDocument(self._document)
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._document.contentsChange.connect(self._on_contents_change)
        # Slots that no subclass overrides: PySide would call an overridden one on a deleted widget too.
        appearance.changed.connect(self._on_look_changed)
        self._apply_fonts()
        self._load("")

    @property
    def incidents(self) -> int:
        """Return how often anything tried to fetch a resource: always 0, or it is a bug."""
        return self._own_incidents + self._document.incidents

    def text(self) -> str:
        """Return the exact text, with LF between lines."""
        if self._text is None:
            # Not toPlainText: that turns no-break spaces into spaces and U+2028 into line feeds.
            self._text = self._document.toRawText().replace("\u2029", "\n")
        return self._text

    def set_text(self, text: str) -> None:
        """Show another text: cursor at the start, nothing to undo, and `edited` is not sent.

        Raises ValueError for what the border refuses: a paragraph that is too long or a character that does not store.
        """
        text = normalise_newlines(text)
        if longest_paragraph(text) > PARAGRAPH_CHARACTERS:
            raise ValueError(f"a paragraph has more than {PARAGRAPH_CHARACTERS} characters")
        unstorable = unstorable_character(text)
        if unstorable is not None:
            raise ValueError(f"the text has a character that cannot be kept: {unstorable}")
        self._load(text)

    def replace(self, start: int, end: int, text: str) -> None:
        """Replace a range in one step that can be undone; this counts as an edit."""
        cursor = self._cursor(start, end)
        cursor.insertText(_for_qt(_storable(normalise_newlines(text))))
        self.setTextCursor(cursor)

    def cursor_position(self) -> int:
        """Return where the cursor is, in code points."""
        return self._positions().to_source(self.textCursor().position())

    def set_cursor_position(self, position: int) -> None:
        """Put the cursor there, in code points, and make it visible."""
        self.select(position, position)

    def selection(self) -> tuple[int, int]:
        """Return the selected range in code points; both ends are the same if nothing is selected."""
        cursor, positions = self.textCursor(), self._positions()
        start = positions.to_source(cursor.selectionStart())
        return start, max(start, positions.to_source(cursor.selectionEnd(), after=cursor.hasSelection()))

    def select(self, start: int, end: int) -> None:
        """Select a range, in code points, and make it visible."""
        self.setTextCursor(self._cursor(start, end))
        self.ensureCursorVisible()

    def cursors_at(self, ranges: Iterable[tuple[int, int]]) -> list[QTextCursor]:
        """Return a cursor of its own for each range, in code points; they move with the text."""
        to_qt, last, cursors = self._positions().to_qt, self._document.characterCount() - 1, []
        edit = QTextCursor(self._document)
        # Within an edit Qt does not ask where on its line a cursor stands, for which it would lay out what is marked.
        with QSignalBlocker(self._document):  # nothing changes
            edit.beginEditBlock()
            for start, end in ranges:
                cursor = QTextCursor(edit)
                cursor.setPosition(max(0, min(to_qt(start), last)))
                if end != start:
                    cursor.setPosition(max(0, min(to_qt(end), last)), QTextCursor.MoveMode.KeepAnchor)
                cursors.append(cursor)
            edit.endEditBlock()
        return cursors

    def bring_into_view(self, start: int, end: int) -> None:
        """Scroll so that a range of the text is seen; focus and cursor stay where they are."""
        first, last = self.cursorRect(self._cursor(start, start)), self.cursorRect(self._cursor(end, end))
        if first.top() < 0 or last.bottom() > self.viewport().height():
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + first.top() - self._appearance.px(32))

    def set_spans(self, layer: str, spans: Iterable[Span]) -> None:
        """Show ranges of the text in a format; this replaces what the layer showed before.

        Ranges move with the text while it is edited. Later layers lie over earlier ones. A wavy underline is drawn
        alone: nothing else in such a format is shown.
        """
        spans = list(spans)
        cursors = self.cursors_at([(start, end) for start, end, _ in spans])
        self._layers[layer] = [(cursor, look) for cursor, (_, _, look) in zip(cursors, spans, strict=True)]
        self._show_layers()

    def spans(self, layer: str) -> list[tuple[int, int]]:
        """Return the ranges of a layer where they stand now, without those that edits have emptied."""
        positions = self._positions()
        cursors = [cursor for cursor, _ in self._layers.get(layer, ()) if cursor.hasSelection()]
        return [(positions.to_source(c.selectionStart()), positions.to_source(c.selectionEnd())) for c in cursors]

    def span_at(self, layer: str, position: int) -> tuple[int, int] | None:
        """Return the range of a layer that holds a position or ends there, where it stands now."""
        return next((span for span in self.spans(layer) if span[0] <= position <= span[1]), None)

    def drop_span(self, layer: str, position: int) -> None:
        """Take away the ranges of a layer that hold a position or end there, and those that edits have emptied."""
        at, shown = self._positions().to_qt(position), self._layers.get(layer, [])
        kept = [
            (cursor, look)
            for cursor, look in shown
            if cursor.hasSelection() and not cursor.selectionStart() <= at <= cursor.selectionEnd()
        ]
        if len(kept) < len(shown):
            self._layers[layer] = kept
            self._show_layers()

    def set_margin(self, width_px: int) -> None:
        """Leave a strip free at the left of the text."""
        self.setViewportMargins(width_px, 0, 0, 0)
        self._fit_column()

    def find_text(self, wanted: str) -> list[tuple[int, int]]:
        """Return where `wanted` stands in the text, without regard to case."""
        if not wanted:
            return []
        return [match.span() for match in re.finditer(re.escape(wanted), self.text(), re.IGNORECASE)]

    def plain_menu(self) -> QMenu:
        """Return a new context menu with what makes sense for plain text; the caller shows it."""
        menu = QMenu(self)
        chosen = self.textCursor().hasSelection()
        if not self.isReadOnly():
            menu.addAction(self.tr("Undo"), self.undo).setEnabled(self._document.isUndoAvailable())
            menu.addAction(self.tr("Redo"), self.redo).setEnabled(self._document.isRedoAvailable())
            menu.addSeparator()
            menu.addAction(self.tr("Cut"), self.cut).setEnabled(chosen)
        menu.addAction(self.tr("Copy"), self.copy).setEnabled(chosen)
        if not self.isReadOnly():
            menu.addAction(self.tr("Paste"), self.paste).setEnabled(self.canPaste())
        menu.addSeparator()
        menu.addAction(self.tr("Select all"), self.selectAll).setEnabled(not self._document.isEmpty())
        return menu

    # overrides

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Count the attempt and give nothing."""
        del kind, name
        self._own_incidents += 1
        return None

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Take plain text, and no files or links dropped by mistake."""
        return _plain_text(source) is not None

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Insert plain text, or nothing at all if it is too long for a draft."""
        text = _plain_text(source)
        if text is None or self.isReadOnly():
            return
        start, end = self.selection()
        whole = self.text()[:start] + text + self.text()[end:]
        if len(whole) > PASTE_CHARACTERS or longest_paragraph(whole) > PARAGRAPH_CHARACTERS:
            self.paste_refused.emit()
            return
        self.textCursor().insertText(_for_qt(text))
        self.ensureCursorVisible()

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy, cut and drag plain text only, exactly as it is."""
        start, end = self.selection()
        # A view may hold what is no text for a clipboard.
        return private_data(_for_qt(_LONE_SURROGATE.sub("\ufffd", self.text()[start:end])))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show our own menu."""
        menu = self.plain_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def event(self, event: QEvent) -> bool:
        """Leave Ctrl+Z to the page once there is nothing to undo in the text."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_for_page(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Start a new paragraph on Shift+Enter too, and let no hidden key of Qt delete a line."""
        if self._is_for_page(event):
            event.ignore()
        elif event.matches(QKeySequence.StandardKey.InsertLineSeparator):
            if not self.isReadOnly():
                self.textCursor().insertBlock()
                self.ensureCursorVisible()
        elif event.key() == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
            # Qt on X11 and Wayland asks for a menu by the Menu key only, which many keyboards lack.
            at = self.cursorRect().center()
            reason = QContextMenuEvent.Reason.Keyboard
            QApplication.sendEvent(self, QContextMenuEvent(reason, at, self.viewport().mapToGlobal(at)))
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave Ctrl and the wheel to the window: zoom is one for all."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
        else:
            super().wheelEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text with the marks in it, and the wavy lines under it."""
        self._mark_what_is_in_sight()
        super().paintEvent(event)
        self._waves.paint(event.rect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep lines at a readable length."""
        self._fit_column()
        super().resizeEvent(event)

    # private

    def _is_for_page(self, event: QKeyEvent) -> bool:
        keys = QKeySequence.StandardKey
        if event.matches(keys.Undo):
            return self.isReadOnly() or not self._document.isUndoAvailable()
        # Qt's own Ctrl+K and Ctrl+U delete to the end or the whole of a line; on the desk they mean something else.
        return event.matches(keys.DeleteEndOfLine) or event.matches(keys.DeleteCompleteLine)

    def _load(self, text: str) -> None:
        """Fill the document without layout on the way, without undo and without `edited`."""
        self._loading = True
        self._layers.clear()
        self._show_layers()
        self._document.setUndoRedoEnabled(False)
        # Told of one whole change, Qt lays out no more than is in sight; told of an insertion, all of it.
        self._document.setLayoutEnabled(False)
        self._document.clear()
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        cursor.setBlockFormat(self._block_format())
        self._insert(cursor, text)
        cursor.endEditBlock()
        cursor.setPosition(0)
        self.setTextCursor(cursor)
        self._document.setLayoutEnabled(True)
        self._document.setUndoRedoEnabled(not self.isReadOnly())
        self._loading = False

    def _insert(self, cursor: QTextCursor, text: str) -> None:
        cursor.insertText(_for_qt(text))

    def _block_format(self) -> QTextBlockFormat:
        block = QTextBlockFormat()
        block.setLineHeight(float(LINE_HEIGHT_PERCENT), QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        return block

    def _positions(self) -> _Shown:
        if self._map is None:
            self._map = _Shown.exactly(self.text())
        return self._map

    def _cursor(self, start: int, end: int) -> QTextCursor:
        cursor, positions, last = self.textCursor(), self._positions(), self._document.characterCount() - 1
        cursor.setPosition(max(0, min(positions.to_qt(start), last)))
        cursor.setPosition(max(0, min(positions.to_qt(end), last)), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _show_layers(self) -> None:
        layers = sorted(self._layers, key=lambda name: name == MASK)  # nothing lies over what is hidden
        shown = [mark for name in layers for mark in self._layers[name]]
        self._waves.show(mark for mark in shown if is_wavy(mark))
        self._marks = [mark for mark in shown if not is_wavy(mark)]
        self._marked = None
        self._hide_selection(hidden=bool(self._layers.get(MASK)))
        if not self._marks:
            self.setExtraSelections([])
        self.viewport().update()

    def _hide_selection(self, *, hidden: bool) -> None:
        """Let selected text be as little seen as what is masked: Qt draws a selection over all marks."""
        if hidden or self._selection_is_hidden:  # set again each time: a new style sheet brings its own colours
            self._selection_is_hidden = hidden
            palette = QPalette()  # nothing of its own
            if hidden:
                for role in (QPalette.ColorRole.Highlight, QPalette.ColorRole.HighlightedText):
                    palette.setColor(role, self._appearance.theme.colour("muted"))
            self.setPalette(palette)

    def _mark_what_is_in_sight(self) -> None:
        """Hand the marks in sight to Qt just before it paints: for each that it gets, it lays out the text around."""
        if not self._marks:
            return
        first, last = characters_in_sight(self, self.viewport().rect())
        if self._marked is not None and self._marked[0] <= first and last <= self._marked[1]:
            return
        self._marked = first, last
        near = [m for m in self._marks if m[0].selectionStart() <= last and m[0].selectionEnd() >= first]
        viewport, blocked = self.viewport(), Qt.WidgetAttribute.WA_UpdatesDisabled
        viewport.setAttribute(blocked, True)  # noqa: FBT003 - of Qt; what changes is painted now
        self.setExtraSelections([_extra_selection(mark) for mark in near])
        viewport.setAttribute(blocked, False)  # noqa: FBT003

    @Slot(int, int, int)
    def _on_contents_change(self, position: int, removed: int, added: int) -> None:
        del position
        self._forget_text()
        self._marked = None  # what was out of sight may have come into it
        if not (self._loading or self.isReadOnly()) and (removed or added):
            self.edited.emit()

    @Slot()
    def _on_look_changed(self) -> None:
        self._restyle()

    def _forget_text(self) -> None:
        self._text = None
        self._map = None

    def _restyle(self) -> None:
        self._loading = True  # a change of font is not an edit
        self._apply_fonts()
        self._loading = False

    def _apply_fonts(self) -> None:
        self.setFont(self._appearance.reading_font())
        self._document.setDocumentMargin(self._appearance.px(12))
        self._widest = None
        self._fit_column()

    def _fit_column(self) -> None:
        """Wrap at the width there is, or at the longest line that reads well; a scroll bar that comes moves nothing."""
        width = self._fitting_width()
        if self.lineWrapColumnOrWidth() != width:
            self._wrap_at(width)

    def _wrap_at(self, width_px: int) -> None:
        self.setLineWrapMode(QTextEdit.LineWrapMode.FixedPixelWidth)
        self.setLineWrapColumnOrWidth(width_px)

    def _fitting_width(self) -> int:
        bar = self.verticalScrollBar()
        room = self.viewport().width() + (bar.width() if bar.isVisibleTo(self) else 0) - bar.sizeHint().width()
        if self._max_column is not None:
            if self._widest is None:  # measured once for a font: it costs more than all else here
                self._widest = self._column_width(self._max_column)
            room = min(room, self._widest)
        return max(MINIMUM_WIDTH_PX, room)

    def _column_width(self, characters: int) -> int:
        sample = "the quick brown fox jumps over the lazy dog, then rests. "
        per_character = QFontMetricsF(self.font()).horizontalAdvance(sample) / len(sample)
        return round(per_character * characters + 2 * self._document.documentMargin())


def _extra_selection(mark: Mark) -> QTextEdit.ExtraSelection:
    """Return a mark as Qt wants it.

    WORKAROUND: made anew each time, because to read a field of one that is kept ends in a double free when the garbage
    collector takes both (PySide6 6.11.3). Can go when that is mended.
    """
    selection = QTextEdit.ExtraSelection()
    selection.cursor, selection.format = mark
    return selection


def _plain_text(source: QMimeData) -> str | None:
    """Return the plain text of a paste or drop, or None; files and links are not text."""
    if source.hasUrls() or not source.hasFormat("text/plain"):
        return None
    return _storable(normalise_newlines(source.text()))


def _storable(text: str) -> str:
    return re.sub("[\x00\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", "\ufffd", text)


# --- read-only views --------------------------------------------------------------------------------------------


class PlainTextView(PlainTextEdit):
    """A text to read: any text at all, with marks for what would hide and soft breaks in endless lines.

    Positions, `text()` and copies are those of the text that was set. Keyboard selection works; nothing edits.
    """

    def __init__(self, appearance: Appearance, parent: QWidget | None = None, *, max_column: int | None = None) -> None:
        """Start empty; with `max_column` a line is about that many characters long at most."""
        self._source = ""
        self._spans: dict[str, list[Span]] = {}
        super().__init__(appearance, parent, max_column=max_column)
        self.setReadOnly(True)
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)

    def text(self) -> str:
        """Return the text that was set, with LF between lines."""
        return self._source

    def set_text(self, text: str) -> None:
        """Show `text`, whatever it holds."""
        self._source = normalise_newlines(text)
        self._spans.clear()
        self._load(self._source)

    def set_spans(self, layer: str, spans: Iterable[Span]) -> None:
        """Show ranges of the text in a format; this replaces what the layer showed before."""
        self._spans[layer] = list(spans)
        super().set_spans(layer, self._spans[layer])

    def _insert(self, cursor: QTextCursor, text: str) -> None:
        self._map = shown = _Shown()
        for piece in _pieces(text):
            self._insert_parts(cursor, shown.add(piece))

    def _insert_parts(self, cursor: QTextCursor, parts: Iterable[tuple[str, bool]], *, header: bool = False) -> None:
        """Insert the parts, those next to each other and alike at once; too many marks go without their colour."""
        parts = list(parts)
        if sum(is_mark for _, is_mark in parts) > PIECE_MARKS:
            parts = [("".join(part for part, _ in parts), False)]
        cursor.beginEditBlock()
        for is_mark, group in itertools.groupby(parts, key=itemgetter(1)):
            cursor.insertText("".join(part for part, _ in group), self._char_format(mark=is_mark, header=header))
        cursor.endEditBlock()

    def _char_format(self, *, mark: bool = False, header: bool = False) -> QTextCharFormat:
        theme, text_format = self._appearance.theme, QTextCharFormat()
        if header:
            text_format.setFont(self._appearance.small_font(QFont.Weight.DemiBold))
        if header or mark:
            text_format.setForeground(theme.colour("muted"))
        if mark:
            text_format.setBackground(theme.colour("hover"))
            text_format.setFontPointSize(self._appearance.small_font().pointSizeF())
        return text_format

    def _positions(self) -> _Shown:
        return self._map if self._map is not None else _Shown()

    def _forget_text(self) -> None:
        """Keep text and map: they grow with what is filled in."""

    def _restyle(self) -> None:
        """Fill anew: the marks carry colours of their own."""
        selected, scrolled = self.selection(), self.verticalScrollBar().value()
        self._apply_fonts()
        self._load(self._source)
        for layer, spans in self._spans.items():
            super().set_spans(layer, spans)
        self.setTextCursor(self._cursor(*selected))
        self.verticalScrollBar().setValue(scrolled)


class _TurnPlace(NamedTuple):
    """Where a turn stands in the text of the view, in code points: its heading, its words, its end."""

    start: int
    words: int
    end: int


class _Wanted(NamedTuple):
    """A range to bring into view, and perhaps to select, as soon as it is filled in."""

    start: int
    end: int
    selects: bool
    also: tuple[int, int] | None = None  # a wider range to show as well, if both fit


def _normalised(turns: Iterable[SourceTurn]) -> tuple[SourceTurn, ...]:
    return tuple((when, who, normalise_newlines(words)) for when, who, words in turns)


class SourceView(PlainTextView):
    """The conversation a draft was made from: one bubble for each turn, with time and speaker above the words.

    Its text is the headings and words of all turns, each on lines of its own. A large source is filled in a little at
    a time; whatever is asked for before its turn is there is shown as soon as it is.
    """

    filled = Signal()  # all turns are in the document

    def __init__(self, appearance: Appearance, parent: QWidget | None = None, *, max_column: int | None = 80) -> None:
        """Start without turns."""
        self._turns: tuple[SourceTurn, ...] = ()
        self._places: list[_TurnPlace] = []
        self._turn_starts_qt: list[int] = []
        self._filling: Iterator[None] = iter(())
        self._is_filled = True
        self._in_advance = False  # laid out as it is filled in, as nobody sees it yet
        self._late_layers: set[str] = set()
        self._evidence: tuple[tuple[int, int], ...] = ()
        self._unused: frozenset[int] = frozenset()
        self._unused_words = self._unused_short = ""
        self._unused_widths: tuple[float, float, float] | None = None  # of the words, of a letter, and the height
        self._wanted: _Wanted | None = None
        self._cursor_back: int | None = None  # where the cursor stood before all was filled in anew
        super().__init__(appearance, parent, max_column=max_column)
        self.setAccessibleName(self.tr("Source conversation"))
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._fill_slice)
        self._refill_timer = QTimer(self)
        self._refill_timer.setSingleShot(True)
        self._refill_timer.setInterval(REFILL_AFTER_MS)
        self._refill_timer.timeout.connect(self._refill)

    @property
    def is_filled(self) -> bool:
        """Tell whether all turns are in the document."""
        return self._is_filled

    def set_turns(self, turns: Iterable[SourceTurn]) -> None:
        """Show a conversation: of each turn the time as it is to be shown or None, the speaker, the words."""
        self._in_advance = False
        self._take_turns(_normalised(turns))

    def shows(self, turns: Iterable[SourceTurn]) -> bool:
        """Tell whether all of these turns are there, and no others."""
        return self._is_filled and self._turns == _normalised(turns)

    def prepare(self, turns: Iterable[SourceTurn], place: "SourceView") -> None:
        """Fill in and lay out, hidden and a little at a time, what is to be shown in the place of another view."""
        wanted, width = _normalised(turns), place.lineWrapColumnOrWidth()
        if (self._turns, self.lineWrapColumnOrWidth(), self.size()) != (wanted, width, place.size()):
            self.set_turns(())
            self.setGeometry(place.geometry())
            self._wrap_at(width)
            self._in_advance = True
            self._take_turns(wanted)

    def set_text(self, text: str) -> None:
        """Show a source that is no conversation: one turn without a speaker."""
        self.set_turns([(None, "", text)] if text else [])

    def turn_range(self, turn: int) -> tuple[int, int]:
        """Return where the words of a turn stand in `text()`, as [start, end) in code points."""
        place = self._places[turn]
        return place.words, place.end

    def turn_at(self, position: int) -> int:
        """Return the turn that a position of `text()` belongs to, or -1 without turns."""
        return bisect_right(self._places, position, key=attrgetter("start")) - 1

    def highlight(self, turn: int, start: int, end: int) -> None:
        """Show [start, end) of the words of a turn, in code points, as the evidence; replaces the one before."""
        self.highlight_all([(turn, start, end)])

    def highlight_all(self, passages: Iterable[tuple[int, int, int]]) -> None:
        """Show some ranges of turns as the evidence, the best first; this replaces those before."""
        shown = []
        for turn, start, end in passages:
            words, last = self.turn_range(turn)
            shown.append((min(words + start, last), min(words + end, last)))
        if tuple(shown) != self._evidence:
            self._evidence = tuple(shown)
            self._show_evidence()

    def clear_highlight(self) -> None:
        """Show no evidence."""
        self.highlight_all([])

    def bring_evidence(self) -> None:
        """Bring the evidence into view, all of it if it fits; focus and cursor stay where they are."""
        if not self._evidence:
            return
        best = self._evidence[0]
        first, last = min(start for start, _ in self._evidence), max(end for _, end in self._evidence)
        self._want(_Wanted(*best, selects=False, also=(first, last)))

    def mark_unused(self, turns: Iterable[int], words: str, short: str) -> None:
        """Say `words`, or where there is no room `short`, quietly, beside the headings of some turns."""
        turns = frozenset(turns)
        if (turns, words) != (self._unused, self._unused_words):
            self._unused, self._unused_words, self._unused_short = turns, words, short
            self._unused_widths = None
            self.viewport().update()

    def scroll_to_turn(self, turn: int, position: int = 0) -> None:
        """Bring a turn, or a position in its words, into view if it is not; focus and cursor stay where they are."""
        place = self._places[turn]
        start = min(place.words + position, place.end) if position else place.start
        self._want(_Wanted(start, min(start + 200, place.end), selects=False))

    def set_spans(self, layer: str, spans: Iterable[Span]) -> None:
        """Show ranges of the text in a format, those not filled in yet as soon as they are."""
        self._spans[layer] = list(spans)
        self._late_layers.add(layer)
        self._show_late()

    def select(self, start: int, end: int) -> None:
        """Select a range of the text and bring it into view."""
        self._want(_Wanted(start, end, selects=True))

    # overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bubbles in sight, and the text over them."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for turn, bubble in self._bubbles_in_sight():
            self._paint_bubble(painter, bubble, "first" if self._is_first_side(turn) else "other")
            if turn in self._unused:
                self._paint_unused(painter, turn, bubble)
        painter.end()
        super().paintEvent(event)

    # filling

    def _take_turns(self, turns: tuple[SourceTurn, ...]) -> None:
        self._turns = turns
        self._evidence, self._wanted, self._cursor_back = (), None, None
        self._unused = frozenset()
        self._spans.clear()
        self._late_layers.clear()
        self._place_turns()
        self._start_filling()

    def _place_turns(self) -> None:
        lines: list[str] = []
        self._places = []
        at = 0
        for turn in self._turns:
            heading, words = _heading(turn), turn[2]
            words_at = at + (len(heading) + 1 if heading else 0)
            self._places.append(_TurnPlace(at, words_at, words_at + len(words)))
            lines += [heading, words] if heading else [words]
            at = self._places[-1].end + 1
        self._source = "\n".join(lines)

    def _start_filling(self) -> None:
        self._timer.stop()
        self._load("")
        self._turn_starts_qt.clear()
        self._late_layers.update(self._spans)
        self._is_filled = False
        self._filling = self._fill()
        self._fill_slice()
        if not self._is_filled:
            self._timer.start()

    @Slot()
    def _fill_slice(self) -> None:
        stop_at = time.perf_counter() + SLICE_MS / 1000
        cursor = self.textCursor()
        anchor, position = cursor.anchor(), cursor.position()
        while not self._is_filled and time.perf_counter() < stop_at:
            self._is_filled = next(self._filling, self) is self
            if self._in_advance:
                self._document.documentLayout().blockBoundingRect(self._document.lastBlock())
        if cursor.position() != position or cursor.anchor() != anchor:
            # It stood at the end and travelled along with what was filled in.
            cursor.setPosition(anchor)
            cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)
        self._show_late()
        if self._is_filled:
            self._timer.stop()
            if self._in_advance:
                self._in_advance = False
                self.grab()  # what the first paint would have to find out
            self.filled.emit()

    def _fill(self) -> Iterator[None]:
        """Fill in all turns, in steps of a few thousand characters."""
        cursor = QTextCursor(self._document)
        shown = self._positions()
        for number, turn in enumerate(self._turns):
            pieces = _pieces(turn[2])
            cursor.beginEditBlock()
            self._begin_turn(cursor, number)
            self._insert_parts(cursor, shown.add(next(pieces, "")))
            cursor.endEditBlock()
            yield
            for piece in pieces:
                self._insert_parts(cursor, shown.add(piece))
                yield

    def _begin_turn(self, cursor: QTextCursor, number: int) -> None:
        first_side, heading, shown = self._is_first_side(number), _heading(self._turns[number]), self._positions()
        top = self._turn_format(first_side=first_side, is_top=True)
        if number == 0:
            cursor.setBlockFormat(top)
        else:
            cursor.insertBlock(top, QTextCharFormat())
            shown.add_block()
        self._turn_starts_qt.append(cursor.position())
        if heading:
            self._insert_parts(cursor, shown.add(heading), header=True)
            cursor.insertBlock(self._turn_format(first_side=first_side, is_top=False), QTextCharFormat())
            shown.add_block()

    def _turn_format(self, *, first_side: bool, is_top: bool) -> QTextBlockFormat:
        px = self._appearance.px
        block = self._block_format()
        left, right = self._indents(first_side=first_side)
        block.setLeftMargin(left + px(14))
        block.setRightMargin(right + px(12))
        block.setTopMargin(px(2 * BUBBLE_PADDING + BUBBLE_GAP) if is_top else 0)
        return block

    # what is asked for

    def _want(self, wanted: _Wanted) -> None:
        self._wanted = wanted
        self._show_wanted()

    def _show_late(self) -> None:
        """Show what was asked for before it was there."""
        there = self._positions().source_length
        for layer in tuple(self._late_layers):
            if self._is_filled or all(end <= there for _, end, _ in self._spans[layer]):
                self._late_layers.discard(layer)
                PlainTextEdit.set_spans(self, layer, self._spans[layer])
        self._show_wanted()

    def _show_wanted(self) -> None:
        back, there = self._cursor_back, self._positions().source_length
        if back is not None and (self._is_filled or back <= there):
            self._cursor_back = None
            self.setTextCursor(self._cursor(back, back))
        wanted = self._wanted
        if wanted is None or not (self._is_filled or wanted.end <= self._positions().source_length):
            return
        self._wanted = None
        if wanted.selects:
            super().select(wanted.start, wanted.end)
        else:
            if wanted.also is not None and wanted.also[1] <= self._positions().source_length:
                self.bring_into_view(*wanted.also)
            self.bring_into_view(wanted.start, wanted.end)

    def _show_evidence(self) -> None:
        theme, text_format = self._appearance.theme, QTextCharFormat()
        text_format.setBackground(theme.colour("mark"))
        text_format.setForeground(theme.colour("text"))
        text_format.setFontUnderline(True)  # a sign that is not colour
        self.set_spans("evidence", [(start, end, text_format) for start, end in self._evidence])

    def _restyle(self) -> None:
        """Fill anew: block formats and headings carry sizes and colours of their own."""
        self._unused_widths = None
        if self._evidence:
            self._show_evidence()
        self._refill()

    @Slot()
    def _refill(self) -> None:
        selected = self.selection()
        top = self._positions().to_source(self.cursorForPosition(QPoint(0, 0)).position())
        self._load("")
        self._apply_fonts()
        self._start_filling()
        if selected[0] != selected[1]:
            self.select(*selected)
        else:
            self._cursor_back = selected[0]
        self._want(_Wanted(top, top, selects=False))

    def _wrap_at(self, width_px: int) -> None:
        """Do not lay out a big source at once: fill it anew, a little at a time, when its width has settled."""
        if self._document.characterCount() > REFILL_CHARACTERS:
            self._refill_timer.start()
        else:
            super()._wrap_at(width_px)

    # bubbles

    def _is_first_side(self, turn: int) -> bool:
        return self._turns[turn][1] == self._turns[0][1]

    def _indents(self, *, first_side: bool) -> tuple[int, int]:
        """Return what a bubble leaves free at its left and right: each side leans to its own."""
        free = self._appearance.px(24)
        return (0, free) if first_side else (free, 0)

    def _bubbles_in_sight(self) -> Iterator[tuple[int, QRectF]]:
        """Yield the turns in sight with their bubbles, in the coordinates of the viewport."""
        scrolled = self.verticalScrollBar().value()
        at = self._document.documentLayout().hitTest(QPointF(0, scrolled), Qt.HitTestAccuracy.FuzzyHit)
        # The padding of the bubble before may still be in sight.
        first = max(0, bisect_right(self._turn_starts_qt, at) - 2)
        sight = QRectF(self.viewport().rect()).adjusted(-20, -20, 20, 20)
        for turn in range(first, len(self._turn_starts_qt)):
            bubble = self._bubble(turn).translated(-self.horizontalScrollBar().value(), -scrolled)
            if bubble.top() > sight.bottom():
                return
            yield turn, bubble.intersected(sight)

    def _bubble(self, turn: int) -> QRectF:
        layout, starts = self._document.documentLayout(), self._turn_starts_qt
        end = starts[turn + 1] - 1 if turn + 1 < len(starts) else self._document.characterCount() - 1
        first = layout.blockBoundingRect(self._document.findBlock(starts[turn]))
        last = layout.blockBoundingRect(self._document.findBlock(end))
        left, right = self._indents(first_side=self._is_first_side(turn))
        margin, padding = self._document.documentMargin(), self._appearance.px(BUBBLE_PADDING)
        width = self._document.textWidth() - 2 * margin - left - right
        return QRectF(margin + left, first.top() - padding, width, last.bottom() - first.top() + 2 * padding)

    def _paint_bubble(self, painter: QPainter, bubble: QRectF, side: str) -> None:
        theme = self._appearance.theme
        outline = QPainterPath()
        outline.addRoundedRect(bubble, RADIUS_PX, RADIUS_PX)
        painter.fillPath(outline, theme.colour(f"{side}_bubble"))
        painter.setClipPath(outline)
        painter.fillRect(QRectF(bubble.left(), bubble.top(), 3, bubble.height()), theme.colour(f"{side}_bar"))
        painter.setClipping(False)

    def _paint_unused(self, painter: QPainter, turn: int, bubble: QRectF) -> None:
        """Write at the right of a turn's heading, where there is room, that nothing rests on it."""
        px, small = self._appearance.px, self._appearance.small_font()
        if self._unused_widths is None:  # to measure text takes a part of a frame, so not at each paint
            metrics, bold = QFontMetricsF(small), QFontMetricsF(self._appearance.small_font(QFont.Weight.DemiBold))
            letter = bold.horizontalAdvance("Nurse practitioner 0:00") / 22
            self._unused_widths = metrics.horizontalAdvance(self._unused_words), letter, metrics.height()
        wide, letter, height = self._unused_widths
        room = bubble.width() - len(_heading(self._turns[turn])) * letter - px(14) - px(24)
        words = self._unused_words if wide <= room else self._unused_short
        heading = self._document.documentLayout().blockBoundingRect(
            self._document.findBlock(self._turn_starts_qt[turn])
        )
        top = heading.top() - self.verticalScrollBar().value()
        area = QRectF(bubble.left(), top, bubble.width() - px(10), height * 1.15)
        painter.setFont(small)
        painter.setPen(self._appearance.theme.colour("muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(Qt.PenStyle.NoPen)


def _heading(turn: SourceTurn) -> str:
    """Return the line above the words of a turn, such as "10:02 Customer"; empty without time and speaker."""
    when, who, _ = turn
    return " ".join(f"{when or ''} {who}".split())
