"""A call's transcript as JSON, as resources/schemas/transcript.schema.json describes it.

Segments (with or without words) or words alone; the field names of common recognisers (`word`, `score`,
`probability`) are understood. A transcript is taken whole or refused with the field and the reason.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from reviewer.domain import limits
from reviewer.domain.calls import Segment, Transcript, Word
from reviewer.domain.errors import InputRefusedError

MOST_BYTES = 32 * 1024 * 1024
MOST_WORDS = 500_000
LONGEST_S = 24 * 3600.0
_WORD_CHARACTERS = 200
_MOST_CHANNELS = 8
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_KNOWN = frozenset({"language", "segments", "words"})


def read(untrusted: bytes) -> Transcript:
    """Check a transcript. Raises InputRefusedError."""
    record = _record(untrusted)
    segments, words = record.get("segments"), record.get("words")
    if segments is not None:
        read_segments = tuple(_segments(segments))
    elif words is not None:
        read_segments = tuple(_grouped(words))
    else:
        raise _refused("", "neither segments nor words")
    count = sum(len(segment.words) for segment in read_segments)
    if count == 0:
        raise _refused("", "no words")
    if count > MOST_WORDS:
        raise _refused("", f"{count:,} words; a transcript may have {MOST_WORDS:,}")
    return Transcript(read_segments, _language(record), tuple(sorted(record.keys() - _KNOWN)))


def _record(untrusted: bytes) -> dict[str, Any]:
    if len(untrusted) > MOST_BYTES:
        raise _refused("", f"larger than {MOST_BYTES // 1024**2} MiB")
    try:
        record = json.loads(untrusted.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as exc:
        raise _refused("", f"not UTF-8 at byte {exc.start + 1}") from exc
    except json.JSONDecodeError as exc:
        raise _refused("", f"broken JSON at character {exc.pos + 1}: {exc.msg}") from exc
    except (RecursionError, ValueError) as exc:
        raise _refused("", "JSON that is nested too deep or holds a number that is none") from exc
    if not isinstance(record, dict):
        raise _refused("", "not a JSON object")
    return record


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _segments(untrusted: object) -> Iterator[Segment]:
    for place, segment in enumerate(_list(untrusted, "segments")):
        where = f"segments[{place}]"
        if not isinstance(segment, dict):
            raise _refused(where, "not an object")
        start_s, end_s = _times(segment, where)
        words = tuple(
            _word(word, f"{where}.words[{index}]")
            for index, word in enumerate(_list(segment.get("words") or [], f"{where}.words"))
        )
        if not words:
            confidence = _confidence(segment, where)
            text = _text(segment.get("text"), f"{where}.text", limits.PARAGRAPH_CHARACTERS)
            words = tuple(Word(word, confidence=confidence) for word in text.split())
        if words:
            yield Segment(_speaker(segment, where), words, start_s, end_s, _channel(segment, where))


def _grouped(untrusted: object) -> Iterator[Segment]:
    """Yield a segment for each run of words of one speaker on one channel."""
    read_words = []
    for place, record in enumerate(_list(untrusted, "words")):
        where = f"words[{place}]"
        if not isinstance(record, dict):
            raise _refused(where, "not an object")
        word = _word(record, where)
        read_words.append((_speaker(record, where), _channel(record, where), word))
    for (speaker, channel), run in groupby(read_words, key=lambda read_word: read_word[:2]):
        words = tuple(word for _, _, word in run)
        starts = [word.start_s for word in words if word.start_s is not None]
        ends = [word.end_s for word in words if word.end_s is not None]
        yield Segment(speaker, words, min(starts, default=None), max(ends, default=None), channel)


def _word(untrusted: object, where: str) -> Word:
    if not isinstance(untrusted, dict):
        raise _refused(where, "not an object")
    key = "text" if "text" in untrusted else "word"
    text = _text(untrusted.get(key), f"{where}.{key}", _WORD_CHARACTERS).strip()
    if not text:
        raise _refused(f"{where}.{key}", "empty")
    start_s, end_s = _times(untrusted, where)
    return Word(text, start_s, end_s, _confidence(untrusted, where))


def _times(record: dict[str, Any], where: str) -> tuple[float | None, float | None]:
    start_s, end_s = _seconds(record, "start", where), _seconds(record, "end", where)
    if start_s is not None and end_s is not None and end_s < start_s:
        raise _refused(f"{where}.end", "before its start")
    return start_s, end_s


def _seconds(record: dict[str, Any], key: str, where: str) -> float | None:
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"{where}.{key}", "not a number of seconds")
    if not 0 <= value <= LONGEST_S:
        raise _refused(f"{where}.{key}", "not a time within a call")
    return float(value)


def _confidence(record: dict[str, Any], where: str) -> float | None:
    key = next((key for key in ("confidence", "score", "probability") if record.get(key) is not None), None)
    if key is None:
        return None
    value = record[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused(f"{where}.{key}", "not a number")
    if not 0 <= value <= 1:
        raise _refused(f"{where}.{key}", "not between 0 and 1")
    return float(value)


def _channel(record: dict[str, Any], where: str) -> int | None:
    value = record.get("channel")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST_CHANNELS:
        raise _refused(f"{where}.channel", f"not a whole number from 0 to {_MOST_CHANNELS - 1}")
    return value


def _speaker(record: dict[str, Any], where: str) -> str:
    speaker = record.get("speaker")
    return "" if speaker is None else _text(speaker, f"{where}.speaker", limits.NAME_CHARACTERS)


def _language(record: dict[str, Any]) -> str | None:
    language = record.get("language")
    if language is None:
        return None
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise _refused("language", "not a BCP 47 tag such as en or sr-Latn")
    return language


def _list(untrusted: object, where: str) -> list[object]:
    if not isinstance(untrusted, list):
        raise _refused(where, "not a list")
    return untrusted


def _text(untrusted: object, where: str, longest: int) -> str:
    if not isinstance(untrusted, str):
        raise _refused(where, "missing" if untrusted is None else "not text")
    if len(untrusted) > longest:
        raise _refused(where, f"longer than {longest:,} characters")
    character = limits.unstorable_character(untrusted)
    if character is not None:
        raise _refused(where, f"holds {character}, which cannot be stored")
    return untrusted


def _refused(where: str, reason: str) -> InputRefusedError:
    return InputRefusedError(f"The transcript cannot be used: {where + ': ' if where else ''}{reason}.")
