"""Soft negatives and taught likes: they move scores by known amounts and filter nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.ranking import GraphQuery, NodeRef, Recommender
from graphrec.ranking.query import as_refs
from graphrec.ranking.scoring import DISLIKES, LIKES, WISHES
from tests.bundle.worlds import World, kitchen
from tests.ranking.test_recommender import Adding

WORLD = kitchen()
RECOMMENDER = Recommender(WORLD.bundle())
NODES = st.sampled_from(
    [*WORLD.attributes(), "ingredient:chicken", "ingredient:nut", "ingredient:unheard of", "recipe:r4"]
)
SOME = st.lists(NODES, max_size=4, unique=True)


def scores(recommender: Recommender, query: GraphQuery) -> dict[str, float]:
    return {item.item: item.score for item in recommender.answer(query).items}


def has(world: World, item: str, node: str) -> bool:
    return node == f"recipe:{item}" or node in world.closed(item)


def halving(count: int) -> float:
    return sum(0.5**n for n in range(count))


@settings(max_examples=60, deadline=None)
@given(wishes=SOME, likes=SOME, dislikes=SOME)
def test_scores_are_the_plain_ones_moved_by_known_amounts(
    wishes: list[str], likes: list[str], dislikes: list[str]
) -> None:
    likes = [node for node in likes if node not in wishes]
    plain = scores(RECOMMENDER, GraphQuery("u2", k=20, exclude_seen=False))
    query = GraphQuery(
        "u2", k=20, exclude_seen=False, should=as_refs([*wishes, *likes]), should_not=as_refs(dislikes),
        taught=as_refs(likes),
    )  # fmt: skip
    found = scores(RECOMMENDER, query)
    assert found.keys() == plain.keys(), "nothing is filtered"
    spread = max(plain.values()) - float(np.mean(list(plain.values())))
    for item, score in found.items():
        counts = [sum(has(WORLD, item, node) for node in group) for group in (wishes, likes, dislikes)]
        change = WISHES * counts[0] / max(len(wishes), 1) + LIKES * halving(counts[1])
        change -= DISLIKES * halving(counts[2])
        assert score == pytest.approx(plain[item] + spread * change, rel=1e-4, abs=1e-4)


def test_every_dislike_weighs_by_itself() -> None:
    """Ten other dislikes leave what one of them costs as it is; wishes share their weight instead."""
    one = GraphQuery("u1", k=20, should_not=as_refs(["ingredient:peanut"]))
    many = replace(one, should_not=as_refs(["ingredient:peanut", *(f"ingredient:x{n}" for n in range(10))]))
    assert scores(RECOMMENDER, one) == scores(RECOMMENDER, many)


def test_a_mere_dislike_or_like_is_no_request() -> None:
    fusion = Adding()
    recommender = Recommender(WORLD.bundle(), fusion=fusion)
    disliked = GraphQuery("u1", should_not=as_refs(["ingredient:salt"]))
    liked = GraphQuery("u1", should=as_refs(["cuisine:thai"]), taught=as_refs(["cuisine:thai"]))
    for query in (disliked, liked):
        assert not query.has_request
        recommender.answer(query)
    assert fusion.calls == []
    assert GraphQuery(should=as_refs(["cuisine:thai"])).has_request


def test_the_request_scorer_never_sees_what_was_only_taught() -> None:
    class Seeing:
        seen: GraphQuery

        def adjust(self, query, user_index, history, candidates, base_scores):
            self.seen = query
            return base_scores

    fusion = Seeing()
    thai, nut, egg, tofu = as_refs(["cuisine:thai", "ingredient:nut", "ingredient:egg", "ingredient:tofu"])
    query = GraphQuery(
        "u1", text="soup", should=(tofu, thai), must_not=(nut,), should_not=(egg,), taught=(thai, nut, egg)
    )
    Recommender(WORLD.bundle(), fusion=fusion).answer(query)
    assert fusion.seen == GraphQuery("u1", text="soup", should=(tofu,)) == query.untaught()


def test_a_taught_like_is_a_reason_of_its_own() -> None:
    chicken = as_refs(["ingredient:chicken"])
    query = GraphQuery("u1", k=8, should=chicken, taught=chicken)
    texts = {}
    for item in RECOMMENDER.answer(query, explain=True).items:
        for reason in item.reasons:
            if reason.text.startswith("you told us"):
                texts[item.item] = reason
                ((source, relation, target),) = reason.path
                assert (source, relation) == (f"recipe:{item.item}", "contains") and target in WORLD.items[
                    item.item
                ]
                without = scores(RECOMMENDER, GraphQuery("u1", k=8))
                assert reason.drop == pytest.approx(item.score - without[item.item], rel=1e-3)
    assert texts.keys() == {"r3", "r4", "r5", "r8"}
    assert texts["r4"].text == "you told us that you like chicken: this has chicken breast"


def test_reasons_stay_true_beside_a_dislike() -> None:
    """What a reason's drop says is what taking its cause away does, dislikes and all."""
    query = GraphQuery("u1", k=8, should=as_refs(["cuisine:thai"]), should_not=as_refs(["ingredient:shrimp"]))
    full = scores(RECOMMENDER, query)
    bare = scores(RECOMMENDER, replace(query, should=()))
    reasons = [
        (item.item, reason)
        for item in RECOMMENDER.answer(query, explain=True).items
        for reason in item.reasons
        if reason.text.startswith("you asked for")
    ]
    assert reasons
    for item, reason in reasons:
        assert reason.drop == pytest.approx(full[item] - bare[item], rel=1e-3)


REFS = SOME.map(as_refs)


@given(should=REFS, should_not=REFS, taught=REFS)
def test_json_holds_it_and_without_it_is_as_it_was(
    should: tuple[NodeRef, ...], should_not: tuple[NodeRef, ...], taught: tuple[NodeRef, ...]
) -> None:
    query = GraphQuery("u", should=should, should_not=should_not, taught=taught)
    data = json.loads(json.dumps(query.to_json()))
    assert GraphQuery.from_json(data) == query
    assert ("should_not" in data, "taught" in data) == (bool(should_not), bool(taught))


def test_arguments_and_batch_lines_take_it() -> None:
    answer = RECOMMENDER.recommend("u1", should_not=["ingredient:salt"])
    (line,) = RECOMMENDER.batch(['{"user": "u1", "should_not": ["ingredient:salt"]}'])
    assert json.loads(line) == json.loads(json.dumps(answer.to_json()))
    assert answer.query.to_json()["should_not"] == ["ingredient:salt"]
