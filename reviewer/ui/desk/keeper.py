"""Writes what is decided and typed to this computer's disk, on a thread of its own that no slow network holds up."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from reviewer.services.unsent import Intent, KeptText, Unsent

T = TypeVar("T")


class Keeper:
    """The desk's hand on the journal; entries are written in the order given."""

    def __init__(self, unsent: Unsent) -> None:
        self._journal = unsent.journal
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

    def close(self) -> None:
        """Write what was given, and end the thread."""
        self._executor.shutdown(wait=True)

    def _submit(self, job: Callable[[], T]) -> "Future[T]":
        return self._executor.submit(job)
