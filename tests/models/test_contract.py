"""The one test that every registered model passes; a model joins by being in the registry.

Planted data after the recommender test of `implicit`: even users like even items, the diagonal is withheld,
so the diagonal is what a personalised model must return first.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from graphrec.errors import ConfigError, InvalidInputError
from graphrec.models import registry
from graphrec.models.registry import create_model, model_class, model_names
from tests.models.planted import SIZE, checkerboard, described, scores_of_parts

SETTINGS: dict[str, dict[str, object]] = {
    "item_knn": {"k": 50, "shrink": 1.0},
    "ease": {"ridge": 10.0, "top_weights": 0},
}
"""Settings that suit the planted data; a model that is not named runs with its defaults."""

BRIEF = {"lightgcn": {"epochs": 30}, "kgat": {"epochs": 30}, "ckgat": {"epochs": 30}}
"""What nothing validates stops here before it knows the few users of a fresh item by heart."""

NOT_PERSONAL = {"popularity"}


def available():
    """Registered models whose module is there, with a skip for those whose module is not."""
    for name in model_names():
        missing = find_spec(registry._CLASSES[name][0]) is None
        yield pytest.param(
            name, marks=pytest.mark.skip(reason=f"{name} is not written yet") if missing else ()
        )


every_model = pytest.mark.parametrize("name", list(available()))


def fitted(name, data, seed=0):
    return create_model(name, SETTINGS.get(name)).fit(data, seed=seed)


@every_model
def test_even_users_get_even_items_and_the_withheld_diagonal_first(name):
    if name in NOT_PERSONAL:
        pytest.skip(f"{name} gives everyone the same list")
    data = checkerboard()
    scores = fitted(name, data).score(np.arange(SIZE))
    masked = scores.copy()
    for user in range(SIZE):
        masked[user, data.train.row(user)] = -np.inf
    assert masked.argmax(axis=1).tolist() == list(range(SIZE))
    unmasked = np.argsort(-scores, axis=1)[:, : SIZE // 2 - 1]
    assert (unmasked % 2 == np.arange(SIZE)[:, None] % 2).all()


@every_model
def test_scores_are_float32_of_the_asked_users_in_their_order(name):
    data = checkerboard()
    model = fitted(name, data)
    everyone = model.score(np.arange(SIZE))
    assert everyone.shape == (SIZE, SIZE)
    assert everyone.dtype == np.float32
    some = np.array([5, 2, 5])
    np.testing.assert_allclose(model.score(some), everyone[some], rtol=1e-4, atol=1e-5)
    assert model.score(np.zeros(0, dtype=np.int64)).shape == (0, SIZE)


@every_model
@pytest.mark.parametrize("weighted", [False, True])
def test_score_is_the_sum_of_the_bundle_parts(name, weighted):
    data = checkerboard(extra_users=1, extra_items=2, weighted=weighted)
    model = fitted(name, data)
    users = [0, 3, SIZE - 1, SIZE]
    expected = model.score(np.array(users))
    scale = max(float(np.abs(expected).max()), 1e-6)
    np.testing.assert_allclose(
        scores_of_parts(model, data.train, users), expected, rtol=1e-3, atol=1e-4 * scale
    )


@every_model
def test_same_seed_same_scores(name):
    data = checkerboard(weighted=True)
    users = np.arange(SIZE)
    np.testing.assert_array_equal(fitted(name, data, 7).score(users), fitted(name, data, 7).score(users))


@every_model
def test_item_without_edges_and_user_without_interactions_do_no_harm(name):
    data = checkerboard(extra_users=2, extra_items=3)
    scores = fitted(name, data).score(np.arange(SIZE + 2))
    assert scores.shape == (SIZE + 2, SIZE + 3)
    assert np.isfinite(scores).all()


def agreement(scores, fresh=6):
    """Share of (user, own, other) in which a fresh item of the user's parity stands above one of the other parity;
    users 0 and 1, who chose them all, do not count.
    """
    users, parity = np.arange(2, SIZE), np.arange(SIZE, SIZE + fresh) % 2
    values = scores[2:, SIZE:]
    own = parity[None] == users[:, None] % 2
    above = values[:, :, None] > values[:, None, :]
    pairs = own[:, :, None] & ~own[:, None, :]
    return above[pairs].mean()


@every_model
def test_features_place_items_that_few_chose(name):
    data, settings = described(), SETTINGS.get(name, {}) | BRIEF.get(name, {})
    if name in NOT_PERSONAL:
        with pytest.raises(ConfigError, match=f"{name} has no use for item features"):
            create_model(name).fit(data)
        return
    model = create_model(name, settings).fit(data, seed=0)
    everyone = np.arange(SIZE)
    scores = model.score(everyone)
    assert agreement(scores) > 0.95
    blind = create_model(name, settings).fit(replace(data, features=None), seed=0).score(everyone)
    assert agreement(blind) < 0.8
    off = create_model(name, settings | {"feature_weight": 0}).fit(data, seed=0).score(everyone)
    np.testing.assert_array_equal(off, blind)
    users = [0, 5, SIZE - 1]
    np.testing.assert_allclose(
        scores_of_parts(model, data.train, users), scores[users], rtol=1e-3, atol=1e-4 * np.abs(scores).max()
    )
    again = create_model(name, settings).fit(data, seed=0).score(everyone)
    np.testing.assert_array_equal(again, scores)


@every_model
def test_features_of_other_items_are_refused(name):
    if name in NOT_PERSONAL:
        pytest.skip(f"{name} refuses any features")
    data = described()
    for rows, message in ((data.features[1:], "as many rows"), (data.features * np.nan, "NaN")):
        with pytest.raises(InvalidInputError, match=message):
            create_model(name).fit(replace(data, features=rows))


@every_model
def test_config_survives_json_and_refuses_what_it_does_not_know(name):
    model = create_model(name, SETTINGS.get(name))
    kind = model_class(name).config_class
    assert kind.model_validate_json(model.config.model_dump_json()) == model.config
    assert all(field in str(model.config) for field in kind.model_fields)
    assert model.name == name
    with pytest.raises(ConfigError, match="no_such_setting"):
        create_model(name, {"no_such_setting": 1})


@every_model
def test_settings_may_be_text_as_the_command_line_gives_them(name):
    defaults = model_class(name).config_class().model_dump()
    plain = {key: str(value) for key, value in defaults.items() if isinstance(value, int | float)}
    assert create_model(name, plain).config == create_model(name).config
