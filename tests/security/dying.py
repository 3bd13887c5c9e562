"""Processes that die at a step of their choosing, as by a power switch: no word to the profile, no clean-up.

A step is the beginning of an SQL statement (BEGIN and COMMIT are statements too) or of the removal or renaming of a
file. Dying at step n is dying after step n - 1 is complete.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from reviewer.bootstrap import Application
from tests.e2e import children

Work = Callable[[Application], Callable[[], object]]  # makes ready, and returns what to die in
_FILE_EVENTS = frozenset({"os.remove", "os.rename"})


class _Steps:
    """Counts the steps of this process, and ends it at one of them."""

    def __init__(self, last: int) -> None:
        self._last = last
        self.number = 0
        self.names: list[str] = []
        self.counts = False
        # A connection that is open already tells no more, so this comes before the first one.
        event.listen(Engine, "connect", lambda connection, _: connection.set_trace_callback(self._take))
        sys.addaudithook(self._audit)

    def _audit(self, name: str, arguments: Any) -> None:
        if self.counts and name in _FILE_EVENTS:
            self._take(f"{name} {Path(os.fsdecode(arguments[0])).parent.name}")

    def _take(self, name: str) -> None:
        if not self.counts:
            return
        self.number += 1
        self.names.append(name.split("\n")[0][:60])
        if self.number == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def _die_in(work: Work, folder: Path, last: int, report: Path) -> None:
    steps = _Steps(last)
    application = Application(folder, folder / "keys")
    act = work(application)
    steps.counts = True
    act()
    steps.counts = False
    report.write_text("\n".join(steps.names), "utf-8")
    application.close()


def steps_of(work: Work, folder: Path) -> list[str]:
    """Do the work in a process to its end, and return its steps."""
    report = folder.with_name(f"{folder.name}.steps")
    process = children.start(_die_in, work, folder, 0, report)
    process.join()
    assert process.exitcode == 0
    return report.read_text("utf-8").splitlines()


def die_at(step: int, work: Work, folder: Path) -> None:
    """Do the work in a process that dies at that step."""
    process = children.start(_die_in, work, folder, step, folder.with_name(f"{folder.name}.steps"))
    process.join()
    assert process.exitcode == -signal.SIGKILL


def chosen(steps: list[str], most: int) -> Iterator[int]:
    """Yield the numbers of at most `most` steps, the first and the last, and others evenly between them."""
    stride = max(1, -(-len(steps) // most))
    yield from sorted({*range(1, len(steps) + 1, stride), len(steps)})
