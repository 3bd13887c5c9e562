"""The rules that drafts are checked by: list them, switch them off and on."""

import argparse

from reviewer.cli.answers import say
from reviewer.cli.arguments import AddCommand
from reviewer.cli.profile import Opened, unlock
from reviewer.domain.errors import ExitCode, UsageError
from reviewer.domain.kinds import KINDS


def add(command: AddCommand) -> None:
    """Add these commands."""
    rules = command("rules", _rules, "list the rules that drafts are checked by, or switch one off or on for a kind")
    rules.add_argument("act", choices=("list", "off", "on"), nargs="?", default="list")
    rules.add_argument("rule", metavar="RULE", nargs="?")
    rules.add_argument("--kind", metavar="KIND", help=f"one of: {', '.join(KINDS)}")


def _rules(arguments: argparse.Namespace) -> ExitCode:
    if arguments.act != "list" and (arguments.rule is None or arguments.kind is None):
        raise UsageError(f"'rules {arguments.act}' needs a rule and --kind.")
    with Opened(arguments) as application:
        policy = unlock(arguments, application).policy
        if arguments.act != "list":
            policy.switch(arguments.kind, arguments.rule, on=arguments.act == "on")
        switches = policy.switches()
    kinds = {rule: [kind for kind in KINDS if not switches.is_on(kind, rule)] for rule in switches.rules}
    lines = [f"{rule:<18} {'off for ' + ', '.join(off) if off else 'on'}" for rule, off in kinds.items()]
    say(arguments, {"rules": [{"rule": rule, "off": off} for rule, off in kinds.items()]}, "\n".join(lines))
    return ExitCode.DONE
