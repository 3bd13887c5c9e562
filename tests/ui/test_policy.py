"""The policy page, by keyboard: rules are switched off and on, and each change is on record."""

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox

from reviewer.domain.kinds import KINDS
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, press, wait_until

OpenDesk = Callable[[], DrivenDesk]
WITH_RULES = True


def _boxes(desk: DrivenDesk) -> dict[str, QCheckBox]:
    shown = [box for box in desk.window.findChildren(QCheckBox) if box.isVisible()]
    return {box.objectName(): box for box in shown if box.objectName().startswith("rule_")}


def test_a_rule_is_switched_off_and_on_by_key(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    press("Ctrl+5")
    wait_until(lambda: _boxes(desk), "the rules")
    box = _boxes(desk)["rule_sms_time"]
    assert box.isChecked()
    assert box.accessibleName() == "SMS: A time that the source does not have"
    box.setFocus()
    press("Space")
    desk.settle()
    assert profile.services().policy.switches().off == {("sms", "time")}
    press("Space")
    desk.settle()
    assert profile.services().policy.switches().off == frozenset()
    assert profile.events().count("policy_changed") == 2


def test_every_rule_and_kind_has_a_switch_with_a_name(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    press("Ctrl+5")
    wait_until(lambda: _boxes(desk), "the rules")
    rules = profile.services().policy.switches().rules
    assert set(_boxes(desk)) == {f"rule_{kind}_{rule}" for kind in KINDS for rule in rules}
    assert len({box.accessibleName() for box in _boxes(desk).values()}) == len(KINDS) * len(rules)


def test_a_change_by_a_command_is_seen_when_the_page_comes_up(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    profile.services().policy.switch("sms", "dose", on=False)
    press("Ctrl+5")
    wait_until(lambda: _boxes(desk), "the rules")
    assert not _boxes(desk)["rule_sms_dose"].isChecked()
