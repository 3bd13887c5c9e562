"""A team's database on PostgreSQL: how a desk connects, and what its errors mean.

Every connection is TLS 1.3 with a certificate for the very host, and a SCRAM login bound to that channel; nothing in
the environment (PGOPTIONS, service files) weakens that or what a session may do. A transaction that reads sees one
moment; one that writes holds its actor's chain from the start, so that one member at two desks writes one chain.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    func,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from reviewer.domain.errors import LeaseLostError, ReviewerError, RuleError, UsageError
from reviewer.ledger import START, ChainHead

FLOOR = 15
_READS = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_FILES = ("sslrootcert", "sslcert", "sslkey")
# What a desk asks of its own session. None of this is a guard: those lie in the database.
_SESSION = {
    "timezone": "UTC",
    "synchronous_commit": "on",
    "statement_timeout": "60s",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "search_path": "public",
    # So that the server soon drops the session of a desk that is gone: a login may have sixteen.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,  # milliseconds: a cut link is an error, not a wait; 5 % of loss is far from it
}

# The place of each settled entry. Where many write at once, the order of insertion is not that of commits.
place = Table("entry_place", MetaData(), Column("position", BigInteger, primary_key=True), Column("seq", BigInteger))


_HOLD_CHAIN = text("SELECT number, hash, at FROM hold_chain()")
_HOLD_POOL = text("SELECT hold_pool()")
_TAKE_TURN = text("SELECT take_turn(:name)")


_ADVICE = {
    "password authentication failed": "check the login and its password; a client certificate's CN must be that login",
    "certificate verify failed": "name the file of the authority that signed the server's certificate: sslrootcert",
    "valid client certificate": "name your certificate and its key in the address: sslcert and sslkey",
    "no pg_hba.conf entry": "check the database's name, and the lines of the server's pg_hba.conf",
}
_REFUSALS: dict[str, type[ReviewerError]] = {
    "RV001": RuleError,
    "RV002": RuleError,
    "RV003": LeaseLostError,
    "RV004": RuleError,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a team's database is and who connects, as `postgresql://login@host:port/database?sslrootcert=FILE`."""

    login: str
    host: str
    port: int
    database: str
    files: tuple[tuple[str, str], ...]  # sslrootcert; sslcert and sslkey where the server asks for a certificate

    @classmethod
    def read(cls, written: str) -> "Address":
        """Read an address. Raises UsageError; a password in it is refused, as addresses are kept and shown."""
        try:
            parts = urlsplit(written)
            port = parts.port or 5432
            asked = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError as exc:
            raise UsageError("The database's address cannot be read.") from exc
        if parts.scheme not in ("postgresql", "postgres") or not parts.hostname or not parts.username:
            raise UsageError("The database's address must read postgresql://LOGIN@HOST:PORT/DATABASE?sslrootcert=FILE.")
        if parts.password is not None:
            raise UsageError("Leave the password out of the database's address: it is asked for by itself.")
        unknown = {name for name, _ in asked} - set(_FILES)
        if unknown:
            raise UsageError(f"The database's address may name {', '.join(_FILES)}, and not: {', '.join(unknown)}.")
        database = unquote(parts.path.lstrip("/"))
        if not database or "/" in database:
            raise UsageError("The database's address must name the database after the host.")
        files = tuple((name, str(Path(path).expanduser().absolute())) for name, path in asked)
        return cls(unquote(parts.username), parts.hostname, port, database, files)

    def of(self, login: str) -> "Address":
        """Return the same address for another login."""
        return replace(self, login=login, files=tuple(each for each in self.files if each[0] == "sslrootcert"))

    def with_files_of(self, own: "Address") -> "Address":
        """Return the same address with the files of another, but for those that it names itself."""
        return replace(self, files=tuple((dict(own.files) | dict(self.files)).items()))

    @property
    def text(self) -> str:
        """Return the address as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        asked = f"?{urlencode(self.files, quote_via=quote, safe='/')}" if self.files else ""
        return f"postgresql://{quote(self.login)}@{host}:{self.port}/{quote(self.database)}{asked}"

    def parameters(self, password: str) -> dict[str, object]:
        """Return what the driver is called with. Whatever could be weakened from outside is said here."""
        return {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.login,
            "password": password,
            "sslmode": "verify-full",
            "sslrootcert": "system",
            "ssl_min_protocol_version": "TLSv1.3",
            "channel_binding": "require",
            "require_auth": "scram-sha-256",
            "gssencmode": "disable",
            "application_name": "reviewer",
            "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
            **_NETWORK,
            **dict(self.files),
        }


def open_engine(address: Address, password: str, *, as_owner: bool = False) -> Engine:
    """Return an engine on a team's database; whoever owns it may take their time."""
    from reviewer.storage.patience import PatientConnection  # a desk on a file starts sooner without the driver

    how: dict[str, Any] = address.parameters(password)
    if as_owner:
        how |= {"options": "-c search_path=public -c timezone=UTC"}
    return create_engine(
        "postgresql+psycopg://",
        creator=partial(PatientConnection.connect, **how),
        hide_parameters=True,
        pool_size=2,
        max_overflow=2,
        pool_recycle=600,
    )


def take_login(address: Address, invitation: str, password: str) -> None:
    """Make `password` the login's own; the one it was invited with then opens nothing. Raises DBAPIError.

    The server gets a verifier, never the password itself.
    """
    try:
        _probe(address, password)
    except DBAPIError:
        engine = open_engine(address, invitation)
        try:
            with engine.begin() as connection:
                secret = verifier(connection, address.login, password)
                connection.exec_driver_sql(f"ALTER ROLE CURRENT_USER PASSWORD '{secret}'")
        finally:
            engine.dispose()


def verifier(connection: Connection, login: str, password: str) -> str:
    """Return what a server checks a password with: base64 and punctuation, no quote."""
    from psycopg import Connection as PsycopgConnection  # a desk on a file starts sooner without it

    raw = connection.connection.driver_connection
    assert isinstance(raw, PsycopgConnection)  # noqa: S101 - for the type checker
    return raw.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode("ascii")


def refusal(exc: DBAPIError) -> ReviewerError | None:
    """Return what a guard of the database said, as the services would have said it."""
    code = getattr(exc.orig, "sqlstate", None)
    kind = _REFUSALS.get(str(code))
    return None if kind is None else kind(f"The database refuses this: {words(exc)}.")


def _probe(address: Address, password: str) -> None:
    engine = open_engine(address, password)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def reading(engine: Engine) -> Engine:
    """Return the engine as a transaction that only reads uses it."""
    return engine.execution_options(**_READS)


def hold_chain(connection: Connection) -> tuple[ChainHead, datetime]:
    """Wait until no other transaction writes the chain of who is connected; return where it ends, and the time."""
    row = connection.execute(_HOLD_CHAIN).one()
    head = START if row.number is None else ChainHead(row.number, bytes(row.hash).hex())
    return head, row.at.astimezone(UTC)


def hold_pool(connection: Connection) -> None:
    """Wait until this transaction is the only one that changes the pool; it is until it ends."""
    connection.execute(_HOLD_POOL)


def take_turn(connection: Connection, name: str) -> bool:
    """Tell whether this transaction is the only one with the turn of that name; it has it until it ends."""
    return bool(connection.execute(_TAKE_TURN, {"name": name}).scalar())


def settle(connection: Connection) -> int:
    """Give settled entries their places; return how many committed ones must still wait for running transactions."""
    left: int = connection.execute(select(func.settle_entries(type_=Integer))).scalar_one()
    return left


def words(exc: DBAPIError) -> str:
    """Return the server's own words without the values that it would add, and what to do where a connection failed."""
    said = getattr(getattr(exc.orig, "diag", None), "message_primary", None)
    told = str(said or exc.orig or exc).splitlines()[0]
    return told + next((f" ({advice})" for sign, advice in _ADVICE.items() if sign in told), "")
