"""A clinical note: sections under headings (SOAP or the draft's own), released by a clinician."""

from datetime import timedelta

from reviewer.domain.kinds.kind import Field, Form, Kind
from reviewer.domain.members import Role
from reviewer.domain.translation import QT_TRANSLATE_NOOP

CLINICAL_NOTE = Kind(
    key="clinical_note",
    label=QT_TRANSLATE_NOOP("Kind", "Clinical note"),
    fields=(Field("sections", QT_TRANSLATE_NOOP("Field", "Note"), Form.SECTIONS),),
    roles=frozenset({Role.CLINICIAN}),
    lease=timedelta(minutes=15),
    hold=timedelta(seconds=10),
    signed=True,
)
