"""Shares for newcomers, learned on a world of two tastes where what is right can be counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.bundle import History, ItemItemPart, ProfilePart, VectorPart
from graphrec.models.ease import EASE, EASEConfig
from graphrec.sparse import CSR
from graphrec.store.columns import TrainData
from graphrec.training.cold_users_fit import ColdUsersConfig, ColdUsersFit, fit_cold_users
from graphrec.training.newcomers import newcomers, whole
from graphrec.training.profile_tower import TowerConfig, train_tower

ITEMS, USERS = 120, 160
CONFIG = ColdUsersConfig(
    knots=(1, 3, 8),
    users=60,
    draws=1,
    depth=10,
    walk=30,
    tower=TowerConfig(dim=8, epochs=15, learning_rate=0.02),
)


def rows_of(lists: list[np.ndarray], num_items: int = ITEMS) -> CSR:
    rows = np.repeat(np.arange(len(lists)), [len(items) for items in lists])
    columns = np.concatenate([np.zeros(0, np.int64), *lists])
    return CSR.from_coo(rows, columns, None, (len(lists), num_items))


def world(seed: int = 0, users: int = USERS) -> list[np.ndarray]:
    """Users like even items or odd ones, and of each kind the first ones most."""
    rng = np.random.default_rng(seed)
    chance = 1.0 / (1.0 + np.arange(ITEMS // 2) / 6.0)
    chance /= chance.sum()
    found = []
    for user in range(users):
        own = rng.choice(ITEMS // 2, size=int(rng.integers(12, 24)), replace=False, p=chance) * 2 + user % 2
        stray = rng.choice(ITEMS, size=3, replace=False)
        found.append(np.unique(np.concatenate([own, stray])))
    return found


def split(people: list[np.ndarray], fresh: int) -> tuple[CSR, CSR]:
    """The first users held out whole, the others in training."""
    none = np.zeros(0, np.int64)
    held = [items if n < fresh else none for n, items in enumerate(people)]
    train = [none if n < fresh else items for n, items in enumerate(people)]
    return rows_of(train), rows_of(held)


def ease(train: CSR) -> ItemItemPart:
    (part,) = EASE(EASEConfig(ridge=20.0)).fit(TrainData(train, None, None)).parts()
    return part


@pytest.fixture(scope="module")
def fit() -> ColdUsersFit:
    train, held = split(world(), 50)
    found = fit_cold_users([ease(train)], train, held, CONFIG, seed=1)
    assert found is not None
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 10])
def test_other_newcomers_are_served_better_than_by_popularity_and_by_the_part_alone(
    fit: ColdUsersFit, count: int
) -> None:
    train, _ = split(world(), 50)
    part = ease(train)
    popularity = np.bincount(train.indices, minlength=ITEMS).astype(np.float32)
    others = rows_of(world(seed=9))
    nothing = rows_of([np.zeros(0, np.int64)] * USERS)
    group = newcomers(nothing, others, np.arange(USERS), count, np.random.default_rng(3))
    assert group is not None
    scores = np.stack([
        fit.cold.score([part], popularity, fit.cold.mixture(history), history) for history in group.histories
    ])  # fmt: skip
    ours = group.quality(scores, 10)
    assert (ours > 1.1 * group.quality(np.tile(popularity, (len(scores), 1)), 10)).all()
    assert ours.sum() > 0.99 * group.quality(group.scores(part), 10).sum()


def test_without_evidence_popularity_alone_is_left(fit: ColdUsersFit) -> None:
    assert fit.cold.knots.tolist() == [0.0, 1.0, 3.0, 8.0]
    assert fit.cold.shares[0].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert (fit.cold.scale > 0).all()
    assert [type(part) for part in fit.cold.own] == [ProfilePart, ItemItemPart]
    assert fit.cold.own[1].weights.degrees().max() <= 30  # type: ignore[union-attr]


def test_shares_are_in_units_of_log_popularity_and_the_scale_leads_to_the_model_s(fit: ColdUsersFit) -> None:
    """Spreads of what newcomers are served, against that of popularity and that of the model itself."""
    train, held = split(world(), 50)
    part = ease(train)
    popularity = np.bincount(train.indices, minlength=ITEMS).astype(np.float32)
    group = newcomers(train, held, np.arange(50), 3, np.random.default_rng(4))
    assert group is not None
    scores = np.stack([
        fit.cold.score([part], popularity, fit.cold.mixture(history), history) for history in group.histories
    ])  # fmt: skip
    assert scores.std(axis=1).mean() == pytest.approx(group.scores(part).std(axis=1).mean(), rel=0.15)
    log = np.log1p(popularity) / np.log1p(popularity.max())
    assert scores.std(axis=1).mean() / fit.cold.scale[2] == pytest.approx(log.std(), rel=0.15)


def test_the_same_seed_gives_the_same_and_refitting_keeps_the_shares(fit: ColdUsersFit) -> None:
    train, held = split(world(), 50)
    again = fit_cold_users([ease(train)], train, held, CONFIG, seed=1)
    assert again is not None and again.chosen == fit.chosen
    assert (again.cold.own[0].keys == fit.cold.own[0].keys).all()  # type: ignore[union-attr]
    final = fit.refit(rows_of(world()))
    assert (final.shares == fit.cold.shares).all()
    assert (final.own[0].keys != fit.cold.own[0].keys).any()  # type: ignore[union-attr]
    assert final.own[1].weights.values.sum() != fit.cold.own[1].weights.values.sum()  # type: ignore[union-attr]


def test_a_model_that_pools_histories_already_needs_no_tower() -> None:
    train, held = split(world(), 50)
    tower, _ = train_tower(train, CONFIG.tower, seed=0)
    found = fit_cold_users([ease(train), tower], train, held, CONFIG.model_copy(update={"walk": 0}), seed=0)
    assert found is not None and found.cold.own == () and found.refit(train).own == ()
    assert found.cold.shares.shape == (4, 4) and found.chosen["tower_epochs"] == 0


def test_trained_users_are_shrunk_where_their_own_vectors_are_noise_and_not_where_they_are_good() -> None:
    people = world()
    rng = np.random.default_rng(0)
    hidden = [np.sort(rng.choice(items, size=4, replace=False)) for items in people]
    train = rows_of([np.setdiff1d(items, out) for items, out in zip(people, hidden, strict=True)])
    held = rows_of(hidden)
    taste = np.eye(2, dtype=np.float32)
    popularity = np.log1p(np.bincount(train.indices, minlength=ITEMS)).astype(np.float32)
    good = VectorPart(5 * taste[np.arange(USERS) % 2], taste[np.arange(ITEMS) % 2], popularity)
    noise = VectorPart(
        rng.normal(size=(USERS, 4)).astype(np.float32), rng.normal(size=(ITEMS, 4)).astype(np.float32)
    )
    fits = [fit_cold_users([part], train, held, CONFIG, seed=0) for part in (good, noise)]
    assert [found is not None for found in fits] == [True, True]
    trusts = [found.cold.trust for found in fits if found is not None]
    assert trusts[0] == 0.0 and trusts[1] >= 30.0


def test_too_few_newcomers_teach_nothing() -> None:
    train, held = split(world(), 10)
    assert fit_cold_users([ease(train)], train, held, CONFIG) is None
    short = ColdUsersConfig(knots=(1, 25), draws=1, users=60, tower=TowerConfig(dim=2, epochs=1))
    found = fit_cold_users([ease(split(world(), 50)[0])], *split(world(), 50), short)
    assert found is not None and found.cold.knots.tolist() == [0.0, 1.0], "nobody has 26 choices"


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(0, 9), fresh=st.integers(0, 40))
def test_newcomers_show_what_may_be_seen_and_want_what_may_not(seed: int, count: int, fresh: int) -> None:
    people = world(seed=3, users=40)
    rng = np.random.default_rng(seed)
    out = [rng.permutation(items)[: len(items) // 3] for items in people]
    none = np.zeros(0, np.int64)
    train = rows_of(
        [none if n < fresh else np.setdiff1d(i, o) for n, (i, o) in enumerate(zip(people, out, strict=True))]
    )
    held = rows_of([i if n < fresh else o for n, (i, o) in enumerate(zip(people, out, strict=True))])
    group = newcomers(train, held, np.arange(40), count, rng)
    if group is None:
        return
    assert (group.shown.degrees() == count).all() and (group.wanted.degrees() > 0).all()
    able = [n for n in range(40) if len((train if n >= fresh else held).row(n)) >= count + (n < fresh)]
    for row, user in enumerate(able):
        shown, known, wanted = (set(m.row(row).tolist()) for m in (group.shown, group.known, group.wanted))
        assert shown <= known and not known & wanted and known | wanted == set(people[user].tolist())
        assert wanted <= set(held.row(user).tolist())
        assert known >= set(train.row(user).tolist())


def test_whole_histories_show_everything_trained_on() -> None:
    people = world(users=30)
    train, held = rows_of([i[:-3] for i in people]), rows_of([i[-3:] for i in people])
    group = whole(train, held, np.asarray([4, 7]))
    assert group.known is group.shown
    assert group.shown.row(1).tolist() == people[7][:-3].tolist()
    assert group.wanted.row(0).tolist() == people[4][-3:].tolist()


def test_quality_is_recall_and_ndcg_by_hand() -> None:
    people = [np.asarray([0, 1, 2])] * 20
    group = newcomers(rows_of([np.zeros(0, np.int64)] * 20, 5), rows_of(people, 5), np.arange(20), 1,
                      np.random.default_rng(0))  # fmt: skip
    assert group is not None
    scores = np.tile(np.asarray([9.0, 8.0, 0.0, 7.0, 6.0], np.float32), (20, 1))
    shown = group.shown.indices
    recall = np.where(
        shown == 2, 1.0, 0.5
    )  # two places: items 0 and 1 where 2 was shown, else one hit and item 3
    ideal = 1.0 + 1.0 / np.log2(3.0)
    gains = np.where(shown == 2, ideal, 1.0)
    assert group.per_user(scores, 2) == pytest.approx(np.stack([recall, gains / ideal]))


def test_the_tower_tells_tastes_apart_and_keeps_popularity_for_strangers() -> None:
    train = rows_of(world())
    part, epochs = train_tower(train, TowerConfig(dim=8, epochs=20, learning_rate=0.02), seed=0)
    assert epochs == 20 and part.keys.shape == (ITEMS, 8)
    for taste in (0, 1):
        scores = part.score(None, History(np.asarray([taste, taste + 4]), np.ones(2, np.float32)))
        assert (np.argsort(-scores)[:10] % 2 == taste).mean() >= 0.9
    popularity = np.bincount(train.indices, minlength=ITEMS)
    stranger = part.score(None, History())
    assert np.corrcoef(stranger, np.log(popularity + 0.1))[0, 1] > 0.95


def test_the_best_epoch_by_validation_is_kept() -> None:
    seen: list[ProfilePart] = []

    def validate(part: ProfilePart) -> float:
        seen.append(part)
        return -abs(len(seen) - 2.0)  # the second look is the best

    config = TowerConfig(dim=4, epochs=40)
    part, epoch = train_tower(rows_of(world(users=30)), config, seed=0, validate=validate)
    assert epoch == 10 and len(seen) == 6, "four looks without a gain end it"
    assert (part.keys == seen[1].keys).all()
