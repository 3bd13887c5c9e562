"""Presidio's AnalyzerEngine over recognizers of our own: one for patterns and lists, one for the classifier.

Its `no_op` engine reads no language model, downloads none and looks at no context; nothing here reaches the network.
"""

import os
from collections.abc import Callable, Iterable, Iterator

# tldextract, which Presidio imports, would fetch its list of suffixes; nothing here asks it, and this keeps it offline.
os.environ.setdefault("TLDEXTRACT_CACHE", os.devnull)

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from reviewer.privacy import names, patterns, phones, reading, serbian
from reviewer.privacy.classifier import Classifier
from reviewer.privacy.patterns import Found

LANGUAGES = ("en", "sr")
TYPES = sorted({rule.type for rule in patterns.RULES} | {"NRP", "PHONE_NUMBER"} | reading.TYPES)


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


def build(classifier: Classifier, *, threshold: float, eager: bool) -> AnalyzerEngine:
    """Return the engine for both languages."""
    nlp = NoOpNlpEngine(models=[{"lang_code": language, "model_name": "no_op"} for language in LANGUAGES])
    nlp.load()
    recognizers = [
        _Recognizer("patterns", "en", _english),
        _Recognizer("patterns", "sr", _serbian),
        *(_Recognizer("classifier", language, _reader(classifier, language, eager=eager)) for language in LANGUAGES),
    ]
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognizers, supported_languages=list(LANGUAGES)),
        nlp_engine=nlp,
        context_aware_enhancer=_NoContext(),
        supported_languages=list(LANGUAGES),
        default_score_threshold=threshold,
    )


def _reader(classifier: Classifier, language: str, *, eager: bool) -> Callable[[str], Iterable[Found]]:
    def read(text: str) -> Iterator[Found]:
        worth = reading.worth_reading(text) if language == "en" and not eager else None
        return reading.found(text, classifier.read(text, worth), language=language, eager=eager)

    return read


def _english(text: str) -> Iterator[Found]:
    yield from patterns.find(text)
    yield from phones.find(text)
    yield from names.find(text)


def _serbian(text: str) -> Iterator[Found]:
    yield from patterns.find(text)
    yield from phones.find(text)
    yield from serbian.people(text)
