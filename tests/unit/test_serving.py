"""No queue gives one listener much of a call or of a person, and no order gives a call away."""

import itertools
import secrets
from collections import Counter
from collections.abc import Callable

import pytest

from reviewer.domain.clips import ClipId
from reviewer.domain.serving import Candidate, Limits, Served, arrange, broken_rules


def _pool(calls: int, per_call: int, *, agents: int | None = None, seconds: float = 5.0) -> list[Candidate]:
    """Return the clips of so many calls; every second clip is the agent's, of whom there are few."""
    return [
        Candidate(
            ClipId(f"{call}/{at}"),
            f"call {call}",
            frozenset({f"agent {call % (agents or calls)}" if at % 2 else f"caller {call}"}),
            seconds,
        )
        for call in range(calls)
        for at in range(per_call)
    ]


def _serve(pool: list[Candidate], served: Served, limits: Limits, most: int, budget_s: float = 1e9) -> list[Candidate]:
    calls = len({each.call for each in pool})
    return arrange(pool, served, limits, calls_in_pool=calls, most=most, budget_s=budget_s)


def test_simulated_queues_hold_every_rule(count: Callable[[int, int], int]) -> None:
    limits = Limits(least_calls=20)
    for _ in range(count(400, 10_000)):
        calls, per_call = 20 + secrets.randbelow(60), 1 + secrets.randbelow(12)
        pool = _pool(calls, per_call, agents=1 + secrets.randbelow(calls))
        of_call: dict[str, set[ClipId]] = {}
        for _transcriber in range(1 + secrets.randbelow(3)):
            served = Served([], of_call)
            for _sitting in range(1 + secrets.randbelow(4)):  # lines are filled again and again
                _serve(pool, served, limits, most=1 + secrets.randbelow(80))
            assert broken_rules(served.own, of_call, limits) == []


def test_the_check_of_the_rules_can_fail() -> None:
    first, second, third, *_ = _pool(1, 6)
    other = _pool(60, 1)[1:]
    limits = Limits(least_calls=20)
    assert broken_rules([first, second], {}, limits) == ["apart"]
    assert broken_rules([first, *other[:39], second], {}, limits) == ["apart"]
    assert broken_rules([first, *other[:40], second], {}, limits) == []
    many = [Candidate(ClipId(str(n)), f"c{n}", frozenset({"p"}), 1.0) for n in range(4)]
    assert broken_rules(many, {}, limits) == ["per_person"]
    assert "per_call" in broken_rules([first, second, third, _pool(1, 6)[3]], {}, limits)
    assert broken_rules([], {"c": {ClipId(str(n)) for n in range(6)}}, limits) == ["of_call_ever"]
    assert broken_rules([first, *other[:45], first], {}, limits) == ["twice"]


def test_a_large_pool_keeps_a_listener_at_work() -> None:
    served = Served()
    assert len(_serve(_pool(100, 20), served, Limits(), most=200)) >= 150


@pytest.mark.parametrize("calls", [0, 1, 19])
def test_no_policy_serves_a_pool_of_fewer_than_20_calls(calls: int) -> None:
    assert _serve(_pool(calls, 5), Served(), Limits(least_calls=20), most=10) == []
    with pytest.raises(ValueError, match="fewer than 20"):
        Limits(least_calls=calls)


def test_no_second_goes_beyond_the_budget() -> None:
    chosen = _serve(_pool(100, 4, seconds=5.0), Served(), Limits(), most=100, budget_s=23.0)
    assert sum(each.seconds for each in chosen) == 20.0


def test_the_place_of_a_clip_says_nothing_about_its_place_in_the_pool() -> None:
    # Chi-square of position against original index, in 5 x 5 cells: 16 degrees of freedom, 1 in 100,000 beyond 51.3.
    cells: Counter[tuple[int, int]] = Counter()
    pool = _pool(100, 1)
    index = {each.clip: at for at, each in enumerate(pool)}
    for _ in range(200):
        for place, each in enumerate(_serve(pool, Served(), Limits(), most=100)):
            cells[place // 20, index[each.clip] // 20] += 1
    expected = sum(cells.values()) / 25
    assert sum((cells[row, column] - expected) ** 2 / expected for row in range(5) for column in range(5)) < 51.3


def test_no_neighbours_of_a_call_are_neighbours_in_a_line() -> None:
    own = _serve(_pool(100, 10), Served(), Limits(), most=300)
    assert not any(one.call == other.call for one, other in itertools.pairwise(own))
