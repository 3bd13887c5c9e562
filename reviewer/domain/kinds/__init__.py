"""The kinds of item, one file each. KINDS is the one list: a new kind is one file and one line here."""

from reviewer.domain.kinds.clinical_note import CLINICAL_NOTE
from reviewer.domain.kinds.kind import Field, Form, Kind
from reviewer.domain.kinds.sms import SMS
from reviewer.domain.kinds.summary import SUMMARY

KINDS: dict[str, Kind] = {kind.key: kind for kind in (SMS, SUMMARY, CLINICAL_NOTE)}

__all__ = ["KINDS", "Field", "Form", "Kind"]
