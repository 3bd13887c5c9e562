"""The commands: the second front end, over the same services as the desk. Stable, for scripts.

Text for people, `--json` for programs. Every failure is one sentence; its exit code says of what sort it is.
"""

import argparse
import io
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from reviewer import __version__, logs
from reviewer.bootstrap import Application, Services, default_profile
from reviewer.channels.drafts import Beside, Refused, lines, read_beside
from reviewer.domain.attestations import ADDENDUM_MEANING, Attestation
from reviewer.domain.decisions import REASON_CODES, Judgement, Verdict
from reviewer.domain.errors import ExitCode, InputRefusedError, ReviewerError, UsageError
from reviewer.domain.items import ClaimedItem, ItemState, LeaseId
from reviewer.domain.kinds import KINDS
from reviewer.domain.limits import DRAFT_BYTES, unstorable_character
from reviewer.domain.members import Role
from reviewer.services.ledger import Filter, Ledger
from reviewer.services.signing import attested

_ROUND_SECONDS = 1.0
_VERDICTS = {"approve": Verdict.APPROVE, "edit": Verdict.APPROVE_WITH_EDITS} | {
    verdict.value: verdict for verdict in (Verdict.REJECT, Verdict.RESPOND, Verdict.ESCALATE, Verdict.SKIP)
}
Answer = dict[str, Any]


class _Parser(argparse.ArgumentParser):
    """Reports a wrong call the way every other failure is reported; takes no abbreviations, which would not last."""

    def __init__(self, **how: Any) -> None:
        super().__init__(allow_abbrev=False, **how)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. '{self.prog} --help' shows how to call it.")


def main(argv: list[str], *, desk: Callable[[argparse.Namespace], int]) -> int:
    """Run one command, or open the desk through `desk`, and return the exit code."""
    as_json = "--json" in argv
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding is no reason to fail
    try:
        arguments = _checked(_parser().parse_args(argv))
        run: Callable[[argparse.Namespace], int] = getattr(arguments, "run", None) or desk
        return int(run(arguments))
    except ReviewerError as exc:
        _fail(exc.code, exc.message, as_json=as_json)
        return int(exc.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    except KeyboardInterrupt:
        return 130
    except Exception as exc:  # the one crash path of the commands: no value of the error is shown or logged
        _fail("bug", f"This is a fault in the program ({type(exc).__name__}); the log says where.", as_json=as_json)
        return int(ExitCode.BUG)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="reviewer", description="The review desk. Without a command it opens the desk.")
    parser.add_argument("--version", action="version", version=f"reviewer {__version__}")
    _add_common(parser, profile=None, files=None, json=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Callable[[argparse.Namespace], ExitCode] | None, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        # What stands before the command must not be undone by a default behind it.
        _add_common(made, profile=argparse.SUPPRESS, files=argparse.SUPPRESS, json=argparse.SUPPRESS)
        made.set_defaults(run=run)
        return made

    demo = command("demo", None, "open the desk on a throw-away workspace with samples of every kind")
    demo.add_argument("--screenshots", type=Path, metavar="DIR", help="write pictures of every page and end")

    init = command("init", _init, "make a workspace and its first member")
    init.add_argument("--workspace", required=True, metavar="NAME")
    init.add_argument("--member", required=True, metavar="NAME")
    init.add_argument("--roles", metavar="A,B", help=f"default: every role ({', '.join(Role)})")
    init.add_argument("--languages", metavar="A,B", help="languages the member reviews; default: every language")

    imports = command("import", _import, "take drafts in from a JSON Lines file; - reads standard input")
    imports.add_argument("file", metavar="FILE")
    imports.add_argument("--producer", default="import", metavar="NAME", help="who drafted them (default: import)")

    queue = command("queue", _queue, "show what waits, by kind and due time")
    queue.add_argument("--limit", type=_count, default=100_000, metavar="N", help="list at most N items")

    claim = command("claim", _claim, "lease the most urgent item and show it")
    claim.add_argument("--item", metavar="ITEM", help="lease this item instead")

    decide = command("decide", _decide, "decide a leased item")
    decide.add_argument("item", metavar="ITEM")
    decide.add_argument("verdict", choices=sorted(_VERDICTS))
    decide.add_argument("--lease", required=True, metavar="L")
    decide.add_argument("--text-file", metavar="F", help="the edited text, UTF-8; - reads standard input")
    decide.add_argument("--reason", metavar="CODE", help=f"one of: {', '.join(sorted(REASON_CODES))}")
    decide.add_argument("--note", metavar="TEXT")
    decide.add_argument("--idempotency-key", metavar="K", help="the same key never decides twice")

    addendum = command("addendum", _addendum, "add to a signed final, which itself stays as it is")
    addendum.add_argument("item", metavar="ITEM")
    addendum.add_argument("--text-file", required=True, metavar="F", help="the addendum, UTF-8; - reads standard input")
    addendum.add_argument("--idempotency-key", metavar="K", help="the same key never adds twice")

    check = command("check", _check, "check drafts against their sources; needs no workspace; - reads standard input")
    check.add_argument("file", metavar="FILE", nargs="?", default="-")

    release = command("release", _release, "give a leased item back undecided")
    release.add_argument("item", metavar="ITEM")
    release.add_argument("--lease", required=True, metavar="L")

    withdraw = command("withdraw", _withdraw, "undo a decision during its hold")
    withdraw.add_argument("item", metavar="ITEM")

    erase = command("erase", _erase, "destroy a conversation's key, and with it its content everywhere")
    erase.add_argument("item", metavar="ITEM")

    keys = command("keys", _keys, "rotate the workspace's key, or tell how old it is")
    keys.add_argument("act", choices=("rotate", "age"))

    recover = command("recover", _recover, "set a new passphrase with the recovery code")
    recover.add_argument("--code-file", required=True, type=Path, metavar="FILE")

    totp = command("totp", _totp, "make unlocking take one-time codes of an authenticator app, or stop it")
    totp.add_argument("act", choices=("on", "off"))

    ledger = command("ledger", _ledger, "verify, export or prove what happened")
    ledger.add_argument("act", choices=("verify", "export", "receipt"))
    ledger.add_argument("target", nargs="?", metavar="DIR|ITEM", help="where to export to, or the item to prove")
    ledger.add_argument("--from", dest="since", type=_instant, metavar="TIME", help="entries from then on")
    ledger.add_argument("--to", dest="until", type=_instant, metavar="TIME", help="entries before then")
    ledger.add_argument("--actor", metavar="MEMBER", help="entries of one member")
    ledger.add_argument("--item", metavar="ITEM", help="entries about one item")

    work = command("work", _work, "run the background jobs: holds, dispatch, expiry, escalation")
    work.add_argument("--once", action="store_true", help="one round, then end")
    return parser


def _add_common(parser: argparse.ArgumentParser, *, profile: str | None, files: str | None, json: bool | str) -> None:
    parser.add_argument("--profile", type=Path, default=profile, metavar="DIR", help="folder of the workspace's data")
    parser.add_argument(
        "--key-file",
        type=Path,
        default=files,
        metavar="FILE",
        help="this device's secret, in a file instead of the keyring",
    )
    parser.add_argument("--passphrase-file", type=Path, default=files, metavar="FILE", help="the member's passphrase")
    parser.add_argument("--code", default=files, metavar="DIGITS", help="a one-time code, where unlocking takes one")
    parser.add_argument("--json", action="store_true", default=json, help="answer as JSON, for programs")


def _checked(arguments: argparse.Namespace) -> argparse.Namespace:
    """Refuse what the shell handed over in broken encoding, save the names of files."""
    for name, value in vars(arguments).items():
        if isinstance(value, str) and name not in ("file", "text_file") and unstorable_character(value):
            raise UsageError(f"The argument '{name}' is not text in the encoding of this system.")
    return arguments


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date and time such as 2026-05-14T09:00:00Z") from None
    return at if at.tzinfo is not None else at.astimezone()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


class _Opened:
    """The profile that a command works on, closed at the end of the block."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        profile = arguments.profile or default_profile()
        self.application = Application(profile, arguments.key_file, is_command=True)

    def __enter__(self) -> Application:
        return self.application

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, Exception) and not isinstance(exc, ReviewerError | BrokenPipeError):
            logs.crash(exc)  # here, because closing ends the log
        self.application.close()


def _init(arguments: argparse.Namespace) -> ExitCode:
    roles = frozenset(Role) if arguments.roles is None else frozenset(map(_role, _listed("roles", arguments.roles)))
    languages = None if arguments.languages is None else frozenset(_listed("languages", arguments.languages))
    with _Opened(arguments) as application:
        made = application.access.make(
            arguments.workspace, arguments.member, roles, languages=languages, passphrase=_passphrase(arguments)
        )
        answer = {
            "workspace": made.member.workspace_id,
            "member": made.member.id,
            "profile": str(application.profile),
            "recovery_code": made.recovery_code,
        }
        text = f"Made the workspace '{arguments.workspace}' in {application.profile}.\n\n"
        text += f"Recovery code: {made.recovery_code}\nWrite it down and keep it apart: it is shown this once."
        _say(arguments, answer, text)
    return ExitCode.DONE


def _passphrase(arguments: argparse.Namespace) -> str | None:
    """Return the passphrase from its file; its last line break does not count."""
    path: Path | None = arguments.passphrase_file
    if path is None:
        return None
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"The passphrase file {path.name} cannot be read.") from exc


def _unlock(arguments: argparse.Namespace, application: Application, *, check_memory: bool = True) -> Services:
    return application.unlock(_passphrase(arguments), arguments.code, check_memory=check_memory)


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise UsageError(f"There is no role '{name}'; the roles are: {', '.join(Role)}.") from None


def _listed(name: str, text: str) -> list[str]:
    listed = [part.strip() for part in text.split(",") if part.strip()]
    if not listed:
        raise UsageError(f"'--{name}' names nothing; leave it out for every one of them.")
    return listed


def _import(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        services = _unlock(arguments, application)
        report = services.intake.take_all(_lines(arguments.file), arguments.producer)
    answer: Answer = {
        "imported": report.imported,
        "duplicates": report.duplicates,
        "refused": len(report.refused),
        "ignored_fields": dict(sorted(report.unknown_fields.items())),
    }
    text = f"{report.imported} imported, {report.duplicates} known already, {len(report.refused)} refused."
    if report.unknown_fields:
        ignored = ", ".join(f"{name} ({number})" for name, number in sorted(report.unknown_fields.items()))
        text += f"\nIgnored fields: {_in_line(ignored)}."
    if report.refused:
        beside = Path("stdin" if arguments.file == "-" else arguments.file)
        kept = services.intake.keep_refused(beside, report.refused)
        answer["refused_file"] = str(kept)
        shown = [f"line {r.number}, {r.field or 'whole line'}: {r.reason}" for r in report.refused[:20]]
        text += "\n" + "\n".join(map(_in_line, shown)) + f"\nThe refused lines are in {kept}."
    _say(arguments, answer, text)
    return ExitCode.INPUT_REFUSED if report.refused else ExitCode.DONE


def _check(arguments: argparse.Namespace) -> ExitCode:
    """Write one line of JSON for each record as soon as it is read; what is refused stands in its place."""
    refused = False
    for entry in read_beside(_lines(arguments.file)):
        if isinstance(entry, Refused):
            refused = True
            where = f"line {entry.number}" + (f", {entry.field}" if entry.field else "")
            _print({"id": entry.line or None, "error": f"{where}: {entry.reason}"})
        else:
            _print(_checked_record(entry))
    return ExitCode.INPUT_REFUSED if refused else ExitCode.DONE


def _checked_record(record: Beside) -> Answer:
    from reviewer import evidence  # its word lists are nothing that every command should load

    report = evidence.check(
        record.draft, record.source, language=record.language, conversation_date=record.conversation_date
    )
    claims = [
        {
            "start": claim.start,
            "end": claim.end,
            "status": claim.status.value,
            "score": claim.score,
            "reasons": [{"check": reason.check, "message": reason.message} for reason in claim.reasons],
            "evidence": [{"turn": e.turn, "start": e.start, "end": e.end} for e in claim.evidence],
        }
        for claim in report.claims
    ]
    omissions = [{"turn": o.turn, "start": o.start, "end": o.end, "why": o.why} for o in report.omissions]
    length = {"ratio": report.length_ratio, "warning": report.length_warning}
    return {"id": record.external_id, "claims": claims, "omissions": omissions, "length": length}


def _print(answer: Answer) -> None:
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def _lines(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from lines(sys.stdin.buffer)
        return
    try:
        with Path(name).open("rb") as file:
            yield from lines(file)
    except OSError as exc:
        raise UsageError(f"The file {name} cannot be read: {exc.strerror}.") from exc


def _queue(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        rows, counts = _unlock(arguments, application).queue.listing(arguments.limit)
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
                "due_at": _stamp(row.due_at),
            }
            for row in rows
        ],
    }
    kinds = ", ".join(f"{number} {kind}" for kind, number in by_kind.items() if number)
    text = [f"{answer['waiting']} waiting{': ' + kinds if kinds else ''}."]
    text += [f"{r.id}  {r.kind:<14} {r.state.value:<10} {_due(r.due_at):<22} {_in_line(r.external_id)}" for r in rows]
    _say(arguments, answer, "\n".join(text))
    return ExitCode.DONE


def _claim(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        claimed = _unlock(arguments, application).queue.claim(arguments.item)
    if claimed is None:
        _say(arguments, {"item": None}, "Nothing waits for you.")
    else:
        _say(arguments, _claimed(claimed), _readable(claimed))
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
        "expires_at": _stamp(lease.expires_at),
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
    return answer


def _turn(speaker: str, text: str, start: float | None, end: float | None) -> Answer:
    times = {key: value for key, value in (("start", start), ("end", end)) if value is not None}
    return {"speaker": speaker, "text": text, **times}


def _readable(claimed: ClaimedItem) -> str:
    item, lease = claimed.item, claimed.lease
    source = "\n".join(f"  {_in_line(turn.speaker)}: {_plain(turn.text)}" for turn in item.source) or "  (none)"
    model = f"{item.model.name} {item.model.version}" if item.model else "not stated"
    return (
        f"{item.kind} {item.id}\ndrafted by: {_in_line(model)}\n\n{_plain(item.draft)}\n\nSource:\n{source}\n\n"
        f"Lease {lease.id}, until {_stamp(lease.expires_at)}."
    )


def _decide(arguments: argparse.Namespace) -> ExitCode:
    verdict = _VERDICTS[arguments.verdict]
    if verdict is Verdict.APPROVE_WITH_EDITS and arguments.text_file is None:
        raise UsageError("'edit' needs --text-file with the edited text.")
    text = None if arguments.text_file is None else _text(arguments.text_file)
    judgement = Judgement(verdict, text, arguments.reason, arguments.note)
    key = arguments.idempotency_key or secrets.token_hex(16)
    with _Opened(arguments) as application:
        decision = _unlock(arguments, application).review.decide_by_ids(
            arguments.item,
            LeaseId(arguments.lease),
            judgement,
            key=key,
            attestation=_attestation(arguments, application),
        )
    answer = {
        "decision": decision.id,
        "state": ItemState.HELD.value,
        "verdict": decision.verdict.value,
        "hold_until": _stamp(decision.hold_until),
    }
    _say(arguments, answer, f"Decided ({decision.verdict.value}); held until {_stamp(decision.hold_until)}.")
    return ExitCode.DONE


def _attestation(arguments: argparse.Namespace, application: Application) -> Attestation:
    """A command opens the keys afresh each time: that is the factor it signs with."""
    return attested(application.access.factors(), _passphrase(arguments), arguments.code)


def _addendum(arguments: argparse.Namespace) -> ExitCode:
    key = arguments.idempotency_key or secrets.token_hex(16)
    with _Opened(arguments) as application:
        review = _unlock(arguments, application).review
        attestation = replace(_attestation(arguments, application), meaning=ADDENDUM_MEANING)
        decision = review.add_addendum(arguments.item, _text(arguments.text_file), attestation, key=key)
    answer = {"decision": decision.id, "state": ItemState.HELD.value, "hold_until": _stamp(decision.hold_until)}
    _say(arguments, answer, f"Signed; the addendum is held until {_stamp(decision.hold_until)}.")
    return ExitCode.DONE


def _text(name: str) -> str:
    try:
        untrusted = sys.stdin.buffer.read(DRAFT_BYTES + 1) if name == "-" else _read(Path(name))
        if len(untrusted) > DRAFT_BYTES:
            raise InputRefusedError(f"The text has more than {DRAFT_BYTES:,} bytes.")
        return untrusted.decode("utf-8")
    except OSError as exc:
        raise UsageError(f"The file {name} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise InputRefusedError(f"The text is not UTF-8 at byte {exc.start + 1}.") from exc


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(DRAFT_BYTES + 1)  # one byte too many is enough to be refused


def _release(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        _unlock(arguments, application).queue.release(arguments.item, LeaseId(arguments.lease))
    _say(arguments, {"item": arguments.item, "state": "waiting"}, "Released; the item waits again.")
    return ExitCode.DONE


def _withdraw(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        claimed = _unlock(arguments, application).review.withdraw(arguments.item)
    if claimed is None:
        _say(arguments, {"item": arguments.item, "state": ItemState.DECIDED.value}, "The addendum is withdrawn.")
        return ExitCode.DONE
    answer = _claimed(claimed) | {"state": ItemState.LEASED.value}
    _say(arguments, answer, f"Withdrawn; the item is yours again.\n{_readable(claimed)}")
    return ExitCode.DONE


def _erase(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        _unlock(arguments, application).vault.erase(arguments.item)
    _say(arguments, {"item": arguments.item, "state": ItemState.ERASED.value}, "Erased; nobody can read it any more.")
    return ExitCode.DONE


def _keys(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        vault = _unlock(arguments, application).vault
        if arguments.act == "rotate":
            vault.rotate()
        age = vault.age()
    answer = {"generation": age.generation, "age_days": age.age.days, "warns": age.warns, "insists": age.insists}
    words = f"Generation {age.generation} of the workspace's key, {age.age.days} days old."
    if age.warns:
        words += " Rotate it: 'reviewer keys rotate'."
    _say(arguments, answer, words)
    return ExitCode.DONE


def _recover(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        application.access.recover(_text(str(arguments.code_file)), _passphrase(arguments))
    words = "The passphrase is set." if arguments.passphrase_file else "The keys open without a passphrase now."
    _say(arguments, {"recovered": True}, words)
    return ExitCode.DONE


def _totp(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        _unlock(arguments, application)
        if arguments.act == "off":
            application.access.drop_second_factor(application.session)
            _say(arguments, {"second_factor": False}, "Unlocking takes no code any more.")
            return ExitCode.DONE
        uri = application.access.set_second_factor(application.session)
    words = f"{uri}\nGive this to your authenticator app now: it is shown this once. Unlocking then takes its codes."
    _say(arguments, {"second_factor": True, "uri": uri}, words)
    return ExitCode.DONE


def _ledger(arguments: argparse.Namespace) -> ExitCode:
    if arguments.act != "verify" and arguments.target is None:
        raise UsageError("'export' needs a folder and 'receipt' an item.")
    with _Opened(arguments) as application:
        ledger = _unlock(arguments, application, check_memory=arguments.act != "verify").ledger
        if arguments.act == "verify":
            return _verify(arguments, ledger)
        if arguments.act == "receipt":
            print(ledger.receipt(arguments.target), flush=True)
            return ExitCode.DONE
        folder = Path(arguments.target)
        number = ledger.export(folder, Filter(arguments.since, arguments.until, arguments.actor, None, arguments.item))
    words = f"{number} entries are in {folder}; 'python verify.py {folder}' checks them."
    _say(arguments, {"entries": number, "folder": str(folder)}, words)
    return ExitCode.DONE


def _verify(arguments: argparse.Namespace, ledger: Ledger) -> ExitCode:
    report = ledger.verify()
    words = f"{report.entries} entries verified, {report.anchored} of them covered by a checkpoint."
    _say(arguments, report.as_json(), words if report.ok else f"{report.why} The ledger is broken: keep all files.")
    return ExitCode.DONE if report.ok else ExitCode.LEDGER_BROKEN


def _work(arguments: argparse.Namespace) -> ExitCode:
    with _Opened(arguments) as application:
        services = _unlock(arguments, application)
        _round(arguments, services)
        while not arguments.once:
            time.sleep(_ROUND_SECONDS)
            _round(arguments, services)
    return ExitCode.DONE


def _round(arguments: argparse.Namespace, services: Services) -> None:
    report = services.work.round()
    if arguments.once or report.anything:
        fields = ("settled", "sent", "failed", "expired", "woken", "escalated")
        answer = {name: getattr(report, name) for name in fields}
        _say(arguments, answer, ", ".join(f"{number} {name}" for name, number in answer.items()) + ".")


def _say(arguments: argparse.Namespace, answer: Answer, text: str) -> None:
    print(json.dumps(answer) if arguments.json else text, flush=True)


def _fail(code: str, message: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message}}), flush=True)
    else:
        print(message, file=sys.stderr, flush=True)


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def _due(instant: datetime | None) -> str:
    return "" if instant is None else f"due {instant:%Y-%m-%d %H:%M}Z"


def _plain(untrusted: str) -> str:
    """Return text that cannot steer a terminal: control and direction characters are spelled out."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{{{ord(c):x}}}" for c in untrusted)


def _in_line(untrusted: str) -> str:
    """Return text that cannot pretend to be a line of ours either."""
    return _plain(untrusted.replace("\n", "\\u{a}"))
