"""Which parts of a clip were heard: the clip counts as heard once every part of it was played."""

_SLACK_S = 0.12  # a clip ends with padding; the last tick may come a little before its end


class Hearing:
    """The parts of one clip that were played, whatever their order and speed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._parts: list[tuple[float, float]] = []

    def add(self, start_s: float, end_s: float) -> None:
        """Note that the clip was played from `start_s` to `end_s`."""
        if end_s <= start_s:
            return
        merged: list[tuple[float, float]] = []
        for start, end in sorted([*self._parts, (start_s, end_s)]):
            if merged and start <= merged[-1][1] + _SLACK_S:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        self._parts = merged

    @property
    def is_whole(self) -> bool:
        """Tell whether every part was played."""
        if len(self._parts) != 1:
            return False
        ((start, end),) = self._parts
        return start <= _SLACK_S and end >= self._seconds - _SLACK_S

    @property
    def milliseconds(self) -> int:
        """Return how much of the clip was heard; all of it once it was heard whole."""
        if self.is_whole:
            return round(self._seconds * 1000)
        return round(sum(end - start for start, end in self._parts) * 1000)
