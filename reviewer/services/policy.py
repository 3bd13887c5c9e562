"""How a workspace checks: which rules are in force for which kind. Admins change it, and each change is recorded."""

from dataclasses import dataclass

from reviewer.domain.errors import InputRefusedError, RuleError
from reviewer.domain.events import Action
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Actor, Role
from reviewer.services.examiners import ANALYSES
from reviewer.storage import Store, policies
from reviewer.storage.store import Unrecorded


@dataclass(frozen=True, slots=True)
class Switches:
    """Every rule, and for which kinds it is switched off."""

    rules: tuple[str, ...]
    off: frozenset[tuple[str, str]]  # (kind, rule)

    def is_on(self, kind: str, rule: str) -> bool:
        """Tell whether a rule is in force for a kind."""
        return (kind, rule) not in self.off


class Policy:
    """Switches rules off and on again."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    @property
    def may_change(self) -> bool:
        """Tell whether this member may change anything."""
        return Role.ADMIN in self._actor.member.roles

    def switches(self) -> Switches:
        """Return every rule and how it stands."""
        with self._store.read() as tx:
            off = policies.all_off(tx, self._actor.member.workspace_id)
        return Switches(tuple(rule for analysis in ANALYSES for rule in analysis.rules()), off)

    def switch(self, kind: str, rule: str, *, on: bool) -> Switches:
        """Put a rule in force for a kind, or do without it. Raises InputRefusedError or RuleError."""
        if not self.may_change:
            raise RuleError(f"Only a member with the role '{Role.ADMIN}' may do this.")
        if kind not in KINDS:
            raise InputRefusedError(f"There is no kind '{kind}'; the kinds are: {', '.join(KINDS)}.")
        known = self.switches()
        if rule not in known.rules:
            raise InputRefusedError(f"There is no rule '{rule}'; the rules are: {', '.join(known.rules)}.")
        with self._store.write(self._actor) as tx:
            is_on = rule not in policies.rules_off(tx, self._actor.member.workspace_id, kind)
            if is_on == on:
                tx.leave_unrecorded(Unrecorded.NOTHING)
            else:
                (policies.switch_on if on else policies.switch_off)(tx, kind, rule)
                tx.record(Action.POLICY_CHANGED, policy="rule", kind=kind, rule=rule, set=on)
        return self.switches()
