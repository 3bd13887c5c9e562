"""The commands as processes: what they print, how they end, what they leave on the disk."""

import json
import os
import re
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reviewer.domain import limits
from reviewer.domain.members import Role
from tests.e2e import children
from tests.e2e.children import Ended
from tests.factories import Beneath, Profile, line
from tests.hostile import HOSTILE

Run = Callable[..., Ended]
_ROOT = Path(__file__).parents[2]
_PROFILE = ("--profile", "profile", "--key-file", "profile/keys")
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a command on this test's profile."""

    def call(*argv: str) -> Ended:
        return children.run(["--profile", "profile", "--key-file", "profile/keys", *argv], tmp_path)

    return call


@pytest.fixture
def ask(run: Run) -> Callable[..., Any]:
    """Return a function that runs a command with --json and returns its answer."""

    def call(*argv: str, code: int = 0) -> Any:
        ended = run("--json", *argv)
        assert (ended.code, ended.err) == (code, ""), ended
        assert ended.out.count("\n") == 1
        return json.loads(ended.out)

    return call


def _refusal(ended: Any) -> tuple[int, str]:
    answer = json.loads(ended.out)
    assert answer.keys() == {"error"}
    assert answer["error"].keys() == {"code", "message"}
    return ended.code, answer["error"]["code"]


def _real(*argv: str, folder: Path, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command the way a person does."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), **how.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "reviewer", *argv],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
        **how,
    )


# ---- From set-up to dispatch


def test_a_draft_goes_from_import_to_its_final_by_commands_alone(tmp_path: Path) -> None:
    def ask(*argv: str) -> Any:
        ended = _real(*_PROFILE, "--json", *argv, folder=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, b"")
        return json.loads(ended.stdout)

    (tmp_path / "drafts.jsonl").write_bytes(line(id="SMS-1", recipient="+12025550107") + b"\n")
    (tmp_path / "edited.txt").write_bytes("Da, otvaramo u 9.\r\n  č€\n".encode())

    made = ask("init", "--workspace", "Front desk", "--member", "Ana")
    assert made.keys() == {"workspace", "member", "profile", "recovery_code", "founder"}
    assert ask("import", "drafts.jsonl") == {"imported": 1, "duplicates": 0, "refused": 0, "ignored_fields": {}}
    claimed = ask("claim")
    decided = ask("decide", claimed["item"], "edit", "--lease", claimed["lease"], "--text-file", "edited.txt")
    profile = tmp_path / "profile"
    Beneath(profile).let_holds_end()
    done = {"settled": 1, "sent": 1, "failed": 0, "expired": 0, "woken": 0, "escalated": 0, "stopped": 0, "analysed": 0}
    assert ask("work", "--once") == done
    sent = json.loads((profile / "sent" / f"{decided['decision']}.json").read_bytes())
    assert re.fullmatch(_STAMP, sent.pop("decided_at"))
    assert sent == {
        "item": claimed["item"],
        "external_id": "SMS-1",
        "kind": "sms",
        "verdict": "approve_with_edits",
        "final": "Da, otvaramo u 9.\r\n  č€\n",
        "recipient": "+12025550107",
        "decision": decided["decision"],
    }


# ---- The JSON form of each command


def test_init_answers_with_the_ids_and_gives_every_role(ask: Any, tmp_path: Path) -> None:
    made = ask("init", "--workspace", "W", "--member", "M")
    assert made.keys() == {"workspace", "member", "profile", "recovery_code", "founder"}
    assert made["profile"] == "profile"
    ((roles,),) = Beneath(tmp_path / "profile").rows("SELECT roles FROM member")
    assert set(json.loads(roles)) == set(Role)


def test_init_gives_the_roles_and_languages_that_are_named(ask: Any, tmp_path: Path) -> None:
    ask("init", "--workspace", "W", "--member", "M", "--roles", "agent, supervisor", "--languages", "sr,en")
    found = Beneath(tmp_path / "profile").rows("SELECT roles, languages FROM member")
    assert found == [('["agent", "supervisor"]', '["en", "sr"]')]


@pytest.fixture
def workspace(run: Run, tmp_path: Path) -> Callable[..., None]:
    """Make a workspace, and return a function that imports lines into it."""
    assert run("init", "--workspace", "W", "--member", "M").code == 0

    def take(*lines: bytes) -> None:
        (tmp_path / "drafts.jsonl").write_bytes(b"\n".join(lines))
        assert run("import", "drafts.jsonl").code == 0

    return take


def test_import_counts_what_it_took_knew_refused_and_ignored(ask: Any, workspace: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([line(id="1", labels=1), line(id="2"), b"broken"]))
    first = ask("import", "a.jsonl", code=3)
    assert first.pop("refused_file") == "a.jsonl.refused.jsonl"
    assert first == {"imported": 2, "duplicates": 0, "refused": 1, "ignored_fields": {"labels": 1}}
    second = ask("import", "a.jsonl", code=3)
    assert (second["imported"], second["duplicates"], second["refused"]) == (0, 2, 1)


def test_queue_lists_what_is_open_most_urgent_first(ask: Any, workspace: Any) -> None:
    workspace(line(id="a"), line(id="b", kind="summary", due_at="2100-02-11T14:20:00+01:00"), line(id="c", priority=9))
    claimed = ask("claim")
    answer = ask("queue")
    assert answer["waiting"] == 2
    assert answer["by_kind"] == {"sms": 1, "summary": 1, "clinical_note": 0}
    assert answer["by_state"]["leased"] == 1
    assert [(each["external_id"], each["state"]) for each in answer["items"]] == [
        ("c", "leased"),
        ("b", "waiting"),
        ("a", "waiting"),
    ]
    assert answer["items"][0]["id"] == claimed["item"]
    assert [each["due_at"] for each in answer["items"]] == [None, "2100-02-11T13:20:00Z", None]
    assert all(each.keys() == {"id", "external_id", "kind", "state", "due_at"} for each in answer["items"])
    assert len(ask("queue", "--limit", "1")["items"]) == 1
    assert ask("queue", "--limit", "1")["waiting"] == 2


def test_claim_answers_with_the_lease_and_all_that_came_in(ask: Any, workspace: Any) -> None:
    assert ask("claim") == {"item": None}
    source = [{"speaker": "Ana", "text": "Kada?", "start": 0.5}, {"speaker": "B", "text": "U 9."}]
    model = {"name": "m", "version": "1", "prompt_version": "p"}
    workspace(line(id="a", source=source, model=model, recipient="+1202", language="sr-Latn"), line(id="b"))
    claimed = ask("claim")
    assert re.fullmatch(_STAMP, claimed.pop("expires_at"))
    assert len(claimed.pop("item")) == len(claimed.pop("lease")) == 32
    assert claimed == {
        "external_id": "a",
        "kind": "sms",
        "channel": "chat",
        "fence": 1,
        "draft": "Yes, we open at nine.",
        "source": source,
        "recipient": "+1202",
        "language": "sr-Latn",
        "model": model,
    }
    other = next(each for each in ask("queue")["items"] if each["external_id"] == "b")
    assert ask("claim", "--item", other["id"])["item"] == other["id"]


@pytest.mark.parametrize(
    ("verdict", "extra", "stored"),
    [
        ("approve", [], "approve"),
        ("edit", ["--text-file", "text.txt"], "approve_with_edits"),
        ("approve", ["--text-file", "same.txt"], "approve"),
        ("reject", ["--reason", "tone"], "reject"),
        ("respond", ["--note", "Shorter."], "respond"),
        ("escalate", [], "escalate"),
        ("skip", ["--note", "Later."], "skip"),
    ],
)
def test_decide_answers_with_the_decision_and_its_hold(
    ask: Any, workspace: Any, tmp_path: Path, verdict: str, extra: list[str], stored: str
) -> None:
    (tmp_path / "text.txt").write_text("Another text.")
    (tmp_path / "same.txt").write_text("Yes, we open at nine.")
    workspace(line())
    claimed = ask("claim")
    once = ("decide", claimed["item"], verdict, "--lease", claimed["lease"], "--idempotency-key", "k", *extra)
    decided = ask(*once)
    assert re.fullmatch(_STAMP, decided["hold_until"])
    assert decided | {"decision": "", "hold_until": ""} == {
        "decision": "",
        "state": "held",
        "verdict": stored,
        "hold_until": "",
    }
    assert ask(*once) == decided


def test_a_finding_holds_an_approval_back_until_it_is_overridden_or_mended(
    run: Run, ask: Any, workspace: Any, tmp_path: Path
) -> None:
    source = [{"speaker": "Agent", "text": "Yes, on Tuesday at nine."}]
    workspace(*(line(id=name, draft="You are booked for Tuesday at 9:30.", source=source) for name in ("1", "2")))
    assert ask("work", "--once")["analysed"] == 2
    first, second = ask("claim"), ask("claim")
    (finding,) = [each for each in first["findings"] if each["rule"] == "time"]
    assert finding["weight"] == "stop"
    assert "9:30" in first["draft"][finding["start"] : finding["end"]]
    decide = ("decide", first["item"], "approve", "--lease", first["lease"])
    assert _refusal(run("--json", *decide)) == (4, "findings_left")
    said = run(*decide)
    assert (said.code, said.out) == (4, "")
    assert "--override RULE=REASON" in said.err
    assert "9:30" not in said.err
    assert _refusal(run("--json", *decide, "--override", "dose=known")) == (4, "findings_left")
    assert _refusal(run("--json", *decide, "--override", "time=nonsense")) == (2, "usage")
    assert _refusal(run("--json", *decide, "--override", "time=other")) == (3, "input_refused")
    assert ask(*decide, "--override", "time=known")["verdict"] == "approve"
    (tmp_path / "mended").write_text("You are booked for Tuesday at 9:00.")
    mend = ("decide", second["item"], "edit", "--lease", second["lease"], "--text-file", "mended")
    assert ask(*mend)["verdict"] == "approve_with_edits"


@pytest.mark.usefixtures("workspace")
def test_rules_are_listed_and_switched(run: Run, ask: Any, tmp_path: Path) -> None:
    assert {"rule": "time", "off": []} in ask("rules")["rules"]
    assert {"rule": "time", "off": ["sms"]} in ask("rules", "off", "time", "--kind", "sms")["rules"]
    assert "time               off for sms" in run("rules").out
    assert {"rule": "time", "off": []} in ask("rules", "on", "time", "--kind", "sms")["rules"]
    assert _refusal(run("--json", "rules", "off", "time")) == (2, "usage")
    assert _refusal(run("--json", "rules", "off", "nonsense", "--kind", "sms")) == (3, "input_refused")
    assert Beneath(tmp_path / "profile").events().count("policy_changed") == 2


def test_release_and_withdraw_answer_with_the_item(ask: Any, workspace: Any) -> None:
    workspace(line())
    claimed = ask("claim")
    assert ask("release", claimed["item"], "--lease", claimed["lease"]) == {
        "item": claimed["item"],
        "state": "waiting",
    }
    again = ask("claim")
    ask("decide", again["item"], "approve", "--lease", again["lease"])
    back = ask("withdraw", again["item"])
    assert back["state"] == "leased"
    assert back["item"] == claimed["item"]
    assert back["fence"] == again["fence"] + 1
    assert back.keys() >= {"lease", "expires_at", "draft", "source"}


# ---- Errors


def test_every_refusal_has_its_code_and_exit_code(run: Run, ask: Any, workspace: Any, tmp_path: Path) -> None:
    workspace(line(id="1"), line(id="2"), line(id="3"))
    (tmp_path / "blank.txt").write_text(" \n")
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9")
    (tmp_path / "large.txt").write_bytes("é".encode() * limits.DRAFT_BYTES)
    (tmp_path / "settings").mkdir()
    claimed, other = ask("claim"), ask("claim")
    item, lease = claimed["item"], ["--lease", claimed["lease"]]
    ask("decide", other["item"], "approve", "--lease", other["lease"], "--idempotency-key", "used")
    assert ask("claim", "--item", item)["lease"] == claimed["lease"]  # one's own is shown again

    refusals = {
        ("init", "--workspace", "W", "--member", "M"): (4, "rule"),
        ("init", "--workspace", " ", "--member", "M"): (2, "usage"),
        ("import", "missing.jsonl"): (2, "usage"),
        ("import", "settings"): (2, "usage"),
        ("claim", "--item", "nothing"): (4, "not_found"),
        ("claim", "--item", other["item"]): (4, "rule"),
        ("decide", "nothing", "approve", *lease): (4, "not_found"),
        ("decide", item, "approve", "--lease", "nothing"): (4, "lease_lost"),
        ("decide", item, "reject", *lease): (3, "input_refused"),
        ("decide", item, "reject", "--reason", "bored", *lease): (3, "input_refused"),
        ("decide", item, "edit", "--text-file", "blank.txt", *lease): (3, "input_refused"),
        ("decide", item, "edit", "--text-file", "latin.txt", *lease): (3, "input_refused"),
        ("decide", item, "edit", "--text-file", "large.txt", *lease): (3, "input_refused"),
        ("decide", item, "approve", "--idempotency-key", "used", *lease): (4, "idempotency_key_reused"),
        ("decide", item, "edit", *lease): (2, "usage"),
        ("release", item, "--lease", "nothing"): (4, "lease_lost"),
        ("withdraw", item): (4, "hold_over"),
        ("withdraw", "nothing"): (4, "not_found"),
        ("nonsense",): (2, "usage"),
    }
    for argv, wanted in refusals.items():
        assert (argv, _refusal(run("--json", *argv))) == (argv, wanted)
    large = run("decide", item, "edit", "--text-file", "large.txt", *lease)
    assert "more than 65,536 bytes" in large.err
    for argv in [("claim", "--item", "nothing"), ("withdraw", item)]:
        told = run(*argv)
        assert (told.code, told.out, told.err.count("\n")) == (4, "", 1)
    ask("decide", item, "approve", *lease)  # nothing of all this cost the lease


@pytest.mark.parametrize("obstacle", ["no workspace", "a file", "no database", "a newer program", "wrong settings"])
def test_a_profile_that_cannot_be_used_is_said(run: Run, tmp_path: Path, obstacle: str) -> None:
    profile = tmp_path / "profile"
    if obstacle == "a file":
        profile.write_text("")
    elif obstacle != "no workspace":
        made = Profile(profile)
        if obstacle == "a newer program":
            made.rows("UPDATE alembic_version SET version_num = '9999'")
        elif obstacle == "wrong settings":
            (profile / "settings.toml").write_text("theme = 'pink'")
        made.close()
        if obstacle == "no database":
            (profile / "reviewer.db").write_bytes(b"holiday photos" * 500)
    wanted = {"no workspace": (5, "no_workspace"), "wrong settings": (2, "usage")}.get(obstacle, (5, "unavailable"))
    assert _refusal(run("--json", "queue")) == wanted
    told = run("queue").err
    assert told.endswith(".\n")
    assert told.count("\n") == 1


# ---- Refused lines


def test_refused_lines_are_kept_with_their_reasons(run: Run, workspace: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "d.jsonl").write_bytes(b"\n".join([line(), b"broken \x1b[31m", line(kind="fax"), line()]))
    ended = run("import", "in/d.jsonl")
    assert ended.code == 3
    assert ended.out.splitlines() == [
        "2 imported, 0 known already, 2 refused.",
        "line 2, whole line: broken JSON at character 1: Expecting value",
        "line 3, kind: unknown kind; known: clinical_note, sms, summary",
        "The refused lines are in in/d.jsonl.refused.jsonl.",
    ]
    kept = [json.loads(each) for each in (tmp_path / "in" / "d.jsonl.refused.jsonl").read_bytes().splitlines()]
    assert [(each["line"], each["field"]) for each in kept] == [(2, ""), (3, "kind")]
    assert kept[0]["text"] == "broken \x1b[31m"


def test_drafts_come_from_standard_input_too(workspace: Any, tmp_path: Path) -> None:
    ended = _real(*_PROFILE, "--json", "import", "-", folder=tmp_path, input=line(id="1") + b"\nbroken\n")
    assert (ended.returncode, json.loads(ended.stdout)["imported"]) == (3, 1)
    assert (tmp_path / "stdin.refused.jsonl").exists()


# ---- Hostile text


def _steers(text: str) -> list[str]:
    return [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def test_hostile_text_is_printed_escaped(run: Run, ask: Any, workspace: Any, tmp_path: Path) -> None:
    storable = [h for h in HOSTILE if h.text.strip() and not limits.unstorable_character(h.text)]
    short = [h for h in storable if len(h.text) <= 200]
    lines = [
        line(
            id=f"{number}{h.text[:150]}",
            draft=h.text,
            source=[{"speaker": h.text, "text": h.text}],
            model={"name": h.text, "version": h.text},
        )
        for number, h in enumerate(short)
    ]
    assert len(lines) > 30
    workspace(*lines)
    listed = run("queue")
    assert _steers(listed.out) == []
    assert len(listed.out.splitlines()) == 1 + len(lines)  # no name pretends to be a line
    assert all(re.match(r"[0-9a-f]{32}  sms", each) for each in listed.out.splitlines()[1:])
    for each in short:
        told = run("claim")
        assert (told.code, _steers(told.out)) == (0, [])
        escaped = each.text.replace("\x1b", "\\u{1b}")
        assert "\x1b" not in each.text or escaped.splitlines()[0][:20] in told.out
    (tmp_path / "bad.jsonl").write_bytes(line(**{"x\x1b[2J\n\u202e": 1, "kind": "sms"}))
    assert _steers(run("import", "bad.jsonl").out) == []


def test_json_is_plain_ascii_and_holds_every_character(run: Run, workspace: Any, tmp_path: Path) -> None:
    draft = "č€ 😀 \u202e\u200b \x1b[31m \x7f\x9b ok"
    workspace(line(draft=draft))
    ended = run("--json", "claim")
    assert ended.out.isascii()
    assert _steers(ended.out) == []
    assert json.loads(ended.out)["draft"] == draft
    half_a_pair = line(id="9").replace(b'"id"', rb'"\ud800": 1, "id"')
    (tmp_path / "half.jsonl").write_bytes(half_a_pair)
    assert json.loads(run("--json", "import", "half.jsonl").out)["ignored_fields"] == {"\ud800": 1}


def test_a_terminal_of_another_encoding_is_no_reason_to_fail(workspace: Any, tmp_path: Path) -> None:
    workspace(line(draft="Čekamo vas, Љиљана 😀"))
    ended = _real(*_PROFILE, "claim", folder=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert rb"\u010cekamo vas" in ended.stdout


def test_arguments_that_are_no_text_are_refused_as_such(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "reviewer", "--profile", "p", "init", "--workspace", b"\xff\xfe", "--member", "M"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 2
    assert not (tmp_path / "p").exists()


# ---- Ending


def test_a_reader_that_goes_away_is_no_fault(workspace: Any, tmp_path: Path) -> None:
    workspace(*(line(id="x" * 190 + str(number)) for number in range(1_000)))
    process = subprocess.Popen(
        [sys.executable, "-m", "reviewer", *_PROFILE, "queue"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_work_sends_what_comes_due_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals, code: int) -> None:
    profile = Profile(tmp_path / "profile")
    profile.put()
    services = profile.services()
    claimed = services.queue.claim()
    assert claimed is not None
    services.review.decide(claimed.lease, children.APPROVE, key="k")
    process = subprocess.Popen(
        [sys.executable, "-m", "reviewer", *_PROFILE, "--json", "work"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
    )
    profile.let_holds_end()
    assert process.stdout is not None
    report = json.loads(process.stdout.readline())
    assert (report["settled"], report["sent"]) == (1, 1)
    process.send_signal(number)
    assert process.wait(60) == code
    process.stdout.close()
    assert len(profile.files()) == 1
    profile.close()


def test_without_a_profile_the_data_lie_where_the_system_keeps_them(tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path / "data")}
    ended = _real("--key-file", "keys", "init", "--workspace", "W", "--member", "M", folder=tmp_path, env=environment)
    assert ended.returncode == 0
    assert (tmp_path / "data" / "reviewer" / "reviewer.db").exists()


def test_everything_in_a_profile_is_the_owners_alone_and_no_desk_stays_behind(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        run = children.run
        profile = tmp_path / "new" / "profile"
        ours = ["--profile", str(profile), "--key-file", str(profile / "keys")]
        (tmp_path / "d.jsonl").write_bytes(line())
        for argv in (["init", "--workspace", "W", "--member", "M"], ["import", "d.jsonl"], ["--json", "claim"]):
            ended = run([*ours, *argv], tmp_path)
            assert ended.code == 0, ended
        claimed = json.loads(ended.out)
        run([*ours, "decide", claimed["item"], "approve", "--lease", claimed["lease"]], tmp_path)
        Beneath(profile).let_holds_end()
        run([*ours, "work", "--once"], tmp_path)
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in [profile, *profile.rglob("*")]}
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items()), modes
    assert len(list((profile / "sent").iterdir())) == 1
    assert list((profile / "desks").iterdir()) == []
