"""A directed edge list in the order that propagation needs: sorted by target, and its transpose."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec.errors import InvalidInputError

Int = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class EdgeGraph:
    """Edges sorted by (target, source), with the permutation that sorts them by (source, target).

    Both orders are prepared once, so neither the forward nor the backward product ever sorts or transposes.
    Indices are int32: SpMM reads about a third less memory than with int64.

    Args:
        num_nodes: rows and columns of the adjacency.
        target: int64 `[num_edges]`, receiving node of each edge, ascending.
        source: int64 `[num_edges]`, sending node.
        relation: int64 `[num_edges]`.
        pair: int64 `[num_edges]`, number of the undirected edge that the directed one belongs to.
        row_pointer, column: int32 CSR by target.
        transposed_pointer, transposed_column: int32 CSR by source.
        permutation: int64 `[num_edges]`, position in target order of the edge in source order.
    """

    num_nodes: int
    num_pairs: int
    target: Tensor
    source: Tensor
    relation: Tensor
    pair: Tensor
    row_pointer: Tensor
    column: Tensor
    transposed_pointer: Tensor
    transposed_column: Tensor
    permutation: Tensor

    @classmethod
    def from_edges(
        cls, target: Int, source: Int, relation: Int, num_nodes: int, pair: Int | None = None
    ) -> Self:
        """Sort a list of directed edges.

        Raises:
            InvalidInputError: the arrays differ in length, or a node lies outside `0..num_nodes-1`.
        """
        if not len(target) == len(source) == len(relation):
            raise InvalidInputError(
                f"An edge list needs equal lengths; given {len(target)} targets, {len(source)} sources and "
                f"{len(relation)} relations."
            )
        if len(target) and (
            min(target.min(), source.min()) < 0 or max(target.max(), source.max()) >= num_nodes
        ):
            raise InvalidInputError(f"An edge names a node outside 0..{num_nodes - 1}; renumber the nodes.")
        order = np.lexsort((source, target))
        target, source, relation = target[order], source[order], relation[order]
        pair = np.arange(len(order)) if pair is None else pair[order]
        permutation = np.lexsort((target, source))
        return cls(
            num_nodes,
            int(pair.max()) + 1 if len(pair) else 0,
            _long(target),
            _long(source),
            _long(relation),
            _long(pair),
            _pointer(target, num_nodes),
            torch.from_numpy(source.astype(np.int32)),
            _pointer(source, num_nodes),
            torch.from_numpy(target[permutation].astype(np.int32)),
            _long(permutation),
        )

    @property
    def num_edges(self) -> int:
        return len(self.target)

    def to(self, device: torch.device | str) -> Self:
        """The same graph on another device."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        moved: dict[str, Any] = {k: v.to(device) for k, v in values.items() if isinstance(v, Tensor)}
        return replace(self, **moved)

    def select(self, mask: Tensor) -> Self:
        """The graph of some edges, bool `[num_edges]`, all nodes kept; they stay in the same order."""
        chosen = mask.cpu()
        target, source, relation, pair = (
            part.cpu()[chosen].numpy() for part in (self.target, self.source, self.relation, self.pair)
        )
        part = self.from_edges(target, source, relation, self.num_nodes, pair)
        return part.to(self.target.device)

    def matrix(self, values: Tensor) -> Tensor:
        """Sparse CSR `[num_nodes, num_nodes]`, row = target, without copying the structure."""
        return _csr(self.row_pointer, self.column, values, self.num_nodes)

    def transposed_matrix(self, values: Tensor) -> Tensor:
        """The transpose, row = source; `values` in target order."""
        return _csr(
            self.transposed_pointer,
            self.transposed_column,
            values.index_select(0, self.permutation),
            self.num_nodes,
        )

    def sum_by_target(self, values: Tensor) -> Tensor:
        """Sum of edge values per receiving node, `[num_nodes]`."""
        return torch.segment_reduce(values, "sum", offsets=self.row_pointer)

    def sum_by_source(self, values: Tensor) -> Tensor:
        """Sum of edge values per sending node, `[num_nodes]`."""
        ordered = values.index_select(0, self.permutation)
        return torch.segment_reduce(ordered, "sum", offsets=self.transposed_pointer)


def _long(values: Int) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64))


def _pointer(rows: Int, num_nodes: int) -> Tensor:
    counts = np.bincount(rows, minlength=num_nodes)
    return torch.from_numpy(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))


def _csr(pointer: Tensor, column: Tensor, values: Tensor, size: int) -> Tensor:
    return torch.sparse_csr_tensor(pointer, column, values, size=(size, size), check_invariants=False)
