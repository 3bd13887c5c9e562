"""What a disk may hold after its power was cut, from a recording of what a process asked of it.

What was synced is there. Of each later write any 512-byte sector may be there or not, whatever came before or after it:
writes are cut, torn and out of order. A name that was made, changed or removed since its folder was synced may be the
new or the old one, in order within a folder. That is less than any file system in use grants.
"""

import random
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_HEAD = struct.Struct("=cQQQ")
_SECTOR = 512
_SOURCE = Path(__file__).with_name("recorder.c")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was asked of the disk."""

    kind: str
    file: int
    offset: int
    data: bytes


def compile_recorder(folder: Path) -> Path:
    """Return the recorder, compiled; needs gcc."""
    made = folder / "recorder.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", made, _SOURCE, "-ldl"], check=True, capture_output=True)
    return made


def read(log: Path) -> list[Step]:
    """Read a recording."""
    recorded, at, steps = log.read_bytes(), 0, []
    while at < len(recorded):
        kind, file, offset, size = _HEAD.unpack_from(recorded, at)
        at += _HEAD.size
        steps.append(Step(kind.decode(), file, offset, recorded[at : at + size]))
        at += size
    return steps


@dataclass(slots=True)
class _File:
    """A file's synced bytes, and what was asked of it since."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Step] = field(default_factory=list)


@dataclass(slots=True)
class _Folder:
    """A folder's synced names, and how they changed since: each change says what names stand for, if anything."""

    synced: dict[str, _File] = field(default_factory=dict)
    pending: list[dict[str, _File | None]] = field(default_factory=list)


class Disk:
    """A disk as it goes through a recording."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._by_number: dict[int, _File] = {}
        self._folders: dict[str, _Folder] = {}
        self._names: dict[str, _File] = {}
        self.marks: list[str] = []

    def take(self, step: Step) -> None:
        """Do one step."""
        match step.kind:
            case "C":
                self._by_number[step.file] = _File()
                self._name(step.data.decode(), self._by_number[step.file])
            case "W" | "T":
                if step.file in self._by_number:
                    self._by_number[step.file].pending.append(step)
            case "S":
                if step.file in self._by_number:
                    file = self._by_number[step.file]
                    for each in file.pending:
                        _apply(file.synced, each)
                    file.pending.clear()
            case "D":
                self._sync_folder(step.data.decode())
            case "R":
                self._rename(*step.data.decode().split("\0"))
            case "U":
                self._change({step.data.decode(): None})
            case "M":
                self.marks.append(step.data.decode())

    def cut(self, chance: random.Random, into: Path) -> None:
        """Write what may be left if the power goes now."""
        left: dict[str, _File] = {}
        for path, folder in self._folders.items():
            names: dict[str, _File | None] = dict(folder.synced)
            for change in folder.pending[: chance.randint(0, len(folder.pending))]:
                names |= change
            left |= {f"{path}/{name}": file for name, file in names.items() if file is not None}
        for full, file in left.items():
            target = into / full.removeprefix(self._root).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target.write_bytes(_left_of(file, chance))
            target.chmod(0o600)

    def _name(self, full: str, file: _File) -> None:
        self._change({full: file})

    def _rename(self, source: str, target: str) -> None:
        file = self._names[source]
        self._change({source: None, target: file})

    def _change(self, change: dict[str, _File | None]) -> None:
        """Note a change of names; a rename within a folder happens as a whole."""
        by_folder: dict[str, dict[str, _File | None]] = {}
        for full, file in change.items():
            folder, _, name = full.rpartition("/")
            by_folder.setdefault(folder, {})[name] = file
            if file is None:
                self._names.pop(full, None)
            else:
                self._names[full] = file
        for folder, names in by_folder.items():
            self._folders.setdefault(folder, _Folder()).pending.append(names)

    def _sync_folder(self, path: str) -> None:
        folder = self._folders.setdefault(path, _Folder())
        for change in folder.pending:
            for name, file in change.items():
                if file is None:
                    folder.synced.pop(name, None)
                else:
                    folder.synced[name] = file
        folder.pending.clear()


def _apply(content: bytearray, step: Step) -> None:
    if step.kind == "T":
        content[step.offset :] = bytes(max(0, step.offset - len(content)))
        return
    if len(content) < step.offset:
        content.extend(bytes(step.offset - len(content)))
    content[step.offset : step.offset + len(step.data)] = step.data


def _left_of(file: _File, chance: random.Random) -> bytes:
    content = bytearray(file.synced)
    for each in _survivors(file.pending, chance):
        _apply(content, each)
    return bytes(content)


def _survivors(pending: Sequence[Step], chance: random.Random) -> Iterator[Step]:
    """Yield what of the pending writes reached the disk."""
    match chance.choice(("none", "all", "cut", "torn", "scattered", "scattered", "backwards")):
        case "all":
            yield from pending
        case "cut":
            yield from pending[: chance.randint(0, len(pending))]
        case "torn":
            last = chance.randint(0, len(pending))
            yield from pending[:last]
            if last < len(pending):
                yield from _sectors(pending[last], chance, 0.5)
        case "scattered":
            part = chance.choice((0.1, 0.5, 0.9, 0.99))
            for each in pending:
                yield from _sectors(each, chance, part)
        case "backwards":
            yield from pending[chance.randint(0, len(pending)) :]


def _sectors(step: Step, chance: random.Random, part: float) -> Iterator[Step]:
    """Yield the sectors of a write that reached the disk, each with that chance."""
    if step.kind == "T":
        if chance.random() < part:
            yield step
        return
    start, end = step.offset, step.offset + len(step.data)
    while start < end:
        stop = min(end, (start // _SECTOR + 1) * _SECTOR)
        if chance.random() < part:
            yield Step("W", step.file, start, step.data[start - step.offset : stop - step.offset])
        start = stop
