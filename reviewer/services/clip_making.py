"""From a recording and its transcript to clips: cut, search for personal data, clean.

Guarantees: decoding runs in a process of its own; what is searched is what each speaker said in the call as a whole, so
that a number spoken in parts is found, and each clip once more by itself; what the call's own record knows of its
people counts as found; where the model that finds personal data is missing there is no clip.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from reviewer import audio, privacy
from reviewer.audio import Clip, Cut, Dropped
from reviewer.audio.decoding import stream
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.call_records import Call
from reviewer.domain.calls import Segment, Word
from reviewer.domain.errors import UnavailableError
from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy.known import known_spans
from reviewer.services.pool import Made, MadeClip

_PIECE = 4_000  # characters that are searched at once

Span = tuple[int, int]


class Detector(Protocol):
    """Finds personal data in a text."""

    def find(self, text: str, language: str | None = None) -> tuple[PiiSpan, ...]:
        """Return the spans in order."""
        ...


class SoundMaker:
    """Makes clips of recordings."""

    def __init__(self, *, mask_voice: bool = False) -> None:
        self._policy = audio.Policy(mask_voice=mask_voice)
        self._detector: Detector | None = None

    def seconds(self, recording: Path) -> float:
        """Return how long a recording is. Raises InputRefusedError for what is none."""
        with stream(recording) as chunks:
            return sum(len(chunk) for chunk in chunks) / RATE_HZ

    def make(self, recording: Path, call: Call) -> Made:
        """Cut and clean a recording. Raises InputRefusedError."""
        try:
            detector = self._loaded()
        except UnavailableError:  # the model is missing or damaged
            return Made((), {}, None)
        heard = audio.decode(recording)
        report = audio.cut(heard, call.transcript)
        left_out = Counter({reason.value: number for reason, number in report.excluded.items()})
        personal = _personal_words(call, detector)
        orders = [audio.Order(cut, _spans(cut, call, detector, personal)) for cut in report.cuts]
        return Made(self._cleaned(heard, orders, left_out), left_out, clean=True)

    def _cleaned(
        self, heard: audio.Recording, orders: Sequence[audio.Order], left_out: Counter[str]
    ) -> Iterator[MadeClip]:
        for order, made in audio.clean(heard, orders, self._policy):
            if isinstance(made, Dropped):
                left_out[made.reason.value] += 1
            else:
                yield _clip(order.cut, made)

    def _loaded(self) -> Detector:
        if self._detector is None:
            self._detector = privacy.load("high_recall")
        return self._detector


def _personal_words(call: Call, detector: Detector) -> set[Word]:
    """Return the words that are personal data by what their speaker said before and after them.

    Words without times that are written alike cannot be told apart: all of them count.
    """
    found: set[Word] = set()
    for text, words in _said(call.transcript.segments):
        spans = [(span.start, span.end) for span in detector.find(text, call.language)]
        spans += known_spans(text, call.known_texts)
        found |= {word for word, (start, end) in words if any(s < end and start < e for s, e in spans)}
    return found


def _said(segments: Sequence[Segment]) -> Iterator[tuple[str, list[tuple[Word, Span]]]]:
    """Yield what each speaker said in pieces, each word with its place; a piece begins with the last segment before."""
    for speaker in dict.fromkeys(segment.speaker for segment in segments):
        piece: list[Segment] = []
        for segment in (each for each in segments if each.speaker == speaker):
            piece.append(segment)
            if sum(len(each.text) for each in piece) > _PIECE:
                yield _placed(piece)
                piece = piece[-1:]
        if piece:
            yield _placed(piece)


def _placed(piece: Sequence[Segment]) -> tuple[str, list[tuple[Word, Span]]]:
    words, at = [], 0
    for segment in piece:
        for word in segment.words:
            words.append((word, (at, at + len(word.text))))
            at += len(word.text) + 1
    return " ".join(word.text for word, _ in words), words


def _spans(cut: Cut, call: Call, detector: Detector, personal: set[Word]) -> tuple[Span, ...]:
    """Return the characters of a cut's text that nobody may hear, neighbours joined."""
    spans = [(span.start, span.end) for span in detector.find(cut.text, call.language)]
    spans += known_spans(cut.text, call.known_texts)
    at = 0
    for word in cut.words:
        if word in personal:
            spans.append((at, at + len(word.text)))
        at += len(word.text) + 1
    return tuple(_joined(spans))


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _clip(cut: Cut, made: Clip) -> MadeClip:
    return MadeClip(made.wav, made.duration_s, cut.speaker, _words(cut, made), int(made.hides))


def _words(cut: Cut, made: Clip) -> tuple[Word, ...]:
    """Return the words that can be heard.

    Their times in the clip are near enough to align by, no more: long pauses are shorter there and its edges are drawn
    by chance. Where something was cut away there are none.
    """
    if made.hides:
        return tuple(Word(word) for word in made.text.replace(audio.PLACEHOLDER, " ").split())
    scale = made.duration_s / cut.duration_s if cut.duration_s else 1.0

    def moved(seconds: float | None) -> float | None:
        return None if seconds is None else min(max(0.0, (seconds - cut.start_s) * scale), made.duration_s)

    return tuple(Word(word.text, moved(word.start_s), moved(word.end_s), word.confidence) for word in cut.words)
