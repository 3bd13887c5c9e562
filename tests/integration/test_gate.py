"""The gate at the decision: what blocks cannot be overridden, what warns can; its findings stand with the others."""

import pytest

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import RuleError
from reviewer.domain.items import ItemId, Lease
from tests.factories import Profile, new_key


def _lease(profile: Profile, **changed: object) -> Lease:
    item_id = profile.put(**changed)
    claimed = profile.services().queue.claim(item_id)
    assert claimed is not None
    return claimed.lease


@pytest.mark.parametrize(
    "text", ["Yes, [Clinic Name] opens at nine.", "Yes, <PERSON_1>, at nine.", "Yes, at ni\u200bne."]
)
def test_what_must_not_leave_cannot_be_approved_whatever_is_said(profile: Profile, text: str) -> None:
    lease = _lease(profile, draft=text)
    review = profile.services().review
    overrides = dict.fromkeys(("placeholder", "pii_token", "hidden_character"), "other")
    with pytest.raises(RuleError):
        review.decide_by_ids(
            lease.item_id, lease.id, Judgement(Verdict.APPROVE, note="meant"), key=new_key(), overrides=overrides
        )
    decided = review.decide(lease, Judgement(Verdict.APPROVE, "Yes, we open at nine."), key=new_key()).decision
    assert decided.verdict is Verdict.APPROVE_WITH_EDITS


def test_a_warning_is_overridden_with_a_reason_that_is_recorded(profile: Profile) -> None:
    lease = _lease(profile, draft="Yes, we open at nine. See bit.ly/abc")
    review = profile.services().review
    with pytest.raises(RuleError):
        review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    judgement = Judgement(Verdict.APPROVE, note="our own link")
    review.decide_by_ids(
        lease.item_id, lease.id, judgement, key=new_key(), overrides={"link": "other", "score": "other"}
    )
    body = bytes(profile.rows("SELECT body FROM entry WHERE action = 'decided'")[0][0])
    assert b'"rule":"link"' in body
    assert b'"overridden":["other"]' in body


def test_what_the_business_lists_is_no_stranger_from_then_on(profile: Profile) -> None:
    text = "Yes, we open at nine. We call you from +44 7700 900123."
    lease = _lease(profile, draft=text)
    services = profile.services()
    services.analysis.round()
    assert "wrong_contact" in _rules(profile, lease.item_id)
    services.suppressions.add_contact("+44 7700 900123")
    services.analysis.renew()
    services.analysis.round()
    assert "wrong_contact" not in _rules(profile, lease.item_id)


def _rules(profile: Profile, item_id: ItemId) -> set[str]:
    from reviewer.services.analysis import kept
    from reviewer.services.analyst import read

    with profile.store.read() as tx:
        found = kept(tx, item_id).found
    assert found is not None
    return {finding.rule for finding in read(found).findings}
