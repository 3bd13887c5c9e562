"""The output gate beside texts that were made to keep it busy."""

import pytest

from reviewer.domain.items import Turn
from reviewer.privacy import gate

_REPEATED = ("~", "{", "{{", "(", "%", "f3", "[A", "{{a}} ", "[Name] ", "Hi John Smith, ", "+1 202 555 0107 ", "&lt;")


@pytest.mark.timeout(60)  # each of these took minutes where a pattern tried every end from every start
@pytest.mark.parametrize("unit", _REPEATED)
def test_a_text_of_one_thing_over_and_over_is_checked_all_the_same(unit: str) -> None:
    outgoing = gate.Outgoing(
        (unit * 60_000)[:60_000],
        kind="sms",
        recipient="+12025550107",
        source=(Turn("Customer", "Hello."),),
        language="en",
    )
    assert len(gate.check(outgoing)) < 20_000
