"""The editor of a draft, built from the fields of its kind. Its text is one plain text, whatever the fields."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from reviewer.domain import layout
from reviewer.domain.kinds import KINDS, Field, Form, Kind
from reviewer.domain.limits import normalise_newlines
from reviewer.ui.text import PlainTextEdit
from reviewer.ui.theme import Appearance, set_role

_ROWS = {Form.LIST: 4, Form.LINE: 1, Form.TAGS: 1}


class SectionsEdit(PlainTextEdit):
    """A note: its headings stand out, and Tab goes from section to section."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, parent, max_column=80)
        self.setTabChangesFocus(False)
        self._headings = _Headings(self.document(), appearance)

    def step(self, forward: int) -> bool:
        """Go to the next (1) or previous (-1) section; False at the end of the note."""
        here = self.cursor_position()
        starts = [section.body_start for section in layout.sections(self.text())]
        others = [start for start in starts if (start > here if forward > 0 else start < here)]
        if not others:
            return False
        self.set_cursor_position(min(others) if forward > 0 else max(others))
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tab and Shift+Tab step through the sections, and out of the note at its ends."""
        if event.key() == Qt.Key.Key_Tab and not event.modifiers():
            if not self.step(1):
                QWidget.focusNextPrevChild(self, True)  # noqa: FBT003 - the editor's own would refuse
        elif event.key() == Qt.Key.Key_Backtab:
            if not self.step(-1):
                QWidget.focusNextPrevChild(self, False)  # noqa: FBT003
        else:
            super().keyPressEvent(event)


class _Headings(QSyntaxHighlighter):
    """Shows headings in bold."""

    def __init__(self, document: QTextDocument, appearance: Appearance) -> None:
        super().__init__(document)
        self._appearance = appearance
        appearance.changed.connect(self.rehighlight)

    def highlightBlock(self, text: str) -> None:
        """Mark the heading that a paragraph opens with."""
        width = layout.heading_width(text)
        if width:
            look = QTextCharFormat()
            look.setFontWeight(700)
            look.setForeground(self._appearance.theme.colour("accent"))
            self.setFormat(0, width, look)


class _TagsEdit(PlainTextEdit):
    """One line of entries with commas between them, each shown as a chip."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, parent)
        self._appearance = appearance
        self.textChanged.connect(self._mark)
        appearance.changed.connect(self._mark)

    def set_text(self, text: str) -> None:
        """Show other entries."""
        super().set_text(text)
        self._mark()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter adds a comma: the entries stand on one line."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.textCursor().insertText(", ")
        else:
            super().keyPressEvent(event)

    @Slot()
    def _mark(self) -> None:
        look = QTextCharFormat()
        look.setBackground(self._appearance.theme.colour("selection"))
        spans, at = [], 0
        for piece in self.text().split(","):
            start = at + len(piece) - len(piece.lstrip())
            end = at + len(piece.rstrip())
            if start < end:
                spans.append((start, end, look))
            at += len(piece) + 1
        self.set_spans("chips", spans)


@dataclass(slots=True)
class _Slot:
    """A field on the page."""

    field: Field
    caption: QLabel
    widget: PlainTextEdit | QComboBox

    def text(self) -> str:
        return self.widget.text() if isinstance(self.widget, PlainTextEdit) else str(self.widget.currentData() or "")

    def set_text(self, text: str) -> None:
        if isinstance(self.widget, PlainTextEdit):
            self.widget.set_text(text)
            return
        while self.widget.count() > 1 + len(self.field.choices):
            self.widget.removeItem(self.widget.count() - 1)  # what an earlier draft had added
        if self.widget.findData(text) < 0:
            self.widget.addItem(text, text)  # the draft's own word, though the kind does not list it
        self.widget.setCurrentIndex(self.widget.findData(text))

    def set_locked(self, *, locked: bool) -> None:
        """Let the field be read only, or not."""
        if isinstance(self.widget, PlainTextEdit):
            self.widget.setReadOnly(locked)
        else:
            self.widget.setEnabled(not locked)

    def forget(self) -> None:
        """Keep nothing of the text, nor of what could be undone in it."""
        if isinstance(self.widget, PlainTextEdit):
            document = self.widget.document()
            if not (self.widget.text() or document.isUndoAvailable() or document.isRedoAvailable()):
                return
        with QSignalBlocker(self.widget):
            self.set_text("")


_Page = list[_Slot]
_PAGES = 2


@dataclass(frozen=True, slots=True)
class Places:
    """Where the text fields stand in the whole text: each with its start and its length."""

    fields: list[tuple[PlainTextEdit, int, int]]

    def of(self, start: int, end: int) -> list[tuple[PlainTextEdit, int, int]]:
        """Return where a range of the whole text stands in the fields: the field, and the range in it."""
        placed = []
        for edit, at, length in self.fields:
            first, last = max(0, start - at), min(length, end - at)
            if first < last:
                placed.append((edit, first, last))
        return placed


class FieldsEditor(QWidget):
    """Edits one draft."""

    edited = Signal()  # by the person, not by loading
    cursor_moved = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._pages: dict[str, list[_Page]] = {}  # of each kind two: the second is made ready behind the first
        self._page: _Page = []
        self._left: _Page = []  # of the page before, still to be emptied
        self._ahead: tuple[str, str, _Page] | None = None  # the kind and text that a page is filled with in advance
        self._edited_last: QObject | None = None
        self._kind: Kind | None = None
        self._draft = self._base = ""
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    @property
    def body(self) -> PlainTextEdit:
        """Return the editor of the running text."""
        assert self._kind is not None  # noqa: S101 - asked for only while an item is shown
        return next(s.widget for s in self._page if s.field is self._kind.body and isinstance(s.widget, PlainTextEdit))

    @property
    def draft(self) -> str:
        """Return the draft that is being edited."""
        return self._draft

    def prepare_pages(self) -> bool:
        """Make a page that was not needed yet; False where all are made."""
        kind = next((kind for kind in KINDS.values() if len(self._pages.get(kind.key, ())) < _PAGES), None)
        if kind is not None:
            self._make_page(kind)
        return kind is not None

    def prepare(self, kind_key: str, text: str) -> None:
        """Fill in and lay out in advance, unseen, the text that comes next."""
        kind, text = KINDS[kind_key], normalise_newlines(text)
        if self._ahead is not None and self._ahead[:2] == (kind_key, text):
            return
        self._empty_left()
        self._forget_ahead()
        page = self._free_page(kind)
        self._fill(page, kind, text)
        self._ahead = kind_key, text, page
        alike = kind is self._kind
        for number, slot in enumerate(page) if alike or len(page) == 1 else ():
            slot.widget.setGeometry(self._page[number].widget.geometry() if alike else self.rect())
            slot.widget.grab()  # what the first paint would have to find out

    def load(self, kind_key: str, draft: str, text: str | None, cursor: int) -> None:
        """Show a draft, or the working `text` on it, with the cursor (in code points of the whole text) there."""
        kind, text = KINDS[kind_key], normalise_newlines(draft if text is None else text)
        ahead, self._ahead = self._ahead, None
        self._kind, self._draft, self._base = kind, draft, text
        if ahead is not None and ahead[:2] == (kind_key, text):
            self._show_page(ahead[2])
        else:
            if ahead is not None:
                self._left += ahead[2]
            page = self._free_page(kind)
            self._fill(page, kind, text)
            self._show_page(page)
        self.set_cursor_position(cursor)

    def text(self) -> str:
        """Return the whole text; an untouched draft comes back byte for byte."""
        assert self._kind is not None  # noqa: S101 - asked for only while an item is shown
        changed = {slot.field.key: slot.text() for slot in self._page}
        whole = layout.compose(self._kind, self._base, changed)
        return self._draft if whole == normalise_newlines(self._draft) else whole

    def reset(self) -> None:
        """Go back to the draft, as one step that can be undone."""
        self.take(self._draft)

    def undo(self) -> bool:
        """Undo typing, in the field where it was last if there; False where there is nothing to undo."""
        undoable = [edit for edit in self.texts() if edit.document().isUndoAvailable() and not edit.isReadOnly()]
        if not undoable:
            return False
        edit = next((each for each in undoable if each is self._edited_last), undoable[0])
        edit.setFocus(Qt.FocusReason.OtherFocusReason)
        edit.undo()
        return True

    def take(self, text: str) -> None:
        """Replace the whole text by another, as one step that can be undone."""
        assert self._kind is not None  # noqa: S101 - asked for only while an item is shown
        wanted = normalise_newlines(text)
        parts = {part.field.key: layout.value(part, wanted) for part in layout.parts(self._kind, wanted)}
        for slot in self._page:
            if isinstance(slot.widget, PlainTextEdit):
                if slot.text() != parts[slot.field.key]:
                    slot.widget.replace(0, len(slot.text()), parts[slot.field.key])
            else:
                slot.set_text(parts[slot.field.key])
        self._base = wanted
        self.edited.emit()

    def texts(self) -> list[PlainTextEdit]:
        """Return the text fields, in their order."""
        return [slot.widget for slot in self._page if isinstance(slot.widget, PlainTextEdit)]

    def prose(self) -> list[PlainTextEdit]:
        """Return the text fields that hold sentences, which a line of tags does not."""
        return [edit for edit in self.texts() if not isinstance(edit, _TagsEdit)]

    def places(self) -> Places:
        """Return where the fields stand in the whole text as it is now."""
        fields = []
        for slot in self._page:
            if isinstance(slot.widget, PlainTextEdit):
                fields.append((slot.widget, self._start_of(slot), len(slot.widget.text())))
        return Places(fields)

    def cursor_position(self) -> int:
        """Return where the cursor is in the whole text."""
        for slot in self._page:
            if isinstance(slot.widget, PlainTextEdit) and slot.widget.hasFocus():
                return self._start_of(slot) + slot.widget.cursor_position()
        return self._start_of(self._page[0]) + self.body.cursor_position() if self._page else 0

    def set_cursor_position(self, position: int) -> None:
        """Put the cursor there and the focus into that field."""
        best = next((slot for slot in self._page if isinstance(slot.widget, PlainTextEdit)), None)
        for slot in self._page:
            start = self._start_of(slot)
            if isinstance(slot.widget, PlainTextEdit) and start <= position <= start + len(slot.text()):
                best = slot
                break
        if best is not None and isinstance(best.widget, PlainTextEdit):
            best.widget.set_cursor_position(max(0, min(position - self._start_of(best), len(best.text()))))
            best.widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus(self) -> None:
        """Put the focus where the person was typing."""
        if self._page and not any(slot.widget.hasFocus() for slot in self._page):
            self.body.setFocus(Qt.FocusReason.OtherFocusReason)

    def step(self, forward: int) -> None:
        """Go to the next (1) or previous (-1) field or section."""
        focused = next((i for i, slot in enumerate(self._page) if slot.widget.hasFocus()), 0)
        widget = self._page[focused].widget
        if isinstance(widget, SectionsEdit) and widget.step(forward):
            return
        self._page[(focused + forward) % len(self._page)].widget.setFocus(Qt.FocusReason.TabFocusReason)

    def clear(self) -> None:
        """Forget the text and what could be undone in it."""
        for slot in self._page:
            slot.forget()
        self._empty_left()
        self._forget_ahead()
        self._draft = self._base = ""

    def set_locked(self, *, locked: bool) -> None:
        """Let the text be read only: its lease is over."""
        for slot in self._page:
            slot.set_locked(locked=locked)

    def _fill(self, page: _Page, kind: Kind, text: str) -> None:
        for part, slot in zip(layout.parts(kind, text), page, strict=True):
            slot.set_locked(locked=False)
            with QSignalBlocker(slot.widget):
                slot.set_text(layout.value(part, text))

    def _start_of(self, wanted: _Slot) -> int:
        """Return where a field starts in the text as it was loaded; edits before it shift it."""
        assert self._kind is not None  # noqa: S101 - asked for only while an item is shown
        shift = 0
        parts = zip(layout.parts(self._kind, self._base), self._page, strict=True)
        for part, slot in sorted(parts, key=lambda pair: pair[0].start):
            if slot is wanted:
                return part.start + shift if part.present else self._start_of_added(wanted)
            if part.present:
                shift += len(slot.text()) - (part.end - part.start)
        return 0

    def _start_of_added(self, wanted: _Slot) -> int:
        """Return where a field starts that the text lacked when it was loaded."""
        assert self._kind is not None  # noqa: S101 - asked for only while an item is shown
        parts = zip(layout.parts(self._kind, self.text()), self._page, strict=True)
        return max(0, next(part.start for part, slot in parts if slot is wanted))

    def _make_page(self, kind: Kind) -> _Page:
        page = [self._make(field, kind) for field in kind.fields]
        for slot in page:
            slot.caption.hide()
            slot.widget.hide()
        self._pages.setdefault(kind.key, []).append(page)
        return page

    def _free_page(self, kind: Kind) -> _Page:
        """Return a page of a kind that is not on screen."""
        free = next((page for page in self._pages.get(kind.key, ()) if page is not self._page), None)
        return self._make_page(kind) if free is None else free

    def _show_page(self, page: _Page) -> None:
        if page is self._page:
            return
        for slot in self._page:
            slot.caption.hide()
            slot.widget.hide()
        self._left += self._page
        self._left = [slot for slot in self._left if slot not in page]
        QTimer.singleShot(0, self._empty_left)  # after the paint: nobody sees them
        for slot in page:
            slot.caption.setVisible(len(page) > 1)
            slot.widget.show()
        self._page = page

    def _forget_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        for slot in ahead[2] if ahead is not None else ():
            slot.forget()

    @Slot()
    def _empty_left(self) -> None:
        left, self._left = self._left, []
        for slot in left:
            if slot not in self._page:
                slot.forget()

    def _make(self, field: Field, kind: Kind) -> _Slot:
        caption = QLabel(QCoreApplication.translate("Field", field.label), self)
        set_role(caption, "small")
        widget = self._make_widget(field)
        widget.setObjectName(f"field_{kind.key}_{field.key}")
        widget.setAccessibleName(caption.text())
        caption.setBuddy(widget)
        self._column.addWidget(caption)
        self._column.addWidget(widget, stretch=1 if field is kind.body else 0)
        return _Slot(field, caption, widget)

    def _make_widget(self, field: Field) -> PlainTextEdit | QComboBox:
        if field.form is Form.CHOICE:
            return self._make_choice(field)
        if field.form is Form.SECTIONS:
            edit: PlainTextEdit = SectionsEdit(self._appearance, self)
        elif field.form is Form.TAGS:
            edit = _TagsEdit(self._appearance, self)
        else:
            edit = PlainTextEdit(self._appearance, self, max_column=80)
        rows = _ROWS.get(field.form)
        if rows is not None:
            edit.setFixedHeight(round(edit.fontMetrics().lineSpacing() * 1.45 * rows) + 20)
            if rows == 1:
                edit.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        edit.edited.connect(self._on_edited)
        edit.cursorPositionChanged.connect(self.cursor_moved)
        return edit

    def _make_choice(self, field: Field) -> QComboBox:
        box = QComboBox(self)
        box.addItem(self.tr("not stated"), "")
        for choice in field.choices:
            box.addItem(QCoreApplication.translate("Choice", choice), choice)
        box.setMaximumWidth(220)
        box.activated.connect(self._on_choice)
        return box

    @Slot()
    def _on_edited(self) -> None:
        self._edited_last = self.sender()
        self.edited.emit()

    @Slot(int)
    def _on_choice(self, _index: int) -> None:
        self.edited.emit()
