"""Training the request scorer on a world in which people choose what they ask for."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from graphrec.bundle import Bundle, VectorPart
from graphrec.ranking import GraphQuery, Recommender
from graphrec.ranking.query import as_refs
from graphrec.ranking.request import RequestFusion
from graphrec.training.request_examples import RequestMaker
from graphrec.training.request_fusion import RequestConfig, train_request_fusion
from tests.bundle.worlds import World

FOODS = """
    leek squid quinoa fennel rhubarb okra turnip papaya mango celeriac kale plum
    radish trout barley chard quince lychee parsnip guava cassava endive millet cherry
""".split()
DISHES = 240
CONFIG = RequestConfig(rank=8, epochs=6, candidates=30, batch_size=32, learning_rate=0.02)


def world() -> World:
    """240 dishes; the two foods of each are random, the first is in its title; histories are random."""
    rng = np.random.default_rng(0)
    items, titles = {}, {}
    for n in range(DISHES):
        first, second = FOODS[n % 24], FOODS[int(rng.integers(24))]
        items[f"r{n:03}"] = {f"ingredient:{first}", f"ingredient:{second}", "ingredient:salt", "course:soup"}
        titles[f"r{n:03}"] = f"{first.title()} soup"
    users = {f"u{n}": {f"r{i:03}": 1.0 for i in rng.choice(DISHES, 8, replace=False)} for n in range(40)}
    return World(items=items, titles=titles, users=users)


@pytest.fixture(scope="module")
def trained() -> tuple[Bundle, RequestFusion]:
    rng = np.random.default_rng(1)
    kitchen = world()
    vectors = (rng.normal(size=(count, 4)).astype(np.float32) for count in (40, DISHES))
    bundle = kitchen.bundle([VectorPart(*vectors)])
    fusion = fit(bundle)
    assert fusion is not None
    return bundle, fusion


def fit(bundle: Bundle, count: int = 400) -> RequestFusion | None:
    rng = np.random.default_rng(2)
    users, items = rng.integers(0, 40, count), rng.integers(0, DISHES, count)
    vectors = bundle.parts[0]
    assert isinstance(vectors, VectorPart)

    class Base:
        def score(self, users):
            return np.stack([bundle.score_user(int(user)) for user in users])

    return train_request_fusion(
        bundle.catalogue, vectors.items, Base(), bundle.history, users, items, config=CONFIG, seed=3
    )


def test_what_is_asked_for_rises(trained):
    bundle, fusion = trained
    recommender = Recommender(bundle, fusion=fusion)
    for food in ("squid", "mango"):
        holders = {i for i, has in world().items.items() if f"ingredient:{food}" in has}
        for user in ("u0", "u7", "stranger"):
            query = GraphQuery(user=user, should=as_refs([f"ingredient:{food}"]), text=food)
            asked = [i.item for i in recommender.answer(query).items]
            plain = [i.item for i in recommender.recommend(user).items]
            assert len(holders & set(asked)) >= max(len(holders & set(plain)) + 1, 3)


def test_scores_stay_independent_and_without_a_request_untouched(trained):
    bundle, fusion = trained
    query = GraphQuery(user="u1", should=as_refs(["ingredient:kale"]), text="kale soup")
    history, base = bundle.history_of(1).items, bundle.score_user(1)
    full = fusion.adjust(query, 1, history, np.arange(DISHES), base)
    some = np.array([3, 10, 158])
    np.testing.assert_allclose(fusion.adjust(query, 1, history, some, base[some]), full[some], rtol=1e-5)
    assert np.isfinite(full).all()
    for item in Recommender(bundle, fusion=fusion).recommend("u1").items:
        assert item.score == pytest.approx(base[bundle.catalogue.item_ids.find(item.item)], rel=1e-5)


def test_the_same_seed_gives_the_same_scorer(trained):
    bundle, fusion = trained
    again = fit(bundle)
    assert again is not None
    for name in ("word_vectors", "attribute_vectors", "item_vectors", "salience", "factors"):
        np.testing.assert_allclose(getattr(again, name), getattr(fusion, name), rtol=1e-5, atol=1e-6)


def test_too_few_choices_train_nothing(trained):
    assert fit(trained[0], count=20) is None


def test_made_requests_are_answered_by_their_choice_and_exclude_only_what_it_lacks():
    cook = world()
    cook.holds |= {("ingredient:leek", "ingredient:kale"), ("ingredient:salt", "ingredient:plum")}
    catalogue = cook.catalogue()
    maker = RequestMaker(catalogue, np.random.default_rng(5))
    rng = np.random.default_rng(6)
    made = list(maker.examples(rng.integers(0, 40, 150), rng.integers(0, DISHES, 150), cook.history()))
    assert len(made) > 50 and any(example.query.must_not for example in made)
    for example in made:
        item = catalogue.item_ids[example.chosen]
        assert example.chosen in example.allowed
        assert {str(ref) for ref in example.query.must} <= cook.closed(item)
        assert not {str(ref) for ref in example.query.must_not} & cook.closed(item, holds=True)
