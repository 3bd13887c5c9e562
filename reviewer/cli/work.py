"""The background rounds."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from reviewer.bootstrap import Services
from reviewer.cli.answers import say
from reviewer.cli.arguments import AddCommand
from reviewer.cli.profile import Opened, unlock
from reviewer.domain.errors import ExitCode, LedgerBrokenError, RuleError, UnreachableError
from reviewer.domain.members import Role, does_rounds
from reviewer.services.work import RoundReport

_ROUND_SECONDS = 1.0
_AGAIN_SECONDS = 10.0
_POOL_ROUNDS = 10  # the pool is looked at each so many rounds
_ANALYSED_A_ROUND = 32  # so that holds end in time however much waits to be analysed


def add(command: AddCommand) -> None:
    """Add these commands."""
    work = command("work", _work, "run the background jobs: analyses, holds, dispatch, expiry, escalation")
    work.add_argument("--once", action="store_true", help="one round, then end")


def _work(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        services = unlock(arguments, application)
        if not does_rounds(services.member.roles):
            raise RuleError("An auditor or transcriber does no background work: run it as another member.")
        services.analysis.renew()
        number = 0
        while True:
            with nullcontext() if arguments.once else _patient(arguments):
                _round(arguments, services)
                if number % _POOL_ROUNDS == 0:
                    _pool_round(arguments, services)
            if arguments.once:
                return ExitCode.DONE
            number += 1
            time.sleep(_ROUND_SECONDS)


@contextmanager
def _patient(arguments: argparse.Namespace) -> Iterator[None]:
    """Wait for a server that cannot be reached: what is due is done once it is back."""
    try:
        yield
    except UnreachableError as exc:
        say(arguments, {"waiting": exc.message}, f"Waiting for the team's server. {exc.message}")
        time.sleep(_AGAIN_SECONDS)


def _round(arguments: argparse.Namespace, services: Services) -> None:
    try:
        report = services.work.round()
    except LedgerBrokenError as exc:
        if arguments.once:
            raise
        # One altered decision stops no other: it is told, and the next round passes it.
        say(arguments, {"altered": exc.message}, exc.message)
        report = RoundReport()
    analysed = services.analysis.round(None if arguments.once else _ANALYSED_A_ROUND)
    if arguments.once or analysed or report.anything:
        fields = ("settled", "sent", "failed", "expired", "woken", "escalated", "stopped")
        answer = {name: getattr(report, name) for name in fields} | {"analysed": analysed}
        say(arguments, answer, ", ".join(f"{number} {name}" for name, number in answer.items()) + ".")


def _pool_round(arguments: argparse.Namespace, services: Services) -> None:
    """Release and assign clips, and take back what may no longer be heard: only an admin's worker does."""
    if Role.ADMIN not in services.member.roles:
        return
    done = services.pool.round()
    if done.anything:
        answer = {"released": done.released, "assigned": done.assigned, "withdrawn": done.withdrawn}
        say(arguments, answer, "Clips: " + ", ".join(f"{number} {name}" for name, number in answer.items()) + ".")
