"""What `team check` looks at: the catalogue of a live database, its logins, and what nobody declared."""

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import dialect

from reviewer.storage.schema import METADATA
from reviewer.storage.team.declaration import FUNCTIONS, INNER_FUNCTIONS, TABLES, VIEWS

_CATALOGUE = {
    "table": """
        SELECT relname::text, concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity, relowner::regrole,
               relacl::text, reloptions::text)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')""",
    "column": """
        SELECT attrelid::regclass::text || '.' || attname, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull,
               attacl::text) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND attnum > 0
        AND NOT attisdropped""",
    "policy": """
        SELECT tablename || '.' || policyname, concat_ws(' ', permissive, roles::text, cmd, qual, with_check)
        FROM pg_policies WHERE schemaname = 'public'""",
    "trigger": """
        SELECT tgrelid::regclass::text || '.' || tgname, tgenabled::text || pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal""",
    "internal trigger": """
        SELECT tgrelid::regclass::text || '.' || count(*), string_agg(DISTINCT tgenabled::text, '')
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE relnamespace = 'public'::regnamespace AND tgisinternal GROUP BY tgrelid""",
    "function": """
        SELECT oid::regprocedure::text, concat_ws(' ', proowner::regrole, proacl::text, pg_get_functiondef(oid))
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'""",
    "view": """
        SELECT relname::text, pg_get_viewdef(oid) || coalesce(reloptions::text, '') FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'""",
    "constraint": """
        SELECT conrelid::regclass::text || '.' || conname, convalidated::text || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0""",
    "rule": "SELECT tablename || '.' || rulename, definition FROM pg_rules WHERE schemaname = 'public'",
    "schema": "SELECT nspname::text, nspacl::text FROM pg_namespace WHERE nspname = 'public'",
    "kind": "SELECT kind, k::text FROM kind_rule k",
}
_SCHEMAS = """
SELECT nspname FROM pg_namespace
WHERE nspname NOT IN ('public', 'reviewer_inner', 'information_schema') AND nspname NOT LIKE 'pg\\_%'
"""
_LOGINS = """
SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS powerful,
       rolconfig IS NOT NULL OR EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = r.oid) AS configured,
       ARRAY(SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
             WHERE m.member = r.oid AND g.rolname <> :member) AS others
FROM pg_roles r WHERE r.rolname <> :member AND pg_has_role(r.oid, :member, 'member') AND NOT rolsuper
   OR rolsuper AND EXISTS (SELECT FROM seat WHERE login = rolname)
ORDER BY 1
"""

_DOORS = """
SELECT line_number, type, address, auth_method, options, error FROM pg_hba_file_rules
WHERE error IS NOT NULL OR (database && ARRAY['all', current_database()::text] OR EXISTS (
    SELECT FROM unnest(database) d WHERE left(d, 1) = '/' OR d IN ('sameuser', 'samerole')))
ORDER BY line_number
"""

Catalogue = dict[tuple[str, str], str]


def catalogue(connection: Connection) -> Catalogue:
    """Return everything in the schema that decides who may do what."""
    return {
        (kind, row[0]): str(row[1])
        for kind, query in _CATALOGUE.items()
        for row in connection.exec_driver_sql(query.replace("%", "%%"))
    }


def differences(live: Catalogue, declared: Catalogue) -> list[str]:
    """Return what is not as declared, in words."""
    found = []
    for kind, name in sorted(live.keys() | declared.keys()):
        key = (kind, name)
        if key not in live:
            found.append(f"the {kind} {name} is missing")
        elif key not in declared:
            found.append(f"the {kind} {name} is not ours")
        elif live[key] != declared[key]:
            found.append(f"the {kind} {name} was changed")
    return found


def undeclared(connection: Connection) -> list[str]:
    """Return what is in the database and in no declaration, and what was declared and is not there."""
    seen = catalogue(connection)
    tables = {name for kind, name in seen if kind == "table" and seen[kind, name][0] in "rpmf"}
    functions = {name for kind, name in seen if kind == "function"}
    views = {name for kind, name in seen if kind == "view"}
    found = [f"the table {name} is not declared" for name in sorted(tables ^ TABLES.keys())]
    found += [f"the view {name} is not declared" for name in sorted(views ^ VIEWS.keys())]
    declared = FUNCTIONS.keys() | INNER_FUNCTIONS
    found += [f"the function {name} is not declared" for name in sorted(functions ^ declared)]
    found += [f"the rule {name} is not ours" for kind, name in seen if kind == "rule" and not name.endswith("._RETURN")]
    constraints = {name for kind, name in seen if kind == "constraint"}
    found += [f"the constraint {name} is missing" for name in sorted(_constraints() - constraints)]
    return found + [f"the schema {row[0]} is not ours" for row in connection.execute(text(_SCHEMAS))]


def _constraints() -> set[str]:
    """Return the names of the constraints that the code's own tables declare."""
    spelled = dialect().identifier_preparer.format_constraint  # type: ignore[no-untyped-call]  # SQLAlchemy's own
    return {
        f"{table.name}.{spelled(constraint)}"
        for table in METADATA.tables.values()
        for constraint in table.constraints
        if spelled(constraint)
    }


def doors(connection: Connection) -> list[str]:
    """Return which lines of pg_hba.conf admit somebody to this database without what the others have to show.

    The server tells only superusers; who owns the database and is none is told to look themselves.
    """
    may_see = text("SELECT has_function_privilege('pg_hba_file_rules()', 'execute')")
    if not connection.execute(may_see).scalar():
        return ["pg_hba.conf cannot be seen from here: run `team check` as a superuser, or read it"]
    found, asks_certificate, is_closed = [], False, False
    for line in connection.execute(text(_DOORS)):
        if line.error is not None:
            found.append(f"pg_hba.conf, line {line.line_number}: {line.error}")
        elif line.type == "hostnossl" and line.auth_method == "reject" and line.address == "all":
            is_closed = True
        elif line.auth_method == "reject":
            continue
        elif line.auth_method in ("trust", "password", "md5", "ident"):
            found.append(f"pg_hba.conf, line {line.line_number}: lets in by '{line.auth_method}'")
        elif line.type in ("host", "hostnossl") and not is_closed:
            found.append(f"pg_hba.conf, line {line.line_number}: lets in without TLS")
        elif line.type.startswith("host") and line.auth_method != "cert":
            has_certificate = "clientcert=verify-full" in (line.options or [])
            if asks_certificate and not has_certificate:
                found.append(f"pg_hba.conf, line {line.line_number}: lets in without the certificate that others show")
            asks_certificate = asks_certificate or has_certificate
    return found


def logins(connection: Connection, member: str) -> list[str]:
    """Return which logins may more than a member should, or have settings of their own."""
    found = []
    for row in connection.execute(text(_LOGINS), {"member": member}):
        if row.powerful:
            found.append(f"the login {row.rolname} may pass over the guards")
        if row.configured:
            found.append(f"the login {row.rolname} has settings of its own")
        if row.others:
            found.append(f"the login {row.rolname} belongs to {', '.join(row.others)}")
    return found
