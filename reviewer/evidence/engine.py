"""Check a draft against its source, and again as it is edited."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from reviewer.domain.items import Turn
from reviewer.evidence import names, score
from reviewer.evidence.checks import CHECKS, Context
from reviewer.evidence.facts import Place
from reviewer.evidence.linking import MOST
from reviewer.evidence.omissions import Points, length_ratio, length_warning
from reviewer.evidence.report import Claim, Evidence, Reason, Report, Status
from reviewer.evidence.sentences import Span, cut
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import comparable, tokens

# What can be switched off besides the checks.
SCORE, OMISSIONS, LENGTH = "score", "omission", "length"
RULES = (*CHECKS, SCORE, OMISSIONS, LENGTH)
STOP_FLOOR = 0.9


def check(
    draft: str,
    turns: Sequence[Turn],
    *,
    language: str | None = None,
    conversation_date: date | None = None,
    switched_off: Collection[str] = frozenset(),
) -> Report:
    """Check `draft` against its source; `switched_off` names rules of `RULES`."""
    source = Prepared(turns, language=language, conversation_date=conversation_date)
    return Checker(source, switched_off=switched_off).check(draft)


class Checker:
    """Checks the texts of one draft against one prepared source; a sentence that stayed is not checked again."""

    def __init__(self, source: Prepared, *, switched_off: Collection[str] = frozenset()) -> None:
        self.source = source
        self._off = frozenset(switched_off)
        self._points = Points(source)
        self._known: dict[tuple[str, frozenset[str]], Claim] = {}
        self._names: dict[str, frozenset[str]] = {}

    def resume(self, draft: str, report: Report) -> None:
        """Take over what an earlier check of `draft` against the same source found."""
        texts = [draft[claim.start : claim.end] for claim in report.claims]
        companions = self._companions(texts)
        for text, claim in zip(texts, report.claims, strict=True):
            self._known[text, _of(companions, text)] = _moved(claim, -claim.start)

    def check(self, draft: str) -> Report:
        """Return the report on `draft`; only sentences not seen before cost anything."""
        claims = []
        known = {}
        spans = cut(draft)
        texts = [draft[span.start : span.end] for span in spans]
        companions = self._companions(texts)
        for span, text in zip(spans, texts, strict=True):
            key = text, _of(companions, text)
            known[key] = self._known.get(key) or self._claim(*key)
            claims.append(_moved(known[key], span.start))
        self._known = known
        ratio = length_ratio(draft, self.source)
        return Report(
            tuple(claims),
            () if OMISSIONS in self._off else self._points.missing(texts),
            _unused(self.source, claims),
            round(ratio, 4),
            None if LENGTH in self._off else length_warning(ratio, self.source),
        )

    def _companions(self, texts: Sequence[str]) -> frozenset[str]:
        """Return the names that the draft adds to those of the source, sentence by sentence."""
        found: set[str] = set()
        kept = {}
        for text in texts:
            kept[text] = self._names.get(text)
            if kept[text] is None:
                kept[text] = names.companions(text, tokens(text), self.source)
            found |= kept[text] or set()
        self._names = {text: added for text, added in kept.items() if added is not None}
        return frozenset(found)

    def _claim(self, text: str, companions: frozenset[str]) -> Claim:
        context = Context(text, self.source, companions=companions)
        reasons = [
            Reason(name, f.status, f.message, f.start, f.end)
            for name, findings in context.findings.items()
            if name not in self._off
            for f in findings
        ]
        places = [
            p for name, found in context.findings.items() if name not in self._off for f in found for p in f.places
        ]
        features = score.measure(context)
        suspicion = score.suspicion(features)
        if SCORE not in self._off and suspicion >= score.look_threshold() and not reasons:
            reasons += [Reason(SCORE, Status.LOOK, why, 0, len(text)) for why in score.because(context, features)]
        reasons.sort(key=lambda reason: reason.status is not Status.STOP)
        status = reasons[0].status if reasons else Status.NONE
        if status is Status.STOP:
            suspicion = STOP_FLOOR + (1 - STOP_FLOOR) * suspicion
        return Claim(0, len(text), status, round(suspicion, 4), tuple(reasons), _evidence(context, places))


def recheck(
    report: Report, draft: str, new_draft: str, source: Prepared, *, switched_off: Collection[str] = frozenset()
) -> Report:
    """Return the report on `new_draft`, taking over from the one on `draft` all sentences that stayed."""
    checker = Checker(source, switched_off=switched_off)
    checker.resume(draft, report)
    return checker.check(new_draft)


def _of(companions: frozenset[str], text: str) -> frozenset[str]:
    """Return those names that may stand in `text`."""
    folded = comparable(text)
    return frozenset(name for name in companions if name in folded)


def _moved(claim: Claim, by: int) -> Claim:
    if not by:
        return claim
    reasons = tuple(Reason(r.check, r.status, r.message, r.start + by, r.end + by) for r in claim.reasons)
    return Claim(claim.start + by, claim.end + by, claim.status, claim.score, reasons, claim.evidence)


def _evidence(context: Context, places: Iterable[Place]) -> tuple[Evidence, ...]:
    """Return the passages that a sentence rests on or that speak against it, the latter first."""
    found: list[Evidence] = []
    numbers = [n for p in places if (n := context.source.segment_at(p)) is not None]
    for number in dict.fromkeys([*numbers[:1], *context.link.segments]):
        segment = context.source.segments[number]
        found.append(Evidence(segment.turn, segment.start, segment.end))
    return tuple(found[:MOST])


def _unused(source: Prepared, claims: Iterable[Claim]) -> tuple[int, ...]:
    """Return the turns that say something and that no sentence rests on."""
    used = {e.turn for claim in claims for e in claim.evidence}
    saying = {segment.turn for segment in source.segments if len(segment.stems) >= 2}
    return tuple(sorted(saying - used))


__all__ = ["LENGTH", "OMISSIONS", "RULES", "SCORE", "Checker", "Span", "check", "recheck"]
