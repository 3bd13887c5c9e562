"""A team from an empty database to a removed member, through the commands alone, on a server that syncs for real."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import line
from tests.postgres import PASSWORD, Cluster, running


@pytest.fixture(scope="module")
def durable() -> Iterator[Cluster]:
    """Return a server with safe settings."""
    with running(durable=True) as cluster:
        yield cluster


class Machine:
    """One person's machine: a profile, a key file, and the commands."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    def run(self, *arguments: str, password: str | None = None, code: int = 0) -> Any:
        """Run a command and return its answer."""
        command = [sys.executable, "-m", "reviewer", *arguments, "--json"]
        command += ["--profile", str(self._folder / self._name), "--key-file", str(self._folder / f"{self._name}.keys")]
        if password is not None:
            file = self._folder / f"{self._name}.password"
            file.write_text(password)
            command += ["--password-file", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def owner(tmp_path: Path) -> Machine:
    """Return the machine of who owns the database."""
    return Machine(tmp_path, "owner")


def test_a_team_from_an_empty_database_to_a_removed_member(durable: Cluster, owner: Machine, tmp_path: Path) -> None:
    name = durable.new_database()
    own = ("--database", durable.address(name))
    assert owner.run("team", "init", *own, password=PASSWORD) == {"set_up": True, "founded": False}
    assert owner.run("team", "init", *own, password=PASSWORD) == {
        "set_up": True,
        "founded": False,
    }  # again, and nothing changes
    assert owner.run("team", "check", *own, password=PASSWORD)["found"] == []

    ana, ben = Machine(tmp_path, "ana"), Machine(tmp_path, "ben")
    invited = owner.run("team", "invite", "ana", "--founder", *own, password=PASSWORD)
    ana.run("team", "found", "--workspace", "North", "--member", "Ana", "--database", invited["database"],
            password=invited["password"])  # fmt: skip
    invited = owner.run("team", "invite", "ben", *own, password=PASSWORD)
    asked = ben.run("team", "join", "--member", "Ben", "--database", invited["database"], password=invited["password"])
    assert ben.run("queue", code=5)["error"]["code"] == "no_workspace"  # nobody has let him in

    seats = {seat["login"]: seat["state"] for seat in ana.run("team", "list")["seats"]}
    assert seats == {"ana": "member", "ben": "waits"}
    refused = ana.run("team", "confirm", "ben", "--fingerprint", "0", "--roles", "agent", code=4)
    assert "not the fingerprint" in refused["error"]["message"]
    ana.run("team", "confirm", "ben", "--fingerprint", asked["fingerprint"], "--roles", "agent")

    drafts = tmp_path / "drafts.jsonl"
    drafts.write_bytes(line(id="m-1"))
    assert ana.run("import", str(drafts))["imported"] == 1
    claimed = ben.run("claim")
    assert claimed["draft"] == "Yes, we open at nine."
    assert ben.run("decide", claimed["item"], "approve", "--lease", claimed["lease"])["state"] == "held"
    assert ben.run("team", "list", code=4)["error"]["code"] == "rule"  # no admin

    ana.run("team", "roles", "ben", "agent,supervisor")
    ana.run("team", "remove", "ben")
    assert ben.run("queue", code=5)["error"]["code"] == "no_workspace"
    assert ana.run("keys", "age")["generation"] == 2  # what Ben's machine kept opens nothing new
    assert ana.run("ledger", "verify")["ok"] is True
    checked = owner.run("team", "check", *own, password=PASSWORD)
    assert (checked["found"], checked["rows"].keys() >= {"item", "seat"}) == ([], True)


def test_an_invitation_works_once(durable: Cluster, owner: Machine, tmp_path: Path) -> None:
    name = durable.new_database()
    own = ("--database", durable.address(name))
    owner.run("team", "init", *own, password=PASSWORD)
    invited = owner.run("team", "invite", "carl", "--founder", *own, password=PASSWORD)
    found = ("team", "found", "--workspace", "N", "--member", "C", "--database", invited["database"])
    Machine(tmp_path, "carl").run(*found, password=invited["password"])
    stolen = Machine(tmp_path, "thief").run(*found, password=invited["password"], code=5)
    assert "does not let you in" in stolen["error"]["message"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("fsync", "off"), ("full_page_writes", "off"), ("password_encryption", "'md5'"), ("synchronous_commit", "off"),
     ("ssl_min_protocol_version", "'TLSv1.2'"), ("log_parameter_max_length_on_error", "-1")],
)  # fmt: skip
def test_a_server_with_an_unsafe_setting_is_refused_by_name(
    durable: Cluster, owner: Machine, setting: str, value: str
) -> None:
    name = durable.new_database()
    durable.run(f"ALTER SYSTEM SET {setting} = {value}")
    durable.run("SELECT pg_reload_conf()")
    try:
        refused = owner.run("team", "init", "--database", durable.address(name), password=PASSWORD, code=4)
        assert f"{setting} is" in refused["error"]["message"]
        assert durable.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(0,)]
    finally:
        durable.run(f"ALTER SYSTEM RESET {setting}")
        durable.run("SELECT pg_reload_conf()")


def test_what_was_refused_can_be_tried_again_and_a_newcomer_looks_before_they_leap(
    durable: Cluster, owner: Machine, tmp_path: Path
) -> None:
    own = ("--database", durable.address(durable.new_database()))
    owner.run("team", "init", *own, password=PASSWORD)
    ana, ben = Machine(tmp_path, "nada"), Machine(tmp_path, "bora")
    invited = owner.run("team", "invite", "nada", "--founder", *own, password=PASSWORD)
    found = ("team", "found", "--workspace", "N", "--member", "Ana", "--database", invited["database"])
    ana.run(*found, password="wrong", code=5)
    early = owner.run("team", "invite", "bora", *own, password=PASSWORD)
    join = ("team", "join", "--member", "Ben", "--database", early["database"])
    ben.run(*join, password=early["password"], code=4)  # nobody has founded it yet
    made = ana.run(*found, password=invited["password"])
    assert "already" in ana.run(*found, password=invited["password"], code=4)["error"]["message"]
    first = ben.run(*join, password=early["password"])["fingerprint"]

    again = owner.run("team", "invite", "bora", *own, password=PASSWORD)
    refused = ana.run("team", "confirm", "bora", "--fingerprint", first, "--roles", "agent", code=4)
    assert "Nobody waits" in refused["error"]["message"]  # that device's password opens nothing now
    asked = ben.run(*join, password=again["password"])
    assert ana.run("team", "remove", "bora") == {"removed": False}  # turned away, and may ask once more
    assert ana.run("keys", "age")["generation"] == 1
    assert {each["login"]: each["state"] for each in ana.run("team", "list")["seats"]}["bora"] == "invited"
    asked = ben.run(*join, password=again["password"])
    ana.run("team", "confirm", "bora", "--fingerprint", asked["fingerprint"], "--roles", "agent")
    for _ in range(2):
        assert ben.run("claim") is not None  # there is nothing, and nothing of it to remember
    assert ana.run("ledger", "verify")["founder"] == made["founder"]


def test_a_worker_waits_for_a_server_that_is_restarted(tmp_path: Path) -> None:
    with running(durable=True) as server:
        own = ("--database", server.address(server.new_database()))
        owner, ana = Machine(tmp_path, "owner"), Machine(tmp_path, "ana")
        owner.run("team", "init", *own, password=PASSWORD)
        invited = owner.run("team", "invite", "ana", "--founder", *own, password=PASSWORD)
        ana.run("team", "found", "--workspace", "N", "--member", "Ana", "--database", invited["database"],
                password=invited["password"])  # fmt: skip
        drafts = tmp_path / "drafts.jsonl"
        drafts.write_bytes(line(id="m-1"))
        ana.run("import", str(drafts))
        command = [sys.executable, "-m", "reviewer", "work", "--profile", str(tmp_path / "ana")]
        command += ["--key-file", str(tmp_path / "ana.keys")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            try:
                assert "analysed" in worker.stdout.readline()
                server.stop()
                server.start()
                assert "Waiting for the team's server" in worker.stdout.readline()
                drafts.write_bytes(line(id="m-2"))
                ana.run("import", str(drafts))
                assert "1 analysed" in worker.stdout.readline()
            finally:
                worker.terminate()
