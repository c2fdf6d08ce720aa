"""Sampling the edges of some rows of one CSR graph: what homogeneous and typed samplers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.sparse.compiled import frozen
from graphrec.sparse.exclusion_kernels import pick_except
from graphrec.sparse.sampler_kernels import pick_positions, row_starts

Int = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A CSR graph in the form that the kernels are compiled for: read-only int64, and int32 or int64."""

    indptr: Int
    indices: Int

    @classmethod
    def of(cls, indptr: Int, indices: Int) -> Rows:
        """Views of contiguous arrays of these types; others are copied.

        Raises:
            InvalidInputError: `indptr` does not rise from 0 to the number of edges.
        """
        pointer = np.ascontiguousarray(indptr, dtype=np.int64)
        kept = indices.dtype if indices.dtype in (np.int32, np.int64) else np.int64
        source = np.ascontiguousarray(indices, dtype=kept)
        if (
            len(pointer) == 0
            or pointer[0] != 0
            or pointer[-1] != len(source)
            or (pointer[1:] < pointer[:-1]).any()
        ):
            ends = f"{int(pointer[0])} to {int(pointer[-1])}" if len(pointer) else "nothing"
            raise InvalidInputError(
                f"indptr must rise from 0 to the number of edges, {len(source)}; it goes from {ends}."
            )
        return cls(frozen(pointer), frozen(source))

    def sample(
        self, rows: Int, fanout: int, replace: bool, state: np.uint64, exclude: Excluded | None
    ) -> tuple[Int, Int]:
        """Where each row's share starts, int64 `[num_rows + 1]`, and places in `indices`, int64 `[num_edges]`."""
        replace = replace and fanout > 0
        if exclude is not None:
            return pick_except(
                self.indptr, self.indices, rows, fanout, replace, state, exclude.targets, exclude.sources
            )
        begins, starts = row_starts(self.indptr, rows, fanout, replace)
        return starts, pick_positions(self.indptr, rows, begins, starts, replace, state)


@dataclass(frozen=True, slots=True)
class Excluded:
    """Edges that must not be sampled, int64 `[num_excluded]` each, sorted by target, then source."""

    sources: Int
    targets: Int

    @classmethod
    def of(cls, pairs: Int | None) -> Excluded | None:
        """From `[2, num_excluded]`, sources and targets; None when there is nothing to exclude."""
        if pairs is None or np.size(pairs) == 0:
            return None
        if pairs.ndim != 2 or len(pairs) != 2:
            raise InvalidInputError(
                f"Excluded edges are sources and targets, [2, n]; given shape {pairs.shape}."
            )
        sources, targets = np.asarray(pairs, dtype=np.int64)
        order = np.lexsort((sources, targets))
        return cls(sources[order], targets[order])


def checked_fanouts(fanouts: Sequence[int], least: int = 1) -> tuple[int, ...]:
    """Fanouts as integers; at least one, each -1 or not below `least`."""
    if not fanouts or any(fanout < least and fanout != -1 for fanout in fanouts):
        raise InvalidInputError(
            f"Fanouts are positive numbers of neighbours, or -1 for all; given {list(fanouts)}."
        )
    return tuple(int(fanout) for fanout in fanouts)
