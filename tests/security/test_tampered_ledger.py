"""Whoever owns the database alters the ledger. Two verifiers that share no code must both notice, and say where."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reviewer.crypto import Identity
from reviewer.ledger import Entry, SignatureDepth, SignedEntry, Verifier, Witness, verify
from reviewer.ledger.entries import message
from reviewer.ledger.merkle import Tree, TreeHead, is_consistent
from reviewer.ledger.verification import BrokenEntryError, Signed
from tests.ledgers import FOUNDER, Book, check, public_keys, reviewed
from tests.verifier import alone

_SIZE = 1_000
_is_signed = alone.is_signed


class Known:
    """Signatures that were found good once are not checked again; every other one is, by the real function."""

    def __init__(self) -> None:
        self._good: set[tuple[bytes, bytes, bytes]] = set()

    def first_bad(self, batch: Sequence[Signed]) -> int | None:
        """Check for the app."""
        for place, signed in enumerate(batch):
            if signed not in self._good and check([signed]) is not None:
                return place
            self._good.add(signed)
        return None

    def is_signed(self, key: bytes, signed: bytes, signature: bytes) -> bool:
        """Check for the stand-alone verifier."""
        if (key, signed, signature) not in self._good:
            if not _is_signed(key, signed, signature):
                return False
            self._good.add((key, signed, signature))
        return True


@dataclass
class Judges:
    """A ledger, what each verifier knows before each of its entries, and their judgement of what became of it."""

    book: Book
    known: Known
    before: list[Verifier]
    before_alone: list[Any]

    def judge(self, entries: Sequence[SignedEntry], checkpoints: Sequence[str] | None = None) -> int | None:
        """Return the first bad entry, on which both verifiers must agree; None where nothing is wrong."""
        notes = self.book.checkpoints if checkpoints is None else checkpoints
        report = verify(entries, check=self.known.first_bad, checkpoints=notes)
        assert report.ok == (report.first_bad is None)
        try:
            pairs = ((signed.body.decode(), signed.signature) for signed in entries)
            alone.verify_whole(pairs, map(alone.Checkpoint, notes))
        except alone.Broken as broken:
            assert broken.line == report.first_bad
        else:
            assert report.ok
        return report.first_bad

    def notices(self, place: int, tampered: SignedEntry) -> bool:
        """Tell whether both verifiers refuse an entry at this place at once."""
        verifier, ledger = self.before[place].copy(), self.before_alone[place].copy()
        with suppress(BrokenEntryError):
            if check([verifier.add(tampered)[1]]) is None:
                return False
        with suppress(alone.Broken, UnicodeDecodeError):
            ledger.add(tampered.body.decode(), tampered.signature)
            return bool(ledger.flawed)
        return True


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    """Return a ledger of 1,000 entries that verifies."""
    book, known = reviewed(_SIZE).book, Known()
    verifier, ledger, before, before_alone = Verifier(), alone.Ledger(), list[Verifier](), list[Any]()
    for signed in book.entries:
        before.append(verifier.copy())
        before_alone.append(ledger.copy())
        verifier.add(signed)
        ledger.add(signed.body.decode(), signed.signature)
    patch = pytest.MonkeyPatch()
    patch.setattr(alone, "is_signed", known.is_signed)
    made = Judges(book, known, before, before_alone)
    assert made.judge(book.entries) is None
    yield made
    patch.undo()


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _places(judges: Judges, wanted: int) -> list[int]:
    """Return all places, or some at random with both ends."""
    size = len(judges.book.entries)
    if wanted >= size:
        return list(range(size))
    return sorted({0, 1, size - 2, size - 1} | {secrets.randbelow(size) for _ in range(wanted)})


@pytest.mark.timeout(7200)
def test_every_single_bit_flipped_in_an_entry_or_its_signature(
    judges: Judges, count: Callable[[int, int], int]
) -> None:
    """With --full every bit of every entry; else one bit of every byte of some."""
    places = _places(judges, count(2, _SIZE))
    missed = tried = 0
    for place in places:
        signed = judges.book.entries[place]
        for bit in _bits(signed.body, all_of_them=len(places) == _SIZE):
            tried += 1
            missed += not judges.notices(place, replace(signed, body=_flipped(signed.body, bit)))
        for bit in _bits(signed.signature, all_of_them=len(places) == _SIZE):
            tried += 1
            missed += not judges.notices(place, replace(signed, signature=_flipped(signed.signature, bit)))
    assert missed == 0
    assert tried >= 400 * len(places)


def _bits(content: bytes, *, all_of_them: bool) -> Iterator[int]:
    for byte in range(len(content)):
        yield from range(8 * byte, 8 * byte + 8) if all_of_them else (8 * byte + secrets.randbelow(8),)


@pytest.mark.timeout(7200)
def test_entries_altered_at_random(judges: Judges, count: Callable[[int, int], int]) -> None:
    entries, missed = judges.book.entries, 0
    for turn in range(count(10_000, 1_000_000)):
        place = secrets.randbelow(len(entries))
        tampered = _TAMPERS[turn % len(_TAMPERS)](entries, place)
        if tampered != entries[place]:
            missed += not judges.notices(place, tampered)
    assert missed == 0


def _flip_somewhere(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    signed = entries[place]
    return replace(signed, body=_flipped(signed.body, secrets.randbelow(8 * len(signed.body))))


def _flip_the_signature(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    return replace(entries[place], signature=_flipped(entries[place].signature, secrets.randbelow(512)))


def _set_a_byte(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    body, at = entries[place].body, secrets.randbelow(len(entries[place].body))
    return replace(entries[place], body=body[:at] + secrets.token_bytes(1) + body[at + 1 :])


def _insert_a_byte(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    body, at = entries[place].body, secrets.randbelow(len(entries[place].body) + 1)
    return replace(entries[place], body=body[:at] + secrets.choice((b" ", b"\n", b"0", b"1", b"a")) + body[at:])


def _drop_bytes(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    body, at = entries[place].body, secrets.randbelow(len(entries[place].body))
    return replace(entries[place], body=body[:at] + body[at + 1 + secrets.randbelow(3) :])


def _rewrite_a_field(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    """Change what the entry says and spell it well, under the old signature."""
    said = Entry.read(entries[place].body)
    changed: Sequence[dict[str, Any]] = (
        {"verdict": "reject"},
        {"object": f"item-{secrets.token_hex(3)}"},
        {"actor": secrets.choice(("ann", "ben", "cat", "eve"))},
        {"at": said.at.replace(year=2025)},
        {"details": {**said.details, "fence": secrets.randbelow(10**6)}},
        {"number": said.number + 1},
        {"previous": secrets.token_hex(32)},
        {"desk": "another"},
        {"action": "withdrawn"},
        {"after": {"final": f"hmac-sha256:{secrets.token_hex(16)}:{secrets.token_hex(32)}"}},
    )
    return replace(entries[place], body=replace(said, **secrets.choice(changed)).body())


def _take_anothers_signature(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    return replace(entries[place], signature=secrets.choice(entries).signature)


def _put_another_in_its_place(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    """Take another entry of the same actor, whose signature is good."""
    actor = Entry.read(entries[place].body).actor.encode()
    return secrets.choice([each for each in entries[max(0, place - 40) : place + 40] if b'"' + actor in each.body])


def _sign_it_anew(entries: Sequence[SignedEntry], place: int) -> SignedEntry:
    return SignedEntry(entries[place].body, _EVE.sign(message(entries[place].body)))


_EVE = Identity.new()
_TAMPERS: tuple[Callable[[Sequence[SignedEntry], int], SignedEntry], ...] = (
    _flip_somewhere,
    _flip_the_signature,
    _set_a_byte,
    _insert_a_byte,
    _drop_bytes,
    _rewrite_a_field,
    _take_anothers_signature,
    _put_another_in_its_place,
    _sign_it_anew,
)


@pytest.mark.timeout(7200)
def test_every_entry_deleted(judges: Judges, count: Callable[[int, int], int]) -> None:
    entries = judges.book.entries
    for place in _places(judges, count(12, _SIZE)):
        first_bad = judges.judge(entries[:place] + entries[place + 1 :])
        assert first_bad is not None
        # Where a chain next has a gap, or within what the next checkpoint covers.
        assert first_bad > place // 100 * 100


@pytest.mark.timeout(7200)
def test_every_two_neighbours_swapped(judges: Judges, count: Callable[[int, int], int]) -> None:
    entries = judges.book.entries
    for place in _places(judges, count(12, _SIZE))[:-1]:
        swapped = [*entries[:place], entries[place + 1], entries[place], *entries[place + 2 :]]
        assert judges.judge(swapped) is not None


def test_entries_far_apart_swapped(judges: Judges, count: Callable[[int, int], int]) -> None:
    entries = judges.book.entries
    for _ in range(count(12, 1_000)):
        one, other = sorted((secrets.randbelow(_SIZE), secrets.randbelow(_SIZE)))
        swapped = list(entries)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        if one != other:
            assert judges.judge(swapped) is not None


@pytest.mark.timeout(7200)
def test_every_entry_written_twice(judges: Judges, count: Callable[[int, int], int]) -> None:
    entries = judges.book.entries
    for place in _places(judges, count(12, _SIZE)):
        again = secrets.randbelow(_SIZE - place) + place + 1
        assert judges.judge([*entries[:again], entries[place], *entries[again:]]) == again + 1


@pytest.mark.timeout(7200)
def test_every_length_the_end_can_be_cut_to(judges: Judges, count: Callable[[int, int], int]) -> None:
    for length in _places(judges, count(12, _SIZE)):
        assert judges.judge(judges.book.entries[:length]) == length + 1


def test_an_entry_put_in_between_that_fits_the_chain_of_its_actor() -> None:
    story = reviewed(120, checkpoint_every=10)
    book = story.book
    # Ann's own key, stolen, can write what fits her chain; the tree was signed without it.
    forged = replace(Entry.read(book.entries[-1].body), **_next_of(book, "ann"))
    entries = [*book.entries[:115], forged.sign(book.identities["ann"].sign), *book.entries[115:]]
    assert not verify(entries, check=check, checkpoints=book.checkpoints).ok


def _next_of(book: Book, actor: str) -> dict[str, Any]:
    return {"actor": actor, "number": book.heads[actor].number + 1, "previous": book.heads[actor].hash}


@pytest.mark.parametrize("forger", ["eve", "ben"])
def test_a_chain_forged_anew_from_some_entry_on_without_its_actors_key(judges: Judges, forger: str) -> None:
    key = judges.book.identities.get(forger, _EVE)
    for place in (40, 500, 990):
        entries = _rechained(judges.book, place, "ann", key)
        first = next(at for at in range(place, _SIZE) if entries[at] != judges.book.entries[at])
        assert judges.judge(entries, checkpoints=()) == first + 1
        report = verify(entries, check=judges.known.first_bad, depth=SignatureDepth.LAST_OF_EACH_CHAIN)
        assert report.first_bad == first + 1


def _rechained(book: Book, start: int, actor: str, key: Identity) -> list[SignedEntry]:
    """Rewrite an actor's chain from a place on, every hash right, signed with another key."""
    entries, previous = list(book.entries), None
    for place in range(start, len(entries)):
        said = Entry.read(entries[place].body)
        if said.actor != actor:
            continue
        changed: dict[str, Any] = {"object": "item-forged"} if previous is None else {"previous": previous}
        entries[place] = replace(said, **changed).sign(key.sign)
        previous = entries[place].hash.hex()
    return entries


@pytest.mark.parametrize("step", [-1, 0, 2, 100])
def test_a_number_left_out_or_used_again_by_its_own_actor(judges: Judges, step: int) -> None:
    """Whoever has the key can chain on as they like; a gap would hide what was never shown."""
    head = judges.book.heads["ann"]
    said = replace(Entry.read(judges.book.entries[-1].body), **_next_of(judges.book, "ann"))
    skipping = replace(said, number=head.number + step).sign(judges.book.identities["ann"].sign)
    assert judges.judge([*judges.book.entries, skipping]) == _SIZE + 1


def test_a_member_slipped_in_by_whoever_is_no_admin(judges: Judges) -> None:
    book = judges.book
    details = {"member": "eve", "roles": ["admin"], **public_keys(_EVE)}
    said = Entry.read(book.entries[-1].body)
    for signer in ("ann", "eve"):
        by = replace(said, **_next_of(book, "ann"), action="member_added", object=None, details=details)
        forged = by.sign(book.identities.get(signer, _EVE).sign)
        assert judges.judge([*book.entries, forged]) == _SIZE + 1


def test_an_entry_of_another_workspace_moved_here(judges: Judges) -> None:
    other = Book("f" * 32)
    other.identities = judges.book.identities
    other.heads = dict(judges.book.heads)
    moved = other.write("ann", "decided", object="item", verdict="approve")
    assert judges.judge([*judges.book.entries, moved]) == _SIZE + 1


def test_a_checkpoint_removed_still_leaves_the_chains(judges: Judges) -> None:
    entries = judges.book.entries
    altered = [*entries[:300], replace(entries[300], body=entries[301].body), *entries[301:]]
    assert judges.judge(altered, checkpoints=()) == 301


def test_a_database_rolled_back_with_its_checkpoints() -> None:
    book = reviewed(60, checkpoint_every=10).book
    kept, own = Witness(_head(book, 60)), Witness(None, (("ann", book.heads["ann"]),))
    entries, notes = book.entries[:50], book.checkpoints[:5]
    assert verify(entries, check=check, checkpoints=notes).ok  # by itself it is whole; only memory tells
    for witness in (kept, own):
        report = verify(entries, check=check, checkpoints=notes, witnesses=[witness])
        assert (report.ok, report.first_bad) == (False, 51)
    with pytest.raises(alone.Broken, match="missing"):
        alone.verify_whole(_pairs(entries), map(alone.Checkpoint, [*notes, book.checkpoints[-1]]))


def test_a_database_rolled_back_and_written_on() -> None:
    book = reviewed(60, checkpoint_every=10).book
    witness, note = book.witness("ann"), book.checkpoints[-1]
    fork = _forked(book, 50, more=20)
    assert verify(fork.entries, check=check, checkpoints=fork.checkpoints).ok
    report = verify(fork.entries, check=check, checkpoints=fork.checkpoints, witnesses=[witness])
    assert not report.ok
    assert "this desk" in str(report.why)
    own = replace(witness, head=None)
    assert fork.heads["ann"].number >= own.own[0][1].number  # not cut: another stands in its place
    report = verify(fork.entries, check=check, witnesses=[own])
    assert "wrote another in its place" in str(report.why)
    assert report.first_bad is not None
    with pytest.raises(alone.Broken):
        alone.verify_whole(_pairs(fork.entries), map(alone.Checkpoint, [*fork.checkpoints, note]))


def test_two_faces_shown_to_two_desks() -> None:
    book = reviewed(40, checkpoint_every=10).book
    one, other = _forked(book, 40, more=13), _forked(book, 40, more=21)
    faces = {"ann": one, "ben": other}
    witnesses = {desk: replace(face.witness(desk), name=f"{desk}'s desk") for desk, face in faces.items()}
    for desk, face in faces.items():
        same = verify(face.entries, check=check, checkpoints=face.checkpoints, witnesses=[witnesses[desk]])
        assert same.ok
    for desk, face in (("ben", one), ("ann", other)):
        crossed = verify(face.entries, check=check, checkpoints=face.checkpoints, witnesses=[witnesses[desk]])
        assert not crossed.ok
        assert f"{desk}'s desk" in str(crossed.why)
        foreign = faces[desk].checkpoints[-1]
        assert not verify(face.entries, check=check, checkpoints=[*face.checkpoints, foreign]).ok
        with pytest.raises(alone.Broken):
            alone.verify_whole(_pairs(face.entries), map(alone.Checkpoint, [*face.checkpoints, foreign]))
    larger = Tree(each.hash for each in other.entries)
    proof = larger.consistency_proof(53, 61)
    assert not is_consistent(_head(one, 53), _head(other, 61), proof)
    assert is_consistent(_head(other, 53), _head(other, 61), proof)


def _forked(book: Book, length: int, *, more: int) -> Book:
    """Go on from an earlier state, with everybody's keys: the worst that colluding members can do."""
    fork = Book(book.workspace)
    fork.identities, fork.entries, fork.checkpoints = book.identities, [], []
    fork.heads, fork._tree = {}, type(fork._tree)()
    for signed in book.entries[:length]:
        said = Entry.read(signed.body)
        fork.entries.append(signed)
        fork._tree.append(signed.hash)
        fork.heads[said.actor] = replace(book.heads[said.actor], number=said.number, hash=signed.hash.hex())
    fork.checkpoints = [note for note in book.checkpoints if int(note.split("\n")[1]) <= length]
    for number in range(more):
        fork.write(("ann", "ben")[number % 2], "claimed", object=f"fork-{more}-{number}")
    fork.checkpoint()
    return fork


def _head(book: Book, size: int) -> TreeHead:
    """Return the head of a book's tree at some size."""
    return TreeHead(size, Tree(each.hash for each in book.entries).root(size))


def _pairs(entries: Sequence[SignedEntry]) -> list[tuple[str, bytes]]:
    return [(signed.body.decode(), signed.signature) for signed in entries]


def test_the_first_entry_replaced_by_another_founders(judges: Judges) -> None:
    """A ledger made up as a whole passes only where nobody knows the founder's key."""
    made_up = Book()
    made_up.add_member("ann", "agent")
    assert verify(made_up.entries, check=check).ok
    assert not verify(made_up.entries, check=check, founder=judges.book.founder).ok
    assert judges.judge([made_up.entries[0], *judges.book.entries[1:]]) is not None
    assert FOUNDER in Entry.read(made_up.entries[0].body).actor
