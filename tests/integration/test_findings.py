"""Findings hold an approval back until they are mended or overridden, whatever screen or command asks for it."""

from typing import Any

import pytest

from reviewer.domain.attention import NO_ATTENTION, Attention, Override, by_rule, id_of
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import FindingsLeftError, InputRefusedError, RuleError
from reviewer.domain.findings import Examination
from reviewer.domain.items import ClaimedItem
from reviewer.domain.members import Role
from reviewer.ledger import Entry
from reviewer.services.examiners import VERSIONS
from tests.factories import Profile, new_key
from tests.integration.test_analysis import WRONG

APPROVE = Judgement(Verdict.APPROVE)
MENDED = str(WRONG["draft"]).replace("9:30", "9:00")


@pytest.fixture
def wrong(profile: Profile) -> ClaimedItem:
    """Return a claimed item whose draft has a time that its source does not have."""
    profile.put(**WRONG)
    profile.services().analysis.round()
    claimed = profile.services().queue.claim()
    assert claimed is not None
    return claimed


def _overrides(claimed: ClaimedItem, reason: str = "known", note: str | None = None) -> Attention:
    assert claimed.examination is not None
    given = by_rule(claimed.examination, claimed.item.draft, {"time": reason}, note)
    assert given
    return Attention(was_shown=True, opened=frozenset({given[0].finding}), overrides=given)


def _decided(profile: Profile) -> dict[str, Any]:
    bodies = profile.rows("SELECT body FROM entry WHERE action = 'decided' ORDER BY seq")
    return dict(Entry.read(bodies[-1][0]).details)


def test_a_draft_with_a_stop_is_not_approved(profile: Profile, wrong: ClaimedItem) -> None:
    with pytest.raises(FindingsLeftError, match=r"^1 finding has to be mended .*: time\.$") as refused:
        profile.services().review.decide(wrong.lease, APPROVE, key=new_key())
    assert refused.value.rules == {"time": 1}
    assert profile.state(wrong.item.id) == "leased"
    assert "decided" not in profile.events()


def test_a_draft_that_was_not_analysed_in_advance_is_checked_all_the_same(profile: Profile) -> None:
    profile.put(**WRONG)
    claimed = profile.services().queue.claim()
    assert claimed is not None
    with pytest.raises(FindingsLeftError):
        profile.services().review.decide(claimed.lease, APPROVE, key=new_key())


def test_mending_lets_it_go(profile: Profile, wrong: ClaimedItem) -> None:
    profile.services().review.decide(wrong.lease, Judgement(Verdict.APPROVE, MENDED), key=new_key())
    (told,) = [each for each in _decided(profile)["findings"] if each["rule"] == "time"]
    assert told == {"rule": "time", "weight": "stop", "in_draft": 1, "opened": 0, "mended": 1, "in_final": 0}
    assert _decided(profile)["analyses"] == VERSIONS


def test_an_edit_that_brings_another_error_in_is_not_approved(profile: Profile, wrong: ClaimedItem) -> None:
    worse = Judgement(Verdict.APPROVE, f"{MENDED} Call 202 555 0107.")
    with pytest.raises(FindingsLeftError, match="phone"):
        profile.services().review.decide(wrong.lease, worse, key=new_key())


def test_an_override_lets_it_go_and_is_on_record_without_a_word_of_the_text(
    profile: Profile, wrong: ClaimedItem
) -> None:
    attention = _overrides(wrong, "other", "Agreed on the phone.")
    decision = profile.services().review.decide(wrong.lease, APPROVE, key=new_key(), attention=attention).decision
    told = _decided(profile)
    assert told["findings_shown"] is True
    assert told["findings"][0] == {
        "rule": "time", "weight": "stop", "in_draft": 1, "opened": 1, "mended": 0, "in_final": 1,
        "overridden": ["other"],
    }  # fmt: skip
    assert "phone" not in str(told)
    assert "9:30" not in str(told)
    from reviewer.storage import decisions

    with profile.store.read() as tx:
        assert decisions.overrides(tx, decision) == attention.overrides
    profile.let_holds_end()
    profile.services().work.round()
    profile.services().vault.erase(wrong.item.id)
    assert profile.rows("SELECT overrides FROM decision") == [(None,)]
    assert profile.services().ledger.verify().ok


@pytest.mark.parametrize(
    ("reason", "note"), [("nonsense", None), ("other", None), ("other", " "), ("other", "x" * 9_999)]
)
def test_an_override_needs_a_listed_reason(profile: Profile, wrong: ClaimedItem, reason: str, note: str | None) -> None:
    with pytest.raises(InputRefusedError):
        profile.services().review.decide(wrong.lease, APPROVE, key=new_key(), attention=_overrides(wrong, reason, note))


def test_an_override_is_for_the_words_it_was_given_for(profile: Profile, wrong: ClaimedItem) -> None:
    attention = _overrides(wrong)
    other = Judgement(Verdict.APPROVE, wrong.item.draft.replace("9:30", "10:30"))
    with pytest.raises(FindingsLeftError):
        profile.services().review.decide(wrong.lease, other, key=new_key(), attention=attention)
    elsewhere = Judgement(Verdict.APPROVE, f"Good morning. {wrong.item.draft}")
    profile.services().review.decide(wrong.lease, elsewhere, key=new_key(), attention=attention)


def test_an_override_that_no_longer_applies_is_not_recorded(profile: Profile, wrong: ClaimedItem) -> None:
    mended = Judgement(Verdict.APPROVE, MENDED)
    profile.services().review.decide(wrong.lease, mended, key=new_key(), attention=_overrides(wrong))
    assert all("overridden" not in each for each in _decided(profile)["findings"])
    assert profile.rows("SELECT overrides FROM decision") == [(None,)]


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.RESPOND, Verdict.ESCALATE, Verdict.SKIP])
def test_what_releases_nothing_is_not_held_back(profile: Profile, wrong: ClaimedItem, verdict: Verdict) -> None:
    judgement = Judgement(verdict, reason="incorrect", note="The time is wrong.")
    profile.services().review.decide(wrong.lease, judgement, key=new_key())
    (told,) = [each for each in _decided(profile)["findings"] if each["rule"] == "time"]
    assert told == {"rule": "time", "weight": "stop", "in_draft": 1, "opened": 0}


def test_the_same_key_again_is_the_same_decision_and_is_not_checked_anew(profile: Profile, wrong: ClaimedItem) -> None:
    key, attention = new_key(), _overrides(wrong)
    first = profile.services().review.decide(wrong.lease, APPROVE, key=key, attention=attention).decision
    assert profile.services().review.decide(wrong.lease, APPROVE, key=key).decision.id == first.id


def test_what_was_made_of_the_findings_is_kept_with_the_working_copy(profile: Profile, wrong: ClaimedItem) -> None:
    attention = _overrides(wrong, "other", "Agreed on the phone.")
    profile.services().review.save(wrong.item.id, wrong.item.draft, 3, attention)
    again = profile.services().queue.open(wrong.lease)
    assert again.working_copy is not None
    assert again.working_copy.attention == attention
    assert b"phone" not in profile.rows("SELECT attention FROM working_copy")[0][0]


def test_withdrawing_brings_the_overrides_back(profile: Profile, wrong: ClaimedItem) -> None:
    attention = _overrides(wrong)
    profile.services().review.decide(wrong.lease, APPROVE, key=new_key(), attention=attention)
    claimed = profile.services().review.withdraw(wrong.item.id)
    assert claimed is not None
    assert claimed.working_copy is not None
    assert claimed.working_copy.attention == attention


def test_a_caller_with_ids_overrides_by_rule(profile: Profile, wrong: ClaimedItem) -> None:
    review = profile.services().review
    with pytest.raises(FindingsLeftError):
        review.decide_by_ids(wrong.item.id, wrong.lease.id, APPROVE, key=new_key(), overrides={"dose": "known"})
    review.decide_by_ids(wrong.item.id, wrong.lease.id, APPROVE, key=new_key(), overrides={"time": "in_source"})
    assert _decided(profile)["findings_shown"] is False
    assert _decided(profile)["findings"][0]["overridden"] == ["in_source"]


# ---- The rules


def test_a_rule_that_is_switched_off_neither_shows_nor_holds_back(profile: Profile, wrong: ClaimedItem) -> None:
    policy = profile.services().policy
    switches = policy.switch("sms", "time", on=False)
    assert not switches.is_on("sms", "time")
    assert switches.is_on("summary", "time")
    again = profile.services().queue.open(wrong.lease)
    assert again.examination is not None
    assert "time" not in {finding.rule for finding in again.examination.findings}
    assert again.rules_off == {"time"}
    profile.services().review.decide(wrong.lease, APPROVE, key=new_key())


def test_a_switch_is_on_record_once_and_can_be_switched_back(profile: Profile) -> None:
    policy = profile.services().policy
    for on in (False, False, True, True):
        policy.switch("sms", "time", on=on)
    bodies = profile.rows("SELECT body FROM entry WHERE action = 'policy_changed' ORDER BY seq")
    told = [dict(Entry.read(body).details) for (body,) in bodies]
    assert told == [{"policy": "rule", "kind": "sms", "rule": "time", "set": on} for on in (False, True)]
    assert policy.switches().off == frozenset()


def test_only_admins_switch_rules(profile: Profile) -> None:
    policy = profile.services(profile.actor(Role.AGENT, Role.SUPERVISOR)).policy
    assert not policy.may_change
    with pytest.raises(RuleError, match="admin"):
        policy.switch("sms", "time", on=False)
    assert policy.switches().off == frozenset()


@pytest.mark.parametrize(("kind", "rule"), [("letter", "time"), ("sms", "unchecked"), ("sms", "nonsense")])
def test_only_what_there_is_can_be_switched(profile: Profile, kind: str, rule: str) -> None:
    with pytest.raises(InputRefusedError):
        profile.services().policy.switch(kind, rule, on=False)


# ---- What tells findings apart


def test_findings_of_one_rule_in_two_sentences_are_two(profile: Profile) -> None:
    profile.put(**{**WRONG, "draft": "Come at 9:30. Leave at 9:30."})
    profile.services().analysis.round()
    claimed = profile.services().queue.claim()
    assert claimed is not None
    examination = claimed.examination
    assert isinstance(examination, Examination)
    stops = [f for f in examination.findings if f.rule == "time"]
    assert len({id_of(f, claimed.item.draft, examination) for f in stops}) == len(stops) == 2
    one = Attention(overrides=(Override(id_of(stops[0], claimed.item.draft, examination), "time", "known"),))
    with pytest.raises(FindingsLeftError, match="1 finding"):
        profile.services().review.decide(claimed.lease, APPROVE, key=new_key(), attention=one)


def test_attention_goes_to_plain_data_and_back(wrong: ClaimedItem) -> None:
    attention = _overrides(wrong, "other", "Agreed.")
    assert Attention.from_data(attention.to_data()) == attention
    assert Attention.from_data(NO_ATTENTION.to_data()) == NO_ATTENTION
    (override,) = attention.overrides
    assert attention.without_override(override.finding).overrides == ()
    assert attention.with_override(override).overrides == (override,)
