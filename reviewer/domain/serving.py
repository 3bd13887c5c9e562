"""In which order clips come to one transcriber, so that nobody hears much of a call or of a person.

Guarantees, for one transcriber over all time: at most `per_call` clips of a call and `per_person` of a person; at least
`apart` clips between two of the same call. Over everybody: at most `of_call_ever` different clips of a call. Nothing at
all while the pool holds fewer than `least_calls` calls. The order is drawn from the system's generator, never from
one that can be wound back.

Voice alone links two clips of a person, so the caps matter more than the order; the order hides which clips belong
together in time.
"""

import heapq
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reviewer.domain.clips import ClipId

FEWEST_CALLS = 20  # no policy goes below


@dataclass(frozen=True, slots=True)
class Candidate:
    """A clip that may be served: the call it is of, who speaks in it, how long it is."""

    clip: ClipId
    call: str
    persons: frozenset[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The rules of serving."""

    per_call: int = 3
    per_person: int = 3
    apart: int = 40
    of_call_ever: int = 5
    least_calls: int = 100

    def __post_init__(self) -> None:
        """Refuse what no policy may allow."""
        if self.least_calls < FEWEST_CALLS:
            raise ValueError(f"a pool of fewer than {FEWEST_CALLS} calls is never served")


@dataclass(slots=True)
class Served:
    """What was served before: to this transcriber in order, and to anybody."""

    own: list[Candidate] = field(default_factory=list)
    of_call: dict[str, set[ClipId]] = field(default_factory=dict)


def arrange(
    pool: Sequence[Candidate],
    served: Served,
    limits: Limits,
    *,
    calls_in_pool: int,
    most: int,
    budget_s: float,
    below: Callable[[int], int] = secrets.randbelow,
) -> list[Candidate]:
    """Return the next clips for a transcriber in order, at most `most` and `budget_s` seconds of them.

    `pool` holds what they might hear, a part of a pool of `calls_in_pool` calls. `below(n)` draws a whole number from 0
    to n - 1. What comes is appended to `served`.
    """
    if calls_in_pool < limits.least_calls:
        return []
    line = _Line(pool, served, limits, below)
    arranged: list[Candidate] = []
    while len(arranged) < most and (taken := line.take(budget_s)) is not None:
        budget_s -= taken.seconds
        arranged.append(taken)
    return arranged


class _Line:
    """The clips that may still come, with what each waits for."""

    def __init__(self, pool: Iterable[Candidate], served: Served, limits: Limits, below: Callable[[int], int]) -> None:
        self._served, self._limits, self._below = served, limits, below
        self._calls = Counter(each.call for each in served.own)
        self._persons = Counter(person for each in served.own for person in each.persons)
        self._last = {each.call: place for place, each in enumerate(served.own)}
        known = {each.clip for each in served.own}
        self._free = [each for each in pool if each.clip not in known]
        self._resting: list[tuple[int, int, Candidate]] = []  # by the place from which they may come

    def take(self, budget_s: float) -> Candidate | None:
        """Draw the next clip, and note it as served; None where nothing may come now."""
        place = len(self._served.own)
        while self._resting and self._resting[0][0] <= place:
            self._free.append(heapq.heappop(self._resting)[2])
        while self._free:
            drawn = self._draw()
            if not self._is_within_caps(drawn) or drawn.seconds > budget_s:
                continue  # never again in this line: caps only fill up and the budget only shrinks
            earliest = self._last.get(drawn.call, place - self._limits.apart - 1) + self._limits.apart + 1
            if earliest > place:
                heapq.heappush(self._resting, (earliest, id(drawn), drawn))
                continue
            self._note(drawn, place)
            return drawn
        return None

    def _draw(self) -> Candidate:
        at = self._below(len(self._free))
        self._free[at], self._free[-1] = self._free[-1], self._free[at]
        return self._free.pop()

    def _is_within_caps(self, each: Candidate) -> bool:
        if self._calls[each.call] >= self._limits.per_call:
            return False
        if any(self._persons[person] >= self._limits.per_person for person in each.persons):
            return False
        ever = self._served.of_call.get(each.call, set())
        return each.clip in ever or len(ever) < self._limits.of_call_ever

    def _note(self, each: Candidate, place: int) -> None:
        self._served.own.append(each)
        self._served.of_call.setdefault(each.call, set()).add(each.clip)
        self._calls[each.call] += 1
        self._persons.update(each.persons)
        self._last[each.call] = place


def broken_rules(own: Sequence[Candidate], of_call: Mapping[str, set[ClipId]], limits: Limits) -> list[str]:
    """Return which rules a queue breaks, counted anew and in another way than by `arrange`."""
    broken = []
    calls = [each.call for each in own]
    if max(Counter(calls).values(), default=0) > limits.per_call:
        broken.append("per_call")
    if max(Counter(p for each in own for p in each.persons).values(), default=0) > limits.per_person:
        broken.append("per_person")
    if any(call in calls[at + 1 : at + 1 + limits.apart] for at, call in enumerate(calls)):
        broken.append("apart")
    if max(map(len, of_call.values()), default=0) > limits.of_call_ever:
        broken.append("of_call_ever")
    if len({each.clip for each in own}) < len(own):
        broken.append("twice")
    return broken
