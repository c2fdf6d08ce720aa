"""Neighbour sampling for mini-batches on graphs with one node type (GraphSAGE, Hamilton et al. 2017, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse.random_draws import stream_key
from graphrec.sparse.sampled_blocks import Block, SampledBlocks
from graphrec.sparse.sampler_rows import Excluded, Rows, checked_fanouts
from graphrec.sparse.sampler_scratch import Idle, Scratch

Int = NDArray[np.integer[Any]]


class NeighborSampler:
    """Samples the incoming neighbourhood of seeds, layer by layer, out of CSR arrays in memory or mapped from files.

    Every draw follows from `(seed, epoch, batch, hop)`: the same call gives the same blocks, in any thread. One
    sampler serves many threads at once; each keeps a scratch array of four bytes per node.

    Args:
        indptr: int64 `[num_nodes + 1]`, where the incoming edges of each node start.
        indices: int32 or int64 `[num_edges]`, source of each edge. Read-only and memory-mapped arrays are welcome.
        fanouts: neighbours per node, the hop next to the seeds first (as in PyG; DGL counts from the other end);
            -1 takes all.
        replace: draw `fanout` neighbours with replacement. Without: `min(fanout, degree)` distinct edges, every
            subset equally likely.
        seed: of all draws.
        edges: whether blocks say where each edge stands in `indices`.

    Raises:
        InvalidInputError: the arrays are no CSR graph, or a fanout is neither positive nor -1.
    """

    def __init__(
        self,
        indptr: Int,
        indices: Int,
        fanouts: Sequence[int],
        replace: bool = False,
        seed: int = 0,
        *,
        edges: bool = False,
    ) -> None:
        self.rows = Rows.of(indptr, indices)
        self.fanouts = checked_fanouts(fanouts)
        self.replace, self.seed, self.edges = replace, seed, edges
        self._scratch = Idle(lambda: Scratch(self.num_nodes))

    @property
    def num_nodes(self) -> int:
        return len(self.rows.indptr) - 1

    def sample(
        self, seeds: Int, *, epoch: int = 0, batch: int = 0, exclude: Int | None = None
    ) -> SampledBlocks:
        """Blocks for some seeds, outermost first.

        Args:
            seeds: integers `[num_seeds]`; a node may be named twice.
            epoch, batch: name the random stream; another pair gives another sample.
            exclude: sources and targets, integers `[2, num_excluded]`, of edges that no block may hold, in one
                direction each: in link prediction the edges to be predicted (both ways if the graph has both).

        Raises:
            InvalidInputError: a seed or an entry of the graph lies outside `0..num_nodes-1`.
        """
        excluded = Excluded.of(exclude)
        with self._scratch.borrowed() as scratch:
            scratch.begin()
            seed_rows = scratch.add_seeds(seeds)
            blocks = [
                self._hop(scratch, hop, (epoch, batch, hop), excluded) for hop in range(len(self.fanouts))
            ]
            return SampledBlocks(scratch.nodes.copy(), tuple(reversed(blocks)), seed_rows)

    def _hop(self, scratch: Scratch, hop: int, stream: tuple[int, ...], excluded: Excluded | None) -> Block:
        """Sample the rows of all nodes known so far."""
        state, targets = stream_key(self.seed, *stream), scratch.nodes
        starts, positions = self.rows.sample(targets, self.fanouts[hop], self.replace, state, excluded)
        found = scratch.add(self.rows.indices, positions)
        return Block(scratch.count, len(targets), starts, found, positions if self.edges else None)
