"""One entry: who did what to which item, when, and what they saw, as canonical JSON signed by its actor.

What is signed is a fixed prefix and the entry's bytes; what is hashed, for the actor's chain and for the tree alike, is
the bytes and the signature. No content, name or number of a person stands in an entry: texts appear as digests keyed by
their conversation's data key.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reviewer.ledger import canonical
from reviewer.ledger.canonical import NotCanonicalError, Value
from reviewer.ledger.merkle import leaf_hash

FORMAT = 1
SIGNATURE_BYTES = 64
MOST_BYTES = 64 * 1024
# Begins with a byte that no checkpoint and no text begins with, so that no signature serves two purposes.
_PURPOSE = b"\x00reviewer ledger entry 1\x00"
_NAMES = ("workspace", "actor", "desk", "action")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class MalformedEntryError(ValueError):
    """Bytes that are no entry."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest entry of an actor's chain: its number in the chain and its hash in hex."""

    number: int
    hash: str


START = ChainHead(0, "0" * 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an entry says; absent is not the same as empty, so what does not apply is None.

    `before`, `after` and `input` hold keyed digests; `details` whatever else the action needs, never content.
    """

    workspace: str
    actor: str
    number: int  # in the actor's chain, from 1
    previous: str
    at: datetime  # the database's
    desk: str
    action: str
    object: str | None = None  # the item, or whatever else it was done to
    before: Mapping[str, str] | None = None
    after: Mapping[str, str] | None = None
    model: Mapping[str, Value] | None = None  # feature, name, version, prompt_version
    input: str | None = None  # of the PII-tokenised text that the model was given
    verdict: str | None = None
    meaning: str | None = None
    consent: Mapping[str, Value] | None = None
    details: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def read(cls, body: bytes) -> "Entry":
        """Return what an entry's bytes say. Raises MalformedEntryError."""
        fields = parse(body)
        known = {name: fields[name] for name in _OPTIONAL if name in fields}
        return cls(
            **{name: fields[name] for name in (*_NAMES, "number", "previous")},
            at=datetime.fromisoformat(fields["at"]),
            **known,
        )

    def body(self) -> bytes:
        """Return the bytes to sign. Raises ValueError for what an entry cannot hold."""
        if self.at.tzinfo is None:
            raise ValueError("a naive instant cannot be recorded")
        fields: dict[str, Value] = {name: getattr(self, name) for name in (*_NAMES, "number", "previous")}
        given = {name: getattr(self, name) for name in _OPTIONAL}
        fields |= {name: value for name, value in given.items() if value is not None and value != {}}
        fields |= {"format": FORMAT, "at": instant(self.at)}
        body = canonical.dumps(fields)
        parse(body)
        return body

    def sign(self, sign: Callable[[bytes], bytes]) -> "SignedEntry":
        """Return the entry with its actor's signature."""
        body = self.body()
        return SignedEntry(body, sign(message(body)))


_OPTIONAL = ("object", "before", "after", "model", "input", "verdict", "meaning", "consent", "details")


@dataclass(frozen=True, slots=True)
class Listed:
    """How a database lists an entry beside its bytes: for finding it, and therefore to be compared with them."""

    position: int
    actor: str
    number: int
    at: datetime
    action: str
    object: str | None
    hash: bytes

    def fits(self, position: int, fields: Mapping[str, Any], leaf: bytes) -> bool:
        """Tell whether this is what the bytes at that position say."""
        said = (fields["actor"], fields["number"], fields["at"], fields["action"], fields.get("object"), leaf, position)
        listed = (self.actor, self.number, instant(self.at), self.action, self.object, self.hash, self.position)
        return said == listed


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """An entry as it is stored: the signed bytes and the Ed25519 signature; `listed` where a database lists it."""

    body: bytes
    signature: bytes
    listed: Listed | None = field(default=None, compare=False)

    @property
    def hash(self) -> bytes:
        """Return the leaf in the tree, which is also what the actor's next entry names as its previous."""
        return leaf_hash(self.body + self.signature)


def message(body: bytes) -> bytes:
    """Return what is signed for an entry."""
    return _PURPOSE + body


def instant(at: datetime) -> str:
    """Spell an instant as entries and checkpoints do: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(untrusted_body: bytes) -> dict[str, Any]:
    """Return the fields of an entry whose required ones have their right form. Raises MalformedEntryError."""
    if len(untrusted_body) > MOST_BYTES:
        raise MalformedEntryError("it is too long")
    try:
        fields = canonical.loads(untrusted_body)
    except NotCanonicalError as exc:
        raise MalformedEntryError("its bytes are not canonical JSON") from exc
    if not isinstance(fields, dict) or fields.get("format") != FORMAT or isinstance(fields["format"], bool):
        raise MalformedEntryError("it has no format that this version knows")
    for name in _NAMES:
        text = fields.get(name)
        if not isinstance(text, str) or not text:
            raise MalformedEntryError(f"its field '{name}' is missing or not text")
    number, previous, at = fields.get("number"), fields.get("previous"), fields.get("at")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise MalformedEntryError("it has no number")
    if not isinstance(previous, str) or not _HASH.fullmatch(previous):
        raise MalformedEntryError("it names no previous entry")
    if not isinstance(at, str) or not _INSTANT.fullmatch(at):
        raise MalformedEntryError("it has no time")
    if not isinstance(fields.get("details", {}), dict):
        raise MalformedEntryError("its details are not an object")
    return fields
