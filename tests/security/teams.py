# ruff: noqa: E501 - whole statements
"""A team whose members attack it: logins of every role, items in every state, and rows of another workspace."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Engine

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.items import ItemId, Lease
from reviewer.domain.members import Actor, Role
from tests.factories import SIGNED, Profile, new_key

# What the other workspace of the same database holds: put there by who owns it, since nobody founds a second one.
_FOREIGN = """
INSERT INTO workspace VALUES ('foreign', 'Other', now());
INSERT INTO member (id, workspace_id, name, roles, added_at, receive_key, sign_key, identity, recovery)
    VALUES ('stranger', 'foreign', 'Stranger', '["agent"]', now(), repeat('x', 32)::bytea, repeat('y', 32)::bytea, 'i', 'r');
INSERT INTO route (id, workspace_id, kind, language, requires, escalated) VALUES (900, 'foreign', 'sms', '', '[]', false);
INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at, received_at,
                  state) VALUES ('foreign', 'foreign', 'p', 'x', 'sms', 'sms', 900, 900, -99, '2000-01-01', now(), 'waiting');
INSERT INTO content (item_id, draft, source) VALUES ('foreign', 'd', 's');
INSERT INTO data_key VALUES ('foreign', 'k', 1, 'w');
INSERT INTO unanalysed VALUES ('foreign', 0, now(), now());
INSERT INTO analysis VALUES ('foreign', 'evidence', 1, 'f');
INSERT INTO working_copy (item_id, member_id, text, cursor, saved_at) VALUES ('foreign', 'stranger', 't', 0, now());
INSERT INTO second_opinion VALUES ('foreign', 'foreign', 'stranger', 't', now());
INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until, state)
    VALUES ('foreign', 'foreign', 'stranger', 'l', 1, 'k', 'approve', now(), now(), 'settled');
INSERT INTO outbox VALUES ('foreign', 'sent', 'held', 'r', now(), 0);
INSERT INTO workspace_key VALUES (7, 'stranger', 'f', 's', now());
INSERT INTO entry (actor, number, hash, body, signature, at, action, item_id)
    VALUES ('stranger', 1, 'h', 'b', 's', now(), 'claimed', 'foreign');
INSERT INTO rule_off VALUES ('foreign', 'sms', 'r', 'stranger', now());
INSERT INTO list_key VALUES ('foreign', 'suppressions', 'k', 1, 'w');
INSERT INTO suppression VALUES ('foreign', 'foreign', 'd', NULL, true, 's', 'stranger', now());
INSERT INTO business_contact VALUES ('foreign', 'c', 'stranger', now());
INSERT INTO conversation VALUES ('foreign', 'foreign', 'p', 'x', 'k', 1, 'w', 'm', now());
INSERT INTO look VALUES ('foreign', 'stranger', 'opened', '1', now());
"""

# A pool: one transcriber's line in every state, and a colleague's.
_LINE = ", ".join(
    f"('{serving}', '{clip}', '{{{who}}}', {place}, '{state}', NULL, 2000, now(), {lease}, {done})"
    for serving, clip, who, place, state, lease, done in (
        ("ready", "c0", "m_transcriber", 0, "ready", "NULL, NULL, NULL", "NULL"),
        ("leased", "c1", "m_transcriber", 1, "leased", "'l1', 'desk', now() + interval '10 minutes'", "NULL"),
        ("lapsed", "c2", "m_transcriber", 2, "leased", "'l2', 'desk', now() - interval '1 minute'", "NULL"),
        ("done", "c3", "m_transcriber", 3, "labelled", "NULL, NULL, NULL", "now()"),
        ("old", "c4", "m_transcriber", 4, "labelled", "NULL, NULL, NULL", "now() - interval '2 days'"),
        ("gone", "c7", "m_transcriber", 5, "withdrawn", "NULL, NULL, NULL", "NULL"),
        ("theirs", "c5", "m_second_transcriber", 0, "leased", "'l5', 'desk', now() + interval '10 minutes'", "NULL"),
        ("theirs done", "c6", "m_second_transcriber", 1, "labelled", "NULL, NULL, NULL", "now()"),
    )
)
_POOL = f"""
INSERT INTO conversation VALUES ('own', '{{workspace}}', 'p', 'own', 'k', 1, 'w', 'm', now());
INSERT INTO suppression VALUES ('own', '{{workspace}}', 'own', NULL, true, 's', '{{m_agent}}', now());
INSERT INTO vault_key VALUES ('pool', 'k', 1, 'w');
INSERT INTO vault_door VALUES (1, 's');
INSERT INTO pool_policy VALUES ('{{workspace}}', '{{{{}}}}'), ('foreign', '{{{{}}}}');
INSERT INTO call VALUES ('call', '{{workspace}}', 'd', NULL, NULL, 'r', 't', 1000, NULL, false, true, true, NULL, now()),
                        ('foreign', 'foreign', 'd', NULL, NULL, 'r', 't', 1000, NULL, false, true, true, NULL, now());
INSERT INTO staged_clip VALUES ('staged', 'call', now(), 'a', 'f'), ('foreign', 'foreign', now(), 'a', 'f');
INSERT INTO clip SELECT 'c' || n, 'en', 2000, CASE n WHEN 7 THEN 'withdrawn' ELSE 'live' END, 1, 'k', 'sound'
    FROM generate_series(0, 7) n;
INSERT INTO clip_origin SELECT 'c' || n, 'o', 'w' FROM generate_series(0, 7) n;
INSERT INTO serving VALUES {_LINE};
INSERT INTO hearing SELECT id, member_id, '1' FROM serving WHERE state <> 'ready';
INSERT INTO label_draft VALUES ('theirs', 't', 0, now());
INSERT INTO label VALUES ('done', 't', 'v', NULL, 2000, false), ('old', 't', 'v', NULL, 2000, false),
                         ('theirs done', 't', 'v', NULL, 2000, false);
INSERT INTO pool_key VALUES (1, '{{m_transcriber}}', 's', now()), (1, '{{m_second_transcriber}}', 's', now());
INSERT INTO opt_out VALUES ('d', 'caller', now());
INSERT INTO label_export VALUES ('e', 'jsonl', now(), 'm');
"""


# The attacks are taken back after their deferred checks, which so run before a commit.
_REHEARSED = "CREATE OR REPLACE FUNCTION at_commit() RETURNS boolean LANGUAGE sql AS 'SELECT true'"
_CHAINED = (
    "INSERT INTO entry (actor, number, hash, body, signature, at, action, item_id)"
    " SELECT '{m_agent}', coalesce(h.number, 0) + 1, sha256('\\x00'::bytea || b.body || s.signature), b.body, s.signature, now(),"
    " '%(action)s', %(item)s FROM hold_chain() h,"
    ' LATERAL (SELECT convert_to(format(\'{{"action":"%(action)s","actor":"{m_agent}","at":"%%s","desk":"d",\''
    ' || \'"details":{{%(details)s}},"format":1,"number":%%s,%%s"previous":"%%s","workspace":"{workspace}"}}\','
    " to_char(current_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), coalesce(h.number, 0) + 1,"
    " '\"object\":\"' || %(item)s || '\",', coalesce(encode(h.hash, 'hex'), repeat('0', 64))), 'UTF8') AS body) b,"
    " LATERAL (SELECT decode(repeat('ab', 64), 'hex') AS signature) s"
)
# A checkpoint of now in the right form over one entry; its signature is nobody's.
NOW = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
NOTE = f"E'reviewer.ledger/{{workspace}}\\n1\\n{'A' * 43}=\\ntime ' || {NOW} || E'\\n\\n— {{m_agent}} {'A' * 91}=\\n'"


def chained(action: str, item: str | None, details: str = '"decision":"x"') -> str:
    """Return an entry that follows one's own chain in form: all but the signature is right."""
    named = "NULL::text" if item is None else f"'{item}'::text"
    return _CHAINED % {"action": action, "item": named, "details": details}


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the attacks are about, by name."""

    names: Mapping[str, str]
    leases: Mapping[str, Lease]


class Team:
    """A founded team with one member of each role."""

    def __init__(self, profile: Profile) -> None:
        assert profile.team is not None
        self.profile = profile
        self._database = profile.team
        self.actors: dict[str, Actor] = {role.value: profile.actor(role) for role in Role}
        self.actors["second agent"] = profile.actor(Role.AGENT)
        self.actors["second transcriber"] = profile.actor(Role.TRANSCRIBER)
        self.logins = {name: f"m{actor.member.id[:16]}" for name, actor in self.actors.items()}
        for login in self.logins.values():
            self._database.cluster.run(f"ALTER ROLE {login} PASSWORD 'known'")
        self._connections: dict[str, psycopg.Connection[Any]] = {}
        self.fixed = self._fill()
        # A multiple statement, as the administrator, with no guard in its way.
        with closing(self._database.cluster.connect(self._database.name)) as administrator:
            administrator.execute(_REHEARSED)
            administrator.execute("SET session_replication_role = replica")
            administrator.execute(_FOREIGN.encode())
            administrator.execute(_POOL.format(**self.fixed.names).encode())

    def _fill(self) -> Fixed:
        profile = self.profile
        ids: dict[str, str] = {}
        leases: dict[str, Lease] = {}

        def put(name: str, kind: str = "sms", **more: Any) -> ItemId:
            ids[name] = profile.put(id=name, kind=kind, **more)
            return ItemId(ids[name])

        def claim(name: str, who: str, kind: str = "sms") -> Lease:
            claimed = profile.services(self.actors[who]).queue.claim(put(name, kind))
            assert claimed is not None
            leases[name] = claimed.lease
            return claimed.lease

        put("waiting")
        put("note", "clinical_note")
        claim("mine", "agent")
        claim("theirs", "second agent")
        held = claim("held", "second agent")
        profile.services(self.actors["second agent"]).review.decide(held, Judgement(Verdict.APPROVE), key=new_key())
        own = claim("own held", "agent")
        profile.services(self.actors["agent"]).review.decide(own, Judgement(Verdict.APPROVE), key=new_key())
        over = claim("over", "agent")
        profile.services(self.actors["agent"]).review.decide(over, Judgement(Verdict.APPROVE), key=new_key())
        signed = claim("signed", "clinician", "clinical_note")
        review = profile.services(self.actors["clinician"]).review
        done = review.decide(signed, Judgement(Verdict.APPROVE), key=new_key(), attestation=SIGNED).decision
        profile.rows("UPDATE decision SET hold_until = hold_until - 86400000 WHERE id = ?", done.id)
        profile.rows("UPDATE outbox SET due_at = due_at - 86400000 WHERE decision_id = ?", done.id)
        profile.services().work.round()
        profile.rows("UPDATE decision SET hold_until = hold_until + 86400000 WHERE state = 'held'")
        profile.rows("UPDATE outbox SET due_at = due_at + 86400000 WHERE state = 'held'")
        profile.rows("UPDATE decision SET hold_until = hold_until - 172800000 WHERE item_id = ?", ids["over"])
        late = claim("lapsed", "agent")
        profile.rows("UPDATE item SET lease_expires_at = lease_expires_at - 86400000 WHERE id = ?", late.item_id)
        profile.services(self.actors["agent"]).review.save(ItemId(ids["mine"]), "My words.", 0)
        profile.services(self.actors["second agent"]).review.save(ItemId(ids["theirs"]), "Their words.", 0)
        profile.services().ledger.checkpoint()
        names = {name.replace(" ", "_"): value for name, value in ids.items()}
        names |= {f"{name.replace(' ', '_')}_lease": lease.id for name, lease in leases.items()}
        names |= {f"m_{name.replace(' ', '_')}": actor.member.id for name, actor in self.actors.items()}
        names |= {f"l_{name.replace(' ', '_')}": login for name, login in self.logins.items()}
        for name in ("held", "own held", "over", "signed"):
            ((names[f"{name.replace(' ', '_')}_decision"],),) = profile.rows(
                "SELECT id FROM decision WHERE item_id = ?", ids[name]
            )
        names["workspace"] = profile.first.member.workspace_id
        ((names["route"],),) = profile.rows("SELECT CAST(route_id AS text) FROM item WHERE id = ?", ids["waiting"])
        return Fixed(names, leases)

    def engine(self) -> Engine:
        """Return an engine on the team's database as its administrator uses it."""
        return self._database.cluster.engine(self._database.name)

    def psql(self, who: str) -> psycopg.Connection[Any]:
        """Return the connection of a member who has psql and their own login."""
        if who not in self._connections or not _is_alive(self._connections[who]):
            self._connections[who] = self._database.cluster.connect(
                self._database.name, user=self.logins[who], password="known", autocommit=False
            )
        return self._connections[who]

    def close(self) -> None:
        """End every connection."""
        for connection in self._connections.values():
            connection.close()


def _is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether a connection still is: removing a member ends theirs, even where that is taken back."""
    try:
        connection.execute("SELECT")
        connection.rollback()
    except psycopg.Error:
        connection.close()
        return False
    return True


def outcome(connection: psycopg.Connection[Any], statement: str) -> str:
    """Run statements, some separated by `;;`, in one transaction and say what came of them; nothing stays.

    An SQLSTATE where one is refused, "nothing" where the last touched or found no row, else "done".
    """
    try:
        with connection.transaction(force_rollback=True):
            *before, last = [each.strip() for each in statement.split(";;")]
            for each in before:
                connection.execute(each.encode())
            if last.endswith("TO STDOUT"):
                with connection.cursor().copy(last.encode()) as copied:
                    return "done" if list(copied) else "nothing"
            result = connection.execute(last.encode())
            if result.description is not None:
                rows = result.fetchall()
                return "done" if any(value is not None for row in rows for value in row) else "nothing"
            if result.rowcount == 0:
                return "nothing"
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would find
            return "done"
    except psycopg.Error as exc:
        return exc.sqlstate or type(exc).__name__
