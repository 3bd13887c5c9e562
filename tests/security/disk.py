"""What lies on the disk: every byte of a profile, and the pages of its database as whoever has its key sees them.

The pages are decrypted without SQLite, so that what SQLite would pass over (freed pages, slack, frames of the log that
count no longer) is seen too. The form is SQLCipher 4's: AES-256-CBC, the page's last 80 bytes are nonce and checksum,
the first 16 bytes of the file are its salt. https://www.zetetic.net/sqlcipher/design/
"""

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

_PAGE, _RESERVED, _SALT = 4096, 80, 16
_LOG_HEADER, _FRAME_HEADER = 32, 24


def pages(database: Path, key: bytes) -> Iterator[bytes]:
    """Yield every page of the database file and of its log, decrypted."""
    stored = database.read_bytes()
    for start in range(0, len(stored), _PAGE):
        yield _decrypted(stored[start : start + _PAGE], key, first=start == 0)
    log = database.with_name(f"{database.name}-wal")
    frames = log.read_bytes() if log.exists() else b""
    for start in range(_LOG_HEADER, len(frames) - _FRAME_HEADER, _FRAME_HEADER + _PAGE):
        number = int.from_bytes(frames[start : start + 4], "big")
        yield _decrypted(frames[start + _FRAME_HEADER :][:_PAGE], key, first=number == 1)


def _decrypted(page: bytes, key: bytes, *, first: bool) -> bytes:
    nonce = page[-_RESERVED:][:16]
    decryptor = Cipher(AES256(key), CBC(nonce)).decryptor()
    return decryptor.update(page[_SALT if first else 0 : -_RESERVED]) + decryptor.finalize()


def lies_in(database: Path, key: bytes, *wanted: bytes) -> bool:
    """Tell whether some page holds one of these, or the half of one that runs over from another page."""
    halves = [half for each in wanted for half in (each[: len(each) // 2], each[len(each) // 2 :])]
    return any(half in page for page in pages(database, key) for half in halves)


class Canary:
    """A word that stands nowhere by chance, planted wherever content is, and looked for in every spelling."""

    def __init__(self) -> None:
        self.word = f"kanarinac{secrets.token_hex(12)}"
        self.places: list[str] = []

    def __call__(self, place: str) -> str:
        """Return content for a place, the word in its middle."""
        self.places.append(place)
        return f"Before {self.word} after: {place} {len(self.places)}."

    @property
    def spellings(self) -> dict[str, bytes]:
        """Return the word as it may look in bytes."""
        made = {encoding: self.word.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")}
        made["hex"] = self.word.encode().hex().encode()
        made["reversed"] = self.word[::-1].encode()
        for encoding in ("utf-8", "utf-16-le"):
            for shift in range(3):  # a base64 text looks different at each place within three bytes
                spelled = base64.b64encode(b"\0" * shift + self.word.encode(encoding))
                made[f"base64 of {encoding} at {shift}"] = spelled[4 if shift else 0 : -4]
        return made

    def found_in(self, stored: bytes) -> list[str]:
        """Return the spellings that stand in `stored`, in small or capital letters."""
        lower = stored.lower()
        return [
            name
            for name, spelled in self.spellings.items()
            if spelled in stored or (not name.startswith("base64") and spelled.lower() in lower)
        ]

    def found_below(self, folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, list[str]]:
        """Return the files below `folder` in whose bytes or names the word stands; `but` names what is left out."""
        found = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if name.split("/")[0] in but:
                continue
            spellings = self.found_in(name.encode() + (path.read_bytes() if path.is_file() else b""))
            if spellings:
                found[name] = spellings
        return found
