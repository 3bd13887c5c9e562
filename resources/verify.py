#!/usr/bin/env python3
"""Verify an exported ledger of the review desk, or one receipt, without the review desk.

Needs Python 3.9 or newer and `cryptography` (pip install cryptography), and nothing else: no network, no database.

    python verify.py                     the export in the folder that this file lies in
    python verify.py FOLDER              an export: entries.jsonl, keys.json, checkpoints.jsonl
    python verify.py --receipt FILE      one entry with the proof that it is in the ledger
      --founder HEX                      the founder's public key, as it was shown when the workspace was made
      --checkpoint FILE                  a checkpoint kept elsewhere, which the ledger must contain (repeatable)
      --json                             the result as JSON

Exit code 0: everything holds. 6: something is wrong; which entry, by its line in entries.jsonl, and why. 2: wrong call.
An entry that its actor did not sign proves nothing, and is chained like any other: unless it says who may sign, the
rest is verified all the same. "flawed" lists such lines, and "rest_holds" tells whether everything else does.

What is checked, for a whole ledger: every entry is canonical JSON (RFC 8785) and carries the Ed25519 signature of the
member it names; that member, their key and their role come from earlier entries of the same ledger, the first of which
the founder signed; every actor's entries are numbered without gaps and each names the hash of the one before; the
Merkle tree (RFC 6962) over the entries has the root that each checkpoint states, and each checkpoint is signed by a
member (https://c2sp.org/tlog-checkpoint).

What cannot be seen from the files alone: a ledger cut off at the end together with its checkpoints, and one made up as
a whole. Pass --checkpoint and --founder from another source for that. A part of a ledger, and a receipt, prove the
entries they hold; they cannot show that a member was not removed by an entry that was left out.

This is a second implementation on purpose: it shares no code with the program that wrote the ledger.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH = re.compile(r"[0-9a-f]{64}\Z")
TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z\Z")
UNSIGNED = "its signature is not its actor's"
KEY_ACTIONS = (
    "workspace_made",
    "member_added",
    "member_changed",
    "member_keys_changed",
    "member_removed",
    "workspace_key_made",
)
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
ESCAPES.update({chr(code): f"\\u{code:04x}" for code in range(32) if chr(code) not in ESCAPES})
ESCAPED = re.compile('["\\\\\x00-\x1f]')
# Encodings of points of small order: a signature under such a key fits many messages.
WEAK_KEYS = (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)


class Broken(Exception):  # noqa: N818 - it is the finding, not an error of this program
    """Something does not hold; `line` is the entry's line in the export, if it is about one.

    `flawed` are the lines that their actors did not sign; `rest_holds` where that is all that is wrong.
    """

    def __init__(
        self, why: str, line: int | None = None, flawed: Iterable[int] = (), *, rest_holds: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.flawed = list(flawed)[:100]
        self.rest_holds = rest_holds


# Canonical JSON


def canonical(value: Any) -> str:
    """Spell a value as RFC 8785 does."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return '"' + ESCAPED.sub(lambda found: ESCAPES[found[0]], value) + '"'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"


def whole_number(digits: str) -> int:
    """Read a number; beyond 2^53 not every program would read the same."""
    if len(digits) > 17 or abs(int(digits)) >= 2**53:
        raise ValueError("a number is too large")
    return int(digits)


def no_number(text: str) -> None:
    """Refuse a fraction, an exponent, NaN or infinity."""
    raise ValueError(f"{text[:20]} is not a whole number")


def read_entry(body: str) -> dict[str, Any]:
    """Return the fields of an entry, of which every required one is there."""
    try:
        fields = json.loads(body, parse_int=whole_number, parse_float=no_number, parse_constant=no_number)
        same = canonical(fields).encode() == body.encode()
    except (ValueError, RecursionError):
        same = False
    if not same or not isinstance(fields, dict):
        raise Broken("it is not canonical JSON")
    if len(body.encode()) > 65536:
        raise Broken("it is too long")
    if type(fields.get("format")) is not int or fields["format"] != 1:
        raise Broken("it has a format that this verifier does not know")
    for name in ("workspace", "actor", "desk", "action"):
        if type(fields.get(name)) is not str or fields[name] == "":
            raise Broken(f"its {name} is missing")
    if type(fields.get("number")) is not int or fields["number"] <= 0:
        raise Broken("its number is missing")
    if type(fields.get("previous")) is not str or HASH.match(fields["previous"]) is None:
        raise Broken("its previous hash is missing")
    if type(fields.get("at")) is not str or TIME.match(fields["at"]) is None:
        raise Broken("its time is missing")
    if type(fields.get("details", {})) is not dict:
        raise Broken("its details are not an object")
    return fields


# Signatures


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the signature over the message is the key's."""
    plain = key[:31] + bytes([key[31] & 127])
    if plain.hex() in WEAK_KEYS:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def signed_message(body: str) -> bytes:
    """Return what the actor of an entry signed."""
    return b"\x00reviewer ledger entry 1\x00" + body.encode()


# The Merkle tree


def sha256(*parts: bytes) -> bytes:
    """Hash the parts one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_of(body: str, signature: bytes) -> bytes:
    """Return the hash of an entry: of its bytes with its signature."""
    return sha256(b"\x00", body.encode(), signature)


def left_part(size: int) -> int:
    """Return how many leaves of a tree of this size are in its left half: the largest power of two below."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


class Leaves:
    """The leaves so far, and the roots of complete subtrees as they are needed."""

    def __init__(self, leaves: Iterable[bytes] = (), known: dict[tuple[int, int], bytes] | None = None) -> None:
        self.list = list(leaves)
        self.known = {} if known is None else dict(known)

    def root(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from start to end, by the definition in RFC 6962, 2.1."""
        size = end - start
        if size == 1:
            return self.list[start]
        found = self.known.get((start, end))
        if found is None:
            middle = start + left_part(size)
            found = sha256(b"\x01", self.root(start, middle), self.root(middle, end))
            if size == left_part(size) * 2:  # complete: it never changes
                self.known[start, end] = found
        return found


def climbed(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """Return the root that a proof leads to from a leaf."""
    if size == 1:
        if proof:
            raise Broken("its proof is too long")
        return leaf
    if not proof:
        raise Broken("its proof is too short")
    left = left_part(size)
    if index < left:
        return sha256(b"\x01", climbed(leaf, index, left, proof[:-1]), proof[-1])
    return sha256(b"\x01", proof[-1], climbed(leaf, index - left, size - left, proof[:-1]))


# Checkpoints


class Checkpoint:
    """A signed note of the size and root of the tree."""

    def __init__(self, note: str) -> None:
        text, gap, signature_line = note.partition("\n\n")
        lines = text.split("\n")
        parts = signature_line.split(" ")
        if not gap or len(lines) != 4 or len(parts) != 3 or parts[0] != "—" or not parts[2].endswith("\n"):
            raise Broken("a checkpoint is damaged")
        origin, slash, self.workspace = lines[0].partition("/")
        word, _, self.time = lines[3].partition(" ")
        if (origin, slash, word) != ("reviewer.ledger", "/", "time") or TIME.match(self.time) is None:
            raise Broken("a checkpoint is damaged")
        if re.match(r"[1-9][0-9]{0,15}\Z", lines[1]) is None or not self.workspace or not parts[1]:
            raise Broken("a checkpoint is damaged")
        self.size = int(lines[1])
        self.root = unbase64(lines[2], 32, "a checkpoint is damaged")
        self.signer = parts[1]
        signed = unbase64(parts[2][:-1], 68, "a checkpoint is damaged")
        self.hint, self.signature = signed[:4], signed[4:]
        self.message = (text + "\n").encode()

    def is_signed_by(self, keys: Iterable[bytes]) -> bool:
        """Tell whether one of the keys signed it."""
        return any(
            sha256(self.signer.encode(), b"\n\x01", key)[:4] == self.hint
            and is_signed(key, self.message, self.signature)
            for key in keys
        )


def unbase64(text: Any, size: int, why: str) -> bytes:
    """Return the bytes that this is the one spelling of."""
    try:
        found = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Broken(why) from None
    if len(found) != size or base64.b64encode(found).decode() != text:
        raise Broken(why)
    return found


# Members


class Members:
    """Who may sign what, as the entries so far say."""

    def __init__(self) -> None:
        self.founder: bytes | None = None
        self.rules: dict[str, list[tuple[int, list[str], bytes]]] = {}  # from number on: roles and key
        self.removed_after: dict[str, int] = {}
        self.generations = 0

    def copy(self) -> Members:
        """Return members that change on their own."""
        twin = Members()
        twin.founder, twin.generations = self.founder, self.generations
        twin.rules = {member: list(rules) for member, rules in self.rules.items()}
        twin.removed_after = dict(self.removed_after)
        return twin

    def rule(self, member: str, number: int) -> tuple[int, list[str], bytes]:
        """Return what holds for an entry with this number in a member's chain."""
        if member in self.removed_after and number > self.removed_after[member]:
            raise Broken("its actor was removed before")
        standing = [rule for rule in self.rules.get(member, ()) if rule[0] <= number]
        if not standing:
            raise Broken("its actor is not a member")
        return standing[-1]

    def checkpoint_keys(self, member: str) -> list[bytes]:
        """Return the keys that may have signed a member's checkpoints."""
        return [] if member in self.removed_after else [key for _, _, key in self.rules.get(member, ())]

    def take(self, fields: dict[str, Any], seen: Callable[[str], int], *, first: bool) -> None:
        """Let an entry that is about members or keys take effect."""
        details, action = fields.get("details", {}), fields["action"]
        if first:
            if action != "workspace_made" or fields["number"] != 1 or details.get("member") != fields["actor"]:
                raise Broken("the ledger does not begin with its founder's entry")
            self.founder = key_in(details, "sign")
        elif action == "workspace_made":
            raise Broken("a second entry makes the workspace")
        else:
            self.check_right(fields, details)
        if action == "workspace_key_made":
            if number_in(details, "generation") != self.generations + 1 or not text_in(details, "fingerprint"):
                raise Broken("a generation of the workspace's key is missing or made twice")
            self.generations += 1
            return
        self.take_member(action, details, text_in(details, "member"), seen)

    def take_member(self, action: str, details: dict[str, Any], member: str, seen: Callable[[str], int]) -> None:
        """Let an entry about one member take effect."""
        if action in ("workspace_made", "member_added"):
            if member in self.rules:
                raise Broken("the member it adds is there already")
            key_in(details, "receive")
            self.rules[member] = [(1, roles_in(details), key_in(details, "sign"))]
            return
        if member not in self.rules or member in self.removed_after:
            raise Broken("the member it changes is not there")
        after, (first, roles, key) = number_in(details, "after"), self.rules[member][-1]
        if after < seen(member) or after < first - 1:
            raise Broken("it would change what the member has signed already")
        if action == "member_removed":
            self.removed_after[member] = after
        elif action == "member_changed":
            self.rules[member].append((after + 1, roles_in(details), key))
        else:
            key_in(details, "receive")
            self.rules[member].append((after + 1, roles, key_in(details, "sign")))

    def check_right(self, fields: dict[str, Any], details: dict[str, Any]) -> None:
        """Only an admin changes members; everybody may replace their own keys, from their next entry on."""
        _, roles, key = self.rule(fields["actor"], fields["number"])
        own = fields["action"] == "member_keys_changed" and details.get("member") == fields["actor"]
        if fields["action"] == "workspace_key_made" and self.generations == 0 and key == self.founder:
            return  # whatever the founder's roles are: somebody has to make the first key
        if "admin" not in roles and not (own and details.get("after") == fields["number"]):
            raise Broken("its actor is no admin")


def text_in(details: dict[str, Any], name: str) -> str:
    """Return a text that has to be in an entry's details."""
    if type(details.get(name)) is not str or details[name] == "":
        raise Broken(f"its {name} is missing")
    return str(details[name])


def number_in(details: dict[str, Any], name: str) -> int:
    """Return a number that has to be in an entry's details."""
    if type(details.get(name)) is not int or details[name] < 0:
        raise Broken(f"its {name} is missing")
    return int(details[name])


def roles_in(details: dict[str, Any]) -> list[str]:
    """Return the roles that have to be in an entry's details."""
    roles = details.get("roles")
    if type(roles) is not list or not all(type(role) is str for role in roles):
        raise Broken("its roles are missing")
    return list(roles)


def key_in(details: dict[str, Any], name: str) -> bytes:
    """Return a public key that has to be in an entry's details."""
    text = text_in(details, name)
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        raise Broken("its public key is damaged") from None
    if len(key) != 32:
        raise Broken("its public key is damaged")
    return key


# The whole ledger


class Ledger:
    """What is known after some entries."""

    def __init__(self) -> None:
        self.workspace: str | None = None
        self.members = Members()
        self.chains: dict[str, tuple[int, str]] = {}
        self.leaves = Leaves()
        self.flawed: list[int] = []  # lines whose signature is not their actor's
        self.unsigned: str | None = None  # the time of a checkpoint that no member signed

    def copy(self) -> Ledger:
        """Return a ledger that goes on by itself from here."""
        twin = Ledger()
        twin.flawed, twin.unsigned = list(self.flawed), self.unsigned
        twin.workspace, twin.members, twin.chains = self.workspace, self.members.copy(), dict(self.chains)
        twin.leaves = Leaves(self.leaves.list, self.leaves.known)
        return twin

    def add(self, body: str, signature: bytes) -> None:
        """Take the next entry; raises Broken where it does not fit."""
        fields = read_entry(body)
        actor, number, first = fields["actor"], fields["number"], self.workspace is None
        if first:
            self.workspace = fields["workspace"]
        elif fields["workspace"] != self.workspace:
            raise Broken("it belongs to another workspace")
        members = self.members
        if first:
            members.take(fields, lambda _: 0, first=True)
        key = members.rule(actor, number)[2]
        if not is_signed(key, signed_message(body), signature):
            if fields["action"] in KEY_ACTIONS:
                raise Broken(UNSIGNED)
            self.flawed.append(len(self.leaves.list) + 1)
        at, newest = self.chains.get(actor, (0, "0" * 64))
        if number != at + 1:
            raise Broken(f"its actor's chain goes on with number {at + 1}, not with {number}")
        if fields["previous"] != newest:
            raise Broken("its actor's previous entry is not the one it was chained to")
        leaf = leaf_of(body, signature)
        self.chains[actor] = (number, leaf.hex())
        self.leaves.list.append(leaf)
        if fields["action"] in KEY_ACTIONS and not first:
            members.take(fields, lambda member: self.chains.get(member, (0, ""))[0], first=False)

    def vouches(self, checkpoint: Checkpoint) -> bool:
        """Tell whether a member signed a checkpoint of this workspace: another says nothing about any entry."""
        signers = self.members.checkpoint_keys(checkpoint.signer)
        return checkpoint.workspace == self.workspace and checkpoint.is_signed_by(signers)

    def compare(self, checkpoint: Checkpoint, anchored: int) -> None:
        """Compare the tree with a checkpoint of its size."""
        if self.leaves.root(0, checkpoint.size) != checkpoint.root:
            first = min(anchored + 1, checkpoint.size)
            raise Broken(
                f"one of the entries {first} to {checkpoint.size} is not what it was at {checkpoint.time}", first
            )


def verify_whole(entries: Iterable[tuple[str, bytes]], checkpoints: Iterable[Checkpoint]) -> Ledger:
    """Verify a whole ledger; raises Broken with the line of the first entry that is wrong."""
    ledger = Ledger()
    try:
        chain_whole(ledger, entries, sorted(checkpoints, key=lambda each: each.size, reverse=True))
    except Broken:
        if ledger.flawed:  # which all come before what stopped it, or are the cause
            raise Broken(UNSIGNED, ledger.flawed[0], ledger.flawed) from None
        raise
    if ledger.flawed:
        raise Broken(UNSIGNED, ledger.flawed[0], ledger.flawed, rest_holds=True)
    if ledger.unsigned is not None:
        raise Broken(f"the checkpoint of {ledger.unsigned} is not signed by a member", rest_holds=True)
    return ledger


def chain_whole(ledger: Ledger, entries: Iterable[tuple[str, bytes]], waiting: list[Checkpoint]) -> None:
    """Take every entry, and compare with the checkpoints, which wait with the smallest last."""
    anchored, line = 0, 0
    for line, (body, signature) in enumerate(entries, 1):
        try:
            ledger.add(body, signature)
        except Broken as broken:
            raise Broken(broken.why, line) from None
        while waiting and waiting[-1].size == line:
            checkpoint = waiting.pop()
            if ledger.vouches(checkpoint):
                ledger.compare(checkpoint, anchored)
                anchored = line
            else:
                ledger.unsigned = checkpoint.time
    if line == 0:
        raise Broken("the ledger is empty", 1)
    if waiting:
        raise Broken(f"entries {line + 1} to {waiting[0].size} are missing", line + 1)


def verify_apart(
    keys: list[dict[str, Any]], entries: Iterable[dict[str, Any]], checkpoint: Checkpoint
) -> tuple[Ledger, int]:
    """Verify single entries, each by its proof; returns what is known of the members, and how many entries."""
    ledger, number = Ledger(), 0
    for line in keys:
        with_place(line, lambda line: take_key_entry(ledger, line, checkpoint))
    for line in entries:
        with_place(line, lambda line: check_apart(ledger, line, checkpoint))
        number += 1
    if not ledger.vouches(checkpoint):
        raise Broken("the checkpoint is not signed by a member")
    return ledger, number


def with_place(line: dict[str, Any], check: Callable[[dict[str, Any]], None]) -> None:
    """Run a check and say which entry it failed for."""
    try:
        check(line)
    except Broken as broken:
        raise Broken(broken.why, line["position"]) from None


def take_key_entry(ledger: Ledger, line: dict[str, Any], checkpoint: Checkpoint) -> None:
    """Let an entry that says who may sign take effect."""
    fields, first = read_entry(line["entry"]), ledger.workspace is None
    if first:
        if line["position"] != 1:
            raise Broken("the founder's entry is missing")
        ledger.workspace = fields["workspace"]
    if fields["action"] not in KEY_ACTIONS:
        raise Broken("it does not say who may sign")
    ledger.members.take(fields, lambda _: 0, first=first)
    check_apart(ledger, line, checkpoint)


def check_apart(ledger: Ledger, line: dict[str, Any], checkpoint: Checkpoint) -> None:
    """Check one entry by its signature and its proof."""
    fields = read_entry(line["entry"])
    signature = unbase64(line["signature"], 64, "its signature is damaged")
    if fields["workspace"] != ledger.workspace:
        raise Broken("it belongs to another workspace")
    key = ledger.members.rule(fields["actor"], fields["number"])[2]
    if not is_signed(key, signed_message(line["entry"]), signature):
        raise Broken(UNSIGNED)
    if "proof" not in line or not 1 <= line["position"] <= checkpoint.size:
        raise Broken("its proof is missing")
    leaf = leaf_of(line["entry"], signature)
    if climbed(leaf, line["position"] - 1, checkpoint.size, line["proof"]) != checkpoint.root:
        raise Broken("it is not in the tree of the checkpoint")


# Files


def read_line(line: Any) -> dict[str, Any]:
    """Return an entry as it stands in a file, its proof as bytes."""
    names = {"position": int, "entry": str, "signature": str}
    if type(line) is not dict or not set(names) <= set(line) <= {*names, "proof"}:
        raise Broken("a line is no entry")
    if any(type(line[name]) is not kind for name, kind in names.items()):
        raise Broken("a line is no entry")
    if "proof" not in line:
        return line
    if type(line["proof"]) is not list or not all(type(s) is str and HASH.match(s) for s in line["proof"]):
        raise Broken("a proof is damaged", line["position"])
    return {**line, "proof": [bytes.fromhex(step) for step in line["proof"]]}


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Read entries.jsonl."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for number, text in enumerate(file, 1):
            try:
                found = json.loads(text)
                same = json.dumps(found, ensure_ascii=False) + "\n" == text
            except (ValueError, RecursionError):
                same = False
            if not same:
                raise Broken("the line is damaged", number)
            try:
                yield read_line(found)
            except Broken as broken:
                raise Broken(broken.why, number) from None


def read_json(text: str, what: str) -> Any:
    """Read a JSON file."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Broken(f"{what} is damaged") from None


def read_checkpoints(path: Path) -> list[Checkpoint]:
    """Read checkpoints.jsonl."""
    *lines, end = path.read_bytes().decode().split("\n")
    notes = [read_json(line, "a checkpoint") for line in lines]
    if end or not all(type(note) is str for note in notes):
        raise Broken("a checkpoint is damaged")
    return [Checkpoint(note) for note in notes]


def placed_in_order(lines: Iterable[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """Yield entries whose positions are those of their lines."""
    for number, line in enumerate(lines, 1):
        if line["position"] != number:
            raise Broken(f"the line says that it is entry {line['position']}", number)
        try:
            signature = unbase64(line["signature"], 64, "its signature is damaged")
        except Broken as broken:
            raise Broken(broken.why, number) from None
        yield line["entry"], signature


def compare_keys(keys: list[dict[str, Any]], lines: Iterable[dict[str, Any]]) -> None:
    """Check that keys.json holds the very entries about members and keys that the ledger does."""
    left = {key["position"]: key for key in keys}
    for line in lines:
        if read_entry(line["entry"])["action"] in KEY_ACTIONS and left.pop(line["position"], None) != line:
            raise Broken("keys.json says something else", line["position"])
    if left:
        raise Broken("keys.json holds an entry that the ledger does not", min(left))


def verify_folder(folder: Path, kept: list[Checkpoint]) -> dict[str, Any]:
    """Verify an export."""
    about_keys = read_json((folder / "keys.json").read_text("utf-8"), "keys.json")
    if type(about_keys) is not dict or set(about_keys) != {"format", "part_of", "keys"}:
        raise Broken("keys.json is damaged")
    if about_keys["format"] != 1 or type(about_keys["keys"]) is not list:
        raise Broken("keys.json is damaged")
    keys = [read_line(line) for line in about_keys["keys"]]
    checkpoints = read_checkpoints(folder / "checkpoints.jsonl") + kept
    entries = folder / "entries.jsonl"
    if about_keys["part_of"] is None:
        ledger = verify_whole(placed_in_order(lines_of(entries)), checkpoints)
        compare_keys(keys, lines_of(entries))
        size = len(ledger.leaves.list)
        return found_good(ledger, size, {"size": size, "root": ledger.leaves.root(0, size).hex()})
    if len(checkpoints) != 1:
        raise Broken("a part of a ledger comes with one checkpoint, and cannot be compared with others")
    if about_keys["part_of"] != checkpoints[0].size:
        raise Broken("keys.json names another size of the ledger than the checkpoint")
    ledger, number = verify_apart(keys, lines_of(entries), checkpoints[0])
    head = {"size": checkpoints[0].size, "root": checkpoints[0].root.hex()}
    return {**found_good(ledger, number, head), "part_of": checkpoints[0].size}


def verify_receipt(path: Path) -> dict[str, Any]:
    """Verify one entry and its proof."""
    receipt = read_json(path.read_text("utf-8"), "the receipt")
    if type(receipt) is not dict or receipt.get("format") != 1 or type(receipt.get("keys")) is not list:
        raise Broken("the receipt is damaged")
    if type(receipt.get("checkpoint")) is not str:
        raise Broken("the receipt has no checkpoint")
    checkpoint, line = Checkpoint(receipt["checkpoint"]), read_line(receipt.get("receipt"))
    ledger, _ = verify_apart([read_line(key) for key in receipt["keys"]], [line], checkpoint)
    head = {"size": checkpoint.size, "root": checkpoint.root.hex()}
    return {**found_good(ledger, 1, head), "position": line["position"], "entry": json.loads(line["entry"])}


def found_good(ledger: Ledger, entries: int, head: dict[str, Any]) -> dict[str, Any]:
    """Return the result where everything holds."""
    founder = None if ledger.members.founder is None else ledger.members.founder.hex()
    return {"ok": True, "entries": entries, "head": head, "workspace": ledger.workspace, "founder": founder}


def describe(found: dict[str, Any]) -> str:
    """Say the result in words."""
    if not found["ok"]:
        where = "" if found.get("first_bad") is None else f"Entry {found['first_bad']}: "
        rest = "\nEverything else holds." if found.get("rest_holds") else ""
        others = len(found.get("flawed", ())) - 1
        more = f" So are {others} others." if rest and others > 0 else ""
        return f"BROKEN. {where}{found['why']}.{more}{rest}"
    founder = f"Founder's key: {found['founder']}. Compare it with the one shown when the workspace was made."
    if "entry" in found:
        entry = found["entry"]
        said = f"{entry['actor']} recorded '{entry['action']}' on {entry.get('object', 'nothing')} at {entry['at']}"
        return f"Good. Entry {found['position']} of {found['head']['size']}: {said}.\n{founder}"
    part = f", a part of a ledger of {found['part_of']}" if "part_of" in found else ""
    return f"Good. Entries: {found['entries']}{part}. Root: {found['head']['root']}.\n{founder}"


def main(arguments: list[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description="Verify an exported ledger of the review desk, or one receipt.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--receipt", type=Path, metavar="FILE")
    parser.add_argument("--founder", metavar="HEX")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        kept = [Checkpoint(path.read_text("utf-8")) for path in given.checkpoint]
        found = verify_folder(given.folder, kept) if given.receipt is None else verify_receipt(given.receipt)
        if given.founder is not None and found["founder"] != given.founder.lower():
            raise Broken("the workspace was made with another founder's key", 1)
    except Broken as broken:
        found = {"ok": False, "first_bad": broken.line, "why": broken.why}
        if broken.flawed or broken.rest_holds:
            found.update(flawed=broken.flawed, rest_holds=broken.rest_holds)
    except UnicodeDecodeError:
        found = {"ok": False, "first_bad": None, "why": "a file is damaged: it is not UTF-8"}
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    print(json.dumps(found, ensure_ascii=False, indent=1) if given.json else describe(found))
    return 0 if found["ok"] else 6


if __name__ == "__main__":
    sys.exit(main())
