"""Somebody looks and leaves no trace: no content comes out of the program without a committed entry of the look."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from reviewer.bootstrap import Application, Services
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.items import ItemId
from reviewer.ledger import Entry
from reviewer.services.analysis import Analysis
from reviewer.services.intake import Intake
from reviewer.services.ledger import Filter, Ledger
from reviewer.services.oversight import Oversight
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.services.vault import Vault
from reviewer.services.work import Work
from reviewer.storage import Transaction, keys
from tests.factories import Beneath, Profile, every_override, line, new_key
from tests.security import dying
from tests.security.disk import Canary
from tests.security.full_desk import FullDesk

Call = Callable[[], object]


class _CutErrorError(Exception):
    """Stands for a disk that is full, a connection that is cut, a person who presses Ctrl+C."""


# Every way in which content comes out. Whoever adds one adds it here, or to those below that give none out.
_REVEALING = ("claim", "claim that item", "claim ahead", "open", "own", "withdraw", "read signed", "analyse")
_METHODS = {
    Queue: {"claim", "claim_ahead", "open", "own"},
    Review: {"withdraw", "read_signed"},
    Oversight: set[str](),
    Intake: set[str](),
    Analysis: {"take"},
    Work: set[str](),
    Vault: set[str](),
    Ledger: set[str](),
}
_GIVING_NONE_OUT = {
    Queue: {
        "overview",
        "listing",
        "show",
        "renew",
        "release",
        "release_all",
        "set_aside",
        "news",
        "holder",
        "adopt",
        "take_up",
    },
    Oversight: {"look", "colleagues", "hand", "take_over", "give_back"},
    Review: {
        "set_holds",
        "hold_of",
        "save",
        "decide",
        "decide_by_ids",
        "keep_as_opinion",
        "progress",
        "add_addendum",
    },
    Intake: {"take", "take_all", "keep_refused"},
    # What the second line gives out was found in what its caller handed over.
    Analysis: {"renew", "waiting", "keep", "round", "examine", "recheck", "personal"},
    Work: {"round"},
    Vault: {"age", "rotate", "erase"},
    Ledger: {
        "check_memory",
        "advance",
        "checkpoint",
        "remember",
        "verify",
        "number",
        "listing",
        "story",
        "names",
        "receipt",
        "export",
    },
}


@pytest.fixture
def desk(profile: Profile) -> Iterator[tuple[Profile, Canary, dict[str, ItemId]]]:
    """Fill a workspace with content that is known when seen."""
    canary = Canary()
    items = FullDesk(profile.services(), profile, canary).fill()
    profile.rows("UPDATE item SET rank = -5 WHERE external_id = 'waiting'")
    yield profile, canary, items


def _call(way: str, services: Services, items: dict[str, ItemId]) -> tuple[Call, str]:
    """Make ready one way in which content comes out; return it and the item it is about."""
    match way:
        case "claim":
            return services.queue.claim, items["waiting"]
        case "claim that item":
            return partial(services.queue.claim, items["waiting"]), items["waiting"]
        case "claim ahead":
            return services.queue.claim_ahead, items["waiting"]
        case "open":
            claimed = services.queue.claim()
            assert claimed is not None
            return partial(services.queue.open, claimed.lease), claimed.item.id
        case "own":
            claimed = services.queue.claim()
            assert claimed is not None
            return partial(services.queue.own, claimed.item.id), claimed.item.id
        case "analyse":
            return services.analysis.take, items["waiting"]
        case "withdraw":
            return partial(services.review.withdraw, items["held"]), items["held"]
        case _:
            return partial(services.review.read_signed, items["signed"]), items["signed"]


def _looks(beneath: Beneath, item_id: str) -> int:
    """Count the committed entries of looks at an item."""
    bodies = beneath.rows("SELECT body FROM entry WHERE item_id = ? AND action IN ('opened', 'analysed')", item_id)
    return sum(Entry.read(body).action in ("opened", "analysed") for (body,) in bodies)


@contextmanager
def _no_commit(profile: Profile) -> Iterator[None]:
    """Let every commit within the block fail."""

    def fail(_: Any) -> None:
        raise _CutErrorError

    engine = profile.store._engine
    event.listen(engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(engine, "commit", fail)


@contextmanager
def _opened_content(check: Callable[[Transaction, str], None]) -> Iterator[None]:
    """Call `check` whenever sealed content is opened within the block."""
    real = keys.unseal

    def unseal(tx: Transaction, item_id: str, place: tuple[str, str, str], stored: bytes) -> str:
        check(tx, item_id)
        return real(tx, item_id, place, stored)

    keys.unseal = unseal
    try:
        yield
    finally:
        keys.unseal = real


@pytest.mark.parametrize("way", _REVEALING)
def test_a_look_is_committed_before_anything_is_fetched(
    desk: tuple[Profile, Canary, dict[str, ItemId]], way: str
) -> None:
    profile, canary, items = desk
    call, item_id = _call(way, profile.services(), items)
    before, fetched = _looks(profile, item_id), []

    def check(tx: Transaction, about: str) -> None:
        if tx._actor is None:  # what is opened within the write is compared there and goes nowhere
            assert about == item_id
            assert _looks(profile, item_id) == before + 1  # as another connection sees it
            fetched.append(about)

    with _opened_content(check):
        shown = call()
    assert fetched
    assert canary.found_in(repr(shown).encode())


@pytest.mark.parametrize("way", _REVEALING)
def test_a_look_whose_commit_fails_shows_nothing_and_fetches_nothing(
    desk: tuple[Profile, Canary, dict[str, ItemId]], way: str
) -> None:
    profile, _, items = desk
    call, item_id = _call(way, profile.services(), items)
    before, fetched = _looks(profile, item_id), []

    def check(tx: Transaction, about: str) -> None:
        if tx._actor is None:
            fetched.append(about)

    with _opened_content(check), _no_commit(profile), pytest.raises(_CutErrorError):
        call()
    assert (_looks(profile, item_id), fetched) == (before, [])
    assert profile.services().ledger.verify().ok


def _ready_to_look(application: Application) -> Callable[[], object]:
    services = application.unlock()
    way = (application.profile / "way").read_text("utf-8")
    items = {
        name: ItemId(item_id) for name, item_id in Beneath(application.profile).rows("SELECT external_id, id FROM item")
    }
    call, _ = _call(way, services, items)

    def look() -> None:
        shown = repr(call())
        (application.profile / "screen").write_text(shown, "utf-8")

    return look


@pytest.mark.parametrize("way", _REVEALING)
def test_a_look_killed_at_any_statement_was_shown_only_if_it_is_on_record(tmp_path: Path, way: str) -> None:
    profile, canary = Profile(tmp_path / "profile"), Canary()
    items = FullDesk(profile.services(), profile, canary).fill()
    profile.rows("UPDATE item SET rank = -5 WHERE external_id = 'waiting'")
    about = "signed" if way == "read signed" else "held" if way == "withdraw" else "waiting"
    before = _looks(profile, items[about]) + (way in ("open", "own"))
    profile.close()
    (profile.folder / "way").write_text(way, "utf-8")
    shown = unrecorded = 0
    for _, left in dying.left_at_each_step(_ready_to_look, profile.folder):
        is_shown = (left / "screen").exists()
        shown += is_shown
        unrecorded += is_shown and _looks(Beneath(left), items[about]) != before + 1
    assert (shown, unrecorded) == (1, 0)


def test_every_public_method_is_known_to_give_out_content_or_none() -> None:
    for service, revealing in _METHODS.items():
        public = {name for name in vars(service) if not name.startswith("_")}
        assert public == revealing | _GIVING_NONE_OUT[service], service


def test_the_other_methods_give_no_content_out(desk: tuple[Profile, Canary, dict[str, ItemId]], tmp_path: Path) -> None:
    profile, canary, items = desk
    services = profile.services()
    claimed = services.queue.claim()
    assert claimed is not None
    lease, item_id = claimed.lease, claimed.item.id
    given: list[object] = [
        services.queue.overview(),
        services.queue.listing(100),
        services.queue.renew(lease),
        services.queue.show(lease),
        services.queue.news(),
        services.queue.holder(item_id),
        services.queue.adopt(lambda _: False),
        services.review.save(item_id, "My words.", 0),
        services.review.keep_as_opinion(items["leased"], canary("opinion")),
        services.review.progress([]),
        services.intake.take_all([line(draft=canary("draft"))], "tests"),
        services.work.round(),
        services.oversight.look(),
        services.oversight.colleagues(item_id),
        services.queue.take_up(),
        services.vault.rotate(),
        services.vault.age(),
        services.ledger.checkpoint(),
        services.ledger.verify(),
        services.ledger.listing(Filter()),
        [services.ledger.story(each) for each in items.values()],
        services.ledger.names(),
        services.ledger.receipt(items["sent"]),
        services.ledger.export(tmp_path / "export", Filter()),
    ]
    (adopted,) = (each for each in given[6] if each.item_id == item_id)  # type: ignore[attr-defined]
    judgement = Judgement(Verdict.APPROVE, canary("final"))
    given.append(
        services.review.decide_by_ids(adopted.item_id, adopted.id, judgement, key=new_key(), overrides=every_override())
    )
    assert canary.found_in(repr(given).encode()) == []
