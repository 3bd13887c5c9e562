"""Take drafts in: every good line becomes one item, every bad one is refused with its reason."""

import json
import secrets
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from reviewer.channels import drafts
from reviewer.channels.drafts import Accepted, Refused
from reviewer.domain import limits
from reviewer.domain.errors import RuleError, UnavailableError, UsageError
from reviewer.domain.events import Action
from reviewer.domain.items import ItemId
from reviewer.domain.members import Actor, does_rounds
from reviewer.files import write_whole
from reviewer.storage import Store, contents, items, keys

_BATCH = 100


@dataclass(slots=True)
class IntakeReport:
    """What became of the lines so far."""

    imported: int = 0
    duplicates: int = 0
    refused: list[Refused] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)


class Intake:
    """Imports drafts into the workspace."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def take(self, untrusted_lines: Iterable[bytes], producer: str) -> Iterator[IntakeReport]:
        """Import line by line in batches; yields the growing report, at least once, after each committed batch.

        A draft that this producer has sent before (same id) makes no second item. Raises UsageError where the
        producer's name is empty or too long.
        """
        if not does_rounds(self._actor.member.roles):
            raise RuleError("Your roles do not let you import drafts.")
        if not producer.strip() or len(producer) > limits.NAME_CHARACTERS:
            raise UsageError(f"The producer's name must have 1 to {limits.NAME_CHARACTERS} characters.")
        report = IntakeReport()
        checked = drafts.read(untrusted_lines, report.unknown_fields)
        while batch := list(islice(checked, _BATCH)):
            report.refused += [each for each in batch if isinstance(each, Refused)]
            self._store_batch([each for each in batch if isinstance(each, Accepted)], producer, report)
            yield report
        if not (report.imported or report.duplicates or report.refused):
            yield report

    def take_all(self, untrusted_lines: Iterable[bytes], producer: str) -> IntakeReport:
        """Import every line and return the report."""
        return deque(self.take(untrusted_lines, producer), maxlen=1).pop()

    @staticmethod
    def keep_refused(path: Path, refused: list[Refused]) -> Path:
        """Write the refused lines beside the file they came from, with their reasons, whole or not at all.

        Returns where. Raises UnavailableError where that cannot be written.
        """
        kept = path.with_name(f"{path.name}.refused.jsonl")
        rows = ({"line": r.number, "field": r.field, "reason": r.reason, "text": r.line} for r in refused)
        try:
            write_whole(kept, (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
        except OSError as exc:
            raise UnavailableError(f"The refused lines cannot be kept in {kept}: {exc.strerror}.") from exc
        return kept

    def _store_batch(self, batch: list[Accepted], producer: str, report: IntakeReport) -> None:
        if not batch:
            return
        workspace = self._actor.member.workspace_id
        with self._store.write(self._actor) as tx:
            known = items.known(tx, workspace, producer, [each.draft.external_id for each in batch])
            new = {e.draft.external_id: e.draft for e in reversed(batch) if e.draft.external_id not in known}
            fresh = list(zip(_ids(tx.now(), len(new)), reversed(new.values()), strict=True))
            if fresh:
                items.add(tx, workspace, producer, fresh)
                for item_id, draft in fresh:
                    tx.record(
                        Action.IMPORTED,
                        item_id,
                        after={"draft": keys.digest(tx, item_id, "draft", draft.draft)},
                        model=contents.model_of(draft),
                        kind=draft.kind,
                        producer=producer,
                        turns=len(draft.source),
                    )
        report.imported += len(fresh)
        report.duplicates += len(batch) - len(fresh)


def _ids(now: datetime, number: int) -> Iterator[ItemId]:
    """Yield ids that sort in the order of arrival, for items of equal priority, due time and age."""
    milliseconds = int(now.timestamp() * 1000)
    for index in range(number):
        yield ItemId(f"{milliseconds:012x}{index:04x}{secrets.token_hex(8)}")
