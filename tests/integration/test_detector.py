"""The detector as it ships: the real Presidio, the real model."""

import shutil
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from reviewer import privacy, resources
from reviewer.domain.errors import DetectorUnavailableError, ExitCode
from reviewer.privacy import engine
from reviewer.privacy.detector import Detector
from reviewer.privacy.safe_harbor import SAFE_HARBOR


@pytest.fixture(scope="module")
def detector() -> Detector:
    return privacy.load()


def _found(detector: Detector, text: str, language: str | None = None) -> dict[str, str]:
    return {text[span.start : span.end]: span.type for span in detector.find(text, language)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Ana Smith, call me on (312) 555-0142 x12.", {"Ana Smith": "PERSON", "312) 555-0142 x12": ""}),
        ("Card 4111 1111 1111 1111, exp soon", {"4111 1111 1111 1111": "CREDIT_CARD"}),
        ("hi , roger . how are you ?", {"roger": "PERSON"}),
        ("SSN 521-44-9382 on file", {"521-44-9382": "US_SSN"}),
        ("write to ana.smith+x@example.co.uk", {"ana.smith+x@example.co.uk": "EMAIL_ADDRESS"}),
        ("see https://example.com/a?b=c.", {"https://example.com/a?b=c": "URL"}),
        ("from 192.168.14.7 today", {"192.168.14.7": "IP_ADDRESS"}),
        ("MRN: 00482913, seen", {"00482913": "MEDICAL_RECORD_NUMBER"}),
        ("member id XQZ4471123", {"XQZ4471123": "US_HEALTH_INSURANCE_MEMBER_ID"}),
        ("NPI 1234567893", {"1234567893": "US_NPI"}),
        ("born on 03/14/1961", {"03/14/1961": "DATE_TIME"}),
        ("a 62-year-old man", {"62": "AGE"}),
        ("IBAN GB29 NWBK 6016 1331 9268 19", {"GB29 NWBK 6016 1331 9268 19": "IBAN_CODE"}),
        ("the password is hunter2!x", {"hunter2!x": "PASSWORD"}),
        ("username: ana_s91", {"ana_s91": "USERNAME"}),
        ("plate BG 1234-XY", {"BG 1234-XY": "LICENSE_PLATE"}),
        ("JMBG 0101990710006", {"0101990710006": "RS_JMBG"}),
        ("Please send forty dollars to Madison.", {"Madison": "PERSON"}),
        ("She is sharing the flat with Madison.", {"Madison": "PERSON"}),
        ("We drive to Madison tomorrow.", {"Madison": "LOCATION"}),
        ("Zovem se Marko Petrović, tel. 064/123-4567", {"Marko Petrović": "PERSON", "064/123-4567": "PHONE_NUMBER"}),
        ("Razgovarali smo sa Jelenom Ilić.", {"Jelenom Ilić": "PERSON"}),
        ("Марко Петровић живи у Београду", {"Марко Петровић": "PERSON"}),
    ],
)
def test_personal_data_is_found(detector: Detector, text: str, expected: dict[str, str]) -> None:
    found = _found(detector, text)
    for part, kind in expected.items():
        match = [found_kind for found_text, found_kind in found.items() if part in found_text]
        assert match, (part, found)
        assert not kind or match == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Continue Lisinopril 10 mg and Tylenol as needed.",
        "Negative Phalen's and Tinel's signs; Lachman is negative.",
        "The blood pressure is 120/80, pulse 72.",
        "Take two tablets three times a day for seven days.",
        "",
        " \n\t ",
    ],
)
def test_what_is_nobody_s_is_left_alone(detector: Detector, text: str) -> None:
    assert detector.find(text) == ()


def test_a_date_is_no_telephone_number(detector: Detector) -> None:
    for date in ("12.03.1985", "03/14/1961", "1985-03-12", "12/03/85"):
        assert _found(detector, f"on {date} at noon").get(date) == "DATE_TIME"


def test_the_same_text_gives_the_same_spans_whatever_came_before(detector: Detector) -> None:
    texts = ["Jane Doe moved to Leeds.", "hi doctor smith", "nothing here", "Call 312-555-0142, ask for Priya Patel."]
    alone = [privacy.load().find(text) for text in texts]
    assert [detector.find(text) for text in reversed(texts)] == list(reversed(alone))


def test_spans_are_in_order_and_do_not_overlap(detector: Detector) -> None:
    text = "Dr. Ana Smith (ana@x.org, 312-555-0142) of 12 Main Street, Leeds, saw John Doe on 3 May 2021. 😀 Ђорђе"
    spans = detector.find(text)
    assert len(spans) >= 6
    for before, after in pairwise(spans):
        assert before.end <= after.start
    assert all(0 <= span.start < span.end <= len(text) and 0 < span.score <= 1 for span in spans)


def test_a_long_text_is_read_to_its_end(detector: Detector) -> None:
    text = "the swelling is better today and the patient walks well . " * 60 + "thanks , roger . see you"
    assert _found(detector, text).get("roger") == "PERSON"


def test_high_recall_finds_at_least_as_much() -> None:
    eager = privacy.load("high_recall")
    balanced = privacy.load()
    for text in ("Call Ana Smith at 312-555-0142", "meet at Main Street 5", "ref 99812331"):
        covered = {place for span in eager.find(text) for place in range(span.start, span.end)}
        assert all(covered.issuperset(range(span.start, span.end)) for span in balanced.find(text))


@pytest.fixture
def copied_resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shutil.copytree(resources.resource("privacy"), tmp_path / "resources" / "privacy")
    monkeypatch.setattr(resources, "_root", lambda: (tmp_path / "resources").resolve())
    yield tmp_path / "resources" / "privacy" / "model.onnx"


def test_a_missing_model_is_an_error(copied_resources: Path) -> None:
    copied_resources.unlink()
    with pytest.raises(DetectorUnavailableError, match="missing") as raised:
        privacy.load()
    assert raised.value.exit_code is ExitCode.UNAVAILABLE


def test_a_damaged_model_is_an_error(copied_resources: Path) -> None:
    content = bytearray(copied_resources.read_bytes())
    content[len(content) // 2] ^= 1
    copied_resources.write_bytes(content)
    with pytest.raises(DetectorUnavailableError, match="damaged"):
        privacy.load()


def test_nothing_is_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was reached for")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    detector = privacy.load()
    assert detector.find("write to jane@example.co.uk or see www.example.co.uk, Jane Doe")


def test_the_eighteen_identifiers_are_each_found_or_explained() -> None:
    assert [each.letter for each in SAFE_HARBOR] == list("ABCDEFGHIJKLMNOPQR")
    for each in SAFE_HARBOR:
        assert bool(each.types) != bool(each.why_not)
        assert set(each.types) <= set(engine.TYPES)
