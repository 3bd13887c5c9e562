"""Ways past the second factor that a team's server asks for: guess, guess and roll back, replay, borrow a pass."""

import base64
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from reviewer.crypto import KeyFile, SecondFactor
from reviewer.crypto.sealing import login_password
from reviewer.domain.errors import (
    FactorNeededError,
    RuleError,
    TooManyTriesError,
    UnlockError,
    WrongFactorError,
)
from reviewer.domain.members import DeskId, Role
from reviewer.services.access import Access, Session
from reviewer.services.team import Team
from tests.factories import Profile

_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint / 30"


class Guarded:
    """A member whose login takes codes, and somebody who has their password."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        uri = profile.access.set_second_factor(Session(profile.store, "Desk", profile.first.member))
        self.factor = SecondFactor(base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0]))

    def code(self, later: int = 0) -> str:
        """Return the code of this half minute by the server's clock, or of a later one."""
        ((step,),) = self.profile.rows(_NOW)
        return self.factor.code(int(step) + later)

    def wrong(self) -> str:
        """Return a code that none of the steps about now has."""
        good = {self.code(step) for step in range(-2, 3)}
        return next(code for code in map("{:06}".format, range(1_000_000)) if code not in good)

    def psql(self) -> psycopg.Connection[Any]:
        """Connect as a thief of the password does."""
        assert self.profile.address is not None
        password = login_password(self.profile.device_secret)
        return psycopg.connect(**self.profile.address.parameters(password))  # type: ignore[arg-type]

    def access(self) -> Access:
        """Return the way in of a process that has started anew."""
        folder = self.profile.folder
        return Access(folder, KeyFile(self.profile.key_file), DeskId("again"), team=self.profile.address)

    def tries(self) -> int:
        """Return how many wrong codes are on record."""
        ((number,),) = self.profile.rows("SELECT tries FROM factor")
        return int(number)


@pytest.fixture
def database() -> str:
    """Every test here is about a server."""
    return "server"


@pytest.fixture
def guarded(profile: Profile) -> Guarded:
    return Guarded(profile)


@pytest.fixture
def thief(guarded: Guarded) -> Iterator[psycopg.Connection[Any]]:
    with guarded.psql() as connection:
        yield connection


def _submit(connection: psycopg.Connection[Any], code: str) -> int:
    row = connection.execute("SELECT factor_submit(%s)", (code,)).fetchone()
    assert row is not None
    return int(row[0])


def _finish(connection: psycopg.Connection[Any], submitted: int) -> str | None:
    row = connection.execute("SELECT factor_finish(%s)", (submitted,)).fetchone()
    assert row is not None
    earned: str | None = row[0]
    return earned


def _sees(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT (SELECT count(*) FROM seat) + (SELECT count(*) FROM item)"
                             " + (SELECT count(*) FROM member) + (SELECT count(*) FROM entry)").fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


# ---- How it is meant


def test_a_code_lets_in_once_and_a_restarted_desk_needs_another(guarded: Guarded) -> None:
    access = guarded.access()
    assert access.factors().code
    with pytest.raises(FactorNeededError):
        access.unlock()
    code = guarded.code()
    session = access.unlock(None, code)
    with session.store.read() as tx:
        assert tx.now() is not None
    session.store.close()
    with pytest.raises(UnlockError):
        guarded.access().unlock(None, code)
    guarded.access().unlock(None, guarded.code(1)).store.close()


def test_the_desk_that_turned_it_on_goes_on_and_turning_it_off_asks_no_code(guarded: Guarded) -> None:
    guarded.profile.put()
    session = guarded.access().unlock(None, guarded.code())
    guarded.access().drop_second_factor(session)
    session.store.close()
    guarded.access().unlock().store.close()


def test_an_admin_lets_in_who_lost_their_app_and_it_is_on_record(guarded: Guarded) -> None:
    admin = guarded.profile.actor(Role.ADMIN)
    team = Team(guarded.profile.store_of(admin), admin)
    assert guarded.access().factors().code
    team.drop_factor("first")
    assert guarded.profile.rows("SELECT count(*) FROM factor") == [(0,)]
    assert guarded.profile.events()[-1] == "policy_changed"


def test_a_recovery_code_does_not_replace_what_the_server_asks_for(guarded: Guarded) -> None:
    with pytest.raises(UnlockError):
        guarded.access().recover("not a code")
    with guarded.psql() as connection:
        assert _sees(connection) == 0


# ---- Attacks


def test_a_stolen_password_alone_sees_and_does_nothing(guarded: Guarded, thief: psycopg.Connection[Any]) -> None:
    guarded.profile.put()
    assert _sees(thief) == 0
    with pytest.raises(psycopg.Error, match="second factor"):
        thief.execute("SELECT hold_chain()")


def test_five_wrong_codes_lock_the_login_for_a_quarter_of_an_hour(
    guarded: Guarded, thief: psycopg.Connection[Any]
) -> None:
    for _ in range(5):
        submitted = _submit(thief, guarded.wrong())
        thief.commit()
        assert _finish(thief, submitted) is None
        thief.commit()
    with pytest.raises(psycopg.Error, match="five wrong codes"):
        _submit(thief, guarded.code())
    thief.rollback()
    with pytest.raises(TooManyTriesError):
        guarded.access().unlock(None, guarded.code())
    guarded.profile.rows("UPDATE factor SET first_try_at = first_try_at - interval '15 minutes'")
    guarded.access().unlock(None, guarded.code()).store.close()
    assert guarded.tries() == 0


def test_a_guess_that_is_rolled_back_is_never_answered(guarded: Guarded, thief: psycopg.Connection[Any]) -> None:
    for code in (guarded.code(), guarded.wrong()):
        with thief.transaction(force_rollback=True):
            submitted = _submit(thief, code)
            with pytest.raises(psycopg.Error, match="not handed in"), thief.transaction():
                _finish(thief, submitted)
    assert guarded.tries() == 0
    submitted = _submit(thief, guarded.code())
    thief.rollback()
    with pytest.raises(psycopg.Error, match="not handed in"):
        _finish(thief, submitted)


def test_a_guess_within_a_savepoint_is_never_answered(guarded: Guarded, thief: psycopg.Connection[Any]) -> None:
    with thief.transaction():
        with thief.transaction():
            submitted = _submit(thief, guarded.code())
        with pytest.raises(psycopg.Error, match="not handed in"), thief.transaction():
            _finish(thief, submitted)


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_fifty_connections_guess_no_more_than_one(guarded: Guarded, isolation: str) -> None:
    wrong, answered, together = guarded.wrong(), [], threading.Barrier(15)

    def guess() -> None:
        with guarded.psql() as connection:
            connection.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {isolation}")
            connection.commit()
            together.wait(60)
            for number in range(8):
                try:
                    connection.execute("SELECT 1")  # a snapshot from before the others
                    submitted = _submit(connection, wrong)
                    if number % 3 == 2:
                        connection.rollback()
                        continue
                    connection.commit()
                    answered.append(_finish(connection, submitted))
                    connection.commit()
                except psycopg.Error:
                    connection.rollback()

    threads = [threading.Thread(target=guess) for _ in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < len(answered) <= 5  # a try that the server could not order stays counted, and gets no answer
    assert set(answered) == {None}
    assert guarded.tries() == 5


def test_a_code_that_was_used_is_not_taken_again(guarded: Guarded, thief: psycopg.Connection[Any]) -> None:
    code = guarded.code()
    guarded.access().unlock(None, code).store.close()
    submitted = _submit(thief, code)
    thief.commit()
    assert _finish(thief, submitted) is None
    assert _sees(thief) == 0


def test_one_code_handed_in_twice_opens_once(guarded: Guarded) -> None:
    code = guarded.code()
    with guarded.psql() as one, guarded.psql() as other:
        first = _submit(one, code)
        one.commit()
        second = _submit(other, code)
        other.commit()
        assert _finish(one, first) is not None
        one.commit()
        assert _finish(other, second) is None
        assert _sees(other) == 0


def test_an_answer_belongs_to_who_handed_the_code_in(guarded: Guarded, thief: psycopg.Connection[Any]) -> None:
    other = guarded.profile.actor(Role.AGENT)
    submitted = _submit(thief, guarded.code())
    thief.commit()
    store = guarded.profile.store_of(other)
    with store._engine.begin() as connection, pytest.raises(Exception, match="not handed in"):
        connection.exec_driver_sql(f"SELECT factor_finish({submitted})")


def test_a_pass_opens_for_its_own_login_and_while_it_lasts(guarded: Guarded) -> None:
    with guarded.psql() as connection:
        submitted = _submit(connection, guarded.code())
        connection.commit()
        earned = _finish(connection, submitted)
        connection.commit()
        assert earned is not None
        assert _sees(connection) > 0
    with guarded.psql() as again:
        for wrong in ("", "x" * 64, earned[:-1] + ("0" if earned[-1] != "0" else "1"), None):
            assert again.execute("SELECT factor_resume(%s::text)", (wrong,)).fetchone() == (False,)
        assert _sees(again) == 0
        assert again.execute("SELECT factor_resume(%s)", (earned,)).fetchone() == (True,)
        assert _sees(again) > 0
    other = guarded.profile.store_of(guarded.profile.actor(Role.AGENT))
    with other._engine.begin() as foreign:
        assert foreign.exec_driver_sql("SELECT factor_resume(%s)", (earned,)).scalar_one() is False
    guarded.profile.rows("UPDATE factor_pass SET ends_at = now()")
    with guarded.psql() as late:
        assert late.execute("SELECT factor_resume(%s)", (earned,)).fetchone() == (False,)


def test_a_connection_that_takes_the_number_of_one_that_passed_has_not_passed(
    guarded: Guarded, thief: psycopg.Connection[Any]
) -> None:
    ((pid,),) = thief.execute("SELECT pg_backend_pid()").fetchall()
    guarded.profile.rows(f"INSERT INTO factor_session VALUES ({pid}, now() - interval '1 hour', 'first')")
    assert _sees(thief) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT secret FROM factor",
        "SELECT * FROM factor_try",
        "SELECT * FROM factor_pass",
        "INSERT INTO factor_session SELECT pg_backend_pid(), now(), session_user",
        "UPDATE factor SET tries = 0",
        "DELETE FROM factor",
        "UPDATE seat SET has_factor = false",
        "SELECT totp('x', 1)",
        "SELECT grant_pass()",
        "SELECT reviewer_inner.hmac('a'::bytea, 'b'::bytea, 'sha1')",
    ],
)
def test_what_the_second_factor_rests_on_is_out_of_reach(
    guarded: Guarded, thief: psycopg.Connection[Any], statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        thief.execute(statement)
    del guarded


def test_nobody_takes_away_or_sets_anothers_second_factor(guarded: Guarded, thief: psycopg.Connection[Any]) -> None:
    for statement in ("SELECT factor_drop('first')", "SELECT factor_set('12345678901234567890'::bytea)"):
        with pytest.raises(psycopg.Error, match="second factor"):
            thief.execute(statement)
        thief.rollback()
    agent = guarded.profile.store_of(guarded.profile.actor(Role.AGENT))
    with agent._engine.begin() as connection, pytest.raises(Exception, match="another's second factor"):
        connection.exec_driver_sql("SELECT factor_drop('first')")


def test_a_second_factor_taken_away_without_an_entry_is_undone(guarded: Guarded) -> None:
    admin = guarded.profile.store_of(guarded.profile.actor(Role.ADMIN))
    with pytest.raises(Exception, match="without its entry"), admin._engine.begin() as connection:
        connection.exec_driver_sql("SELECT factor_drop('first')")
    assert guarded.profile.rows("SELECT count(*) FROM factor") == [(1,)]


def test_the_codes_are_those_of_the_standard(guarded: Guarded) -> None:
    secret = b"12345678901234567890"  # RFC 6238, appendix B, of whose eight digits six are kept
    for at, code in ((59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")):
        ((made,),) = guarded.profile.rows(f"SELECT totp('\\x{secret.hex()}'::bytea, {at // 30})")
        assert made == code


def test_a_wrong_code_is_told_as_wrong(guarded: Guarded) -> None:
    with pytest.raises(WrongFactorError):
        guarded.access().unlock(None, guarded.wrong())
    session = guarded.access().unlock(None, guarded.code())
    with pytest.raises(RuleError, match="second factor already"):
        guarded.profile.access.set_second_factor(session)
    session.store.close()


def test_handing_a_code_in_writes_the_same_whether_it_is_right_or_wrong(
    guarded: Guarded, thief: psycopg.Connection[Any]
) -> None:
    told = []
    for code in (guarded.wrong(), guarded.code(), guarded.wrong()):  # the first one warms up
        with thief.transaction(force_rollback=True):
            plan = f"EXPLAIN (ANALYZE, WAL, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT factor_submit('{code}')"
            told.append(thief.execute(plan.encode()).fetchall())
    assert told[1] == told[2]
