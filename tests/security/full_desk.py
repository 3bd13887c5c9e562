"""A workspace in which every sort of content lies in every place where the program keeps any."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from reviewer.bootstrap import Services
from reviewer.domain.attestations import ADDENDUM_MEANING, Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import ErasedError, LeaseLostError
from reviewer.domain.items import ClaimedItem, ItemId
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import WorkspaceId
from reviewer.storage import Store, Transaction, analyses, keys, schema, working_copies
from reviewer.storage.opening import opened
from tests.factories import SIGNED, Beneath, every_override, line, new_key

Words = Callable[[str], str]  # content for a place: "draft", "note", ...
_AT_ONCE, _TOMORROW = (dict.fromkeys(KINDS, timedelta(days=days)) for days in (0, 1))


class FullDesk:
    """Fills a workspace through its services, one item for each thing that can become of one."""

    def __init__(self, services: Services, beneath: Beneath, words: Words) -> None:
        self._services = services
        self._beneath = beneath
        self._words = words
        self.items: dict[str, ItemId] = {}

    def fill(self) -> dict[str, ItemId]:
        """Make the items and return their ids, named after what became of each."""
        review, words = self._services.review, self._words
        review.set_holds(_AT_ONCE)
        self._decide("sent", Judgement(Verdict.APPROVE, words("final"), note=words("note")))
        self._decide("returned", Judgement(Verdict.RESPOND, words("working copy"), note=words("note")))
        self._decide("escalated", Judgement(Verdict.ESCALATE, words("opinion"), note=words("note")))
        self._decide("skipped", Judgement(Verdict.SKIP, words("working copy"), note=words("note")))
        signed = self._decide("signed", Judgement(Verdict.APPROVE, words("final")), kind="clinical_note")
        self._services.work.round()
        review.add_addendum(signed, words("addendum"), Attestation(meaning=ADDENDUM_MEANING), key=new_key())
        self._services.work.round()
        review.set_holds(_TOMORROW)
        self._decide("held", Judgement(Verdict.APPROVE, words("final"), note=words("note")))
        self._decide("withdrawn", Judgement(Verdict.APPROVE, words("final"), note=words("note")))
        review.withdraw(self.items["withdrawn"])
        lost = self._claim("opinion")
        self._beneath.let_leases_lapse()
        with suppress(LeaseLostError):
            lost_text = Judgement(Verdict.APPROVE, words("opinion"))
            review.decide_by_ids(lost.item.id, lost.lease.id, lost_text, key=new_key(), overrides=every_override())
        leased = self._claim("leased")
        review.save(leased.item.id, words("working copy"), 3)
        self._services.analysis.round()
        self._take("waiting")
        return self.items

    def _take(self, name: str, kind: str = "sms") -> ItemId:
        words = self._words
        source = [{"speaker": words("speaker"), "text": words("source"), "start": 0.5}]
        made = line(id=name, kind=kind, draft=words("draft"), source=source, recipient=words("recipient"))
        assert self._services.intake.take_all([made], "tests").imported == 1
        ((item_id,),) = self._beneath.rows("SELECT id FROM item WHERE external_id = ?", name)
        self.items[name] = ItemId(item_id)
        return self.items[name]

    def _claim(self, name: str, kind: str = "sms") -> ClaimedItem:
        claimed = self._services.queue.claim(self._take(name, kind))
        assert claimed is not None
        return claimed

    def _decide(self, name: str, judgement: Judgement, kind: str = "sms") -> ItemId:
        claimed = self._claim(name, kind)
        attestation = SIGNED if KINDS[kind].signed else None
        reasons = every_override("known" if judgement.note is None else "other")  # then the note is theirs as well
        self._services.review.decide_by_ids(
            claimed.item.id, claimed.lease.id, judgement, key=new_key(), attestation=attestation, overrides=reasons
        )
        return claimed.item.id


def content_of(store: Store, item_id: str) -> dict[str, str] | None:
    """Return all that is sealed of a conversation, by place; None where it was erased. Raises SealBrokenError."""
    with store.read() as tx:
        try:
            keys.of(tx, item_id)
        except ErasedError:
            return None
        return _content(tx, ItemId(item_id))


def _content(tx: Transaction, item_id: ItemId) -> dict[str, str]:
    draft, source, recipient, _ = opened(tx, WorkspaceId(tx.keys.owner.workspace), item_id).content
    found = {"draft": draft, "source": str(source), "recipient": str(recipient)}
    for copy in tx.run(schema.working_copy.select().where(schema.working_copy.c.item_id == item_id)).all():
        kept = working_copies.load(tx, item_id, copy.member_id)
        assert kept is not None
        found[f"working copy of {copy.member_id}"] = kept.text
        found[f"attention of {copy.member_id}"] = str(kept.attention)
    for name, stored in analyses.load(tx, item_id).items():
        found[f"analysis {name}"] = stored.found
    for number, opinion in enumerate(working_copies.opinions(tx, item_id)):
        found[f"opinion {number}"] = opinion.text
    for row in tx.run(schema.decision.select().where(schema.decision.c.item_id == item_id)).all():
        for column, sealed in (("final", row.final), ("note", row.note), ("overrides", row.overrides)):
            if sealed is not None:
                found[f"{column} of {row.id}"] = keys.unseal(tx, item_id, ("decision", row.id, column), sealed)
        request = tx.run(schema.outbox.select().where(schema.outbox.c.decision_id == row.id)).one_or_none()
        if request is not None:
            found[f"request of {row.id}"] = keys.unseal(tx, item_id, ("outbox", row.id, "request"), request.request)
    return found


def everything(store: Store) -> dict[str, dict[str, str] | None]:
    """Return the content of every item."""
    with store.read() as tx:
        ids = [row.id for row in tx.run(schema.item.select()).all()]
    return {item_id: content_of(store, item_id) for item_id in ids}
