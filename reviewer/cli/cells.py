"""The map of servers, where workspaces lie on more than one: sign it, change it, follow it."""

import argparse
from pathlib import Path

from reviewer.bootstrap import Application
from reviewer.cli.answers import Answer, in_line, say
from reviewer.cli.arguments import AddCommand, add_common
from reviewer.cli.profile import Opened
from reviewer.domain.errors import ExitCode, UsageError
from reviewer.services import cells


def add(command: AddCommand) -> None:
    """Add these commands."""
    made = command("cells", _usage, "a signed map of which workspace lies on which server: change it, follow it")
    acts = made.add_subparsers(dest="act", metavar="ACT")
    for name, run, text in (
        ("put", _put, "put workspaces into a map, and sign it with this device's key for maps"),
        ("remove", _remove, "take workspaces out of a map, and sign it"),
        ("follow", _follow, "let this profile find its workspace by a map from now on"),
        ("show", _show, "show a map that a key has signed"),
    ):
        act = acts.add_parser(name, help=text, description=text)
        add_common(act, profile=argparse.SUPPRESS, files=argparse.SUPPRESS, json=argparse.SUPPRESS)
        act.set_defaults(run=run)
        act.add_argument("file", type=Path, metavar="FILE")
        if name == "put":
            act.add_argument("places", nargs="+", metavar="WORKSPACE=HOST:PORT/DATABASE")
        elif name == "remove":
            act.add_argument("workspaces", nargs="+", metavar="WORKSPACE")
        else:
            act.add_argument("--key", required=True, metavar="KEY", help="of who signs it, as 'cells put' shows it")
        if name == "follow":
            act.add_argument("--workspace", required=True, metavar="NAME")


def _usage(arguments: argparse.Namespace) -> ExitCode:
    del arguments
    raise UsageError("Say what to do: put, remove, follow or show.")


def _put(arguments: argparse.Namespace) -> ExitCode:
    split = [each.rpartition("=") for each in arguments.places]
    if not all(name and place for name, _, place in split):
        raise UsageError("Name each workspace with its place: WORKSPACE=HOST:PORT/DATABASE.")
    with Opened(arguments) as application:
        return _edited(application, arguments, {name: place for name, _, place in split}, frozenset())


def _remove(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        return _edited(application, arguments, {}, frozenset(arguments.workspaces))


def _edited(
    application: Application, arguments: argparse.Namespace, put: dict[str, str], remove: frozenset[str]
) -> ExitCode:
    edited, key = cells.edit(arguments.file, application.keystore, put, remove)
    words = f"Signed map {edited.number} with {len(edited.places)} workspaces.\nKey: {key}\n"
    words += f"On each desk, once: reviewer cells follow {in_line(str(arguments.file))} --key {key} --workspace NAME"
    say(arguments, {"number": edited.number, "key": key, "workspaces": len(edited.places)}, words)
    return ExitCode.DONE


def _follow(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        found = application.follow_cells(arguments.file, arguments.key, arguments.workspace)
    say(arguments, {"database": found.text}, f"This profile's workspace lies on {found.host}:{found.port}.")
    return ExitCode.DONE


def _show(arguments: argparse.Namespace) -> ExitCode:
    found = cells.read(arguments.file, arguments.key)
    answer: Answer = {"number": found.number, "places": dict(found.places)}
    lines = [f"{in_line(name)}  {in_line(place)}" for name, place in sorted(found.places.items())]
    say(arguments, answer, "\n".join([f"Map {found.number}", *lines]))
    return ExitCode.DONE
