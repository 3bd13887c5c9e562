"""Fill a throw-away workspace with samples of every kind."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from reviewer.resources import resource

NAME = "Demo workspace"
MEMBER = "You"
PRODUCER = "demo"


def lines(now: datetime | None = None) -> Iterator[bytes]:
    """Yield the samples as import lines, their due times counted from `now`."""
    start = now or datetime.now(UTC)
    for line in resource("samples/demo.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        minutes = record.pop("due_in_minutes", None)
        if minutes is not None:
            record["due_at"] = (start + timedelta(minutes=minutes)).isoformat()
        yield json.dumps(record).encode()
