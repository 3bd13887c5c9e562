"""How good the labels are: where two people heard the same, against the machine, against clips whose text is known.

Figures are by language and by tag. There is none by person, and nothing here orders people.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from reviewer.domain.clips import ClipId, ClipState, ServingState
from reviewer.domain.errors import RuleError
from reviewer.domain.labels import ALL_TAGS, tags_of, word_errors, words_of
from reviewer.domain.members import Actor, Role
from reviewer.storage import Store, Transaction, clips, vault_keys

DISAGREEMENT = 0.2  # of the words: beyond it a third person should listen


@dataclass(slots=True)
class Rate:
    """Errors among so many words, in so many comparisons."""

    errors: int = 0
    words: int = 0
    pairs: int = 0

    @property
    def value(self) -> float | None:
        """Return the word error rate, None where nothing was compared."""
        return self.errors / self.words if self.words else None


@dataclass(slots=True)
class TagAgreement:
    """Of the clips that two people heard: how often both, and how often one alone, set a tag."""

    both: int = 0
    one: int = 0

    @property
    def value(self) -> float | None:
        """Return the share of agreement (Jaccard), None where nobody set it."""
        return self.both / (self.both + self.one) if self.both + self.one else None


@dataclass(slots=True)
class LanguageQuality:
    """The figures of one language."""

    labels: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    between_people: Rate = field(default_factory=Rate)
    to_machine: Rate = field(default_factory=Rate)
    to_machine_prefilled: Rate = field(default_factory=Rate)
    gold: Rate = field(default_factory=Rate)
    disagreed: int = 0  # pairs beyond DISAGREEMENT
    unsure: int = 0  # labels with ((…)) or [unintelligible]


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of the pool."""

    languages: Mapping[str, LanguageQuality]
    tags: Mapping[str, TagAgreement]


class LabelQuality:
    """Reads the labels and counts."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def figures(self) -> Quality:
        """Return the figures of all labels. Raises RuleError for who may not see them."""
        if not self._actor.member.roles & {Role.ADMIN, Role.SUPERVISOR}:
            raise RuleError("Only a member with the role 'supervisor' may do this.")
        languages: dict[str, LanguageQuality] = defaultdict(LanguageQuality)
        tags = {tag: TagAgreement() for tag in sorted(ALL_TAGS)}
        with self._store.read() as tx:
            if not vault_keys.is_there(tx, vault_keys.POOL):
                return Quality({}, tags)
            live = {each.clip_id: each for each in clips.origins(tx) if each.state is ClipState.LIVE}
            texts: dict[ClipId, list[tuple[str, bool]]] = defaultdict(list)
            for answer in clips.answers(tx):
                origin = live.get(answer.clip_id)
                if origin is None:
                    continue
                if answer.reason is not None:
                    languages[origin.language].skipped[answer.reason.value] += 1
                elif answer.state is ServingState.LABELLED and answer.text is not None:
                    texts[answer.clip_id].append((answer.text, answer.prefilled))
            for clip_id, written in texts.items():
                origin = live[clip_id]
                machine = " ".join(word.text for word in clips.words(tx, clip_id))
                _count(languages[origin.language], tags, written, machine, is_gold=origin.is_gold)
        return Quality(dict(sorted(languages.items())), tags)


def contested(tx: Transaction) -> set[ClipId]:
    """Return the clips that two people heard so differently that a third should listen."""
    texts: dict[ClipId, list[str]] = defaultdict(list)
    for answer in clips.answers(tx):
        if answer.state is ServingState.LABELLED and answer.text is not None:
            texts[answer.clip_id].append(answer.text)
    return {
        clip_id
        for clip_id, heard in texts.items()
        if len(heard) == 2 and word_errors(words_of(heard[0]), words_of(heard[1])).rate > DISAGREEMENT
    }


def _count(
    of: LanguageQuality,
    tags: Mapping[str, TagAgreement],
    written: list[tuple[str, bool]],
    machine: str,
    *,
    is_gold: bool,
) -> None:
    of.labels += len(written)
    for text, prefilled in written:
        of.unsure += "((" in text or "[unintelligible]" in text
        if is_gold:
            _compare(of.gold, machine, text)
        elif machine:
            # Who corrected the machine's text agrees with it more than who never saw it: the two are kept apart.
            _compare(of.to_machine_prefilled if prefilled else of.to_machine, text, machine)
    for (one, _), (other, _) in combinations(written, 2):
        errors = _compare(of.between_people, one, other)
        of.disagreed += errors > DISAGREEMENT
        _compare_tags(tags, tags_of(one), tags_of(other))


def _compare(rate: Rate, reference: str, heard: str) -> float:
    errors = word_errors(words_of(reference), words_of(heard))
    rate.errors += errors.number
    rate.words += errors.of_words
    rate.pairs += 1
    return errors.rate


def _compare_tags(tags: Mapping[str, TagAgreement], one: Iterable[str], other: Iterable[str]) -> None:
    mine, theirs = set(one), set(other)
    for tag in mine | theirs:
        if tag in mine and tag in theirs:
            tags[tag].both += 1
        else:
            tags[tag].one += 1
