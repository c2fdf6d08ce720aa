"""Cold Brew's student: a node without edges is classified from features, an imagined embedding and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear
from graphrec.cold.mlp import MLP, MLPConfig
from graphrec.cold.trainer import NodeResult, NodeTrainConfig, train_node_model
from graphrec.cold.virtual_neighbours import VirtualNeighbours
from graphrec.errors import InvalidInputError
from graphrec.training.loop import LoopConfig, run_loop


class ColdBrewConfig(BaseModel):
    """Settings of :class:`ColdBrewStudent`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 256
    """Units of the hidden layer of either part."""
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """In the hidden layer of either part."""
    k: PositiveInt = 3
    """Virtual neighbours."""
    temperature: PositiveFloat = 1.0
    """Divides attention scores; 1 as published."""
    inputs: Literal["features+neighbours", "features+neighbours+embedding"] = "features+neighbours+embedding"
    """What part two reads; the learned embedding carries most of the gain."""
    leave_self_out: bool = False
    """A node with edges is not its own virtual neighbour. Published: it may be, and mostly is, which a node
    without edges cannot."""
    part_one: NodeTrainConfig = NodeTrainConfig(
        lr=0.005, weight_decay=0.0, epochs=500, patience=10, eval_every=5
    )
    """How part one is trained; `valid` there is the error on held-out nodes."""
    held_out: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Share of the nodes whose embeddings choose part one's epoch."""


@dataclass(frozen=True, eq=False)
class PartOne:
    """Features to teacher embedding, and the warm embeddings that a prediction attends to.

    Args:
        network: the fitted map, `[num_nodes, num_features]` to `[num_nodes, dim]`.
        neighbours: attention over the teacher embeddings.
        error: mean squared error on the held-out nodes.
    """

    network: MLP
    neighbours: VirtualNeighbours
    error: float

    @torch.no_grad()
    def embeddings(self, data: NodeData) -> Tensor:
        r"""Predicted embeddings :math:`\hat e`, `[num_nodes, dim]`, in eval mode, from features alone."""
        self.network.eval()
        return self.network.logits(data)


def fit_part_one(
    bank: Tensor, data: NodeData, config: ColdBrewConfig | None = None, seed: int = 0
) -> PartOne:
    r"""Learn :math:`\xi_1 : x_i \mapsto \bar e_i` by squared error over **all** nodes with edges.

    No label is used, so nodes outside the training set teach as well (the published code takes training nodes
    alone, which costs 10 points and more).

    Args:
        bank: teacher embeddings, `[num_nodes, dim]`, computed in eval mode.
        data: isolated nodes of its graph neither teach nor become virtual neighbours.

    Raises:
        InvalidInputError: the bank has another number of rows, or fewer than two nodes have edges.
    """
    settings = config or ColdBrewConfig()
    if len(bank) != data.num_nodes:
        raise InvalidInputError(
            f"{len(bank)} teacher embeddings do not fit a graph of {data.num_nodes} nodes."
        )
    warm = torch.nonzero(~data.isolated()).squeeze(1)
    if len(warm) < 2:
        raise InvalidInputError(
            "Part one needs two nodes with edges: one to learn from and one to validate on."
        )
    generator = torch.Generator(device=data.x.device).manual_seed(seed)
    network = MLP(data.num_features, bank.shape[1], MLPConfig(
        hidden=settings.hidden, num_layers=2, dropout=settings.dropout, norm="layer", activation="gelu"
    ))  # fmt: skip
    network.to(data.x.device).reset_parameters(generator)
    shuffled = warm[torch.randperm(len(warm), generator=generator, device=warm.device)]
    count = min(max(1, round(settings.held_out * len(warm))), len(warm) - 1)
    task = _Regression(network, data, bank.detach(), shuffled[count:], shuffled[:count])
    progress = run_loop(task, settings.part_one.loop())
    neighbours = VirtualNeighbours(bank, warm, k=settings.k, temperature=settings.temperature)
    return PartOne(network.eval().requires_grad_(False), neighbours, -progress.best)


class ColdBrewStudent(NodeClassifier):
    r"""Part two: :math:`\xi_2([x_i, \tilde e_i, \hat e_i]) \mapsto y_i` (Zheng et al., ICLR 2022, eq. 6-7).

    Part one is fitted before and stands still: its parameters are in no optimiser here, and drawing this
    model's parameters anew leaves it alone. The output of a node depends on its own features alone, never on
    the edges of the graph at hand.

    Args:
        num_features, num_classes: lengths of input and output.
        part_one: see :func:`fit_part_one`.
        config: settings.
        labelled: int64 ids of nodes whose labels part two learns from; None takes `data.train`, as the
            published code does (the paper: those of tail and isolation).
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        part_one: PartOne,
        config: ColdBrewConfig | None = None,
        labelled: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.config, self.part_one, self.labelled = config or ColdBrewConfig(), part_one, labelled
        width = part_one.neighbours.bank.shape[1]
        extras = 2 * width if self.config.inputs.endswith("embedding") else width
        self.of_features = InputLinear(num_features, self.config.hidden)
        self.of_extras = nn.Linear(extras, self.config.hidden, bias=False)
        self.norm = nn.LayerNorm(self.config.hidden)
        self.output = nn.Linear(self.config.hidden, num_classes)
        self._seen: tuple[Tensor, Tensor] | None = None
        self.reset_parameters()

    def logits(self, data: NodeData) -> Tensor:
        """`[num_nodes, num_classes]`, from features alone."""
        hidden = self.of_features(data.features, 0.0, self.generator) + self.of_extras(self.extras(data))
        found: Tensor = self.output(self.drop(F.gelu(self.norm(hidden)), self.config.dropout))
        return found

    def loss(self, data: NodeData, logits: Tensor) -> Tensor:
        nodes = data.train if self.labelled is None else self.labelled
        return F.cross_entropy(logits[nodes], data.y[nodes])

    def extras(self, data: NodeData) -> Tensor:
        """Attended embeddings, and the predicted ones if configured, `[num_nodes, dim or 2 dim]`.

        Part one does not change, so they are computed once for the same features.
        """
        if self._seen is None or self._seen[0] is not data.x:
            predicted, neighbours = self.part_one.embeddings(data), self.part_one.neighbours
            own = None
            if self.config.leave_self_out and data.num_nodes == len(neighbours.bank):
                own = torch.arange(data.num_nodes, device=data.x.device)
            parts = [neighbours(predicted, own)]
            if self.config.inputs.endswith("embedding"):
                parts.append(predicted)
            self._seen = data.x, torch.cat(parts, dim=1)
        return self._seen[1]


def fit_cold_brew(
    bank: Tensor,
    data: NodeData,
    config: ColdBrewConfig | None = None,
    training: NodeTrainConfig | None = None,
    seed: int = 0,
    *,
    watch: NodeData | None = None,
) -> tuple[ColdBrewStudent, NodeResult]:
    """Both parts one after the other.

    Args:
        bank: teacher embeddings (:func:`graphrec.cold.structural_gcn.teacher_embeddings`), `[num_nodes, dim]`.
        training: how part two is trained.
        watch: the data on which the epoch of part two is chosen, see :func:`train_node_model`.
    """
    part_one = fit_part_one(bank, data, config, seed)
    student = ColdBrewStudent(data.num_features, data.num_classes, part_one, config).to(data.x.device)
    return student, train_node_model(student, data, training, seed, watch=watch)


class _Regression:
    """Part one as the shared loop sees it: an epoch of one full-batch step."""

    def __init__(self, module: MLP, data: NodeData, bank: Tensor, nodes: Tensor, held_out: Tensor) -> None:
        self.module, self.data, self.bank = module, data, bank
        self.nodes, self.held_out, self.generator = nodes, held_out, module.generator

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        return self.module.parameter_groups(config.weight_decay)

    def begin_epoch(self, epoch: int) -> None:
        """Nothing stands still within an epoch of one step."""

    def losses(self) -> Iterator[Tensor]:
        yield self._error(self.nodes)

    @torch.no_grad()
    def validate(self) -> float:
        return -float(self._error(self.held_out))

    def _error(self, nodes: Tensor) -> Tensor:
        return F.mse_loss(self.module.logits(self.data)[nodes], self.bank[nodes])
