"""Instants: stored as milliseconds since 1970 UTC in SQLite, as timestamptz elsewhere; now is the database's."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, bindparam, literal
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # sorts after every due time and needs no NULL in the queue's index
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Use a number where the database has no type for instants with a zone."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware instant into what the database stores."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive instant cannot be stored")
        return (value - _EPOCH) // _MILLISECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the database stored into an aware instant."""
        if value is None:
            return None
        return _EPOCH + int(value) * _MILLISECOND if dialect.name == "sqlite" else value.astimezone(UTC)


class _Span(TypeDecorator[timedelta]):
    """A length of time, as milliseconds."""

    impl = BigInteger  # a year has more milliseconds than an integer of 32 bits counts
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Turn a length of time into a number."""
        del dialect
        return None if value is None else value // _MILLISECOND


class _Now(FunctionElement[datetime]):
    """The database's clock, plus a number of milliseconds."""

    inherit_cache = True
    type = Instant()


@compiles(_Now, "sqlite")
def _sqlite_now(element: _Now, compiler: SQLCompiler, **how: Any) -> str:
    ahead_ms = compiler.process(element.clauses, **how)
    return f"(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) + {ahead_ms})"


@compiles(_Now)
def _server_now(element: _Now, compiler: SQLCompiler, **how: Any) -> str:
    # One instant for a whole statement, as in SQLite; the guards look at the clock itself.
    ahead_ms = compiler.process(element.clauses, **how)
    return f"(date_trunc('milliseconds', statement_timestamp()) + {ahead_ms} * interval '1 millisecond')"


def now(ahead: timedelta = timedelta()) -> ColumnElement[datetime]:
    """Return the database's clock, `ahead` of it if given."""
    return _Now(literal(ahead, _Span()))


def now_plus(name: str) -> ColumnElement[datetime]:
    """Return the database's clock plus the timedelta that is bound as `name` when the statement runs."""
    return _Now(bindparam(name, type_=_Span()))
