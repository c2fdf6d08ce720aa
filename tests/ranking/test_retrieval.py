from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.ranking.retrieval import top_k


def sorted_by_hand(scores: np.ndarray, k: int, rank: np.ndarray) -> list[int]:
    return sorted(range(len(scores)), key=lambda i: (-scores[i], rank[i]))[:k]


@settings(deadline=None)
@given(
    values=st.lists(st.integers(-3, 3), max_size=60), k=st.integers(0, 70), seed=st.integers(0, 99),
)  # fmt: skip
def test_small_lists_with_many_ties_equal_a_full_sort(values, k, seed):
    scores = np.asarray(values, dtype=np.float32)
    rank = np.random.default_rng(seed).permutation(len(scores)).astype(np.int32)
    assert top_k(scores, k, rank).tolist() == sorted_by_hand(scores, k, rank)


@pytest.mark.parametrize("levels", [0, 1, 2, 5, 1000])
@pytest.mark.parametrize("k", [1, 10, 300, 20_000, 30_000])
def test_large_lists_equal_a_full_sort(levels, k):
    rng = np.random.default_rng(k + levels)
    scores = rng.normal(size=20_000).astype(np.float32)
    if levels:
        scores = np.round(scores * levels / 4).astype(np.float32)
    rank = rng.permutation(len(scores)).astype(np.int32)
    assert top_k(scores, k, rank).tolist() == sorted_by_hand(scores, k, rank)


def test_infinite_scores_keep_their_place():
    scores = np.array([-np.inf, 1.0, np.inf, -np.inf], dtype=np.float32)
    assert top_k(scores, 4, np.arange(4)).tolist() == [2, 1, 0, 3]
