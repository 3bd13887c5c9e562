"""A call's transcript as JSON: who spoke, what they agreed to, and the words with their times.

Everything in such a file is foreign: each field is checked, and the first one that breaks a rule refuses the file, with
its name and the reason, never its value.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from reviewer.domain import limits
from reviewer.domain.calls import Call, Party, Segment, Side, Word
from reviewer.domain.errors import InputRefusedError

BYTES = 64 * 1024 * 1024  # a call of three hours has some 30,000 words
_MOST_WORDS = 500_000
_LONGEST_S = 24 * 3600.0
_MOST_CHANNELS = 8
_FLAGS = ("recorded", "transcribed", "legal_hold", "gold")


def read(untrusted_bytes: bytes) -> Call:
    """Return the call that a transcript file describes. Raises InputRefusedError."""
    if len(untrusted_bytes) > BYTES:
        raise InputRefusedError(f"The transcript has more than {BYTES // 1024 // 1024} MB.")
    try:
        untrusted = json.loads(untrusted_bytes.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as exc:
        raise InputRefusedError(f"The transcript is not UTF-8 at byte {exc.start + 1}.") from exc
    except (ValueError, RecursionError) as exc:
        raise InputRefusedError("The transcript is not JSON.") from exc
    record = _object(untrusted, "the transcript")
    flags = {name: _flag(record, name) for name in _FLAGS}
    return Call(
        external_id=_text(record, "id"),
        language=_text(record, "language"),
        parties=_parties(record),
        segments=_segments(record),
        recorded=flags["recorded"],
        transcribed=flags["transcribed"],
        category=_optional_text(record, "category"),
        legal_hold=flags["legal_hold"],
        retain_until=_instant(record, "retain_until"),
        names=tuple(_as_text(each, "names") for each in _list(record, "names")),
        is_gold=flags["gold"] is True,
    )


def _parties(record: Mapping[str, Any]) -> tuple[Party, ...]:
    parties = []
    for side in Side:
        if record.get(side.value) is None:
            continue
        said = _object(record[side.value], side.value)
        parties.append(
            Party(
                side,
                _text(said, "id", side.value),
                _optional_text(said, "name", side.value),
                _flag(said, "consented", side.value),
                _optional_text(said, "basis", side.value),
                _flag(said, "opted_in", side.value),
            )
        )
    return tuple(parties)


def _segments(record: Mapping[str, Any]) -> tuple[Segment, ...]:
    segments, number = [], 0
    for index, untrusted in enumerate(_list(record, "segments")):
        where = f"segments[{index}]"
        said = _object(untrusted, where)
        side = said.get("speaker")
        if side not in tuple(Side):
            raise InputRefusedError(f"'{where}.speaker' must be 'agent' or 'caller'.")
        channel = said.get("channel", 0)
        if isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < _MOST_CHANNELS:
            raise InputRefusedError(f"'{where}.channel' must be a whole number from 0 to {_MOST_CHANNELS - 1}.")
        words = _words(said, where)
        number += len(words)
        if number > _MOST_WORDS:
            raise InputRefusedError(f"The transcript has more than {_MOST_WORDS:,} words.")
        segments.append(Segment(Side(side), channel, words))
    return tuple(segments)


def _words(said: Mapping[str, Any], where: str) -> tuple[Word, ...]:
    """Return the words of a segment; of one without words its text, whose words have no times of their own."""
    if said.get("words") is None:
        return tuple(Word(word) for word in _text(said, "text", where).split())
    words = tuple(_word(each, f"{where}.words[{index}]") for index, each in enumerate(_list(said, "words", where)))
    starts = [word.start for word in words if word.start is not None]
    if any(later < earlier for earlier, later in pairwise(starts)):
        raise InputRefusedError(f"The words of '{where}' are not in the order of their times.")
    return words


def _word(untrusted: object, where: str) -> Word:
    said = _object(untrusted, where)
    text = _text(said, "text", where)
    start, end = _seconds(said, "start", where), _seconds(said, "end", where)
    confidence = _number(said, "confidence", where, 1.0)
    if start is not None and end is not None and end < start:
        raise InputRefusedError(f"'{where}' ends before it starts.")
    return Word(text, start, end, confidence)


def _seconds(said: Mapping[str, Any], name: str, where: str) -> float | None:
    return _number(said, name, where, _LONGEST_S)


def _number(said: Mapping[str, Any], name: str, where: str, most: float) -> float | None:
    untrusted = said.get(name)
    if untrusted is None:
        return None
    is_number = isinstance(untrusted, int | float) and not isinstance(untrusted, bool)
    if not is_number or not math.isfinite(untrusted) or not 0 <= untrusted <= most:
        raise InputRefusedError(f"'{where}.{name}' must be a number from 0 to {most:g}.")
    return float(untrusted)


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
    longest = limits.PARAGRAPH_CHARACTERS if where.endswith(".text") else limits.NAME_CHARACTERS
    if not isinstance(untrusted, str) or not untrusted.strip() or len(untrusted) > longest:
        raise InputRefusedError(f"'{where}' must be text of 1 to {longest:,} characters.")
    if limits.unstorable_character(untrusted):
        raise InputRefusedError(f"'{where}' holds a character that cannot be stored.")
    return untrusted


def _list(said: Mapping[str, Any], name: str, where: str = "") -> list[Any]:
    untrusted = said.get(name, [])
    if not isinstance(untrusted, list):
        raise InputRefusedError(f"'{_path(where, name)}' must be a list.")
    return untrusted


def _object(untrusted: object, where: str) -> dict[str, Any]:
    if not isinstance(untrusted, dict):
        raise InputRefusedError(f"'{where}' must be an object.")
    return untrusted


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _no_constant(name: str) -> None:
    raise ValueError(name)
