"""The detector: reads a text as it is written, as it would be written, and answers in the places of the original."""

from enum import StrEnum
from functools import lru_cache

from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy import engine, serbian, spoken
from reviewer.privacy.classifier import Classifier
from reviewer.privacy.offsets import Rewritten
from reviewer.privacy.patterns import Found
from reviewer.privacy.resolver import resolved

_REMEMBERED = 4_096  # texts: a desk analyses what it shows more than once


class Profile(StrEnum):
    """How much is taken for personal data."""

    BALANCED = "balanced"
    HIGH_RECALL = "high_recall"  # for what may leave only without any: doubt counts as found


_THRESHOLDS = {Profile.BALANCED: 0.35, Profile.HIGH_RECALL: 0.2}


class Detector:
    """Finds personal data in English and Serbian. Not to be shared between threads."""

    def __init__(self, profile: Profile) -> None:
        self._threshold = _THRESHOLDS[profile]
        self._engine = engine.build(Classifier(), threshold=self._threshold, eager=profile is Profile.HIGH_RECALL)
        self._find = lru_cache(maxsize=_REMEMBERED)(self._find_anew)

    def find(self, text: str, language: str | None = None) -> tuple[PiiSpan, ...]:
        """Return the spans in order, none overlapping; `language` is a tag such as en or sr-Latn, None where unknown."""
        return self._find(text, _reading(text, language))

    def _find_anew(self, text: str, language: str) -> tuple[PiiSpan, ...]:
        read = Rewritten(text)
        if serbian.has_cyrillic(text):
            read = serbian.latin(read)
        read = spoken.written(read)
        results = self._engine.analyze(read.text, language, score_threshold=self._threshold)
        candidates = [Found(r.start, r.end, r.entity_type, r.score, "") for r in results]
        spans = resolved(read.text, candidates)
        return tuple(PiiSpan(*read.original(span.start, span.end), span.type, span.score) for span in spans)


def _reading(text: str, language: str | None) -> str:
    tag = (language or "").lower().replace("_", "-").split("-")[0]
    if tag in ("sr", "hr", "bs", "me", "sh"):
        return "sr"
    if tag and tag != "und":
        return "sr" if serbian.has_cyrillic(text) and tag == "mk" else "en"
    return "sr" if serbian.has_cyrillic(text) or serbian.looks_serbian(text) else "en"


def load(profile: Profile | str = Profile.BALANCED) -> Detector:
    """Return a detector. Raises DetectorUnavailableError where the model is missing or damaged."""
    return Detector(Profile(profile))
