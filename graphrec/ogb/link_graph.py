"""The matrix that messages run along, and how one layer multiplies with it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

import graphrec.sparse.propagation  # noqa: F401  its import silences the warning that sparse CSR is in beta
from graphrec.ogb.link_data import Links
from graphrec.sparse.sampled_blocks import Block

EdgeWeights = Literal["weight", "count", "binary"]
"""What a pair weighs: the sum of its links' weights, their number, or 1."""
Aggregation = Literal["gcn", "mean"]


def adjacency(links: Links, num_nodes: int, weights: EdgeWeights) -> sp.csr_matrix:
    """Symmetric float32 matrix `[num_nodes, num_nodes]` of the links, without links of a node to itself."""
    source, target = (end.numpy() for end in links.pairs)
    values = np.ones(len(links), dtype=np.float32)
    if weights == "weight" and links.weight is not None:
        values = links.weight.numpy()
    apart = source != target
    source, target, values = source[apart], target[apart], values[apart]
    ends = np.concatenate([source, target]), np.concatenate([target, source])
    matrix = sp.csr_matrix((np.concatenate([values, values]), ends), shape=(num_nodes, num_nodes))
    matrix.sum_duplicates()
    if weights == "binary":
        matrix.data.fill(1.0)
    return matrix


def without_pairs(matrix: sp.csr_matrix, pairs: Tensor) -> sp.csr_matrix:
    """The matrix without some pairs (int64 `[2, n]`), in either direction; all of a pair's links go."""
    size = matrix.shape[0]
    gone = torch.cat([pairs[0] * size + pairs[1], pairs[1] * size + pairs[0]]).unique().numpy()
    rows = np.repeat(np.arange(size, dtype=np.int64), np.diff(matrix.indptr))
    kept = np.isin(rows * size + matrix.indices, gone, invert=True)
    indptr = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sp.csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def degrees(matrix: sp.csr_matrix) -> Any:
    """Sum of each row, float32 `[num_nodes]`."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float32).reshape(-1)


def aggregation_matrix(matrix: sp.csr_matrix, kind: Aggregation) -> sp.csr_matrix:
    """`D^-1/2 (A + I) D^-1/2` (`gcn`) or `D^-1 A` (`mean`; rows of zeros stay so), float32."""
    if kind == "mean":
        total = degrees(matrix)
        return sp.csr_matrix(sp.diags(1.0 / np.where(total > 0, total, 1.0), dtype=np.float32) @ matrix)
    looped = matrix + sp.eye(matrix.shape[0], dtype=np.float32, format="csr")
    scale = sp.diags(1.0 / np.sqrt(degrees(looped)), dtype=np.float32)
    return sp.csr_matrix(scale @ looped @ scale)


def degrees_without(matrix: sp.csr_matrix, total: Any, pairs: Tensor) -> Any:
    """:func:`degrees` (given as `total`) of the matrix without some pairs, int64 `[2, n]`."""
    low, high = pairs.min(dim=0).values.numpy(), pairs.max(dim=0).values.numpy()
    low, high = np.unique(np.stack([low, high]), axis=1)
    left, lost = total.copy(), np.asarray(matrix[low, high]).reshape(-1)
    np.subtract.at(left, low, lost)
    np.subtract.at(left, high, lost)
    return left


def block_matrix(
    block: Block, nodes: Any, matrix: sp.csr_matrix, total: Any, kind: Aggregation
) -> sp.csr_matrix:
    """What :func:`aggregation_matrix` is for a sampled block, `[num_target, num_source]`.

    `mean` averages over the sampled neighbours. `gcn` scales their sum up to the whole degree, so that for equal
    weights it has the full graph's sum as its expectation; the self loop is exact.

    Args:
        block: with the places of its edges in `matrix` (`NeighborSampler(..., edges=True)`).
        nodes: int64, global number of each of the block's sources.
        total: float32 `[num_nodes]`, sum of each node's weights in the graph that was sampled from.
    """
    assert block.edges is not None
    target, source = block.target_index(), block.indices.astype(np.int64)
    values = matrix.data[block.edges]
    found = np.bincount(target, weights=values, minlength=block.num_target)
    found = np.where(found > 0, found, 1.0)
    if kind == "mean":
        values = values / found[target]
    else:
        whole = total[nodes] + 1.0
        values = values * (total[nodes[target]] / found[target]) / np.sqrt(whole[target] * whole[source])
        own = np.arange(block.num_target)
        target, source = np.concatenate([target, own]), np.concatenate([source, own])
        values = np.concatenate([values, 1.0 / whole[own]])
    shape = (block.num_target, block.num_source)
    return sp.csr_matrix((values.astype(np.float32), (target, source)), shape=shape)


class Step:
    """Multiplication with one matrix `[num_target, num_source]`; its transpose stands ready for the gradient."""

    def __init__(self, matrix: sp.csr_matrix, device: str | torch.device) -> None:
        self.num_target = int(matrix.shape[0])
        self._forward, self._backward = _csr(matrix, device), _csr(matrix.T.tocsr(), device)

    def __call__(self, x: Tensor) -> Tensor:
        """`A x`, `[num_target, dim]`."""
        return _Product.apply(self._forward, self._backward, x)  # type: ignore[no-any-return,no-untyped-call]


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transposed: Tensor, x: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ grads[0].contiguous()


def _csr(matrix: sp.csr_matrix, device: str | torch.device) -> Tensor:
    indptr, indices, values = (
        torch.from_numpy(part) for part in (matrix.indptr, matrix.indices, matrix.data)
    )
    return torch.sparse_csr_tensor(
        indptr, indices, values, size=tuple(matrix.shape), check_invariants=False
    ).to(device)


def multiply(matrix: sp.csr_matrix, x: Tensor) -> Tensor:
    """`A x` for a few rows of a matrix, without gradients, on the device of `x`."""
    return _csr(matrix, x.device) @ x
