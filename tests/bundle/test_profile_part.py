"""The profile part against its formula, in a bundle, in an evaluation and beside other parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import History, Part, ProfilePart, read_bundle
from graphrec.bundle.part_arrays import part_arrays, part_from_arrays, part_options
from graphrec.errors import InvalidInputError
from graphrec.evaluation.bundle_scorer import BundleScorer
from tests.bundle.worlds import kitchen, random_parts

ITEMS, DIM = 12, 5


def part_of(seed: int, *, exponent: float = 0.5, items: int = ITEMS, bias: bool = True) -> ProfilePart:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(3, items, DIM)).astype(np.float32)
    return ProfilePart(rows[0], rows[1], rows[2, :, 0].copy() if bias else None, exponent, 2.0)


HISTORY = History(np.array([1, 4, 9]), np.array([1.0, 0.5, 0.25], dtype=np.float32))


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_it_is_the_formula(exponent: float) -> None:
    part = part_of(0, exponent=exponent)
    expected = []
    for item in range(ITEMS):
        products = [
            w * float(part.keys[j] @ part.items[item]) for j, w in zip((1, 4, 9), (1, 0.5, 0.25), strict=True)
        ]
        expected.append(sum(products) / 1.75**exponent + float(part.item_bias[item]))
    np.testing.assert_allclose(part.score(None, HISTORY), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        part.score(3, HISTORY, np.array([2, 7])), np.array(expected)[[2, 7]], rtol=1e-4, atol=1e-5
    )


def test_nobody_in_particular_gets_the_bias() -> None:
    part = part_of(1)
    np.testing.assert_array_equal(part.score(None, History()), part.item_bias)
    assert not part_of(1, bias=False).score(None, History()).any()
    assert part.contributions(None, History(), np.arange(3)).shape == (0, 3)


def test_contributions_add_up_to_the_score_and_removal_is_absence() -> None:
    part, candidates = part_of(2), np.array([0, 5, 11])
    shares = part.contributions(None, HISTORY, candidates)
    np.testing.assert_allclose(
        shares.sum(axis=0) + part.item_bias[candidates],
        part.score(None, HISTORY, candidates),
        rtol=1e-4,
        atol=1e-5,
    )
    left = History(np.array([1, 9]), np.array([1.0, 0.25], dtype=np.float32))
    np.testing.assert_allclose(
        part.score(None, HISTORY, None, np.array([1])), part.score(None, left), rtol=1e-6
    )


def test_shapes_that_do_not_fit_are_refused() -> None:
    rows = np.zeros((4, 2), np.float32)
    with pytest.raises(InvalidInputError, match="one shape"):
        ProfilePart(rows, np.zeros((4, 3), np.float32))
    with pytest.raises(InvalidInputError, match=r"shape \(4,\)"):
        ProfilePart(rows, rows, np.zeros(3, np.float32))


def test_arrays_and_back() -> None:
    part = part_of(3)
    again = part_from_arrays({"kind": "profile", "weight": 2.0} | part_options(part), part_arrays(part))
    np.testing.assert_array_equal(again.score(None, HISTORY), part.score(None, HISTORY))


def test_a_bundle_carries_it_and_evaluation_scores_it_alike(tmp_path: Path) -> None:
    world = kitchen()
    parts: list[Part] = [part_of(4, items=len(world.items)), *random_parts(world)]
    bundle = read_bundle(world.write(tmp_path / "b", parts))
    block = BundleScorer(bundle).score(np.arange(len(world.users)))
    for user in range(len(world.users)):
        np.testing.assert_allclose(block[user], bundle.score_user(user), rtol=1e-4, atol=1e-4)
