"""A graph whose nodes are to be classified, with everything that is computed from it once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec.cold.features import SPARSE_BELOW, SparseRows
from graphrec.errors import InvalidInputError
from graphrec.sparse.edge_graph import EdgeGraph
from graphrec.sparse.propagation import propagate, symmetric_norm


@dataclass(frozen=True, eq=False)
class NodeData:
    """Node classification on one graph.

    Args:
        x: float32 `[num_nodes, num_features]`.
        y: int64 `[num_nodes]`, classes `0..num_classes-1`.
        edge_index: int64 `[2, num_edges]`, both directions of each edge, no self loops, no duplicates
            (:func:`undirected` makes such a list).
        train, valid, test: int64 node ids; labels outside `train` are never trained on.

    Raises:
        InvalidInputError: arrays that do not fit each other, a self loop, or an edge in one direction only.
    """

    x: Tensor
    y: Tensor
    edge_index: Tensor
    train: Tensor
    valid: Tensor
    test: Tensor
    num_classes: int

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or self.y.shape != self.x.shape[:1]:
            raise InvalidInputError(
                f"Features of {tuple(self.x.shape)} and labels of {tuple(self.y.shape)} do not belong together."
            )
        if self.edge_index.ndim != 2 or self.edge_index.shape[0] != 2:
            raise InvalidInputError(f"An edge list is [2, num_edges], not {tuple(self.edge_index.shape)}.")
        source, target = self.edge_index
        if self.edge_index.numel() and not (
            int(self.edge_index.min()) >= 0 and int(self.edge_index.max()) < self.num_nodes
        ):
            raise InvalidInputError(
                f"An edge names a node outside 0..{self.num_nodes - 1}; renumber the nodes."
            )
        if bool((source == target).any()):
            raise InvalidInputError(
                "An edge joins a node to itself; models add self loops where they want them."
            )
        forth, back = (
            _sorted_keys(source, target, self.num_nodes),
            _sorted_keys(target, source, self.num_nodes),
        )
        if not torch.equal(forth, back):
            raise InvalidInputError("An edge stands in one direction only; make the list with `undirected`.")
        if bool((forth[1:] == forth[:-1]).any()):
            raise InvalidInputError("An edge stands in the list twice; make the list with `undirected`.")

    @property
    def num_nodes(self) -> int:
        return int(self.x.shape[0])

    @property
    def num_features(self) -> int:
        return int(self.x.shape[1])

    @cached_property
    def features(self) -> SparseRows | Tensor:
        """What :class:`graphrec.cold.features.InputLinear` takes: sparse rows where most entries are zero, else `x`."""
        rows = SparseRows.from_dense(self.x)
        return rows if rows.density < SPARSE_BELOW else self.x

    @cached_property
    def looped(self) -> EdgeGraph:
        """The graph with a self loop at every node."""
        loops = torch.arange(self.num_nodes, device=self.x.device).expand(2, -1)
        return _edge_graph(torch.cat([self.edge_index, loops], dim=1), self.num_nodes)

    @cached_property
    def loopless(self) -> EdgeGraph:
        """The graph as it stands."""
        return _edge_graph(self.edge_index, self.num_nodes)

    @cached_property
    def symmetric_weights(self) -> Tensor:
        """Entries of `D^-1/2 (A + I) D^-1/2` on the edges of :attr:`looped`."""
        return symmetric_norm(self.looped, torch.ones(self.looped.num_edges, device=self.x.device))

    @cached_property
    def mean_weights(self) -> Tensor:
        """Entries of `D^-1 A` on the edges of :attr:`loopless`: the mean over the neighbours."""
        return self.degree.clamp_min(1).float().reciprocal().index_select(0, self.loopless.target)

    @cached_property
    def degree(self) -> Tensor:
        """Neighbours of each node, int64 `[num_nodes]`."""
        return _counts(self.edge_index[1], self.num_nodes)

    @cached_property
    def adjacency(self) -> Tensor:
        """`D^-1/2 (A + I) D^-1/2` as sparse CSR `[num_nodes, num_nodes]`."""
        return self.looped.matrix(self.symmetric_weights)

    def propagate(self, x: Tensor) -> Tensor:
        """`D^-1/2 (A + I) D^-1/2 x`, `[num_nodes, dim]`; the backward pass uses that the matrix is symmetric."""
        return _SymmetricProduct.apply(self.adjacency, x)  # type: ignore[no-any-return,no-untyped-call]

    def neighbour_mean(self, x: Tensor) -> Tensor:
        """Mean of `x` over each node's neighbours, `[num_nodes, dim]`; zeros without any."""
        return propagate(self.loopless, self.mean_weights, x)

    def isolated(self) -> Tensor:
        """Nodes without an edge, bool `[num_nodes]`."""
        return self.degree == 0

    def without_edges_of(self, nodes: Tensor) -> NodeData:
        """The same data with every edge removed that touches one of the nodes (int64 ids)."""
        gone = torch.zeros(self.num_nodes, dtype=torch.bool, device=self.x.device)
        gone[nodes] = True
        touched = gone[self.edge_index].any(dim=0)
        return self.with_edges(self.edge_index[:, ~touched])

    def with_edges(self, edge_index: Tensor) -> NodeData:
        """The same nodes with other edges, int64 `[2, num_edges]`; what the features gave is kept."""
        changed = replace(self, edge_index=edge_index)
        if "features" in self.__dict__:
            changed.__dict__["features"] = self.features
        return changed

    def to(self, device: torch.device | str) -> NodeData:
        """The same data on another device."""
        parts = {
            name: getattr(self, name).to(device)
            for name in ("x", "y", "edge_index", "train", "valid", "test")
        }
        return replace(self, **parts)


def undirected(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Both directions of every edge once, without self loops, sorted by source and target.

    Args:
        edge_index: int64 `[2, any]`.

    Returns:
        int64 `[2, num_edges]`.
    """
    both = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    both = both[:, both[0] != both[1]]
    keys = torch.unique(both[0] * num_nodes + both[1])
    return torch.stack([keys // num_nodes, keys % num_nodes])


def normalised_adjacency(edge_index: Tensor, num_nodes: int) -> Tensor:
    """`A~ = D^-1/2 (A + I) D^-1/2` as sparse CSR `[num_nodes, num_nodes]` (Kipf and Welling, ICLR 2017, eq. 2).

    Args:
        edge_index: int64 `[2, num_edges]`, both directions, no self loops.
    """
    loops = torch.arange(num_nodes).expand(2, -1)
    graph = _edge_graph(torch.cat([edge_index, loops], dim=1), num_nodes)
    return graph.matrix(symmetric_norm(graph, torch.ones(graph.num_edges)))


class _SymmetricProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, x: Tensor) -> Tensor:
        ctx.matrix = matrix
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        return None, ctx.matrix @ grads[0].contiguous()


def _edge_graph(edge_index: Tensor, num_nodes: int) -> EdgeGraph:
    source, target = edge_index.cpu().numpy()
    graph = EdgeGraph.from_edges(target, source, np.zeros_like(target), num_nodes)
    return graph.to(edge_index.device)


def _sorted_keys(source: Tensor, target: Tensor, num_nodes: int) -> Tensor:
    return (source * num_nodes + target).sort().values


def _counts(nodes: Tensor, num_nodes: int) -> Tensor:
    return torch.bincount(nodes, minlength=num_nodes)
