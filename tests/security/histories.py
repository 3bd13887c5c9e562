"""Whether what many desks did to one item at once could have been done by one after another.

Each operation took effect at one moment between its call and its answer, and everything fits one order: that is what
linearizable means. Here the order of the leases is no search, since each was told its fence. So the earliest moment
that an operation can have had follows from the one before it, and it must lie before the operation's answer: earliest
moments leave the most room to all that comes later, so where they do not fit, nothing does.

What is checked of an item: fences grow by one and none is given out twice; who is leased it, found it waiting, over
its time, or their own; a lease is renewed, given back and decided only by who holds it, before its end, decided once;
nothing is refused to who held it all the while. Instants are nanoseconds of the machine's own monotonic clock, which
no desk's clock touches; ends of leases are the database's, translated.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_MS = 1_000_000
# Ends of leases are kept in milliseconds, and the two clocks are compared by reading one after the other.
_BLUR_NS = 5 * _MS


class Act(StrEnum):
    """What a desk does to an item."""

    CLAIM = "claim"
    TAKE_OVER = "take over"
    WITHDRAW = "withdraw"
    RENEW = "renew"
    RELEASE = "release"
    DECIDE = "decide"


_GAINS = frozenset({Act.CLAIM, Act.TAKE_OVER, Act.WITHDRAW})
_ENDS = frozenset({Act.RELEASE, Act.DECIDE})


class Done(NamedTuple):
    """One operation, as the desk that asked for it saw it."""

    item: str
    fence: int  # that it was given, or that it carried
    act: Act
    desk: int
    member: str
    called: int
    answered: int
    accepted: bool
    ends: int = 0  # when the lease that it gave or renewed runs out
    leads: bool = False  # a supervisor's: they may take over what others hold


@dataclass(slots=True)
class _Life:
    """One lease of an item, from its fence to its end."""

    gain: Done
    at: int
    ends: int
    last: int  # the earliest moment of the newest operation on it
    decided: bool = False
    over: int | None = None  # the earliest moment at which it was ended, if something ended it

    @property
    def lapsed(self) -> int:
        """Return from when on it need not be live any more."""
        return min(self.ends, self.ends if self.over is None else self.over)


def violations(operations: Iterable[Done]) -> list[str]:
    """Return what cannot be, in words; nothing where every item's history is linearizable."""
    by_item: dict[str, list[Done]] = defaultdict(list)
    for each in operations:
        by_item[each.item].append(each)
    return [f"item {item}: {fault}" for item, done in by_item.items() for fault in _faults(done)]


def _faults(done: Sequence[Done]) -> Iterator[str]:
    lives: dict[int, _Life] = {}
    order = sorted((each for each in done if each.accepted), key=_place)
    for each in order:
        if each.act in _GAINS:
            yield from _gain(each, lives)
        else:
            yield from _use(each, lives)
    for each in done:
        if not each.accepted:
            yield from _refusal(each, lives)


def _place(each: Done) -> tuple[int, int, int]:
    """Say where in an item's one order an accepted operation stands."""
    return each.fence, 0 if each.act in _GAINS else 2 if each.act in _ENDS else 1, each.called


def _gain(each: Done, lives: dict[int, _Life]) -> Iterator[str]:
    if each.fence in lives:
        yield f"fence {each.fence} was given out twice"
        return
    before = lives.get(each.fence - 1)
    if before is None and each.fence != 1:
        yield f"fence {each.fence} follows none"
    earliest = each.called
    if before is not None:
        waits = before.over is not None and not before.decided
        if each.act is Act.WITHDRAW:
            if not before.decided or (before.gain.member != each.member and not each.leads):
                yield f"fence {each.fence} was withdrawn from what this member did not decide"
            earliest = max(earliest, before.last)
        elif before.decided:
            yield f"fence {each.fence} was given out although {each.fence - 1} was decided"
        elif each.act is Act.TAKE_OVER:
            if waits or (before.gain.member != each.member and not each.leads):
                yield f"fence {each.fence} was taken over from who did not hold it"
            earliest = max(earliest, before.last)
        else:
            earliest = max(earliest, before.last, 0 if waits else before.ends - _BLUR_NS)
        if before.over is None:
            before.over = earliest
    elif each.act is not Act.CLAIM:
        yield f"fence {each.fence} is no claim of a new item"
    if earliest > each.answered:
        yield f"fence {each.fence} was given out while {each.fence - 1} was live"
    lives[each.fence] = _Life(each, earliest, each.ends, earliest)


def _use(each: Done, lives: dict[int, _Life]) -> Iterator[str]:
    life = lives.get(each.fence)
    if life is None or life.gain.desk != each.desk:
        yield f"{each.act} under fence {each.fence} by a desk that never held it"
        return
    if life.over is not None:
        yield f"{each.act} under fence {each.fence}, which was ended before"
        return
    earliest = max(each.called, life.last)
    if earliest > each.answered:
        yield f"{each.act} under fence {each.fence} was answered before it could be"
    if earliest > life.ends + _BLUR_NS:
        yield f"{each.act} under fence {each.fence} after its time"
    life.last = earliest
    if each.act is Act.RENEW:
        life.ends = each.ends
    else:
        life.over, life.decided = earliest, each.act is Act.DECIDE


def _refusal(each: Done, lives: dict[int, _Life]) -> Iterator[str]:
    life = lives.get(each.fence)
    if life is None or life.gain.desk != each.desk:
        yield f"{each.act} under fence {each.fence} was asked for by a desk that never held it"
    elif each.answered < life.lapsed - _BLUR_NS:
        yield f"{each.act} under fence {each.fence} was refused although it was live"
