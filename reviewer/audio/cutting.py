"""Cut a recording into clips of a sentence's length, per channel, in silence only.

A boundary is possible between two timed words, best where a sentence ends. It becomes a cut only where the detector
hears a pause there too and the level lies at the bottom for long enough: longer where there is noise, as noise hides
soft ends of words. Where there is no such place there is no cut, and the neighbours stay together. Of the possible cuts
those are used that give clips nearest to five seconds. Everything that becomes no clip is counted with its reason.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reviewer.audio.listening import FRAME_S, VOICE_FRAME_S, Recording, Track
from reviewer.audio.quiet import Room, Silence
from reviewer.audio.tones import Stretch
from reviewer.domain.calls import Exclusion, Segment, Transcript, Word
from reviewer.domain.errors import InputRefusedError

SHORTEST_S, LONGEST_S, IDEAL_S = 2.0, 11.5, 5.0  # half a second more may be added when a clip is padded

_REACH_S = 0.35  # how far from the transcript's own boundary the silence may lie
_PAUSE_S = 0.5  # a gap between words that is a boundary without a full stop
_FARTHEST_JOIN_S = 1.5  # clips do not reach across longer pauses
_LEAST_WORDS = 3
_NO_SPEECH, _LEAST_SPEECH = 0.2, 0.5  # share of the time between the first and the last word
_MOST_OVERLAP = 0.2
_LEAST_CONFIDENCE = 0.4
_LEAST_SNR_DB = 4.0
_STOPS = (".", "?", "!", "…", "。", "？", "！", "؟", "।")


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of one channel that is to become a clip, and the words in it."""

    channel: int
    start_s: float
    end_s: float
    speaker: str
    words: tuple[Word, ...]
    confidence: float | None = None
    snr_db: float = math.inf

    @property
    def duration_s(self) -> float:
        """Return how long it is."""
        return self.end_s - self.start_s

    @property
    def text(self) -> str:
        """Return the words, one space between each two: what a machine heard."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class CutReport:
    """The clips to be, in order of time, and how many stretches and seconds were left out for which reason."""

    cuts: tuple[Cut, ...]
    excluded: Counter[Exclusion] = field(default_factory=Counter)
    excluded_s: dict[Exclusion, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Token:
    """Words that are never parted: one with times, and those without that follow it."""

    words: tuple[Word, ...]
    speaker: str
    start_s: float | None
    end_s: float | None
    ends_turn: bool = False

    @property
    def ends_sentence(self) -> bool:
        """Tell whether a sentence or a turn ends here."""
        return self.ends_turn or self.words[-1].text.rstrip("\"'”’»)]").endswith(_STOPS)


@dataclass(frozen=True, slots=True)
class _Atom:
    """Tokens between two silences."""

    tokens: tuple[_Token, ...]
    before: Silence
    after: Silence


def cut(recording: Recording, transcript: Transcript) -> CutReport:
    """Cut every channel. Raises InputRefusedError if the transcript is not of this recording."""
    tally = _Tally()
    by_channel = _by_channel(recording, transcript)
    rooms = [Room(track) for track in recording.tracks]
    cuts: list[Cut] = []
    for channel, segments in enumerate(by_channel):
        tokens = _tokens(segments, tally)
        others = [room for place, room in enumerate(rooms) if place != channel]
        atoms = [atom for turn in _turns(tokens) for atom in _atoms(turn, rooms[channel], tally)]
        for joinable in _joinable(atoms, recording.tracks[channel], tally):
            for group in _packed(joinable):
                made = _made(group, channel, rooms[channel], others)
                if isinstance(made, Cut):
                    cuts.append(made)
                else:
                    tally.add(made, group)
    return CutReport(tuple(sorted(cuts, key=lambda made: (made.start_s, made.channel))), tally.counts, tally.seconds)


class _Tally:
    def __init__(self) -> None:
        self.counts: Counter[Exclusion] = Counter()
        self.seconds: dict[Exclusion, float] = {}

    def add(self, why: Exclusion, atoms: Sequence[_Atom]) -> None:
        self.add_seconds(why, max(0.0, atoms[-1].after.start_s - atoms[0].before.end_s))

    def add_tokens(self, why: Exclusion, tokens: Sequence[_Token]) -> None:
        starts = [token.start_s for token in tokens if token.start_s is not None]
        ends = [token.end_s for token in tokens if token.end_s is not None]
        self.add_seconds(why, max(0.0, max(ends, default=0.0) - min(starts, default=0.0)) if starts and ends else 0.0)

    def add_seconds(self, why: Exclusion, seconds: float) -> None:
        self.counts[why] += 1
        self.seconds[why] = self.seconds.get(why, 0.0) + seconds


# ---- Whose words are on which channel -------------------------------------------------------------------------------


def _by_channel(recording: Recording, transcript: Transcript) -> list[list[Segment]]:
    latest = max((_latest(segment) for segment in transcript.segments), default=0.0)
    if latest > recording.duration_s + _REACH_S + 2:
        raise InputRefusedError("The transcript is not of this recording: it goes on after the recording ends.")
    sorted_out: list[list[Segment]] = [[] for _ in recording.tracks]
    heard: dict[str, NDArray[np.float64]] = {}
    for segment in transcript.segments:
        if segment.channel is not None and segment.channel >= recording.channels:
            raise InputRefusedError("The transcript is not of this recording: it names a channel that is not there.")
        heard[segment.speaker] = heard.get(segment.speaker, np.zeros(recording.channels)) + _heard(recording, segment)
    for segment in transcript.segments:
        channel = segment.channel
        if channel is None:  # a speaker without a name may be several
            on_channels = heard[segment.speaker] if segment.speaker else _heard(recording, segment)
            channel = int(on_channels.argmax())
        sorted_out[channel].append(segment)
    return sorted_out


def _latest(segment: Segment) -> float:
    return max((word.start_s for word in segment.words if word.start_s is not None), default=segment.start_s or 0.0)


def _heard(recording: Recording, segment: Segment) -> NDArray[np.float64]:
    """Return how much speech each channel holds while the segment is spoken."""
    heard = np.zeros(recording.channels)
    spans = [(word.start_s, word.end_s) for word in segment.words] + [(segment.start_s, segment.end_s)] * 2
    for start_s, end_s in spans:
        if start_s is None or end_s is None:
            continue
        first, last = int(start_s / VOICE_FRAME_S), int(end_s / VOICE_FRAME_S) + 1
        heard += [float(track.voice[first:last].sum(dtype=float)) for track in recording.tracks]
    return heard


def _tokens(segments: Iterable[Segment], tally: _Tally) -> list[_Token]:
    made: list[_Token] = []
    for segment in segments:
        tokens = list(_tokens_of(segment))
        if any(token.start_s is not None for token in tokens):
            made += [*tokens[:-1], replace(tokens[-1], ends_turn=True)]
        else:
            tally.add_seconds(Exclusion.NO_TIMES, 0.0)
    # A token without a start stays behind the one that it follows.
    keyed, key_s = [], 0.0
    for token in made:
        key_s = token.start_s if token.start_s is not None else key_s
        keyed.append((key_s, token))
    return [token for _, token in sorted(keyed, key=lambda pair: pair[0])]


def _tokens_of(segment: Segment) -> Iterator[_Token]:
    if not any(word.is_timed for word in segment.words):
        yield _Token(segment.words, segment.speaker, segment.start_s, segment.end_s)
        return
    groups: list[list[Word]] = []
    for word in segment.words:
        if word.is_timed or not groups:
            groups.append([word])
        else:
            groups[-1].append(word)
    for place, words in enumerate(groups):
        start_s = words[0].start_s if words[0].is_timed else segment.start_s
        end_s = words[-1].end_s if words[-1].is_timed else None
        if end_s is None and place == len(groups) - 1:
            end_s = segment.end_s
        yield _Token(tuple(words), segment.speaker, start_s, end_s)


# ---- From tokens to clips -------------------------------------------------------------------------------------------


def _turns(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Part the tokens at pauses that no clip reaches across."""
    turn: list[_Token] = []
    for token in tokens:
        if turn and _gap_s(turn[-1], token) > _FARTHEST_JOIN_S:
            yield turn
            turn = []
        turn.append(token)
    if turn:
        yield turn


def _gap_s(before: _Token, after: _Token) -> float:
    return after.start_s - before.end_s if before.end_s is not None and after.start_s is not None else 0.0


def _atoms(turn: Sequence[_Token], room: Room, tally: _Tally) -> list[_Atom]:
    """Part a turn wherever there is a silence that is safe to cut in."""
    first, last = turn[0].start_s, turn[-1].end_s
    bounds: list[tuple[int, Silence | None]] = [(0, None if first is None else room.before(first))]
    near: dict[float, tuple[float, int, Silence]] = {}  # the boundary that lies nearest to each silence
    for place, (before, after) in enumerate(pairwise(turn), start=1):
        if before.end_s is None or after.start_s is None:
            continue
        is_end = before.ends_sentence or after.start_s - before.end_s >= _PAUSE_S or before.speaker != after.speaker
        early_s, late_s = sorted((before.end_s, after.start_s))
        found = room.silence(early_s, late_s, ends_sentence=is_end)
        if found is not None:
            away_s = abs((early_s + late_s) / 2 - found.at_s) + (0 if is_end else _REACH_S)
            if found.start_s not in near or away_s < near[found.start_s][0]:
                near[found.start_s] = (away_s, place, found)
    opening, closing = bounds[0][1], None if last is None else room.after(last)
    for _, place, found in sorted(near.values(), key=lambda boundary: boundary[1]):
        before_it = bounds[-1][1] or opening
        is_outer = closing is not None and found.start_s >= closing.start_s  # that one ends the turn
        if not is_outer and (before_it is None or found.start_s > before_it.start_s):
            bounds.append((place, found))
    bounds.append((len(turn), closing))
    atoms = []
    for (begin, opens), (end, closes) in pairwise(bounds):
        if opens is not None and closes is not None and closes.start_s >= opens.end_s:
            atoms.append(_Atom(tuple(turn[begin:end]), opens, closes))
        else:
            tally.add_tokens(Exclusion.UNCLEAR, turn[begin:end])
    return atoms


def _joinable(atoms: Sequence[_Atom], track: Track, tally: _Tally) -> Iterator[list[_Atom]]:
    """Leave out what can be no part of a clip, and yield what may be joined."""
    joinable: list[_Atom] = []
    for atom in atoms:
        why = _why_not(atom, track)
        is_next = joinable and why is None and _may_follow(joinable[-1], atom, track)
        if joinable and not is_next:
            yield joinable
            joinable = []
        if why is None:
            joinable.append(atom)
        else:
            tally.add(why, [atom])
    if joinable:
        yield joinable


def _why_not(atom: _Atom, track: Track) -> Exclusion | None:
    if _touches(track.tones, atom.before.after_s, atom.after.before_s):
        return Exclusion.TOUCH_TONES
    if _touches(track.music, atom.before.end_s, atom.after.start_s):
        return Exclusion.MUSIC
    return Exclusion.OVERLAP if len({token.speaker for token in atom.tokens}) > 1 else None


def _may_follow(before: _Atom, after: _Atom, track: Track) -> bool:
    return (
        before.after is after.before
        and before.tokens[0].speaker == after.tokens[0].speaker
        and not _touches(track.tones + track.music, before.after.start_s, after.before.end_s)
    )


def _touches(stretches: Iterable[Stretch], start_s: float, end_s: float) -> bool:
    return any(stretch.start_s < end_s and start_s < stretch.end_s for stretch in stretches)


def _packed(atoms: Sequence[_Atom]) -> list[list[_Atom]]:
    """Return the atoms in groups that are nearest to the ideal length: the cheapest way through, by what is dear.

    Dear are lengths far from five seconds, pauses inside, ends inside a sentence; cheap are long silences at the ends.
    """
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(atoms) + 1):
        ways = []
        for begin in range(end - 1, -1, -1):
            length_s = _length_s(atoms[begin:end])
            if length_s > LONGEST_S and begin < end - 1:
                break
            ways.append((best[begin][0] + _cost(atoms[begin:end], length_s), begin))
        best.append(min(ways))
    groups, end = [], len(atoms)
    while end:
        begin = best[end][1]
        groups.append(list(atoms[begin:end]))
        end = begin
    return groups[::-1]


def _length_s(group: Sequence[_Atom]) -> float:
    return group[-1].after.before_s - group[0].before.after_s


def _cost(group: Sequence[_Atom], length_s: float) -> float:
    pauses = [atom.before.end_s - atom.before.start_s for atom in group[1:]]
    end = group[-1].after
    return (
        math.log(max(length_s, 0.1) / IDEAL_S) ** 2
        + (3.0 if length_s < SHORTEST_S else 0.0)
        + (8.0 if length_s > LONGEST_S else 0.0)
        + 1.5 * sum(max(0.0, pause - 0.6) for pause in pauses)
        + (0.0 if end.ends_sentence else 0.7)
        - 0.4 * min(end.end_s - end.start_s, 1.0)
    )


def _made(group: Sequence[_Atom], channel: int, room: Room, others: Sequence[Room]) -> Cut | Exclusion:
    start_s, end_s = group[0].before.after_s, group[-1].after.before_s
    words = tuple(word for atom in group for token in atom.tokens for word in token.words)
    if end_s - start_s > LONGEST_S:
        return Exclusion.TOO_LONG
    if end_s - start_s < SHORTEST_S or len(words) < _LEAST_WORDS:
        return Exclusion.TOO_SHORT
    frames = slice(int(start_s / FRAME_S), int(end_s / FRAME_S))
    spoken = slice(int(group[0].before.end_s / FRAME_S), int(group[-1].after.start_s / FRAME_S) + 1)
    share = float(room.is_speech[spoken].mean())
    if share < _NO_SPEECH:
        return Exclusion.NO_SPEECH
    if any(float(other.is_speech[frames].mean()) > _MOST_OVERLAP for other in others):
        return Exclusion.OVERLAP
    known = [word.confidence for word in words if word.confidence is not None]
    confidence = sum(known) / len(known) if known else None
    snr_db = float(np.median(room.level_db[frames][room.is_speech[frames]].astype(float))) - room.floor_db
    if share < _LEAST_SPEECH or snr_db < _LEAST_SNR_DB or (confidence is not None and confidence < _LEAST_CONFIDENCE):
        return Exclusion.UNCLEAR
    return Cut(channel, start_s, end_s, group[0].tokens[0].speaker, words, confidence, snr_db)
