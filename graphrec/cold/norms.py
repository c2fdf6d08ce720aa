"""Normalisations between graph layers, each over hidden vectors `[num_nodes, dim]`."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.errors import ConfigError

NormName = Literal["none", "batch", "pair", "node", "mean", "group"]

_EPS = 1e-5


class NoNorm(nn.Module):
    """Leaves its input as it is; base of the others.

    Layers inside are drawn anew by :meth:`graphrec.cold.base.NodeClassifier.reset_parameters`, which reaches them.
    """

    def forward(self, x: Tensor) -> Tensor:
        return x


class BatchNorm(NoNorm):
    """Every column to mean 0 and variance 1 over the nodes, then a learned scale and shift (Ioffe & Szegedy 2015).

    In training the statistics are those of the whole graph; outside it the running ones, so one node more or
    less does not move the others.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(dim, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.norm(x)
        return found


class PairNorm(NoNorm):
    r"""Columns centred, then one factor for all rows that keeps the mean pairwise distance (Zhao & Akoglu, ICLR 2020).

    .. math:: x^c_i = x_i - \bar x, \qquad y_i = s \, x^c_i / \sqrt{\epsilon + \tfrac1n \sum_j \lVert x^c_j \rVert^2}

    Args:
        scale: s.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=0, keepdim=True)
        return self.scale * centred / (_EPS + centred.square().sum(dim=1).mean()).sqrt()


class NodeNorm(NoNorm):
    """Every row to mean 0 and variance 1 by itself, nothing learned (Zhou et al., CIKM 2021, variant `n`)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[1:], eps=_EPS)


class MeanNorm(NoNorm):
    """Columns centred over the nodes (Yang et al., "Revisiting over-smoothing", 2020)."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(dim=0, keepdim=True)


class GroupNorm(NoNorm):
    r"""Differentiable group normalisation (Zhou et al., NeurIPS 2020).

    .. math:: S = \mathrm{softmax}(X U), \qquad Y = X + \lambda \sum_g \mathrm{BN}_g(S_{:g} \odot X)

    Args:
        dim: length of a vector.
        groups: number of soft groups.
        weight: :math:`\lambda`; 0.01 in the paper.
    """

    def __init__(self, dim: int, groups: int = 10, weight: float = 0.01) -> None:
        super().__init__()
        self.dim, self.groups, self.weight = dim, groups, weight
        self.assignment = nn.Linear(dim, groups, bias=False)
        self.norm = nn.BatchNorm1d(groups * dim, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        share = torch.softmax(self.assignment(x), dim=1)
        parts = (share[:, :, None] * x[:, None, :]).reshape(len(x), self.groups * self.dim)
        together: Tensor = self.norm(parts).view(-1, self.groups, self.dim).sum(dim=1)
        return x + self.weight * together


def make_norm(name: NormName, dim: int) -> NoNorm:
    """A normalisation by name, for vectors of length `dim`.

    Raises:
        ConfigError: no normalisation has that name. The published code compares names that never match and so
            applies none at all; here a name is known or an error.
    """
    if name == "batch":
        return BatchNorm(dim)
    if name == "group":
        return GroupNorm(dim)
    plain = {"none": NoNorm, "pair": PairNorm, "node": NodeNorm, "mean": MeanNorm}
    if name not in plain:
        known = ", ".join(["batch", "group", *plain])
        raise ConfigError(f"Unknown normalisation {name!r}; choose one of {known}.")
    return plain[name]()
