"""Two real desks and two claimers on the command line, all on one profile: no item is held twice.

Each process writes down from when to when it had which item, by the one clock of the machine; no two such spans of
one item may overlap, and no fence is given out twice.
"""

import io
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from reviewer import cli
from tests.e2e import children
from tests.factories import Profile, line
from tests.ui import driver

Count = Callable[[int, int], int]

pytestmark = pytest.mark.timeout(3_600)


class Span(NamedTuple):
    """When one process had an item for certain."""

    item: str
    fence: int
    start: float
    end: float


def claim_in_a_loop(folder: Path, journal: Path, stop: Path) -> None:
    """Claim by the command line, and give back or decide, until `stop` is there."""
    with journal.open("w", encoding="utf-8") as file:
        while not stop.exists():
            claimed = _command(folder, "claim")
            start = time.monotonic()
            if claimed["item"] is None:
                continue
            lease = ("--lease", claimed["lease"])
            end = time.monotonic()
            if secrets.randbelow(3):
                _command(folder, "release", claimed["item"], *lease)
            else:
                _command(folder, "decide", claimed["item"], "approve", *lease)
            file.write(json.dumps(Span(claimed["item"], claimed["fence"], start, end)) + "\n")
            file.flush()


def _command(folder: Path, *words: str) -> Any:
    out = io.StringIO()
    with redirect_stdout(out):
        code = cli.main(
            ["--profile", str(folder), "--key-file", str(folder / "keys"), "--json", *words], desk=lambda _: 1
        )
    assert code == 0, out.getvalue()
    return json.loads(out.getvalue())


_REFUSALS = ("This item cannot be claimed now", "There is nothing to undo", "The hold is over")  # another was faster


def _spans_of_desk(journal: Path) -> list[Span]:
    """Return when a desk had which item on screen: from its being shown to the next act that may end that."""
    spans: list[Span] = []
    shown: dict[str, Any] | None = None
    for entry in map(json.loads, journal.read_bytes().splitlines()[:-1]):  # the last may be half a line
        if shown is not None and entry["what"] in ("shown", "pressing", "moving"):
            spans.append(Span(shown["item"], shown["fence"], shown["at"], entry["at"]))
            shown = None
        if entry["what"] == "shown":
            shown = entry
        assert entry["what"] != "fault", entry
        if entry["what"] == "refused":
            assert entry["why"].startswith(_REFUSALS), entry
    return spans


def test_two_desks_and_two_claimers_never_hold_the_same_item(profile: Profile, tmp_path: Path, count: Count) -> None:
    claims = count(150, 10_000)
    journals = [tmp_path / name for name in ("desk-1", "desk-2", "claimer-1", "claimer-2")]
    stop = tmp_path / "stop"
    profile.take(*(line() for _ in range(100)))
    profile.services().analysis.round()
    desks = [
        children.start(driver.type_and_decide, profile.folder, journal, secrets.randbits(32))
        for journal in journals[:2]
    ]
    claimers = [children.start(claim_in_a_loop, profile.folder, journal, stop) for journal in journals[2:]]
    try:
        while (claimed := _claimed(profile)) < claims or not all(journal.exists() for journal in journals):
            assert all(each.is_alive() for each in (*desks, *claimers))
            if profile.rows("SELECT count(*) FROM item WHERE state = 'waiting'")[0][0] < 50:
                profile.take(*(line() for _ in range(100)))
                profile.services().analysis.round()
            time.sleep(0.05)
        stop.touch()
        for claimer in claimers:
            claimer.join()
    finally:
        for process in (*desks, *claimers):
            children.kill(process)

    assert [claimer.exitcode for claimer in claimers] == [0, 0]
    of_desks = [_spans_of_desk(journal) for journal in journals[:2]]
    of_claimers = [[Span(*json.loads(each)) for each in journal.read_text().splitlines()] for journal in journals[2:]]
    print(f"{claimed} claims; items had: {[len(spans) for spans in (*of_desks, *of_claimers)]}")
    assert all(spans for spans in (*of_desks, *of_claimers))
    fences = Counter((span.item, span.fence) for spans in of_claimers for span in spans)
    fences += Counter({(span.item, span.fence) for span in of_desks[0]})  # a desk may show an item of one lease twice
    fences += Counter({(span.item, span.fence) for span in of_desks[1]})
    assert set(fences.values()) == {1}
    in_order = sorted((span for spans in (*of_desks, *of_claimers) for span in spans), key=lambda s: (s.item, s.start))
    assert [(a, b) for a, b in pairwise(in_order) if a.item == b.item and b.start < a.end] == []
    holders = Counter(item for spans in (*of_desks, *of_claimers) for item in {span.item for span in spans})
    assert max(holders.values()) > 1  # they did meet


def _claimed(profile: Profile) -> int:
    ((number,),) = profile.rows("SELECT count(*) FROM entry WHERE action = 'claimed'")
    return int(number)
