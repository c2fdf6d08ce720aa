"""The first layer of every node model: a linear map of sparse features, without ever touching their zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import graphrec.sparse.propagation  # noqa: F401  its import silences the warning that sparse CSR is in beta
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR

SPARSE_BELOW = 0.1
"""Density under which the sparse product is the faster one (measured break-even: about one entry in seven)."""


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """A sparse matrix in row order, with its transpose prepared for the backward pass.

    Args:
        shape: `(num_rows, num_columns)`.
        row_pointer, column: int32 CSR by row.
        values: float32 `[num_entries]`, in row order.
        transposed_pointer, transposed_row: int32 CSR by column.
        permutation: int64 `[num_entries]`, place in row order of the entry in column order.
    """

    shape: tuple[int, int]
    row_pointer: Tensor
    column: Tensor
    values: Tensor
    transposed_pointer: Tensor
    transposed_row: Tensor
    permutation: Tensor

    @classmethod
    def from_dense(cls, x: Tensor) -> Self:
        """Keep the non-zero entries of `[num_rows, num_columns]`."""
        row, column = x.nonzero(as_tuple=True)
        permutation = torch.argsort(column, stable=True)
        num_rows, num_columns = x.shape
        return cls(
            (num_rows, num_columns),
            _pointer(row, num_rows),
            column.int(),
            x[row, column],
            _pointer(column, num_columns),
            row[permutation].int(),
            permutation,
        )

    @property
    def density(self) -> float:
        """Share of entries that are not zero."""
        return len(self.values) / max(1, self.shape[0] * self.shape[1])

    def matmul(self, weight: Tensor, values: Tensor | None = None) -> Tensor:
        """`X W`, differentiable in `weight` alone.

        Args:
            weight: `[num_columns, dim]`.
            values: other entries for the same places, `[num_entries]` (dropped ones, say); by default the own.

        Returns:
            `[num_rows, dim]`.
        """
        entries = self.values if values is None else values
        return _SparseProduct.apply(self, entries, weight)  # type: ignore[no-any-return,no-untyped-call]


def sparse_rows(matrix: CSR, device: str = "cpu") -> SparseRows:
    """A NumPy CSR matrix as the input of :class:`InputLinear`."""
    order = np.argsort(matrix.indices, kind="stable")
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    pointer = np.concatenate([[0], np.cumsum(counts)])
    values = np.ones(matrix.nnz, dtype=np.float32) if matrix.values is None else np.array(matrix.values)

    def ints(array: Any) -> Tensor:
        return torch.from_numpy(np.array(array, dtype=np.int32)).to(device)

    return SparseRows(
        matrix.shape,
        ints(matrix.indptr),
        ints(matrix.indices),
        torch.from_numpy(values.astype(np.float32)).to(device),
        ints(pointer),
        ints(matrix.row_index()[order]),
        torch.from_numpy(order.astype(np.int64)).to(device),
    )


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: SparseRows, values: Tensor, weight: Tensor) -> Tensor:
        ctx.rows = rows
        ctx.save_for_backward(values)
        return _csr(rows.row_pointer, rows.column, values, rows.shape) @ weight

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, Tensor]:
        (values,), rows = ctx.saved_tensors, ctx.rows
        transposed = (rows.shape[1], rows.shape[0])
        entries = values.index_select(0, rows.permutation)
        return (
            None,
            None,
            _csr(rows.transposed_pointer, rows.transposed_row, entries, transposed) @ grads[0].contiguous(),
        )


class InputLinear(nn.Module):
    """A linear layer over node features, sparse or dense, with dropout on its input.

    Dropping entries of a sparse matrix and dropping entries of the dense one are the same thing, because a
    dropped zero is a zero.

    Args:
        num_features: columns of the features.
        dim: output columns.
        bias: add one; off where aggregation comes before the bias.
    """

    def __init__(self, num_features: int, dim: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_features, dim))
        self.bias = nn.Parameter(torch.zeros(dim)) if bias else None

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the weights anew (Glorot), bias zero."""
        nn.init.xavier_uniform_(self.weight, generator=generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, features: SparseRows | Tensor, p: float, generator: torch.Generator) -> Tensor:
        """`dropout_p(X) W + b`, `[num_nodes, dim]`; `p` is 0 in eval mode, whatever is given."""
        p = p if self.training else 0.0
        if isinstance(features, Tensor):
            product = dropout(features, p, generator) @ self.weight
        else:
            product = features.matmul(self.weight, dropout(features.values, p, generator))
        return product if self.bias is None else product + self.bias


def dropout(x: Tensor, p: float, generator: torch.Generator) -> Tensor:
    """Inverted dropout drawn from a given generator: entries kept with probability `1 - p`, scaled by its inverse.

    The probability is rounded to a multiple of 2^-16, and the scale is the inverse of the rounded one.

    Raises:
        InvalidInputError: `p` outside `[0, 1)`.
    """
    if p == 0.0:
        return x
    if not 0.0 < p < 1.0:
        raise InvalidInputError(f"Dropout keeps something: its rate lies in [0, 1), not at {p}.")
    threshold = round((1.0 - p) * 65536)
    if not 0 < threshold < 65536:
        return x
    keep = torch.empty_like(x, requires_grad=False)
    torch.lt(_random_int16(x, generator), threshold - 32768, out=keep)  # as floats at once: a pass less
    return x * keep.mul_(65536 / threshold)


def _random_int16(like: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform 16-bit integers in a tensor's shape.

    One 64-bit draw gives four of them, which makes dropout seven times as fast as `bernoulli_` with a generator.
    """
    size = like.numel()
    draws = torch.empty(-(-size // 4), dtype=torch.int64, device=like.device)
    draws.random_(-(2**63), None, generator=generator)
    return draws.view(torch.int16)[:size].view(like.shape)


def row_normalised(x: Tensor) -> Tensor:
    """Rows of non-negative features divided by their sum; rows of zeros stay zero."""
    return F.normalize(x.float(), p=1.0, dim=1)


def _pointer(rows: Tensor, num_rows: int) -> Tensor:
    counts = torch.bincount(rows, minlength=num_rows)
    return F.pad(counts.cumsum(0), (1, 0)).int()


def _csr(pointer: Tensor, column: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    return torch.sparse_csr_tensor(pointer, column, values, size=shape, check_invariants=False)
