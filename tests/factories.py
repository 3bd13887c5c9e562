"""Valid defaults for everything that tests need: a test states only what matters to it.

Time passes here by moving instants in the database, never by waiting or by a false clock.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from types import EllipsisType
from typing import Any

from sqlcipher3 import dbapi2

from reviewer.bootstrap import Services
from reviewer.channels.folder import FolderTransport
from reviewer.crypto import (
    Identity,
    KeyFile,
    OpenKeys,
    Owner,
    RecoveryCode,
    database_key,
    login_password,
    seal_for_recovery,
    seal_identity,
)
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.events import Action
from reviewer.domain.items import ItemId
from reviewer.domain.kinds import Field, Form, Kind
from reviewer.domain.members import Actor, DeskId, Member, MemberId, Role, holds_workspace_key
from reviewer.ledger.directory import encode_key
from reviewer.services.access import Access
from reviewer.services.analysis import Analysis
from reviewer.services.analyst import Analyst
from reviewer.services.examiners import ANALYSES
from reviewer.services.intake import Intake, IntakeReport
from reviewer.services.label_exports import LabelExports
from reviewer.services.label_quality import LabelQuality
from reviewer.services.ledger import Ledger, WitnessFile
from reviewer.services.oversight import Oversight
from reviewer.services.policy import Policy
from reviewer.services.pool import Pool
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.services.signing import Signing
from reviewer.services.suppressions import Suppressions
from reviewer.services.tokens import Tokens
from reviewer.services.transcribing import Transcribing
from reviewer.services.vault import Vault
from reviewer.services.work import Transport, Work
from reviewer.settings import SettingsFile
from reviewer.storage import Address, Store, keys, members, team
from reviewer.storage.members import MemberSecrets
from reviewer.storage.store import Unrecorded
from reviewer.storage.team import seats
from tests.postgres import Cluster

_numbers = count(1)


@cache
def _analyst() -> Analyst:
    """Return the one analyst of a test run: to start a process for each test would take most of the time."""
    return Analyst()


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

# One verdict with what it must carry, for each verdict that decides.
JUDGEMENTS: Mapping[Verdict, Judgement] = {
    Verdict.APPROVE: Judgement(Verdict.APPROVE),
    Verdict.APPROVE_WITH_EDITS: Judgement(Verdict.APPROVE_WITH_EDITS, "Another text."),
    Verdict.REJECT: Judgement(Verdict.REJECT, reason="tone"),
    Verdict.RESPOND: Judgement(Verdict.RESPOND, note="Shorter, please."),
    Verdict.ESCALATE: Judgement(Verdict.ESCALATE),
    Verdict.SKIP: Judgement(Verdict.SKIP, note="Waiting for a call back."),
}
SIGNED = Attestation()


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


def every_override(reason: str = "known") -> dict[str, str]:
    """Return an override of every rule, for a text that is to leave whatever is found in it."""
    return {rule: reason for analysis in ANALYSES for rule in analysis.rules()}


def new_key() -> str:
    """Return an idempotency key that nobody used."""
    return secrets.token_hex(16)


# How what tests say of a file's database reads on a server's: instants are numbers of milliseconds there.
_ON_A_SERVER = (
    (re.compile(r"\b(\w+_at|\w+_until|at) ([-+]) (\d+)\b"), r"\1 \2 interval '\3 milliseconds'"),
    (re.compile(r"\bx''"), "''"),
    (re.compile(r"\b(\w+_at|\w+_until) = 0\b"), r"\1 = 'epoch'"),
    (re.compile(r"\?"), "%s"),
    (re.compile(r"zeroblob\((\d+)\)"), r"decode(repeat('00', \1), 'hex')"),
)


@dataclass(frozen=True, slots=True)
class TeamDatabase:
    """A database of a team on a server of the tests."""

    cluster: Cluster
    name: str

    def address(self, login: str) -> Address:
        """Return where `login` finds it."""
        return Address.read(self.cluster.address(self.name, login))

    def invite(self, login: str, *, may_found: bool = False) -> str:
        """Make a login that may join, and return the password it is invited with."""
        return team.invite(self.cluster.engine(self.name), login, may_found=may_found)


class Beneath:
    """What lies beneath the program: the database and the files of a profile, which other processes may be using."""

    def __init__(self, folder: Path, database: TeamDatabase | None = None) -> None:
        self.folder = folder
        self.team = database
        self.key_file = folder / "keys"

    @property
    def device_secret(self) -> bytes:
        """Return the secret of the profile's device."""
        return KeyFile(self.key_file).load((self.folder / "device").read_text("ascii"))

    @contextmanager
    def connection(self, path: Path | None = None, *, timeout_s: float = 30) -> Iterator[Any]:
        """Open the database, or a copy of it, as its administrator does who has the file's key."""
        if self.team is not None:
            with closing(self.team.cluster.connect(self.team.name)) as connected:
                yield connected
            return
        file = path or self.folder / "reviewer.db"
        with closing(dbapi2.connect(str(file), isolation_level=None, timeout=timeout_s)) as connection:
            connection.execute(f"PRAGMA key = \"x'{database_key(self.device_secret).hex()}'\"")
            yield connection

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the database behind the store's back, or change it."""
        if self.team is not None:
            for idiom, instead in _ON_A_SERVER:
                query = idiom.sub(instead, query)
            return self.team.cluster.run(query, self.team.name, values)
        with self.connection() as connection:
            found: list[tuple[Any, ...]] = connection.execute(query, values).fetchall()
            return found

    def fail_inserts(self, table: str, words: str) -> None:
        """Let the database fail at each insert into a table."""
        if self.team is None:
            self.rows(f"CREATE TRIGGER fault BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END")
            return
        self.rows(f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
                  f"$$BEGIN RAISE '{words}' USING DETAIL = NEW::text; END$$")  # fmt: skip
        self.rows(f"CREATE TRIGGER fault BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fault()")

    def mend_inserts(self, table: str) -> None:
        """Undo that."""
        self.rows("DROP TRIGGER fault" if self.team is None else f"DROP TRIGGER fault ON {table}")

    def state(self, item_id: str) -> str:
        """Return the state of an item."""
        ((state,),) = self.rows("SELECT state FROM item WHERE id = ?", item_id)
        return str(state)

    def events(self, item_id: str | None = None) -> list[str]:
        """Return what was recorded, of one item or of all, in order."""
        where = "" if item_id is None else "WHERE item_id = ?"
        return [row[0] for row in self.rows(f"SELECT action FROM entry {where} ORDER BY seq", *filter(None, [item_id]))]

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

    def __init__(self, folder: Path, database: TeamDatabase | None = None, *, login: str = "first") -> None:
        super().__init__(folder, database)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        desk = DeskId("first")
        self.address = None if database is None else database.address(login)
        if self.address is not None:
            SettingsFile(folder / "settings.toml").change(database=self.address.text)
        self.access = Access(folder, KeyFile(self.key_file), desk, team=self.address)
        if not self.access.exists:
            invitation = None if database is None else database.invite(login, may_found=True)
            self.access.make("Desk", "First", frozenset(Role), invitation=invitation)
        session = self.access.unlock()
        self.store = session.store
        self.first = Actor(session.member, desk)
        self._stores = {session.member.id: session.store}
        self.analyst = _analyst()

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
        identity, owner = Identity.new(), Owner(new.workspace_id, new.id)
        stored = MemberSecrets(
            identity.public,
            seal_identity(identity, owner, device_secret=secrets.token_bytes(32)),
            seal_for_recovery(identity, owner, RecoveryCode.new()),
        )
        store = self.store
        if self.team is not None:
            login = f"m{new.id[:16]}"
            store = Store.open_team(self.team.address(login), self.team.invite(login))
            with store.write(Actor(new, DeskId("joining"))) as tx:
                seats.ask(tx, new.id, new.name, stored)
                tx.leave_unrecorded(Unrecorded.ASKED_TO_JOIN)
        with self.store.write(self.first) as tx:
            members.add(tx, new, stored)
            key = keys.newest(tx)
            has_key = holds_workspace_key(new.roles)
            if has_key:
                keys.add_generation(tx, key, new.id, key.seal_to(new.id, identity.public))
            tx.record(
                Action.MEMBER_ADDED,
                member=new.id,
                roles=sorted(new.roles),
                receive=encode_key(identity.public.receive),
                sign=encode_key(identity.public.sign),
            )
        self._stores[new.id] = store.as_member(OpenKeys(owner, identity, {key.generation: key} if has_key else {}))
        return Actor(new, DeskId(f"desk-{number}"))

    def transcriber(self) -> Actor:
        """Add a member who transcribes and does nothing else."""
        return self.actor(Role.TRANSCRIBER)

    def know(self, actor: Actor, keys_of: OpenKeys) -> None:
        """Take over a member whom another profile with the same database made."""
        generations = {number: key for number in (1, 2) if (key := keys_of.generation(number)) is not None}
        self._stores[actor.member.id] = self.store.as_member(OpenKeys(keys_of.owner, keys_of.identity, generations))

    def store_of(self, actor: Actor) -> Store:
        """Return the store as a member sees it."""
        return self._stores[actor.member.id]

    def services(
        self,
        actor: Actor | None = None,
        *,
        transport: Transport | None = None,
        holds: Mapping[str, timedelta] | None = None,
    ) -> Services:
        """Return what `actor` (by default the first member) can do."""
        who = actor or self.first
        store, out = self._stores[who.member.id], transport or FolderTransport(self.folder)
        return Services(
            workspace="Desk",
            member=who.member,
            queue=Queue(store, who),
            oversight=Oversight(store, who),
            review=Review(store, who, holds or {}, self.analyst),
            policy=Policy(store, who),
            intake=Intake(store, who),
            analysis=Analysis(store, who, self.analyst),
            work=Work(store, who, out),
            signing=Signing(self.access),
            ledger=Ledger(store, who, WitnessFile(self.folder / f"witness-{who.member.id}.json"), None),
            vault=Vault(store, who, out),
            pool=Pool(store, who, None),
            transcribing=Transcribing(store, who, lambda _desk: True),
            label_exports=LabelExports(store, who),
            label_quality=LabelQuality(store, who),
            suppressions=Suppressions(store, who),
            tokens=Tokens(store, who),
        )

    def now(self) -> datetime:
        """Return the database's clock."""
        with self.store.read() as tx:
            return tx.now()

    def open_store(self) -> Store:
        """Open the profile's database once more, without a member's keys."""
        if self.address is not None:
            return Store.open_team(self.address, login_password(self.device_secret))
        return Store.open_file(self.folder / "reviewer.db", database_key(self.device_secret))

    def requests(self) -> dict[str, bytes]:
        """Return what stands in the outbox to leave, or has left, by the decision."""
        standing = "outbox JOIN decision ON id = decision_id WHERE outbox.state != 'withdrawn'"
        rows = self.rows(f"SELECT decision_id, item_id, request FROM {standing}")
        return {row[0]: self._unsealed(row[1], ("outbox", row[0], "request"), row[2]).encode() for row in rows}

    def working_copies(self) -> list[tuple[str, int]]:
        """Return every text that is kept undecided, with the cursor in it."""
        rows = self.rows("SELECT item_id, member_id, text, cursor FROM working_copy ORDER BY item_id")
        place = "working_copy"
        return [(self._unsealed(row[0], (place, f"{row[0]}/{row[1]}", "text"), row[2]), row[3]) for row in rows]

    def opinions(self, item_id: ItemId) -> list[tuple[str, str]]:
        """Return the second opinions on an item, as member and text."""
        rows = self.rows(
            "SELECT second_opinion.id, member.name, text FROM second_opinion JOIN member ON member.id = member_id"
            " WHERE item_id = ? ORDER BY kept_at",
            item_id,
        )
        place = "second_opinion"
        return [(row[1], self._unsealed(item_id, (place, f"{item_id}/{row[0]}", "text"), row[2])) for row in rows]

    def final(self, decision_id: str) -> str | None:
        """Return the text that a decision released."""
        ((item_id, sealed),) = self.rows("SELECT item_id, final FROM decision WHERE id = ?", decision_id)
        return None if sealed is None else self._unsealed(item_id, ("decision", decision_id, "final"), sealed)

    def drafts(self) -> dict[str, str]:
        """Return every draft by its producer's id."""
        rows = self.rows("SELECT id, external_id, draft FROM item JOIN content ON item_id = id")
        return {row[1]: self._unsealed(row[0], ("content", row[0], "draft"), row[2]) for row in rows}

    def _unsealed(self, item_id: str, place: tuple[str, str, str], sealed: bytes) -> str:
        with self.store.read() as tx:
            return keys.unseal(tx, item_id, place, sealed)

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
        """Close every store."""
        for store in self._stores.values():
            store.close()
