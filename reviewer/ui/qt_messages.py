"""Takes what Qt has to say about itself. A message may quote any text, so the log learns only where it came from."""

import logging
import re

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_PLACE = re.compile(r"Q[A-Za-z]{2,40}(::[A-Za-z_]{2,40})+")  # a class of Qt and its method


def take_messages() -> None:
    """Send Qt's messages to the log from now on, each as its place and length, and none to standard error."""
    qInstallMessageHandler(_take)


def _take(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    place = _PLACE.match(message)
    logging.getLogger("reviewer.qt").log(
        _LEVELS.get(kind, logging.WARNING),
        "%s %s, %d characters",
        context.category or "default",
        place.group() if place else "somewhere",
        len(message),
    )
