"""Metrics by plain loops over one user's sorted list: nothing shared with the package."""

from __future__ import annotations

import math


def ranked(scores, seen, candidates=None):
    """Item ids by descending score, equal scores by ascending id, without the seen ones."""
    allowed = [i for i in range(len(scores)) if i not in seen and (candidates is None or i in candidates)]
    return sorted((i for i in allowed if scores[i] != -math.inf), key=lambda i: (-scores[i], i))


def user_metrics(order, test, k):
    hits = [item in test for item in order[:k]]
    first = next((place for place, hit in enumerate(hits) if hit), None)
    precisions = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
    deep_hits = sum(item in test for item in order[:100])
    return {
        f"recall@{k}": sum(hits) / len(test),
        f"precision@{k}": sum(hits) / k,
        f"hit_rate@{k}": float(any(hits)),
        f"mrr@{k}": 0.0 if first is None else 1 / (first + 1),
        f"map@{k}": sum(precisions) / min(k, len(test)),
        f"ndcg@{k}": _dcg(hits) / _dcg([True] * min(k, len(test))),
        f"ndcg_kgat@{k}": _dcg(hits) / _dcg([True] * min(k, deep_hits)) if deep_hits else 0.0,
    }


def gini(counts):
    """Half the relative mean absolute difference of all pairs."""
    total, n = sum(counts), len(counts)
    return sum(abs(a - b) for a in counts for b in counts) / (2 * n * total) if total else 0.0


def _dcg(hits):
    return sum(1 / math.log2(place + 2) for place, hit in enumerate(hits) if hit)
