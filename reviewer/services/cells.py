"""The map of servers: which workspace lies on which PostgreSQL, where a customer has more of them than one.

The file is signed by one key, whose public half each profile is given once, by whoever sets it up. A map that another
key signed, that was altered, or that is older than one seen before is refused: nobody sends desks elsewhere, or back,
by writing to the share that it lies on. Login and certificates stay the profile's own. Where the file cannot be read,
the server named last stands; a desk that reached another workspace there would miss its own last entry and say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reviewer.crypto import KeyStore, SigningKey, is_valid, new_secret
from reviewer.domain.errors import KeysUnavailableError, NotFoundError, RuleError, UnavailableError, UsageError
from reviewer.ledger.canonical import Value, dumps, loads
from reviewer.settings import SettingsFile
from reviewer.storage import Address

KEY_NAME = "map-of-servers"
_FORM = "reviewer map of servers 1"
_BYTES = 4_000_000  # tens of thousands of workspaces
_ANYBODY = "desk"  # an address has a login; that of a map is nobody's


@dataclass(frozen=True, slots=True)
class Cells:
    """Where each workspace lies, as `HOST:PORT/DATABASE` by its name; each change has the next number."""

    number: int
    places: Mapping[str, str]

    def place(self, workspace: str) -> Address:
        """Return where a workspace lies. Raises NotFoundError."""
        if workspace not in self.places:
            raise NotFoundError(f"The map of servers does not name the workspace '{workspace}'.")
        return _place(self.places[workspace])

    def with_changes(self, put: Mapping[str, str], remove: frozenset[str]) -> "Cells":
        """Return the next map. Raises UsageError or NotFoundError."""
        for name in remove:
            self.place(name)
        for name, place in put.items():
            if not name.strip():
                raise UsageError("A workspace in the map of servers needs a name.")
            _place(place)
        kept = {name: place for name, place in self.places.items() if name not in remove}
        return Cells(self.number + 1, kept | dict(put))


def key_of(keystore: KeyStore) -> SigningKey:
    """Return the key that signs maps on this device, made if there is none."""
    try:
        secret = keystore.load(KEY_NAME)
    except KeysUnavailableError:
        secret = new_secret()
        keystore.save(KEY_NAME, secret)
    return SigningKey(secret)


def write(file: Path, cells: Cells, key: SigningKey) -> None:
    """Write a signed map, whole or not at all. Raises UnavailableError."""
    body: dict[str, Value] = {"form": _FORM, "number": cells.number, "places": dict(cells.places)}
    signed = {**body, "key": key.public.hex(), "signature": key.sign(dumps(body)).hex()}
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_bytes(dumps(signed) + b"\n")
        part.replace(file)
    except OSError as exc:
        raise UnavailableError(f"The map of servers {file.name} cannot be written: {exc.strerror}.") from exc


def read(file: Path, trusted: str) -> Cells:
    """Return a map that `trusted`, a public key in hexadecimal, has signed.

    Raises UnavailableError where the file cannot be read, RuleError where it is no map of that key.
    """
    trusted = trusted.lower()
    try:
        with file.open("rb") as opened:
            untrusted = opened.read(_BYTES + 1)
    except OSError as exc:
        raise UnavailableError(f"The map of servers {file.name} cannot be read: {exc.strerror}.") from exc
    try:
        if len(untrusted) > _BYTES:
            raise ValueError("too long")
        told: Any = loads(untrusted.strip())
        key, signature = told.pop("key"), bytes.fromhex(told.pop("signature"))
        cells = Cells(told["number"], told["places"])
        fits = told == {"form": _FORM, "number": int(cells.number), "places": dict(cells.places)}
        fits = fits and all(isinstance(place, str) for place in cells.places.values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise RuleError(f"The file {file.name} is no map of servers.") from exc
    if key != trusted:
        raise RuleError(f"The map of servers {file.name} is signed by another key than the one this profile trusts.")
    if not fits or not is_valid(_key(trusted), dumps(told), signature):
        raise RuleError(f"The map of servers {file.name} was altered: its signature does not fit.")
    return cells


def edit(file: Path, keystore: KeyStore, put: Mapping[str, str], remove: frozenset[str]) -> tuple[Cells, str]:
    """Change a map, or make it, and sign it; return it and the public key. Raises as read() and with_changes() do."""
    key = key_of(keystore)
    known = read(file, key.public.hex()) if file.exists() else Cells(0, {})
    cells = known.with_changes(put, remove)
    write(file, cells, key)
    return cells, key.public.hex()


def follow(settings: SettingsFile, file: Path, key: str, workspace: str) -> Address:
    """Let a profile find its workspace by a map from now on, and return where it lies. Raises as read() does."""
    known = settings.load().database
    if known is None:
        raise RuleError("This profile has no team's database yet: found or join one first.")
    _key(key)
    settings.change(cells={"file": str(file.absolute()), "key": key.lower(), "workspace": workspace, "number": 0})
    try:
        found = _followed(settings)
    except BaseException:
        settings.change(cells={})
        raise
    return found


def address(settings: SettingsFile) -> Address | None:
    """Return where a profile's workspace lies; None for a file of the profile.

    Raises RuleError where the map that it follows is not to be trusted.
    """
    loaded = settings.load()
    if not loaded.cells or loaded.database is None:
        return None if loaded.database is None else Address.read(loaded.database)
    try:
        return _followed(settings)
    except UnavailableError:
        return Address.read(loaded.database)  # the share is away: the server may well be there


def _followed(settings: SettingsFile) -> Address:
    loaded = settings.load()
    rule, own = loaded.cells, Address.read(str(loaded.database))
    try:
        file, key, workspace, seen = Path(rule["file"]), str(rule["key"]), str(rule["workspace"]), int(rule["number"])
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError("The settings do not say which map of servers to follow: 'reviewer cells follow'.") from exc
    cells = read(file, key)
    if cells.number < seen:
        raise RuleError(
            f"The map of servers {file.name} is older than one that this profile has seen (number {cells.number} after "
            f"{seen}): somebody put an old one back. Ask whoever signs it."
        )
    place = cells.place(workspace)
    found = replace(own, host=place.host, port=place.port, database=place.database)
    if found != own or cells.number != seen:
        settings.change(database=found.text, cells={**rule, "number": cells.number})
    return found


def _place(place: str) -> Address:
    try:
        found = Address.read(f"postgresql://{_ANYBODY}@{place}")
    except UsageError as exc:
        raise UsageError("A place in the map of servers reads HOST:PORT/DATABASE.") from exc
    if found.login != _ANYBODY or found.files:
        raise UsageError("A place in the map of servers reads HOST:PORT/DATABASE; login and files are each desk's own.")
    return found


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise UsageError("The key of a map of servers has 64 hexadecimal digits: 'reviewer cells put' shows it.")
    return key
