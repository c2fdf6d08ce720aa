from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.sparse.top_k import top_k, top_k_mask


def by_sorting(scores, k):
    ids = np.full((len(scores), min(k, scores.shape[1])), -1)
    for row, values in enumerate(scores):
        order = [i for i in sorted(range(len(values)), key=lambda i: (-values[i], i)) if values[i] > -np.inf]
        ids[row, : len(order[:k])] = order[:k]
    return ids


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 5), st.integers(1, 700), st.integers(1, 40), st.sampled_from([1, 3, 50, 10**6]),
    st.sampled_from([0.0, 0.3, 0.99, 1.0]), st.integers(0, 2**32),
)  # fmt: skip
def test_equals_a_full_sort(rows, cols, k, levels, masked, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, size=(rows, cols)).astype(np.float32)
    scores[rng.random(scores.shape) < masked] = -np.inf
    ids, values = top_k(scores, k)
    expected = by_sorting(scores, k)
    np.testing.assert_array_equal(ids, expected)
    padded = np.concatenate([scores, np.full((rows, 1), -np.inf, dtype=np.float32)], axis=1)
    np.testing.assert_array_equal(values, np.take_along_axis(padded, expected, axis=1))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 5), st.integers(1, 60), st.integers(0, 70), st.sampled_from([1, 3, 10**6]),
    st.integers(0, 2**32),
)  # fmt: skip
def test_mask_marks_the_same_columns(rows, cols, k, levels, seed):
    scores = np.random.default_rng(seed).integers(-levels, levels + 1, size=(rows, cols)).astype(np.float32)
    for above in (-np.inf, 0.0):
        allowed = np.where(scores > above, scores, -np.inf)
        expected = [set(row[row >= 0].tolist()) for row in by_sorting(allowed, k)]
        assert [set(np.flatnonzero(row).tolist()) for row in top_k_mask(scores, k, above=above)] == expected


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_does_not_matter_and_input_is_untouched(order):
    scores = np.array(np.random.default_rng(0).standard_normal((7, 400)), dtype=np.float32, order=order)
    before = scores.copy()
    np.testing.assert_array_equal(top_k(scores, 9)[0], by_sorting(scores, 9))
    np.testing.assert_array_equal(scores, before)


def test_k_of_zero_is_empty():
    assert top_k(np.ones((3, 4), dtype=np.float32), 0)[0].shape == (3, 0)
