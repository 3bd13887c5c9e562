"""Who may sign what: members, their keys and their roles, as the ledger's own entries say.

The first entry of a ledger makes the workspace; its founder signs it with the key that it names. From then on an admin
adds, changes and removes members, and every member may replace their own keys. A change names the last number of the
member's chain that stands under the old rule (`after`), so it holds whatever order entries of different chains take.
Generations of the workspace's key are here too, by fingerprint: nobody else can slip one in.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reviewer.domain.events import Action
from reviewer.domain.members import Role
from reviewer.ledger.canonical import Value

KEY_ACTIONS = frozenset(
    {
        Action.WORKSPACE_MADE,
        Action.MEMBER_ADDED,
        Action.MEMBER_CHANGED,
        Action.MEMBER_KEYS_CHANGED,
        Action.MEMBER_REMOVED,
        Action.WORKSPACE_KEY_MADE,
    }
)
_KEY_BYTES = 32


class RefusedChangeError(ValueError):
    """An entry that changes members or keys and may not."""


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """What holds for a member from `first` on in their chain."""

    first: int
    roles: frozenset[str]
    receive: bytes
    sign: bytes


@dataclass(frozen=True, slots=True)
class _Standing:
    spans: tuple[MemberKeys, ...]
    last: int | None = None  # the last number that counts, once removed


class Directory:
    """The members as of some entry; it grows with each that concerns them."""

    def __init__(self) -> None:
        self.founder: bytes | None = None
        self.generations: dict[int, str] = {}  # fingerprints of the workspace's keys
        self._members: dict[str, _Standing] = {}

    @property
    def members(self) -> dict[str, MemberKeys]:
        """Return the members who are not removed, as they are now."""
        return {member: each.spans[-1] for member, each in self._members.items() if each.last is None}

    def copy(self) -> "Directory":
        """Return a directory that grows on its own."""
        twin = Directory()
        twin.founder = self.founder
        twin.generations = dict(self.generations)
        twin._members = dict(self._members)
        return twin

    def at(self, member: str, number: int) -> MemberKeys | None:
        """Return what holds for the entry with that number in a member's chain; None where they may not sign it."""
        standing = self._members.get(member)
        if standing is None or (standing.last is not None and number > standing.last):
            return None
        return next((span for span in reversed(standing.spans) if span.first <= number), None)

    def signing_keys(self, member: str) -> tuple[bytes, ...]:
        """Return the keys, old ones too, that may have signed checkpoints for a member who is not removed."""
        standing = self._members.get(member)
        if standing is None or standing.last is not None:
            return ()
        return tuple(dict.fromkeys(span.sign for span in standing.spans))

    def found(self, fields: Mapping[str, Any]) -> None:
        """Take the entry that makes the workspace. Raises RefusedChangeError."""
        details: Mapping[str, Value] = fields.get("details", {})
        if fields["action"] != Action.WORKSPACE_MADE or fields["number"] != 1:
            raise RefusedChangeError("the ledger does not begin with the entry that makes the workspace")
        if details.get("member") != fields["actor"]:
            raise RefusedChangeError("the founder is not the one who signs")
        keys = MemberKeys(1, _roles(details), _key(details, "receive"), _key(details, "sign"))
        self.founder = keys.sign
        self._members[fields["actor"]] = _Standing((keys,))

    def change(self, fields: Mapping[str, Any], seen: Mapping[str, int]) -> None:
        """Take an entry that changes members or keys; `seen` holds how far each chain has come.

        Raises RefusedChangeError.
        """
        if fields["action"] == Action.WORKSPACE_MADE:
            raise RefusedChangeError("the workspace is made a second time")
        details: Mapping[str, Value] = fields.get("details", {})
        self._check_right(fields, details)
        if fields["action"] == Action.WORKSPACE_KEY_MADE:
            self._add_generation(details)
            return
        member = _text(details, "member")
        standing = self._members.get(member)
        if fields["action"] == Action.MEMBER_ADDED:
            if standing is not None:
                raise RefusedChangeError("the member is there already")
            keys = MemberKeys(1, _roles(details), _key(details, "receive"), _key(details, "sign"))
            self._members[member] = _Standing((keys,))
            return
        if standing is None or standing.last is not None:
            raise RefusedChangeError("there is no such member")
        self._members[member] = _changed(fields["action"], details, standing, seen.get(member, 0))

    def _check_right(self, fields: Mapping[str, Any], details: Mapping[str, Value]) -> None:
        signer = self.at(fields["actor"], fields["number"])
        if signer is not None and Role.ADMIN in signer.roles:
            return
        # The founder makes the first key whatever their roles are: somebody has to.
        is_first = fields["action"] == Action.WORKSPACE_KEY_MADE and not self.generations
        if signer is not None and is_first and signer.sign == self.founder:
            return
        own = fields["action"] == Action.MEMBER_KEYS_CHANGED and details.get("member") == fields["actor"]
        if not own or details.get("after") != fields["number"]:
            raise RefusedChangeError("only an admin may do this")

    def _add_generation(self, details: Mapping[str, Value]) -> None:
        generation, fingerprint = _number(details, "generation"), _text(details, "fingerprint")
        if generation != max(self.generations, default=0) + 1:
            raise RefusedChangeError("the generations of the workspace's key do not follow each other")
        self.generations[generation] = fingerprint


def encode_key(key: bytes) -> str:
    """Spell a public key as entries do."""
    return base64.b64encode(key).decode()


def _changed(action: str, details: Mapping[str, Value], standing: _Standing, seen: int) -> _Standing:
    after, newest = _number(details, "after"), standing.spans[-1]
    if after < max(seen, newest.first - 1):
        raise RefusedChangeError("it would change what the member has signed already")
    if action == Action.MEMBER_REMOVED:
        return replace(standing, last=after)
    if action == Action.MEMBER_CHANGED:
        span = replace(newest, first=after + 1, roles=_roles(details))
    else:
        span = replace(newest, first=after + 1, receive=_key(details, "receive"), sign=_key(details, "sign"))
    return replace(standing, spans=(*standing.spans, span))


def _roles(details: Mapping[str, Value]) -> frozenset[str]:
    roles = details.get("roles")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise RefusedChangeError("it names no roles")
    return frozenset(map(str, roles))


def _key(details: Mapping[str, Value], name: str) -> bytes:
    with_errors = _text(details, name)
    try:
        key = base64.b64decode(with_errors, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise RefusedChangeError("it holds no public key") from exc
    if len(key) != _KEY_BYTES:
        raise RefusedChangeError("it holds no public key")
    return key


def _text(details: Mapping[str, Value], name: str) -> str:
    text = details.get(name)
    if not isinstance(text, str) or not text:
        raise RefusedChangeError(f"its '{name}' is missing")
    return text


def _number(details: Mapping[str, Value], name: str) -> int:
    number = details.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise RefusedChangeError(f"its '{name}' is missing")
    return number
