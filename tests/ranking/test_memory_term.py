"""The memory inside the recommender: it adds its score for those it concerns, and changes nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphrec.bundle import Bundle, History, read_bundle
from graphrec.errors import CorruptionError
from graphrec.ranking import GraphQuery, NodeRef, Recommender
from graphrec.ranking.cold import user_state
from graphrec.ranking.constraints import allowed_items
from graphrec.ranking.memory import DAY, UserMemory
from graphrec.ranking.memory_mixing import Attention, MemoryMixing
from graphrec.ranking.memory_term import PREFIX, request_vector
from graphrec.ranking.scoring import Scoring
from tests.bundle.worlds import kitchen
from tests.ranking.test_recommender import Entry, FakeStore

DIM, HEADS, SIZE = 6, 2, 2


def mixing(items: int = 8, seed: int = 0) -> MemoryMixing:
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    def attention() -> Attention:
        squares = [numbers(DIM, DIM) for _ in range(4)]
        return Attention(*squares, np.abs(numbers(HEADS)), numbers(HEADS, SIZE))

    return MemoryMixing(
        items=numbers(items, DIM), outputs=numbers(items, DIM), bias=numbers(items),
        half_lives=np.array([DAY, 30 * DAY]), window=np.array([3]), shares=np.array([1.0, 0.3], np.float32),
        mix=numbers(2, SIZE + 4), focus=np.array([5.0, 0.2], np.float32), first=attention(), second=attention(),
        ask=numbers(DIM), ask_request=numbers(DIM, DIM), long=numbers(SIZE, DIM, DIM),
        rest=np.abs(numbers(SIZE)), scale=numbers(1), request=numbers(DIM, DIM),
        weight=np.array([0.7], dtype=np.float32),
    )  # fmt: skip


def bundle(extra=None) -> Bundle:
    return replace(kitchen().bundle(), extra=mixing().arrays(PREFIX) if extra is None else extra)


def store(**histories) -> FakeStore:
    found = FakeStore.of(kitchen())
    for user, rows in histories.items():
        found.histories[user] = [Entry(item, "cook", 1.0, time) for item, time in rows]
    return found


def scores(answer) -> dict[str, float]:
    return {item.item: item.score for item in answer.items}


def scoring(recommender: Recommender, query: GraphQuery) -> Scoring:
    user = user_state(recommender.bundle, recommender.live, query.user)
    items = allowed_items(recommender.catalogue, query, user.history.items).items
    return Scoring(recommender.bundle, user, query, items, recommender.fusion, recommender.memory)


NEW = [("r1", 3 * 10**15), ("r6", 3 * 10**15 + 86_400_000_000), ("r4", None)]


@pytest.mark.parametrize("asked", [None, "cuisine:thai"])
@pytest.mark.parametrize("user", ["stranger", "u1"])
def test_live_events_add_the_weighted_score_of_the_memory(user, asked):
    """Against the memory fed event by event; what has no time counts as old as the oldest."""
    own, live = bundle(), store(**{user: NEW})
    wishes = [asked] if asked else []
    plain = Recommender(replace(own, extra={}), live)
    query = GraphQuery(user=user, k=8, should=tuple(map(NodeRef.parse, wishes)))
    mixed = mixing()
    memory = UserMemory(mixed.shape)
    for item, time in NEW:
        row = kitchen_row(item)
        memory.update(mixed.items[row], (time or NEW[0][1]) / 1e6, key=row)
    thai = np.array([kitchen_row(item) for item in ("r1", "r7", "r8")])
    request = request_vector(mixed.items, thai) if asked else None
    added = 0.7 * mixed.score(memory.read(), request)
    found, before = scoring(Recommender(own, live), query), scoring(plain, query)
    np.testing.assert_allclose(found.base, before.base + added[found.candidates], rtol=1e-4, atol=1e-4)


def kitchen_row(item: str) -> int:
    return list(kitchen().items).index(item)


def test_who_has_nothing_new_or_no_times_is_ranked_as_before():
    same = {"u2": [("r1", 10**15), ("r2", 10**15), ("r3", 10**15)], "timeless": [("r1", None)], "idle": []}
    with_memory, without = Recommender(bundle(), store(**same)), Recommender(bundle({}), store(**same))
    for user in ("u2", "timeless", "idle", "nobody", None):
        assert with_memory.recommend(user, k=8).items == without.recommend(user, k=8).items
    offline, plain = Recommender(bundle()), Recommender(bundle({}))
    assert offline.recommend("u1", k=8).items == plain.recommend("u1", k=8).items


def test_arrival_order_of_the_history_changes_nothing():
    one, other = (Recommender(bundle(), store(new=rows)).recommend("new", k=8) for rows in (NEW, NEW[::-1]))
    assert scores(one) == pytest.approx(scores(other), abs=1e-5)


def test_a_reason_is_what_the_whole_score_loses_without_the_event():
    """The counterfactual that reasons are checked by: the same user who never did it."""
    recommender = Recommender(bundle(), store(new=NEW[:2]))
    whole = scoring(recommender, GraphQuery(user="new"))
    items = whole.user.history.items.tolist()
    gone = items.index(kitchen_row("r6"))
    some = np.arange(len(whole.candidates))
    fewer = scoring(
        Recommender(bundle(), store(new=NEW[:1])),
        GraphQuery(user="new", candidates=tuple(list(kitchen().items)[i] for i in whole.candidates)),
    )
    expected = fewer.base
    np.testing.assert_allclose(
        whole.rescore(some, removed=np.array([gone])), expected, rtol=1e-4, atol=1e-4
    )  # fmt: skip
    answer = recommender.recommend("new", should=["cuisine:thai"], explain=True)
    assert all(reason.drop > 0 for item in answer.items for reason in item.reasons)


def test_removing_from_a_history_keeps_the_times_beside_their_items():
    history = History(np.array([4, 5, 6]), np.ones(3, np.float32), np.array([1.0, np.nan, 3.0]))
    left = history.without(np.array([0]))
    assert left.items.tolist() == [5, 6] and np.isnan(left.times[0]) and left.times[1] == 3.0


def test_a_bundle_carries_it_through_the_disk(tmp_path):
    path = kitchen().write(tmp_path / "model", extra=mixing().arrays(PREFIX))
    found = Recommender(read_bundle(path), store(new=NEW)).recommend("new", k=8)
    assert scores(found) == pytest.approx(scores(Recommender(bundle(), store(new=NEW)).recommend("new", k=8)))


@pytest.mark.parametrize("asked", [False, True])
def test_each_simple_view_of_a_past_is_the_case_of_one_weight(asked):
    """Newest event, moving averages, long-term means, attended window and request, each by its own definition."""
    mixed = replace(mixing(), scale=np.zeros(1, np.float32), request=np.zeros((DIM, DIM), np.float32))
    memory = UserMemory(mixed.shape)
    rows = (5, 2, 7)
    for number, row in enumerate(rows):
        memory.update(mixed.items[row], number * DAY, key=row)
    events, view = mixed.items[list(rows)], memory.read()
    request = np.arange(1, DIM + 1, dtype=np.float32) if asked else None
    average = 0.7 * (0.7 * events[0] + events[1]) + events[2]
    expected = [events[2], average]
    for half_life in (1.0, 30.0):
        expected.append(sum(2.0 ** (-(2 - n) / half_life) * event for n, event in enumerate(events)))
    asking = average if request is None else request
    cosine = events @ asking / np.linalg.norm(events, axis=1) / np.linalg.norm(asking)
    weights = np.exp(5.0 * cosine - 0.2 * np.log2(1.0 + np.array([48.0, 24.0, 0.0])))
    expected += [weights @ events, np.zeros(DIM) if request is None else request]
    for place, part in enumerate(expected):
        mix = np.zeros((2, SIZE + 4), np.float32)
        mix[int(asked), place] = 2.0
        found = replace(mixed, mix=mix).user_vector(view, request)
        unit = part / max(np.linalg.norm(part), 1e-12)
        np.testing.assert_allclose(found, 2.0 * unit, rtol=1e-4, atol=1e-5)


def test_a_memory_of_before_the_mixture_is_refused():
    arrays = {name: value for name, value in mixing().arrays(PREFIX).items() if name != PREFIX + "mix"}
    with pytest.raises(CorruptionError, match=r"mix.*train again"):
        Recommender(bundle(arrays), store())


def test_half_a_memory_or_another_catalogue_s_is_refused():
    arrays = mixing().arrays(PREFIX)
    del arrays[PREFIX + "ask"]
    for extra in (arrays, mixing(items=5).arrays(PREFIX), {PREFIX + "odd": np.zeros(1)}):
        with pytest.raises(CorruptionError, match="train again"):
            Recommender(bundle(extra), store())
