"""What reviewers typed before they decided: working copies and second opinions."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, bindparam, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert_server
from sqlalchemy.dialects.sqlite import insert as upsert_file
from sqlalchemy.sql.dml import UpdateBase

from reviewer.domain.attention import Attention
from reviewer.domain.items import ItemId, SecondOpinion, WorkingCopy
from reviewer.domain.members import MemberId
from reviewer.storage import clock, keys, schema
from reviewer.storage.store import Transaction

_copy, _opinion = schema.working_copy, schema.second_opinion
_ON = select(_copy).where(_copy.c.item_id == bindparam("of_item"))
_OWN = _ON.where(_copy.c.member_id == bindparam("member"))
_OF_OTHERS = select(_copy.c.member_id, _copy.c.text).where(
    _copy.c.item_id == bindparam("of_item"), _copy.c.member_id != bindparam("member")
)
_OPINIONS = (
    select(_opinion, schema.member.c.name)
    .join(schema.member, schema.member.c.id == _opinion.c.member_id)
    .where(_opinion.c.item_id == bindparam("of_item"))
    .order_by(_opinion.c.kept_at)
)


def _saving(insert_new: Callable[[Table], Any]) -> UpdateBase:
    """Return the statement that inserts a working copy or replaces it; each dialect has an insert of its own."""
    new = insert_new(_copy).values(saved_at=clock.now())
    newest = {name: new.excluded[name] for name in ("text", "cursor", "saved_at", "attention")}
    statement: UpdateBase = new.on_conflict_do_update(index_elements=["item_id", "member_id"], set_=newest)
    return statement


_SAVE = {"sqlite": _saving(upsert_file), "postgresql": _saving(upsert_server)}


def save(tx: Transaction, item_id: ItemId, text: str, cursor: int, attention: Attention) -> None:
    """Keep the actor's text and what they made of its findings; the newest stands."""
    member_id = tx.actor.member.id
    seen = keys.seal(tx, item_id, _attention_place(item_id, member_id), json.dumps(attention.to_data()))
    values = {"item_id": item_id, "member_id": member_id, "cursor": cursor, "attention": seen}
    tx.run(_SAVE[tx.dialect], {**values, "text": _seal(tx, _copy, item_id, member_id, text)})


def load(tx: Transaction, item_id: str, member_id: MemberId) -> WorkingCopy | None:
    """Return a member's text on an item, if any is kept."""
    row = tx.run(_OWN, {"of_item": item_id, "member": member_id}).one_or_none()
    return None if row is None else _read(tx, row)


def on(tx: Transaction, item_id: str) -> dict[str, WorkingCopy]:
    """Return the texts of all members on an item, as far as one may see them."""
    return {row.member_id: _read(tx, row) for row in tx.run(_ON, {"of_item": item_id})}


def of_others(tx: Transaction, item_id: str) -> list[tuple[MemberId, str]]:
    """Return what other members than the owner of the keys left on an item."""
    rows = tx.run(_OF_OTHERS, {"of_item": item_id, "member": tx.keys.owner.member})
    return [(MemberId(row.member_id), _unseal(tx, _copy, item_id, row.member_id, row.text)) for row in rows]


def drop(tx: Transaction, item_id: str, member_id: MemberId) -> None:
    """Forget a member's text on an item: it was decided, or kept as a second opinion."""
    tx.run(delete(_copy).where(_own(item_id, member_id)))


def drop_all(tx: Transaction, item_id: str) -> None:
    """Forget everybody's working copy of an item that is settled."""
    tx.run(delete(_copy).where(_copy.c.item_id == item_id))


def keep_opinion(tx: Transaction, item_id: str, member_id: str, text: str) -> None:
    """Keep what a member wrote for whoever decides; the same text of the same member is kept once."""
    mine = select(_opinion).where(_opinion.c.item_id == item_id, _opinion.c.member_id == member_id)
    if any(_unseal(tx, _opinion, item_id, row.id, row.text) == text for row in tx.run(mine).all()):
        return
    opinion = {"id": secrets.token_hex(16), "item_id": item_id, "member_id": member_id}
    sealed = _seal(tx, _opinion, item_id, opinion["id"], text)
    tx.run(insert(_opinion).values(**opinion, text=sealed, kept_at=clock.now()))


def opinions(tx: Transaction, item_id: str) -> tuple[SecondOpinion, ...]:
    """Return the second opinions on an item, oldest first."""
    rows = tx.run(_OPINIONS, {"of_item": item_id})
    return tuple(SecondOpinion(row.name, _unseal(tx, _opinion, item_id, row.id, row.text), row.kept_at) for row in rows)


def drop_everything(tx: Transaction, item_id: str) -> None:
    """Forget all that anybody wrote on an item that is erased."""
    drop_all(tx, item_id)
    tx.run(delete(_opinion).where(_opinion.c.item_id == item_id))


def _read(tx: Transaction, row: Row[Any]) -> WorkingCopy:
    text = _unseal(tx, _copy, row.item_id, row.member_id, row.text)
    return WorkingCopy(text, row.cursor, row.saved_at, _attention(tx, row.item_id, row.member_id, row.attention))


def _seal(tx: Transaction, table: Table, item_id: str, row: str, text: str) -> bytes:
    return keys.seal(tx, item_id, (table.name, f"{item_id}/{row}", "text"), text)


def _unseal(tx: Transaction, table: Table, item_id: str, row: str, stored: bytes) -> str:
    return keys.unseal(tx, item_id, (table.name, f"{item_id}/{row}", "text"), stored)


def _attention(tx: Transaction, item_id: str, member_id: str, stored: bytes | None) -> Attention:
    if stored is None:  # kept by an earlier version
        return Attention()
    return Attention.from_data(json.loads(keys.unseal(tx, item_id, _attention_place(item_id, member_id), stored)))


def _attention_place(item_id: str, member_id: str) -> tuple[str, str, str]:
    return _copy.name, f"{item_id}/{member_id}", "attention"


def _own(item_id: str, member_id: MemberId) -> ColumnElement[bool]:
    return (_copy.c.item_id == item_id) & (_copy.c.member_id == member_id)
