"""The second factor that a team's database asks for itself: codes are handed in, and earn a pass for a while."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event, text

from reviewer.domain.errors import UnlockError

_STATE = text("SELECT state, wait_s FROM factor_state()")
_SUBMIT = text("SELECT factor_submit(:code)")
_FINISH = text("SELECT factor_finish(:submitted)")


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether the server wants a code from this login, and for how many seconds it takes none."""

    needed: bool
    wait_s: int


def state(engine: Engine) -> FactorState:
    """Ask whether the server wants a code."""
    with engine.begin() as connection:
        row = connection.execute(_STATE).one()
    return FactorState(row.state == "needed", row.wait_s)


def submit(engine: Engine, code: str) -> str:
    """Hand a code in and return the pass that it earns. Raises UnlockError.

    Two transactions, since a guess must be on record before it is answered.
    """
    with engine.begin() as connection:
        submitted = connection.execute(_SUBMIT, {"code": "".join(code.split())}).scalar_one()
    with engine.begin() as connection:
        earned: str | None = connection.execute(_FINISH, {"submitted": submitted}).scalar_one()
    if earned is None:
        raise UnlockError("The team's server does not take this code: it is wrong, or was used already.")
    return earned


def show_pass(engine: Engine, earned: str) -> None:
    """Let every connection that the engine makes from now on show a pass."""

    def show(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT factor_resume(%s)", (earned,))
        connection.commit()

    event.listen(engine, "connect", show)
    engine.dispose()  # those that are open were made without it
