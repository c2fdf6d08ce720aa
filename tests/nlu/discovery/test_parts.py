"""The parts of discovery against brute force, scikit-learn and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.nlu.discovery import Known
from graphrec.nlu.discovery.communities import UtteranceGraph, adjusted_rand, silhouette
from graphrec.nlu.discovery.known import centroids, unit
from graphrec.nlu.discovery.linking import affinity, company
from graphrec.nlu.discovery.naming import key_terms, medoid, unique_names
from graphrec.nlu.discovery.neighbours import Neighbours
from graphrec.nlu.discovery.novelty import judge


@given(st.integers(0, 1000), st.integers(2, 60), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_neighbours_are_the_nearest(seed: int, count: int, k: int) -> None:
    vectors = unit(np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32))
    found = Neighbours.of(vectors, k)
    assert found.index.shape == (count, min(k, count - 1))
    for row in range(count):
        cosines = sorted((float(vectors[row] @ vectors[o]), o) for o in range(count) if o != row)[::-1]
        np.testing.assert_allclose(found.cosine[row], [c for c, _ in cosines[:k]], atol=1e-5)
        assert row not in found.index[row]


def test_neighbours_over_several_blocks() -> None:
    vectors = unit(np.random.default_rng(3).normal(size=(2100, 8)).astype(np.float32))
    found = Neighbours.of(vectors, 4)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    for row in (0, 1023, 1024, 2047, 2048, 2099):
        assert set(found.index[row]) == set(np.argsort(-cosines[row])[:4])


def test_one_utterance_has_no_neighbour() -> None:
    alone = Neighbours.of(np.ones((1, 3), dtype=np.float32), 5)
    assert alone.index.shape == (1, 0)
    assert alone.spread(np.array([2.0])).tolist() == [2.0]


def test_scores_spread_by_hand() -> None:
    line = Neighbours(np.array([[1], [0], [1]]), np.ones((3, 1), dtype=np.float32))
    # One round, half kept: each score meets its one neighbour's.
    assert line.spread(np.array([4.0, 0.0, 2.0]), keep=0.5, rounds=1).tolist() == [2.0, 2.0, 1.0]
    assert line.spread(np.array([4.0, 0.0, 2.0]), keep=0.5, rounds=2).tolist() == [2.0, 2.0, 1.5]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=60))
def test_adjusted_rand_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    one, other = (np.array(side) for side in zip(*pairs, strict=True))
    assert adjusted_rand(one, other) == pytest.approx(metrics.adjusted_rand_score(one, other))


@given(st.integers(0, 200), st.integers(4, 40), st.integers(2, 6))
@settings(deadline=None, max_examples=40)
def test_silhouette_is_scikit_learns(seed: int, count: int, groups: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    vectors, labels = unit(rng.normal(size=(count, 4))), rng.integers(0, groups, count)
    if 2 <= len(np.unique(labels)) < count:
        expected = metrics.silhouette_score(vectors, labels, metric="cosine")
        assert silhouette(vectors, labels) == pytest.approx(expected, abs=1e-5)


def test_one_group_has_no_silhouette() -> None:
    assert silhouette(np.eye(3), np.zeros(3, dtype=np.int64)) == 0.0


def test_communities_part_two_cliques() -> None:
    pytest.importorskip("igraph")
    left, right = np.eye(8)[:1].repeat(6, axis=0), np.eye(8)[1:2].repeat(6, axis=0)
    noise = 0.05 * np.random.default_rng(0).normal(size=(12, 8))
    vectors = unit((np.concatenate((left, right)) + noise).astype(np.float32))
    found = UtteranceGraph(Neighbours.of(vectors, 4)).communities(1.0)
    assert adjusted_rand(found, np.repeat([0, 1], 6)) == 1.0


def test_edge_weights_count_mutual_neighbours_twice() -> None:
    pytest.importorskip("igraph")
    # 0 and 1 are each other's nearest; 2's nearest is 1, which does not answer.
    neighbours = Neighbours(np.array([[1], [0], [1]]), np.array([[0.9], [0.9], [0.5]], dtype=np.float32))
    graph = UtteranceGraph(neighbours)
    assert sorted(graph._weights) == pytest.approx([0.5, 1.8])


def test_communities_do_not_disturb_the_programs_random_numbers() -> None:
    pytest.importorskip("igraph")
    import random

    graph = UtteranceGraph(Neighbours.of(unit(np.random.default_rng(0).normal(size=(30, 4)).astype("f4")), 3))
    random.seed(5)
    expected = random.random()
    random.seed(5)
    first = graph.communities(1.0, seed=1)
    assert random.random() == expected
    assert np.array_equal(first, graph.communities(1.0, seed=1))


def test_affinity_is_the_mean_of_the_three_nearest_intents() -> None:
    known = Known(
        np.eye(4, dtype=np.float32), np.arange(4), tuple("abcd"), np.array([0, 0, 0, 1]), ("first", "second")
    )
    point = unit(np.array([[3.0, 2.0, 1.0, 0.5]], dtype=np.float32))
    cosines = (point @ known.centroids.T)[0]
    expected = [cosines[:3].mean(), cosines[3]]
    np.testing.assert_allclose(affinity(point, known)[0], expected, atol=1e-6)
    without_second = affinity(point, known, np.array([True, True, True, False]))
    assert without_second[0, 1] == -1.0


def test_company_leaves_oneself_out() -> None:
    assert company(np.eye(3)[:1]).tolist() == [0.0]
    assert company(np.array([[1.0, 0.0], [0.0, 1.0]])).tolist() == [0.0, 0.0]
    assert company(np.array([[1.0, 0.0], [1.0, 0.0]])).tolist() == [1.0, 1.0]


def test_new_utterances_stand_out_together() -> None:
    """Scores that say nothing apart from their neighbours: each new one alone is below the threshold of known ones."""
    rng = np.random.default_rng(0)
    known = unit(np.eye(6)[rng.integers(0, 3, 300)] + 0.1 * rng.normal(size=(300, 6))).astype(np.float32)
    new = unit(np.eye(6)[np.full(40, 4)] + 0.1 * rng.normal(size=(40, 6))).astype(np.float32)
    scores, known_scores = rng.normal(1.2, 1.0, 40), rng.normal(0.0, 1.0, 300)
    alone = (scores > np.quantile(known_scores, 0.95)).mean()
    together = judge(new, scores, known, known_scores).novel.mean()
    assert alone < 0.6
    assert together > 0.95


def test_judging_needs_known_utterances() -> None:
    nothing = np.zeros((0, 3), dtype=np.float32)
    with pytest.raises(InvalidInputError, match="give some of every intent"):
        judge(np.ones((2, 3), dtype=np.float32), np.zeros(2), nothing, np.zeros(0))
    with pytest.raises(InvalidInputError, match="between 0 and 1"):
        judge(nothing, np.zeros(0), np.ones((2, 3), dtype=np.float32), np.zeros(2), false_rejection=1.5)


def test_terms_set_groups_apart() -> None:
    terms = key_terms([["play some jazz", "play jazz now"], ["play the news", "read the news", "news"]], 1)
    assert terms == [("jazz",), ("news",)]


def test_medoid_and_centroids_by_hand() -> None:
    vectors = unit(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], dtype=np.float32))
    assert medoid(vectors) == 1
    np.testing.assert_allclose(centroids(vectors, np.zeros(3, dtype=np.int64), 2)[1], [0.0, 0.0])


def test_names_are_unique_and_new() -> None:
    assert unique_names([("a", "b"), ("a", "b"), (), ("c",)], ["c"]) == ["a_b", "a_b_2", "unnamed", "c_2"]


def test_every_intent_needs_a_domain() -> None:
    with pytest.raises(InvalidInputError, match="'a' has no domain"):
        Known.of(np.ones((1, 2), dtype=np.float32), ["a"], {})
