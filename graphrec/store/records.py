"""What reading a store gives: small named tuples, and arrays of row ids for bulk readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Float = NDArray[np.float64]


class Relation(NamedTuple):
    """A typed relation; `inverse` names it read backwards, `feature` tells whether it may describe items."""

    name: str
    src: str
    dst: str
    inverse: str | None
    feature: bool


class Node(NamedTuple):
    """A node with its properties (float or text)."""

    type: str
    id: str
    name: str | None
    properties: dict[str, float | str]


class HistoryEntry(NamedTuple):
    """One interaction of a user; `time` in microseconds UTC or None."""

    item: str
    kind: str
    weight: float
    time: int | None


class Kind(NamedTuple):
    """An interaction type and the weight of its interactions that carry none."""

    name: str
    weight: float


class NodeColumns(NamedTuple):
    """All nodes of a type in row order: `rows` int64 `[n]`, ids and names of length n."""

    rows: Int
    ids: list[str]
    names: list[str | None]


class EdgeColumns(NamedTuple):
    """All edges of a relation: row ids int64 `[n]`, weight float64 `[n]`, sorted by source, then target."""

    src: Int
    dst: Int
    weight: Float


class InteractionColumns(NamedTuple):
    """All interactions by user: row ids, `kind` a position in :meth:`GraphStore.kinds`, `time` or NO_TIME."""

    user: Int
    item: Int
    kind: NDArray[np.int16]
    weight: Float
    time: Int


class PropertyColumns(NamedTuple):
    """Properties of a type's nodes: by key, the rows that have it, and the values. A key may have both."""

    numbers: dict[str, tuple[Int, Float]]
    texts: dict[str, tuple[Int, list[str]]]


class SnapshotRecord(NamedTuple):
    """A snapshot directory that was written from this store at `revision`."""

    path: Path
    name: str
    revision: int
    created_us: int
    holds_erased: bool
    removed: bool


class BundleRecord(NamedTuple):
    """A model bundle that was trained on a snapshot of this store; `flag` says why it must be retrained."""

    path: Path
    snapshot: str
    created_us: int
    flag: str | None


Info = dict[str, Any]
