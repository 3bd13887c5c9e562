"""The fresh factors that a signature takes: whoever sits at an unlocked desk must show again who they are.

The first signature after unlocking takes every factor that the member has, each later one a single one
(21 CFR 11.200(a)(1)).
"""

from dataclasses import replace

from reviewer.domain.attestations import Attestation
from reviewer.services.access import Access, Factors


class Signing:
    """Confirms the session's member; nobody can sign as anybody else."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._has_signed = False

    def factors(self) -> Factors:
        """Tell what the next signature takes."""
        known = self._access.factors()
        return replace(known, code=False) if self._has_signed and known.passphrase else known

    def confirm(self, passphrase: str | None, code: str | None = None) -> Attestation:
        """Open the member's keys afresh, from the keyring on, and return what may be signed. Raises UnlockError."""
        self._access.confirm(passphrase, code, code_needed=not (self._has_signed and passphrase is not None))
        self._has_signed = True
        given = {"passphrase": passphrase, "code": code}
        return Attestation(factors=("device", *(name for name, what in given.items() if what is not None)))
