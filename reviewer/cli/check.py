"""Compare drafts with their sources, without a workspace."""

import argparse

from reviewer.channels.drafts import Beside, Refused, read_beside
from reviewer.cli.answers import Answer, print_line
from reviewer.cli.arguments import AddCommand, lines_of
from reviewer.domain.errors import ExitCode


def add(command: AddCommand) -> None:
    """Add these commands."""
    check = command("check", _check, "check drafts against their sources; needs no workspace; - reads standard input")
    check.add_argument("file", metavar="FILE", nargs="?", default="-")


def _check(arguments: argparse.Namespace) -> ExitCode:
    """Write one line of JSON for each record as soon as it is read; what is refused stands in its place."""
    refused = False
    for entry in read_beside(lines_of(arguments.file)):
        if isinstance(entry, Refused):
            refused = True
            where = f"line {entry.number}" + (f", {entry.field}" if entry.field else "")
            print_line({"id": entry.line or None, "error": f"{where}: {entry.reason}"})
        else:
            print_line(_checked_record(entry))
    return ExitCode.INPUT_REFUSED if refused else ExitCode.DONE


def _checked_record(record: Beside) -> Answer:
    from reviewer import evidence  # its word lists are nothing that every command should load

    report = evidence.check(
        record.draft, record.source, language=record.language, conversation_date=record.conversation_date
    )
    claims = [
        {
            "start": claim.start,
            "end": claim.end,
            "status": claim.status.value,
            "score": claim.score,
            "reasons": [{"check": reason.check, "message": reason.message} for reason in claim.reasons],
            "evidence": [{"turn": e.turn, "start": e.start, "end": e.end} for e in claim.evidence],
        }
        for claim in report.claims
    ]
    omissions = [{"turn": o.turn, "start": o.start, "end": o.end, "why": o.why} for o in report.omissions]
    length = {"ratio": report.length_ratio, "warning": report.length_warning}
    return {"id": record.external_id, "claims": claims, "omissions": omissions, "length": length}
