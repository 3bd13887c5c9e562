"""Analyses after intake: every draft is read beside its source once, in advance, and what is found rests with it.

An import never waits for them. Any number of desks and workers may analyse at once: each takes the most urgent items
for a while. That a program read an item is on record before it does.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from reviewer import privacy
from reviewer.domain.errors import ErasedError, SealBrokenError
from reviewer.domain.events import Action
from reviewer.domain.findings import Examination
from reviewer.domain.items import Item, ItemId, ItemState
from reviewer.domain.members import Actor, does_rounds
from reviewer.domain.personal_data import ItemPersonalData, PersonalData
from reviewer.privacy.gate import Outgoing
from reviewer.services.analyst import UNAVAILABLE, Analyst, Found, read
from reviewer.services.examiners import PERSONAL, PERSONAL_VERSION, VERSIONS, Subject
from reviewer.services.gatekeeper import outgoing
from reviewer.storage import Store, Transaction, analyses, items
from reviewer.storage.opening import Opened, opened
from reviewer.storage.store import Unrecorded

BATCH = 8
_NOT_YET = 0  # a version that is nobody's
_PATIENCE = timedelta(minutes=5)  # after which items that a worker took and left come up again


@dataclass(frozen=True, slots=True)
class Analysed:
    """What was found in an item's draft."""

    item_id: ItemId
    found: Found

    @property
    def examination(self) -> Examination:
        """Return it as a desk shows it."""
        return read(self.found)


class Analysis:
    """Has drafts analysed and keeps what is found."""

    def __init__(self, store: Store, actor: Actor, analyst: Analyst, *, marks_personal: bool = False) -> None:
        self._store = store
        self._actor = actor
        self._analyst = analyst
        self.marks_personal = marks_personal
        self._versions = VERSIONS | ({PERSONAL: PERSONAL_VERSION} if marks_personal else {})

    def personal(self, texts: Sequence[str], language: str | None) -> PersonalData | None:
        """Return the personal data in each of some texts, None where it cannot be looked for; waits for the analyst."""
        return self._analyst.personal(texts, language)

    def renew(self) -> int:
        """Ask for the analyses that open items lack, for example after an update; return how many those are.

        Personal data is asked for again only where it can be found: each time would be another look on record.
        Of who only audits or transcribes nothing is asked.
        """
        if not does_rounds(self._actor.member.roles):
            return 0
        lacking = {name: version for name, version in self._versions.items() if name != PERSONAL or privacy.is_there()}
        with self._store.write(self._actor) as tx:
            number = analyses.want_again(tx, lacking)
            tx.leave_unrecorded(Unrecorded.ANALYSIS_QUEUED)
            return number

    def waiting(self) -> int:
        """Count the items that are still to be analysed."""
        with self._store.read() as tx:
            return analyses.number_wanted(tx)

    def take(self, limit: int = BATCH) -> list[Subject]:
        """Take the most urgent items that are to be analysed; the look at each is committed first."""
        if not does_rounds(self._actor.member.roles):
            return []
        with self._store.read() as tx:
            if not analyses.anything_wanted(tx):
                return []
        with self._store.write(self._actor) as tx:
            taken = analyses.take(tx, limit, _PATIENCE)
            tx.leave_unrecorded(Unrecorded.ANALYSIS_QUEUED)
            for item_id in [item_id for item_id in taken if self._is_over(tx, item_id)]:
                analyses.done(tx, item_id)
                taken.remove(item_id)
            for item_id in taken:
                tx.record(Action.ANALYSED, item_id, versions=self._versions)
        subjects, spoiled = [], []
        for item_id in taken:
            try:
                with suppress(ErasedError), self._store.read() as tx:  # erased since it was taken
                    subjects.append(self._subject(tx, item_id))
            except SealBrokenError:
                spoiled.append(item_id)
        if spoiled:  # nobody can read them, and the others do not wait behind them
            with self._store.write(self._actor) as tx:
                for item_id in spoiled:
                    analyses.done(tx, item_id)
                tx.leave_unrecorded(Unrecorded.ANALYSIS_QUEUED)
        return subjects

    def examine(self, subject: Subject, *, hurried: bool = False) -> Analysed:
        """Analyse one item; this waits for the analyst and is no transaction.

        What is `hurried` is looked through for personal data later: an approval waits for the findings alone.
        """
        found = dict(self._analyst.examine(subject, hurried=hurried))
        if self.marks_personal and not hurried:
            found[PERSONAL] = self._analyst.personal_in(subject)
        return Analysed(ItemId(subject.item_id), found)

    def recheck(self, subject: Subject, found: Found, text: str) -> Examination:
        """Return what is found in a text that an item's draft has become; waits as well."""
        return self._analyst.recheck(subject, found, text)

    def keep(self, analysed: Sequence[Analysed]) -> None:
        """Keep what was found."""
        if not analysed:
            return
        with self._store.write(self._actor) as tx:
            tx.leave_unrecorded(Unrecorded.ANALYSIS_KEPT)
            for each in analysed:
                if not analyses.is_kept(tx, each.item_id):
                    continue
                there = analyses.versions(tx, each.item_id)
                for name, found in each.found.items():
                    # Where no detector could be had, the next start asks again: it may be repaired by then.
                    version = _NOT_YET if found == UNAVAILABLE else self._versions[name]
                    if there.get(name) != self._versions[name]:  # what another found first stands
                        analyses.save(tx, each.item_id, name, version, found)
                if each.found.keys() >= self._versions.keys():
                    analyses.done(tx, each.item_id)

    def round(self, most: int | None = None) -> int:
        """Analyse what is wanted now, all of it or about `most` items; return how many that were."""
        number = 0
        while (most is None or number < most) and (subjects := self.take()):
            self.keep([self.examine(subject) for subject in subjects])
            number += len(subjects)
        return number

    def _is_over(self, tx: Transaction, item_id: ItemId) -> bool:
        state = items.find(tx, self._actor.member.workspace_id, item_id).state
        return state in (ItemState.DECIDED, ItemState.ERASED)

    def _subject(self, tx: Transaction, item_id: ItemId) -> Subject:
        item = opened(tx, self._actor.member.workspace_id, item_id)
        return subject_to(item, outgoing(tx, self._actor.member, item))


def subject_to(item: Opened, going: Outgoing) -> Subject:
    """Return what analyses may know of an item that was read."""
    return Subject(
        item.head.id,
        item.head.kind,
        item.head.language,
        item.content.draft,
        item.content.source,
        item.content.recipient,
        going.contacts,
        going.suppressed,
    )


def subject_of(item: Item) -> Subject:
    """Return what analyses may know of an opened item."""
    return Subject(
        item.id,
        item.kind,
        item.head.language,
        item.draft,
        item.source,
        item.recipient,
        item.contacts,
        item.suppressed,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found in an item; `found` is None where an analysis of today's version is missing."""

    found: Found | None
    personal: ItemPersonalData | None


def kept(tx: Transaction, item_id: ItemId) -> Kept:
    """Return what was found in an item's draft and source."""
    stored = analyses.load(tx, item_id)
    complete = all(name in stored and stored[name].version == version for name, version in VERSIONS.items())
    found = {name: stored[name].found for name in VERSIONS} if complete else None
    personal = stored.get(PERSONAL)
    if personal is None or personal.version != PERSONAL_VERSION:
        return Kept(found, None)
    data = json.loads(personal.found)
    return Kept(found, None if "failed" in data else ItemPersonalData.from_data(data))
