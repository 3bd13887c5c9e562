"""Build ledgers for tests: members with real keys, entries of every sort, checkpoints along the way."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from reviewer.crypto import DataKey, Identity, first_bad_signature
from reviewer.ledger import START, ChainHead, Checkpoint, CompactRange, Entry, SignedEntry, Witness
from reviewer.ledger.directory import encode_key

WORKSPACE = "0123456789abcdef0123456789abcdef"
START_AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
FOUNDER = "founder"


def public_keys(identity: Identity) -> dict[str, str]:
    """Return the public keys as an entry's details name them."""
    return {"receive": encode_key(identity.public.receive), "sign": encode_key(identity.public.sign)}


class Book:
    """A ledger as it is written, entry by entry, each actor on their own chain."""

    def __init__(self, workspace: str = WORKSPACE, *, roles: Sequence[str] = ("admin", "agent")) -> None:
        self.workspace = workspace
        self.entries: list[SignedEntry] = []
        self.checkpoints: list[str] = []
        self.heads: dict[str, ChainHead] = {}
        self.identities = {FOUNDER: Identity.new()}
        self._tree = CompactRange()
        founder = {"member": FOUNDER, "roles": list(roles), **public_keys(self.identities[FOUNDER])}
        self.write(FOUNDER, "workspace_made", details=founder)

    @property
    def now(self) -> datetime:
        """Return the time of the next entry: a second after the last."""
        return START_AT + timedelta(seconds=len(self.entries))

    @property
    def founder(self) -> bytes:
        """Return the founder's public key."""
        return self.identities[FOUNDER].public.sign

    def draft(self, actor: str, action: str, **fields: Any) -> Entry:
        """Return the next entry of an actor's chain, unsigned."""
        head = self.heads.get(actor, START)
        fields = {"workspace": self.workspace, "desk": f"desk-{actor}", "at": self.now, **fields}
        return Entry(actor=actor, number=head.number + 1, previous=head.hash, action=action, **fields)

    def write(self, actor: str, action: str, *, by: Identity | None = None, **fields: Any) -> SignedEntry:
        """Add an entry, signed with the actor's key or with another."""
        entry = self.draft(actor, action, **fields)
        signed = entry.sign((by or self.identities[actor]).sign)
        self.heads[actor] = ChainHead(entry.number, signed.hash.hex())
        self.entries.append(signed)
        self._tree.append(signed.hash)
        return signed

    def add_member(self, member: str, *roles: str, by: str = FOUNDER) -> None:
        """Let an admin add a member."""
        self.identities[member] = Identity.new()
        details = {"member": member, "roles": list(roles), **public_keys(self.identities[member])}
        self.write(by, "member_added", details=details)

    def checkpoint(self, signer: str = FOUNDER) -> str:
        """Sign the tree as it is."""
        identity = self.identities[signer]
        made = Checkpoint.make(
            self.workspace,
            self._tree.head,
            self.now,
            signer=signer,
            public=identity.public.sign,
            sign=identity.sign,
        )
        self.checkpoints.append(made.note)
        return made.note

    def witness(self, *actors: str) -> Witness:
        """Return what a desk of these actors would remember now."""
        return Witness(self._tree.head, tuple((actor, self.heads[actor]) for actor in actors))


@dataclass
class Reviewed:
    """A book with the key of the conversation that its decisions were about."""

    book: Book
    key: DataKey


def reviewed(entries: int, *, checkpoint_every: int = 100) -> Reviewed:
    """Return a ledger of a workspace at work: four members, decisions with digests, a checkpoint now and then."""
    book, key = Book(), DataKey.new("conversation-1")
    for member, roles in (("ann", ["agent"]), ("ben", ["clinician"]), ("cat", ["admin", "supervisor"])):
        book.add_member(member, *roles)
    book.write("cat", "workspace_key_made", details={"generation": 1, "fingerprint": "ab" * 32})
    for actor, (action, fields) in islice(zip(cycle(("ann", "ben", "ann", "cat", "founder")), _story(key)), 10**9):
        if len(book.entries) >= entries:
            break
        book.write(actor, action, **fields)
        if len(book.entries) % checkpoint_every == 0:
            book.checkpoint("cat")
    book.checkpoint("cat")
    return Reviewed(book, key)


def _story(key: DataKey) -> Iterable[tuple[str, dict[str, Any]]]:
    draft, final = key.digest("draft", b"Draft \xc3\xa9"), key.digest("final", b"Final")
    model = {"feature": "reply", "name": "scribe", "version": "4.1", "prompt_version": "17"}
    number = 0
    while True:
        number += 1
        item = f"item-{number:06}"
        yield "claimed", {"object": item, "details": {"fence": number, "ahead": False}}
        yield "opened", {"object": item, "before": {"draft": draft}, "model": model}
        decided = {"verdict": "approve_with_edits", "details": {"reason": None, "shown": ["dose", "naïve ✓"]}}
        yield "decided", {"object": item, "before": {"draft": draft}, "after": {"final": final}, **decided}
        yield "settled", {"object": item, "input": draft, "consent": {"state": "given", "opted_out": False}}


Check = Callable[[Any], int | None]
check: Check = first_bad_signature
