"""The desk where there is no display: it says so, and draws its pictures all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_BARE = {n: v for n, v in os.environ.items() if n not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux runs without a display")


def _reviewer(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "reviewer", *arguments]
    return subprocess.run(command, cwd=_ROOT, env=_BARE, capture_output=True, text=True, timeout=880, check=False)


def test_without_a_display_the_desk_says_so_and_what_still_works(tmp_path: Path) -> None:
    done = _reviewer("--profile", str(tmp_path))
    assert done.returncode == 5
    assert done.stderr.startswith("There is no display here")
    assert "reviewer --help" in done.stderr


@pytest.mark.timeout(900)
def test_without_a_display_the_demo_still_draws_every_picture_light_and_dark(tmp_path: Path) -> None:
    done = _reviewer("demo", "--screenshots", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    names = [path.stem for path in tmp_path.glob("*.png")]
    assert len(names) > 60
    assert {n.removesuffix("-light") for n in names if n.endswith("-light")} == {
        n.removesuffix("-dark") for n in names if n.endswith("-dark")
    }
    assert all(path.stat().st_size > 5_000 for path in tmp_path.glob("*.png"))
