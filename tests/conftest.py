"""What all tests share: the counts that `--full` makes large, loud absences, and a profile to work in."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from reviewer.storage import team
from tests.factories import Profile, TeamDatabase
from tests.postgres import Cluster, running

# Before any test makes a QApplication, whatever part of the tests is run: without a display that would end the process.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# No deadline: a shared machine is slow at times, and speed is a matter of the benchmarks.
settings.register_profile("ours", deadline=None)
settings.load_profile("ours")

_notes = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the large counts."""
    parser.addoption("--full", action="store_true", help="run the large counts: minutes instead of seconds")


def on_both(metafunc: pytest.Metafunc, *, file_only: Iterable[str] = ()) -> None:
    """Run each test that has a profile or a pool on a file and on a server, where its module does not choose one."""
    has_choice = not hasattr(metafunc.module, "database")
    if (
        has_choice
        and {"profile", "pool"} & set(metafunc.fixturenames)
        and metafunc.definition.originalname not in file_only
    ):
        metafunc.parametrize("database", ["file", "server"])


def pytest_configure(config: pytest.Config) -> None:
    """Start with nothing to tell."""
    config.stash[_notes] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a part of a run has to tell to the whole."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notes"] = session.config.stash[_notes]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a part of this run had to tell."""
    node.config.stash[_notes] += getattr(node, "workeroutput", {}).get("notes", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the counts that ran, and what could not run."""
    notes = terminalreporter.config.stash[_notes]
    if notes:
        terminalreporter.section("counts and absences")
        for note in notes:
            terminalreporter.write_line(note)


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Choose between a small and a large count, and say in the output which one ran."""

    def choose(small: int, large: int) -> int:
        full = bool(request.config.getoption("--full"))
        chosen, other = (large, f"plain: {small:,}") if full else (small, f"--full: {large:,}")
        request.config.stash[_notes].append(f"{request.node.name}: {chosen:,} ({other})")
        return chosen

    return choose


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return a function that says a figure at the end of the run."""

    def say(figure: str) -> None:
        request.config.stash[_notes].append(f"{request.node.name}: {figure}")

    return say


@pytest.fixture(scope="session")
def loud_skip(request: pytest.FixtureRequest) -> Callable[[str], NoReturn]:
    """Return a function that skips a test and says at the end of the run that it did not run."""

    def skip(why: str) -> NoReturn:
        request.config.stash[_notes].append(f"WARNING: {why}: some tests did not run")
        pytest.skip(why)

    return skip


@pytest.fixture
def real_data(request: pytest.FixtureRequest) -> Path:
    """Return the folder of real material beside the checkout; skip loudly where there is none."""
    folder = Path(request.config.rootpath).parent / "shared" / "data"
    if not folder.is_dir():
        request.config.stash[_notes].append(f"WARNING: {request.node.name} did not run: ../shared/data is not there")
        pytest.skip("no ../shared/data beside the checkout")
    return folder


@pytest.fixture(scope="session")
def real_audio(request: pytest.FixtureRequest, loud_skip: Callable[[str], NoReturn]) -> Path:
    """Return the folder of real speech beside the checkout; skip loudly where there is none."""
    folder = Path(request.config.rootpath).parent / "shared" / "audio"
    if not folder.is_dir():
        loud_skip("../shared/audio is not there")
    return folder


@pytest.fixture(scope="session")
def _new_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new profile, closed: making one anew for each test would take most of the time."""
    folder = tmp_path_factory.mktemp("new") / "profile"
    Profile(folder).close()
    return folder


@pytest.fixture(scope="session")
def server() -> Iterator[Cluster]:
    """Return a PostgreSQL that this run started. Its absence is a failure: these tests must not be passed over."""
    with running() as cluster:
        team.lay(cluster.engine(cluster.new_database("laid")))
        yield cluster


@pytest.fixture(scope="session")
def _new_team_profile(tmp_path_factory: pytest.TempPathFactory, server: Cluster) -> Path:
    """Return the same with its database on the server, which others are copied from."""
    folder = tmp_path_factory.mktemp("new-team") / "profile"
    Profile(folder, TeamDatabase(server, server.new_database("founded", template="laid"))).close()
    return folder


@contextmanager
def copied_profile(source: Path, folder: Path, server: Cluster) -> Iterator[Profile]:
    """Return a profile in `folder` with a database of its own, both copied from those that were made first."""
    shutil.copytree(source, folder)
    copy = TeamDatabase(server, server.new_database(template="founded"))
    server.run(f"REVOKE ALL ON DATABASE {copy.name} FROM PUBLIC")
    server.run(f"GRANT CONNECT ON DATABASE {copy.name} TO first")
    made = Profile(folder, copy)
    try:
        yield made
    finally:
        made.close()
        server.drop_database(copy.name)


@pytest.fixture
def database() -> str:
    """Say where the profile of a test has its database: in a file, unless a folder's conftest says otherwise."""
    return "file"


@pytest.fixture
def profile(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Iterator[Profile]:
    """Return a fresh profile with one member of every role."""
    folder = tmp_path / "profile"
    if database == "file":
        shutil.copytree(request.getfixturevalue("_new_profile"), folder)
        made = Profile(folder)
        yield made
        made.close()
        return
    source: Path = request.getfixturevalue("_new_team_profile")
    with copied_profile(source, folder, request.getfixturevalue("server")) as made:
        yield made
