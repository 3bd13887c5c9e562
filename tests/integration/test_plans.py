"""What the database does for each statement: the cost of reviewing does not grow with what waits or was done."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.items import ClaimedItem
from reviewer.domain.kinds import KINDS
from tests.factories import JUDGEMENTS, Profile, line, new_key

# The tables that grow with the work; the others hold a row for each member or route.
# An index on the few entries about members and keys is read whole.
_GROWING = re.compile(
    r"SCAN (item|queued|content|decision|outbox|entry|data_key|working_copy|second_opinion|analysis)\b"
    r"(?!.* ix_entry_keys)"
)
Statements = list[tuple[str, Any]]


@contextmanager
def _watched(profile: Profile) -> Iterator[Statements]:
    """Collect the statements that run within the block, and COMMIT for each commit."""
    seen: Statements = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement != "BEGIN":
            seen.append((statement, parameters))

    def note_commit(_connection: Any) -> None:
        seen.append(("COMMIT", ()))

    engine = profile.store._engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", note_commit)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", note_commit)


def _plans(profile: Profile, statements: Statements) -> dict[str, list[str]]:
    with profile.connection() as database:
        plans = {}
        for statement, parameters in statements:
            one = parameters[0] if isinstance(parameters, list) else parameters
            plans[statement] = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", one)]
    return plans


def _claim(profile: Profile) -> ClaimedItem:
    claimed = profile.services().queue.claim()
    assert claimed is not None
    return claimed


def _decide_one(profile: Profile) -> None:
    claimed = _claim(profile)
    profile.services().review.save(claimed.item.id, "My words.", 3)
    profile.services().review.decide(claimed.lease, Judgement(Verdict.APPROVE, "My words."), key=new_key())


def _withdraw_one(profile: Profile) -> None:
    claimed = _claim(profile)
    profile.services().review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    profile.services().review.withdraw(claimed.item.id)


def _lose_one(profile: Profile) -> None:
    claimed = _claim(profile)
    profile.services().queue.renew(claimed.lease)
    profile.let_leases_lapse()
    with pytest.raises(Exception, match="lease"):
        profile.services().review.decide(claimed.lease, Judgement(Verdict.APPROVE, "My words."), key=new_key())


def _release_one(profile: Profile) -> None:
    claimed = _claim(profile)
    profile.services().queue.release(claimed.item.id, claimed.lease.id)


def _adopt_one(profile: Profile) -> None:
    _claim(profile)
    services = profile.services()
    services.queue.news()
    assert services.queue.adopt(lambda _: False)


def _go_round(profile: Profile) -> None:
    ids = []
    for verdict in JUDGEMENTS:
        claimed = _claim(profile)
        ids.append(profile.services().review.decide(claimed.lease, JUDGEMENTS[verdict], key=new_key()).decision.id)
    _claim(profile)
    profile.let_leases_lapse()
    profile.let_holds_end()
    profile.make_late(profile.rows("SELECT id FROM item WHERE state = 'waiting'")[0][0])
    work = profile.services().work
    assert work.round().settled == len(JUDGEMENTS)
    profile.let_skips_end()
    assert work.round().woken == 1
    assert work.round().anything is False
    profile.services().review.progress(ids)


def _look(profile: Profile) -> None:
    profile.services().queue.overview()
    profile.services().queue.holder(_claim(profile).item.id)


def _analyse_some(profile: Profile) -> None:
    analysis = profile.services().analysis
    analysis.keep([analysis.examine(subject) for subject in analysis.take(2)])
    _look(profile)


def _import_again(profile: Profile) -> None:
    profile.take(line(id="again"), line(id="0"))


@pytest.mark.parametrize(
    "act",
    [_decide_one, _withdraw_one, _lose_one, _release_one, _adopt_one, _go_round, _look, _analyse_some, _import_again],
    ids=lambda act: act.__name__.strip("_"),
)
def test_no_act_of_reviewing_reads_a_whole_table(profile: Profile, act: Callable[[Profile], None]) -> None:
    for number in range(20):
        profile.put(id=str(number), kind=list(KINDS)[number % 3], due_at="2100-01-01T00:00:00Z")
    with _watched(profile) as statements:
        act(profile)
    assert len(statements) > 2
    plans = _plans(profile, statements)
    scans = {sql: steps for sql, steps in plans.items() if any(_GROWING.search(step) for step in steps)}
    assert scans == {}


def test_a_claim_takes_the_head_of_the_index_and_sorts_nothing(profile: Profile) -> None:
    profile.put()
    with _watched(profile) as statements:
        profile.services().queue.claim()
    taking = {sql: steps for sql, steps in _plans(profile, statements).items() if sql.startswith("UPDATE item")}
    ((_, steps),) = taking.items()
    assert any("COVERING INDEX ix_item_waiting (waiting_on=?)" in step for step in steps)
    assert not any("TEMP B-TREE" in step for step in steps)


def test_deciding_showing_the_next_and_claiming_ahead_is_one_commit_of_few_statements(profile: Profile) -> None:
    for number in range(3):
        profile.put(id=str(number))
    services = profile.services()
    shown, ahead = services.queue.claim(), services.queue.claim_ahead()
    assert shown is not None
    assert ahead is not None
    with _watched(profile) as statements:
        services.review.decide(
            shown.lease, Judgement(Verdict.APPROVE, "My words."), key=new_key(), showing=ahead.lease, claim_ahead=True
        )
    assert [sql for sql, _ in statements].count("COMMIT") == 2  # the first one is of what is read to check the text
    assert len(statements) <= 34
