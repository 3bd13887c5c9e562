"""The database's administrator, with the file's key but nobody's identity, edits rows: noticed, or without effect."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reviewer.crypto import DataKey, FieldPlace, Identity, WorkspaceKey
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Verdict
from reviewer.domain.errors import KeysUnavailableError, LedgerBrokenError, ReviewerError, RuleError, SealBrokenError
from reviewer.domain.events import Action
from reviewer.domain.items import ItemId
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Actor, Role
from reviewer.ledger import SignedEntry
from reviewer.ledger.canonical import dumps, loads
from reviewer.ledger.entries import message
from reviewer.storage import keys
from tests.factories import JUDGEMENTS, SIGNED, Profile, line, new_key
from tests.security.full_desk import content_of, everything

Attack = Callable[[Profile], None]
_AT_ONCE = dict.fromkeys(KINDS, timedelta(0))
_FORGER = Identity.new()


def _decide(profile: Profile, verdict: Verdict = Verdict.APPROVE, *, by: Actor | None = None, **changed: Any) -> ItemId:
    """Import an item and decide it; its hold is over at once."""
    item_id, services = profile.put(**changed), profile.services(by, holds=_AT_ONCE)
    claimed = services.queue.claim(item_id)
    assert claimed is not None
    attestation = SIGNED if KINDS[claimed.item.kind].signed else None
    services.review.decide(claimed.lease, JUDGEMENTS[verdict], key=new_key(), attestation=attestation)
    return item_id


def _settled(profile: Profile, verdict: Verdict = Verdict.APPROVE, **how: Any) -> ItemId:
    item_id = _decide(profile, verdict, **how)
    profile.services().work.round()
    return item_id


def _some_work(profile: Profile) -> None:
    for number, verdict in enumerate(JUDGEMENTS):
        _settled(profile, verdict, id=f"item-{number}")
    profile.services().ledger.checkpoint()


# ---- Entries


def _edit_last(column: str, value: object) -> Attack:
    def edit(profile: Profile) -> None:
        profile.rows(f"UPDATE entry SET {column} = ? WHERE seq = (SELECT max(seq) FROM entry)", value)

    return edit


def _edit_decided(column: str, value: object) -> Attack:
    def edit(profile: Profile) -> None:
        chosen = "SELECT min(seq) FROM entry WHERE action = 'decided'"
        profile.rows(f"UPDATE entry SET {column} = {value} WHERE seq = ({chosen})")

    return edit


def _delete(which: str) -> Attack:
    def delete(profile: Profile) -> None:
        profile.rows(f"DELETE FROM entry WHERE seq = (SELECT {which}(seq) FROM entry)")

    return delete


def _delete_middle(profile: Profile) -> None:
    profile.rows("DELETE FROM entry WHERE seq = 10")


def _delete_tail(profile: Profile) -> None:
    profile.rows("DELETE FROM entry WHERE seq > 20")
    profile.rows("DELETE FROM checkpoint")


def _renumber(profile: Profile) -> None:
    profile.rows("DELETE FROM entry WHERE seq = 10")
    for (seq,) in profile.rows("SELECT seq FROM entry WHERE seq > 10 ORDER BY seq"):
        profile.rows("UPDATE entry SET seq = ? WHERE seq = ?", seq - 1, seq)


def _swap(profile: Profile) -> None:
    for old, new in ((11, -1), (12, 11), (-1, 12)):
        profile.rows("UPDATE entry SET seq = ? WHERE seq = ?", new, old)


def _double(profile: Profile) -> None:
    columns = "hash, body, signature, at, action, item_id"
    profile.rows(
        f"INSERT INTO entry (actor, number, {columns}) SELECT actor, number + 1000, {columns} FROM entry WHERE seq = 12"
    )


def _change_verdict(profile: Profile) -> None:
    """Make a rejection an approval, spelled as the program spells it, under the old signature."""
    ((seq, body),) = profile.rows("SELECT seq, body FROM entry WHERE action = 'decided' ORDER BY seq LIMIT 1")
    fields = loads(body)
    assert isinstance(fields, dict)
    profile.rows("UPDATE entry SET body = ? WHERE seq = ?", dumps(fields | {"verdict": "reject"}), seq)


def _chain_anew(profile: Profile) -> None:
    """Change a verdict and make the rest of the chain fit, signed with a key of one's own."""
    rows = profile.rows("SELECT seq, body FROM entry ORDER BY seq")
    previous, changed = None, False
    for seq, body in rows:
        fields = loads(body)
        assert isinstance(fields, dict)
        if fields["action"] == "decided" and not changed:
            fields["verdict"], changed = "reject", True
        elif not changed:
            continue
        if previous is not None:
            fields["previous"] = previous
        signed = SignedEntry(dumps(fields), _FORGER.sign(message(dumps(fields))))
        previous = signed.hash.hex()
        values = (signed.body, signed.signature, signed.hash, seq)
        profile.rows("UPDATE entry SET body = ?, signature = ?, hash = ? WHERE seq = ?", *values)
    profile.rows("DELETE FROM checkpoint")


def _sign_as_the_forger(profile: Profile) -> None:
    """The same, and the member's key in the table replaced by the forger's."""
    _chain_anew(profile)
    profile.rows("UPDATE member SET sign_key = ?", _FORGER.public.sign)


_ON_ENTRIES: dict[str, Attack] = {
    "the first deleted": _delete("min"),
    "one in the middle deleted": _delete_middle,
    "the last deleted": _delete("max"),
    "the end deleted with its checkpoints": _delete_tail,
    "one deleted and the rest renumbered": _renumber,
    "two swapped": _swap,
    "one doubled": _double,
    "a verdict changed": _change_verdict,
    "a verdict changed and chained anew": _chain_anew,
    "a verdict changed, chained anew and the member's key replaced": _sign_as_the_forger,
    "a signature damaged": _edit_decided("signature", "zeroblob(64)"),
    "a body emptied": _edit_decided("body", "x''"),
    "a hash changed": _edit_decided("hash", "zeroblob(32)"),
    "listed under another action": _edit_decided("action", "'opened'"),
    "listed as another member's": _edit_decided("actor", "'nobody'"),
    "listed under another number": _edit_decided("number", "number + 5000"),
    "listed at another time": _edit_decided("at", "at - 86400000"),
    "taken out of its item's story": _edit_decided("item_id", "NULL"),
    "put into another item's story": _edit_decided("item_id", "(SELECT max(id) FROM item)"),
}


@pytest.mark.parametrize("attack", _ON_ENTRIES, ids=lambda name: name.replace(" ", "_"))
def test_every_edit_of_an_entry_is_noticed_by_verifying_and_on_the_way(profile: Profile, attack: str) -> None:
    _some_work(profile)
    ledger = profile.services().ledger
    ledger.checkpoint()
    assert ledger.verify().ok
    _ON_ENTRIES[attack](profile)
    assert not ledger.verify().ok
    with pytest.raises(LedgerBrokenError):
        profile.services().ledger.checkpoint()


def test_nothing_the_page_lists_differs_from_what_was_signed(profile: Profile) -> None:
    _some_work(profile)
    profile.rows("UPDATE entry SET actor = 'nobody', number = number + 9000 WHERE action = 'decided'")
    report = profile.services().ledger.verify()
    assert report.why is not None
    assert "lists" in report.why


# ---- Decisions


@pytest.mark.parametrize(
    ("made", "shown"),
    [(made, shown) for made in JUDGEMENTS for shown in JUDGEMENTS if made is not shown],
    ids=lambda verdict: verdict.value,
)
def test_a_verdict_changed_in_its_row_takes_no_effect(profile: Profile, made: Verdict, shown: Verdict) -> None:
    _decide(profile, made)
    profile.rows("UPDATE decision SET verdict = ?", shown.value)
    with pytest.raises(LedgerBrokenError):
        profile.services().work.round()
    assert profile.files("sent") == profile.files("returned") == {}


def test_a_withdrawn_decision_brought_back_in_its_rows_does_not_leave(profile: Profile) -> None:
    item_id = _decide(profile)
    profile.rows("UPDATE decision SET hold_until = hold_until + 86400000")
    profile.services().review.withdraw(item_id)
    profile.rows("UPDATE decision SET state = 'settled'")
    profile.rows("UPDATE outbox SET state = 'held', due_at = 0")
    with pytest.raises(LedgerBrokenError):
        profile.services().work.round()
    assert profile.files() == {}


def test_a_request_sent_back_is_not_delivered_elsewhere(profile: Profile) -> None:
    _decide(profile, Verdict.RESPOND)
    profile.rows("UPDATE outbox SET destination = 'sent'")
    with pytest.raises(LedgerBrokenError):
        profile.services().work.round()
    assert profile.files("sent") == profile.files("returned") == {}


def test_a_request_made_up_has_no_decision_behind_it(profile: Profile) -> None:
    claimed = profile.services().queue.claim(profile.put())
    assert claimed is not None
    other = _settled(profile)
    profile.rows(
        "INSERT INTO decision SELECT 'made-up', ?, member_id, lease_id, fence, 'k', 'approve', NULL, NULL, final,"
        " decided_at, hold_until, 'settled', NULL FROM decision WHERE item_id = ?",
        claimed.item.id,
        other,
    )
    profile.rows("INSERT INTO outbox SELECT 'made-up', 'sent', 'held', request, 0, 0, NULL, NULL, NULL FROM outbox")
    with pytest.raises(ReviewerError):
        profile.services().work.round()
    assert len(profile.files()) == 1


_ON_SIGNATURES = {
    "signed by a colleague": "UPDATE decision SET member_id = (SELECT id FROM member WHERE name != 'First')",
    "signed at another time": "UPDATE decision SET decided_at = decided_at - 86400000",
    "an addendum instead of the final": "UPDATE decision SET verdict = 'addendum'",
    "edited instead of approved": "UPDATE decision SET verdict = 'approve_with_edits'",
}


@pytest.mark.parametrize("attack", _ON_SIGNATURES, ids=lambda name: name.replace(" ", "_"))
def test_a_signed_final_is_shown_as_it_was_signed_or_not_at_all(profile: Profile, attack: str) -> None:
    profile.actor(Role.CLINICIAN)
    item_id = _settled(profile, kind="clinical_note")
    shown = profile.services().review.read_signed(item_id)
    assert (shown.final.name, shown.addenda) == ("First", ())
    profile.rows(_ON_SIGNATURES[attack])
    with pytest.raises((LedgerBrokenError, RuleError)):
        profile.services().review.read_signed(item_id)


def _seal_anew(profile: Profile, item_id: ItemId, place: tuple[str, str, str], change: Callable[[str], str]) -> None:
    """Seal another text in place of one, as any member can who has the workspace's key and the file's."""
    table, row, column = place
    name = "decision_id" if table == "outbox" else "id"
    ((sealed,),) = profile.rows(f"SELECT {column} FROM {table} WHERE {name} = ?", row)
    with profile.store.read() as tx:
        anew = keys.seal(tx, item_id, place, change(keys.unseal(tx, item_id, place, sealed)))
    profile.rows(f"UPDATE {table} SET {column} = ? WHERE {name} = ?", anew, row)


def test_a_signed_final_sealed_anew_by_a_colleague_is_not_shown_as_signed(profile: Profile) -> None:
    item_id = _settled(profile, kind="clinical_note")
    ((decision,),) = profile.rows("SELECT id FROM decision")
    _seal_anew(profile, item_id, ("decision", decision, "final"), lambda final: f"{final} Not.")
    with pytest.raises(LedgerBrokenError):
        profile.services().review.read_signed(item_id)


@pytest.mark.parametrize(("said", "forged"), [("nine", "ten"), ("+12025550107", "+12025550199"), ("First", "Second")])
def test_a_request_sealed_anew_by_a_colleague_does_not_leave(profile: Profile, said: str, forged: str) -> None:
    item_id = _decide(profile, kind="clinical_note", recipient="+12025550107")
    ((decision,),) = profile.rows("SELECT id FROM decision")
    assert said in profile.requests()[decision].decode()
    _seal_anew(profile, item_id, ("outbox", decision, "request"), lambda request: request.replace(said, forged))
    with pytest.raises(LedgerBrokenError):
        profile.services().work.round()
    assert profile.files() == {}


def test_a_rejected_note_cannot_be_made_a_signed_one(profile: Profile) -> None:
    item_id = _settled(profile, Verdict.REJECT, kind="clinical_note")
    profile.rows("UPDATE decision SET verdict = 'approve'")
    with pytest.raises(LedgerBrokenError):
        profile.services().review.read_signed(item_id)
    with pytest.raises(LedgerBrokenError):
        profile.services().review.add_addendum(item_id, "More.", Attestation(), key=new_key())


# ---- Ciphertexts and data keys


def _swap_columns(profile: Profile, one: ItemId, other: ItemId) -> None:
    profile.rows("UPDATE content SET draft = source, source = draft WHERE item_id = ?", one)


def _swap_rows(profile: Profile, one: ItemId, other: ItemId) -> None:
    others = "(SELECT draft FROM content WHERE item_id = ?)"
    profile.rows(f"UPDATE content SET draft = {others} WHERE item_id = ?", other, one)


def _swap_keys(profile: Profile, one: ItemId, other: ItemId) -> None:
    """Move the other conversation here whole, its key included."""
    for table, columns in (("content", "draft, source, recipient"), ("data_key", "key_id, generation, wrapped")):
        profile.rows(
            f"UPDATE {table} SET ({columns}) = (SELECT {columns} FROM {table} WHERE item_id = ?) WHERE item_id = ?",
            other,
            one,
        )


def _own_key(profile: Profile, one: ItemId, other: ItemId) -> None:
    """Seal another draft under a key of one's own, wrapped under a workspace key of one's own."""
    workspace = str(profile.first.member.workspace_id)
    made, key = WorkspaceKey.new(workspace, 1), DataKey.new(one)
    sealed = key.seal(FieldPlace(workspace, "content", one, "draft"), b"Forged.")
    profile.rows("UPDATE content SET draft = ? WHERE item_id = ?", sealed, one)
    profile.rows("UPDATE data_key SET key_id = ?, wrapped = ? WHERE item_id = ?", key.id, made.wrap(key), one)


def _flip_a_bit(profile: Profile, one: ItemId, other: ItemId) -> None:
    ((sealed,),) = profile.rows("SELECT draft FROM content WHERE item_id = ?", one)
    damaged = sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:]
    profile.rows("UPDATE content SET draft = ? WHERE item_id = ?", damaged, one)


@pytest.mark.parametrize("attack", [_swap_columns, _swap_rows, _swap_keys, _own_key, _flip_a_bit])
def test_content_moved_or_forged_does_not_open(
    profile: Profile, attack: Callable[[Profile, ItemId, ItemId], None]
) -> None:
    one, other = profile.put(recipient="+12025550107"), profile.put(draft="Another.", recipient="+12025550108")
    attack(profile, one, other)
    with pytest.raises(SealBrokenError):
        profile.services().queue.claim(one)
    assert content_of(profile.store, other) is not None


def test_what_was_decided_cannot_be_exchanged_among_its_own_fields(profile: Profile) -> None:
    item_id = _settled(profile, Verdict.SKIP)
    ((decision, note),) = profile.rows("SELECT id, note FROM decision")
    profile.rows("UPDATE decision SET final = note")
    with pytest.raises(SealBrokenError):
        everything(profile.store)
    profile.rows("UPDATE decision SET final = NULL, note = (SELECT draft FROM content)")
    with pytest.raises(SealBrokenError):
        everything(profile.store)
    assert (item_id, bool(decision), bool(note)) == (item_id, True, True)


# ---- Members and their keys


def _own_generation(profile: Profile, generation: int) -> WorkspaceKey:
    """Seal a workspace key of one's own to the member, whose public key everybody knows."""
    member = profile.first.member
    made = WorkspaceKey.new(member.workspace_id, generation)
    sealed = made.seal_to(member.id, profile.store.keys.identity.public)
    profile.rows(
        "INSERT OR REPLACE INTO workspace_key VALUES (?, ?, ?, ?, 0)", generation, member.id, made.fingerprint, sealed
    )
    return made


@pytest.mark.parametrize("generation", [1, 2])
def test_a_workspace_key_that_the_ledger_does_not_name_is_refused_at_unlock(profile: Profile, generation: int) -> None:
    _own_generation(profile, generation)
    with pytest.raises((LedgerBrokenError, SealBrokenError)):
        profile.access.unlock()


def test_a_workspace_key_slipped_in_while_the_desk_is_open_seals_nothing(profile: Profile) -> None:
    slipped = _own_generation(profile, 2)
    with pytest.raises((LedgerBrokenError, SealBrokenError, KeysUnavailableError)):
        profile.put()
    wrapped = profile.rows("SELECT wrapped, item_id, key_id FROM data_key")
    for each in wrapped:
        with pytest.raises(SealBrokenError):
            slipped.unwrap(*each)


def test_rotation_seals_to_the_keys_that_the_ledger_names(profile: Profile) -> None:
    member = profile.actor(Role.AGENT)
    profile.put()
    profile.rows("UPDATE member SET receive_key = ? WHERE id = ?", _FORGER.public.receive, member.member.id)
    try:
        profile.services().vault.rotate()
    except LedgerBrokenError:
        return
    owner = profile.services(member)
    assert owner.queue.claim() is not None  # whoever should read, reads
    for (sealed,) in profile.rows("SELECT sealed FROM workspace_key WHERE member_id = ?", member.member.id):
        with pytest.raises(SealBrokenError):
            _FORGER.open(sealed, b"")


_ON_MEMBERS = {
    "another key to sign with": ("sign_key", _FORGER.public.sign),
    "another key to receive with": ("receive_key", _FORGER.public.receive),
    "other roles": ("roles", json.dumps(["agent"])),
}


@pytest.mark.parametrize("attack", _ON_MEMBERS, ids=lambda name: name.replace(" ", "_"))
def test_a_members_row_that_differs_from_the_ledger_is_refused_at_unlock(profile: Profile, attack: str) -> None:
    column, value = _ON_MEMBERS[attack]
    profile.rows(f"UPDATE member SET {column} = ?", value)
    with pytest.raises(LedgerBrokenError):
        profile.access.unlock()


def test_an_agent_does_not_become_a_clinician_by_a_row(profile: Profile) -> None:
    ((roles,),) = profile.rows("SELECT roles FROM member")
    assert "clinician" in roles
    profile.rows("UPDATE member SET roles = ?", json.dumps(["agent", "admin"]))
    with pytest.raises(LedgerBrokenError):
        profile.access.unlock()


def test_a_ledger_made_up_as_a_whole_is_noticed(profile: Profile) -> None:
    """The entries of another workspace, made by the forger, in place of ours."""
    profile.services().ledger.checkpoint()
    profile.rows("DELETE FROM entry")
    profile.rows("DELETE FROM checkpoint")
    with pytest.raises(LedgerBrokenError):
        profile.access.unlock()


def test_an_entry_in_a_colleagues_name_is_not_theirs(profile: Profile) -> None:
    """A member signs, with their own key, an entry that names a colleague."""
    colleague = profile.actor(Role.CLINICIAN)
    with pytest.raises(RuntimeError), profile.store.write(colleague) as tx:
        tx.record(Action.OPENED, "item")
    assert profile.services().ledger.verify().ok


def test_an_honest_workspace_raises_no_alarm(profile: Profile) -> None:
    _some_work(profile)
    profile.actor(Role.AGENT)
    profile.services().vault.rotate()
    item_id = _settled(profile, kind="clinical_note")
    profile.services(holds=_AT_ONCE).review.add_addendum(item_id, "More.", Attestation(), key=new_key())
    profile.services().work.round()
    assert len(profile.services().review.read_signed(item_id).addenda) == 1
    profile.services().ledger.checkpoint()
    assert profile.services().ledger.verify().ok
    profile.access.unlock().store.close()
    assert profile.take(line(), line()).imported == 2
