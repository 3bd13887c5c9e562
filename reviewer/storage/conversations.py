"""Conversations whose personal data a drafting system had tokenised: their keys and the maps of their PII tokens."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from reviewer.crypto import DataKey
from reviewer.storage import clock, keys, schema
from reviewer.storage.store import Transaction

_table = schema.conversation


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its key and the map of its PII tokens, as plain data."""

    id: str
    key: DataKey
    map: dict[str, Any]


def find(tx: Transaction, producer: str, external_id: str, *, for_change: bool = False) -> Conversation | None:
    """Return a conversation of the workspace; `for_change` keeps others from changing it meanwhile."""
    query = select(_table).where(
        _table.c.workspace_id == tx.keys.owner.workspace,
        _table.c.producer == producer,
        _table.c.external_id == external_id,
    )
    row = tx.run(query.with_for_update() if for_change else query).one_or_none()
    if row is None:
        return None
    key = keys.generation(tx, row.generation).unwrap(bytes(row.wrapped), row.id, row.key_id)
    return Conversation(row.id, key, json.loads(keys.unseal_with(tx, key, _place(row.id), row.map)))


def add(tx: Transaction, producer: str, external_id: str, tokens: dict[str, Any]) -> Conversation:
    """Add a conversation under a key of its own."""
    conversation_id = secrets.token_hex(16)
    key, wrapping = DataKey.new(conversation_id), keys.newest(tx)
    tx.run(
        insert(_table).values(
            id=conversation_id,
            workspace_id=tx.keys.owner.workspace,
            producer=producer,
            external_id=external_id,
            key_id=key.id,
            generation=wrapping.generation,
            wrapped=wrapping.wrap(key),
            map=_sealed(tx, conversation_id, key, tokens),
            used_at=clock.now(),
        )
    )
    return Conversation(conversation_id, key, tokens)


def change(tx: Transaction, conversation: Conversation, tokens: dict[str, Any]) -> None:
    """Store the map as it is now."""
    sealed = _sealed(tx, conversation.id, conversation.key, tokens)
    tx.run(update(_table).where(_table.c.id == conversation.id).values(map=sealed, used_at=clock.now()))


def erase(tx: Transaction, producer: str, external_id: str) -> bool:
    """Destroy a conversation's key and map; False where there is none."""
    here = (_table.c.workspace_id == tx.keys.owner.workspace) & (_table.c.producer == producer)
    return tx.change(delete(_table).where(here, _table.c.external_id == external_id)) > 0


def _sealed(tx: Transaction, conversation_id: str, key: DataKey, tokens: dict[str, Any]) -> bytes:
    return keys.seal_with(
        tx, key, _place(conversation_id), json.dumps(tokens, ensure_ascii=False, separators=(",", ":"))
    )


def _place(conversation_id: str) -> tuple[str, str, str]:
    return (_table.name, conversation_id, "map")
