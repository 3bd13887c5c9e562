"""The token classifier: Rampart (National Design Studio, CC BY 4.0), which reads names, addresses and numbers.

Guarantees: the file is the one that was pinned, or nothing runs; a text gives the same labels every time, as it is read
alone, never padded beside others, on one thread.
"""

import hashlib
from collections.abc import Iterator
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
_WINDOW = 120  # pieces read at once: more context than a name needs, and short runs are cheaper than long ones
_OVERLAP = 24


@dataclass(frozen=True, slots=True)
class Labelled:
    """A run of pieces with one label; `score` is the mean probability of that label over them."""

    start: int
    end: int
    label: str
    score: float


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

    def labels(self, text: str) -> list[Labelled]:
        """Return what the model sees in the text, in order."""
        pieces = self._words.pieces(text)
        if not pieces:
            return []
        scores = np.zeros((len(pieces), 1 + 2 * len(LABELS)), np.float32)
        for first, last, keep in _windows(len(pieces)):
            scores[keep:last] = self._probabilities(pieces[first:last])[keep - first :]
        return list(_runs(text, pieces, scores))

    def _probabilities(self, pieces: list[Piece]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        numbers = [self._words.opening, *(piece.number for piece in pieces), self._words.closing]
        ids = np.array([numbers], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        logits = self._session.run(None, feed)[0][0, 1:-1]
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probabilities: np.ndarray[tuple[int, int], np.dtype[np.float32]] = shifted / shifted.sum(axis=-1, keepdims=True)
        return probabilities


def _windows(count: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and from where on to believe it; half of each overlap is left to either side."""
    start = 0
    while True:
        end = min(start + _WINDOW, count)
        yield start, end, start if start == 0 else start + _OVERLAP // 2
        if end == count:
            return
        start = end - _OVERLAP


def _runs(
    text: str, pieces: list[Piece], scores: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> Iterator[Labelled]:
    best = scores.argmax(axis=-1).tolist()
    run: list[int] = []
    label = 0

    def ended() -> Labelled:
        columns = scores[run, 2 * label - 1] + scores[run, 2 * label]
        return Labelled(pieces[run[0]].start, pieces[run[-1]].end, LABELS[label - 1], float(columns.mean()))

    for index, number in enumerate(best):
        kind = (number + 1) // 2  # 0 is none; the odd numbers begin, the even ones go on
        goes_on = (
            bool(run)
            and kind == label
            and (number % 2 == 0 or not pieces[index].opens)
            and not text[pieces[run[-1]].end : pieces[index].start].strip()
        )
        if goes_on:
            run.append(index)
            continue
        if run:
            yield ended()
        run, label = ([index], kind) if kind else ([], 0)
    if run:
        yield ended()
