from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.linalg import eigh
from scipy.sparse.csgraph import laplacian

from graphrec.adapt.domain_embedding import (
    EmbeddingConfig,
    dot_product_embedding,
    embed_domains,
    spectral_embedding,
)
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import InvalidInputError


def of(oracle):
    return DomainGraph(tuple(str(n) for n in oracle), nx.to_numpy_array(oracle))


def random_graph(num, share, seed):
    random = np.random.default_rng(seed)
    upper = np.triu(random.random((num, num)) * (random.random((num, num)) < share), 1)
    return DomainGraph(tuple(str(n) for n in range(num)), upper + upper.T)


def standardised(table):
    return (table - table.mean(axis=0)) / table.std(axis=0)


@pytest.mark.parametrize("seed", range(6))
def test_eigenvectors_are_scipys(seed):
    graph = random_graph(14, 0.5, seed)
    assert not graph.components().any()
    _, vectors = eigh(laplacian(graph.adjacency, normed=True))
    expected = standardised(vectors[:, 1:4])
    found = spectral_embedding(graph, 3)
    assert found.dtype == np.float32
    agreement = (expected * found).mean(axis=0)
    np.testing.assert_allclose(np.abs(agreement), 1, atol=1e-5)
    again = spectral_embedding(graph, 3)
    np.testing.assert_array_equal(found, again)


def test_a_path_is_a_wave_and_a_ring_a_circle():
    """By their closed forms; the ends of a path, of degree 1, count for less by the root of 2."""
    path = spectral_embedding(of(nx.path_graph(9)), 1)[:, 0]
    wave = np.sqrt([1, 2, 2, 2, 2, 2, 2, 2, 1]) * np.cos(np.pi * np.arange(9) / 8)
    np.testing.assert_allclose(path, standardised(wave), atol=1e-5)
    for oracle in (nx.cycle_graph(12), nx.complete_graph(7)):
        circle = spectral_embedding(of(oracle), 2)
        num = len(circle)
        turn = 2 * np.pi * np.arange(num) / num
        np.testing.assert_allclose(circle[:, 0], np.sqrt(2) * np.cos(turn), atol=1e-5)
        np.testing.assert_allclose(np.abs(circle[:, 1]), np.sqrt(2) * np.abs(np.sin(turn)), atol=1e-5)


@pytest.mark.parametrize(
    "oracle", [nx.complete_graph(6), nx.hypercube_graph(3), nx.star_graph(5), nx.cycle_graph(7)]
)
def test_repeated_eigenvalues_give_eigenvectors_all_the_same(oracle):
    """Standardised, a vector of a regular graph is still one; a star's lies among the leaves."""
    graph = of(oracle)
    operator = laplacian(graph.adjacency, normed=True)
    z = spectral_embedding(graph, 3).astype(float)
    values = np.sort(np.linalg.eigvalsh(operator))[1:4]
    np.testing.assert_allclose(operator @ z, z * values, atol=1e-5)
    np.testing.assert_allclose(z.T @ z / len(z), np.eye(3), atol=1e-5)


@settings(max_examples=60)
@given(st.integers(1, 8), st.floats(0, 1), st.integers(0, 99), st.integers(1, 4))
def test_any_graph_gets_standard_coordinates(num, share, seed, dim):
    graph = random_graph(num, share, seed)
    z = spectral_embedding(graph, dim)
    assert z.shape == (num, dim) and np.isfinite(z).all()
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
    spread = z.std(axis=0)
    assert (np.isclose(spread, 1, atol=1e-5) | (spread == 0)).all()
    assert (spread[0] > 0) == (num > 1)


def test_parts_lie_side_by_side():
    two = of(nx.disjoint_union(nx.path_graph(5), nx.complete_graph(4)))
    lone = DomainGraph(
        tuple("abcdefghijk"), np.pad(two.adjacency, ((0, 2), (0, 2)))
    )  # and two domains without any edge
    z = spectral_embedding(lone, 2)
    part = lone.components()
    ends = [(z[part == p, 0].min(), z[part == p, 0].max()) for p in range(4)]
    gaps = [after[0] - before[1] for before, after in itertools.pairwise(ends)]
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-4)
    assert gaps[0] > 0
    widths = np.array([end - begin for begin, end in ends])
    np.testing.assert_allclose(widths, gaps[0] / 2 * np.array([4, 3, 0, 0]), atol=1e-5)
    own = spectral_embedding(two.subgraph(np.arange(5)), 2)
    assert abs(np.corrcoef(own[:, 0], z[:5, 0])[0, 1]) == pytest.approx(1, abs=1e-5)
    assert len(np.unique(np.round(spectral_embedding(of(nx.empty_graph(5)), 2)[:, 0], 4))) == 5


def bce(z, graph):
    i, j = np.triu_indices(len(z), 1)
    logits, target = (z[i] * z[j]).sum(axis=1), graph.adjacency[i, j]
    return np.mean(np.logaddexp(0, logits) - target * logits)


def test_products_tell_the_edges():
    ring = of(nx.circulant_graph(16, [1, 2, 3]))
    for seed in range(3):
        z = dot_product_embedding(ring, 2, seed).astype(float)
        assert np.linalg.norm(z, axis=1).max() <= 2 + 1e-6
        logits = z @ z.T
        i, j = np.triu_indices(16, 1)
        edge = ring.adjacency[i, j] > 0
        assert logits[i, j][edge].min() > logits[i, j][~edge].max()
        random = np.random.default_rng(seed).standard_normal((16, 2))
        assert bce(z, ring) < 0.5 * np.log(2) < bce(random, ring)


def test_the_bounded_loss_is_at_a_minimum():
    """No small move of any vector within the bound is better, as an independent gradient by differences shows."""
    graph = random_graph(7, 0.5, 3)
    z = dot_product_embedding(graph, 2, 1, steps=3000, learning_rate=0.02).astype(float)
    random = np.random.default_rng(0)
    best = bce(z, graph)
    for _ in range(300):
        moved = z + 0.02 * random.standard_normal(z.shape) * (random.random((7, 1)) < 0.4)
        moved *= np.minimum(1, 2 / np.linalg.norm(moved, axis=1))[:, None]
        assert bce(moved, graph) > best - 1e-4


def test_closer_domains_are_more_alike():
    graph = DomainGraph.from_edges("abc", [("a", "b", 0.9), ("b", "c", 0.4), ("a", "c", 0.05)])
    z = dot_product_embedding(graph, 2, 0, steps=2000).astype(float)
    chance = 1 / (1 + np.exp(-z @ z.T))
    np.testing.assert_allclose(chance[[0, 1, 0], [1, 2, 2]], [0.9, 0.4, 0.05], atol=0.05)


def test_seeds_and_single_domains():
    graph = random_graph(6, 0.5, 0)
    one, same, other = (dot_product_embedding(graph, 2, seed, steps=20) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert dot_product_embedding(of(nx.empty_graph(1)), 3, steps=5).shape == (1, 3)


def test_the_config_chooses():
    graph = random_graph(6, 0.9, 0)
    np.testing.assert_array_equal(embed_domains(graph), spectral_embedding(graph, 2))
    by_product = EmbeddingConfig(method="dot_product", dim=3, steps=10)
    np.testing.assert_array_equal(
        embed_domains(graph, by_product, 4), dot_product_embedding(graph, 3, 4, steps=10)
    )
    given_config = EmbeddingConfig(method="given", dim=1)
    table = np.arange(6.0)[:, None]
    assert embed_domains(graph, given_config, given=table).tolist() == table.tolist()
    wrong = [(given_config, bad) for bad in (None, table[:5], table * np.nan)]
    for config, vectors in [*wrong, (None, table)]:
        with pytest.raises(InvalidInputError):
            embed_domains(graph, config, given=vectors)
    with pytest.raises(ValidationError):
        EmbeddingConfig(dim=0)
