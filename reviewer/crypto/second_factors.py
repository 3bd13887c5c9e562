"""The second factor: one-time codes of six digits as authenticator apps make them (TOTP, RFC 6238).

SHA-1 and 30 seconds are what those apps agree on. A code belongs to a step of 30 seconds and fits one step early or
late; whoever accepts a code must remember its step and take no code of that step or an earlier one again.
"""

import secrets

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from reviewer.crypto.identities import Identity, Owner
from reviewer.crypto.sealing import Sealer, binding, subkey
from reviewer.domain.errors import SealBrokenError

STEP_S = 30
_DIGITS = 6
_SECRET_BYTES = 20  # as long as the hash (RFC 4226, section 4)
_ISSUER = "Review desk"


class SecondFactor:
    """What a member's authenticator app and their desk both know."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._codes = TOTP(secret, _DIGITS, SHA1(), STEP_S)  # noqa: S303 - inside an HMAC, as the RFC has it

    @classmethod
    def new(cls) -> "SecondFactor":
        """Make one."""
        return cls(secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def open(cls, sealed: bytes, identity: Identity, owner: Owner) -> "SecondFactor":
        """Return what `seal` sealed. Raises SealBrokenError."""
        secret = _sealer(identity).open(sealed, _bound(owner))
        if len(secret) != _SECRET_BYTES:
            raise SealBrokenError("The second factor has the wrong length.")
        return cls(secret)

    def __repr__(self) -> str:
        return "SecondFactor()"

    def seal(self, identity: Identity, owner: Owner) -> bytes:
        """Return this under the member's own keys: nobody else can read it or put another in its place."""
        return _sealer(identity).seal(self._secret, _bound(owner))

    @property
    def secret(self) -> bytes:
        """Return what the app and whoever checks its codes know: 20 bytes."""
        return self._secret

    def uri(self, account: str) -> str:
        """Return the address that an authenticator app takes in, to be shown once."""
        return self._codes.get_provisioning_uri(account, _ISSUER)

    def code(self, step: int) -> str:
        """Return the code of a step."""
        return self._codes.generate(step * STEP_S).decode()

    def step_of(self, untrusted_code: str, at: float) -> int | None:
        """Return the newest step about `at` (in seconds of Unix time) that a code belongs to, or None."""
        typed = "".join(untrusted_code.split())
        if len(typed) != _DIGITS or not (typed.isascii() and typed.isdigit()):
            return None
        now = int(at) // STEP_S
        # All three are looked at, whatever fits: how long it takes tells nothing.
        return max((step for step in (now - 1, now, now + 1) if self._is(typed, step)), default=None)

    def _is(self, typed: str, step: int) -> bool:
        try:
            self._codes.verify(typed.encode(), step * STEP_S)
        except InvalidToken:
            return False
        return True


def _sealer(identity: Identity) -> Sealer:
    return Sealer(subkey(identity.dump(), binding("second factor")))


def _bound(owner: Owner) -> bytes:
    return binding("second factor", owner.workspace, owner.member)
