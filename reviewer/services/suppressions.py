"""Who opted out: nothing is approved for them and nothing is sent to them. And the business's own contacts."""

import secrets

from reviewer.domain import limits
from reviewer.domain.errors import InputRefusedError, RuleError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, Member, Role
from reviewer.privacy import contacts
from reviewer.services.examiners import GATE
from reviewer.storage import Store, Transaction, analyses, suppressions
from reviewer.storage.suppressions import Address, Suppression

_TAIL_DIGITS = 8
_MAY_CHANGE = frozenset({Role.AGENT, Role.CLINICIAN, Role.SUPERVISOR, Role.ADMIN})


class Suppressions:
    """The list of those who opted out, and that of the business's own contacts."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def add(self, untrusted_contact: str) -> str:
        """Suppress a telephone number or e-mail address and return its canonical form.

        Whoever hears an opt-out may enter it. Raises InputRefusedError, or RuleError where it is there already.
        """
        self._need(_MAY_CHANGE, "suppress")
        address = address_of(untrusted_contact)
        with self._store.write(self._actor) as tx:
            same = suppressions.find(tx, self._actor.member.workspace_id, address)
            if same and address.canonical in {s.address for s in self._listed(tx) if s.id in same}:
                raise RuleError("This number or address is suppressed already.")
            suppression_id = secrets.token_hex(16)
            suppressions.add(tx, suppression_id, address)
            analyses.forget(tx, GATE)
            tx.record(Action.SUPPRESSED, suppression=suppression_id)
        return address.canonical

    def remove(self, untrusted_contact: str) -> str:
        """Lift a suppression, for somebody who opted in again. Raises InputRefusedError or RuleError."""
        self._need(frozenset({Role.SUPERVISOR, Role.ADMIN}), "lift a suppression")
        address = address_of(untrusted_contact)
        with self._store.write(self._actor) as tx:
            found = suppressions.find(tx, self._actor.member.workspace_id, address)
            if not found:
                raise RuleError("This number or address is not suppressed.")
            suppressions.remove(tx, found)
            analyses.forget(tx, GATE)
            for suppression_id in found:
                tx.record(Action.UNSUPPRESSED, suppression=suppression_id)
        return address.canonical

    def listing(self) -> list[Suppression]:
        """Return every suppression; the look is recorded first."""
        self._need(_MAY_CHANGE | {Role.AUDITOR}, "see suppressions")
        with self._store.write(self._actor) as tx:
            tx.record(Action.REVEALED, what="suppressions")
        with self._store.read() as tx:
            return self._listed(tx)

    def contacts(self) -> list[str]:
        """Return the business's own contacts."""
        with self._store.read() as tx:
            return sorted(suppressions.contacts(tx, self._actor.member.workspace_id))

    def add_contact(self, contact: str) -> None:
        """Let a number, an address, "@domain" or a name of the business stand in any text. Raises as add() does."""
        self._need(frozenset({Role.ADMIN, Role.SUPERVISOR}), "change the business's contacts")
        if not contact.strip() or len(contact) > limits.NAME_CHARACTERS or limits.unstorable_character(contact):
            raise InputRefusedError(f"A contact has 1 to {limits.NAME_CHARACTERS} characters.")
        with self._store.write(self._actor) as tx:
            if contact in suppressions.contacts(tx, self._actor.member.workspace_id):
                raise RuleError("This contact is listed already.")
            suppressions.add_contact(tx, contact)
            analyses.forget(tx, GATE)
            tx.record(Action.POLICY_CHANGED, what="business contact added")

    def remove_contact(self, contact: str) -> None:
        """Take a contact off the business's list. Raises RuleError."""
        self._need(frozenset({Role.ADMIN, Role.SUPERVISOR}), "change the business's contacts")
        with self._store.write(self._actor) as tx:
            if not suppressions.remove_contact(tx, contact):
                raise RuleError("This contact is not listed.")
            analyses.forget(tx, GATE)
            tx.record(Action.POLICY_CHANGED, what="business contact removed")

    def _listed(self, tx: Transaction) -> list[Suppression]:
        return suppressions.listing(tx, self._actor.member.workspace_id)

    def _need(self, roles: frozenset[Role], what: str) -> None:
        if not self._actor.member.roles & roles:
            raise RuleError(f"Your roles do not let you {what}.")


def is_suppressed(tx: Transaction, member: Member, recipient: str | None) -> bool:
    """Tell within `tx` whether a recipient opted out."""
    if recipient is None:
        return False
    try:
        address = address_of(recipient)
    except InputRefusedError:  # neither a number nor an address: nobody can have opted out by it
        return False
    return bool(suppressions.find(tx, member.workspace_id, address))


def address_of(untrusted_contact: str) -> Address:
    """Return what a telephone number or e-mail address is compared by. Raises InputRefusedError where it is neither."""
    canonical = contacts.canonical(untrusted_contact)
    if canonical is None:
        raise InputRefusedError("This is neither a telephone number nor an e-mail address.")
    if "@" in canonical:
        return Address(canonical, certain=True, tail=None)
    certain = untrusted_contact.strip().startswith(("+", "00"))
    number = contacts.digits(canonical)
    return Address(canonical, certain, number[-_TAIL_DIGITS:] if len(number) >= _TAIL_DIGITS else None)
