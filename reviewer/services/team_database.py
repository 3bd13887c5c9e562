"""What the owner of a team's database does: set it up, invite, check. None of it opens any content."""

from reviewer.storage import Address, team
from reviewer.storage.team import gauge
from reviewer.storage.team.gauge import Gauge


class TeamDatabase:
    """A team's database, seen by its owner."""

    def __init__(self, address: Address, password: str) -> None:
        self._address = address
        self._password = password

    def set_up(self) -> bool:
        """Set it up or bring it to this version, and tell whether a workspace was founded in it.

        Raises RuleError where the server is not safe, UnavailableError.
        """
        with team.owned(self._address, self._password) as engine:
            team.set_up(engine)
            return team.is_founded(engine)

    def invite(self, login: str, *, may_found: bool) -> tuple[Address, str]:
        """Make a login that may join; return the address and the password to hand over."""
        with team.owned(self._address, self._password) as engine:
            password = team.invite(engine, login, may_found=may_found)
        return self._address.of(login), password

    def check(self) -> list[str]:
        """Return how it differs from what is declared."""
        with team.owned(self._address, self._password) as engine:
            return team.drift(engine)

    def gauge(self) -> Gauge:
        """Return how well the server keeps up with what is rewritten."""
        with team.owned(self._address, self._password) as engine:
            return gauge.read(engine)
