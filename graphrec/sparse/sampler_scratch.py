"""New numbers for the nodes of one mini-batch, looked up in an array rather than hashed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.sparse.compiled import frozen
from graphrec.sparse.sampler_kernels import renumber

Int = NDArray[np.integer[Any]]
T = TypeVar("T")


class Idle(Generic[T]):
    """Things that one thread at a time may use: as many are made as threads ever work at once."""

    def __init__(self, make: Callable[[], T]) -> None:
        self.make = make
        self.waiting: deque[T] = deque()

    @contextmanager
    def borrowed(self) -> Iterator[T]:
        """One for this thread alone; after an error it is dropped, whatever state it was left in."""
        try:
            one = self.waiting.pop()
        except IndexError:
            one = self.make()
        yield one
        self.waiting.append(one)


class Scratch:
    """Local numbers of one batch's nodes, in an array of four bytes per node that no batch has to clear.

    Numbers of a batch start where those of the last one ended, so what an earlier batch left behind is too small
    to count.
    """

    def __init__(self, num_nodes: int) -> None:
        self.local = np.full(num_nodes, -1, dtype=np.int32)
        self.base = self.count = 0
        self._nodes: Int = np.empty(0, dtype=np.int64)

    @property
    def nodes(self) -> Int:
        """The nodes of the batch by local number, int64 `[count]`."""
        return self._nodes[: self.count]

    def begin(self) -> None:
        """A new batch, without nodes."""
        self.base, self.count = self.base + self.count, 0
        self._nodes = np.empty(0, dtype=np.int64)
        if self.base > np.iinfo(np.int32).max - len(self.local) - 1:
            self.local.fill(-1)
            self.base = 0

    def add_seeds(self, seeds: Int) -> Int:
        """Rows of the seeds, int64 `[num_seeds]`."""
        given = np.asarray(seeds)
        if given.ndim != 1 or (len(given) and not np.issubdtype(given.dtype, np.integer)):
            raise InvalidInputError(
                f"Seeds are a list of node numbers; given {given.dtype} of shape {given.shape}."
            )
        if len(given) and (given.min() < 0 or given.max() >= len(self.local)):
            raise InvalidInputError(
                f"Seeds must lie in 0..{len(self.local) - 1}, the nodes of the graph; given {int(given.min())} to "
                f"{int(given.max())}."
            )
        wide = frozen(np.ascontiguousarray(given, dtype=np.int64))
        return self.add(wide, np.arange(len(wide), dtype=np.int64)).astype(np.int64)

    def add(self, indices: Int, positions: Int) -> NDArray[np.int32]:
        """Local numbers of the nodes at some places of `indices`, new nodes added."""
        found, self._nodes, count = renumber(
            indices, positions, self.local, self.base, self._nodes, self.count
        )
        if count < 0:
            position = int(positions[-1 - count])
            raise InvalidInputError(
                f"Edge {position} of the graph comes from node {int(indices[position])}, outside "
                f"0..{len(self.local) - 1}; build the CSR arrays anew."
            )
        self.count = count
        return found
