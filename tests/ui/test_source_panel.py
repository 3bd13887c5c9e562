"""The source on the review page: what comes next is made ready behind what is on screen, and nothing is kept of it."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from reviewer.domain.items import Item
from reviewer.ui.desk.source import SourcePanel
from reviewer.ui.theme import Appearance
from tests.factories import Profile

_CARD = "please bring your insurance card "
_MakeItem = Callable[[list[dict[str, Any]]], Item]


@pytest.fixture
def panel(qtbot: QtBot, appearance: Appearance) -> SourcePanel:
    return _shown(qtbot, appearance)


@pytest.fixture
def item(profile: Profile) -> _MakeItem:
    """Return a function that makes an item with a source."""

    def make(source: list[dict[str, Any]]) -> Item:
        profile.put(source=source)
        claimed = profile.services().queue.claim()
        assert claimed is not None
        return claimed.item

    return make


def _shown(qtbot: QtBot, appearance: Appearance) -> SourcePanel:
    panel = SourcePanel(appearance)
    qtbot.addWidget(panel)
    panel.resize(500, 600)
    panel.show()
    return panel


def _long(number: int) -> list[dict[str, Any]]:
    return [{"speaker": "AB"[n % 2], "text": f"{n} {_CARD * 9} 🙂", "start": n * 60} for n in range(number)]


def _prepare(qtbot: QtBot, panel: SourcePanel, item: Item) -> None:
    panel.prepare(item)
    qtbot.waitUntil(lambda: panel._spare.is_filled, timeout=60_000)


def test_a_source_prepared_in_advance_is_there_at_once_and_looks_as_any_other(
    qtbot: QtBot, panel: SourcePanel, appearance: Appearance, item: _MakeItem
) -> None:
    panel.show_item(item([{"speaker": "Old", "text": "what was on screen"}]))
    before, following = panel.view, item(_long(40))
    panel.view.setFocus()
    _prepare(qtbot, panel, following)
    assert panel.view.text() == "Old\nwhat was on screen"
    work = time.thread_time()
    panel.show_item(following)
    assert panel.view.is_filled
    assert panel.view is not before
    assert time.thread_time() - work < 0.1

    other = _shown(qtbot, appearance)
    other.show_item(following)
    qtbot.waitUntil(lambda: other.view.is_filled, timeout=60_000)
    assert panel.view.text() == other.view.text()
    images = []
    for each in (panel, other):
        each.view.clearFocus()
        images.append(each.view.viewport().grab().toImage())
    assert images[0] == images[1]
    panel.view.highlight(30, 0, 2)
    panel.view.bring_evidence()
    start, _ = panel.view.turn_range(30)
    assert panel.view.spans("evidence") == [(start, start + 2)]
    assert panel.view.viewport().rect().intersects(panel.view.cursorRect(panel.view.cursors_at([(start, start)])[0]))
    qtbot.waitUntil(lambda: before.document().isEmpty(), timeout=60_000)  # what was on screen before is kept nowhere


def test_a_source_prepared_in_advance_is_kept_no_longer_than_what_is_on_screen(
    qtbot: QtBot, panel: SourcePanel, item: _MakeItem
) -> None:
    panel.show_item(item([{"speaker": "A", "text": "on screen"}]))
    _prepare(qtbot, panel, item([{"speaker": "A", "text": "what never came up"}]))
    panel.clear()
    for view in (panel.view, panel._spare):
        assert view.text() == view.toPlainText() == ""


def test_a_source_prepared_for_another_width_is_laid_out_anew(
    qtbot: QtBot, panel: SourcePanel, item: _MakeItem
) -> None:
    panel.show_item(item([{"speaker": "A", "text": "on screen"}]))
    following = item(_long(10))
    _prepare(qtbot, panel, following)
    panel.resize(300, 600)
    panel.show_item(following)
    qtbot.waitUntil(lambda: panel.view.is_filled, timeout=60_000)
    assert panel.view.document().textWidth() <= 300
    assert panel.view.text().count("bring") == 90


def test_an_item_that_changed_since_it_was_prepared_is_shown_as_it_is(
    qtbot: QtBot, panel: SourcePanel, item: _MakeItem
) -> None:
    panel.show_item(item([{"speaker": "A", "text": "on screen"}]))
    following = item(_long(3))
    _prepare(qtbot, panel, following)
    panel.show_item(replace(following, source=following.source[:2]))
    qtbot.waitUntil(lambda: panel.view.is_filled, timeout=60_000)
    assert panel.view.text().count(_CARD) == 18
