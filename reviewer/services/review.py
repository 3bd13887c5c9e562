"""Reviewing an item: keep what is typed, decide, withdraw."""

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reviewer.domain import layout, limits
from reviewer.domain.attention import NO_ATTENTION, Attention, Override, applied, by_rule, left, summary
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Decision, DecisionId, Judgement, Verdict
from reviewer.domain.difference import edit_distance_words
from reviewer.domain.errors import (
    FindingsLeftError,
    HoldOverError,
    InputRefusedError,
    KeyReusedError,
    LeaseLostError,
    RuleError,
    StoppedError,
)
from reviewer.domain.events import Action
from reviewer.domain.findings import Examination
from reviewer.domain.items import ClaimedItem, ItemHead, ItemId, Lease, LeaseId, SignedFinal
from reviewer.domain.kinds import KINDS, Form
from reviewer.domain.members import Actor, Role
from reviewer.ledger.canonical import Value
from reviewer.ledger.entries import instant
from reviewer.privacy.gate import Outgoing
from reviewer.services import recorded
from reviewer.services.analysis import kept, subject_to
from reviewer.services.analyst import Analyst, read
from reviewer.services.examiners import VERSIONS
from reviewer.services.gatekeeper import outgoing, rules_off, stopping
from reviewer.services.queue import Queue, claim_for, keep_texts_of_others, length_of, shown
from reviewer.storage import (
    Store,
    Transaction,
    contents,
    decisions,
    items,
    keys,
    leases,
    outbox,
    working_copies,
)
from reviewer.storage.decisions import KeyTakenError
from reviewer.storage.opening import Opened, opened
from reviewer.storage.store import Unrecorded

_READ_SIGNED = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})  # and whoever may sign such a kind
_NO_OVERRIDES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recorded decision, and the leases that the same transaction moved on."""

    decision: Decision
    showing: Lease | None = None
    ahead: Lease | None = None


class Review:
    """Decides items for one member at one desk."""

    def __init__(self, store: Store, actor: Actor, holds: Mapping[str, timedelta], analyst: Analyst) -> None:
        self._store = store
        self._actor = actor
        self._holds = holds
        self._analyst = analyst

    def set_holds(self, holds: Mapping[str, timedelta]) -> None:
        """Hold decisions made from now on as long as `holds` says for their kind."""
        self._holds = holds

    def hold_of(self, kind: str) -> timedelta:
        """Return how long a decision on an item of `kind` can be withdrawn."""
        return self._holds.get(kind, KINDS[kind].hold)

    def save(self, item_id: ItemId, text: str, cursor: int, attention: Attention = NO_ATTENTION) -> datetime:
        """Keep the working copy, and what was made of its findings, and return when; a lost lease does not stop it."""
        with self._store.write(self._actor) as tx:
            working_copies.save(tx, item_id, text, cursor, attention)
            tx.leave_unrecorded(Unrecorded.AUTOSAVE)
            return tx.now()

    def decide(
        self,
        lease: Lease,
        judgement: Judgement,
        *,
        key: str,
        attestation: Attestation | None = None,
        attention: Attention = NO_ATTENTION,
        showing: Lease | None = None,
        claim_ahead: bool = False,
    ) -> Outcome:
        """Record a decision in its hold; the same commit can show the look-ahead and claim another.

        A kind that is signed leaves only with an `attestation`. What is released was checked here, whatever a screen
        showed: findings that hold it back must be overridden in `attention`.

        The same `key` again returns the first decision. Raises LeaseLostError (the text is then kept as a second
        opinion), FindingsLeftError or another RuleError, InputRefusedError or KeyReusedError.
        """
        request = _Request(lease, judgement, key, attestation, attention, showing, claim_ahead)
        try:
            try:
                return self._decide(request, None)
            except _UncheckedError:
                return self._decide(request, self._check(lease, judgement))
        except LeaseLostError:
            self.keep_as_opinion(lease.item_id, judgement.text)
            raise

    def _decide(self, request: "_Request", checked: "_Checked | None") -> Outcome:
        """Do it in one transaction. Raises _UncheckedError where `checked` is needed and missing."""
        try:
            with self._store.write(self._actor) as tx:
                return _outcome(tx, request, self._record(tx, request, checked))
        except (LeaseLostError, KeyTakenError):  # only then may the key be one that was used before
            with self._store.write(self._actor) as tx:
                earlier = self._replayed(tx, request)
                if earlier is None:
                    raise
                return _outcome(tx, request, earlier)

    def decide_by_ids(
        self,
        item_id: str,
        lease_id: LeaseId,
        judgement: Judgement,
        *,
        key: str,
        attestation: Attestation | None = None,
        overrides: Mapping[str, str] = _NO_OVERRIDES,
    ) -> Decision:
        """Decide for a caller that kept only the ids of its item and lease. Raises as decide() does.

        `overrides` names rules whose findings are dismissed, each with its reason; the note of the judgement is theirs
        too.
        """
        with self._store.read() as tx:
            items.find(tx, self._actor.member.workspace_id, item_id)
            lease = leases.stated(tx, self._actor, ItemId(item_id), lease_id)
            kept = working_copies.load(tx, lease.item_id, self._actor.member.id)
        attention = NO_ATTENTION if kept is None else kept.attention
        if overrides:
            attention = self._with_overrides(lease, judgement, key, attention, overrides)
        return self.decide(lease, judgement, key=key, attestation=attestation, attention=attention).decision

    def keep_as_opinion(self, item_id: ItemId, text: str | None) -> bool:
        """Keep a text whose lease is lost for whoever decides; False where it is only the draft."""
        with self._store.write(self._actor) as tx:
            if text is None or text == contents.draft(tx, item_id)[0]:
                return False
            working_copies.keep_opinion(tx, item_id, self._actor.member.id, text)
            working_copies.drop(tx, item_id, self._actor.member.id)
            tx.record(Action.SECOND_OPINION_KEPT, item_id)
            return True

    def progress(self, ids: Sequence[DecisionId]) -> dict[DecisionId, str]:
        """Tell where each decision stands: held, withdrawn, settled, sending, sent or failed."""
        with self._store.read() as tx:
            return decisions.progress(tx, ids)

    def withdraw(self, item_id: str) -> ClaimedItem | None:
        """Undo the decision on an item during its hold and lease it again; an addendum is only taken back.

        Raises HoldOverError or RuleError.
        """
        with self._store.write(self._actor) as tx:
            head = items.find(tx, self._actor.member.workspace_id, item_id)
            stored = decisions.standing(tx, item_id)
            if stored is None:
                raise HoldOverError("No decision on this item is held: there is nothing to withdraw.")
            if not decisions.is_held(tx, stored.decision.id):
                raise HoldOverError("The hold is over, so the decision stands.")
            if stored.member_id != self._actor.member.id and Role.SUPERVISOR not in self._actor.member.roles:
                raise RuleError("Only the member who decided, or a supervisor, withdraws a decision.")
            decisions.close(tx, stored.decision.id, "withdrawn")
            outbox.withdraw(tx, stored.decision.id)
            if stored.decision.verdict is Verdict.ADDENDUM:
                tx.record(Action.WITHDRAWN, item_id, decision=stored.decision.id)
                return None
            lease = leases.resume(tx, item_id, length_of(head.kind))
            tx.record(Action.WITHDRAWN, item_id, decision=stored.decision.id, fence=lease.fence)
            keep_texts_of_others(tx, lease.item_id)
        return Queue(self._store, self._actor).open(lease)

    def _replayed(self, tx: Transaction, request: "_Request") -> Decision | None:
        lease, judgement = request.lease, request.judgement
        earlier = decisions.by_key(tx, request.key)
        if earlier is None:
            return None
        draft, _ = contents.draft(tx, lease.item_id)
        verdict, final = judgement.against(draft)
        done = earlier.decision
        done_final, done_note = decisions.texts(tx, done)
        asked = (lease.item_id, verdict, final, judgement.reason, judgement.note)
        if asked != (done.item_id, done.verdict, done_final, done.reason, done_note):
            raise KeyReusedError("This idempotency key belongs to another decision; use a new one.")
        return replace(done, note=done_note)

    def add_addendum(self, item_id: str, text: str, attestation: Attestation, *, key: str) -> Decision:
        """Add to a signed final, which itself stays as it is; the addendum rests in a hold and leaves like a final.

        Raises RuleError where the item has no signed final, InputRefusedError where the text cannot be sent.
        """
        judgement = Judgement(Verdict.APPROVE, text)
        if self._store.is_shared:
            self._look_at_signed(item_id)  # the gate reads what it is checked against
        with self._store.write(self._actor) as tx:
            head = items.find(tx, self._actor.member.workspace_id, item_id)
            kind = KINDS[head.kind]
            signed = decisions.signed(tx, item_id)
            if not kind.signed or signed is None:
                raise RuleError("Only a signed final takes an addendum.")
            if not self._actor.member.roles & kind.roles:
                raise RuleError(f"Your roles do not let you sign an item of the kind '{kind.key}'.")
            lacking = judgement.lacking("")
            if lacking is not None:
                raise InputRefusedError(lacking)
            _check_key(key)
            earlier = decisions.by_key(tx, key)
            if earlier is not None:
                tx.leave_unrecorded(Unrecorded.NOTHING)
                done, final = earlier.decision, decisions.texts(tx, earlier.decision)[0]
                if (done.item_id, done.verdict, final) != (item_id, Verdict.ADDENDUM, text):
                    raise KeyReusedError("This idempotency key belongs to another decision; use a new one.")
                return done
            if decisions.standing(tx, item_id) is not None:
                raise RuleError("Another addendum is in its hold: wait until that is over, or withdraw it.")
            recorded.check(tx, decisions.by_id(tx, signed))
            item = opened(tx, self._actor.member.workspace_id, head.id)
            _pass_gate(outgoing(tx, self._actor.member, item), text)
            decision = decisions.add(
                tx,
                DecisionId(secrets.token_hex(16)),
                decisions.unleased(head.id, self._actor),
                Verdict.ADDENDUM,
                key=key,
                final=text,
                reason=None,
                note=None,
                hold=self.hold_of(kind.key),
            )
            request = _outgoing_request(head, decision, text, item.content.recipient, _signed(tx, attestation))
            outbox.add(tx, decision, "sent", request)
            self._record_signature(tx, decision, text, attestation)
            after = _digests(tx, head.id, final=text, request=request)
            tx.record(Action.ADDENDUM_MADE, head.id, after=after, decision=decision.id)
            return decision

    def _look_at_signed(self, item_id: str) -> None:
        """Put a look at a signed final on record, where there is one."""
        with self._store.write(self._actor) as tx:
            head = items.find(tx, self._actor.member.workspace_id, item_id)
            if decisions.signed(tx, item_id) is None or not self._actor.member.roles & KINDS[head.kind].roles:
                tx.leave_unrecorded(Unrecorded.NOTHING)  # what is asked for is refused below
            else:
                tx.record(Action.OPENED, item_id, signed=True)

    def read_signed(self, item_id: str) -> SignedFinal:
        """Return a signed final with its addenda; the look is recorded first.

        Raises RuleError where there is none, LedgerBrokenError where something else was signed than the database says.
        """
        with self._store.write(self._actor) as tx:
            head = items.find(tx, self._actor.member.workspace_id, item_id)
            if decisions.signed(tx, item_id) is None:
                raise RuleError("This item has no signed final.")
            if not self._actor.member.roles & (KINDS[head.kind].roles | _READ_SIGNED):
                raise RuleError("Your roles do not let you read what others signed.")
            keys.of(tx, item_id)  # refuses what was erased
            tx.record(Action.OPENED, item_id, signed=True)
        with self._store.read() as tx:
            for stored in decisions.released(tx, item_id):
                recorded.check_final(tx, stored, decisions.texts(tx, stored.decision)[0])
            return decisions.signed_final(tx, item_id)

    def _check(self, lease: Lease, judgement: Judgement) -> "_Checked":
        """Return what is found in a text that is to be released.

        This may wait for the analyst, so it is no part of a transaction that others would have to wait for.
        """
        with self._store.read() as tx:
            leases.check(tx, lease)
            item = opened(tx, self._actor.member.workspace_id, lease.item_id)
            subject = subject_to(item, outgoing(tx, self._actor.member, item))
            found = kept(tx, lease.item_id).found
            off = rules_off(tx, self._actor.member, item)
        if found is None:
            found = self._analyst.examine(subject, hurried=True)
        in_draft = read(found).without(off)
        _, final = judgement.against(subject.draft)
        if final is None or final == subject.draft or judgement.lacking(subject.draft) is not None:
            return _Checked(in_draft, final, in_draft)
        return _Checked(in_draft, final, self._analyst.recheck(subject, found, final).without(off))

    def _check_draft(self, tx: Transaction, item: Opened, final: str | None) -> "_Checked | None":
        """Return what was found in a draft, if that tells all of `final`. Raises _UncheckedError where it does not."""
        found = kept(tx, item.head.id).found
        if final is not None and (found is None or final != item.content.draft):
            raise _UncheckedError
        if found is None:
            return None
        in_draft = read(found).without(rules_off(tx, self._actor.member, item))
        return _Checked(in_draft, final, in_draft)

    def _with_overrides(
        self, lease: Lease, judgement: Judgement, key: str, attention: Attention, reasons: Mapping[str, str]
    ) -> Attention:
        with self._store.read() as tx:
            if decisions.is_known(tx, self._actor.member.id, key):
                return attention
        checked = self._check(lease, judgement)
        if checked.final is None:
            return attention
        for override in by_rule(checked.in_final, checked.final, reasons, judgement.note):
            attention = attention.with_override(override)
        return attention

    def _record(self, tx: Transaction, request: "_Request", checked: "_Checked | None") -> Decision:
        lease, judgement, attention = request.lease, request.judgement, request.attention
        head = leases.hold(tx, lease)
        item = opened(tx, self._actor.member.workspace_id, lease.item_id)
        kind, draft, recipient = KINDS[head.kind], item.content.draft, item.content.recipient
        verdict, final = judgement.against(draft)
        lacking = judgement.lacking(draft)
        if lacking is not None:
            raise InputRefusedError(lacking)
        _check_key(request.key)
        if verdict not in kind.decisions:
            raise RuleError(f"An item of the kind '{kind.key}' cannot be decided so.")
        if verdict.releases and not self._actor.member.roles & kind.roles:
            raise RuleError(f"Your roles do not let you approve an item of the kind '{kind.key}'.")
        if verdict.releases and kind.signed and request.attestation is None:
            raise RuleError(f"An item of the kind '{kind.key}' is released by a signature: sign it.")
        checked = checked or self._check_draft(tx, item, final)
        overrides = () if final is None else _overridden(checked, final, attention)
        if final is not None:
            _pass_gate(outgoing(tx, self._actor.member, item), final)
        signature = request.attestation if verdict.releases and kind.signed else None
        decision = decisions.add(
            tx,
            DecisionId(secrets.token_hex(16)),
            lease,
            verdict,
            key=request.key,
            final=final,
            reason=judgement.reason,
            note=judgement.note,
            hold=self.hold_of(kind.key),
            overrides=overrides,
        )
        if judgement.text is not None or attention != NO_ATTENTION:
            text = draft if judgement.text is None else judgement.text
            working_copies.save(tx, lease.item_id, text, 0, attention)  # withdrawing brings it back
        leaving = None
        if verdict.releases or verdict.returns:
            signed = None if signature is None else _signed(tx, signature)
            leaving = _outgoing_request(head, decision, final, recipient, signed)
            outbox.add(tx, decision, "sent" if verdict.releases else "returned", leaving)
        if signature is not None and final is not None:
            self._record_signature(tx, decision, final, signature)
        told = _told(draft, checked, attention)
        self._record_decision(tx, decision, draft, final, leaving, contents.dump_model(item.content.model), told)
        return decision

    def _record_signature(self, tx: Transaction, decision: Decision, final: str, attestation: Attestation) -> None:
        """Record who signed exactly which text, and what it means."""
        tx.record(
            Action.SIGNED_OFF,
            decision.item_id,
            after={"final": keys.digest(tx, decision.item_id, "final", final)},
            meaning=attestation.meaning,
            decision=decision.id,
            statement=attestation.statement,
            roles=sorted(self._actor.member.roles),
            factors=list(attestation.factors),
        )

    @staticmethod
    def _record_decision(
        tx: Transaction,
        decision: Decision,
        draft: str,
        final: str | None,
        request: str | None,
        model: dict[str, Value] | None,
        findings: dict[str, Any],
    ) -> None:
        item_id = ItemId(decision.item_id)
        tx.record(
            Action.DECIDED,
            item_id,
            before={"draft": keys.digest(tx, item_id, "draft", draft)},
            after=_digests(tx, item_id, final=final, request=request),
            model=model,
            verdict=decision.verdict.value,
            decision=decision.id,
            reason=decision.reason,
            words_changed=0 if final is None else edit_distance_words(draft, final),
            hold_until=instant(decision.hold_until),
            **findings,
        )


class _UncheckedError(Exception):
    """A text is to be released of which it is not known what is found in it; found outside a transaction."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What a member asks to be recorded, and what comes onto their desk with it."""

    lease: Lease
    judgement: Judgement
    key: str
    attestation: Attestation | None
    attention: Attention
    showing: Lease | None
    claim_ahead: bool


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was found in a draft, and in the final that it became; without a final, in the draft again."""

    in_draft: Examination
    final: str | None
    in_final: Examination


def _overridden(checked: _Checked | None, final: str, attention: Attention) -> tuple[Override, ...]:
    """Return the overrides that let `final` go. Raises FindingsLeftError where something holds it back."""
    if checked is None or checked.final != final:
        raise RuntimeError("a text was to be released that was not checked")
    for override in attention.overrides:
        lacking = override.lacking()
        if lacking is not None:
            raise InputRefusedError(lacking)
    holding = left(checked.in_final, final, attention)
    if holding:
        raise FindingsLeftError(Counter(finding.rule for finding in holding))
    return applied(checked.in_final, final, attention.overrides)


def _told(draft: str, checked: _Checked | None, attention: Attention) -> dict[str, Any]:
    """Return what the ledger says of the findings: rules, numbers and codes."""
    if checked is None:
        return {}
    after = None if checked.final is None else (checked.in_final, checked.final)
    told = summary((checked.in_draft, draft), after, attention)
    return {"findings": told, "findings_shown": attention.was_shown, "analyses": VERSIONS}


def _pass_gate(going: Outgoing, final: str) -> None:
    """Refuse what must not leave, as things stand in this very transaction. Raises StoppedError."""
    found = stopping(going, final)
    if found:
        raise StoppedError(finding.rule for finding in found)


def _check_key(key: str) -> None:
    if not 0 < len(key) <= limits.NAME_CHARACTERS:
        raise InputRefusedError(f"An idempotency key has 1 to {limits.NAME_CHARACTERS} characters.")


def _digests(tx: Transaction, item_id: ItemId, **texts: str | None) -> dict[str, str]:
    """Return the keyed digests of those texts that there are."""
    return {name: keys.digest(tx, item_id, name, text) for name, text in texts.items() if text is not None}


def _outcome(tx: Transaction, request: "_Request", decision: Decision) -> Outcome:
    """Bring what comes next onto the desk, in the transaction of the decision."""
    next_showing = None if request.showing is None else _try_show(tx, request.showing)
    ahead = claim_for(tx, ahead=True) if request.claim_ahead else None
    if not request.claim_ahead and request.showing is None and tx.settled:
        tx.leave_unrecorded(Unrecorded.NOTHING)  # a replay writes nothing
    return Outcome(decision, next_showing, ahead)


def _try_show(tx: Transaction, lease: Lease) -> Lease | None:
    """Show the look-ahead if it is still ours; a decision must not fail because the next item is gone."""
    try:
        return shown(tx, lease)
    except LeaseLostError:
        return None


def _signed(tx: Transaction, attestation: Attestation) -> dict[str, object]:
    """Return what every readable form of a signed text must show."""
    return {
        "name": tx.actor.member.name,
        "meaning": attestation.meaning,
        "statement": attestation.statement,
        "signed_at": instant(tx.now()),
    }


def _outgoing_request(
    head: ItemHead,
    decision: Decision,
    final: str | None,
    recipient: str | None,
    signature: dict[str, object] | None = None,
) -> str:
    """Return what leaves for the destination, frozen here."""
    request: dict[str, object] = {
        "item": head.id,
        "external_id": head.external_id,
        "kind": head.kind,
        "verdict": decision.verdict.value,
    }
    if final is not None:
        request["final"] = final
        if len(KINDS[head.kind].fields) > 1 or KINDS[head.kind].body.form is Form.SECTIONS:
            request["fields"] = layout.values(KINDS[head.kind], final)
    else:
        request |= {"producer": head.producer, "reason": decision.reason, "note": decision.note}
    if recipient is not None:
        request["recipient"] = recipient
    if signature is not None:
        request["signature"] = signature
    request["decided_at"] = decision.decided_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    request["decision"] = decision.id
    return json.dumps(request, ensure_ascii=False, indent=1)
