"""What waits on this computer's disk until the team's server has it: decisions, answers, and what is being typed.

Guarantee: each entry is a file of its own, written whole and lasting, sealed under the member's own keys and to its
name; what cannot be read is put aside, never removed.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reviewer.crypto import JournalSealer, OpenKeys
from reviewer.domain.attention import Attention
from reviewer.domain.attestations import Attestation
from reviewer.domain.clips import Answer, ServingId, SkipReason
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import SealBrokenError, UnavailableError
from reviewer.domain.items import ItemId, Lease, LeaseId
from reviewer.domain.members import DeskId, MemberId
from reviewer.files import write_whole

FOLDER = "unsent"
_INTENT, _TEXT, _ANSWER, _WORDS, _DAMAGED = ".intent", ".text", ".answer", ".words", ".damaged"


@dataclass(frozen=True, slots=True)
class Intent:
    """A decision as it was made at this desk."""

    key: str
    lease: Lease
    judgement: Judgement
    attestation: Attestation | None
    attention: Attention


@dataclass(frozen=True, slots=True)
class KeptText:
    """What somebody typed on an item that they held."""

    item_id: ItemId
    text: str
    cursor: int
    attention: Attention


@dataclass(frozen=True, slots=True)
class KeptWords:
    """What a transcriber typed of a clip that they held."""

    serving_id: ServingId
    text: str
    cursor: int


class Journal:
    """The files: one for each decision, answer and text."""

    def __init__(self, profile: Path, desk: DeskId, is_alive: Callable[[str], bool], keys: OpenKeys) -> None:
        self._folder = profile / FOLDER
        self._desk = desk
        self._is_alive = is_alive
        self._sealer = JournalSealer(keys.identity, keys.owner)
        self._lock = threading.Lock()
        self._versions: dict[str, int] = {}

    def keep(self, intent: Intent) -> None:
        """Write a decision down. Raises UnavailableError where the disk does not take it."""
        self._write(f"{self._desk}.{time.time_ns():020}.{intent.key}{_INTENT}", _intent_data(intent))

    def forget(self, key: str) -> None:
        """Remove a decision: it is on record, or has no place there."""
        self._remove(f"*.{key}{_INTENT}")

    def keep_text(self, kept: KeptText) -> int:
        """Write a text down in place of an earlier one, and return its version. Raises UnavailableError."""
        data = asdict(kept) | {"attention": kept.attention.to_data()}
        return self._write_newer(kept.item_id, _TEXT, data)

    def forget_text(self, item_id: ItemId, version: int | None = None) -> None:
        """Remove a text that the database has, unless a newer one than that version was written."""
        self._remove_version(item_id, _TEXT, version)

    def keep_answer(self, serving_id: ServingId, answer: Answer) -> None:
        """Write an answer down, and what was typed of that clip with it. Raises UnavailableError."""
        self._write(f"{self._desk}.{time.time_ns():020}.{serving_id}{_ANSWER}", asdict(answer))
        self.forget_words(serving_id)

    def forget_answer(self, serving_id: ServingId) -> None:
        """Remove an answer: it is on record, or has no place there."""
        self._remove(f"*.{serving_id}{_ANSWER}")

    def keep_words(self, said: KeptWords) -> int:
        """Write down what is typed of a clip, and return its version. Raises UnavailableError."""
        return self._write_newer(said.serving_id, _WORDS, asdict(said))

    def forget_words(self, serving_id: ServingId, version: int | None = None) -> None:
        """Remove what the database has, unless a newer one than that version was written."""
        self._remove_version(serving_id, _WORDS, version)

    def intents(self) -> Iterator[Intent]:
        """Yield the decisions that this desk and desks that are gone left, oldest first."""
        for name in self._in_order(_INTENT):
            data = self._read(name)
            if data is not None:
                yield _intent(data)

    def texts(self) -> Iterator[KeptText]:
        """Yield the texts that this desk and desks that are gone left."""
        for name in self._names(_TEXT):
            data = self._read(name)
            if data is not None:
                yield KeptText(**(data | {"attention": Attention.from_data(data["attention"])}))

    def answers(self) -> Iterator[tuple[ServingId, Answer]]:
        """Yield the answers that this desk and desks that are gone left, oldest first."""
        for name in self._in_order(_ANSWER):
            data = self._read(name)
            if data is not None:
                reason = None if data["reason"] is None else SkipReason(data["reason"])
                yield ServingId(name.split(".")[2]), Answer(**(data | {"reason": reason}))

    def words(self) -> Iterator[KeptWords]:
        """Yield what was typed of clips at this desk and at desks that are gone."""
        for name in self._names(_WORDS):
            data = self._read(name)
            if data is not None:
                yield KeptWords(**data)

    def damaged(self) -> int:
        """Return how many entries there are that nobody can read; they are put aside, not removed."""
        return len(list(self._folder.glob(f"*{_DAMAGED}")))

    def _names(self, ending: str) -> list[str]:
        names = [path.name for path in self._folder.glob(f"*{ending}")]
        desks = {desk: desk == self._desk or not self._is_alive(desk) for desk in {n.split(".")[0] for n in names}}
        return [name for name in names if desks[name.split(".")[0]]]

    def _in_order(self, ending: str) -> list[str]:
        return sorted(self._names(ending), key=lambda name: name.split(".")[1])

    def _write_newer(self, of: str, ending: str, data: dict[str, Any]) -> int:
        with self._lock:
            version = self._versions.get(of, 0) + 1
            self._versions[of] = version
        self._write(f"{self._desk}.{of}{ending}", data)
        return version

    def _remove_version(self, of: str, ending: str, version: int | None) -> None:
        with self._lock:
            if version is None or self._versions.get(of) == version:
                self._remove(f"*.{of}{ending}")

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self._folder / name
        try:
            return dict(json.loads(self._sealer.open(name, path.read_bytes())))
        except FileNotFoundError:
            return None
        except (SealBrokenError, ValueError):
            path.replace(path.with_name(name + _DAMAGED))
            return None
        except OSError as exc:
            raise UnavailableError(f"What waits to be sent cannot be read: {exc.strerror}.") from exc

    def _write(self, name: str, data: dict[str, Any]) -> None:
        sealed = self._sealer.seal(name, json.dumps(data).encode())
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_whole(self._folder / name, [sealed])
        except OSError as exc:
            raise UnavailableError(f"This computer's disk does not take what is to be sent: {exc.strerror}.") from exc

    def _remove(self, pattern: str) -> None:
        for path in self._folder.glob(pattern):
            path.unlink(missing_ok=True)


def number_waiting(profile: Path) -> int:
    """Return how many decisions and answers wait in a profile's journal; this takes no key."""
    return sum(len(list((profile / FOLDER).glob(f"*{ending}"))) for ending in (_INTENT, _ANSWER))


def _intent_data(intent: Intent) -> dict[str, Any]:
    lease, judgement, signed = intent.lease, intent.judgement, intent.attestation
    return {
        "key": intent.key,
        "lease": asdict(lease) | {"expires_at": lease.expires_at.astimezone(UTC).isoformat()},
        "judgement": asdict(judgement) | {"verdict": judgement.verdict.value},
        "attestation": None if signed is None else asdict(signed),
        "attention": intent.attention.to_data(),
    }


def _intent(data: dict[str, Any]) -> Intent:
    lease, judgement, signed = data["lease"], data["judgement"], data["attestation"]
    return Intent(
        key=data["key"],
        lease=Lease(
            LeaseId(lease["id"]),
            ItemId(lease["item_id"]),
            MemberId(lease["member_id"]),
            DeskId(lease["desk"]),
            lease["fence"],
            datetime.fromisoformat(lease["expires_at"]),
        ),
        judgement=Judgement(**(judgement | {"verdict": Verdict(judgement["verdict"])})),
        attestation=None if signed is None else Attestation(**(signed | {"factors": tuple(signed["factors"])})),
        attention=Attention.from_data(data["attention"]),
    )
