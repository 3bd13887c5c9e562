# ruff: noqa: E501, ISC004 - a table is read more easily with whole statements in its rows
"""What a member with psql and their own login tries, and what the database answers."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reviewer.crypto import WorkspaceKey, first_bad_signature
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import LeaseLostError, LedgerBrokenError, ReviewerError, RuleError, UnreachableError
from reviewer.domain.items import Lease
from reviewer.domain.members import Actor, Role
from reviewer.ledger import Entry, Receipt, SignedEntry, check_receipt
from reviewer.services.review import Review
from reviewer.services.team import Team as Members
from reviewer.storage import Transaction, conversations, entries, items, keys, leases, outbox
from reviewer.storage.team import drift
from reviewer.storage.team.lint import doors
from tests.conftest import copied_profile
from tests.factories import SIGNED, Profile, new_key
from tests.postgres import Cluster, running
from tests.security.teams import NOTE, NOW, Team, chained, outcome

_SET_ITEM = "UPDATE item SET"
_HANDED = (
    "state = 'leased', waiting_on = NULL, fence = fence + 1, lease_id = 'x',"
    " lease_expires_at = now() + interval '1 minute',"
)
_ENTRY = "INSERT INTO entry (actor, number, hash, body, signature, at, action, item_id) VALUES"
_TAKEN = "UPDATE unanalysed SET taken_until = now() + interval '10 minutes' WHERE item_id = '{waiting}';; "

# name: (who, what, answer). 42501: no right or a policy; RV001: no seat; RV002: a rule; RV003: no live lease.
ATTACKS: dict[str, tuple[str, str, str]] = {
    # ---- Steps under a wrong name, or under none
    "decide anew what is decided": (
        "producer",
        "UPDATE item SET state = 'leased', waiting_on = NULL, fence = fence + 1, lease_id = 'z', lease_desk = 'd',"
        " lease_expires_at = now() + interval '1 minute', lease_member_id = '{m_producer}' WHERE id = '{over}'",
        "RV002",
    ),
    "take a colleague's lease as if it waited": (
        "supervisor",
        "UPDATE item SET fence = fence + 1, lease_id = 'z', lease_desk = 'd', lease_member_id = '{m_supervisor}',"
        " lease_expires_at = now() + interval '1 minute' WHERE id = '{theirs}';; "
        + chained("claimed", "{theirs}").replace("{m_agent}", "{m_supervisor}"),
        "RV002",
    ),
    "give an item back under another word": (
        "agent",
        "UPDATE item SET state = 'waiting', waiting_on = route_id, lease_id = NULL, lease_member_id = NULL, lease_desk = NULL,"
        " lease_expires_at = NULL WHERE id = '{mine}';; " + chained("exported", "{mine}"),
        "RV002",
    ),
    "let an item rest that is no skip": ("agent", "UPDATE item SET wakes_at = now() WHERE id = '{mine}'", "RV002"),
    "bury a request": (
        "producer",
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, due_at = 'infinity'"
        " WHERE decision_id = (SELECT id FROM decision WHERE item_id = '{over}')",
        "RV002",
    ),
    "put an item of no channel into the queue": (
        "agent",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at,"
        " received_at, state) VALUES ('x', '{workspace}', 'p', 'x', 'sms', 'bogus', {route}, {route}, 0, now(), now(),"
        " 'waiting')",
        "RV002",
    ),
    "put an item without content before all others": (
        "producer",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at,"
        " received_at, state) VALUES ('x', '{workspace}', 'p', 'x', 'sms', 'sms', {route}, {route}, -9, now(), now(),"
        " 'waiting')",
        "RV002",
    ),
    "lay a route that nobody can read": (
        "producer",
        "INSERT INTO route (workspace_id, kind, language, requires, escalated) VALUES ('{workspace}', 'sms', 'q', '\"x', false)",
        "RV002",
    ),
    "put into line what nothing is lacking of": (
        "auditor",
        "DELETE FROM unanalysed WHERE item_id = '{signed}';;"
        " INSERT INTO unanalysed SELECT id, rank, due_at, received_at FROM item WHERE id = '{signed}'",
        "nothing",
    ),
    "take an item to be analysed for hours": (
        "producer",
        "UPDATE unanalysed SET taken_until = now() + interval '1 hour' WHERE item_id = '{waiting}'",
        "RV002",
    ),
    "lift an opt-out unseen": ("supervisor", "DELETE FROM suppression", "RV002"),
    "opt somebody out unseen": (
        "agent",
        "INSERT INTO suppression VALUES ('x', '{workspace}', 'd', NULL, true, 's', '{m_agent}', now())",
        "RV002",
    ),
    "add a contact unseen": (
        "supervisor",
        "INSERT INTO business_contact VALUES ('{workspace}', '@x', '{m_supervisor}', now())",
        "RV002",
    ),
    "switch a rule off unseen": (
        "admin",
        "INSERT INTO rule_off VALUES ('{workspace}', 'sms', 'x', '{m_admin}', now())",
        "RV002",
    ),
    "destroy the key of everything": ("admin", "DELETE FROM workspace_key", "RV002"),
    "garble a data key": ("admin", "UPDATE data_key SET wrapped = 'x', generation = generation + 1", "RV002"),
    "give skills unseen": ("admin", "UPDATE member SET skills = '[]' WHERE id = '{m_agent}'", "RV002"),
    "give more roles than the entry says": (
        "admin",
        "UPDATE member SET roles = '[\"admin\"]' WHERE id = '{m_agent}';; "
        + chained("member_changed", None).replace("{m_agent}', 'number'", "{m_admin}', 'number'").replace(
            "SELECT '{m_agent}'", "SELECT '{m_admin}'"
        ),
        "RV002",
    ),
    "name a member as a transcriber": (
        "transcriber",
        chained("member_added", None).replace("{m_agent}", "{m_transcriber}"),
        "RV002",
    ),
    "write an entry of a megabyte": (
        "agent",
        chained("locked", None).replace('"details":{{"decision":"x"}}', '"details":{{"decision":"' + "x" * 66_000 + '"}}'),
        "RV002",
    ),
    # ---- What is unseen, for nothing, or of no use to anybody
    "empty the line of what is to be analysed": ("agent", "DELETE FROM unanalysed WHERE item_id = '{waiting}'", "nothing"),
    "take all to be analysed and never do it": (
        "producer",
        "UPDATE unanalysed SET taken_until = clock_timestamp() + interval '14 minutes'",
        "RV002",
    ),
    "destroy the maps of tokens unseen": ("admin", "DELETE FROM conversation WHERE workspace_id = '{workspace}'", "RV002"),
    "blank the maps of tokens with an entry about nothing": (
        "agent",
        "UPDATE conversation SET map = '';; " + chained("restored", None),
        "RV002",
    ),
    "keep a conversation with a key of garbage unseen": (
        "agent",
        "INSERT INTO conversation VALUES ('x', '{workspace}', 'p', 'x', 'k', 1, 'w', 'm', now())",
        "RV002",
    ),
    "spoil the key of the suppressions before it is made": (
        "producer",
        "INSERT INTO list_key VALUES ('{workspace}', 'suppressions', 'k', 1, 'w')",
        "42501",
    ),
    "spoil it unseen": ("agent", "INSERT INTO list_key VALUES ('{workspace}', 'suppressions', 'k', 1, 'w')", "RV002"),
    "lift an opt-out and say that one was entered": (
        "supervisor",
        "DELETE FROM suppression;; " + chained("suppressed", None).replace("{m_agent}", "{m_supervisor}"),
        "RV002",
    ),
    "wrap a key under a generation that is gone": (
        "agent",
        "INSERT INTO conversation VALUES ('x', '{workspace}', 'p', 'x', 'k', 7, 'w', 'm', now())",
        "RV002",
    ),
    "slip in a key of the workspace": (
        "admin",
        "INSERT INTO workspace_key VALUES (9, '{m_agent}', 'f', 's', now())",
        "RV002",
    ),
    "slip in a key of the call vault": ("admin", "INSERT INTO vault_key VALUES ('x', 'k', 1, 'w')", "RV002"),
    "say as an admin that a workspace was made": (
        "admin",
        chained("workspace_made", None).replace("{m_agent}", "{m_admin}"),
        "RV002",
    ),
    "give a member a role that nobody knows": ("admin", "UPDATE member SET roles = '[\"wizard\"]' WHERE id = '{m_agent}'", "RV002"),
    "give a member a language that is none": ("admin", "UPDATE member SET languages = '5' WHERE id = '{m_agent}'", "RV002"),
    "sign a tree at a time that is none": (
        "agent",
        "INSERT INTO checkpoint VALUES (1, " + NOTE.replace(NOW, "'2026-13-45T99:99:99.999Z'") + ")",
        "22008",
    ),
    "say that a workspace was made": ("agent", chained("workspace_made", None), "RV002"),
    "say as an admin that a member came who did not": (
        "admin",
        chained("member_added", None, '"member":"x","roles":[]').replace("{m_agent}", "{m_admin}"),
        "RV002",
    ),
    "say as an admin that a member changed, without a number": (
        "admin",
        chained("member_changed", None, '"member":"{m_agent}"').replace("'{m_agent}', coalesce", "'{m_admin}', coalesce").replace('"actor":"{m_agent}"', '"actor":"{m_admin}"'),
        "RV002",
    ),
    "say as an admin that a key was made that was not": (
        "admin",
        chained("workspace_key_made", None, '"fingerprint":"f","generation":2').replace("{m_agent}", "{m_admin}"),
        "RV002",
    ),
    "sign what is not decided": ("agent", chained("signed_off", "{mine}"), "RV002"),
    "say that it was erased": ("agent", chained("erased", "{mine}"), "RV002"),
    "say that it was settled": ("agent", chained("settled", "{held}"), "RV002"),
    "say that it was sent": ("agent", chained("sent", "{held}"), "RV002"),
    "take a decision back and say that it was another": (
        "agent",
        "UPDATE outbox SET state = 'withdrawn' WHERE decision_id = '{own_held_decision}';; "
        + chained("withdrawn", "{own_held}", '"decision":"{held_decision}"')
        + ";; UPDATE decision SET state = 'withdrawn' WHERE id = '{own_held_decision}'",
        "RV002",
    ),
    "decide once and say so twice": ("agent", chained("decided", "{own_held}", '"decision":"{own_held_decision}"'), "RV002"),
    "say that it was claimed": ("agent", chained("claimed", "{mine}"), "RV002"),
    "look at a signed note as a transcriber": (
        "transcriber",
        chained("opened", "{signed}").replace("{m_agent}", "{m_transcriber}"),
        "RV002",
    ),
    "look at a signed note as an agent": ("agent", chained("opened", "{signed}"), "RV003"),
    "commit behind a cursor that outlives the commit": (
        "agent",
        chained("locked", None) + ";; DECLARE x CURSOR WITH HOLD FOR SELECT set_config('synchronous_commit', 'off', true);; "
        "UPDATE working_copy SET cursor = 0 WHERE item_id = '{mine}'",
        "RV002",
    ),
    "put an item into the queue that is due never": (
        "producer",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at, received_at,"
        " state) VALUES ('x', '{workspace}', 'p', 'x', 'sms', 'sms', {route}, {route}, 0, 'infinity', now(), 'waiting')",
        "23514",
    ),
    "put an item into the queue that came before Christ": (
        "producer",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at, received_at,"
        " state) VALUES ('x', '{workspace}', 'p', 'x', 'sms', 'sms', {route}, {route}, 0, now(), '4000-01-01 BC', 'waiting')",
        "23514",
    ),
    "put an item before all that ever come": (
        "producer",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at, received_at,"
        " state) VALUES ('x', '{workspace}', 'p', 'x', 'sms', 'sms', {route}, {route}, -2147483648, now(), now(), 'waiting')",
        "RV002",
    ),
    "keep a text on an item that was not opened": (
        "agent",
        "INSERT INTO working_copy (item_id, member_id, text, cursor, saved_at) VALUES ('{theirs}', '{m_agent}', 't', 0, now())",
        "42501",
    ),
    "keep a text of a time that nobody reads": (
        "agent",
        "UPDATE working_copy SET saved_at = 'infinity' WHERE item_id = '{mine}'",
        "23514",
    ),
    "lay a route that nothing takes": (
        "agent",
        "INSERT INTO route (workspace_id, kind, language, requires, escalated) VALUES ('{workspace}', 'sms', 'xx', '[]', false)",
        "RV002",
    ),
    "lay a route of no kind": (
        "agent",
        "INSERT INTO route (workspace_id, kind, language, requires, escalated) VALUES ('{workspace}', 'x', 'xx', '[]', false)",
        "RV002",
    ),
    "name a decision like a path": (
        "agent",
        "UPDATE item SET state = 'held', lease_id = NULL, lease_member_id = NULL, lease_desk = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}';; INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at,"
        " hold_until, state) SELECT '../../../x', id, '{m_agent}', 'l', fence, 'x', 'skip', now(), now(), 'held' FROM item WHERE id = '{mine}'",
        "RV002",
    ),
    # ---- Reading what was not looked at
    "read a draft without a look": ("agent", "SELECT draft FROM content WHERE item_id = '{waiting}'", "nothing"),
    "read another's draft": ("agent", "SELECT draft FROM content WHERE item_id = '{theirs}'", "nothing"),
    "read a draft of another workspace": ("agent", "SELECT draft FROM content WHERE item_id = 'foreign'", "nothing"),
    "count all drafts": ("supervisor", "SELECT draft FROM content WHERE item_id <> '{mine}'", "nothing"),
    "read a draft as an admin": ("admin", "SELECT draft FROM content", "nothing"),
    "read a draft as an auditor": ("auditor", "SELECT draft FROM content", "nothing"),
    "read a draft as a producer": ("producer", "SELECT draft FROM content", "nothing"),
    "look at an item that another has leased": ("agent", chained("opened", "{theirs}"), "RV003"),
    "look at an item that nobody has leased": ("agent", chained("opened", "{waiting}"), "RV003"),
    "look at an item whose lease is over": ("agent", chained("opened", "{lapsed}"), "RV003"),
    "look, read and roll back": (
        "second agent",
        chained("opened", "{theirs}").replace("{m_agent}", "{m_second_agent}")
        + ";; SELECT draft FROM content WHERE item_id = '{waiting}'",
        "nothing",
    ),
    "analyse what was not taken to be": ("agent", chained("analysed", "{mine}"), "RV002"),
    "send what was not taken to be": ("agent", chained("sending", "{signed}"), "RV002"),
    "analyse, read and roll back": (
        "agent",
        _TAKEN + chained("analysed", "{waiting}") + ";; SELECT draft FROM content WHERE item_id = '{waiting}'",
        "nothing",
    ),
    "analyse under a savepoint, read and roll back": (
        "agent",
        "SAVEPOINT s;; " + _TAKEN + chained("analysed", "{waiting}") + ";; RELEASE s;;"
        " SELECT draft FROM content WHERE item_id = '{waiting}'",
        "nothing",
    ),
    "invent a look": ("agent", "INSERT INTO look VALUES ('{waiting}', '{m_agent}', 'opened', '1', now())", "42501"),
    "move a look to another item": ("agent", "UPDATE look SET item_id = '{waiting}'", "42501"),
    "borrow a look of another": ("agent", "SELECT 1 FROM look WHERE member_id <> '{m_agent}'", "nothing"),
    "read a request that is not being sent": ("agent", "SELECT request FROM outbox_request", "nothing"),
    "read a request past its view": ("agent", "SELECT request FROM outbox", "42501"),
    "send, read the request and roll back": (
        "agent",
        chained("sending", "{held}") + ";; SELECT request FROM outbox_request",
        "RV002",
    ),
    "read a final past its view": ("agent", "SELECT final FROM decision", "42501"),
    "read a note past its view": ("agent", "SELECT note FROM decision", "42501"),
    "read another's final": ("agent", "SELECT final FROM decision_text WHERE id = '{held_decision}'", "nothing"),
    "read another's working copy": ("agent", "SELECT text FROM working_copy WHERE item_id = '{theirs}'", "nothing"),
    "read a finding without a look": ("agent", "SELECT found FROM analysis WHERE item_id = '{waiting}'", "nothing"),
    "return a draft from a change of it": (
        "agent",
        "UPDATE content SET draft = draft RETURNING draft",
        "nothing",
    ),
    "return a request from a change of it": ("agent", "UPDATE outbox SET state = state RETURNING request", "42501"),
    "copy the drafts out": ("supervisor", "COPY (SELECT draft FROM content WHERE item_id <> '{mine}') TO STDOUT", "nothing"),
    "erase, read the noise and roll back": (
        "admin",
        "DELETE FROM data_key WHERE item_id = '{waiting}';; SELECT draft FROM content WHERE item_id = '{waiting}'",
        "nothing",
    ),
    # ---- Another workspace
    "see another workspace": ("admin", "SELECT 1 FROM workspace WHERE id = 'foreign'", "nothing"),
    "see its members": ("admin", "SELECT 1 FROM member WHERE workspace_id = 'foreign'", "nothing"),
    "see its items": ("supervisor", "SELECT 1 FROM item WHERE workspace_id = 'foreign'", "nothing"),
    "see its routes": ("agent", "SELECT 1 FROM route WHERE workspace_id = 'foreign'", "nothing"),
    "see its decisions": ("auditor", "SELECT 1 FROM decision WHERE id = 'foreign'", "nothing"),
    "see its requests": ("supervisor", "SELECT 1 FROM outbox WHERE decision_id = 'foreign'", "nothing"),
    "see its keys": ("admin", "SELECT 1 FROM data_key WHERE item_id = 'foreign'", "nothing"),
    "see its entries": ("auditor", "SELECT 1 FROM entry WHERE actor = 'stranger'", "nothing"),
    "take its items": ("agent", f"{_SET_ITEM} state = 'leased' WHERE id = 'foreign'", "nothing"),
    "import into it": (
        "producer",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at,"
        " received_at, state) VALUES ('x', 'foreign', 'p', 'e', 'sms', 'sms', 900, 900, 0, now(), now(), 'waiting')",
        "42501",
    ),
    "put an item on its route": (
        "producer",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at,"
        " received_at, state) VALUES ('x', '{workspace}', 'p', 'e', 'sms', 'sms', 900, 900, 0, now(), now(), 'waiting')",
        "RV002",
    ),
    "destroy its keys": ("admin", "DELETE FROM data_key WHERE item_id = 'foreign'", "nothing"),
    "record about its items": ("agent", chained("claimed", "foreign"), "RV002"),
    # ---- Leases
    "steal a live lease": (
        "agent",
        f"{_SET_ITEM} lease_id = 'x', fence = fence + 1, lease_member_id = '{{m_agent}}' WHERE id = '{{theirs}}'",
        "RV002",
    ),
    "steal a lease with its fence": ("agent", f"{_SET_ITEM} lease_member_id = '{{m_agent}}' WHERE id = '{{theirs}}'", "RV003"),
    "stretch one's lease": (
        "agent",
        f"{_SET_ITEM} lease_expires_at = now() + interval '1 day' WHERE id = '{{mine}}'",
        "RV002",
    ),
    "stretch one's lease for ever": ("agent", f"{_SET_ITEM} lease_expires_at = 'infinity' WHERE id = '{{mine}}'", "RV002"),
    "have a lease without an end": ("agent", f"{_SET_ITEM} lease_expires_at = NULL WHERE id = '{{mine}}'", "RV002"),
    "renew a lease that is over": (
        "agent",
        f"{_SET_ITEM} lease_expires_at = now() + interval '1 minute' WHERE id = '{{lapsed}}'",
        "RV003",
    ),
    "renew another's lease": (
        "agent",
        f"{_SET_ITEM} lease_expires_at = now() + interval '1 minute' WHERE id = '{{theirs}}'",
        "RV003",
    ),
    "shorten another's lease": ("agent", f"{_SET_ITEM} lease_expires_at = now() WHERE id = '{{theirs}}'", "RV003"),
    "give another's item back": (
        "agent",
        f"{_SET_ITEM} state = 'waiting', waiting_on = route_id, lease_id = NULL, lease_member_id = NULL,"
        " lease_expires_at = NULL WHERE id = '{theirs}'",
        "RV002",
    ),
    "lease to a colleague": (
        "agent",
        f"{_SET_ITEM} state = 'leased', waiting_on = NULL, fence = fence + 1, lease_id = 'x', lease_member_id ="
        " '{m_second_agent}', lease_expires_at = now() + interval '1 minute' WHERE id = '{waiting}'",
        "RV002",
    ),
    "hand an item to a colleague as an agent": (
        "agent",
        f"{_SET_ITEM} {_HANDED} lease_desk = 'handed', lease_member_id = '{{m_second_agent}}' WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "hand on what one holds as an agent": (
        "agent",
        f"{_SET_ITEM} {_HANDED} lease_desk = 'handed', lease_member_id = '{{m_second_agent}}' WHERE id = '{{mine}}'",
        "RV002",
    ),
    "hand an item to who may not take it": (
        "supervisor",
        f"{_SET_ITEM} {_HANDED} lease_desk = 'handed', lease_member_id = '{{m_agent}}' WHERE id = '{{note}}'",
        "RV002",
    ),
    "hand an item to a stranger": (
        "supervisor",
        f"{_SET_ITEM} {_HANDED} lease_desk = 'handed', lease_member_id = 'stranger' WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "hand an item to a transcriber": (
        "supervisor",
        f"{_SET_ITEM} {_HANDED} lease_desk = 'handed', lease_member_id = '{{m_transcriber}}' WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "put an item on a colleague's very desk": (
        "supervisor",
        f"{_SET_ITEM} {_HANDED} lease_desk = 'theirs', lease_member_id = '{{m_agent}}' WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "hand an item over and record nothing": (
        "supervisor",
        f"{_SET_ITEM} {_HANDED} lease_desk = 'handed', lease_member_id = '{{m_agent}}' WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "lease without raising the fence": (
        "agent",
        f"{_SET_ITEM} state = 'leased', waiting_on = NULL, lease_id = 'x', lease_member_id = '{{m_agent}}',"
        " lease_expires_at = now() + interval '1 minute' WHERE id = '{waiting}'",
        "RV002",
    ),
    "lease with a fence of one's own": (
        "agent",
        f"{_SET_ITEM} state = 'leased', waiting_on = NULL, fence = 99, lease_id = 'x', lease_member_id = '{{m_agent}}',"
        " lease_expires_at = now() + interval '1 minute' WHERE id = '{waiting}'",
        "RV002",
    ),
    "lease and record nothing": (
        "agent",
        f"{_SET_ITEM} state = 'leased', waiting_on = NULL, fence = fence + 1, lease_id = 'x', lease_member_id ="
        " '{m_agent}', lease_expires_at = now() + interval '1 minute' WHERE id = '{waiting}'",
        "RV002",
    ),
    "take a kind that is not of one's role": (
        "agent",
        f"{_SET_ITEM} state = 'leased', waiting_on = NULL, fence = fence + 1, lease_id = 'x', lease_member_id ="
        " '{m_agent}', lease_expires_at = now() + interval '1 minute' WHERE id = '{note}'",
        "RV002",
    ),
    "settle what is over as an auditor": ("auditor", "UPDATE decision SET state = 'settled'", "nothing"),
    "say as an auditor that it was sent": ("auditor", "UPDATE outbox SET state = 'sent'", "nothing"),
    "analyse as an auditor": ("auditor", "UPDATE unanalysed SET taken_until = now()", "nothing"),
    "take an item as an auditor, who only looks": (
        "auditor",
        f"{_SET_ITEM} state = 'leased', waiting_on = NULL, fence = fence + 1, lease_id = 'x', lease_member_id ="
        " '{m_auditor}', lease_expires_at = now() + interval '1 minute' WHERE id = '{waiting}'",
        "nothing",
    ),
    "take an item as a transcriber": (
        "transcriber",
        f"{_SET_ITEM} state = 'leased', waiting_on = NULL, fence = fence + 1, lease_id = 'x', lease_member_id ="
        " '{m_transcriber}', lease_expires_at = now() + interval '1 minute' WHERE id = '{waiting}'",
        "nothing",
    ),
    "lower a fence": ("agent", f"{_SET_ITEM} fence = 0 WHERE id = '{{mine}}'", "RV002"),
    "raise a fence": ("agent", f"{_SET_ITEM} fence = fence + 1 WHERE id = '{{mine}}'", "RV002"),
    "have no fence": ("agent", f"{_SET_ITEM} fence = NULL WHERE id = '{{mine}}'", "RV002"),
    "escalate what is not late": (
        "agent",
        f"{_SET_ITEM} state = 'escalated' WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "wake what rests": ("agent", f"{_SET_ITEM} wakes_at = now() WHERE id = '{{waiting}}'", "RV002"),
    "declare an item decided": ("agent", f"{_SET_ITEM} state = 'decided' WHERE id = '{{mine}}'", "RV002"),
    "declare a waiting item decided": (
        "agent",
        f"{_SET_ITEM} state = 'decided', waiting_on = NULL WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "declare a held item decided": ("agent", f"{_SET_ITEM} state = 'decided' WHERE id = '{{held}}'", "RV002"),
    "hide an item as erased": ("agent", f"{_SET_ITEM} state = 'erased', waiting_on = NULL WHERE id = '{{waiting}}'", "RV002"),
    "hide an item as erased, as an admin": (
        "admin",
        f"{_SET_ITEM} state = 'erased', waiting_on = NULL WHERE id = '{{waiting}}'",
        "RV002",
    ),
    "have no state": ("agent", f"{_SET_ITEM} state = NULL WHERE id = '{{mine}}'", "RV002"),
    "move an item to another workspace": ("agent", f"{_SET_ITEM} workspace_id = 'foreign' WHERE id = '{{mine}}'", "42501"),
    "make an item more urgent": ("agent", f"{_SET_ITEM} rank = -9 WHERE id = '{{mine}}'", "42501"),
    "change the kind of an item": ("agent", f"{_SET_ITEM} kind = 'sms' WHERE id = '{{note}}'", "42501"),
    "delete an item": ("admin", "DELETE FROM item WHERE id = '{waiting}'", "42501"),
    "delete every item": ("admin", "TRUNCATE item CASCADE", "42501"),
    "import an item that is decided": (
        "producer",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, rank, due_at, received_at,"
        " state) VALUES ('x', '{workspace}', 'p', 'e', 'sms', 'sms', {route}, 0, now(), now(), 'decided')",
        "RV002",
    ),
    # ---- Decisions
    "decide without a lease": (
        "agent",
        "INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{waiting}', '{m_agent}', 'l', 0, 'k', 'approve', now(), now(), 'held')",
        "RV003",
    ),
    "decide with no fence": (
        "agent",
        "INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{waiting}', '{m_agent}', 'l', NULL, 'k', 'approve', now(), now(), 'held')",
        "RV003",
    ),
    "decide what another holds": (
        "agent",
        "INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{theirs}', '{m_agent}', '{theirs_lease}', 1, 'k', 'approve', now(), now(), 'held')",
        "RV003",
    ),
    "decide in another's name": (
        "agent",
        "INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{theirs}', '{m_second_agent}', '{theirs_lease}', 1, 'k', 'approve', now(), now(), 'held')",
        "RV002",
    ),
    "decide with an old fence": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}';;"
        " INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{mine}', '{m_agent}', '{mine_lease}', 0, 'k', 'approve', now(), now(), 'held')",
        "RV003",
    ),
    "hold an item without a decision": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}'",
        "RV002",
    ),
    "hold another's item": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{theirs}'",
        "RV003",
    ),
    "hold an item whose lease is over": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{lapsed}'",
        "RV003",
    ),
    "decide and record nothing": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}';;"
        " INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{mine}', '{m_agent}', '{mine_lease}', 1, 'k', 'escalate', now(), now(), 'held')",
        "RV002",
    ),
    "decide that it is settled at once": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}';;"
        " INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{mine}', '{m_agent}', '{mine_lease}', 1, 'k', 'escalate', now(), now(), 'settled')",
        "RV002",
    ),
    "decide with a hold that never ends": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}';;"
        " INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{mine}', '{m_agent}', '{mine_lease}', 1, 'k', 'escalate', now(), 'infinity', 'held')",
        "RV002",
    ),
    "decide in the past": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}';;"
        " INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{mine}', '{m_agent}', '{mine_lease}', 1, 'k', 'escalate', '2000-01-01', '2000-01-01', 'held')",
        "RV002",
    ),
    "decide with an invented verdict": (
        "agent",
        f"{_SET_ITEM} state = 'held', lease_id = NULL, lease_member_id = NULL, lease_expires_at = NULL"
        " WHERE id = '{mine}';;"
        " INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{mine}', '{m_agent}', '{mine_lease}', 1, 'k', 'wave through', now(), now(), 'held')",
        "RV002",
    ),
    "add to what is not signed": (
        "agent",
        "INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{held}', '{m_agent}', '', 0, 'k', 'addendum', now(), now(), 'held')",
        "RV002",
    ),
    "add to a signed note as an agent": (
        "agent",
        "INSERT INTO decision (id, item_id, member_id, lease_id, fence, idempotency_key, verdict, decided_at, hold_until,"
        " state) VALUES ('x', '{signed}', '{m_agent}', '', 0, 'k', 'addendum', now(), now(), 'held')",
        "RV002",
    ),
    "change a verdict": ("agent", "UPDATE decision SET verdict = 'approve'", "42501"),
    "change a final": ("agent", "UPDATE decision SET final = 'x' WHERE id = '{held_decision}'", "RV002"),
    "change one's own final": ("agent", "UPDATE decision SET final = 'x' WHERE id = '{own_held_decision}'", "RV002"),
    "blank a final": ("admin", "UPDATE decision SET final = NULL WHERE id = '{held_decision}'", "RV002"),
    "withdraw another's decision": (
        "agent",
        "UPDATE decision SET state = 'withdrawn' WHERE id = '{held_decision}'",
        "RV002",
    ),
    "withdraw what is settled": (
        "clinician",
        "UPDATE decision SET state = 'withdrawn' WHERE id = '{signed_decision}'",
        "RV002",
    ),
    "settle and record nothing": ("agent", "UPDATE decision SET state = 'settled' WHERE id = '{over_decision}'", "RV002"),
    "settle during the hold": ("agent", "UPDATE decision SET state = 'settled' WHERE id = '{own_held_decision}'", "RV002"),
    "hold anew what is settled": ("clinician", "UPDATE decision SET state = 'held' WHERE id = '{signed_decision}'", "RV002"),
    "shorten a hold": ("agent", "UPDATE decision SET hold_until = now()", "42501"),
    "delete a decision": ("admin", "DELETE FROM decision", "42501"),
    # ---- What leaves
    "send without a decision": (
        "agent",
        "INSERT INTO outbox (decision_id, destination, state, request, due_at) VALUES ('x', 'sent', 'held', 'r', now())",
        "RV002",
    ),
    "send a second request": (
        "agent",
        "INSERT INTO outbox (decision_id, destination, state, request, due_at)"
        " VALUES ('{own_held_decision}', 'sent', 'held', 'r', now())",
        "RV002",
    ),
    "send during the hold": (
        "agent",
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, due_at = now() + interval '1 minute'"
        " WHERE decision_id = '{own_held_decision}'",
        "RV002",
    ),
    "make a request due": ("agent", "UPDATE outbox SET due_at = now() WHERE decision_id = '{own_held_decision}'", "RV002"),
    "change a request": ("agent", "UPDATE outbox SET request = 'r' WHERE decision_id = '{own_held_decision}'", "RV002"),
    "blank a request": ("admin", "UPDATE outbox SET request = '' WHERE decision_id = '{held_decision}'", "RV002"),
    "send elsewhere": ("agent", "UPDATE outbox SET destination = 'elsewhere'", "42501"),
    "hold a request back": ("agent", "UPDATE outbox SET state = 'withdrawn' WHERE decision_id = '{held_decision}'", "RV002"),
    "declare a request sent": ("agent", "UPDATE outbox SET state = 'sent' WHERE decision_id = '{held_decision}'", "RV002"),
    "send again what was sent": (
        "clinician",
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, due_at = now() + interval '1 minute'"
        " WHERE decision_id = '{signed_decision}'",
        "RV002",
    ),
    "delete a request": ("admin", "DELETE FROM outbox", "42501"),
    # ---- The ledger
    "write an entry in another's name": (
        "agent",
        f"{_ENTRY} ('{{m_second_agent}}', 999, 'h', '{{{{}}}}', 's', now(), 'decided', NULL)",
        "RV002",
    ),
    "write an entry that follows nothing": (
        "agent",
        f"{_ENTRY} ('{{m_agent}}', 999, 'h', '{{{{}}}}', 's', now(), 'opened', NULL)",
        "RV002",
    ),
    "write an entry with no number": (
        "agent",
        f"{_ENTRY} ('{{m_agent}}', NULL, 'h', '{{{{}}}}', 's', now(), 'opened', NULL)",
        "RV002",
    ),
    "write an entry whose bytes say something else": (
        "agent",
        chained("opened", None).replace('"action":"opened"', '"action":"locked"'),
        "RV002",
    ),
    "write an entry of another time": ("agent", chained("locked", None).replace("now()", "'2000-01-01'"), "RV002"),
    "write an unsigned entry": ("agent", chained("locked", None).replace("repeat('ab', 64)", "''"), "RV002"),
    "write an entry with a wrong hash": ("agent", chained("locked", None).replace("'\\x00'", "'\\x01'"), "RV002"),
    "record a decision that is none": ("agent", chained("decided", "{mine}"), "RV002"),
    "record an addendum that is none": ("agent", chained("addendum_made", "{signed}"), "RV002"),
    "choose the number in the database": ("agent", "INSERT INTO entry (seq, actor) VALUES (1, '{m_agent}')", "42501"),
    "choose the transaction of an entry": ("agent", "INSERT INTO entry (xid, actor) VALUES ('1', '{m_agent}')", "42501"),
    "change an entry": ("agent", "UPDATE entry SET action = 'locked'", "42501"),
    "delete an entry": ("admin", "DELETE FROM entry", "42501"),
    "empty the ledger": ("admin", "TRUNCATE entry CASCADE", "42501"),
    "give an entry a place": ("agent", "INSERT INTO entry_place VALUES (9999, 1)", "42501"),
    "move an entry": ("agent", "UPDATE entry_place SET position = position + 1", "42501"),
    "delete a place": ("agent", "DELETE FROM entry_place", "42501"),
    "push the settled mark on": ("agent", "UPDATE entry_settled SET below = '999999'", "42501"),
    "see the settled mark": ("agent", "SELECT * FROM entry_settled", "42501"),
    "sign a tree in a form that nobody reads": ("agent", "INSERT INTO checkpoint VALUES (1, 'n')", "RV002"),
    "sign a tree for a colleague": (
        "agent",
        f"INSERT INTO checkpoint VALUES (1, {NOTE.replace('m_agent', 'm_clinician')})",
        "RV002",
    ),
    "sign another tree than the note says": ("agent", f"INSERT INTO checkpoint VALUES (2, {NOTE})", "RV002"),
    "sign a tree of another workspace": (
        "agent",
        f"INSERT INTO checkpoint VALUES (1, {NOTE.replace('{workspace}', 'foreign')})",
        "RV002",
    ),
    "write an entry with a blank that no reader takes": (
        "agent",
        chained("locked", None).replace('"format":1', '"format": 1'),
        "RV002",
    ),
    "write an entry whose names are out of order": (
        "agent",
        chained("locked", None).replace('"desk":"d",', "").replace('"format":1,', '"format":1,"desk":"d",'),
        "RV002",
    ),
    "write a name twice": (
        "agent",
        chained("locked", None).replace('"desk":"d",', '"desk":"d","desk":"d",'),
        "RV002",
    ),
    "write a fraction": ("agent", chained("locked", None).replace('"decision":"x"', '"decision":1.5'), "RV002"),
    "write a number with a point": (
        "agent",
        chained("locked", None).replace('"decision":"x"', '"decision":1.0'),
        "RV002",
    ),
    "write a number that no reader takes": (
        "agent",
        chained("locked", None).replace('"decision":"x"', '"decision":9007199254740992'),
        "RV002",
    ),
    "write a name that is not ASCII": (
        "agent",
        chained("locked", None).replace('"decision":"x"', '"décision":"x"'),
        "RV002",
    ),
    "write an entry too deep to read": (
        "agent",
        chained("locked", None).replace('"decision":"x"', '"decision":' + "[" * 300 + "]" * 300),
        "RV002",
    ),
    "write details that are no object": (
        "agent",
        chained("locked", None).replace('"details":{{"decision":"x"}}', '"details":[]'),
        "RV002",
    ),
    "write digests that are none": ("agent", chained("locked", None).replace('"at":', '"after":"x","at":'), "RV002"),
    "write a verdict that is a number": ("agent", chained("locked", None).replace('"workspace"', '"verdict":1,"workspace"'), "RV002"),
    "say that nothing was erased": ("agent", chained("erased", None), "RV002"),
    "destroy all maps and say that one was erased": (
        "admin",
        "DELETE FROM conversation;; " + chained("erased", "gone").replace("{m_agent}", "{m_admin}"),
        "RV002",
    ),
    "write an entry of no desk": ("agent", chained("locked", None).replace('"desk":"d"', '"desk":""'), "RV002"),
    "write a desk that is a number": ("agent", chained("locked", None).replace('"desk":"d"', '"desk":1'), "RV002"),
    "write a number as text": ("agent", chained("locked", None).replace('"number":%s', '"number":"%s"'), "RV002"),
    "write an item that is a number": (
        "agent",
        chained("locked", None)
        .replace("""'"object":"' || NULL::text || '",'""", """'"object":5,'""")
        .replace("'locked', NULL::text", "'locked', '5'"),
        "RV002",
    ),
    "replace one's own keys by an entry": ("agent", chained("member_keys_changed", None), "RV002"),
    "sign a tree that is larger than the ledger": ("agent", f"INSERT INTO checkpoint VALUES (99999, {NOTE})", "RV002"),
    "sign a tree of no size": ("agent", f"INSERT INTO checkpoint VALUES (NULL, {NOTE})", "RV002"),
    "delete a checkpoint": ("admin", "DELETE FROM checkpoint", "42501"),
    "change a checkpoint": ("admin", "UPDATE checkpoint SET note = 'x'", "42501"),
    # ---- Members, keys, seats
    "become an admin": ("agent", "UPDATE member SET roles = '[\"admin\"]' WHERE id = '{m_agent}'", "RV002"),
    "give oneself more roles as an admin": ("admin", "UPDATE member SET roles = '[\"admin\", \"clinician\"]' WHERE id = '{m_admin}'", "RV002"),
    "make a colleague an admin": ("agent", "UPDATE member SET roles = '[\"admin\"]' WHERE id = '{m_second_agent}'", "nothing"),
    "change roles and record nothing": (
        "admin",
        "UPDATE member SET roles = '[\"admin\"]' WHERE id = '{m_agent}'",
        "RV002",
    ),
    "take a colleague's identity": ("agent", "SELECT identity FROM member", "42501"),
    "take a colleague's recovery": ("agent", "SELECT recovery FROM member", "42501"),
    "take a colleague's identity by the view": ("agent", "SELECT 1 FROM own_member WHERE id <> '{m_agent}'", "nothing"),
    "replace a colleague's identity, as an admin": (
        "admin",
        "UPDATE member SET identity = 'x' WHERE id = '{m_agent}'",
        "RV002",
    ),
    "replace a colleague's signing key": ("admin", "UPDATE member SET sign_key = 'x' WHERE id = '{m_agent}'", "42501"),
    "add a member nobody invited": (
        "admin",
        "INSERT INTO member (id, workspace_id, name, roles, added_at, receive_key, sign_key, identity, recovery)"
        " VALUES ('x', '{workspace}', 'Ghost', '[\"agent\"]', now(), 'r', 's', 'i', 'r')",
        "RV002",
    ),
    "add a member as an agent": (
        "agent",
        "INSERT INTO member (id, workspace_id, name, roles, added_at, receive_key, sign_key, identity, recovery)"
        " VALUES ('x', '{workspace}', 'Ghost', '[\"agent\"]', now(), 'r', 's', 'i', 'r')",
        "42501",
    ),
    "delete a member": ("admin", "DELETE FROM member", "42501"),
    "found a second workspace": ("admin", "INSERT INTO workspace VALUES ('x', 'X', now())", "RV002"),
    "rename the workspace": ("admin", "UPDATE workspace SET name = 'X'", "42501"),
    "take another's seat": ("agent", "UPDATE seat SET login = session_user", "42501"),
    "see another's seat": ("agent", "SELECT 1 FROM seat WHERE login <> session_user", "nothing"),
    "give oneself a seat": ("agent", "INSERT INTO seat (login) VALUES ('x')", "42501"),
    "have one's seat never expire": ("agent", "UPDATE seat SET seen_at = 'infinity'", "42501"),
    "list the seats as an agent": ("agent", "SELECT * FROM team_seats()", "RV002"),
    "remove a colleague as an agent": ("agent", "SELECT remove_seat('{m_second_agent}')", "RV002"),
    "remove a colleague and record nothing": ("admin", "SELECT remove_seat('{m_agent}');; SET CONSTRAINTS ALL IMMEDIATE", "RV002"),
    "remove oneself": ("admin", "SELECT remove_seat('{m_admin}')", "RV002"),
    "remove nobody": ("admin", "SELECT remove_seat(NULL)", "RV002"),
    "join a second time": (
        "agent",
        "INSERT INTO joining (member_id, name, receive_key, sign_key, identity, recovery)"
        " VALUES ('x', 'X', repeat('r', 32)::bytea, repeat('s', 32)::bytea, 'i', 'r')",
        "42501",
    ),
    "join under another's login": ("agent", "INSERT INTO joining (login, member_id) VALUES ('x', 'x')", "42501"),
    "read another's workspace key": ("agent", "SELECT 1 FROM workspace_key WHERE member_id <> '{m_agent}'", "nothing"),
    "slip in a workspace key": (
        "agent",
        "INSERT INTO workspace_key VALUES (9, '{m_agent}', 'f', 's', now())",
        "RV002",
    ),
    "destroy the workspace's key": ("agent", "DELETE FROM workspace_key", "nothing"),
    "exchange a data key": ("agent", "UPDATE data_key SET wrapped = 'w'", "nothing"),
    "exchange a data key as an admin": ("admin", "UPDATE data_key SET wrapped = 'w'", "RV002"),
    "erase as an agent": ("agent", "DELETE FROM data_key WHERE item_id = '{mine}'", "nothing"),
    "erase and record nothing": ("admin", "DELETE FROM data_key WHERE item_id = '{mine}'", "RV002"),
    "put another draft under an item": (
        "agent",
        "INSERT INTO content (item_id, draft, source) VALUES ('{mine}', 'd', 's')",
        "42501",
    ),
    "switch a rule off as an agent": (
        "agent",
        "INSERT INTO rule_off VALUES ('{workspace}', 'sms', 'r', '{m_agent}', now())",
        "42501",
    ),
    "change the rules of a kind": ("admin", "UPDATE kind_rule SET roles = '{{agent}}'", "42501"),
    # ---- Others' words
    "write in another's working copy": ("agent", "UPDATE working_copy SET text = 'x' WHERE item_id = '{theirs}'", "nothing"),
    "delete another's working copy": ("agent", "DELETE FROM working_copy WHERE item_id = '{theirs}'", "nothing"),
    "leave a working copy in another's name": (
        "agent",
        "INSERT INTO working_copy (item_id, member_id, text, cursor, saved_at)"
        " VALUES ('{waiting}', '{m_second_agent}', 't', 0, now())",
        "42501",
    ),
    "leave an opinion in another's name": (
        "agent",
        "INSERT INTO second_opinion VALUES ('x', '{theirs}', '{m_second_agent}', 't', now())",
        "42501",
    ),
    # ---- Transcribers see the pool and nothing else
    "see items as a transcriber": ("transcriber", "SELECT 1 FROM item", "nothing"),
    "see drafts as a transcriber": ("transcriber", "SELECT 1 FROM content", "nothing"),
    "see decisions as a transcriber": ("transcriber", "SELECT 1 FROM decision", "nothing"),
    "see requests as a transcriber": ("transcriber", "SELECT 1 FROM outbox", "nothing"),
    "see keys as a transcriber": ("transcriber", "SELECT 1 FROM data_key", "nothing"),
    "see routes as a transcriber": ("transcriber", "SELECT 1 FROM route", "nothing"),
    "see colleagues as a transcriber": ("transcriber", "SELECT 1 FROM member WHERE id <> '{m_transcriber}'", "nothing"),
    "see what others did as a transcriber": ("transcriber", "SELECT 1 FROM entry WHERE item_id IS NOT NULL", "nothing"),
    "import as a transcriber": (
        "transcriber",
        "INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at,"
        " received_at, state) VALUES ('x', '{workspace}', 'p', 'e', 'sms', 'sms', {route}, {route}, 0, now(), now(),"
        " 'waiting')",
        "42501",
    ),
    "sign the tree as a transcriber": (
        "transcriber",
        f"INSERT INTO checkpoint VALUES (1, {NOTE.replace('m_agent', 'm_transcriber')})",
        "42501",
    ),
    # ---- The session, the server, the catalogue
    "act as the owner": ("agent", "SET ROLE reviewer_owner", "42501"),
    "act as a colleague": ("agent", "SET ROLE {l_second_agent}", "42501"),
    "be a colleague": ("agent", "SET SESSION AUTHORIZATION {l_second_agent}", "42501"),
    "act as the group and see all": ("agent", "SET ROLE reviewer_member;; SELECT 1 FROM seat WHERE login <> session_user", "nothing"),
    "pass over the triggers": ("agent", "SET session_replication_role = replica", "42501"),
    "pass over the policies": ("agent", "SET row_security = off;; SELECT 1 FROM item", "42501"),
    "switch a trigger off": ("agent", "ALTER TABLE item DISABLE TRIGGER guard", "42501"),
    "switch a policy off": ("agent", "ALTER TABLE item DISABLE ROW LEVEL SECURITY", "42501"),
    "drop a policy": ("agent", "DROP POLICY shared ON item", "42501"),
    "add a policy": ("agent", "CREATE POLICY mine ON item USING (true)", "42501"),
    "replace a guard": (
        "agent",
        "CREATE OR REPLACE FUNCTION need(holds boolean, what text, code text) RETURNS void LANGUAGE sql AS ''",
        "42501",
    ),
    "make a table": ("agent", "CREATE TABLE mine (a int)", "42501"),
    "make a temporary table": ("agent", "CREATE TEMP TABLE seat (login name, member_id text)", "42501"),
    "make a schema": ("agent", "CREATE SCHEMA mine", "42501"),
    "make a function": ("agent", "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "42501"),
    "make an extension": ("agent", "CREATE EXTENSION hstore", "42501"),
    "call a guard's helper": ("agent", "SELECT own_seat()", "42501"),
    "call the rule": ("agent", "SELECT need(true, 'x')", "42501"),
    "make a large object": ("agent", "SELECT lo_create(0)", "42501"),
    "fill a large object": ("agent", "SELECT lo_from_bytea(0, 'x')", "42501"),
    "run a program": ("agent", "COPY item TO PROGRAM 'id'", "42501"),
    "write a file": ("agent", "COPY item TO '/tmp/x'", "42501"),
    "read a file": ("agent", "SELECT pg_read_file('/etc/passwd')", "42501"),
    "read the passwords": ("agent", "SELECT rolpassword FROM pg_authid", "42501"),
    "grant oneself rights": ("agent", "GRANT ALL ON item TO {l_agent}", "42501"),
    "join the owners": ("agent", "GRANT reviewer_owner TO {l_agent}", "42501"),
    "make a login": ("admin", "CREATE ROLE x LOGIN", "42501"),
    "become a superuser": ("admin", "ALTER ROLE {l_admin} SUPERUSER", "42501"),
    "pass over policies by a role's attribute": ("admin", "ALTER ROLE {l_admin} BYPASSRLS", "42501"),
    "set another's password": ("admin", "ALTER ROLE {l_agent} PASSWORD 'x'", "42501"),
    "have a password that does not expire": ("agent", "ALTER ROLE {l_agent} VALID UNTIL 'infinity'", "42501"),
    "have more connections": ("agent", "ALTER ROLE {l_agent} CONNECTION LIMIT -1", "42501"),
    "end another's session": (
        "agent",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> session_user AND usename IS NOT NULL",
        "42501",
    ),
    "read others' statements": (
        "agent",
        "SELECT 1 FROM pg_stat_activity WHERE usename <> session_user AND query <> '<insufficient privilege>'",
        "nothing",
    ),
    "prepare a transaction": ("agent", "PREPARE TRANSACTION 'x'", "55000"),
    "rewind a sequence": ("agent", "SELECT setval('entry_seq_seq', 1)", "42501"),
    "connect to another database": ("agent", "SELECT 1 FROM pg_database WHERE has_database_privilege(datname, 'TEMP')"
                                    " AND datname = current_database()", "nothing"),
    "change the settings of all": ("agent", "ALTER SYSTEM SET fsync = off", "25001"),
    "change the database's settings": ("agent", "ALTER DATABASE postgres SET synchronous_commit = off", "42501"),
}  # fmt: skip


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Team]:
    """Return a team that all attacks are made on; none of them leaves anything."""
    server: Cluster = request.getfixturevalue("server")
    source: Path = request.getfixturevalue("_new_team_profile")
    with copied_profile(source, tmp_path_factory.mktemp("attacked") / "profile", server) as profile:
        made = Team(profile)
        yield made
        made.close()


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_answered_as_declared(team: Team, name: str) -> None:
    who, statement, answer = ATTACKS[name]
    assert outcome(team.psql(who), statement.format(**team.fixed.names)) == answer


def test_there_are_at_least_two_hundred_attacks() -> None:
    assert len(ATTACKS) >= 200


# ---- Attacks that take more than a statement


def _without(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    monkeypatch.setattr(module, name, lambda *_, **__: None)


@pytest.fixture
def database() -> str:
    """All of these are about a server."""
    return "server"


def _claimed(profile: Profile, who: Actor, **draft: object) -> Lease:
    profile.put(**draft)
    claimed = profile.services(who).queue.claim()
    assert claimed is not None
    return claimed.lease


def test_a_decision_whose_request_is_left_out_is_undone(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = _claimed(profile, profile.first)
    _without(monkeypatch, outbox, "add")
    with pytest.raises(RuleError, match="without its request"):
        profile.services().review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    assert profile.state(lease.item_id) == "leased"
    assert profile.rows("SELECT * FROM decision") == []


def test_a_decision_whose_entry_is_left_out_is_undone(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = _claimed(profile, profile.first)
    monkeypatch.setattr(Review, "_record_decision", lambda *_: None)
    monkeypatch.setattr(Transaction, "settled", True)
    with pytest.raises(RuleError, match="without its entry"):
        profile.services().review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    assert profile.rows("SELECT * FROM decision") == profile.rows("SELECT * FROM outbox") == []


def test_a_note_released_without_a_signature_is_undone(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = _claimed(profile, profile.first, kind="clinical_note")
    monkeypatch.setattr(Review, "_record_signature", lambda *_: None)
    with pytest.raises(RuleError, match="without a signature"):
        profile.services().review.decide(lease, Judgement(Verdict.APPROVE), key=new_key(), attestation=SIGNED)
    assert profile.rows("SELECT * FROM decision") == []


def test_who_is_no_clinician_signs_no_note_whatever_their_desk_says(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    item_id = profile.put(kind="clinical_note")
    lying = replace(agent, member=replace(agent.member, roles=frozenset(Role)))
    with pytest.raises(RuleError, match="not for you"):
        profile.services(lying).queue.claim(item_id)


def test_a_desk_that_skips_the_check_of_the_lease_is_refused(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = _claimed(profile, profile.first)
    profile.let_leases_lapse()
    for look in ("hold", "check"):
        monkeypatch.setattr(leases, look, lambda tx, lease: items.head(items.row(tx, lease.item_id)))
    with pytest.raises(LeaseLostError, match="without a live lease"):
        profile.services().review.decide(lease, Judgement(Verdict.APPROVE, "My words."), key=new_key())
    assert profile.rows("SELECT * FROM decision") == []


def test_an_acknowledged_commit_is_on_disk_whatever_the_session_was_set_to(team: Team) -> None:
    connection = team.psql("agent")
    with connection.transaction(force_rollback=True):
        connection.execute("SET synchronous_commit = off")
        connection.execute(chained("locked", None).format(**team.fixed.names).encode())
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_no_check_can_be_had_before_the_commit_and_undone_after_it(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    with _own_psql(profile, agent) as connection:
        connection.execute(_own_entry(agent, "locked"))
        with pytest.raises(psycopg.Error, match="before the commit"):
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


_SEALED = {
    "content": "SELECT 1 FROM content WHERE item_id = '{waiting}' AND draft {}",
    "working copy": "SELECT 1 FROM working_copy WHERE item_id = '{theirs}' AND text {}",
    "final": "SELECT 1 FROM decision_text WHERE item_id = '{held}' AND final {}",
    "request": "SELECT 1 FROM outbox_request WHERE request {}",
    "identity": "SELECT 1 FROM own_member WHERE id = '{m_agent}' AND identity {}",
}


@pytest.mark.parametrize("what", _SEALED)
@pytest.mark.parametrize("role", ["producer", "transcriber"])
def test_no_plan_tells_a_sealed_byte_of_what_was_not_looked_at(team: Team, what: str, role: str) -> None:
    asked = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + _SEALED[what].format("{}", **team.fixed.names)
    connection, plans = team.psql(role), []
    with connection.transaction(force_rollback=True):
        for bound in ("\\x00", "\\xff"):
            rows = connection.execute(asked.format(f">= '{bound}'::bytea").encode()).fetchall()
            plans.append([line.replace(bound, "?") for (line,) in rows])
    assert plans[0] == plans[1]


def test_of_two_admins_who_remove_each_other_one_stays(profile: Profile) -> None:
    second = profile.actor(Role.ADMIN)
    before = threading.Barrier(2)

    def remove(actor: Actor, login: str) -> None:
        before.wait(10)
        with suppress(ReviewerError):
            Members(profile.store_of(actor), actor).remove(login)

    logins = dict(profile.rows("SELECT member_id, login FROM seat WHERE is_admin"))
    admins = [(profile.first, logins[second.member.id]), (second, logins[profile.first.member.id])]
    removing = [threading.Thread(target=remove, args=each) for each in admins]
    for each in removing:
        each.start()
    for each in removing:
        each.join()
    assert profile.rows("SELECT count(*) FROM seat WHERE is_admin AND removed_at IS NULL") == [(1,)]


def test_a_member_who_keeps_a_transaction_open_is_removed_all_the_same(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    with _own_psql(profile, agent) as connection:
        connection.execute("SELECT hold_chain()")
        ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", agent.member.id)
        Members(profile.store, profile.first).remove(login)
        with pytest.raises(psycopg.Error, match="terminating"):
            connection.execute("SELECT 1")
    assert profile.services().ledger.verify().ok


def test_an_old_snapshot_writes_nothing(profile: Profile) -> None:
    with _own_psql(profile, profile.actor(Role.AGENT)) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg.Error, match="may see what was"):
            connection.execute("SELECT hold_chain()")


def test_whoever_settles_the_ledger_keeps_nobody_waiting(profile: Profile) -> None:
    with _own_psql(profile, profile.actor(Role.AGENT)) as connection:
        connection.execute("SELECT settle_entries()")
        profile.put()
        assert profile.services().queue.claim() is not None
        with _own_psql(profile, profile.actor(Role.AUDITOR)) as another:
            another.execute("SET lock_timeout = '1s'")
            assert another.execute("SELECT settle_entries()").fetchone() == (1,)


def _raw_entry(profile: Profile, actor: Actor, action: str, **details: Any) -> tuple[str, tuple[object, ...]]:
    """Return an entry that takes no lock before it is written, as a desk never writes one."""
    ((number, last),) = profile.rows(
        "SELECT number, hash FROM entry WHERE actor = ? ORDER BY number DESC LIMIT 1", actor.member.id
    ) or [(0, bytes(32))]
    now = profile.now()
    entry = Entry(
        workspace=actor.member.workspace_id,
        actor=actor.member.id,
        number=number + 1,
        previous=bytes(last).hex(),
        at=now,
        desk="d",
        action=action,
        details=details,
    )
    signed = SignedEntry(entry.body(), bytes(64))
    values = (actor.member.id, number + 1, signed.hash, signed.body, signed.signature, now, action)
    asked = "INSERT INTO entry (actor, number, hash, body, signature, at, action) VALUES (%s, %s, %s, %s, %s, %s, %s)"
    return asked, values


def test_no_entry_comes_before_the_change_of_its_own_member(profile: Profile) -> None:
    """Its place is drawn before it waits for the admin who changes the roles: it would break the ledger for all."""
    agent = profile.actor(Role.AGENT)
    profile.services(agent).queue.claim(profile.put())
    ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", agent.member.id)
    said: list[str] = []
    original = entries.head_of
    started = threading.Event()

    def write() -> None:
        with _own_psql(profile, agent) as connection:
            asked, values = _raw_entry(profile, agent, "locked")
            started.set()
            try:
                connection.execute(asked.encode(), values)
                connection.commit()
            except psycopg.Error as exc:
                said.append(str(exc))

    def head_of(tx: Transaction, actor: str) -> Any:
        writing.start()  # the seat is held by the change of roles, and its entry is still to come
        started.wait(10)
        time.sleep(1)
        return original(tx, actor)

    writing = threading.Thread(target=write)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entries, "head_of", head_of)
        Members(profile.store, profile.first).set_roles(login, frozenset({Role.AGENT, Role.PRODUCER}))
    writing.join()
    assert "overtaken" in said[0]
    assert profile.services().ledger.verify().ok


def test_no_generation_is_made_twice_by_who_kept_the_entry_open(profile: Profile) -> None:
    second = profile.actor(Role.ADMIN)
    with _own_psql(profile, second) as connection:
        asked, values = _raw_entry(profile, second, "workspace_key_made", fingerprint="f", generation=2)
        connection.execute(asked.encode(), values)
        profile.services().vault.rotate()
        connection.execute(
            "INSERT INTO workspace_key VALUES (2, %s, 'f', 's', now()) ON CONFLICT DO NOTHING", (second.member.id,)
        )
        with pytest.raises(psycopg.Error, match="is not so"):
            connection.commit()
    assert profile.services().ledger.verify().ok


def test_a_statement_that_changes_no_list_forgets_no_gate(profile: Profile) -> None:
    profile.put()
    profile.services().analysis.round()
    before = profile.rows("SELECT count(*) FROM analysis")
    with _own_psql(profile, profile.actor(Role.AUDITOR)) as connection:
        connection.execute("DELETE FROM business_contact WHERE false")
        connection.commit()
    assert before > [(0,)]
    assert profile.rows("SELECT count(*) FROM analysis") == before


def test_whoever_seals_garbage_to_all_is_got_past_by_the_next_rotation(profile: Profile) -> None:
    second = profile.actor(Role.ADMIN)
    item_id = profile.put()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WorkspaceKey, "seal_to", lambda *_: b"garbage")
        with suppress(ReviewerError):
            profile.services(second).vault.rotate()
    Members(profile.store, profile.first).remove(
        dict(profile.rows("SELECT member_id, login FROM seat"))[second.member.id]
    )
    services = profile.services()
    services.vault.rotate()
    assert services.queue.claim(item_id) is not None
    assert services.ledger.verify().ok


def test_a_spoiled_analysis_or_item_holds_up_nobody(profile: Profile) -> None:
    spoiled, good = profile.put(priority=9), profile.put()
    services = profile.services()
    services.analysis.round()
    profile.rows("UPDATE analysis SET found = 'garbage' WHERE item_id = ?", good)
    claimed = services.queue.claim(good)
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    profile.rows("ALTER TABLE content DISABLE TRIGGER USER")
    profile.rows("UPDATE content SET source = 'garbage' WHERE item_id = ?", spoiled)
    profile.rows("DELETE FROM analysis")
    last = profile.put()
    services.analysis.renew()
    assert services.analysis.round() == 2  # the one that was decided is in its hold
    assert services.analysis.waiting() == 0
    assert services.queue.claim(last) is not None


def test_a_member_who_leaves_an_unsigned_entry_stops_nobody_and_is_named(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    with _own_psql(profile, agent) as connection:
        connection.execute(_own_entry(agent, "locked"))
        connection.commit()
    lease = _claimed(profile, profile.first)
    services = profile.services()
    services.review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    state = services.ledger.checkpoint()
    ((position,),) = profile.rows(
        "SELECT p.position FROM entry e JOIN entry_place p ON p.seq = e.seq WHERE e.action = 'locked'"
    )
    assert (state.done, state.flawed, state.anchored) == (True, (position,), state.entries)
    report = services.ledger.verify()
    assert (report.ok, report.stands, report.flawed) == (False, True, (position,))
    assert profile.services().ledger.advance().flawed == (
        position,
    )  # remembered: what was verified is not checked again
    receipt = Receipt.read(services.ledger.receipt(lease.item_id))
    assert check_receipt(receipt, check=first_bad_signature) is None
    services.vault.rotate()


def test_whoever_is_invited_cannot_join_under_a_name_that_breaks_the_ledger(profile: Profile) -> None:
    assert profile.team is not None
    profile.team.invite("guest")
    profile.team.cluster.run("ALTER ROLE guest PASSWORD 'known'")
    with closing(profile.team.cluster.connect(profile.team.name, user="guest", password="known")) as connection:
        for member_id in ("", "../x"):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(
                    "INSERT INTO joining (member_id, name, receive_key, sign_key, identity, recovery)"
                    " VALUES (%s, 'Guest', sha256('a'), sha256('b'), 'i', 'r')",
                    (member_id,),
                )


def test_a_rotation_beside_an_import_leaves_no_key_behind(profile: Profile) -> None:
    """Whichever is first: the import ends under the old key and is taken along, or is refused and tried again."""
    tokens, admin = profile.services(profile.actor(Role.PRODUCER)).tokens, profile.services()
    held, let_go = threading.Event(), threading.Event()

    def slow(_text: str, _language: str | None) -> tuple[()]:
        return ()

    original = conversations.add

    def add(*given: Any) -> Any:
        done = original(*given)
        held.set()
        let_go.wait(5)
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversations, "add", add)
        importing = threading.Thread(target=lambda: tokens.tokenise("p", "c", "Nothing personal.", slow))
        importing.start()
        held.wait(10)
        threading.Timer(1, let_go.set).start()
        admin.vault.rotate()
        importing.join()
    ((generation,),) = profile.rows("SELECT DISTINCT generation FROM workspace_key")
    assert profile.rows("SELECT DISTINCT generation FROM conversation") == [(generation,)]
    assert tokens.reveal("p", "c") == {}


def test_a_decision_beside_an_erasure_is_erased_too_or_refused(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    lease = _claimed(profile, agent)
    held, let_go = threading.Event(), threading.Event()
    original = outbox.add

    def add(*given: Any) -> None:
        original(*given)
        held.set()
        let_go.wait(5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "add", add)
        review = profile.services(agent).review
        deciding = threading.Thread(target=lambda: review.decide(lease, Judgement(Verdict.APPROVE), key=new_key()))
        deciding.start()
        held.wait(10)
        threading.Timer(1, let_go.set).start()
        profile.services().vault.erase(lease.item_id)
        deciding.join()
    assert profile.rows("SELECT state, final FROM decision") == [("withdrawn", None)]
    assert profile.rows("SELECT state, length(request) FROM outbox") == [("withdrawn", 0)]
    assert not profile.services().work.round().anything
    assert profile.services().ledger.verify().ok


def test_nothing_is_written_on_what_was_erased(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    lease = _claimed(profile, agent)
    services = profile.services(agent)
    services.review.save(lease.item_id, "Words.", 0)
    profile.services().vault.erase(lease.item_id)
    with _own_psql(profile, agent) as connection, pytest.raises(psycopg.Error):
        connection.execute(
            "INSERT INTO working_copy (item_id, member_id, text, cursor, saved_at) VALUES (%s, %s, 't', 0, now())",
            (lease.item_id, agent.member.id),
        )
    assert profile.rows("SELECT count(*) FROM working_copy") == [(0,)]


def test_a_decision_begun_before_the_roles_changed_does_not_commit(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    lease = _claimed(profile, agent)
    ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", agent.member.id)
    original = outbox.add

    def add(*given: Any) -> None:
        original(*given)
        Members(profile.store, profile.first).set_roles(login, frozenset({Role.AUDITOR}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "add", add)
        with pytest.raises(ReviewerError):
            profile.services(agent).review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    assert profile.rows("SELECT count(*) FROM decision") == [(0,)]


def test_a_role_that_is_gone_takes_its_lease_no_further(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    lease = _claimed(profile, agent)
    ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", agent.member.id)
    Members(profile.store, profile.first).set_roles(login, frozenset({Role.PRODUCER}))
    with _own_psql(profile, agent) as connection, pytest.raises(psycopg.Error, match="another's lease"):
        connection.execute(
            "UPDATE item SET lease_id = 'x', fence = fence + 1, lease_expires_at = now() + interval '1 minute'"
            " WHERE id = %s",
            (lease.item_id,),
        )


def test_a_rotation_goes_past_keys_that_somebody_spoiled(profile: Profile) -> None:
    item_id, kept = profile.put(), profile.put()
    profile.rows("ALTER TABLE data_key DISABLE TRIGGER USER")
    profile.rows("UPDATE data_key SET wrapped = 'spoiled' WHERE item_id = ?", item_id)
    profile.rows("ALTER TABLE data_key ENABLE TRIGGER USER")
    assert profile.services().vault.rotate() == 1
    assert profile.rows("SELECT DISTINCT generation FROM workspace_key") == [(2,)]
    assert profile.services().queue.claim(kept) is not None


_HBA = {
    "all that is needed": (
        "hostssl TEAM all 10.0.0.0/8 scram-sha-256 clientcert=verify-full\nhostnossl TEAM all all reject",
        [],
    ),
    "a later line without TLS": (
        "hostssl TEAM all 10.0.0.0/8 scram-sha-256\nhost all all all scram-sha-256",
        ["line 2: lets in without TLS"],
    ),
    "a later line without TLS, closed before": (
        "hostssl TEAM all 10.0.0.0/8 scram-sha-256\nhostnossl TEAM all all reject\nhost all all all scram-sha-256",
        [],
    ),
    "a later line without a certificate": (
        "hostssl TEAM all 10.0.0.0/8 scram-sha-256 clientcert=verify-full\nhostssl all all all scram-sha-256",
        ["line 2: lets in without the certificate that others show"],
    ),
    "trust": ("local all all trust\nhostssl TEAM all all scram-sha-256", ["line 1: lets in by 'trust'"]),
    "a line about another database": ("hostssl TEAM all all scram-sha-256\nhost other all all trust", []),
    "a line that nobody can read": ("hostssl TEAM all all magic", ['line 1: invalid authentication method "magic"']),
}


@pytest.fixture(scope="module")
def own_server() -> Iterator[Cluster]:
    with running() as cluster:
        yield cluster


@pytest.mark.parametrize("what", _HBA)
def test_the_check_names_each_line_that_admits_without_what_others_show(own_server: Cluster, what: str) -> None:
    lines, expected = _HBA[what]
    name = own_server.new_database()
    with own_server.engine(name).connect() as connection:  # what is open stays open, whatever the file says
        (own_server.data / "pg_hba.conf").write_text(lines.replace("TEAM", name) + "\n")
        assert doors(connection) == [f"pg_hba.conf, {each}" for each in expected]


def test_a_login_of_another_database_is_not_invited(profile: Profile, server: Cluster) -> None:
    assert profile.team is not None
    server.run("CREATE ROLE shared LOGIN")
    server.run("CREATE DATABASE elsewhere")
    server.run("GRANT CONNECT ON DATABASE elsewhere TO shared")
    try:
        with pytest.raises(RuleError, match="one of the database 'elsewhere'"):
            profile.team.invite("shared")
    finally:
        server.run("DROP DATABASE elsewhere")
        server.run("DROP ROLE shared")


def test_nobody_takes_an_advisory_lock(team: Team) -> None:
    assert outcome(team.psql("transcriber"), "SELECT pg_advisory_lock(7264, hashtext('x'))") == "42501"
    assert outcome(team.psql("agent"), "SELECT pg_try_advisory_xact_lock(7264000)") == "42501"
    assert outcome(team.psql("agent"), "SELECT pg_logical_emit_message(false, 'x', 'x')") == "42501"


def test_a_round_goes_on_past_a_decision_that_was_altered_and_says_so(profile: Profile) -> None:
    profile.put()
    profile.put()
    services = profile.services(holds={"sms": timedelta()})
    for _ in range(2):
        claimed = services.queue.claim()
        assert claimed is not None
        last = services.review.decide(claimed.lease, Judgement(Verdict.SKIP, note="later"), key=new_key()).decision
    profile.rows("ALTER TABLE decision DISABLE TRIGGER guard")
    profile.rows("UPDATE decision SET verdict = 'escalate' WHERE id = ?", last.id)
    profile.rows("ALTER TABLE decision ENABLE TRIGGER guard")
    with pytest.raises(LedgerBrokenError):
        services.work.round()
    assert profile.rows("SELECT state FROM decision ORDER BY state") == [("held",), ("settled",)]


@contextmanager
def _own_psql(profile: Profile, actor: Actor) -> Iterator[psycopg.Connection[Any]]:
    """Connect as a member with psql, to a database in which every commit is one."""
    assert profile.team is not None
    ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", actor.member.id)
    profile.team.cluster.run(f"ALTER ROLE {login} PASSWORD 'known'")
    connection = profile.team.cluster.connect(profile.team.name, user=login, password="known", autocommit=False)
    try:
        yield connection
    finally:
        connection.close()


def _own_entry(actor: Actor, action: str) -> bytes:
    return chained(action, None).format(workspace=actor.member.workspace_id, m_agent=actor.member.id).encode()


@pytest.mark.parametrize("limit", ["longest", "idle"])
def test_a_session_that_lasts_or_rests_too_long_sees_and_does_nothing(profile: Profile, limit: str) -> None:
    profile.put()
    services = profile.services()
    assert services.queue.overview().number() == 1
    profile.rows(f"UPDATE session_rule SET {limit} = '0'")
    assert services.queue.overview().number() == 0
    with pytest.raises(RuleError, match="too old"):
        services.queue.claim()


def test_a_removed_member_sees_nothing_from_the_next_statement_on(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    profile.put()
    services = profile.services(agent)
    assert services.queue.overview().number() == 1
    ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", agent.member.id)
    Members(profile.store, profile.first).remove(login)
    with pytest.raises(UnreachableError):
        services.queue.overview()  # that very session was ended
    profile.store_of(agent).try_now()
    assert services.queue.overview().number() == 0
    with pytest.raises(RuleError, match="no seat"):
        services.queue.claim()
    assert profile.services().ledger.verify().ok


def test_changed_roles_hold_from_the_next_statement_on(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    profile.put()
    ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", agent.member.id)
    Members(profile.store, profile.first).set_roles(login, frozenset({Role.TRANSCRIBER}))
    assert profile.services(agent).queue.overview().number() == 0
    assert profile.services().ledger.verify().ok


def test_a_transcriber_who_is_given_a_desk_gets_the_workspaces_key_once(profile: Profile) -> None:
    agent = profile.actor(Role.AGENT)
    ((login,),) = profile.rows("SELECT login FROM seat WHERE member_id = ?", agent.member.id)
    team = Members(profile.store, profile.first)
    team.set_roles(login, frozenset({Role.TRANSCRIBER}))
    profile.rows("DELETE FROM workspace_key WHERE member_id = ?", agent.member.id)  # as of one who never had it
    for roles in ({Role.AGENT}, {Role.TRANSCRIBER}, {Role.AGENT}):
        team.set_roles(login, frozenset(roles))
    with profile.store.read() as tx:
        generation = keys.newest(tx).generation
    found = profile.rows("SELECT generation FROM workspace_key WHERE member_id = ?", agent.member.id)
    assert [tuple(row) for row in found] == [(generation,)]
    profile.put()
    assert profile.services(agent).queue.claim() is not None


def test_a_rotation_leaves_nobody_a_key_of_the_old_generation(profile: Profile) -> None:
    profile.put()
    for role in (Role.AGENT, Role.CLINICIAN):
        profile.actor(role)
    profile.services().vault.rotate()
    found = profile.rows("SELECT DISTINCT generation FROM workspace_key")
    assert [tuple(row) for row in found] == [(2,)]
    assert profile.rows("SELECT count(*) FROM workspace_key")[0][0] >= 3


def test_a_login_with_settings_of_its_own_is_found(team: Team) -> None:
    connection = team.psql("agent")
    connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
    connection.commit()
    found = drift(team.engine())
    connection.execute("ALTER ROLE CURRENT_USER RESET synchronous_commit")
    connection.commit()
    assert f"the login {team.logins['agent']} has settings of its own" in found


_TAMPERED = {
    "a table that is not ours": ("CREATE TABLE spy (a int)", "the table spy is not declared"),
    "a guard switched off": ("ALTER TABLE item DISABLE TRIGGER guard", "the trigger item.guard was changed"),
    "a guard dropped": ("DROP TRIGGER whole ON decision", "the trigger decision.whole is missing"),
    "a guard replaced": (
        "CREATE OR REPLACE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "the function never() was changed",
    ),
    "a policy widened": ("ALTER POLICY shared ON item USING (true)", "the policy item.shared was changed"),
    "a policy added": ("CREATE POLICY spy ON content USING (true)", "the policy content.spy is not ours"),
    "policies switched off": ("ALTER TABLE content DISABLE ROW LEVEL SECURITY", "the table content was changed"),
    "policies not forced": ("ALTER TABLE content NO FORCE ROW LEVEL SECURITY", "the table content was changed"),
    "a right given": ("GRANT DELETE ON entry TO reviewer_member", "the table entry was changed"),
    "a right to a column given": (
        "GRANT SELECT (final) ON decision TO PUBLIC",
        "the column decision.final was changed",
    ),
    "a function opened": ("GRANT EXECUTE ON FUNCTION own_seat() TO PUBLIC", "the function own_seat() was changed"),
    "a constraint dropped": (
        "ALTER TABLE item DROP CONSTRAINT ck_item_lease_while_leased",
        "the constraint item.ck_item_lease_while_leased is missing",
    ),
    "a rule added": ("CREATE RULE spy AS ON INSERT TO entry DO ALSO NOTIFY spy", "the rule entry.spy is not ours"),
    "a view opened": ("ALTER VIEW decision_text RESET (security_barrier)", "the view decision_text was changed"),
    "a kind changed": (
        "UPDATE kind_rule SET roles = '{agent}' WHERE kind = 'clinical_note'",
        "the kind clinical_note was changed",
    ),
}


@pytest.mark.parametrize("what", _TAMPERED)
def test_tampering_is_found_by_the_check(profile: Profile, server: Cluster, what: str) -> None:
    assert profile.team is not None
    engine = server.engine(profile.team.name)
    tampering, said = _TAMPERED[what]
    profile.rows(tampering)
    assert said in drift(engine)


def test_the_check_finds_nothing_where_nothing_was_changed(profile: Profile, server: Cluster) -> None:
    assert profile.team is not None
    profile.put()
    found = drift(server.engine(profile.team.name))
    assert [each for each in found if not _of_the_tests_server(each)] == []


def _of_the_tests_server(found: str) -> bool:
    """Tell whether this is about what makes the tests' server quick, or about a login of another test."""
    return found.startswith(("fsync is", "full_page_writes is")) or "settings of its own" in found
