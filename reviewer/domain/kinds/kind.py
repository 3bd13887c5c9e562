"""What a kind of item declares."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from reviewer.domain.decisions import Verdict
from reviewer.domain.members import Role


class Form(StrEnum):
    """How a field's text is laid out, which decides its editor."""

    TEXT = "text"  # paragraphs
    LINE = "line"  # one line
    LIST = "list"  # one entry a line
    TAGS = "tags"  # entries with commas between them, on one line
    CHOICE = "choice"  # one of `choices`, on one line
    SECTIONS = "sections"  # paragraphs under headings of their own


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a draft that the reviewer edits; `length` caps it in characters.

    In the plain text of a draft the first TEXT or SECTIONS field is the body; every other field stands under a
    heading, `Label:`, on a line of its own or (one-line forms) before its value.
    """

    key: str
    label: str
    form: Form = Form.TEXT
    length: int = 64 * 1024
    choices: tuple[str, ...] = ()

    @property
    def multiline(self) -> bool:
        """Tell whether the field may hold line breaks."""
        return self.form in (Form.TEXT, Form.LIST, Form.SECTIONS)


@dataclass(frozen=True, slots=True)
class Kind:
    """The declaration of one kind: everything the desk needs to review it."""

    key: str
    label: str
    fields: tuple[Field, ...]
    roles: frozenset[Role]  # who may claim and approve it
    lease: timedelta
    hold: timedelta
    decisions: frozenset[Verdict] = frozenset(Verdict) - {Verdict.ADDENDUM}
    signed: bool = False  # its final leaves only with an attestation, and is locked afterwards
    counts_segments: bool = False  # a carrier will cut the final into SMS segments

    @property
    def body(self) -> Field:
        """Return the field that holds the running text."""
        return next(f for f in self.fields if f.form in (Form.TEXT, Form.SECTIONS))
