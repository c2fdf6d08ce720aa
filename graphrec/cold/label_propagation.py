"""Label propagation, and Correct and Smooth on top of a model's predictions (Huang et al., ICLR 2021)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from torch import Tensor
from torch.nn import functional as F

from graphrec.cold.data import NodeData
from graphrec.cold.trainer import NodeResult, accuracy
from graphrec.errors import InvalidInputError

Matrix = Literal["laplacian", "row", "column", "adjacency"]
MATRICES: tuple[Matrix, ...] = ("laplacian", "row", "column", "adjacency")


class LabelPropagationConfig(BaseModel):
    """Settings of :func:`label_propagation`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    num_steps: PositiveInt = 50
    """Steps along the edges."""
    matrix: Matrix = "laplacian"
    """What a step multiplies with: `D^-1/2 A D^-1/2`, `D^-1 A`, `A D^-1` or `A`."""
    alpha: float = Field(default=0.9, ge=0.0, le=1.0)
    """Weight of the neighbours; the rest goes to the known labels."""


GRID: tuple[LabelPropagationConfig, ...] = tuple(
    LabelPropagationConfig(num_steps=steps, matrix=matrix, alpha=alpha)
    for steps, matrix, alpha in product((10, 50, 100), MATRICES, (0.01, 0.1, 0.5, 0.9, 0.99))
)
"""What :func:`search_label_propagation` tries; the published best configurations are among them."""


def label_propagation(data: NodeData, config: LabelPropagationConfig | None = None) -> NodeResult:
    r"""Spread the training labels over the graph; no feature is seen.

    .. math:: Y^{(t+1)} = \mathrm{clip}_{[0,1]}\big(\alpha S\, Y^{(t)} + (1 - \alpha) Y^{(0)}\big)

    A node that no label reaches, an isolated one above all, gets the classes' shares of the training set.
    """
    settings = config or LabelPropagationConfig()
    spread = _spread(data, _known_labels(data), settings, data_range=(0.0, 1.0))
    unreached = spread.sum(dim=1, keepdim=True) == 0
    scores = torch.where(unreached, _prior(data), spread)
    return NodeResult(accuracy(scores, data.y, data.valid), 0, scores)


def search_label_propagation(
    data: NodeData, grid: Iterable[LabelPropagationConfig] = GRID
) -> tuple[LabelPropagationConfig, NodeResult]:
    """The settings that are best on the validation nodes, the first of equals, and their result.

    Raises:
        InvalidInputError: an empty grid.
    """
    found: tuple[LabelPropagationConfig, NodeResult] | None = None
    for config in grid:
        result = label_propagation(data, config)
        if found is None or result.valid > found[1].valid:
            found = config, result
    if found is None:
        raise InvalidInputError("A search over no settings finds none; give a grid.")
    return found


def correct_and_smooth(
    data: NodeData,
    base: Tensor,
    correct: LabelPropagationConfig | None = None,
    smooth: LabelPropagationConfig | None = None,
) -> NodeResult:
    """Spread a model's errors on the training nodes and take them off, then spread labels and predictions.

    Errors are rescaled to the mean absolute error of the training nodes ("autoscale", eq. 4-5 of the paper).

    Args:
        base: predicted probabilities `[num_nodes, num_classes]`, rows summing to 1.
        correct, smooth: settings of the two steps.

    Returns:
        Smoothed scores; an isolated node keeps a share of its base prediction, and with it its class.
    """
    known = F.one_hot(data.y[data.train], data.num_classes).to(base.dtype)
    error = torch.zeros_like(base)
    error[data.train] = known - base[data.train]
    spread = _spread(data, error, correct or LabelPropagationConfig(), data_range=(-1.0, 1.0))
    mean_error = error[data.train].abs().sum() / max(1, len(data.train))
    scale = mean_error / spread.abs().sum(dim=1, keepdim=True)
    scale = torch.where(torch.isinf(scale) | torch.isnan(scale) | (scale > 1000), 1.0, scale)
    corrected = base + scale * spread
    corrected[data.train] = known
    scores = _spread(data, corrected, smooth or LabelPropagationConfig(), data_range=(0.0, 1.0))
    return NodeResult(accuracy(scores, data.y, data.valid), 0, scores)


def _spread(
    data: NodeData,
    start: Tensor,
    config: LabelPropagationConfig,
    *,
    data_range: tuple[float, float],
) -> Tensor:
    """The iteration, entries held within the range."""
    step = data.loopless.matrix(_entries(data, config.matrix))
    y, rest = start, (1.0 - config.alpha) * start
    for _ in range(config.num_steps):
        y = torch.addmm(rest, step, y, alpha=config.alpha).clamp_(*data_range)
    return y


def _entries(data: NodeData, matrix: Matrix) -> Tensor:
    """Entries of the matrix on the edges, in the order of `data.loopless`."""
    graph = data.loopless
    degree = data.degree.clamp_min(1).float()
    target, source = degree[graph.target], degree[graph.source]
    if matrix == "laplacian":
        return (target * source).rsqrt()
    if matrix == "adjacency":
        return torch.ones_like(target)
    return (target if matrix == "row" else source).reciprocal()


def _known_labels(data: NodeData) -> Tensor:
    labels = torch.zeros(data.num_nodes, data.num_classes, device=data.x.device)
    labels[data.train] = F.one_hot(data.y[data.train], data.num_classes).float()
    return labels


def _prior(data: NodeData) -> Tensor:
    counts = torch.bincount(data.y[data.train], minlength=data.num_classes).float()
    return counts / counts.sum().clamp_min(1.0)
