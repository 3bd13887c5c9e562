"""A call summary: running text, what is to be done, keywords, and how the customer felt."""

from datetime import timedelta

from reviewer.domain.kinds.kind import Field, Form, Kind
from reviewer.domain.members import Role
from reviewer.domain.translation import QT_TRANSLATE_NOOP

SUMMARY = Kind(
    key="summary",
    label=QT_TRANSLATE_NOOP("Kind", "Summary"),
    fields=(
        Field("text", QT_TRANSLATE_NOOP("Field", "Summary")),
        Field("action_items", QT_TRANSLATE_NOOP("Field", "Action items"), Form.LIST),
        Field("keywords", QT_TRANSLATE_NOOP("Field", "Keywords"), Form.TAGS, length=1_000),
        Field(
            "sentiment",
            QT_TRANSLATE_NOOP("Field", "Sentiment"),
            Form.CHOICE,
            length=40,
            choices=(
                QT_TRANSLATE_NOOP("Choice", "positive"),
                QT_TRANSLATE_NOOP("Choice", "neutral"),
                QT_TRANSLATE_NOOP("Choice", "negative"),
                QT_TRANSLATE_NOOP("Choice", "mixed"),
            ),
        ),
    ),
    roles=frozenset({Role.AGENT, Role.CLINICIAN, Role.SUPERVISOR}),
    lease=timedelta(minutes=15),
    hold=timedelta(seconds=10),
)
