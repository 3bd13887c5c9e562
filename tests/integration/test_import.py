"""Taking drafts in: every good line one item, every bad one explained, nothing twice, nothing silently lost."""

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reviewer.channels import drafts
from reviewer.domain import limits
from reviewer.domain.errors import UnavailableError
from reviewer.services import demo
from reviewer.services.intake import IntakeReport
from tests.factories import Profile, line, record

_REAL_FILES = [
    "aci_bench_notes",
    "draft_summaries",
    "mts_dialog_summaries",
    "sgd_confirmations",
    "taskmaster_replies",
    "sms_templates",
]


def _lines(number: int, faults: dict[int, bytes]) -> list[bytes]:
    """Return `number` lines, those in `faults` (by line number) replaced."""
    return [faults.get(each, line(id=f"L-{each}")) + b"\n" for each in range(1, number + 1)]


def _summary(report: IntakeReport) -> tuple[int, int, int]:
    return report.imported, report.duplicates, len(report.refused)


def test_a_thousand_lines_with_seven_faults_import_993_and_explain_7(profile: Profile) -> None:
    faults = {
        1: b'{"id": "broken"',
        137: line(kind="telegram"),
        250: line(draft=" "),
        500: line(draft="x\n" * 40_000),
        501: line(source=[{"speaker": "A", "text": "x" * 16_000}] * 70),
        777: line(draft="x" * 16_001),
        1000: line(priority="high"),
    }
    report = profile.take(*_lines(1_000, faults))
    assert _summary(report) == (993, 0, 7)
    assert {refused.number: (refused.field, refused.reason) for refused in report.refused} == {
        1: ("", "broken JSON at character 17: Expecting ',' delimiter"),
        137: ("kind", "unknown kind; known: clinical_note, sms, summary"),
        250: ("draft", "the draft is empty"),
        500: ("draft", "80,000 bytes; a draft may have 65,536"),
        501: ("source", "1,120,070 bytes; a source may have 1,048,576"),
        777: ("draft", "a paragraph of 16,001 characters; one may have 16,000"),
        1000: ("priority", "must be a whole number, not text"),
    }
    assert profile.rows("SELECT count(*) FROM item") == [(993,)]
    assert profile.rows("SELECT count(*) FROM entry WHERE action = 'imported'") == [(993,)]
    again = profile.take(*_lines(1_000, faults))
    assert _summary(again) == (0, 993, 7)


def test_the_same_producer_and_id_again_make_no_second_item(profile: Profile) -> None:
    assert _summary(profile.take(line(id="1"), line(id="2"))) == (2, 0, 0)
    assert _summary(profile.take(line(id="2", draft="Newer?"), line(id="3"))) == (1, 1, 0)
    assert profile.drafts()["2"] == "Yes, we open at nine."


def test_another_producer_may_use_the_same_id(profile: Profile) -> None:
    profile.take(line(id="1"), producer="one")
    assert _summary(profile.take(line(id="1"), producer="two")) == (1, 0, 0)


def test_of_one_id_twice_in_a_file_the_first_counts(profile: Profile) -> None:
    report = profile.take(line(id="1", draft="First."), line(id="1", draft="Second."))
    assert _summary(report) == (1, 1, 0)
    assert profile.drafts() == {"1": "First."}


def test_an_item_that_was_decided_does_not_come_back_by_importing_again(profile: Profile) -> None:
    profile.take(line(id="1"))
    profile.rows("UPDATE item SET state = 'decided', waiting_on = NULL")
    assert _summary(profile.take(line(id="1"))) == (0, 1, 0)
    assert profile.services().queue.claim() is None


def test_the_report_grows_batch_by_batch_and_each_batch_is_committed(profile: Profile) -> None:
    seen = []
    for report in profile.services().intake.take(_lines(250, {}), "tests"):
        seen.append((report.imported, profile.rows("SELECT count(*) FROM item")[0][0]))
    assert seen == [(100, 100), (200, 200), (250, 250)]


def test_an_import_that_is_cut_off_keeps_what_it_had_and_can_be_run_again(profile: Profile) -> None:
    lines = _lines(250, {})

    def cut_off() -> Any:
        yield from lines[:150]
        raise OSError("the stick was pulled out")

    with pytest.raises(OSError, match="pulled out"):
        profile.services().intake.take_all(cut_off(), "tests")
    assert profile.rows("SELECT count(*) FROM item") == [(100,)]
    assert _summary(profile.take(*lines)) == (150, 100, 0)


@pytest.mark.parametrize("nothing", [[], [b"\n", b"  \n"]])
def test_an_empty_file_imports_nothing_and_says_so(profile: Profile, nothing: list[bytes]) -> None:
    assert _summary(profile.take(*nothing)) == (0, 0, 0)


def test_an_overlong_line_costs_its_beginning_only_and_counts_as_one() -> None:
    overlong = b'{"id": "' + b"x" * (3 * limits.LINE_BYTES) + line() + b"\n"
    read = list(drafts.lines(io.BytesIO(line() + b"\n" + overlong + line())))
    assert [len(each) for each in read[1:2]] == [limits.LINE_BYTES + 1]
    assert len(read) == 3
    kinds = [type(each).__name__ for each in drafts.read(read, Counter())]
    assert kinds == ["Accepted", "Refused", "Accepted"]


def test_the_refused_lines_are_kept_beside_the_file_with_their_reasons(profile: Profile, tmp_path: Path) -> None:
    untrusted = [b"\xff\xfe broken\r\n", line(kind="fax", draft="čekić \u202e"), line()]
    report = profile.take(*untrusted)
    kept = profile.services().intake.keep_refused(tmp_path / "drafts.jsonl", report.refused)
    assert kept == tmp_path / "drafts.jsonl.refused.jsonl"
    assert kept.stat().st_mode & 0o777 == 0o600
    first, second = map(json.loads, kept.read_bytes().splitlines())
    assert first == {"line": 1, "field": "", "reason": "not UTF-8 at byte 1", "text": "\\xff\\xfe broken"}
    assert (second["line"], second["field"]) == (2, "kind")
    assert second["text"] == untrusted[1].decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drafts.jsonl.refused.jsonl", "profile"]


def test_the_kept_lines_can_be_mended_and_imported(profile: Profile, tmp_path: Path) -> None:
    report = profile.take(line(id="1", kind="fax"))
    kept = profile.services().intake.keep_refused(tmp_path / "drafts.jsonl", report.refused)
    text = json.loads(kept.read_text("utf-8"))["text"]
    assert _summary(profile.take(text.replace("fax", "sms").encode())) == (1, 0, 0)


def test_a_folder_that_cannot_take_the_refused_lines_is_said(profile: Profile, tmp_path: Path) -> None:
    report = profile.take(b"broken")
    with pytest.raises(UnavailableError, match="cannot be kept"):
        profile.services().intake.keep_refused(tmp_path / "missing" / "drafts.jsonl", report.refused)


def test_everything_that_came_in_is_there_when_the_item_is_opened(profile: Profile) -> None:
    made = record(
        draft="Čekamo vas 😀.\r\n",
        source=[{"speaker": "Ана", "text": "Када?", "start": 0.5}, {"speaker": "", "text": ""}],
        model={"name": "m", "version": "1", "prompt_version": "p"},
        recipient="+381641234567",
        language="sr-Latn",
        due_at="2100-02-11T14:20:00+01:00",
    )
    profile.take(json.dumps(made).encode())
    claimed = profile.services().queue.claim()
    assert claimed is not None
    (read,) = drafts.read([json.dumps(made).encode()], Counter())
    assert isinstance(read, drafts.Accepted)
    wanted, item = read.draft, claimed.item
    assert (item.draft, item.source, item.model, item.recipient) == (
        wanted.draft,
        wanted.source,
        wanted.model,
        wanted.recipient,
    )
    assert (item.head.language, item.head.due_at) == (wanted.language, wanted.due_at)


def test_the_samples_of_the_demo_all_import(profile: Profile) -> None:
    report = profile.services().intake.take_all(demo.lines(), demo.PRODUCER)
    assert report.imported >= 60
    assert report.refused == []
    assert report.unknown_fields == {}


@pytest.mark.parametrize("name", _REAL_FILES)
def test_real_drafts_import_and_a_second_import_adds_none(profile: Profile, real_data: Path, name: str) -> None:
    path = real_data / f"{name}.jsonl"
    records = [json.loads(each) for each in path.read_bytes().splitlines()]
    with path.open("rb") as file:
        report = profile.services().intake.take_all(drafts.lines(file), name)
    assert report.imported + report.duplicates + len(report.refused) == len(records)
    assert report.imported > 0.9 * len(records)
    assert all(refused.reason and refused.line for refused in report.refused)
    drafts_by_id = {each["id"]: each["draft"] for each in reversed(records)}
    assert profile.drafts().items() <= drafts_by_id.items()
    with path.open("rb") as file:
        again = profile.services().intake.take_all(drafts.lines(file), name)
    assert _summary(again) == (0, report.imported + report.duplicates, len(report.refused))
