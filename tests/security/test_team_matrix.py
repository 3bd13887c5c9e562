"""Every role, table and operation, on one's own workspace and on another: all of it as the declaration says.

What a role may do with a table is tried out with a statement that fits; where the guards ask for more than one
statement (a decision, a new item), the suites of the services try it, as every integration test runs on a server too.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reviewer.domain.members import Role
from reviewer.storage.team.declaration import FUNCTIONS, INNER_FUNCTIONS, TABLES, VIEWS, Rule
from tests.conftest import copied_profile
from tests.postgres import Cluster
from tests.security.teams import NOTE, Team, chained, outcome

_REFUSED = {"42501", "RV001", "RV002", "RV003", "nothing"}
# Which rows are another workspace's.
_FOREIGN = {
    "analysis": "item_id = 'foreign'",
    "business_contact": "workspace_id = 'foreign'",
    "call": "workspace_id = 'foreign'",
    "content": "item_id = 'foreign'",
    "conversation": "workspace_id = 'foreign'",
    "data_key": "item_id = 'foreign'",
    "decision": "id = 'foreign'",
    "entry": "actor = 'stranger'",
    "item": "id = 'foreign'",
    "list_key": "workspace_id = 'foreign'",
    "look": "item_id = 'foreign'",
    "member": "id = 'stranger'",
    "outbox": "decision_id = 'foreign'",
    "pool_policy": "workspace_id = 'foreign'",
    "route": "workspace_id = 'foreign'",
    "rule_off": "workspace_id = 'foreign'",
    "second_opinion": "item_id = 'foreign'",
    "staged_clip": "call_id = 'foreign'",
    "suppression": "workspace_id = 'foreign'",
    "unanalysed": "item_id = 'foreign'",
    "working_copy": "item_id = 'foreign'",
    "workspace": "id = 'foreign'",
    "workspace_key": "member_id = 'stranger'",
}
# A row that fits, where one statement is enough; {0} is an item or workspace, own or foreign.
_NEW = {
    "route": "INSERT INTO route (workspace_id, kind, language, requires, escalated)"
    " VALUES ('{workspace}', 'sms', 'xx', '[]', false);; SELECT 1",  # the item on it is asked for at the commit
    "unanalysed": "INSERT INTO unanalysed SELECT id, rank, due_at, received_at FROM item WHERE id = '{item}'",
    "working_copy": "INSERT INTO working_copy (item_id, member_id, text, cursor, saved_at)"
    " VALUES ('{item}', '{me}', 't', 0, now())",
    "second_opinion": "INSERT INTO second_opinion VALUES ('x', '{item}', '{me}', 't', now())",
    "list_key": "INSERT INTO list_key VALUES ('{workspace}', 'suppressions', 'k', 1, 'w')",
    "suppression": "INSERT INTO suppression VALUES ('x', '{workspace}', 'd', NULL, true, 's', '{me}', now())",
    "business_contact": "INSERT INTO business_contact VALUES ('{workspace}', 'x', '{me}', now())",
    "conversation": "INSERT INTO conversation VALUES ('x', '{workspace}', 'p', 'x', 'k', 1, 'w', 'm', now())",
    "rule_off": "INSERT INTO rule_off VALUES ('{workspace}', 'sms', 'x', '{me}', now())",
    "checkpoint": f"INSERT INTO checkpoint VALUES (1, {NOTE.replace('m_agent', 'me')})",
    "staged_clip": "INSERT INTO staged_clip VALUES ('x', '{call}', now(), 'a', 'f')",
    "vault_key": "INSERT INTO vault_key VALUES ('x', 'k', 1, 'w')",
    "label_draft": "INSERT INTO label_draft VALUES ('leased', 't', 0, now())",
    "workspace_key": "INSERT INTO workspace_key VALUES (2, '{me}', 'f', 's', now())",
}
# What has to be on record with it.
_TOLD = {
    "second_opinion": "second_opinion_kept",
    "list_key": "suppressed",
    "suppression": "suppressed",
    "business_contact": "policy_changed",
    "rule_off": "policy_changed",
    "conversation": "tokenised",
    "workspace_key": "workspace_key_made",
    "vault_key": "call_added",
}
_DETAILS = {
    "suppression": '"suppression":"x"',
    "conversation": '"conversation":"x"',
    "workspace_key": '"fingerprint":"f","generation":2',
}
# Seen by every role that may read the table: these always hold a row of the own workspace.
_ALWAYS_FILLED = {
    "alembic_version", "call", "checkpoint", "clip", "clip_origin", "data_key", "decision", "entry", "entry_place",
    "hearing", "item", "kind_rule", "label", "label_export", "member", "opt_out", "outbox", "pool_key", "pool_policy",
    "route", "seat", "serving", "session_rule", "staged_clip", "unanalysed", "vault_door", "vault_key", "workspace",
    "workspace_key",
}  # fmt: skip
_TO_TOUCH = {
    "UPDATE": "UPDATE {table} SET {column} = {column} WHERE {where}",
    "DELETE": "DELETE FROM {table} WHERE {where}",
}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Team]:
    """Return a team with a member of each role."""
    server: Cluster = request.getfixturevalue("server")
    source: Path = request.getfixturevalue("_new_team_profile")
    with copied_profile(source, tmp_path_factory.mktemp("matrix") / "profile", server) as profile:
        made = Team(profile)
        # Everybody has looked at one item: only then a text of theirs is kept beside it.
        waiting = made.fixed.names["waiting"]
        team = profile.team
        assert team is not None
        with closing(team.cluster.connect(team.name)) as administrator:
            administrator.execute("SET session_replication_role = replica")
            administrator.execute(
                "INSERT INTO look SELECT %s, id, 'opened', '1', now() FROM member"
                " WHERE NOT roles::jsonb @> '[\"transcriber\"]'",
                (waiting,),
            )
            administrator.execute("DELETE FROM unanalysed WHERE item_id = %s", (waiting,))
        yield made
        made.close()


def _readable(table: str, rule: Rule, team: Team) -> str:
    rows = team.profile.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped", table
    )
    return next(str(name) for (name,) in rows if name not in rule.hidden)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("table", TABLES)
def test_reading(team: Team, table: str, role: Role) -> None:
    rule = TABLES[table]
    said = outcome(team.psql(role), f"SELECT {_readable(table, rule, team)} FROM {table}")
    if role not in rule.read:
        assert said in _REFUSED
    elif table == "workspace_key" and role is Role.TRANSCRIBER:
        assert said == "nothing"  # who only transcribes was never given it
    elif table in _ALWAYS_FILLED:
        assert said == "done"
    else:
        assert said in ("done", "nothing")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("table", _FOREIGN)
def test_reading_another_workspace(team: Team, table: str, role: Role) -> None:
    column = _readable(table, TABLES[table], team)
    assert outcome(team.psql(role), f"SELECT {column} FROM {table} WHERE {_FOREIGN[table]}") in _REFUSED


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("table", [name for name, rule in TABLES.items() if rule.hidden])
def test_reading_hidden_columns(team: Team, table: str, role: Role) -> None:
    for column in TABLES[table].hidden:
        assert outcome(team.psql(role), f"SELECT {column} FROM {table}") == "42501"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("table", TABLES)
def test_adding(team: Team, table: str, role: Role) -> None:
    new = _NEW.get(table, f"INSERT INTO {table} DEFAULT VALUES")
    names = {"workspace": team.fixed.names["workspace"], "item": team.fixed.names["waiting"], "call": "call"}
    if table in _TOLD:
        new += ";; " + chained(_TOLD[table], "{item}", _DETAILS.get(table, "")).replace("{m_agent}", "{me}")
    said = outcome(team.psql(role), new.format(**names, me=team.actors[role].member.id))
    if role not in TABLES[table].add:
        assert said in _REFUSED
    elif table in _NEW:
        assert said == "done"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("table", [name for name in _NEW if name in _FOREIGN and name != "workspace_key"])
def test_adding_to_another_workspace(team: Team, table: str, role: Role) -> None:
    new = _NEW[table].format(workspace="foreign", item="foreign", call="foreign", me=team.actors[role].member.id)
    assert outcome(team.psql(role), new) in _REFUSED


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("operation", _TO_TOUCH)
@pytest.mark.parametrize("table", TABLES)
def test_changing_and_removing(team: Team, table: str, operation: str, role: Role) -> None:
    rule = TABLES[table]
    may = rule.change if operation == "UPDATE" else rule.remove
    column = rule.changed[-1] if rule.changed else _readable(table, rule, team)
    touch = _TO_TOUCH[operation].format(table=table, column=column, where="true")
    said = outcome(team.psql(role), touch)
    if role not in may:
        assert said in _REFUSED
    if table in _FOREIGN:
        there = _TO_TOUCH[operation].format(table=table, column=column, where=_FOREIGN[table])
        assert outcome(team.psql(role), there) in _REFUSED


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("table", TABLES)
def test_emptying(team: Team, table: str, role: Role) -> None:
    assert outcome(team.psql(role), f"TRUNCATE {table} CASCADE") == "42501"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("view", VIEWS)
def test_views(team: Team, view: str, role: Role) -> None:
    said = outcome(team.psql(role), f"SELECT * FROM {view}")
    assert said in ("done", "nothing") if role in VIEWS[view] else said in _REFUSED
    assert outcome(team.psql(role), f"DELETE FROM {view}") in ("42501", "55000")  # no right, or nothing to touch


_CALLS = {
    "hold_chain()": "SELECT number FROM hold_chain()",
    "hold_pool()": "SELECT hold_pool()",
    "settle_entries()": "SELECT settle_entries()",
    "take_turn(text)": "SELECT take_turn(NULL)",
    "team_seats()": "SELECT login FROM team_seats()",
    "remove_seat(text)": "SELECT remove_seat(NULL)",
    "session_lives(timestamp with time zone)": "SELECT session_lives(now())",
    "factor_passed()": "SELECT factor_passed()",
    "factor_state()": "SELECT state FROM factor_state()",
    "factor_submit(text)": "SELECT factor_submit(NULL)",
    "factor_finish(bigint)": "SELECT factor_finish(NULL)",
    "factor_resume(text)": "SELECT factor_resume(NULL)",
    "factor_set(bytea)": "SELECT factor_set(NULL)",
    "factor_drop(text)": "SELECT factor_drop(NULL)",
}
# NULL is nobody's seat, code or secret.
_REFUSING_NULL = {
    "remove_seat(text)",
    "factor_submit(text)",
    "factor_finish(bigint)",
    "factor_set(bytea)",
    "factor_drop(text)",
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(team: Team, function: str, role: Role) -> None:
    said = outcome(team.psql(role), _CALLS[function])
    if role not in FUNCTIONS[function] or function in _REFUSING_NULL:
        assert said in _REFUSED
    else:
        assert said in ("done", "nothing")


@pytest.mark.parametrize("function", sorted(INNER_FUNCTIONS))
def test_inner_functions(team: Team, function: str) -> None:
    for role in Role:
        allowed = f"SELECT has_function_privilege('{function}', 'EXECUTE')::text"
        with team.psql(role).transaction(force_rollback=True):
            assert team.psql(role).execute(allowed.encode()).fetchone() == ("false",)


def test_a_login_without_a_seat_sees_and_does_nothing(team: Team, server: Cluster) -> None:
    assert team.profile.team is not None
    name = team.profile.team.name
    server.run("DROP ROLE IF EXISTS stranger")
    server.run("CREATE ROLE stranger LOGIN PASSWORD 'known' IN ROLE reviewer_member")
    server.run(f"GRANT CONNECT ON DATABASE {name} TO stranger")
    with server.connect(name, user="stranger", password="known", autocommit=False) as connection:
        for table, rule in TABLES.items():
            said = outcome(connection, f"SELECT {_readable(table, rule, team)} FROM {table}")
            assert said in _REFUSED or table in ("alembic_version", "session_rule"), table
        assert outcome(connection, "SELECT number FROM hold_chain()") == "RV001"
    server.run(f"REVOKE ALL ON DATABASE {name} FROM stranger")
    server.run("DROP ROLE stranger")


def test_a_member_of_another_database_may_not_even_connect(team: Team, server: Cluster) -> None:
    other = server.new_database(template="laid")
    server.run(f"REVOKE ALL ON DATABASE {other} FROM PUBLIC")
    with pytest.raises(Exception, match="permission denied for database"):
        server.connect(other, user=team.logins["admin"], password="known")
    server.drop_database(other)
