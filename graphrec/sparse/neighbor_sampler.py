"""Neighbour sampling for mini-batches on graphs with one node type (GraphSAGE, Hamilton et al. 2017, section 3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.sparse.compiled import frozen
from graphrec.sparse.random_draws import stream_key
from graphrec.sparse.sampled_blocks import Block, SampledBlocks
from graphrec.sparse.sampler_kernels import pick_positions, renumber, row_starts

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
        self.indptr, self.indices = csr_arrays(indptr, indices)
        self.fanouts = checked_fanouts(fanouts)
        self.replace, self.seed, self.edges = replace, seed, edges
        self._scratch: deque[Scratch] = deque()

    @property
    def num_nodes(self) -> int:
        return len(self.indptr) - 1

    def sample(self, seeds: Int, *, epoch: int = 0, batch: int = 0) -> SampledBlocks:
        """Blocks for some seeds, outermost first.

        Args:
            seeds: integers `[num_seeds]`; a node may be named twice.
            epoch, batch: name the random stream; another pair gives another sample.

        Raises:
            InvalidInputError: a seed or an entry of the graph lies outside `0..num_nodes-1`.
        """
        scratch = self._scratch.pop() if self._scratch else Scratch(self.num_nodes)
        scratch.begin()
        seed_rows = scratch.add_seeds(seeds)
        blocks: list[Block] = []
        for hop, fanout in enumerate(self.fanouts):
            state = stream_key(self.seed, epoch, batch, hop)
            targets = scratch.nodes[: scratch.count]
            begins, starts = row_starts(self.indptr, targets, fanout, self.replace)
            positions = pick_positions(
                self.indptr, targets, begins, starts, self.replace and fanout > 0, state
            )
            found = scratch.add(self.indices, positions)
            blocks.append(
                Block(scratch.count, len(targets), starts, found, positions if self.edges else None)
            )
        nodes = scratch.nodes[: scratch.count]
        self._scratch.append(scratch)  # after an error it is dropped instead
        return SampledBlocks(nodes, tuple(reversed(blocks)), seed_rows)


class Scratch:
    """Local numbers of one batch's nodes, looked up in an array that no batch has to clear.

    Numbers of a batch start where those of the last one ended, so what an earlier batch left behind is too small
    to count.
    """

    def __init__(self, num_nodes: int) -> None:
        self.local = np.full(num_nodes, -1, dtype=np.int32)
        self.base = self.count = 0
        self.nodes: Int = np.empty(0, dtype=np.int64)

    def begin(self) -> None:
        """A new batch, without nodes."""
        self.base, self.count = self.base + self.count, 0
        self.nodes = np.empty(0, dtype=np.int64)
        if self.base > np.iinfo(np.int32).max - len(self.local) - 1:
            self.local.fill(-1)
            self.base = 0

    def add_seeds(self, seeds: Int) -> Int:
        """Rows of the seeds, int64 `[num_seeds]`."""
        given = np.ascontiguousarray(seeds, dtype=np.int64)
        if given.ndim != 1:
            raise InvalidInputError(f"Seeds are a list of nodes; given an array of shape {given.shape}.")
        if len(given) and (given.min() < 0 or given.max() >= len(self.local)):
            raise InvalidInputError(
                f"Seeds must lie in 0..{len(self.local) - 1}, the nodes of the graph; given {int(given.min())} to "
                f"{int(given.max())}."
            )
        return self.add(frozen(given), np.arange(len(given), dtype=np.int64)).astype(np.int64)

    def add(self, indices: Int, positions: Int) -> NDArray[np.int32]:
        """Local numbers of the nodes at some places of `indices`, new nodes added."""
        found, self.nodes, count = renumber(indices, positions, self.local, self.base, self.nodes, self.count)
        if count < 0:
            position = int(positions[-1 - count])
            raise InvalidInputError(
                f"Edge {position} of the graph comes from node {int(indices[position])}, outside "
                f"0..{len(self.local) - 1}; build the CSR arrays anew."
            )
        self.count = count
        return found


def csr_arrays(indptr: Int, indices: Int) -> tuple[Int, Int]:
    """The two arrays in the form that the kernels are compiled for: read-only, contiguous, int64 and int32/int64.

    Raises:
        InvalidInputError: `indptr` does not rise from 0 to the number of edges.
    """
    pointer = np.ascontiguousarray(indptr, dtype=np.int64)
    source = np.ascontiguousarray(indices, dtype=None if indices.dtype in (np.int32, np.int64) else np.int64)
    ends = f"{int(pointer[0])} to {int(pointer[-1])}" if len(pointer) else "nothing"
    if len(pointer) == 0 or pointer[0] != 0 or pointer[-1] != len(source) or (np.diff(pointer) < 0).any():
        raise InvalidInputError(
            f"indptr must rise from 0 to the number of edges, {len(source)}; it goes from {ends}."
        )
    return frozen(pointer), frozen(source)


def checked_fanouts(fanouts: Sequence[int]) -> tuple[int, ...]:
    """Fanouts as integers; at least one, each positive or -1."""
    if not fanouts or any(fanout < 1 and fanout != -1 for fanout in fanouts):
        raise InvalidInputError(
            f"Fanouts are positive numbers of neighbours, or -1 for all; given {list(fanouts)}."
        )
    return tuple(int(fanout) for fanout in fanouts)
