"""Build everything once and wire it: the only place that knows every part."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from reviewer import logs
from reviewer.channels.folder import FolderTransport
from reviewer.crypto import KeyFile, KeyStore, SystemKeyring
from reviewer.domain.call_records import Call
from reviewer.domain.errors import InputRefusedError, LockedError, RuleError, UnavailableError, UsageError
from reviewer.domain.members import Actor, Member
from reviewer.services import cells
from reviewer.services.access import Access, Session
from reviewer.services.analysis import Analysis
from reviewer.services.analyst import Analyst
from reviewer.services.desks import Desk
from reviewer.services.intake import Intake
from reviewer.services.journal import Journal, number_waiting
from reviewer.services.label_exports import LabelExports
from reviewer.services.label_quality import LabelQuality
from reviewer.services.ledger import Ledger, WitnessFile
from reviewer.services.oversight import Oversight
from reviewer.services.policy import Policy
from reviewer.services.pool import ClipMaker, Made, Pool
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.services.signing import Signing
from reviewer.services.suppressions import Suppressions
from reviewer.services.team import Team
from reviewer.services.tokens import Tokens
from reviewer.services.transcribing import Transcribing
from reviewer.services.unsent import Unsent, UnsentAnswers
from reviewer.services.vault import Vault
from reviewer.services.work import Work
from reviewer.settings import Cells, SettingsFile
from reviewer.storage import Address, Store

if TYPE_CHECKING:
    from reviewer.audio import Player


@dataclass(frozen=True, slots=True)
class Services:
    """What one member at one desk can do."""

    workspace: str
    member: Member
    queue: Queue
    oversight: Oversight
    review: Review
    policy: Policy
    intake: Intake
    analysis: Analysis
    work: Work
    signing: Signing
    ledger: Ledger
    vault: Vault
    pool: Pool
    transcribing: Transcribing
    label_exports: LabelExports
    label_quality: LabelQuality
    suppressions: Suppressions
    tokens: Tokens
    unsent: Unsent | None = None  # where the database is a team's, and so may be out of reach
    unsent_answers: UnsentAnswers | None = None


def leave_map(profile: Path) -> None:
    """Let a profile follow no map any more, whatever became of the map; the workspace stays where it was last."""
    SettingsFile(profile / "settings.toml").change(cells=None)


class Application:
    """One profile, opened by one process."""

    def __init__(self, profile: Path, key_file: Path | None = None, *, is_command: bool = False) -> None:
        try:
            profile.mkdir(parents=True, exist_ok=True, mode=0o700)
            logs.start(profile / "logs")
            self.settings = SettingsFile(profile / "settings.toml")
            team = self._team_address()
            self.desk = Desk(profile / "desks", is_command=is_command)
        except OSError as exc:
            raise UnavailableError(f"The profile folder {profile} cannot be used: {exc.strerror}.") from exc
        self.profile = profile
        keystore: KeyStore = SystemKeyring() if key_file is None else KeyFile(key_file)
        self._keystore = keystore
        self.access = Access(profile, keystore, self.desk.id, team=team)
        self._session: Session | None = None
        self._services: Services | None = None
        self._analyst: Analyst | None = None

    @property
    def session(self) -> Session:
        """Return the unlocked workspace. Raises LockedError."""
        if self._session is None:
            raise LockedError("The desk is locked: unlock it first.")
        return self._session

    def use_map(self, file: Path, key: str, workspace: str) -> Address:
        """Follow a signed map of workspaces from now on, and return where it says that this one's is.

        Raises RuleError where the profile is no team's, and as cells.read does.
        """
        if self.settings.load().database is None:
            raise RuleError("This workspace is no team's: it lies in a file of this profile.")
        try:
            bytes.fromhex(key)
        except ValueError as exc:
            raise UsageError("A key of a map is written in hex, as 'reviewer team map-key' shows it.") from exc
        before = self.settings.load()
        self.settings.change(cells=Cells(file.expanduser().absolute(), key, workspace, 0))
        try:
            found = self._team_address()
        except BaseException:
            self.settings.change(cells=before.cells)
            raise
        assert found is not None  # noqa: S101 - a team's profile has an address
        self.use_team(found)
        return found

    def _team_address(self) -> Address | None:
        """Return where the team's database is: as the map of workspaces says, where this profile follows one."""
        settings = self.settings.load()
        if settings.database is None:
            return None
        known, followed = Address.read(settings.database), settings.cells
        if followed is None:
            return known
        found = cells.read(followed.file, bytes.fromhex(followed.key))
        if found.serial < followed.serial:
            raise InputRefusedError(
                f"The map of workspaces {followed.file} is older than the one that this desk saw last (serial "
                f"{found.serial}, not {followed.serial}). Ask who runs the servers."
            )
        there = cells.address_on(found.of(followed.workspace), known.login, known)
        if there != known or found.serial != followed.serial:
            self.settings.change(database=there.text, cells=replace(followed, serial=found.serial))
        return there

    def use_team(self, database: Address) -> None:
        """Let this profile have its workspace in a team's database from now on."""
        self.settings.change(database=database.text)
        self.access = Access(self.profile, self._keystore, self.desk.id, team=database)

    def team(self) -> Team:
        """Return what an admin does with the team's members. Raises LockedError, RuleError where there is no team."""
        if not self.session.store.is_shared:
            raise RuleError("This workspace is no team's: it lies in a file of this profile.")
        return Team(self.session.store, Actor(self.session.member, self.desk.id))

    def unlock(
        self,
        passphrase: str | None = None,
        code: str | None = None,
        *,
        check_memory: bool = True,
        at_desk: bool = False,
    ) -> Services:
        """Open the keys and return the services; `at_desk` puts it on record.

        Raises as Access.unlock does, and LedgerBrokenError.
        """
        self._session = session = self.access.unlock(passphrase, code, at_desk=at_desk)
        actor = Actor(session.member, self.desk.id)
        settings = self.settings.load()
        transport = FolderTransport(self.profile)
        ledger = Ledger(session.store, actor, WitnessFile(self.profile / "witness.json"), settings.sink)
        if check_memory:
            ledger.check_memory()
        self._analyst = Analyst()
        self._services = Services(
            workspace=session.workspace,
            member=session.member,
            queue=Queue(session.store, actor),
            oversight=Oversight(session.store, actor),
            review=Review(session.store, actor, settings.holds, self._analyst),
            policy=Policy(session.store, actor),
            intake=Intake(session.store, actor),
            analysis=Analysis(session.store, actor, self._analyst, marks_personal=True),
            work=Work(session.store, actor, transport),
            signing=Signing(self.access),
            ledger=ledger,
            vault=Vault(session.store, actor, transport),
            pool=Pool(session.store, actor, _LateMaker()),
            transcribing=Transcribing(session.store, actor, self.desk.is_alive),
            label_exports=LabelExports(session.store, actor),
            label_quality=LabelQuality(session.store, actor),
            suppressions=Suppressions(session.store, actor),
            tokens=Tokens(session.store, actor),
        )
        if session.store.is_shared:
            self._services = self._with_journal(session.store, actor, self._services)
        return self._services

    def unsent_number(self) -> int:
        """Return how many decisions wait on this computer to be sent; this takes no key."""
        return number_waiting(self.profile)

    def _with_journal(self, store: Store, actor: Actor, services: Services) -> Services:
        journal = Journal(self.profile, self.desk.id, self.desk.is_alive, store.keys)
        return replace(
            services,
            unsent=Unsent(store, actor, services.review, services.queue, journal),
            unsent_answers=UnsentAnswers(services.transcribing, journal),
        )

    @staticmethod
    def make_player() -> "Player":
        """Return what plays clips; whether there is a device shows when it plays."""
        from reviewer.audio import SoundPlayer  # loads numpy and the sound system: only for who listens

        return SoundPlayer()

    @property
    def services(self) -> Services:
        """Return the services of the unlocked workspace. Raises LockedError."""
        if self._services is None:
            raise LockedError("The desk is locked: unlock it first.")
        return self._services

    def lock(self, why: str | None = None) -> None:
        """Drop the keys and close the database; what this desk last did is remembered.

        `why`, one word, goes on record. Whatever fails on the way, the keys are gone afterwards.
        """
        session, services = self._session, self._services
        self._services = None
        self._session = None
        if self._analyst is not None:
            self._analyst.close()  # it has seen texts
            self._analyst = None
        if session is None:
            return
        try:
            if why is not None:
                self.access.note_lock(session, why)
            if services is not None:
                services.ledger.remember()
        finally:
            session.store.close()

    def close(self) -> None:
        """Lock, and let go of the desk's place and the log."""
        self.lock()
        self.desk.close()
        logs.stop()


def default_profile() -> Path:
    """Return where the profile lies unless --profile says otherwise."""
    return user_data_path("reviewer", appauthor=False)


class _LateMaker:
    """Makes clips; loads what that takes (numpy, the voice detector, Presidio) when a call is first taken in."""

    def __init__(self) -> None:
        self._maker: ClipMaker | None = None

    def seconds(self, recording: Path) -> float:
        """Return how long a recording is. Raises InputRefusedError for what is none."""
        return self._loaded().seconds(recording)

    def make(self, recording: Path, call: Call) -> Made:
        """Cut and clean a recording. Raises InputRefusedError."""
        return self._loaded().make(recording, call)

    def _loaded(self) -> ClipMaker:
        if self._maker is None:
            from reviewer.services.clip_making import SoundMaker

            self._maker = SoundMaker()
        return self._maker
