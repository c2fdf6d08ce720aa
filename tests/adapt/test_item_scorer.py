"""Item values in the directions of users' tastes, and corrections learned between domains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.adapt.config import AdaptConfig, StopConfig
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.item_scorer import ItemTask, ItemValues, learn_items
from graphrec.adapt.item_space import ItemSpace
from graphrec.errors import InvalidInputError


def profiles(seed: int, users: int = 30, keys: int = 5) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.standard_normal((users, keys)) * [5, 3, 2, 1, 0.5][:keys]).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_an_error_of_values_is_the_error_of_scores(seed: int) -> None:
    pooled = profiles(seed)
    space = ItemSpace.of(pooled, 5)
    rows = np.random.default_rng(seed + 1).standard_normal((2, 5)).astype(np.float32)
    values = space.values(rows)
    apart = np.linalg.norm(pooled @ rows[0] - pooled @ rows[1])
    assert np.linalg.norm(values[0] - values[1]) == pytest.approx(apart, rel=1e-3)
    np.testing.assert_allclose(space.scores(values), pooled @ rows.T, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(space.rows(values), rows, rtol=1e-2, atol=1e-3)


def test_the_kept_directions_are_the_best_low_rank_scores() -> None:
    pooled, rows = profiles(3), np.eye(5, dtype=np.float32)
    space = ItemSpace.of(pooled, 2)
    left, sizes, right = np.linalg.svd(pooled, full_matrices=False)
    best = (left[:, :2] * sizes[:2]) @ right[:2]
    np.testing.assert_allclose(space.scores(space.values(rows)), best, atol=1e-3)
    assert space.dim == 2


def test_directions_in_which_nobody_differs_are_left_out() -> None:
    pooled = profiles(0, keys=3)
    wide = np.concatenate([pooled, pooled[:, :1]], axis=1)  # the fourth key says what the first says
    assert ItemSpace.of(wide, 4).dim == 3
    with pytest.raises(InvalidInputError, match="No user has chosen"):
        ItemSpace.of(np.zeros((4, 3), np.float32), 2)


NAMES = ("a", "b", "c", "d")
CHAIN = DomainGraph.from_edges(NAMES, [("a", "b"), ("b", "c"), ("c", "d")])
QUICK = AdaptConfig(
    method="source_only", taught=None, hidden=32, learning_rate=5e-3, batch=10, average=0.9, validation=0.0,
    stop=StopConfig(epochs=25, least=25),
)  # fmt: skip


def world(seed: int = 0) -> tuple[ItemTask, np.ndarray]:
    """Words promise twice what is true, in every domain; what is true of domain d is not told."""
    generator = np.random.default_rng(seed)
    domain = np.repeat(np.arange(4), 60)
    content = generator.standard_normal((240, 4)).astype(np.float32)
    errors = (-0.5 * content + 0.05 * generator.standard_normal((240, 4))).astype(np.float32)
    told = errors.copy()
    told[domain == 3] = np.nan
    told[::7] = np.nan  # nobody chose these
    return ItemTask(content, domain, told, CHAIN, np.array([0, 1, 2])), errors


def test_what_words_get_wrong_everywhere_is_put_right_where_nobody_chose() -> None:
    task, errors = world()
    found = learn_items(task, QUICK, seed=0)
    cold = task.domain == 3
    both = np.concatenate([found.values, found.popularity[:, None]], axis=1)
    left = np.square(errors - both)[cold].mean()
    assert left < 0.5 * np.square(errors)[cold].mean()


def test_an_item_without_a_domain_is_left_alone_and_teaches_nothing() -> None:
    task, _ = world()
    domain = task.domain.copy()
    domain[:10] = -1
    errors = task.errors.copy()
    errors[:10] = 1e6
    short = QUICK.model_copy(update={"stop": StopConfig(epochs=3, least=3)})
    changed = learn_items(ItemTask(task.content, domain, errors, CHAIN, task.sources), short)
    assert not changed.values[:10].any()
    assert np.abs(changed.values).max() < 10


def test_the_regression_hides_targets_and_keeps_distances() -> None:
    task, errors = world()
    told = errors.copy()
    told[0] = np.nan
    data = ItemTask(task.content, task.domain, told, CHAIN, task.sources).data()
    assert np.isnan(data.y[task.domain == 3]).all()
    assert np.isnan(data.y[0]).all()
    kept = np.flatnonzero(data.labelled)
    np.testing.assert_allclose(
        np.linalg.norm(data.y[kept, :-1], axis=1), np.linalg.norm(errors[kept, :-1], axis=1), rtol=1e-4
    )
    np.testing.assert_array_equal(data.y[kept, -1], errors[kept, -1])


def test_turned_values_spread_alike() -> None:
    """A network standardises each output by itself; unturned, noise of 0.01 would count as much as a signal of 10."""
    errors = np.random.default_rng(0).standard_normal((2000, 17)).astype(np.float32)
    errors[:, :16] *= np.geomspace(10, 0.01, 16).astype(np.float32)
    task = ItemTask(np.zeros((2000, 1), np.float32), np.arange(2000) % 4, errors, CHAIN, np.arange(4))
    spread = task.data().y[:, :16].std(axis=0)
    assert spread.max() / spread.min() < 10
    assert np.square(spread).sum() == pytest.approx(np.square(errors[:, :16].std(axis=0)).sum(), rel=0.01)


def test_sizes_that_do_not_fit_are_named() -> None:
    with pytest.raises(InvalidInputError, match="3 rows of content, 2 of errors and 3 domains"):
        ItemTask(np.zeros((3, 2)), np.zeros(3, np.int64), np.zeros((2, 3)), CHAIN, np.array([0]))


def test_a_share_of_a_correction() -> None:
    words = ItemValues(np.array([[1.0, 2.0]], np.float32), np.array([3.0], np.float32))
    correction = ItemValues(np.array([[10.0, -4.0]], np.float32), np.array([2.0], np.float32))
    mixed = words.plus(0.5, correction)
    np.testing.assert_array_equal(mixed.values, [[6.0, 0.0]])
    np.testing.assert_array_equal(mixed.popularity, [4.0])
