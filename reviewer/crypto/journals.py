"""What a desk keeps on its own disk until the team's server has it: sealed under the member's own keys.

Whoever has the disk can neither read it nor put in a decision that its member did not make; each entry opens under its
own name only.
"""

from reviewer.crypto.identities import Identity, Owner
from reviewer.crypto.sealing import Sealer, binding, subkey


class JournalSealer:
    """Seals and opens entries of one member."""

    def __init__(self, identity: Identity, owner: Owner) -> None:
        self._sealer = Sealer(subkey(identity.dump(), binding("desk journal")))
        self._owner = owner

    def seal(self, name: str, entry: bytes) -> bytes:
        """Return an entry sealed under its name."""
        return self._sealer.seal(entry, self._bound(name))

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed under that name. Raises SealBrokenError."""
        return self._sealer.open(sealed, self._bound(name))

    def _bound(self, name: str) -> bytes:
        return binding("desk journal", self._owner.workspace, self._owner.member, name)
