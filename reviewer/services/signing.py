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
        self._access.confirm(passphrase, code, code_needed=self.factors().code)
        self._has_signed = True
        return attested(self._access.factors(), passphrase, code)


def attested(known: Factors, passphrase: str | None, code: str | None) -> Attestation:
    """Return what may be signed by a member who was let in with these; what nobody looked at is no factor."""
    checked = {"passphrase": known.passphrase and passphrase is not None, "code": known.code and code is not None}
    return Attestation(factors=("device", *(name for name, is_checked in checked.items() if is_checked)))
