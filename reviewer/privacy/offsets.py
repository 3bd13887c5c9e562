"""Text that was rewritten for reading, and where each of its characters came from.

Guarantees: a range of the rewritten text maps to the smallest range of the original that produced it; rewriting nothing
costs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Replacement = tuple[int, int, str]  # start, end, and what stands there instead


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text and, for each of its characters, the range of the original that it stands for."""

    text: str
    starts: tuple[int, ...] | None = None  # None where the text is the original
    ends: tuple[int, ...] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the original behind [start, end); an empty range is empty there too."""
        if self.starts is None or self.ends is None:
            return start, end
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return at, at
        return self.starts[start], self.ends[end - 1]

    def rewrite(self, replacements: Iterable[Replacement]) -> "Rewritten":
        """Return the text with the replacements made; they stand in order and do not overlap.

        Every character of what stands instead comes from the whole of what was replaced.
        """
        chosen = list(replacements)
        if not chosen:
            return self
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for start, end, instead in chosen:
            self._keep(at, start, pieces, starts, ends)
            first, last = self.original(start, end)
            pieces.append(instead)
            starts += [first] * len(instead)
            ends += [last] * len(instead)
            at = end
        self._keep(at, len(self.text), pieces, starts, ends)
        return Rewritten("".join(pieces), tuple(starts), tuple(ends))

    def _keep(self, start: int, end: int, pieces: list[str], starts: list[int], ends: list[int]) -> None:
        pieces.append(self.text[start:end])
        if self.starts is None or self.ends is None:
            starts += range(start, end)
            ends += range(start + 1, end + 1)
        else:
            starts += self.starts[start:end]
            ends += self.ends[start:end]
