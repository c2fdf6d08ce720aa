"""Training of link prediction by the shared loop; the validation links choose the epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.ogb.link_batches import Drawn, SampledGraph, WholeGraph
from graphrec.ogb.link_config import GraphSettings
from graphrec.ogb.link_data import LinkData, Links, Queries
from graphrec.ogb.link_evaluate import link_metric
from graphrec.ogb.link_graph import adjacency, aggregation_matrix
from graphrec.ogb.link_model import LinkModel, encode_all
from graphrec.training.loop import LoopConfig, Progress, run_loop
from graphrec.training.run_log import Log


def train_link(
    model: LinkModel, data: LinkData, evaluator: Any, *, seed: int = 0, log: Log | None = None
) -> Progress:
    """Train on `data.train` alone, and leave the weights of the validation-best epoch in the model."""
    config = model.config
    task = LinkTask(model, data, evaluator, seed)
    clips = [GradientClip(part, config.clip) for part in (model.layers, model.head) if config.clip]
    loop = LoopConfig(
        epochs=config.epochs,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        eval_every=config.eval_every,
        patience=config.patience,
        average=config.average,
    )
    try:
        return run_loop(task, loop, log=log)
    finally:
        for clip in clips:
            clip.remove()


def graph_links(data: LinkData, config: GraphSettings) -> tuple[Links, Links]:
    """Links that make up the graph while validation links are scored, and while test links are."""
    seen = data.train if config.since_year is None else data.train.since(config.since_year)
    return seen, seen.joined(data.valid.links) if config.use_valid_edges else seen


def message_matrix(model: LinkModel, links: Links, num_nodes: int) -> sp.csr_matrix | None:
    """What the encoder multiplies with when messages run along these links; None for `mlp`."""
    if model.aggregation is None:
        return None
    return aggregation_matrix(adjacency(links, num_nodes, model.config.edge_weights), model.aggregation)


def judge(
    model: LinkModel, x: Tensor, queries: Queries, matrix: sp.csr_matrix | None, evaluator: Any
) -> float:
    """The metric of some queries, with a :func:`message_matrix`, all neighbours counted."""
    vectors = encode_all(model, x, matrix)

    def score(pairs: Tensor) -> Tensor:
        source, target = pairs.to(vectors.device)
        return model.predict(vectors[source], vectors[target])

    return link_metric(queries, score, evaluator, model.config.eval_pairs)


class LinkTask:
    """A link model as the shared loop sees it (:class:`graphrec.training.loop.Task`)."""

    def __init__(self, model: LinkModel, data: LinkData, evaluator: Any, seed: int) -> None:
        config = model.config
        self.module, self.data, self.config, self.evaluator = model, data, config, evaluator
        self.generator = torch.Generator().manual_seed(seed)
        links = graph_links(data, config)[0]
        self.pairs = links.pairs
        self.x = data.x.to(model.generator.device)
        along = links if model.aggregation else Links(links.pairs[:, :0])
        matrix = adjacency(along, data.num_nodes, config.edge_weights)
        self.graph: WholeGraph | SampledGraph = (
            WholeGraph(model, self.x, matrix)
            if config.mode == "full"
            else SampledGraph(model, self.x, matrix, seed)
        )
        kind = model.aggregation
        self.matrix = None if kind is None else aggregation_matrix(matrix, kind)
        self.judged = _sample(data.valid, config.valid_sample, seed)
        self.epoch = 0

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "weight_decay": config.weight_decay}]

    def begin_epoch(self, epoch: int) -> None:
        """Names the random stream of the epoch's samples."""
        self.epoch = epoch

    def losses(self) -> Iterator[Tensor]:
        """Binary cross-entropy of as many false links as true ones, the mean over each added."""
        for vectors, true, false in self.graph.answers(self._drawn()):
            right = self.module.predict(vectors[true[0]], vectors[true[1]])
            wrong = self.module.predict(vectors[false[0]], vectors[false[1]])
            yield F.softplus(-right).mean() + F.softplus(wrong).mean()

    def validate(self) -> float | None:
        if not len(self.judged):
            return None
        return judge(self.module, self.x, self.judged, self.matrix, self.evaluator)

    def _drawn(self) -> Iterator[Drawn]:
        """The training links in random order, each batch with false ones."""
        order = torch.randperm(self.pairs.shape[1], generator=self.generator)
        for number, rows in enumerate(order.split(self.config.batch_size)[: self.config.steps_per_epoch]):
            true = self.pairs[:, rows]
            false = torch.randint(self.data.num_nodes, true.shape, generator=self.generator)
            if self.config.negatives == "target":
                false[0] = true[0]
            yield Drawn(self.epoch, number, true, false)


class GradientClip:
    """Shortens the gradient of a module's parameters together once the last of them has its own.

    The loop owns backward pass and step; a hook on the parameters is the place between the two.
    """

    def __init__(self, module: nn.Module, longest: float) -> None:
        self.parameters, self.longest, self.seen = list(module.parameters()), longest, 0
        self.handles = [
            parameter.register_post_accumulate_grad_hook(self._arrived) for parameter in self.parameters
        ]

    def remove(self) -> None:
        """Leave the gradients as they come."""
        for handle in self.handles:
            handle.remove()

    def _arrived(self, parameter: Tensor) -> None:
        self.seen = (self.seen + 1) % len(self.parameters)
        if self.seen == 0:
            nn.utils.clip_grad_norm_(self.parameters, self.longest)


def _sample(queries: Queries, count: int | None, seed: int) -> Queries:
    if count is None or count >= len(queries):
        return queries
    drawn = torch.randperm(len(queries), generator=torch.Generator().manual_seed(seed))[:count]
    return queries.select(drawn.sort().values)
