"""Check Ed25519 signatures, many at a time.

One check costs 0.1 to 0.2 ms and holds Python's lock throughout, so threads gain nothing (measured: two threads were
slower than one); SignatureCheckers spreads a batch over processes instead.
"""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from types import TracebackType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# (public key, message, signature)
Signed = tuple[bytes, bytes, bytes]

_SHARE = 250  # checks handed to a process at a time: about 40 ms
# The eight points of small order and their other encodings: under such a key one signature fits many messages.
# https://github.com/jedisct1/libsodium, ge25519_has_small_order
_SMALL_ORDER = frozenset(
    bytes.fromhex(point)[:31] + bytes([bytes.fromhex(point)[31] & 0x7F])
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def is_valid(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` is `public`'s over `message`."""
    key = _public_key(public)
    if key is None:
        return False
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def first_bad_signature(batch: Sequence[Signed]) -> int | None:
    """Return the place of the first signature that is not valid, or None."""
    return next((place for place, signed in enumerate(batch) if not is_valid(*signed)), None)


class SignatureCheckers:
    """The same over several processes; they start on first use and end with the `with` block."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "SignatureCheckers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def first_bad_signature(self, batch: Sequence[Signed]) -> int | None:
        """Return the place of the first signature that is not valid, or None."""
        if self._processes < 2 or len(batch) <= _SHARE:
            return first_bad_signature(batch)
        if self._pool is None:
            # Never fork: the desk has threads.
            self._pool = ProcessPoolExecutor(self._processes, mp_context=multiprocessing.get_context("spawn"))
        starts = range(0, len(batch), _SHARE)
        shares = self._pool.map(first_bad_signature, [batch[start : start + _SHARE] for start in starts])
        return next((start + bad for start, bad in zip(starts, shares, strict=True) if bad is not None), None)


@lru_cache(maxsize=1024)
def _public_key(public: bytes) -> Ed25519PublicKey | None:
    if len(public) != 32 or public[:31] + bytes([public[31] & 0x7F]) in _SMALL_ORDER:
        return None
    return Ed25519PublicKey.from_public_bytes(public)
