"""What words say without having seen a domain, against a regression solved the plain way; and the check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.item_scorer import ItemValues
from graphrec.adapt.item_space import ItemSpace
from graphrec.training.cold_domain_check import Rehearsed, bias_of, choose_share
from graphrec.training.cold_domain_view import DomainItems, domain_folds, view

ITEMS, USERS, WORDS, KEYS = 40, 25, 12, 6
GRAPH = DomainGraph.clique(("a", "b", "c", "d"))


def items(seed: int = 0) -> tuple[DomainItems, sp.csr_matrix]:
    """Four domains of nine dishes and four dishes of none; nobody chose from the last domain."""
    generator = np.random.default_rng(seed)
    bags = sp.random(ITEMS, WORDS, 0.4, random_state=seed, dtype=np.float32, format="csr")
    domain = np.concatenate([np.repeat(np.arange(4), 9), np.full(4, -1)])
    chosen = (generator.random((USERS, ITEMS)) < 0.3).astype(np.float32)
    chosen[:, (domain == 3) | (np.arange(ITEMS) % 10 == 4)] = 0
    keys = generator.standard_normal((ITEMS, KEYS)).astype(np.float32)
    found = DomainItems(bags, domain, GRAPH, keys, [], own=1.0, ridge=2.0, dim=3, folds=3)
    return found, sp.csr_matrix(chosen)


def solved(bags: np.ndarray, kept: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    gram = bags[kept].T @ bags[kept] + 2.0 * np.eye(WORDS)
    return np.asarray(bags @ np.linalg.solve(gram, bags[kept].T @ wanted[kept]))


def test_every_domain_is_described_by_words_learned_elsewhere() -> None:
    made, choices = items()
    seen = view(made, choices, np.arange(3))
    bags, counts = made.bags.toarray().astype(np.float64), np.asarray(choices.sum(axis=0)).ravel()
    pooled = choices.toarray() @ made.keys
    left = np.linalg.svd(pooled, full_matrices=False)[0]
    signs = np.sign((left * seen.space.users).sum(axis=0))  # a direction may point either way
    np.testing.assert_allclose(seen.space.users, left * signs, atol=1e-3)
    known = counts > 0
    logs = np.log1p(counts) - np.log1p(counts[known]).mean()
    wanted = np.concatenate([choices.T @ (left * signs), logs[:, None]], axis=1)
    np.testing.assert_allclose(seen.wanted[known], wanted[known], atol=1e-3)
    everybody = solved(bags, known, wanted)
    np.testing.assert_allclose(seen.student.values, everybody[:, :-1], atol=1e-3)
    np.testing.assert_allclose(seen.student.popularity, everybody[:, -1], atol=1e-3)
    kept = [0, 1, 2, KEYS]
    for number in range(3):
        own = made.domain == number
        without = solved(bags, known & ~own, wanted)
        np.testing.assert_allclose(seen.task.content[own], without[own][:, kept], atol=1e-3)
        np.testing.assert_allclose(
            seen.task.errors[own & known], (wanted - without)[own & known][:, kept], atol=1e-3
        )
    cold = made.domain == 3
    np.testing.assert_allclose(seen.task.content[cold], everybody[cold][:, kept], atol=1e-3)
    assert np.isnan(seen.task.errors[~known]).all()


def test_several_domains_share_a_fold_and_a_single_one_is_cut() -> None:
    domain = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, -1])
    folds = domain_folds(domain, np.array([0, 1, 2, 4]), 2, seed=0)
    assert (folds[[6, 7, 9]] == -1).all()
    assert all(folds[domain == number].min() == folds[domain == number].max() for number in (0, 1, 2))
    assert sorted(np.bincount(folds[[0, 2, 4, 8]]).tolist()) == [2, 2]
    single = domain_folds(np.zeros(10, np.int64), np.array([0]), 2, seed=0)
    assert np.bincount(single).tolist() == [5, 5]


def rehearsed(direction: float) -> Rehearsed:
    """Two tastes; the words know nothing, the correction knows which half of 60 dishes each taste wants."""
    users = np.repeat(np.eye(2, dtype=np.float32), 20, axis=0)
    space = ItemSpace(users, np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    half = np.arange(60) % 2
    truth = np.stack([1.0 - half, half], axis=1).astype(np.float32)
    wanted = sp.csr_matrix((users @ truth.T) * (np.random.default_rng(0).random((40, 60)) < 0.3))
    noise = np.random.default_rng(1).standard_normal((60, 2)).astype(np.float32)
    none = np.zeros(60, np.float32)
    return Rehearsed(
        space,
        ItemValues(noise, none),
        ItemValues(direction * 5 * truth, none),
        wanted,
        np.repeat(np.arange(3), 20),
        0.0,
    )


def test_the_check_takes_what_helps_and_leaves_what_hurts() -> None:
    helps, hurts, nothing = (choose_share([rehearsed(direction)]) for direction in (1.0, -1.0, 0.0))
    assert helps[0] > 0
    assert helps[1][helps[0]] > helps[1][0.0]
    assert (hurts[0], nothing[0]) == (0.0, 0.0)
    assert hurts[1][1.0] < hurts[1][0.0] == nothing[1][1.0]


def test_quality_is_recall_and_ndcg_within_each_domain() -> None:
    space = ItemSpace(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    values = np.zeros((60, 2), np.float32)
    values[:, 0] = -np.arange(60)  # the first user ranks the dishes in their order
    words = ItemValues(values, np.zeros(60, np.float32))
    wanted = sp.lil_matrix((2, 60))
    wanted[0, [1, 25, 30]] = 1
    domain = np.repeat([4, 7], 30)
    alike = Rehearsed(space, words, ItemValues(values * 0, words.popularity), wanted.tocsr(), domain, 0.0)
    gain = (1 / np.log2(3)) / (1 + 1 / np.log2(3))  # one of two, in second place
    # the second domain's only choice leads its own list, though thirty dishes of the first stand above it
    assert alike.quality(0.0) == pytest.approx([0.5 + gain, 2.0])


def test_a_gain_that_one_domain_alone_shows_is_not_believed() -> None:
    one = rehearsed(1.0)
    shown = np.where(one.domain[:, None] == 0, one.correction.values, 0)
    assert choose_share([one])[0] > 0
    partly = replace(one, correction=ItemValues(shown, one.correction.popularity))
    assert choose_share([partly])[0] == 0.0


def test_popularity_adds_nothing_on_average() -> None:
    scores = np.array([[0.0, 2.0], [0.0, 4.0]], np.float32)  # spreads 1 and 2
    np.testing.assert_allclose(bias_of(0.5, scores, np.array([5.0, 7.0])), [-0.75, 0.75])
    np.testing.assert_array_equal(bias_of(0.5, scores, np.array([5.0, 5.0])), [0, 0])
