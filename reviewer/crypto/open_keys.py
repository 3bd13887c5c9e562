"""A member's keys while the desk is unlocked; locking drops this object and with it every way to read."""

from collections.abc import Mapping

from reviewer.crypto.identities import Identity, Owner
from reviewer.crypto.pool_keys import PoolReader
from reviewer.crypto.workspace_keys import WorkspaceKey


class OpenKeys:
    """The identity that signs and receives, and the generations of the workspace's key that it opened."""

    def __init__(self, owner: Owner, identity: Identity, generations: Mapping[int, WorkspaceKey]) -> None:
        self.owner = owner
        self.identity = identity
        self._generations = dict(generations)
        self._pool: dict[int, PoolReader] = {}

    def __repr__(self) -> str:
        return f"OpenKeys(member={self.owner.member!r})"

    def generation(self, number: int) -> WorkspaceKey | None:
        """Return a generation of the workspace's key, if it was opened."""
        return self._generations.get(number)

    def open_generation(self, number: int, sealed: bytes, fingerprint: str) -> WorkspaceKey:
        """Open a generation that was made after the desk was unlocked. Raises SealBrokenError."""
        key = WorkspaceKey.open(sealed, self.identity, self.owner, generation=number, fingerprint=fingerprint)
        self._generations[number] = key
        return key

    def forget_generation(self, number: int) -> None:
        """Drop a generation that wraps nothing any more."""
        self._generations.pop(number, None)

    def pool_reader(self, number: int) -> PoolReader | None:
        """Return a generation of the pool's key, if it was opened."""
        return self._pool.get(number)

    def open_pool_reader(self, number: int, sealed: bytes, public: bytes) -> PoolReader:
        """Open a generation of the pool's key that was sealed to this member. Raises SealBrokenError."""
        reader = PoolReader.open(sealed, self.identity, self.owner, generation=number, public=public)
        self._pool[number] = reader
        return reader
