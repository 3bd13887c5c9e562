"""Make a workspace, unlock it, recover it: from the device's secret to open keys.

The device's secret opens the database file and, with the member's passphrase if there is one, their identity, which
opens the workspace's key; a member with a second factor also gives a code, each of which works once. A wrong entry is
counted before it is looked at, so that a killed try counts too; after five the next one waits; all of them are recorded
once somebody gets in.
"""

import math
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from reviewer.crypto import (
    Identity,
    KeyStore,
    OpenKeys,
    Owner,
    PublicKeys,
    RecoveryCode,
    SecondFactor,
    WorkspaceKey,
    database_key,
    is_passphrase_needed,
    login_password,
    new_secret,
    open_identity,
    recover_device_secret,
    recover_identity,
    seal_device_secret,
    seal_for_recovery,
    seal_identity,
)
from reviewer.domain import limits
from reviewer.domain.errors import (
    FactorNeededError,
    KeysUnavailableError,
    LedgerBrokenError,
    NoWorkspaceError,
    RuleError,
    SealBrokenError,
    TooManyTriesError,
    UnavailableError,
    UnlockError,
    UsageError,
    WrongFactorError,
)
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, DeskId, Member, MemberId, Role, WorkspaceId
from reviewer.files import write_whole
from reviewer.ledger import Directory
from reviewer.ledger.directory import encode_key
from reviewer.storage import Address, Store, Transaction, entries, keys, members
from reviewer.storage.members import MemberSecrets
from reviewer.storage.store import Unrecorded
from reviewer.storage.team import seats

FREE_TRIES = 5
WAIT_S = 30  # after five wrong tries; twice that after ten, and so on
_PATIENCE_S = 60  # for another process that is unlocking


@dataclass(frozen=True, slots=True)
class Made:
    """A new workspace; the recovery code is shown once and kept nowhere."""

    member: Member
    recovery_code: str
    founder: bytes  # the key with which it was made; whoever verifies an exported ledger compares it


@dataclass(frozen=True, slots=True)
class Asked:
    """What who asks to join tells an admin, and their recovery code, which is shown once and kept nowhere."""

    fingerprint: str
    recovery_code: str


@dataclass(frozen=True, slots=True)
class Factors:
    """What unlocking takes besides the device's secret, and how long the next try has to wait."""

    passphrase: bool
    code: bool
    wait_s: int = 0

    @property
    def any(self) -> bool:
        """Tell whether anything must be typed."""
        return self.passphrase or self.code


@dataclass(frozen=True, slots=True)
class Session:
    """An unlocked workspace and who unlocked it."""

    store: Store
    workspace: str
    member: Member


class Access:
    """The way into the workspace of a profile."""

    def __init__(
        self,
        profile: Path,
        keystore: KeyStore,
        desk: DeskId,
        *,
        team: Address | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the folder of a profile and where its secret lies; `now` gives Unix time.

        The database is a file of the profile or, where an address is given, a team's.
        """
        self._database = profile / "reviewer.db"
        self._team = team
        self._name_file = profile / "device"
        self._second_copy = profile / "device.recovery"
        self._tries = _Tries(profile / "failed-unlocks", now)
        self._keystore = keystore
        self._desk = desk
        self._now = now
        self._pass: str | None = None  # what a team's server gave for a code: lets later connections in

    @property
    def exists(self) -> bool:
        """Tell whether the profile has a workspace."""
        return self._name_file.exists() and (self._team is not None or self._database.exists())

    @property
    def is_of_team(self) -> bool:
        """Tell whether the workspace is, or is to be, in a team's database."""
        return self._team is not None

    @property
    def is_unfinished(self) -> bool:
        """Tell whether an earlier try to join the team was refused or cut off, so that there is no member here yet.

        Raises UnavailableError where nobody can tell.
        """
        if self._team is None or not self.exists:
            return False
        try:
            store = self._open(self._load_device_secret())
        except UnavailableError as exc:
            if "FATAL:" in exc.message:  # the server said so: this device was never let in
                return True
            raise
        try:
            with store.read() as tx:
                return seats.is_free(tx)
        finally:
            store.close()

    def make(
        self,
        name: str,
        member_name: str,
        roles: frozenset[Role],
        *,
        languages: frozenset[str] | None = None,
        passphrase: str | None = None,
        invitation: str | None = None,
    ) -> Made:
        """Make the workspace, its keys and its first member; in a team's database by who was invited to found it.

        Raises RuleError where there is one already.
        """
        _check_name("workspace", name)
        _check_name("member", member_name)
        if self.exists and not self.is_unfinished and self._is_made():
            raise RuleError("This profile has a workspace already; choose another with --profile.")
        identity, code = Identity.new(), RecoveryCode.new()
        device_secret = self._device_secret_to_join_with(invitation, code)
        first = Member(
            MemberId(secrets.token_hex(16)), WorkspaceId(secrets.token_hex(16)), member_name, roles, languages
        )
        owner = Owner(first.workspace_id, first.id)
        stored = MemberSecrets(
            identity.public,
            seal_identity(identity, owner, device_secret=device_secret, passphrase=passphrase or None),
            seal_for_recovery(identity, owner, code),
        )
        key = WorkspaceKey.new(first.workspace_id, 1)
        store = self._open(device_secret).as_member(OpenKeys(owner, identity, {1: key}))
        try:
            with store.write(Actor(first, self._desk)) as tx:
                members.add_workspace(tx, first.workspace_id, name)
                members.add(tx, first, stored)
                keys.add_generation(tx, key, first.id, key.seal_to(first.id, identity.public))
                _record_founding(tx, first, identity, key)
        finally:
            store.close()
        return Made(first, code.text, identity.public.sign)

    def join(self, name: str, invitation: str, passphrase: str | None = None) -> Asked:
        """Make this device's keys and ask to join the team that sent `invitation`; an admin then lets in.

        Raises UnavailableError where the invitation opens nothing, RuleError where this profile is a member's already.
        """
        _check_name("member", name)
        if self._team is None:
            raise UsageError("This profile has no team's database: name it with --database.")
        identity, code = Identity.new(), RecoveryCode.new()
        device_secret = self._device_secret_to_join_with(invitation, code)
        store = self._open(device_secret)
        try:
            with store.read() as tx:
                workspace = seats.workspace_to_join(tx)
            owner = Owner(workspace, secrets.token_hex(16))
            stored = MemberSecrets(
                identity.public,
                seal_identity(identity, owner, device_secret=device_secret, passphrase=passphrase or None),
                seal_for_recovery(identity, owner, code),
            )
            asking = Member(MemberId(owner.member), workspace, name, frozenset())
            with store.write(Actor(asking, self._desk)) as tx:
                seats.ask(tx, asking.id, name, stored)
                tx.leave_unrecorded(Unrecorded.ASKED_TO_JOIN)
        finally:
            store.close()
        return Asked(identity.public.fingerprint, code.text)

    def factors(self) -> Factors:
        """Tell what unlocking takes. Raises NoWorkspaceError or KeysUnavailableError."""
        store = self._open(self._load_device_secret())
        try:
            asked = store.factor_state()
            if asked.needed:  # before the server has a code it does not tell whether there is a passphrase
                return Factors(passphrase=False, code=True, wait_s=max(asked.wait_s, self._tries.wait_s()))
            with store.read() as tx:
                stored = members.secrets_of(tx, members.only(tx)[1].id)
        finally:
            store.close()
        return _factors(stored, self._tries.wait_s())

    def is_passphrase_needed(self) -> bool:
        """Tell whether unlocking takes a passphrase. Raises NoWorkspaceError or KeysUnavailableError."""
        return self.factors().passphrase

    def unlock(self, passphrase: str | None = None, code: str | None = None, *, at_desk: bool = False) -> Session:
        """Open the keys; `at_desk` puts it on record.

        Raises NoWorkspaceError, KeysUnavailableError, or UnlockError: FactorNeededError where something is missing
        (which is no try), WrongFactorError, TooManyTriesError.
        """
        return self._unlock(passphrase, code, code_needed=True, action=Action.UNLOCKED if at_desk else None)

    def confirm(self, passphrase: str | None, code: str | None = None, *, code_needed: bool = False) -> None:
        """Check a fresh factor before something is signed. Raises as unlock() does."""
        self._unlock(passphrase, code, code_needed=code_needed, action=None).store.close()

    def note_lock(self, session: Session, why: str) -> None:
        """Put on record that the desk is left; `why` is one word for it."""
        with session.store.write(Actor(session.member, self._desk)) as tx:
            tx.record(Action.LOCKED, why=why)

    def set_second_factor(self, session: Session) -> str:
        """Make unlocking take a code, and return the address for the authenticator app, which is shown this once.

        Raises RuleError where there is a second factor already.
        """
        owner, identity = session.store.keys.owner, session.store.keys.identity
        factor = SecondFactor.new()
        with session.store.write(Actor(session.member, self._desk)) as tx:
            if members.secrets_of(tx, session.member.id).totp is not None:
                raise RuleError("There is a second factor already: take it away first with 'reviewer totp off'.")
            members.set_totp(tx, session.member.id, factor.seal(identity, owner))
            tx.record(Action.POLICY_CHANGED, policy="second_factor", set=True)
            earned = seats.set_factor(tx, factor.secret) if session.store.is_shared else None
        if earned is not None:  # a team's server asks for the codes too, so that a stolen password opens nothing
            self._pass = earned
            session.store.show_pass(earned)
        return factor.uri(session.member.name)

    def drop_second_factor(self, session: Session) -> None:
        """Make unlocking take no code. Raises RuleError where it takes none."""
        with session.store.write(Actor(session.member, self._desk)) as tx:
            if members.secrets_of(tx, session.member.id).totp is None:
                raise RuleError("There is no second factor.")
            members.set_totp(tx, session.member.id, None)
            if session.store.is_shared:
                seats.drop_factor(tx)
            tx.record(Action.POLICY_CHANGED, policy="second_factor", set=False)

    def set_passphrase(self, session: Session, passphrase: str | None) -> None:
        """Lock the identity with another passphrase, or with none."""
        owner = Owner(session.member.workspace_id, session.member.id)
        identity = session.store.keys.identity
        sealed = seal_identity(identity, owner, device_secret=self._load_device_secret(), passphrase=passphrase or None)
        with session.store.write(Actor(session.member, self._desk)) as tx:
            members.set_identity(tx, session.member.id, sealed)
            tx.record(Action.POLICY_CHANGED, policy="passphrase", set=passphrase is not None)

    def recover(self, typed_code: str, passphrase: str | None = None) -> None:
        """Lock the identity anew after a lost passphrase, keyring or second factor, which is then gone.

        Raises UnlockError where the code does not fit.
        """
        code = RecoveryCode.read(typed_code)
        device_secret = self._recovered_device_secret(code)
        store = self._open(device_secret)
        try:
            if store.factor_state().needed:
                raise RuleError(
                    "The team's server asks for your second factor, which a recovery code does not replace: have an "
                    "admin take it away with 'reviewer team factor-off LOGIN', then recover again."
                )
            with store.read() as tx:
                _, member = members.only(tx)
                stored = members.secrets_of(tx, member.id)
            owner = Owner(member.workspace_id, member.id)
            identity = recover_identity(stored.recovery, owner, code)
            sealed = seal_identity(identity, owner, device_secret=device_secret, passphrase=passphrase or None)
            with store.as_member(OpenKeys(owner, identity, {})).write(Actor(member, self._desk)) as tx:
                members.set_identity(tx, member.id, sealed)
                tx.record(Action.POLICY_CHANGED, policy="passphrase", set=passphrase is not None, recovered=True)
                if stored.totp is not None:
                    members.set_totp(tx, member.id, None)
                    if store.is_shared:
                        seats.drop_factor(tx)
                    tx.record(Action.POLICY_CHANGED, policy="second_factor", set=False, recovered=True)
                if self._tries.number:
                    tx.record(Action.UNLOCK_FAILED, tries=self._tries.number)
        finally:
            store.close()
        self._tries.forget()

    def _unlock(self, passphrase: str | None, code: str | None, *, code_needed: bool, action: Action | None) -> Session:
        device_secret = self._load_device_secret()
        store = self._open(device_secret)
        try:
            self._pass_server(store, code)
            with store.read() as tx:
                workspace, member = members.only(tx)
                stored = members.secrets_of(tx, member.id)
                sealed = keys.generations(tx, member.id)
            owner = Owner(member.workspace_id, member.id)
            needed = _factors(stored, 0)
            if (needed.passphrase and passphrase is None) or (needed.code and code_needed and code is None):
                raise FactorNeededError(passphrase=needed.passphrase, code=needed.code and code_needed)
            if needed.any:
                with self._tries.counted():
                    identity = _opened(stored, owner, device_secret, passphrase)
                    step = None if code is None else _step(stored, owner, identity, code, self._now())
            else:
                identity, step = _opened(stored, owner, device_secret, None), None
            with store.read() as tx:
                _compare(entries.directory(tx), member, identity, stored)
                named = {each.number: keys.fingerprint(tx, each.number) for each in sealed}
            opened = {
                each.number: WorkspaceKey.open(
                    each.sealed, identity, owner, generation=each.number, fingerprint=named[each.number]
                )
                for each in sealed
            }
            unlocked = store.as_member(OpenKeys(owner, identity, opened))
            self._settle(unlocked, Actor(member, self._desk), step, action)
        except BaseException:
            store.close()
            raise
        return Session(unlocked, workspace, member)

    def _pass_server(self, store: Store, code: str | None) -> None:
        """Give a team's server the code that it asks for before anything else."""
        asked = store.factor_state()
        if not asked.needed:
            return
        if asked.wait_s:
            raise TooManyTriesError(asked.wait_s)
        if code is None:
            raise FactorNeededError(passphrase=False, code=True)
        with self._tries.counted():
            self._pass = store.hand_in(code)
        store.show_pass(self._pass)

    def _settle(self, store: Store, actor: Actor, step: int | None, action: Action | None) -> None:
        """Use up the code, and record the tries that failed before and, if asked, that the desk is open."""
        failed = self._tries.number
        if step is None and not failed and action is None:
            return
        with store.write(actor) as tx:
            if step is not None and not members.use_totp_step(tx, actor.member.id, step):
                raise UnlockError("This code was used already: wait for the next one.")
            tx.leave_unrecorded(Unrecorded.CODE_USED)
            if failed:
                tx.record(Action.UNLOCK_FAILED, tries=failed)
            if action is not None:
                tx.record(action)
        self._tries.forget()

    def _open(self, device_secret: bytes) -> Store:
        if self._team is not None:
            store = Store.open_team(self._team, login_password(device_secret))
            if self._pass is not None:
                store.show_pass(self._pass)
            return store
        return Store.open_file(self._database, database_key(device_secret))

    def _take_login(self, invitation: str | None, device_secret: bytes) -> None:
        if self._team is not None and invitation is not None:
            Store.take_login(self._team, invitation, login_password(device_secret))

    def _device_secret_to_join_with(self, invitation: str | None, code: RecoveryCode) -> bytes:
        """Return the device's secret: that of an earlier try, if there was one, as it opens what that one made."""
        if self.exists:
            name, secret = self._name(), self._load_device_secret()
        else:
            name, secret = secrets.token_hex(16), new_secret()
            self._keystore.save(name, secret)
            write_whole(self._name_file, [name.encode("ascii")])
        self._take_login(invitation, secret)
        write_whole(self._second_copy, [seal_device_secret(secret, name, code)])
        return secret

    def _is_made(self) -> bool:
        """Tell whether there is more than what a set-up that was cut off leaves behind."""
        store = self._open(self._load_device_secret())
        try:
            with store.read() as tx:
                members.only(tx)
        except NoWorkspaceError:
            return False
        finally:
            store.close()
        return True

    def _load_device_secret(self) -> bytes:
        if not self.exists:
            raise NoWorkspaceError("This profile has no workspace yet: make one with 'reviewer init'.")
        return self._keystore.load(self._name())

    def _recovered_device_secret(self, code: RecoveryCode) -> bytes:
        """Return the device's secret, put back into the key store from its second copy if it is not there."""
        try:
            return self._load_device_secret()
        except KeysUnavailableError:
            if not self._second_copy.exists():
                raise
            secret = recover_device_secret(self._second_copy.read_bytes(), self._name(), code)
            self._keystore.save(self._name(), secret)
            return secret

    def _name(self) -> str:
        return self._name_file.read_text("ascii").strip()


class _Tries:
    """The wrong entries since somebody last got in, one line with its time for each, shared by all processes."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now

    @property
    def number(self) -> int:
        """Return how many there were."""
        return len(self._failed_at())

    def wait_s(self) -> int:
        """Return for how many seconds the next try is not taken."""
        failed = self._failed_at()
        if len(failed) < FREE_TRIES:
            return 0
        wait = WAIT_S * (len(failed) // FREE_TRIES)
        # A clock that was set back must not lengthen the wait.
        return math.ceil(max(0.0, wait - abs(self._now() - failed[-1])))

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Take one try: it counts unless the block ends well. Raises TooManyTriesError or, again, UnlockError."""
        try:
            with FileLock(self._path.with_suffix(".lock"), timeout=_PATIENCE_S, mode=0o600):
                wait_s = self.wait_s()
                if wait_s:
                    raise TooManyTriesError(wait_s)
                before = self._note()
                try:
                    yield
                except UnlockError as exc:
                    left = (FREE_TRIES - self.number) if self.number < FREE_TRIES else 0
                    raise WrongFactorError(exc.message, left) from exc
                with suppress(FileNotFoundError):  # another process got in, and forgot them all
                    os.truncate(self._path, before)
        except Timeout as exc:
            raise UnavailableError("Another process is unlocking this profile: try again.") from exc

    def forget(self) -> None:
        """Start anew: somebody got in."""
        self._path.unlink(missing_ok=True)

    def _note(self) -> int:
        """Write one down and return how long the file was before."""
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            before = file.tell()
            file.write(f"{self._now():.3f}\n".encode())
            file.flush()
            os.fsync(file.fileno())
            return before

    def _failed_at(self) -> list[float]:
        try:
            written = self._path.read_text("ascii")
        except FileNotFoundError:  # there was none, or another process just got in
            return []
        return [float(line) for line in written.split()]


def _check_name(what: str, text: str) -> None:
    if not text.strip() or len(text) > limits.NAME_CHARACTERS:
        raise UsageError(f"The {what}'s name must have 1 to {limits.NAME_CHARACTERS} characters.")
    if limits.unstorable_character(text):
        raise UsageError(f"The {what}'s name holds a character that cannot be stored.")


def _factors(stored: MemberSecrets, wait_s: int) -> Factors:
    return Factors(is_passphrase_needed(stored.identity), stored.totp is not None, wait_s)


def _opened(stored: MemberSecrets, owner: Owner, device_secret: bytes, passphrase: str | None) -> Identity:
    if not is_passphrase_needed(stored.identity):
        return open_identity(stored.identity, owner, device_secret=device_secret)
    try:
        return open_identity(stored.identity, owner, device_secret=device_secret, passphrase=passphrase)
    except UnlockError as exc:
        if not isinstance(exc.__cause__, SealBrokenError):
            raise
        raise UnlockError("The passphrase is wrong.") from exc


def _step(stored: MemberSecrets, owner: Owner, identity: Identity, code: str, at: float) -> int | None:
    """Return the step of a code that fits and was not used. Raises UnlockError."""
    if stored.totp is None:
        return None
    step = SecondFactor.open(stored.totp, identity, owner).step_of(code, at)
    if step is None:
        raise UnlockError("The code is wrong, or this computer's clock is.")
    if stored.totp_step is not None and step <= stored.totp_step:
        raise UnlockError("This code was used already: wait for the next one.")
    return step


def _compare(directory: Directory, member: Member, identity: Identity, stored: MemberSecrets) -> None:
    """Refuse a member whose row says something else than the ledger. Raises LedgerBrokenError."""
    known = directory.members.get(member.id)
    if known is None:
        raise LedgerBrokenError("By the ledger you are no member of this workspace, or not any more.")
    if PublicKeys(known.receive, known.sign) != identity.public or stored.public != identity.public:
        raise LedgerBrokenError(
            "The ledger names other keys than yours for you: it is not the ledger of this workspace."
        )
    if known.roles != member.roles:
        raise LedgerBrokenError("The database says that you have other roles than the ledger does: it was altered.")


def _record_founding(tx: Transaction, first: Member, identity: Identity, key: WorkspaceKey) -> None:
    tx.record(
        Action.WORKSPACE_MADE,
        member=first.id,
        roles=sorted(first.roles),
        receive=encode_key(identity.public.receive),
        sign=encode_key(identity.public.sign),
    )
    tx.record(Action.WORKSPACE_KEY_MADE, generation=key.generation, fingerprint=key.fingerprint)
