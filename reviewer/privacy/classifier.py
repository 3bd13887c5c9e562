"""The token classifier: Rampart (National Design Studio, CC BY 4.0), which reads names, addresses and numbers.

Guarantees: the file is the one that was pinned, or nothing runs; a text gives the same labels every time, as it is read
alone, never padded beside others, on one thread.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime

from reviewer.domain.errors import DetectorUnavailableError
from reviewer.privacy.wordpiece import Piece, WordPieces
from reviewer.resources import resource

LABELS = (
    "GIVEN_NAME SURNAME EMAIL PHONE URL TAX_ID BANK_ACCOUNT ROUTING_NUMBER GOVERNMENT_ID PASSPORT DRIVERS_LICENSE "
    "BUILDING_NUMBER STREET_NAME SECONDARY_ADDRESS CITY STATE ZIP_CODE"
).split()
_PERSON = [LABELS.index(label) for label in ("GIVEN_NAME", "SURNAME")]
_PLACE = [LABELS.index(label) for label in "BUILDING_NUMBER STREET_NAME SECONDARY_ADDRESS CITY STATE ZIP_CODE".split()]
_NUMBER = [place for place in range(len(LABELS)) if place not in _PERSON and place not in _PLACE]
_WORD = re.compile(r"[^\W_]+(?:[’'-](?![sS]\b)[^\W_]+)*|\S")
_Scores = np.ndarray[tuple[int, int], np.dtype[np.float32]]
_WINDOW = 120  # pieces read at once: more context than a name needs, and short runs are cheaper than long ones
_OVERLAP = 24
_CONTEXT = 12  # pieces on either side of a word worth reading: with 8 to 24, as with all, the same is found
_LONG_WORD = 4


@dataclass(frozen=True, slots=True)
class Read:
    """One word, or one sign, and how probable it is that it belongs to a name, to an address, or to a number."""

    start: int
    end: int
    person: float
    place: float
    number: float
    label: str  # of the most probable number


class Classifier:
    """Reads a text, piece by piece. Raises DetectorUnavailableError where the model is missing or damaged."""

    def __init__(self) -> None:
        try:
            model = resource("privacy/model.onnx").read_bytes()
            expected = resource("privacy/model.sha256").read_text("ascii").split()[0]
            self._words = WordPieces(resource("privacy/vocab.txt"))
        except (OSError, IndexError) as exc:
            raise DetectorUnavailableError(
                "The model that finds personal data is missing. Run 'packaging/run --setup' again, or install again."
            ) from exc
        if hashlib.sha256(model).hexdigest() != expected:
            raise DetectorUnavailableError(
                "The model that finds personal data is damaged: it is not the file that was shipped. "
                "Run 'packaging/run --setup' again, or install again."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def read(self, text: str, worth: Sequence[int] | None = None) -> list[Read]:
        """Return what the model sees in each word of the text, in order.

        `worth` are the places, in order, of the words worth reading, with what stands around them; None: all.
        """
        if worth is not None and not worth:
            return []
        pieces = self._words.pieces(text)
        if not pieces:
            return []
        scores = np.zeros((len(pieces), 1 + 2 * len(LABELS)), np.float32)
        for start, end in [(0, len(pieces))] if worth is None else _stretches(pieces, worth):
            for first, last, keep in _windows(end - start):
                read = self._probabilities(pieces[start + first : start + last])
                scores[start + keep : start + last] = read[keep - first :]
        return list(_words(text, pieces, scores))

    def _probabilities(self, pieces: list[Piece]) -> _Scores:
        numbers = [self._words.opening, *(piece.number for piece in pieces), self._words.closing]
        ids = np.array([numbers], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        logits = self._session.run(None, feed)[0][0, 1:-1]
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probabilities: _Scores = shifted / shifted.sum(axis=-1, keepdims=True)
        return probabilities


def _stretches(pieces: Sequence[Piece], worth: Sequence[int]) -> list[tuple[int, int]]:
    """Return the stretches of pieces around the words worth reading; those that touch are one."""
    starts = [piece.start for piece in pieces]
    stretches: list[tuple[int, int]] = []
    for place in worth:
        at = bisect_left(starts, place)
        start, end = max(at - _CONTEXT, 0), min(at + _LONG_WORD + _CONTEXT, len(pieces))
        if stretches and start <= stretches[-1][1]:
            start, _ = stretches.pop()
        stretches.append((start, end))
    return stretches


def _windows(count: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and from where on to believe it; half of each overlap is left to either side."""
    start = 0
    while True:
        end = min(start + _WINDOW, count)
        yield start, end, start if start == 0 else start + _OVERLAP // 2
        if end == count:
            return
        start = end - _OVERLAP


def _words(text: str, pieces: list[Piece], scores: _Scores) -> Iterator[Read]:
    """Yield the words with the mean over their pieces."""
    labels = scores[:, 1::2] + scores[:, 2::2]  # to begin with a label or to go on with it is one to us
    persons: list[float] = labels[:, _PERSON].sum(axis=1).tolist()
    places: list[float] = labels[:, _PLACE].sum(axis=1).tolist()
    kinds = labels[:, _NUMBER]
    best: list[int] = kinds.argmax(axis=1).tolist()
    numbers: list[float] = kinds.max(axis=1).tolist()
    first = 0
    for word in _WORD.finditer(text, pieces[0].start):
        start, end = word.span()
        last = first
        while last < len(pieces) and pieces[last].start < end:
            last += 1
        if last > first:
            count = last - first
            person, place = sum(persons[first:last]) / count, sum(places[first:last]) / count
            yield Read(start, end, person, place, sum(numbers[first:last]) / count, LABELS[_NUMBER[best[first]]])
        first = last
