"""Drafts as JSON Lines, one draft a line, as resources/schemas/draft.schema.json describes it.

A line that breaks a rule is refused alone, with its number, the field and the reason; the others go on.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO

from reviewer.domain import limits
from reviewer.domain.items import Channel, IncomingDraft, ModelInfo, Turn
from reviewer.domain.kinds import KINDS

_KNOWN = frozenset(IncomingDraft.__dataclass_fields__) - {"external_id"} | {"id"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not taken: `number` counts from 1, `field` is "" for the line as a whole."""

    number: int
    field: str
    reason: str
    line: str


class _BreaksRuleError(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checked line."""

    number: int
    draft: IncomingDraft
    line: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A draft beside its source, as much of a record as checking one against the other needs."""

    number: int
    external_id: str
    draft: str
    source: tuple[Turn, ...]
    language: str | None
    conversation_date: date | None


@dataclass(frozen=True, slots=True)
class Text:
    """A text to look through, with the id to answer under."""

    number: int
    external_id: str | int
    text: str
    language: str | None


def lines(untrusted_file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of an overlong one only the beginning, which is enough to refuse it."""
    while line := untrusted_file.readline(limits.LINE_BYTES + 1):
        end = line
        while end and not end.endswith(b"\n"):
            end = untrusted_file.readline(limits.LINE_BYTES)
        yield line


def read(untrusted_lines: Iterable[bytes], unknown_fields: Counter[str]) -> Iterator[Accepted | Refused]:
    """Check each line; blank ones are passed over. Counts in `unknown_fields` what it ignores."""
    for number, raw in enumerate(untrusted_lines, start=1):
        if not raw.strip():
            continue
        line = raw.decode("utf-8", errors="backslashreplace").rstrip("\r\n")
        try:
            yield Accepted(number, _draft(_record(raw, number), unknown_fields), line)
        except _BreaksRuleError as broken:
            yield Refused(number, broken.field, broken.reason, line)


def read_beside(untrusted_lines: Iterable[bytes]) -> Iterator[Beside | Refused]:
    """Check id, draft and source of each line, whatever else it holds; of a refused one keep the id if it has one."""
    for number, raw in enumerate(untrusted_lines, start=1):
        if not raw.strip():
            continue
        external_id = ""
        try:
            record = _record(raw, number)
            external_id = _text(record, "id", limits.NAME_CHARACTERS)
            draft, source, language = _draft_text(record), _source(record), _language(record)
            yield Beside(number, external_id, draft, source, language, _conversation_date(record))
        except _BreaksRuleError as broken:
            yield Refused(number, broken.field, broken.reason, external_id)


def read_texts(untrusted_lines: Iterable[bytes]) -> Iterator[Text | Refused]:
    """Check id, text and language of each line, whatever else it holds; of a refused one keep the id if it has one."""
    for number, raw in enumerate(untrusted_lines, start=1):
        if not raw.strip():
            continue
        external_id: str | int = ""
        try:
            record = _record(raw, number)
            external_id = _id(record)
            text = _checked(record.get("text"), "text")
            if len(text.encode()) > limits.SOURCE_BYTES:
                raise _BreaksRuleError("text", f"larger than {limits.SOURCE_BYTES // 1024**2} MiB")
            language = record.get("lang")
            if language is not None and (not isinstance(language, str) or not _LANGUAGE.fullmatch(language)):
                raise _BreaksRuleError("lang", "not a BCP 47 tag such as en or sr-Latn")
            yield Text(number, external_id, text, language)
        except _BreaksRuleError as broken:
            yield Refused(number, broken.field, broken.reason, str(external_id))


def _id(record: dict[str, Any]) -> str | int:
    untrusted = record.get("id")
    if isinstance(untrusted, int) and not isinstance(untrusted, bool):
        return untrusted
    return _text(record, "id", limits.NAME_CHARACTERS)


def _conversation_date(record: dict[str, Any]) -> date | None:
    stated = _optional_text(record, "conversation_date", 40)
    try:
        return None if stated is None else date.fromisoformat(stated[:10])
    except ValueError as exc:
        raise _BreaksRuleError("conversation_date", "not a date such as 2026-05-14") from exc


def _record(raw: bytes, number: int) -> dict[str, Any]:
    if len(raw) > limits.LINE_BYTES:
        raise _BreaksRuleError("", f"the line is larger than {limits.LINE_BYTES // 1024**2} MiB")
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        record = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as exc:
        raise _BreaksRuleError("", f"not UTF-8 at byte {exc.start + 1}") from exc
    except json.JSONDecodeError as exc:
        raise _BreaksRuleError("", f"broken JSON at character {exc.pos + 1}: {exc.msg}") from exc
    except (RecursionError, ValueError) as exc:
        raise _BreaksRuleError("", "JSON that is nested too deep or holds a number that is none") from exc
    if not isinstance(record, dict):
        raise _BreaksRuleError("", "not a JSON object")
    return record


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _draft(record: dict[str, Any], unknown_fields: Counter[str]) -> IncomingDraft:
    external_id = _text(record, "id", limits.NAME_CHARACTERS)
    kind = _choice(record, "kind", sorted(KINDS))
    channel = Channel(_choice(record, "channel", [c.value for c in Channel]))
    draft = _draft_text(record)
    new = IncomingDraft(
        external_id=external_id,
        kind=kind,
        channel=channel,
        draft=draft,
        source=_source(record),
        model=_model(record.get("model")),
        recipient=_optional_text(record, "recipient", limits.NAME_CHARACTERS),
        language=_language(record),
        priority=_priority(record.get("priority")),
        due_at=_due_at(record.get("due_at")),
        requires=_requires(record.get("requires")),
    )
    unknown_fields.update(record.keys() - _KNOWN)
    return new


def _draft_text(record: dict[str, Any]) -> str:
    text = _checked(record.get("draft"), "draft")
    if not text.strip():
        raise _BreaksRuleError("draft", "the draft is empty")
    size = len(text.encode())
    if size > limits.DRAFT_BYTES:
        raise _BreaksRuleError("draft", f"{size:,} bytes; a draft may have {limits.DRAFT_BYTES:,}")
    longest = limits.longest_paragraph(text)
    if longest > limits.PARAGRAPH_CHARACTERS:
        raise _BreaksRuleError(
            "draft", f"a paragraph of {longest:,} characters; one may have {limits.PARAGRAPH_CHARACTERS:,}"
        )
    return text


def _source(record: dict[str, Any]) -> tuple[Turn, ...]:
    turns = record.get("source")
    if not isinstance(turns, list):
        raise _BreaksRuleError("source", _wrong(turns, "a list of turns"))
    checked = tuple(_turn(turn, f"source[{index}]") for index, turn in enumerate(turns))
    size = sum(len(turn.speaker.encode()) + len(turn.text.encode()) for turn in checked)
    if size > limits.SOURCE_BYTES:
        raise _BreaksRuleError("source", f"{size:,} bytes; a source may have {limits.SOURCE_BYTES:,}")
    return checked


def _turn(untrusted: object, where: str) -> Turn:
    if not isinstance(untrusted, dict):
        raise _BreaksRuleError(where, _wrong(untrusted, "an object with speaker and text"))
    speaker = _checked(untrusted.get("speaker"), f"{where}.speaker")
    if len(speaker) > limits.NAME_CHARACTERS:
        raise _BreaksRuleError(f"{where}.speaker", f"longer than {limits.NAME_CHARACTERS} characters")
    text = _checked(untrusted.get("text"), f"{where}.text")
    if len(text) > limits.PARAGRAPH_CHARACTERS:
        reason = f"{len(text):,} characters; a turn may have {limits.PARAGRAPH_CHARACTERS:,}"
        raise _BreaksRuleError(f"{where}.text", reason)
    return Turn(speaker, text, _seconds(untrusted, "start", where), _seconds(untrusted, "end", where))


def _seconds(turn: dict[str, Any], key: str, where: str) -> float | None:
    value = turn.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _BreaksRuleError(f"{where}.{key}", _wrong(value, "a number of seconds"))
    if not 0 <= value < 1e9:
        raise _BreaksRuleError(f"{where}.{key}", "not a time within a conversation")
    return float(value)


def _model(untrusted: object) -> ModelInfo | None:
    if untrusted is None:
        return None
    if not isinstance(untrusted, dict):
        raise _BreaksRuleError("model", _wrong(untrusted, "an object with name and version"))
    prompt = _optional_text(untrusted, "prompt_version", limits.NAME_CHARACTERS, "model.prompt_version")
    name = _text(untrusted, "name", limits.NAME_CHARACTERS, "model.name")
    return ModelInfo(name, _text(untrusted, "version", limits.NAME_CHARACTERS, "model.version"), prompt)


def _language(record: dict[str, Any]) -> str | None:
    language = _optional_text(record, "language", 60)
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise _BreaksRuleError("language", "not a BCP 47 tag such as en or sr-Latn")
    return language


def _priority(untrusted: object) -> int:
    if untrusted is None:
        return 0
    if isinstance(untrusted, bool) or not isinstance(untrusted, int):
        raise _BreaksRuleError("priority", _wrong(untrusted, "a whole number"))
    if not -100 <= untrusted <= 100:
        raise _BreaksRuleError("priority", "outside -100 to 100")
    return untrusted


def _due_at(untrusted: object) -> datetime | None:
    if untrusted is None:
        return None
    if not isinstance(untrusted, str):
        raise _BreaksRuleError("due_at", _wrong(untrusted, "a date and time"))
    try:
        due_at = datetime.fromisoformat(untrusted)
    except ValueError as exc:
        raise _BreaksRuleError("due_at", "not a date and time such as 2026-05-14T09:00:00+02:00") from exc
    if due_at.tzinfo is None:
        raise _BreaksRuleError("due_at", "no offset from UTC: add Z or one such as +02:00")
    if not 1970 < due_at.year < 9998:
        raise _BreaksRuleError("due_at", "outside the years 1971 to 9997")
    return due_at


def _requires(untrusted: object) -> frozenset[str]:
    if untrusted is None:
        return frozenset()
    if not isinstance(untrusted, list) or len(untrusted) > 20:
        raise _BreaksRuleError("requires", _wrong(untrusted, "a list of at most 20 skills"))
    return frozenset(_text({"skill": skill}, "skill", 60, "requires") for skill in untrusted)


def _choice(record: dict[str, Any], key: str, allowed: list[str]) -> str:
    value = _text(record, key, limits.NAME_CHARACTERS)
    if value not in allowed:
        raise _BreaksRuleError(key, f"unknown {key}; known: {', '.join(allowed)}")
    return value


def _optional_text(record: dict[str, Any], key: str, longest: int, where: str = "") -> str | None:
    return None if record.get(key) is None else _text(record, key, longest, where)


def _text(record: dict[str, Any], key: str, longest: int, where: str = "") -> str:
    text = _checked(record.get(key), where or key)
    if not text.strip():
        raise _BreaksRuleError(where or key, "empty")
    if len(text) > longest:
        raise _BreaksRuleError(where or key, f"longer than {longest} characters")
    return text


def _checked(untrusted: object, where: str) -> str:
    """Return `untrusted` if it is text that can be stored and shown."""
    if untrusted is None:
        raise _BreaksRuleError(where, "missing")
    if not isinstance(untrusted, str):
        raise _BreaksRuleError(where, _wrong(untrusted, "text"))
    character = limits.unstorable_character(untrusted)
    if character is not None:
        raise _BreaksRuleError(where, f"holds {character}, which cannot be stored")
    return untrusted


_JSON_NAMES = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def _wrong(untrusted: object, wanted: str) -> str:
    if untrusted is None:
        return "missing"
    return f"must be {wanted}, not {_JSON_NAMES.get(type(untrusted), 'null')}"
