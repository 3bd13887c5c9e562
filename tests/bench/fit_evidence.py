"""Fit the weights of the evidence score again and write resources/evidence/weights.json.

Run as `python -m tests.bench.fit_evidence [--write]`. Cross-validated by source, so that no sentence is judged by a
model that saw another one of its conversation.
"""

import json
import sys
from pathlib import Path

from reviewer.evidence.checks.context import Context
from reviewer.evidence.report import Status
from reviewer.evidence.score import FEATURES, measure
from reviewer.evidence.source import Prepared
from tests.bench import material
from tests.bench.fitting import Model, auc, chance, fit, out_of_fold, precision_at

RIDGE = 10.0
_LOOK_SHARE = 0.1  # of sentences without a stop mark: how many the score may ask to look at
_OUT = Path(__file__).parents[2] / "resources" / "evidence" / "weights.json"


def labelled() -> list[material.Record]:
    """Return the sentences whose label is certain: wrong in content, or supported."""
    return [
        s
        for s in material.records("grounding_sentences")
        if s["label_certain"] and (s["content_error"] or s["label"] == "supported")
    ]


def sources() -> dict[str, Prepared]:
    """Return the sources of the labelled sentences, prepared."""
    return {s["source_id"]: Prepared(material.turns(s["source"])) for s in material.records("grounding_sources")}


def train(rows: list[list[float]], labels: list[bool]) -> Model:
    """Fit with the signs that the features have."""
    return fit(rows, labels, [feature.sign for feature in FEATURES.values()], ridge=RIDGE)


def _left_out(rows: list[list[float]], labels: list[bool], sets: list[str]) -> dict[str, float]:
    """Return the AUC on each data set of a model fitted to the others: the nearest thing to texts not seen yet."""
    found = {}
    for name in sorted(set(sets)):
        inside = [i for i, each in enumerate(sets) if each != name]
        outside = [i for i, each in enumerate(sets) if each == name]
        model = train([rows[i] for i in inside], [labels[i] for i in inside])
        found[name] = round(auc([chance(model, rows[i]) for i in outside], [labels[i] for i in outside]), 3)
    return found


def main() -> None:
    """Fit, report, and write with --write."""
    prepared, sentences = sources(), labelled()
    contexts = [Context(s["sentence"], prepared[s["source_id"]]) for s in sentences]
    rows = [list(measure(context).values()) for context in contexts]
    labels = [bool(s["content_error"]) for s in sentences]
    groups = [str(s["source_id"]) for s in sentences]
    stops = [any(f.status is Status.STOP for found in c.findings.values() for f in found) for c in contexts]
    scores = out_of_fold(rows, labels, groups, train)
    reached = sorted((s for s, stop in zip(scores, stops, strict=True) if not stop), reverse=True)
    threshold = reached[round(_LOOK_SHARE * len(reached))]
    bias, fitted = train(rows, labels)
    usual = [sum(column) / len(column) for column in zip(*rows, strict=True)]
    model = {
        "fitted": {
            "on": "certain sentences of grounding_sentences: content_error against supported",
            "sentences": len(rows),
            "wrong": sum(labels),
            "sources": len(set(groups)),
            "how": f"logistic, signs fixed, ridge {RIDGE} on columns of unit spread; 5 folds by source",
            "auc": round(auc(scores, labels), 3),
            "auc_of_each_data_set_left_out": _left_out(rows, labels, [str(s["dataset"]) for s in sentences]),
            "precision_at_5_10_20": [round(precision_at(scores, labels, share), 3) for share in (0.05, 0.1, 0.2)],
        },
        "bias": round(bias, 4),
        "weights": {name: round(w, 4) for name, w in zip(FEATURES, fitted, strict=True)},
        "usual": {name: round(u, 4) for name, u in zip(FEATURES, usual, strict=True)},
        "look_threshold": round(threshold, 3),
    }
    text = json.dumps(model, indent=2) + "\n"
    sys.stdout.write(text)
    if "--write" in sys.argv:
        _OUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
