"""Content on its way to and from the database: the one place where text becomes stored bytes and back."""

import json
from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select

from reviewer.domain.items import IncomingDraft, ItemId, ModelInfo, Turn
from reviewer.storage import schema
from reviewer.storage.store import Transaction

_table = schema.content
_OF_ITEM = _table.c.item_id == bindparam("of_item")
_DRAFT = select(_table.c.draft, _table.c.recipient).where(_OF_ITEM)
_WHOLE = select(_table).where(_OF_ITEM)


def pack(text: str) -> bytes:
    """Return the bytes that are stored for `text`."""
    return text.encode("utf-8", "surrogatepass")  # half a pair may be typed and kept, though never sent


def unpack(stored: bytes) -> str:
    """Return the text that `stored` was made from."""
    return bytes(stored).decode("utf-8", "surrogatepass")


def add(tx: Transaction, drafts: Sequence[tuple[ItemId, IncomingDraft]]) -> None:
    """Store the content of new items."""
    rows = [
        {
            "item_id": item_id,
            "draft": pack(new.draft),
            "source": pack(_dump_turns(new.source)),
            "recipient": None if new.recipient is None else pack(new.recipient),
            "model": None if new.model is None else _dump_model(new.model),
        }
        for item_id, new in drafts
    ]
    tx.run(insert(_table), rows)


def draft(tx: Transaction, item_id: ItemId) -> tuple[str, str | None]:
    """Return the draft and the recipient of an item."""
    row = tx.run(_DRAFT, {"of_item": item_id}).one()
    return unpack(row.draft), None if row.recipient is None else unpack(row.recipient)


def whole(tx: Transaction, item_id: ItemId) -> tuple[str, tuple[Turn, ...], str | None, ModelInfo | None]:
    """Return draft, source, recipient and model of an item."""
    row = tx.run(_WHOLE, {"of_item": item_id}).one()
    recipient = None if row.recipient is None else unpack(row.recipient)
    return unpack(row.draft), _load_turns(unpack(row.source)), recipient, _load_model(row.model)


def _dump_turns(turns: tuple[Turn, ...]) -> str:
    return json.dumps([[t.speaker, t.text, t.start, t.end] for t in turns], ensure_ascii=False, separators=(",", ":"))


def _load_turns(stored: str) -> tuple[Turn, ...]:
    return tuple(Turn(*fields) for fields in json.loads(stored))


def _dump_model(model: ModelInfo) -> dict[str, str | None]:
    return {"name": model.name, "version": model.version, "prompt_version": model.prompt_version}


def _load_model(stored: dict[str, str] | None) -> ModelInfo | None:
    return None if stored is None else ModelInfo(**stored)
