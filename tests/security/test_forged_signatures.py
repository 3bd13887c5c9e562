"""A clinical note released unsigned, signed by another, or changed once it is signed: none of it can be done."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reviewer.bootstrap import Application
from reviewer.domain.attestations import ADDENDUM_MEANING, MEANING, STATEMENT, Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import (
    FactorNeededError,
    HoldOverError,
    InputRefusedError,
    KeyReusedError,
    LeaseLostError,
    ReviewerError,
    RuleError,
    UnlockError,
)
from reviewer.domain.items import ItemId, Lease
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Actor, DeskId, Role
from reviewer.ledger import Entry
from reviewer.storage import keys
from tests.e2e import children
from tests.factories import JUDGEMENTS, SIGNED, Beneath, Profile, line, new_key

_APPROVE = Judgement(Verdict.APPROVE)
_AT_ONCE = dict.fromkeys(KINDS, timedelta(0))
_TEXT = "Plan:\r\nRest, then č€ 😀.  \n"


def _note(profile: Profile, by: Actor | None = None, **changed: Any) -> Lease:
    item_id = profile.put(kind="clinical_note", draft="Plan:\nRest.", **changed)
    claimed = profile.services(by).queue.claim(item_id)
    assert claimed is not None
    return claimed.lease


def _signed_note(profile: Profile, by: Actor | None = None, text: str = _TEXT) -> ItemId:
    """Sign a note; its hold is over and it has left."""
    lease, services = _note(profile, by), profile.services(by, holds=_AT_ONCE)
    services.review.decide(lease, Judgement(Verdict.APPROVE, text), key=new_key(), attestation=SIGNED)
    assert services.work.round().settled == 1
    return lease.item_id


def _entries(profile: Profile, action: str) -> list[Entry]:
    return [Entry.read(body) for (body,) in profile.rows("SELECT body FROM entry WHERE action = ?", action)]


# ---- Unsigned


def _approvals(profile: Profile, lease: Lease) -> Iterator[Callable[[], object]]:
    """Yield every way in which a service approves."""
    review = profile.services().review
    for judgement in (_APPROVE, Judgement(Verdict.APPROVE, "Edited."), Judgement(Verdict.APPROVE_WITH_EDITS, "Other.")):
        yield partial(review.decide, lease, judgement, key=new_key())
        yield partial(review.decide, lease, judgement, key=new_key(), claim_ahead=True)
        yield partial(review.decide, lease, judgement, key=new_key(), showing=lease)
        yield partial(review.decide_by_ids, lease.item_id, lease.id, judgement, key=new_key())


def test_no_service_approves_a_note_without_an_attestation(profile: Profile) -> None:
    lease = _note(profile)
    before = profile.rows("SELECT * FROM item")
    calls = list(_approvals(profile, lease))
    assert len(calls) == 12
    for call in calls:
        with pytest.raises(RuleError, match="by a signature"):
            call()
    assert profile.rows("SELECT * FROM item") == before
    assert profile.rows("SELECT * FROM decision") == profile.rows("SELECT * FROM outbox") == []


def test_an_attestation_without_a_factor_is_none() -> None:
    for made in ({"factors": ()}, {"statement": ""}, {"meaning": " "}):
        with pytest.raises(ValueError, match="attestation"):
            Attestation(**made)


def test_an_attestation_does_not_make_up_for_a_role(profile: Profile) -> None:
    lease = _note(profile)
    profile.services(holds=_AT_ONCE).review.decide(lease, Judgement(Verdict.ESCALATE), key=new_key())
    profile.services().work.round()
    supervisor = profile.services(profile.actor(Role.SUPERVISOR))
    claimed = supervisor.queue.claim()
    assert claimed is not None
    with pytest.raises(RuleError, match="roles"):
        supervisor.review.decide(claimed.lease, _APPROVE, key=new_key(), attestation=SIGNED)
    assert _entries(profile, "signed_off") == []


@pytest.mark.parametrize("verdict", [v for v in JUDGEMENTS if not v.releases])
def test_what_releases_nothing_is_not_signed_even_where_an_attestation_comes_with_it(
    profile: Profile, verdict: Verdict
) -> None:
    profile.services().review.decide(_note(profile), JUDGEMENTS[verdict], key=new_key(), attestation=SIGNED)
    assert _entries(profile, "signed_off") == []
    assert all("signature" not in json.loads(request) for request in profile.requests().values())


def test_replaying_a_signed_decision_signs_nothing_twice(profile: Profile) -> None:
    lease, review, key = _note(profile), profile.services().review, new_key()
    first = review.decide(lease, _APPROVE, key=key, attestation=SIGNED).decision
    assert review.decide(lease, _APPROVE, key=key).decision == first
    assert len(_entries(profile, "signed_off")) == 1


def test_an_unsigned_attempt_cannot_be_replayed_into_a_signed_one_of_another_text(profile: Profile) -> None:
    lease, review, key = _note(profile), profile.services().review, new_key()
    review.decide(lease, _APPROVE, key=key, attestation=SIGNED)
    with pytest.raises(KeyReusedError):
        review.decide(lease, Judgement(Verdict.APPROVE, "Another."), key=key, attestation=SIGNED)


# ---- The signer and the text


def test_the_signer_is_the_sessions_member_and_the_text_is_exactly_the_one_signed(profile: Profile) -> None:
    clinician = profile.actor(Role.CLINICIAN)
    item_id = _signed_note(profile, clinician)
    (entry,) = _entries(profile, "signed_off")
    (final,) = profile.files().values()
    sent = json.loads(final)
    assert (entry.actor, entry.object, entry.meaning) == (clinician.member.id, item_id, MEANING)
    assert (entry.details["statement"], entry.details["roles"]) == (STATEMENT, ["clinician"])
    assert sent["final"] == _TEXT
    assert sent["signature"]["name"] == clinician.member.name
    assert (sent["signature"]["meaning"], sent["signature"]["statement"]) == (MEANING, STATEMENT)
    with profile.store.read() as tx:
        key = keys.of(tx, item_id)
    digest = (entry.after or {})["final"]
    assert key.has_digest("final", _TEXT.encode(), digest)
    for other in (_TEXT.strip(), _TEXT.replace("\r\n", "\n"), f"{_TEXT} ", _TEXT.replace("Rest", "rest")):
        assert not key.has_digest("final", other.encode(), digest)


def test_the_draft_approved_as_it_is_is_what_is_signed(profile: Profile) -> None:
    lease = _note(profile)
    profile.services().review.decide(lease, _APPROVE, key=new_key(), attestation=SIGNED)
    (entry,) = _entries(profile, "signed_off")
    with profile.store.read() as tx:
        assert keys.of(tx, lease.item_id).has_digest("final", b"Plan:\nRest.", (entry.after or {})["final"])


def test_nobody_signs_with_a_colleagues_lease_or_under_a_colleagues_name(profile: Profile) -> None:
    lease = _note(profile)
    colleague = profile.actor(Role.CLINICIAN)
    theirs = profile.services(colleague).review
    for stolen in (lease, replace(lease, member_id=colleague.member.id)):
        with pytest.raises((LeaseLostError, RuleError)):
            theirs.decide_by_ids(stolen.item_id, stolen.id, _APPROVE, key=new_key(), attestation=SIGNED)
    impostor = Actor(profile.first.member, DeskId("impostor"))
    review = type(theirs)(profile.services(colleague).review._store, impostor, {}, profile.analyst)
    with pytest.raises(RuntimeError, match="another"):
        review.decide(lease, _APPROVE, key=new_key(), attestation=SIGNED)
    assert _entries(profile, "signed_off") == []
    assert profile.services().ledger.verify().ok


# ---- The factor


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Application]:
    """Return a profile whose member has a passphrase, unlocked."""
    application = Application(tmp_path / "profile", tmp_path / "profile" / "keys")
    application.access.make("Desk", "First", frozenset(Role), passphrase="three blind mice")
    application.unlock("three blind mice")
    yield application
    application.close()


def test_a_wrong_or_missing_passphrase_gives_nothing_to_sign_with(locked: Application) -> None:
    signing = locked.services.signing
    for wrong in ("three blind rats", "", "three blind mice "):
        with pytest.raises(UnlockError):
            signing.confirm(wrong)
    with pytest.raises(FactorNeededError):
        signing.confirm(None)
    assert signing.confirm("three blind mice").factors == ("device", "passphrase")


def test_a_factor_that_was_not_looked_at_is_not_claimed(profile: Profile) -> None:
    signing = profile.services().signing
    assert signing.confirm(None).factors == ("device",)
    assert signing.confirm("whatever", "123456").factors == ("device",)  # this member has neither


def test_a_passphrase_that_is_none_does_not_stand_in_for_the_code(profile: Profile) -> None:
    profile.access.set_second_factor(profile.access.unlock())
    signing = profile.services().signing
    signing._has_signed = True
    with pytest.raises(FactorNeededError):
        signing.confirm("whatever")


# ---- Over the command line


def _run(folder: Path, *argv: str) -> tuple[int, Any]:
    ours = ["--profile", str(folder / "profile"), "--key-file", str(folder / "profile" / "keys"), "--json"]
    ended = children.run([*ours, *argv], folder)
    return ended.code, json.loads(ended.out)


def test_no_command_releases_a_note_without_its_members_passphrase(tmp_path: Path) -> None:
    (tmp_path / "right").write_text("three blind mice\n")
    (tmp_path / "wrong").write_text("three blind rats\n")
    (tmp_path / "drafts").write_bytes(line(kind="clinical_note", draft="Plan:\nRest."))
    right = ("--passphrase-file", "right")
    assert _run(tmp_path, *right, "init", "--workspace", "W", "--member", "Ana")[0] == 0
    assert _run(tmp_path, *right, "import", "drafts")[0] == 0
    _, claimed = _run(tmp_path, *right, "claim")
    decide = ("decide", claimed["item"], "approve", "--lease", claimed["lease"])
    beneath = Beneath(tmp_path / "profile")
    for wrong in ((), ("--passphrase-file", "wrong")):
        code, answer = _run(tmp_path, *wrong, *decide)
        assert (code, answer["error"]["code"]) == (5, "unlock_refused")
    assert beneath.rows("SELECT * FROM decision") == []
    assert _run(tmp_path, *right, *decide)[0] == 0
    ((body,),) = beneath.rows("SELECT body FROM entry WHERE action = 'signed_off'")
    assert Entry.read(body).details["factors"] == ["device", "passphrase"]


# ---- Locked


def _attempts(profile: Profile, item_id: ItemId, lease: Lease) -> Iterator[Callable[[], object]]:
    """Yield every way to change what was decided."""
    services, edited = profile.services(), Judgement(Verdict.APPROVE, "Forged.")
    yield partial(services.review.decide, lease, edited, key=new_key(), attestation=SIGNED)
    yield partial(services.review.decide_by_ids, item_id, lease.id, edited, key=new_key(), attestation=SIGNED)
    yield partial(services.review.withdraw, item_id)
    yield partial(services.queue.claim, item_id)
    yield partial(services.queue.renew, lease)
    yield partial(services.queue.show, lease)
    yield partial(services.queue.open, lease)
    yield partial(services.queue.release, item_id, lease.id)


def test_a_signed_final_can_be_changed_by_no_service(profile: Profile) -> None:
    lease = _note(profile, id="N-1")
    services = profile.services(holds=_AT_ONCE)
    services.review.decide(lease, Judgement(Verdict.APPROVE, _TEXT), key=new_key(), attestation=SIGNED)
    services.work.round()
    before, sent = profile.rows("SELECT * FROM decision"), profile.files()
    for attempt in _attempts(profile, lease.item_id, lease):
        with pytest.raises((RuleError, HoldOverError)):
            attempt()
    services.review.save(lease.item_id, "Forged.", 0)
    services.review.keep_as_opinion(lease.item_id, "Forged.")
    again = line(id="N-1", kind="clinical_note", draft="Forged.")
    assert profile.take(again).imported == 0
    assert services.work.round().anything is False
    assert (profile.rows("SELECT * FROM decision"), profile.files()) == (before, sent)
    assert services.review.read_signed(lease.item_id).final.text == _TEXT


def test_during_its_hold_a_signed_note_can_be_withdrawn_and_then_is_not_signed(profile: Profile) -> None:
    lease = _note(profile)
    services = profile.services()
    services.review.decide(lease, _APPROVE, key=new_key(), attestation=SIGNED)
    again = services.review.withdraw(lease.item_id)
    assert again is not None
    with pytest.raises(RuleError, match="no signed final"):
        services.review.read_signed(lease.item_id)
    with pytest.raises(RuleError, match="by a signature"):  # the first signature is spent
        services.review.decide(again.lease, _APPROVE, key=new_key())


# ---- Addenda


def _add(profile: Profile, item_id: ItemId, text: str, by: Actor | None = None, **how: Any) -> Any:
    services = profile.services(by, holds=_AT_ONCE)
    attestation = Attestation(meaning=ADDENDUM_MEANING)
    made = services.review.add_addendum(item_id, text, attestation, key=how.get("key", new_key()))
    services.work.round()
    return made


def test_addenda_follow_the_final_which_stays_as_it_is(profile: Profile) -> None:
    item_id = _signed_note(profile)
    (final,) = profile.files().values()
    colleague = profile.actor(Role.CLINICIAN)
    _add(profile, item_id, "First addition.")
    _add(profile, item_id, "Second addition.", colleague)
    shown = profile.services().review.read_signed(item_id)
    assert (shown.final.text, shown.final.name) == (_TEXT, "First")
    assert [(each.text, each.name) for each in shown.addenda] == [
        ("First addition.", "First"),
        ("Second addition.", colleague.member.name),
    ]
    sent = [json.loads(each) for each in profile.files().values()]
    assert json.loads(final) in sent
    assert sorted(each["verdict"] for each in sent) == ["addendum", "addendum", "approve_with_edits"]
    assert {each["signature"]["meaning"] for each in sent if each["verdict"] == "addendum"} == {ADDENDUM_MEANING}
    assert [each.actor for each in _entries(profile, "addendum_made")] == [
        profile.first.member.id,
        colleague.member.id,
    ]


@pytest.mark.parametrize("case", ["an sms", "not signed", "in its hold", "rejected", "an agent", "empty", "a bad key"])
def test_an_addendum_where_none_may_be_is_refused(profile: Profile, case: str) -> None:
    services, who, text, key = profile.services(holds=_AT_ONCE), None, "More.", new_key()
    if case == "an sms":
        claimed = services.queue.claim(profile.put())
        assert claimed is not None
        services.review.decide(claimed.lease, _APPROVE, key=new_key())
        item_id = claimed.item.id
    elif case in ("not signed", "in its hold", "rejected"):
        lease = _note(profile)
        item_id = lease.item_id
        if case == "in its hold":
            profile.services().review.decide(lease, _APPROVE, key=new_key(), attestation=SIGNED)
        elif case == "rejected":
            services.review.decide(lease, JUDGEMENTS[Verdict.REJECT], key=new_key())
    else:
        item_id = _signed_note(profile)
        who = profile.actor(Role.AGENT) if case == "an agent" else None
        text, key = ("  " if case == "empty" else text), ("" if case == "a bad key" else key)
    services.work.round()
    before = profile.rows("SELECT * FROM decision")
    with pytest.raises((RuleError, InputRefusedError)):
        _add(profile, item_id, text, who, key=key)
    assert profile.rows("SELECT * FROM decision") == before


def test_the_key_of_an_addendum_belongs_to_it_alone(profile: Profile) -> None:
    item_id, other, key = _signed_note(profile), _signed_note(profile), new_key()
    first = _add(profile, item_id, "More.", key=key)
    assert _add(profile, item_id, "More.", key=key).id == first.id
    for where, text in ((item_id, "Much more."), (other, "More.")):
        with pytest.raises(KeyReusedError):
            _add(profile, where, text, key=key)
    ((used,),) = profile.rows(
        "SELECT idempotency_key FROM decision WHERE item_id = ? AND verdict != 'addendum'", item_id
    )
    with pytest.raises(KeyReusedError):
        _add(profile, item_id, _TEXT, key=used)
    assert len(_entries(profile, "addendum_made")) == 1


def test_a_second_addendum_waits_for_the_hold_of_the_first(profile: Profile) -> None:
    item_id, review = _signed_note(profile), profile.services().review
    review.add_addendum(item_id, "More.", SIGNED, key=new_key())
    with pytest.raises(RuleError, match="in its hold"):
        review.add_addendum(item_id, "And more.", SIGNED, key=new_key())
    assert review.withdraw(item_id) is None
    review.add_addendum(item_id, "And more.", SIGNED, key=new_key())
    assert [each.text for each in review.read_signed(item_id).addenda] == ["And more."]


def test_a_withdrawn_addendum_neither_leaves_nor_shows(profile: Profile) -> None:
    item_id, services = _signed_note(profile), profile.services()
    services.review.add_addendum(item_id, "More.", SIGNED, key=new_key())
    services.review.withdraw(item_id)
    profile.let_holds_end()
    services.work.round()
    assert len(profile.files()) == 1
    assert services.review.read_signed(item_id).addenda == ()
    with pytest.raises(ReviewerError):
        services.review.withdraw(item_id)
