"""From the recording of a call to clips that a transcriber may hear, and the sound of them.

It knows sound (soundfile, sounddevice, numpy, the voice detector, time stretching), not storage, privacy or Qt.
Building goes in three steps; each needs only what the step before returned:

    recording = audio.decode(path)                     # child process; InputRefusedError says what is wrong with a file
    report = audio.cut(recording, transcript)          # report.cuts, report.excluded (a Counter of Exclusion)
    orders = [audio.Order(cut, spans) for cut in report.cuts]
    for order, made in audio.clean(recording, orders, audio.Policy()):
        ...                                            # made is Clip(wav, duration_s, text, ...) or Dropped(reason)

`spans` are the characters of `cut.text` that are personal data; the 300 ms around them are added here, and clips where
that cannot be done surely are dropped. `clean` yields in order of time and may raise at its end: use its clips only
then. Transcripts are `reviewer.domain.calls.Transcript`; `reviewer.channels.transcripts.read` makes them of JSON.
All of this takes its time: never on the thread of a window.

Playing: `Sound(clip.wav)` on any thread, `sound.prepare(speed)` in advance if it is not to be played at 1.0;
`player = SoundPlayer(changed)`, then load, play, pause, seek, back, set_speed, set_loop, unload, close, and to read
position_s, heard_share, state and failure, all from the thread of the window. `changed` comes on another thread.
`peaks(clip.wav, columns)` is for painting.

Guarantees: no file is written; a cut lies only where the detector hears a pause; what is hidden is cut away, not
covered; a clip is a header of 44 bytes and samples made anew, so no tag of any container can be in it.
"""

from reviewer.audio.cleaning import Clip, Dropped, Order, Policy, clean
from reviewer.audio.cutting import Cut, CutReport, cut
from reviewer.audio.hiding import PLACEHOLDER
from reviewer.audio.listening import Recording, decode
from reviewer.audio.masking import WARNING as MASKING_WARNING
from reviewer.audio.peaks import peaks
from reviewer.audio.playing import Player, PlayerState, Sound, SoundPlayer
from reviewer.audio.stretching import FASTEST, SLOWEST

__all__ = [
    "FASTEST",
    "MASKING_WARNING",
    "PLACEHOLDER",
    "SLOWEST",
    "Clip",
    "Cut",
    "CutReport",
    "Dropped",
    "Order",
    "Player",
    "PlayerState",
    "Policy",
    "Recording",
    "Sound",
    "SoundPlayer",
    "clean",
    "cut",
    "decode",
    "peaks",
]
