from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from graphrec.text.schedule import batches, rate, steps_of

LENGTHS = np.random.default_rng(0).integers(3, 60, 1000)


def test_an_epoch_shows_every_text_once_beside_others_of_its_length():
    per_epoch = -(-1000 // 16)
    found = list(islice(batches(LENGTHS, 16, 0, 0, 0), 2 * per_epoch))
    for epoch in (found[:per_epoch], found[per_epoch:]):
        assert sorted(np.concatenate(epoch)) == list(range(1000))
    assert [b.tolist() for b in found[:per_epoch]] != [b.tolist() for b in found[per_epoch:]]
    spread = np.mean([np.ptp(LENGTHS[rows]) for rows in found])
    assert spread < 6  # random batches of 16 spread over 50 of the 57


@pytest.mark.parametrize("first", [1, 62, 63, 64, 200])
def test_a_run_that_goes_on_sees_what_it_would_have_seen(first):
    whole = [rows.tolist() for rows in islice(batches(LENGTHS, 16, 5, 2, 0), first + 5)]
    rest = [rows.tolist() for rows in islice(batches(LENGTHS, 16, 5, 2, first), 5)]
    assert rest == whole[first:]


def test_levels_and_seeds_have_orders_of_their_own():
    starts = {tuple(next(batches(LENGTHS, 16, seed, level, 0))) for seed in range(3) for level in range(3)}
    assert len(starts) == 9


def test_the_rate_rises_and_falls_in_straight_lines():
    rates = [rate(step, 10, 4) for step in range(10)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])
    assert rate(0, 1, 0) == 1.0 and rate(10, 10, 4) == 0.0


def test_steps_come_from_steps_or_from_epochs():
    assert steps_of(1000, 32, 7, 3.0) == 7
    assert steps_of(1000, 32, None, 2.0) == 63
    assert steps_of(10, 32, None, 0.1) == 1
