"""Building the CSR arrays that samplers read from edge lists of any size, in two counting sorts and little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.sparse.compiled import frozen
from graphrec.sparse.csr_kernels import close_gaps, count_edges, scatter_by_source, transpose

Int = NDArray[np.integer[Any]]
Chunks: TypeAlias = Callable[[], Iterable[tuple[Int, Int]]]
"""Called twice; gives the same portions of sources and targets, in the same order, each time."""

CHUNK = 1 << 22
"""Edges that are widened to int64 at a time."""
EMPTY = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class IncomingEdges:
    """The incoming edges of each node, sorted by source.

    Args:
        indptr: int64 `[num_targets + 1]`, where the edges of each target start.
        indices: int32 `[num_edges]`, source of each edge; int64 when there are 2**31 sources or more.
        edges: int64 `[num_edges]`, which of the given edges this is, or None when it was not asked for.
    """

    indptr: Int
    indices: Int
    edges: Int | None


def build_csr(
    sources: Int,
    targets: Int,
    num_nodes: int,
    *,
    num_sources: int | None = None,
    undirected: bool = False,
    distinct: bool | None = None,
    edges: bool = False,
) -> IncomingEdges:
    """Sort an edge list by target; arguments as in :func:`build_csr_from_chunks`.

    Args:
        sources, targets: integers `[num_edges]` of any width, memory-mapped if you like.
    """
    if sources.shape != targets.shape or sources.ndim != 1:
        raise InvalidInputError(
            f"Sources and targets must be two lists of one length; given shapes {sources.shape} and {targets.shape}."
        )

    def chunks() -> Iterator[tuple[Int, Int]]:
        for start in range(0, len(sources), CHUNK):
            yield sources[start : start + CHUNK], targets[start : start + CHUNK]

    return build_csr_from_chunks(
        chunks, num_nodes, num_sources=num_sources, undirected=undirected, distinct=distinct, edges=edges
    )


def build_csr_from_chunks(
    chunks: Chunks,
    num_nodes: int,
    *,
    num_sources: int | None = None,
    undirected: bool = False,
    distinct: bool | None = None,
    edges: bool = False,
) -> IncomingEdges:
    """Sort edges by (target, source) without ever holding them as a list.

    Entries are written by source first and then transposed: reading sources in ascending order leaves every row
    sorted, and an edge given twice beside its twin. Peak memory: the result twice, and 24 bytes a node.

    Args:
        num_nodes: nodes that edges lead to, and come from unless `num_sources` says otherwise.
        num_sources: number of sources when they are of another type.
        undirected: each edge leads both ways (a self-loop stays one entry).
        distinct: keep one of several equal edges; None: when `undirected`, where (u, v) and (v, u) are equal.
        edges: say which given edge each entry is (16 more bytes an entry); of equal ones, the first.

    Raises:
        InvalidInputError: an edge names a node out of range, or an undirected graph has two node types.
    """
    width = num_nodes if num_sources is None else num_sources
    if undirected and width != num_nodes:
        raise InvalidInputError(
            f"Edges between {width} sources and {num_nodes} targets lead one way; build the other way apart."
        )
    distinct = undirected if distinct is None else distinct
    starts, row_ends, total = _count(chunks, width, num_nodes, undirected)
    dtype: type[np.signedinteger[Any]] = (
        np.int32 if max(width, num_nodes) <= np.iinfo(np.int32).max else np.int64
    )
    columns = np.empty(total, dtype=dtype)
    numbers = np.empty(total if edges else 0, dtype=np.int64)
    first = 0
    for source, target in _wide(chunks):
        scatter_by_source(source, target, row_ends, columns, numbers, first, undirected)
        first += len(source)
    indices, out_edges = np.empty(total, dtype=dtype), np.empty(len(numbers), dtype=np.int64)
    free = starts[:-1].copy()
    transpose(row_ends, columns, numbers, starts[:-1], free, indices, out_edges, distinct)
    del columns, numbers
    if distinct:
        kept = close_gaps(starts[:-1], free, indices)
        indices.resize(kept, refcheck=False)  # gives the tail back without a copy
        if edges:
            close_gaps(starts[:-1], free, out_edges)
            out_edges.resize(kept, refcheck=False)
        np.cumsum(free - starts[:-1], out=starts[1:])
    return IncomingEdges(starts, indices, out_edges if edges else None)


def _count(chunks: Chunks, num_sources: int, num_targets: int, both: bool) -> tuple[Int, Int, int]:
    """Row starts by target, `[num_targets + 1]`, next free places by source, and the number of entries."""
    by_source = np.zeros(num_sources, dtype=np.int64)
    by_target = by_source if both else np.zeros(num_targets, dtype=np.int64)
    done = 0
    for source, target in _wide(chunks):
        wrong = count_edges(source, target, by_source, by_target, both)
        if wrong >= 0:
            raise InvalidInputError(
                f"Edge {done + wrong} leads from node {int(source[wrong])} to node {int(target[wrong])}; there are "
                f"{num_sources} sources and {num_targets} targets, numbered from 0."
            )
        done += len(source)
    starts = np.zeros(num_targets + 1, dtype=np.int64)
    np.cumsum(by_target, out=starts[1:])
    free = np.cumsum(by_source) - by_source
    return starts, free, int(starts[-1])


def _wide(chunks: Chunks) -> Iterator[tuple[Int, Int]]:
    """The portions as contiguous, read-only int64, the one form that the passes are compiled for."""
    for source, target in chunks():
        yield _wide_array(source), _wide_array(target)


def _wide_array(values: Int) -> Int:
    return frozen(np.ascontiguousarray(values, dtype=np.int64))
