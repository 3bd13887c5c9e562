"""The fresh factor that a signature takes: whoever sits at an unlocked desk must show again who they are."""

from reviewer.domain.attestations import Attestation
from reviewer.services.access import Access


class Signing:
    """Confirms the session's member; nobody can sign as anybody else."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def is_passphrase_needed(self) -> bool:
        """Tell whether the member's keys are locked with a passphrase."""
        return self._access.is_passphrase_needed()

    def confirm(self, passphrase: str | None) -> Attestation:
        """Open the member's keys afresh, from the keyring on, and return what may be signed. Raises UnlockError."""
        self._access.confirm(passphrase)
        return Attestation(factors=("device",) if passphrase is None else ("device", "passphrase"))
