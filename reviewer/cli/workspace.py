"""A workspace and its keys: make it, unlock it in other ways, rotate and recover."""

import argparse
from pathlib import Path

from reviewer.cli.answers import say
from reviewer.cli.arguments import AddCommand, listed, text_of
from reviewer.cli.profile import Opened, passphrase_of, unlock
from reviewer.domain.errors import ExitCode, UsageError
from reviewer.domain.members import Role


def add(command: AddCommand) -> None:
    """Add these commands."""
    init = command("init", _init, "make a workspace and its first member")
    init.add_argument("--workspace", required=True, metavar="NAME")
    init.add_argument("--member", required=True, metavar="NAME")
    init.add_argument("--roles", metavar="A,B", help=f"default: every role ({', '.join(Role)})")
    init.add_argument("--languages", metavar="A,B", help="languages the member reviews; default: every language")

    keys = command("keys", _keys, "rotate the workspace's key, or tell how old it is")
    keys.add_argument("act", choices=("rotate", "age"))

    recover = command("recover", _recover, "set a new passphrase with the recovery code")
    recover.add_argument("--code-file", required=True, type=Path, metavar="FILE")

    totp = command("totp", _totp, "make unlocking take one-time codes of an authenticator app, or stop it")
    totp.add_argument("act", choices=("on", "off"))


def _init(arguments: argparse.Namespace) -> ExitCode:
    roles = frozenset(Role) if arguments.roles is None else frozenset(map(_role, listed("roles", arguments.roles)))
    languages = None if arguments.languages is None else frozenset(listed("languages", arguments.languages))
    with Opened(arguments) as application:
        made = application.access.make(
            arguments.workspace, arguments.member, roles, languages=languages, passphrase=passphrase_of(arguments)
        )
        answer = {
            "workspace": made.member.workspace_id,
            "member": made.member.id,
            "profile": str(application.profile),
            "recovery_code": made.recovery_code,
            "founder": made.founder.hex(),
        }
        text = f"Made the workspace '{arguments.workspace}' in {application.profile}.\n"
        text += f"Its founder's key, for whoever verifies an exported ledger: {made.founder.hex()}\n\n"
        text += f"Recovery code: {made.recovery_code}\nWrite it down and keep it apart: it is shown this once."
        say(arguments, answer, text)
    return ExitCode.DONE


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise UsageError(f"There is no role '{name}'; the roles are: {', '.join(Role)}.") from None


def _keys(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        vault = unlock(arguments, application).vault
        unreadable = vault.rotate() if arguments.act == "rotate" else 0
        age = vault.age()
    answer = {"generation": age.generation, "age_days": age.age.days, "warns": age.warns, "insists": age.insists}
    words = f"Generation {age.generation} of the workspace's key, {age.age.days} days old."
    if unreadable:
        answer["unreadable"] = unreadable
        words += f" {unreadable} data keys did not open: somebody spoiled them, and what they protect cannot be read."
    if age.warns:
        words += " Rotate it: 'reviewer keys rotate'."
    say(arguments, answer, words)
    return ExitCode.DONE


def _recover(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        application.access.recover(text_of(str(arguments.code_file)), passphrase_of(arguments))
    words = "The passphrase is set." if arguments.passphrase_file else "The keys open without a passphrase now."
    say(arguments, {"recovered": True}, words)
    return ExitCode.DONE


def _totp(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        unlock(arguments, application)
        if arguments.act == "off":
            application.access.drop_second_factor(application.session)
            say(arguments, {"second_factor": False}, "Unlocking takes no code any more.")
            return ExitCode.DONE
        uri = application.access.set_second_factor(application.session)
    words = f"{uri}\nGive this to your authenticator app now: it is shown this once. Unlocking then takes its codes."
    say(arguments, {"second_factor": True, "uri": uri}, words)
    return ExitCode.DONE
