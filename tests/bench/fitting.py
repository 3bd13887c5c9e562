"""Fit and judge a logistic model whose weights keep their signs; plain Python, to run wherever the program does."""

import math
import random
from collections.abc import Callable, Sequence

Row = Sequence[float]
Model = tuple[float, list[float]]


def fit(rows: Sequence[Row], labels: Sequence[bool], signs: Sequence[int], *, ridge: float = 1.0) -> Model:
    """Return bias and weights of the best model whose weight i is 0 or has the sign i.

    Newton steps one weight at a time, each cut off at 0; rows are scaled to unit spread for the ridge to be fair.
    """
    spread = _spread(rows)
    scaled = [[value / s for value, s in zip(row, spread, strict=True)] for row in rows]
    columns = [list(column) for column in zip(*scaled, strict=True)]
    weights = [0.0] * len(signs)
    share = sum(labels) / len(labels)
    bias = math.log(share / (1 - share))
    margins = [bias] * len(rows)
    wanted = [float(label) for label in labels]
    for _ in range(60):
        moved = 0.0
        chances = [_logistic(m) for m in margins]
        slope = sum(p - y for p, y in zip(chances, wanted, strict=True))
        step = -slope / max(1e-6, sum(p * (1 - p) for p in chances))
        bias += step
        margins = [m + step for m in margins]
        for index, column in enumerate(columns):
            slope = curve = 0.0
            for place, x in enumerate(column):
                if x:
                    p = _logistic(margins[place])
                    slope += (p - wanted[place]) * x
                    curve += p * (1 - p) * x * x
            new = weights[index] - (slope + ridge * weights[index]) / (curve + ridge)
            if new * signs[index] < 0:
                new = 0.0
            step = new - weights[index]
            if step:
                weights[index] = new
                moved = max(moved, abs(step))
                margins = [m + step * x for m, x in zip(margins, column, strict=True)]
        if moved < 1e-3:
            break
    return bias, [w / s for w, s in zip(weights, spread, strict=True)]


def _spread(rows: Sequence[Row]) -> list[float]:
    spreads = []
    for column in zip(*rows, strict=True):
        mean = sum(column) / len(column)
        spreads.append(math.sqrt(sum((x - mean) ** 2 for x in column) / len(column)) or 1.0)
    return spreads


def chance(model: Model, row: Row) -> float:
    """Return what the model makes of a row, from 0 to 1."""
    return _logistic(model[0] + sum(w * x for w, x in zip(model[1], row, strict=True)))


def _logistic(margin: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, margin))))


def folds(groups: Sequence[str], number: int = 5, seed: int = 7) -> list[set[str]]:
    """Return the groups in `number` parts of about equal size."""
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    sizes = {name: sum(g == name for g in groups) for name in names}
    parts: list[set[str]] = [set() for _ in range(number)]
    for name in sorted(names, key=lambda n: -sizes[n]):
        min(parts, key=lambda part: sum(sizes[n] for n in part)).add(name)
    return parts


def out_of_fold(
    rows: Sequence[Row], labels: Sequence[bool], groups: Sequence[str], train: Callable[..., Model], *, seed: int = 7
) -> list[float]:
    """Return for each row what a model says that never saw its group."""
    scores = [0.0] * len(rows)
    for part in folds(groups, seed=seed):
        inside = [i for i, g in enumerate(groups) if g not in part]
        model = train([rows[i] for i in inside], [labels[i] for i in inside])
        for i, g in enumerate(groups):
            if g in part:
                scores[i] = chance(model, rows[i])
    return scores


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Return the chance that a random positive scores above a random negative."""
    ranks = _ranks(scores)
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    above = sum(rank for rank, label in zip(ranks, labels, strict=True) if label) - positives * (positives + 1) / 2
    return above / positives / negatives


def precision_at(scores: Sequence[float], labels: Sequence[bool], share: float) -> float:
    """Return the share of positives among the `share` of rows with the highest scores."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])[: max(1, round(share * len(scores)))]
    return sum(labels[i] for i in order) / len(order)


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the rank correlation of two series."""
    a, b = _ranks(one), _ranks(other)
    mean = (len(a) + 1) / 2
    over = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    return over / math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))


def _ranks(series: Sequence[float]) -> list[float]:
    order = sorted(range(len(series)), key=lambda i: series[i])
    ranks = [0.0] * len(series)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and series[order[end + 1]] == series[order[at]]:
            end += 1
        for i in order[at : end + 1]:
            ranks[i] = (at + end) / 2 + 1
        at = end + 1
    return ranks
