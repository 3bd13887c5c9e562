"""A recorded call's transcript, and why a part of a call does not become a clip.

Times are seconds from the beginning of the recording. A word without times (numerals and e-mail addresses often have
none) is kept in its place: no cut rests on it, and nothing is hidden by guessing where it was spoken.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was heard, punctuation included; `confidence` is between 0 and 1."""

    text: str
    start_s: float | None = None
    end_s: float | None = None
    confidence: float | None = None

    @property
    def is_timed(self) -> bool:
        """Tell whether it is known where the word was spoken."""
        return self.start_s is not None and self.end_s is not None


@dataclass(frozen=True, slots=True)
class Segment:
    """What one speaker said at one go; `channel` counts from 0, and None means that it is not known."""

    speaker: str
    words: tuple[Word, ...]
    start_s: float | None = None
    end_s: float | None = None
    channel: int | None = None

    @property
    def text(self) -> str:
        """Return the words, one space between each two."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a call, by the account of a machine."""

    segments: tuple[Segment, ...]
    language: str | None = None
    ignored: tuple[str, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """Return all that was said, one line a segment."""
        return "\n".join(segment.text for segment in self.segments)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Return who speaks, in order of appearance."""
        return tuple(dict.fromkeys(segment.speaker for segment in self.segments))


class Exclusion(StrEnum):
    """Why a stretch of a call does not become a clip."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    OVERLAP = "overlap"
    MUSIC = "music"
    UNCLEAR = "unclear"
    NO_SPEECH = "no_speech"
    NO_TIMES = "no_times"
    TOUCH_TONES = "touch_tones"
    PERSONAL_DATA = "personal_data"
    PERSONAL_DATA_UNTIMED = "personal_data_untimed"


# What a report says of each, in whole sentences (translated where they are shown).
EXCLUSION_SENTENCES: dict[Exclusion, str] = {
    Exclusion.TOO_SHORT: "Too short to be a sentence, and too far from its neighbours to join them.",
    Exclusion.TOO_LONG: "No silence in it that is safe to cut in, and too long as a whole.",
    Exclusion.OVERLAP: "Two people speak at once.",
    Exclusion.MUSIC: "Music or a steady tone.",
    Exclusion.UNCLEAR: "Too noisy or too uncertain to be understood.",
    Exclusion.NO_SPEECH: "Words in the transcript, but no speech in the recording.",
    Exclusion.NO_TIMES: "The transcript does not say when it was spoken.",
    Exclusion.TOUCH_TONES: "Touch tones, which spell what was typed.",
    Exclusion.PERSONAL_DATA: "More than one passage with personal data.",
    Exclusion.PERSONAL_DATA_UNTIMED: "Personal data, and no word times to cut it out by.",
}
