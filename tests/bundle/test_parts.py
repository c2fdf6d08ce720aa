from __future__ import annotations

import numpy as np
import pytest

from graphrec.bundle import History, ItemItemPart, VectorPart, score_parts
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR


def random_part(seed: int, items: int = 40) -> tuple[VectorPart, ItemItemPart, np.ndarray]:
    rng = np.random.default_rng(seed)
    vectors = VectorPart(
        rng.normal(size=(6, 4)).astype(np.float32), rng.normal(size=(items, 4)).astype(np.float32),
        rng.normal(size=items).astype(np.float32), weight=0.25,
    )  # fmt: skip
    dense = (rng.normal(size=(items, items)) * (rng.random((items, items)) < 0.2)).astype(np.float32)
    rows, cols = np.nonzero(dense)
    return vectors, ItemItemPart(CSR.from_coo(rows, cols, dense[rows, cols], (items, items)), 3.0), dense


HISTORY = History(np.array([3, 8, 30]), np.array([1.0, 0.5, 0.2], dtype=np.float32))


def test_the_sum_of_parts_is_the_dense_formula():
    vectors, item_item, dense = random_part(0)
    expected = 0.25 * (vectors.items @ vectors.users[2] + vectors.item_bias)
    expected = expected + 3.0 * (HISTORY.weights @ dense[HISTORY.items])
    np.testing.assert_allclose(score_parts([vectors, item_item], 2, HISTORY), expected, rtol=1e-5)


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_scoring_candidates_is_scoring_all_and_choosing(share):
    parts = random_part(1)[:2]
    chosen = np.sort(np.random.default_rng(2).permutation(40)[: int(40 * share)])
    everything = score_parts(parts, 1, HISTORY)
    np.testing.assert_allclose(score_parts(parts, 1, HISTORY, chosen), everything[chosen], rtol=1e-5)
    assert score_parts(parts, 1, HISTORY, chosen).dtype == np.float32


def test_binary_item_item_ignores_strength():
    _, item_item, dense = random_part(3)
    binary = ItemItemPart(item_item.weights, binary=True)
    np.testing.assert_allclose(binary.score(None, HISTORY), dense[HISTORY.items].sum(axis=0), rtol=1e-4)


def test_popularity_is_a_vector_part_without_dimensions():
    bias = np.array([3.0, 1.0, 2.0], dtype=np.float32)
    part = VectorPart(np.zeros((2, 0), np.float32), np.zeros((3, 0), np.float32), bias)
    np.testing.assert_array_equal(part.score(1, History()), bias)
    np.testing.assert_array_equal(part.score(None, HISTORY.without(np.arange(3))), bias)


def test_a_folded_in_user_points_to_the_weighted_mean_with_a_usual_length():
    vectors = random_part(4)[0]
    folded = vectors.user_vector(None, HISTORY)
    mean = HISTORY.weights @ vectors.items[HISTORY.items]
    assert folded @ mean / np.linalg.norm(folded) / np.linalg.norm(mean) == pytest.approx(1.0, abs=1e-6)
    assert np.linalg.norm(folded) == pytest.approx(np.linalg.norm(vectors.users, axis=1).mean(), rel=1e-5)
    assert not vectors.user_vector(None, History()).any()


@pytest.mark.parametrize("length", [1, 3, 4, 5, 25])
def test_removing_from_a_trained_user_takes_away_its_share_of_the_regression(length):
    vectors = random_part(5)[0]
    history = History(np.arange(length), np.ones(length, dtype=np.float32))
    rows = vectors.items[history.items].astype(np.float64)
    ridge = 0.1 * np.trace(rows @ rows.T) / length
    augmented = np.vstack([rows.T, np.sqrt(ridge) * np.eye(length)])
    for user in (0, 1, 0):
        target = np.concatenate([vectors.users[user], np.zeros(length)])
        shares = np.linalg.lstsq(augmented, target, rcond=None)[0]
        for entry in (0, length - 1):
            got = vectors.user_vector(user, history, removed=np.array([entry]))
            np.testing.assert_allclose(got, vectors.users[user] - shares[entry] * rows[entry], atol=1e-4)


@pytest.mark.parametrize("user", [0, None])
def test_contributions_are_what_removal_takes_away(user):
    vectors, item_item, _ = random_part(6)
    chosen = np.array([0, 5, 8, 39])
    parts = [item_item] if user is None else [vectors, item_item]
    for part in parts:
        contributions = part.contributions(user, HISTORY, chosen)
        for entry in range(3):
            drop = part.score(user, HISTORY, chosen) - part.score(user, HISTORY, chosen, np.array([entry]))
            np.testing.assert_allclose(contributions[entry], drop, atol=1e-4)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInputError, match="one d"):
        VectorPart(np.zeros((2, 3), np.float32), np.zeros((4, 2), np.float32))
    with pytest.raises(InvalidInputError, match="item bias"):
        VectorPart(np.zeros((2, 3), np.float32), np.zeros((4, 3), np.float32), np.zeros(3, np.float32))
    with pytest.raises(InvalidInputError, match="square"):
        ItemItemPart(CSR.from_coo(np.array([0]), np.array([1]), None, (2, 3)))
    with pytest.raises(InvalidInputError, match="at least one part"):
        score_parts([], 0, History())
