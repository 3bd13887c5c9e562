"""The profile's settings: one TOML file, read whole, written whole. It never holds content or secrets."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import tomli_w

from reviewer.domain.errors import UnavailableError, UsageError
from reviewer.files import write_whole

_THEMES = ("system", "light", "dark")
LONGEST_HOLD_S = 3_600
SHORTEST_LOCK_MIN, LONGEST_LOCK_MIN = 1, 15


@dataclass(frozen=True, slots=True)
class Cells:
    """A signed map of workspaces: its file, the key that signs it, the workspace, and the newest serial seen."""

    file: Path
    key: str  # in hex
    workspace: str
    serial: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person or an admin may set."""

    theme: str = "system"
    zoom: int = 100  # percent
    keys: Mapping[str, str] = field(default_factory=dict)  # action name to key sequence, where changed
    holds: Mapping[str, timedelta] = field(default_factory=dict)  # kind to hold, where changed
    sink: Path | None = None  # where checkpoints are copied to: the customer's own folder
    lock_after: timedelta = timedelta(minutes=10)  # of idleness
    window: Mapping[str, Any] = field(default_factory=dict)  # geometry and column widths, as the desk left them
    dictionary: tuple[str, ...] = ()  # words the person taught the spelling check
    listening: Mapping[str, int] = field(default_factory=dict)  # speed in percent; loop, pause_while_typing as 0 or 1
    database: str | None = None  # where the team's is; None: a file of the profile
    cells: Cells | None = None  # the map that says where it is from now on


class SettingsFile:
    """Reads and writes the settings of one profile."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Settings:
        """Return the settings, defaults where the file says nothing. Raises UsageError where it is wrong."""
        try:
            data = tomllib.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return Settings()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise UsageError(f"The settings file {self._path.name} cannot be read: {exc}.") from exc
        return Settings(
            theme=_one_of(data.get("theme", "system"), _THEMES, "theme"),
            zoom=_whole(data.get("zoom", 100), 100, 200, "zoom"),
            keys=_texts(data.get("keys", {}), "keys"),
            holds={
                kind: timedelta(seconds=_whole(seconds, 0, LONGEST_HOLD_S, f"hold.{kind}"))
                for kind, seconds in _table(data.get("hold", {}), "hold").items()
            },
            sink=None if data.get("sink") in (None, "") else Path(str(data["sink"])),
            lock_after=timedelta(
                minutes=_whole(
                    data.get("lock_after_minutes", 10), SHORTEST_LOCK_MIN, LONGEST_LOCK_MIN, "lock_after_minutes"
                )
            ),
            window=_table(data.get("window", {}), "window"),
            dictionary=_words(data.get("dictionary", []), "dictionary"),
            listening={
                name: _whole(value, 0, 200, f"listening.{name}")
                for name, value in _table(data.get("listening", {}), "listening").items()
            },
            database=_table(data.get("team", {}), "team").get("database"),
            cells=_cells(_table(data.get("map", {}), "map")),
        )

    def save(self, settings: Settings) -> None:
        """Write the settings, whole or not at all. Raises UnavailableError where they cannot be written."""
        data: dict[str, Any] = {
            "theme": settings.theme,
            "zoom": settings.zoom,
            "sink": "" if settings.sink is None else str(settings.sink),
            "lock_after_minutes": int(settings.lock_after.total_seconds() // 60),
            "dictionary": list(settings.dictionary),
            "keys": dict(settings.keys),
            "hold": {kind: int(hold.total_seconds()) for kind, hold in settings.holds.items()},
            "window": dict(settings.window),
            "listening": dict(settings.listening),
        }
        if settings.database is not None:
            data["team"] = {"database": settings.database}
        if settings.cells is not None:
            cells = settings.cells
            data["map"] = {
                "file": str(cells.file),
                "key": cells.key,
                "workspace": cells.workspace,
                "serial": cells.serial,
            }
        try:
            write_whole(self._path, [tomli_w.dumps(data).encode()])
        except OSError as exc:
            raise UnavailableError(f"The settings file {self._path.name} cannot be written: {exc.strerror}.") from exc

    def change(self, **changed: Any) -> Settings:
        """Save the settings with some of them changed, and return them."""
        settings = replace(self.load(), **changed)
        self.save(settings)
        return settings


def _one_of(untrusted: object, allowed: tuple[str, ...], name: str) -> str:
    if untrusted not in allowed:
        raise UsageError(f"The setting '{name}' must be one of: {', '.join(allowed)}.")
    return str(untrusted)


def _whole(untrusted: object, lowest: int, highest: int, name: str) -> int:
    if isinstance(untrusted, bool) or not isinstance(untrusted, int) or not lowest <= untrusted <= highest:
        raise UsageError(f"The setting '{name}' must be a whole number from {lowest} to {highest}.")
    return untrusted


def _table(untrusted: object, name: str) -> dict[str, Any]:
    if not isinstance(untrusted, dict):
        raise UsageError(f"The setting '{name}' must be a table.")
    return untrusted


def _words(untrusted: object, name: str) -> tuple[str, ...]:
    if not isinstance(untrusted, list) or not all(isinstance(word, str) for word in untrusted):
        raise UsageError(f"The setting '{name}' must be a list of words.")
    return tuple(untrusted)


def _cells(untrusted: dict[str, Any]) -> Cells | None:
    if not untrusted:
        return None
    named = {name: untrusted.get(name) for name in ("file", "key", "workspace")}
    if not all(isinstance(value, str) for value in named.values()):
        raise UsageError("The setting 'map' must name file, key and workspace.")
    serial = _whole(untrusted.get("serial", 0), 0, 2**53 - 1, "map.serial")
    return Cells(Path(str(named["file"])), str(named["key"]), str(named["workspace"]), serial)


def _texts(untrusted: object, name: str) -> dict[str, str]:
    return {key: str(text) for key, text in _table(untrusted, name).items()}
