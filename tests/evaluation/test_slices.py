from __future__ import annotations

import numpy as np

from graphrec.evaluation.slices import popularity_slices


def test_head_is_the_top_fifth_of_the_warm_and_equal_counts_stay_together():
    counts = np.array([0, 9, 1, 1, 1, 1, 0, 8, 1, 1, 1, 1])  # ten warm: the head is two
    assert popularity_slices(counts).tolist() == [2, 0, 1, 1, 1, 1, 2, 0, 1, 1, 1, 1]
    assert popularity_slices(np.array([5, 5, 5, 0])).tolist() == [0, 0, 0, 2]


def test_all_cold_or_empty():
    assert popularity_slices(np.zeros(3, dtype=np.int64)).tolist() == [2, 2, 2]
    assert popularity_slices(np.zeros(0, dtype=np.int64)).tolist() == []
