"""Decisions: recorded once, undone during their hold, exactly what the reviewer decided."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from reviewer.domain.decisions import REASONS, Judgement, Verdict
from reviewer.domain.errors import (
    HoldOverError,
    InputRefusedError,
    KeyReusedError,
    LeaseLostError,
    NotFoundError,
    RuleError,
)
from reviewer.domain.items import ClaimedItem, ItemHead, ItemId, Lease, LeaseId
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Role
from reviewer.storage import Transaction, decisions, leases, schema
from tests.factories import JUDGEMENTS, SIGNED, Profile, new_key

each_verdict = pytest.mark.parametrize("verdict", JUDGEMENTS)
_DRAFT = "Yes, we open at nine."


def _lease(profile: Profile, **changed: Any) -> Lease:
    item_id = profile.put(**changed)
    claimed = profile.services().queue.claim(item_id)
    assert claimed is not None
    return claimed.lease


def _request(profile: Profile) -> dict[str, Any]:
    (request,) = profile.requests().values()
    loaded: dict[str, Any] = json.loads(request)
    return loaded


def _withdraw(profile: Profile, lease: Lease) -> ClaimedItem:
    claimed = profile.services().review.withdraw(lease.item_id)
    assert claimed is not None
    return claimed


# ---- Every verdict


@each_verdict
@pytest.mark.parametrize("kind", KINDS)
def test_every_verdict_on_every_kind_enters_its_hold(profile: Profile, kind: str, verdict: Verdict) -> None:
    lease = _lease(profile, kind=kind)
    judgement, attestation = JUDGEMENTS[verdict], SIGNED if KINDS[kind].signed else None
    decision = profile.services().review.decide(lease, judgement, key=new_key(), attestation=attestation).decision
    assert decision.verdict is verdict
    assert decision.hold_until - decision.decided_at == KINDS[kind].hold
    assert profile.state(lease.item_id) == "held"
    assert profile.rows("SELECT verdict, state, fence FROM decision") == [(verdict.value, "held", lease.fence)]
    assert profile.events(lease.item_id)[-1] == "decided"
    destinations = [row[0] for row in profile.rows("SELECT destination FROM outbox WHERE state = 'held'")]
    assert destinations == ["sent"] * verdict.releases + ["returned"] * verdict.returns


@each_verdict
def test_the_hold_is_the_one_that_the_settings_state(profile: Profile, verdict: Verdict) -> None:
    review = profile.services(holds={"sms": timedelta(seconds=2)}).review
    decision = review.decide(_lease(profile), JUDGEMENTS[verdict], key=new_key()).decision
    assert decision.hold_until - decision.decided_at == timedelta(seconds=2)
    assert (review.hold_of("sms"), review.hold_of("summary")) == (timedelta(seconds=2), KINDS["summary"].hold)


def test_the_app_knows_an_edit(profile: Profile) -> None:
    review = profile.services().review
    edited = review.decide(_lease(profile), Judgement(Verdict.APPROVE, "Other."), key=new_key()).decision
    same = review.decide(_lease(profile), Judgement(Verdict.APPROVE_WITH_EDITS, _DRAFT), key=new_key()).decision
    assert (edited.verdict, same.verdict) == (Verdict.APPROVE_WITH_EDITS, Verdict.APPROVE)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_every_reason_can_be_given(profile: Profile, reason: Any) -> None:
    judgement = Judgement(Verdict.REJECT, reason=reason.code, note="It says nine; it is ten.")
    profile.services().review.decide(_lease(profile), judgement, key=new_key())
    assert _request(profile)["reason"] == reason.code


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(Verdict.REJECT),
        Judgement(Verdict.RESPOND),
        Judgement(Verdict.SKIP),
        Judgement(Verdict.APPROVE, " "),
        Judgement(Verdict.APPROVE, "x" * 65_537),
        Judgement(Verdict.APPROVE, "a\0"),
    ],
)
def test_a_decision_that_lacks_something_changes_nothing(profile: Profile, judgement: Judgement) -> None:
    lease = _lease(profile)
    before = profile.rows("SELECT * FROM item")
    with pytest.raises(InputRefusedError):
        profile.services().review.decide(lease, judgement, key=new_key())
    assert profile.rows("SELECT * FROM item") == before
    assert profile.rows("SELECT * FROM decision") == profile.rows("SELECT * FROM outbox") == []


def test_a_supervisor_who_is_no_clinician_cannot_approve_a_note(profile: Profile) -> None:
    lease = _lease(profile, kind="clinical_note")
    profile.services().review.decide(lease, Judgement(Verdict.ESCALATE), key=new_key())
    profile.let_holds_end()
    profile.services().work.round()
    supervisor = profile.services(profile.actor(Role.SUPERVISOR))
    claimed = supervisor.queue.claim()
    assert claimed is not None
    with pytest.raises(RuleError, match="roles do not let you approve"):
        supervisor.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    supervisor.review.decide(claimed.lease, JUDGEMENTS[Verdict.REJECT], key=new_key())


def test_a_verdict_that_the_kind_does_not_know_is_refused(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(KINDS["sms"], decisions=frozenset({Verdict.APPROVE, Verdict.REJECT, Verdict.ESCALATE}))
    monkeypatch.setitem(KINDS, "sms", narrow)
    with pytest.raises(RuleError, match="cannot be decided so"):
        profile.services().review.decide(_lease(profile), JUDGEMENTS[Verdict.SKIP], key=new_key())


# ---- What leaves


def test_a_final_is_frozen_with_the_decision_as_the_issue_describes_it(profile: Profile) -> None:
    lease = _lease(profile, id="SMS-9", recipient="+12025550107")
    text = "Добар дан,\n\nč€ 😀 שלום\u200f ok.  "
    decision = profile.services().review.decide(lease, Judgement(Verdict.APPROVE, text), key=new_key()).decision
    assert _request(profile) == {
        "item": lease.item_id,
        "external_id": "SMS-9",
        "kind": "sms",
        "verdict": "approve_with_edits",
        "final": text,
        "recipient": "+12025550107",
        "decided_at": decision.decided_at.isoformat().replace("+00:00", "Z"),
        "decision": decision.id,
    }


def test_a_summary_leaves_with_its_fields_beside_its_text(profile: Profile) -> None:
    draft = "The caller moved.\n\nAction items:\n- Call back\n\nKeywords: a, b\nSentiment: mixed\n"
    lease = _lease(profile, kind="summary", draft=draft)
    profile.services().review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    request = _request(profile)
    assert request["final"] == draft
    assert request["fields"] == {
        "text": "The caller moved.",
        "action_items": ["Call back"],
        "keywords": ["a", "b"],
        "sentiment": "mixed",
    }
    assert "recipient" not in request


def test_a_note_leaves_with_its_sections(profile: Profile) -> None:
    lease = _lease(profile, kind="clinical_note", draft="Plan:\nRest.")
    profile.services().review.decide(lease, Judgement(Verdict.APPROVE), key=new_key(), attestation=SIGNED)
    assert _request(profile)["fields"] == {"sections": [{"heading": "Plan", "text": "Rest."}]}


def test_a_returned_draft_tells_its_producer_why_and_sends_no_text(profile: Profile) -> None:
    lease = _lease(profile, id="SMS-9")
    judgement = Judgement(Verdict.RESPOND, "half edited", "tone", "Warmer, please.")
    decision = profile.services().review.decide(lease, judgement, key=new_key()).decision
    assert _request(profile) == {
        "item": lease.item_id,
        "external_id": "SMS-9",
        "kind": "sms",
        "verdict": "respond",
        "producer": "tests",
        "reason": "tone",
        "note": "Warmer, please.",
        "decided_at": decision.decided_at.isoformat().replace("+00:00", "Z"),
        "decision": decision.id,
    }


# ---- The idempotency key


@each_verdict
def test_the_same_key_again_returns_the_first_decision(profile: Profile, verdict: Verdict) -> None:
    lease, review, key = _lease(profile), profile.services().review, new_key()
    first = review.decide(lease, JUDGEMENTS[verdict], key=key).decision
    before = profile.events()
    assert review.decide(lease, JUDGEMENTS[verdict], key=key).decision == first
    assert review.decide_by_ids(lease.item_id, lease.id, JUDGEMENTS[verdict], key=key) == first
    assert profile.events() == before
    assert len(profile.rows("SELECT * FROM decision")) == 1


@each_verdict
def test_the_same_key_returns_the_first_decision_even_after_it_is_settled(profile: Profile, verdict: Verdict) -> None:
    lease, services, key = _lease(profile), profile.services(), new_key()
    first = services.review.decide(lease, JUDGEMENTS[verdict], key=key).decision
    profile.let_holds_end()
    services.work.round()
    again = services.review.decide(lease, JUDGEMENTS[verdict], key=key).decision
    assert (again.id, again.verdict) == (first.id, first.verdict)
    assert len(profile.rows("SELECT * FROM decision")) == 1


@pytest.mark.parametrize(
    "other",
    [
        Judgement(Verdict.APPROVE, "Changed."),
        Judgement(Verdict.APPROVE, note="A note."),
        Judgement(Verdict.REJECT, reason="tone"),
        Judgement(Verdict.ESCALATE),
    ],
)
def test_a_key_cannot_come_back_with_another_request(profile: Profile, other: Judgement) -> None:
    lease, review, key = _lease(profile), profile.services().review, new_key()
    review.decide(lease, Judgement(Verdict.APPROVE), key=key)
    with pytest.raises(KeyReusedError):
        review.decide(lease, other, key=key)
    assert len(profile.rows("SELECT * FROM decision")) == 1


def test_a_key_cannot_come_back_with_another_item(profile: Profile) -> None:
    review, key = profile.services().review, new_key()
    review.decide(_lease(profile), Judgement(Verdict.APPROVE), key=key)
    lease = _lease(profile)
    with pytest.raises(KeyReusedError):
        review.decide(lease, Judgement(Verdict.APPROVE), key=key)
    assert profile.state(lease.item_id) == "leased"


def test_two_members_may_come_up_with_the_same_key(profile: Profile) -> None:
    key, other = new_key(), profile.actor()
    first = profile.services().review.decide(_lease(profile), Judgement(Verdict.APPROVE), key=key).decision
    profile.put()
    claimed = profile.services(other).queue.claim()
    assert claimed is not None
    second = profile.services(other).review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=key).decision
    assert first.id != second.id


# ---- By the ids alone


def test_a_caller_that_kept_only_ids_can_decide(profile: Profile) -> None:
    lease = _lease(profile)
    decided = profile.services().review.decide_by_ids(
        lease.item_id, lease.id, Judgement(Verdict.APPROVE), key=new_key()
    )
    assert decided.item_id == lease.item_id


def test_an_item_that_is_not_there_is_not_found(profile: Profile) -> None:
    with pytest.raises(NotFoundError):
        profile.services().review.decide_by_ids("none", LeaseId("none"), Judgement(Verdict.APPROVE), key=new_key())


def test_another_members_lease_decides_nothing(profile: Profile) -> None:
    lease = _lease(profile)
    thief = profile.services(profile.actor()).review
    with pytest.raises(LeaseLostError):
        thief.decide_by_ids(lease.item_id, lease.id, Judgement(Verdict.APPROVE), key=new_key())
    assert profile.state(lease.item_id) == "leased"


# ---- One standing decision


def test_a_decided_item_cannot_be_decided_again_with_the_old_lease(profile: Profile) -> None:
    lease, review = _lease(profile), profile.services().review
    review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    with pytest.raises(LeaseLostError):
        review.decide(lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    assert len(profile.rows("SELECT * FROM decision WHERE state = 'held'")) == 1


def test_the_database_itself_refuses_a_second_standing_decision(profile: Profile) -> None:
    lease = _lease(profile)
    profile.services().review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    with pytest.raises(Exception, match=r"UNIQUE constraint failed: decision.item_id|uq_decision_standing"):
        profile.rows(
            "INSERT INTO decision SELECT 'x', item_id, member_id, lease_id, fence, 'other', verdict, reason, note,"
            " final, decided_at, hold_until, state, overrides FROM decision"
        )


# ---- Withdrawing


@each_verdict
def test_every_verdict_can_be_withdrawn_during_its_hold(profile: Profile, verdict: Verdict) -> None:
    lease, services = _lease(profile), profile.services()
    services.review.decide(lease, JUDGEMENTS[verdict], key=new_key())
    claimed = _withdraw(profile, lease)
    assert claimed.lease.fence == lease.fence + 1
    assert profile.state(lease.item_id) == "leased"
    assert profile.rows("SELECT state FROM decision") == [("withdrawn",)]
    assert profile.rows("SELECT DISTINCT state FROM outbox WHERE state != 'withdrawn'") == []
    assert profile.events(lease.item_id)[-2:] == ["withdrawn", "opened"]
    profile.let_holds_end()
    services.work.round()
    assert profile.files("sent") == profile.files("returned") == {}


def test_withdrawing_brings_back_what_was_written(profile: Profile) -> None:
    lease, services = _lease(profile), profile.services()
    services.review.decide(lease, Judgement(Verdict.APPROVE, "My words."), key=new_key())
    claimed = _withdraw(profile, lease)
    assert claimed.working_copy is not None
    assert claimed.working_copy.text == "My words."
    assert claimed.item.draft == _DRAFT


def test_a_withdrawn_item_can_be_decided_otherwise(profile: Profile) -> None:
    lease, services = _lease(profile), profile.services()
    services.review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    claimed = _withdraw(profile, lease)
    services.review.decide(claimed.lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    profile.let_holds_end()
    services.work.round()
    assert profile.files("sent") == {}
    assert [json.loads(text)["verdict"] for text in profile.files("returned").values()] == ["reject"]


@each_verdict
def test_after_the_hold_nothing_is_withdrawn_even_before_it_is_settled(profile: Profile, verdict: Verdict) -> None:
    lease, services = _lease(profile), profile.services()
    services.review.decide(lease, JUDGEMENTS[verdict], key=new_key())
    profile.let_holds_end()
    with pytest.raises(HoldOverError):
        services.review.withdraw(lease.item_id)
    services.work.round()
    with pytest.raises(HoldOverError):
        services.review.withdraw(lease.item_id)
    assert profile.rows("SELECT state FROM decision") == [("settled",)]


def test_what_was_never_decided_cannot_be_withdrawn(profile: Profile) -> None:
    with pytest.raises(HoldOverError):
        profile.services().review.withdraw(profile.put())
    with pytest.raises(NotFoundError):
        profile.services().review.withdraw("nothing")


def test_only_who_decided_or_a_supervisor_withdraws(profile: Profile) -> None:
    lease = _lease(profile)
    profile.services().review.decide(lease, Judgement(Verdict.APPROVE, "My words."), key=new_key())
    with pytest.raises(RuleError, match="or a supervisor"):
        profile.services(profile.actor(Role.AGENT)).review.withdraw(lease.item_id)
    claimed = profile.services(profile.actor(Role.SUPERVISOR)).review.withdraw(lease.item_id)
    assert claimed is not None
    assert [opinion.text for opinion in claimed.item.second_opinions] == ["My words."]


# ---- Deciding and moving on in one commit


def test_one_commit_decides_shows_the_next_and_claims_ahead(profile: Profile) -> None:
    for number in range(3):
        profile.put(id=str(number))
    services = profile.services()
    shown, ahead = services.queue.claim(), services.queue.claim_ahead()
    assert shown is not None
    assert ahead is not None
    outcome = services.review.decide(
        shown.lease, Judgement(Verdict.APPROVE), key=new_key(), showing=ahead.lease, claim_ahead=True
    )
    assert outcome.showing is not None
    assert outcome.ahead is not None
    assert (outcome.showing.id, outcome.showing.item_id) == (ahead.lease.id, ahead.item.id)
    opened = services.queue.open(outcome.ahead, ahead=True)
    assert opened.item.head.external_id == "2"
    rows = profile.rows("SELECT state, lease_ahead FROM item ORDER BY external_id")
    assert rows == [("held", 0), ("leased", 0), ("leased", 1)]


def test_a_decision_stands_although_the_look_ahead_is_gone_and_nothing_waits(profile: Profile) -> None:
    profile.put(id="0")
    profile.put(id="1")
    services = profile.services()
    shown, ahead = services.queue.claim(), services.queue.claim_ahead()
    assert shown is not None
    assert ahead is not None
    services.queue.release(ahead.item.id, ahead.lease.id)
    profile.services(profile.actor()).queue.claim()
    outcome = services.review.decide(
        shown.lease, Judgement(Verdict.APPROVE), key=new_key(), showing=ahead.lease, claim_ahead=True
    )
    assert (outcome.showing, outcome.ahead) == (None, None)
    assert profile.state(shown.item.id) == "held"


def test_a_refused_decision_moves_nothing_on(profile: Profile) -> None:
    for number in range(3):
        profile.put(id=str(number))
    services = profile.services()
    shown, ahead = services.queue.claim(), services.queue.claim_ahead()
    assert shown is not None
    assert ahead is not None
    before = profile.rows("SELECT * FROM item")
    with pytest.raises(InputRefusedError):
        services.review.decide(
            shown.lease, Judgement(Verdict.REJECT), key=new_key(), showing=ahead.lease, claim_ahead=True
        )
    assert profile.rows("SELECT * FROM item") == before


def test_a_replay_may_still_move_on(profile: Profile) -> None:
    for number in range(2):
        profile.put(id=str(number))
    services, key = profile.services(), new_key()
    shown = services.queue.claim()
    assert shown is not None
    first = services.review.decide(shown.lease, Judgement(Verdict.APPROVE), key=key)
    again = services.review.decide(shown.lease, Judgement(Verdict.APPROVE), key=key, claim_ahead=True)
    assert again.decision == first.decision
    assert again.ahead is not None


# ---- Working copies


def test_the_newest_working_copy_comes_back_with_its_cursor(profile: Profile) -> None:
    lease, services = _lease(profile), profile.services()
    services.review.save(lease.item_id, "First", 5)
    saved_at = services.review.save(lease.item_id, "Sécond 😀 \ud83d", 7)
    copy = services.queue.open(lease).working_copy
    assert copy is not None
    assert (copy.text, copy.cursor) == ("Sécond 😀 \ud83d", 7)
    assert abs(copy.saved_at - saved_at) < timedelta(seconds=1)
    assert "second_opinion_kept" not in profile.events()


def test_a_settled_item_keeps_no_working_copy(profile: Profile) -> None:
    lease, services = _lease(profile), profile.services()
    services.review.save(lease.item_id, "My words.", 5)
    services.review.decide(lease, Judgement(Verdict.APPROVE, "My words."), key=new_key())
    profile.let_holds_end()
    services.work.round()
    assert profile.rows("SELECT * FROM working_copy") == []


# ---- All or nothing


_WRITTEN = ("item", "decision", "outbox", "working_copy", "entry")


@pytest.mark.parametrize("table", _WRITTEN[1:])
def test_a_fault_at_any_step_undoes_the_whole_decision(profile: Profile, table: str) -> None:
    lease, review = _lease(profile), profile.services().review
    before = [profile.rows(f"SELECT * FROM {name}") for name in _WRITTEN]
    profile.fail_inserts(table, "disk full")
    key = new_key()
    with pytest.raises(Exception, match="disk full"):
        review.decide(lease, Judgement(Verdict.APPROVE, "My words."), key=key)
    after = [profile.rows(f"SELECT * FROM {name}") for name in _WRITTEN]
    assert after == before
    profile.mend_inserts(table)
    assert review.decide(lease, Judgement(Verdict.APPROVE, "My words."), key=key).decision.item_id == lease.item_id


def test_a_lease_that_ends_between_the_check_and_the_write_is_noticed(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, real = _lease(profile), leases.hold

    def late(tx: Transaction, held: Lease) -> ItemHead:
        tx.run(update(schema.item).values(lease_expires_at=lease.expires_at - timedelta(hours=1)))
        return real(tx, held)

    monkeypatch.setattr(leases, "hold", late)
    with pytest.raises(LeaseLostError, match="text is kept"):
        profile.services().review.decide(lease, Judgement(Verdict.APPROVE, "My own words."), key=new_key())
    assert profile.rows("SELECT * FROM decision") == []


def test_progress_tells_where_each_decision_stands(profile: Profile) -> None:
    services = profile.services()
    ids = [
        services.review.decide(_lease(profile), JUDGEMENTS[verdict], key=new_key()).decision.id
        for verdict in (Verdict.APPROVE, Verdict.ESCALATE, Verdict.REJECT)
    ]
    assert services.review.progress(ids) == dict.fromkeys(ids, "held")
    ((item_id,),) = profile.rows("SELECT item_id FROM decision WHERE id = ?", ids[2])
    services.review.withdraw(ItemId(item_id))
    profile.let_holds_end()
    services.work.round()
    assert services.review.progress(ids) == {ids[0]: "sent", ids[1]: "settled", ids[2]: "withdrawn"}


def test_a_reopened_store_has_every_decision(profile: Profile) -> None:
    lease = _lease(profile)
    decided = profile.services().review.decide(lease, Judgement(Verdict.APPROVE, "My words."), key="k").decision
    reopened = Profile(profile.folder, profile.team)
    with reopened.store.read() as tx:
        stored = decisions.standing(tx, lease.item_id)
        assert stored is not None
        assert stored.decision == decided
        assert decisions.texts(tx, stored.decision) == ("My words.", None)
    reopened.close()
