"""What is done with keys once they are open: rotate, erase, and know how old they are."""

from dataclasses import dataclass
from datetime import timedelta

from reviewer.crypto import PublicKeys, WorkspaceKey
from reviewer.domain.errors import RuleError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, Role, holds_workspace_key
from reviewer.services.work import Transport, forget_erased
from reviewer.storage import (
    Store,
    analyses,
    contents,
    conversations,
    decisions,
    entries,
    items,
    keys,
    outbox,
    vault_keys,
    working_copies,
)
from reviewer.storage.store import Unrecorded

WARN_AFTER = timedelta(days=85)
INSIST_AFTER = timedelta(days=90)
_BATCH = 500


@dataclass(frozen=True, slots=True)
class KeyAge:
    """How old the oldest key in use is."""

    generation: int
    age: timedelta

    @property
    def warns(self) -> bool:
        """Tell whether it is time to rotate."""
        return self.age >= WARN_AFTER

    @property
    def insists(self) -> bool:
        """Tell whether rotating is overdue."""
        return self.age >= INSIST_AFTER


class Vault:
    """Rotation and erasure."""

    def __init__(self, store: Store, actor: Actor, transport: Transport) -> None:
        self._store = store
        self._actor = actor
        self._transport = transport

    def age(self) -> KeyAge:
        """Return the age of the oldest generation in use."""
        with self._store.read() as tx:
            return KeyAge(*keys.oldest(tx))

    def rotate(self) -> int:
        """Make a new generation, wrap every data key under it, destroy the older ones.

        Return how many data keys did not open, so that nobody could read what they protect anyway. Killed at any
        point, the next call finishes what was begun.
        """
        self._need(Role.ADMIN)
        self._unfinished() or self._begin()
        unreadable = self._rewrap_all()
        try:
            self._destroy_old()
        except RuleError:  # somebody wrapped a key under an old one meanwhile
            unreadable += self._rewrap_all()
            self._destroy_old()
        return unreadable

    def erase(self, item_id: str) -> None:
        """Destroy the data key of a conversation and what was sealed under it, everywhere. Raises NotFoundError."""
        self._need(Role.ADMIN)
        erased = self._destroy(item_id)
        # Both are done again for one that was erased before: a kill may have cut them off.
        forget_erased(self._store, self._actor, self._transport)
        self._store.scrub()
        if not erased:
            raise RuleError("This conversation is erased already.")

    def _destroy(self, item_id: str) -> bool:
        with self._store.write(self._actor) as tx:
            head = items.find(tx, self._actor.member.workspace_id, item_id)
            items.hold(tx, head.id)
            if not keys.destroy(tx, head.id):
                tx.leave_unrecorded(Unrecorded.NOTHING)
                return False
            contents.drop(tx, head.id)
            conversations.erase(tx, head.producer, head.external_id)
            analyses.drop(tx, head.id)
            working_copies.drop_everything(tx, head.id)
            decisions.erase(tx, head.id)
            outbox.erase(tx, head.id)
            items.erase(tx, head.id)
            tx.record(Action.ERASED, head.id)
            return True

    def _unfinished(self) -> int | None:
        with self._store.read() as tx:
            return keys.newest_number(tx) if keys.old_generations(tx) and keys.opens(tx) else None

    def _begin(self) -> int:
        with self._store.write(self._actor) as tx:
            if keys.old_generations(tx) and keys.opens(tx):
                return keys.newest_number(tx)  # another desk began in the meantime
            new = WorkspaceKey.new(self._actor.member.workspace_id, keys.newest_number(tx) + 1)
            for member_id, known in entries.directory(tx).members.items():  # and not as the table says
                if not holds_workspace_key(known.roles):
                    continue
                sealed = new.seal_to(member_id, PublicKeys(known.receive, known.sign))
                keys.add_generation(tx, new, member_id, sealed)
            tx.record(Action.WORKSPACE_KEY_MADE, generation=new.generation, fingerprint=new.fingerprint)
            return new.generation

    def _rewrap_all(self) -> int:
        unreadable = 0
        while (done := self._rewrap()).number:
            unreadable += done.unreadable
        return unreadable

    def _rewrap(self) -> keys.Rewrapped:
        with self._store.write(self._actor) as tx:
            done = keys.rewrap(tx, _BATCH) + vault_keys.rewrap(tx, _BATCH)
            if done.number:
                tx.record(
                    Action.DATA_KEYS_REWRAPPED,
                    number=done.number,
                    generation=keys.newest(tx).generation,
                    unreadable=done.unreadable,
                )
            return done

    def _destroy_old(self) -> None:
        with self._store.write(self._actor) as tx:
            for generation in keys.old_generations(tx):
                keys.drop_generation(tx, generation)
                tx.record(Action.WORKSPACE_KEY_DESTROYED, generation=generation)
                tx.keys.forget_generation(generation)
        self._store.scrub()

    def _need(self, role: Role) -> None:
        if role not in self._actor.member.roles:
            raise RuleError(f"Only a member with the role '{role}' may do this.")
