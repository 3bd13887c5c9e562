"""The store: how it opens, what it refuses, and that the migrations make exactly the tables of the code."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, create_engine, insert, inspect, select, text, update
from sqlalchemy.exc import StatementError
from sqlcipher3 import dbapi2

from reviewer.domain.errors import RuleError, UnavailableError
from reviewer.domain.events import Action
from reviewer.ledger import Entry
from reviewer.storage import Store, Transaction, clock, contents, migrations, schema, sqlite
from reviewer.storage.store import Unrecorded
from tests.factories import Profile

_KEY = bytes(range(32))


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """Run under the umask of most systems, which lets everybody read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def _pragma(tx: Transaction, name: str) -> Any:
    return tx.run(text(f"PRAGMA {name}")).scalar()


# ---- Opening


@pytest.mark.parametrize("number", range(4))
def test_every_connection_has_the_safe_settings(tmp_path: Path, number: int) -> None:
    store = Store.open_file(tmp_path / "reviewer.db", _KEY)
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "busy_timeout": 30_000}

    def check(left: int) -> None:
        with store.read() as tx:
            assert {name: _pragma(tx, name) for name in wanted} == wanted
            if left:
                check(left - 1)

    check(number)
    store.close()


def test_a_connection_whose_settings_did_not_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sqlite._PRAGMAS, "page_size", 12_345)  # SQLite passes over what it cannot do
    with pytest.raises(UnavailableError, match="unsafe settings"):
        Store.open_file(tmp_path / "reviewer.db", _KEY)


@pytest.mark.usefixtures("usual_umask")
def test_the_files_and_the_folder_are_the_owners_alone(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "new" / "profile")
    profile.put()
    found = {path.name: path.stat().st_mode & 0o777 for path in profile.folder.iterdir()}
    assert found.keys() >= {"reviewer.db", "reviewer.db-wal", "reviewer.db-shm", "device", "keys"}
    assert set(found.values()) == {0o600}
    assert profile.folder.stat().st_mode & 0o777 == 0o700
    profile.close()


@pytest.mark.usefixtures("usual_umask")
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "reviewer.db"
    path.touch(0o644)
    Store.open_file(path, _KEY).close()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["what?mode=memory", "50%41", "a#b", "č ж", "a&b=c", "with space", "'quote\""])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "reviewer.db"
    profile = Profile(path.parent)
    item_id = profile.put()
    profile.close()
    assert path.stat().st_size > 0
    reopened = Profile(path.parent)
    with reopened.store.read() as tx:
        assert contents.draft(tx, item_id) == ("Yes, we open at nine.", None)
    reopened.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "reviewer.db"
    path.write_bytes(b"my holiday photos " * 100)
    with pytest.raises(UnavailableError, match="cannot be opened"):
        Store.open_file(path, _KEY)
    assert path.read_bytes() == b"my holiday photos " * 100


def test_a_path_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reviewer.db").mkdir()
    with pytest.raises(UnavailableError, match="cannot be opened"):
        Store.open_file(tmp_path / "reviewer.db", _KEY)


# ---- Transactions


_SEEN = "SELECT totp_step FROM member"


def _write(tx: Transaction) -> None:
    """Write something that every member may write."""
    tx.run(update(schema.member).where(schema.member.c.id == tx.actor.member.id).values(totp_step=7))


def test_a_write_that_recorded_nothing_is_refused_and_undone(profile: Profile) -> None:
    before = profile.rows(_SEEN)
    with pytest.raises(RuntimeError, match="recorded nothing"), profile.store.write(profile.first) as tx:
        _write(tx)
    assert profile.rows(_SEEN) == before


def test_a_write_that_recorded_what_it_did_is_kept(profile: Profile) -> None:
    item_id = profile.put()
    with profile.store.write(profile.first) as tx:
        _write(tx)
        tx.record(Action.REVEALED, item_id, why="test")
    assert profile.rows(_SEEN) == [(7,)]
    ((action, item, actor, body),) = profile.rows(
        "SELECT action, item_id, actor, body FROM entry ORDER BY seq DESC LIMIT 1"
    )
    first, entry = profile.first, Entry.read(body)
    assert (action, item, actor) == ("revealed", item_id, first.member.id)
    assert (entry.action, entry.object, entry.actor, entry.desk) == (action, item, actor, first.desk)
    assert entry.details == {"why": "test"}


def test_a_write_may_say_why_it_leaves_no_record(profile: Profile) -> None:
    profile.put()
    with profile.store.write(profile.first) as tx:
        _write(tx)
        tx.leave_unrecorded(Unrecorded.AUTOSAVE)
    assert profile.rows(_SEEN) == [(7,)]


def test_a_fault_within_a_write_undoes_all_of_it_and_its_records(profile: Profile) -> None:
    before = profile.events()
    with pytest.raises(ZeroDivisionError), profile.store.write(profile.first) as tx:
        tx.run(update(schema.member).values(name="Nobody"))
        tx.record(Action.MEMBER_ADDED)
        raise ZeroDivisionError
    assert profile.rows("SELECT name FROM member") == [("First",)]
    assert profile.events() == before


def test_a_read_has_no_actor_and_cannot_record(profile: Profile) -> None:
    with profile.store.read() as tx, pytest.raises(RuntimeError, match="no actor"):
        tx.record(Action.OPENED)


def test_a_write_holds_the_writers_lock_from_its_start(profile: Profile) -> None:
    with (
        profile.store.write(profile.first),
        profile.connection(timeout_s=0) as other,
        pytest.raises(dbapi2.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_write_waits_for_another_and_then_goes_on(profile: Profile) -> None:
    held, order = threading.Event(), []

    def hold() -> None:
        with profile.store.write(profile.first) as tx:
            held.set()
            waiting.wait(0.2)
            order.append("first")
            tx.record(Action.OPENED)

    waiting = threading.Event()
    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    with profile.store.write(profile.first) as tx:
        order.append("second")
        tx.record(Action.OPENED)
    other.join()
    assert order == ["first", "second"]


def test_a_write_that_never_gets_its_turn_is_unavailable(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE_S", 0.05)
    with (
        profile.connection() as other,
        pytest.raises(UnavailableError, match="database is locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
        with profile.store.write(profile.first):
            pass
    with profile.store.write(profile.first) as tx:  # and the connection is as good as before
        tx.record(Action.OPENED)
        assert _pragma(tx, "busy_timeout") == 30_000


def test_a_read_waits_for_no_writer_and_sees_what_was_committed(profile: Profile) -> None:
    with profile.store.write(profile.first) as writing:
        _write(writing)
        with profile.store.read() as reading:
            assert reading.run(select(schema.member.c.totp_step)).scalar() is None
        writing.record(Action.POLICY_CHANGED)
    with profile.store.read() as reading:
        assert reading.run(select(schema.member.c.totp_step)).scalar() == 7


def test_a_transaction_on_the_thread_that_paints_is_refused(profile: Profile) -> None:
    profile.store.keep_off(threading.current_thread())
    with pytest.raises(RuntimeError, match="thread that paints"), profile.store.read():
        pass
    with pytest.raises(RuntimeError, match="thread that paints"), profile.store.write(profile.first):
        pass


def test_another_thread_may_still_work(profile: Profile) -> None:
    profile.store.keep_off(threading.current_thread())
    found: list[object] = []

    def work() -> None:
        with profile.store.read() as tx:
            found.append(tx.run(select(schema.member.c.name)).scalar())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["First"]


def test_a_fault_of_the_database_is_unavailable_and_shows_no_value(profile: Profile) -> None:
    profile.fail_inserts("entry", "disk I/O error")
    with pytest.raises(UnavailableError) as raised, profile.store.write(profile.first) as tx:
        tx.record(Action.OPENED, note="Okafor")
    assert "disk I/O error" in raised.value.message
    assert "Okafor" not in raised.value.message


# ---- The clock


def test_instants_come_back_in_utc_to_the_millisecond(profile: Profile) -> None:
    item_id = profile.put()
    with profile.store.write(profile.first) as tx:
        soon = (tx.now() + timedelta(minutes=5)).astimezone(timezone(timedelta(hours=5, minutes=30)))
        exact = soon.replace(microsecond=123_000)
        tx.run(update(schema.unanalysed).values(taken_until=exact))
        tx.record(Action.ANALYSED, item_id)
    with profile.store.read() as tx:
        found = tx.run(select(schema.unanalysed.c.taken_until)).scalar_one()
    assert found == exact
    assert found.tzinfo is UTC


def test_a_naive_instant_is_refused(profile: Profile) -> None:
    with pytest.raises(StatementError, match="naive"), profile.store.write(profile.first) as tx:
        tx.run(update(schema.workspace).values(made_at=datetime(2027, 2, 11)))  # noqa: DTZ001 - that is the test


def test_now_is_the_databases_clock_and_moves(profile: Profile) -> None:
    with profile.store.read() as tx:
        first = tx.now()
        ahead = tx.run(select(clock.now(timedelta(minutes=10)))).scalar_one()
        bound = tx.run(select(clock.now_plus("wait")), {"wait": timedelta(hours=1)}).scalar_one()
    with profile.store.read() as tx:
        second = tx.now()
    assert first <= second
    assert timedelta(0) <= ahead - first - timedelta(minutes=10) < timedelta(seconds=5)
    assert timedelta(0) <= bound - first - timedelta(hours=1) < timedelta(seconds=5)
    assert abs(datetime.now(UTC) - first) < timedelta(minutes=1)


# ---- Limits that the database holds by itself


def _item_row(profile: Profile, **changed: object) -> dict[str, object]:
    profile.put()
    ((route_id,),) = profile.rows("SELECT id FROM route LIMIT 1")
    return {
        "id": "x",
        "workspace_id": profile.first.member.workspace_id,
        "producer": "p",
        "external_id": "e",
        "kind": "sms",
        "channel": "sms",
        "route_id": route_id,
        "waiting_on": route_id,
        "rank": 0,
        "due_at": clock.NEVER,
        "received_at": datetime.now(UTC),
        "state": "waiting",
        **changed,
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"waiting_on": None},
        {"state": "held"},
        {"state": "leased", "waiting_on": None},
        {"lease_id": "l"},
        {"workspace_id": "nowhere"},
        {"route_id": 999},
        {"kind": None},
    ],
    ids=repr,
)
def test_an_item_that_contradicts_itself_is_refused_by_the_database(
    profile: Profile, changed: dict[str, object]
) -> None:
    row = _item_row(profile, **changed)
    refused = pytest.raises((UnavailableError, RuleError), match=r"constraint|refuses")
    with refused, profile.store.write(profile.first) as tx:
        tx.run(insert(schema.item).values(row))
        tx.leave_unrecorded(Unrecorded.NOTHING)


def test_a_draft_over_the_limit_is_refused_by_the_database(profile: Profile) -> None:
    item_id = profile.put()
    with pytest.raises((dbapi2.IntegrityError, psycopg.IntegrityError), match="draft_size"):
        profile.rows("UPDATE content SET draft = zeroblob(65537) WHERE item_id = ?", item_id)


# ---- Migrations


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine on a database that the migrations made."""
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return ScriptDirectory.from_config(config)


def test_the_head_is_the_newest_script_and_the_scripts_are_one_line() -> None:
    scripts = _scripts()
    assert scripts.get_heads() == [migrations.HEAD]
    numbers = [script.revision for script in scripts.walk_revisions()]
    assert numbers == sorted(numbers, reverse=True)  # upgrade() compares them as text


def test_the_migrations_make_exactly_the_tables_of_the_code(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.METADATA) == []


def test_the_migrations_make_the_same_statements_as_the_code(migrated: Engine, tmp_path: Path) -> None:
    # What compare_metadata passes over on SQLite: checks, the conditions of indexes, names of constraints.
    direct = create_engine(f"sqlite:///{tmp_path / 'direct.db'}")
    schema.METADATA.create_all(direct)

    def shape(engine: Engine) -> dict[str, object]:
        seen = inspect(engine)
        tables = [name for name in seen.get_table_names() if name != "alembic_version"]
        with engine.connect() as connection:
            indexes = connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name")
            )
            made = {row.name: " ".join(row.sql.split()) for row in indexes}
        keys = {
            name: (
                sorted((check["name"], check["sqltext"]) for check in seen.get_check_constraints(name)),
                sorted(str(key) for key in seen.get_foreign_keys(name)),
                sorted(str(unique) for unique in seen.get_unique_constraints(name)),
                str(seen.get_pk_constraint(name)),
                [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)],
            )
            for name in tables
        }
        return {"indexes": made, **keys}

    assert shape(migrated) == shape(direct)
    assert any(isinstance(each, CheckConstraint) for each in schema.item.constraints)
    direct.dispose()


def test_opening_again_migrates_nothing(profile: Profile) -> None:
    before = profile.rows("SELECT name, sql FROM sqlite_master")
    profile.open_store().close()
    assert profile.rows("SELECT name, sql FROM sqlite_master") == before


def test_a_database_of_a_newer_program_is_refused_and_left_alone(profile: Profile) -> None:
    profile.rows("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnavailableError, match="update this one"):
        profile.open_store()
    assert profile.rows("SELECT version_num FROM alembic_version") == [("9999",)]


def test_two_desks_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    path, faults = tmp_path / "reviewer.db", []
    barrier = threading.Barrier(4)

    def start() -> None:
        barrier.wait()
        try:
            Store.open_file(path, _KEY).close()
        except UnavailableError as exc:
            faults.append(exc.message)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
