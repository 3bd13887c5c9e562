"""The words of the review page for values of the domain."""

from datetime import datetime

from PySide6.QtCore import QCoreApplication

from reviewer.domain.decisions import Verdict
from reviewer.domain.items import Channel, ModelInfo
from reviewer.domain.kinds import KINDS
from reviewer.domain.translation import QT_TRANSLATE_NOOP

_CHANNELS = {
    Channel.VOICE: QT_TRANSLATE_NOOP("Channel", "call"),
    Channel.SMS: QT_TRANSLATE_NOOP("Channel", "SMS"),
    Channel.CHAT: QT_TRANSLATE_NOOP("Channel", "chat"),
    Channel.EMAIL: QT_TRANSLATE_NOOP("Channel", "e-mail"),
}


def kind_label(kind: str) -> str:
    """Return a kind's label in the language of the desk."""
    return QCoreApplication.translate("Kind", KINDS[kind].label) if kind in KINDS else kind


def channel_label(channel: Channel) -> str:
    """Return a channel's label in the language of the desk."""
    return QCoreApplication.translate("Channel", _CHANNELS[channel])


def due_label(due_at: datetime | None, now: datetime) -> str:
    """Return how long until, or since, an item was due."""
    if due_at is None:
        return ""
    minutes = int((due_at - now).total_seconds() // 60)
    if minutes < 0:
        return QCoreApplication.translate("Queue", "{0} late").format(_span(-minutes))
    return QCoreApplication.translate("Queue", "due in {0}").format(_span(minutes))


def _span(minutes: int) -> str:
    if minutes < 60:
        return QCoreApplication.translate("Queue", "{0} min").format(minutes)
    if minutes < 48 * 60:
        return f"{minutes // 60}:{minutes % 60:02} h"
    return QCoreApplication.translate("Queue", "{0} days").format(minutes // (24 * 60))


_VERDICTS = {
    Verdict.APPROVE: QT_TRANSLATE_NOOP("Verdict", "approved"),
    Verdict.APPROVE_WITH_EDITS: QT_TRANSLATE_NOOP("Verdict", "approved, edited"),
    Verdict.REJECT: QT_TRANSLATE_NOOP("Verdict", "rejected"),
    Verdict.RESPOND: QT_TRANSLATE_NOOP("Verdict", "sent back"),
    Verdict.ESCALATE: QT_TRANSLATE_NOOP("Verdict", "escalated"),
    Verdict.SKIP: QT_TRANSLATE_NOOP("Verdict", "skipped"),
}
_STATES = {
    "deciding": QT_TRANSLATE_NOOP("State", "being saved"),
    "unsent": QT_TRANSLATE_NOOP("State", "not sent yet"),
    "held": QT_TRANSLATE_NOOP("State", "held"),
    "withdrawing": QT_TRANSLATE_NOOP("State", "being withdrawn"),
    "withdrawn": QT_TRANSLATE_NOOP("State", "withdrawn"),
    "stopped": QT_TRANSLATE_NOOP("State", "stopped at the gate, with a supervisor"),
    "settled": QT_TRANSLATE_NOOP("State", "final"),
    "sending": QT_TRANSLATE_NOOP("State", "leaving"),
    "sent": QT_TRANSLATE_NOOP("State", "delivered"),
    "failed": QT_TRANSLATE_NOOP("State", "not delivered yet; tried again"),
}


def verdict_word(verdict: Verdict) -> str:
    """Return what was decided, as a word."""
    return QCoreApplication.translate("Verdict", _VERDICTS[verdict])


def state_word(state: str) -> str:
    """Return where a decision stands, as a word."""
    return QCoreApplication.translate("State", _STATES.get(state, state))


def drafted_by(model: ModelInfo | None) -> str:
    """Return who drafted, as its producer states it."""
    if model is None:
        return QCoreApplication.translate("Provenance", "drafted by: not stated")
    words = QCoreApplication.translate("Provenance", "drafted by {0} {1}").format(model.name, model.version)
    if model.prompt_version:
        words += QCoreApplication.translate("Provenance", " · prompt {0}").format(model.prompt_version)
    return words


def clock(seconds: float) -> str:
    """Return a length of time as 0:00 or 0:00:00."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
