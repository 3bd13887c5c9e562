"""The ledger's actions in the words of the page."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from reviewer.domain.events import Action
from reviewer.domain.translation import QT_TRANSLATE_NOOP
from reviewer.ledger.canonical import Value

_WORDS: Mapping[str, str] = {
    Action.WORKSPACE_MADE: QT_TRANSLATE_NOOP("Action", "made the workspace"),
    Action.MEMBER_ADDED: QT_TRANSLATE_NOOP("Action", "added a member"),
    Action.MEMBER_CHANGED: QT_TRANSLATE_NOOP("Action", "changed a member"),
    Action.MEMBER_KEYS_CHANGED: QT_TRANSLATE_NOOP("Action", "changed keys"),
    Action.MEMBER_REMOVED: QT_TRANSLATE_NOOP("Action", "removed a member"),
    Action.WORKSPACE_KEY_MADE: QT_TRANSLATE_NOOP("Action", "made a workspace key"),
    Action.IMPORTED: QT_TRANSLATE_NOOP("Action", "took the draft in"),
    Action.ANALYSED: QT_TRANSLATE_NOOP("Action", "had it compared with its source"),
    Action.CLAIMED: QT_TRANSLATE_NOOP("Action", "claimed it"),
    Action.OPENED: QT_TRANSLATE_NOOP("Action", "opened it"),
    Action.RELEASED: QT_TRANSLATE_NOOP("Action", "gave it back"),
    Action.TAKEN_OVER: QT_TRANSLATE_NOOP("Action", "took it over from a desk that ended"),
    Action.REASSIGNED: QT_TRANSLATE_NOOP("Action", "a supervisor gave it to a colleague"),
    Action.LEASE_EXPIRED: QT_TRANSLATE_NOOP("Action", "the lease ran out"),
    Action.OVERDUE: QT_TRANSLATE_NOOP("Action", "was late and went to a supervisor"),
    Action.SECOND_OPINION_KEPT: QT_TRANSLATE_NOOP("Action", "kept a second opinion"),
    Action.DECIDED: QT_TRANSLATE_NOOP("Action", "decided"),
    Action.SIGNED_OFF: QT_TRANSLATE_NOOP("Action", "signed it"),
    Action.ADDENDUM_MADE: QT_TRANSLATE_NOOP("Action", "added to a signed note"),
    Action.WITHDRAWN: QT_TRANSLATE_NOOP("Action", "withdrew the decision"),
    Action.SETTLED: QT_TRANSLATE_NOOP("Action", "the hold ended"),
    Action.RESUMED: QT_TRANSLATE_NOOP("Action", "it waits again"),
    Action.SENDING: QT_TRANSLATE_NOOP("Action", "is handing it over"),
    Action.SENT: QT_TRANSLATE_NOOP("Action", "it was delivered"),
    Action.SEND_FAILED: QT_TRANSLATE_NOOP("Action", "delivery failed"),
    Action.DATA_KEYS_REWRAPPED: QT_TRANSLATE_NOOP("Action", "wrapped keys anew"),
    Action.WORKSPACE_KEY_DESTROYED: QT_TRANSLATE_NOOP("Action", "destroyed an old workspace key"),
    Action.ERASED: QT_TRANSLATE_NOOP("Action", "erased the conversation"),
    Action.FORGOTTEN: QT_TRANSLATE_NOOP("Action", "the destination dropped what was erased"),
    Action.EXPORTED: QT_TRANSLATE_NOOP("Action", "exported the ledger"),
    Action.POLICY_CHANGED: QT_TRANSLATE_NOOP("Action", "changed a policy"),
    Action.UNLOCKED: QT_TRANSLATE_NOOP("Action", "unlocked the desk"),
    Action.UNLOCK_FAILED: QT_TRANSLATE_NOOP("Action", "failed to unlock"),
    Action.LOCKED: QT_TRANSLATE_NOOP("Action", "locked the desk"),
    Action.SUPPRESSED: QT_TRANSLATE_NOOP("Action", "noted an opt-out"),
    Action.UNSUPPRESSED: QT_TRANSLATE_NOOP("Action", "lifted an opt-out"),
    Action.REVEALED: QT_TRANSLATE_NOOP("Action", "looked at personal data"),
    Action.TOKENISED: QT_TRANSLATE_NOOP("Action", "replaced personal data by PII tokens"),
    Action.RESTORED: QT_TRANSLATE_NOOP("Action", "put personal data back"),
    Action.STOPPED: QT_TRANSLATE_NOOP("Action", "was stopped at the gate and went to a supervisor"),
    Action.POOL_KEY_MADE: QT_TRANSLATE_NOOP("Action", "made or shared the pool's key"),
    Action.CALL_ADDED: QT_TRANSLATE_NOOP("Action", "took a call in"),
    Action.CALL_BUILT: QT_TRANSLATE_NOOP("Action", "cut a call into clips"),
    Action.CALL_STOPPED: QT_TRANSLATE_NOOP("Action", "calls stopped at another gate"),
    Action.CLIPS_RELEASED: QT_TRANSLATE_NOOP("Action", "released clips into the pool"),
    Action.CLIPS_ASSIGNED: QT_TRANSLATE_NOOP("Action", "assigned clips to transcribers"),
    Action.CLIPS_WITHDRAWN: QT_TRANSLATE_NOOP("Action", "withdrew clips"),
    Action.CLIP_OPENED: QT_TRANSLATE_NOOP("Action", "opened a clip"),
    Action.CLIP_LABELLED: QT_TRANSLATE_NOOP("Action", "labelled a clip"),
    Action.CLIP_SKIPPED: QT_TRANSLATE_NOOP("Action", "skipped a clip"),
    Action.CLIP_REPORTED: QT_TRANSLATE_NOOP("Action", "reported personal data in a clip"),
    Action.CLIP_TAKEN_BACK: QT_TRANSLATE_NOOP("Action", "took a label back"),
    Action.LABELS_EXPORTED: QT_TRANSLATE_NOOP("Action", "exported labels"),
    Action.OPTED_OUT: QT_TRANSLATE_NOOP("Action", "carried out an opt-out from listening"),
}
_SHOWN_DETAILS = (
    "reason",
    "words_changed",
    "attempt",
    "receipt",
    "tries",
    "generation",
    "number",
    "roles",
    "kind",
    "policy",
    "rule",
)


def action_word(action: str) -> str:
    """Return what an entry says was done."""
    return QCoreApplication.translate("Action", _WORDS.get(action, action))


def details_words(details: Mapping[str, Value]) -> str:
    """Return the details that a reader wants to see."""
    shown = ((name.replace("_", " "), details.get(name)) for name in _SHOWN_DETAILS)
    words = [f"{name} {_spelled(value)}" for name, value in shown if value not in (None, "", [])]
    return ", ".join([*words, *_findings_words(details.get("findings"))])


def _findings_words(findings: Value) -> list[str]:
    """Return what became of the findings of a decided item."""
    if not isinstance(findings, list):
        return []
    told = [each for each in findings if isinstance(each, dict)]
    mended = sum(each["mended"] for each in told if isinstance(each.get("mended"), int))
    overridden = [f"{each['rule']} ({_spelled(each['overridden'])})" for each in told if each.get("overridden")]
    words = [QCoreApplication.translate("Ledger", "findings mended {0}").format(mended)] if mended else []
    if overridden:
        words.append(QCoreApplication.translate("Ledger", "overridden {0}").format(", ".join(overridden)))
    return words


def _spelled(value: Value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
