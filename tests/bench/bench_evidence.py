"""What the evidence engine finds, misses and wrongly marks on real material, beside lexical overlap in the same run.

Run as `python -m tests.bench.bench_evidence [PART...] [--show N]`; the parts are the names in `PARTS`. Scores of
labelled sentences come from models that never saw their conversation; everything else is the engine as it ships.
"""

import argparse
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from reviewer.domain.items import Turn
from reviewer.evidence import Checker, Claim, Evidence, Prepared, Status, injector, lexicon
from reviewer.evidence.checks import CHECKS
from reviewer.evidence.checks.context import Context
from reviewer.evidence.engine import STOP_FLOOR
from reviewer.evidence.facts import Facts, Support
from reviewer.evidence.normalise import Sort, quantities
from reviewer.evidence.omissions import Points, length_ratio, length_warning
from reviewer.evidence.score import FEATURES, measure
from reviewer.evidence.sentences import cut
from reviewer.evidence.words import is_content, tokens
from tests.bench import material
from tests.bench.fit_evidence import labelled, sources, train
from tests.bench.fitting import auc, chance, out_of_fold, precision_at, spearman

_SHARES = (0.05, 0.1, 0.2)
_SEEDS = (7, 8, 9)


class Labelled:
    """The sentences with certain labels, as the engine sees them."""

    def __init__(self) -> None:
        prepared = sources()
        self.sentences = labelled()
        self.contexts = []
        for sentence in self.sentences:
            text = str(sentence["sentence"])
            start, end = cut(text)[0].start, cut(text)[-1].end
            self.contexts.append(Context(text[start:end], prepared[sentence["source_id"]]))
        self.rows = [list(measure(context).values()) for context in self.contexts]
        self.wrong = [bool(s["content_error"]) for s in self.sentences]
        self.groups = [str(s["source_id"]) for s in self.sentences]
        self.sets = [str(s["dataset"]) for s in self.sentences]
        self.stops = [
            any(f.status is Status.STOP for found in c.findings.values() for f in found) for c in self.contexts
        ]

    def shown(self, scores: Sequence[float]) -> list[float]:
        """Return the suspicion that a reader is shown: a stop finding lifts it."""
        lifted = zip(scores, self.stops, strict=True)
        return [STOP_FLOOR + (1 - STOP_FLOOR) * s if stop else s for s, stop in lifted]

    def overlap(self) -> list[float]:
        """Return the share of each sentence's words that the source lacks, the plain measure to beat."""
        scores = []
        for context in self.contexts:
            content = [t for t in context.words if is_content(t)]
            scores.append(sum(t.stem not in context.source.postings for t in content) / max(1, len(content)))
        return scores


def grounding(_: argparse.Namespace) -> None:
    """Report how well suspicion tells wrong from supported sentences."""
    data = Labelled()
    print(f"{len(data.wrong)} sentences, {sum(data.wrong)} wrong, {len(set(data.groups))} sources")
    for seed in _SEEDS:
        scores = data.shown(out_of_fold(data.rows, data.wrong, data.groups, train, seed=seed))
        _line(f"engine, folds of seed {seed}", scores, data)
    _line("lexical overlap", data.overlap(), data)
    for name in sorted(set(data.sets)):
        inside = [i for i, s in enumerate(data.sets) if s != name]
        outside = [i for i, s in enumerate(data.sets) if s == name]
        model = train([data.rows[i] for i in inside], [data.wrong[i] for i in inside])
        scores = data.shown([chance(model, row) for row in data.rows])
        value = auc([scores[i] for i in outside], [data.wrong[i] for i in outside])
        print(f"  left out of the fit: {name:24} AUC {value:.3f}")


def _line(name: str, scores: Sequence[float], data: Labelled) -> None:
    shares = " ".join(f"{precision_at(scores, data.wrong, share):.2f}" for share in _SHARES)
    parts = []
    for each in sorted(set(data.sets)):
        inside = [i for i, s in enumerate(data.sets) if s == each]
        parts.append(f"{each.split('/')[1]} {auc([scores[i] for i in inside], [data.wrong[i] for i in inside]):.3f}")
    print(f"{name:26} AUC {auc(scores, data.wrong):.3f}  P@5/10/20 % {shares}  {', '.join(parts)}")


def checks(_: argparse.Namespace) -> None:
    """Report precision and recall of each exact check, and of the stop tier as a whole."""
    data = Labelled()
    for name in CHECKS:
        for tier in (Status.STOP, Status.LOOK):
            marked = [any(f.status is tier for f in c.found(name)) for c in data.contexts]
            if any(marked):
                _rates(f"{name} ({tier.value})", marked, data.wrong)
    _rates("stop tier", data.stops, data.wrong)


def _rates(name: str, marked: Sequence[bool], wrong: Sequence[bool]) -> None:
    hits = sum(m and w for m, w in zip(marked, wrong, strict=True))
    flagged = sum(marked)
    print(f"{name:26} flagged {flagged:4} precision {hits / flagged:.2f} recall {hits / sum(wrong):.3f}")


def false_alarms(arguments: argparse.Namespace) -> None:
    """Report marks on notes that people wrote from the same conversation, by kind; with --show, some of them."""
    for name, notes in (("mts_dialog_reference_notes", _mts()), ("aci_bench reference notes", _aci())):
        stop: Counter[str] = Counter()
        look: Counter[str] = Counter()
        sentences = stopped = looked = 0
        examples = []
        for draft, turns in notes:
            for claim in Checker(Prepared(turns)).check(draft).claims:
                sentences += 1
                stopped += claim.status is Status.STOP
                looked += claim.status is Status.LOOK
                stop.update({r.check for r in claim.reasons if r.status is Status.STOP})
                look.update({r.check for r in claim.reasons if r.status is Status.LOOK})
                examples += [
                    f"{r.check}: {r.message} | {draft[claim.start : claim.end][:160]} | {_seen(claim, turns)}"
                    for r in claim.reasons
                    if r.status is Status.STOP and (not arguments.only or r.check in arguments.only)
                ]
        print(
            f"{name}: {sentences} sentences, stop {stopped} ({stopped / sentences:.4f}), look {looked / sentences:.3f}"
        )
        print("  stop", dict(stop.most_common()), "\n  look", dict(look.most_common()))
        for example in random.Random(1).sample(examples, min(arguments.show, len(examples))):
            print("   ", example)


def _seen(claim: Claim, turns: Sequence[Turn]) -> str:
    return " / ".join(turns[e.turn].text[e.start : e.end][:110] for e in claim.evidence[:2])


def _mts() -> list[tuple[str, tuple[Turn, ...]]]:
    return [(r["draft"], material.turns(r["source"])) for r in material.records("mts_dialog_reference_notes")]


def _aci() -> list[tuple[str, tuple[Turn, ...]]]:
    notes = {r["labels"]["reference_note"]: r["source"] for r in material.records("aci_bench_notes")}
    return [(note, material.turns(source)) for note, source in notes.items()]


def planted(arguments: argparse.Namespace) -> None:
    """Report the share of planted errors that are marked, by kind and tier, over 300 clean notes and messages."""
    rng = random.Random(arguments.seed)
    drafts = _aci()
    for name, some in (("mts_dialog_reference_notes", 110), ("sgd_confirmations", 110), ("primock57_notes", 25)):
        others = [(r["draft"], material.turns(r["source"])) for r in material.records(name)]
        drafts += rng.sample(others, some)
    count: Counter[injector.Kind] = Counter()
    stop: Counter[injector.Kind] = Counter()
    marked: Counter[injector.Kind] = Counter()
    for draft, turns in drafts:
        source = Prepared(turns)
        checker = Checker(source)
        for kind in injector.Kind:
            error = injector.plant(draft, source, kind, choose=rng.choice)
            if error is None:
                continue
            claims = [c for c in checker.check(error.text).claims if c.start < error.end and c.end > error.start]
            count[kind] += 1
            stopped = any(c.status is Status.STOP for c in claims)
            stop[kind] += stopped
            marked[kind] += any(c.status is not Status.NONE for c in claims)
            if kind.value in arguments.only and not stopped:
                print(
                    "   ",
                    kind.value,
                    error.was,
                    "->",
                    error.now,
                    "|",
                    error.text[max(0, error.start - 70) : error.end + 50],
                )
    print(f"{len(drafts)} clean notes and messages")
    for kind in injector.Kind:
        n = max(1, count[kind])
        print(
            f"  {kind.value:20} planted {count[kind]:4}  stop {stop[kind] / n:.3f}  stop or look {marked[kind] / n:.3f}"
        )


def evidence(arguments: argparse.Namespace) -> None:
    """Report whether the marked spans hold the facts of confirmations, and show the tool result of a number."""
    held = facts = 0
    for record in material.records("sgd_confirmations"):
        turns = material.turns(record["source"])
        claims = Checker(Prepared(turns)).check(record["draft"]).claims
        for fact in record["labels"]["facts"]:
            everything = [Evidence(n, 0, len(t.text)) for n, t in enumerate(turns)]
            if not _holds(fact, everything, turns):
                continue  # the simulator made it up: nobody said it
            spans = [e for c in claims if c.start < fact["end"] and c.end > fact["start"] for e in c.evidence]
            facts += 1
            held += _holds(fact, spans, turns)
            if arguments.show and not _holds(fact, spans, turns):
                print(
                    "   ",
                    fact["text"],
                    "|",
                    record["draft"][:140],
                    "|",
                    [turns[e.turn].text[e.start : e.end] for e in spans],
                )
    print(
        f"sgd_confirmations: {held} of {facts} facts that the source has are in the marked spans ({held / facts:.3f})"
    )
    shown = numbers = 0
    for record in material.records("taskmaster_replies"):
        turns = material.turns(record["source"])
        claims = Checker(Prepared(turns)).check(record["draft"]).claims
        for quantity in quantities(record["draft"]):
            raw = re.search(r"\d+(?:[:.]\d+)?", record["draft"][quantity.start : quantity.end])
            if raw is None or quantity.sort not in {Sort.TIME, Sort.NUMBER, Sort.MONEY, Sort.PERCENT}:
                continue
            wanted = re.compile(rf"(?<!\d){re.escape(raw.group())}(?!\d)")
            results = {n for n, t in enumerate(turns) if t.speaker == "tool_result" and wanted.search(t.text)}
            if results:
                numbers += 1
                shown += any(e.turn in results for c in claims if c.start <= quantity.start < c.end for e in c.evidence)
    print(
        f"taskmaster_replies: for {shown} of {numbers} numbers a tool result with it is shown ({shown / numbers:.3f})"
    )


def _holds(fact: material.Record, spans: Iterable[Evidence], turns: Sequence[Turn]) -> bool:
    """Tell whether `spans` say the fact: the same quantity, or six in ten of its words."""
    texts = [turns[e.turn].text[e.start : e.end] for e in spans]
    wanted = quantities(fact["text"])
    if wanted and ("date" in fact["slot"] or "time" in fact["slot"]):
        said = Facts([Turn("", text) for text in texts], "en", None)
        return all(said.find(quantity)[0] is Support.SAME for quantity in wanted)
    words = [t.stem for t in tokens(fact["text"]) if t.word.isalnum()]
    there = {t.stem for text in texts for t in tokens(text)}
    return sum(word in there for word in words) >= 0.6 * len(words)


def omissions(_: argparse.Namespace) -> None:
    """Report how many of the five omissions the human note has, and what the length of a draft tells."""
    notes = material.records("aci_bench_notes")
    conversations = {r["labels"]["reference_note"]: r for r in notes}
    spread: Counter[str] = Counter()
    for record in conversations.values():
        spread.update({t.stem for turn in record["source"] for t in tokens(turn["text"])})
    rare = {stem for stem, n in spread.items() if n < 0.15 * len(conversations)}
    by_term, by_span = [], []
    for record in notes:
        source, draft = Prepared(material.turns(record["source"])), record["draft"]
        gold = _gold(record["labels"]["reference_note"], rare) - _gold(draft, rare)
        gold -= {t.stem for t in tokens(draft)}
        points = Points(source)
        listed = [key for key, _ in points.terms([draft]) if _is_useful(key, rare)][:5]
        by_term.append(sum(key in gold for key in listed) / 5)
        spans = [source.turns[o.turn].text[o.start : o.end] for o in points.missing([draft])]
        by_span.append(sum(bool(_gold(span, rare) & gold) for span in spans) / 5)
    print(f"{len(notes)} drafts: P@5 by term {_mean(by_term):.3f}, by passage {_mean(by_span):.3f}")
    rated = material.records("mts_dialog_summaries")
    prepared = [Prepared(material.turns(r["source"])) for r in rated]
    ratios = [length_ratio(r["draft"], s) for r, s in zip(rated, prepared, strict=True)]
    rates = [float(r["labels"]["omission_rate"]) for r in rated]
    warned = [length_warning(ratio, s) is not None for ratio, s in zip(ratios, prepared, strict=True)]
    apart = [_mean([r for r, w in zip(rates, warned, strict=True) if w is said]) for said in (True, False)]
    print(f"length against the human omission rate: Spearman {spearman([-r for r in ratios], rates):.3f}; ", end="")
    print(f"warned {sum(warned)} of {len(rated)}, omission rate {apart[0]:.2f} against {apart[1]:.2f}")


def _is_useful(key: str, rare: set[str]) -> bool:
    if key[0] == "#":
        return any(part.replace(".", "").isdigit() and _telling(float(part)) for part in key[1:].split(","))
    return key[0] not in "!?" and (key in rare or lexicon.generic(key) is not None or key in lexicon.symptom_stems())


def _gold(text: str, rare: set[str]) -> set[str]:
    """Return what of `text` an omission could be about: telling numbers, drugs, symptoms, rare words."""
    found = {t.stem for t in tokens(text) if is_content(t) and _is_useful(t.stem, rare)}
    readings = (r for q in quantities(text) for r in q.readings)
    return found | {f"#{r}" for r in readings if isinstance(r, float) and _telling(r)}


def _telling(number: float) -> bool:
    return number > 12 or number != int(number)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def speed(_: argparse.Namespace) -> None:
    """Report what a note of 60 sentences against 300 turns costs, and a keystroke in each of its sentences."""
    turns: list[Turn] = []
    note = ""
    for draft, source in _aci():
        turns += source
        note += draft + "\n"
        if len(turns) > 300:
            break
    note = note[: cut(note)[59].end]
    Checker(Prepared(turns[:3])).check("Warm up: 5 mg for Ann.")
    started = time.perf_counter()
    source_ = Prepared(turns[:300])
    prepared = time.perf_counter()
    checker = Checker(source_)
    claims = checker.check(note).claims
    checked = time.perf_counter()
    keys = []
    for claim in claims:
        at = claim.start + (claim.end - claim.start) // 2
        before = time.perf_counter()
        checker.check(note[:at] + "x" + note[at:])
        keys.append((time.perf_counter() - before) * 1000)
    print(f"{len(claims)} sentences, 300 turns: prepare {(prepared - started) * 1000:.0f} ms, check ", end="")
    print(f"{(checked - prepared) * 1000:.0f} ms, a key {sorted(keys)[len(keys) // 2]:.1f} ms (most {max(keys):.1f})")


def weights(_: argparse.Namespace) -> None:
    """Report every feature on its own: its sign and how well it tells the sentences apart, by data set."""
    data = Labelled()
    for index, (name, feature) in enumerate(FEATURES.items()):
        column = [row[index] * feature.sign for row in data.rows]
        parts: dict[str, float] = defaultdict(float)
        for each in sorted(set(data.sets)):
            inside = [i for i, s in enumerate(data.sets) if s == each]
            parts[each.split("/")[1]] = round(auc([column[i] for i in inside], [data.wrong[i] for i in inside]), 2)
        print(f"{name:20} {feature.sign:+d}  AUC {auc(column, data.wrong):.3f}  {dict(parts)}")


PARTS = {
    "grounding": grounding,
    "checks": checks,
    "false_alarms": false_alarms,
    "planted": planted,
    "evidence": evidence,
    "omissions": omissions,
    "speed": speed,
    "weights": weights,
}


def main() -> None:
    """Run the parts named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--show", type=int, default=0, help="show this many marks on true notes")
    parser.add_argument("--only", action="append", default=[], help="show those of this check or kind only")
    parser.add_argument("--seed", type=int, default=5, help="of the choice of planted errors")
    arguments = parser.parse_args()
    for name in arguments.parts or PARTS:
        print(f"== {name}")
        PARTS[name](arguments)


if __name__ == "__main__":
    main()
