"""Typing at the desk: what is saved, what comes back, and how the fields of a kind make one text."""

import time
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication

from reviewer.domain.kinds import KINDS
from tests.factories import EMAIL_REPLY, EMAIL_SAMPLE, Profile
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]
SUMMARY = "Ana called.\n\nAction items:\n- refund\n- call back\n\nKeywords: billing, refund\n\nSentiment: negative\n"
TRIES = 5  # a machine with other work stalls at times
NOTE = "S:\nCough.\n\nO:\nClear lungs.\n\nP:\nRest.\n"


def focused() -> str:
    """Return the name of the widget that has the focus."""
    widget = QApplication.focusWidget()
    return "" if widget is None else widget.objectName()


# --- saved and brought back ---------------------------------------------------------------------------------------


def test_what_is_typed_is_on_disk_within_a_second(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="A draft.")
    desk = open_desk()
    seconds = []
    for number in range(1, TRIES + 1):
        start = time.monotonic()
        type_text("x")
        text = number * "x" + "A draft."
        wait_until(lambda wanted=text: [text for text, _ in profile.working_copies()] == [wanted])  # type: ignore[misc]
        seconds.append(time.monotonic() - start)
        wait_until(lambda: desk.sees("✓ saved"), "word that it is saved")
        if seconds[-1] < 1:
            break
    assert min(seconds) < 1


def test_who_types_without_a_pause_is_saved_all_the_same(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="A draft.")
    desk = open_desk()

    def typed_until_saved(before: str) -> bool:
        type_text("x")
        return any(text.count("x") > before.count("x") for text, _ in profile.working_copies())

    seconds = []
    for _ in range(TRIES):
        start, before = time.monotonic(), desk.text
        wait_until(lambda so_far=before: typed_until_saved(so_far), "a saved text")  # type: ignore[misc]
        seconds.append(time.monotonic() - start)
        if seconds[-1] < 1:
            break
    assert min(seconds) < 1


@pytest.mark.parametrize(
    ("kind", "draft", "way", "text"),
    [
        ("sms", "One\n\nthree 🙂 end", ["Down", "Down", "End"], "One\n\nthree 🙂 endX"),
        ("clinical_note", NOTE, ["Tab", "Tab"], NOTE.replace("Clear", "XClear")),
        ("summary", SUMMARY, ["Tab", "End"], SUMMARY.replace("- refund\n", "- refundX\n")),
        ("summary", SUMMARY, ["Tab", "Tab"], SUMMARY.replace("billing", "Xbilling")),
        ("summary", "Only a text.", ["Tab"], "Only a text.\n\nAction items:\nX"),
        ("summary", "Only a text.", ["Tab", "Tab"], "Only a text.\n\nKeywords: X"),
        ("email_reply", EMAIL_SAMPLE, ["Tab"], EMAIL_SAMPLE.replace("Dear", "XDear")),
    ],
)
def test_after_a_kill_the_text_is_back_and_the_cursor_where_it_was(
    profile: Profile,
    open_desk: OpenDesk,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    draft: str,
    way: list[str],
    text: str,
) -> None:
    monkeypatch.setitem(KINDS, EMAIL_REPLY.key, EMAIL_REPLY)
    profile.put(id="this", kind=kind, draft=draft, priority=2)
    profile.put(id="next", kind=kind)
    desk = open_desk()
    press(*way)
    type_text("X")
    assert desk.text == text
    field = focused()
    wait_until(lambda: profile.working_copies(), "the text on disk")
    desk.kill()

    again = open_desk()
    assert (again.external_id, again.text, focused()) == ("this", text, field)
    type_text("Y")
    assert again.text == text.replace("X", "XY")


def test_where_the_cursor_went_after_typing_is_remembered(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="One two three")
    desk = open_desk()
    type_text("x")
    wait_until(lambda: profile.working_copies() == [("xOne two three", 1)])
    press("End")
    wait_until(lambda: profile.working_copies() == [("xOne two three", 14)], "the cursor on disk")
    desk.kill()
    assert open_desk().text == "xOne two three"
    type_text("y")
    assert QApplication.focusWidget() is not None
    wait_until(lambda: profile.working_copies() == [("xOne two threey", 15)])


def test_after_a_kill_the_item_on_screen_comes_first_whatever_the_order_of_the_queue(
    profile: Profile, open_desk: OpenDesk
) -> None:
    for priority, name in enumerate(["least", "third", "second", "first"]):
        profile.put(id=name, priority=priority)
    desk = open_desk()
    press("Shift+F6", "End", "Return")  # the last row of the list
    desk.wait_for_item("least")
    desk.settle()
    desk.kill()
    again = open_desk()
    assert again.external_id == "least"
    press("Ctrl+R", "T", "Return")  # and the one that was put aside for it is next
    assert again.external_id == "first"


def test_closing_saves_what_was_typed_just_now_and_gives_everything_back(profile: Profile, open_desk: OpenDesk) -> None:
    items = [profile.put(draft="A draft."), profile.put()]
    desk = open_desk()
    type_text("x")
    press("Ctrl+Q")
    assert not desk.window.isVisible()
    desk.close()
    assert profile.working_copies() == [("xA draft.", 1)]
    assert [profile.state(item) for item in items] == ["waiting", "waiting"]
    assert open_desk().text == "xA draft."


def test_closing_right_after_a_decision_leaves_nothing_leased(profile: Profile, open_desk: OpenDesk) -> None:
    for number in range(5):
        profile.put(priority=-number)
    desk = open_desk()
    press("Ctrl+R", "T", "Return", "Ctrl+Q")
    desk.close()
    assert sorted(state for (state,) in profile.rows("SELECT state FROM item")) == ["held"] + 4 * ["waiting"]


# --- exact texts --------------------------------------------------------------------------------------------------


EXACT = (
    "One\r\nTwo\r\n",
    "One\rTwo",
    "One\u2029Two\u2028Three",
    "10\u00a0000\u202f€ \u00a0 ",
    "ZWJ 👩\u200d👩\u200d👧",
    "tab\tand  two spaces   ",
    "\n\n  leading and trailing \n\n\n",
    "e\u0301 is not é",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_that_was_touched_and_left_as_it_was_keeps_every_byte(
    profile: Profile, open_desk: OpenDesk, kind: str
) -> None:
    for draft in EXACT:
        profile.put(kind=kind, draft=draft)
    desk = open_desk()
    for decided in range(len(EXACT)):
        wait_until(lambda: desk.item is not None, "the next item")
        type_text("x")
        press("Ctrl+Z")
        desk.approve()
        wait_until(lambda at=decided: len(desk.history) > at)  # type: ignore[misc]
    desk.settle()
    rows = profile.rows("SELECT id, verdict FROM decision ORDER BY decided_at")
    assert [(profile.final(each), verdict) for each, verdict in rows] == [(draft, "approve") for draft in EXACT]


def test_an_edit_keeps_no_break_spaces_elsewhere(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="10\u00a0000\u202f€ \u2028 x")
    desk = open_desk()
    type_text("=")
    press("Ctrl+Return")
    desk.settle()
    ((decision,),) = profile.rows("SELECT id FROM decision")
    assert profile.final(decision) == "=10\u00a0000\u202f€ \u2028 x"


# --- draft and difference -----------------------------------------------------------------------------------------


def test_reset_goes_back_to_the_draft_and_can_itself_be_undone(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="A draft.")
    desk = open_desk()
    type_text("My ")
    press("Ctrl+Shift+0")
    assert desk.text == "A draft."
    press("Ctrl+Z")
    assert desk.text == "My A draft."
    wait_until(lambda: [text for text, _ in profile.working_copies()] == ["My A draft."])


def test_undo_takes_back_typing_in_another_field_before_any_decision(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(id="first", kind="sms", priority=2)
    profile.put(id="second", kind="summary", draft=SUMMARY)
    desk = open_desk()
    press("Ctrl+R", "T", "Return")
    desk.wait_for_item("second")
    type_text("New ")
    press("Tab", "Tab")
    assert focused() == "field_summary_keywords"
    press("Ctrl+Z")
    assert desk.text == SUMMARY
    desk.settle()
    assert desk.external_id == "second"


def test_the_difference_appears_with_the_first_change_and_grows_on_demand(
    profile: Profile, open_desk: OpenDesk
) -> None:
    profile.put(draft="See you on Tuesday.")
    desk = open_desk()
    difference = desk.view.difference
    assert not difference.isVisible()
    assert not desk.sees("Approve edited")
    press("End", "Left", "Ctrl+Shift+Left")
    type_text("Monday")
    wait_until(difference.isVisible, "the difference")
    assert "TuesdayMonday" in difference.view.text()
    assert desk.sees("Approve edited")
    assert not difference.whole
    press("Ctrl+D")
    assert difference.whole
    assert difference.view.text() == "See you on TuesdayMonday."
    press("Ctrl+D", "Ctrl+Shift+0")
    wait_until(lambda: not difference.isVisible(), "no difference")
    assert not desk.sees("Approve edited")


def test_a_text_message_is_counted_as_the_carrier_counts_it(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="x" * 160)
    desk = open_desk()
    assert desk.sees("160 / 160 · 1 segment · GSM-7")
    type_text("{")  # two septets
    wait_until(lambda: desk.sees("162 / 306 · 2 segments · GSM-7"))
    type_text("ć")
    wait_until(lambda: desk.sees("162 / 201 · 3 segments · UCS-2 · because of ć (U+0107)"))


# --- the fields of a summary ---------------------------------------------------------------------------------------


def test_each_field_of_a_summary_is_reached_and_edited_by_keys(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(kind="summary", draft=SUMMARY)
    desk = open_desk()
    assert focused() == "field_summary_text"
    press("Tab", "Ctrl+End")
    assert focused() == "field_summary_action_items"
    type_text("\n- write")
    press("Tab", "End")
    assert focused() == "field_summary_keywords"
    type_text("\nangry")  # Enter is a comma there
    press("Tab", "Down")
    assert focused() == "field_summary_sentiment"
    assert desk.text == (
        "Ana called.\n\nAction items:\n- refund\n- call back\n- write\n\nKeywords: billing, refund, angry\n\n"
        "Sentiment: mixed\n"
    )
    press("Ctrl+Return")  # from the chooser too
    desk.settle()
    assert [entry.verdict for entry in desk.history] == ["approve_with_edits"]


def test_a_field_that_the_draft_lacks_is_added_under_its_heading_once_it_has_text(
    profile: Profile, open_desk: OpenDesk
) -> None:
    profile.put(kind="summary", draft="Ana called.\n")
    desk = open_desk()
    press("Alt+PgDown")
    type_text("refund")
    press("Alt+PgDown", "Alt+PgDown", "Down")
    assert desk.text == "Ana called.\n\nAction items:\nrefund\n\nSentiment: positive\n"
    press("Alt+PgUp", "Alt+PgUp")
    assert focused() == "field_summary_action_items"
    press("Ctrl+A", "Delete")
    assert desk.text == "Ana called.\n\nSentiment: positive\n"


def test_a_word_that_only_one_draft_had_is_no_choice_for_the_next(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(id="first", kind="summary", draft="Ana called.\n\nSentiment: furious about Bob\n", priority=2)
    profile.put(id="second", kind="summary", draft=SUMMARY)
    desk = open_desk()
    assert desk.text == "Ana called.\n\nSentiment: furious about Bob\n"
    press("Ctrl+Return")
    desk.wait_for_item("second")
    press("Tab", "Tab", "Tab", "End")
    assert desk.text == SUMMARY.replace("negative", "mixed")


def test_tab_goes_from_section_to_section_of_a_note_and_out_at_its_end(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(kind="clinical_note", draft=NOTE)
    desk = open_desk()
    press("Tab", "Tab", "Tab")
    type_text("Bed ")
    assert desk.text == NOTE.replace("Rest.", "Bed Rest.")
    press("Tab")
    assert focused() != "field_clinical_note_sections"
    press("Shift+Tab")
    assert focused() == "field_clinical_note_sections"


def test_where_the_cursor_was_in_one_item_means_nothing_in_the_next(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(kind="clinical_note", draft=NOTE, priority=9)
    for number, (kind, draft) in enumerate((("summary", SUMMARY), ("clinical_note", NOTE), ("sms", "A draft."))):
        item = profile.put(kind=kind, draft=draft, priority=-number)
        profile.services().review.save(item, f"x{draft}", 1)
    desk = open_desk()
    for draft in (SUMMARY, NOTE, "A draft."):
        press("Tab", "Down", "Ctrl+End", "Ctrl+R", "T", "Return")
        wait_until(lambda: desk.item is not None, "the next item")
        assert desk.text == f"x{draft}"
        assert desk.view.editor.cursor_position() == 1
        assert desk.presenter._cursor == 1
    desk.settle()


# --- finding ------------------------------------------------------------------------------------------------------


def test_find_steps_through_draft_and_source_and_comes_back_to_the_place(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="Nine or ten, nine.", source=[{"speaker": "Customer", "text": "At NINE?"}])
    desk = open_desk()
    press("Ctrl+F")
    type_text("nine")
    assert desk.sees("1 of 3")
    press("Return", "Return")
    assert desk.sees("3 of 3")
    assert desk.view.source.view.textCursor().selectedText() == "NINE"
    press("Return")
    assert desk.sees("1 of 3")
    press("Shift+Return", "Shift+Return")
    assert desk.sees("2 of 3")
    press("Escape")
    type_text("9")
    assert desk.text == "Nine or ten, 9."
    press("Ctrl+F")
    type_text("?!")
    assert desk.sees("not found")
    press("Ctrl+Return")
    desk.settle()
    assert len(desk.history) == 1  # from the find field too
