"""Items from import to decision, for scripts."""

import argparse
import secrets
from dataclasses import replace
from pathlib import Path

from reviewer.bootstrap import Application
from reviewer.cli.answers import Answer, due, in_line, plain, say, stamp
from reviewer.cli.arguments import AddCommand, count, lines_of, text_of
from reviewer.cli.profile import Opened, passphrase_of, unlock
from reviewer.domain.attention import OVERRIDE_CODES
from reviewer.domain.attestations import ADDENDUM_MEANING, Attestation
from reviewer.domain.decisions import REASON_CODES, Judgement, Verdict
from reviewer.domain.errors import ExitCode, FindingsLeftError, UsageError
from reviewer.domain.findings import Finding
from reviewer.domain.items import ClaimedItem, ItemState, LeaseId
from reviewer.domain.kinds import KINDS
from reviewer.services.signing import attested

_VERDICTS = {"approve": Verdict.APPROVE, "edit": Verdict.APPROVE_WITH_EDITS} | {
    verdict.value: verdict for verdict in (Verdict.REJECT, Verdict.RESPOND, Verdict.ESCALATE, Verdict.SKIP)
}


def add(command: AddCommand) -> None:
    """Add these commands."""
    imports = command("import", _import, "take drafts in from a JSON Lines file; - reads standard input")
    imports.add_argument("file", metavar="FILE")
    imports.add_argument("--producer", default="import", metavar="NAME", help="who drafted them (default: import)")

    queue = command("queue", _queue, "show what waits, by kind and due time")
    queue.add_argument("--limit", type=count, default=100_000, metavar="N", help="list at most N items")

    claim = command("claim", _claim, "lease the most urgent item and show it")
    claim.add_argument("--item", metavar="ITEM", help="lease this item instead")

    decide = command("decide", _decide, "decide a leased item")
    decide.add_argument("item", metavar="ITEM")
    decide.add_argument("verdict", choices=sorted(_VERDICTS))
    decide.add_argument("--lease", required=True, metavar="L")
    decide.add_argument("--text-file", metavar="F", help="the edited text, UTF-8; - reads standard input")
    decide.add_argument("--reason", metavar="CODE", help=f"one of: {', '.join(sorted(REASON_CODES))}")
    decide.add_argument("--note", metavar="TEXT")
    decide.add_argument(
        "--override",
        metavar="RULE=REASON",
        action="append",
        default=[],
        type=_override,
        help=f"dismiss the findings of a rule; the reasons are: {', '.join(sorted(OVERRIDE_CODES))}",
    )
    decide.add_argument("--idempotency-key", metavar="K", help="the same key never decides twice")

    addendum = command("addendum", _addendum, "add to a signed final, which itself stays as it is")
    addendum.add_argument("item", metavar="ITEM")
    addendum.add_argument("--text-file", required=True, metavar="F", help="the addendum, UTF-8; - reads standard input")
    addendum.add_argument("--idempotency-key", metavar="K", help="the same key never adds twice")

    release = command("release", _release, "give a leased item back undecided")
    release.add_argument("item", metavar="ITEM")
    release.add_argument("--lease", required=True, metavar="L")

    withdraw = command("withdraw", _withdraw, "undo a decision during its hold")
    withdraw.add_argument("item", metavar="ITEM")

    erase = command("erase", _erase, "destroy a conversation's key, and with it its content everywhere")
    erase.add_argument("item", metavar="ITEM")


def _import(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        services = unlock(arguments, application)
        report = services.intake.take_all(lines_of(arguments.file), arguments.producer)
    answer: Answer = {
        "imported": report.imported,
        "duplicates": report.duplicates,
        "refused": len(report.refused),
        "ignored_fields": dict(sorted(report.unknown_fields.items())),
    }
    text = f"{report.imported} imported, {report.duplicates} known already, {len(report.refused)} refused."
    if report.unknown_fields:
        ignored = ", ".join(f"{name} ({number})" for name, number in sorted(report.unknown_fields.items()))
        text += f"\nIgnored fields: {in_line(ignored)}."
    if report.refused:
        beside = Path("stdin" if arguments.file == "-" else arguments.file)
        kept = services.intake.keep_refused(beside, report.refused)
        answer["refused_file"] = str(kept)
        shown = [f"line {r.number}, {r.field or 'whole line'}: {r.reason}" for r in report.refused[:20]]
        text += "\n" + "\n".join(map(in_line, shown)) + f"\nThe refused lines are in {kept}."
    say(arguments, answer, text)
    return ExitCode.INPUT_REFUSED if report.refused else ExitCode.DONE


def _queue(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        rows, counts = unlock(arguments, application).queue.listing(arguments.limit)
    by_kind = {kind: counts[kind, ItemState.WAITING] for kind in KINDS}
    answer = {
        "waiting": sum(by_kind.values()),
        "by_kind": by_kind,
        "by_state": {state.value: sum(n for (_, s), n in counts.items() if s is state) for state in ItemState},
        "items": [
            {
                "id": row.id,
                "external_id": row.external_id,
                "kind": row.kind,
                "state": row.state.value,
                "due_at": stamp(row.due_at),
            }
            for row in rows
        ],
    }
    kinds = ", ".join(f"{number} {kind}" for kind, number in by_kind.items() if number)
    text = [f"{answer['waiting']} waiting{': ' + kinds if kinds else ''}."]
    text += [f"{r.id}  {r.kind:<14} {r.state.value:<10} {due(r.due_at):<22} {in_line(r.external_id)}" for r in rows]
    say(arguments, answer, "\n".join(text))
    return ExitCode.DONE


def _claim(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        queue = unlock(arguments, application).queue
        shown = None if arguments.item is None else queue.own(arguments.item)
        claimed = shown or queue.claim(arguments.item)
    if claimed is None:
        say(arguments, {"item": None}, "Nothing waits for you.")
    else:
        say(arguments, _claimed(claimed), _readable(claimed))
    return ExitCode.DONE


def _claimed(claimed: ClaimedItem) -> Answer:
    item, lease = claimed.item, claimed.lease
    answer: Answer = {
        "item": item.id,
        "external_id": item.head.external_id,
        "kind": item.kind,
        "channel": item.head.channel.value,
        "lease": lease.id,
        "fence": lease.fence,
        "expires_at": stamp(lease.expires_at),
        "draft": item.draft,
        "source": [_turn(turn.speaker, turn.text, turn.start, turn.end) for turn in item.source],
        "recipient": item.recipient,
        "language": item.head.language,
        "model": None,
    }
    if item.model is not None:
        answer["model"] = {
            "name": item.model.name,
            "version": item.model.version,
            "prompt_version": item.model.prompt_version,
        }
    if claimed.working_copy is not None:
        answer["working_copy"] = claimed.working_copy.text
    if claimed.examination is not None:
        answer["findings"] = [_finding(finding) for finding in claimed.examination.findings]
    return answer


def _finding(finding: Finding) -> Answer:
    passages = [{"turn": each.turn, "start": each.start, "end": each.end} for each in finding.passages]
    return {
        "rule": finding.rule,
        "weight": finding.weight.value,
        "message": finding.message,
        "start": finding.start,
        "end": finding.end,
        "evidence": passages,
    }


def _turn(speaker: str, text: str, start: float | None, end: float | None) -> Answer:
    times = {key: value for key, value in (("start", start), ("end", end)) if value is not None}
    return {"speaker": speaker, "text": text, **times}


def _readable(claimed: ClaimedItem) -> str:
    item, lease = claimed.item, claimed.lease
    source = "\n".join(f"  {in_line(turn.speaker)}: {plain(turn.text)}" for turn in item.source) or "  (none)"
    model = f"{item.model.name} {item.model.version}" if item.model else "not stated"
    return (
        f"{item.kind} {item.id}\ndrafted by: {in_line(model)}\n\n{plain(item.draft)}\n\nSource:\n{source}\n\n"
        f"{_readable_findings(claimed)}\n\n"
        f"Lease {lease.id}, until {stamp(lease.expires_at)}."
    )


def _readable_findings(claimed: ClaimedItem) -> str:
    if claimed.examination is None:
        return "Not checked yet; what is approved is checked then."
    lines = [f"  {f.weight.value} {f.rule}: {in_line(f.message)}" for f in claimed.examination.findings]
    return "Findings:\n" + ("\n".join(lines) or "  nothing was flagged, which does not mean that it is verified")


def _decide(arguments: argparse.Namespace) -> ExitCode:
    verdict = _VERDICTS[arguments.verdict]
    if verdict is Verdict.APPROVE_WITH_EDITS and arguments.text_file is None:
        raise UsageError("'edit' needs --text-file with the edited text.")
    text = None if arguments.text_file is None else text_of(arguments.text_file)
    judgement = Judgement(verdict, text, arguments.reason, arguments.note)
    key = arguments.idempotency_key or secrets.token_hex(16)
    with Opened(arguments) as application:
        try:
            decision = unlock(arguments, application).review.decide_by_ids(
                arguments.item,
                LeaseId(arguments.lease),
                judgement,
                key=key,
                attestation=_attestation(arguments, application),
                overrides=dict(arguments.override),
            )
        except FindingsLeftError as exc:
            hint = " Edit the text, or say why it stands with --override RULE=REASON; 'reviewer claim' shows where."
            raise FindingsLeftError(exc.rules, hint) from exc
    answer = {
        "decision": decision.id,
        "state": ItemState.HELD.value,
        "verdict": decision.verdict.value,
        "hold_until": stamp(decision.hold_until),
    }
    say(arguments, answer, f"Decided ({decision.verdict.value}); held until {stamp(decision.hold_until)}.")
    return ExitCode.DONE


def _override(text: str) -> tuple[str, str]:
    rule, equals, reason = text.partition("=")
    if not (rule and equals and reason in OVERRIDE_CODES):
        reasons = ", ".join(sorted(OVERRIDE_CODES))
        raise argparse.ArgumentTypeError(f"{text!r} is not RULE=REASON with one of these reasons: {reasons}")
    return rule, reason


def _attestation(arguments: argparse.Namespace, application: Application) -> Attestation:
    """A command opens the keys afresh each time: that is the factor it signs with."""
    return attested(application.access.factors(), passphrase_of(arguments), arguments.code)


def _addendum(arguments: argparse.Namespace) -> ExitCode:
    key = arguments.idempotency_key or secrets.token_hex(16)
    with Opened(arguments) as application:
        review = unlock(arguments, application).review
        attestation = replace(_attestation(arguments, application), meaning=ADDENDUM_MEANING)
        decision = review.add_addendum(arguments.item, text_of(arguments.text_file), attestation, key=key)
    answer = {"decision": decision.id, "state": ItemState.HELD.value, "hold_until": stamp(decision.hold_until)}
    say(arguments, answer, f"Signed; the addendum is held until {stamp(decision.hold_until)}.")
    return ExitCode.DONE


def _release(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        unlock(arguments, application).queue.release(arguments.item, LeaseId(arguments.lease))
    say(arguments, {"item": arguments.item, "state": "waiting"}, "Released; the item waits again.")
    return ExitCode.DONE


def _withdraw(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        claimed = unlock(arguments, application).review.withdraw(arguments.item)
    if claimed is None:
        say(arguments, {"item": arguments.item, "state": ItemState.DECIDED.value}, "The addendum is withdrawn.")
        return ExitCode.DONE
    answer = _claimed(claimed) | {"state": ItemState.LEASED.value}
    say(arguments, answer, f"Withdrawn; the item is yours again.\n{_readable(claimed)}")
    return ExitCode.DONE


def _erase(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        unlock(arguments, application).vault.erase(arguments.item)
    say(arguments, {"item": arguments.item, "state": ItemState.ERASED.value}, "Erased; nobody can read it any more.")
    return ExitCode.DONE
