"""When nobody is at the desk."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from reviewer.ui.idle import IdleWatch


class Clock:
    """Seconds that stand until they are moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A watch of ten minutes, its clock, and how often it told."""

    def __init__(self, parent: QObject) -> None:
        self.clock = Clock()
        self.watch = IdleWatch(timedelta(minutes=10), parent, now=self.clock)
        self.told = 0
        self.watch.idle.connect(self.count)

    def count(self) -> None:
        """Count."""
        self.told += 1

    def pass_minutes(self, minutes: float) -> None:
        """Let time pass, and the watch look."""
        self.clock.now += 60 * minutes
        if self.watch._timer.isActive():
            self.watch._look()


@pytest.fixture
def watched(qapp: QApplication) -> Iterator[Watched]:
    """Return a running watch."""
    parent = QObject()
    made = Watched(parent)
    made.watch.start()
    yield made
    made.watch.stop()


def test_it_tells_once_after_the_limit(watched: Watched) -> None:
    watched.pass_minutes(9.9)
    assert watched.told == 0
    watched.pass_minutes(0.1)
    watched.pass_minutes(10)
    assert watched.told == 1


def test_whoever_is_there_puts_it_off(watched: Watched) -> None:
    for _ in range(5):
        watched.pass_minutes(9)
        watched.watch.note()
    assert watched.told == 0


def test_the_key_that_wakes_a_computer_after_the_limit_comes_too_late(watched: Watched) -> None:
    watched.clock.now += 3_600  # asleep: no timer ran
    watched.watch.note()
    assert watched.told == 1


def test_another_limit_holds_at_once(watched: Watched) -> None:
    watched.pass_minutes(5)
    watched.watch.set_limit(timedelta(minutes=1))
    watched.pass_minutes(0)
    assert watched.told == 1


def test_a_stopped_watch_tells_nothing_and_a_started_one_begins_anew(watched: Watched) -> None:
    watched.pass_minutes(9)
    watched.watch.stop()
    watched.pass_minutes(9)
    watched.watch.note()
    watched.watch.start()
    watched.pass_minutes(9)
    assert watched.told == 0
