"""Presidio's AnalyzerEngine over recognizers of our own: one for patterns and lists, one for the classifier.

Its `no_op` engine reads no language model, downloads none and looks at no context; nothing here reaches the network.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator

# tldextract, which Presidio imports, would fetch its list of suffixes; nothing here asks it, and this keeps it offline.
os.environ.setdefault("TLDEXTRACT_CACHE", os.devnull)

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from reviewer.privacy import names, patterns, phones, serbian
from reviewer.privacy.classifier import Classifier, Labelled
from reviewer.privacy.patterns import Found

LANGUAGES = ("en", "sr")
_PERSON = frozenset(("GIVEN_NAME", "SURNAME"))
_PLACE = frozenset(("BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "CITY", "STATE", "ZIP_CODE"))
_NUMBERS = {
    "TAX_ID": "TAX_ID",
    "BANK_ACCOUNT": "US_BANK_NUMBER",
    "ROUTING_NUMBER": "ABA_ROUTING_NUMBER",
    "GOVERNMENT_ID": "ID_NUMBER",
    "PASSPORT": "US_PASSPORT",
    "DRIVERS_LICENSE": "US_DRIVER_LICENSE",
    "PHONE": "PHONE_NUMBER",
}
TYPES = sorted(
    {rule.type for rule in patterns.RULES} | {"PERSON", "LOCATION", "NRP", "PHONE_NUMBER"} | set(_NUMBERS.values())
)
_EDGE = re.compile(rf"^(?:{names.TITLES})\b\.?\s+", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:['’]s|\s+(?:denies|reports|states|notes|presents|complains|endorses|is|was|has|returns))$", re.IGNORECASE
)


class _Recognizer(EntityRecognizer):
    """Gives Presidio what a function finds."""

    def __init__(self, name: str, language: str, find: Callable[[str], Iterable[Found]]) -> None:
        super().__init__(supported_entities=TYPES, name=name, supported_language=language, version="1")
        self._find = find

    def load(self) -> None:
        """Have nothing to load: what is needed came with the function."""

    def analyze(self, text: str, entities: object, nlp_artifacts: object = None) -> list[RecognizerResult]:  # noqa: ARG002
        """Return every candidate, overlapping ones too; the resolver chooses."""
        return [RecognizerResult(f.type, f.start, f.end, f.score) for f in self._find(text)]


class _NoContext(ContextAwareEnhancer):
    """Leaves scores alone: the patterns read their context themselves."""

    def __init__(self) -> None:
        super().__init__(0, 0, 0, 0)

    def enhance_using_context(
        self,
        text: str,  # noqa: ARG002
        raw_results: list[RecognizerResult],
        nlp_artifacts: object,  # noqa: ARG002
        recognizers: object,  # noqa: ARG002
        context: object = None,  # noqa: ARG002
    ) -> list[RecognizerResult]:
        """Return the results as they are."""
        return raw_results


def build(classifier: Classifier, *, threshold: float) -> AnalyzerEngine:
    """Return the engine for both languages."""
    nlp = NoOpNlpEngine(models=[{"lang_code": language, "model_name": "no_op"} for language in LANGUAGES])
    nlp.load()
    recognizers = [
        _Recognizer("patterns", "en", _english),
        _Recognizer("patterns", "sr", _serbian),
        *(_Recognizer("classifier", language, lambda text: _classified(classifier, text)) for language in LANGUAGES),
    ]
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognizers, supported_languages=list(LANGUAGES)),
        nlp_engine=nlp,
        context_aware_enhancer=_NoContext(),
        supported_languages=list(LANGUAGES),
        default_score_threshold=threshold,
    )


def _english(text: str) -> Iterator[Found]:
    yield from patterns.find(text)
    yield from phones.find(text)
    yield from names.find(text)


def _serbian(text: str) -> Iterator[Found]:
    yield from patterns.find(text)
    yield from phones.find(text)
    yield from serbian.people(text)


def _classified(classifier: Classifier, text: str) -> Iterator[Found]:
    for seen in classifier.labels(text):
        if seen.label in _PERSON:
            yield from _person(text, seen)
        elif seen.label in _PLACE:
            if text[seen.start : seen.end].strip():
                yield Found(seen.start, seen.end, "LOCATION", 0.6 * seen.score, "classifier")
        elif seen.label in _NUMBERS and _plausible(seen.label, text[seen.start : seen.end]):
            yield Found(seen.start, seen.end, _NUMBERS[seen.label], 0.6 * seen.score, "classifier")


def _plausible(label: str, text: str) -> bool:
    digits = sum(c.isdigit() for c in text)
    return digits >= (7 if label == "PHONE" else 5)


def _person(text: str, seen: Labelled) -> Iterator[Found]:
    start, end = seen.start, seen.end
    title = _EDGE.match(text[start:end])
    if title:
        start += title.end()
    tail = _TAIL.search(text[start:end])
    if tail:
        end = start + tail.start()
    if end - start > 1 and not names.is_nobody(text[start:end]):
        yield Found(start, end, "PERSON", 0.65 * seen.score, "classifier")
