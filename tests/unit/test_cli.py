"""The command line: what is understood, what is refused before anything is touched, and in which form."""

import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reviewer import cli
from reviewer.cli import profile
from reviewer.domain.errors import ExitCode, UsageError

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that runs a command line that may not come as far as a profile."""

    def no_profile(*_: object, **__: object) -> None:
        raise AssertionError("a wrong call opened a profile")

    monkeypatch.setattr(profile, "Application", no_profile)

    def run(*argv: str, desk: Callable[[argparse.Namespace], int] = lambda _: 99) -> tuple[int, str, str]:
        code = cli.main(list(argv), desk=desk)
        return code, *capsys.readouterr()

    return run


_WRONG = [
    ["nonsense"],
    ["--nonsense"],
    ["queue", "extra"],
    ["queue", "--limit", "0"],
    ["queue", "--limit", "-5"],
    ["queue", "--limit", "many"],
    ["queue", "--limit", "²"],
    ["init"],
    ["init", "--workspace", "W"],
    ["init", "--workspace", "W", "--member", "M", "--roles", "king"],
    ["init", "--workspace", "W", "--member", "M", "--roles", ""],
    ["init", "--workspace", "W", "--member", "M", "--roles", " , "],
    ["init", "--workspace", "W", "--member", "M", "--languages", ""],
    ["init", "--workspace", "\udcff", "--member", "M"],
    ["import"],
    ["import", "--producer", "\udcc4", "drafts.jsonl"],
    ["decide"],
    ["decide", "item"],
    ["decide", "item", "approve"],
    ["decide", "item", "agree", "--lease", "l"],
    ["decide", "item", "approve_with_edits", "--lease", "l"],
    ["decide", "item", "edit", "--lease", "l"],
    ["decide", "item", "edit", "--lease", "l", "--text-file", "no/such/file"],
    ["decide", "\udcff", "approve", "--lease", "l"],
    ["decide", "item", "approve", "--lease", "\udcff"],
    ["decide", "item", "skip", "--lease", "l", "--note", "\udcff"],
    ["decide", "item", "approve", "--lease", "l", "--idempotency-key", "\udcff"],
    ["check", "no/such/file"],
    ["check", "one", "two"],
    ["release", "item"],
    ["withdraw"],
    ["work", "--twice"],
    ["work", "--onc"],
    ["--js", "queue"],
]


@pytest.mark.parametrize("argv", _WRONG, ids=repr)
def test_a_wrong_call_ends_with_2_and_one_sentence(call: Call, argv: list[str]) -> None:
    code, out, err = call(*argv)
    assert (code, out) == (ExitCode.USAGE, "")
    assert err.endswith(".\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize("argv", [argv for argv in _WRONG if "--js" not in argv], ids=repr)
@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_wrong_call_answers_in_json_where_asked(call: Call, argv: list[str], place: str) -> None:
    code, out, err = call(*(["--json", *argv] if place == "before" else [*argv, "--json"]))
    assert (code, err) == (ExitCode.USAGE, "")
    answer = json.loads(out)
    assert answer.keys() == {"error"}
    assert answer["error"].keys() == {"code", "message"}
    assert answer["error"]["code"] == "usage"


@pytest.mark.parametrize("argv", [[], ["demo"], ["--profile", "somewhere"], ["demo", "--screenshots", "pictures"]])
def test_without_a_command_or_with_demo_the_desk_opens(call: Call, argv: list[str]) -> None:
    seen: list[argparse.Namespace] = []

    def desk(arguments: argparse.Namespace) -> int:
        seen.append(arguments)
        return 7

    assert call(*argv, desk=desk)[0] == 7
    assert len(seen) == 1


@pytest.mark.parametrize(
    "argv",
    [
        ["--profile", "here", "--key-file", "k", "--json", "queue"],
        ["queue", "--profile", "here", "--key-file", "k", "--json"],
    ],
    ids=["before", "behind"],
)
def test_common_options_stand_before_or_behind_the_command(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def opening(profile: object, key_file: object, **_: object) -> None:
        opened.append(f"{profile} {key_file}")
        raise UsageError("Far enough.")

    monkeypatch.setattr(profile, "Application", opening)
    assert cli.main(argv, desk=lambda _: 99) == ExitCode.USAGE
    assert opened == ["here k"]
    assert json.loads(capsys.readouterr().out) == {"error": {"code": "usage", "message": "Far enough."}}


def test_a_fault_of_the_program_ends_with_1_and_shows_no_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("Mrs Okafor, 064 123 4567")

    monkeypatch.setattr(profile, "Application", broken)
    assert cli.main(["--json", "queue"], desk=lambda _: 99) == ExitCode.BUG
    shown = capsys.readouterr()
    answer = json.loads(shown.out)["error"]
    assert answer["code"] == "bug"
    assert "KeyError" in answer["message"]
    assert "Okafor" not in shown.out + shown.err


@pytest.mark.parametrize("argv", [["--help"], ["decide", "--help"], ["--version"]])
def test_help_and_version_end_with_0(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(argv, desk=lambda _: 99)
    assert ended.value.code == 0
    assert "reviewer" in capsys.readouterr().out


def test_the_exit_codes_are_those_that_scripts_know() -> None:
    codes = {code.name: code.value for code in ExitCode}
    assert codes == {
        "DONE": 0,
        "BUG": 1,
        "USAGE": 2,
        "INPUT_REFUSED": 3,
        "RULE": 4,
        "UNAVAILABLE": 5,
        "LEDGER_BROKEN": 6,
    }


def test_drafts_are_checked_without_a_workspace_and_a_bad_line_answers_in_its_place(call: Call, tmp_path: Path) -> None:
    good = {"id": "A", "draft": "Take 50 mg.", "source": [{"speaker": "doctor", "text": "take five mg"}], "labels": {}}
    file = tmp_path / "drafts.jsonl"
    lines = [json.dumps(good), '{"id": "B", "draft": ""}', "nonsense", json.dumps(good | {"id": "C"})]
    file.write_text("\n".join(lines))
    code, out, err = call("check", str(file))
    first, second, third, last = map(json.loads, out.splitlines())
    assert (code, err) == (ExitCode.INPUT_REFUSED, "")
    assert [claim["status"] for claim in first["claims"]] == ["stop"]
    assert first["claims"][0]["reasons"] == [{"check": "dose", "message": "the dose “50 mg” is not in the source"}]
    assert first["claims"][0]["evidence"] == [{"turn": 0, "start": 0, "end": 12}]
    assert second == {"id": "B", "error": "line 2, draft: the draft is empty"}
    assert third["id"] is None
    assert last["id"] == "C"


def test_drafts_are_checked_from_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    source = [{"speaker": "agent", "text": "See you tomorrow."}]
    record = {"id": "A", "draft": "See you on March 4th.", "source": source, "conversation_date": "2026-03-02"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(record).encode())))
    code, out, _ = call("check")
    assert code == ExitCode.DONE
    assert json.loads(out)["claims"][0]["reasons"][0]["check"] == "date"
