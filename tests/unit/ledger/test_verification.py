"""A ledger that is whole verifies, and the report says how far and by what; who may sign what is in the ledger."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from reviewer.crypto import Identity
from reviewer.ledger import (
    START,
    ChainHead,
    Checkpoint,
    Entry,
    Report,
    SignatureDepth,
    SignedEntry,
    TreeHead,
    Witness,
    canonical,
    verify,
)
from reviewer.ledger.checkpoints import MalformedCheckpointError
from reviewer.ledger.entries import MalformedEntryError, parse
from tests.ledgers import FOUNDER, WORKSPACE, Book, check, public_keys, reviewed
from tests.verifier import alone


def _judge(book: Book, **given: Any) -> Report:
    """Verify with both implementations, which must agree on what is wrong."""
    report = verify(book.entries, check=check, checkpoints=book.checkpoints, **given)
    quick = verify(
        book.entries,
        check=check,
        checkpoints=book.checkpoints,
        depth=SignatureDepth.LAST_OF_EACH_CHAIN,
        **given,
    )
    assert (quick.ok, quick.first_bad, quick.why) == (report.ok, report.first_bad, report.why)
    if not given:
        pairs = [(signed.body.decode(), signed.signature) for signed in book.entries]
        try:
            alone.verify_whole(pairs, map(alone.Checkpoint, book.checkpoints))
            line = None
        except alone.Broken as broken:
            line = broken.line
        assert line == report.first_bad
    return report


def test_a_whole_ledger_verifies() -> None:
    book = reviewed(120, checkpoint_every=50).book
    report = _judge(book, witnesses=[book.witness("ann", "ben")], founder=book.founder)
    assert report.ok
    assert (report.entries, report.anchored, report.signatures) == (120, 120, 120)
    assert report.as_json() == {
        "ok": True,
        "entries": 120,
        "head": {"size": 120, "root": report.head.root.hex()},
        "anchored": 120,
        "signatures_checked": 120,
        "signatures": "every signature",
        "founder": book.founder.hex(),
    }


def test_entries_that_no_checkpoint_covers_yet_are_counted() -> None:
    book = reviewed(50).book
    book.write("ann", "claimed", object="item")
    report = _judge(book)
    assert (report.ok, report.entries, report.anchored) == (True, 51, 50)


def test_progress_is_told() -> None:
    book, told = Book(), list[int]()
    signed = book.entries[0]
    verify([signed] * 3, check=lambda _: None, progress=told.append)
    assert told == []  # fewer than a batch
    for number in range(4_100):
        entry = book.draft(FOUNDER, "claimed", object=str(number)).sign(lambda _: bytes(64))
        book.heads[FOUNDER] = ChainHead(number + 2, entry.hash.hex())
        book.entries.append(entry)
    assert verify(book.entries, check=lambda _: None, progress=told.append).ok
    assert told == [4_000]


def test_an_empty_ledger_is_a_broken_one() -> None:
    report = verify([], check=check)
    assert (report.ok, report.first_bad) == (False, 1)


def test_an_erased_conversation_leaves_its_proofs_and_nothing_to_match_them_with() -> None:
    story = reviewed(60)
    digest = next(Entry.read(each.body) for each in story.book.entries if b'"opened"' in each.body).before
    assert digest is not None
    assert story.key.has_digest("draft", "Draft é".encode(), digest["draft"])
    story.book.write("cat", "erased", object="conversation-1", details={"key": story.key.id})
    del story.key
    story.book.checkpoint()
    assert _judge(story.book).ok


# Members


def test_a_member_is_known_from_the_entry_that_adds_them() -> None:
    book = Book()
    book.identities["ann"] = Identity.new()
    book.write("ann", "claimed")
    assert _judge(book).first_bad == 2
    book = Book()
    book.add_member("ann", "agent")
    book.write("ann", "claimed")
    assert _judge(book).ok


def test_only_an_admin_adds_changes_or_removes_members_and_makes_keys() -> None:
    for action, details in (
        ("member_added", {"member": "eve", "roles": ["admin"], **public_keys(Identity.new())}),
        ("member_changed", {"member": "ann", "roles": ["admin"], "after": 2}),
        ("member_changed", {"member": "ann", "roles": ["admin"], "after": 1}),
        ("member_removed", {"member": FOUNDER, "after": 9}),
        ("member_keys_changed", {"member": FOUNDER, "after": 9, **public_keys(Identity.new())}),
        ("workspace_key_made", {"generation": 1, "fingerprint": "00"}),
    ):
        book = Book()
        book.add_member("ann", "agent")
        book.write("ann", "claimed")
        book.write("ann", action, details=details)
        report = _judge(book)
        assert (report.first_bad, report.ok) == (4, False)
        assert "admin" in str(report.why)


def test_a_founder_without_the_role_of_an_admin_makes_the_first_key_only() -> None:
    book = Book(roles=("agent",))
    book.write(FOUNDER, "workspace_key_made", details={"generation": 1, "fingerprint": "00"})
    assert _judge(book).ok
    book.write(FOUNDER, "workspace_key_made", details={"generation": 2, "fingerprint": "01"})
    assert _judge(book).first_bad == 3


def test_a_role_holds_from_the_number_that_the_change_names() -> None:
    book = Book()
    book.add_member("ann", "admin")
    book.add_member("ben", "agent", by="ann")
    book.write(FOUNDER, "member_changed", details={"member": "ann", "roles": ["agent"], "after": 1})
    book.write("ann", "claimed")
    assert _judge(book).ok
    book.add_member("cat", "agent", by="ann")
    assert _judge(book).first_bad == 6


def test_a_removed_member_signs_nothing_after_the_number_that_the_removal_names() -> None:
    book = Book()
    book.add_member("ann", "agent")
    book.write("ann", "claimed")
    book.write(FOUNDER, "member_removed", details={"member": "ann", "after": 2})
    book.write("ann", "released")  # committed before the removal, settled after it
    assert _judge(book).ok
    book.write("ann", "claimed")
    assert _judge(book).first_bad == 6


def test_a_removal_cannot_undo_what_was_signed_before() -> None:
    book = Book()
    book.add_member("ann", "agent")
    for _ in range(3):
        book.write("ann", "claimed")
    book.write(FOUNDER, "member_removed", details={"member": "ann", "after": 2})
    assert _judge(book).first_bad == 6


def test_a_member_replaces_their_own_keys() -> None:
    book = Book()
    book.add_member("ann", "agent")
    book.write("ann", "claimed")
    new = Identity.new()
    book.write("ann", "member_keys_changed", details={"member": "ann", "after": 2, **public_keys(new)})
    old, book.identities["ann"] = book.identities["ann"], new
    book.write("ann", "released")
    book.checkpoint("ann")
    assert _judge(book).ok
    book.write("ann", "claimed", by=old)
    assert _judge(book).first_bad == 6


def _with_unsigned(*actions: str, **details: Any) -> Book:
    """Return a ledger with entries of ann's that she did not sign, and work of everybody's after them."""
    book = Book()
    book.add_member("ann", "admin")
    book.write("ann", "claimed")
    for action in actions:
        book.write("ann", action, by=Identity.new(), **details)
    book.write("ann", "released")
    book.write(FOUNDER, "claimed")
    book.checkpoint()
    return book


def test_an_entry_that_its_actor_did_not_sign_is_named_and_stops_nobody_else() -> None:
    book = _with_unsigned("opened", "opened")
    report = verify(book.entries, check=check, checkpoints=book.checkpoints, witnesses=[book.witness("ann")])
    assert (report.ok, report.stands, report.first_bad, report.flawed) == (False, True, 4, (4, 5))
    assert (report.entries, report.anchored) == (7, 7)
    assert report.why == "Entry 4 is wrong: its signature is not its actor's. So are 1 others."
    with pytest.raises(alone.Broken) as broken:
        alone.verify_whole([(each.body.decode(), each.signature) for each in book.entries], ())
    assert (broken.value.line, broken.value.flawed, broken.value.rest_holds) == (4, [4, 5], True)


def test_one_that_says_who_may_sign_is_not_passed() -> None:
    book = _with_unsigned("member_added", details={"member": "ben", "roles": ["agent"], **public_keys(Identity.new())})
    report = verify(book.entries, check=check, checkpoints=book.checkpoints)
    assert (report.ok, report.stands, report.first_bad, report.flawed) == (False, False, 4, ())
    with pytest.raises(alone.Broken) as broken:
        alone.verify_whole([(each.body.decode(), each.signature) for each in book.entries], ())
    assert (broken.value.line, broken.value.rest_holds) == (4, False)


def test_an_entry_altered_after_it_was_signed_is_no_flaw_of_its_actor() -> None:
    book = reviewed(60, checkpoint_every=100).book
    book.entries[20] = replace(book.entries[20], signature=bytes(64))
    report = verify(book.entries, check=check, checkpoints=book.checkpoints)
    assert (report.ok, report.stands, report.first_bad) == (False, False, 21)


def test_however_many_are_unsigned_each_is_checked_once_more_at_most() -> None:
    book = _with_unsigned(*["opened"] * 300)
    checked = 0

    def counting(batch: Any) -> int | None:
        nonlocal checked
        checked += len(batch)
        return check(batch)

    report = verify(book.entries, check=counting)
    assert (len(report.flawed), report.first_bad) == (100, 4)
    assert checked <= 2 * len(book.entries)


def test_a_checkpoint_that_no_member_signed_hides_no_change_and_no_good_one() -> None:
    book = reviewed(40).book
    head = TreeHead(30, bytes(32))
    forged = Checkpoint.make(WORKSPACE, head, book.now, signer="ann", public=bytes(32), sign=Identity.new().sign)
    report = verify(book.entries, check=check, checkpoints=[forged.note, *book.checkpoints])
    assert (report.ok, report.first_bad, report.entries, report.anchored) == (False, None, 40, 40)
    assert "is not signed by a member" in str(report.why)
    with pytest.raises(alone.Broken, match="is not signed by a member"):
        alone.verify_whole(
            [(each.body.decode(), each.signature) for each in book.entries],
            map(alone.Checkpoint, [forged.note, *book.checkpoints]),
        )


def test_an_admin_replaces_the_keys_of_who_lost_their_device() -> None:
    book = Book()
    book.add_member("ann", "agent")
    book.write("ann", "claimed")
    new = Identity.new()
    details = {"member": "ann", "after": 1, **public_keys(new)}
    book.write(FOUNDER, "member_keys_changed", details=details)
    book.identities["ann"] = new
    book.write("ann", "released")
    assert _judge(book).ok


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ("member_added", {"roles": "admin"}),
        ("member_added", {"roles": [1]}),
        ("member_added", {"sign": "AAAA"}),
        ("member_added", {"receive": "?"}),
        ("member_added", {"sign": None}),
        ("member_added", {"member": FOUNDER}),
        ("member_added", {"member": ""}),
        ("member_changed", {"member": "nobody"}),
        ("member_changed", {"after": True}),
        ("member_changed", {"after": -1}),
        ("workspace_key_made", {"generation": 2}),
        ("workspace_key_made", {"generation": 1, "fingerprint": None}),
        ("workspace_made", {}),
    ],
)
def test_a_malformed_change_is_refused(action: str, changed: dict[str, Any]) -> None:
    book = Book()
    details: dict[str, Any] = {"member": "eve", "roles": ["agent"], "after": 3, "fingerprint": "00", "generation": 1}
    details |= public_keys(Identity.new()) | changed
    book.write(FOUNDER, action, details={name: value for name, value in details.items() if value is not None})
    assert _judge(book).first_bad == 2


def test_generations_of_the_workspaces_key_follow_each_other() -> None:
    book = Book()
    for generation in (1, 2):
        book.write(FOUNDER, "workspace_key_made", details={"generation": generation, "fingerprint": "00"})
    assert _judge(book).ok
    book.write(FOUNDER, "workspace_key_made", details={"generation": 2, "fingerprint": "11"})
    assert _judge(book).first_bad == 4


def test_a_ledger_begins_with_the_founders_own_entry() -> None:
    book = Book()
    for entry in (
        book.draft(FOUNDER, "claimed"),
        replace(Entry.read(book.entries[0].body), number=2),
        replace(Entry.read(book.entries[0].body), actor="another"),
        replace(Entry.read(book.entries[0].body), action="member_added"),
        replace(Entry.read(book.entries[0].body), previous="1" * 64),
    ):
        broken = Book()
        broken.entries = [entry.sign(book.identities[FOUNDER].sign)]
        assert _judge(broken).first_bad == 1


# Entries


def test_an_entry_reads_back_as_it_was_written() -> None:
    book = Book()
    fields: dict[str, Any] = {
        "object": "item",
        "before": {"draft": "x"},
        "after": {"final": "y"},
        "model": {"name": "scribe"},
        "input": "z",
        "verdict": "approve",
        "meaning": "signed",
        "consent": {"state": "given"},
        "details": {"list": [1, None, True, "é"], "deep": {"er": 1}},
    }
    entry = book.draft(FOUNDER, "decided", **fields)
    assert Entry.read(entry.body()) == entry
    bare = book.draft(FOUNDER, "opened")
    assert Entry.read(bare.body()) == bare
    assert b"null" not in bare.body()


def test_a_naive_instant_or_a_fraction_is_not_recorded() -> None:
    book = Book()
    with pytest.raises(ValueError, match="naive"):
        book.draft(FOUNDER, "opened", at=datetime(2026, 1, 1)).body()  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="type float"):
        book.draft(FOUNDER, "opened", details={"share": 0.5}).body()


@pytest.mark.parametrize(
    "changed",
    [
        {"format": 2},
        {"format": True},
        {"format": None},
        {"number": 0},
        {"number": True},
        {"number": "1"},
        {"previous": "0" * 63},
        {"previous": "A" * 64},
        {"at": "2026-01-01T00:00:00Z"},
        {"at": "2026-01-01 00:00:00.000Z"},
        {"actor": ""},
        {"desk": 5},
        {"workspace": None},
        {"details": []},
        {"object": "x" * 70_000},
    ],
)
def test_what_is_no_entry_is_refused_by_both_readers(changed: dict[str, Any]) -> None:
    fields = parse(Book().entries[0].body) | changed
    body = canonical.dumps(fields)
    with pytest.raises(MalformedEntryError):
        parse(body)
    with pytest.raises(alone.Broken):
        alone.read_entry(body.decode())


def test_the_start_of_a_chain_is_spelled_out() -> None:
    assert Entry.read(Book().entries[0].body).previous == START.hash == "0" * 64


# Checkpoints


def test_a_checkpoint_reads_back_as_it_was_signed() -> None:
    book = Book()
    made = Checkpoint.read(book.checkpoint())
    assert made.workspace == WORKSPACE
    assert made.signer == FOUNDER
    assert made.note.startswith(f"reviewer.ledger/{WORKSPACE}\n1\n")
    assert made.message.endswith(b"Z\n")
    assert made.is_hinted(book.founder)
    assert not made.is_hinted(Identity.new().public.sign)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n1\n", "\n01\n"),
        ("\n1\n", "\n0\n"),
        ("\n1\n", "\n-1\n"),
        ("time ", "time"),
        ("reviewer.ledger/", "other/"),
        ("\n\n", "\n"),
        ("\n\n", "\nmore\n\n"),
        ("— ", "- "),
        ("=\n", "\n"),
        ("=\n", "==\n"),
    ],
)
def test_what_is_no_checkpoint_is_refused_by_both_readers(old: str, new: str) -> None:
    note = Book().checkpoint().replace(old, new)
    with pytest.raises(MalformedCheckpointError):
        Checkpoint.read(note)
    with pytest.raises(alone.Broken):
        alone.Checkpoint(note)


def test_every_changed_bit_of_a_checkpoint_is_noticed() -> None:
    book = Book()
    note = book.checkpoint().encode()
    for bit in range(8 * len(note)):
        changed = bytearray(note)
        changed[bit // 8] ^= 1 << bit % 8
        text = bytes(changed).decode("utf-8", "replace")
        assert not verify(book.entries, check=check, checkpoints=[text]).ok
        with pytest.raises(alone.Broken):
            alone.verify_whole([(e.body.decode(), e.signature) for e in book.entries], [alone.Checkpoint(text)])


def test_a_checkpoint_by_nobody_of_the_workspace_proves_nothing() -> None:
    book = reviewed(20).book
    book.identities["eve"] = Identity.new()
    book.checkpoints = []
    book.checkpoint("eve")
    report = _judge(book)
    assert (report.ok, report.first_bad) == (False, None)
    book.write(FOUNDER, "member_removed", details={"member": "ann", "after": 99})
    book.checkpoints = []
    book.checkpoint("ann")
    assert not _judge(book).ok


def test_a_checkpoint_is_no_entry_and_an_entry_is_no_checkpoint() -> None:
    book = Book()
    note = Checkpoint.read(book.checkpoint())
    forged = SignedEntry(note.message, note.signature)
    assert not verify([*book.entries, forged], check=check).ok


# Witnesses


def test_a_witness_that_saw_less_or_nothing_is_content() -> None:
    book = reviewed(40).book
    early = Witness(TreeHead(0, b""), (("zoe", START),))
    assert _judge(book, witnesses=[early, Witness()]).ok


def test_a_wrong_founder_is_noticed() -> None:
    book = reviewed(20).book
    report = _judge(book, founder=Identity.new().public.sign)
    assert (report.ok, report.first_bad) == (False, 1)
