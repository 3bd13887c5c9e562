"""A call's file: who spoke and what they agreed to, beside the transcript that a machine made.

The same JSON object holds both; resources/schemas/call.schema.json describes it. Everything in it is foreign: the first
field that breaks a rule refuses the file, with its name and the reason, never its value.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reviewer.channels import transcripts
from reviewer.domain import limits
from reviewer.domain.call_records import Call, Party, Side
from reviewer.domain.calls import Transcript
from reviewer.domain.errors import InputRefusedError

MOST_BYTES = transcripts.MOST_BYTES
_MOST_NAMES = 1_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def read(untrusted: bytes) -> Call:
    """Return the call that a file describes. Raises InputRefusedError."""
    if len(untrusted) > MOST_BYTES:
        raise InputRefusedError(f"The transcript is larger than {MOST_BYTES // 1024**2} MiB.")
    try:
        record = _object(json.loads(untrusted.removeprefix(b"\xef\xbb\xbf").decode("utf-8")), "the file")
    except UnicodeDecodeError as exc:
        raise InputRefusedError(f"The transcript is not UTF-8 at byte {exc.start + 1}.") from exc
    except (ValueError, RecursionError) as exc:
        raise InputRefusedError("The transcript is not JSON.") from exc
    is_silent = record.get("segments") == [] and not record.get("words")
    transcript = Transcript(()) if is_silent else transcripts.read(untrusted)
    return Call(
        external_id=_text(record, "id"),
        language=_language(record),
        parties=tuple(_party(record, side) for side in Side if record.get(side.value) is not None),
        transcript=transcript,
        recorded=_flag(record, "recorded"),
        transcribed=_flag(record, "transcribed"),
        category=_optional_text(record, "category"),
        legal_hold=_flag(record, "legal_hold"),
        retain_until=_instant(record, "retain_until"),
        names=_names(record),
        is_gold=_flag(record, "gold") is True,
    )


def _party(record: Mapping[str, Any], side: Side) -> Party:
    said, where = _object(record[side.value], side.value), side.value
    return Party(
        side=side,
        id=_text(said, "id", where),
        name=_optional_text(said, "name", where),
        consented=_flag(said, "consented", where),
        basis=_optional_text(said, "basis", where),
        opted_in=_flag(said, "opted_in", where),
        speaker=_optional_text(said, "speaker", where),
    )


def _names(record: Mapping[str, Any]) -> tuple[str, ...]:
    untrusted = record.get("names", [])
    if not isinstance(untrusted, list) or len(untrusted) > _MOST_NAMES:
        raise InputRefusedError(f"'names' must be a list of at most {_MOST_NAMES:,} texts.")
    return tuple(_as_text(each, "names") for each in untrusted)


def _language(record: Mapping[str, Any]) -> str:
    language = _text(record, "language")
    if not _LANGUAGE.fullmatch(language):
        raise InputRefusedError("'language' is not a BCP 47 tag such as en or sr-Latn.")
    return language


def _flag(said: Mapping[str, Any], name: str, where: str = "") -> bool | None:
    untrusted = said.get(name)
    if untrusted is not None and not isinstance(untrusted, bool):
        raise InputRefusedError(f"'{_path(where, name)}' must be true, false or left out.")
    return untrusted


def _instant(said: Mapping[str, Any], name: str) -> datetime | None:
    untrusted = said.get(name)
    if untrusted is None:
        return None
    try:
        at = datetime.fromisoformat(_as_text(untrusted, name))
    except ValueError as exc:
        raise InputRefusedError(f"'{name}' is not a date and time.") from exc
    if at.tzinfo is None:
        raise InputRefusedError(f"'{name}' has no time zone.")
    return at


def _text(said: Mapping[str, Any], name: str, where: str = "") -> str:
    text = _optional_text(said, name, where)
    if text is None:
        raise InputRefusedError(f"'{_path(where, name)}' is missing.")
    return text


def _optional_text(said: Mapping[str, Any], name: str, where: str = "") -> str | None:
    untrusted = said.get(name)
    return None if untrusted is None else _as_text(untrusted, _path(where, name))


def _as_text(untrusted: object, where: str) -> str:
    longest = limits.NAME_CHARACTERS
    if not isinstance(untrusted, str) or not untrusted.strip() or len(untrusted) > longest:
        raise InputRefusedError(f"'{where}' must be text of 1 to {longest:,} characters.")
    if limits.unstorable_character(untrusted):
        raise InputRefusedError(f"'{where}' holds a character that cannot be stored.")
    return untrusted


def _object(untrusted: object, where: str) -> dict[str, Any]:
    if not isinstance(untrusted, dict):
        raise InputRefusedError(f"'{where}' must be a JSON object.")
    return untrusted


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
