"""Verify a ledger: every entry is whole, signed by whom it names, in its place, and what others witnessed is there.

`Verifier` takes one entry after another and keeps what the next must fit; `verify` runs it over a whole ledger, checks
the signatures and compares the tree with every checkpoint and every witness. What was altered is named by its position:
the line in an export, counted from 1.

An entry whose own actor never signed it rightly is flawed: it proves nothing, and everything else still holds, since it
is chained and in the tree like any other. Whoever can write a chain of their own could leave one there; nobody else may
be stopped by it, so it is named and passed. One that says who may sign is not: what follows would rest on it.

How the signatures are checked is said in the report. EVERY checks each one. LAST_OF_EACH_CHAIN checks the newest of
each actor and key only: since every entry names the hash of its actor's previous one, signature included, that one
signature covers the whole chain, and a changed bit anywhere breaks a hash. It does not notice an entry that its own
actor, with their own key, chained on to although its signature was never valid.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import NamedTuple

from reviewer.ledger.checkpoints import Checkpoint, MalformedCheckpointError
from reviewer.ledger.directory import KEY_ACTIONS, Directory, RefusedChangeError
from reviewer.ledger.entries import START, ChainHead, MalformedEntryError, SignedEntry, message, parse
from reviewer.ledger.merkle import CompactRange, TreeHead

# (public key, message, signature)
Signed = tuple[bytes, bytes, bytes]
Check = Callable[[Sequence[Signed]], int | None]  # the place of the first signature that is not valid

_BATCH = 4000
_MOST_NAMED = 100  # flawed entries in a report


class SignatureDepth(Enum):
    """Which signatures are checked; see the module."""

    EVERY = "every signature"
    LAST_OF_EACH_CHAIN = "the newest signature of each actor, which covers the rest"


class BrokenEntryError(ValueError):
    """An entry that does not fit what came before it."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What somebody remembers of a ledger: the tree as they last verified it, and entries of their own."""

    head: TreeHead | None = None
    own: tuple[tuple[str, ChainHead], ...] = ()  # (actor, newest entry of their chain)
    name: str = "this desk"
    founder: bytes | None = None  # with whose key the workspace was made
    flawed: tuple[int, ...] = ()  # positions of entries that their actors did not sign, as found before


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying found; `first_bad` and `why` only where it is not ok.

    `anchored` is how many entries a checkpoint or a witness covers; `signatures` how many were checked, by `depth`;
    `flawed` are the positions of entries that their actors did not sign; `stands` tells that all holds but for those,
    and for checkpoints that no member signed.
    """

    ok: bool
    entries: int
    head: TreeHead
    anchored: int
    signatures: int
    depth: SignatureDepth
    founder: bytes | None = None
    first_bad: int | None = None
    why: str | None = None
    stands: bool = True
    flawed: tuple[int, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the report as the commands print it."""
        found: dict[str, object] = {
            "ok": self.ok,
            "entries": self.entries,
            "head": {"size": self.head.size, "root": self.head.root.hex()},
            "anchored": self.anchored,
            "signatures_checked": self.signatures,
            "signatures": self.depth.value,
            "founder": None if self.founder is None else self.founder.hex(),
        }
        if self.ok:
            return found
        return found | {"first_bad": self.first_bad, "why": self.why, "flawed": self.flawed, "rest_holds": self.stands}


class Added(NamedTuple):
    """An entry that was taken: its actor, the signature to check, and whether it says who may sign."""

    actor: str
    signature: Signed
    is_of_keys: bool


class Verifier:
    """The state of a ledger after some entries: chains, members and tree."""

    def __init__(self) -> None:
        self.workspace: str | None = None
        self.directory = Directory()
        self.heads: dict[str, ChainHead] = {}
        self.tree = CompactRange()

    def copy(self) -> "Verifier":
        """Return a verifier that goes on by itself from here."""
        twin = Verifier()
        twin.workspace = self.workspace
        twin.directory = self.directory.copy()
        twin.heads = dict(self.heads)
        twin.tree = self.tree.copy()
        return twin

    def add(self, signed: SignedEntry) -> "Added":
        """Take the next entry; its signature is left to check. Raises BrokenEntryError."""
        try:
            fields = parse(signed.body)
            actor, number = fields["actor"], fields["number"]
            if self.workspace is None:
                self.directory.found(fields)
                self.workspace = fields["workspace"]
            if fields["workspace"] != self.workspace:
                raise BrokenEntryError("it belongs to another workspace")
            keys = self.directory.at(actor, number)
            if keys is None:
                raise BrokenEntryError("its actor is not a member, or not any more")
            self._check_chain(self.heads.get(actor, START), number, fields["previous"])
            if fields["action"] in KEY_ACTIONS and self.tree.size > 0:
                seen = {name: head.number for name, head in self.heads.items()}
                self.directory.change(fields, seen | {actor: number})
        except (MalformedEntryError, RefusedChangeError) as exc:
            raise BrokenEntryError(str(exc)) from exc
        leaf = signed.hash
        if signed.listed is not None and not signed.listed.fits(self.tree.size + 1, fields, leaf):
            raise BrokenEntryError("the database lists it as something else than it says")
        self.heads[actor] = ChainHead(number, leaf.hex())
        self.tree.append(leaf)
        return Added(actor, (keys.sign, message(signed.body), signed.signature), fields["action"] in KEY_ACTIONS)

    def add_apart(self, signed: SignedEntry) -> Signed:
        """Take an entry that says who may sign, without what came before it; the tree is left alone.

        Raises BrokenEntryError.
        """
        try:
            fields = parse(signed.body)
            if self.workspace is None:
                self.directory.found(fields)
                self.workspace = fields["workspace"]
            elif fields["workspace"] == self.workspace:
                self.directory.change(fields, {})
            keys = self.directory.at(fields["actor"], fields["number"])
        except (MalformedEntryError, RefusedChangeError) as exc:
            raise BrokenEntryError(str(exc)) from exc
        if keys is None or fields["workspace"] != self.workspace:
            raise BrokenEntryError("its actor is not a member")
        return keys.sign, message(signed.body), signed.signature

    @staticmethod
    def _check_chain(head: ChainHead, number: int, previous: str) -> None:
        if number <= head.number:
            raise BrokenEntryError(f"its actor's chain is at number {head.number}; it claims number {number} again")
        if number > head.number + 1:
            raise BrokenEntryError(f"its actor's entries {head.number + 1} to {number - 1} are missing before it")
        if previous != head.hash:
            raise BrokenEntryError("its actor's previous entry is not the one it was chained to")


def verify(
    entries: Iterable[SignedEntry],
    *,
    check: Check,
    checkpoints: Iterable[str] = (),
    witnesses: Sequence[Witness] = (),
    founder: bytes | None = None,
    depth: SignatureDepth = SignatureDepth.EVERY,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Verify a whole ledger, its entries in the order of the tree and then those not yet in it.

    `entries` is iterated again where something is wrong, to say where. `founder` is the founder's key if it is known
    from elsewhere; without it, and without a witness, a ledger made up as a whole would pass.
    """
    run = _Run(check, depth, progress)
    for witness in witnesses:
        run.expect_witness(witness)
    for note in checkpoints:
        run.expect_checkpoint(note)
    failure = run.over(entries, founder)
    if depth is not SignatureDepth.EVERY and (run.flawed or (failure is not None and failure.may_be_earlier)):
        every = _Run(check, SignatureDepth.EVERY, None)
        failure = every.over(entries, founder) or failure
        run.flawed = every.flawed or run.flawed
    return run.report(failure)


@dataclass(frozen=True, slots=True)
class _Failure:
    position: int | None
    why: str
    may_be_earlier: bool = True  # an unchecked signature before it may be the cause


@dataclass(slots=True)
class _Pending:
    """Signatures still to be checked, with their positions."""

    places: list[tuple[int, bool]] = field(default_factory=list)  # position, whether it says who may sign
    batch: list[Signed] = field(default_factory=list)

    def add(self, position: int, added: Added) -> None:
        self.places.append((position, added.is_of_keys))
        self.batch.append(added.signature)

    def bad(self, check: Check) -> Iterator[tuple[int, bool]]:
        """Yield the places of those that are not valid, first to last."""
        first = check(self.batch)
        if first is None:
            return
        yield self.places[first]
        for place, signed in zip(self.places[first + 1 :], self.batch[first + 1 :], strict=True):
            if check([signed]) is not None:  # one by one: however many there are, each is checked once more at most
                yield place


@dataclass(frozen=True, slots=True)
class _Expected:
    """A root that somebody vouches for."""

    root: bytes
    source: str
    checkpoint: Checkpoint | None = None


class _Run:
    def __init__(self, check: Check, depth: SignatureDepth, progress: Callable[[int], None] | None) -> None:
        self._check = check
        self._depth = depth
        self._progress = progress
        self._verifier = Verifier()
        self._expected: dict[int, list[_Expected]] = {}
        self._own: dict[tuple[str, int], tuple[str, str]] = {}
        self._worthless: str | None = None  # why a checkpoint proves nothing
        self._anchored = 0
        self._checked = 0
        self.flawed: list[int] = []  # positions of entries that their actors did not sign

    def expect_witness(self, witness: Witness) -> None:
        """Demand what a witness remembers."""
        if witness.head is not None and witness.head.size:
            expected = _Expected(witness.head.root, f"what {witness.name} verified before")
            self._expected.setdefault(witness.head.size, []).append(expected)
        for actor, head in witness.own:
            if head.number:
                self._own[actor, head.number] = (head.hash, witness.name)

    def expect_checkpoint(self, untrusted_note: str) -> None:
        """Demand what a checkpoint says."""
        try:
            checkpoint = Checkpoint.read(untrusted_note)
        except MalformedCheckpointError:
            self._worthless = "A checkpoint is damaged."
            return
        source = f"the checkpoint of {checkpoint.at:%Y-%m-%d %H:%M:%S} UTC by {checkpoint.signer}"
        self._expected.setdefault(checkpoint.head.size, []).append(_Expected(checkpoint.head.root, source, checkpoint))

    def over(self, entries: Iterable[SignedEntry], founder: bytes | None) -> _Failure | None:
        """Run over all entries; return the first failure."""
        pending, newest = _Pending(), dict[tuple[str, bytes], tuple[int, Added]]()
        failure = self._chain(entries, pending, newest)
        for position, added in newest.values():
            pending.add(position, added)
        forged = self._check_pending(pending)
        return forged or failure or self._finish(founder)

    def report(self, failure: _Failure | None) -> Report:
        """Return the report of this run."""
        verifier, flawed = self._verifier, sorted(self.flawed)
        first_bad, why = (None, None) if failure is None else (failure.position, failure.why)
        if flawed:  # which all come before a failure, or are it
            first_bad, why = flawed[0], f"Entry {flawed[0]} is wrong: its signature is not its actor's."
            if failure is None and len(flawed) > 1:
                why += f" So are {len(flawed) - 1:,} others."
        why = why or self._worthless
        return Report(
            ok=why is None,
            entries=verifier.tree.size,
            head=verifier.tree.head,
            anchored=self._anchored,
            signatures=self._checked,
            depth=self._depth,
            founder=verifier.directory.founder,
            first_bad=first_bad,
            why=why,
            stands=failure is None,
            flawed=tuple(flawed[:_MOST_NAMED]),
        )

    def _chain(
        self, entries: Iterable[SignedEntry], pending: _Pending, newest: dict[tuple[str, bytes], tuple[int, Added]]
    ) -> _Failure | None:
        for position, signed in zip(count(1), entries, strict=False):
            try:
                added = self._verifier.add(signed)
            except BrokenEntryError as exc:
                return _Failure(position, f"Entry {position} is wrong: {exc}.")
            if self._depth is SignatureDepth.EVERY:
                pending.add(position, added)
            else:
                newest[added.actor, added.signature[0]] = position, added
            failure = self._compare_own(added.actor, position) or self._compare(position)
            if failure is not None:
                return failure
            if position % _BATCH == 0:
                forged = self._check_pending(pending)
                if forged is not None:
                    return forged
                if self._progress is not None:
                    self._progress(position)
        return None

    def _check_pending(self, pending: _Pending) -> _Failure | None:
        """Note which are flawed; return a failure at one that says who may sign."""
        self._checked += len(pending.batch)
        failure = None
        for position, is_of_keys in pending.bad(self._check):
            if is_of_keys:
                failure = _Failure(position, f"Entry {position} is wrong: its signature is not its actor's.")
                break
            self.flawed.append(position)
        pending.places.clear()
        pending.batch.clear()
        return failure

    def _compare_own(self, actor: str, position: int) -> _Failure | None:
        head = self._verifier.heads[actor]
        expected = self._own.pop((actor, head.number), None) if self._own else None
        if expected is None or expected[0] == head.hash:
            return None
        return _Failure(position, f"Entry {position} is wrong: {expected[1]} wrote another in its place.")

    def _compare(self, size: int) -> _Failure | None:
        """Compare the tree of this size with every root that somebody vouches for."""
        for expected in self._expected.pop(size, ()):
            if expected.checkpoint is not None and not self._is_signed(expected.checkpoint):
                # It vouches for nothing, whoever put it there, and takes nothing from what others vouch for.
                self._worthless = f"{expected.source[0].upper()}{expected.source[1:]} is not signed by a member."
                continue
            if self._verifier.tree.root != expected.root:
                first = self._anchored + 1
                span = f"Entry {size}" if first >= size else f"One of the entries {first} to {size}"
                return _Failure(min(first, size), f"{span} is not what {expected.source} covers.")
            self._anchored = size
        return None

    def _is_signed(self, checkpoint: Checkpoint) -> bool:
        if checkpoint.workspace != (self._verifier.workspace or checkpoint.workspace):
            return False
        keys = filter(checkpoint.is_hinted, self._verifier.directory.signing_keys(checkpoint.signer))
        return any(self._check([(key, checkpoint.message, checkpoint.signature)]) is None for key in keys)

    def _finish(self, founder: bytes | None) -> _Failure | None:
        """Judge what is left once every entry fits."""
        verifier = self._verifier
        if verifier.tree.size == 0:
            return _Failure(1, "Entry 1 is missing: the ledger is empty.")
        if founder is not None and founder != verifier.directory.founder:
            return _Failure(1, "Entry 1 is wrong: the workspace was made with another founder's key.")
        missing = verifier.tree.size + 1
        if self._expected:
            size, expected = max(self._expected.items())
            why = f"Entries {missing} to {size} are missing: {expected[0].source} covers them."
            return _Failure(missing, why, may_be_earlier=False)
        if self._own:
            (_, number), (_, name) = next(iter(self._own.items()))
            why = f"The end is missing: entry number {number} of {name}'s own chain is not there."
            return _Failure(missing, why, may_be_earlier=False)
        return None
