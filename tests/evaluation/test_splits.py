"""Splits partition, leave something to train on, and nothing from after the cut reaches a model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.evaluation import evaluate, given_split, global_time_split, leave_last_out, random_split
from graphrec.models.base import TrainData
from graphrec.sparse import CSR
from graphrec.store.columns import NO_TIME, Interactions


def make(user, item, time=None, num_users=None, num_items=None):
    user, item = np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64)
    plain = Interactions.from_pairs(
        user, item, num_users or int(user.max(initial=-1)) + 1, num_items or int(item.max(initial=-1)) + 1
    )
    return plain if time is None else dataclasses.replace(plain, time=np.asarray(time, dtype=np.int64))


def pairs(matrix: CSR):
    return set(zip(matrix.row_index().tolist(), matrix.indices.tolist(), strict=True))


def held(split, on="test"):
    """The held-out pairs, as a scorer that is asked about every user would meet them."""
    return pairs(split._reveal(on)[1])


@st.composite
def events(draw):
    n, users, items = draw(st.integers(1, 80)), draw(st.integers(1, 8)), draw(st.integers(2, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    time = rng.integers(
        0, draw(st.sampled_from([3, 1000])), size=n
    )  # few moments: ties in time, repeats of pairs
    return make(rng.integers(0, users, n), rng.integers(0, items, n), time, users, items)


MAKERS = {
    "random": lambda rows: random_split(rows, valid=0.2, test=0.3, seed=1),
    "random_pairs": lambda rows: random_split(rows, valid=0.2, test=0.3, seed=1, per_user=False),
    "last": lambda rows: leave_last_out(rows),
    "last_share": lambda rows: leave_last_out(rows, valid=0.2, test=0.3),
    "file": lambda rows: leave_last_out(rows, order="file"),
    "time": lambda rows: global_time_split(rows, valid=0.2, test=0.3),
}


@settings(max_examples=60, deadline=None)
@given(events(), st.sampled_from(sorted(MAKERS)))
def test_no_held_out_pair_is_known_before(rows, maker):
    split = MAKERS[maker](rows)
    train, seen = pairs(split.seen("valid")), pairs(split.seen("test"))
    assert train <= seen
    assert not train & held(split, "valid")
    assert not seen & held(split, "test")
    assert seen | held(split, "test") <= pairs(rows.matrix())
    data = split.train_data()
    assert pairs(data.train) == train
    assert data.valid is None or pairs(data.valid) == held(split, "valid")
    assert pairs(split.train_data(include_valid=True).train) == seen


@settings(max_examples=60, deadline=None)
@given(events(), st.sampled_from(sorted(MAKERS)))
def test_every_pair_lands_somewhere_unless_time_forbids(rows, maker):
    split = MAKERS[maker](rows)
    known = pairs(split.seen("test")) | held(split, "test")
    if maker.startswith("random") or maker == "time":
        assert known == pairs(rows.matrix())


@settings(max_examples=60, deadline=None)
@given(events(), st.sampled_from(["random", "last", "last_share", "file"]))
def test_per_user_splits_leave_each_user_something_and_take_at_least_one(rows, maker):
    split = MAKERS[maker](rows)
    total = rows.matrix().degrees()
    tests = np.bincount([user for user, _ in held(split)], minlength=rows.num_users)
    assert (split.seen("valid").degrees()[total > 0] >= 1).all()
    assert (tests[total >= 2] >= 1).all()
    assert (tests[total < 2] == 0).all()


@settings(max_examples=100, deadline=None)
@given(events(), st.integers(0, 1000), st.integers(0, 1000))
def test_time_split_knows_nothing_of_the_future(rows, first, second):
    """A change of any row at or after the cut changes nothing that a model is handed."""
    valid_time, test_time = sorted((first, second))
    split = global_time_split(rows, valid_time=valid_time, test_time=test_time)
    assert (split.train.time < valid_time).all()
    assert ((split.valid.time >= valid_time) & (split.valid.time < test_time)).all()
    late = rows.time >= test_time
    changed = dataclasses.replace(rows, item=np.where(late, (rows.item + 1) % rows.num_items, rows.item))
    other = global_time_split(changed, valid_time=valid_time, test_time=test_time)
    for mine, theirs in (
        (split.train_data(), other.train_data()),
        (split.as_of(test_time), other.as_of(test_time)),
    ):
        assert pairs(mine.train) == pairs(theirs.train)
        assert (mine.valid is None) == (theirs.valid is None)
        assert mine.valid is None or pairs(mine.valid) == pairs(theirs.valid)


@settings(max_examples=60, deadline=None)
@given(events(), st.integers(0, 1000))
def test_as_of_gives_exactly_what_was_before(rows, moment):
    split = global_time_split(rows, test=0.2)
    if moment > split.test_time:
        with pytest.raises(InvalidInputError, match="after the test cut"):
            split.as_of(moment)
    else:
        expected = {(u, i) for u, i, t in zip(rows.user, rows.item, rows.time, strict=True) if t < moment}
        assert pairs(split.as_of(moment).train) == expected


@settings(max_examples=60, deadline=None)
@given(events(), st.sampled_from(["time", "file"]), st.sampled_from([1, 2, 0.3]))
def test_last_out_never_trains_on_a_users_future(rows, order, amount):
    split = leave_last_out(rows, valid=0, test=amount, order=order)
    when = rows.time if order == "time" else np.arange(len(rows))
    position = {}
    for row in sorted(range(len(rows)), key=lambda row: (when[row], row)):
        position.setdefault((int(rows.user[row]), int(rows.item[row])), len(position))
    for user in range(rows.num_users):
        known = [position[pair] for pair in pairs(split.seen("test")) if pair[0] == user]
        tests = [position[pair] for pair in held(split) if pair[0] == user]
        assert not known or not tests or max(known) < min(tests)
        if isinstance(amount, int) and known:
            assert len(tests) == min(amount, len(known) + len(tests) - 1)


def test_public_surface_of_a_split_hides_the_test_rows():
    """Everything without an underscore, called or read, is free of test pairs; only `evaluate` meets them."""
    rows = make([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5], [1, 2, 9, 1, 2, 9])
    split = global_time_split(rows, valid_time=2, test_time=5)
    assert held(split) == {(0, 2), (1, 5)}
    handed = [
        split.train_data(),
        split.train_data(include_valid=True),
        split.as_of(5),
        split.train,
        split.valid,
    ]
    handed += [split.seen("valid"), split.seen("test")]
    for value in handed:
        matrices = [value.train, value.valid] if isinstance(value, TrainData) else [value]
        for matrix in matrices:
            found = matrix.matrix() if isinstance(matrix, Interactions) else matrix
            assert found is None or not pairs(found) & held(split)
    public = {name for name in dir(split) if not name.startswith("_")}
    assert public == {
        "as_of", "cold_items", "cold_users", "counts", "features", "kg", "name",
        "num_items", "num_users", "seen", "test_time", "train", "train_data", "valid",
    }  # fmt: skip
    assert "_test" not in repr(split)


def test_evaluate_is_the_way_to_the_test_rows():
    class Oracle:
        def score(self, users):
            wanted = {0: 2, 1: 5}
            scores = np.zeros((len(users), 6))
            for place, user in enumerate(users):
                scores[place, wanted[int(user)]] = 1.0
            return scores

    split = global_time_split(
        make([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5], [1, 2, 9, 1, 2, 9]), valid_time=2, test_time=5
    )
    assert evaluate(Oracle(), split, on="test", ks=(1,))["recall@1"] == 1.0
    assert evaluate(Oracle(), split, on="valid", ks=(1,))["recall@1"] == 0.0
    with pytest.raises(InvalidInputError, match="'valid' or 'test'"):
        evaluate(Oracle(), split, on="train")


def test_cold_users_and_items_are_those_unseen_before_the_cut():
    rows = make([0, 0, 1, 2], [0, 1, 2, 1], [1, 2, 9, 9], 4, 5)
    split = global_time_split(rows, valid_time=2, test_time=5)
    assert split.cold_items().tolist() == [2, 3, 4]
    assert split.cold_items("valid").tolist() == [1, 2, 3, 4]
    assert split.cold_users().tolist() == [1, 2, 3]


def test_seed_decides_a_random_split_and_row_order_does_not():
    rng = np.random.default_rng(0)
    rows = make(rng.integers(0, 20, 300), rng.integers(0, 30, 300))
    shuffled = rows.take(rng.permutation(300))
    assert held(random_split(rows, seed=3)) == held(random_split(shuffled, seed=3))
    assert held(random_split(rows, seed=3)) != held(random_split(rows, seed=4))


def test_a_tenth_per_user_is_rounded_and_at_least_one():
    rows = make(np.repeat([0, 1, 2], [3, 24, 100]), np.concatenate([np.arange(n) for n in (3, 24, 100)]))
    tests = np.bincount([user for user, _ in held(random_split(rows, test=0.1, valid=0))])
    assert tests.tolist() == [1, 2, 10]


def test_events_of_one_pair_stay_together():
    """A view before the cook of the same dish must not train while the cook is the test."""
    rows = make([0, 0, 0, 0], [1, 1, 2, 2], [1, 2, 3, 4])
    split = random_split(rows, test=1, valid=0)
    assert len(split.train) == 2
    assert split.counts() == {"train": 2, "valid": 0, "test": 2}


def test_given_parts_lose_repeats_of_earlier_parts():
    train, valid, test = (make([0] * len(items), items, None, 1, 6) for items in ([0, 1], [1, 2], [0, 2, 3]))
    split = given_split(train, test, valid=valid)
    assert held(split, "valid") == {(0, 2)}
    assert held(split, "test") == {(0, 3)}


def test_times_are_needed_and_cuts_in_order():
    rows = make([0, 0], [0, 1])
    assert (rows.time == NO_TIME).all()
    for split in (global_time_split, leave_last_out):
        with pytest.raises(InvalidInputError, match="needs a time"):
            split(rows)
    with pytest.raises(InvalidInputError, match="not by time"):
        random_split(rows).as_of(0)
    with pytest.raises(InvalidInputError, match="after the test cut"):
        global_time_split(make([0, 0], [0, 1], [1, 2]), valid_time=3, test_time=2)
    for amount in (-1, 1.5):
        with pytest.raises(InvalidInputError, match="held-out part"):
            random_split(rows, test=amount)
