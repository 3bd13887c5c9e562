"""Valid defaults for everything that tests need: a test states only what matters to it.

Time passes here by moving instants in the database, never by waiting or by a false clock.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import EllipsisType
from typing import Any

from reviewer.bootstrap import Services
from reviewer.channels.folder import FolderTransport
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.events import Action
from reviewer.domain.items import ItemId
from reviewer.domain.kinds import Field, Form, Kind
from reviewer.domain.members import Actor, DeskId, Member, MemberId, Role
from reviewer.services.intake import Intake, IntakeReport
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.services.work import Transport, Work
from reviewer.services.workspaces import Workspaces
from reviewer.storage import Store, members

_numbers = count(1)

# A kind that the product does not have, as its one file would declare it.
EMAIL_REPLY = Kind(
    key="email_reply",
    label="Email reply",
    fields=(Field("subject", "Subject", Form.LINE, length=200), Field("text", "Message")),
    roles=frozenset({Role.AGENT}),
    lease=timedelta(minutes=10),
    hold=timedelta(seconds=30),
)
EMAIL_SAMPLE = "Subject: Your parcel 4471\n\nDear Ms Okafor,\n\nit arrives on Tuesday.\n\nKind regards\n"

# One verdict with what it must carry, for each verdict.
JUDGEMENTS: Mapping[Verdict, Judgement] = {
    Verdict.APPROVE: Judgement(Verdict.APPROVE),
    Verdict.APPROVE_WITH_EDITS: Judgement(Verdict.APPROVE_WITH_EDITS, "Another text."),
    Verdict.REJECT: Judgement(Verdict.REJECT, reason="tone"),
    Verdict.RESPOND: Judgement(Verdict.RESPOND, note="Shorter, please."),
    Verdict.ESCALATE: Judgement(Verdict.ESCALATE),
    Verdict.SKIP: Judgement(Verdict.SKIP, note="Waiting for a call back."),
}


def record(**changed: Any) -> dict[str, Any]:
    """Return a valid import record with `changed` in it; a value of ... takes the field away."""
    made = {
        "id": f"D-{next(_numbers)}",
        "kind": "sms",
        "channel": "chat",
        "draft": "Yes, we open at nine.",
        "source": [{"speaker": "Customer", "text": "Do you open at nine?"}],
        **changed,
    }
    return {key: value for key, value in made.items() if not isinstance(value, EllipsisType)}


def line(**changed: Any) -> bytes:
    """Return a valid import line with `changed` in it."""
    return json.dumps(record(**changed), ensure_ascii=False).encode()


def new_key() -> str:
    """Return an idempotency key that nobody used."""
    return secrets.token_hex(16)


class Beneath:
    """What lies beneath the program: the database and the files of a profile, which other processes may be using."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the database behind the store's back, or change it."""
        with closing(sqlite3.connect(self.folder / "reviewer.db", isolation_level=None, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def state(self, item_id: str) -> str:
        """Return the state of an item."""
        ((state,),) = self.rows("SELECT state FROM item WHERE id = ?", item_id)
        return str(state)

    def events(self, item_id: str | None = None) -> list[str]:
        """Return what was recorded, of one item or of all, in order."""
        where = "" if item_id is None else "WHERE item_id = ?"
        return [row[0] for row in self.rows(f"SELECT action FROM event {where} ORDER BY seq", *filter(None, [item_id]))]

    def let_leases_lapse(self) -> None:
        """Put the end of every lease into the past."""
        self.rows("UPDATE item SET lease_expires_at = 0 WHERE lease_id IS NOT NULL")

    def let_holds_end(self) -> None:
        """Put the end of every hold into the past."""
        self.rows("UPDATE decision SET hold_until = hold_until - 86400000 WHERE state = 'held'")
        self.rows("UPDATE outbox SET due_at = due_at - 86400000 WHERE state = 'held'")

    def let_skips_end(self) -> None:
        """Put the end of every skip into the past."""
        self.rows("UPDATE item SET wakes_at = 0 WHERE wakes_at IS NOT NULL")

    def let_retries_come(self) -> None:
        """Put the next try of every request into the past."""
        self.rows("UPDATE outbox SET due_at = 0 WHERE state IN ('sending', 'failed')")

    def make_late(self, item_id: str) -> None:
        """Put the due time of an item into the past."""
        self.rows("UPDATE item SET due_at = 0 WHERE id = ?", item_id)

    def files(self, folder: str = "sent") -> dict[str, bytes]:
        """Return the files that left, by name."""
        return {path.name: path.read_bytes() for path in sorted((self.folder / folder).glob("*"))}


class Profile(Beneath):
    """A profile in a folder, with its store and its members; made with a first member of every role where new."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        known = (folder / "reviewer.db").exists()
        self.store = Store.open_file(folder / "reviewer.db")
        workspaces = Workspaces(self.store)
        first = workspaces.current()[1] if known else workspaces.make("Desk", "First", frozenset(Role))
        self.first = Actor(first, DeskId("first"))

    def actor(self, *roles: Role, languages: Iterable[str] | None = None, skills: Iterable[str] | None = None) -> Actor:
        """Add a member with these roles (by default every role) at a desk of their own."""
        number = next(_numbers)
        new = Member(
            MemberId(secrets.token_hex(16)),
            self.first.member.workspace_id,
            f"Member {number}",
            frozenset(roles or Role),
            None if languages is None else frozenset(languages),
            None if skills is None else frozenset(skills),
        )
        with self.store.write(self.first) as tx:
            members.add(tx, new)
            tx.record(Action.MEMBER_ADDED, member=new.id)
        return Actor(new, DeskId(f"desk-{number}"))

    def services(
        self,
        actor: Actor | None = None,
        *,
        transport: Transport | None = None,
        holds: Mapping[str, timedelta] | None = None,
    ) -> Services:
        """Return what `actor` (by default the first member) can do."""
        who = actor or self.first
        return Services(
            workspace="Desk",
            member=who.member,
            queue=Queue(self.store, who),
            review=Review(self.store, who, holds or {}),
            intake=Intake(self.store, who),
            work=Work(self.store, who, transport or FolderTransport(self.folder)),
        )

    def take(self, *lines: bytes, producer: str = "tests") -> IntakeReport:
        """Import lines."""
        return Intake(self.store, self.first).take_all(lines, producer)

    def put(self, **changed: Any) -> ItemId:
        """Import one draft and return its item."""
        made = record(**changed)
        report = self.take(json.dumps(made).encode())
        assert report.imported == 1, report.refused
        ((item_id,),) = self.rows("SELECT id FROM item WHERE external_id = ?", made["id"])
        return ItemId(item_id)

    def close(self) -> None:
        """Close the store."""
        self.store.close()
