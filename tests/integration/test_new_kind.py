"""A kind is one file, one entry in the list and one sample: no migration, no other change."""

import json
from collections import Counter

import pytest

from reviewer.channels import drafts
from reviewer.domain import layout
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Role
from reviewer.services.work import RoundReport
from reviewer.storage import team
from tests.factories import EMAIL_REPLY, EMAIL_SAMPLE, Profile, line, new_key


@pytest.fixture(autouse=True)
def email_reply(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Make the entry in the list; a team's database is then brought to this version by its owner."""
    monkeypatch.setitem(KINDS, EMAIL_REPLY.key, EMAIL_REPLY)
    if "profile" in request.fixturenames:
        profile: Profile = request.getfixturevalue("profile")
        if profile.team is not None:
            team.lay(profile.team.cluster.engine(profile.team.name))


def _sample(**changed: object) -> bytes:
    said = {"speaker": "Agent", "text": "Dear Ms Okafor, your parcel 4471 is on its way. It arrives on Tuesday."}
    sample = {"draft": EMAIL_SAMPLE, "source": [said], "recipient": "okafor@example.com"}
    return line(kind="email_reply", channel="email", **(sample | changed))


def test_an_email_goes_the_whole_way_from_import_to_dispatch(profile: Profile) -> None:
    assert profile.take(_sample(id="M-1")).imported == 1
    services = profile.services(profile.actor(Role.AGENT))
    assert services.queue.overview().by_kind == {"email_reply": 1}
    claimed = services.queue.claim()
    assert claimed is not None

    edited = layout.compose(EMAIL_REPLY, claimed.item.draft, {"subject": "Parcel 4471 is on its way"})
    services.review.save(claimed.item.id, edited, 9)
    decision = services.review.decide(claimed.lease, Judgement(Verdict.APPROVE, edited), key=new_key()).decision
    assert decision.verdict is Verdict.APPROVE_WITH_EDITS
    assert decision.hold_until - decision.decided_at == EMAIL_REPLY.hold

    profile.let_holds_end()
    assert services.work.round() == RoundReport(settled=1, sent=1)
    ((name, final),) = profile.files().items()
    sent = json.loads(final)
    assert name == f"{decision.id}.json"
    assert sent["final"] == EMAIL_SAMPLE.replace("Your parcel 4471", "Parcel 4471 is on its way")
    assert sent["fields"] == {
        "subject": "Parcel 4471 is on its way",
        "text": "Dear Ms Okafor,\n\nit arrives on Tuesday.\n\nKind regards",
    }
    assert (sent["kind"], sent["recipient"]) == ("email_reply", "okafor@example.com")


def test_an_email_can_be_withdrawn_and_returned(profile: Profile) -> None:
    profile.take(_sample())
    services = profile.services()
    claimed = services.queue.claim()
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    again = services.review.withdraw(claimed.item.id)
    assert again is not None
    services.review.decide(again.lease, Judgement(Verdict.RESPOND, note="Name the day."), key=new_key())
    profile.let_holds_end()
    assert services.work.round() == RoundReport(settled=1, sent=1)
    assert (len(profile.files("sent")), len(profile.files("returned"))) == (0, 1)


def test_an_email_goes_only_to_the_roles_that_its_kind_names(profile: Profile) -> None:
    profile.take(_sample())
    assert profile.services(profile.actor(Role.CLINICIAN)).queue.claim() is None
    assert profile.services(profile.actor(Role.AGENT)).queue.claim() is not None


def test_without_its_entry_in_the_list_the_sample_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KINDS, EMAIL_REPLY.key)
    (refused,) = drafts.read([_sample()], Counter())
    assert isinstance(refused, drafts.Refused)
    assert refused.field == "kind"


def test_items_of_a_kind_that_was_taken_away_stay_and_are_offered_to_nobody(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile.take(_sample(id="M-1"))
    ((item_id,),) = profile.rows("SELECT id FROM item")
    monkeypatch.delitem(KINDS, EMAIL_REPLY.key)
    services = profile.services()
    assert services.queue.overview().waiting == ()
    assert services.queue.claim() is None
    assert [head.external_id for head in services.queue.listing(10)[0]] == ["M-1"]
    assert profile.state(item_id) == "waiting"
