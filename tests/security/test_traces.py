"""Where a process could leave what it knows: a core dump, its memory, its files, standard error, the logs of others."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reviewer.crypto import KeyFile
from reviewer.domain.members import DeskId, Role
from reviewer.services.access import Access

_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
_ROOT = Path(__file__).parents[2]
CANARY = "Xylophone7731"


def _run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@_LINUX
def test_a_hardened_process_cannot_be_dumped_or_read_by_its_owner() -> None:
    done = _run(
        "import ctypes, os, resource\n"
        "from reviewer.hardening import harden\n"
        "dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
        "before = dumpable()\n"
        "harden(print)\n"
        "print(before, dumpable(), resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)))"
    )
    assert done.stdout == "1 0 (0, 0) 0o77\n", done


@_LINUX
def test_the_worker_process_is_hardened_from_its_start(tmp_path: Path) -> None:
    Access(tmp_path, KeyFile(tmp_path / "keys"), DeskId("test")).make("Desk", "Ana", frozenset(Role))
    worker = subprocess.Popen(
        [sys.executable, "-m", "reviewer", "--profile", str(tmp_path), "--key-file", str(tmp_path / "keys"), "work"],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        proc = Path(f"/proc/{worker.pid}")
        deadline = time.monotonic() + 60
        while not list((tmp_path / "desks").glob("*.lock")):
            assert worker.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        limits = next(line for line in (proc / "limits").read_text().splitlines() if line.startswith("Max core"))
        assert limits.split()[4:6] == ["0", "0"]
        assert "Umask:\t0077" in (proc / "status").read_text()
    finally:
        worker.terminate()
        worker.wait()


@pytest.mark.parametrize(
    "fault",
    [
        f"raise ValueError('{CANARY}')",
        f"import threading\nt = threading.Thread(target=lambda: int('{CANARY}'))\nt.start()\nt.join()",
        f"class Odd:\n    def __del__(self):\n        raise ValueError('{CANARY}')\nOdd()",
        f"import logging\nlogging.getLogger('sqlalchemy.pool').error('%s %s', '{CANARY}')",
    ],
    ids=["main", "thread", "destructor", "library"],
)
def test_an_error_that_nobody_catches_tells_no_value(fault: str) -> None:
    hardened = (
        "import sys\nif len(sys.argv) == 1:\n    from reviewer import hardening, logs\n    hardening.harden(logs.crash)"
    )
    code = f"{hardened}\n{fault}"
    assert CANARY in _run(code, "as it comes").stderr
    done = _run(code)
    assert CANARY not in done.stdout + done.stderr


def test_the_log_of_a_library_at_its_loudest_holds_no_name(tmp_path: Path) -> None:
    code = f"""
import logging, sys
from pathlib import Path
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
if len(sys.argv) == 2:
    from reviewer import hardening, logs
    hardening.harden(logs.crash)
from reviewer.bootstrap import Application
from reviewer.domain.members import Role
application = Application(Path(sys.argv[1]), Path(sys.argv[1]) / "keys")
application.access.make("{CANARY}", "{CANARY}", frozenset(Role))
application.unlock()
application.close()
"""
    assert CANARY in _run(code, str(tmp_path / "loud"), "as it comes").stderr
    done = _run(code, str(tmp_path / "quiet"))
    assert (done.returncode, CANARY in done.stdout + done.stderr) == (0, False), done.stderr


def test_the_detectors_runtime_makes_nothing_ready_to_report_about_its_use(tmp_path: Path) -> None:
    code = "from reviewer import privacy; privacy.load().find('Call John Smith', 'en'); import os; os._exit(0)"
    places = dict.fromkeys(("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), str(tmp_path))
    environment = {**os.environ, **places, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    assert list(tmp_path.iterdir()) == []
