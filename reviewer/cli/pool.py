"""The transcribers' pool: calls in, clips out to listeners, labels out to training, and everything back."""

import argparse
from pathlib import Path
from typing import Any

from reviewer.bootstrap import Application
from reviewer.channels import call_records
from reviewer.cli.answers import Answer, say
from reviewer.cli.arguments import AddCommand, listed
from reviewer.cli.profile import Opened, unlock
from reviewer.domain.eligibility import GATES, LABELS, Gate, Standing
from reviewer.domain.errors import ExitCode, InputRefusedError, UsageError
from reviewer.services.label_exports import FORMS, LabelExports
from reviewer.services.label_quality import LabelQuality
from reviewer.services.pool import Pool, Scope, Stats

_PERCENT_PPM = 10_000
_SWITCH = {"on": True, "off": False}


def add(command: AddCommand) -> None:
    """Add these commands."""
    pool = command("pool", None, "the transcribers' clips: calls in, labels out")
    acts = pool.add_subparsers(dest="act", metavar="ACT", required=True)

    def act(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = acts.add_parser(name, help=text, description=text)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="answer as JSON, for programs")
        made.set_defaults(run=run)
        return made

    add_call = act("add", _add, "take a recorded call in; the recording stays where it is")
    add_call.add_argument("call", type=Path, metavar="CALL", help="the recording")
    add_call.add_argument("--transcript", required=True, type=Path, metavar="T.json")

    act("build", _build, "cut and clean the calls that may be heard, then release and assign what is due")
    act("stats", _stats, "how many calls stop where, what waits, and what is left of the budget")
    act("quality", _quality, "how far labels agree: between people, with the machine, with known texts")

    export = act("export", _export, "write the labels into an empty folder, under ids that no other export has")
    export.add_argument("folder", type=Path, metavar="DIR")
    export.add_argument("--format", dest="form", choices=sorted(FORMS), default="jsonl")
    export.add_argument("--audio", action="store_true", help="with the sound; only for who is a transcriber too")

    act("recall", _recall, "name what left in earlier exports and was withdrawn since")

    erase = act("erase", _erase, "destroy a call's key and withdraw its clips")
    erase.add_argument("call", metavar="CALL-ID")

    policy = act("policy", _policy, "show or change what the workspace allows; each change is recorded")
    policy.add_argument("--workspace", choices=_SWITCH, help="the workspace's opt-in")
    policy.add_argument("--feature", choices=_SWITCH, help="whether the feature is on")
    policy.add_argument("--categories", metavar="A,B", help="categories of calls that may be heard")
    policy.add_argument("--budget-percent", type=float, metavar="P", help="of the eligible seconds of a year")
    policy.add_argument("--least-calls", type=int, metavar="N", help="below so many calls nothing is served")
    policy.add_argument("--longest-delay", type=int, metavar="DAYS", help="clips wait 1 to so many days by chance")
    policy.add_argument("--hypothesis", choices=_SWITCH, help="whether listeners see the machine's text")
    policy.add_argument("--blind-percent", type=int, metavar="P", help="share that never sees it")
    policy.add_argument("--second-percent", type=int, metavar="P", help="share that a second person hears")
    policy.add_argument("--digits", choices=_SWITCH, help="whether numbers may be written in digits")
    policy.add_argument("--glossary", metavar="A,B", help="words and how they are written")

    opt_out = command("opt-out", _opt_out, "withdraw a workspace's, member's, caller's or call's clips at once")
    opt_out.add_argument("scope", choices=[scope.value for scope in Scope])
    opt_out.add_argument("who", nargs="?", default="", metavar="ID", help="as calls name them; none for the workspace")


def _add(arguments: argparse.Namespace) -> ExitCode:
    call = call_records.read(_bytes(arguments.transcript))
    if not arguments.call.is_file():
        raise UsageError(f"The recording {arguments.call} is not there.")
    with Opened(arguments) as application:
        added = _pool(arguments, application).add(call, arguments.call)
    gate = added.standing.gate
    answer: Answer = {
        "call": added.call_id,
        "new": added.is_new,
        "stops_at": None if gate is None else gate.value,
        "unknown": added.standing.is_unknown,
        "withdrawn": added.withdrawn,
    }
    waits = gate is None or (gate is Gate.CLEAN and added.standing.is_unknown)  # building will look
    words = "Taken in." if waits else f"Taken in, but it will not be heard: {_why(added.standing)}."
    if added.withdrawn:
        words += f" Withdrawn: {_number(added.withdrawn, 'clip')} of it."
    say(arguments, answer, words)
    return ExitCode.DONE


def _build(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        report = _pool(arguments, application).build()
    answer: Answer = {
        "calls": report.calls,
        "clips": report.clips,
        "left_out": dict(sorted(report.left_out.items())),
        "stopped": {gate.value: number for gate, number in sorted(report.stopped.items())},
        "missing": report.missing,
        "not_checked": report.not_checked,
    }
    words = f"{_number(report.calls, 'call')} cut into {_number(report.clips, 'clip')}."
    if report.left_out:
        words += " Left out: " + ", ".join(f"{why} {number}" for why, number in sorted(report.left_out.items())) + "."
    if report.missing:
        words += f" Not where they were: {_number(report.missing, 'recording')}."
    if report.not_checked:
        words += f" Not searched for personal data, so nothing passes of: {_number(report.not_checked, 'call')}."
    say(arguments, answer, words)
    return ExitCode.DONE


def _stats(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        stats = _pool(arguments, application).stats()
    say(arguments, _stats_answer(stats), "\n".join(_stats_lines(stats)))
    return ExitCode.DONE


def _stats_answer(stats: Stats) -> Answer:
    return {
        "calls": stats.calls,
        "passed": stats.standing.get(None, 0),
        "stopped": {gate.value: stats.standing[gate] for gate in GATES if stats.standing.get(gate)},
        "unknown": {gate.value: stats.unknown[gate] for gate in GATES if stats.unknown.get(gate)},
        "left_out": dict(stats.left_out),
        "staged": stats.staged,
        "clips": stats.live,
        "calls_in_pool": stats.live_calls,
        "calls_lacking": stats.waits_for_calls,
        "withdrawn": stats.withdrawn,
        "waiting": stats.waiting,
        "labelled": stats.labelled,
        "skipped": dict(stats.skipped),
        "reported": stats.reported,
        "transcribers": stats.transcribers,
        "budget": {
            "percent": stats.budget.ppm / _PERCENT_PPM,
            "eligible_seconds": round(stats.budget.eligible_s, 3),
            "total_seconds": round(stats.budget.total_s, 3),
            "reserved_seconds": round(stats.budget.reserved_s, 3),
        },
    }


def _stats_lines(stats: Stats) -> list[str]:
    lines = [f"{_number(stats.calls, 'call')}, {stats.standing.get(None, 0)} past every gate."]
    for gate in GATES:
        number = stats.standing.get(gate, 0)
        if number:
            unknown = stats.unknown.get(gate, 0)
            lines.append(f"  {number:6} {LABELS[gate]}" + (f" ({unknown} not known)" if unknown else ""))
    budget = stats.budget
    lines += [
        (
            f"Pool: {_number(stats.live, 'clip')} of {_number(stats.live_calls, 'call')}, {stats.staged} on their way,"
            f" {stats.withdrawn} withdrawn."
        ),
        (
            f"Heard or set aside: {budget.reserved_s:.1f} of {budget.total_s:.1f} s"
            f" ({budget.ppm / _PERCENT_PPM:g} % of {budget.eligible_s / 3600:.1f} h)."
        ),
        (
            f"Clips waiting for {_number(stats.transcribers, 'transcriber')}: {stats.waiting};"
            f" {stats.labelled} labelled, {sum(stats.skipped.values())} skipped, {stats.reported} reported."
        ),
    ]
    if stats.waits_for_calls:
        lines.append(f"Nothing is served yet: the pool lacks {_number(stats.waits_for_calls, 'call')}.")
    return lines


def _quality(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        quality: LabelQuality = unlock(arguments, application).label_quality
        figures = quality.figures()
    answer: Answer = {
        "languages": {
            name: {
                "labels": each.labels,
                "skipped": dict(each.skipped),
                "wer_between_people": each.between_people.value,
                "wer_to_machine": each.to_machine.value,
                "wer_to_machine_prefilled": each.to_machine_prefilled.value,
                "wer_gold": each.gold.value,
                "disagreed": each.disagreed,
                "unsure": each.unsure,
            }
            for name, each in figures.languages.items()
        },
        "tags": {tag: each.value for tag, each in figures.tags.items()},
    }
    lines = [
        f"{name}: {each.labels} labels; between people {_rate(each.between_people.value)}, to the machine"
        f" {_rate(each.to_machine.value)}, on known texts {_rate(each.gold.value)}."
        for name, each in figures.languages.items()
    ]
    say(arguments, answer, "\n".join(lines) or "There is no label yet.")
    return ExitCode.DONE


def _export(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        exports: LabelExports = unlock(arguments, application).label_exports
        done = exports.export(arguments.folder, arguments.form, with_audio=arguments.audio)
    answer: Answer = {"export": done.id, "labels": done.labels, "folder": str(done.folder), "files": list(done.files)}
    say(arguments, answer, f"{_number(done.labels, 'label')} written to {done.folder} (export {done.id}).")
    return ExitCode.DONE


def _recall(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        named = unlock(arguments, application).label_exports.to_recall()
    lines = [f"{export_id} {name}" for export_id, names in named.items() for name in names]
    say(arguments, {"recall": named}, "\n".join(lines) or "Nothing has to come back.")
    return ExitCode.DONE


def _erase(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        _pool(arguments, application).erase_call(arguments.call)
    say(arguments, {"erased": True}, "The call's key is destroyed and its clips are withdrawn.")
    return ExitCode.DONE


def _policy(arguments: argparse.Namespace) -> ExitCode:
    changed: dict[str, Any] = {
        "workspace_opted_in": None if arguments.workspace is None else _SWITCH[arguments.workspace],
        "feature_on": None if arguments.feature is None else _SWITCH[arguments.feature],
        "categories": _words("categories", arguments.categories),
        "budget_ppm": None if arguments.budget_percent is None else round(arguments.budget_percent * _PERCENT_PPM),
        "least_calls": arguments.least_calls,
        "longest_delay_days": arguments.longest_delay,
        "hypothesis": None if arguments.hypothesis is None else _SWITCH[arguments.hypothesis],
        "blind_percent": arguments.blind_percent,
        "second_percent": arguments.second_percent,
        "digits_allowed": None if arguments.digits is None else _SWITCH[arguments.digits],
        "glossary": _words("glossary", arguments.glossary),
    }
    changed = {name: value for name, value in changed.items() if value is not None}
    with Opened(arguments) as application:
        pool = _pool(arguments, application)
        policy = pool.set_policy(**changed) if changed else pool.policy()
    answer: Answer = {name: getattr(policy, name) for name in policy.__dataclass_fields__}
    answer |= {"categories": list(policy.categories), "glossary": list(policy.glossary)}
    say(arguments, answer, "\n".join(f"{name}: {value}" for name, value in answer.items()))
    return ExitCode.DONE


def _opt_out(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        services = unlock(arguments, application)
        done = services.pool.opt_out(Scope(arguments.scope), arguments.who)
    answer: Answer = {
        "receipt": done.receipt,
        "calls": done.calls,
        "clips": done.withdrawn.clips,
        "drafts": done.withdrawn.drafts,
        "to_recall": done.to_recall,
    }
    known = _number(done.calls, "call") if done.calls else "No call that is known"
    words = f"{known} opted out with {_number(done.withdrawn.clips, 'clip')} of the pool."
    if done.withdrawn.clips:
        words += " They are withdrawn: nobody hears them any more."
    words += " What comes in later is stopped too."
    if done.to_recall:
        words += (
            f" {_number(done.to_recall, 'label')} left in exports: 'reviewer pool recall' names what must come back."
        )
    say(arguments, answer, f"{words}\nReceipt: {done.receipt}")
    return ExitCode.DONE


def _pool(arguments: argparse.Namespace, application: Application) -> Pool:
    return unlock(arguments, application).pool


def _why(standing: Standing) -> str:
    words = "" if standing.gate is None else LABELS[standing.gate]
    return f"{words}, as far as is known" if standing.is_unknown else words


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _rate(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1%}"


def _words(name: str, text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(listed(name, text)) if text.strip() else ()


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            untrusted = file.read(call_records.MOST_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"The file {path} cannot be read: {exc.strerror}.") from exc
    if len(untrusted) > call_records.MOST_BYTES:
        raise InputRefusedError("The transcript is too large.")
    return untrusted
