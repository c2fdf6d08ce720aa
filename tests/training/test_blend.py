"""Joining a graph model with EASE by the validation data, and only by it."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.bundle import History, score_parts
from graphrec.evaluation import evaluate, random_split
from graphrec.models.ease import EASE, EASEConfig
from graphrec.models.popularity import Popularity
from graphrec.store.columns import Interactions
from graphrec.training.blend import Blend, BlendChoice, choose_blend, refit_side, validation_value
from graphrec.training.config import BlendConfig

METRIC = "recall@5+ndcg@5"
CONFIG = BlendConfig(ridges=(5.0, 50.0), weights=(0.0, 0.5, 2.0), top_weights=30)


@pytest.fixture(scope="module")
def split():
    """Two groups of users with a group of items each: EASE sees that, popularity does not."""
    rng = np.random.default_rng(0)
    chosen = rng.random((40, 30)) < np.where(np.arange(40)[:, None] % 2 == np.arange(30) % 2, 0.5, 0.05)
    users, items = np.nonzero(chosen)
    return random_split(Interactions.from_pairs(users, items, 40, 30), valid=0.2, test=0.2)


@pytest.fixture(scope="module")
def main(split):
    return Popularity().fit(split.train_data())


def scores_of(parts, split):
    train = split.train_data().train
    rows = [History(train.row(u).astype(np.int64), train.row_values(u)) for u in range(40)]
    return np.stack([score_parts(parts, u, rows[u]) for u in range(40)])


def test_the_best_join_on_the_validation_rows_is_chosen(split, main):
    blend, choice = choose_blend(main, split, CONFIG, METRIC)
    spread, tried = main.score(np.arange(40)).std(axis=1).mean(), {}
    for ridge in CONFIG.ridges:
        side = EASE(EASEConfig(ridge=ridge, top_weights=30)).fit(split.train_data())
        unit = spread / side.score(np.arange(40)).std(axis=1).mean()
        for relative in CONFIG.weights:
            found = evaluate(Blend(main, side, relative * unit), split, on="valid", ks=(5,), slices=False)
            tried[ridge if relative else None, relative] = (
                found["recall@5"] + found["ndcg@5"],
                relative * unit,
            )
    assert validation_value(blend, split, METRIC) == pytest.approx(max(value for value, _ in tried.values()))
    value, weight = tried[choice.ridge, choice.relative]
    assert value == pytest.approx(max(value for value, _ in tried.values()))
    assert choice.weight == pytest.approx(weight, rel=1e-4)
    assert choice.relative > 0
    assert value > tried[None, 0.0][0] + 0.1


def test_a_blend_scores_as_the_sum_of_its_parts(split, main):
    blend, choice = choose_blend(main, split, CONFIG, METRIC)
    found = blend.score(np.arange(40))
    np.testing.assert_allclose(
        found, main.score(np.arange(40)) + choice.weight * blend.side.score(np.arange(40))
    )
    np.testing.assert_allclose(scores_of(blend.parts(), split), found, rtol=1e-4, atol=1e-3)
    assert len(blend.parts()) == 2


class Oracle(Popularity):
    """Knows the validation rows: nothing can be gained beside it."""

    def score(self, users):
        return super().score(users) + 100 * self.truth[users]


def test_a_side_that_does_not_help_is_left_out(split):
    oracle = Oracle().fit(split.train_data())
    oracle.truth = split.train_data().valid.to_scipy().toarray()
    blend, choice = choose_blend(oracle, split, CONFIG, METRIC)
    assert choice == BlendChoice(None, 0.0, 0.0)
    assert len(blend.parts()) == 1
    np.testing.assert_array_equal(blend.score(np.arange(3)), oracle.score(np.arange(3)))
    assert refit_side(choice, oracle, split.train_data(), CONFIG).side is None


def test_the_refit_side_learns_from_all_rows_with_the_chosen_ridge_and_weight(split, main):
    choice, data = BlendChoice(50.0, 0.5, 3.0), split.train_data(include_valid=True)
    found = refit_side(choice, main, data, CONFIG).score(np.arange(40))
    side = EASE(EASEConfig(ridge=50.0, top_weights=30)).fit(data).score(np.arange(40))
    np.testing.assert_allclose(found, main.score(np.arange(40)) + 3.0 * side, rtol=1e-5)
