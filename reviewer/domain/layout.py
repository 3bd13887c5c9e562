"""Where the fields of a kind stand in the plain text of a draft.

The plain text is the truth: fields are ranges of it, so an untouched draft leaves byte for byte, an edit changes
only its own range, and every mark on the text is one pair of offsets. A text that does not fit the layout of its
kind is shown whole in the body: nothing is ever hidden from the reviewer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reviewer.domain.kinds.kind import Field, Form, Kind

_BULLET = re.compile(r"^\s*(?:[-*•–▪◦]|\d{1,2}[.)]|\[[ xX]?\]|☐)\s+")
_UPPER_HEADING = re.compile(r"^[ \t]*(?:#+[ \t]*)?[A-Z][A-Z0-9 /&,()'’-]{4,60}:?[ \t]*$")
_COLON_HEADING = re.compile(r"^[ \t]*(?:#+[ \t]*|\*\*)?[^\W\d_][^.:;!?\n]{0,58}:(?:\*\*)?[ \t]*$")
_MARKED_HEADING = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+\S|\*\*[^*\n]{1,60}\*\*[ \t]*$)")
_INLINE_HEADING = re.compile(r"^[ \t]*([A-Za-zČčĆćŠšŽžĐđА-Яа-яЂ-ћ][\w /&'’().-]{0,40}):[ \t]+\S")
# Headings that stand on the line of their text in notes as they are written; compared without case.
_KNOWN_HEADINGS = frozenset(
    """
    s/o/a/p/subjective/objective/assessment/plan/hpi/pmh/pmhx/psh/dh/dhx/sh/shx/fh/fhx/ros/ice/imp/impression
    diagnosis/allergies/medications/vitals/exam/examination/results/history/hx/chief complaint
    history of present illness/past medical history/social history/family history/drug history/review of systems
    physical exam/physical examination/vital signs/assessment and plan/assessment & plan/follow-up/follow up
    presenting complaint/subjektivno/objektivno/procena/plan/anamneza/dijagnoza/terapija/alergije
    субјективно/објективно/процена/план/анамнеза/дијагноза/терапија/алергије
    """.strip()
    .replace("\n    ", "/")
    .split("/")
)


@dataclass(frozen=True, slots=True)
class Part:
    """A field and the range [start, end) of its text in the whole; -1, -1 where the text has no such part."""

    field: Field
    start: int
    end: int

    @property
    def present(self) -> bool:
        """Tell whether the text has this part."""
        return self.start >= 0


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the text under it: [start, body_start) is the heading, [body_start, end) the text."""

    heading: str
    start: int
    body_start: int
    end: int


def parts(kind: Kind, text: str) -> tuple[Part, ...]:
    """Return one Part for each field of `kind`, in the order of its fields."""
    if len(kind.fields) == 1:
        return (Part(kind.fields[0], 0, len(text)),)
    found = _headed_parts(kind, text)
    if found is None:
        return tuple(Part(f, 0, len(text)) if f is kind.body else Part(f, -1, -1) for f in kind.fields)
    return tuple(Part(f, *found.get(f.key, (-1, -1))) for f in kind.fields)


def value(part: Part, text: str) -> str:
    """Return the raw text of `part`, empty where it is absent."""
    return text[part.start : part.end] if part.present else ""


def compose(kind: Kind, base: str, changed: Mapping[str, str]) -> str:
    """Return `base` with the fields in `changed` (key to raw text) replaced, every other character as it was.

    A field that `base` lacks is added at the end, under its heading, once it has text.
    """
    text, shift, added = base, 0, ""
    for part in sorted(parts(kind, base), key=lambda p: p.start):
        new = changed.get(part.field.key)
        if new is None:
            continue
        if part.present:
            if new and part.start == part.end:
                new = _apart(kind, base, part, new)
            text = text[: part.start + shift] + new + text[part.end + shift :]
            shift += len(new) - (part.end - part.start)
        elif new:
            gap = "\n" if part.field.multiline else " "
            added += f"\n\n{part.field.label}:{gap}{new}"
    end = _with_blanks(text, len(text.rstrip()), len(text))
    if added and text[end : end + 1] in (" ", "\t"):
        added += "\n"  # blanks alone in a line are not the new field's
    return text[:end] + added + text[end:] if added else text


def values(kind: Kind, text: str) -> dict[str, object]:
    """Return the fields as plain data: str, list of str, or for sections a list of {"heading", "text"}."""
    return {part.field.key: _data(part, text) for part in parts(kind, text)}


def sections(text: str) -> tuple[Section, ...]:
    """Cut a note at its headings; text before the first heading is a section without one."""
    starts = [(match.start(), _heading(match.group())) for match in re.finditer(r"[^\n]*\n?", text) if match.group()]
    heads = [(start, *head) for start, head in starts if head is not None]
    if not heads or text[: heads[0][0]].strip():
        heads.insert(0, (0, "", 0))
    elif heads[0][0]:
        start, name, width = heads[0]
        heads[0] = (0, name, start + width)
    ends = [start for start, _, _ in heads[1:]] + [len(text)]
    return tuple(
        Section(name, start, start + width, end) for (start, name, width), end in zip(heads, ends, strict=True)
    )


def heading_width(line: str) -> int:
    """Return how many characters of `line` are a heading, 0 where it is none."""
    head = _heading(line)
    return head[1] if head else 0


def _heading(line: str) -> tuple[str, int] | None:
    """Return the heading that `line` opens with and its width in characters, or None."""
    bare = line.rstrip("\n")
    if _UPPER_HEADING.match(bare) or _COLON_HEADING.match(bare) or _MARKED_HEADING.match(bare):
        return bare.strip(" \t#*:"), len(line)
    if bare.strip().casefold() in _KNOWN_HEADINGS:
        return bare.strip(), len(line)
    inline = _INLINE_HEADING.match(bare)
    if inline and (inline[1].casefold() in _KNOWN_HEADINGS or (inline[1].isupper() and len(inline[1]) > 3)):
        return inline[1], inline.end() - 1
    return None


def _headed_parts(kind: Kind, text: str) -> dict[str, tuple[int, int]] | None:
    """Return the range of each field found, or None where some text would belong to no field."""
    headings = {f.label.casefold(): f for f in kind.fields if f is not kind.body}
    found: dict[str, tuple[int, int]] = {}
    open_key, open_start, offset = kind.body.key, 0, 0
    for line in text.splitlines(keepends=True):
        label, colon, _ = line.partition(":")
        field = headings.get(label.strip(" \t#*").casefold()) if colon else None
        if field is not None:
            if field.key in found or not _close(found, open_key, (open_start, offset), text):
                return None
            value_at = offset + len(label) + 1
            if field.multiline:
                open_key, open_start = field.key, value_at
            else:
                found[field.key] = _trim(text, value_at, offset + len(line))
                open_key, open_start = kind.body.key, offset + len(line)
        offset += len(line)
    return found if _close(found, open_key, (open_start, len(text)), text) else None


def _close(found: dict[str, tuple[int, int]], key: str, span: tuple[int, int], text: str) -> bool:
    """Record `span` for `key`; False where the field already has text elsewhere."""
    start, end = _trim(text, *span)
    trimmed = (start, _with_blanks(text, end, span[1]) if start < end else end)
    if trimmed[0] == trimmed[1] and key in found:
        return True
    earlier = found.get(key)
    if earlier is not None and earlier[0] != earlier[1]:
        return False
    found[key] = trimmed
    return True


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the range without the white space at its ends; one of nothing else is empty and stays where it starts."""
    raw = text[start:end]
    bare = raw.strip()
    start += len(raw) - len(raw.lstrip()) if bare else 0
    return start, start + len(bare)


def _with_blanks(text: str, end: int, last: int) -> int:
    """Return `end` behind the spaces that follow on its line: who is typing there has just put them in."""
    while 0 < end < last and text[end] in " \t":
        end += 1
    return end


def _apart(kind: Kind, base: str, part: Part, new: str) -> str:
    """Return `new` for an empty part of `base`, set off from its own heading and from the next one."""
    before = "" if part.field is kind.body else "\n" if part.field.multiline else " "
    after = "" if base[part.end : part.end + 1] in ("", "\n", "\r") else "\n\n"
    return f"{before}{new}{after}"


def _data(part: Part, text: str) -> object:
    raw = value(part, text)
    if part.field.form is Form.LIST:
        return [entry for line in raw.splitlines() if (entry := _BULLET.sub("", line).strip())]
    if part.field.form is Form.TAGS:
        return [tag for entry in raw.split(",") if (tag := entry.strip())]
    if part.field.form is Form.SECTIONS:
        return [{"heading": s.heading, "text": raw[s.body_start : s.end].strip()} for s in sections(raw)]
    return raw if part.end == len(text) else raw.rstrip(" \t")
