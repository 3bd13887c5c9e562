"""Rotation, erasure and set-up killed at every statement: nothing lost, nothing readable that should not be."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reviewer.bootstrap import Application
from reviewer.crypto import database_key
from reviewer.domain.errors import NoWorkspaceError, RuleError
from reviewer.domain.members import Role
from reviewer.services import vault
from tests.factories import Beneath, Profile
from tests.security import dying
from tests.security.disk import Canary, lies_in
from tests.security.full_desk import FullDesk, content_of, everything

Count = Callable[[int, int], int]
Content = dict[str, dict[str, str] | None]


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace with every sort of content in it, closed, and what it holds."""

    folder: Path
    canary: Canary
    items: dict[str, str]
    content: Content
    wrapped: dict[str, bytes]  # the data keys as they lie in the database
    sealed_generation: bytes

    def copy(self, folder: Path) -> Path:
        """Return a copy of the profile to work on."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return folder


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Fill a workspace once."""
    canary = Canary()
    profile = Profile(tmp_path_factory.mktemp("desk") / "profile")
    items = FullDesk(profile.services(), profile, canary).fill()
    content = everything(profile.store)
    wrapped = dict(profile.rows("SELECT item_id, wrapped FROM data_key"))
    ((sealed,),) = profile.rows("SELECT sealed FROM workspace_key")
    profile.close()
    yield Desk(profile.folder, canary, dict(items), content, wrapped, sealed)


def _ready_to_rotate(application: Application) -> Callable[[], object]:
    vault._BATCH = 3
    return application.unlock().vault.rotate


def _ready_to_erase(application: Application) -> Callable[[], object]:
    services = application.unlock()
    item_id = (application.profile / "to-erase").read_text("ascii")
    return lambda: services.vault.erase(item_id)


def _ready_to_make(application: Application) -> Callable[[], object]:
    access = application.access
    return lambda: access.make("Desk", "First", frozenset(Role))


def _opened(folder: Path) -> Application:
    return Application(folder, folder / "keys")


def _verified(application: Application) -> Content:
    """Return what can be read, once the ledger is found whole."""
    services = application.unlock()
    report = services.ledger.verify()
    assert report.ok, report
    return everything(application.session.store)


# ---- Rotation


def _assert_rotates(desk: Desk, folder: Path, step: str) -> None:
    """Check that nothing is lost, and that rotating again ends with one generation and no trace of the one before."""
    application = _opened(folder)
    assert _verified(application) == desk.content, step
    application.services.vault.rotate()
    assert everything(application.session.store) == desk.content, step
    assert application.services.ledger.verify().ok
    application.close()
    beneath = Beneath(folder)
    ((generation,),) = beneath.rows("SELECT generation FROM workspace_key")
    assert beneath.rows("SELECT DISTINCT generation FROM data_key") == [(generation,)]
    database, key = folder / "reviewer.db", database_key(beneath.device_secret)
    assert not lies_in(database, key, desk.sealed_generation, *desk.wrapped.values())


def test_rotation_killed_at_every_statement_loses_nothing_and_is_finished_by_the_next(
    desk: Desk, tmp_path: Path, count: Count
) -> None:
    steps = dying.left_at_each_step(_ready_to_rotate, desk.copy(tmp_path / "profile"))
    assert sum(step == "COMMIT" for step, _ in steps) > 4  # it may be cut between its transactions too
    for number in dying.some_of(len(steps), count(25, len(steps))):
        step, folder = steps[number]
        _assert_rotates(desk, folder, step)


def test_rotation_killed_for_real(desk: Desk, tmp_path: Path, count: Count) -> None:
    for number in dying.some_of(80, count(3, 80)):
        folder = desk.copy(tmp_path / "profile")
        dying.die_at(1 + number, _ready_to_rotate, folder)
        _assert_rotates(desk, folder, f"step {number}")


def test_after_a_rotation_no_page_of_the_file_holds_the_old_keys(desk: Desk, tmp_path: Path) -> None:
    folder = desk.copy(tmp_path / "profile")
    database, key = folder / "reviewer.db", database_key(Beneath(folder).device_secret)
    for old in (desk.sealed_generation, *desk.wrapped.values()):
        assert lies_in(database, key, old)  # what is looked for can be found
    application = _opened(folder)
    application.unlock().vault.rotate()
    assert not lies_in(database, key, desk.sealed_generation, *desk.wrapped.values())  # while it is still open
    application.close()


# ---- Erasure


def _erasing(desk: Desk, folder: Path, name: str) -> Path:
    desk.copy(folder)
    (folder / "to-erase").write_text(desk.items[name], "ascii")
    return folder


def _assert_nothing_left(desk: Desk, folder: Path, item_id: str) -> None:
    beneath = Beneath(folder)
    assert not lies_in(folder / "reviewer.db", database_key(beneath.device_secret), desk.wrapped[item_id])
    for (decision,) in beneath.rows("SELECT id FROM decision WHERE item_id = ?", item_id):
        assert list(folder.rglob(f"*{decision}*")) == []


def _assert_erases(desk: Desk, folder: Path, name: str, step: str) -> None:
    """Check that all or nothing is erased, and that what was begun is finished without being asked for."""
    item_id = desk.items[name]
    others = {key: value for key, value in desk.content.items() if key != item_id}
    application = _opened(folder)
    found = _verified(application)
    assert found.pop(item_id) in (None, desk.content[item_id]), step
    assert found == others, step
    if content_of(application.session.store, item_id) is not None:
        application.services.vault.erase(item_id)
    application.services.work.round()
    assert everything(application.session.store) == {**others, item_id: None}
    assert application.services.ledger.verify().ok
    application.close()
    _assert_nothing_left(desk, folder, item_id)


@pytest.mark.parametrize("name", ["signed", "sent", "returned", "held", "opinion"])
def test_erasure_killed_at_every_statement_erases_all_or_nothing(
    desk: Desk, tmp_path: Path, count: Count, name: str
) -> None:
    steps = dying.left_at_each_step(_ready_to_erase, _erasing(desk, tmp_path / "profile", name))
    for number in dying.some_of(len(steps), count(20 if name == "signed" else 4, len(steps))):
        step, folder = steps[number]
        _assert_erases(desk, folder, name, step)


def test_erasure_killed_for_real(desk: Desk, tmp_path: Path, count: Count) -> None:
    for number in dying.some_of(40, count(3, 40)):
        folder = _erasing(desk, tmp_path / "profile", "signed")
        dying.die_at(1 + number, _ready_to_erase, folder)
        _assert_erases(desk, folder, "signed", f"step {number}")


def test_erasing_again_what_was_cut_off_finishes_it_and_says_that_it_was_done(desk: Desk, tmp_path: Path) -> None:
    steps = dying.left_at_each_step(_ready_to_erase, _erasing(desk, tmp_path / "profile", "signed"))
    after_commit = 1 + [step for step, _ in steps].index("COMMIT")
    _, folder = steps[after_commit]
    application = _opened(folder)
    with pytest.raises(RuleError, match="erased already"):
        application.unlock().vault.erase(desk.items["signed"])
    _assert_nothing_left(desk, folder, desk.items["signed"])
    application.close()


# ---- Making the workspace


def test_making_a_workspace_killed_at_every_statement_can_be_done_again(tmp_path: Path, count: Count) -> None:
    steps = dying.left_at_each_step(_ready_to_make, tmp_path / "profile")
    for number in dying.some_of(len(steps), count(12, len(steps))):
        step, folder = steps[number]
        application = _opened(folder)
        try:
            application.unlock()
        except NoWorkspaceError:
            application.access.make("Desk", "First", frozenset(Role))
            application.unlock()
        assert application.services.ledger.verify().ok, step
        application.close()
