"""The real desk on a team's database behind a link that is cut: nothing is lost, doubled or frozen."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPushButton

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.members import Role
from reviewer.services.journal import FOLDER
from reviewer.settings import SettingsFile
from reviewer.storage import patience
from reviewer.ui.desk import presenter as presenter_module
from reviewer.ui.desk.state import UNSENT
from tests.factories import Profile, new_key
from tests.links import Link, linked
from tests.ui.driver import DrivenDesk, press, type_text, wait_until
from tests.ui.test_lock import texts_of_all_widgets

OpenDesk = Callable[[], DrivenDesk]


@pytest.fixture
def database() -> str:
    """All of these are about a server."""
    return "server"


@pytest.fixture
def link(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> Iterator[Link]:
    """Let the desk of the profile reach its server through a link."""
    assert profile.team is not None
    assert profile.address is not None
    monkeypatch.setattr(presenter_module, "POLL_MS", 200)
    with linked(profile.team.cluster.port) as link:
        there, here = f":{profile.team.cluster.port}/", f":{link.port}/"
        SettingsFile(profile.folder / "settings.toml").change(database=profile.address.text.replace(there, here))
        yield link


def put_many(profile: Profile, number: int) -> None:
    """Import items named 1, 2, 3… in the order in which they will be claimed."""
    for n in range(1, number + 1):
        profile.put(id=str(n), draft=f"Draft {n}.", priority=100 - n)


def decided(profile: Profile) -> list[tuple[str, str]]:
    """Return the decisions on record, as the item's external id and the verdict."""
    return profile.rows(
        "SELECT external_id, verdict FROM decision JOIN item ON item.id = item_id ORDER BY external_id, decided_at"
    )


def finals(profile: Profile) -> list[str | None]:
    """Return the texts that were released, by the item's external id."""
    rows = profile.rows("SELECT decision.id FROM decision JOIN item ON item.id = item_id ORDER BY external_id")
    return [profile.final(row[0]) for row in rows]


def waiting(profile: Profile, ending: str = "intent") -> list[Path]:
    """Return what waits on this computer to be sent."""
    return sorted((profile.folder / FOLDER).glob(f"*.{ending}"))


def wait_for_offline(desk: DrivenDesk) -> None:
    """Wait until the desk says that it is offline."""
    wait_until(lambda: desk.sees("Offline since"), "the strip that says so")


def wait_for_return(desk: DrivenDesk) -> None:
    """Wait until the desk says so no more, and what was left has been done."""

    def is_back() -> bool:
        open_ends = [entry for entry in desk.history if entry.state in ("deciding", UNSENT)]
        return not (desk.sees("Offline since") or open_ends)

    wait_until(is_back, "the connection")
    desk.settle()


def mend(desk: DrivenDesk, link: Link) -> None:
    """Mend the link and let the desk look at once."""
    link.mend()
    if desk.sees("Try now"):
        desk.view.link_strip.findChildren(QPushButton)[0].click()
    wait_for_return(desk)


class Gaps:
    """Notes the longest time in which the GUI thread took no event."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.number = 0
        self._at = time.monotonic()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(5)

    def _beat(self) -> None:
        now = time.monotonic()
        self.number += 1
        self.longest_s = max(self.longest_s, now - self._at)
        self._at = now

    def stop(self) -> float:
        """Return it."""
        self._timer.stop()
        return self.longest_s


def test_what_is_held_is_finished_offline_and_recorded_once_the_connection_is_back(
    profile: Profile, open_desk: OpenDesk, link: Link
) -> None:
    put_many(profile, 4)
    desk = open_desk()
    desk.settle()
    assert desk.sees("connected")
    link.cut()
    type_text("My ")
    wait_for_offline(desk)
    press("Ctrl+Return")  # the item on screen
    assert (desk.external_id, desk.text) == ("2", "Draft 2.")
    press("Ctrl+R", "T", "Return")  # and the one that was fetched in advance
    wait_until(lambda: desk.sees("Nothing more is held here"), "the page that says so")
    assert desk.sees("2 decisions wait on this computer")
    wait_until(lambda: len(waiting(profile)) == 2, "both on this disk")
    assert decided(profile) == []
    mend(desk, link)
    assert decided(profile) == [("1", "approve_with_edits"), ("2", "reject")]
    assert finals(profile)[0] == "My Draft 1."
    assert waiting(profile) == waiting(profile, "text") == []
    desk.wait_for_item("3")
    assert desk.sees("2 done")
    assert desk.sees("Decisions recorded now that the connection is back: 2.")
    assert profile.services().ledger.verify().ok


class CutAt:
    """Cuts the link at a chunk of what passes over it, either way, counted from now."""

    def __init__(self, chunk: int) -> None:
        self._left = chunk
        self.hit = ""

    def __call__(self, to_server: bool) -> bool:
        """Count one chunk."""
        self._left -= 1
        if self._left == 0:
            self.hit = "asking" if to_server else "answering"
        return self._left == 0


def test_wherever_a_decision_is_cut_off_it_is_recorded_once(
    profile: Profile, open_desk: OpenDesk, link: Link, count: Callable[[int, int], int]
) -> None:
    cuts = count(10, 120)
    put_many(profile, cuts + 2)
    desk = open_desk()
    unanswered = 0
    for number in range(cuts):
        wait_until(lambda: desk.item is not None, "an item")
        desk.settle()
        type_text("x")
        cut = link.on_chunk = CutAt(1 + number * 30 // cuts)  # a decision and what follows it take some thirty
        press("Ctrl+Return")
        wait_until(lambda cut=cut: cut.hit, "the cut")  # type: ignore[misc]
        link.on_chunk = None
        unanswered += cut.hit == "answering"
        mend(desk, link)
        assert [len(decided(profile)), len(waiting(profile))] == [number + 1, 0], cut.hit
    assert unanswered
    assert finals(profile) == [f"xDraft {name}." for name, _ in decided(profile)]
    assert profile.rows("SELECT count(*), count(DISTINCT decision_id) FROM outbox") == [(cuts, cuts)]
    assert profile.services().ledger.verify().ok
    assert desk.faults() == []


def test_a_link_that_swallows_everything_freezes_nothing_and_loses_no_letter(
    profile: Profile, open_desk: OpenDesk, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SILENCE_S", 1.0)
    monkeypatch.setattr(patience, "KNOCK_S", 1.0)
    put_many(profile, 3)
    desk = open_desk()
    desk.settle()
    link.swallow()
    gaps = Gaps()
    began = time.monotonic()
    typed = 0
    while not desk.sees("Offline since"):
        type_text("x")
        typed += 1
        beats = gaps.number
        wait_until(lambda beats=beats: gaps.number > beats + 5)  # type: ignore[misc]
        assert time.monotonic() - began < 20
    press("Ctrl+Return")
    assert gaps.stop() < 0.5
    assert desk.external_id == "2"
    mend(desk, link)
    assert finals(profile) == ["x" * typed + "Draft 1."]


def test_a_desk_killed_offline_keeps_its_decisions_and_texts_for_the_next_start(
    profile: Profile, open_desk: OpenDesk, link: Link
) -> None:
    put_many(profile, 4)
    desk = open_desk()
    desk.settle()
    link.cut()
    wait_for_offline(desk)
    press("Ctrl+Return")
    type_text("My ")
    wait_until(lambda: desk.sees("saved on this computer"), "the text on this disk")
    assert len(waiting(profile)) == len(waiting(profile, "text")) == 1
    on_disk = b"".join(path.read_bytes() for path in (profile.folder / FOLDER).iterdir())
    assert b"Draft" not in on_disk
    assert b"approve" not in on_disk
    desk.kill()
    again = open_desk()  # still offline
    assert again.is_locked
    wait_until(lambda: again.sees("Decisions that wait on this computer: 1."), "the news at the door")
    assert len(waiting(profile)) == 1
    again.close()
    link.mend()
    third = open_desk()
    third.settle()
    assert decided(profile) == [("1", "approve")]
    assert (third.external_id, third.text) == ("2", "My Draft 2.")
    assert third.sees("Decisions recorded now that the connection is back: 1.")
    assert waiting(profile) == waiting(profile, "text") == []


def test_a_decision_on_an_item_that_a_colleague_took_meanwhile_becomes_a_second_opinion(
    profile: Profile, open_desk: OpenDesk, link: Link
) -> None:
    put_many(profile, 2)
    desk = open_desk()
    desk.settle()
    item = desk.item
    assert item is not None
    link.cut()
    wait_for_offline(desk)
    type_text("My ")
    press("Ctrl+Return")
    profile.let_leases_lapse()
    colleague = profile.services(profile.actor(Role.AGENT))
    colleague.work.round()
    claimed = colleague.queue.claim(item.item.id)
    assert claimed is not None
    colleague.review.decide(claimed.lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    mend(desk, link)
    assert decided(profile) == [("1", "reject")]
    assert [text for _, text in profile.opinions(item.item.id)] == ["My Draft 1."]
    assert desk.sees("kept as a second opinion: 1.")
    assert desk.sees("0 done")
    assert waiting(profile) == waiting(profile, "text") == []


def test_a_decision_whose_lease_ran_out_while_nobody_took_the_item_is_recorded_on_a_new_one(
    profile: Profile, open_desk: OpenDesk, link: Link
) -> None:
    put_many(profile, 2)
    desk = open_desk()
    desk.settle()
    link.cut()
    wait_for_offline(desk)
    type_text("My ")
    press("Ctrl+Return")
    type_text("Also my ")
    profile.let_leases_lapse()
    profile.services(profile.actor(Role.AGENT)).work.round()
    mend(desk, link)
    assert decided(profile) == [("1", "approve_with_edits")]
    assert finals(profile) == ["My Draft 1."]
    assert (desk.external_id, desk.text) == ("2", "Also my Draft 2.")
    press("Ctrl+Return")
    desk.settle()
    assert finals(profile) == ["My Draft 1.", "Also my Draft 2."]
    assert profile.services().ledger.verify().ok


def test_a_decision_is_taken_back_before_it_was_ever_sent(profile: Profile, open_desk: OpenDesk, link: Link) -> None:
    put_many(profile, 2)
    desk = open_desk()
    desk.settle()
    link.cut()
    wait_for_offline(desk)
    type_text("My ")
    press("Ctrl+Return")
    assert desk.external_id == "2"
    assert desk.sees("not sent yet")
    press("Ctrl+Z")
    assert (desk.external_id, desk.text) == ("1", "My Draft 1.")
    wait_until(lambda: waiting(profile) == [], "the journal")
    mend(desk, link)
    assert decided(profile) == []
    press("Ctrl+Return")
    desk.settle()
    assert finals(profile) == ["My Draft 1."]


def test_the_desk_is_locked_offline_and_unlocked_once_the_connection_is_back(
    profile: Profile, open_desk: OpenDesk, link: Link
) -> None:
    put_many(profile, 3)
    desk = open_desk()
    desk.settle()
    link.cut()
    wait_for_offline(desk)
    press("Ctrl+Return")
    type_text("My ")
    press("Ctrl+L")
    wait_until(lambda: desk.is_locked, "the lock")
    assert len(waiting(profile)) == len(waiting(profile, "text")) == 1
    link.mend()

    def unlocked() -> bool:
        if desk._desk.presenter is None and not desk.worker.busy:
            desk._desk.unlocking.unlock(None, None)
        return desk._desk.presenter is not None and desk.item is not None

    wait_until(unlocked, "the way back in")
    desk.settle()
    assert (desk.external_id, desk.text) == ("2", "My Draft 2.")
    assert decided(profile) == [("1", "approve")]
    assert desk.sees("1 done")


def test_what_takes_the_connection_says_so_and_the_desk_closes_offline(
    profile: Profile, open_desk: OpenDesk, link: Link
) -> None:
    profile.put(id="note", kind="clinical_note", draft="S:\nCough.\n", priority=100)
    put_many(profile, 3)
    desk = open_desk()
    desk.settle()
    link.cut()
    wait_for_offline(desk)
    press("Ctrl+Return")
    wait_until(lambda: desk.sees("This takes the connection"), "why it cannot be signed now")
    assert desk.external_id == "note"
    began = time.monotonic()
    desk.close()
    assert time.monotonic() - began < 10


def test_a_removed_member_is_told_so_and_not_to_make_a_workspace(qapp: QApplication, profile: Profile) -> None:
    assert profile.address is not None
    profile.rows("UPDATE seat SET removed_at = now()")
    desk = DrivenDesk(profile.folder)
    try:
        desk.open()
        assert "no member of this team" in texts_of_all_widgets()
        assert "Make your workspace" not in texts_of_all_widgets()
    finally:
        desk.close()
