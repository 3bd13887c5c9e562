"""What is asked of an item each time it is opened or decided: one question.

Guarantee: what most items do not have (texts of colleagues, notes, policies of the workspace) is only told to be there,
so that nobody asks for it in vain.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, select

from reviewer.domain.decisions import Verdict
from reviewer.domain.errors import NotFoundError
from reviewer.domain.items import ItemHead, ItemId
from reviewer.domain.members import WorkspaceId
from reviewer.storage import contents, items, keys, schema
from reviewer.storage.contents import Content
from reviewer.storage.store import Transaction

_item, _content, _key = schema.item, schema.content, schema.data_key
_copy, _opinion, _decision = schema.working_copy, schema.second_opinion, schema.decision
_contact, _list, _off = schema.business_contact, schema.list_key, schema.rule_off


def _there(name: str, which: ColumnElement[bool], column: ColumnElement[str]) -> ColumnElement[bool]:
    return select(column).where(which).correlate(_item).exists().label(name)


_OPEN = (
    select(
        _item,
        schema.route.c.escalated,
        _content.c.draft,
        _content.c.source,
        _content.c.recipient,
        _content.c.model,
        _key.c.key_id,
        _key.c.generation,
        _key.c.wrapped,
        _there("copies", _copy.c.item_id == _item.c.id, _copy.c.item_id),
        _there("opinions", _opinion.c.item_id == _item.c.id, _opinion.c.id),
        _there(
            "passed_on",
            and_(
                _decision.c.item_id == _item.c.id,
                _decision.c.verdict.in_([verdict.value for verdict in Verdict if verdict.passes_on]),
            ),
            _decision.c.id,
        ),
        _there("contacts", _contact.c.workspace_id == _item.c.workspace_id, _contact.c.contact),
        _there("lists", _list.c.workspace_id == _item.c.workspace_id, _list.c.name),
        _there("off", (_off.c.workspace_id == _item.c.workspace_id) & (_off.c.kind == _item.c.kind), _off.c.rule),
    )
    .join(schema.route, schema.route.c.id == _item.c.route_id)
    .join(_content, _content.c.item_id == _item.c.id)
    .outerjoin(_key, _key.c.item_id == _item.c.id)
    .where(_item.c.id == bindparam("of_item"), _item.c.workspace_id == bindparam("workspace"))
)


@dataclass(frozen=True, slots=True)
class Opened:
    """An item and what was drafted; `has_` tells what there may be beside it."""

    head: ItemHead
    content: Content
    escalated: bool
    has_copies: bool
    has_opinions: bool
    has_passed_on: bool
    has_contacts: bool
    has_lists: bool
    has_rules_off: bool


def opened(tx: Transaction, workspace_id: WorkspaceId, item_id: ItemId) -> Opened:
    """Return an item that may be read. Raises NotFoundError, or ErasedError where its key was destroyed."""
    row = tx.run(_OPEN, {"of_item": item_id, "workspace": workspace_id}).one_or_none()
    if row is None:
        raise NotFoundError(items.UNKNOWN)
    keys.take(tx, item_id, None if row.wrapped is None else row)
    return Opened(
        head=items.head(row),
        content=contents.read(tx, item_id, row),
        escalated=row.escalated,
        has_copies=row.copies,
        has_opinions=row.opinions,
        has_passed_on=row.passed_on,
        has_contacts=row.contacts,
        has_lists=row.lists,
        has_rules_off=row.off,
    )
