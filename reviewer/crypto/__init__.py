"""Seal and open bytes, sign, and keep the secret that everything hangs from.

Guarantees: every ciphertext opens only under its own key and at its own place (workspace, table, row, column, version);
every format begins with a byte that names its algorithm, so that another can follow. Primitives are those of
`cryptography`, secrets lie where `keyring` puts them; nothing else in this program imports either. Python cannot wipe
memory, so none is promised wiped: locked means that the keys were dropped.

The chain of keys: device secret (key store) > identity > workspace key (one for each generation, sealed to each member)
> data key (one for each conversation) > field. Clips hang from a chain of their own: see pool_keys.py.
"""

from reviewer.crypto.data_keys import DataKey, FieldPlace
from reviewer.crypto.identities import (
    Identity,
    Owner,
    PassphraseCost,
    PublicKeys,
    is_passphrase_needed,
    open_identity,
    recover_device_secret,
    recover_identity,
    seal_device_secret,
    seal_for_recovery,
    seal_identity,
)
from reviewer.crypto.journals import JournalSealer
from reviewer.crypto.keystores import KeyFile, KeyringStore, KeyStore, SystemKeyring
from reviewer.crypto.map_keys import MapKey
from reviewer.crypto.open_keys import OpenKeys
from reviewer.crypto.pool_keys import ClipKey, PoolReader, PoolWriter, VaultDoor, seal_label
from reviewer.crypto.recovery_codes import RecoveryCode
from reviewer.crypto.sealing import database_key, login_password, new_secret
from reviewer.crypto.second_factors import SecondFactor
from reviewer.crypto.signatures import SignatureCheckers, first_bad_signature
from reviewer.crypto.workspace_keys import WorkspaceKey

__all__ = [
    "ClipKey",
    "DataKey",
    "FieldPlace",
    "Identity",
    "JournalSealer",
    "KeyFile",
    "KeyStore",
    "KeyringStore",
    "MapKey",
    "OpenKeys",
    "Owner",
    "PassphraseCost",
    "PoolReader",
    "PoolWriter",
    "PublicKeys",
    "RecoveryCode",
    "SecondFactor",
    "SignatureCheckers",
    "SystemKeyring",
    "VaultDoor",
    "WorkspaceKey",
    "database_key",
    "first_bad_signature",
    "is_passphrase_needed",
    "login_password",
    "new_secret",
    "open_identity",
    "recover_device_secret",
    "recover_identity",
    "seal_device_secret",
    "seal_for_recovery",
    "seal_identity",
    "seal_label",
]
