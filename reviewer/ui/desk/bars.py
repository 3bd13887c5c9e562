"""The bars of the review page: what can be decided, what is held, news, and finding words."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from reviewer.ui.desk.state import UNSENT, HistoryEntry, LinkState
from reviewer.ui.desk.words import clock, kind_label, state_word, verdict_word
from reviewer.ui.icons import icon
from reviewer.ui.keys import KeyMap
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role, tabular

_ICONS = {"approve": "approve", "reject": "reject", "respond": "respond", "escalate": "escalate", "skip": "skip"}
_NEWS_MS = 20_000


class ActionBar(QFrame):
    """The verdicts with their keys; one press each."""

    asked = Signal(str)  # the name of the action

    def __init__(self, appearance: Appearance, keys: KeyMap, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._keys = keys
        self._labels = {
            "approve": self.tr("Approve"),
            "reject": self.tr("Reject"),
            "respond": self.tr("Respond"),
            "escalate": self.tr("Escalate"),
            "skip": self.tr("Skip"),
        }
        self._icons = dict(_ICONS)
        self._buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for name in _ICONS:
            button = QPushButton(self)
            button.setObjectName(f"button_{name}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("action", name)
            button.clicked.connect(self._on_clicked)
            if name == "approve":
                set_role(button, "primary")
            self._buttons[name] = button
            row.addWidget(button)
        row.addStretch(1)
        self.held = HeldStrip(appearance, keys, self)
        row.addWidget(self.held)
        keys.changed.connect(self.restyle)
        appearance.changed.connect(self.restyle)
        self.restyle()

    def set_approval(self, *, edited: bool, signed: bool, to_fix: int = 0) -> None:
        """Say on the button what is to be fixed first, or whether an edited text would be released or signed."""
        words = {
            (False, False): self.tr("Approve"),
            (True, False): self.tr("Approve edited"),
            (False, True): self.tr("Sign"),
            (True, True): self.tr("Sign edited"),
        }
        said = self.tr("Fix {0}").format(to_fix) if to_fix else words[edited, signed]
        if said != self._labels["approve"]:
            self._labels["approve"] = said
            self._icons["approve"] = "warning" if to_fix else "approve"
            self._restyle_one("approve")

    def set_usable(self, *, usable: bool) -> None:
        """Enable the verdicts while an item is on screen."""
        for button in self._buttons.values():
            button.setEnabled(usable)

    @Slot()
    def restyle(self) -> None:
        """Show keys and colours as they are now."""
        for name in self._buttons:
            self._restyle_one(name)

    def _restyle_one(self, name: str) -> None:
        colour = "accent_text" if name == "approve" else "text"
        self._buttons[name].setIcon(icon(self._icons[name], self._appearance.theme, colour))
        self._relabel(name)

    @Slot()
    def _on_clicked(self) -> None:
        self.asked.emit(self.sender().property("action"))

    def _relabel(self, name: str) -> None:
        button = self._buttons[name]
        button.setText(f"{self._labels[name]}  {self._keys.shown(name)}")
        button.setAccessibleName(self._labels[name])


class HeldStrip(QFrame):
    """The newest decision that can still be undone, with its countdown."""

    undo_requested = Signal()

    def __init__(self, appearance: Appearance, keys: KeyMap, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._keys = keys
        set_role(self, "strip")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 4, 2)
        row.setSpacing(8)
        self._words = PlainLabel("", self)
        self._words.setFont(tabular(self._words.font()))
        self._undo = QPushButton(self)
        self._undo.setObjectName("button_undo")
        self._undo.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_role(self._undo, "quiet")
        self._undo.clicked.connect(self.undo_requested)
        row.addWidget(self._words)
        row.addWidget(self._undo)
        self._entry: HistoryEntry | None = None
        self.hide()

    def show_entry(self, entry: HistoryEntry | None, others: int) -> None:
        """Show the decision, or nothing; `others` are held besides it."""
        self._entry = entry
        self.setVisible(entry is not None)
        if entry is None:
            return
        left = state_word(UNSENT) if entry.state == UNSENT else clock(entry.seconds_left + 0.999)
        words = self.tr("{0} {1} · {2}").format(kind_label(entry.item.item.kind), verdict_word(entry.verdict), left)
        if others and entry.state != UNSENT:  # how many wait is told on top
            words += self.tr(" · {0} more held").format(others)
        self._words.setText(words)
        self._undo.setText(self.tr("Undo  {0}").format(self._keys.shown("undo")))


class NoticeStrip(QFrame):
    """One line of news about the item on screen, with at most two things to do."""

    acted = Signal(str)

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 4, 4)
        column.setSpacing(4)
        news = QHBoxLayout()
        self._words = PlainLabel("", self)
        self._words.setWordWrap(True)
        self._close = QToolButton(self)
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.clicked.connect(self.hide)
        news.addWidget(self._words, stretch=1)
        news.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(news)
        wishes = QHBoxLayout()
        wishes.setContentsMargins(0, 0, 8, 4)
        self._buttons = [QPushButton(self), QPushButton(self)]
        for button in self._buttons:
            button.clicked.connect(self._on_clicked)
            wishes.addWidget(button)
        wishes.addStretch(1)
        column.addLayout(wishes)
        self.hide()

    @property
    def words(self) -> str:
        """Return the news."""
        return self._words.full_text

    def tell(self, words: str, role: str = "caution", actions: tuple[tuple[str, str], ...] = ()) -> None:
        """Show news: `role` is good, caution or stop; `actions` are (name, label), at most two."""
        set_role(self, f"strip-{role}")
        set_role(self._words, role)
        self._words.setText(words)
        self._close.setIcon(icon("close", self._appearance.theme, "muted"))
        for button, action in zip(self._buttons, [*actions, None, None], strict=False):
            button.setVisible(action is not None)
            if action is not None:
                button.setProperty("action", action[0])
                button.setText(action[1])
        self.show()

    @Slot()
    def _on_clicked(self) -> None:
        self.acted.emit(self.sender().property("action"))


class LinkStrip(QFrame):
    """Says that the team's server is out of reach and what still works; it stays as long as that is so."""

    try_requested = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("link")
        self._appearance = appearance
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(12)
        self._sign = QLabel(self)
        column = QVBoxLayout()
        column.setSpacing(2)
        self._words = PlainLabel("", self)
        self._words.setWordWrap(True)
        self._why = PlainLabel("", self, elide=Qt.TextElideMode.ElideRight)
        set_role(self._why, "small")
        column.addWidget(self._words)
        column.addWidget(self._why)
        self._button = QPushButton(self)
        self._button.setObjectName("button_link")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self._on_clicked)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(column, stretch=1)
        row.addWidget(self._button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._shown = LinkState()
        self._news = ("", "good")
        self._news_end = QTimer(self)
        self._news_end.setSingleShot(True)
        self._news_end.setInterval(_NEWS_MS)
        self._news_end.timeout.connect(self._forget_news)
        appearance.changed.connect(self._render)
        self.hide()

    def show_state(self, state: LinkState) -> None:
        """Show how things stand, or nothing while the server answers."""
        if state != self._shown:
            self._shown = state
            self._render()

    @Slot(str, bool)
    def tell(self, words: str, is_good: bool) -> None:  # noqa: FBT001 - a slot takes what its signal carries
        """Say what became of what waited; bad news stays until it is dismissed."""
        self._news = (words, "good" if is_good else "caution")
        if is_good:
            self._news_end.start()
        else:
            self._news_end.stop()
        self._render()

    @Slot()
    def _on_clicked(self) -> None:
        if self._shown.since is not None:
            self.try_requested.emit()
        else:
            self._forget_news()

    @Slot()
    def _forget_news(self) -> None:
        self._news = ("", "good")
        self._render()

    @Slot()
    def _render(self) -> None:
        state, (news, news_role) = self._shown, self._news
        is_offline = state.since is not None
        says_slow = not is_offline and not news and state.slow_s > 0
        role = "stop" if is_offline else "caution" if says_slow else news_role
        self.setVisible(is_offline or bool(news) or says_slow)
        self._words.setText(self._said(state) if is_offline or says_slow else news)
        self._why.setText(state.why)
        self._why.setVisible(is_offline)
        self._button.setText(self.tr("Try now") if is_offline else self.tr("Dismiss"))
        self._button.setVisible(not says_slow)
        set_role(self, f"strip-{role}")
        set_role(self._words, role)
        sign = "approve" if role == "good" else "warning"
        self._sign.setPixmap(icon(sign, self._appearance.theme, role).pixmap(self._appearance.px(18)))

    def _said(self, state: LinkState) -> str:
        if state.since is None:
            return self.tr("The database has not answered for {0} s. Go on: nothing is lost.").format(state.slow_s)
        if state.held == 0:
            first = self.tr("Offline since {0:%H:%M}. New items come once the connection is back.")
        elif state.held == 1:
            first = self.tr("Offline since {0:%H:%M}. You hold 1 item: finish it.")
        else:
            first = self.tr("Offline since {0:%H:%M}. You hold {1} items: finish them.")
        if state.unsent == 0:
            then = self.tr("What you decide waits on this computer.")
        elif state.unsent == 1:
            then = self.tr("1 decision waits on this computer and is sent by itself.")
        else:
            then = self.tr("{0} decisions wait on this computer and are sent by themselves.").format(state.unsent)
        return f"{first.format(state.since.astimezone(), state.held)} {then}"


class FindBar(QFrame):
    """Finds words in the draft and its source."""

    wanted = Signal(str)
    stepped = Signal(int)  # 1 next, -1 previous
    closed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "strip")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 4, 4)
        row.setSpacing(8)
        self.field = QLineEdit(self)
        self.field.setObjectName("find")
        self.field.setPlaceholderText(self.tr("Find in draft and source"))
        self.field.setAccessibleName(self.tr("Find in draft and source"))
        self.field.setMaxLength(200)
        self.field.textChanged.connect(self.wanted)
        self.field.installEventFilter(self)
        self._count = QLabel(self)
        set_role(self._count, "small")
        close = QToolButton(self)
        close.setIcon(icon("close", appearance.theme, "muted"))
        close.setAccessibleName(self.tr("Close"))
        close.clicked.connect(self.end)
        row.addWidget(self.field, stretch=1)
        row.addWidget(self._count)
        row.addWidget(close)
        self.hide()

    def begin(self) -> None:
        """Show the bar and take the focus."""
        self.show()
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.wanted.emit(self.field.text())

    @Slot()
    def end(self) -> None:
        """Hide the bar."""
        self.hide()
        self.closed.emit()

    def forget(self) -> None:
        """Go out of sight and keep nothing of what was looked for."""
        self.hide()
        self.field.setText("")

    def show_count(self, at: int, number: int) -> None:
        """Show which of how many finds is shown, counted from 1."""
        self._count.setText(self.tr("{0} of {1}").format(at, number) if number else self.tr("not found"))
        if not self.field.text():
            self._count.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter finds the next, Shift+Enter the previous, Esc closes."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.stepped.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.end()
                return True
        return super().eventFilter(watched, event)
