"""How well a server keeps up with the tables whose rows are rewritten all the time, and what holds it back.

A row that was rewritten lies dead until vacuum takes it away, and it may not while any transaction still sees it: one
that is left open makes each claim step over ever more dead rows, until the queue crawls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, text

HOT = ("item", "seat", "decision", "outbox", "unanalysed", "working_copy")
_MOST_DEAD = 10_000  # fewer cost nothing that anybody notices
_LONGEST_S = 300

_TABLES = text(
    "SELECT relname, n_live_tup AS live, n_dead_tup AS dead FROM pg_stat_user_tables"
    " WHERE schemaname = 'public' AND relname IN :hot ORDER BY n_dead_tup DESC, relname"
).bindparams(bindparam("hot", expanding=True))
# Whoever sees an old state, however little they do with it.
_OLDEST = text(
    "SELECT greatest("
    " (SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity"
    "  WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    "  AND datname = current_database()), 0)::int"
)


@dataclass(frozen=True, slots=True)
class Table:
    """One table's rows, as the server counts them."""

    name: str
    live: int
    dead: int


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a server has to clear away, and for how long something has kept it from that."""

    tables: Sequence[Table]
    oldest_transaction_s: int

    @property
    def faults(self) -> list[str]:
        """Return what slows the queue down, in words."""
        found = [
            f"the table {each.name} has {each.dead:,} dead rows beside {each.live:,} live ones: vacuum does not keep up"
            for each in self.tables
            if each.dead > max(_MOST_DEAD, each.live)
        ]
        if self.oldest_transaction_s > _LONGEST_S:
            found.append(
                f"a transaction has been open for {self.oldest_transaction_s // 60} minutes: nothing that was rewritten"
                " since then can be cleared away"
            )
        return found


def read(engine: Engine) -> Gauge:
    """Read the gauge, as the database's owner."""
    with engine.connect() as connection:
        tables = tuple(Table(*row) for row in connection.execute(_TABLES, {"hot": HOT}))
        oldest: int = connection.execute(_OLDEST).scalar_one()
    return Gauge(tables, oldest)
