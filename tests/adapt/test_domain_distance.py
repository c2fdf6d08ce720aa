from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from graphrec.adapt.domain_distance import MOST_ROWS, energy_distances, graph_test
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import InvalidInputError


def chain(count: int) -> DomainGraph:
    names = tuple(f"d{i}" for i in range(count))
    return DomainGraph.from_edges(names, pairwise(names))


def test_distances_are_those_of_the_formula():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    domain = np.repeat([0, 1, 3], 20)
    found = energy_distances(x, domain, 4)
    scaled = x - x.mean(axis=0)
    scaled = scaled / np.sqrt((scaled**2).sum(axis=1).mean())
    a, b = scaled[:20], scaled[20:40]
    within = [cdist(part, part).sum() / (20 * 19) for part in (a, b)]
    assert found[0, 1] == pytest.approx(2 * cdist(a, b).mean() - sum(within))
    np.testing.assert_allclose(found, found.T)
    assert found[0, 0] == 0.0
    assert np.isnan(found[2]).all(), "a domain without rows has no distance"


@given(st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_equal_distributions_are_near_nought_and_distances_forget_units(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4 * MOST_ROWS, 2))
    domain = np.repeat(np.arange(4), MOST_ROWS)
    x[domain == 3] *= 3.0  # equal means, another spread
    found = energy_distances(x, domain, 4)
    assert np.abs(found[:3, :3]).max() < found[3, :3].min()
    np.testing.assert_allclose(energy_distances(x * 7 - 2, domain, 4), found, atol=1e-9)


def test_a_graph_along_a_line_fits_inputs_along_it_and_no_others():
    rng = np.random.default_rng(1)
    domain = np.repeat(np.arange(12), 20)
    along = np.stack([domain + rng.normal(size=240), rng.normal(size=240)], axis=1)
    elsewhere = np.stack([rng.permutation(12)[domain] + rng.normal(size=240), rng.normal(size=240)], axis=1)
    fits = graph_test(chain(12), energy_distances(along, domain, 12))
    misses = graph_test(chain(12), energy_distances(elsewhere, domain, 12))
    assert fits is not None and misses is not None
    assert fits.p_value == pytest.approx(0.001) and fits.joined < fits.others
    assert misses.p_value > 0.05


def test_the_p_value_counts_every_renaming():
    """Four domains on a line have 24 renamings; two of them (as it is, and reversed) fit a chain as well."""
    apart = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    found = graph_test(chain(4), apart, draws=4_000)
    assert found is not None
    assert found.joined == 1.0 and found.others == pytest.approx(7 / 3)
    assert found.p_value == pytest.approx(2 / 24, abs=0.015)


def test_p_values_of_unrelated_graphs_are_uniform():
    rng = np.random.default_rng(2)
    low = 0
    for _ in range(200):
        apart = rng.random((6, 6))
        found = graph_test(chain(6), apart + apart.T, seed=int(rng.integers(2**31)), draws=99)
        assert found is not None
        low += found.p_value <= 0.1
    assert 8 <= low <= 34  # 20 expected, standard deviation 4.2


def test_nothing_to_test_without_a_contrast():
    apart = np.ones((5, 5))
    names = tuple("abcde")
    assert graph_test(DomainGraph.clique(names), apart) is None
    assert graph_test(DomainGraph.from_edges(names, []), apart) is None
    apart[:3] = apart[:, :3] = np.nan
    assert graph_test(chain(5), apart) is None
    with pytest.raises(InvalidInputError, match="5 domains"):
        graph_test(chain(5), np.ones((4, 4)))


def test_a_thousand_domains_take_few_rows_each():
    domain = np.repeat(np.arange(1000), 10)
    x = np.random.default_rng(3).normal(size=(10_000, 2)) + domain[:, None]
    found = energy_distances(x, domain, 1000)
    assert found[0, 1] < found[0, 500] < found[0, 999]
    tested = graph_test(chain(1000), found, draws=99)
    assert tested is not None and tested.p_value <= 0.05
