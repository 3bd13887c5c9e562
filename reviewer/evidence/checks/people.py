"""Names that the source does not have, drugs it does not speak of, and words that a speaker does not say."""

import re
from collections.abc import Iterator

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import Context, Finding
from reviewer.evidence.names import known, names
from reviewer.evidence.report import Status
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import Token, comparable, is_content, tokens

_ROLES = frozenset(
    """
        doctor patient agent user system client customer guest guest_family caller clinician nurse email bot assistant
        """.split()
)
_SAYS = re.compile(
    r"(?:said|says|say|thought|think|thinks|proposed|suggested|argued|believed|mentioned|explained|stated|asked|wanted|"
    r"reported|noted|told|claimed|preferred|introduced|presented|pointed|recommended|felt|was|would|"
    r"also|then|did|discussed|questioned|indicated|observed|considered|decided|insisted|objected|complained|offered)$"
)
_LEAST_CLAUSE = 4
_CAPITAL_NOUNS = frozenset({"de", "lb"})  # where a capital letter does not tell a name


def people(context: Context) -> Iterator[Finding]:
    """Find names that the source does not have."""
    if context.source.language in _CAPITAL_NOUNS:
        return
    for place, certain in names(context.text, context.words):
        token = context.words[place]
        if not known(token, context.source):
            message = f"the name {context.quote(token.start, token.end)} is not in the source"
            certain = certain and token.word.removesuffix("'s") not in context.companions
            yield Finding(Status.STOP if certain else Status.LOOK, message, token.start, token.end)


def drugs(context: Context) -> Iterator[Finding]:
    """Find drugs that the source does not speak of under any of their names."""
    for token in context.words:
        name = lexicon.generic(token.word)
        if name is None or context.source.match(token.stem) or known(token, context.source):
            continue
        if any(lexicon.generic(word) == name for word in context.source.words):
            continue
        parts = [part.word for part in tokens(name)]
        if len(parts) > 1 and all(part in context.source.words for part in parts):
            continue
        message = f"the drug {context.quote(token.start, token.end)} is not in the source"
        yield Finding(Status.STOP, message, token.start, token.end)


def speakers(context: Context) -> Iterator[Finding]:
    """Find words given to a speaker who says nothing like them, or who does not speak at all."""
    labels = _labels(context.source)
    if len(labels) < 2:
        return
    for label, start, end in _given_to(context, labels):
        clause = [t for t in context.words[end:] if is_content(t)]
        for stop, other in enumerate(clause):
            if stop and any(other.word in comparable(label_).split() for label_ in labels if label_ != label):
                clause = clause[:stop]
                break
        if len(clause) < _LEAST_CLAUSE:
            continue
        mine, theirs, who = _coverage(context, clause, label)
        token = context.words[start]
        if theirs - mine >= 0.3 and mine < 0.34:
            message = f"{context.quote(token.start, context.words[end - 1].end)} says nothing like it; see {who}"
            yield Finding(
                Status.STOP if mine < 0.12 and theirs >= 0.55 else Status.LOOK,
                message,
                token.start,
                context.words[end - 1].end,
            )


def _labels(source: Prepared) -> list[str]:
    """Return the names of speakers that a draft may call them by: no roles, no tools, nothing without a word."""
    if "labels" not in source.kept:
        source.kept["labels"] = sorted(
            label for label in source.speakers if tokens(label) and label not in _ROLES and not label.startswith("tool")
        )
    found: list[str] = source.kept["labels"]
    return found


def speaker_gap(context: Context) -> float:
    """Return how much more of what a speaker is said to have said somebody else said, from 0 to 1."""
    labels = _labels(context.source)
    gap = 0.0
    if len(labels) > 1:
        for label, _, end in _given_to(context, labels):
            clause = [t for t in context.words[end:] if is_content(t)][:10]
            if len(clause) >= 3:
                mine, theirs, _ = _coverage(context, clause, label)
                gap = max(gap, theirs - mine)
    return gap


def _given_to(context: Context, labels: list[str]) -> Iterator[tuple[str, int, int]]:
    """Yield each speaker of whom the sentence says that they spoke, with the places of the name's words."""
    words = [t.stem for t in context.words]
    for label in labels:
        whole = [t.stem for t in tokens(label)]
        # "g" alone is Grad G where no other label ends so.
        alone = sum(other.split()[-1:] == label.split()[-1:] for other in labels) == 1
        last = whole[-1:] if len(whole[-1]) <= 2 and alone else whole
        taken = -1
        for parts in (whole, last):
            for at in range(len(words) - len(parts)):
                if (
                    at > taken
                    and words[at : at + len(parts)] == parts
                    and _SAYS.match(context.words[at + len(parts)].word)
                ):
                    taken = at + len(parts)
                    yield label, at, taken


def _coverage(context: Context, clause: list[Token], label: str) -> tuple[float, float, str]:
    """Return how much of a clause the speaker's best passage has, how much another's best has, and whose that is."""
    source = context.source
    weights = {t.stem: source.weight(t.stem) for t in clause if source.match(t.stem)}
    total = sum(weights.values())
    if not total:
        return 1.0, 0.0, ""
    per_turn: dict[int, set[str]] = {}
    for one in weights:
        for other in source.match(one):
            for segment in source.places_of(other):
                per_turn.setdefault(source.segments[segment].turn, set()).add(one)
    mine, theirs, who = 0.0, 0.0, ""
    for turn, found in per_turn.items():
        share = sum(weights[one] for one in found) / total
        speaker = comparable(source.turns[turn].speaker).strip()
        if speaker == label:
            mine = max(mine, share)
        elif share > theirs:
            theirs, who = share, source.turns[turn].speaker
    return mine, theirs, who
