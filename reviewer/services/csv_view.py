"""Entries as a table for spreadsheets: a view, never the proof. No cell can be taken for a formula."""

import csv
import io
import json
from collections.abc import Iterable, Mapping

_COLUMNS = ("position", "at", "actor", "name", "number", "action", "object", "verdict", "meaning", "details")
# What spreadsheets take for the start of a formula, full-width forms included (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def table(lines: Iterable[str], names: Mapping[str, str]) -> str:
    """Return the lines of an export as CSV with a heading."""
    written = io.StringIO()
    rows = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    for line in lines:
        placed = json.loads(line)
        entry = json.loads(placed["entry"])
        known = entry | {
            "position": placed["position"],
            "name": names.get(entry["actor"], ""),
            "details": json.dumps(entry.get("details", {}), ensure_ascii=False),
        }
        rows.writerow([_safe(str(known.get(column) or "")) for column in _COLUMNS])
    return written.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
