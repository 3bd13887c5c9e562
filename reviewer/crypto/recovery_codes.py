"""The recovery code: 136 random bits on paper, with a checksum that catches slips of the pen.

Written as eight groups of four in Crockford's alphabet (https://www.crockford.com/base32.html), which has no I, L, O
or U; reading it back, case, spaces and hyphens do not matter, O counts as 0 and I and L as 1.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from reviewer.domain.errors import UnlockError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_ALIKE = str.maketrans("OIL", "011")
_SECRET_BYTES = 17
_CHECK_BYTES = 3
_CHARACTERS = (_SECRET_BYTES + _CHECK_BYTES) * 8 // 5
_GROUP = 4
_IGNORED = re.compile(r"[\s\-‐‑–—_.]+")


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """A code that opens the second copy of a member's identity; shown once, never stored."""

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> "RecoveryCode":
        """Make a code."""
        return cls(secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def read(cls, untrusted_text: str) -> "RecoveryCode":
        """Read a code as a person typed it. Raises UnlockError, which never repeats what was typed."""
        typed = _IGNORED.sub("", untrusted_text).upper().translate(_ALIKE)
        if len(typed) != _CHARACTERS:
            raise UnlockError(f"A recovery code has {_CHARACTERS} letters and digits; {len(typed)} were typed.")
        wrong = next((at for at, character in enumerate(typed) if character not in _VALUES), None)
        if wrong is not None:
            raise UnlockError(f"Group {wrong // _GROUP + 1} holds a character that no recovery code has.")
        number = 0
        for character in typed:
            number = number * 32 + _VALUES[character]
        read = number.to_bytes(_SECRET_BYTES + _CHECK_BYTES, "big")
        secret, check = read[:_SECRET_BYTES], read[_SECRET_BYTES:]
        if not secrets.compare_digest(_check(secret), check):
            raise UnlockError("The recovery code has a slip in it: compare it with the paper, group by group.")
        return cls(secret)

    @property
    def text(self) -> str:
        """Return the code as it is shown: eight groups of four."""
        number = int.from_bytes(self.secret + _check(self.secret), "big")
        places = range(5 * (_CHARACTERS - 1), -1, -5)
        characters = "".join(_ALPHABET[number >> place & 31] for place in places)
        return "-".join(characters[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP))


def _check(secret: bytes) -> bytes:
    return hashlib.sha256(b"reviewer recovery code 1" + secret).digest()[:_CHECK_BYTES]
