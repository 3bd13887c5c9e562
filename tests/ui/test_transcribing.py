"""The page of transcribers, by keys only: hear, write, go on; and what is taken away is gone from it."""

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QKeySequenceEdit

from reviewer.domain.errors import UnreachableError
from reviewer.services.pool import Pool, Scope
from reviewer.services.transcribing import OpenClip, Transcribing
from reviewer.settings import SettingsFile
from tests.conftest import copied_profile
from tests.factories import Profile
from tests.links import Link, linked
from tests.postgres import Cluster
from tests.ui.driver import press, type_text, wait_until
from tests.ui.listening import ListeningDesk, fill_pool

Open = Callable[[], ListeningDesk]


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile with a pool, closed, to be copied."""
    folder = tmp_path_factory.mktemp("pool") / "profile"
    profile = Profile(folder)
    fill_pool(profile)
    profile.close()
    return folder


@pytest.fixture(params=["file", "server"])
def pooled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Profile]:
    """A profile with a pool, in a file and on a team's server."""
    folder = tmp_path / "pooled"
    if request.param == "server":
        source: Path = request.getfixturevalue("_new_team_profile")
        with copied_profile(source, folder, request.getfixturevalue("server")) as made:
            fill_pool(made)
            yield made
        return
    shutil.copytree(request.getfixturevalue("_filled"), folder)
    copied = Profile(folder)
    yield copied
    copied.close()


@pytest.fixture
def open_page(qapp: QApplication, pooled: Profile) -> Iterator[Open]:
    """Open the real desk on the page of transcribers; it is closed at the end."""
    opened: list[ListeningDesk] = []

    def open_one() -> ListeningDesk:
        desk = ListeningDesk(pooled.folder)
        opened.append(desk)
        desk.open()
        return desk.listen()

    yield open_one
    for desk in opened:
        desk.close()


@pytest.fixture
def desk(open_page: Open) -> ListeningDesk:
    """A desk with a clip that plays."""
    made = open_page()
    wait_until(lambda: made.serving_id is not None, "a clip")
    return made


def test_a_clip_plays_by_itself_and_is_handed_in_by_one_key(desk: ListeningDesk, pooled: Profile) -> None:
    wait_until(lambda: desk.player.plays == [0.0], "the clip to play")
    first = desk.serving_id
    type_text("and then")
    desk.hear()
    press("Ctrl+Return")
    desk.wait_for_another(first)
    desk.settle()
    assert pooled.rows("SELECT state FROM serving WHERE id = ?", first) == [("labelled",)]
    assert desk.sees("today 1 clip")
    assert desk.page.editor.text() == ""
    assert not desk.page.editor.document().isUndoAvailable()


def test_a_clip_that_was_not_heard_whole_stays(desk: ListeningDesk) -> None:
    first = desk.serving_id
    desk.listening._heard = False
    desk.player.load(desk.player.loaded)  # type: ignore[arg-type] # there is one
    type_text("and")
    press("Ctrl+Return")
    assert desk.serving_id == first
    assert desk.sees("Listen to the whole clip")


def test_what_is_typed_while_it_plays_pauses_it_and_it_goes_on_by_itself(desk: ListeningDesk) -> None:
    desk.play_slowly()
    type_text("a")
    assert not desk.listening.is_playing
    desk.player.plays.clear()
    wait_until(lambda: len(desk.player.plays) == 1, "the clip to go on", patience_ms=3_000)


def test_typing_pauses_nothing_where_that_is_not_wanted(desk: ListeningDesk) -> None:
    press("Ctrl+Shift+P")
    desk.play_slowly()
    type_text("a")
    assert desk.listening.is_playing


def test_tab_plays_and_pauses_and_goes_on_a_little_before(desk: ListeningDesk) -> None:
    desk.play_slowly()
    wait_until(lambda: desk.player.position_s > 0.9, "the middle of the clip")
    press("Tab")
    assert not desk.listening.is_playing
    at = desk.player.position_s
    press("Tab")
    assert desk.player.plays[-1] == pytest.approx(at - 0.8, abs=0.1)
    assert desk.page.editor.text() == ""


def test_shift_tab_goes_back(desk: ListeningDesk) -> None:
    desk.hear()
    wait_until(lambda: not desk.listening.is_playing, "the end")
    press("Shift+Tab")
    assert desk.player.plays[-1] == pytest.approx(0.5, abs=0.05)


def test_speed_changes_by_keys_and_stays_for_the_next_clip_and_the_next_day(
    desk: ListeningDesk, open_page: Open
) -> None:
    press("Ctrl+,", "Ctrl+,", "Ctrl+,", "Ctrl+.")
    wait_until(lambda: desk.player.speed == pytest.approx(0.8), "the speed")
    assert desk.sees("0.8x")
    for _ in range(30):
        press("Ctrl+.")
    wait_until(lambda: desk.player.speed == pytest.approx(2.0), "the fastest")
    desk.settle()
    desk.close()
    again = open_page()
    wait_until(lambda: again.player.speed == pytest.approx(2.0), "the speed of yesterday")


def test_again_slower_plays_the_last_two_seconds_slowly_and_then_goes_on(desk: ListeningDesk) -> None:
    desk.hear()
    press("Ctrl+Shift+R")
    wait_until(lambda: desk.player.speed == pytest.approx(0.7), "slower")
    wait_until(lambda: desk.player.speed == pytest.approx(1.0), "the speed as before")


def test_a_loop_starts_again(desk: ListeningDesk) -> None:
    desk.play_slowly()
    press("Ctrl+Shift+L")
    wait_until(lambda: desk.player.position_s > 1.5, "the end")
    wait_until(lambda: desk.player.position_s < 1.0 and desk.listening.is_playing, "the start again")


def test_a_marked_part_plays_alone(desk: ListeningDesk) -> None:
    desk.hear()
    wait_until(lambda: not desk.listening.is_playing, "the end")
    desk.player.haste = 1.0
    desk.listening.seek(0.4)
    press("Tab", "Ctrl+B", "Tab")
    start = desk.player.position_s
    wait_until(lambda: desk.player.position_s > start + 1.1, "further on")
    press("Tab", "Ctrl+B")
    end = desk.player.position_s
    press("Tab")
    assert desk.player.plays[-1] < end
    wait_until(lambda: not desk.listening.is_playing, "the end of the part")
    assert desk.player.position_s == pytest.approx(end, abs=0.3)


def test_a_pedal_plays_while_it_is_held(desk: ListeningDesk) -> None:
    desk.hear()
    wait_until(lambda: not desk.listening.is_playing, "the end")
    window = desk.window.windowHandle()
    QTest.keyPress(window, Qt.Key.Key_F13)
    assert desk.listening.is_playing
    QTest.keyRelease(window, Qt.Key.Key_F13)
    assert not desk.listening.is_playing
    assert desk.page.editor.text() == ""


def test_tags_go_in_by_key_with_one_space_around(desk: ListeningDesk) -> None:
    type_text("so")
    press("Alt+1")
    type_text(" he")
    press("Ctrl+U")
    press("Ctrl+I")
    assert desk.page.editor.text() == "so [noise] ((he)) [unintelligible]"
    press("Alt+2", "Alt+3", "Alt+4")
    assert desk.page.editor.text().endswith("[crosstalk] [laughter] [music]")
    assert desk.page.editor.spans("style") == []


def test_style_is_marked_softly_and_forbids_nothing(desk: ListeningDesk) -> None:
    first = desk.serving_id
    type_text("at  9")
    wait_until(lambda: len(desk.page.editor.spans("style")) == 2, "two marks")
    assert desk.sees("numbers as they are spoken")
    desk.hear()
    press("Ctrl+Return")
    desk.wait_for_another(first)


def test_a_skip_takes_a_reason_by_its_letter(desk: ListeningDesk, pooled: Profile) -> None:
    first = desk.serving_id
    press("Ctrl+K", "Escape")
    assert desk.serving_id == first
    type_text("n")
    press("Ctrl+K")
    type_text("n")
    desk.wait_for_another(first)
    desk.settle()
    assert pooled.rows("SELECT state, reason FROM serving JOIN label ON id = serving_id") == [("skipped", "too_noisy")]


def test_one_key_withdraws_personal_data_from_everybody(desk: ListeningDesk, pooled: Profile) -> None:
    first = desk.serving_id
    press("Ctrl+P")
    desk.wait_for_another(first)
    desk.settle()
    ((state, size),) = pooled.rows(
        "SELECT clip.state, length(audio) FROM clip JOIN serving ON clip_id = clip.id WHERE serving.id = ?", first
    )
    assert (state, size) == ("withdrawn", 0)


def test_the_last_clip_comes_back_with_its_text(desk: ListeningDesk) -> None:
    first = desk.serving_id
    type_text("words")
    desk.hear()
    press("Ctrl+Return")
    desk.wait_for_another(first)
    second = desk.serving_id
    type_text("more")
    press("Ctrl+Z")
    wait_until(lambda: desk.page.editor.text() == "", "the typing undone")
    press("Ctrl+Z")
    wait_until(lambda: desk.serving_id == first, "the first clip")
    assert desk.page.editor.text() == "words"
    desk.hear()
    press("Ctrl+Return")
    wait_until(lambda: desk.serving_id == second, "the second clip again")


def test_an_opt_out_empties_the_page_within_a_second(desk: ListeningDesk, pooled: Profile) -> None:
    type_text("half a sentence")
    desk.settle()
    assert desk.player.loaded is not None
    Pool(pooled.store, pooled.first, None).opt_out(Scope.WORKSPACE)
    began = datetime.now(UTC)
    wait_until(lambda: desk.serving_id is None and desk.page.editor.text() == "", "an empty page", patience_ms=5_000)
    assert datetime.now(UTC) - began < timedelta(seconds=1)
    assert desk.player.loaded is None
    assert not desk.page.editor.document().isUndoAvailable()
    desk.settle()
    assert desk.sees("No clip is waiting")
    assert pooled.rows("SELECT count(*) FROM label_draft") == [(0,)]


def test_what_is_typed_is_on_disk_within_a_second(desk: ListeningDesk, pooled: Profile) -> None:
    type_text("w")
    began = datetime.now(UTC)
    wait_until(lambda: pooled.rows("SELECT count(*) FROM label_draft") == [(1,)], "the draft", patience_ms=3_000)
    assert datetime.now(UTC) - began < timedelta(seconds=1)


def test_without_a_device_typing_and_skipping_go_on(desk: ListeningDesk, pooled: Profile) -> None:
    desk.player.problem = "There is no sound."
    first = desk.serving_id
    desk.listening.pause()
    press("Tab")
    wait_until(lambda: desk.sees("There is no sound"), "a word about it")
    type_text("typed")
    wait_until(lambda: pooled.rows("SELECT count(*) FROM label_draft") == [(1,)], "the draft")
    press("Ctrl+K")
    type_text("x")
    desk.wait_for_another(first)
    wait_until(lambda: desk.sees("There is no sound"), "a word about it again")
    desk.player.problem = None
    press("Tab")
    wait_until(lambda: desk.listening.is_playing, "sound again")


def test_a_lock_leaves_nothing_of_the_clip_and_unlocking_brings_it_back(desk: ListeningDesk) -> None:
    first = desk.serving_id
    type_text("before")
    press("Ctrl+L")
    wait_until(lambda: desk.is_locked, "the lock")
    assert desk.player.loaded is None
    assert not desk.sees("before")
    press("Space")
    wait_until(lambda: desk.desk.pool_pages is not None and desk.desk.pool_pages.presenter is not None, "the page")
    wait_until(lambda: desk.serving_id == first, "the clip")
    assert desk.page.editor.text() == "before"


def test_the_page_is_there_only_where_there_is_a_pool(profile: Profile, qapp: QApplication) -> None:
    desk = ListeningDesk(profile.folder)
    desk.open()
    desk.settle()
    assert not any(desk.sees(word) for word in ("Transcribe", "Pool"))
    press("Ctrl+2")
    assert desk.window.page_name == "review"
    desk.close()


def test_the_pages_own_keys_do_what_they_did_on_other_pages(desk: ListeningDesk) -> None:
    press("Ctrl+1", "Ctrl+,")
    assert desk.window.page_name == "settings"
    press("Ctrl+2")
    assert desk.window.page_name == "transcribe"
    press("Ctrl+,")
    assert desk.window.page_name == "transcribe"
    press("Ctrl+3")
    desk.settle()
    assert desk.window.page_name == "pool"
    assert desk.sees("clips of 30 calls")


def test_no_key_is_lost_while_the_answer_before_is_still_on_its_way(desk: ListeningDesk, pooled: Profile) -> None:
    first, slow = desk.serving_id, threading.Event()
    type_text("and then")
    desk.hear()
    desk.settle()  # the next clip lies ready
    desk.listening._worker.run(slow.wait, None, None)
    press("Ctrl+Return")
    desk.wait_for_another(first)
    second = desk.serving_id
    press("Ctrl+P")
    slow.set()
    wait_until(lambda: desk.serving_id not in (None, first, second), "a third clip")
    desk.settle()
    states = dict(pooled.rows("SELECT id, state FROM serving WHERE state IN ('labelled', 'reported')"))
    assert states == {first: "labelled", second: "reported"}


@pytest.mark.timeout(3_600)
def test_clips_by_the_dozen_are_labelled_without_a_mouse(
    open_page: Open, pooled: Profile, count: Callable[[int, int], int]
) -> None:
    number = count(10, 50)
    if number > 30:  # forty others lie between two clips of a call: thirty calls give a line of thirty
        fill_pool(pooled, range(30, number + 10))
    desk = open_page()
    wait_until(lambda: desk.serving_id is not None, "a clip")
    for at in range(number):
        first = desk.serving_id
        type_text(f"clip {['one', 'two', 'three'][at % 3]}")
        desk.hear()
        press("Ctrl+Return")
        if at + 1 < number:
            desk.wait_for_another(first)
    wait_until(lambda: desk.sees(f"today {number} clips"), "the count")


def test_the_pages_keys_stand_in_the_settings_and_clash_only_where_they_would_meet(desk: ListeningDesk) -> None:
    keys = desk.window.keys
    edit = desk.window.findChild(QKeySequenceEdit, "key_clip_skip")
    assert edit is not None
    assert not edit.isHidden()
    assert keys.clash("clip_skip", "Ctrl+P") == "Ctrl+P is taken by “Contains personal data”."
    assert keys.clash("clip_skip", "Ctrl+L") == "Ctrl+L is taken by “Lock the desk”."
    assert keys.clash("approve", "Ctrl+2") == "Ctrl+2 is taken by “Transcribe”."
    assert keys.clash("page_pool", "Ctrl+1") == "Ctrl+1 is taken by “Review”."
    assert keys.clash("clip_skip", "Ctrl+R") is None  # rejects on the page of reviewers, which is another
    keys.set_key("clip_skip", "Ctrl+R")
    press("Ctrl+R")
    assert desk.sees("Skip: why?")


@pytest.fixture
def far_desk(
    qapp: QApplication, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[ListeningDesk, Link, Profile]]:
    """A desk that reaches its team's server through a link, with a clip that plays."""
    source: Path = request.getfixturevalue("_new_team_profile")
    server: Cluster = request.getfixturevalue("server")
    with copied_profile(source, tmp_path / "far", server) as profile, linked(server.port) as link:
        fill_pool(profile)
        assert profile.address is not None
        here = profile.address.text.replace(f":{server.port}/", f":{link.port}/")
        SettingsFile(profile.folder / "settings.toml").change(database=here)
        desk = ListeningDesk(profile.folder)
        try:
            desk.open()
            desk.listen()
            wait_until(lambda: desk.serving_id is not None, "a clip")
            yield desk, link, profile
        finally:
            desk.close()


def _labels(profile: Profile) -> int:
    return int(profile.rows("SELECT count(*) FROM serving WHERE state = 'labelled'")[0][0])


def test_answers_and_typing_outlast_a_cut_link(far_desk: tuple[ListeningDesk, Link, Profile]) -> None:
    desk, link, profile = far_desk
    wait_until(lambda: desk.listening._ahead is not None, "the next clip")
    desk.hear()
    first = desk.serving_id
    link.cut()
    type_text("one")
    press("Ctrl+Return")
    desk.wait_for_another(first)
    wait_until(lambda: desk.sees("out of reach"), "a word about it")
    type_text("two")
    wait_until(lambda: desk.sees("saved on this computer"), "where it is")
    assert _labels(profile) == 0
    link.mend()
    wait_until(lambda: _labels(profile) == 1, "the answer handed in")
    wait_until(lambda: desk.sees("is back"), "a word about it")
    assert desk.page.editor.text() == "two"
    wait_until(lambda: profile.rows("SELECT count(*) FROM label_draft") == [(1,)], "what is typed, saved")


def test_an_answer_whose_confirmation_was_cut_off_is_handed_in_once(
    far_desk: tuple[ListeningDesk, Link, Profile], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _, profile = far_desk
    real, tried = Transcribing.submit, []

    def cut_off(self: Transcribing, clip: OpenClip, text: str, *, listened_ms: int) -> None:
        real(self, clip, text, listened_ms=listened_ms)
        tried.append(text)
        raise UnreachableError("The answer was lost.")

    monkeypatch.setattr(Transcribing, "submit", cut_off)
    desk.hear()
    first = desk.serving_id
    type_text("one")
    press("Ctrl+Return")
    desk.wait_for_another(first)
    wait_until(lambda: desk.sees("is back"), "the desk to find out")
    assert (tried, _labels(profile)) == (["one"], 1)


def test_a_lease_that_ran_out_is_taken_again_and_keeps_what_is_typed(desk: ListeningDesk, pooled: Profile) -> None:
    before = desk.serving_id
    type_text("still here")
    pooled.rows("UPDATE serving SET lease_expires_at = lease_expires_at - 86400000 WHERE state = 'leased'")
    held = desk.listening.current
    assert held is not None
    wait_until(lambda: desk.listening.current is not None and desk.listening.current.held != held.held, "a new lease")
    assert desk.serving_id == before
    assert desk.page.editor.text() == "still here"
