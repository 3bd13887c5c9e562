"""Small words that change what is said."""

from collections.abc import Iterator

from reviewer.evidence.checks.context import Context, Finding
from reviewer.evidence.report import Status

_ONLY = frozenset("only exclusively solely merely samo isključivo iskljucivo".split())
_ABLE_TO_STAND_FOR_ONLY = frozenset("only just solely exclusively merely nothing alone except samo".split())
# "Significant only for ...": how notes say what was found, not a limit that somebody set.
_SUMMING_UP = frozenset("significant notable positive remarkable".split())


def only_added(context: Context) -> Iterator[Finding]:
    """Find an "only" that the passage does not have."""
    for place, token in enumerate(context.words):
        if place and context.words[place - 1].word in _SUMMING_UP:
            continue
        if token.word in _ONLY and not _passage_words(context) & _ABLE_TO_STAND_FOR_ONLY:
            message = f"{context.quote(token.start, token.end)}: the passage sets no such limit"
            yield Finding(Status.STOP, message, token.start, token.end)


def _passage_words(context: Context) -> set[str]:
    found: set[str] = set()
    for number in context.link.segments:
        found |= {t.word for t in context.source.segments[number].words}
    return found
