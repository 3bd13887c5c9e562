"""The Merkle tree of RFC 6962, section 2.1: its head, and proofs that a leaf is in it or that it only grew.

Hashes of leaves and of nodes begin with different bytes, so that neither passes for the other. Proofs are verified by
the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2. Indices count from 0 here; everywhere else in the ledger an
entry's position counts from 1.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256().digest()
_LEAF = b"\x00"
_NODE = b"\x01"


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The state of a tree: how many leaves, and the hash over all of them."""

    size: int
    root: bytes


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node from those of its children."""
    return hashlib.sha256(_NODE + left + right).digest()


class CompactRange:
    """What must be kept of a tree to let it grow: the roots of its complete subtrees, the largest first."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if size < 0 or len(self.peaks) != size.bit_count():
            raise ValueError("a range of that size has another number of peaks")

    @classmethod
    def over(cls, leaves: Iterable[bytes]) -> "CompactRange":
        """Return the range over hashes of leaves."""
        grown = cls()
        for leaf in leaves:
            grown.append(leaf)
        return grown

    @property
    def head(self) -> TreeHead:
        """Return size and root."""
        return TreeHead(self.size, self.root)

    @property
    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        self.size += 1
        size = self.size
        while size & 1 == 0:
            leaf = hashlib.sha256(_NODE + self.peaks.pop() + leaf).digest()
            size >>= 1
        self.peaks.append(leaf)

    def copy(self) -> "CompactRange":
        """Return a range that grows on its own."""
        return CompactRange(self.size, self.peaks)


class Tree:
    """A whole tree, to prove things from; keeps two hashes for each leaf."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    def root(self, size: int) -> bytes:
        """Return the root over the first `size` leaves."""
        return EMPTY_ROOT if size == 0 else self._over(0, size)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the hashes that lead from the leaf at `index` to the root over the first `size` leaves."""
        if not 0 <= index < size <= len(self._levels[0]):
            raise IndexError("no such leaf")
        proof, start, end = list[bytes](), 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._over(middle, end))
                end = middle
            else:
                proof.append(self._over(start, middle))
                start = middle
        return proof[::-1]

    def consistency_proof(self, old: int, size: int) -> list[bytes]:
        """Return the hashes that show the first `size` leaves to begin with the first `old`."""
        if not 0 <= old <= size <= len(self._levels[0]):
            raise IndexError("no such size")
        if old in (0, size):
            return []
        proof, start, end = list[bytes](), 0, size
        while end > old:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._over(middle, end))
                end = middle
            else:
                proof.append(self._over(start, middle))
                start = middle
        if start > 0:  # else the old root itself, which the verifier has
            proof.append(self._over(start, end))
        return proof[::-1]

    def _over(self, start: int, end: int) -> bytes:
        width = end - start
        if width & (width - 1) == 0:
            return self._levels[width.bit_length() - 1][start // width]
        middle = start + _split(width)
        return node_hash(self._over(start, middle), self._over(middle, end))


def is_included(leaf: bytes, index: int, head: TreeHead, proof: Sequence[bytes]) -> bool:
    """Tell whether `proof` shows the hash of a leaf at `index` of the tree with this head."""
    if not 0 <= index < head.size:
        return False
    at, last, found = index, head.size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == head.root


def is_consistent(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> bool:
    """Tell whether `proof` shows that the tree of `new` begins with all the leaves of `old`'s."""
    if old.size > new.size:
        return False
    if old.size in (0, new.size):
        start = EMPTY_ROOT if old.size == 0 else new.root
        return not proof and old.root == start
    steps = list(proof)
    if old.size & (old.size - 1) == 0:
        steps.insert(0, old.root)
    return bool(steps) and _grows(old, new, steps)


def _grows(old: TreeHead, new: TreeHead, steps: list[bytes]) -> bool:
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_root = new_root = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_root, new_root = node_hash(step, old_root), node_hash(step, new_root)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new_root = node_hash(new_root, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old_root == old.root and new_root == new.root


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
