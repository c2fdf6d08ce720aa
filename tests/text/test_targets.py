"""Label matrices and their coarser forms against hand-made graphs, networkx and dense products."""

from __future__ import annotations

import tracemalloc

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.text.label_tree import LabelTree, LabelTreeConfig, build_label_tree
from graphrec.text.targets import multi_resolution, neighbourhood

EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=60)


def edge_index(pairs: list[tuple[int, int]]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2).T


def test_edges_go_both_ways_once_and_never_to_oneself() -> None:
    found = neighbourhood(edge_index([(0, 1), (1, 0), (0, 1), (2, 2), (2, 3)]), 5)
    assert found.instances.tolist() == [0, 1, 2, 3]  # 4 has no edge, and 2's loop is none
    assert found.labels.toarray().tolist() == [
        [0, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0],
    ]


def test_a_hub_at_the_end_is_no_instance_but_stays_a_label() -> None:
    """The released pipeline fails when the last node is dropped for its degree."""
    star = edge_index([(i, 5) for i in range(5)])
    found = neighbourhood(star, 6, max_degree=5)
    assert found.instances.tolist() == [0, 1, 2, 3, 4]
    assert found.labels.toarray()[:, 5].tolist() == [1] * 5
    assert neighbourhood(star, 6, max_degree=6).instances.tolist() == [0, 1, 2, 3, 4, 5]


def test_isolated_nodes_are_instances_only_on_request() -> None:
    found = neighbourhood(edge_index([(0, 2)]), 4, min_degree=0)
    assert found.instances.tolist() == [0, 1, 2, 3]
    assert found.labels.sum(axis=1).ravel().tolist() == [[1, 0, 1, 0]]


@given(EDGES, st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_labels_are_the_graph_that_networkx_builds(pairs: list[tuple[int, int]], max_degree: int) -> None:
    graph = nx.Graph(pair for pair in pairs if pair[0] != pair[1])
    graph.add_nodes_from(range(12))
    kept = [node for node in range(12) if 1 <= graph.degree(node) < max_degree]
    if not kept:
        with pytest.raises(InvalidInputError, match="fewer than"):
            neighbourhood(edge_index(pairs), 12, max_degree)
        return
    found = neighbourhood(edge_index(pairs), 12, max_degree)
    assert found.instances.tolist() == kept
    assert (found.labels.toarray() == nx.to_numpy_array(graph, nodelist=range(12))[kept]).all()
    assert found.labels.dtype == np.float32 and found.labels.has_sorted_indices


@given(EDGES, st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_every_level_counts_the_neighbours_in_each_cluster(pairs: list[tuple[int, int]], seed: int) -> None:
    """Row sums are equal on all levels; each level is the dense product of the finer one with its matrix."""
    if all(source == target for source, target in pairs):
        return
    labels = neighbourhood(edge_index(pairs), 12).labels
    z = np.random.default_rng(seed).standard_normal((12, 5)).astype(np.float32)
    tree = build_label_tree(z, LabelTreeConfig(max_leaf_size=2, min_codes=2, nr_splits=2, seed=seed % 97))
    levels = multi_resolution(labels, tree)
    assert [level.shape[1] for level in levels] == [2, 4, 8, 12]
    for level in levels:
        assert (level.sum(axis=1) == labels.sum(axis=1)).all()
    for t in range(len(levels) - 1):
        wanted = levels[t + 1].toarray() @ tree.chain[t + 1].toarray()
        assert (levels[t].toarray() == wanted).all()


def test_only_the_levels_asked_for_are_formed_and_are_the_same() -> None:
    generator = np.random.default_rng(3)
    labels = neighbourhood(generator.integers(0, 60, size=(2, 300)), 60).labels
    tree = build_label_tree(
        generator.standard_normal((60, 4)).astype(np.float32),
        LabelTreeConfig(max_leaf_size=4, min_codes=4, nr_splits=2),
    )
    every, coarse = multi_resolution(labels, tree), multi_resolution(labels, tree, max_codes=8)
    assert [level.shape[1] for level in every] == [4, 8, 16, 60]
    assert [level.shape[1] for level in coarse] == [4, 8]
    assert all((a != b).nnz == 0 for a, b in zip(every, coarse, strict=False))
    assert max(coarse[0].data) > 1  # counts, not ones


def test_memory_is_what_is_stated() -> None:
    edges = np.random.default_rng(0).integers(0, 2_000, size=(2, 40_000))
    neighbourhood(edges[:, :10], 2_000)  # what is loaded once does not count
    tracemalloc.start()
    found = neighbourhood(edges, 2_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 45 * edges.shape[1]
    assert np.array_equal(found.labels.indices, neighbourhood(edges.astype(np.uint64), 2_000).labels.indices)


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        (np.array([[0], [7]]), "the graph has 3 nodes"),
        (np.array([[-1], [1]]), "the graph has 3 nodes"),
        (np.array([0, 1]), "shape \\[2, num_edges\\]"),
        (np.array([[0.0], [1.0]]), "integers"),
        (np.zeros((2, 0), dtype=np.int64), "needs edges"),
    ],
)
def test_edges_that_cannot_be_are_refused(edges: np.ndarray, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        neighbourhood(edges, 3)


def test_a_tree_over_other_labels_is_refused() -> None:
    tree = LabelTree((sp.csr_matrix(np.ones((3, 1), dtype=np.float32)),))
    with pytest.raises(InvalidInputError, match="4 columns, but the tree 3 labels"):
        multi_resolution(sp.csr_matrix(np.eye(4, dtype=np.float32)), tree)
