"""What a team's database has beside the tables that a file has too: seats, guards, policies, rights.

Guarantees: all of it is laid anew each time, so that it fits the newest schema, and laying it twice changes nothing; a
table that the declaration does not name shows nothing to anybody. The objects belong to a role that nobody logs in as.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DBAPIError

from reviewer.crypto import new_secret
from reviewer.domain.decisions import Verdict
from reviewer.domain.errors import RuleError, UnavailableError, UsageError
from reviewer.domain.findings import ANALYSIS_VERSIONS
from reviewer.domain.kinds import KINDS
from reviewer.storage import migrations, postgresql
from reviewer.storage.postgresql import Address
from reviewer.storage.team import lint
from reviewer.storage.team.declaration import FUNCTIONS, TABLES, VIEWS, Rule

OWNER, MEMBER = "reviewer_owner", "reviewer_member"
_HERE = Path(__file__).parent
_PARTS = (
    "ledger.sql", "seats.sql", "entries.sql", "items.sql", "decisions.sql", "members.sql", "keys.sql", "pool.sql",
    "factors.sql",
)  # fmt: skip
_LOCK = 7_264_000  # two owners at once would trip over each other
_LOGIN = re.compile(r"[a-z][a-z0-9_]{0,30}\Z")
_SAFE = {
    "ssl": "on",
    "fsync": "on",
    "autovacuum": "on",
    "full_page_writes": "on",
    "synchronous_commit": ("on", "remote_apply", "remote_write"),
    "password_encryption": "scram-sha-256",
    "ssl_min_protocol_version": "TLSv1.3",
    "max_prepared_transactions": "0",
    "row_security": "on",
    "log_parameter_max_length_on_error": "0",
}
_ROLES = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER}') THEN CREATE ROLE {OWNER} NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{MEMBER}') THEN CREATE ROLE {MEMBER} NOLOGIN; END IF;
    GRANT pg_read_all_stats TO {OWNER};  -- to know how old a session is
    GRANT pg_signal_backend TO {OWNER};  -- to end those of a member who is removed
    EXECUTE format('GRANT {OWNER} TO %I', session_user);
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO {OWNER}', current_database());
END $$;
GRANT ALL ON SCHEMA public TO {OWNER};
"""  # noqa: S608
_BARE = """
SELECT format('DROP POLICY %I ON %I', polname, relname) FROM pg_policy JOIN pg_class c ON c.oid = polrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole
UNION ALL
SELECT format('DROP TRIGGER %I ON %I', tgname, relname) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole
"""
_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
AND relowner = current_user::regrole ORDER BY 1
"""
_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = format('public.%I', CAST(:name AS text))::regclass
AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_ALL_GIVEN_BACK = f"""
DO $$ DECLARE it record; BEGIN
    FOR it IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
              AND relkind IN ('r', 'p', 'v', 'S') AND relowner = current_user::regrole LOOP
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, {MEMBER}', it.relname);
    END LOOP;
    FOR it IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
              AND proowner = current_user::regrole LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, {MEMBER}', it.name);
    END LOOP;
END $$;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON SEQUENCE entry_seq_seq, route_id_seq TO {MEMBER};
"""  # noqa: S608 - the names are ours
# An instant that no desk can read (infinity, a year before Christ) in one row would stop whoever asks for it.
_READABLE = f"""
DO $$ DECLARE it record; BEGIN
    FOR it IN SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND c.relowner = '{OWNER}'::regrole AND a.attnum > 0 AND NOT a.attisdropped
              AND a.atttypid = 'timestamptz'::regtype AND NOT EXISTS (
                  SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conname = 'readable_' || a.attname) LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (%I >= ''1900-01-01Z'' AND %I < ''9999-12-01Z'')',
                       it.relname, 'readable_' || it.attname, it.attname, it.attname);
    END LOOP;
END $$;
"""  # noqa: S608 - the name is ours
_CLOSED = f"""
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {MEMBER};
DO $$ BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END $$;
"""
# Anybody could fill the disk with large objects or messages, which no policy covers, or keep others waiting for an
# advisory lock. And a comparison that is called leakproof is made before a policy is asked: whether the policy then was
# asked shows in EXPLAIN ANALYZE, so that sealed bytes could be found out bit by bit, with no look on record.
_NOT_FOR_ALL = f"""
DO $$ DECLARE f regprocedure; BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
             AND (proname LIKE 'lo\\_%' OR proname IN ('lowrite', 'loread', 'pg_logical_emit_message')
                  OR proname LIKE 'pg\\_%advisory%') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proleakproof
             AND proname LIKE 'bytea%' LOOP
        EXECUTE format('ALTER FUNCTION %s NOT LEAKPROOF', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION pg_try_advisory_xact_lock(integer, integer) TO {OWNER};
GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO {OWNER};
"""  # noqa: S608 - the name is ours
_LEAKS = "SELECT EXISTS (SELECT FROM pg_proc WHERE proleakproof AND proname ~ '^bytea(eq|ne|lt|le|gt|ge|cmp)$')"


_ELSEWHERE = """
SELECT d.datname FROM pg_database d, aclexplode(d.datacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE r.rolname = :login AND d.datname <> current_database() ORDER BY 1 LIMIT 1
"""


@contextmanager
def owned(address: Address, password: str) -> Iterator[Engine]:
    """Open a database as its owner does. Raises UnavailableError."""
    engine = postgresql.open_engine(address, password, as_owner=True)
    try:
        yield engine
    except DBAPIError as exc:
        if getattr(exc.orig, "sqlstate", None) == "42P01":  # it lacks a table
            raise RuleError("This database is not set up for a team yet: 'reviewer team init' does that.") from exc
        raise UnavailableError(f"The database refuses this: {postgresql.words(exc)}.") from exc
    finally:
        engine.dispose()


def unsafe(connection: Connection) -> list[str]:
    """Return what makes a server unfit for a team, in words; nothing where it is fit."""
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    found = []
    if number < postgresql.FLOOR * 10_000:
        found.append(f"PostgreSQL {number // 10_000} is older than {postgresql.FLOOR}")
    for name, wanted in _SAFE.items():
        actual = connection.execute(text("SELECT current_setting(:name, true)"), {"name": name}).scalar()
        allowed = (wanted,) if isinstance(wanted, str) else wanted
        if actual not in allowed:
            found.append(f"{name} is {actual or 'not known'} and must be {' or '.join(allowed)}")
    return found


def set_up(engine: Engine) -> None:
    """Set a team's database up, as its owner, or bring it to this program's version.

    Raises RuleError where the server is unfit, UnavailableError where the database refuses.
    """
    try:
        with engine.connect() as connection:
            faults = unsafe(connection)
        if faults:
            raise RuleError(f"This server is not safe for a team: {'; '.join(faults)}.")
        lay(engine)
    except DBAPIError as exc:
        advice = ""
        if getattr(exc.orig, "sqlstate", None) == "42501":  # a right is lacking
            advice = " Let a superuser of the server run it: it makes roles and takes rights from everybody."
        raise UnavailableError(f"The database could not be set up: {postgresql.words(exc)}.{advice}") from exc


def is_founded(engine: Engine) -> bool:
    """Tell whether the database holds a workspace."""
    with engine.connect() as connection:
        return bool(connection.execute(text("SELECT EXISTS (SELECT FROM workspace)")).scalar())


def lay(engine: Engine) -> None:
    """Bring a database to the newest schema and lay everything of this package over it."""
    with engine.connect() as connection, connection.begin():
        _lay(connection)


def drift(engine: Engine) -> list[str]:
    """Return how a live database differs from what is declared here; nothing where it does not.

    It is found out by laying everything anew and taking that back: other sessions wait for about a second.
    """
    with engine.connect() as connection, connection.begin() as transaction:
        found = unsafe(connection) + lint.doors(connection) + lint.logins(connection, MEMBER)
        before = lint.catalogue(connection)
        _lay(connection)
        found += lint.differences(before, lint.catalogue(connection))
        found += lint.undeclared(connection)
        if connection.execute(text(_LEAKS)).scalar():
            found.append("comparisons of sealed bytes come before the policies: run `team init` as a superuser")
        transaction.rollback()
    return found


def _lay(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    _script(connection, _ROLES)
    if connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")).scalar():
        _script(connection, _NOT_FOR_ALL)
    _script(connection, _CLOSED)
    _script(connection, f"SET LOCAL ROLE {OWNER}")
    migrations.upgrade_on(connection)
    for part in _PARTS:
        _script(connection, (_HERE / part).read_text("utf-8"))
    _script(connection, _READABLE)
    _declare_kinds(connection)
    for statement in connection.execute(text(_BARE)).scalars().all():
        _script(connection, statement)
    for table in connection.execute(text(_TABLES)).scalars().all():
        _script(connection, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        _script(connection, f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        _script(connection, f"CREATE POLICY owner ON {table} TO {OWNER} USING (true) WITH CHECK (true)")
    _script(connection, (_HERE / "policies.sql").read_text("utf-8"))
    _script(connection, _ALL_GIVEN_BACK)
    for table, rule in TABLES.items():
        _grant(connection, table, rule)
    for view in VIEWS:
        _script(connection, f"GRANT SELECT ON {view} TO {MEMBER}")
    for function in FUNCTIONS:
        _script(connection, f"GRANT EXECUTE ON FUNCTION {function} TO {MEMBER}")


def invite(engine: Engine, login: str, *, may_found: bool = False) -> str:
    """Make a login that may join, as the database's owner, and return the password it is invited with.

    One that nobody joined with yet is invited anew. Raises UsageError, RuleError or UnavailableError.
    """
    if not _LOGIN.match(login):
        raise UsageError("A login has 1 to 31 small letters, digits and underscores, and begins with a letter.")
    password = new_secret().hex()[:24]
    try:
        with engine.connect() as connection, connection.begin():
            asked = text("SELECT member_id, removed_at FROM seat WHERE login = :login")
            seat = connection.execute(asked, {"login": login}).first()
            if seat is not None and seat.removed_at is not None:
                raise RuleError("That login was a member's who is removed; no name is used again: choose another.")
            if seat is not None and seat.member_id is not None:
                raise RuleError("That login belongs to a member.")
            known = connection.execute(text("SELECT FROM pg_roles WHERE rolname = :login"), {"login": login}).first()
            if known is not None and seat is None and _is_more_than_a_login(connection, login):
                raise RuleError("That name is taken by another role of the server.")
            elsewhere = connection.execute(text(_ELSEWHERE), {"login": login}).scalar()
            if seat is None and elsewhere is not None:
                raise RuleError(
                    f"That login is one of the database '{elsewhere}': a login is one for the whole server, and to"
                    " invite it here would take its password there. Choose another."
                )
            if known is None:
                _script(connection, f"CREATE ROLE {login} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
            secret = postgresql.verifier(connection, login, password)
            _script(connection, f"ALTER ROLE {login} CONNECTION LIMIT 16 PASSWORD '{secret}'")
            _script(connection, f"GRANT {MEMBER} TO {login}")
            _script(connection, f"DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO {login}', "
                                f"current_database()); END $$")  # fmt: skip
            _script(connection, f"SET LOCAL ROLE {OWNER}")
            # Who waits under this login has a password that opens nothing now: they join anew, with a new fingerprint.
            connection.execute(text("DELETE FROM joining WHERE login = :login"), {"login": login})
            connection.execute(
                text(
                    "INSERT INTO seat (login, may_found, workspace_id)"
                    " VALUES (:login, :may_found, (SELECT id FROM workspace))"
                    " ON CONFLICT (login) DO UPDATE SET may_found = :may_found, workspace_id = EXCLUDED.workspace_id"
                ),
                {"login": login, "may_found": may_found},
            )
    except DBAPIError as exc:
        if getattr(exc.orig, "sqlstate", None) == "42P01":
            raise
        raise UnavailableError(f"The login could not be made: {postgresql.words(exc)}.") from exc
    return password


def _is_more_than_a_login(connection: Connection, login: str) -> bool:
    role: Row[tuple[bool, bool]] | None = connection.execute(
        text(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication, EXISTS (SELECT FROM"
            " pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid AND g.rolname <> :member)"
            " FROM pg_roles r WHERE rolname = :login"
        ),
        {"login": login, "member": MEMBER},
    ).one_or_none()
    return role is not None and any(role)


def _declare_kinds(connection: Connection) -> None:
    connection.execute(text("DELETE FROM analysis_rule"))
    connection.execute(
        text("INSERT INTO analysis_rule VALUES (:name, :version)"),
        [{"name": name, "version": version} for name, version in ANALYSIS_VERSIONS.items()],
    )
    connection.execute(text("DELETE FROM kind_rule"))
    for kind in KINDS.values():
        connection.execute(
            text("INSERT INTO kind_rule VALUES (:kind, :roles, :lease, :hold, :signed, :verdicts)"),
            {
                "kind": kind.key,
                "roles": sorted(kind.roles),
                "lease": kind.lease,
                "hold": kind.hold,
                "signed": kind.signed,
                "verdicts": sorted(verdict.value for verdict in kind.decisions if verdict is not Verdict.ADDENDUM),
            },
        )


def _grant(connection: Connection, table: str, rule: Rule) -> None:
    """Give members as a group the most that any role may do; policies and guards do the rest."""
    columns = connection.execute(text(_COLUMNS), {"name": table}).scalars().all()
    rights = {
        "SELECT": [name for name in columns if name not in rule.hidden] if rule.read else [],
        "INSERT": [name for name in columns if name not in rule.withheld] if rule.add or rule.asked else [],
        "UPDATE": list(rule.changed),
    }
    for right, named in rights.items():
        if named:
            _script(connection, f"GRANT {right} ({', '.join(map(_quoted, named))}) ON {table} TO {MEMBER}")
    if rule.remove or rule.asked:
        _script(connection, f"GRANT DELETE ON {table} TO {MEMBER}")


def _quoted(name: str) -> str:
    return f'"{name}"'


def _script(connection: Connection, script: str) -> None:
    connection.connection.cursor().execute(script)
