from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from graphrec.cold.relational_student import RelationalStudent, RelationalStudentConfig, ridge_regression
from graphrec.cold.virtual_neighbours import VirtualNeighbours
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR


def world(num_items=60, num_features=12, dim=5, seed=0):
    """Features, unit embeddings that are nearly a linear map of them, and the items that people chose."""
    rng = np.random.default_rng(seed)
    dense = rng.random((num_items, num_features)) * (rng.random((num_items, num_features)) < 0.4)
    dense[:, 0] += 0.1
    bank = dense @ rng.normal(size=(num_features, dim)) + 0.05 * rng.normal(size=(num_items, dim))
    bank /= np.linalg.norm(bank, axis=1, keepdims=True)
    rows, cols = np.nonzero(dense)
    features = CSR.from_coo(rows, cols, dense[rows, cols].astype(np.float32), dense.shape)
    return features, bank.astype(np.float32), np.arange(0, num_items, 2)


@pytest.mark.parametrize("penalty", [0.1, 5.0])
def test_regression_is_that_of_scikit_learn(penalty):
    features, bank, warm = world()
    found = ridge_regression(features, bank, warm, penalty, 100)
    oracle = Ridge(alpha=penalty, fit_intercept=False)
    oracle.fit(features.to_scipy()[warm].toarray().astype(np.float64), bank[warm].astype(np.float64))
    np.testing.assert_allclose(found, oracle.coef_.T, atol=1e-5)


def test_regression_of_nothing_is_zero():
    features, bank, warm = world()
    assert not ridge_regression(features, np.zeros_like(bank), warm, 1.0, 10).any()


def test_places_mix_the_prediction_with_its_virtual_neighbours():
    features, bank, warm = world()
    config = RelationalStudentConfig(ridge=1.0, k=3, temperature=0.2, share=0.3)
    student = RelationalStudent(bank, features, warm, config)
    predicted = features.to_scipy() @ student.weight
    predicted /= np.linalg.norm(predicted, axis=1, keepdims=True)
    np.testing.assert_allclose(student.embed(features), predicted, atol=1e-6)
    scores = predicted @ bank[warm].T
    for row in range(5):
        best = np.argsort(-scores[row])[:3]
        weights = np.exp(scores[row, best] / 0.2)
        attended = weights @ bank[warm][best]
        mixed = 0.7 * predicted[row] + 0.3 * attended / np.linalg.norm(attended)
        np.testing.assert_allclose(
            student.place(features)[row], mixed / np.linalg.norm(mixed), rtol=1e-4, atol=1e-5
        )
        assert student.neighbours(features).nodes[row].tolist() == warm[best].tolist()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_goes_from_prediction_to_neighbours(share):
    features, bank, warm = world()
    student = RelationalStudent(bank, features, warm, RelationalStudentConfig(k=4, share=share))
    attention = VirtualNeighbours(torch.from_numpy(bank), torch.from_numpy(warm), k=4, temperature=0.05)
    attended = attention(torch.from_numpy(student.embed(features))).numpy()
    attended /= np.linalg.norm(attended, axis=1, keepdims=True)
    expected = attended if share else student.embed(features)
    np.testing.assert_allclose(student.place(features), expected, atol=1e-5)


def test_items_that_nobody_chose_teach_nothing():
    features, bank, warm = world()
    spoiled = np.full_like(bank, np.nan)
    spoiled[warm] = bank[warm]
    clean, other = (RelationalStudent(b, features, warm).place(features) for b in (bank, spoiled))
    np.testing.assert_array_equal(clean, other)


def test_new_items_land_where_the_teacher_would_have_put_them():
    features, bank, warm = world(num_items=400)
    cold = np.setdiff1d(np.arange(400), warm)
    student = RelationalStudent(bank, features, warm, RelationalStudentConfig(ridge=0.1))
    new = CSR.from_scipy(features.to_scipy()[cold])
    cosine = (student.place(new) * bank[cold]).sum(axis=1)
    assert cosine.mean() > 0.9
    alone = student.place(CSR.from_scipy(features.to_scipy()[cold[:1]]))
    np.testing.assert_allclose(alone, student.place(new)[:1], atol=1e-6)


def test_an_item_without_features_is_nowhere():
    features, bank, warm = world()
    nothing = CSR(
        np.zeros(3, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32), (2, 12)
    )
    assert not RelationalStudent(bank, features, warm).place(nothing).any()


def test_what_does_not_fit_is_an_error():
    features, bank, warm = world()
    with pytest.raises(InvalidInputError, match="features of 60 items"):
        RelationalStudent(bank[:10], features, warm)
    with pytest.raises(InvalidInputError, match="No item"):
        RelationalStudent(bank, features, warm[:0])
    with pytest.raises(InvalidInputError, match="learned 12"):
        RelationalStudent(bank, features, warm).place(world(num_features=9)[0])
