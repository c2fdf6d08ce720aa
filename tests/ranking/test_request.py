"""The request scorer as it is served, against its formula evaluated item by item."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.bundle import read_bundle
from graphrec.errors import CorruptionError
from graphrec.ranking import GraphQuery, NodeRef, Recommender
from graphrec.ranking.query import as_refs, as_requirements
from graphrec.ranking.request import RequestFusion, fusion_arrays, load_fusion
from graphrec.ranking.scoring import WISHES
from graphrec.sparse.strings import Strings
from tests.bundle.worlds import kitchen, random_parts

WORDS = ["chicken", "curry", "nut", "quick", "thai"]
RANK = 3
EVERYTHING = np.arange(8)


def fusion(seed: int = 0) -> RequestFusion:
    rng = np.random.default_rng(seed)
    catalogue = kitchen().catalogue()

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return RequestFusion(
        catalogue, Strings.pack(WORDS), normal(len(WORDS), RANK), normal(catalogue.num_attributes, RANK),
        normal(8, RANK), rng.random(catalogue.attribute_items.nnz).astype(np.float32), normal(4, 3),
    )  # fmt: skip


def by_hand(scorer: RequestFusion, query: GraphQuery, history: int, unknown: bool, item: int, base: float):
    """The formula of the class, for one item, in Python."""
    catalogue = scorer.catalogue
    groups = []
    for part in [*query.must, *query.should]:
        options = [catalogue.resolve(r.type, r.id) for r in (part if isinstance(part, tuple) else (part,))]
        if known := [a for a in options if a is not None]:
            groups.append(known)
    excluded = {word for ref in query.must_not for word in ref.id.split()}
    words = [WORDS.index(w) for w in query.text.split() if w in WORDS and w not in excluded]
    flat = [a for group in groups for a in group]
    asked = np.zeros(RANK)
    if words:
        asked += sum(scorer.word_vectors[w] for w in words) / len(words) ** 0.5
    if flat:
        asked += sum(scorer.attribute_vectors[a] for a in flat) / len(flat)
    salience = []
    for group in groups:
        edges = [0.0]
        for attribute in group:
            low = int(catalogue.attribute_items.indptr[attribute])
            holders = catalogue.attribute_items.row(attribute).tolist()
            edges += [float(scorer.salience[low + holders.index(item)])] if item in holders else []
        salience.append(max(edges))
    context = np.array([1.0, 0.0 if unknown else np.log1p(history), float(unknown)])
    alpha, gamma, beta, popular = scorer.factors @ context
    score = alpha * base + gamma * float(asked @ scorer.item_vectors[item])
    score += beta * float(np.mean(salience)) if salience else 0.0
    return score + popular * np.log1p(catalogue.popularity[item])


NODES = [NodeRef.parse(text) for text in (
    "ingredient:chicken", "ingredient:nut", "ingredient:shrimp", "cuisine:thai", "ingredient:none"
)]  # fmt: skip
node = st.sampled_from(NODES)
queries = st.builds(
    GraphQuery,
    must=st.lists(node | st.lists(node, min_size=1, max_size=3).map(tuple), max_size=2).map(tuple),
    must_not=st.lists(node, max_size=1).map(tuple), should=st.lists(node, max_size=2).map(tuple),
    text=st.lists(st.sampled_from([*WORDS, "zorbish"]), max_size=4).map(" ".join),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(query=queries, history=st.integers(0, 5), trained=st.booleans(), subset=st.sets(st.integers(0, 7)))
def test_scores_are_the_formula_and_do_not_depend_on_the_other_candidates(query, history, trained, subset):
    scorer, base = fusion(), np.linspace(-1, 2, 8).astype(np.float32)
    done, user = np.arange(history), 0 if trained else None
    full = scorer.adjust(query, user, done, EVERYTHING, base)
    unknown = not trained and history == 0
    expected = [by_hand(scorer, query, history, unknown, item, float(base[item])) for item in range(8)]
    np.testing.assert_allclose(full, expected, rtol=1e-4, atol=1e-5)
    some = np.array(sorted(subset), dtype=np.int64)
    part = scorer.adjust(query, user, done, some, base[some])
    assert part.dtype == np.float32
    np.testing.assert_allclose(part, full[some], rtol=1e-5, atol=1e-6)


def test_alternatives_count_by_the_best_one():
    scorer = fusion()
    shrimp, nut = (
        scorer.wanted(GraphQuery(must=as_requirements([f"ingredient:{n}"]))) for n in ("shrimp", "nut")
    )
    either = scorer.wanted(GraphQuery(must=as_requirements([["ingredient:shrimp", "ingredient:nut"]])))
    one, other = (scorer.edge_salience(groups, EVERYTHING) for groups in (shrimp, nut))
    np.testing.assert_array_equal(scorer.edge_salience(either, EVERYTHING), np.maximum(one, other))
    np.testing.assert_allclose(scorer.edge_salience(shrimp + nut, EVERYTHING), (one + other) / 2)


def test_words_of_exclusions_do_not_count():
    scorer, base = fusion(), np.zeros(8, np.float32)
    no_nuts = GraphQuery(text="thai curry nuts", must_not=as_refs(["ingredient:nut"]))
    without, with_nuts = replace(no_nuts, text="thai curry"), replace(no_nuts, must_not=())
    ask = (0, np.arange(2), EVERYTHING, base)
    np.testing.assert_array_equal(scorer.adjust(no_nuts, *ask), scorer.adjust(without, *ask))
    assert not np.allclose(scorer.adjust(with_nuts, *ask), scorer.adjust(without, *ask))


def test_of_an_unknown_user_the_context_says_so():
    scorer, base, query = fusion(), np.ones(8, np.float32), GraphQuery(text="curry")
    stranger = scorer.adjust(query, None, np.arange(0), EVERYTHING, base)
    silent = scorer.adjust(query, 3, np.arange(0), EVERYTHING, base)
    assert not np.allclose(stranger, silent)
    same = replace(scorer, factors=scorer.factors * np.array([1, 1, 0], np.float32))
    np.testing.assert_array_equal(
        same.adjust(query, None, np.arange(0), EVERYTHING, base),
        same.adjust(query, 3, np.arange(0), EVERYTHING, base),
    )


@pytest.mark.parametrize("filters", [
    {}, {"must_not": ["ingredient:nut"]}, {"ranges": {"total_minutes": (None, 45)}},
    {"candidates": ["r2", "r3"]},
])  # fmt: skip
def test_filters_alone_keep_score_and_order(filters):
    bundle = kitchen().bundle()
    plain = Recommender(bundle).recommend("u1", k=20, **filters)
    assert Recommender(bundle, fusion=fusion()).recommend("u1", k=20, **filters).items == plain.items
    whole = Recommender(bundle, fusion=fusion()).recommend("u1", k=20).items
    kept = {i.item for i in plain.items}
    assert [i.item for i in whole if i.item in kept] == [i.item for i in plain.items]


def test_a_bundle_carries_its_scorer(tmp_path):
    world, scorer = kitchen(), fusion(4)
    path = world.write(tmp_path / "m", random_parts(world), extra=fusion_arrays(scorer))
    bundle = read_bundle(path)
    loaded, query = load_fusion(bundle), GraphQuery(text="thai", should=as_refs(["ingredient:chicken"]))
    ask = (query, 1, np.arange(3), EVERYTHING, np.ones(8, np.float32))
    np.testing.assert_array_equal(loaded.adjust(*ask), scorer.adjust(*ask))
    answer = Recommender.load(path).recommend("u1", query=query, k=20)
    base = bundle.score_user(0)
    left = np.array([bundle.catalogue.item_ids.find(item.item) for item in answer.items])
    expected = scorer.adjust(answer.query, 0, bundle.history_of(0).items, EVERYTHING, base)[left]
    has = np.array(["ingredient:chicken" in world.closed(item.item) for item in answer.items])
    expected += WISHES * has * (expected.max() - expected.mean())
    np.testing.assert_allclose([item.score for item in answer.items], expected, rtol=1e-4, atol=1e-5)


def test_half_a_scorer_is_refused(tmp_path):
    arrays = fusion_arrays(fusion())
    del arrays["request.salience"]
    path = kitchen().write(tmp_path / "m", random_parts(kitchen()), extra=arrays)
    with pytest.raises(CorruptionError, match="request scorer"):
        Recommender.load(path)
