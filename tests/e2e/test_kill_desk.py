"""Kills of the real desk, and of `reviewer work` beside it, at moments that nobody chose.

At most the last second of typing is lost, no decision is lost or doubled, what leaves is exactly what was decided,
and the item that was on screen comes back with its text and its cursor.
"""

import json
import random
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e import children
from tests.factories import Profile, every_override, line
from tests.ui import driver

Count = Callable[[int, int], int]
Entry = dict[str, Any]

LONGEST_LOSS_S = 1.0
REFUSALS = ("This item cannot be claimed now", "There is nothing to undo", "The hold is over")  # another was faster
ENDS = ("approve", "approve_with_edits", "reject", "respond")  # verdicts after which an item does not come back
SUMMARY = "Ana called.\n\nAction items:\n- refund\n- call back\n\nKeywords: billing, refund\n\nSentiment: negative\n"
DRAFTS = {
    "sms": "Здраво Ana, your visit is on Tuesday at 9:00. 🙂\r\nBring your card.",
    "summary": SUMMARY,
    "clinical_note": "S:\nCough for three days.\n\nO:\nClear lungs.\n\nP:\n" + "Rest and fluids, as before. " * 60,
}

pytestmark = pytest.mark.timeout(7_200)


class State(NamedTuple):
    """A text as it stood on screen, with the cursor, and until when it was safe to lose it."""

    text: str
    cursor: int
    at: float
    life: int


class Press(NamedTuple):
    """A key that decides, as it was about to be pressed."""

    item: str
    verdict: str
    text: str


@dataclass
class Life:
    """What one process of the desk wrote down before it was killed."""

    entries: list[Entry]
    killed_at: float
    expected: str | None = None  # what the next one has to show first

    @property
    def shown(self) -> Entry | None:
        """Return the first item that it showed."""
        return next((entry for entry in self.entries if entry["what"] == "shown"), None)

    @property
    def current(self) -> str | None:
        """Return the item on screen at the end, if any."""
        item = None
        for entry in self.entries:
            if entry["what"] == "shown":
                item = entry["item"]
            elif entry["what"] == "pressing":
                item = None
            elif entry["what"] == "not taken":
                item = entry["item"]
        return item

    @property
    def moving(self) -> set[str]:
        """Return the items that were on their way to or from the screen when the kill came."""
        items: set[str] = set()
        on_way, on_screen = False, ""
        for entry in self.entries:
            if entry["what"] == "idle":
                on_way, items = False, {on_screen}  # it may leave by what is done next
            elif entry["what"] in ("shown", "moving", "pressing"):
                items.add(entry["item"])
                on_way = on_way or entry["what"] == "moving"
                on_screen = entry["item"] if entry["what"] == "shown" else on_screen
        return items if on_way else set()

    def presses(self) -> list[Press]:
        """Return what was meant to be decided, in order."""
        presses: list[Press] = []
        for entry in self.entries:
            if entry["what"] == "pressing":
                presses.append(Press(entry["item"], entry["verdict"], entry["text"]))
            elif entry["what"] == "not taken":
                presses.pop()
        return presses


@dataclass
class Witness:
    """Compares what was acknowledged with what is there."""

    profile: Profile
    states: dict[str, list[State]] = field(default_factory=lambda: defaultdict(list))
    lives: list[Life] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    decided: dict[str, str] = field(default_factory=dict)  # decision to item, as acknowledged
    withdrawn: set[str] = field(default_factory=set)
    files: dict[Path, tuple[int, int]] = field(default_factory=dict)
    finals: dict[str, str | None] = field(default_factory=dict)
    on_disk: Counter[str] = field(default_factory=Counter)  # decisions of each item, after the last kill
    losses_s: list[float] = field(default_factory=list)
    restored: int = 0
    others: list[tuple[Any, ...]] = field(default_factory=list)  # restarts that began with another item of one's own

    def take(self, life: Life) -> None:
        """Take in a life that was killed and compare everything."""
        self._check_restart(life)
        number = len(self.lives)
        self.lives.append(life)
        for entry in life.entries:
            assert entry["what"] != "fault", entry
            if entry["what"] == "refused":
                assert entry["why"].startswith(REFUSALS), entry
            if entry["what"] in ("typed", "shown"):
                self.states[entry["item"]].append(State(entry["text"], entry["cursor"], entry["at"], number))
            elif entry["what"] == "decided":
                self.decided[entry["decision"]] = entry["item"]
            elif entry["what"] == "withdrawn":
                self.withdrawn.add(entry["decision"])
        life.expected = self._expected_on_screen(life)
        self.presses += life.presses()
        self._check_decisions()
        self._check_files()

    def _check_restart(self, life: Life) -> None:
        """Compare the first item on screen with what the killed process had there."""
        if life.shown is None or not self.lives:
            return
        killed = next((each for each in reversed(self.lives) if each.entries), None)
        if killed is None:
            return
        item = life.shown["item"]
        if killed.expected is not None:
            if item != killed.expected and item not in killed.moving:
                self.others.append((item, killed.expected, killed.entries[-12:]))
            self.restored += item == killed.expected
        for state in self._lost_states(item, life.shown):
            loss = self.lives[state.life].killed_at - state.at
            assert loss < LONGEST_LOSS_S, f"{loss:.3f} s of typing lost: {state}, back came {life.shown}"
            self.losses_s.append(loss)

    def _expected_on_screen(self, killed: Life) -> str | None:
        """Return what the restarted desk must show: an undecided item that was pressed first, else that on screen."""
        before = self.on_disk
        self.on_disk = Counter(item for (item,) in self.profile.rows("SELECT item_id FROM decision"))
        made = self.on_disk - before
        for press in killed.presses():
            if made[press.item] == 0:
                return press.item
            made[press.item] -= 1
        current = killed.current
        if current in killed.moving and self.profile.state(current) == "waiting":
            return None  # it was given back, as was asked, before anything else came on screen
        return current

    def _lost_states(self, item: str, shown: Entry) -> list[State]:
        """Return the states that came after the one that was brought back."""
        states = self.states[item]
        if not states or self._came_round(item):
            return []
        back = (shown["text"], shown["cursor"])
        same = [place for place, state in enumerate(states) if (state.text, state.cursor) == back]
        if not same and shown["cursor"] == 0:  # a decision that was withdrawn keeps the text only
            same = [place for place, state in enumerate(states) if state.text == shown["text"]]
        assert same, f"never on screen: {back}, but {states[-5:]}"
        # Where the cursor was in an untouched draft is not kept: there is no text to keep it with.
        return [state for state in states[same[-1] + 1 :] if state.text != shown["text"] or shown["cursor"] != 0]

    def _came_round(self, item: str) -> bool:
        """Tell whether an item was escalated or skipped before, and so begins anew."""
        verdicts = self.profile.rows(
            "SELECT 1 FROM decision WHERE item_id = ? AND state = 'settled' AND verdict IN ('escalate', 'skip')", item
        )
        return bool(verdicts)

    def _check_decisions(self) -> None:
        rows = self.profile.rows("SELECT id, item_id, verdict, state FROM decision ORDER BY item_id, decided_at")
        stored = {row[0]: row for row in rows}
        assert self.decided.keys() <= stored.keys()  # none that was acknowledged is lost
        for decision, item in self.decided.items():
            assert stored[decision][1] == item
        for decision in self.withdrawn:
            assert stored[decision][3] == "withdrawn"
        self._check_meant(rows)
        ends = [item for _, item, verdict, state in rows if state != "withdrawn" and verdict in ENDS]
        assert len(ends) == len(set(ends))  # none is decided twice
        held = [item for _, item, _, state in rows if state == "held"]
        assert len(held) == len(set(held))

    def _check_meant(self, rows: list[tuple[Any, ...]]) -> None:
        """Find for each decision on disk the press that meant it, one press for one decision, in order."""
        meant: dict[str, Iterator[Press]] = {}
        for decision, item, verdict, _ in rows:
            presses = meant.setdefault(item, iter([press for press in self.presses if press.item == item]))
            if decision not in self.finals:
                self.finals[decision] = self.profile.final(decision)
            final = self.finals[decision]
            wanted = "approve" if verdict == "approve_with_edits" else verdict
            assert any(p.verdict == wanted and final in (None, p.text) for p in presses), (item, verdict, final)

    def _check_files(self) -> None:
        """Check that what left is whole, once, and what was decided."""
        paths = [path for folder in ("sent", "returned") for path in (self.profile.folder / folder).glob("*")]
        wanted = self.profile.requests() if set(paths) - self.files.keys() else {}
        for path in paths:
            written = (path.stat().st_ino, path.stat().st_mtime_ns)
            if path not in self.files:
                assert path.read_bytes() == wanted[path.stem]
            assert self.files.setdefault(path, written) == written


def _read(journal: Path) -> list[Entry]:
    """Return what was written down; a kill may leave half a line at the end, which counts as never written."""
    entries: list[Entry] = []
    for each in journal.read_bytes().splitlines() if journal.exists() else []:
        with suppress(ValueError):
            entries.append(json.loads(each))
    return entries


def _live_and_die(profile: Profile, journal: Path, chance: random.Random) -> Life:
    """Open a desk with somebody at it and a worker beside it, and kill both at a random moment."""
    desk = children.start(driver.type_and_decide, profile.folder, journal, chance.randrange(2**32))
    worker = children.start(children.work_on, profile.folder)
    if chance.random() < 0.9:  # the others die while they open
        while not journal.exists() and desk.is_alive():
            time.sleep(0.002)
        assert desk.is_alive(), desk.exitcode
    # The moment that nobody chose: after some acts, of which a slow machine does fewer a second, and a little more.
    acts, patience = chance.randrange(150), time.monotonic() + 30
    while journal.exists() and journal.read_bytes().count(b"\n") < acts and time.monotonic() < patience:
        time.sleep(0.005)
    time.sleep(chance.random() * 0.2)
    killed_at = time.monotonic()
    children.kill(desk)
    children.kill(worker)
    return Life(_read(journal), killed_at)


def _fill(profile: Profile) -> None:
    waiting = profile.rows("SELECT count(*) FROM item WHERE state IN ('waiting', 'escalated')")[0][0]
    if waiting < 30:
        said = {kind: [{"speaker": "Caller", "text": draft}] for kind, draft in DRAFTS.items()}
        drafts = (line(kind=kind, draft=DRAFTS[kind], source=said[kind]) for kind in DRAFTS for _ in range(20))
        profile.take(*drafts)
        profile.services().analysis.round()


def test_killing_the_desk_loses_a_second_of_typing_at_most_and_no_decision(
    profile: Profile, tmp_path: Path, count: Count, record_property: Callable[[str, object], None]
) -> None:
    kills = count(12, 500)
    seed = secrets.randbits(32)
    print("seed", seed)
    chance = random.Random(seed)
    (profile.folder / "settings.toml").write_text("[hold]\nsms = 0\nsummary = 1\nclinical_note = 600\n")
    for kind in DRAFTS:
        for rule in every_override():  # what is typed at random would be held back
            profile.services().policy.switch(kind, rule, on=False)
    witness = Witness(profile)
    for number in range(kills):
        _fill(profile)
        witness.take(_live_and_die(profile, tmp_path / f"journal-{number}", chance))

    profile.let_holds_end()
    profile.let_retries_come()
    profile.services().work.round()
    requests = profile.requests()
    for folder, verdicts in (("sent", ENDS[:2]), ("returned", ENDS[2:])):
        decided = profile.rows("SELECT id FROM decision WHERE state != 'withdrawn' AND verdict IN (?, ?)", *verdicts)
        assert profile.files(folder) == {f"{decision}.json": requests[decision] for (decision,) in decided}
    assert profile.rows("PRAGMA integrity_check") == [("ok",)]
    decisions, typed = len(witness.decided), sum(map(len, witness.states.values()))
    print(
        f"{kills} kills: {decisions} decisions and {typed} keys acknowledged, {len(witness.files)} files left, "
        f"{witness.restored} items came back to the screen, {len(witness.others)} restarts began with another, "
        f"at most {max(witness.losses_s, default=0):.3f} s lost"
    )
    # Nothing is lost where the desk begins with another item that it holds; that has to be seldom all the same.
    assert len(witness.others) <= kills // 100, witness.others
    assert decisions > kills / 2  # the kills fell among real work
    assert witness.restored > kills / 3
