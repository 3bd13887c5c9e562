"""The second copy of a device's secret, which the recovery code opens where the keyring has lost the first."""

from reviewer.crypto.recovery_codes import RecoveryCode
from reviewer.crypto.sealing import SECRET_BYTES, Sealer, binding, new_secret, subkey
from reviewer.domain.errors import SealBrokenError, UnlockError

_FORMAT = b"\x01"


def seal_device_secret(device_secret: bytes, name: str, code: RecoveryCode) -> bytes:
    """Return the secret of the device called `name` under the recovery code."""
    salt = new_secret()
    return _FORMAT + salt + Sealer(_key(code, salt)).seal(device_secret, _bound(name))


def recover_device_secret(sealed: bytes, name: str, code: RecoveryCode) -> bytes:
    """Open the second copy. Raises UnlockError where it does not fit the code or the device."""
    salt, rest = sealed[1 : 1 + SECRET_BYTES], sealed[1 + SECRET_BYTES :]
    try:
        if sealed[:1] != _FORMAT:
            raise SealBrokenError("This is no copy that this version of the program can open.")
        return Sealer(_key(code, salt)).open(rest, _bound(name))
    except SealBrokenError as exc:
        raise UnlockError("This recovery code does not open this profile; look for a newer one.") from exc


def _key(code: RecoveryCode, salt: bytes) -> bytes:
    return subkey(code.secret, binding("device secret under recovery code"), salt)


def _bound(name: str) -> bytes:
    return binding("device secret", name)
