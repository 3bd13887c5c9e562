"""Processes that die at a step of their choosing, as by a power switch: no word to the profile, no clean-up.

A step is the beginning of an SQL statement (BEGIN and COMMIT are statements too) or of the removal or renaming of a
file. Dying at step n is dying after step n - 1 is complete. What a killed process leaves is what its files held at that
moment, so one run that copies the profile at every step gives what all kills would leave; some are killed for real.
"""

import os
import shutil
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
    """Counts the steps of this process and does something at each."""

    def __init__(self, at_step: Callable[[int, str], None]) -> None:
        self._at_step = at_step
        self.number = 0
        self.counts = False
        # A connection that is open already tells no more, so this comes before the first one.
        event.listen(Engine, "connect", lambda connection, _: connection.set_trace_callback(self._take))
        sys.addaudithook(self._audit)

    def _audit(self, name: str, arguments: Any) -> None:
        if self.counts and name in _FILE_EVENTS:
            self._take(f"{name} in {Path(os.fsdecode(arguments[0])).parent.name}")

    def _take(self, name: str) -> None:
        if self.counts:
            self.counts = False  # what is done here takes no steps
            self.number += 1
            self._at_step(self.number, name.split("\n")[0][:70])
            self.counts = True


def _do(work: Work, folder: Path, at_step: Callable[[int, str], None]) -> None:
    steps = _Steps(at_step)
    application = Application(folder, folder / "keys")
    act = work(application)
    steps.counts = True
    act()
    steps.counts = False


def _copy_at_each(work: Work, folder: Path, into: Path) -> None:
    def copy(number: int, name: str) -> None:
        shutil.copytree(folder, into / f"{number:04}", ignore=shutil.ignore_patterns("desks"))
        (into / f"{number:04}.step").write_text(name, "utf-8")

    into.mkdir()
    _do(work, folder, copy)
    copy(10_000 - 1, "the end")
    os.kill(os.getpid(), signal.SIGKILL)  # no good-bye here either


def _die_at(step: int, work: Work, folder: Path) -> None:
    def die(number: int, _: str) -> None:
        if number == step:
            os.kill(os.getpid(), signal.SIGKILL)

    _do(work, folder, die)


def left_at_each_step(work: Work, folder: Path) -> list[tuple[str, Path]]:
    """Do the work in a process, and return each step with the profile as it would be left by dying at it."""
    into = folder.with_name(f"{folder.name}-steps")
    process = children.start(_copy_at_each, work, folder, into)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return [(each.read_text("utf-8"), each.with_suffix("")) for each in sorted(into.glob("*.step"))]


def die_at(step: int, work: Work, folder: Path) -> None:
    """Do the work in a process that dies at that step."""
    process = children.start(_die_at, step, work, folder)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def some_of(number: int, most: int) -> Iterator[int]:
    """Yield at most about `most` of the numbers below `number`, the first and the last among them."""
    yield from sorted({*range(0, number, max(1, -(-number // most))), number - 1})
