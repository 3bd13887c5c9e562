"""What can be pressed: the one list of actions with their keys, remappable, with clashes found.

Single letters act only outside text, nothing that decides lies on Backspace, and a key that an action owns works
while a text box has the focus.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QWindow
from PySide6.QtWidgets import QApplication, QKeySequenceEdit, QWidget

from reviewer.domain.translation import QT_TRANSLATE_NOOP


@dataclass(frozen=True, slots=True)
class KeyAction:
    """One thing a key does; `group` heads it on the key sheet."""

    name: str
    label: str
    key: str
    group: str


_DECIDE = QT_TRANSLATE_NOOP("Keys", "Decide")
_CHECK = QT_TRANSLATE_NOOP("Keys", "Check")
_TEXT = QT_TRANSLATE_NOOP("Keys", "Text")
_MOVE = QT_TRANSLATE_NOOP("Keys", "Move about")
_DESK = QT_TRANSLATE_NOOP("Keys", "Desk")

ACTIONS: tuple[KeyAction, ...] = (
    KeyAction("approve", QT_TRANSLATE_NOOP("Keys", "Approve and go on"), "Ctrl+Return", _DECIDE),
    KeyAction("reject", QT_TRANSLATE_NOOP("Keys", "Reject, with a reason"), "Ctrl+R", _DECIDE),
    KeyAction("respond", QT_TRANSLATE_NOOP("Keys", "Respond: send instructions back"), "Ctrl+M", _DECIDE),
    KeyAction("escalate", QT_TRANSLATE_NOOP("Keys", "Escalate to a supervisor"), "Ctrl+E", _DECIDE),
    KeyAction("skip", QT_TRANSLATE_NOOP("Keys", "Skip for now, with a note"), "Ctrl+K", _DECIDE),
    KeyAction("undo", QT_TRANSLATE_NOOP("Keys", "Undo typing, then the last held decision"), "Ctrl+Z", _DECIDE),
    KeyAction("release", QT_TRANSLATE_NOOP("Keys", "Give the item back undecided"), "Ctrl+Shift+K", _DECIDE),
    KeyAction("opinion", QT_TRANSLATE_NOOP("Keys", "Save the text as a second opinion"), "Ctrl+Shift+S", _DECIDE),
    KeyAction("difference", QT_TRANSLATE_NOOP("Keys", "Show the difference to the draft"), "Ctrl+D", _TEXT),
    KeyAction("reset", QT_TRANSLATE_NOOP("Keys", "Go back to the draft"), "Ctrl+Shift+0", _TEXT),
    KeyAction("find", QT_TRANSLATE_NOOP("Keys", "Find in draft and source"), "Ctrl+F", _TEXT),
    KeyAction("next_finding", QT_TRANSLATE_NOOP("Keys", "Next finding, the heaviest first"), "F8", _CHECK),
    KeyAction("previous_finding", QT_TRANSLATE_NOOP("Keys", "Previous finding"), "Shift+F8", _CHECK),
    KeyAction(
        "override", QT_TRANSLATE_NOOP("Keys", "Override the finding, with a reason, or not any more"), "F9", _CHECK
    ),
    KeyAction("next_sentence", QT_TRANSLATE_NOOP("Keys", "Next sentence, and what it rests on"), "Alt+Down", _CHECK),
    KeyAction("previous_sentence", QT_TRANSLATE_NOOP("Keys", "Previous sentence"), "Alt+Up", _CHECK),
    KeyAction("mask", QT_TRANSLATE_NOOP("Keys", "Mask personal data, or show it again"), "Ctrl+B", _TEXT),
    KeyAction("next_field", QT_TRANSLATE_NOOP("Keys", "Next field or section"), "Alt+PgDown", _TEXT),
    KeyAction("previous_field", QT_TRANSLATE_NOOP("Keys", "Previous field or section"), "Alt+PgUp", _TEXT),
    KeyAction("next_pane", QT_TRANSLATE_NOOP("Keys", "Next column"), "F6", _MOVE),
    KeyAction("previous_pane", QT_TRANSLATE_NOOP("Keys", "Previous column"), "Shift+F6", _MOVE),
    KeyAction("history", QT_TRANSLATE_NOOP("Keys", "Decisions of this session"), "Ctrl+H", _MOVE),
    KeyAction("page_review", QT_TRANSLATE_NOOP("Keys", "Review"), "Ctrl+1", _MOVE),
    KeyAction("page_ledger", QT_TRANSLATE_NOOP("Keys", "Ledger"), "Ctrl+4", _MOVE),
    KeyAction("page_policy", QT_TRANSLATE_NOOP("Keys", "Policy"), "Ctrl+5", _MOVE),
    KeyAction("page_settings", QT_TRANSLATE_NOOP("Keys", "Settings"), "Ctrl+,", _MOVE),
    KeyAction("import", QT_TRANSLATE_NOOP("Keys", "Import drafts from a file"), "Ctrl+O", _DESK),
    KeyAction("zoom_in", QT_TRANSLATE_NOOP("Keys", "Larger"), "Ctrl++", _DESK),
    KeyAction("zoom_out", QT_TRANSLATE_NOOP("Keys", "Smaller"), "Ctrl+-", _DESK),
    KeyAction("zoom_reset", QT_TRANSLATE_NOOP("Keys", "Normal size"), "Ctrl+0", _DESK),
    KeyAction("lock", QT_TRANSLATE_NOOP("Keys", "Lock the desk"), "Ctrl+L", _DESK),
    KeyAction("keys", QT_TRANSLATE_NOOP("Keys", "All keys"), "F1", _DESK),
    KeyAction("quit", QT_TRANSLATE_NOOP("Keys", "Quit"), "Ctrl+Q", _DESK),
)
_PLAY = QT_TRANSLATE_NOOP("Keys", "Listen and write")
# What keys do while the page of transcribers is shown; there they outweigh what the same keys do elsewhere.
LISTENING: tuple[KeyAction, ...] = (
    KeyAction("clip_submit", QT_TRANSLATE_NOOP("Keys", "Hand in and go on"), "Ctrl+Return", _PLAY),
    KeyAction("clip_skip", QT_TRANSLATE_NOOP("Keys", "Skip, with a reason"), "Ctrl+K", _PLAY),
    KeyAction("clip_report", QT_TRANSLATE_NOOP("Keys", "Contains personal data"), "Ctrl+P", _PLAY),
    KeyAction("clip_undo", QT_TRANSLATE_NOOP("Keys", "Undo typing, then the last clip"), "Ctrl+Z", _PLAY),
    KeyAction("play", QT_TRANSLATE_NOOP("Keys", "Play or pause"), "Tab", _PLAY),
    KeyAction("play_back", QT_TRANSLATE_NOOP("Keys", "Back 1.5 s"), "Shift+Tab", _PLAY),
    KeyAction("play_again", QT_TRANSLATE_NOOP("Keys", "Again, slower"), "Ctrl+Shift+R", _PLAY),
    KeyAction("play_start", QT_TRANSLATE_NOOP("Keys", "From the start"), "Ctrl+Shift+Home", _PLAY),
    KeyAction("play_slower", QT_TRANSLATE_NOOP("Keys", "Slower"), "Ctrl+,", _PLAY),
    KeyAction("play_faster", QT_TRANSLATE_NOOP("Keys", "Faster"), "Ctrl+.", _PLAY),
    KeyAction("play_loop", QT_TRANSLATE_NOOP("Keys", "Loop on or off"), "Ctrl+Shift+L", _PLAY),
    KeyAction("play_select", QT_TRANSLATE_NOOP("Keys", "Mark start, then end, of a part"), "Ctrl+B", _PLAY),
    KeyAction("play_typing", QT_TRANSLATE_NOOP("Keys", "Pause while typing on or off"), "Ctrl+Shift+P", _PLAY),
    KeyAction("tag_noise", "[noise]", "Alt+1", _PLAY),
    KeyAction("tag_crosstalk", "[crosstalk]", "Alt+2", _PLAY),
    KeyAction("tag_laughter", "[laughter]", "Alt+3", _PLAY),
    KeyAction("tag_music", "[music]", "Alt+4", _PLAY),
    KeyAction("tag_unsure", QT_TRANSLATE_NOOP("Keys", "((unsure))"), "Ctrl+U", _PLAY),
    KeyAction("tag_unintelligible", "[unintelligible]", "Ctrl+I", _PLAY),
    KeyAction("listen_out", QT_TRANSLATE_NOOP("Keys", "Out of the text, and on"), "F6", _PLAY),
    KeyAction("listen_back", QT_TRANSLATE_NOOP("Keys", "Out of the text, and back"), "Shift+F6", _PLAY),
)
POOL_PAGES: tuple[KeyAction, ...] = (
    KeyAction("page_transcribe", QT_TRANSLATE_NOOP("Keys", "Transcribe"), "Ctrl+2", _MOVE),
    KeyAction("page_pool", QT_TRANSLATE_NOOP("Keys", "Pool"), "Ctrl+3", _MOVE),
)
_EVERY = (*ACTIONS, *POOL_PAGES, *LISTENING)
_LISTENING_NAMES = frozenset(action.name for action in LISTENING)
LISTENING_PAGE = "transcribe"
_DEFAULTS = {action.name: action.key for action in _EVERY}
# What may go on while its key is held down; everything else happens once for each press.
_STEPS = ("field", "pane", "finding", "sentence")
_STEPPING = {f"{way}_{step}" for step in _STEPS for way in ("next", "previous")}
_PLAYING = {"play_back", "play_slower", "play_faster", "listen_out", "listen_back"}
_REPEATING = frozenset(_STEPPING | _PLAYING | {"zoom_in", "zoom_out"})
# Keys that people press without thinking: no action may sit there.
_FORBIDDEN = frozenset(
    {"Backspace", "Del", "Return", "Enter", "Tab", "Shift+Tab", "Esc", "Space", "Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+A"}
)


# A transcriber's page is left, and the desk is locked, by the same key wherever one is.
_EVERYWHERE = frozenset({"page_transcribe", "page_pool", "lock", "keys", "quit"})


def label(action: KeyAction) -> str:
    """Return an action's label in the language of the desk."""
    return QCoreApplication.translate("Keys", action.label)


class KeyMap(QObject):
    """Which key does what, and the Qt actions that follow it."""

    changed = Signal()

    def __init__(self, changes: Mapping[str, str], parent: QWidget) -> None:
        """Make one action of `parent` for each entry of ACTIONS; `changes` maps names to other keys."""
        super().__init__(parent)
        self._keys = _DEFAULTS | {name: key for name, key in changes.items() if name in _DEFAULTS}
        self._page: str | None = None
        self._has_listening = False
        self._actions = {action.name: QAction(label(action), parent) for action in _EVERY}
        for name, action in self._actions.items():
            action.setObjectName(f"action_{name}")
            action.setAutoRepeat(name in _REPEATING)
            parent.addAction(action)
        self._apply()

    @property
    def has_listening(self) -> bool:
        """Tell whether this member has the pages of the pool at all."""
        return self._has_listening

    def set_listening(self, *, there: bool) -> None:
        """Show the keys of the pool's pages, or hide them."""
        if there != self._has_listening:
            self._has_listening = there
            self.changed.emit()

    @property
    def changes(self) -> dict[str, str]:
        """Return the keys that differ from the defaults."""
        return {name: key for name, key in self._keys.items() if key != _DEFAULTS[name]}

    def action(self, name: str) -> QAction:
        """Return the Qt action of that name."""
        return self._actions[name]

    def key(self, name: str) -> str:
        """Return the key of an action in its portable form."""
        return self._keys[name]

    def shown(self, name: str) -> str:
        """Return the key of an action as this platform writes it."""
        native = QKeySequence(self._keys[name]).toString(QKeySequence.SequenceFormat.NativeText)
        return native.replace("Return", self.tr("Enter"))

    def clash(self, name: str, key: str) -> str | None:
        """Return why `key` cannot do `name`, as a sentence, or None."""
        if key in _FORBIDDEN or key.endswith("Backspace"):
            return self.tr("{0} belongs to typing; choose a key with Ctrl, Alt or a function key.").format(key)
        if key and _types_a_character(key):
            return self.tr("A single character is needed for typing; add Ctrl or Alt.")
        holders = [each for each in _EVERY if self._keys[each.name] == key and _are_rivals(name, each.name)]
        if key and holders:
            return self.tr("{0} is taken by “{1}”.").format(key, label(holders[0]))
        return None

    def set_key(self, name: str, key: str) -> None:
        """Give an action another key; `clash` has been asked."""
        self._keys[name] = key
        self._apply()
        self.changed.emit()

    def restore_defaults(self) -> None:
        """Give every action its first key."""
        self._keys = dict(_DEFAULTS)
        self._apply()
        self.changed.emit()

    def show_page(self, page: str | None) -> None:
        """Let keys do what they do on that page."""
        if page != self._page:
            self._page = page
            self._apply()

    def groups(self) -> dict[str, list[KeyAction]]:
        """Return the actions that this member has, under their headings."""
        return groups(listening=self.has_listening)

    def owns(self, event: QKeyEvent) -> bool:
        """Tell whether the key in `event` belongs to an action."""
        combined = event.keyCombination().toCombined()
        if event.key() == Qt.Key.Key_Backtab:  # how Qt says Shift+Tab
            combined = QKeyCombination(event.modifiers(), Qt.Key.Key_Tab).toCombined()
        return combined in self._owned

    def _apply(self) -> None:
        self._owned: set[int] = set()
        listens = self._page == LISTENING_PAGE
        taken = {self._keys[name] for name in _LISTENING_NAMES} if listens else set()
        for name, action in self._actions.items():
            is_off = not listens if name in _LISTENING_NAMES else self._keys[name] in taken
            sequences = [QKeySequence(self._keys[name])] if self._keys[name] and not is_off else []
            for key, other in (("Return", "Enter"), ("Ctrl++", "Ctrl+=")):
                if sequences and self._keys[name].endswith(key):
                    sequences.append(QKeySequence(self._keys[name].replace(key, other)))
            action.setShortcuts(sequences)
            self._owned |= {sequence[0].toCombined() for sequence in sequences if sequence.count()}  # type: ignore[index] # in the stubs


class ShortcutGuard(QObject):
    """Keeps text boxes from swallowing the desk's keys, except undo while there is something to undo in the text.

    An Enter that is held down belongs to where it was pressed: it never goes on into what came up meanwhile.
    """

    def __init__(self, keys: KeyMap) -> None:
        super().__init__(keys)
        self._keys = keys
        self._enter_pressed_in: QWidget | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Refuse a text box's claim on a key that an action owns, and an Enter that was pressed elsewhere."""
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            return self._refuses_claim(event)
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.type() != QEvent.Type.KeyPress or not is_enter or not isinstance(watched, QWindow):
            return False
        if not event.isAutoRepeat():
            self._enter_pressed_in = QApplication.focusWidget()
        return QApplication.focusWidget() is not self._enter_pressed_in

    def _refuses_claim(self, event: QKeyEvent) -> bool:
        if isinstance(QApplication.focusWidget(), QKeySequenceEdit) or not self._keys.owns(event):
            return False  # where a key is chosen, every key can be
        if event.matches(QKeySequence.StandardKey.Undo):
            return False  # text widgets decide themselves about undo
        event.ignore()
        return True


def _are_rivals(name: str, other: str) -> bool:
    """Tell whether two actions cannot share a key: only those of the transcribers' page outweigh the rest there."""
    if name == other:
        return False
    same_place = (name in _LISTENING_NAMES) == (other in _LISTENING_NAMES)
    return same_place or name in _EVERYWHERE or other in _EVERYWHERE


def _types_a_character(key: str) -> bool:
    combination = QKeySequence(key)[0]  # type: ignore[index] # in the stubs
    modifiers = combination.keyboardModifiers() & ~Qt.KeyboardModifier.ShiftModifier
    is_function = Qt.Key.Key_F1 <= combination.key() <= Qt.Key.Key_F35
    return modifiers == Qt.KeyboardModifier.NoModifier and not is_function


def groups(*, listening: bool = False) -> dict[str, list[KeyAction]]:
    """Return the actions under their headings, for the key sheet; those of transcribers only where they are wanted."""
    grouped: dict[str, list[KeyAction]] = defaultdict(list)
    for action in _EVERY if listening else ACTIONS:
        grouped[action.group].append(action)
    return dict(grouped)
