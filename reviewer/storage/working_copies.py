"""What reviewers typed before they decided: working copies and second opinions."""

import secrets
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert_server
from sqlalchemy.dialects.sqlite import insert as upsert_file

from reviewer.domain.items import ItemId, SecondOpinion, WorkingCopy
from reviewer.domain.members import MemberId
from reviewer.storage import clock, schema
from reviewer.storage.contents import pack, unpack
from reviewer.storage.store import Transaction

_copy = schema.working_copy


def save(tx: Transaction, item_id: ItemId, text: str, cursor: int) -> None:
    """Keep the actor's text; the newest one stands."""
    values: dict[str, Any] = {"text": pack(text), "cursor": cursor, "saved_at": clock.now()}
    upsert = upsert_file if tx.dialect == "sqlite" else upsert_server
    tx.run(
        upsert(_copy)
        .values(item_id=item_id, member_id=tx.actor.member.id, **values)
        .on_conflict_do_update(index_elements=["item_id", "member_id"], set_=values)
    )


def load(tx: Transaction, item_id: str, member_id: MemberId) -> WorkingCopy | None:
    """Return a member's text on an item, if any is kept."""
    row = tx.run(select(_copy).where(_own(item_id, member_id))).one_or_none()
    return None if row is None else WorkingCopy(unpack(row.text), row.cursor, row.saved_at)


def drop(tx: Transaction, item_id: str, member_id: MemberId) -> None:
    """Forget a member's text on an item: it was decided, or kept as a second opinion."""
    tx.run(delete(_copy).where(_own(item_id, member_id)))


def drop_all(tx: Transaction, item_id: str) -> None:
    """Forget everybody's working copy of an item that is settled."""
    tx.run(delete(_copy).where(_copy.c.item_id == item_id))


def keep_opinion(tx: Transaction, item_id: str, member_id: str, text: str) -> None:
    """Keep what a member wrote for whoever decides."""
    opinion = {"id": secrets.token_hex(16), "item_id": item_id, "member_id": member_id}
    tx.run(insert(schema.second_opinion).values(**opinion, text=pack(text), kept_at=clock.now()))


def opinions(tx: Transaction, item_id: str) -> tuple[SecondOpinion, ...]:
    """Return the second opinions on an item, oldest first."""
    table, member = schema.second_opinion, schema.member
    rows = tx.run(
        select(table, member.c.name)
        .join(member, member.c.id == table.c.member_id)
        .where(table.c.item_id == item_id)
        .order_by(table.c.kept_at)
    )
    return tuple(SecondOpinion(row.name, unpack(row.text), row.kept_at) for row in rows)


def _own(item_id: str, member_id: MemberId) -> ColumnElement[bool]:
    return (_copy.c.item_id == item_id) & (_copy.c.member_id == member_id)
