"""Outputs of all nodes, layer by layer: every node is computed once per layer and no neighbour is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec.sparse.sampled_blocks import Block

Int = NDArray[np.integer[Any]]
Layer: TypeAlias = Callable[[Tensor, Tensor, Block], Tensor]
"""`layer(x, x_target, block)`, such as `lambda x, own, block: conv((x, own), block.adjacency()).relu()`."""


def row_blocks(indptr: Int, indices: Int, num_rows: int, num_sources: int | None = None) -> Iterator[Block]:
    """All nodes as targets, `num_rows` at a time, of all nodes as sources.

    Unlike in sampled blocks the targets are a run of the sources, not the first ones.
    """
    size = len(indptr) - 1
    for start in range(0, size, num_rows):
        pointer = np.asarray(indptr[start : start + num_rows + 1], dtype=np.int64)
        part = np.array(indices[pointer[0] : pointer[-1]])
        yield Block(num_sources or size, len(pointer) - 1, pointer - pointer[0], part)


@torch.no_grad()
def layerwise(
    indptr: Int, indices: Int, x: Tensor, layers: Sequence[Layer], *, num_rows: int = 65_536
) -> Tensor:
    """Apply layers to the whole graph; exact, and never more in memory than the input and output of one layer.

    Args:
        indptr, indices: CSR of incoming edges, memory-mapped if you like.
        x: `[num_nodes, dim]`.
        layers: what each layer makes of all nodes' inputs, the inputs of a run of targets, and the edges between.
        num_rows: targets at a time.

    Returns:
        `[num_nodes, dim_out]`.
    """
    for layer in layers:
        out, start = x.new_empty(0), 0
        for block in row_blocks(indptr, indices, num_rows):
            part = layer(x, x[start : start + block.num_target], block)
            if start == 0:
                out = part.new_empty(len(x), *part.shape[1:])
            out[start : start + block.num_target] = part
            start += block.num_target
        x = out
    return x
