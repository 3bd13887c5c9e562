"""A word planted in every content is looked for in every byte that the program writes: it must stand nowhere.

What is delivered lies in `sent` and `returned`, its destination; once its conversation is erased, not even there.
"""

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reviewer import cli
from reviewer.bootstrap import Application, Services
from reviewer.crypto import database_key
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import ReviewerError
from reviewer.domain.items import ItemId, LeaseId
from reviewer.domain.members import Role
from reviewer.services.ledger import Filter
from reviewer.services.queue import Queue
from reviewer.settings import SettingsFile
from tests.e2e import children
from tests.factories import Beneath, every_override, line, new_key
from tests.security.disk import Canary, pages
from tests.security.full_desk import FullDesk

_DELIVERED = ("sent", "returned")


@dataclass(frozen=True, slots=True)
class Planted:
    """A workspace whose every content holds the canary, open, and where else it may have written."""

    application: Application
    folder: Path
    elsewhere: Path  # the sink, exports, the system's folder for temporary files
    canary: Canary
    passphrase: str
    items: dict[str, ItemId]

    @property
    def beneath(self) -> Beneath:
        """Return the files below the program."""
        return Beneath(self.folder)

    def leaks(self) -> dict[str, list[str]]:
        """Return every file but the delivered ones in which the canary stands, and the pages of the database."""
        found = self.canary.found_below(self.folder, but=_DELIVERED) | self.canary.found_below(self.elsewhere)
        return found | {
            f"page {number}": spellings
            for number, page in enumerate(pages(self.folder / "reviewer.db", database_key(self.beneath.device_secret)))
            if (spellings := self.canary.found_in(page))
        }


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planted]:
    """Plant the canary."""
    folder, elsewhere, canary = tmp_path / "profile", tmp_path / "elsewhere", Canary()
    (elsewhere / "tmp").mkdir(parents=True)
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(elsewhere / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    application, passphrase = Application(folder, folder / "keys"), canary("passphrase")
    SettingsFile(folder / "settings.toml").change(sink=elsewhere / "sink")
    application.access.make("Desk", "First", frozenset(Role), passphrase=passphrase)
    services = application.unlock(passphrase)
    items = FullDesk(services, Beneath(folder), canary).fill()
    services.ledger.checkpoint()
    yield Planted(application, folder, elsewhere, canary, passphrase, items)
    application.close()


def test_the_scan_finds_what_it_looks_for(planted: Planted) -> None:
    assert set(planted.canary.places) >= {"draft", "source", "recipient", "note", "final", "working copy", "opinion"}
    assert {name.split("/")[0] for name in planted.canary.found_below(planted.folder)} == set(_DELIVERED)
    for spelling, spelled in planted.canary.spellings.items():
        (planted.elsewhere / "trap").write_bytes(b"ab" + spelled + b"c")
        assert spelling in planted.leaks()["trap"]
        (planted.elsewhere / "trap").unlink()
    planted.beneath.rows("UPDATE item SET producer = ? WHERE external_id = 'sent'", planted.canary.word)
    assert any(name.startswith("page") for name in planted.leaks())


def test_no_file_holds_content_while_the_desk_is_open_and_after_it_is_closed(planted: Planted) -> None:
    assert planted.leaks() == {}
    assert (planted.folder / "reviewer.db-wal").stat().st_size > 0  # it was looked at with its log
    planted.application.close()
    assert planted.leaks() == {}
    names = {str(path.relative_to(planted.folder)) for path in planted.folder.rglob("*") if path.is_file()}
    assert names >= {"reviewer.db", "device", "device.recovery", "keys", "settings.toml", "witness.json"}
    assert list((planted.elsewhere / "sink").iterdir())
    assert list((planted.elsewhere / "tmp").iterdir()) == []


def test_no_column_holds_content_that_is_not_sealed(planted: Planted) -> None:
    beneath = planted.beneath
    for (table,) in beneath.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in beneath.rows(f"SELECT * FROM {table}"):
            told = b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
            assert planted.canary.found_in(told) == [], table


def test_an_export_and_a_receipt_hold_no_content(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    services = planted.application.services
    services.ledger.export(planted.elsewhere / "export", Filter())
    services.ledger.export(planted.elsewhere / "part", Filter(item_id=planted.items["signed"]))
    (planted.elsewhere / "receipt").write_text(services.ledger.receipt(planted.items["signed"]))
    assert {path.name for path in (planted.elsewhere / "export").iterdir()} >= {"entries.jsonl", "entries.csv"}
    assert planted.leaks() == {}
    told = [str(each) for name in planted.items for each in services.ledger.story(planted.items[name])]
    assert planted.canary.found_in("".join(told).encode()) == []


# ---- Messages and crashes


def _refusals(planted: Planted) -> Iterator[Callable[[], object]]:
    """Yield calls that are refused, each with content in its hands."""
    services, words, items = planted.application.services, planted.canary, planted.items
    approve = Judgement(Verdict.APPROVE, words("final"), note=words("note"))
    yield lambda: services.review.decide_by_ids(items["leased"], LeaseId("none"), approve, key=new_key())
    yield lambda: services.review.decide_by_ids(items["sent"], LeaseId("none"), approve, key=new_key())
    yield lambda: services.review.withdraw(items["sent"])
    yield lambda: services.review.add_addendum(items["sent"], words("addendum"), Attestation(), key=new_key())
    yield lambda: services.review.add_addendum(items["signed"], "", Attestation(), key=new_key())
    yield lambda: services.queue.claim(items["held"])
    yield lambda: services.intake.take_all([], words("producer") * 20)
    yield lambda: planted.application.access.confirm(words("passphrase"))
    yield lambda: planted.application.access.recover(words("recovery code"))
    claimed = services.queue.claim(items["waiting"])
    assert claimed is not None
    for judgement in (
        Judgement(Verdict.REJECT, words("final"), reason=words("reason")),
        Judgement(Verdict.APPROVE, words("final") + "\0"),
        Judgement(Verdict.APPROVE, words("final") * 2_000),
        Judgement(Verdict.RESPOND, words("final"), note=words("note") * 2_000),
    ):
        yield partial(services.review.decide, claimed.lease, judgement, key=new_key())
    ids = (claimed.item.id, claimed.lease.id)
    yield lambda: services.review.decide(claimed.lease, approve, key=new_key())  # it is held back
    unknown = every_override("other")
    no_note = Judgement(Verdict.APPROVE, words("final"))
    yield lambda: services.review.decide_by_ids(*ids, no_note, key=new_key(), overrides=unknown)
    services.review.decide_by_ids(*ids, approve, key="used", overrides=every_override())
    yield lambda: services.review.decide(claimed.lease, Judgement(Verdict.APPROVE, words("final")), key="used")
    planted.beneath.rows("UPDATE content SET draft = zeroblob(100)")
    yield lambda: services.review.withdraw(items["waiting"])
    planted.beneath.rows("CREATE TRIGGER full BEFORE INSERT ON working_copy BEGIN SELECT RAISE(ABORT, 'full'); END")
    yield lambda: services.review.save(items["leased"], words("working copy"), 1)


def test_no_message_of_a_refusal_holds_content(planted: Planted) -> None:
    messages = []
    for call in _refusals(planted):
        with pytest.raises(ReviewerError) as refused:
            call()
        messages.append(refused.value.message)
    assert len(messages) > 14
    assert planted.canary.found_in("\n".join(messages).encode()) == []
    assert planted.leaks() == {}


def test_refused_lines_are_explained_without_their_content(planted: Planted) -> None:
    words = planted.canary
    untrusted = [
        line(kind=words("kind")),
        line(draft=words("draft") * 2_000),
        line(draft=words("draft"), source=words("source")),
        line(draft=words("draft"), priority=words("priority")),
        line(draft=words("draft"), due_at=words("due")),
        f'{{"id": "1", "draft": "{words("draft")}'.encode(),
    ]
    report = planted.application.services.intake.take_all(untrusted, "tests")
    assert len(report.refused) == len(untrusted)
    assert words.found_in("\n".join(f"{each.field} {each.reason}" for each in report.refused).encode()) == []
    assert planted.leaks() == {}


def test_a_crash_leaves_no_content_in_log_and_output(
    planted: Planted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Queue, *_: Any) -> None:
        content = planted.canary("draft")
        raise KeyError(content)

    (planted.elsewhere / "passphrase").write_text(planted.passphrase)
    ours = ["--profile", str(planted.folder), "--key-file", str(planted.folder / "keys")]
    ours += ["--passphrase-file", str(planted.elsewhere / "passphrase")]
    monkeypatch.setattr(Queue, "claim", broken)
    for as_json in ([], ["--json"]):
        assert cli.main([*ours, *as_json, "claim"], desk=lambda _: 99) == 1
    (planted.elsewhere / "passphrase").unlink()
    shown = capsys.readouterr()
    assert "fault in the program" in shown.out + shown.err
    assert planted.canary.found_in((shown.out + shown.err).encode()) == []
    assert b"KeyError" in (planted.folder / "logs" / "reviewer.log").read_bytes()
    assert planted.leaks() == {}


def test_a_fault_of_the_database_logs_no_content(planted: Planted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    planted.beneath.rows("CREATE TRIGGER full BEFORE INSERT ON decision BEGIN SELECT RAISE(ABORT, 'full'); END")
    claimed = planted.application.services.queue.claim(planted.items["waiting"])
    assert claimed is not None
    with pytest.raises(ReviewerError) as refused:
        judgement = Judgement(Verdict.APPROVE, planted.canary("final"))
        planted.application.services.review.decide(claimed.lease, judgement, key=new_key())
    chain, told = refused.value, ""
    while chain is not None:
        told += f"{chain!r} {chain}"
        chain = chain.__cause__ or chain.__context__  # type: ignore[assignment]
    assert planted.canary.found_in(f"{told} {caplog.text}".encode()) == []


# ---- Over the command line


def test_commands_leave_no_content_behind(tmp_path: Path) -> None:
    canary, folder = Canary(), tmp_path / "profile"
    ours = ["--profile", str(folder), "--key-file", str(folder / "keys"), "--json"]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "drafts").write_bytes(line(id="1", draft=canary("draft"), recipient=canary("recipient")))
    (tmp_path / "in" / "text").write_text(canary("final"))

    def ask(*argv: str) -> Any:
        ended = children.run([*ours, *argv], tmp_path)
        assert ended.code == 0, ended
        return json.loads(ended.out)

    ask("init", "--workspace", "W", "--member", "M")
    ask("import", "in/drafts")
    claimed = ask("claim")
    text = ["--text-file", "in/text", "--note", canary("note")]
    for rule in every_override():
        text += ["--override", f"{rule}=other"]
    decided = ask("decide", claimed["item"], "edit", "--lease", claimed["lease"], *text)
    Beneath(folder).let_holds_end()
    ask("work", "--once")
    assert canary.found_below(folder, but=_DELIVERED) == {}
    assert set(canary.found_below(folder)) == {f"sent/{decided['decision']}.json"}
    ask("erase", claimed["item"])
    assert canary.found_below(folder) == {}


# ---- Erasure


def test_after_erasure_content_stands_nowhere_not_even_where_it_was_delivered(planted: Planted) -> None:
    sealed = {
        value
        for table in ("content", "decision", "working_copy", "second_opinion", "outbox", "data_key")
        for row in planted.beneath.rows(f"SELECT * FROM {table}")
        for value in row
        if isinstance(value, bytes) and value
    }
    assert len(sealed) > 40
    services, delivered = planted.application.services, planted.canary.found_below(planted.folder)
    assert {name.split("/")[0] for name in delivered} == set(_DELIVERED)
    for item_id in planted.items.values():
        services.vault.erase(item_id)
    database, key = planted.folder / "reviewer.db", database_key(planted.beneath.device_secret)
    for state in ("open", "closed"):
        assert planted.canary.found_below(planted.folder) == {}, state
        left = [each for page in pages(database, key) for each in sealed if each[: len(each) // 2] in page]
        assert left == [], state  # the ciphertexts are gone as well as their keys
        if state == "open":
            assert services.ledger.verify().ok
            planted.application.close()


def _reading(services: Services, item_id: ItemId) -> Iterator[Callable[[], object]]:
    """Yield every call that gives out an item's content, or compares with it."""
    review, words = services.review, Judgement(Verdict.APPROVE, "My words.")
    yield partial(services.queue.claim, item_id)
    yield partial(review.withdraw, item_id)
    yield partial(review.read_signed, item_id)
    yield partial(review.save, item_id, "My words.", 0)
    yield partial(review.add_addendum, item_id, "More.", Attestation(), key=new_key())
    yield partial(review.decide_by_ids, item_id, LeaseId("x"), words, key=new_key())


def test_what_was_erased_can_be_read_by_no_service(planted: Planted) -> None:
    services = planted.application.services
    for item_id in planted.items.values():
        services.vault.erase(item_id)
    for item_id in planted.items.values():
        for call in _reading(services, item_id):
            with pytest.raises(ReviewerError):
                call()
    assert services.queue.overview().waiting == ()
    assert services.work.round().sent == 0
    assert list((planted.folder / "sent").iterdir()) == []
