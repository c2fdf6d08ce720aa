"""Edge lists as compressed rows of incoming neighbours, at the size of ogbn-products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.sparse.csr_build import CHUNK, IncomingEdges, build_csr_from_chunks

Int = NDArray[np.integer[Any]]


def neighbours(edges: Int, num_nodes: int) -> IncomingEdges:
    """Neighbours of every node along edges in either direction, each once and never the node itself.

    Args:
        edges: int64 `[2, num_edges]`, memory-mapped if you like; both directions may be there already.
    """

    def chunks() -> Iterator[tuple[Int, Int]]:
        for start in range(0, edges.shape[1], CHUNK):
            source, target = np.asarray(edges[:, start : start + CHUNK])
            apart = source != target
            yield source[apart], target[apart]

    return build_csr_from_chunks(chunks, num_nodes, undirected=True)


def averaging(indptr: Int, indices: Int, num_source: int) -> sp.csr_matrix:
    """The mean over each row's entries as a float32 matrix `[num_rows, num_source]`; a row without any is zero."""
    counts = np.diff(indptr)
    values = np.repeat((1.0 / np.maximum(counts, 1)).astype(np.float32), counts)
    return sp.csr_matrix((values, indices, indptr), shape=(len(indptr) - 1, num_source))
