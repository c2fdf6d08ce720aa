from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

pytest.importorskip("numba")

from graphrec.sparse.random_draws import GAMMA, draw_below, mix, stream_key
from graphrec.sparse.sampler_kernels import choose

SIGNIFICANCE = 1e-4
"""Seeds are fixed, so a test that passes once passes always; this is how surprising the draws may be."""


def test_the_published_sequence() -> None:
    states = (np.arange(1, 4, dtype=np.uint64) * GAMMA).tolist()
    found = [int(mix(np.uint64(state))) for state in states]
    assert found == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_keys_tell_every_part_and_its_place() -> None:
    keys = {int(stream_key(a, b, c)) for a in range(-5, 5) for b in range(10) for c in range(10)}
    assert len(keys) == 1000
    assert stream_key(1, 2) == stream_key(1, 2) != stream_key(2, 1)


@pytest.mark.parametrize("size", [1, 3, 1000, 3 << 30])
def test_draws_are_uniform(size: int) -> None:
    state, drawn = stream_key(size), []
    for _ in range(3000):
        value, state = draw_below(np.uint64(state), np.uint64(size))
        drawn.append(int(value))
    assert max(drawn) < size
    # Of 3 << 30 values a multiplication without rejection would favour some by a half.
    bins = np.bincount(np.array(drawn) % 3, minlength=min(size, 3))
    assert size == 1 or stats.chisquare(bins).pvalue > SIGNIFICANCE


@pytest.mark.parametrize(
    ("size", "count"), [(7, 3), (64, 63), (100, 4), (100, 50)], ids=["bits", "all bits", "scan", "in order"]
)
def test_subsets_hold_every_place_equally_often(size: int, count: int) -> None:
    state, out, rounds = stream_key(size, count), np.empty(count, np.int64), 2000
    seen = np.zeros(size)
    for _ in range(rounds):
        state = np.uint64(choose(out, size, False, state))
        assert len(set(out.tolist())) == count
        seen[out] += 1
    # Drawing without replacement, counts vary less than a multinomial's, by (size - count) / (size - 1).
    share = count / size
    statistic = ((seen - rounds * share) ** 2).sum() / (rounds * share * (1 - share)) * (size - 1) / size
    assert SIGNIFICANCE < stats.chi2.sf(statistic, size - 1) < 1 - SIGNIFICANCE


@pytest.mark.parametrize(("size", "count"), [(5, 2), (66, 2)])
def test_every_subset_is_equally_likely(size: int, count: int) -> None:
    state, out = stream_key(3), np.empty(count, np.int64)
    pairs = np.zeros((size, size))
    for _ in range(6_000):
        state = np.uint64(choose(out, size, False, state))
        pairs[out.min(), out.max()] += 1
    assert stats.chisquare(pairs[np.triu_indices(size, 1)]).pvalue > SIGNIFICANCE


def test_with_replacement_every_sequence_is_equally_likely() -> None:
    state, out = stream_key(4), np.empty(3, np.int64)
    seen = np.zeros((3, 3, 3))
    for _ in range(4_000):
        state = np.uint64(choose(out, 3, True, state))
        seen[tuple(out)] += 1
    assert stats.chisquare(seen.ravel()).pvalue > SIGNIFICANCE
