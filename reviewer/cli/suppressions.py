"""Who opted out, and what the business itself goes by."""

import argparse

from reviewer.cli.answers import in_line, say, stamp
from reviewer.cli.arguments import AddCommand
from reviewer.cli.profile import Opened, unlock
from reviewer.domain.errors import ExitCode, UsageError


def add(command: AddCommand) -> None:
    """Add these commands."""
    suppress = command("suppress", _suppress, "keep a list of those who opted out: nothing is sent to them")
    suppress.add_argument("act", choices=("add", "remove", "list"))
    suppress.add_argument("contact", nargs="?", metavar="CONTACT", help="a telephone number or an e-mail address")

    contacts = command("contacts", _contacts, "keep the business's own numbers, addresses and names")
    contacts.add_argument("act", choices=("add", "remove", "list"))
    contacts.add_argument("contact", nargs="?", metavar="CONTACT", help="a number, an address, @domain or a name")


def _suppress(arguments: argparse.Namespace) -> ExitCode:
    _check(arguments)
    with Opened(arguments) as application:
        suppressions = unlock(arguments, application).suppressions
        if arguments.act == "list":
            listed = suppressions.listing()
            answer = {
                "suppressions": [
                    {"contact": each.address, "by": each.member, "added_at": stamp(each.added_at)} for each in listed
                ]
            }
            lines = [f"{each.address}  {stamp(each.added_at)}  {in_line(each.member)}" for each in listed]
            say(arguments, answer, "\n".join([f"{len(listed)} suppressed.", *lines]))
            return ExitCode.DONE
        change = suppressions.add if arguments.act == "add" else suppressions.remove
        canonical = change(arguments.contact)
    words = "Suppressed: nothing is sent to" if arguments.act == "add" else "No longer suppressed:"
    say(arguments, {"contact": canonical, "suppressed": arguments.act == "add"}, f"{words} {canonical}.")
    return ExitCode.DONE


def _contacts(arguments: argparse.Namespace) -> ExitCode:
    _check(arguments)
    with Opened(arguments) as application:
        suppressions = unlock(arguments, application).suppressions
        if arguments.act == "add":
            suppressions.add_contact(arguments.contact)
        elif arguments.act == "remove":
            suppressions.remove_contact(arguments.contact)
        listed = suppressions.contacts()
    say(arguments, {"contacts": listed}, "\n".join([f"{len(listed)} contacts.", *map(in_line, listed)]))
    return ExitCode.DONE


def _check(arguments: argparse.Namespace) -> None:
    if (arguments.act == "list") != (arguments.contact is None):
        raise UsageError(f"'{arguments.command} list' takes no contact, 'add' and 'remove' take one.")
