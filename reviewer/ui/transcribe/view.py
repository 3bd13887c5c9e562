"""The transcribers' page: a waveform, a text, three things to do. It shows and asks, nothing more."""

from datetime import datetime

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QHideEvent, QKeyEvent, QShowEvent, QTextCharFormat
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from reviewer.domain import labels
from reviewer.domain.labels import StyleMark
from reviewer.services.transcribing import OpenClip, Progress
from reviewer.ui.desk.bars import NoticeStrip
from reviewer.ui.icons import icon_pixmap
from reviewer.ui.keys import LISTENING, KeyMap
from reviewer.ui.text import PlainLabel, PlainTextEdit
from reviewer.ui.theme import Appearance, set_role, tabular
from reviewer.ui.transcribe.presenter import STEP, Listening, Outline, TranscribePresenter
from reviewer.ui.transcribe.skipping import SkipBar
from reviewer.ui.transcribe.waveform import Waveform
from reviewer.ui.transcribe.words import clock

_LINT_MS = 150
_WIDEST_PX, _TEXT_PX, _CLOCK_PX = 900, 160, 132
_HINTS = ("play", "play_back", "play_slower", "play_faster", "tag_unsure", "keys")


class TranscribeView(QWidget):
    """One clip at a time."""

    status_changed = Signal(str)

    def __init__(self, presenter: TranscribePresenter, appearance: Appearance, keys: KeyMap, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("transcribe")
        self._presenter = presenter
        self._appearance = appearance
        self._keys = keys
        self._clip: OpenClip | None = None
        self._marks: tuple[StyleMark, ...] = ()
        self._held_key: int | None = None
        self._seconds = 0.0
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._build_clip())
        self._state_page = self._build_state()
        self._stack.addWidget(self._state_page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 48, 24, 12)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._stack, stretch=100)
        row.addStretch(1)
        outer.addLayout(row)
        self._lint_soon = QTimer(self)
        self._lint_soon.setSingleShot(True)
        self._lint_soon.setInterval(_LINT_MS)
        self._lint_soon.timeout.connect(self._lint)
        self._connect()
        self._restyle()
        self._show_listening(presenter.listening)

    # ---- Building

    def _build_clip(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        panel = QFrame(page)
        set_role(panel, "panel")
        inner = QVBoxLayout(panel)
        inner.setContentsMargins(20, 16, 20, 16)
        inner.setSpacing(12)
        top = QHBoxLayout()
        top.setSpacing(16)
        self.waveform = Waveform(self._appearance, panel)
        top.addWidget(self.waveform, stretch=1)
        side = QVBoxLayout()
        side.setSpacing(2)
        self._clock = QLabel(panel)
        self._clock.setObjectName("clip_clock")
        self._clock.setFont(tabular(self._clock.font()))
        self._how = QLabel(panel)
        self._how.setObjectName("clip_how")
        set_role(self._how, "muted")
        self._how.setFont(tabular(self._how.font()))
        self._state = QLabel(panel)
        self._state.setObjectName("clip_state")
        set_role(self._state, "muted")
        for label in (self._clock, self._how, self._state):
            side.addWidget(label)
        side.addStretch(1)
        top.addLayout(side)
        inner.addLayout(top)
        self.editor = PlainTextEdit(self._appearance, panel)
        self.editor.setObjectName("label_text")
        self.editor.setAccessibleName(self.tr("What is said"))
        self.editor.setPlaceholderText(self.tr("Write what is said"))
        set_role(self.editor, "bare")
        inner.addWidget(self.editor)
        self._style = PlainLabel("", panel)
        self._style.setObjectName("style_mark")
        set_role(self._style, "caution")
        inner.addWidget(self._style)
        self._hint = QLabel(panel)
        self._hint.setObjectName("clip_hint")
        self._hint.setWordWrap(True)
        set_role(self._hint, "small")
        inner.addWidget(self._hint)
        self._glossary = PlainLabel("", panel)
        self._glossary.setObjectName("glossary")
        self._glossary.setWordWrap(True)
        set_role(self._glossary, "small")
        inner.addWidget(self._glossary)
        column.addWidget(panel)
        column.addLayout(self._build_actions(page))
        # Below everything else, so that nothing moves under anybody's eyes when they come up.
        self.skip_bar = SkipBar(page)
        column.addWidget(self.skip_bar)
        self.notice = NoticeStrip(self._appearance, page)
        column.addWidget(self.notice)
        column.addStretch(1)
        return page

    def _build_actions(self, parent: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._buttons: dict[str, tuple[QPushButton, str]] = {}
        for name, words, role in (
            ("clip_submit", self.tr("Next"), "primary"),
            ("clip_skip", self.tr("Skip"), ""),
            ("clip_report", self.tr("Contains personal data"), "danger"),
        ):
            button = QPushButton(parent)
            button.setObjectName(f"button_{name}")
            button.setAccessibleName(words)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if role:
                set_role(button, role)
            button.clicked.connect(self._keys.action(name).trigger)
            self._buttons[name] = (button, words)
            row.addWidget(button)
        row.addStretch(1)
        self._today = QLabel(parent)
        self._today.setObjectName("clips_today")
        set_role(self._today, "muted")
        self._today.setFont(tabular(self._today.font()))
        row.addWidget(self._today)
        return row

    def _build_state(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setSpacing(8)
        column.addStretch(1)
        self._state_icon = QLabel(page)
        self._state_title = QLabel(page)
        self._state_title.setObjectName("transcribe_state")
        set_role(self._state_title, "title")
        self._state_more = PlainLabel("", page)
        self._state_more.setWordWrap(True)
        self._state_more.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        set_role(self._state_more, "muted")
        self._again = QPushButton(self.tr("Try again"), page)
        self._again.setObjectName("transcribe_again")
        self._again.clicked.connect(self._presenter.show)
        for widget in (self._state_icon, self._state_title, self._again):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.insertWidget(3, self._state_more)
        column.addStretch(2)
        return page

    def _connect(self) -> None:
        presenter = self._presenter
        presenter.clip_shown.connect(self._on_clip)
        presenter.loading.connect(self._on_loading)
        presenter.emptied.connect(self._on_empty)
        presenter.failed.connect(self._on_failed)
        presenter.refused.connect(self._on_refused)
        presenter.told.connect(self._on_told)
        presenter.withdrawn.connect(self._on_withdrawn)
        presenter.saved.connect(self._on_saved)
        presenter.kept.connect(self._on_kept)
        presenter.progress_changed.connect(self._on_progress)
        presenter.position_changed.connect(self._on_position)
        presenter.playing_changed.connect(self._on_playing)
        presenter.listening_changed.connect(self._show_listening)
        presenter.selection_changed.connect(self.waveform.show_selection)
        presenter.heard.connect(self._on_playing)
        presenter.device_lost.connect(self._on_device_lost)
        self.waveform.seek_requested.connect(presenter.seek)
        self.waveform.selected.connect(presenter.select)
        self.editor.edited.connect(self._on_edited)
        self.editor.cursorPositionChanged.connect(self._show_mark)
        self.skip_bar.answered.connect(self._on_skip_answered)
        self.skip_bar.cancelled.connect(self._focus_text)
        self.notice.acted.connect(self._on_notice)
        self._appearance.changed.connect(self._restyle)
        self._keys.changed.connect(self._restyle)
        slots = {
            "clip_submit": self._submit,
            "clip_skip": self._ask_why,
            "clip_report": presenter.report,
            "clip_undo": self._undo,
            "play": presenter.toggle,
            "play_back": presenter.back,
            "play_again": presenter.again_slower,
            "play_start": presenter.from_start,
            "play_slower": self._slower,
            "play_faster": self._faster,
            "play_loop": presenter.toggle_loop,
            "play_select": presenter.mark,
            "play_typing": presenter.toggle_typing,
            "tag_unsure": self._unsure,
            "tag_unintelligible": self._unintelligible,
            "listen_out": self._next_control,
            "listen_back": self._previous_control,
        }
        for action in LISTENING:
            slot = slots.get(action.name, self._tag)
            self._keys.action(action.name).triggered.connect(slot)

    def forget(self) -> None:
        """Keep nothing of any clip: the desk is being locked."""
        self._leave_clip()

    # ---- Overrides

    def showEvent(self, event: QShowEvent) -> None:
        """Go on with the clip that is there, or take the first."""
        super().showEvent(event)
        self._presenter.show()
        self._focus_text()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop playing, and save."""
        super().hideEvent(event)
        self._presenter.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Play while a pedal (F13 to F24) is held."""
        if not _is_pedal(event):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self._held_key = event.key()
            self._presenter.play()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Pause when the pedal is let go."""
        if not _is_pedal(event):
            super().keyReleaseEvent(event)
        elif not event.isAutoRepeat() and event.key() == self._held_key:
            self._held_key = None
            self._presenter.pause()

    # ---- What the presenter says

    @Slot(object, object)
    def _on_clip(self, clip: OpenClip, outline: Outline) -> None:
        self._clip, self._seconds = clip, clip.serving.seconds
        self.skip_bar.hide()
        self.waveform.show_clip(outline, self._seconds)
        kept = clip.serving.text
        shown = (clip.serving.hypothesis or "") if kept is None else kept
        self.editor.set_text(shown)
        self.editor.set_cursor_position(len(shown) if kept is None else min(clip.serving.cursor, len(shown)))
        words = [clip.serving.language, *clip.serving.glossary]
        self._glossary.setText(" · ".join(words))
        self._stack.setCurrentIndex(0)
        self._enable(usable=True)
        self._on_position(0.0)
        self._on_playing()
        self._lint()
        self.status_changed.emit(self.tr("no changes yet"))
        self._focus_text()

    @Slot()
    def _on_loading(self) -> None:
        self._leave_clip()
        self._show_state(self.tr("Getting the next clip…"), "")

    @Slot()
    def _on_empty(self) -> None:
        self._leave_clip()
        self._show_state(
            self.tr("No clip is waiting"),
            self.tr("New clips come by themselves, in no order that anybody could follow."),
            icon_name="approve",
        )

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._leave_clip()
        self._show_state(self.tr("The clips cannot be read"), why, icon_name="warning", again=True)

    @Slot(str)
    def _on_refused(self, why: str) -> None:
        self.notice.tell(why, "caution")

    @Slot(str)
    def _on_told(self, words: str) -> None:
        self.notice.tell(words, "good")

    @Slot()
    def _on_withdrawn(self) -> None:
        self._leave_clip()
        self.notice.tell(self.tr("The last clip was withdrawn: it is gone, with what was written of it."), "caution")

    @Slot(object)
    def _on_saved(self, at: datetime | None) -> None:
        words = self.tr("saving…") if at is None else self.tr("✓ saved {0:%H:%M:%S}").format(at.astimezone())
        self.status_changed.emit(words)

    @Slot(object)
    def _on_kept(self, at: datetime) -> None:
        self.status_changed.emit(self.tr("✓ saved on this computer {0:%H:%M:%S}").format(at.astimezone()))

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        number = progress.today
        self._today.setText(self.tr("today 1 clip") if number == 1 else self.tr("today {0:,} clips").format(number))

    @Slot(float)
    def _on_position(self, seconds: float) -> None:
        self.waveform.show_position(seconds)
        self._clock.setText(f"{clock(seconds)} / {clock(self._seconds)}")

    @Slot()
    def _on_playing(self) -> None:
        if self._presenter.is_playing:
            words = self.tr("▶ playing")
        elif self._presenter.is_heard:
            words = self.tr("❚❚ heard whole")
        else:
            words = self.tr("❚❚ paused")
        self._state.setText(words)

    @Slot(object)
    def _show_listening(self, listening: Listening) -> None:
        words = [f"{listening.speed / 100:.1f}x"]
        if listening.loop:
            words.append(self.tr("⟳ loop"))
        if not listening.pause_while_typing:
            words.append(self.tr("plays on"))
        self._how.setText(" · ".join(words))

    @Slot(str)
    def _on_device_lost(self, why: str) -> None:
        words = self.tr("{0} What you type is kept; you can also skip this clip.").format(why)
        self.notice.tell(words, "stop", (("device", self.tr("Try again")),))

    # ---- What the person does

    @Slot()
    def _submit(self) -> None:
        self.notice.hide()
        self._presenter.submit(self.editor.text())

    @Slot()
    def _ask_why(self) -> None:
        if self._clip is not None:
            self.skip_bar.ask()

    @Slot(object)
    def _on_skip_answered(self, reason: object) -> None:
        self.skip_bar.hide()
        self.notice.hide()
        self._presenter.skip(reason)  # type: ignore[arg-type] # a SkipReason, through a signal

    @Slot()
    def _undo(self) -> None:
        if self.editor.document().isUndoAvailable():
            self.editor.undo()
        else:
            self._presenter.undo()

    @Slot()
    def _slower(self) -> None:
        self._presenter.change_speed(-STEP)

    @Slot()
    def _faster(self) -> None:
        self._presenter.change_speed(STEP)

    @Slot()
    def _tag(self) -> None:
        name = self.sender().objectName().removeprefix("action_tag_")
        self._insert(f"[{name}]")

    @Slot()
    def _unintelligible(self) -> None:
        self._insert(labels.UNINTELLIGIBLE)

    @Slot()
    def _unsure(self) -> None:
        """Put what is selected, or the word at the cursor, in double brackets; of nothing begin some."""
        if self._clip is None:
            return
        text = self.editor.text()
        start, end = self.editor.selection()
        if start == end:
            start, end = _word_at(text, start)
        self.editor.replace(start, end, f"(({text[start:end]}))")
        if start == end:
            self.editor.set_cursor_position(start + 2)

    def _insert(self, tag: str) -> None:
        """Put a tag at the cursor, with one space to its neighbours."""
        if self._clip is None:
            return
        text = self.editor.text()
        start, end = self.editor.selection()
        before = " " if start and not text[start - 1].isspace() else ""
        after = " " if end < len(text) and not text[end].isspace() else ""
        self.editor.replace(start, end, f"{before}{tag}{after}")

    @Slot()
    def _on_edited(self) -> None:
        self._presenter.edit(self.editor.text(), self.editor.cursor_position())
        self._lint_soon.start()

    @Slot(str)
    def _on_notice(self, action: str) -> None:
        if action == "device":
            self.notice.hide()
            self._presenter.try_device()

    @Slot()
    def _next_control(self) -> None:
        self.focusNextChild()

    @Slot()
    def _previous_control(self) -> None:
        self.focusPreviousChild()

    # ---- private

    @Slot()
    def _lint(self) -> None:
        if self._clip is None:
            self._marks = ()
        else:
            serving = self._clip.serving
            self._marks = labels.lint(
                self.editor.text(), glossary=serving.glossary, digits_allowed=serving.digits_allowed
            )
        form = QTextCharFormat()
        form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
        form.setUnderlineColor(QColor(self._appearance.theme.caution))
        form.setBackground(QColor(self._appearance.theme.caution_soft))
        self.editor.set_spans("style", [(mark.start, mark.end, form) for mark in self._marks])
        self._show_mark()

    @Slot()
    def _show_mark(self) -> None:
        """Say what the conventions ask for at the cursor, or else at the first mark."""
        at = self.editor.cursor_position()
        mark = next((m for m in self._marks if m.start <= at <= m.end), self._marks[0] if self._marks else None)
        self._style.setText("" if mark is None else f"◇ {QCoreApplication.translate('Style', mark.message)}")

    def _leave_clip(self) -> None:
        """Keep nothing of the clip: no text, no undo, no outline."""
        self._clip = None
        self._marks = ()
        self._lint_soon.stop()
        self.editor.set_text("")
        self.waveform.clear()
        self.skip_bar.hide()
        self._style.setText("")
        self._glossary.setText("")
        self._seconds = 0.0
        self._enable(usable=False)
        self.status_changed.emit("")

    def _show_state(self, title: str, more: str, *, icon_name: str = "", again: bool = False) -> None:
        self._state_icon.setVisible(bool(icon_name))
        if icon_name:
            self._state_icon.setPixmap(icon_pixmap(icon_name, self._appearance.theme.muted, self._appearance.px(32)))
        self._state_title.setText(title)
        self._state_more.setText(more)
        self._again.setVisible(again)
        self._stack.setCurrentWidget(self._state_page)

    def _enable(self, *, usable: bool) -> None:
        for button, _ in self._buttons.values():
            button.setEnabled(usable)
        self.editor.setReadOnly(not usable)

    @Slot()
    def _focus_text(self) -> None:
        if self.isVisible():
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _restyle(self) -> None:
        self._stack.setMaximumWidth(self._appearance.px(_WIDEST_PX))
        self.editor.setFixedHeight(self._appearance.px(_TEXT_PX))
        for label in (self._clock, self._how, self._state):
            label.setMinimumWidth(self._appearance.px(_CLOCK_PX))
        for name, (button, words) in self._buttons.items():
            button.setText(f"{words}  {self._keys.shown(name)}")
        hints = {
            "play": self.tr("play or pause"),
            "play_back": self.tr("back 1.5 s"),
            "play_slower": self.tr("slower"),
            "play_faster": self.tr("faster"),
            "tag_unsure": self.tr("unsure"),
            "keys": self.tr("all keys"),
        }
        self._hint.setText(" · ".join(f"{self._keys.shown(name)} {hints[name]}" for name in _HINTS))
        self._lint_soon.start()


def _is_pedal(event: QKeyEvent) -> bool:
    return Qt.Key.Key_F13 <= event.key() <= Qt.Key.Key_F24


def _word_at(text: str, at: int) -> tuple[int, int]:
    start = end = at
    while start and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end
