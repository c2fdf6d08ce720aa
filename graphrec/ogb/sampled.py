"""Mini-batches of sampled neighbourhoods, and exact predictions layer by layer (GraphSAGE on ogbn-products)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from graphrec.ogb.evaluate import NodeScorer
from graphrec.ogb.full import count, scored
from graphrec.ogb.graph import averaging, neighbours
from graphrec.ogb.link_graph import Step, multiply
from graphrec.ogb.network import Kind, NodeNetwork
from graphrec.ogb.nodes import NodeSet
from graphrec.ogb.protocol import SeedScore
from graphrec.ogb.settings import NetworkSettings
from graphrec.sparse.csr_build import IncomingEdges
from graphrec.sparse.layerwise import layerwise
from graphrec.sparse.neighbor_loader import in_order
from graphrec.sparse.neighbor_sampler import NeighborSampler
from graphrec.sparse.sampled_blocks import Block
from graphrec.training.loop import LoopConfig, run_loop
from graphrec.training.run_log import Log

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SampledData:
    """A data set with one node type, for mini-batches.

    Args:
        nodes: the data set; its features stay where they are, on disk as a rule.
        neighbours: of every node, along edges in either direction; None for models that look at none.
    """

    nodes: NodeSet
    neighbours: IncomingEdges | None

    @classmethod
    def of(cls, data: NodeSet, kind: Kind) -> SampledData:
        """Sort the edges of a data set, unless the model has no use for them."""
        if kind == "mlp":
            return cls(data, None)
        (edges,) = data.edges.values()
        return cls(data, neighbours(edges, data.num_targets))

    @cached_property
    def features(self) -> Tensor:
        """Features of all nodes, float32 `[num_nodes, dim]`; not copied where they are float32 already."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            return torch.from_numpy(np.asarray(self.nodes.x[self.nodes.target], dtype=np.float32))

    def rows(self, ids: Any) -> Tensor:
        """Features of some nodes (ids or a slice), float32 `[n, dim]`."""
        return torch.from_numpy(np.array(self.nodes.x[self.nodes.target][ids], dtype=np.float32))


def run_sampled(
    kind: Kind,
    data: SampledData,
    score: NodeScorer,
    settings: NetworkSettings,
    seed: int,
    device: str,
    log: Log,
) -> SeedScore:
    """Train in mini-batches; every look at the validation nodes is an exact pass over all nodes."""
    found = data.nodes
    model = NodeNetwork(
        kind, int(found.x[found.target].shape[1]), found.num_classes, hidden=settings.hidden,
        num_layers=settings.num_layers, dropout=settings.dropout, batch_norm=settings.batch_norm,
    ).to(device)  # fmt: skip
    model.reset_parameters(torch.Generator(device=device).manual_seed(seed))
    progress = run_loop(SampledTask(model, data, settings, seed, device), settings.training().loop(), log=log)
    logits = predict_all(model, data, settings.rows, device)
    return scored(score, logits, progress.best_epoch, count(model))


class SampledTask:
    """Sampled mini-batches as the shared loop sees them."""

    def __init__(
        self, model: NodeNetwork, data: SampledData, settings: NetworkSettings, seed: int, device: str
    ) -> None:
        self.module, self.generator = model, model.generator
        self.data, self.settings, self.seed, self.device = data, settings, seed, device
        self.epoch = 0
        self.sampler: NeighborSampler | None = None
        if data.neighbours is not None:
            graph = data.neighbours
            self.sampler = NeighborSampler(graph.indptr, graph.indices, settings.fanouts, seed=seed)
        self.y = torch.from_numpy(np.array(data.nodes.y))

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        return self.module.parameter_groups(config.weight_decay)

    def begin_epoch(self, epoch: int) -> None:
        """Batches of this epoch are drawn anew from its number."""
        self.epoch = epoch

    def losses(self) -> Iterator[Tensor]:
        parts = even_batches(self.data.nodes.split["train"], self.settings.batch_size, self.seed, self.epoch)
        for ids, x, steps in in_order(enumerate(parts), self._batch, workers=self.settings.workers):
            logits = on_blocks(self.module, x.to(self.device), steps)
            yield F.cross_entropy(logits, self.y[ids].to(self.device))

    @torch.no_grad()
    def validate(self) -> float | None:
        """Right predictions plus `exp(-loss)`, as :mod:`graphrec.cold.trainer` has it."""
        nodes = torch.from_numpy(np.array(self.data.nodes.split["valid"]))
        if not len(nodes):
            return None
        logits, y = predict_all(self.module, self.data, self.settings.rows, self.device)[nodes], self.y[nodes]
        return float((logits.argmax(dim=1) == y).sum()) + math.exp(-float(F.cross_entropy(logits, y)))

    def _batch(self, job: tuple[int, Array]) -> tuple[Array, Tensor, list[Step]]:
        """Nodes, features of all that are looked at, and one step per layer; runs in a worker thread."""
        number, ids = job
        if self.sampler is None:
            return ids, self.data.rows(ids), []
        found = self.sampler.sample(ids, epoch=self.epoch, batch=number)
        steps = [Step(averaging(b.indptr, b.indices, b.num_source), self.device) for b in found.blocks]
        return ids, self.data.rows(found.nodes), steps


def on_blocks(model: NodeNetwork, x: Tensor, steps: list[Step]) -> Tensor:
    """Logits of a mini-batch's nodes, `[num_seeds, num_classes]`.

    Args:
        x: features of the outermost sources, the seeds first.
        steps: one per layer, outermost first; none for `mlp`.
    """
    for number in range(model.num_layers):
        if steps:
            step = steps[number]
            x = model.layer(number, x, step, step.num_target)
        else:
            x = model.layer(number, x, _nothing)
        x = model.activate(number, x)
    return x


@torch.no_grad()
def predict_all(model: NodeNetwork, data: SampledData, rows: int, device: str) -> Tensor:
    """Logits of all nodes in eval mode from whole neighbourhoods, on the CPU, `[num_nodes, num_classes]`.

    One layer after the other over all nodes, `rows` at a time: two layers' vectors are held at once, never a
    neighbourhood of neighbourhoods.
    """
    model.eval()
    if data.neighbours is None:
        parts = data.features.split(rows)
        return torch.cat([on_blocks(model, part.to(device), []).cpu() for part in parts])

    def layer(number: int, x: Tensor, own: Tensor, block: Block) -> Tensor:
        came = multiply(averaging(block.indptr, block.indices, block.num_source), x)
        return model.activate(number, model.combine(number, own, came))

    layers = [partial(layer, number) for number in range(model.num_layers)]
    graph = data.neighbours
    return layerwise(graph.indptr, graph.indices, data.features.to(device), layers, num_rows=rows).cpu()


def even_batches(ids: Array, size: int, seed: int, epoch: int) -> Iterator[Array]:
    """The ids in a new order, in portions of `size` or a little less: none is left with a single node."""
    order = np.asarray(ids)[np.random.default_rng([seed, epoch]).permutation(len(ids))]
    yield from np.array_split(order, max(1, math.ceil(len(order) / size)))


def _nothing(x: Tensor) -> Tensor:
    return x
