"""Verify, export or prove what happened."""

import argparse
from pathlib import Path

from reviewer.cli.answers import say
from reviewer.cli.arguments import AddCommand, instant
from reviewer.cli.profile import Opened, unlock
from reviewer.domain.errors import ExitCode, UsageError
from reviewer.services.ledger import Filter, Ledger


def add(command: AddCommand) -> None:
    """Add these commands."""
    ledger = command("ledger", _ledger, "verify, export or prove what happened")
    ledger.add_argument("act", choices=("verify", "export", "receipt"))
    ledger.add_argument("target", nargs="?", metavar="DIR|ITEM", help="where to export to, or the item to prove")
    ledger.add_argument("--from", dest="since", type=instant, metavar="TIME", help="entries from then on")
    ledger.add_argument("--to", dest="until", type=instant, metavar="TIME", help="entries before then")
    ledger.add_argument("--actor", metavar="MEMBER", help="entries of one member")
    ledger.add_argument("--item", metavar="ITEM", help="entries about one item")


def _ledger(arguments: argparse.Namespace) -> ExitCode:
    if arguments.act != "verify" and arguments.target is None:
        raise UsageError("'export' needs a folder and 'receipt' an item.")
    with Opened(arguments) as application:
        ledger = unlock(arguments, application, check_memory=arguments.act != "verify").ledger
        if arguments.act == "verify":
            return _verify(arguments, ledger)
        if arguments.act == "receipt":
            print(ledger.receipt(arguments.target), flush=True)
            return ExitCode.DONE
        folder = Path(arguments.target)
        number = ledger.export(folder, Filter(arguments.since, arguments.until, arguments.actor, None, arguments.item))
    words = f"{number} entries are in {folder}; 'python verify.py {folder}' checks them."
    say(arguments, {"entries": number, "folder": str(folder)}, words)
    return ExitCode.DONE


def _verify(arguments: argparse.Namespace, ledger: Ledger) -> ExitCode:
    report = ledger.verify()
    words = f"{report.entries} entries verified, {report.anchored} of them covered by a checkpoint."
    if not report.ok:
        rest = "It proves nothing; everything else holds." if report.stands else "The ledger is broken: keep all files."
        words = f"{report.why} {rest}"
    say(arguments, report.as_json(), words)
    return ExitCode.DONE if report.ok else ExitCode.LEDGER_BROKEN
