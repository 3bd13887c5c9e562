"""Content on its way to and from the database: the one place where text becomes stored bytes and back."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, insert, select, update

from reviewer.domain.errors import SealBrokenError
from reviewer.domain.items import IncomingDraft, ItemId, ModelInfo, Turn
from reviewer.ledger.canonical import Value
from reviewer.storage import keys, schema
from reviewer.storage.store import Transaction

_table = schema.content
_OF_ITEM = _table.c.item_id == bindparam("of_item")
_DRAFT = select(_table.c.draft, _table.c.recipient).where(_OF_ITEM)


class Content(NamedTuple):
    """What was drafted, from what, for whom and by which model; it never changes."""

    draft: str
    source: tuple[Turn, ...]
    recipient: str | None
    model: ModelInfo | None


def add(tx: Transaction, drafts: Sequence[tuple[ItemId, IncomingDraft]]) -> None:
    """Store the content of new items, each sealed under a data key of its own."""
    keys.make(tx, [item_id for item_id, _ in drafts])
    tx.run(insert(_table), [_row(tx, item_id, new) for item_id, new in drafts])


def draft(tx: Transaction, item_id: ItemId) -> tuple[str, str | None]:
    """Return the draft and the recipient of an item."""
    row = tx.run(_DRAFT, {"of_item": item_id}).one()
    return _unseal(tx, item_id, "draft", row.draft), _recipient(tx, item_id, row.recipient)


def read(tx: Transaction, item_id: ItemId, row: Row[Any]) -> Content:
    """Return everything that was drafted from the row that holds it. Raises SealBrokenError where it cannot be read."""
    source = _unseal(tx, item_id, "source", row.source)
    try:
        return Content(
            _unseal(tx, item_id, "draft", row.draft),
            _load_turns(source),
            _recipient(tx, item_id, row.recipient),
            _load_model(row.model),
        )
    except (TypeError, ValueError, KeyError, AttributeError) as exc:
        raise SealBrokenError("This item's content has no form that this program reads.") from exc


def dump_model(model: ModelInfo | None) -> dict[str, Value] | None:
    """Return what the ledger says of the model that wrote a draft."""
    return None if model is None else _dump_model(model)


def model_of(new: IncomingDraft) -> dict[str, Value] | None:
    """Return the same of a draft on its way in."""
    return dump_model(new.model)


def drop(tx: Transaction, item_id: ItemId) -> None:
    """Overwrite the content of an item that is erased."""
    tx.run(update(_table).where(_table.c.item_id == item_id).values(draft=b"", source=b"", recipient=None))


def _row(tx: Transaction, item_id: ItemId, new: IncomingDraft) -> dict[str, object]:
    return {
        "item_id": item_id,
        "draft": _seal(tx, item_id, "draft", new.draft),
        "source": _seal(tx, item_id, "source", _dump_turns(new.source)),
        "recipient": None if new.recipient is None else _seal(tx, item_id, "recipient", new.recipient),
        "model": dump_model(new.model),
    }


def _seal(tx: Transaction, item_id: ItemId, column: str, text: str) -> bytes:
    return keys.seal(tx, item_id, (_table.name, item_id, column), text)


def _unseal(tx: Transaction, item_id: ItemId, column: str, stored: bytes) -> str:
    return keys.unseal(tx, item_id, (_table.name, item_id, column), stored)


def _recipient(tx: Transaction, item_id: ItemId, stored: bytes | None) -> str | None:
    return None if stored is None else _unseal(tx, item_id, "recipient", stored)


def _dump_turns(turns: tuple[Turn, ...]) -> str:
    return json.dumps([[t.speaker, t.text, t.start, t.end] for t in turns], ensure_ascii=False, separators=(",", ":"))


def _load_turns(stored: str) -> tuple[Turn, ...]:
    return tuple(Turn(*fields) for fields in json.loads(stored))


def _dump_model(model: ModelInfo) -> dict[str, Value]:
    return {"name": model.name, "version": model.version, "prompt_version": model.prompt_version}


def _load_model(stored: dict[str, str] | None) -> ModelInfo | None:
    return None if stored is None else ModelInfo(**stored)
