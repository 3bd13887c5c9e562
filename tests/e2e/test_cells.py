"""Workspaces on two servers and a signed map of them: who moves desks by it, who cannot, and what a desk says then."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_team_commands import Machine
from tests.factories import line
from tests.postgres import PASSWORD, Cluster, running


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Cluster, Cluster]]:
    """Return two servers with safe settings and authorities of their own."""
    with running(durable=True) as first, running(durable=True) as second:
        yield first, second


class Cells:
    """Two teams on two servers, and a map of both."""

    def __init__(self, folder: Path, servers: tuple[Cluster, Cluster]) -> None:
        self.folder = folder
        self.authorities = folder / "authorities.crt"
        self.authorities.write_text("".join(each.certificates.authority.read_text() for each in servers))
        self.map = folder / "cells.json"
        self.owner, self.ana, self.bea = (Machine(folder, name) for name in ("owner", "ana", "bea"))
        self.places = {
            "North": self._found(servers[0], self.ana, "ana", "North", "n-1"),
            "South": self._found(servers[1], self.bea, "bea", "South", "s-1"),
        }
        self.key = self.put(self.places)
        for machine, workspace in ((self.ana, "North"), (self.bea, "South")):
            self.follow(machine, workspace)

    def _found(self, server: Cluster, machine: Machine, login: str, workspace: str, draft: str) -> str:
        name = server.new_database()
        own = server.address(name).partition("?")[0] + f"?sslrootcert={self.authorities}"
        self.owner.run("team", "init", "--database", own, password=PASSWORD)
        invited = self.owner.run("team", "invite", login, "--founder", "--database", own, password=PASSWORD)
        machine.run("team", "found", "--workspace", workspace, "--member", login, "--database", invited["database"],
                    password=invited["password"])  # fmt: skip
        drafts = self.folder / f"{draft}.jsonl"
        drafts.write_bytes(line(id=draft))
        machine.run("import", str(drafts))
        return f"127.0.0.1:{server.port}/{name}"

    def put(self, places: dict[str, str], *, by: Machine | None = None) -> str:
        """Put workspaces into the map and return the key that signed it."""
        named = [f"{workspace}={place}" for workspace, place in places.items()]
        key: str = (by or self.owner).run("cells", "put", str(self.map), *named)["key"]
        return key

    def follow(self, machine: Machine, workspace: str) -> None:
        """Let a profile follow the map."""
        machine.run("cells", "follow", str(self.map), "--key", self.key, "--workspace", workspace)

    def seen(self, machine: Machine) -> list[str]:
        """Return which drafts a desk sees waiting."""
        return [item["external_id"] for item in machine.run("queue")["items"]]

    def refused(self, machine: Machine, code: int = 4) -> str:
        """Return why a desk does not open its workspace."""
        message: str = machine.run("queue", code=code)["error"]["message"]
        return message


def test_desks_find_their_workspaces_by_a_map_that_nobody_else_can_write(
    servers: tuple[Cluster, Cluster], tmp_path: Path
) -> None:
    cells = Cells(tmp_path, servers)
    assert (cells.seen(cells.ana), cells.seen(cells.bea)) == (["n-1"], ["s-1"])
    first = cells.map.read_bytes()
    shown = cells.bea.run("cells", "show", str(cells.map), "--key", cells.key.upper())
    assert shown == {"number": 1, "places": cells.places}

    # Altered: one workspace sent to the other's server, the signature left as it was.
    altered = json.loads(first)
    altered["places"]["North"] = cells.places["South"]
    cells.map.write_text(json.dumps(altered, separators=(",", ":"), sort_keys=True))
    assert "was altered" in cells.refused(cells.ana)
    # Signed anew, by somebody else's key.
    cells.map.unlink()
    cells.put({"North": cells.places["South"]}, by=cells.bea)
    assert "another key" in cells.refused(cells.ana)
    for rubbish in (b"", b"{}", b"[1]", b"\xff\xfe", b'{"key":1,"signature":2}', b"[" * 100_000):
        cells.map.write_bytes(rubbish)
        assert "is no map of servers" in cells.refused(cells.ana)

    # An old map that was put back, after each desk has seen a newer one.
    cells.map.write_bytes(first)
    cells.put({"East": "127.0.0.1:1/east"})
    assert cells.seen(cells.ana) == ["n-1"]
    cells.map.write_bytes(first)
    assert "older than one" in cells.refused(cells.ana)

    # The share is away: the server named last stands.
    cells.map.unlink()
    assert cells.seen(cells.ana) == ["n-1"]

    # A map in order that leaves a workspace out, or names a server where the login is nobody's.
    cells.map.write_bytes(first)
    cells.put({"North": cells.places["South"]})
    cells.put({"North": cells.places["South"]})
    assert "does not let you in" in cells.refused(cells.ana, 5) or "cannot be opened" in cells.refused(cells.ana, 5)
    cells.owner.run("cells", "remove", str(cells.map), "North")
    assert "does not name the workspace 'North'" in cells.refused(cells.ana)
    assert cells.seen(cells.bea) == ["s-1"]


def test_a_workspace_moves_to_another_server_and_its_desks_follow(
    servers: tuple[Cluster, Cluster], tmp_path: Path
) -> None:
    with running(durable=True) as old:
        cells = Cells(tmp_path, (old, servers[1]))
        assert cells.seen(cells.ana) == ["n-1"]
        new = Cluster(durable=True)
        try:
            old.stop(signal.SIGINT)
            assert cells.refused(cells.ana, 5)
            _move(old, new)
            new.start()
            with cells.authorities.open("a") as file:
                file.write(new.certificates.authority.read_text())
            place = cells.places["North"].replace(str(old.port), str(new.port))
            cells.put({"North": place})
            assert cells.seen(cells.ana) == ["n-1"]
            assert cells.ana.run("ledger", "verify")["ok"] is True
            assert cells.seen(cells.bea) == ["s-1"]
        finally:
            new.remove()


def test_a_map_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    owner, file = Machine(tmp_path, "owner"), str(tmp_path / "cells.json")
    for wrong in ("North", "North=", "=127.0.0.1:1/north", "North=somewhere", "North=u@h:1/d", "North=h:1/d?sslcert=f"):
        owner.run("cells", "put", file, wrong, code=2)
    assert not Path(file).exists()
    key = owner.run("cells", "put", file, "North=db.example:5432/north")["key"]
    owner.run("cells", "remove", file, "South", code=4)
    told = owner.run("cells", "follow", file, "--key", key, "--workspace", "North", code=4)
    assert "no team's database" in told["error"]["message"]


def _move(old: Cluster, new: Cluster) -> None:
    """Move a stopped server's files; the new one keeps its own port and certificates."""
    own = (new.data / "postgresql.conf").read_bytes()
    shutil.rmtree(new.data)
    shutil.copytree(old.data, new.data)
    (new.data / "postgresql.conf").write_bytes(own)
    owner = old.data.stat()
    for path in (new.data, *new.data.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    new.data.chmod(0o700)
