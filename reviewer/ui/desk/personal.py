"""Personal data on the review page: marked quietly by type, or masked as a whole for sharing the screen.

Never colour alone: names have a wavy line under them, numbers and addresses a dashed one, all else a dotted one, as
the legend says. Masked, each is a solid bar; what has not been looked through yet is masked as a whole, for nobody
knows what stands in it.
The process that reads drafts finds it, most of it after intake; the thread that paints only draws.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QTextCharFormat

from reviewer.domain.items import ClaimedItem
from reviewer.domain.limits import normalise_newlines
from reviewer.domain.personal_data import ItemPersonalData, PersonalData, PiiSpan
from reviewer.services.analysis import Analysis
from reviewer.ui.desk.editor import FieldsEditor
from reviewer.ui.desk.source import SourcePanel
from reviewer.ui.keys import KeyMap
from reviewer.ui.text import MASK, PlainTextEdit, SourceView, Span
from reviewer.ui.theme import Appearance, Theme
from reviewer.ui.worker import Worker

LAYER = "personal"
_SOON_MS, _TYPED_MS = 150, 400
_Line = QTextCharFormat.UnderlineStyle
_NAMES = frozenset({"PERSON", "USERNAME", "NRP"})
_TIMES = frozenset({"DATE_TIME", "AGE", "LOCATION"})


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: the number of the item on screen, its text, and what to read, `turns` of the source first."""

    item: int
    text: str
    texts: tuple[str, ...]
    turns: int


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What was marked in advance: which finds, in which view, on which layer and in which colours."""

    found: ItemPersonalData | None
    view: SourceView
    layer: str
    theme: Theme


class PersonalMarks(QObject):
    """Marks or masks what is personal in the source and in the fields of the editor."""

    counted = Signal(str)  # what was found, in words
    masked = Signal(bool)

    def __init__(
        self,
        analysis: Analysis,
        editor: FieldsEditor,
        source: SourcePanel,
        *,
        appearance: Appearance,
        keys: KeyMap,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._analysis: Analysis | None = analysis  # until closed: it holds open keys
        self._editor = editor
        self._source = source
        self._appearance = appearance
        self._worker = Worker(self)
        self._language: str | None = None
        self._turns: tuple[str, ...] = ()
        self._in_source: PersonalData | None = None
        self._in_text: tuple[str, PersonalData] | None = None  # the paragraphs that were read, and what is in each
        self._shown: set[PlainTextEdit] = set()
        self._ahead: _Ahead | None = None
        self._lines: dict[tuple[Theme, int], QTextCharFormat] = {}
        self._number = 0  # of the item: answers about another one are late
        self._closed = False
        self.is_masked = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._ask)
        editor.edited.connect(self._on_edited)
        appearance.changed.connect(self.show)
        keys.action("mask").triggered.connect(self.toggle)

    def prepare(self, claimed: ClaimedItem) -> None:
        """Mark in advance what was found in the source of the item that comes next, which is made ready unseen."""
        if claimed.personal is not None and not self._closed:
            view, turns = self._source.ahead, _turns_of(claimed)
            view.set_spans(self._layer, self._spans_in(view, turns, claimed.personal.source))
            self._ahead = _Ahead(claimed.personal, view, self._layer, self._appearance.theme)

    def show_item(self, claimed: ClaimedItem) -> None:
        """Begin with another item."""
        self._number += 1
        self._language = claimed.item.head.language
        self._turns = _turns_of(claimed)
        self._in_source = self._in_text = None
        ahead, self._ahead = self._ahead, None
        known = claimed.personal
        if known is not None:
            self._in_source = known.source
            text = normalise_newlines(self._editor.text())
            if text == normalise_newlines(claimed.item.draft):
                self._in_text = (text, known.draft)
        if ahead is None or ahead != _Ahead(known, self._source.view, self._layer, self._appearance.theme):
            self._show_in_source()
        self._show_in_text()
        if self._analysis is None or not self._analysis.marks_personal:
            self.counted.emit(self.tr("personal data: not looked for"))
        elif self._in_text is not None:
            self.counted.emit(self._words())
        else:
            self._soon.start(_SOON_MS)

    def leave_item(self) -> None:
        """Know nothing of an item any more."""
        self._number += 1
        self._soon.stop()
        self._turns = ()
        self._in_source = self._in_text = self._ahead = None
        self._shown.clear()

    def close(self) -> None:
        """Ask nothing any more, and hold neither keys nor text."""
        self._closed = True
        self._analysis = self._ahead = None
        self._turns, self._in_source, self._in_text = (), None, None
        self._soon.stop()
        self._worker.close(wait=False)

    @Slot()
    def toggle(self) -> None:
        """Mask everything personal on screen, or show it again."""
        self.is_masked = not self.is_masked
        self.show()
        self.masked.emit(self.is_masked)

    @Slot()
    def show(self) -> None:
        """Show what is known now."""
        self._show_in_source()
        self._show_in_text()

    @Slot()
    def _on_edited(self) -> None:
        if self.is_masked:
            self._show_in_text()  # what was typed just now has not been looked through
        self._soon.start(_TYPED_MS)

    @Slot()
    def _ask(self) -> None:
        analysis = self._analysis
        if analysis is None or not analysis.marks_personal:
            return
        text = normalise_newlines(self._editor.text())
        paragraphs = tuple(text.split("\n"))
        turns = self._turns if self._in_source is None else ()
        job = partial(_find, analysis, _Question(self._number, text, (*turns, *paragraphs), len(turns)), self._language)
        self._worker.run(job, self._on_found, self._on_failed)

    def _on_found(self, answer: tuple[_Question, PersonalData | None]) -> None:
        question, found = answer
        text, turns = question.text, question.turns
        if self._closed or question.item != self._number:
            return
        if found is None:
            self.counted.emit(self.tr("personal data: not looked for"))
            return
        if self._in_source is None:
            self._in_source = found[:turns]
            self._show_in_source()
        self._in_text = (text, found[turns:])
        self._show_in_text()
        self.counted.emit(self._words())

    def _on_failed(self, failure: Exception) -> None:
        del failure  # the desk is being locked

    def _words(self) -> str:
        known = (*(self._in_source or ()), *(() if self._in_text is None else self._in_text[1]))
        counts = Counter(_sort(span.type) for spans in known for span in spans)
        # Each with its mark as it is drawn under the text: this is the legend.
        lines = (
            (self.tr("~~ 1 name"), self.tr("~~ {0} names")),
            (self.tr("-- 1 number or address"), self.tr("-- {0} numbers and addresses")),
            (self.tr("·· 1 date or place"), self.tr("·· {0} dates and places")),
        )
        told = [
            one if counts[sort] == 1 else many.format(counts[sort])
            for sort, (one, many) in enumerate(lines)
            if counts[sort]
        ]
        return self.tr("personal: {0}").format(", ".join(told)) if told else self.tr("nothing personal found")

    @property
    def _layer(self) -> str:
        return MASK if self.is_masked else LAYER

    def _show_in_source(self) -> None:
        if self._turns:
            view = self._source.view
            view.set_spans(self._layer, self._spans_in(view, self._turns, self._in_source))
            view.set_spans(LAYER if self.is_masked else MASK, ())

    def _spans_in(self, view: SourceView, turns: Sequence[str], found: PersonalData | None) -> list[Span]:
        """Return what is marked in the turns that `view` shows; where nothing was found yet, a mask covers all."""
        if found is None and not self.is_masked:
            return []
        spans: list[Span] = []
        for turn, text in enumerate(turns):
            in_turn = None if found is None else found[turn]
            if in_turn != ():
                start, _ = view.turn_range(turn)
                spans += [(start + first, start + last, look) for first, last, look in self._looks(text, in_turn)]
        return spans

    def _show_in_text(self) -> None:
        text = normalise_newlines(self._editor.text())
        known = self._in_text is not None and self._in_text[0] == text
        if not known and not self.is_masked:  # marks move with the text until the next answer
            for edit in self._shown:
                edit.set_spans(MASK, ())
            return
        ranges: list[Span] = []
        at = 0
        for number, paragraph in enumerate(text.split("\n")):
            found = self._in_text[1][number] if known and self._in_text is not None else None
            ranges += [(at + first, at + last, look) for first, last, look in self._looks(paragraph, found)]
            at += len(paragraph) + 1
        places = self._editor.places()
        placed: dict[PlainTextEdit, list[Span]] = {}
        for start, end, look in ranges:
            for edit, first, last in places.of(start, end):
                placed.setdefault(edit, []).append((first, last, look))
        for edit in {*placed, *self._shown}:
            edit.set_spans(MASK if self.is_masked else LAYER, placed.get(edit, ()))
            edit.set_spans(LAYER if self.is_masked else MASK, ())
        self._shown = set(placed)

    def _looks(self, text: str, found: Sequence[PiiSpan] | None) -> list[Span]:
        if found is None:
            return [(0, len(text), self._mask())] if self.is_masked and text else []
        return [(s.start, s.end, self._mask() if self.is_masked else self._line(_sort(s.type))) for s in found]

    def _line(self, sort: int) -> QTextCharFormat:
        key = (self._appearance.theme, sort)
        if key not in self._lines:
            look = self._lines[key] = QTextCharFormat()
            look.setUnderlineStyle((_Line.WaveUnderline, _Line.DashUnderline, _Line.DotLine)[sort])
            look.setUnderlineColor(self._appearance.theme.colour("accent" if sort < 2 else "muted"))
        return self._lines[key]

    def _mask(self) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setForeground(self._appearance.theme.colour("muted"))
        look.setBackground(self._appearance.theme.colour("muted"))
        return look


def _sort(type_: str) -> int:
    """Return 0 for names, 2 for dates, ages and places, 1 for all else."""
    return 0 if type_ in _NAMES else 2 if type_ in _TIMES else 1


def _turns_of(claimed: ClaimedItem) -> tuple[str, ...]:
    return tuple(normalise_newlines(turn.text) for turn in claimed.item.source)


def _find(analysis: Analysis, question: _Question, language: str | None) -> tuple[_Question, PersonalData | None]:
    return question, analysis.personal(question.texts, language)
