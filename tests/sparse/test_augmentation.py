"""Stochastic views: what a mask removes, how often, and that a seed repeats it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.sparse.augmentation import keep_edges, keep_nodes
from graphrec.sparse.edge_graph import EdgeGraph

NODES, PAIRS = 60, 4000


@pytest.fixture(scope="module")
def graph():
    """Undirected random edges in two directions; pairs alternate between relations 0/1 and 2/3."""
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, NODES, PAIRS), rng.integers(0, NODES, PAIRS)
    kind = np.arange(PAIRS) % 2 * 2
    pair = np.concatenate([np.arange(PAIRS)] * 2)
    return EdgeGraph.from_edges(
        np.concatenate([one, other]),
        np.concatenate([other, one]),
        np.concatenate([kind, kind + 1]),
        NODES,
        pair,
    )


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def by_pair(graph, mask):
    """Mask values of the two directions of each pair, `[pairs, 2]`."""
    return mask[torch.argsort(graph.pair, stable=True)].reshape(-1, 2)


@settings(max_examples=15, deadline=None)
@given(drop=st.floats(0, 1), seed=st.integers(0, 2**20))
def test_both_directions_of_an_edge_share_their_fate(graph, drop, seed):
    mask = keep_edges(graph, seeded(seed), drop=drop)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    first, second = by_pair(graph, mask).unbind(dim=1)
    assert torch.equal(first, second)
    spread = 5 * (drop * (1 - drop) / PAIRS) ** 0.5 + 1e-9
    assert abs(float(first.mean()) - (1 - drop)) <= spread


def test_nothing_and_everything():
    empty = EdgeGraph.from_edges(*(np.zeros(0, dtype=np.int64),) * 3, 4)
    assert keep_edges(empty, seeded(), drop=0.5).shape == (0,)
    assert keep_edges(empty, seeded(), drop={0: 0.5}).shape == (0,)
    assert keep_nodes(empty, seeded(), drop=0.5).shape == (0,)


def test_extremes(graph):
    assert keep_edges(graph, seeded(), drop=0.0).all()
    assert not keep_edges(graph, seeded(), drop=1.0).any()
    assert keep_nodes(graph, seeded(), drop=0.0).all()
    assert not keep_nodes(graph, seeded(), drop=1.0).any()


def test_rates_by_relation_and_relations_not_named_keep_their_edges(graph):
    mask = keep_edges(graph, seeded(), drop={2: 0.7, 3: 0.7, 99: 0.9})
    knowledge = graph.relation >= 2
    assert mask[~knowledge].all()
    assert float(mask[knowledge].mean()) == pytest.approx(0.3, abs=5 * (0.21 / (PAIRS / 2)) ** 0.5)


def test_reliability_scales_the_probability_to_keep(graph):
    trust = torch.where(graph.pair < PAIRS // 2, 1.0, 0.25)
    kept = by_pair(graph, keep_edges(graph, seeded(), drop=0.2, keep_scale=trust))
    assert torch.equal(kept[:, 0], kept[:, 1])
    spread = 5 * (0.25 / (PAIRS / 2)) ** 0.5
    assert float(kept[: PAIRS // 2].mean()) == pytest.approx(0.8, abs=spread)
    assert float(kept[PAIRS // 2 :].mean()) == pytest.approx(0.2, abs=spread)


def test_a_dropped_node_loses_every_edge_and_no_other_edge_goes(graph):
    shares = []
    for seed in range(30):
        mask = keep_nodes(graph, seeded(seed), drop=0.3)
        gone = set(range(NODES)) - set(graph.target[mask > 0].tolist())
        expected = [
            t not in gone and s not in gone
            for t, s in zip(graph.target.tolist(), graph.source.tolist(), strict=True)
        ]
        assert mask.bool().tolist() == expected
        shares.append(len(gone) / NODES)
    assert np.mean(shares) == pytest.approx(0.3, abs=0.05)


def test_a_seed_repeats_a_mask_and_a_second_draw_differs(graph):
    generator = seeded(3)
    first, second = keep_edges(graph, generator, drop=0.5), keep_edges(graph, generator, drop=0.5)
    assert torch.equal(first, keep_edges(graph, seeded(3), drop=0.5))
    assert not torch.equal(first, second)
    assert torch.equal(keep_nodes(graph, seeded(4), drop=0.5), keep_nodes(graph, seeded(4), drop=0.5))
