"""Processes for tests: real ones, forked from a server that has loaded the program, so that each starts at once."""

import json
import multiprocessing
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config  # noqa: F401 - the children find both loaded; each would take a second for it

from reviewer import cli
from reviewer.bootstrap import Application
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.items import LeaseId
from reviewer.services.review import Review

APPROVE = Judgement(Verdict.APPROVE)
CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__, "tests.ui.driver"])


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


def start(work: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start `work`, a function of a module, in a process of its own, and return once it has begun."""
    begun, begin = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_begin, args=(begin, work, arguments), daemon=True)
    process.start()
    begin.close()
    with begun:
        begun.recv()
    return process


def _begin(begin: "Connection[None, None]", work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with begin:
        begin.send(None)
    # It ends with the test, whatever happens, and yet may start processes of its own, as it may outside of a test.
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # not in the stubs
    work(*arguments)


@contextmanager
def running(work: Callable[..., None], *arguments: Any) -> Iterator[ForkServerProcess]:
    """Run `work` beside the block, and kill it at the end of it."""
    process = start(work, *arguments)
    try:
        yield process
    finally:
        kill(process)


def kill(process: ForkServerProcess) -> None:
    """Do to a process what a power cut does."""
    process.kill()
    process.join()


def run(argv: list[str], folder: Path) -> Ended:
    """Run one command to its end, in `folder`."""
    number = len(list(folder.glob(".out.*")))
    out, err = folder / f".out.{number}", folder / f".err.{number}"
    process = start(command, argv, folder, out, err)
    process.join()
    assert process.exitcode is not None
    return Ended(process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def command(argv: list[str], folder: Path, out: Path, err: Path) -> None:
    """Run one command as `python -m reviewer` would, its output in files."""
    os.chdir(folder)
    for descriptor, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # they are the interpreter's own
    sys.exit(cli.main(argv, desk=_no_desk))


def _no_desk(_: object) -> int:
    raise AssertionError("these tests open no desk")


def work_on(folder: Path) -> None:
    """Run `reviewer work` until killed."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        cli.main(["--profile", str(folder), "--key-file", str(folder / "keys"), "work"], desk=_no_desk)


def decide_all(folder: Path, journal: Path) -> None:
    """Decide whatever waits, as a desk does: first write down what is meant, then decide it under one key.

    Each run begins with what a killed one left: its last intents are decided again under their keys.
    """
    application = Application(folder, folder / "keys")
    services = application.unlock()
    for intent in _unanswered(journal):
        _decide(services.review, intent, journal)
    open_leases = services.queue.adopt(application.desk.is_alive)
    while True:
        claimed = services.queue.open(open_leases.pop(0)) if open_leases else services.queue.claim()
        if claimed is None:
            break
        text = f"{claimed.item.draft}\r\n– č {secrets.token_hex(secrets.randbelow(2_000))}"
        services.review.save(claimed.item.id, text[: len(text) // 2], 3)
        services.review.save(claimed.item.id, text, len(text))
        intent = {"item": claimed.item.id, "lease": claimed.lease.id, "key": secrets.token_hex(16), "text": text}
        _write_down(journal, intent)
        _decide(services.review, intent, journal)
    application.close()


def _decide(review: Review, intent: dict[str, str], journal: Path) -> None:
    judgement = Judgement(Verdict.APPROVE, intent["text"])
    decision = review.decide_by_ids(intent["item"], LeaseId(intent["lease"]), judgement, key=intent["key"])
    _write_down(journal, {"key": intent["key"], "decision": decision.id})


def _write_down(journal: Path, entry: dict[str, str]) -> None:
    with journal.open("ab") as file:
        file.write(json.dumps(entry).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _unanswered(journal: Path) -> list[dict[str, str]]:
    entries = read_journal(journal)
    answered = {entry["key"] for entry in entries if "decision" in entry}
    return [entry for entry in entries if "text" in entry and entry["key"] not in answered]


def read_journal(journal: Path) -> list[dict[str, str]]:
    """Return what was written down; a kill may leave half a line at the end of a run, which counts as never written."""
    entries = []
    for each in journal.read_bytes().splitlines() if journal.exists() else []:
        with suppress(ValueError):
            entries.append(json.loads(each))
    return entries


def claim_many(folder: Path, marks: Path, report: Path, number: int) -> None:
    """Claim `number` times and give back or decide each item, with a mark on the disk for as long as it is held."""
    application = Application(folder, folder / "keys")
    services = application.unlock()
    claims: list[tuple[str, int]] = []
    while len(claims) < number:
        claimed = services.queue.claim()
        if claimed is None:
            continue
        mark = marks / claimed.item.id
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))  # fails if the other one holds the item too
        claims.append((claimed.item.id, claimed.lease.fence))
        mark.unlink()
        if len(claims) % 3:
            services.queue.release(claimed.item.id, claimed.lease.id)
        else:
            services.review.decide(claimed.lease, APPROVE, key=secrets.token_hex(16))
    application.close()
    report.write_text(json.dumps(claims))
