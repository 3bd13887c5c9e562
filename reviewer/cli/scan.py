"""Find personal data in texts, without a workspace."""

import argparse

from reviewer.channels.drafts import Refused, read_texts
from reviewer.cli.answers import print_line
from reviewer.cli.arguments import AddCommand, lines_of
from reviewer.domain.errors import ExitCode

_PROFILES = ("balanced", "high_recall")


def add(command: AddCommand) -> None:
    """Add these commands."""
    scan = command("scan", _scan, "find personal data in texts; needs no workspace; - reads standard input")
    scan.add_argument("file", metavar="FILE", nargs="?", default="-")
    scan.add_argument("--recall", choices=_PROFILES, default=_PROFILES[0], help="how eagerly doubt is taken for a find")


def _scan(arguments: argparse.Namespace) -> ExitCode:
    """Write one line of JSON for each record as soon as it is read; what is refused stands in its place."""
    from reviewer import privacy  # the model is nothing that every command should load

    detector = privacy.load(arguments.recall)
    refused = False
    for entry in read_texts(lines_of(arguments.file)):
        if isinstance(entry, Refused):
            refused = True
            where = f"line {entry.number}" + (f", {entry.field}" if entry.field else "")
            print_line({"id": entry.line or None, "error": f"{where}: {entry.reason}"})
        else:
            spans = detector.find(entry.text, entry.language)
            found = [{"start": s.start, "end": s.end, "type": s.type, "score": s.score} for s in spans]
            print_line({"id": entry.external_id, "spans": found})
    return ExitCode.INPUT_REFUSED if refused else ExitCode.DONE
