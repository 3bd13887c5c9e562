"""What other queues on PostgreSQL do: fetch one job and complete it, again and again, each by its own Python interface.

This runs with the Python of a throw-away environment that bench_team makes, since none of these is a dependency of the
product. Each cycle is what a worker of the peer does for one job: two commits.
"""

import argparse
import asyncio
import importlib
import json
import ssl
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

_LOAD = {
    "pgqueuer": "INSERT INTO pgqueuer (priority, created, updated, heartbeat, execute_after, status, entrypoint,"
    " payload) SELECT (random() * 4)::int, now(), now(), now(), now(), 'queued', 'bench', repeat('x', 400)::bytea"
    " FROM generate_series(1, {0})",
    "procrastinate": "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args) SELECT 'bench', 'bench',"
    " (random() * 4)::int, jsonb_build_object('x', repeat('x', 400)) FROM generate_series(1, {0})",
    "oban": "INSERT INTO oban_jobs (queue, worker, priority, args) SELECT 'bench', 'bench', (random() * 4)::int,"
    " jsonb_build_object('x', repeat('x', 400)) FROM generate_series(1, {0})",
}
_TABLES = {"pgqueuer": "pgqueuer", "procrastinate": "procrastinate_jobs", "oban": "oban_jobs"}


def _module(name: str) -> Any:
    return importlib.import_module(name)  # not installed where the types are checked


class Pgqueuer:
    """Takes with dequeue and completes with log_jobs, over asyncpg."""

    async def open(self, database: dict[str, Any], claimers: int, *, install: bool) -> None:
        """Connect, one connection a claimer."""
        asyncpg, drivers, self._queries = map(_module, ("asyncpg", "pgqueuer.db", "pgqueuer.queries"))
        context = ssl.create_default_context(cafile=database["authority"])
        where = {name: database[name] for name in ("host", "port", "user", "password", "database")}
        self._opened = [await asyncpg.connect(**where, ssl=context) for _ in range(claimers)]
        self._each = [self._queries.Queries(drivers.AsyncpgDriver(connection)) for connection in self._opened]
        if install:
            await self._each[0].install()

    async def cycle(self, number: int) -> None:
        """Take one and complete it."""
        queries, rule = self._each[number], self._queries.EntrypointExecutionParameter(concurrency_limit=0)
        (job,) = await queries.dequeue(
            batch_size=1,
            entrypoints={"bench": rule},
            queue_manager_id=uuid.UUID(int=number + 1),
            global_concurrency_limit=None,
            heartbeat_timeout=timedelta(seconds=30),
        )
        await queries.log_jobs([(job, "successful", None)])

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._opened:
            await connection.close()


class Procrastinate:
    """Takes with fetch_job and completes with finish_job, over psycopg."""

    async def open(self, database: dict[str, Any], claimers: int, *, install: bool) -> None:
        """Connect, one connection a claimer."""
        procrastinate = _module("procrastinate")
        connector = procrastinate.PsycopgConnector(
            kwargs=_psycopg(database), min_size=claimers, max_size=claimers, timeout=60
        )
        self._app = procrastinate.App(connector=connector)
        await self._app.open_async()
        if install:
            await self._app.schema_manager.apply_schema_async()
        self._status = _module("procrastinate.jobs").Status.SUCCEEDED
        manager = self._app.job_manager
        self._workers = [await manager.register_worker() for _ in range(claimers)]

    async def cycle(self, number: int) -> None:
        """Take one and complete it."""
        manager = self._app.job_manager
        job = await manager.fetch_job(queues=["bench"], worker_id=self._workers[number])
        assert job is not None
        await manager.finish_job(job, self._status, delete_job=False)

    async def close(self) -> None:
        """Close every connection."""
        await self._app.close_async()


class Oban:
    """Takes with fetch_jobs and completes with ack_jobs, over psycopg."""

    async def open(self, database: dict[str, Any], claimers: int, *, install: bool) -> None:
        """Connect, one connection a claimer."""
        pools = _module("psycopg_pool")
        self._pool = pools.AsyncConnectionPool(
            kwargs=_psycopg(database), min_size=claimers, max_size=claimers, open=False, timeout=60
        )
        await self._pool.open(wait=True)
        if install:
            await _module("oban.schema").install(self._pool)
        self._query = _module("oban._query").Query(self._pool)
        self._done = _module("oban._executor").AckAction

    async def cycle(self, number: int) -> None:
        """Take one and complete it."""
        (job,) = await self._query.fetch_jobs(1, "bench", "node", str(number))
        acked = await self._query.ack_jobs([self._done(job=job, state="completed")])
        assert acked == [job.id]

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


_PEERS: dict[str, type[Pgqueuer | Procrastinate | Oban]] = {
    "pgqueuer": Pgqueuer,
    "procrastinate": Procrastinate,
    "oban": Oban,
}


def _psycopg(database: dict[str, Any]) -> dict[str, Any]:
    where = {name: database[name] for name in ("host", "port", "user", "password")}
    return where | {"dbname": database["database"], "sslmode": "verify-full", "sslrootcert": database["authority"]}


async def _load(database: dict[str, Any], name: str, waiting: int) -> None:
    connection = await _module("psycopg").AsyncConnection.connect(**_psycopg(database), autocommit=True)
    async with connection:
        # Loaded as a restore would: the triggers that note each insertion are no part of what is measured.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(_LOAD[name].format(waiting))
        await connection.execute(f"VACUUM ANALYZE {_TABLES[name]}")


async def _measure(database: dict[str, Any], name: str, claimers: int, seconds: float) -> dict[str, float]:
    peer = _PEERS[name]()
    await peer.open(database, claimers, install=False)
    taken: list[float] = []
    end = time.perf_counter() + seconds

    async def work(number: int) -> None:
        await peer.cycle(number)  # the first one prepares its statements
        while time.perf_counter() < end:
            began = time.perf_counter()
            await peer.cycle(number)
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work(number) for number in range(claimers)))
    whole = time.perf_counter() - began
    await peer.close()
    taken.sort()
    last = min(len(taken) - 1, round(len(taken) * 0.99))
    return {"p50_ms": taken[len(taken) // 2] * 1e3, "p99_ms": taken[last] * 1e3, "per_s": len(taken) / whole}


async def _run(arguments: argparse.Namespace) -> dict[str, float]:
    database = json.loads(sys.stdin.read())
    if arguments.waiting:
        peer = _PEERS[arguments.peer]()
        await peer.open(database, 1, install=True)
        await peer.close()
        await _load(database, arguments.peer, arguments.waiting)
        return {}
    return await _measure(database, arguments.peer, arguments.claimers, arguments.seconds)


def main() -> int:
    """Load a peer's queue, or let claimers work on it; the database stands as JSON on the standard input."""
    parser = argparse.ArgumentParser(description="fetch and complete, as a queue of others does it")
    parser.add_argument("peer", choices=_PEERS)
    parser.add_argument("--waiting", type=int, default=0, metavar="N", help="install and load N jobs")
    parser.add_argument("--claimers", type=int, default=1, metavar="N")
    parser.add_argument("--seconds", type=float, default=3, metavar="S")
    sys.stdout.write(json.dumps(asyncio.run(_run(parser.parse_args()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
