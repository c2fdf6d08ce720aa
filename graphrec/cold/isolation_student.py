"""Our student for nodes without edges: a ridge regression on informative words, taught by networks that saw edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional as F

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import SparseRows
from graphrec.cold.trainer import NodeResult, accuracy, predict
from graphrec.errors import InvalidInputError

_FLOOR = 0.01
"""Least score of a class before scores become probabilities; a regression can fall below zero."""


class IsolationConfig(BaseModel):
    """Settings of :class:`IsolationStudent`; everything here is chosen on pseudo-isolated validation nodes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ridge: PositiveFloat = 5.0
    """Squared-norm penalty of the regression, in units of nodes, since every row of features has length 1."""
    sharpness: float = Field(default=8.0, ge=1.0)
    """Power to which the teachers' probabilities are raised; large ones leave the likeliest class alone."""
    imitation: NonNegativeFloat = 0.5
    """Weight of a node that only the teachers know, against 1 for a label. 0 learns from labels alone."""
    share: float = Field(default=0.7, ge=0.0, le=1.0)
    """Share of the regression in an isolated node's answer; the partners have the rest."""
    trust: PositiveFloat = 1.0
    """With `d` neighbours, the teachers have the share `d / (d + trust)` in the answer."""
    words: Literal["informative", "given"] = "informative"
    """`informative`: columns weighted by inverse document frequency. Rows get unit length either way."""
    num_steps: PositiveInt = 60
    """Conjugate gradient steps; the residual is far below what changes a class."""


class IsolationStudent(NodeClassifier):
    r"""Answers from a node's own features, and hands over to its teachers as its neighbours grow in number.

    The regression solves, in closed form, over connected and labelled nodes,

    .. math:: \min_{W, b} \sum_i w_i \lVert z_i W + b - t_i \rVert^2 + \rho \lVert W \rVert^2,

    where :math:`z_i` are TF-IDF features of unit length and :math:`t_i` is the label, or the sharpened mean of the
    teachers' probabilities for a node without one (Cold Brew's licence to learn from all nodes with edges,
    because no label is used). An answer is a product of experts,

    .. math:: \log p_i = (1 - s_d) \big(\alpha \log r_i + (1 - \alpha) \log q_i\big) + s_d \log \bar t_i,
              \qquad s_d = d / (d + \tau),

    with the regression :math:`r`, the partners' mean :math:`q` **run on the node without its edges**, the
    teachers' mean on the graph :math:`\bar t` and the degree :math:`d`. For an isolated node :math:`s_d = 0`: no
    edge is needed, and edges elsewhere change nothing.

    Teachers and partners stay outside the module: drawing parameters anew leaves them alone.

    Args:
        num_features, num_classes: lengths of input and output.
        teachers: trained models that read edges; their answers about connected nodes are learned.
        partners: trained models that are also asked about the bare node, such as a GCN or an MLP.
        config: settings.

    Raises:
        InvalidInputError: imitation without a teacher.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        teachers: Sequence[NodeClassifier] = (),
        partners: Sequence[NodeClassifier] = (),
        config: IsolationConfig | None = None,
    ) -> None:
        super().__init__()
        self.config = config or IsolationConfig()
        if self.config.imitation and not teachers:
            raise InvalidInputError(
                "A student that imitates needs a teacher; give one or set imitation to 0."
            )
        # tuples are not registered as submodules
        self.teachers, self.partners = tuple(teachers), tuple(partners)
        self.word_weights: Tensor
        self.weight: Tensor
        self.bias: Tensor
        self.register_buffer("word_weights", torch.ones(num_features))
        self.register_buffer("weight", torch.zeros(num_features, num_classes))
        self.register_buffer("bias", torch.zeros(num_classes))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Forget the regression; nothing is random."""
        super().reset_parameters(generator)
        self.word_weights.fill_(1.0)
        self.weight.zero_()
        self.bias.fill_(1.0 / len(self.bias))

    @torch.no_grad()
    def fit(self, data: NodeData) -> NodeResult:
        """Solve the regression on a graph; the labels of `data.train` alone are read.

        Returns:
            Validation accuracy and the answers on the same graph.
        """
        targets, weights = self._lesson(data)
        if self.config.words == "informative":
            self.word_weights.copy_(_inverse_frequency(data.x[weights > 0]))
        weight, bias = weighted_ridge(
            self._features(data), targets, weights, self.config.ridge, self.config.num_steps
        )
        self.weight.copy_(weight)
        self.bias.copy_(bias)
        logits = predict(self, data)
        return NodeResult(accuracy(logits, data.y, data.valid), 0, logits)

    @torch.no_grad()
    def logits(self, data: NodeData) -> Tensor:
        """Log probabilities up to a constant per node, `[num_nodes, num_classes]`, on any graph."""
        alone = self._alone(data)
        degree = data.degree.to(alone.dtype).unsqueeze(1)
        if not self.teachers or not bool(degree.any()):
            return alone
        share = degree / (degree + self.config.trust)
        return (1.0 - share) * alone + share * _mean(self.teachers, data).log()

    def _alone(self, data: NodeData) -> Tensor:
        """What is said about the bare node."""
        rows = SparseRows.from_dense(self._features(data))
        own = (rows.matmul(self.weight) + self.bias).clamp_min(_FLOOR)
        answer = F.normalize(own, p=1.0, dim=1).log()
        if not self.partners or self.config.share == 1.0:
            return answer
        bare = data.with_edges(data.edge_index[:, :0])
        return self.config.share * answer + (1.0 - self.config.share) * _mean(self.partners, bare).log()

    def _features(self, data: NodeData) -> Tensor:
        return F.normalize(data.x * self.word_weights, dim=1)

    def _lesson(self, data: NodeData) -> tuple[Tensor, Tensor]:
        """Targets `[num_nodes, num_classes]` and weights `[num_nodes]`, 0 for what is not learned from."""
        known = F.one_hot(data.y[data.train], data.num_classes).to(data.x.dtype)
        targets = data.x.new_zeros(data.num_nodes, data.num_classes)
        weights = data.x.new_zeros(data.num_nodes)
        if self.config.imitation:
            told = _mean(self.teachers, data) ** self.config.sharpness
            targets = told / told.sum(dim=1, keepdim=True)
            weights[~data.isolated()] = self.config.imitation
        targets[data.train] = known
        weights[data.train] = 1.0
        return targets, weights


def weighted_ridge(
    x: Tensor, targets: Tensor, weights: Tensor, penalty: float, num_steps: int = 60
) -> tuple[Tensor, Tensor]:
    r"""Minimise :math:`\sum_i w_i \lVert x_i W + b - t_i \rVert^2 + \rho \lVert W \rVert^2` by conjugate gradients.

    The intercept is not penalised: features and targets are centred, without touching the zeros of the features.

    Args:
        x: `[num_rows, num_features]`, mostly zeros.
        targets: `[num_rows, dim]`.
        weights: non-negative `[num_rows]`; rows of weight 0 are not read.
        penalty: :math:`\rho > 0`.
        num_steps: at most; in exact arithmetic the number of features is enough.

    Returns:
        `W` `[num_features, dim]` and `b` `[dim]`, float64.

    Raises:
        InvalidInputError: no row has a positive weight.
    """
    kept = torch.nonzero(weights > 0).squeeze(1)
    if len(kept) == 0:
        raise InvalidInputError(
            "A regression needs a row of positive weight; no node is labelled or connected."
        )
    x, targets, weights = x[kept].double(), targets[kept].double(), weights[kept].double()[:, None]
    rows, columns = SparseRows.from_dense(x), SparseRows.from_dense(x.t())
    total = weights.sum()
    centre, middle = columns.matmul(weights) / total, (weights * targets).sum(dim=0) / total

    def normal(candidate: Tensor) -> Tensor:
        spread = columns.matmul(weights * rows.matmul(candidate))
        return spread - total * centre @ (centre.t() @ candidate) + penalty * candidate

    residual = columns.matmul(weights * targets) - total * centre @ middle[None, :]
    solution, direction = torch.zeros_like(residual), residual.clone()
    norm = residual.square().sum(dim=0)
    start = norm.max()
    for _ in range(num_steps):
        if float(norm.max()) <= 1e-20 * float(start):
            break
        image = normal(direction)
        step = norm / (direction * image).sum(dim=0).clamp_min(1e-300)
        solution = solution + step * direction
        residual = residual - step * image
        before, norm = norm, residual.square().sum(dim=0)
        direction = residual + norm / before.clamp_min(1e-300) * direction
    return solution, middle - (centre.t() @ solution).squeeze(0)


def _mean(models: Sequence[NodeClassifier], data: NodeData) -> Tensor:
    """Mean of the models' probabilities, `[num_nodes, num_classes]`, never 0."""
    found = torch.stack([predict(model, data).softmax(dim=1) for model in models])
    return found.mean(dim=0).clamp_min(1e-9)


def _inverse_frequency(x: Tensor) -> Tensor:
    """`log((1 + n) / (1 + df))` of every column, at least 0, from the nodes that are learned from alone."""
    return torch.log((1.0 + len(x)) / (1.0 + (x != 0).sum(dim=0)))
