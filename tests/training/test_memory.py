"""The learned reading of a memory: NumPy and torch agree, gradients are true, nothing of the future is read."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.errors import InvalidInputError
from graphrec.ranking.memory import DAY, MemoryShape, UserMemory
from graphrec.ranking.memory_mixing import MemoryMixing
from graphrec.training.memory import MemoryConfig, MemoryTrainer
from graphrec.training.memory_examples import EventLog, build_examples
from graphrec.training.memory_network import MemoryNetwork

DIM, ITEMS = 8, 30
SHAPE = MemoryShape(DIM, window=4, half_lives=(DAY, 9 * DAY))


def vectors(seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(ITEMS, DIM)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def a_log(seed: int = 0, users: int = 12, size: int = 150) -> EventLog:
    rng = np.random.default_rng(seed)
    return EventLog.sort(
        rng.integers(0, users, size), rng.integers(0, ITEMS, size), rng.integers(0, 40, size) * DAY / 2,
        rng.integers(-1, 3, size),
    )  # fmt: skip


def a_network(seed: int = 0) -> MemoryNetwork:
    """Every parameter moved off its start, so that none can be forgotten in the comparison."""
    network = MemoryNetwork(vectors(), SHAPE, 2, np.zeros(ITEMS, np.float32), seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    return network


def a_trainer(network: MemoryNetwork, log: EventLog, **settings) -> MemoryTrainer:
    config = MemoryConfig(window=SHAPE.window, half_lives=SHAPE.half_lives, batch_size=32, **settings)
    return MemoryTrainer(network, build_examples(log, vectors(), SHAPE), vectors(9)[:3], config)


def test_numpy_and_torch_give_the_same_users_and_scores(tmp_path):
    network, log = a_network(), a_log()
    trainer = a_trainer(network, log)
    write_safetensors(tmp_path / "memory", network.export().arrays("memory."))
    mixing = MemoryMixing.from_arrays(read_safetensors(tmp_path / "memory"), "memory.")
    assert mixing.shape == SHAPE
    rows = np.arange(len(log))
    with torch.no_grad():
        expected = trainer.vectors(rows)
        scores = network.scores(expected).numpy()
    for row in rows:
        past = [e for e in rows if log.users[e] == log.users[row] and log.times[e] < log.times[row]]
        memory = UserMemory(SHAPE)
        for event in np.random.default_rng(row).permutation(past).astype(int):
            item = int(log.items[event])
            memory.update(mixing.items[item], float(log.times[event]), key=item)
        asked = None if log.requests[row] < 0 else vectors(9)[log.requests[row]]
        view = memory.read(float(log.times[row]))
        found = mixing.user_vector(view, asked)
        np.testing.assert_allclose(found, expected[row], rtol=2e-3, atol=2e-4)
        some = np.array([3, 7, 20])
        np.testing.assert_allclose(mixing.score(view, asked), scores[row], rtol=2e-3, atol=2e-3)
        np.testing.assert_array_equal(mixing.score(view, asked, some).shape, (3,))
        np.testing.assert_allclose(mixing.score(view, asked, some), scores[row][some], rtol=2e-3, atol=2e-3)


def test_examples_read_strictly_earlier_events_alone():
    """Whatever happens at or after an event's instant, its example stays the same."""
    log = a_log(3)
    examples = build_examples(log, vectors(), SHAPE)
    for row in range(0, len(log), 7):
        kept = (log.users == log.users[row]) & (log.times < log.times[row])
        kept[row] = True
        alone = EventLog(*(getattr(log, name)[kept] for name in ("users", "items", "times", "requests")))
        place = int(kept[:row].sum())
        found = build_examples(alone, vectors(), SHAPE)
        np.testing.assert_allclose(found.long[place], examples.long[row], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.mass[place], examples.mass[row], rtol=1e-5)
        one, other = (e.window(np.array([r]), 4) for e, r in ((found, place), (examples, row)))
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
        owner, items = examples.seen(np.array([row]))
        assert sorted(items) == sorted(
            log.items[(log.users == log.users[row]) & (log.times < log.times[row])]
        )
        assert not owner.any()


def test_gradients_are_those_of_finite_differences():
    network = a_network(1).double()
    rng = np.random.default_rng(2)
    items = torch.tensor(rng.integers(-1, ITEMS, (3, 4)))
    items[2] = -1  # a user without events
    inputs = (
        torch.tensor(rng.normal(size=(3, 2, DIM))), torch.tensor(rng.random((3, 2))), items,
        torch.tensor(rng.random((3, 4)) * DAY), torch.tensor(rng.normal(size=(3, DIM))),
    )  # fmt: skip
    names = [name for name, _ in network.named_parameters() if name not in ("outputs", "bias", "popular")]
    start = tuple(dict(network.named_parameters())[name].detach().clone().requires_grad_() for name in names)

    def users(*parameters: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(network, dict(zip(names, parameters, strict=True)), inputs)

    network.forward = network.user_vectors  # type: ignore[method-assign]
    assert torch.autograd.gradcheck(users, start, fast_mode=True)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(users(*start).square().sum(), start))


def test_a_user_without_events_has_no_vector():
    mixing = a_network().export()
    np.testing.assert_array_equal(mixing.user_vector(UserMemory(SHAPE).read(0.0)), np.zeros(DIM))


def test_the_sampled_loss_is_the_full_one_on_average():
    trainer = a_trainer(a_network(), a_log(), negatives=15)
    rows = np.flatnonzero(trainer.examples.stop > trainer.examples.start)[:40]
    with torch.no_grad():
        scores = trainer.network.scores(trainer.vectors(rows))
        full = -torch.log_softmax(scores, 1)[torch.arange(len(rows)), trainer.examples.log.items[rows]].mean()
        sampled = np.mean([float(trainer.loss(rows)) for _ in range(300)])
    assert sampled == pytest.approx(float(full), rel=0.08)


def test_training_finds_a_rule_that_a_mean_cannot_hold():
    """The next item is the last one plus 1: the newest event decides, the rest is noise."""
    rng = np.random.default_rng(5)
    users, items, times = [], [], []
    for user in range(80):
        item = int(rng.integers(ITEMS))
        for step in range(8):
            users.append(user), items.append(item), times.append(step * DAY)
            item = (item + 1) % ITEMS
    log = EventLog.sort(np.array(users), np.array(items), np.array(times))
    network = MemoryNetwork(vectors(), SHAPE, 2, np.zeros(ITEMS, np.float32))
    trainer = a_trainer(network, log, epochs=12, learning_rate=1e-2)
    has = np.flatnonzero(trainer.examples.stop > trainer.examples.start)
    train, valid = has[log.users[has] < 60], has[log.users[has] >= 60]
    before = trainer.quality(valid)
    best = trainer.fit(train, valid)
    assert best == pytest.approx(trainer.quality(valid))  # the best pass was kept
    assert best > max(0.8, 2 * before)


def test_attentions_that_do_not_help_on_validation_are_left_out(monkeypatch):
    """Here what they read is noise for validation alone: the simple mixture stays, and only it is stored."""
    network = MemoryNetwork(vectors(), SHAPE, 2, np.zeros(ITEMS, np.float32))
    trainer = a_trainer(network, a_log(8), epochs=2)
    rows = np.flatnonzero(trainer.examples.stop > trainer.examples.start)
    honest = MemoryTrainer.quality
    monkeypatch.setattr(
        MemoryTrainer, "quality",
        lambda self, chosen: honest(self, chosen) - float(bool(self.network.scale.detach())),
    )  # fmt: skip
    best = trainer.fit(rows[::2], rows[1::2])
    assert network.export().scale.tolist() == [0.0] and best == pytest.approx(honest(trainer, rows[1::2]))
    assert all(parameter.requires_grad for parameter in network.parameters()) and not network.plain


def test_training_is_repeatable():
    log, found = a_log(7), []
    for _ in range(2):
        trainer = a_trainer(MemoryNetwork(vectors(), SHAPE, 2, np.zeros(ITEMS, np.float32)), log, epochs=2)
        rows = np.flatnonzero(trainer.examples.stop > trainer.examples.start)
        trainer.fit(rows[::2], rows[1::2])
        found.append(trainer.network.export().arrays())
    for name in found[0]:
        np.testing.assert_array_equal(found[0][name], found[1][name])


def test_nothing_to_learn_from_is_said():
    with pytest.raises(InvalidInputError, match="events to learn from"):
        a_trainer(a_network(), a_log()).fit(np.zeros(0, int), np.arange(3))
