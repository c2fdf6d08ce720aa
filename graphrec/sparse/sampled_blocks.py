"""What a sampler returns: the nodes of a mini-batch and, for every layer, the edges that lead to its targets."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta", category=UserWarning)

Int = NDArray[np.integer[Any]]
Relation: TypeAlias = tuple[str, str, str]
"""Type of the sources, name, type of the targets: PyG's edge type."""


@dataclass(frozen=True, slots=True)
class Block:
    """A bipartite graph from sources to targets; in one node type the first sources are the targets.

    Args:
        indptr: int64 `[num_target + 1]`, where the edges of each target start.
        indices: int32 `[num_edges]`, source of each edge.
        edges: int64 `[num_edges]`, place of each edge in the arrays that the sampler was given (to look up weights
            or attributes of edges), or None when the sampler was not asked for them.
    """

    num_source: int
    num_target: int
    indptr: Int
    indices: Int
    edges: Int | None = None

    @property
    def num_edges(self) -> int:
        return len(self.indices)

    def target_index(self) -> Int:
        """Target of each edge, int64 `[num_edges]`, ascending."""
        return np.repeat(np.arange(self.num_target, dtype=np.int64), np.diff(self.indptr))

    def edge_index(self) -> Tensor:
        """Sources and targets, int64 `[2, num_edges]`, for PyG: `conv((x, x[:num_target]), block.edge_index())`."""
        import torch

        return torch.from_numpy(np.stack([self.indices.astype(np.int64), self.target_index()]))

    def adjacency(self) -> Tensor:
        """Float32 sparse CSR `[num_target, num_source]` of ones, in place of an edge index in PyG's layers.

        Layers that only sum or average (`SAGEConv`) then multiply and form no message per edge.
        """
        import torch

        return torch.sparse_csr_tensor(
            torch.from_numpy(self.indptr.astype(self.indices.dtype)),
            torch.from_numpy(self.indices),
            torch.ones(self.num_edges),
            size=(self.num_target, self.num_source),
            check_invariants=False,
        )


@dataclass(frozen=True, slots=True)
class SampledBlocks:
    """A mini-batch: `x = features[batch.nodes]`, then one block per layer, outermost first.

    Example:
        >>> for conv, block in zip(convs, batch.blocks):
        ...     x = conv((x, x[: block.num_target]), block.edge_index())
        >>> out = x[batch.seed_rows]

    Args:
        nodes: int64 `[num_nodes]`, distinct; the seeds first, in the order in which they first occur.
        blocks: one per layer; the targets of a block are the sources of the next, those of the last the seeds.
        seed_rows: int64 `[num_seeds]`, row of each seed among the last block's targets; `0, 1, 2, ...` unless a
            seed was given twice.
    """

    nodes: Int
    blocks: tuple[Block, ...]
    seed_rows: Int

    @property
    def seeds(self) -> Int:
        """The seeds as they were given, int64 `[num_seeds]`."""
        return self.nodes[self.seed_rows]

    @property
    def num_edges(self) -> int:
        """Edges of all blocks together."""
        return sum(block.num_edges for block in self.blocks)


@dataclass(frozen=True, slots=True)
class HeteroBlock:
    """The edges of one layer by relation. The first sources of every type are the targets of that type.

    Args:
        num_source: number of sources of each node type, 0 included.
        num_target: number of targets of each node type.
        relations: block of each relation, from the sources of its first type to the targets of its last.
    """

    num_source: Mapping[str, int]
    num_target: Mapping[str, int]
    relations: Mapping[Relation, Block]

    @property
    def num_edges(self) -> int:
        return sum(block.num_edges for block in self.relations.values())

    def edge_index_dict(self) -> dict[Relation, Tensor]:
        """For PyG's `HeteroConv`: int64 `[2, num_edges]` by relation."""
        return {name: block.edge_index() for name, block in self.relations.items()}


@dataclass(frozen=True, slots=True)
class HeteroSampledBlocks:
    """A mini-batch with typed nodes; fields as in :class:`SampledBlocks`, by node type.

    Example:
        >>> x = {kind: features[kind][nodes] for kind, nodes in batch.nodes.items()}
        >>> for hetero_conv, block in zip(layers, batch.blocks):
        ...     x = hetero_conv(x, block.edge_index_dict())
        ...     x = {kind: rows[: block.num_target[kind]] for kind, rows in x.items()}

    Layers kept by relation do less work, for they compute targets alone:
    `conv((x[source], x[target][: part.num_target]), part.adjacency())`, summed over the relations of a target type.
    """

    nodes: Mapping[str, Int]
    blocks: tuple[HeteroBlock, ...]
    seed_rows: Mapping[str, Int]

    @property
    def num_edges(self) -> int:
        """Edges of all blocks together."""
        return sum(block.num_edges for block in self.blocks)
