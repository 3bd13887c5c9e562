"""What a labelling server takes to hand out the next task and to take an answer: Label Studio, on a real PostgreSQL.

It is the nearest thing to a desk that people use: a browser asks for the next task and submits. The program goes into
an environment that is made for this run and thrown away, and starts as its own command starts it. What is timed is the
two requests that a browser makes for one task, over loopback. bench_team times our desk.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.postgres import PASSWORD, SUPERUSER, Cluster, running

_PROGRAM = "label-studio==1.23.2"
_TOKEN = "0123456789abcdef0123456789abcdef01234567"  # of a server that lives for this run alone
_PATIENCE_S = 600
_LABELS = (
    '<View><Text name="t" value="$text"/><Choices name="c" toName="t">'
    '<Choice value="ok"/><Choice value="no"/></Choices></View>'
)
_ANSWER = {"result": [{"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["ok"]}}]}


class LabelStudio:
    """A running server with one project."""

    def __init__(self, folder: Path, python: str, server: Cluster) -> None:
        subprocess.run([python, "-m", "venv", folder / "program"], check=True)
        subprocess.run([folder / "program/bin/python", "-m", "pip", "install", "-q", _PROGRAM], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        database = {
            "DJANGO_DB": "default",
            "POSTGRE_NAME": server.new_database(),
            "POSTGRE_USER": SUPERUSER,
            "POSTGRE_PASSWORD": PASSWORD,
            "POSTGRE_HOST": "127.0.0.1",
            "POSTGRE_PORT": str(server.port),
        }
        quiet = {"COLLECT_ANALYTICS": "False", "LATEST_VERSION_CHECK": "False", "SENTRY_DSN": "", "LOG_LEVEL": "ERROR"}
        self._process = subprocess.Popen(
            [
                folder / "program/bin/label-studio", "start", "--no-browser", "--port", str(self._port),
                "--internal-host", "127.0.0.1", "--username", "bench@example.com", "--password", "Bench-123456",
                "--user-token", _TOKEN, "--enable-legacy-api-token",
            ],
            env=os.environ | database | quiet | {"LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self._wait()
        self._project = self.ask("POST", "/api/projects/", {"title": "bench", "label_config": _LABELS})["id"]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Make one request and return its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)
        try:
            headers = {"Authorization": f"Token {_TOKEN}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status >= 300:
                raise OSError(f"{method} {path}: {answer.status}")
            return json.loads(told)
        finally:
            connection.close()

    def load(self, waiting: int) -> None:
        """Put tasks into the project."""
        for start in range(0, waiting, 1_000):
            tasks = [{"text": "Yes, we open at nine. " * 10} for _ in range(min(1_000, waiting - start))]
            self.ask("POST", f"/api/projects/{self._project}/import", tasks)

    def cycle(self) -> None:
        """Take the next task and answer it."""
        task = self.ask("GET", f"/api/projects/{self._project}/next/")
        self.ask("POST", f"/api/tasks/{task['id']}/annotations/", _ANSWER)

    def stop(self) -> None:
        """End the server."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(60)

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self.ask("GET", "/api/projects/")
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(1)
            else:
                return


def measure(studio: LabelStudio, workers: int, seconds: float) -> dict[str, float]:
    """Let so many work at once."""
    taken: list[float] = []
    end = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < end:
            began = time.perf_counter()
            studio.cycle()
            taken.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    taken.sort()
    last = min(len(taken) - 1, round(len(taken) * 0.99))
    return {"p50_ms": taken[len(taken) // 2] * 1e3, "p99_ms": taken[last] * 1e3, "per_s": len(taken) / whole}


def main() -> int:
    """Run the benchmark and print a line for each number of workers, then a line of JSON."""
    parser = argparse.ArgumentParser(description="next task and submit of Label Studio")
    parser.add_argument("--python", required=True, metavar="PYTHON", help="what makes its environment: 3.10 or newer")
    parser.add_argument("--waiting", type=int, default=10_000, metavar="N")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8, 32], metavar="N")
    parser.add_argument("--seconds", type=float, default=10, metavar="S")
    arguments = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder, running(durable=False) as server:
        studio = LabelStudio(Path(folder), arguments.python, server)
        try:
            studio.load(arguments.waiting)
            studio.cycle()
            for workers in arguments.workers:
                results[workers] = found = measure(studio, workers, arguments.seconds)
                told = f"p50 {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms, {found['per_s']:.1f} a second"
                sys.stdout.write(f"{workers:>3} at once: {told}\n")
        finally:
            studio.stop()
    sys.stdout.write(json.dumps({"waiting": arguments.waiting, "workers": results}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
