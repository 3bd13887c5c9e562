"""A text message: short, one recipient, counted in segments by the carrier."""

from datetime import timedelta

from reviewer.domain.kinds.kind import Field, Kind
from reviewer.domain.members import Role
from reviewer.domain.translation import QT_TRANSLATE_NOOP

SMS = Kind(
    key="sms",
    label=QT_TRANSLATE_NOOP("Kind", "SMS"),
    fields=(Field("text", QT_TRANSLATE_NOOP("Field", "Message")),),
    roles=frozenset({Role.AGENT, Role.CLINICIAN, Role.SUPERVISOR}),
    lease=timedelta(minutes=10),
    hold=timedelta(seconds=10),
    counts_segments=True,
)
