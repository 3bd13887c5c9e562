"""Personal data on the review page: marked by type, and masked as a whole by one key."""

from collections.abc import Callable
from itertools import product

from PySide6.QtWidgets import QTableView

from reviewer.services.analysis import Analysis
from reviewer.ui.desk.personal import LAYER
from reviewer.ui.text import MASK
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]

_DRAFT = "Hi Maren Voss, we call you on 202-555-0177."
_SOURCE = [{"speaker": "Customer", "text": "This is Maren Voss, my number is 202-555-0177."}]


def _shown(desk: DrivenDesk, layer: str) -> list[str]:
    """Return the words that a layer covers, in the text and in the source."""
    view = desk.view
    return [edit.text()[start:end] for edit in (view.editor.body, view.source.view) for start, end in edit.spans(layer)]


def test_personal_data_is_marked_in_text_and_source_and_counted(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=_DRAFT, source=_SOURCE)
    desk = open_desk()
    wait_until(lambda: len(_shown(desk, LAYER)) == 4, "the marks", patience_ms=90_000)
    assert sorted(_shown(desk, LAYER)) == ["202-555-0177", "202-555-0177", "Maren Voss", "Maren Voss"]
    assert "2 names, -- 2 numbers" in desk.view._personal_words.text()


def test_what_was_found_after_intake_is_marked_the_moment_an_item_comes_on_screen(
    profile: Profile, open_desk: OpenDesk
) -> None:
    for number in range(2):
        profile.put(id=f"{number}", draft="Dear Maria Garcia.", source=[{"speaker": "B", "text": "I'm Maria Garcia"}])
    Analysis(profile.store, profile.first, profile.analyst, marks_personal=True).round()
    desk = open_desk()
    wait_until(lambda: desk.presenter.following is not None, "the next item")
    desk.presenter.release()
    assert _shown(desk, "personal") == ["Maria Garcia", "Maria Garcia"]
    assert desk.sees("personal: ~~ 2 names")
    assert not desk.view.personal._soon.isActive()  # and nobody is asked again


def test_one_key_masks_everything_and_what_is_typed_until_it_was_read(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=_DRAFT, source=_SOURCE, recipient="+12025550177")
    desk = open_desk()
    press("Ctrl+B")  # at once: nothing has been looked through yet
    assert _shown(desk, MASK)
    wait_until(lambda: "Maren Voss" in _shown(desk, MASK), "the masks", patience_ms=90_000)
    assert _shown(desk, LAYER) == []
    assert "2025550177" not in desk.view._title.text()
    assert not desk.view.findings.isVisible()
    press("Ctrl+A")
    colours = desk.view.editor.body.palette()
    assert colours.highlightedText().color() == colours.highlight().color()  # what is selected is not seen either
    press("Right", "Ctrl+Home")
    type_text("Jelena ")
    assert any("Jelena" in words for words in _shown(desk, MASK))
    press("Ctrl+B")
    assert _shown(desk, MASK) == []
    assert "2025550177" in desk.view._title.text()


def _cells(table: QTableView) -> str:
    model = table.model()
    places = product(range(model.rowCount()), range(model.columnCount()))
    return "\n".join(str(model.index(*place).data()) for place in places)


def test_what_a_producer_called_an_item_is_masked_wherever_it_is_listed(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(id="visit-of-jane-roe")
    desk = open_desk()
    desk.wait_for_item("visit-of-jane-roe")
    press("Ctrl+R", "T", "Return")
    desk.settle()
    press("Ctrl+H")
    desk.window.show_page("ledger")
    entries = desk.window.findChild(QTableView, "entries")
    assert entries is not None
    wait_until(lambda: "jane-roe" in _cells(entries), "the ledger")
    desk.window.show_page("review")
    lists = (desk.view.history.table, entries)
    wait_until(lambda: all("jane-roe" in _cells(table) for table in lists), "the lists")
    press("Ctrl+B")
    assert desk.view.history.isVisible()
    assert all("jane-roe" not in _cells(table) and "(masked)" in _cells(table) for table in lists)
    press("Ctrl+B")
    assert all("jane-roe" in _cells(table) for table in lists)
