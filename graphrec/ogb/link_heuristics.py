"""Common neighbours and what weighs them: the baselines that every link predictor must beat."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from graphrec.ogb.link_graph import degrees

HEURISTICS: tuple[str, ...] = ("common-neighbors", "adamic-adar", "resource-allocation")


class NeighbourHeuristic:
    r"""Scores pairs by the neighbours that they share, exactly, from sparse rows.

    .. math:: s(u, v) = \sum_{n \in N(u) \cap N(v)} a_{un}\, a_{vn}\, f(d_n), \qquad
              f = 1, \quad 1 / \log d, \quad 1 / d

    for common neighbours, Adamic-Adar (Adamic and Adar, 2003) and resource allocation (Zhou et al., 2009).

    Args:
        matrix: symmetric float32 `[num_nodes, num_nodes]`, without a diagonal.
        method: one of :data:`HEURISTICS`.
        rows: pairs whose rows are gathered at a time.
    """

    def __init__(self, matrix: sp.csr_matrix, method: str, rows: int = 1 << 16) -> None:
        self.matrix, self.rows = matrix, rows
        self.scaled = sp.csr_matrix(matrix @ sp.diags(_worth(degrees(matrix), method)))

    def __call__(self, pairs: Tensor) -> Tensor:
        """Scores float64 `[n]` of pairs int64 `[2, n]`."""
        ends = pairs.numpy()
        found = [self._block(ends[:, low : low + self.rows]) for low in range(0, ends.shape[1], self.rows)]
        return torch.from_numpy(np.concatenate(found) if found else np.zeros(0))

    def _block(self, ends: Any) -> Any:
        common = self.matrix[ends[0]].multiply(self.scaled[ends[1]])
        return np.asarray(common.sum(axis=1), dtype=np.float64).reshape(-1)


def _worth(degree: Any, method: str) -> Any:
    """What a shared neighbour of each degree counts, float64 `[num_nodes]`."""
    degree = degree.astype(np.float64)
    if method == "common-neighbors":
        return np.ones_like(degree)
    if method == "resource-allocation":
        return np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
    # a node of degree 1 is nobody's shared neighbour; its logarithm would divide by zero
    return np.divide(1.0, np.log(np.maximum(degree, 1.0)), out=np.zeros_like(degree), where=degree > 1)
