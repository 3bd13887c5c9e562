"""Two real desks on two hosts of their own, worked at while their links are slow, lossy, dead and down: nothing lost.

Each host is a network namespace with its own address; the desks run under an X server each. The pictures of their
screens are kept in the folder of the test.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from reviewer.crypto import KeyFile
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import DeskId, Role
from reviewer.services.access import Access
from reviewer.services.team import Team
from reviewer.settings import SettingsFile
from tests import wires
from tests.factories import Profile, every_override, line
from tests.links import Link

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def database() -> str:
    """These desks share a server."""
    return "server"


def add_member(profile: Profile, folder: Path, login: str) -> None:
    """Make a second profile whose member joined the team."""
    assert profile.team is not None
    folder.mkdir(mode=0o700)
    invitation = profile.team.invite(login)
    access = Access(folder, KeyFile(folder / "keys"), DeskId(login), team=profile.team.address(login))
    asked = access.join(login.capitalize(), invitation)
    Team(profile.store, profile.first).confirm(login, asked.fingerprint, frozenset({Role.AGENT}))


def point_at(folder: Path, address: str) -> None:
    """Let a profile find its database at an address."""
    SettingsFile(folder / "settings.toml").change(database=address)


@contextmanager
def screen() -> Iterator[str]:
    """Run an X server and return its display."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        yield f":{os.read(reading, 16).decode().strip()}"
    finally:
        os.close(reading)
        server.terminate()
        server.wait()


@contextmanager
def far_desk(host: wires.Host, display: str, profile: Path, name: str, orders: Path) -> Iterator[None]:
    """Have a desk worked at on a host."""
    orders.mkdir()
    env = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "HOME": str(orders)}
    command = ["ip", "netns", "exec", host.name, sys.executable, "-m", "tests.e2e.far_desk"]
    with (orders / "log").open("wb") as log:
        process = subprocess.Popen([*command, profile, name, orders], env=env, stdout=log, stderr=log)
    try:
        wait_for(orders / "ready", 120)
        yield
        wait_for(orders / "end", 60)
        assert process.wait(60) == 0, (orders / "log").read_text()
    finally:
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
        process.kill()
        process.wait()


def wait_for(path: Path, patience_s: float) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + patience_s
    while not path.exists():
        log = path.parent / "log"
        assert time.monotonic() < deadline, f"no {path.name}: {log.read_text() if log.exists() else ''}"
        time.sleep(0.05)


def shoot(name: str, *folders: Path) -> None:
    """Take a picture of each screen."""
    for folder in folders:
        (folder / f"shoot {name}").touch()
    for folder in folders:
        wait_for(folder / f"{name}.png", 30)


def pressed(folder: Path) -> dict[str, str]:
    """Return what was decided at a desk, as the text of each item."""
    found: dict[str, str] = {}
    for each in map(json.loads, (folder / "journal").read_text().splitlines()):
        found[each["item"]] = each["text"]
        if each["text"] is None:
            del found[each["item"]]
    return found


def test_two_desks_on_two_hosts_lose_nothing_while_their_links_are_slow_lossy_dead_and_down(
    profile: Profile,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    loud_skip: Callable[[str], NoReturn],
) -> None:
    if not request.config.getoption("--full"):
        pytest.skip("more than a minute long: --full runs it")
    lacking = wires.why_not() or (None if shutil.which("Xvfb") else "there is no Xvfb")
    if lacking is not None:
        loud_skip(lacking)
    phase_s = 4
    assert profile.team is not None
    second = tmp_path / "second"
    add_member(profile, second, "second")
    switch_rules_off(profile)
    profile.take(*(line(id=str(n), draft=f"Draft {n}.", priority=100 - n // 8) for n in range(1, 800)))
    orders = [tmp_path / "desk-a", tmp_path / "desk-b"]
    with wires.hosts(2) as net:
        link = Link(profile.team.cluster.port, listening=net.listen())
        try:
            for folder, login in ((profile.folder, "first"), (second, "second")):
                there = profile.team.address(login).text
                point_at(folder, there.replace(f"127.0.0.1:{profile.team.cluster.port}", f"{wires.SERVER}:{link.port}"))
            a, b = net.hosts
            with (
                screen() as one,
                screen() as other,
                far_desk(a, one, profile.folder, "A", orders[0]),
                far_desk(b, other, second, "B", orders[1]),
            ):
                time.sleep(phase_s)
                shoot("1-good", *orders)
                for host in net.hosts:
                    host.delay_s, host.loss = 0.1, 0.05  # 200 ms there and back
                time.sleep(2 * phase_s)
                shoot("2-slow", *orders)
                a.swallows = True
                b.set_link("down")
                time.sleep(phase_s + 8)
                shoot("3-cut", *orders)
                a.swallows = False
                b.set_link("up")
                time.sleep(phase_s + 10)
                shoot("4-back", *orders)
                for host in net.hosts:  # they close at the pace of a good link
                    host.delay_s, host.loss = 0.0, 0.0
                for folder in orders:
                    (folder / "stop").touch()
        finally:
            link.close()
    told = [json.loads((folder / "end").read_text()) for folder in orders]
    assert [each["faults"] for each in told] == [[], []]
    check_that_nothing_is_lost(profile, [pressed(folder) for folder in orders])
    print(
        f"decisions {[each['number'] for each in told]}, packets lost {[host.lost for host in net.hosts]} of "
        f"{[host.lost + host.carried for host in net.hosts]}, longest gap in ms {[each['longest_ms'] for each in told]}"
    )


def check_that_nothing_is_lost(profile: Profile, desks: list[dict[str, str]]) -> None:
    """Check that each decision pressed is on record once with its text, or its text is a second opinion."""
    rows = profile.rows("SELECT item_id, id FROM decision WHERE state <> 'withdrawn'")
    assert max(Counter(item for item, _ in rows).values()) == 1
    finals = {item: profile.final(decision) for item, decision in rows}
    asked = [each for desk in desks for each in desk.items()]
    for item, text in asked:
        opinions = [kept for _, kept in profile.opinions(item)]  # type: ignore[arg-type]
        assert finals.get(item) == text or text in opinions, item
    assert set(finals) <= {item for item, _ in asked}
    assert len(asked) > 8
    assert profile.services().ledger.verify().ok


def switch_rules_off(profile: Profile) -> None:
    """Let no finding hold an approval back: whoever works here types the same into every draft."""
    who = profile.first.member
    values = f"'{who.workspace_id}', '{{}}', '{{}}', '{who.id}', now()"
    rows = [f"({values.format(kind, rule)})" for kind in KINDS for rule in every_override()]
    profile.rows(f"INSERT INTO rule_off (workspace_id, kind, rule, member_id, since) VALUES {', '.join(rows)}")
