"""The training loop on one number whose every step is known: the gradient is 1, Adam moves by its rate."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from graphrec.training.loop import LoopConfig, run_loop

RATE = 0.125


class Slide:
    """A parameter that slides down; `looks` are the validation values, None ends them."""

    def __init__(self, looks=(), steps=2):
        self.module = nn.Module()
        self.module.w = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.generator, self.looks, self.steps = torch.Generator(), list(looks), steps
        self.epochs, self.validated = [], []

    def groups(self, config):
        return [{"params": [self.module.w], "lr": config.learning_rate}]

    def begin_epoch(self, epoch):
        self.epochs.append(epoch)

    def losses(self):
        for _ in range(self.steps):
            yield self.module.w.sum()

    def validate(self):
        self.validated.append(self.module.w.item())
        return self.looks.pop(0) if self.looks else None


def averages(decay, steps):
    """Exponential moving average of 0, -RATE, -2 RATE, ... after each step."""
    average, found = 0.0, []
    for step in range(1, steps + 1):
        average = decay * average - (1 - decay) * step * RATE
        found.append(average)
    return found


def config(**more):
    return LoopConfig(learning_rate=RATE, eval_every=1, **more)


def test_last_weights_without_averaging():
    task = Slide()
    run_loop(task, config(epochs=3, average=0.0))
    assert float(task.module.w) == pytest.approx(-6 * RATE, rel=1e-6)
    assert task.epochs == [0, 1, 2]


def test_the_average_is_validated_and_kept_while_training_goes_on_from_the_weights():
    task = Slide([0.1, 0.4, 0.2])
    progress = run_loop(task, config(epochs=3, average=0.75))
    expected = averages(0.75, 6)
    assert task.validated == pytest.approx([expected[1], expected[3], expected[5]], rel=1e-6)
    assert float(task.module.w) == pytest.approx(expected[3], rel=1e-6)
    assert (progress.best_epoch, progress.best, progress.epoch) == (2, 0.4, 3)


def test_the_loss_in_the_log_is_the_mean_over_steps_and_no_epoch_is_lost():
    records = []
    run_loop(Slide([0.5] * 9), config(epochs=9, average=0.0, patience=2), log=records.append)
    # three equal looks: the first is the best, two without a gain stop the run
    assert [record["epoch"] for record in records] == [1, 2, 3]
    assert [record["loss"] for record in records] == pytest.approx([-0.5 * RATE, -2.5 * RATE, -4.5 * RATE])
    assert records[-1]["best_epoch"] == 1


def test_validation_that_is_never_a_number_keeps_the_last_weights():
    task = Slide([float("nan")] * 3)
    progress = run_loop(task, config(epochs=3, average=0.0))
    assert progress.best_epoch == 0
    assert float(task.module.w) == pytest.approx(-6 * RATE, rel=1e-6)


def test_an_epoch_without_steps_does_no_harm():
    task = Slide(steps=0)
    run_loop(task, config(epochs=2))
    assert float(task.module.w) == 0.0
