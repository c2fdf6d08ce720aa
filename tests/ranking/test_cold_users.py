"""Users with little evidence, against the formula written out by hand on dense arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.bundle import Bundle, History, ItemItemPart, ProfilePart, read_bundle
from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.ranking import GraphQuery, Recommender
from graphrec.ranking.cold_users import PREFIX, ColdUsers, trained_cold_users
from graphrec.ranking.grown_part import grown_item_item
from graphrec.ranking.query import as_refs
from graphrec.ranking.served import served_scores
from graphrec.sparse import CSR
from tests.bundle.worlds import World, kitchen, random_parts
from tests.ranking.test_recommender import Entry, FakeStore

WORLD = kitchen()
ITEMS = list(WORLD.items)
KNOTS = (0.0, 1.0, 4.0)
RNG = np.random.default_rng(5)
SHARES = np.asarray([[1, 0, 0, 0, 0], [0.7, 0.2, 0, 0.4, 0.3], [0.1, 0.05, 0.2, 0.9, 0.6]], dtype=np.float32)
SCALE = np.asarray([2.0, 2.0, 3.0], dtype=np.float32)


def tower(seed: int = 2) -> ProfilePart:
    rng = np.random.default_rng(seed)
    keys, items = (rng.normal(size=(len(ITEMS), 3)).astype(np.float32) for _ in range(2))
    return ProfilePart(keys, items, rng.normal(size=len(ITEMS)).astype(np.float32), 0.5, 0.8)


def cold_users(**more: object) -> ColdUsers:
    return replace(ColdUsers(np.asarray(KNOTS, np.float32), SHARES, SCALE, (tower(),), 0.0, 1.0), **more)


def bundle(cold: ColdUsers | None = None) -> Bundle:
    found = cold_users() if cold is None else cold
    return replace(WORLD.bundle(random_parts(WORLD)), extra=found.arrays())


def by_hand(chosen: list[int], liked: list[list[int]], like: float = 1.0) -> np.ndarray:
    """The score of every item, `S_n . (log popularity, popularity, vectors, item-item, tower)`."""
    vectors, item_item = random_parts(WORLD)
    counts = np.zeros(len(ITEMS))
    for user in WORLD.users.values():
        for item in user:
            counts[ITEMS.index(item)] += 1
    weight = np.zeros(len(ITEMS))
    weight[chosen] = 1.0
    for items in liked:
        weight[items] += like / len(items)
    folded = weight @ vectors.items
    folded *= np.linalg.norm(vectors.users, axis=1).mean() / np.linalg.norm(folded)
    own = tower()
    columns = [
        np.log1p(counts) / np.log1p(counts.max()),
        counts / counts.max(),
        0.5 * (vectors.items @ folded + vectors.item_bias),
        2.0 * weight @ item_item.weights.to_scipy().toarray(),
        0.8 * (own.items @ (weight @ own.keys / np.sqrt(weight.sum())) + own.item_bias),
    ]
    place = np.log1p(len(chosen) + like * len(liked))
    shares = [np.interp(place, np.log1p(KNOTS), column) for column in SHARES.T]
    unit = np.interp(place, np.log1p(KNOTS), SCALE) if chosen else 1.0
    return unit * sum(share * column for share, column in zip(shares, columns, strict=True))


def has(attribute: str) -> list[int]:
    return [n for n, item in enumerate(ITEMS) if attribute in WORLD.closed(item)]


@pytest.mark.parametrize("chosen", [[3], [0, 5], [1, 2, 3, 4], [0, 1, 2, 3, 4, 5]])
def test_a_newcomer_gets_the_mixture_of_as_many_choices(chosen: list[int]) -> None:
    history = History(np.asarray(chosen), np.ones(len(chosen), np.float32))
    found = served_scores(bundle())(None, history)
    assert found == pytest.approx(by_hand(chosen, []), rel=1e-4, abs=1e-5)
    store = FakeStore.of(WORLD)
    store.histories["new"] = [Entry(ITEMS[n], "cook", 1.0) for n in chosen]
    answer = Recommender(bundle(), store).recommend("new", k=20)
    assert answer.fallback == "fold_in" and len(answer.items) == len(ITEMS) - len(chosen)
    for item in answer.items:
        assert item.score == pytest.approx(found[ITEMS.index(item.item)], rel=1e-4, abs=1e-5)


def test_without_choices_or_likes_popularity_decides_as_ever() -> None:
    plain = Recommender(WORLD.bundle()).recommend("stranger", k=20)
    cold = Recommender(bundle()).recommend("stranger", k=20)
    assert cold.to_json() == plain.to_json() and cold.fallback == "cold_user"


def test_what_a_stranger_likes_steers_beyond_the_bonus() -> None:
    """Items without the liked thing move, too: those that go with what has it."""
    likes = as_refs(["ingredient:shrimp"])
    query = GraphQuery("stranger", k=20, should=likes, taught=likes)
    ours = {i.item: i.score for i in Recommender(bundle()).answer(query).items}
    base = by_hand([], [has("ingredient:shrimp")])
    spread = base.max() - base.mean()
    for n, item in enumerate(ITEMS):
        bonus = 0.25 * spread * (n in has("ingredient:shrimp"))
        assert ours[item] == pytest.approx(base[n] + bonus, rel=1e-4, abs=1e-5)
    bonus_only = Recommender(WORLD.bundle()).answer(query).items
    assert [i.item for i in bonus_only] != sorted(ours, key=lambda i: -ours[i])


def test_likes_of_one_who_chose_a_little_join_the_choices() -> None:
    store = FakeStore.of(WORLD)
    store.histories["new"] = [Entry("r6", "cook", 1.0)]
    likes = as_refs(["cuisine:thai", "ingredient:chicken"])
    query = GraphQuery("new", k=20, should=likes, taught=likes, exclude_seen=False)
    base = by_hand([5], [has("cuisine:thai"), has("ingredient:chicken")])
    answer = Recommender(bundle(), store).answer(query)
    spread = base.max() - base.mean()
    for item in answer.items:
        n = ITEMS.index(item.item)
        count = (n in has("cuisine:thai")) + (n in has("ingredient:chicken"))
        assert item.score == pytest.approx(
            base[n] + 0.25 * spread * (2 - 2.0 ** (1 - count)), rel=1e-3, abs=1e-4
        )


def test_a_wish_of_now_is_no_evidence() -> None:
    query = GraphQuery("stranger", k=20, should=as_refs(["ingredient:shrimp"]))
    assert Recommender(bundle()).answer(query) == Recommender(WORLD.bundle()).answer(query)


def test_each_reason_s_drop_is_what_the_entry_said() -> None:
    """Shares stay those of all that is known; what is taken away is one entry's part in every column."""
    parts = [random_parts(WORLD)[1]]
    cold = cold_users(own=(), shares=SHARES[:, [0, 1, 3]])
    store = FakeStore.of(WORLD)
    store.histories["new"] = [Entry("r1", "cook", 1.0), Entry("r4", "cook", 1.0)]
    whole = replace(WORLD.bundle(parts), extra=cold.arrays())
    weights = parts[0].weights.to_scipy().toarray()
    place = np.log1p(2)
    unit = np.interp(place, np.log1p(KNOTS), SCALE) * np.interp(place, np.log1p(KNOTS), SHARES[:, 3])
    answer = Recommender(whole, store).recommend("new", k=20, explain=True)
    told = [(item.item, reason) for item in answer.items for reason in item.reasons]
    assert told
    for item, reason in told:
        known = ITEMS.index(reason.path[0][2].removeprefix("recipe:"))
        assert reason.drop == pytest.approx(unit * 2.0 * weights[known, ITEMS.index(item)], rel=1e-4)


def test_a_taught_like_s_drop_is_what_it_said_and_its_bonus() -> None:
    parts = [random_parts(WORLD)[1]]
    cold = cold_users(own=(), shares=SHARES[:, [0, 1, 3]])
    whole = replace(WORLD.bundle(parts), extra=cold.arrays())
    likes = as_refs(["cuisine:thai"])
    query = GraphQuery("stranger", k=20, should=likes, taught=likes)
    weights = parts[0].weights.to_scipy().toarray()
    said = 2.0 * SHARES[1, 3] * weights[has("cuisine:thai")].mean(axis=0)
    counts = whole.catalogue.popularity
    base = 0.7 * np.log1p(counts) / np.log1p(counts.max()) + 0.2 * counts / counts.max() + said
    spread = base.max() - base.mean()
    answer = Recommender(whole).answer(query, explain=True)
    told = [(item.item, reason) for item in answer.items for reason in item.reasons]
    assert {item for item, _ in told} <= {ITEMS[n] for n in has("cuisine:thai")} and told
    for item, reason in told:
        assert reason.drop == pytest.approx(said[ITEMS.index(item)] + 0.25 * spread, rel=1e-3)


def test_trained_users_keep_their_own_score_unless_it_is_to_be_shrunk() -> None:
    plain, kept = WORLD.bundle(), bundle()
    history = plain.history_of(2)
    own = served_scores(plain)(2, history)
    assert served_scores(kept)(2, history) == pytest.approx(own)
    shrunk = served_scores(bundle(cold_users(trust=6.0)))(2, history)
    share = len(history) / (len(history) + 6.0)
    cold = by_hand(history.items.tolist(), [])
    assert len(set(history.weights.tolist())) == 1, "the hand-made formula counts every choice as 1"
    assert shrunk == pytest.approx(share * own + (1 - share) * cold, rel=1e-3, abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(evidence=st.floats(0, 30), step=st.floats(0, 0.05))
def test_a_little_more_evidence_changes_the_shares_a_little(evidence: float, step: float) -> None:
    cold = cold_users()
    before, after = (
        cold.mixture(History(), History(np.zeros(1, np.int64), np.asarray([e]))).shares
        for e in (evidence, evidence + step)
    )
    slope = np.abs(np.diff(SHARES, axis=0) / np.diff(np.log1p(KNOTS))[:, None]).max(axis=0)
    assert (np.abs(after - before) <= slope * step + 1e-5).all()


def test_many_items_are_spoken_for_by_the_most_popular() -> None:
    items = {f"r{n:03}": {"cuisine:thai"} for n in range(150)}
    users = {f"u{n}": {f"r{m:03}": 1.0 for m in range(40, 150) if m % (n + 1) == 0} for n in range(3)}
    catalogue = World(items=items, users=users).catalogue()
    (row,) = np.nonzero(catalogue.popularity >= 2)
    liked = cold_users(like=3.0).liked(catalogue, [np.arange(150)])
    assert len(liked) == 100 and set(row.tolist()) <= set(liked.items.tolist())
    assert liked.weights == pytest.approx(np.full(100, 0.03)) and liked.items.min() >= 40
    assert len(cold_users(like=0.0).liked(catalogue, [np.arange(150)])) == 0


def test_a_written_bundle_says_the_same_and_a_broken_one_says_so(tmp_path) -> None:
    cold = cold_users(trust=4.0, like=2.0)
    path = WORLD.write(tmp_path / "b", random_parts(WORLD), extra=cold.arrays())
    history = History(np.asarray([2, 3]), np.ones(2, np.float32))
    read = read_bundle(path)
    assert served_scores(read)(None, history) == pytest.approx(served_scores(bundle(cold))(None, history))
    for broken in (
        {PREFIX + "knots": cold.knots},
        cold.arrays() | {PREFIX + "shares": SHARES[:2]},
        cold.arrays() | {PREFIX + "shares": SHARES[:, :4]},
        cold.arrays() | {PREFIX + "scale": SCALE * np.nan},
        cold.arrays() | {PREFIX + "own0.keys": tower().keys[:, :1]},
    ):
        with pytest.raises(CorruptionError, match="train again"):
            trained_cold_users(replace(read, extra=broken))
    assert trained_cold_users(replace(read, extra={})) is None


def test_own_parts_know_nothing_of_items_that_came_later() -> None:
    """A bundle that was extended scores its old items as before; the tower holds nothing against new ones."""
    part = random_parts(WORLD)[1]
    cold = cold_users(own=(tower(), part), shares=np.concatenate([SHARES, SHARES[:, 3:4]], axis=1))
    before = replace(WORLD.bundle(random_parts(WORLD)), extra=cold.arrays())
    size = len(ITEMS) + 2
    own = trained_cold_users(replace(before, catalogue=_longer(before, size)))
    assert own is not None and [p.num_items for p in own.own] == [size, size]
    history = History(np.asarray([1, 4]), np.ones(2, np.float32))
    for old, new in zip(cold.own, own.own, strict=True):
        assert new.score(None, history)[: len(ITEMS)] == pytest.approx(old.score(None, history))
    profile, item_item = own.own
    assert isinstance(item_item, ItemItemPart) and not item_item.score(None, history)[-2:].any()
    assert profile.score(None, history)[-2:] == pytest.approx(min(0.0, tower().item_bias.min()))


def test_own_item_weights_reach_new_items_through_their_virtual_neighbours() -> None:
    """A new item that takes all of one old item scores as that one does, and speaks as it does."""
    part = random_parts(WORLD)[1]
    shares = CSR.from_coo(np.asarray([0]), np.asarray([2]), np.asarray([1.0]), (1, len(ITEMS)))
    cold = cold_users(own=(part,))
    before = replace(WORLD.bundle(random_parts(WORLD)), extra=cold.arrays())
    parts = (before.parts[0], grown_item_item(part, shares))
    own = trained_cold_users(replace(before, parts=parts, catalogue=_longer(before, len(ITEMS) + 1)))
    assert own is not None
    history = History(np.asarray([1, 4]), np.ones(2, np.float32))
    scores = own.own[0].score(None, history)
    assert scores[-1] == pytest.approx(scores[2])
    new, old = (
        own.own[0].score(None, History(np.asarray([n]), np.ones(1, np.float32))) for n in (len(ITEMS), 2)
    )
    assert new == pytest.approx(old)


def _longer(found: Bundle, size: int):
    class Longer:
        num_items = size

    return Longer()


@pytest.mark.parametrize(
    "knots", [np.asarray([1.0, 2.0, 3.0]), np.asarray([0.0, 2.0, 2.0]), np.zeros(0), np.asarray([0.0, 1.0])]
)
def test_knots_rise_from_nothing(knots: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="rise from 0"):
        ColdUsers(knots.astype(np.float32), SHARES, SCALE)
