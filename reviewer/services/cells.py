"""The map of workspaces: which PostgreSQL each one lives on, signed by the organisation.

One server holds as many workspaces as it can carry, and a new one takes the next: no statement ever crosses two. A desk
follows the map at each start. It takes none that is not signed by the key it was told once, and none older than it saw.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reviewer.crypto import MapKey
from reviewer.crypto.signatures import is_valid
from reviewer.domain.errors import InputRefusedError, NotFoundError, UnavailableError
from reviewer.files import write_whole
from reviewer.ledger.canonical import NotCanonicalError, Value, dumps, loads
from reviewer.storage import Address

_PURPOSE = b"reviewer map of workspaces\x00"
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CellMap:
    """Where each workspace lives; of two maps the one with the greater serial is newer."""

    serial: int
    cells: Mapping[str, str]  # a workspace's name to postgresql://HOST:PORT/DATABASE?sslrootcert=FILE

    def of(self, workspace: str) -> str:
        """Return where a workspace lives. Raises NotFoundError."""
        if workspace not in self.cells:
            raise NotFoundError(f"The map of workspaces does not name '{workspace}'.")
        return self.cells[workspace]


def signed(cells: Mapping[str, str], serial: int, key: MapKey) -> bytes:
    """Return a map as the file that desks read. Raises InputRefusedError where an address cannot be used."""
    for workspace, written in cells.items():
        address_on(written, "somebody")
        if not workspace.strip():
            raise InputRefusedError("A workspace of the map has no name.")
    body: dict[str, Value] = {"cells": dict(cells), "serial": serial}
    signature = base64.b64encode(key.sign(_PURPOSE + dumps(body))).decode("ascii")
    return dumps(body | {"signature": signature}) + b"\n"


def write(path: Path, content: bytes) -> None:
    """Write a map, whole or not at all, for all to read: desks may be reading it. Raises UnavailableError."""
    try:
        write_whole(path, [content], for_all=True)
    except OSError as exc:
        raise UnavailableError(f"The map of workspaces {path} cannot be written: {exc.strerror}.") from exc


def read(path: Path, public: bytes) -> CellMap:
    """Read a map that `public` signed. Raises UnavailableError, InputRefusedError."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as exc:
        raise UnavailableError(f"The map of workspaces {path} cannot be read: {exc.strerror}.") from exc
    found = _opened(raw, public)
    if found is None:
        raise InputRefusedError(
            f"The map of workspaces {path} is not what the key of this desk signed. Do not go on: ask who runs the "
            "servers; 'reviewer team map-use' takes another map or key, 'reviewer team map-off' does without."
        )
    return found


def address_on(written: str, login: str, own: Address | None = None) -> Address:
    """Return the address of `login` on a cell, with the certificate files of `own`. Raises InputRefusedError."""
    scheme, _, rest = written.partition("://")
    if "@" in rest.split("/", 1)[0]:
        raise InputRefusedError("An address of the map names no login: each desk has its own.")
    there = Address.read(f"{scheme}://{login}@{rest}")
    return there if own is None else there.with_files_of(own)


def _opened(raw: bytes, public: bytes) -> CellMap | None:
    try:
        body = loads(raw.rstrip(b"\n"))
        if len(raw) > _MOST_BYTES or not isinstance(body, dict) or body.keys() != {"cells", "serial", "signature"}:
            return None
        signature = base64.b64decode(str(body.pop("signature")), validate=True)
        if not is_valid(public, _PURPOSE + dumps(body), signature):
            return None
    except (NotCanonicalError, binascii.Error):
        return None
    cells, serial = body["cells"], body["serial"]
    if not isinstance(cells, dict) or not isinstance(serial, int):
        return None
    return CellMap(serial, {workspace: str(written) for workspace, written in cells.items()})
