from __future__ import annotations

import json
import math
import zipfile
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.feature_extraction.text import TfidfTransformer

from graphrec.adapt.graph_profiles import (
    ingredient_profiles,
    mean_profiles,
    profile_cosines,
    similarity_graph,
    word_counts,
)
from graphrec.errors import InvalidInputError
from tests.conftest import require_data


def random_profiles(seed, num=9, dim=4):
    return np.random.default_rng(seed).standard_normal((num, dim))


@given(st.integers(0, 500), st.integers(1, 12), st.integers(1, 6), st.booleans(), st.booleans())
def test_edges_are_those_of_a_plain_search(seed, num, neighbours, mutual, weighted):
    profiles = random_profiles(seed, num)
    graph = similarity_graph(
        [str(n) for n in range(num)], profiles, neighbours, mutual=mutual, weighted=weighted, connect=False
    )
    cosine = 1 - cdist(profiles, profiles, "cosine")
    nearest = [
        set(sorted((j for j in range(num) if j != i), key=lambda j: -cosine[i, j])[:neighbours])
        for i in range(num)
    ]
    for i in range(num):
        for j in set(range(num)) - {i}:
            votes = (j in nearest[i]) + (i in nearest[j])
            joined = votes >= (2 if mutual else 1) and cosine[i, j] > 0
            expected = (max(cosine[i, j], 0.01) if weighted else 1) if joined else 0
            assert graph.adjacency[i, j] == pytest.approx(expected)


@given(st.integers(0, 500), st.integers(2, 12), st.booleans())
def test_bridges_are_the_most_alike_pairs(seed, num, weighted):
    """What joins the parts is a heaviest spanning tree over them, which networkx finds its own way."""
    profiles = random_profiles(seed, num)
    names = [str(n) for n in range(num)]
    apart = similarity_graph(names, profiles, 1, mutual=True, connect=False)
    whole = similarity_graph(names, profiles, 1, mutual=True, weighted=weighted)
    assert not whole.components().any()
    added = (whole.adjacency > 0) & (apart.adjacency == 0)
    cosine = profile_cosines(profiles)
    part = apart.components()
    between = nx.Graph()
    for i, j in zip(*np.triu_indices(num, 1), strict=True):
        one, other = part[i], part[j]
        best = between.get_edge_data(one, other, {"weight": -2})["weight"]
        if one != other and cosine[i, j] > best:
            between.add_edge(one, other, weight=cosine[i, j])
    tree = nx.maximum_spanning_tree(between)
    found = sorted(cosine[np.triu(added)])
    np.testing.assert_allclose(found, sorted(w for _, _, w in tree.edges(data="weight")))
    assert (whole.adjacency[added] > 0).all() and ((apart.adjacency > 0) <= (whole.adjacency > 0)).all()


def test_what_fits_no_graph_is_said():
    profiles = random_profiles(0, 3)
    with pytest.raises(InvalidInputError, match="2 domains need as many profiles, not 3"):
        similarity_graph(["a", "b"], profiles)
    with pytest.raises(InvalidInputError, match="1 or more"):
        similarity_graph(["a", "b", "c"], profiles, 0)
    for bad in (np.full((3, 2), np.nan), np.zeros(3)):
        with pytest.raises(InvalidInputError, match="finite"):
            similarity_graph(["a", "b", "c"], bad)
    alone = similarity_graph(["a", "b"], np.zeros((2, 3)), connect=False)
    assert alone.num_edges == 0


RECIPES = [["salt", "soy", "soy"], ["soy"], ["salt", "corn"], ["corn", "lime"], ["mint"], []]
KITCHENS = np.array([0, 0, 1, 1, -1, 1])


def test_words_are_counted_once_a_row():
    counts, words = word_counts(KITCHENS, RECIPES, 3)
    assert words == ("corn", "lime", "salt", "soy")
    expected = [Counter(), Counter(), Counter()]
    for kitchen, recipe in zip(KITCHENS, RECIPES, strict=True):
        if kitchen >= 0:
            expected[kitchen].update(set(recipe))
    assert counts.tolist() == [[of[word] for word in words] for of in expected]
    with pytest.raises(InvalidInputError, match="as many domains"):
        word_counts(KITCHENS[:2], RECIPES, 3)
    with pytest.raises(InvalidInputError, match="beyond 0"):
        word_counts(KITCHENS, RECIPES, 1)


def test_log_odds_by_hand():
    counts = np.array([[6.0, 2, 0], [1, 1, 0], [0, 0, 0]])
    found = ingredient_profiles(counts, prior=4.0)
    # the domains' own words against the prior: 8 of 12, 2 of 6
    typical = np.average([[6 / 8, 2 / 8], [1 / 2, 1 / 2]], axis=0, weights=[8 / 12, 2 / 6])
    raw = [
        [math.sqrt(p) * math.log(((n + 4 * p) / (total + 4)) / p) for n, p in zip(row, typical, strict=True)]
        for row, total in (([6, 2], 8), ([1, 1], 2))
    ]
    middle = (2 * np.array(raw[0]) + np.array(raw[1])) / 3
    np.testing.assert_allclose(found[:2, :2], raw - middle)
    assert not found[2].any() and not found[:, 2].any()
    np.testing.assert_allclose(ingredient_profiles(sparse.csr_matrix(counts), prior=4.0), found)


def test_tfidf_is_sklearns():
    counts = np.random.default_rng(2).poisson(1.0, (5, 12)).astype(float) + np.eye(5, 12)
    counts[:, 3] = [0, 0, 4, 0, 0]
    oracle = TfidfTransformer(norm=None, smooth_idf=True).fit(counts)
    expected = oracle.transform(counts / counts.sum(axis=1, keepdims=True)).toarray()
    np.testing.assert_allclose(ingredient_profiles(counts, "tfidf"), expected - expected.mean(axis=0))


def test_small_domains_stand_near_the_middle_and_size_does_not_matter():
    counts = np.array([[360.0, 140, 100], [240, 260, 100], [3, 0, 0]])
    log_odds = ingredient_profiles(counts)
    plain = ingredient_profiles(counts, "tfidf")
    assert np.linalg.norm(log_odds[2]) < 0.5 * np.linalg.norm(log_odds[0])
    assert np.linalg.norm(plain[2]) > np.linalg.norm(plain[0])
    larger = ingredient_profiles(counts * [[50], [1], [1]])
    assert profile_cosines(larger)[0, 1] < -0.5 and profile_cosines(log_odds)[0, 1] < -0.5


@pytest.mark.parametrize("counts", [np.array([[-1.0, 2]]), np.array([[np.inf, 1]]), np.ones(3)])
def test_what_is_no_count_is_said(counts):
    with pytest.raises(InvalidInputError, match="Counts"):
        ingredient_profiles(counts)
    with pytest.raises(InvalidInputError, match="positive"):
        ingredient_profiles(np.ones((2, 2)), prior=0)
    with pytest.raises(InvalidInputError, match="'shares'"):
        ingredient_profiles(np.ones((2, 2)), "shares")


def test_no_words_no_profile():
    for weighting in ("log_odds", "tfidf"):
        assert ingredient_profiles(np.zeros((3, 2)), weighting).tolist() == [[0, 0]] * 3
        assert ingredient_profiles(np.zeros((3, 0)), weighting).shape == (3, 0)


def test_means_of_inputs():
    random = np.random.default_rng(0)
    x, domain = random.standard_normal((30, 3)).astype(np.float32), random.integers(-1, 3, 30)
    found = mean_profiles(x, domain, 4)
    means = np.stack([x[domain == d].astype(float).mean(axis=0) for d in range(3)])
    np.testing.assert_allclose(found[:3], means - means.mean(axis=0), atol=1e-12)
    assert not found[3].any()


def test_planted_kinds_of_kitchens_are_found():
    random = np.random.default_rng(5)
    base = random.dirichlet(np.ones(40), size=3)
    kinds = np.repeat(range(3), 4)
    counts = np.stack(
        [random.multinomial(400, 0.7 * base[k] + 0.3 * random.dirichlet(np.ones(40))) for k in kinds]
    )
    for weighting in ("log_odds", "tfidf"):
        graph = similarity_graph(
            [str(n) for n in range(12)], ingredient_profiles(counts, weighting), 3, connect=False
        )
        assert (graph.components() == kinds).all(), weighting


def test_the_real_cuisines():
    """A cook's knowledge: who stands beside whom among the 20 cuisines."""
    archive = zipfile.ZipFile(require_data("recipes/whats_cooking_train.json.zip"))
    recipes = json.loads(archive.read("train.json"))
    names = sorted({recipe["cuisine"] for recipe in recipes})
    domain = np.array([names.index(recipe["cuisine"]) for recipe in recipes])
    counts, words = word_counts(domain, [recipe["ingredients"] for recipe in recipes], len(names))
    assert counts.shape == (20, len(words)) == (20, 6714)
    graph = similarity_graph(names, ingredient_profiles(counts), 3)
    assert not graph.components().any()
    near = "chinese japanese, thai vietnamese, british irish, greek italian, mexican spanish"
    for one, other in (pair.split() for pair in near.split(", ")):
        assert graph.adjacency[graph.index(one), graph.index(other)] == 1
    hops = graph.hops(graph.indices(["chinese"]))
    assert hops[graph.index("korean")] == 1 and hops[graph.index("french")] > 2
