"""A member's keys open with the right secret, passphrase or code, and with nothing else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.crypto import (
    Identity,
    Owner,
    PassphraseCost,
    RecoveryCode,
    is_passphrase_needed,
    new_secret,
    open_identity,
    recover_device_secret,
    recover_identity,
    seal_device_secret,
    seal_for_recovery,
    seal_identity,
)
from reviewer.domain.errors import UnlockError

_CHEAP = PassphraseCost(memory_kib=64, iterations=1, lanes=1)
_OWNER = Owner("workspace", "member")
_SECRET = new_secret()
_PASSPHRASE = "Überraschung 7"


def _sealed(identity: Identity, passphrase: str | None = _PASSPHRASE) -> bytes:
    return seal_identity(identity, _OWNER, device_secret=_SECRET, passphrase=passphrase, cost=_CHEAP)


def test_an_identity_opens_with_device_secret_and_passphrase() -> None:
    identity = Identity.new()
    opened = open_identity(_sealed(identity), _OWNER, device_secret=_SECRET, passphrase=_PASSPHRASE)
    assert opened.public == identity.public
    assert opened.sign(b"message") == identity.sign(b"message")


def test_an_identity_without_passphrase_opens_with_the_device_secret_alone() -> None:
    sealed = _sealed(Identity.new(), passphrase=None)
    assert not is_passphrase_needed(sealed)
    open_identity(sealed, _OWNER, device_secret=_SECRET)
    open_identity(sealed, _OWNER, device_secret=_SECRET, passphrase="not asked for")


def test_a_passphrase_may_be_typed_composed_or_decomposed() -> None:
    sealed = _sealed(Identity.new(), "caf\u00e9 noir")
    open_identity(sealed, _OWNER, device_secret=_SECRET, passphrase="cafe\u0301 noir")


def test_only_owner_secret_and_passphrase_together_open_an_identity() -> None:
    sealed = _sealed(Identity.new())
    owners = (_OWNER, Owner("workspace", "other"), Owner("other", "member"))
    tried = list(product(owners, (_SECRET, new_secret()), (_PASSPHRASE, _PASSPHRASE.upper(), "")))
    for owner, secret, passphrase in tried[1:]:
        with pytest.raises(UnlockError):
            open_identity(sealed, owner, device_secret=secret, passphrase=passphrase)
    open_identity(sealed, tried[0][0], device_secret=tried[0][1], passphrase=tried[0][2])


def test_a_passphrase_that_is_needed_is_asked_for() -> None:
    sealed = _sealed(Identity.new())
    assert is_passphrase_needed(sealed)
    with pytest.raises(UnlockError, match="enter it"):
        open_identity(sealed, _OWNER, device_secret=_SECRET)


@pytest.mark.parametrize("passphrase", [None, _PASSPHRASE])
def test_a_changed_bit_anywhere_closes_an_identity(passphrase: str | None) -> None:
    sealed = _sealed(Identity.new(), passphrase)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(UnlockError):
            open_identity(bytes(changed), _OWNER, device_secret=_SECRET, passphrase=_PASSPHRASE)


def test_a_cost_that_would_take_all_memory_is_refused_before_it_is_spent() -> None:
    sealed = bytearray(_sealed(Identity.new()))
    sealed[34:38] = b"\xff\xff\xff\xff"
    with pytest.raises(UnlockError, match="out of bounds"):
        open_identity(bytes(sealed), _OWNER, device_secret=_SECRET, passphrase=_PASSPHRASE)


def test_truncated_or_foreign_bytes_are_no_identity() -> None:
    sealed = _sealed(Identity.new())
    for length in range(len(sealed)):
        with pytest.raises(UnlockError):
            open_identity(sealed[:length], _OWNER, device_secret=_SECRET, passphrase=_PASSPHRASE)


def test_the_recovery_copy_opens_with_its_code_only() -> None:
    identity, code = Identity.new(), RecoveryCode.new()
    sealed = seal_for_recovery(identity, _OWNER, code)
    assert recover_identity(sealed, _OWNER, RecoveryCode.read(code.text)).public == identity.public
    for owner, other in ((_OWNER, RecoveryCode.new()), (Owner("workspace", "other"), code)):
        with pytest.raises(UnlockError):
            recover_identity(sealed, owner, other)


def test_a_recovery_code_opens_the_profile_on_a_new_device() -> None:
    code, secret = RecoveryCode.new(), new_secret()
    sealed = seal_device_secret(secret, "profile", code)
    assert recover_device_secret(sealed, "profile", RecoveryCode.read(code.text)) == secret
    for name, other in (("profile", RecoveryCode.new()), ("another", code)):
        with pytest.raises(UnlockError):
            recover_device_secret(sealed, name, other)
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UnlockError):
            recover_device_secret(bytes(changed), "profile", code)


def test_neither_copy_passes_for_the_other() -> None:
    identity, code = Identity.new(), RecoveryCode.new()
    with pytest.raises(UnlockError):
        open_identity(seal_for_recovery(identity, _OWNER, code), _OWNER, device_secret=_SECRET)
    with pytest.raises(UnlockError):
        recover_identity(_sealed(identity), _OWNER, code)


def test_secrets_do_not_show_in_what_is_printed() -> None:
    identity, code = Identity.new(), RecoveryCode.new()
    assert identity.dump().hex()[:16] not in repr(identity)
    assert code.secret.hex()[:8] not in repr(code)
    assert repr(code.secret) not in repr(code)


@given(st.binary(min_size=17, max_size=17))
def test_a_recovery_code_reads_back_as_sloppily_as_it_may_be_typed(secret: bytes) -> None:
    code = RecoveryCode(secret)
    assert len(code.text) == 8 * 4 + 7
    sloppy = code.text.lower().replace("-", "  ").replace("0", "o").replace("1", "l")
    assert RecoveryCode.read(sloppy) == code
    assert RecoveryCode.read(code.text.replace("1", "I").replace("-", "\u2013")) == code


@given(st.binary(min_size=17, max_size=17), st.integers(0, 31), st.integers(1, 31))
def test_a_slip_in_a_recovery_code_is_noticed(secret: bytes, place: int, shift: int) -> None:
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    typed = list(RecoveryCode(secret).text.replace("-", ""))
    typed[place] = alphabet[(alphabet.index(typed[place]) + shift) % 32]
    with pytest.raises(UnlockError, match="slip"):
        RecoveryCode.read("".join(typed))


@pytest.mark.parametrize("typed", ["", "ABCD", "U" * 32, "é" * 32, "0" * 33])
def test_what_is_no_recovery_code_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(UnlockError) as refused:
        RecoveryCode.read(typed)
    assert not typed or typed not in refused.value.message
