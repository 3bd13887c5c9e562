"""Words of the transcribers' page."""

from PySide6.QtCore import QCoreApplication

from reviewer.domain.clips import SkipReason
from reviewer.domain.translation import QT_TRANSLATE_NOOP

# Letter and label of each reason, in the order in which they are offered.
REASONS: tuple[tuple[SkipReason, str, str], ...] = (
    (SkipReason.WRONG_CUT, "c", QT_TRANSLATE_NOOP("Skip", "Cut wrong")),
    (SkipReason.NO_SPEECH, "s", QT_TRANSLATE_NOOP("Skip", "No speech")),
    (SkipReason.OTHER_LANGUAGE, "l", QT_TRANSLATE_NOOP("Skip", "Other language")),
    (SkipReason.TOO_NOISY, "n", QT_TRANSLATE_NOOP("Skip", "Too noisy")),
    (SkipReason.TWO_TALK, "t", QT_TRANSLATE_NOOP("Skip", "Two people talk")),
    (SkipReason.DISTRESSING, "d", QT_TRANSLATE_NOOP("Skip", "Distressing")),
    (SkipReason.MASKED, "m", QT_TRANSLATE_NOOP("Skip", "Masked beyond understanding")),
    (SkipReason.TECHNICAL, "x", QT_TRANSLATE_NOOP("Skip", "Technical fault")),
)


def skip_label(reason: SkipReason) -> str:
    """Return the label of a reason in the language of the desk."""
    return QCoreApplication.translate("Skip", next(label for each, _, label in REASONS if each is reason))


def clock(seconds: float) -> str:
    """Spell a place in a clip to the tenth."""
    tenths = int(seconds * 10 + 1e-6)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"
