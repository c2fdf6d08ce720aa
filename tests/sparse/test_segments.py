"""Segment kernels against one Python loop per segment."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.sparse.segments import segment_max, segment_mean, segment_softmax, segment_sum

SIZES = st.lists(st.integers(0, 5), max_size=12)


def softmax(part: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    exponentials = np.exp(part.astype(np.float64) - part.max(axis=0))
    return exponentials / exponentials.sum(axis=0)


ORACLES: list[tuple[Callable[..., Any], Callable[..., Any], float]] = [
    (segment_sum, lambda part: part.sum(axis=0), 0.0),
    (segment_max, lambda part: part.max(axis=0), -np.inf),
    (segment_mean, lambda part: part.mean(axis=0), 0.0),
]


def make(sizes: list[int], dim: int | None, dtype: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    shape = (int(indptr[-1]),) if dim is None else (int(indptr[-1]), dim)
    return np.random.default_rng(sum(sizes)).normal(size=shape).astype(dtype), indptr


@pytest.mark.parametrize(("kernel", "oracle", "empty"), ORACLES)
@pytest.mark.parametrize("dim", [None, 3])
@given(sizes=SIZES, dtype=st.sampled_from(["float32", "float64"]))
def test_reductions(
    kernel: Any, oracle: Any, empty: float, dim: int | None, sizes: list[int], dtype: str
) -> None:
    values, indptr = make(sizes, dim, dtype)
    found = kernel(values, indptr)
    assert found.shape == (len(sizes), *values.shape[1:]) and found.dtype == values.dtype
    for row, (low, high) in enumerate(itertools.pairwise(indptr)):
        expected = oracle(values[low:high]) if high > low else empty
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dim", [None, 3])
@given(sizes=SIZES, dtype=st.sampled_from(["float32", "float64"]))
def test_softmax(dim: int | None, sizes: list[int], dtype: str) -> None:
    scores, indptr = make(sizes, dim, dtype)
    found = segment_softmax(scores, indptr)
    assert found.shape == scores.shape and found.dtype == scores.dtype
    for low, high in itertools.pairwise(indptr):
        if high > low:
            np.testing.assert_allclose(found[low:high], softmax(scores[low:high]), rtol=1e-4, atol=1e-6)


def test_softmax_does_not_overflow() -> None:
    found = segment_softmax(np.array([1e4, 1e4, -1e4, 5.0], dtype=np.float32), np.array([0, 3, 4]))
    assert found.tolist() == [0.5, 0.5, 0.0, 1.0]


def test_softmax_ignores_masked_entries() -> None:
    scores = np.array([0.0, -np.inf, -np.inf, -np.inf], dtype=np.float32)
    assert segment_softmax(scores, np.array([0, 2, 4])).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_softmax_agrees_with_torch_geometric() -> None:
    torch = pytest.importorskip("torch")
    utils = pytest.importorskip("torch_geometric.utils")
    scores, indptr = make([3, 0, 5, 1, 0], None, "float64")
    theirs = utils.softmax(torch.from_numpy(scores), ptr=torch.from_numpy(indptr))
    np.testing.assert_allclose(segment_softmax(scores, indptr), theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize("indptr", [[], [0], [1, 4], [0, 3], [0, 5], [0, 3, 2, 4]])
def test_a_wrong_indptr_is_refused(indptr: list[int]) -> None:
    with pytest.raises(InvalidInputError, match="indptr"):
        segment_sum(np.ones(4), np.array(indptr, dtype=np.int64))
