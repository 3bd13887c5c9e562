"""`reviewer scan` as a process: no workspace, no network."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_COMMAND = [sys.executable, "-m", "reviewer", "scan"]
_LINES = (
    '{"id":"a","text":"😀 mail john@example.co.uk","lang":"en"}\n'
    "not json\n"
    '{"id":"c"}\n'
    '{"id":"d","text":"","other":1}\n'
    '{"id":"e","text":"Марко Петровић је ту","lang":"sr-Cyrl"}\n'
)


def _scan(*extra: str, given: str = _LINES, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_proxy")}
    return subprocess.run(
        [*before, *_COMMAND, *extra], input=given, capture_output=True, text=True, env=environment, timeout=120
    )


def _without_network() -> tuple[str, ...]:
    """Return what to run a command under so that it has no network at all."""
    unshare = shutil.which("unshare")
    command = (unshare or "unshare", "--user", "--map-root-user", "--net")
    if unshare is None or subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine gives a process no network of its own (unshare)")
    return command


def test_every_line_is_answered_in_its_place_with_the_network_cut() -> None:
    ran = _scan(before=_without_network())
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 3, ran.stderr
    assert [answer["id"] for answer in answers] == ["a", None, "c", "d", "e"]
    assert [(s["start"], s["end"], s["type"]) for s in answers[0]["spans"]] == [(7, 25, "EMAIL_ADDRESS")]
    assert "line 2" in answers[1]["error"]
    assert "missing" in answers[2]["error"]
    assert answers[3]["spans"] == []
    assert [(s["start"], s["end"], s["type"]) for s in answers[4]["spans"]] == [(0, 14, "PERSON")]


def test_it_needs_no_workspace_and_leaves_none(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"id":"a","text":"hi , roger . how are you ?"}\n', encoding="utf-8")
    ran = _scan(str(file), "--profile", str(tmp_path / "none"))
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["spans"][0]["type"] == "PERSON"
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    ran = _scan(str(tmp_path / "none.jsonl"))
    assert ran.returncode == 2
    assert ran.stdout == ""
