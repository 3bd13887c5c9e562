"""Many servers, and a signed map that says which of them a workspace lives on; two real servers here."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer.bootstrap import Application
from reviewer.crypto import MapKey
from reviewer.domain.errors import (
    InputRefusedError,
    NotFoundError,
    RuleError,
    UnavailableError,
    UsageError,
)
from reviewer.services import cells
from tests.factories import Profile, TeamDatabase
from tests.postgres import PASSWORD, SUPERUSER, Cluster, binaries, running


@pytest.fixture
def database() -> str:
    """Every test here is about a server."""
    return "server"


@pytest.fixture
def key(tmp_path: Path) -> MapKey:
    return MapKey.make(tmp_path / "map-key")


@pytest.fixture
def atlas(tmp_path: Path) -> Path:
    return tmp_path / "map.json"


@pytest.fixture(scope="module")
def second_server() -> Iterator[Cluster]:
    with running() as cluster:
        yield cluster


def _written(database: TeamDatabase) -> str:
    """Return where a database is, as a map says it."""
    return database.address("nobody").text.replace("nobody@", "")


def _dsn(cluster: Cluster, database: str) -> str:
    trust = f"sslmode=verify-full sslrootcert={cluster.certificates.authority}"
    return f"host=127.0.0.1 port={cluster.port} dbname={database} user={SUPERUSER} password={PASSWORD} {trust}"


def _move(database: TeamDatabase, to: Cluster) -> TeamDatabase:
    """Copy a database with its logins to another server, as who runs the servers moves a workspace."""
    dump = [str(binaries() / "pg_dump"), "--create", "--dbname", _dsn(database.cluster, database.name)]
    roles = [str(binaries() / "pg_dumpall"), "--roles-only", "--dbname", _dsn(database.cluster, "postgres")]
    for command in (roles, dump):
        said = subprocess.run(command, capture_output=True, check=True).stdout
        load = [str(binaries() / "psql"), "-q", "--dbname", _dsn(to, "postgres")]
        subprocess.run(load, input=said, capture_output=True, check=True)
    return TeamDatabase(to, database.name)


def _database_of(profile: Profile) -> TeamDatabase:
    assert profile.team is not None
    return profile.team


def test_a_desk_follows_its_workspace_to_another_server(
    profile: Profile, key: MapKey, atlas: Path, second_server: Cluster
) -> None:
    profile.put(id="before")
    old = _database_of(profile)
    profile.close()
    cells.write(atlas, cells.signed({"North": _written(old), "South": "postgresql://elsewhere:1/x"}, 1, key))
    application = Application(profile.folder, profile.key_file)
    assert application.use_map(atlas, key.public.hex(), "North").host == old.address("first").host
    application.close()

    new = _move(old, second_server)
    old.cluster.run(f'ALTER DATABASE "{old.name}" ALLOW_CONNECTIONS false')
    cells.write(atlas, cells.signed({"North": _written(new)}, 2, key))
    moved = Application(profile.folder, profile.key_file)
    services = moved.unlock()
    assert [head.external_id for head in services.queue.overview().waiting] == ["before"]
    assert services.queue.claim() is not None
    address = moved.settings.load().database
    assert address is not None
    assert f":{second_server.port}/" in address
    assert address.startswith("postgresql://first@")
    moved.close()


def test_a_map_that_is_older_changed_or_of_another_key_is_not_followed(
    profile: Profile, key: MapKey, atlas: Path, tmp_path: Path
) -> None:
    here = {"North": _written(_database_of(profile))}
    newest = cells.signed(here, 5, key)
    cells.write(atlas, newest)
    Application(profile.folder, profile.key_file).use_map(atlas, key.public.hex(), "North")
    other = MapKey.make(tmp_path / "other-key")
    lured = {"North": here["North"].replace("127.0.0.1", "127.0.0.2")}
    for name, content, why in (
        ("older", cells.signed(here, 4, key), "older"),
        ("changed", newest.replace(b'"serial":5', b'"serial":6'), "not what the key"),
        ("of another key", cells.signed(lured, 9, other), "not what the key"),
        ("cut", newest[:-20], "not what the key"),
        ("empty", b"", "not what the key"),
        ("no object", b"[]", "not what the key"),
    ):
        cells.write(atlas, content)
        with pytest.raises(InputRefusedError, match=why):
            Application(profile.folder, profile.key_file)
        assert name
    atlas.unlink()
    with pytest.raises(UnavailableError, match="cannot be read"):
        Application(profile.folder, profile.key_file)
    cells.write(atlas, newest)
    Application(profile.folder, profile.key_file).close()


def test_a_workspace_that_the_map_does_not_name_is_told(profile: Profile, key: MapKey, atlas: Path) -> None:
    cells.write(atlas, cells.signed({"South": _written(_database_of(profile))}, 1, key))
    application = Application(profile.folder, profile.key_file)
    with pytest.raises(NotFoundError, match="'North'"):
        application.use_map(atlas, key.public.hex(), "North")
    with pytest.raises(UsageError, match="hex"):
        application.use_map(atlas, "not a key", "North")
    assert application.settings.load().cells is None  # nothing of it is kept
    application.close()


def test_a_profile_in_a_file_follows_no_map(tmp_path: Path, key: MapKey, atlas: Path) -> None:
    cells.write(atlas, cells.signed({}, 1, key))
    application = Application(tmp_path / "alone", tmp_path / "keys")
    with pytest.raises(RuleError, match="no team's"):
        application.use_map(atlas, key.public.hex(), "North")
    application.close()


@pytest.mark.parametrize(
    "written", ["http://host/db", "postgresql://ana@host/db", "postgresql://host", "postgresql://:pw@host/db", "host"]
)
def test_an_address_that_no_desk_could_use_is_not_signed(key: MapKey, written: str) -> None:
    with pytest.raises((UsageError, InputRefusedError)):
        cells.signed({"North": written}, 1, key)


def test_a_key_is_never_written_over_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = MapKey.make(path)
    assert MapKey.read(path).public == made.public
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="there already"):
        MapKey.make(path)
    path.write_text("short")
    with pytest.raises(InputRefusedError, match="no key"):
        MapKey.read(path)


def test_a_signed_map_is_plain_json_that_people_can_read(key: MapKey) -> None:
    told = json.loads(cells.signed({"North": "postgresql://db1:5432/north"}, 3, key))
    assert told["cells"] == {"North": "postgresql://db1:5432/north"}
    assert told["serial"] == 3


def test_a_signed_map_is_for_all_to_read_whoever_wrote_it(key: MapKey, atlas: Path) -> None:
    old = os.umask(0o077)  # as every command sets it
    try:
        cells.write(atlas, cells.signed({"North": "postgresql://db1:5432/north"}, 1, key))
    finally:
        os.umask(old)
    assert stat.S_IMODE(atlas.stat().st_mode) == 0o644
