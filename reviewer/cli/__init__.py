"""The commands: the second front end, over the same services as the desk. Stable, for scripts.

Text for people, `--json` for programs. Every failure is one sentence; its exit code says of what sort it is.
A group of commands is one file with an `add` and one entry in `_GROUPS`.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from reviewer import __version__
from reviewer.cli import check, items, ledger, pool, rules, scan, suppressions, team, tokens, work, workspace
from reviewer.cli.answers import fail
from reviewer.cli.arguments import Parser, Run, add_common, checked
from reviewer.domain.errors import ExitCode, ReviewerError

_GROUPS = (workspace, items, check, scan, rules, ledger, suppressions, tokens, pool, work, team)


def main(argv: list[str], *, desk: Callable[[argparse.Namespace], int]) -> int:
    """Run one command, or open the desk through `desk`, and return the exit code."""
    as_json = "--json" in argv
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding is no reason to fail
    try:
        arguments = checked(_parser().parse_args(argv))
        run: Callable[[argparse.Namespace], int] = getattr(arguments, "run", None) or desk
        return int(run(arguments))
    except ReviewerError as exc:
        fail(exc.code, exc.message, as_json=as_json)
        return int(exc.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    except KeyboardInterrupt:
        return 130
    except Exception as exc:  # the one crash path of the commands: no value of the error is shown or logged
        fail("bug", f"This is a fault in the program ({type(exc).__name__}); the log says where.", as_json=as_json)
        return int(ExitCode.BUG)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="reviewer", description="The review desk. Without a command it opens the desk.")
    parser.add_argument("--version", action="version", version=f"reviewer {__version__}")
    add_common(parser, profile=None, files=None, json=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    def command(name: str, run: Run | None, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        # What stands before the command must not be undone by a default behind it.
        add_common(made, profile=argparse.SUPPRESS, files=argparse.SUPPRESS, json=argparse.SUPPRESS)
        made.set_defaults(run=run)
        return made

    demo = command("demo", None, "open the desk on a throw-away workspace with samples of every kind")
    demo.add_argument("--screenshots", type=Path, metavar="DIR", help="write pictures of every page and end")
    for group in _GROUPS:
        group.add(command)
    return parser
