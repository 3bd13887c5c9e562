"""Make a workspace, unlock it, recover it: from the device's secret to open keys.

The device's secret opens the database file and, with the member's passphrase if there is one, their identity, which
opens the workspace's key. A wrong passphrase is counted, slows the next try and is recorded once somebody gets in.
"""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from reviewer.crypto import (
    Identity,
    KeyStore,
    OpenKeys,
    Owner,
    RecoveryCode,
    WorkspaceKey,
    database_key,
    is_passphrase_needed,
    new_secret,
    open_identity,
    recover_identity,
    seal_for_recovery,
    seal_identity,
)
from reviewer.domain import limits
from reviewer.domain.errors import NoWorkspaceError, RuleError, UnlockError, UsageError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, DeskId, Member, MemberId, Role, WorkspaceId
from reviewer.ledger.directory import encode_key
from reviewer.storage import Store, Transaction, keys, members
from reviewer.storage.members import MemberSecrets

_FREE_TRIES = 5
_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Made:
    """A new workspace; the recovery code is shown once and kept nowhere."""

    member: Member
    recovery_code: str


@dataclass(frozen=True, slots=True)
class Session:
    """An unlocked workspace and who unlocked it."""

    store: Store
    workspace: str
    member: Member


class Access:
    """The way into the workspace of a profile."""

    def __init__(self, profile: Path, keystore: KeyStore, desk: DeskId) -> None:
        self._database = profile / "reviewer.db"
        self._name_file = profile / "device"
        self._failures = profile / "failed-unlocks"
        self._keystore = keystore
        self._desk = desk

    @property
    def exists(self) -> bool:
        """Tell whether the profile has a workspace."""
        return self._database.exists() and self._name_file.exists()

    def make(
        self,
        name: str,
        member_name: str,
        roles: frozenset[Role],
        *,
        languages: frozenset[str] | None = None,
        passphrase: str | None = None,
    ) -> Made:
        """Make the workspace, its keys and its first member. Raises RuleError where there is one already."""
        for what, text in (("workspace", name), ("member", member_name)):
            if not text.strip() or len(text) > limits.NAME_CHARACTERS:
                raise UsageError(f"The {what}'s name must have 1 to {limits.NAME_CHARACTERS} characters.")
        if self.exists:
            raise RuleError("This profile has a workspace already; choose another with --profile.")
        device_secret = self._make_device_secret()
        first = Member(
            MemberId(secrets.token_hex(16)), WorkspaceId(secrets.token_hex(16)), member_name, roles, languages
        )
        identity, code = Identity.new(), RecoveryCode.new()
        owner = Owner(first.workspace_id, first.id)
        stored = MemberSecrets(
            identity.public,
            seal_identity(identity, owner, device_secret=device_secret, passphrase=passphrase or None),
            seal_for_recovery(identity, owner, code),
        )
        key = WorkspaceKey.new(first.workspace_id, 1)
        store = Store.open_file(self._database, database_key(device_secret)).as_member(
            OpenKeys(owner, identity, {1: key})
        )
        try:
            with store.write(Actor(first, self._desk)) as tx:
                members.add_workspace(tx, first.workspace_id, name)
                members.add(tx, first, stored)
                keys.add_generation(tx, key, first.id, key.seal_to(first.id, identity.public))
                _record_founding(tx, first, identity, key)
        finally:
            store.close()
        return Made(first, code.text)

    def is_passphrase_needed(self) -> bool:
        """Tell whether unlocking takes a passphrase. Raises NoWorkspaceError or KeysUnavailableError."""
        store = self._open()
        try:
            with store.read() as tx:
                return is_passphrase_needed(members.secrets_of(tx, members.only(tx)[1].id).identity)
        finally:
            store.close()

    def unlock(self, passphrase: str | None = None) -> Session:
        """Open the keys. Raises NoWorkspaceError, KeysUnavailableError or UnlockError."""
        self._refuse_if_too_many()
        device_secret = self._load_device_secret()
        store = Store.open_file(self._database, database_key(device_secret))
        try:
            with store.read() as tx:
                workspace, member = members.only(tx)
                stored = members.secrets_of(tx, member.id)
                sealed = keys.generations(tx, member.id)
            owner = Owner(member.workspace_id, member.id)
            identity = open_identity(stored.identity, owner, device_secret=device_secret, passphrase=passphrase)
        except UnlockError:
            store.close()
            if passphrase is not None:
                self._note_failure()
            raise
        opened = {
            each.number: WorkspaceKey.open(
                each.sealed, identity, owner, generation=each.number, fingerprint=each.fingerprint
            )
            for each in sealed
        }
        unlocked = store.as_member(OpenKeys(owner, identity, opened))
        self._record_failures(unlocked, Actor(member, self._desk))
        return Session(unlocked, workspace, member)

    def confirm(self, passphrase: str | None) -> None:
        """Check a fresh factor before something is signed. Raises UnlockError."""
        self.unlock(passphrase).store.close()

    def set_passphrase(self, session: Session, passphrase: str | None) -> None:
        """Lock the identity with another passphrase, or with none."""
        owner = Owner(session.member.workspace_id, session.member.id)
        identity = session.store.keys.identity
        sealed = seal_identity(identity, owner, device_secret=self._load_device_secret(), passphrase=passphrase or None)
        with session.store.write(Actor(session.member, self._desk)) as tx:
            members.set_identity(tx, session.member.id, sealed)
            tx.record(Action.POLICY_CHANGED, policy="passphrase", set=passphrase is not None)

    def recover(self, typed_code: str, passphrase: str | None = None) -> None:
        """Lock the identity anew after a lost passphrase. Raises UnlockError where the code does not fit.

        The device's secret must still be there: without it the database file itself does not open.
        """
        device_secret = self._load_device_secret()
        store = Store.open_file(self._database, database_key(device_secret))
        try:
            with store.read() as tx:
                _, member = members.only(tx)
                stored = members.secrets_of(tx, member.id)
            owner = Owner(member.workspace_id, member.id)
            identity = recover_identity(stored.recovery, owner, RecoveryCode.read(typed_code))
            sealed = seal_identity(identity, owner, device_secret=device_secret, passphrase=passphrase or None)
            with store.as_member(OpenKeys(owner, identity, {})).write(Actor(member, self._desk)) as tx:
                members.set_identity(tx, member.id, sealed)
                tx.record(Action.POLICY_CHANGED, policy="passphrase", set=passphrase is not None, recovered=True)
        finally:
            store.close()
        self._failures.unlink(missing_ok=True)

    def _open(self) -> Store:
        return Store.open_file(self._database, database_key(self._load_device_secret()))

    def _make_device_secret(self) -> bytes:
        name = self._name_file.read_text("ascii").strip() if self._name_file.exists() else secrets.token_hex(16)
        secret = new_secret()
        self._keystore.save(name, secret)
        self._name_file.write_text(name, "ascii")
        return secret

    def _load_device_secret(self) -> bytes:
        if not self.exists:
            raise NoWorkspaceError("This profile has no workspace yet: make one with 'reviewer init'.")
        return self._keystore.load(self._name_file.read_text("ascii").strip())

    def _refuse_if_too_many(self) -> None:
        failed = self._failed_at()
        wait = _WAIT_S * (len(failed) // _FREE_TRIES) - (time.time() - failed[-1]) if failed else 0
        if len(failed) >= _FREE_TRIES and wait > 0:
            raise UnlockError(f"Too many wrong passphrases: wait {int(wait) + 1} seconds.")

    def _note_failure(self) -> None:
        with self._failures.open("a", encoding="ascii") as file:
            file.write(f"{time.time():.0f}\n")

    def _failed_at(self) -> list[float]:
        if not self._failures.exists():
            return []
        return [float(line) for line in self._failures.read_text("ascii").split()]

    def _record_failures(self, store: Store, actor: Actor) -> None:
        failed = self._failed_at()
        if failed:
            with store.write(actor) as tx:
                tx.record(Action.UNLOCK_FAILED, tries=len(failed))
            self._failures.unlink(missing_ok=True)


def _record_founding(tx: Transaction, first: Member, identity: Identity, key: WorkspaceKey) -> None:
    tx.record(
        Action.WORKSPACE_MADE,
        member=first.id,
        roles=sorted(first.roles),
        receive=encode_key(identity.public.receive),
        sign=encode_key(identity.public.sign),
    )
    tx.record(Action.WORKSPACE_KEY_MADE, generation=key.generation, fingerprint=key.fingerprint)
