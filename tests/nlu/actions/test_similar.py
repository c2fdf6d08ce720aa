"""Dishes like one: in the order of likeness, within every constraint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import NotFoundError
from graphrec.nlu.actions import similar, similar_dishes
from graphrec.ranking import GraphQuery, NodeRef, Recommender
from graphrec.ranking.similar import similarity
from tests.bundle.worlds import kitchen

WORLD = kitchen()
RECOMMENDER = Recommender(WORLD.bundle())
NODES = sorted(WORLD.attributes())


def refs(*names: str) -> tuple[NodeRef, ...]:
    return tuple(NodeRef.parse(name) for name in names)


def by_likeness(item: str) -> list[str]:
    """All other dishes, by what they share and, the more users chose the dish, by what these also chose."""
    ids = list(WORLD.items)
    index = ids.index(item)
    chosen = sum(item in history for history in WORLD.users.values())
    learned, shared = (similarity(RECOMMENDER.bundle, index, content=share) for share in (0.0, 1.0))
    weight = 0.5 * chosen / (chosen + similar.CHOSEN)
    if not (learned.any() and shared.any()):
        weight = 0.5  # either is all there is
    scores = weight * learned + (1 - weight) * shared
    return sorted((i for i in ids if i != item), key=lambda i: (-np.float32(scores[ids.index(i)]), i))


@settings(max_examples=120, deadline=None)
@given(
    item=st.sampled_from(list(WORLD.items)), user=st.sampled_from([None, "u1", "u2"]), k=st.integers(0, 8),
    must=st.lists(st.sampled_from(NODES), max_size=1), must_not=st.lists(st.sampled_from(NODES), max_size=2),
    candidates=st.sampled_from([None, ("r2", "r4", "r6")]), block=st.sampled_from([1, 3, 200]),
)  # fmt: skip
def test_against_filtering_the_whole_ranking(
    item: str, user: str | None, k: int, must: list[str], must_not: list[str],
    candidates: tuple[str, ...] | None, block: int,
) -> None:  # fmt: skip
    """Whatever the size of a block, the list is the ranking by likeness without what the query forbids."""
    query = GraphQuery(user=user, must=refs(*must), must_not=refs(*must_not), k=k, candidates=candidates)
    everything = RECOMMENDER.recommend(user, query=query, k=99)
    allowed = {one.item for one in everything.items}
    expected = [other for other in by_likeness(item) if other in allowed][:k]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similar, "BLOCK", block)
        found = similar_dishes(RECOMMENDER, item, query)
    assert [one.item for one in found.answer.items] == expected
    assert found.answer.query.k == k and found.answer.query.candidates == candidates
    assert len(found.shared) == len(expected)


def test_what_they_share() -> None:
    """Rare attributes first; the sentence names them."""
    found = similar_dishes(RECOMMENDER, "r1", GraphQuery(candidates=("r2",)))
    assert set(found.shared[0]) == {"shrimp", "coconut milk"}
    assert found.speech.startswith("Dishes like Shrimp curry; the first one also has ")
    assert found.to_json()["items"][0]["shared"] == list(found.shared[0])


def test_nothing_fits() -> None:
    found = similar_dishes(RECOMMENDER, "r1", GraphQuery(candidates=()))
    assert found.answer.items == [] and found.speech == "I found nothing like Shrimp curry that fits."


def test_an_unknown_dish() -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        similar_dishes(RECOMMENDER, "nowhere", GraphQuery())
