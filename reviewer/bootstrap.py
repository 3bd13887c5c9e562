"""Build everything once and wire it: the only place that knows every part."""

from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from reviewer import logs
from reviewer.channels.folder import FolderTransport
from reviewer.domain.errors import NoWorkspaceError, UnavailableError
from reviewer.domain.members import Actor, Member
from reviewer.services.desks import Desk
from reviewer.services.intake import Intake
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.services.work import Work
from reviewer.services.workspaces import Workspaces
from reviewer.settings import SettingsFile
from reviewer.storage import Store


@dataclass(frozen=True, slots=True)
class Services:
    """What one member at one desk can do."""

    workspace: str
    member: Member
    queue: Queue
    review: Review
    intake: Intake
    work: Work


class Application:
    """One profile, opened by one process."""

    def __init__(self, profile: Path) -> None:
        try:
            profile.mkdir(parents=True, exist_ok=True, mode=0o700)
            logs.start(profile / "logs")
            self.desk = Desk(profile / "desks")
        except OSError as exc:
            raise UnavailableError(f"The profile folder {profile} cannot be used: {exc.strerror}.") from exc
        self.profile = profile
        self.settings = SettingsFile(profile / "settings.toml")
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """Return the profile's store, opened on first use."""
        if self._store is None:
            self._store = Store.open_file(self.profile / "reviewer.db")
        return self._store

    @property
    def workspaces(self) -> Workspaces:
        """Return the service that makes a workspace."""
        return Workspaces(self.store)

    def services(self) -> Services:
        """Return the services for the profile's member. Raises NoWorkspaceError."""
        if not (self.profile / "reviewer.db").exists():
            raise NoWorkspaceError("This profile has no workspace yet: make one with 'reviewer init'.")
        workspace, member = self.workspaces.current()
        actor = Actor(member, self.desk.id)
        return Services(
            workspace=workspace,
            member=member,
            queue=Queue(self.store, actor),
            review=Review(self.store, actor, self.settings.load().holds),
            intake=Intake(self.store, actor),
            work=Work(self.store, actor, FolderTransport(self.profile)),
        )

    def close(self) -> None:
        """Let go of the store, the desk's lock and the log."""
        if self._store is not None:
            self._store.close()
        self.desk.close()
        logs.stop()


def default_profile() -> Path:
    """Return where the profile lies unless --profile says otherwise."""
    return user_data_path("reviewer", appauthor=False)
