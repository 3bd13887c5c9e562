"""A desk at work, in a process of its own, that says what it was told to be done: what a power cut may not undo.

Each line in the file `.mark` is one acknowledgement, written when the service had returned.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from reviewer.bootstrap import Application, Services
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Role
from reviewer.storage import sqlite
from tests.factories import Beneath, every_override, line, new_key

Say = Callable[..., None]


def run(profile: Path, synchronous: int) -> None:
    """Work from an empty folder to the end of a day, on a database that syncs as told."""
    sqlite._PRAGMAS["synchronous"] = synchronous
    sqlite._PRAGMAS["wal_autocheckpoint"] = 40  # so that the log turns over often
    profile.mkdir(mode=0o700)
    mark = os.open(profile.parent / ".mark", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(**told: str) -> None:
        os.write(mark, json.dumps(told).encode())

    application = Application(profile, profile / "keys")
    application.access.make("Desk", "First", frozenset(Role))
    say(did="made")
    application.unlock()
    _morning(application.services, Beneath(profile), say)
    application.close()
    application = Application(profile, profile / "keys")
    application.unlock()
    _afternoon(application.services, Beneath(profile), say)
    application.close()


def _morning(services: Services, beneath: Beneath, say: Say) -> None:
    services.review.set_holds(dict.fromkeys(KINDS, timedelta(0)))
    for number in range(8):
        _take(services, beneath, say, f"m{number}")
        _decide(services, say, f"Final of the morning, number {number}.")
    services.work.round()
    _say_sent(beneath, say)
    services.ledger.checkpoint()
    say(did="checkpoint")
    services.vault.rotate()
    say(did="rotated", generation="2")


def _afternoon(services: Services, beneath: Beneath, say: Say) -> None:
    services.review.set_holds(dict.fromkeys(KINDS, timedelta(0)))
    ((sent,),) = beneath.rows("SELECT item_id FROM decision ORDER BY rowid LIMIT 1")
    services.vault.erase(sent)
    say(did="erased", item=sent)
    for number in range(8):
        _take(services, beneath, say, f"a{number}")
        _decide(services, say, f"Final of the afternoon, number {number}. " * 40)
        if number == 4:
            services.vault.rotate()
            say(did="rotated", generation="3")
    services.work.round()
    _say_sent(beneath, say)
    services.ledger.checkpoint()
    say(did="checkpoint")


def _take(services: Services, beneath: Beneath, say: Say, name: str) -> None:
    source = [{"speaker": "Customer", "text": f"Do you open? {name} " * 60}]
    made = line(id=name, source=source, recipient="+12025550107")
    assert services.intake.take_all([made], "tests").imported == 1
    ((item_id,),) = beneath.rows("SELECT id FROM item WHERE external_id = ?", name)
    say(did="imported", item=item_id)


def _decide(services: Services, say: Say, final: str) -> None:
    claimed = services.queue.claim()
    assert claimed is not None
    services.review.save(claimed.item.id, final[:20], 3)
    ids = claimed.item.id, claimed.lease.id
    judgement = Judgement(Verdict.APPROVE, final, note="Noted.")
    # Its parts are a finding, and a text of many bytes is what this is about.
    decision = services.review.decide_by_ids(*ids, judgement, key=new_key(), overrides=every_override())
    say(did="decided", item=claimed.item.id, decision=decision.id, final=final)


def _say_sent(beneath: Beneath, say: Say) -> None:
    for (decision,) in beneath.rows("SELECT decision_id FROM outbox WHERE state = 'sent'"):
        say(did="sent", decision=decision)


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]))
