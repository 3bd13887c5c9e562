"""A real PostgreSQL for the tests, started by the run itself: as root under another user, else as who runs.

Every connection over TCP is TLS 1.3 with a certificate of the tests' own authority (ECDSA: channel binding does not
work with Ed25519) and takes a SCRAM password. The files lie in memory where they may; `durable` clusters sync for real.
The server ends with the run, also with one that is killed.
"""

import contextlib
import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, NullPool, create_engine

FLOOR = 15
SUPERUSER, PASSWORD = "postgres", "tests"
_PATIENCE_S = 60
_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "ssl": "on",
    "ssl_min_protocol_version": "'TLSv1.3'",
    "password_encryption": "'scram-sha-256'",
    "max_connections": "200",
    "shared_buffers": "'64MB'",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "max_wal_size": "'512MB'",
    "autovacuum_naptime": "'5s'",
}
_HASTY = {"fsync": "off", "full_page_writes": "off"}  # nobody cuts this server's power


class NoPostgresError(Exception):
    """There is no PostgreSQL here that the tests can start."""


def binaries() -> Path:
    """Return the folder of the newest server programs. Raises NoPostgresError."""
    named = os.environ.get("REVIEWER_PG_BIN")
    found = (
        [Path(named)]
        if named
        else sorted(
            (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdecimal()),
            key=lambda path: int(path.parent.name),
        )
    )
    usable = [path for path in found if (path / "postgres").exists() and (path / "initdb").exists()]
    if not usable:
        raise NoPostgresError("no PostgreSQL server is installed: packaging/setup.sh lists what the tests need")
    return usable[-1]


def version(folder: Path) -> int:
    """Return the major version of the server programs in `folder`."""
    told = subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    number = re.search(r"(\d+)", told)
    assert number is not None
    return int(number[1])


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority and a server's certificate that it signed."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, name: str = "tests") -> Certificates:
    """Make an authority and a certificate for 127.0.0.1, by its number only."""
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority of the {name}")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server of the tests")])
    authority = _sign(issuer, issuer, authority_key, authority_key, is_authority=True)
    server = _sign(subject, issuer, server_key, authority_key, is_authority=False)
    made = Certificates(folder / f"{name}-authority.crt", folder / f"{name}-server.crt", folder / f"{name}-server.key")
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    made.key.touch(0o600)
    made.key.write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "10.77.0.1")]  # here; see wires.py
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


class Cluster:
    """One server with its own files, port and certificates."""

    def __init__(
        self, *, durable: bool = False, settings: dict[str, str] | None = None, standby_of: "Cluster | None" = None
    ) -> None:
        self._bin = binaries()
        self.version = version(self._bin)
        if self.version < FLOOR:
            raise NoPostgresError(f"PostgreSQL {self.version} is older than {FLOOR}")
        self._user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        in_memory = Path("/dev/shm")
        parent = None if durable or not os.access(in_memory, os.W_OK) else in_memory
        self.folder = Path(tempfile.mkdtemp(prefix="reviewer-postgres-", dir=parent))
        self.port = _free_port()
        self.certificates: Certificates = (
            make_certificates(self.folder) if standby_of is None else standby_of.certificates
        )
        (self.folder / "password").write_text(PASSWORD)
        self._own()
        self._server: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._administrator: dict[str, psycopg.Connection[Any]] = {}
        if standby_of is None:
            self._run(
                "initdb", "--no-sync", "--no-instructions", "-D", str(self.data), "-U", SUPERUSER, "-E", "UTF8",
                "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={self.folder / 'password'}",
            )  # fmt: skip
        else:
            where = f"host=127.0.0.1 port={standby_of.port} user={SUPERUSER} password={PASSWORD} sslmode=verify-full"
            where += f" sslrootcert={standby_of.certificates.authority} application_name=standby"
            self._run("pg_basebackup", "--no-sync", "--checkpoint=fast", "-R", "-D", str(self.data), "-d", where)
        chosen = _SETTINGS | ({} if durable else _HASTY) | (settings or {})
        chosen |= {
            "port": str(self.port),
            "unix_socket_directories": f"'{self.folder}'",
            "ssl_cert_file": f"'{self.certificates.certificate}'",
            "ssl_key_file": f"'{self.certificates.key}'",
        }
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in chosen.items())
        access = "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
        access += "hostssl replication all 127.0.0.1/32 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(access)

    @property
    def data(self) -> Path:
        """Return the folder of the server's files."""
        return self.folder / "data"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = ["setpriv", "--pdeathsig", "QUIT"]
        if self._user is not None:
            command += ["--reuid", self._user, "--regid", self._user, "--init-groups"]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*command, self._bin / "postgres", "-D", self.data], stdout=log, stderr=log, cwd=self.folder,
                env=self._environment,
            )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError as exc:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise NoPostgresError(f"the server did not start: {(self.folder / 'log').read_text()}") from exc
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End the server, at once unless told otherwise."""
        for connection in self._administrator.values():
            connection.close()
        self._administrator.clear()
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(_PATIENCE_S)
            self._server = None

    def remove(self) -> None:
        """End the server and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(
        self, database: str = "postgres", *, user: str = SUPERUSER, password: str = PASSWORD, **how: Any
    ) -> "psycopg.Connection[Any]":
        """Open a connection as the administrator or as `user`, each statement its own transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=user,
            password=password,
            sslmode="verify-full",
            sslrootcert=str(self.certificates.authority),
            **{"autocommit": True, **how},
        )

    def address(self, database: str, user: str = SUPERUSER) -> str:
        """Return where a desk finds a database of this server, as people write it; without a password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?sslrootcert={self.certificates.authority}"

    def run(self, statement: str, database: str = "postgres", values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement as the administrator and return what it finds."""
        if database not in self._administrator:
            # Kept, as making one takes longer than using it. No guard runs for it: so it is with who owns a server.
            self._administrator[database] = self.connect(database, options="-c session_replication_role=replica")
        found = self._administrator[database].execute(statement.encode(), values or None)
        rows: list[tuple[Any, ...]] = [] if found.description is None else found.fetchall()
        return rows

    def new_database(self, name: str | None = None, *, template: str = "template0") -> str:
        """Make a database, by default with a name of its own, and return its name."""
        made = name or f"d{next(self._numbers)}"
        self.run(f"CREATE DATABASE {made} TEMPLATE {template}")
        return made

    def drop_database(self, name: str) -> None:
        """Remove a database and end who is connected to it."""
        if name in self._administrator:
            self._administrator.pop(name).close()
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def engine(self, database: str) -> Engine:
        """Return an engine on a database as its administrator uses it."""
        connect = partial(self.connect, database, autocommit=False)
        return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"HOME": str(self.folder)}  # a server that is a client too looks for certificates there

    def _own(self) -> None:
        if self._user is not None:
            shutil.chown(self.folder, self._user, self._user)
            for path in self.folder.iterdir():
                shutil.chown(path, self._user, self._user)
            self.folder.chmod(0o755)

    def _run(self, name: str, *arguments: str) -> None:
        user = self._user
        how: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        done = subprocess.run([self._bin / name, *arguments], capture_output=True, text=True, cwd=self.folder,
                              env=self._environment, **how)  # fmt: skip
        if done.returncode != 0:
            raise NoPostgresError(f"{name} failed: {done.stderr}")


@contextlib.contextmanager
def running(*, durable: bool = False, settings: dict[str, str] | None = None) -> Iterator[Cluster]:
    """Run a server within the block."""
    cluster = Cluster(durable=durable, settings=settings)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
