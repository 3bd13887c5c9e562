"""Spelling on the review page: a wavy line under words that the dictionary lacks, and what was meant in their menu.

Guarantees: neither the window nor a decision waits for a dictionary, for a thread of its own asks a process of its own;
nothing is loaded or started before the first item is on screen; a mark belongs to the text that is shown, and the
word being typed has none; a language without a dictionary costs nothing and is said beside the count; after `close`
no process, thread or timer is left.
"""

import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QFocusEvent, QFont, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QMenu

from reviewer.domain import layout
from reviewer.domain.items import ClaimedItem
from reviewer.ui.desk.editor import FieldsEditor, SectionsEdit
from reviewer.ui.text import PlainTextEdit, qt_to_code_point
from reviewer.ui.theme import Appearance
from reviewer.ui.worker import Worker

if TYPE_CHECKING:
    from reviewer.spelling import Checker, DictionaryFiles

T = TypeVar("T")
Marks = tuple[tuple[int, int], ...]  # [start, end) in code points of one paragraph

LAYER = "spelling"
PAUSE_MS = 500  # without typing, before the text is checked
MENU_MS = 150  # a menu waits no longer for its suggestions
_SCROLL_MS = 80
_AROUND_CHARACTERS = 1_500  # before and after what is in sight, checked with it
_MOST_PARAGRAPHS = 500  # remembered; one draft rarely has more
_MOST_OPEN = 3  # dictionaries, each 30 to 90 MB in its process
_INSIDE_A_WORD = re.compile(r"[\w'’\-‑]*")


# --- on the worker's thread -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Checked:
    """What a check found; `reason` says why nothing can be checked."""

    round: int
    marks: dict[str, Marks]  # by paragraph
    reason: str | None
    has_dictionary: bool
    is_any_open: bool


@dataclass(frozen=True, slots=True)
class _Suggested:
    request: int
    words: tuple[str, ...]


class _Dictionaries:
    """The checkers in use, by their dictionary. Only `close` is called on the GUI thread."""

    def __init__(self, personal: Iterable[str]) -> None:
        self._personal = set(personal)
        self._found: dict[str, DictionaryFiles | None] = {}
        self._open: dict[DictionaryFiles, Checker] = {}  # the last used last
        self._lock = threading.Lock()
        self._closed = False

    def check(self, language: str, paragraphs: list[str], number: int) -> _Checked:
        """Find the misspelled words of some paragraphs, each given once."""
        checker = self._checker(language)
        starts = [0, *accumulate(len(paragraph) + 1 for paragraph in paragraphs)]
        found: dict[str, list[tuple[int, int]]] = {paragraph: [] for paragraph in paragraphs}
        for start, end in checker.check("\n".join(paragraphs)):
            at = bisect_right(starts, start) - 1
            found[paragraphs[at]].append((start - starts[at], end - starts[at]))
        marks = {paragraph: tuple(spans) for paragraph, spans in found.items()}
        return _Checked(number, marks, checker.reason, self._found[language] is not None, bool(self._open))

    def suggest(self, language: str, word: str, number: int) -> _Suggested:
        """Find words that may have been meant."""
        return _Suggested(number, self._checker(language).suggest(word)[:5])

    def learn(self, word: str) -> None:
        """Accept a word in every language."""
        self._personal.add(word)
        for checker in self._open.values():
            checker.add(word)

    def close(self) -> None:
        """End every process, even over a request."""
        self._closed = True
        with self._lock:
            for checker in self._open.values():
                checker.close()

    def _checker(self, language: str) -> "Checker":
        from reviewer import spelling  # late: the first item is on screen before this is read

        if language not in self._found:
            self._found[language] = spelling.find_dictionary(language, spelling.dictionary_folders())
        files = self._found[language]
        with self._lock:
            if self._closed:
                return spelling.NoChecker("")
            checker = self._open.pop(files, None) if files is not None else None
            checker = checker or spelling.open_checker(language, personal=self._personal)
            if files is not None and checker.dictionary is not None:
                self._open[files] = checker
            if len(self._open) > _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
        return checker


# --- on the GUI thread ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Word:
    """A misspelled word in a field, and where its menu is wanted."""

    edit: PlainTextEdit
    start: int
    end: int
    text: str
    at: QPoint
    by_key: bool

    @property
    def is_there(self) -> bool:
        """Tell whether the text still has the word there, and takes another."""
        return not self.edit.isReadOnly() and self.edit.text()[self.start : self.end] == self.text


class _Field(QObject):
    """One text field: what of it is in sight, which word is being typed, and the marks on the others."""

    edited = Signal()
    moved = Signal()  # other text came into sight, or the typed word was left
    menu_requested = Signal(object)  # _Word

    def __init__(self, edit: PlainTextEdit, parent: QObject) -> None:
        super().__init__(parent)
        self.edit = edit
        self._typed_qt: int | None = None  # where the cursor was after the last edit, until it leaves that word
        edit.edited.connect(self._on_edited)
        edit.textChanged.connect(self._on_text_changed)
        edit.cursorPositionChanged.connect(self._on_cursor_moved)
        edit.verticalScrollBar().valueChanged.connect(self.moved)
        edit.verticalScrollBar().rangeChanged.connect(self.moved)
        edit.installEventFilter(self)
        edit.viewport().installEventFilter(self)

    def settle(self) -> None:
        """Take no word for one that is being typed."""
        self._typed_qt = None

    def close(self) -> None:
        """Leave the field alone."""
        self.edit.removeEventFilter(self)
        self.edit.viewport().removeEventFilter(self)

    def paragraphs(self) -> list[str]:
        """Return all paragraphs."""
        return self.edit.text().split("\n")

    def paragraphs_in_sight(self) -> list[str]:
        """Return the paragraphs in sight and a little around them."""
        return [text for _, text in self._in_sight()]

    def show_marks(self, known: Mapping[str, Marks], look: QTextCharFormat) -> None:
        """Mark what is known of the text in sight; while some of it is not known yet, leave the marks as they are."""
        paragraphs = list(self._in_sight())
        if any(text not in known for _, text in paragraphs):
            return
        typed = None if self._typed_qt is None else qt_to_code_point(self.edit.text(), self._typed_qt)
        first, last = self._sight()
        spans = []
        for at, text in paragraphs:
            heading = layout.heading_width(text) if isinstance(self.edit, SectionsEdit) else 0
            for start, end in known[text]:
                is_typed = typed is not None and at + start <= typed <= at + end
                if start >= heading and first <= at + end and at + start <= last and not is_typed:
                    spans.append((at + start, at + end, look))
        self.edit.set_spans(LAYER, spans)

    def clear(self) -> None:
        """Show no marks."""
        self.edit.set_spans(LAYER, ())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take over the menu of a marked word, and notice when the person turns to something else."""
        if isinstance(event, QContextMenuEvent):
            return self._on_menu(event)
        if isinstance(event, QFocusEvent) and watched is self.edit and event.type() == QEvent.Type.FocusOut:
            passing = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
            if self._typed_qt is not None and event.reason() not in passing:
                self._leave_word()
        return False

    @Slot()
    def _on_edited(self) -> None:
        # What undo brings back was not typed just now.
        is_undo = self.edit.document().isRedoAvailable()
        self._typed_qt = None if is_undo else self.edit.textCursor().position()
        self.edited.emit()

    @Slot()
    def _on_text_changed(self) -> None:
        """Take the mark off a word that is being corrected; not while it changes, when nothing is laid out yet."""
        if self._typed_qt is not None:
            self.edit.drop_span(LAYER, self.edit.cursor_position())

    @Slot()
    def _on_cursor_moved(self) -> None:
        if self._typed_qt is None:
            return
        way = QTextCursor(self.edit.document())
        way.setPosition(min(self._typed_qt, self.edit.document().characterCount() - 1))
        way.setPosition(self.edit.textCursor().position(), QTextCursor.MoveMode.KeepAnchor)
        if not _INSIDE_A_WORD.fullmatch(way.selectedText()):
            self._leave_word()

    def _leave_word(self) -> None:
        self._typed_qt = None
        self.moved.emit()

    def _on_menu(self, event: QContextMenuEvent) -> bool:
        by_key = event.reason() != QContextMenuEvent.Reason.Mouse
        cursor = self.edit.textCursor() if by_key else self.edit.cursorForPosition(event.pos())
        text = self.edit.text()
        span = self.edit.span_at(LAYER, qt_to_code_point(text, cursor.position()))
        caret = self.edit.cursorRect(cursor)
        is_near = by_key or caret.adjusted(-caret.height(), 0, caret.height(), 0).contains(event.pos())
        if span is None or not is_near or self.edit.isReadOnly():
            return False
        # Asked for by a key, the menu opens under the word and leaves it in sight.
        below = caret.bottomLeft() + QPoint(0, caret.height() // 3)
        place = self.edit.viewport().mapToGlobal(below) if by_key else event.globalPos()
        self.menu_requested.emit(_Word(self.edit, *span, text[slice(*span)], place, by_key))
        return True

    def _in_sight(self) -> Iterator[tuple[int, str]]:
        """Yield the paragraphs in sight with where they start."""
        first, last = self._sight()
        at = 0
        for text in self.paragraphs():
            if at + len(text) >= first and at <= last:
                yield at, text
            at += len(text) + 1

    def _sight(self) -> tuple[int, int]:
        text, area = self.edit.text(), self.edit.viewport().rect()
        first, last = (
            qt_to_code_point(text, self.edit.cursorForPosition(corner).position())
            for corner in (area.topLeft(), area.bottomRight())
        )
        return first - _AROUND_CHARACTERS, last + _AROUND_CHARACTERS


class _WordMenu(QObject):
    """The menu of one misspelled word: it opens with the suggestions, or without them if they take long."""

    learn_requested = Signal(str)
    ended = Signal()

    def __init__(self, word: _Word, parent: QObject) -> None:
        super().__init__(parent)
        self._word = word
        self._suggestions: tuple[str, ...] | None = None
        self._menu: QMenu | None = None
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self._open)
        self._late.start(MENU_MS)

    def fill(self, suggestions: tuple[str, ...]) -> None:
        """Show what was found, in the menu if it is open already."""
        self._suggestions = suggestions
        if self._menu is None:
            self._open()
            return
        waiting = self._menu.actions()[0]
        self._add_suggestions(self._menu, waiting)
        self._menu.removeAction(waiting)
        self._go_to_first(self._menu)

    def close(self) -> None:
        """Do without the menu."""
        self._late.stop()
        if self._menu is not None:
            self._menu.close()
        else:
            self._end()

    @Slot()
    def _open(self) -> None:
        self._late.stop()
        if not self._word.is_there:
            self._end()
            return
        menu = self._word.edit.plain_menu()
        menu.setObjectName("spelling_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.aboutToHide.connect(self._end)
        first = menu.actions()[0]
        self._menu = menu
        self._add_suggestions(menu, first)
        learn = QAction(self.tr("Add to dictionary"), menu)
        learn.triggered.connect(self._on_learn)
        menu.insertAction(first, learn)
        menu.insertSeparator(first)
        menu.popup(self._word.at)
        self._go_to_first(menu)

    def _add_suggestions(self, menu: QMenu, before: QAction) -> None:
        for suggestion in self._suggestions or ():
            action = QAction(suggestion.replace("&", "&&"), menu)
            action.setData(suggestion)
            font = QFont(menu.font())
            font.setWeight(QFont.Weight.DemiBold)
            action.setFont(font)
            action.triggered.connect(self._on_suggestion)
            menu.insertAction(before, action)
        if not self._suggestions:
            nothing = QAction("…" if self._suggestions is None else self.tr("No suggestions"), menu)
            nothing.setEnabled(False)
            menu.insertAction(before, nothing)

    def _go_to_first(self, menu: QMenu) -> None:
        if self._word.by_key and self._suggestions and menu.activeAction() is None:
            menu.setActiveAction(menu.actions()[0])

    @Slot()
    def _on_suggestion(self) -> None:
        action = self.sender()
        if isinstance(action, QAction) and self._word.is_there:
            self._word.edit.replace(self._word.start, self._word.end, action.data())

    @Slot()
    def _on_learn(self) -> None:
        self.learn_requested.emit(self._word.text)

    @Slot()
    def _end(self) -> None:
        # The action that closes the menu is still to come; what is deleted later hears it.
        self.ended.emit()
        self.deleteLater()


class DeskSpelling(QObject):
    """Checks the item on screen, field by field, and offers better words."""

    told = Signal(str, str)  # why nothing is checked, in a few words and in full; both empty while words are checked
    word_added = Signal(str)  # a word for the person's own dictionary
    crashed = Signal(object)  # an exception that is a bug; nothing is checked in that language any more

    def __init__(self, editor: FieldsEditor, appearance: Appearance, personal: Iterable[str], parent: QObject) -> None:
        """Start nothing; `personal` are the words that the person added before."""
        super().__init__(parent)
        self._editor = editor
        self._appearance = appearance
        self._dictionaries = _Dictionaries(personal)
        self._worker: Worker | None = None
        self._fields: list[_Field] = []
        self._shown: list[_Field] = []
        self._language: str | None = None  # None while nothing can be checked
        self._without: dict[str, tuple[str, str]] = {}  # what to tell of languages that cannot be checked
        self._known: dict[str, Marks] = {}  # by paragraph
        self._round = 0  # counts what makes earlier answers worthless
        self._request = 0  # counts the menus
        self._asking: str | None = None  # the language of the question on its way
        self._again = False
        self._closed = False
        self._word_menu: _WordMenu | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._check)
        appearance.changed.connect(self._show)

    @property
    def busy(self) -> bool:
        """Tell whether marks are still to come for the text in sight."""
        return self._soon.isActive() or self._asking is not None

    @Slot(object)
    def show_item(self, claimed: ClaimedItem) -> None:
        """Check the item that the editor has just loaded."""
        if self._closed:
            return
        self._forget()
        self._shown = [self._field(edit) for edit in self._editor.prose()]
        for field in self._shown:
            field.settle()
        language = claimed.item.head.language
        unstated = (self.tr("spelling not checked"), self.tr("The draft does not state its language."))
        self.told.emit(*(unstated if language is None else self._without.get(language, ("", ""))))
        self._language = None if language in self._without else language
        self._start(PAUSE_MS)

    def close(self) -> None:
        """End the dictionaries' processes and the thread that asks them, at once."""
        self._closed = True
        self._language = self._asking = None
        self._soon.stop()
        self._forget()
        for field in self._fields:
            field.close()
        self._dictionaries.close()
        self._end_worker()

    @Slot()
    def _on_edited(self) -> None:
        self._start(PAUSE_MS)

    @Slot()
    def _on_moved(self) -> None:
        if not self._soon.isActive():
            self._start(_SCROLL_MS)

    @Slot(object)
    def _on_menu_requested(self, word: _Word) -> None:
        self._close_menu()
        self._request += 1
        self._word_menu = _WordMenu(word, self)
        self._word_menu.learn_requested.connect(self._on_learn)
        self._word_menu.ended.connect(self._on_menu_ended)
        if self._language is not None:
            job = partial(self._dictionaries.suggest, self._language, word.text, self._request)
            self._run(job, self._on_suggested)

    @Slot()
    def _on_menu_ended(self) -> None:
        self._word_menu = None

    @Slot(str)
    def _on_learn(self, word: str) -> None:
        self._run(partial(self._dictionaries.learn, word))
        self.word_added.emit(word)
        self._round += 1
        self._known.clear()
        self._check()

    @Slot()
    def _check(self) -> None:
        """Ask about what is in sight and not known yet; an answer on its way is waited for first."""
        if self._language is None:
            return
        if self._asking is not None:
            self._again = True
            return
        sight = dict.fromkeys(text for field in self._shown for text in field.paragraphs_in_sight())
        unknown = [text for text in sight if text not in self._known]
        if not unknown:
            self._show()
            return
        self._asking = self._language
        job = partial(self._dictionaries.check, self._language, unknown, self._round)
        self._run(job, self._on_checked, self._on_check_failed)

    def _on_checked(self, checked: _Checked) -> None:
        language, self._asking = self._asking, None
        if self._closed or language is None:
            return
        if checked.reason is not None:
            words = self.tr("spelling is off") if checked.has_dictionary else self.tr("no dictionary for {0}")
            why = QCoreApplication.translate("Spelling", checked.reason)
            self._turn_off(language, words.format(language), why)
        elif checked.round == self._round:
            self._take(checked)
        if not checked.is_any_open:
            self._end_worker()
        self._check_again(checked.round)

    def _check_again(self, answered_round: int) -> None:
        wanted = self._again or answered_round != self._round
        self._again = False
        if wanted and not self._soon.isActive():
            self._check()

    def _take(self, checked: _Checked) -> None:
        self._known |= checked.marks
        if len(self._known) > _MOST_PARAGRAPHS:
            present = {text for field in self._shown for text in field.paragraphs()}
            self._known = {text: marks for text, marks in self._known.items() if text in present}
        self._show()

    def _on_check_failed(self, failure: Exception) -> None:
        language, self._asking = self._asking, None
        if self._closed or language is None:
            return
        self._turn_off(language, self.tr("spelling is off"), self.tr("The spelling checker cannot be started."))
        if not isinstance(failure, OSError):  # with that the machine refuses a process or a file
            self.crashed.emit(failure)
        self._check_again(self._round)

    def _on_suggested(self, suggested: _Suggested) -> None:
        if self._word_menu is not None and suggested.request == self._request:
            self._word_menu.fill(suggested.words)

    @Slot()
    def _show(self) -> None:
        look = QTextCharFormat()
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        look.setUnderlineColor(self._appearance.theme.colour("caution"))
        for field in self._shown:
            field.show_marks(self._known, look)

    def _turn_off(self, language: str, words: str, why: str) -> None:
        """Check nothing more in a language, and say why."""
        self._without[language] = (words, why)
        if language != self._language:
            return
        self._language = None
        self._known.clear()
        for field in self._shown:
            field.clear()
        self.told.emit(words, why)

    def _forget(self) -> None:
        self._close_menu()
        self._round += 1
        self._known.clear()

    def _close_menu(self) -> None:
        if self._word_menu is not None:
            self._word_menu.close()

    def _field(self, edit: PlainTextEdit) -> _Field:
        known = next((field for field in self._fields if field.edit is edit), None)
        if known is not None:
            return known
        field = _Field(edit, self)
        field.edited.connect(self._on_edited)
        field.moved.connect(self._on_moved)
        field.menu_requested.connect(self._on_menu_requested)
        self._fields.append(field)
        return field

    def _start(self, after_ms: int) -> None:
        if self._language is not None:
            self._soon.start(after_ms)

    def _run(
        self,
        job: Callable[[], T],
        done: Callable[[T], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        if self._worker is None:
            self._worker = Worker(self)
            self._worker.crashed.connect(self.crashed)
        self._worker.run(job, done, failed)

    def _end_worker(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker.deleteLater()
            self._worker = None
