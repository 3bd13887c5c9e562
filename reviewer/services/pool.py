"""The pool from the vault's side: calls in, clips cut, released and assigned, and everything taken back at once.

Guarantees: a call is heard only while every gate says yes, and what is unknown is no; clips enter the pool together
with those of other calls, after a delay drawn by chance; what a clip comes from lies under keys that no transcriber
has; seconds are taken from the budget before a clip is offered, never after.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from reviewer.crypto import PoolReader, PublicKeys
from reviewer.domain import eligibility
from reviewer.domain.call_records import Call, CallId, Side
from reviewer.domain.calls import Word
from reviewer.domain.clips import ClipId, ClipState, Policy
from reviewer.domain.eligibility import Gate, OptOuts, Rules, Standing
from reviewer.domain.errors import NotFoundError, ReviewerError, RuleError, UnavailableError, UsageError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, MemberId, Role
from reviewer.domain.serving import FEWEST_CALLS, Limits, arrange
from reviewer.services.label_exports import recalled
from reviewer.services.label_quality import contested
from reviewer.storage import Store, Transaction, calls, clips, entries, pool_keys, vault_keys
from reviewer.storage.calls import StagedClip
from reviewer.storage.clips import Origin, Withdrawn
from reviewer.storage.store import Unrecorded

YEAR = timedelta(days=365)
_AT_ONCE = 16  # clips of a call that are held in memory
LINE = 60  # clips that wait for one transcriber at most
_BUDGET_MOST_PPM = 1_000_000
_SHORTEST_DELAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MadeClip:
    """A clip in its canonical form; times of its words count from its start."""

    wav: bytes
    seconds: float
    speaker: str  # as the transcript calls who is heard
    words: tuple[Word, ...]
    masked: int = 0  # stretches of personal data that were taken out


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a call: its clips, and how many parts were left out and why.

    The clips come one by one, as those of a long call fill a memory; `left_out` is whole once they have all come, and
    until then none may be used. `clean` is None where nobody could look for personal data: then there are no clips.
    """

    clips: Iterable[MadeClip]
    left_out: Mapping[str, int]
    clean: bool | None


class ClipMaker(Protocol):
    """Turns a recording into clips, in a process of its own."""

    def seconds(self, recording: Path) -> float:
        """Return how long a recording is. Raises InputRefusedError for what is none."""
        ...

    def make(self, recording: Path, call: Call) -> Made:
        """Cut and clean a recording. Raises InputRefusedError, while the clips are taken too."""
        ...


class Scope(StrEnum):
    """Who or what opts out."""

    WORKSPACE = "workspace"
    MEMBER = "member"
    CALLER = "caller"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Added:
    """A call that came in."""

    call_id: CallId
    standing: Standing
    is_new: bool
    withdrawn: int = 0


@dataclass(slots=True)
class BuildReport:
    """What one building did."""

    calls: int = 0
    clips: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    stopped: Counter[Gate] = field(default_factory=Counter)
    missing: int = 0  # recordings that are not where they were
    not_checked: int = 0  # nobody could look for personal data


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """What one round did."""

    released: int = 0
    assigned: int = 0
    withdrawn: int = 0

    @property
    def anything(self) -> bool:
        """Tell whether the round changed something."""
        return bool(self.released or self.assigned or self.withdrawn)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be heard within a year, and how much is or will be."""

    ppm: int
    eligible_s: float
    reserved_s: float

    @property
    def total_s(self) -> float:
        """Return the seconds that may be heard."""
        return self.eligible_s * self.ppm / 1_000_000

    @property
    def left_s(self) -> float:
        """Return the seconds that are left."""
        return max(0.0, self.total_s - self.reserved_s)


@dataclass(frozen=True, slots=True)
class Stats:
    """The pool for those who answer for it: counts, and nobody's pace."""

    calls: int
    standing: Mapping[Gate | None, int]
    unknown: Mapping[Gate, int]
    left_out: Mapping[str, int]
    staged: int
    live: int
    live_calls: int
    withdrawn: int
    waiting: int  # assigned and not yet heard
    labelled: int
    skipped: Mapping[str, int]
    reported: int
    budget: Budget
    policy: Policy
    transcribers: int
    waits_for_calls: int  # how many calls the pool lacks before anything is served


@dataclass(frozen=True, slots=True)
class OptedOut:
    """What an opt-out did; `receipt` names its entry in the ledger."""

    receipt: str
    scope: Scope
    calls: int
    withdrawn: Withdrawn
    to_recall: int  # ids in earlier exports


class Pool:
    """Everything about the pool that needs the workspace's key."""

    def __init__(self, store: Store, actor: Actor, maker: ClipMaker | None) -> None:
        self._store = store
        self._actor = actor
        self._maker = maker

    # ---- Policy

    def policy(self) -> Policy:
        """Return what the workspace decided about listening."""
        with self._store.read() as tx:
            return calls.policy(tx)

    def exists(self) -> bool:
        """Tell whether the workspace has a pool."""
        with self._store.read() as tx:
            return pool_keys.newest(tx) is not None

    def set_policy(self, **changed: Any) -> Policy:
        """Change the policy; each change is an entry. Raises UsageError for what no policy may say."""
        self._need(Role.ADMIN)
        with self._write() as tx:
            old = calls.policy(tx)
            new = replace(old, **changed)
            _check_policy(new)
            before, after = asdict(old), asdict(new)
            different = [name for name in after if after[name] != before[name]]
            if not different:
                tx.leave_unrecorded(Unrecorded.NOTHING)
                return new
            calls.set_policy(tx, new)
            for name in different:
                was, now = _value(before[name]), _value(after[name])
                tx.record(Action.POLICY_CHANGED, policy=f"pool_{name}", was=was, set=now)
            return new

    # ---- Calls

    def add(self, call: Call, recording: Path) -> Added:
        """Take a call in, or what is known of it now instead of what was known; raises InputRefusedError.

        The recording stays where it is: only where it lies is kept, sealed.
        """
        self._need(Role.ADMIN)
        if self._maker is None:
            raise RuleError("This installation cannot read recordings.")
        seconds = self._maker.seconds(recording)
        with self._write() as tx:
            self._ensure_keys(tx)
            known = calls.find(tx, call.external_id)
            rows = {row.id: row for row in calls.rows(tx)} if known else {}
            clean = rows[known].clean if known else None
            standing = eligibility.standing(self._facts(tx, call, clean=clean))
            where = str(recording.resolve())
            if known is None:
                call_id = calls.add(tx, call, where, seconds, standing)
            else:
                call_id = known
                calls.replace(tx, call_id, call, where, seconds, standing)
            withdrawn = self._stop(tx, [call_id]).clips if known and not _may_be_heard(standing) else 0
            tx.record(
                Action.CALL_ADDED,
                call_id,
                new=known is None,
                gate=None if standing.gate is None else standing.gate.value,
                withdrawn=withdrawn,
            )
        return Added(call_id, standing, known is None, withdrawn)

    def build(self) -> BuildReport:
        """Cut and clean every call that may be heard and was not cut yet, then release and assign what is due."""
        self._need(Role.ADMIN)
        if self._maker is None:
            raise RuleError("This installation cannot read recordings.")
        report = BuildReport()
        for call_id in self._unbuilt(report):
            self._build_one(call_id, report)
        self.round()
        return report

    def round(self) -> RoundOutcome:
        """Withdraw what may no longer be heard, release what is due, and fill the transcribers' lines."""
        if not (self._may_keep() and self.exists()):
            return RoundOutcome()
        withdrawn = self._withdraw_stopped()
        return RoundOutcome(self._release(), self._assign(), withdrawn)

    def erase_call(self, external_id: str) -> None:
        """Destroy a call's key and withdraw its clips. Raises NotFoundError."""
        self._need(Role.ADMIN)
        with self._write() as tx:
            call_id = _known(tx, external_id)
            withdrawn = self._stop(tx, [call_id])
            calls.erase(tx, call_id)
            tx.record(Action.ERASED, call_id, clips=withdrawn.clips)
        self._store.scrub()

    # ---- Taking back

    def opt_out(self, scope: Scope, who: str = "") -> OptedOut:
        """Take everything of a workspace, member, caller or call from everybody at once, for good.

        What comes in later is stopped too, so nobody need be known yet.
        """
        self._need(Role.ADMIN)
        if not who and scope is not Scope.WORKSPACE:
            raise UsageError(f"Say which {scope.value} opts out.")
        with self._write() as tx:
            digest = vault_keys.digest(tx, scope.value, who)
            calls.opt_out(tx, scope.value, digest)
            touched = self._touched(tx, scope, digest, who)
            for row in touched:
                calls.set_standing(tx, row, Standing(_GATE_OF[scope]))
            withdrawn = self._stop(tx, touched)
            to_recall = sum(map(len, recalled(tx).values()))
            receipt = secrets.token_hex(16)
            tx.record(
                Action.OPTED_OUT,
                receipt,
                after={"who": digest},
                scope=scope.value,
                calls=len(touched),
                clips=withdrawn.clips,
                servings=withdrawn.servings,
                drafts=withdrawn.drafts,
            )
        with suppress(UnavailableError):  # somebody reads: the old pages go with a later one
            self._store.scrub()  # what was deleted must not lie in old pages either
        return OptedOut(receipt, scope, len(touched), withdrawn, to_recall)

    # ---- Looking

    def stats(self) -> Stats:
        """Count who and what stops where, what waits, and what is left of the budget."""
        self._need(Role.ADMIN, Role.SUPERVISOR)
        with self._store.read() as tx:
            if not vault_keys.is_there(tx, vault_keys.POOL):
                return _empty_stats(calls.policy(tx))
            policy, rows, known = calls.policy(tx), calls.rows(tx), clips.origins(tx)
            answers = clips.answers(tx)
            live = [each for each in known if each.state is ClipState.LIVE]
            generation = pool_keys.newest(tx)
            left_out = sum((Counter(row.counts) for row in rows), Counter())
            live_calls = len({each.call_id for each in live})
            return Stats(
                calls=len(rows),
                standing=eligibility.counts(row.standing for row in rows),
                unknown=Counter(r.standing.gate for r in rows if r.standing.is_unknown and r.standing.gate is not None),
                left_out=left_out,
                staged=calls.staged_number(tx),
                live=len(live),
                live_calls=live_calls,
                withdrawn=len(known) - len(live),
                waiting=clips.waiting(tx),
                labelled=sum(each.reason is None and each.state.value == "labelled" for each in answers),
                skipped=Counter(each.reason.value for each in answers if each.reason is not None),
                reported=sum(each.state.value == "reported" for each in answers),
                budget=_budget(tx, policy),
                policy=policy,
                transcribers=0 if generation is None else len(pool_keys.holders(tx, generation)),
                waits_for_calls=max(0, policy.least_calls - live_calls),
            )

    # ---- Steps

    @contextmanager
    def _write(self) -> Iterator[Transaction]:
        """Open a write that nobody else who keeps the pool comes into."""
        with self._store.write(self._actor) as tx:
            tx.hold_pool()
            yield tx

    def _ensure_keys(self, tx: Transaction) -> int:
        """Return the newest generation of the pool's key, made where there is none; raises RuleError."""
        newest = pool_keys.newest(tx)
        if newest is not None:
            return newest
        transcribers = _transcribers(tx)
        if not transcribers:
            raise RuleError("Nobody has the role 'transcriber': the pool would have nobody to be sealed to.")
        return self._make_generation(tx, transcribers)

    def _make_generation(self, tx: Transaction, transcribers: Mapping[str, PublicKeys]) -> int:
        number = pool_keys.next_number(tx)
        # The private half exists in this process for this moment only; it is not kept.
        reader = PoolReader.new(self._actor.member.workspace_id, number)
        sealed = {member: reader.seal_to(member, keys) for member, keys in transcribers.items()}
        pool_keys.add(tx, reader, vault_keys.make_door(tx).public, sealed)
        return number

    def _current_generation(self, tx: Transaction) -> int:
        """Return the generation to seal to now: a new one once nobody holds the newest, or who transcribes no more."""
        newest, transcribers = self._ensure_keys(tx), _transcribers(tx)
        holders = pool_keys.holders(tx, newest)
        gone = holders - set(transcribers)
        if holders and not gone:
            return newest
        taken = clips.take_back_unheard(tx, gone)
        if taken:
            tx.record(Action.CLIPS_WITHDRAWN, clips=0, servings=taken, why="role")
        return self._make_generation(tx, transcribers) if transcribers else newest

    def _facts(self, tx: Transaction, call: Call, *, clean: bool | None) -> eligibility.Facts:
        policy, out = calls.policy(tx), calls.opted_out(tx)
        rules = Rules(policy.workspace_opted_in, policy.feature_on, frozenset(policy.categories))
        agent, caller = call.party(Side.AGENT), call.party(Side.CALLER)

        def is_out(scope: Scope, who: str) -> bool:
            return vault_keys.digest(tx, scope.value, who) in out

        opted = OptOuts(
            workspace=is_out(Scope.WORKSPACE, ""),
            member=agent is not None and is_out(Scope.MEMBER, agent.id),
            caller=caller is not None and is_out(Scope.CALLER, caller.id),
            call=is_out(Scope.CALL, call.external_id),
        )
        left = _budget(tx, policy).left_s > 0 if clean else None
        return eligibility.facts_of(call, rules, opted, tx.now(), clean=clean, budget_left=left)

    def _unbuilt(self, report: BuildReport) -> list[CallId]:
        """Return the calls to be cut now, and note where the others stand."""
        todo = []
        with self._write() as tx:
            self._ensure_keys(tx)
            changed = 0
            for row in calls.rows(tx):
                call, _ = _record(tx, row.id)
                if call is None:
                    continue
                facts = self._facts(tx, call, clean=row.clean)
                standing = eligibility.standing(facts)
                if standing != row.standing:
                    calls.set_standing(tx, row.id, standing)
                    changed += 1
                if not row.is_built and eligibility.standing(eligibility.without(facts, *_LATE)).passed:
                    todo.append(row.id)
                elif standing.gate is not None:
                    report.stopped[standing.gate] += 1
            if changed:
                tx.record(Action.CALL_STOPPED, calls=changed)
            tx.leave_unrecorded(Unrecorded.NOTHING)
        return todo

    def _build_one(self, call_id: CallId, report: BuildReport) -> None:
        assert self._maker is not None  # noqa: S101 - build() looked
        with self._write() as tx:
            calls.drop_staged(tx, [call_id])  # of a building that did not come to its end
            call, recording = calls.record(tx, call_id, with_words=True)
            tx.record(Action.OPENED, call_id, what="call")
        path = Path(recording)
        if not path.exists():
            report.missing += 1
            return
        made = self._maker.make(path, call)
        if made.clean is None:
            report.not_checked += 1
        try:
            number, masked = self._stage(call_id, call, made)
        except ReviewerError:
            with self._write() as tx:
                tx.leave_unrecorded(Unrecorded.PART_BUILT)
                calls.drop_staged(tx, [call_id])
            raise
        with self._write() as tx:
            calls.mark_built(tx, call_id, clean=made.clean, counts=made.left_out)
            standing = eligibility.standing(self._facts(tx, call, clean=made.clean))
            calls.set_standing(tx, call_id, standing)
            tx.record(
                Action.CALL_BUILT,
                call_id,
                clips=number,
                masked=masked,
                left_out=sum(made.left_out.values()),
                gate=None if standing.gate is None else standing.gate.value,
            )
        report.calls += 1
        report.clips += number
        report.left_out.update(made.left_out)
        if standing.gate is not None:
            report.stopped[standing.gate] += 1

    def _stage(self, call_id: CallId, call: Call, made: Made) -> tuple[int, int]:
        """Store the clips of a call as they come, a few at a time; return how many, and how many stretches they lack.

        Nobody takes them from there before the call is marked as built.
        """
        number = masked = 0
        coming = iter(made.clips if made.clean else ())
        while piece := list(islice(coming, _AT_ONCE)):
            with self._write() as tx:
                tx.leave_unrecorded(Unrecorded.PART_BUILT)
                policy = calls.policy(tx)
                calls.stage(tx, [(_staged(tx, call_id, call, each), _delay(policy)) for each in piece])
            number, masked = number + len(piece), masked + sum(each.masked for each in piece)
        return number, masked

    def _withdraw_stopped(self) -> int:
        """Withdraw the clips of calls that a gate has closed on since: a retention that passed, a legal hold."""
        with self._write() as tx:
            stopped, changed = [], 0
            for row in calls.rows(tx):
                call, _ = _record(tx, row.id)
                if call is None or not row.is_built:
                    continue
                standing = eligibility.standing(self._facts(tx, call, clean=row.clean))
                if standing != row.standing:
                    calls.set_standing(tx, row.id, standing)
                    changed += 1
                if not _may_be_heard(standing):
                    stopped.append(row.id)
            if changed:
                tx.record(Action.CALL_STOPPED, calls=changed)
            withdrawn = self._stop(tx, stopped)
            if withdrawn.clips:
                tx.record(Action.CLIPS_WITHDRAWN, clips=withdrawn.clips, servings=withdrawn.servings, why="gate")
            tx.leave_unrecorded(Unrecorded.NOTHING)
            return withdrawn.clips

    def _release(self) -> int:
        """Let clips into the pool whose delay is over, together, once they and the pool are of enough calls."""
        with self._write() as tx:
            due = calls.due(tx)
            tx.leave_unrecorded(Unrecorded.NOTHING)
            live = {each.call_id for each in clips.origins(tx) if each.state is ClipState.LIVE}
            if not due or len(live | {call_id for _, call_id in due}) < calls.policy(tx).least_calls:
                return 0
            writer = pool_keys.writer(tx, self._current_generation(tx))
            for row_id, _ in _shuffled(due):
                clips.add(tx, calls.take_staged(tx, row_id), writer)
            tx.record(Action.CLIPS_RELEASED, clips=len(due), calls=len({call_id for _, call_id in due}))
            return len(due)

    def _assign(self) -> int:
        """Fill every transcriber's line as far as rules and budget allow."""
        with self._write() as tx:
            tx.leave_unrecorded(Unrecorded.NOTHING)
            generation = self._current_generation(tx)
            known, again = clips.origins(tx), contested(tx)
            number = 0
            for member_id in _shuffled(sorted(pool_keys.holders(tx, generation))):
                number += self._fill_line(tx, MemberId(member_id), known, again)
            if number:
                tx.record(Action.CLIPS_ASSIGNED, clips=number)
            return number

    def _fill_line(self, tx: Transaction, member_id: MemberId, known: Sequence[Origin], again: set[ClipId]) -> int:
        room = LINE - clips.waiting(tx, member_id)
        policy = calls.policy(tx)
        left_s = _budget(tx, policy).left_s
        if room <= 0 or left_s <= 0:
            return 0
        live = {each.clip_id: each for each in known if each.state is ClipState.LIVE}
        readable, times = pool_keys.generations(tx, member_id), clips.times_served(tx)
        wanted = [
            each
            for each in live.values()
            if each.generation in readable and _is_wanted(each, times, policy, is_contested=each.clip_id in again)
        ]
        chosen = arrange(
            [clips.candidate(each) for each in wanted],
            clips.served(tx, member_id, known),
            Limits(least_calls=policy.least_calls),
            calls_in_pool=len({each.call_id for each in live.values()}),
            most=room,
            budget_s=left_s,
        )
        for place, each in enumerate(chosen, start=clips.next_place(tx, member_id)):
            origin = live[each.clip]
            writer = pool_keys.writer(tx, origin.generation)
            clips.assign(tx, member_id, each, place, writer=writer, hypothesis=_hypothesis(tx, origin, policy))
        return len(chosen)

    def _touched(self, tx: Transaction, scope: Scope, digest: str, who: str) -> list[CallId]:
        if scope is Scope.WORKSPACE:
            return [row.id for row in calls.rows(tx)]
        if scope is Scope.CALL:
            found = calls.find(tx, who)
            return [] if found is None else [found]
        return calls.of_party(tx, Side.AGENT if scope is Scope.MEMBER else Side.CALLER, digest)

    def _stop(self, tx: Transaction, call_ids: Collection[CallId]) -> Withdrawn:
        """Withdraw whatever there is of calls."""
        calls.drop_staged(tx, list(call_ids))
        wanted = set(call_ids)
        return clips.withdraw(tx, [each.clip_id for each in clips.origins(tx) if each.call_id in wanted])

    def _may_keep(self) -> bool:
        """Tell whether this member may change the pool: in a file whoever opens it, on a team's server an admin."""
        return not self._store.is_shared or Role.ADMIN in self._actor.member.roles

    def _need(self, *roles: Role) -> None:
        if not self._actor.member.roles & set(roles):
            raise RuleError(f"Only a member with the role '{roles[0]}' may do this.")


_GATE_OF = {
    Scope.WORKSPACE: Gate.WORKSPACE,
    Scope.MEMBER: Gate.MEMBER,
    Scope.CALLER: Gate.CALLER,
    Scope.CALL: Gate.CALLER,
}
_LATE = (Gate.CLEAN, Gate.BUDGET)


def _may_be_heard(standing: Standing) -> bool:
    """Tell whether a standing lets clips be heard that are in the pool: a budget that is used up takes none back."""
    return standing.gate in (None, Gate.BUDGET)


def _is_wanted(each: Origin, times: Mapping[str, int], policy: Policy, *, is_contested: bool) -> bool:
    """Tell whether a clip needs one more listener: its first, a second for a share, a third where two disagree."""
    heard = times.get(each.clip_id, 0)
    if each.is_gold or heard == 0:
        return True
    if heard == 1:  # ids are drawn by chance, so their first digits are a fair draw too
        return int(each.clip_id[:8], 16) % 100 < policy.second_percent
    return heard == 2 and is_contested


def _hypothesis(tx: Transaction, origin: Origin, policy: Policy) -> str | None:
    """Return the machine's text where the policy lets a listener see it; never for gold or the blind share."""
    blind = secrets.randbelow(100) < policy.blind_percent
    if not policy.hypothesis or origin.is_gold or blind or not origin.has_hypothesis:
        return None
    if origin.confidence * 100 < policy.least_confidence:
        return None
    return " ".join(word.text for word in clips.words(tx, origin.clip_id))


def _staged(tx: Transaction, call_id: CallId, call: Call, made: MadeClip) -> StagedClip:
    return StagedClip(
        call_id=call_id,
        wav=made.wav,
        seconds=made.seconds,
        persons=tuple(vault_keys.digest(tx, "person", party.id) for party in call.speakers(made.speaker)),
        words=made.words,
        language=call.language,
        is_gold=call.is_gold,
        masked=made.masked,
    )


def _delay(policy: Policy) -> timedelta:
    longest = timedelta(days=policy.longest_delay_days)
    if longest <= _SHORTEST_DELAY:
        return longest
    spread_s = int((longest - _SHORTEST_DELAY).total_seconds())
    return _SHORTEST_DELAY + timedelta(seconds=secrets.randbelow(spread_s + 1))


def _shuffled(things: Iterable[Any]) -> list[Any]:
    """Return the things in an order drawn from the system's generator."""
    rest, drawn = list(things), []
    while rest:
        at = secrets.randbelow(len(rest))
        rest[at], rest[-1] = rest[-1], rest[at]
        drawn.append(rest.pop())
    return drawn


def _record(tx: Transaction, call_id: CallId) -> tuple[Call | None, str]:
    """Return a call, or None where it was erased."""
    if not vault_keys.is_there(tx, call_id):
        return None, ""
    return calls.record(tx, call_id)


def _known(tx: Transaction, external_id: str) -> CallId:
    found = calls.find(tx, external_id)
    if found is None:
        raise NotFoundError("No call has this id.")
    return found


def _transcribers(tx: Transaction) -> dict[str, PublicKeys]:
    members = entries.directory(tx).members
    return {
        member_id: PublicKeys(known.receive, known.sign)
        for member_id, known in members.items()
        if Role.TRANSCRIBER in known.roles
    }


def _budget(tx: Transaction, policy: Policy) -> Budget:
    return Budget(policy.budget_ppm, calls.eligible_seconds(tx, YEAR), clips.reserved_seconds(tx, YEAR))


def _check_policy(policy: Policy) -> None:
    if not 0 <= policy.budget_ppm <= _BUDGET_MOST_PPM:
        raise UsageError("The budget is a share from 0 to 100 percent.")
    if policy.least_calls < FEWEST_CALLS:
        raise UsageError(f"A pool of fewer than {FEWEST_CALLS} calls is never served.")
    for name in ("blind_percent", "second_percent", "least_confidence"):
        if not 0 <= getattr(policy, name) <= 100:
            raise UsageError(f"'{name}' is a share from 0 to 100 percent.")
    if not 0 <= policy.longest_delay_days <= 365:
        raise UsageError("The longest delay is 0 to 365 days.")


def _value(value: Any) -> int:
    """Return what the ledger says of a value: of a list of words only how many there are."""
    return len(value) if isinstance(value, tuple) else value


def _empty_stats(policy: Policy) -> Stats:
    return Stats(
        calls=0,
        standing={},
        unknown={},
        left_out={},
        staged=0,
        live=0,
        live_calls=0,
        withdrawn=0,
        waiting=0,
        labelled=0,
        skipped={},
        reported=0,
        budget=Budget(policy.budget_ppm, 0.0, 0.0),
        policy=policy,
        transcribers=0,
        waits_for_calls=policy.least_calls,
    )
