"""Steps of training, ours and torch-geometric's, timed in turns on one graph."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec.models.base import TrainData
from graphrec.models.gradient import GradientModel, _Fitting
from graphrec.models.registry import create_model
from graphrec.store.columns import KnowledgeGraph
from graphrec.training.loop import LoopConfig, run_loop

Stepper = Callable[[int], float]
"""Trains that many steps and says how many seconds they took, warm-up steps excluded."""

WARM_UP = 2


class _FewSteps:
    """A task for the training loop that ends its epoch early and notes when each step begins.

    Between two notes lies all that the loop does for a step: backward, Adam, averaging, the next batch and its
    loss.
    """

    def __init__(self, task: _Fitting, steps: int) -> None:
        self.module, self.generator, self.groups = task.module, task.generator, task.groups
        self._task, self._steps = task, steps
        self.begun: list[float] = []

    def begin_epoch(self, epoch: int) -> None:
        self._task.begin_epoch(epoch)

    def losses(self) -> Iterator[Tensor]:
        for loss in islice(self._task.losses(), self._steps + 1):
            self.begun.append(time.perf_counter())
            yield loss

    def validate(self) -> float | None:
        return None


def our_steps(name: str, settings: Mapping[str, Any], data: TrainData) -> Stepper:
    """Steps of one of our models, through the same loop as every fit.

    The model's graph and parameters are prepared here, once, and not timed.
    """
    model = create_model(name, dict(settings))
    assert isinstance(model, GradientModel)
    generator = torch.Generator().manual_seed(0)
    task = _Fitting(model, model.build(data, generator, "cpu"), data, generator, "cpu")
    loop = LoopConfig(epochs=1, average=model.config.average, learning_rate=model.config.learning_rate)

    def run(steps: int) -> float:
        few = _FewSteps(task, WARM_UP + steps)
        run_loop(few, loop)
        return (few.begun[-1] - few.begun[WARM_UP]) * steps / (len(few.begun) - 1 - WARM_UP)

    return run


def epochs_of(name: str, settings: Mapping[str, Any], data: TrainData) -> Stepper:
    """Whole epochs of a fit without validation; the first epoch and all preparation are left out."""

    def run(epochs: int) -> float:
        stamps: list[float] = []
        model = create_model(name, {**settings, "epochs": epochs + 1, "eval_every": 10**6})
        model.fit(TrainData(data.train, kg=data.kg), log=lambda _: stamps.append(time.perf_counter()))
        return stamps[-1] - stamps[0]

    return run


def geometric_steps(data: TrainData, dim: int, layers: int, batch: int, *, sparse: bool) -> Stepper:
    """Steps of torch-geometric's LightGCN as its own example trains it.

    The example: an `edge_index` tensor of both directions, one uniform item per interaction as the negative
    (known positives not excluded, so cheaper than ours), `recommendation_loss` on the distinct nodes of the
    batch, Adam. Negatives and batches are drawn with one call each.

    Args:
        sparse: instead of the `edge_index` tensor give the layers a normalised torch CSR matrix, made once:
            the quickest of the forms that the class accepts, though no example shows it.

    Raises:
        ImportError: torch-geometric is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch_geometric.nn.conv.gcn_conv import gcn_norm
        from torch_geometric.nn.models import LightGCN
    num_users, num_items = data.train.shape
    nodes = num_users + num_items
    users = torch.from_numpy(data.train.row_index())
    items = torch.from_numpy(data.train.indices.astype(np.int64)) + num_users
    adjacency = torch.stack([torch.cat([users, items]), torch.cat([items, users])])
    if sparse:
        index, weight = gcn_norm(adjacency, None, nodes, add_self_loops=False)
        adjacency = torch.sparse_coo_tensor(index.flip(0), weight, (nodes, nodes)).coalesce().to_sparse_csr()
    model = LightGCN(nodes, dim, layers, normalize=not sparse)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(chosen: Tensor) -> None:
        positive = torch.stack([users[chosen], items[chosen]])
        negative = torch.stack([users[chosen], torch.randint(num_users, nodes, chosen.shape)])
        labels = torch.cat([positive, negative], dim=1)
        optimizer.zero_grad()
        ranks = model(adjacency, labels).chunk(2)
        model.recommendation_loss(*ranks, node_id=labels.unique()).backward()
        optimizer.step()

    def run(steps: int) -> float:
        batches = torch.randperm(len(users)).split(batch)
        for chosen in batches[:WARM_UP]:
            step(chosen)
        started = time.perf_counter()
        for number in range(steps):
            step(batches[(WARM_UP + number) % (len(batches) - 1)])
        return time.perf_counter() - started

    return run


def in_turns(
    steppers: Mapping[str, Callable[[int], float]], steps: int, repeats: int
) -> dict[str, list[float]]:
    """Seconds of every repeat of every stepper; the order turns round after each repeat."""
    seconds: dict[str, list[float]] = {name: [] for name in steppers}
    names = list(steppers)
    for _ in range(repeats):
        for name in names:
            seconds[name].append(steppers[name](steps))
        names.reverse()
    return seconds


def ratio(seconds: Mapping[str, list[float]], name: str, reference: str) -> float:
    """Median over repeats of `seconds[name] / seconds[reference]`, paired within a repeat."""
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[reference], strict=True))


def random_knowledge(num_items: int, triples: int, seed: int = 0) -> KnowledgeGraph:
    """A graph of the size of a published one: as many entities as triples / 28, 39 relations, skewed tails."""
    rng = np.random.default_rng(seed)
    entities = max(triples // 28, 1)
    tails = num_items + (entities * rng.random(triples) ** 2).astype(np.int64)
    heads, relations = rng.integers(num_items, size=triples), rng.integers(39, size=triples)
    return KnowledgeGraph(heads, relations, tails, num_items, num_items + entities, 39)
