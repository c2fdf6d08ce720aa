"""Baselines on real files against figures measured with other code: loader, mask, model, metrics."""

from __future__ import annotations

import pytest

from graphrec.datasets import load_atomic, load_kgat, load_recipe_interactions
from graphrec.evaluation import evaluate, random_split
from graphrec.models.registry import create_model
from tests.conftest import require_data


@pytest.mark.parametrize(
    ("name", "settings", "recall", "ndcg"),
    [
        ("popularity", {}, 0.119, 0.055),
        ("ease", {"ridge": 50}, 0.278, 0.158),
        ("ease", {"ridge": 100}, 0.279, 0.156),
        ("rp3beta", {"alpha": 0.6, "beta": 0.2, "k": 4000}, 0.271, 0.154),
        ("rp3beta", {"alpha": 0.8, "beta": 0.2, "k": 4000}, 0.268, 0.152),
    ],
)
def test_last_fm(name, settings, recall, ndcg):
    split = load_atomic(require_data("kg/lastfm")).split
    result = evaluate(create_model(name, settings).fit(split.train_data()), split, ks=(10,))
    assert (result["recall@10"], result["ndcg@10"]) == pytest.approx((recall, ndcg), abs=0.001)


@pytest.mark.slow
def test_amazon_book():
    split = load_kgat(require_data("kg/amazon-book")).split
    data = split.train_data(include_valid=True)
    metrics = ("recall@20", "ndcg@20", "ndcg_kgat@20", "hit_rate@20")
    for name, expected in {
        "popularity": (0.0287, 0.0123, 0.0187, 0.0588),
        "item_knn": (0.1704, 0.1003, 0.1291, 0.2941),
    }.items():
        result = evaluate(create_model(name).fit(data), split, ks=(20,), kgat=True, slices=False)
        assert tuple(result[metric] for metric in metrics) == pytest.approx(expected, abs=0.0001), name


def test_recipe_popularity_on_a_like_split():
    """The reference drew each pair by itself; another draw lies within two standard errors or so."""
    interactions = load_recipe_interactions(require_data("recipes/interactions.csv").parent).interactions
    split = random_split(interactions, valid=0, test=0.1, per_user=False)
    result = evaluate(create_model("popularity").fit(split.train_data()), split, ks=(20,))
    assert result["recall@20"] == pytest.approx(0.092, abs=0.007)
    assert result["ndcg@20"] == pytest.approx(0.066, abs=0.005)
