from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from graphrec.datasets.domain_spiral import domain_spiral, read_dg
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from tests.conftest import require_data

# of a standard normal draw in the plane that is kept when its distance is at most 1: half of E[r^2]
AXIS_VARIANCE = 1 - math.exp(-0.5) / (2 * (1 - math.exp(-0.5)))


@pytest.mark.parametrize(
    ("num", "theta", "growth"), [(15, math.pi, 1.8 / math.pi), (60, 2 * math.pi, 3 / math.pi)]
)
def test_the_statistics_of_the_recipe(num, theta, growth):
    """Over many sets: uniform angles, centres on the spiral, a disc of the right spread, edges at their chance."""
    spread, far, expected, drawn, pooled = [], 0.0, 0.0, 0, []
    for seed in range(30):
        points = domain_spiral(num, seed, points=10)
        pooled.append(points.angles)
        centre = (1 + growth * points.angles)[points.domain, None] * np.stack(
            [np.cos(points.angles), np.sin(points.angles)], axis=1
        )[points.domain]
        away = points.x - np.where(points.labels == 0, 1, -1)[:, None] * centre
        far = max(far, float(np.hypot(*away.T).max()))
        spread.append(away)
        chance = np.triu(np.cos(points.angles[:, None] - points.angles), 1)
        chance[chance < 0.2] = 0
        assert not points.graph.adjacency[np.triu(np.ones((num, num)), 1).astype(bool) & (chance == 0)].any()
        expected += chance.sum()
        drawn += points.graph.num_edges
        assert set(points.angles[points.sources]) == set(np.sort(points.angles)[:6])
    offsets = np.concatenate(spread)
    assert 0.99 < far <= 1 + 1e-5
    np.testing.assert_allclose(offsets.var(axis=0), AXIS_VARIANCE, rtol=0.06)
    np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=4 * math.sqrt(AXIS_VARIANCE / len(offsets)))
    # the variance of a sum of independent edges is at most a quarter of their number
    assert abs(drawn - expected) < 4 * math.sqrt(expected)
    angles = np.concatenate(pooled)
    np.testing.assert_allclose(angles.mean(), theta / 2, atol=4 * theta / math.sqrt(12 * len(angles)))
    assert angles.min() > 0 and theta * 0.98 < angles.max() < theta


def test_every_domain_is_balanced_and_rows_tell_nothing():
    points = domain_spiral(15, 3)
    assert (points.x.shape, points.x.dtype) == ((1500, 2), np.float32)
    counts = np.bincount(points.domain * 2 + points.labels)
    assert (counts == 50).all()
    by_domain = np.stack([points.labels[points.domain == number] for number in range(15)])
    # slot by slot two domains agree half of the time; in the released order always
    assert abs((by_domain[0] == by_domain[1:]).mean() - 0.5) < 0.06
    assert not (np.diff(points.domain) == 0).mean() > 0.2


def test_seeds_decide_and_sizes_follow():
    one, same, other = (domain_spiral(20, seed, points=3, num_sources=2) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.x, same.x)
    np.testing.assert_array_equal(one.graph.adjacency, same.graph.adjacency)
    assert not np.array_equal(one.x, other.x)
    assert (len(one.x), len(one.sources), one.graph.num_domains) == (120, 2, 20)
    wide = domain_spiral(300, points=1)
    assert wide.angles.max() > math.pi and np.hypot(*wide.x.T).max() > 5


def test_connected_graphs_on_demand():
    apart = [seed for seed in range(60) if domain_spiral(12, seed, points=1).graph.components().any()]
    assert apart, "the recipe alone leaves some graphs in parts"
    for seed in apart:
        spiral = domain_spiral(12, seed, points=1, connected=True)
        assert nx.is_connected(spiral.graph.to_networkx())
    with pytest.raises(InvalidInputError, match="No draw of edges"):
        domain_spiral(8, threshold=1.0, connected=True)


@pytest.mark.parametrize("sizes", [{"num_domains": 5}, {"points": 0}, {"num_sources": 0}])
def test_impossible_sizes_are_said(sizes):
    with pytest.raises(InvalidInputError, match="spiral"):
        domain_spiral(**sizes)


PUBLISHED = {
    "dg15": ([0, 12, 3, 4, 14, 8], 56, [6, 6, 3], (2, 11), [1.469, 1.534]),
    "dg60": ([2, 14, 41, 23, 59, 33], 545, [6, 18, 26, 10], (13, 27), [3.085, 3.455]),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_released_sets(name):
    sources, edges, levels, degrees, sd = PUBLISHED[name]
    spiral = read_dg(require_data(f"grda/{name}.npz"))
    assert spiral.sources.tolist() == sorted(sources) and spiral.graph.num_edges == edges
    assert np.bincount(spiral.graph.hops(spiral.sources)).tolist() == levels
    degree = spiral.graph.adjacency.sum(axis=1)
    assert (degree.min(), degree.max()) == degrees
    np.testing.assert_allclose(spiral.x.std(axis=0), sd, atol=5e-4)
    assert (np.bincount(spiral.domain * 2 + spiral.labels) == 50).all()
    cosine = np.cos(spiral.angles[:, None] - spiral.angles)
    assert cosine[spiral.graph.adjacency > 0].min() > 0.2


def small(**changes):
    return {
        "data": np.arange(8.0).reshape(4, 2),
        "label": np.array([0.0, 1, 0, 1]),
        "domain": np.array([0.0, 0, 1, 1]),
        "A": np.array([[0.0, 1], [1, 0]]),
        "angle": np.array([0.5, 0.1]),
    } | changes


def test_a_file_by_hand(tmp_path):
    np.savez(tmp_path / "dg.npz", **small())
    spiral = read_dg(tmp_path / "dg.npz", num_sources=1)
    assert spiral.sources.tolist() == [1] and spiral.labels.tolist() == [0, 1, 0, 1]
    assert spiral.x[3].tolist() == [6, 7] and spiral.graph.num_edges == 1
    mixed = read_dg(tmp_path / "dg.npz", num_sources=1, shuffle=0)
    assert mixed.x.tolist() != spiral.x.tolist()
    rows = np.column_stack([mixed.x, mixed.labels, mixed.domain])
    assert sorted(rows.tolist()) == [[0, 1, 0, 0], [2, 3, 1, 0], [4, 5, 0, 1], [6, 7, 1, 1]]


@pytest.mark.parametrize(
    "changes",
    [
        {"A": np.array([[0.0, 1], [0, 0]])},
        {"domain": np.array([0, 0, 1, 2])},
        {"label": np.zeros(3)},
        {"angle": np.array([{}, {}], dtype=object)},
    ],
)
def test_other_files_are_refused(tmp_path, changes):
    np.savez(tmp_path / "dg.npz", **small(**changes))
    with pytest.raises(CorruptionError, match="not a DG set"):
        read_dg(tmp_path / "dg.npz", num_sources=1)
    with pytest.raises(CorruptionError):
        read_dg(__file__)
    with pytest.raises(NotFoundError):
        read_dg(tmp_path / "none.npz")
