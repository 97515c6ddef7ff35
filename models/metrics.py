"""How good a ranking or a probability is."""

import numpy as np

from contracts.batches import Floats


def known_within(label: Floats, last: int) -> Floats:
    """1 where the mode failed in the first `last` bins, 0 where it surely didn't, else NaN."""
    failed = (label < 0) & (label >= -last)
    survived = (label >= last) | (label < -last)
    return np.where(failed, 1.0, np.where(survived, 0.0, np.nan)).astype(np.float32)


def auc(label: Floats, score: Floats) -> float:
    """Area under the ROC curve by ranks; ties count half. NaN where one class is absent."""
    positive = label == 1
    hits = int(positive.sum())
    if not hits or hits == len(label):
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[positive].sum() - hits * (hits + 1) / 2) / (hits * (~positive).sum()))


def average_precision(label: Floats, score: Floats) -> float:
    """Mean precision over the positives, best score first; tied scores count as one step."""
    order = np.argsort(-score, kind="stable")
    ordered, scores = label[order] == 1, score[order]
    if not ordered.any():
        return float("nan")
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    hits = np.cumsum(ordered)[last]
    precision = hits / (last + 1)
    return float((np.diff(hits, prepend=0) * precision).sum() / hits[-1])


def expected_over_observed(label: Floats, risk: Floats) -> float:
    """Expected failures over those that came. NaN where none came."""
    seen = float((label == 1).sum())
    return float(risk.sum(dtype=np.float64)) / seen if seen else float("nan")
