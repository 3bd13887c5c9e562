"""Opt-outs: kept unreadable, matched however a number is written, and in force up to the moment of dispatch."""

import pytest

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import InputRefusedError, RuleError
from reviewer.domain.members import Role
from tests.factories import Profile, new_key

_SPELLINGS = ["+1 202 555 0107", "(202) 555-0107", "202.555.0107", "0012025550107", "12025550107"]


def _approve(profile: Profile, recipient: str | None = "+1 202 555 0107") -> str:
    """Import a draft, approve it, and return its item."""
    item_id = profile.put(recipient=recipient)
    services = profile.services()
    claimed = services.queue.claim(item_id)
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    return item_id


@pytest.mark.parametrize("entered", _SPELLINGS[:3])
@pytest.mark.parametrize("recipient", _SPELLINGS)
def test_a_number_is_suppressed_however_it_is_written(profile: Profile, entered: str, recipient: str) -> None:
    profile.services().suppressions.add(entered)
    with pytest.raises(RuleError):
        _approve(profile, recipient)
    assert profile.files() == {}


def test_a_national_number_of_another_country_is_suppressed_too(profile: Profile) -> None:
    profile.services().suppressions.add("0151 23456789")  # nothing says that this is German
    with pytest.raises(RuleError):
        _approve(profile, "+49 151 23456789")


def test_others_are_not_suppressed(profile: Profile) -> None:
    suppressions = profile.services().suppressions
    suppressions.add("+1 202 555 0107")
    suppressions.add("Ana@Example.com")
    for recipient in ("+1 202 555 0108", "+44 202 555 0107", "bob@example.com", "Ana", None):
        _approve(profile, recipient)
    with pytest.raises(RuleError):
        _approve(profile, "ana@EXAMPLE.com")


def test_who_opts_out_during_the_hold_gets_nothing_and_a_supervisor_is_told(profile: Profile) -> None:
    item_id = _approve(profile)
    services = profile.services()
    services.suppressions.add("2025550107")
    profile.let_holds_end()
    report = services.work.round()
    assert (report.sent, report.stopped) == (0, 1)
    assert profile.files() == {}
    assert profile.state(item_id) == "escalated"
    assert profile.events(item_id)[-1] == "stopped"
    assert services.work.round().stopped == 0  # it does not come up again
    claimed = profile.services(profile.actor(Role.SUPERVISOR)).queue.claim(item_id)
    assert claimed is not None
    assert [opinion.text for opinion in claimed.item.second_opinions] == ["Yes, we open at nine."]


def test_after_an_opt_in_a_stopped_item_can_be_sent(profile: Profile) -> None:
    item_id = _approve(profile)
    services = profile.services()
    services.suppressions.add("+12025550107")
    profile.let_holds_end()
    services.work.round()
    services.suppressions.remove("+1 (202) 555-0107")
    claimed = services.queue.claim(item_id)
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    profile.let_holds_end()
    assert services.work.round().sent == 1
    assert len(profile.files()) == 1
    assert services.ledger.verify().ok


def test_rejecting_what_cannot_be_sent_stays_possible(profile: Profile) -> None:
    profile.services().suppressions.add("+12025550107")
    item_id = profile.put(recipient="+12025550107")
    services = profile.services()
    claimed = services.queue.claim(item_id)
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.REJECT, reason="not_needed"), key=new_key())
    profile.let_holds_end()
    services.work.round()
    assert len(profile.files("returned")) == 1


def test_the_database_does_not_tell_who_opted_out(profile: Profile) -> None:
    profile.services().suppressions.add("+1 202 555 0107")
    profile.services().suppressions.add("ana.petrovic@example.com")
    ((digest, tail, shown),) = profile.rows("SELECT digest, tail, shown FROM suppression WHERE tail IS NOT NULL")
    stored = " ".join(map(str, (digest, tail, bytes(shown))))
    for told in ("2025550107", "55501", "example"):
        assert told not in stored
    assert not any(b"5550107" in bytes(body) for (body,) in profile.rows("SELECT body FROM entry"))


def test_the_list_outlives_a_new_key_of_the_workspace(profile: Profile) -> None:
    services = profile.services()
    services.suppressions.add("+1 202 555 0107")
    services.vault.rotate()
    assert [each.address for each in services.suppressions.listing()] == ["+12025550107"]
    with pytest.raises(RuleError):
        _approve(profile)


def test_what_is_no_contact_is_refused_and_roles_count(profile: Profile) -> None:
    suppressions = profile.services().suppressions
    for text in ("", "Ana", "12", "a@b", "x" * 300):
        with pytest.raises(InputRefusedError):
            suppressions.add(text)
    suppressions.add("+12025550107")
    with pytest.raises(RuleError):
        suppressions.add("2025550107")
    agent = profile.services(profile.actor(Role.AGENT)).suppressions
    agent.add("bob@example.com")
    with pytest.raises(RuleError):
        agent.remove("bob@example.com")
    with pytest.raises(RuleError):
        profile.services(profile.actor(Role.TRANSCRIBER)).suppressions.listing()


def test_the_business_may_list_what_it_goes_by(profile: Profile) -> None:
    suppressions = profile.services().suppressions
    suppressions.add_contact("@north.example")
    assert suppressions.contacts() == ["@north.example"]
    with pytest.raises(RuleError):
        suppressions.add_contact("@north.example")
    suppressions.remove_contact("@north.example")
    assert suppressions.contacts() == []
