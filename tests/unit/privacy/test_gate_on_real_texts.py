"""The gate on real material: every placeholder of production templates is caught, and nothing that people wrote is
blocked."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from reviewer.domain.findings import Weight
from reviewer.domain.items import Turn
from reviewer.privacy.gate import Outgoing, blocking, check

_DATA = Path(__file__).parents[4] / "shared" / "data"
# A name in each language's script, invented.
_NAMES = {
    "am_ET": "አበበ በቀለ",
    "bn_BD": "রহিমা খাতুন",
    "bn_IN": "সুমিত্রা দাস",
    "hi_IN": "सुनीता शर्मा",
    "kn_IN": "ಲಕ್ಷ್ಮಿ ಗೌಡ",
    "mr_IN": "सुनील पाटील",
    "om_ET": "Tolasaa Gammachuu",
    "pa_Guru_IN": "ਗੁਰਪ੍ਰੀਤ ਕੌਰ",
    "si_LK": "නිමල් පෙරේරා",
    "sid_ET": "Daata Dangiso",
    "so_ET": "Xaliimo Cabdi",
    "ta_IN": "முருகன் செல்வம்",
    "ta_LK": "கமலா நடராஜா",
    "te_IN": "వెంకట రావు",
    "ti_ET": "ሃይለ ገብረ",
    "en": "Maria Lopez",
    "es": "María López",
}
_PLACEHOLDER = re.compile(r"%\{(\w+)\}|<<([\w.]+)>>")


@pytest.fixture
def records(loud_skip: Callable[[str], NoReturn]) -> Callable[[str], Iterator[dict[str, Any]]]:
    """Return a function that reads a corpus beside the checkout."""

    def read(name: str) -> Iterator[dict[str, Any]]:
        path = _DATA / f"{name}.jsonl"
        if not path.exists():
            loud_skip(f"no corpora in {_DATA.name}")
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    return read


def test_every_placeholder_of_production_templates_is_caught_whole(
    records: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    for record in records("sms_templates"):
        text = record["draft"]
        found = [f for f in check(Outgoing(text, kind="sms")) if f.rule == "placeholder" and f.weight is Weight.BLOCK]
        for placeholder in record["labels"]["placeholders"]:
            start = text.index(placeholder)
            assert any(f.start <= start and start + len(placeholder) <= f.end for f in found), placeholder


@pytest.mark.parametrize("told", [True, False])
def test_templates_with_their_placeholders_filled_are_not_blocked(
    records: Callable[[str], Iterator[dict[str, Any]]], told: bool
) -> None:
    for record in records("sms_templates"):
        language = record["labels"]["language"]
        text = _PLACEHOLDER.sub(partial(_filled, language), record["draft"])
        source = (Turn("Customer", f"This is {_NAMES[language]}, please remind me."),) if told else ()
        outgoing = Outgoing(text, kind="sms", source=source, language=language, recipient="+12025550107")
        assert blocking(check(outgoing)) == (), record["id"]


@pytest.mark.parametrize(
    "corpus", ["mts_dialog_reference_notes", "primock57_notes", "sgd_confirmations", "mts_dialog_summaries"]
)
def test_what_people_wrote_is_not_blocked(records: Callable[[str], Iterator[dict[str, Any]]], corpus: str) -> None:
    for record in records(corpus):
        source = tuple(Turn(turn["speaker"], turn["text"]) for turn in record["source"])
        assert blocking(check(Outgoing(record["draft"], kind=record["kind"], source=source, language="en"))) == (), (
            record["id"]
        )


def _filled(language: str, match: re.Match[str]) -> str:
    name = (match[1] or match[2]).casefold()
    values = {
        "date": "12-Mar-2027",
        "facility": "CHC Rampur",
        "organization": "Mission Asset Fund",
        "link": "https://www.example.org/portal/login",
        "email": "hello@example.org",
        "state": "Colorado",
        "id": "204117",
        "name": _NAMES[language],
    }
    return next((value for key, value in values.items() if key in name), "W-2")
