"""Labels on their way out: in the forms that speech tools read, under ids that no other export has.

Guarantees: what was withdrawn or opted out cannot leave, and whatever left before and was withdrawn since is named by
`to_recall` under the ids it left with; no file names a call, a person, a time or a transcriber. Files go into a folder
that was empty.
"""

import csv
import io
import json
import os
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reviewer.domain.clips import ClipId, ClipState, ServingState
from reviewer.domain.errors import KeysUnavailableError, RuleError, UnavailableError, UsageError
from reviewer.domain.events import Action
from reviewer.domain.labels import word_errors, words_of
from reviewer.domain.members import Actor, Role
from reviewer.services import parquet
from reviewer.services.alignment import TimedWord, timed
from reviewer.storage import Store, Transaction, clips, pool_keys
from reviewer.storage.clips import Answer, Origin

_EPOCH_S = 315_532_800  # 1980-01-01: every file of every export has this time


@dataclass(frozen=True, slots=True)
class Labelled:
    """One clip with the label that stands for it."""

    id: str
    text: str
    language: str
    seconds: float
    listeners: int
    words: tuple[TimedWord, ...]

    @property
    def audio_name(self) -> str:
        """Return the name of its sound beside the manifest."""
        return f"audio/{self.id}.wav"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    id: str
    labels: int
    folder: Path
    files: tuple[str, ...]


class LabelExports:
    """Writes labels out, and says what must come back."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def export(self, folder: Path, form: str, *, with_audio: bool = False) -> Exported:
        """Write every label into an empty folder. Raises UsageError, RuleError or UnavailableError."""
        self._need()
        if form not in FORMS:
            raise UsageError(f"There is no form '{form}'; the forms are: {', '.join(sorted(FORMS))}.")
        if with_audio and self._store.is_shared:
            raise RuleError("On a team's server nobody hears what is not on their line: export without '--audio'.")
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"The folder {folder} is not empty.")
        export_id = secrets.token_hex(16)
        with self._store.write(self._actor) as tx:
            chosen = _labelled(tx)
            sounds = _sounds(tx, [clip for clip, _ in chosen.values()]) if with_audio else {}
            files = dict(FORMS[form]([label for _, label in chosen.values()]))
            files |= {label.audio_name: sounds[clip] for clip, label in chosen.values() if clip in sounds}
            clips.keep_export(tx, export_id, form, {name: clip for name, (clip, _) in chosen.items()})
            tx.record(
                Action.LABELS_EXPORTED, export_id, form=form, labels=len(chosen), audio=with_audio, files=len(files)
            )
            _write(folder, files)  # before the commit: an export that failed is none
        return Exported(export_id, len(chosen), folder, tuple(sorted(files)))

    def to_recall(self) -> dict[str, list[str]]:
        """Return by export the ids whose clips were withdrawn after they left."""
        self._need()
        with self._store.read() as tx:
            return recalled(tx)

    def _need(self) -> None:
        if Role.ADMIN not in self._actor.member.roles:
            raise RuleError("Only a member with the role 'admin' may do this.")


def recalled(tx: Transaction) -> dict[str, list[str]]:
    """Return by export the ids whose clips were withdrawn after they left."""
    gone = {each.clip_id for each in clips.origins(tx) if each.state is not ClipState.LIVE}
    found = {kept.id: sorted(name for name, clip in kept.clips.items() if clip in gone) for kept in clips.exports(tx)}
    return {export_id: names for export_id, names in found.items() if names}


def _labelled(tx: Transaction) -> dict[str, tuple[ClipId, Labelled]]:
    """Return the clips to export by their fresh id, in the order of these ids, which is nobody's order."""
    live = {each.clip_id: each for each in clips.origins(tx) if each.state is ClipState.LIVE and not each.is_gold}
    texts: dict[ClipId, list[Answer]] = defaultdict(list)
    for answer in clips.answers(tx):
        if answer.state is ServingState.LABELLED and answer.text is not None and answer.clip_id in live:
            texts[answer.clip_id].append(answer)
    chosen = {secrets.token_hex(16): clip_id for clip_id in texts}
    return {
        name: (clip_id, _label(tx, name, live[clip_id], texts[clip_id])) for name, clip_id in sorted(chosen.items())
    }


def _label(tx: Transaction, name: str, origin: Origin, answers: Sequence[Answer]) -> Labelled:
    text = most_agreed([str(answer.text) for answer in answers])
    words = timed(text, clips.words(tx, origin.clip_id), origin.seconds)
    return Labelled(name, text, origin.language, origin.seconds, len(answers), words)


def most_agreed(texts: Sequence[str]) -> str:
    """Return the text that differs least from the others; of equals the first."""
    words = [words_of(text) for text in texts]
    return min(texts, key=lambda text: sum(word_errors(each, words_of(text)).number for each in words))


def _sounds(tx: Transaction, clip_ids: Sequence[ClipId]) -> dict[ClipId, bytes]:
    try:
        return {clip_id: clips.sound(tx, clip_id, pool_keys.reader) for clip_id in clip_ids}
    except KeysUnavailableError as exc:
        raise RuleError(
            "Only who is a transcriber too can export sound: no other key opens it. Without '--audio' the labels leave."
        ) from exc


# ---- Forms: each returns its files by name


def _jsonl(labels: Sequence[Labelled]) -> Iterator[tuple[str, bytes]]:
    yield (
        "labels.jsonl",
        _lines(
            {
                "id": each.id,
                "text": each.text,
                "language": each.language,
                "duration": each.seconds,
                "listeners": each.listeners,
            }
            for each in labels
        ),
    )


def _nemo(labels: Sequence[Labelled]) -> Iterator[tuple[str, bytes]]:
    """A NeMo manifest: https://docs.nvidia.com/nemo-framework/user-guide/latest/nemotoolkit/asr/datasets.html."""
    yield (
        "manifest.json",
        _lines(
            {
                "audio_filepath": each.audio_name,
                "duration": each.seconds,
                "text": _spoken(each.text),
                "lang": each.language,
            }
            for each in labels
        ),
    )


def _kaldi(labels: Sequence[Labelled]) -> Iterator[tuple[str, bytes]]:
    """A Kaldi data directory, each clip a speaker of its own: https://kaldi-asr.org/doc/data_prep.html."""
    yield "text", _table(f"{each.id} {_spoken(each.text)}" for each in labels)
    yield "wav.scp", _table(f"{each.id} {each.audio_name}" for each in labels)
    yield "utt2spk", _table(f"{each.id} {each.id}" for each in labels)
    yield "spk2utt", _table(f"{each.id} {each.id}" for each in labels)
    yield "utt2dur", _table(f"{each.id} {each.seconds:g}" for each in labels)


def _ctm(labels: Sequence[Labelled]) -> Iterator[tuple[str, bytes]]:
    """Time-marked words (NIST SCTK): clip, channel, start, length, word."""
    rows = (
        f"{each.id} 1 {word.start:.2f} {max(0.01, word.end - word.start):.2f} {word.text}"
        for each in labels
        for word in each.words
    )
    yield "labels.ctm", _table(rows)


def _commonvoice(labels: Sequence[Labelled]) -> Iterator[tuple[str, bytes]]:
    """A table like Common Voice's, without the column that would link a speaker's clips."""
    out = io.StringIO()
    table = csv.writer(out, dialect="excel-tab", lineterminator="\n")
    table.writerow(["path", "sentence", "up_votes", "down_votes", "age", "gender", "accents", "locale", "segment"])
    for each in labels:
        table.writerow([f"{each.id}.wav", _spoken(each.text), each.listeners, 0, "", "", "", each.language, ""])
    yield "validated.tsv", out.getvalue().encode()


def _parquet(labels: Sequence[Labelled]) -> Iterator[tuple[str, bytes]]:
    columns: dict[str, parquet.Column] = {
        "id": [each.id for each in labels],
        "text": [each.text for each in labels],
        "language": [each.language for each in labels],
        "duration": [float(each.seconds) for each in labels],
        "listeners": [each.listeners for each in labels],
    }
    yield "labels.parquet", parquet.written(columns)


FORMS: Mapping[str, Callable[[Sequence[Labelled]], Iterator[tuple[str, bytes]]]] = {
    "jsonl": _jsonl,
    "nemo": _nemo,
    "kaldi": _kaldi,
    "ctm": _ctm,
    "commonvoice": _commonvoice,
    "parquet": _parquet,
}


def _spoken(text: str) -> str:
    """Return a label on one line, as it was written, its brackets of doubt taken off."""
    return " ".join(text.replace("((", " ").replace("))", " ").split())


def _lines(rows: Iterator[Mapping[str, object]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def _table(rows: Iterator[str]) -> bytes:
    return b"".join(row.encode() + b"\n" for row in rows)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.utime(path, (_EPOCH_S, _EPOCH_S))
    except OSError as exc:
        raise UnavailableError(f"The export cannot be written to {folder}: {exc.strerror}.") from exc
