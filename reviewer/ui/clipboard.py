"""What is copied from the desk: marked as a secret for clipboard managers, and taken back after half a minute.

Guarantees: whatever this process puts on the clipboard, from whichever widget, carries the marks; it is cleared after
30 seconds, on lock and on quit, and only while it is still ours: what somebody copied elsewhere is left alone.
"""

import secrets

from PySide6.QtCore import QMimeData, QObject, QTimer, Slot
from PySide6.QtGui import QClipboard, QGuiApplication

CLEAR_AFTER_MS = 30_000
_OURS = "application/x-reviewer-desk"
_MARK = secrets.token_bytes(16)  # of this process: another desk's copy is not ours
_WINDOWS = 'application/x-qt-windows-mime;value="{0}"'
_SECRET = {
    "x-kde-passwordManagerHint": b"secret",  # KDE, GNOME and most managers on Linux
    "application/x-nspasteboard-concealed-type": b"",  # http://nspasteboard.org
    _WINDOWS.format("ExcludeClipboardContentFromMonitorProcessing"): b"\1\0\0\0",
    _WINDOWS.format("CanIncludeInClipboardHistory"): b"\0\0\0\0",
    _WINDOWS.format("CanUploadToCloudClipboard"): b"\0\0\0\0",
}
_WITHOUT_OWNERS = frozenset({"offscreen", "minimal", "vnc"})  # they keep a clipboard of their own, and say nobody's
_MODES = (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection)


def private_data(text: str) -> QMimeData:
    """Return `text` for the clipboard, marked as a secret and as ours."""
    data = QMimeData()
    data.setText(text)
    data.setData(_OURS, _MARK)
    for name, value in _SECRET.items():
        data.setData(name, value)
    return data


class PrivateClipboard(QObject):
    """Watches the clipboard for what comes from the desk."""

    def __init__(self, clipboard: QClipboard, parent: QObject, *, clear_after_ms: int = CLEAR_AFTER_MS) -> None:
        super().__init__(parent)
        self._clipboard = clipboard
        self._clear_soon = QTimer(self)
        self._clear_soon.setSingleShot(True)
        self._clear_soon.setInterval(clear_after_ms)
        self._clear_soon.timeout.connect(self.clear)
        clipboard.changed.connect(self._on_changed)

    @Slot(str)
    def copy(self, text: str) -> None:
        """Put `text` on the clipboard."""
        self._clipboard.setMimeData(private_data(text))

    @Slot()
    def clear(self) -> None:
        """Take back what is still ours."""
        self._clear_soon.stop()
        for mode in _MODES:
            if self._is_ours(mode):
                self._clipboard.clear(mode)

    @Slot(QClipboard.Mode)
    def _on_changed(self, mode: QClipboard.Mode) -> None:
        if self._is_ours(mode):
            self._clear_soon.start()
        elif self._owns(mode) and self._clipboard.mimeData(mode).hasText():
            # A line edit or a label put it there, which know nothing of marks; this comes here again.
            self._clipboard.setMimeData(private_data(self._clipboard.text(mode)), mode)

    def _is_ours(self, mode: QClipboard.Mode) -> bool:
        # Another program's data is not looked at: a program that hangs would make us wait.
        if not (self._owns(mode) or QGuiApplication.platformName() in _WITHOUT_OWNERS):
            return False
        data = self._clipboard.mimeData(mode)
        return data is not None and data.data(_OURS).data() == _MARK

    def _owns(self, mode: QClipboard.Mode) -> bool:
        if mode == QClipboard.Mode.Clipboard:
            return self._clipboard.ownsClipboard()
        return self._clipboard.supportsSelection() and self._clipboard.ownsSelection()
