"""A pool for the demo: two dozen invented sentences, each a call of its own, in a made-up voice.

The sound is babble with the rhythm of the words, made here: no recording of anybody is shipped with the program.
"""

import json
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reviewer.domain.members import Actor
from reviewer.services.pool import Made, MadeClip, Pool
from reviewer.storage import Store

if TYPE_CHECKING:
    import numpy as np

    from reviewer.audio.resampling import Floats
    from reviewer.domain.call_records import Call

CATEGORY = "billing"
SENTENCES = (
    "and then it said to come back if the swelling is worse",
    "I would like to know why the amount is higher this month",
    "could you tell me when the next delivery is due",
    "the first one arrived but the second one did not",
    "no that is fine I will wait until they call me back",
    "we changed the plan in spring and nobody told us the price",
    "it makes a clicking noise and then it turns itself off",
    "is there a way to see the old statements online",
    "I paid twice by mistake and I want one of them back",
    "the light stays red even after I pressed the button",
    "can you move the appointment to the afternoon please",
    "that was not what I ordered it is the wrong size",
    "let me read it out to you from the letter",
    "it worked until the update and since then it has not",
    "so the fee is charged once and never again is that right",
    "I was cut off and had to start all over again",
    "please send it to the office and not to the house",
    "we are moving out at the end of the month",
    "she takes one in the morning and two in the evening",
    "the page says there is an error and to try later",
    "I am not sure which of the two forms I need",
    "they promised to ring me and then nobody did",
    "how long does it take until it shows up",
    "thank you that is all I wanted to ask",
)
_WORD_S, _GAP_S, _EDGE_S = 0.28, 0.06, 0.4
_VOWELS = ((730, 1_090, 2_440), (530, 1_840, 2_480), (390, 1_990, 2_550), (570, 840, 2_410), (300, 870, 2_240))


def fill(store: Store, actor: Actor, folder: Path) -> None:
    """Give a workspace whose member has every role a pool of its own."""
    pool = Pool(store, actor, _Babbler())
    pool.set_policy(
        workspace_opted_in=True,
        feature_on=True,
        categories=(CATEGORY,),
        budget_ppm=1_000_000,
        least_calls=20,
        longest_delay_days=0,
        hypothesis=True,
        blind_percent=30,
        glossary=("Lumen Plus", "e-mail"),
    )
    recording = folder / "demo-call.wav"
    with wave.open(str(recording), "wb") as written:  # the calls have no other
        written.setparams((1, 2, 8_000, 0, "NONE", ""))
        written.writeframes(bytes(16_000))
    for number, sentence in enumerate(SENTENCES):
        pool.add(_call(number, sentence), recording)
    pool.build()


def _call(number: int, sentence: str) -> "Call":
    from reviewer.channels import call_records

    def party(name: str) -> dict[str, object]:
        return {"id": f"demo-{name}-{number}", "consented": True, "basis": "announcement", "opted_in": True}

    words = []
    for place, text in enumerate(sentence.split()):
        start_s = _EDGE_S + place * (_WORD_S + _GAP_S)
        words.append({"text": text, "start": start_s, "end": start_s + _WORD_S, "confidence": 0.9})
    record = {
        "id": f"DEMO-CALL-{number:03}",
        "language": "en",
        "recorded": True,
        "transcribed": True,
        "category": CATEGORY,
        "legal_hold": False,
        "retain_until": (datetime.now(UTC) + timedelta(days=300)).isoformat(),
        "agent": party("agent"),
        "caller": party("caller"),
        "segments": [{"speaker": "caller", "channel": 0, "words": words}],
    }
    return call_records.read(json.dumps(record).encode())


class _Babbler:
    """Stands in for a recording: one clip of each segment."""

    def seconds(self, recording: Path) -> float:
        """Return how long a call is said to be."""
        del recording
        return 60.0

    def make(self, recording: Path, call: "Call") -> Made:
        """Return the call's clips."""
        import numpy as np

        from reviewer.audio import canonical, wav

        del recording
        clips = []
        for segment in call.transcript.segments:
            chance = np.random.default_rng(len(segment.text))
            sound = np.concatenate([_babble(word.text, chance) for word in segment.words])
            quiet = np.abs(sound).reshape(-1, wav.RATE_HZ // 100).max(axis=1) < 1e-3
            made = canonical.canonical([(sound, quiet)], np.random.default_rng())
            seconds = len(made) / wav.RATE_HZ
            clips.append(MadeClip(wav.encode(made), seconds, segment.speaker, segment.words))
        return Made(tuple(clips), {}, clean=True)


def _babble(word: str, chance: "np.random.Generator") -> "Floats":
    """Return a vowel for each few letters of a word, and the pause after it."""
    import numpy as np

    from reviewer.audio.wav import RATE_HZ

    pitch_hz = chance.uniform(105, 135)
    pieces = []
    for place in range(max(1, len(word) // 3)):
        at = np.arange(int(_WORD_S / max(1, len(word) // 3) * RATE_HZ) // 160 * 160) / RATE_HZ
        formants = _VOWELS[(ord(word[place]) + place) % len(_VOWELS)]
        tone = np.zeros(len(at))
        for number in range(1, 26):
            hz = number * pitch_hz
            loud = sum(1 / (1 + ((hz - formant) / 90) ** 2) for formant in formants) / number**0.5
            tone += loud * np.sin(2 * np.pi * hz * at)
        pieces.append(tone * np.hanning(len(at)) * chance.uniform(0.08, 0.14))
    pieces.append(np.zeros(int(_GAP_S * RATE_HZ) // 160 * 160))
    babble: Floats = np.concatenate(pieces).astype(np.float32)
    return babble
