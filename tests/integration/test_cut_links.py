"""A team's database behind a link that is cut, swallows everything or is slow: what the store says, and how soon."""

import time
from collections.abc import Iterator

import pytest

from reviewer.crypto import login_password
from reviewer.domain.errors import UnavailableError, UnreachableError
from reviewer.storage import Address, Store, patience
from tests.factories import Profile
from tests.links import Link, linked


@pytest.fixture
def database() -> str:
    """All of these are about a server."""
    return "server"


@pytest.fixture
def link(profile: Profile) -> Iterator[Link]:
    """Return the link that a desk of the profile has to its server."""
    assert profile.team is not None
    with linked(profile.team.cluster.port) as link:
        yield link


@pytest.fixture
def store(profile: Profile, link: Link) -> Iterator[Store]:
    """Return the profile's store as it is reached through the link."""
    assert profile.team is not None
    address = Address.read(profile.team.cluster.address(profile.team.name, "first").replace(
        f":{profile.team.cluster.port}/", f":{link.port}/"
    ))  # fmt: skip
    store = Store.open_team(address, login_password(profile.device_secret))
    yield store
    store.close()


def look(store: Store) -> None:
    """Ask the database for its time."""
    with store.read() as tx:
        tx.now()


def test_a_cut_connection_is_an_unreachable_database_and_the_next_call_gets_another(store: Store, link: Link) -> None:
    look(store)
    link.break_connections()
    with pytest.raises(UnreachableError):
        look(store)
    look(store)


def test_a_link_that_swallows_everything_is_noticed_within_seconds(store: Store, link: Link) -> None:
    look(store)
    link.swallow()
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="fell silent"):
        look(store)
    assert time.monotonic() - began < 10


def test_a_server_that_is_only_slow_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SILENCE_S", 0.2)
    with store.read() as tx:
        tx._connection.exec_driver_sql("SELECT pg_sleep(1)")


def test_while_the_server_cannot_be_reached_calls_fail_at_once_and_tries_come_ever_more_seldom(
    store: Store, link: Link
) -> None:
    link.cut()
    tried, began = 0, time.monotonic()
    while time.monotonic() - began < 3:
        at = time.monotonic()
        with pytest.raises(UnreachableError) as failure:
            look(store)
        tried += "in a moment" not in failure.value.message
        assert time.monotonic() - at < 2
        time.sleep(0.02)
    assert 3 <= tried <= 6  # of 150 calls
    link.mend()
    with pytest.raises(UnreachableError):
        look(store)  # not due yet
    store.try_now()
    look(store)


def test_a_statement_that_fails_is_no_cut_link(store: Store) -> None:
    with pytest.raises(UnavailableError) as failure, store.read() as tx:
        tx._connection.exec_driver_sql("SELECT 1/0")
    assert not isinstance(failure.value, UnreachableError)
    look(store)
