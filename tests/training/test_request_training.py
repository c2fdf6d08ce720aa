"""What the request scorer is trained on equals what serving computes; odd catalogues do no harm."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.bundle import VectorPart
from graphrec.ranking.cold import popularity_prior
from graphrec.ranking.request import context
from graphrec.sparse import CSR
from graphrec.training import request_fusion as trainer
from graphrec.training.request_content import build_content
from graphrec.training.request_examples import RequestMaker
from graphrec.training.request_fusion import RequestConfig, train_request_fusion
from tests.bundle.worlds import World

FOODS = """
    leek squid quinoa fennel rhubarb okra turnip papaya mango kale plum radish trout barley chard quince lychee
    parsnip guava cassava endive millet cherry celeriac pear apricot date fig lentil sorrel
""".split()


@pytest.fixture(scope="module")
def world():
    """120 dishes of two or three foods; leek and kale are greens, some dishes have a cuisine and a course."""
    rng, items = np.random.default_rng(0), {}
    for n in range(120):
        items[f"r{n:03}"] = {f"ingredient:{f}" for f in rng.choice(FOODS, 2 + n % 2, replace=False)}
        items[f"r{n:03}"] |= {f"course:{('soup', 'salad')[n % 2]}"} | ({"cuisine:thai"} if n % 3 else set())
    users = {f"u{n}": {f"r{i:03}": 1.0 for i in rng.choice(120, 6, replace=False)} for n in range(20)}
    is_a = {("ingredient:leek", "ingredient:green"), ("ingredient:kale", "ingredient:green")}
    titles = {item: f"{FOODS[n % 30].title()} {('stew', 'pie')[n % 2]}" for n, item in enumerate(items)}
    return World(items=items, is_a=is_a, users=users, titles=titles)


@pytest.fixture(scope="module")
def bundle(world):
    rng = np.random.default_rng(1)
    return world.bundle([VectorPart(*(rng.normal(size=(n, 4)).astype(np.float32) for n in (20, 120)))])


class Base:
    def __init__(self, bundle):
        self.bundle = bundle

    def score(self, users):
        return np.stack([self.bundle.score_user(int(user)) for user in users])


def choices(count=200):
    rng = np.random.default_rng(2)
    return rng.integers(0, 20, count), rng.integers(0, 120, count)


def train(bundle, **settings):
    config = RequestConfig(**{"rank": 5, "epochs": 2, "candidates": 20, "batch_size": 32} | settings)
    part = bundle.parts[0]
    return train_request_fusion(
        bundle.catalogue, part.items, Base(bundle), bundle.history, *choices(), config=config, seed=3
    )


def test_serving_computes_the_score_that_was_trained(bundle, monkeypatch):
    seen = {}
    for name in ("build", "_optimise"):
        owner = trainer._Tables if name == "build" else trainer
        real = getattr(owner, name)

        def spy(*arguments, real=real, name=name):
            seen[name] = (arguments, real(*arguments))
            return seen[name][1]

        monkeypatch.setattr(owner, name, spy)
    fusion = train(bundle, unknown_share=0.3, epochs=4, learning_rate=0.05)
    (_, content, examples, *_), tables = seen["build"]
    arrays = {"text": content.item_text, "graph": content.item_graph, "edges": content.edge_features}
    fixed = {name: torch.from_numpy(values) for name, values in arrays.items()}
    with torch.no_grad():
        trained = trainer._scores(seen["_optimise"][1], fixed, tables.arrays).numpy()
    prior, strangers = popularity_prior(bundle.catalogue, None), 0
    for row, example in enumerate(examples):
        items = tables.arrays["items"][row][tables.arrays["mask"][row]].numpy()
        unknown = bool(tables.arrays["context"][row, 2])
        strangers += unknown
        base = prior if unknown else bundle.score_user(example.user)
        history = np.arange(0) if unknown else bundle.history_of(example.user).items
        index = None if unknown else example.user
        np.testing.assert_array_equal(tables.arrays["context"][row], context(len(history), unknown))
        found = fusion.adjust(example.query, index, history, items, base[items])
        np.testing.assert_allclose(found, trained[row, : len(items)], rtol=1e-3, atol=1e-3)
        assert items[0] == example.chosen
        assert set(items.tolist()) <= set(example.allowed.tolist())
        assert not np.isfinite(trained[row, len(items) :]).any()
    assert 0 < strangers < len(examples)


def test_examples_keep_hard_constraints_and_never_name_the_dish(bundle, world):
    maker = RequestMaker(bundle.catalogue, np.random.default_rng(5))
    made = list(
        maker.examples(*choices(300), CSR.from_coo(np.zeros(0, int), np.zeros(0, int), None, (20, 120)))
    )
    assert len(made) > 200
    groups = set()
    for example in made:
        item = bundle.catalogue.item_ids[example.chosen]
        closed = world.closed(item)
        assert example.chosen in example.allowed
        assert (np.diff(example.allowed) > 0).all()
        assert {str(ref) for ref in example.query.must} <= closed
        assert not {str(ref) for ref in example.query.must_not} & closed
        for other in example.allowed[:5].tolist():
            kept = world.closed(bundle.catalogue.item_ids[other])
            assert {str(ref) for ref in example.query.must} <= kept
            assert not {str(ref) for ref in example.query.must_not} & kept
        assert world.titles[item].lower() not in example.query.text.lower()
        groups |= {ref.type for ref in example.query.must}
    assert groups == {"ingredient", "cuisine", "course"}


def test_what_was_seen_is_not_among_the_allowed(bundle):
    maker = RequestMaker(bundle.catalogue, np.random.default_rng(5))
    users, items = choices(300)
    for example in maker.examples(users, items, bundle.history):
        assert not set(bundle.history.row(example.user).tolist()) & set(example.allowed.tolist())


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_with_strangers_alone_or_none_the_scorer_is_finite(bundle, share):
    fusion = train(bundle, unknown_share=share)
    for name in ("word_vectors", "attribute_vectors", "item_vectors", "salience", "factors"):
        assert np.isfinite(getattr(fusion, name)).all()
    assert (fusion.salience >= 0).all()


def test_a_model_without_vectors_still_gets_a_scorer(bundle):
    empty = np.zeros((120, 0), np.float32)
    config = RequestConfig(rank=5, epochs=1, candidates=10)
    fusion = train_request_fusion(
        bundle.catalogue, empty, Base(bundle), bundle.history, *choices(), config=config
    )
    assert np.isfinite(fusion.item_vectors).all()


def test_content_has_unit_rows_and_features_by_definition(bundle, world):
    vectors = bundle.parts[0].items
    content, catalogue = build_content(bundle.catalogue, vectors, text_dim=6), bundle.catalogue
    np.testing.assert_allclose(np.linalg.norm(content.item_graph, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(content.item_text, axis=1), 1, rtol=1e-4)
    place = 0
    for attribute in range(catalogue.num_attributes):
        holders = catalogue.attribute_items.row(attribute).tolist()
        mean = content.item_graph[holders].sum(axis=0)
        mean /= max(np.linalg.norm(mean), 1e-8)
        for item in holders:
            own = [catalogue.attribute_ids[a] for a in catalogue.item_attributes.row(item)]
            kinds = {"leek", "kale"} & set(own) if catalogue.attribute_ids[attribute] == "green" else set()
            words = set(world.titles[catalogue.item_ids[item]].lower().split())
            named = catalogue.attribute_ids[attribute] in words or bool(kinds & words)
            rarity = np.log(121 / (1 + len(holders))) / np.log(121)
            expected = [named, named, rarity, len(own) ** -0.5, float(content.item_graph[item] @ mean)]
            np.testing.assert_allclose(content.edge_features[place], expected, rtol=1e-4, atol=1e-5)
            place += 1
    assert place == len(content.edge_features)


@pytest.mark.parametrize("titles", ["", "Tasty dish", "Tasty"])
def test_catalogues_without_telling_words(titles):
    world = World(
        items={f"r{n}": {"ingredient:salt"} for n in range(6)}, users={"u": {"r0": 1.0}},
        titles={f"r{n}": titles for n in range(6)},
    )  # fmt: skip
    content = build_content(world.catalogue(), np.eye(6, 3, dtype=np.float32))
    assert np.isfinite(content.item_text).all()
    assert np.isfinite(content.word_vectors).all()
    assert content.word_vectors.shape == (len(content.words), content.item_text.shape[1])
