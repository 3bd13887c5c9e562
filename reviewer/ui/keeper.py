"""Writes what is decided and typed to this computer's disk, on a thread of its own that no slow network holds up."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from reviewer.domain.clips import Answer, ServingId
from reviewer.services.journal import Intent, Journal, KeptText, KeptWords

T = TypeVar("T")


class Keeper:
    """A page's hand on the journal; entries are written in the order given."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-journal")

    def keep(self, intent: Intent) -> "Future[None]":
        """Write a decision down; the future raises UnavailableError where the disk does not take it."""
        return self._submit(lambda: self._journal.keep(intent))

    def forget(self, key: str) -> None:
        """Remove a decision that is on record or was taken back."""
        self._submit(lambda: self._journal.forget(key))

    def keep_text(self, kept: KeptText) -> "Future[int]":
        """Write a text down; the future gives its version or raises UnavailableError."""
        return self._submit(lambda: self._journal.keep_text(kept))

    def keep_answer(self, serving_id: ServingId, answer: Answer) -> "Future[None]":
        """Write an answer down; the future raises UnavailableError where the disk does not take it."""
        return self._submit(lambda: self._journal.keep_answer(serving_id, answer))

    def forget_answer(self, serving_id: ServingId) -> None:
        """Remove an answer that is on record, or has no place there."""
        self._submit(lambda: self._journal.forget_answer(serving_id))

    def keep_words(self, said: KeptWords) -> "Future[int]":
        """Write down what is typed of a clip; the future gives its version or raises UnavailableError."""
        return self._submit(lambda: self._journal.keep_words(said))

    def forget_words(self, serving_id: ServingId, version: int | None = None) -> None:
        """Remove what the database has, or what nobody may have any more."""
        self._submit(lambda: self._journal.forget_words(serving_id, version))

    def close(self) -> None:
        """Write what was given, and end the thread."""
        self._executor.shutdown(wait=True)

    def _submit(self, job: Callable[[], T]) -> "Future[T]":
        return self._executor.submit(job)
