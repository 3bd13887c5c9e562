"""Calls and pools for tests: many short calls, cut into clips of tones at once instead of from recordings.

Where cutting and cleaning themselves are tested, the real maker is; here it stands in the way of thousands of clips.
"""

import copy
import json
import secrets
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from reviewer.audio import wav
from reviewer.audio.wav import RATE_HZ
from reviewer.channels import call_records
from reviewer.domain.call_records import Call
from reviewer.domain.members import Actor, DeskId, Role
from reviewer.services.pool import Made, MadeClip, Pool
from reviewer.services.transcribing import Transcribing
from tests.factories import Profile

SECONDS = 2.0
WORDS = ["and", "then", "the", "doctor", "said", "to", "come", "back", "on", "monday"]


def transcript(number: int, **changed: Any) -> dict[str, Any]:
    """Return a transcript file's content for a call that may be heard, with `changed` in it."""
    words = [
        {"text": text, "start": 0.2 * at, "end": 0.2 * at + 0.15, "confidence": 0.9} for at, text in enumerate(WORDS)
    ]
    return {
        "id": f"CALL-{number:05}",
        "language": "en",
        "recorded": True,
        "transcribed": True,
        "category": "billing",
        "legal_hold": False,
        "retain_until": (datetime.now(UTC) + timedelta(days=300)).isoformat(),
        "agent": {"id": f"agent-{number}", "name": f"Agentia {number}", "consented": True, "basis": "contract",
                  "opted_in": True},
        "caller": {"id": f"+1202555{number:04}", "name": f"Callerina {number}", "consented": True,
                   "basis": "announcement", "opted_in": True},
        "segments": [{"speaker": side, "channel": at % 2, "words": words} for at, side in
                     enumerate(["caller", "agent"] * 2)],
        **changed,
    }  # fmt: skip


def call(number: int, **changed: Any) -> Call:
    """Return a checked call."""
    return call_records.read(json.dumps(transcript(number, **changed)).encode())


@cache
def tone(hertz: float, seconds: float = SECONDS) -> bytes:
    """Return a clip in its canonical form: a quiet tone."""
    at = np.arange(int(RATE_HZ * seconds))
    return wav.encode((3000 * np.sin(2 * np.pi * hertz / RATE_HZ * at)).astype(np.int16))


class ToneMaker:
    """Makes one clip of each segment: a tone instead of the recording, the words as they stand there."""

    def __init__(self, *, clean: bool | None = True) -> None:
        self.clean = clean

    def seconds(self, recording: Path) -> float:
        """Return a length that needs no file."""
        del recording
        return 60.0

    def make(self, recording: Path, call: Call) -> Made:
        """Return a clip for each segment."""
        del recording
        clips = [
            MadeClip(tone(200 + 50 * secrets.randbelow(8)), SECONDS, segment.speaker, segment.words)
            for segment in call.transcript.segments
        ]
        return Made(tuple(clips) if self.clean else (), {"too_short": 1}, self.clean)


class PoolOf:
    """A workspace whose admin has a pool, and transcribers who have nothing else."""

    def __init__(self, profile: Profile, *, transcribers: int = 1, maker: ToneMaker | None = None) -> None:
        self.profile = profile
        self.admin = profile.actor(Role.ADMIN, Role.SUPERVISOR, Role.AGENT)
        self.transcribers = [profile.transcriber() for _ in range(transcribers)]
        self.pool = Pool(profile.store_of(self.admin), self.admin, maker or ToneMaker())
        self.recording = profile.folder / "recording.wav"
        self.recording.write_bytes(b"there")
        self.pool.set_policy(
            workspace_opted_in=True,
            feature_on=True,
            categories=("billing",),
            budget_ppm=1_000_000,
            least_calls=20,
            longest_delay_days=0,
        )

    def copy_to(self, folder: Path) -> "PoolOf":
        """Return a pool like this one on a copy of its profile: filling one anew for each test would take the time."""
        shutil.copytree(self.profile.folder, folder)
        twin = copy.copy(self)
        twin.profile = Profile(folder)
        for actor in (self.admin, *self.transcribers):
            twin.profile.know(actor, self.profile.store_of(actor).keys)
        twin.transcribers = list(self.transcribers)
        twin.pool = Pool(twin.profile.store_of(self.admin), self.admin, ToneMaker())
        return twin

    def fill(self, numbers: Iterable[int] = range(24), **changed: Any) -> "PoolOf":
        """Add calls and build the pool."""
        for number in numbers:
            self.pool.add(call(number, **changed), self.recording)
        self.pool.build()
        return self

    def transcribing(self, number: int = 0, *, desk: str | None = None) -> Transcribing:
        """Return what a transcriber can do."""
        actor = self.transcribers[number]
        if desk is not None:
            actor = Actor(actor.member, DeskId(desk))
        return Transcribing(self.profile.store_of(actor), actor, lambda _desk: True)
