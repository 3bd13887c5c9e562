"""Where the real material is, and how its records become what the engine reads.

The folder is `../shared/data` beside the checkout, or what REVIEWER_MATERIAL names.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reviewer.domain.items import Turn

Record = dict[str, Any]


def folder() -> Path:
    """Return the folder of the real material."""
    named = os.environ.get("REVIEWER_MATERIAL")
    return Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"


def records(name: str) -> list[Record]:
    """Return the records of one file."""
    with (folder() / f"{name}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def turns(source: Iterable[Record]) -> tuple[Turn, ...]:
    """Return a source as turns."""
    return tuple(Turn(turn["speaker"], turn["text"]) for turn in source)
