"""What the desk does when something is slow, fails, or comes between: nothing is lost, nothing happens by itself."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QMessageBox

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.ui.desk import presenter as presenter_module
from reviewer.ui.desk import view as view_module
from tests.factories import Profile, line
from tests.ui.driver import DrivenDesk, hold_down, press, type_text, wait_until

# Offscreen, of the list under the file's name.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")

OpenDesk = Callable[[], DrivenDesk]


def put_many(profile: Profile, number: int) -> None:
    """Import items named 1, 2, 3… in the order in which they will be claimed."""
    profile.take(*(line(id=str(n), draft=f"Draft {n}.", priority=100 - n) for n in range(1, number + 1)))


@contextmanager
def busy_worker(desk: DrivenDesk) -> Iterator[None]:
    """Keep the worker busy, as a slow disk would."""
    go_on = threading.Event()
    desk.worker.run(go_on.wait)
    try:
        yield
    finally:
        go_on.set()


@contextmanager
def refusing(profile: Profile, act: str) -> Iterator[None]:
    """Let the database fail at `act`, such as "INSERT ON decision"."""
    profile.rows(f"CREATE TRIGGER fault BEFORE {act} BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
    try:
        yield
    finally:
        profile.rows("DROP TRIGGER fault")


@contextmanager
def locked(profile: Profile) -> Iterator[None]:
    """Hold the database's write lock, as another process may."""
    with profile.connection() as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def decided(profile: Profile) -> list[tuple[str, str]]:
    """Return the decisions on disk, as the item's external id and the verdict."""
    return profile.rows(
        "SELECT external_id, verdict FROM decision JOIN item ON item.id = item_id ORDER BY decided_at, external_id"
    )


# --- one press, one decision ---------------------------------------------------------------------------------------


def test_the_next_item_is_on_screen_before_the_decision_is_on_disk(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()
    painted = Painted(desk.view.editor.body.viewport())
    with busy_worker(desk):
        press("Ctrl+Return")
        assert (desk.external_id, desk.text) == ("2", "Draft 2.")
        wait_until(lambda: painted.number, "the next draft painted")
        assert decided(profile) == []
        assert desk.sees("SMS approved")  # and held
    desk.settle()
    assert decided(profile) == [("1", "approve")]


class Painted(QObject):
    """Counts how often a widget was painted."""

    def __init__(self, watched: QObject) -> None:
        super().__init__(watched)
        self.number = 0
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Count."""
        self.number += event.type() == QEvent.Type.Paint
        return False


def test_what_comes_up_on_a_bare_screen_is_first_on_record_as_being_there(
    profile: Profile, open_desk: OpenDesk
) -> None:
    """After a kill it is to be there again, and not another that was claimed ahead too."""
    put_many(profile, 5)
    desk = open_desk()
    ahead_when_shown: dict[str | None, bool] = {}

    def look(_claimed: object) -> None:
        query = "SELECT external_id FROM item WHERE lease_ahead"
        ahead_when_shown[desk.external_id] = (desk.external_id,) in profile.rows(query)

    desk.presenter.item_shown.connect(look)
    with busy_worker(desk):
        press("Ctrl+Return", "Ctrl+Return")
        assert desk.external_id is None
    desk.wait_for_item("3")
    desk.settle()
    press("Ctrl+Shift+K")  # and given back it comes again by itself
    desk.settle()
    assert ahead_when_shown == {"2": True, "3": False, "4": True}  # 2 and 4 were claimed ahead: a key brought them
    assert profile.rows("SELECT external_id FROM item WHERE lease_id IS NOT NULL AND NOT lease_ahead") == [("4",)]


def test_only_what_is_on_screen_is_on_record_as_being_there_though_two_came_at_once(
    profile: Profile, open_desk: OpenDesk
) -> None:
    put_many(profile, 4)
    desk = open_desk()
    with busy_worker(desk):
        press("Ctrl+Return", "Ctrl+Shift+K")  # 3 was asked for by the decision, and then whatever is next
        assert desk.external_id is None
    wait_until(lambda: desk.item is not None, "the next item")
    desk.settle()
    on_screen = profile.rows("SELECT external_id FROM item WHERE lease_id IS NOT NULL AND NOT lease_ahead")
    assert on_screen == [(desk.external_id,)]


def test_a_press_while_nothing_is_on_screen_decides_nothing_later(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 4)
    profile.services().analysis.round()
    desk = open_desk()
    with busy_worker(desk):
        press("Ctrl+Return", "Ctrl+Return")
        assert desk.item is None
        assert desk.sees("Fetching the next item…")
        press("Ctrl+Return", "Ctrl+Return")
        type_text("lost in the air")
    desk.wait_for_item("3")
    desk.settle()
    assert desk.text == "Draft 3."
    assert decided(profile) == [("1", "approve"), ("2", "approve")]


def test_a_key_pressed_twice_does_not_approve_what_has_only_just_come_up(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_many(profile, 3)
    desk = open_desk()
    monkeypatch.setattr(view_module, "FRESH_MS", 60_000)
    press("Ctrl+Return")
    assert desk.external_id == "1"
    assert desk.sees("press again to approve it")
    monkeypatch.setattr(view_module, "FRESH_MS", 500)

    def approved() -> bool:
        press("Ctrl+Return")
        return desk.external_id == "2"

    wait_until(approved, "the press that counts")
    press("Ctrl+Return")
    desk.settle()
    assert decided(profile) == [("1", "approve")]


def test_a_key_held_down_decides_once(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 5)
    desk = open_desk()
    hold_down("Ctrl+Return", repeats=20)
    desk.settle()
    assert desk.external_id == "2"
    assert decided(profile) == [("1", "approve")]
    hold_down("Ctrl+Z", repeats=20)
    desk.wait_for_item("1")
    desk.settle()
    assert profile.rows("SELECT state FROM decision") == [("withdrawn",)]


def test_an_enter_held_down_after_a_reason_does_not_type_into_the_next_item(
    profile: Profile, open_desk: OpenDesk
) -> None:
    put_many(profile, 3)
    desk = open_desk()
    press("Ctrl+R", "T")
    hold_down("Return", repeats=20)
    assert (desk.external_id, desk.text) == ("2", "Draft 2.")
    type_text("\n")  # a press of its own types
    hold_down("Return", repeats=2)  # and repeats
    assert desk.text == "\n\n\n\nDraft 2."


def test_no_key_decides_on_another_page_or_under_a_dialog(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()
    press("Ctrl+,", "Ctrl+Return", "Ctrl+R", "T", "Return", "Ctrl+Z", "Ctrl+Shift+K")
    press("F1", "Ctrl+Return", "Ctrl+R", "T", "Escape")
    press("Ctrl+1", "F1", "Ctrl+Return", "Escape")
    desk.settle()
    assert desk.external_id == "1"
    assert decided(profile) == []
    press("Ctrl+Return")
    assert desk.external_id == "2"


def test_backspace_and_delete_decide_nothing_anywhere(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()
    for _ in range(4):
        press("F6", "Backspace", "Delete", "Ctrl+Backspace")
    desk.settle()
    assert desk.external_id == "1"
    assert decided(profile) == []


def test_what_is_missing_is_asked_for_in_place_and_escape_goes_back_to_the_text(
    profile: Profile, open_desk: OpenDesk
) -> None:
    put_many(profile, 2)
    desk = open_desk()
    press("Ctrl+R", "Return")
    assert desk.sees("A rejection needs a reason code.")
    press("X", "Return")
    assert desk.sees("The reason 'other' needs a note")
    press("Escape")
    type_text("x")
    assert desk.text == "xDraft 1."
    for key in ("Ctrl+M", "Ctrl+K"):
        press(key, "Return")
        assert desk.sees("needs a note")
        press("Escape")
    press("Ctrl+A", "Delete", "Ctrl+Return")
    desk.settle()
    assert desk.sees("Fix 1")  # a text with nothing in it
    assert desk.external_id == "1"
    assert decided(profile) == []


def test_two_items_that_come_at_once_are_both_kept_and_the_first_stays_on_screen(
    profile: Profile, open_desk: OpenDesk
) -> None:
    put_many(profile, 6)
    desk = open_desk()
    with busy_worker(desk):
        press("Ctrl+Return", "Ctrl+Shift+K")  # the decision will bring an item, and giving back one claims another
        assert desk.item is None
    desk.wait_for_item("3")
    type_text("My ")
    desk.settle()
    assert (desk.external_id, desk.text) == ("3", "My Draft 3.")
    press("Ctrl+Return")
    assert desk.external_id == "2"
    desk.settle()
    on_screen = profile.rows("SELECT external_id FROM item WHERE state = 'leased' AND NOT lease_ahead")
    assert on_screen == [("2",)]


def test_nothing_else_comes_up_behind_the_question_for_a_signature(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(id="sms", priority=2)
    profile.put(id="note", kind="clinical_note", draft="S:\nCough.\n", priority=1)
    desk = open_desk()
    press("Ctrl+Return")
    desk.wait_for_item("note")
    desk.settle()
    with busy_worker(desk):
        press("Ctrl+Z", "Ctrl+Return")
    wait_until(lambda: desk.signing, "the question for a signature")
    desk.settle()
    assert desk.external_id == "note"
    press("Return")
    desk.wait_for_item("sms")  # what was undone comes next
    desk.settle()
    assert [verdict for _, verdict in decided(profile)] == ["approve", "approve"]


def test_typing_on_after_asking_to_sign_goes_on_with_the_text(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(kind="clinical_note", draft="S:\nCough.\n")
    desk = open_desk()
    with busy_worker(desk):
        press("Ctrl+Return")
        type_text("x \n")  # either would press a button of a dialog that came up under the hands
    desk.settle()
    assert not desk.signing
    assert desk.text == "x \nS:\nCough.\n"
    assert decided(profile) == []
    desk.approve()
    desk.settle()
    assert decided(profile) == [(desk.history[0].item.item.head.external_id, "approve_with_edits")]


# --- a decision that fails -----------------------------------------------------------------------------------------


def test_a_decision_that_cannot_be_recorded_brings_its_item_back_with_its_text(
    profile: Profile, open_desk: OpenDesk
) -> None:
    put_many(profile, 4)
    desk = open_desk()
    with refusing(profile, "INSERT ON decision"):
        type_text("My ")
        with busy_worker(desk):
            press("Ctrl+Return")
            assert desk.external_id == "2"
        desk.wait_for_item("1")
        assert desk.text == "My Draft 1."
        assert desk.sees("disk I/O error")
        assert desk.sees("0 done")
        assert not any(entry.verdict for entry in desk.history)
    press("Ctrl+Return")
    assert desk.external_id == "2"
    desk.settle()
    assert decided(profile) == [("1", "approve_with_edits")]
    press("Ctrl+Return")
    assert desk.external_id == "3"


def test_the_text_of_a_failed_decision_is_saved_though_nobody_types_again(
    profile: Profile, open_desk: OpenDesk
) -> None:
    put_many(profile, 2)
    desk = open_desk()
    with refusing(profile, "INSERT ON decision"):
        type_text("My ")
        press("Ctrl+Return")
        desk.wait_for_item("1")
    wait_until(lambda: profile.working_copies() == [("My Draft 1.", 0)], "the text on disk")
    wait_until(lambda: desk.sees("✓ saved"))
    desk.kill()
    assert open_desk().text == "My Draft 1."


def test_a_failed_decision_does_not_come_between_hands_that_type_but_next(
    profile: Profile, open_desk: OpenDesk
) -> None:
    put_many(profile, 3)
    desk = open_desk()
    with refusing(profile, "INSERT ON decision"):
        type_text("First ")
        with busy_worker(desk):
            press("Ctrl+Return")
            type_text("Second ")
        wait_until(lambda: desk.sees("disk I/O error. The item comes next."), "word of the failure")
        type_text("thought ")
    assert (desk.external_id, desk.text) == ("2", "Second thought Draft 2.")
    press("Ctrl+Return")
    assert (desk.external_id, desk.text) == ("1", "First Draft 1.")
    press("Ctrl+Return")
    desk.settle()
    assert decided(profile) == [("2", "approve_with_edits"), ("1", "approve_with_edits")]


@pytest.mark.parametrize("hands", [("x",), ("Ctrl+M", "x"), ("Ctrl+R",)])
def test_an_item_asked_for_comes_next_if_somebody_is_at_work_before_it_is_there(
    profile: Profile, open_desk: OpenDesk, hands: tuple[str, ...]
) -> None:
    put_many(profile, 5)
    desk = open_desk()
    with busy_worker(desk):
        press("Shift+F6", "End", "Return", "F6", *hands)
    desk.settle()
    assert desk.external_id == "1"
    press("Escape", "Ctrl+R", "T", "Return")
    assert desk.external_id == "5"
    press("Ctrl+R", "T", "Return")
    assert desk.external_id == "2"
    with busy_worker(desk):
        press("Ctrl+Z", *hands)
    desk.settle()
    assert desk.external_id == "2"
    assert desk.sees("Withdrawn: the item comes next.")
    press("Escape", "Ctrl+R", "T", "Return")
    assert desk.external_id == "5"


def test_undoing_a_decision_that_never_got_to_disk_says_why_it_did_not(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()
    with refusing(profile, "INSERT ON decision"):
        with busy_worker(desk):
            press("Ctrl+Return", "Ctrl+Z")
        desk.settle()
    assert desk.external_id == "1"
    assert desk.sees("disk I/O error")
    assert not desk.sees("The hold is over")


def test_a_decision_can_be_undone_before_it_is_on_disk(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()
    with busy_worker(desk):
        press("Ctrl+Return", "Ctrl+Z")
    desk.wait_for_item("1")
    desk.settle()
    assert profile.rows("SELECT state FROM decision") == [("withdrawn",)]
    assert desk.sees("0 done")


def test_there_is_nothing_to_undo_once_the_hold_is_over(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()
    press("Ctrl+Return")
    desk.settle()
    profile.let_holds_end()
    press("Ctrl+Z")
    wait_until(lambda: desk.sees("The hold is over, so the decision stands."))
    profile.services().work.round()
    assert desk.external_id == "2"
    assert len(profile.files("sent")) == 1


def test_a_locked_database_delays_decisions_and_saving_but_not_the_hands(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 4)
    desk = open_desk()
    with locked(profile):
        type_text("One ")
        press("Ctrl+Return")
        type_text("Two ")
        assert desk.text == "Two Draft 2."
        assert desk.sees("saving…")
        assert profile.working_copies() == []
    wait_until(
        lambda: sorted(profile.working_copies()) == [("One Draft 1.", 0), ("Two Draft 2.", 4)], "both texts on disk"
    )
    desk.settle()
    assert decided(profile) == [("1", "approve_with_edits")]


def test_a_text_that_cannot_be_saved_is_tried_again_until_it_can(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 1)
    desk = open_desk()
    with refusing(profile, "INSERT ON working_copy"):
        type_text("x")
        wait_until(lambda: desk.sees("disk I/O error"), "the failure told")
        assert desk.sees("saving…")
    wait_until(lambda: profile.working_copies() == [("xDraft 1.", 1)], "the text on disk")
    wait_until(lambda: desk.sees("✓ saved"))


# --- leases --------------------------------------------------------------------------------------------------------


def test_a_lost_lease_keeps_the_text_and_offers_a_second_opinion(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenter_module, "HEARTBEAT_MS", 50)
    put_many(profile, 3)
    desk = open_desk()
    type_text("My ")
    desk.settle()
    profile.let_leases_lapse()
    other = profile.services(profile.actor())
    taken = [other.queue.claim() for _ in range(2)]
    press("Right")  # somebody is there, so the lease is worth renewing
    wait_until(lambda: desk.sees("has this item now. Your text is kept."), "word of the lost lease")
    type_text("no ")  # nothing changes any more
    assert desk.text == "My Draft 1."
    press("Ctrl+Return")
    assert decided(profile) == []
    assert desk.external_id == "1"
    press("Ctrl+Shift+S")
    wait_until(lambda: desk.external_id == "3", "the next item")
    assert desk.text == "Draft 3."
    desk.settle()
    assert profile.working_copies() == []
    assert taken[0] is not None
    assert profile.opinions(taken[0].item.id) == [("First", "My Draft 1.")]


def test_deciding_on_a_lapsed_lease_keeps_the_text_as_a_second_opinion(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()
    other = profile.services(profile.actor())
    profile.let_leases_lapse()
    taken = other.queue.claim()
    assert taken is not None and taken.item.head.external_id == "1"
    type_text("My ")
    press("Ctrl+Return")
    wait_until(lambda: desk.sees("Your text is kept as a second opinion."), "word of it")
    desk.settle()
    assert decided(profile) == []
    other.review.decide(taken.lease, Judgement(Verdict.REJECT, reason="tone"), key="k")
    assert profile.opinions(taken.item.id) == [("First", "My Draft 1.")]


def test_a_second_opinion_can_be_used_by_a_key(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 1)
    other = profile.services(profile.actor())
    taken = other.queue.claim()
    assert taken is not None
    other.review.save(taken.item.id, "Theirs.", 0)
    other.queue.release(taken.item.id, taken.lease.id)
    desk = open_desk()
    assert desk.sees("also worked on this and lost the lease.")
    reach(desk, "Use their text")
    press("Space")
    assert desk.text == "Theirs."
    press("Ctrl+Return")
    desk.settle()
    assert decided(profile) == [("1", "approve_with_edits")]


def reach(desk: DrivenDesk, words: str) -> None:
    """Go by Tab to the button that says so."""
    for _ in range(60):
        widget = QApplication.focusWidget()
        if widget is not None and words in str(widget.property("text")):
            return
        press("Tab")
    raise AssertionError(f"Tab does not reach {words!r}")


# --- empty, loading, error -----------------------------------------------------------------------------------------


def test_an_empty_queue_says_so_and_what_comes_is_shown_by_itself(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenter_module, "POLL_MS", 50)
    profile.put(id="1")
    desk = open_desk()
    type_text("x")
    press("Ctrl+Return")
    wait_until(lambda: desk.sees("1 done in this session, 1 of them edited."), "the empty page")
    assert desk.sees("Nothing waits")
    assert not desk.sees("saving…")
    press("Ctrl+Return", "Ctrl+R", "Ctrl+Shift+0", "Ctrl+F", "Ctrl+D")  # nothing to do, nothing breaks
    profile.put(id="2", draft="New.")
    desk.wait_for_item("2")
    type_text("y")  # the focus is in the text again
    assert desk.text == "yNew."


def test_what_comes_while_the_last_item_is_on_screen_is_fetched_in_advance(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenter_module, "POLL_MS", 50)
    profile.put(id="1")
    desk = open_desk()
    second = profile.put(id="2")
    wait_until(lambda: profile.state(second) == "leased", "the look-ahead")
    desk.settle()
    with busy_worker(desk):
        press("Ctrl+Return")
        assert desk.external_id == "2"


def test_a_store_that_does_not_answer_says_so_and_is_tried_again_by_a_key(
    profile: Profile, open_desk: OpenDesk
) -> None:
    item = profile.put(id="1")
    with refusing(profile, "UPDATE ON item"):
        desk = open_desk()
        wait_until(lambda: desk.sees("The queue cannot be reached"), "the error page")
        assert desk.sees("disk I/O error")
        assert profile.state(item) == "waiting"
    reach(desk, "Try again")
    press("Space")
    desk.wait_for_item("1")


def test_a_fault_of_its_own_is_told_without_content_and_the_desk_goes_on(profile: Profile, open_desk: OpenDesk) -> None:
    put_many(profile, 3)
    desk = open_desk()

    def secret() -> None:
        raise KeyError("Ana, +381 60 1234")

    desk.worker.run(secret)
    wait_until(desk.faults, "the fault told")
    (box,) = desk.window.findChildren(QMessageBox, "crash")
    assert "KeyError" in box.text()
    assert "Ana" not in box.text() + box.informativeText()
    assert "Ana" not in "".join(log.read_text() for log in (profile.folder / "logs").glob("*"))
    press("Return")
    wait_until(lambda: not desk.faults(), "the box closed")
    press("Ctrl+Return")
    assert desk.external_id == "2"


# --- importing -----------------------------------------------------------------------------------------------------


def choose_file(path: Path) -> None:
    """Type a file's name into the dialog that Ctrl+O opens."""
    press("Ctrl+O")
    type_text(str(path))
    press("Return")


def drafts(path: Path, number: int, name: str) -> Path:
    """Write a file of drafts."""
    path.write_bytes(b"\n".join(line(id=f"{name}-{n}", priority=-1) for n in range(number)))
    return path


def test_deciding_goes_on_while_a_file_is_imported_and_finals_leave(
    profile: Profile, open_desk: OpenDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenter_module, "ROUND_MS", 20)
    put_many(profile, 8)
    (profile.folder / "settings.toml").write_text("[hold]\nsms = 0\n")
    desk = open_desk()
    steps: list[int] = []
    desk.presenter.imports.changed.connect(lambda report: steps.append(report.imported))
    choose_file(drafts(tmp_path / "many.jsonl", 3_000, "many"))
    wait_until(lambda: desk.sees("importing: "), "the first batch")
    amid = 0
    for number in range(1, 6):
        wait_until(lambda: desk.item is not None, "an item on screen")
        press("Ctrl+Return")
        wait_until(lambda at=number: len(decided(profile)) == at)  # type: ignore[misc]
        amid += steps[-1] < 3_000
    assert amid == 5, f"{5 - amid} of 5 decisions waited for the end of the import"
    wait_until(lambda: len(profile.files("sent")) == 5, "the finals")
    wait_until(lambda: desk.sees("3,000 imported, 0 known already, 0 refused."), "the end of the import")
    assert len(steps) == 30
    assert profile.rows("SELECT count(*) FROM item WHERE external_id LIKE 'many-%'") == [(3_000,)]


def test_refused_lines_are_kept_beside_the_file(profile: Profile, open_desk: OpenDesk, tmp_path: Path) -> None:
    profile.put(id="1")
    desk = open_desk()
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join([line(), b"{broken", line(kind="fax"), line()]))
    choose_file(path)
    wait_until(lambda: desk.sees("2 imported, 0 known already, 2 refused."), "the end of the import")
    kept = [json.loads(each) for each in (tmp_path / "some.jsonl.refused.jsonl").read_text().splitlines()]
    assert [(each["line"], each["field"], each["text"][:7]) for each in kept] == [
        (2, "", "{broken"),
        (3, "kind", '{"id": '),
    ]


def test_a_second_file_is_not_begun_while_the_first_is_imported(
    profile: Profile, open_desk: OpenDesk, tmp_path: Path
) -> None:
    profile.put(id="1")
    desk = open_desk()
    first, second = drafts(tmp_path / "a.jsonl", 1_000, "a"), drafts(tmp_path / "b.jsonl", 300, "b")
    with busy_worker(desk):
        choose_file(first)
        choose_file(second)
        assert desk.sees("Another file is being imported")
    wait_until(lambda: desk.sees("1,000 imported"), "the end of the first")
    choose_file(second)
    wait_until(lambda: desk.sees("300 imported"), "the end of the second")
    assert profile.rows("SELECT count(*) FROM item") == [(1_301,)]


def test_an_import_that_fails_midway_says_so_and_another_can_follow(
    profile: Profile, open_desk: OpenDesk, tmp_path: Path
) -> None:
    profile.put(id="1")
    desk = open_desk()
    path = drafts(tmp_path / "a.jsonl", 300, "a")
    with refusing(profile, "INSERT ON content WHEN (SELECT count(*) FROM content) > 150"):
        choose_file(path)
        wait_until(lambda: desk.sees("disk I/O error"), "the failure")
    choose_file(path)
    wait_until(lambda: desk.sees("200 imported, 100 known already, 0 refused."), "the end of the import")


def test_a_file_that_cannot_be_read_is_named(profile: Profile, open_desk: OpenDesk, tmp_path: Path) -> None:
    profile.put(id="1")
    desk = open_desk()
    desk.presenter.imports.begin(tmp_path / "gone.jsonl")  # the dialog offers none that is not there
    assert desk.sees("The file gone.jsonl cannot be read")
