from __future__ import annotations

import numpy as np
import pytest

from graphrec.errors import InvalidInputError
from graphrec.evaluation import evaluate, random_split
from graphrec.models.registry import create_model
from graphrec.store.columns import Interactions
from graphrec.training.tune import tune


def split(valid=0.2):
    rng = np.random.default_rng(0)
    taste = rng.integers(0, 3, 60)
    user = np.repeat(np.arange(60), 8)
    item = (rng.integers(0, 10, len(user)) * 3 + taste[user]) % 30
    return random_split(Interactions.from_pairs(user, item, 60, 30), valid=valid, test=0.2)


def test_best_point_is_the_best_on_validation():
    data, seen = split(), []
    tuned = tune(
        "ease",
        {"ridge": [0.1, 5.0, 5000.0], "use_weights": [False]},
        data,
        metric="recall@5",
        on_trial=seen.append,
    )
    values = {
        ridge: evaluate(
            create_model("ease", {"ridge": ridge}).fit(data.train_data()), data, on="valid", ks=(5,)
        )["recall@5"]
        for ridge in (0.1, 5.0, 5000.0)
    }
    assert {trial.settings["ridge"]: trial.value for trial in tuned.trials} == values
    assert tuned.best.value == max(values.values())
    assert seen == list(tuned.trials)


def test_a_best_value_at_the_edge_of_the_grid_is_reported():
    tuned = tune("item_knn", {"k": [1, 2, 3], "shrink": [1.0]}, split())
    assert tuned.at_edge == (("k",) if tuned.best.settings["k"] in (1, 3) else ())


def test_tuning_never_reads_the_test_rows(monkeypatch):
    data, asked = split(), []
    original = type(data)._reveal
    monkeypatch.setattr(type(data), "_reveal", lambda self, on: asked.append(on) or original(self, on))
    tune("popularity", {}, data)
    assert asked == ["valid"]


def test_no_validation_rows_or_no_values_are_refused():
    with pytest.raises(InvalidInputError, match="no validation rows"):
        tune("popularity", {}, split(valid=0))
    with pytest.raises(InvalidInputError, match="no value to try for 'ridge'"):
        tune("ease", {"ridge": []}, split())
