"""Putting rows and entries into arrays that are sorted already, without sorting them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse import CSR
from graphrec.sparse.strings import Strings

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
_Number = TypeVar("_Number", bound=np.generic)


def grown(array: NDArray[_Number], rows: NDArray[Any]) -> NDArray[_Number]:
    """An array with rows appended, in its own type."""
    return np.concatenate([array, rows.astype(array.dtype)])


def grown_strings(strings: Strings, changed: Mapping[int, str], new: Sequence[str]) -> Strings:
    """Strings with some replaced and others appended."""
    if changed:
        texts = list(strings)
        for place, text in changed.items():
            texts[place] = text
        return Strings.pack([*texts, *new])
    if not new:
        return strings
    more = Strings.pack(new)
    offsets = np.concatenate([strings.offsets, more.offsets[1:] + int(strings.offsets[-1])])
    return Strings(np.concatenate([strings.data, more.data]), offsets, source=strings.source)


def keys_of(matrix: CSR, columns: int) -> NDArray[np.int64]:
    """One number per entry that orders by row, then column, for a matrix seen as `columns` wide; ascending."""
    keys = matrix.row_index() * columns + matrix.indices
    return np.asarray(keys if (np.diff(keys) >= 0).all() else np.sort(keys), dtype=np.int64)


def matrix_of(keys: Int, shape: tuple[int, int]) -> CSR:
    """The matrix of ascending keys."""
    counts = np.bincount(keys // shape[1], minlength=shape[0]) if len(keys) else np.zeros(shape[0], np.int64)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return CSR(indptr, (keys % max(shape[1], 1)).astype(np.int32), None, shape)


def distinct(keys: Int) -> Int:
    """Ascending, each once; sorting is quicker here than the hash table of `np.unique`."""
    ordered = np.sort(keys)
    kept = np.ones(len(ordered), dtype=np.bool_)
    kept[1:] = ordered[1:] != ordered[:-1]
    return ordered[kept]


def merged(old: Int, new: Int) -> NDArray[np.int64]:
    """Two sets of keys in one ascending array.

    Args:
        old: ascending.
        new: in any order; must not be in `old`.
    """
    added = np.sort(new)
    return np.asarray(np.insert(old, np.searchsorted(old, added), added), dtype=np.int64)
