"""A team on PostgreSQL: set its database up, invite, join, let in, change roles, remove, check."""

import argparse
import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reviewer.bootstrap import default_profile, leave_map
from reviewer.cli.answers import Answer, in_line, say
from reviewer.cli.arguments import AddCommand, Run, add_common, listed
from reviewer.cli.profile import Opened, passphrase_of, unlock
from reviewer.crypto import MapKey
from reviewer.domain.errors import ExitCode, InputRefusedError, RuleError, UnavailableError, UsageError
from reviewer.domain.members import Role
from reviewer.services import cells
from reviewer.services.access import Access
from reviewer.services.team import Seated
from reviewer.services.team_database import TeamDatabase
from reviewer.storage import Address


def add(command: AddCommand) -> None:
    """Add these commands."""
    team = command("team", _usage, "a team on PostgreSQL: set up, invite, join, let in, check")
    acts = team.add_subparsers(dest="act", metavar="ACT")

    def act(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = acts.add_parser(name, help=text, description=text)
        add_common(made, profile=argparse.SUPPRESS, files=argparse.SUPPRESS, json=argparse.SUPPRESS)
        made.set_defaults(run=run)
        return made

    for name, run, text in (
        ("init", _init, "set a database up, or bring it to this version; for its owner"),
        ("check", _check, "compare a live database with what is declared, and see whether it keeps up; for its owner"),
    ):
        _add_database(act(name, run, text))
    invite = act("invite", _invite, "make a login that may join; for the database's owner")
    invite.add_argument("login", metavar="LOGIN")
    invite.add_argument("--founder", action="store_true", help="who makes the workspace: the first one")
    _add_database(invite)

    found = act("found", _found, "make the team's workspace, as its first member")
    found.add_argument("--workspace", required=True, metavar="NAME")
    found.add_argument("--roles", metavar="A,B", help=f"default: every role ({', '.join(Role)})")
    join = act("join", _join, "make this device's keys and ask to be let in")
    for each in (found, join):
        each.add_argument("--member", required=True, metavar="NAME")
        _add_database(each)

    act("list", _list, "show every login, and who waits to be let in; for admins")
    confirm = act("confirm", _confirm, "let in who waits, after comparing their fingerprint; for admins")
    confirm.add_argument("login", metavar="LOGIN")
    confirm.add_argument("--fingerprint", required=True, metavar="F", help="as they read it out to you")
    confirm.add_argument("--roles", required=True, metavar="A,B", help=f"of: {', '.join(Role)}")
    confirm.add_argument("--languages", metavar="A,B", help="languages they review; default: every language")
    roles = act("roles", _roles, "give a member other roles; for admins")
    roles.add_argument("login", metavar="LOGIN")
    roles.add_argument("roles", metavar="A,B")
    factor_off = act("factor-off", _factor_off, "let a member in who lost their authenticator app; for admins")
    factor_off.add_argument("login", metavar="LOGIN")
    remove = act("remove", _remove, "take a member's seat and replace the workspace's key; for admins")
    remove.add_argument("login", metavar="LOGIN")

    map_key = act("map-key", _map_key, "make the key that signs maps of workspaces; for who runs the servers")
    map_key.add_argument("file", type=Path, metavar="FILE")
    map_sign = act("map-sign", _map_sign, "sign a map of workspaces, newer than the one that is there")
    map_sign.add_argument("cells", type=Path, metavar="CELLS", help='JSON: {"WORKSPACE": "postgresql://HOST:PORT/DB"}')
    map_sign.add_argument("--signing-key", type=Path, required=True, metavar="FILE")
    map_sign.add_argument("--out", type=Path, required=True, metavar="MAP")
    map_use = act("map-use", _map_use, "have this profile find its workspace's server by a map")
    map_use.add_argument("map", type=Path, metavar="MAP")
    map_use.add_argument("--map-key", required=True, metavar="HEX", help="as 'map-key' showed it")
    map_use.add_argument("--workspace", required=True, metavar="NAME", help="as the map names it")
    act("map-off", _map_off, "follow no map any more; the workspace stays where it was last")


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        required=True,
        metavar="URL",
        help="postgresql://LOGIN@HOST:PORT/DATABASE?sslrootcert=FILE, without a password",
    )
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="the login's password; default: asked for")


def _usage(arguments: argparse.Namespace) -> ExitCode:
    del arguments
    raise UsageError(
        "Say what to do: init, invite, found, join, list, confirm, roles, factor-off, remove, map-key, "
        "map-sign, map-use, map-off or check."
    )


def _init(arguments: argparse.Namespace) -> ExitCode:
    is_founded = _database(arguments).set_up()
    words = "The database is of this version."
    if not is_founded:
        words = "The database is set up. Invite its first member: 'reviewer team invite LOGIN --founder'."
    say(arguments, {"set_up": True, "founded": is_founded}, words)
    return ExitCode.DONE


def _check(arguments: argparse.Namespace) -> ExitCode:
    database = _database(arguments)
    gauge = database.gauge()  # before the comparison, which rewrites a little itself
    found = database.check() + gauge.faults
    answer: Answer = {
        "found": found,
        "rows": {each.name: {"live": each.live, "dead": each.dead} for each in gauge.tables},
        "oldest_transaction_s": gauge.oldest_transaction_s,
    }
    rows = [f"{each.name:<14} {each.live:>12,} rows, {each.dead:,} dead" for each in gauge.tables]
    words = [*map(in_line, found)] or ["The database is as declared, and its server keeps up."]
    say(arguments, answer, "\n".join([*words, "", *rows]))
    return ExitCode.RULE if found else ExitCode.DONE


def _invite(arguments: argparse.Namespace) -> ExitCode:
    address, password = _database(arguments).invite(arguments.login, may_found=arguments.founder)
    answer = {"login": arguments.login, "database": address.text, "password": password}
    act = "found --workspace NAME" if arguments.founder else "join"
    words = "Hand this over in person or by a channel that you trust; the password works until they have joined.\n\n"
    words += f"Password: {password}\nCommand:  reviewer team {act} --member NAME --database '{address.text}'"
    if dict(Address.read(arguments.database).files).get("sslcert"):
        words += "\nThe server asks for certificates: they add &sslcert=FILE&sslkey=FILE of their own to that address."
    say(arguments, answer, words)
    return ExitCode.DONE


def _found(arguments: argparse.Namespace) -> ExitCode:
    roles = frozenset(Role) if arguments.roles is None else _named(arguments.roles)
    with _coming_to(arguments) as access:
        made = access.make(
            arguments.workspace,
            arguments.member,
            roles,
            passphrase=passphrase_of(arguments),
            invitation=_password(arguments),
        )
    new = made.member
    answer: Answer = {
        "workspace": new.workspace_id,
        "member": new.id,
        "recovery_code": made.recovery_code,
        "founder": made.founder.hex(),
    }
    words = f"Made the workspace '{arguments.workspace}'.\n"
    words += f"Its founder's key, for whoever verifies an exported ledger: {made.founder.hex()}"
    say(arguments, answer, f"{words}\n\n{_recovery(made.recovery_code)}")
    return ExitCode.DONE


def _join(arguments: argparse.Namespace) -> ExitCode:
    with _coming_to(arguments) as access:
        asked = access.join(arguments.member, _password(arguments), passphrase_of(arguments))
    words = f"Read this fingerprint out to an admin, by voice: {asked.fingerprint}\n"
    words += "Once they have let you in, start 'reviewer'."
    answer = {"fingerprint": asked.fingerprint, "recovery_code": asked.recovery_code}
    say(arguments, answer, f"{words}\n\n{_recovery(asked.recovery_code)}")
    return ExitCode.DONE


def _list(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        unlock(arguments, application)
        seats = application.team().listing()
    answer = {
        "seats": [
            {"login": seat.login, "name": seat.name, "state": seat.state, "roles": sorted(seat.roles)} for seat in seats
        ]
    }
    say(arguments, answer, "\n".join(map(_line, seats)))
    return ExitCode.DONE


def _line(seat: Seated) -> str:
    return f"{seat.login:<20} {seat.state:<8} {in_line(seat.name or '')}  {', '.join(sorted(seat.roles))}"


def _confirm(arguments: argparse.Namespace) -> ExitCode:
    languages = None if arguments.languages is None else frozenset(listed("languages", arguments.languages))
    with Opened(arguments) as application:
        unlock(arguments, application)
        new = application.team().confirm(
            arguments.login, arguments.fingerprint, _named(arguments.roles), languages=languages
        )
    say(arguments, {"member": new.id}, f"{in_line(new.name)} is a member now.")
    return ExitCode.DONE


def _roles(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        unlock(arguments, application)
        application.team().set_roles(arguments.login, _named(arguments.roles))
    say(arguments, {"changed": True}, "The roles are changed.")
    return ExitCode.DONE


def _factor_off(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        unlock(arguments, application)
        application.team().drop_factor(arguments.login)
    words = "The server asks them for no code any more; 'reviewer recover' on their device does the rest."
    say(arguments, {"changed": True}, words)
    return ExitCode.DONE


def _remove(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        services = unlock(arguments, application)
        was_member = application.team().remove(arguments.login)
        if was_member:
            services.vault.rotate()
    if not was_member:
        words = (
            "Turned away: they never had a key. Their device's login stays until the owner of the database drops it."
        )
        say(arguments, {"removed": False}, words)
        return ExitCode.DONE
    login = arguments.login
    words = "Removed, and the workspace's key is a new one. The login can still connect until the owner of the database"
    words += f" runs: DROP OWNED BY {login}; DROP ROLE {login}"
    say(arguments, {"removed": True}, words)
    return ExitCode.DONE


def _map_key(arguments: argparse.Namespace) -> ExitCode:
    public = MapKey.make(arguments.file).public.hex()
    say(arguments, {"map_key": public}, f"Keep {arguments.file} safe. Desks are told this key: {public}")
    return ExitCode.DONE


def _map_sign(arguments: argparse.Namespace) -> ExitCode:
    key = MapKey.read(arguments.signing_key)
    try:
        untrusted = json.loads(arguments.cells.read_bytes())
    except OSError as exc:
        raise UnavailableError(f"{arguments.cells} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise InputRefusedError(f"{arguments.cells} is no JSON: {exc}.") from exc
    if not isinstance(untrusted, dict) or not all(isinstance(each, str) for each in untrusted.values()):
        raise InputRefusedError(f"{arguments.cells} must hold an object: the name of each workspace, and its address.")
    serial = cells.read(arguments.out, key.public).serial + 1 if arguments.out.exists() else 1
    cells.write(arguments.out, cells.signed(untrusted, serial, key))
    words = f"Signed a map of {len(untrusted)} workspaces, serial {serial}."
    say(arguments, {"serial": serial, "workspaces": len(untrusted)}, words)
    return ExitCode.DONE


def _map_use(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        address = application.use_map(arguments.map, arguments.map_key, arguments.workspace)
    say(arguments, {"database": address.text}, f"This profile's workspace is at {address.text}, as the map says.")
    return ExitCode.DONE


def _map_off(arguments: argparse.Namespace) -> ExitCode:
    leave_map(arguments.profile or default_profile())
    say(arguments, {"changed": True}, "This profile follows no map; its workspace stays where it was last.")
    return ExitCode.DONE


@contextmanager
def _coming_to(arguments: argparse.Namespace) -> Iterator[Access]:
    """Let the profile come to a team; a try that was refused can be made again, and one's own workspace stays."""
    with Opened(arguments) as application:
        before = application.settings.load().database
        has_other = application.access.exists and before is None
        application.use_team(Address.read(arguments.database))
        try:
            if has_other or (application.access.exists and not application.access.is_unfinished):
                raise RuleError("This profile has a workspace already; choose another with --profile.")
            yield application.access
        except BaseException:
            if has_other or before is not None:
                application.settings.change(database=before)
            raise


def _database(arguments: argparse.Namespace) -> TeamDatabase:
    return TeamDatabase(Address.read(arguments.database), _password(arguments))


def _password(arguments: argparse.Namespace) -> str:
    path: Path | None = arguments.password_file
    try:
        return getpass.getpass("Password of the database login: ") if path is None else path.read_text("utf-8").strip()
    except (OSError, EOFError, UnicodeDecodeError) as exc:
        raise UsageError("The password cannot be read: name its file with --password-file.") from exc


def _named(text: str) -> frozenset[Role]:
    names = listed("roles", text)
    unknown = [name for name in names if name not in set(Role)]
    if unknown:
        raise UsageError(f"There is no role '{unknown[0]}'; the roles are: {', '.join(Role)}.")
    return frozenset(map(Role, names))


def _recovery(code: str) -> str:
    return f"Recovery code: {code}\nWrite it down and keep it apart: it is shown this once."
