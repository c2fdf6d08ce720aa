"""What reading a store gives: small named tuples, and arrays of row ids for bulk readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

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


class ItemAttribute(NamedTuple):
    """What one edge says of an item: the relation, and type and id of the attribute."""

    relation: str
    type: str
    ext: str


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """Everything that the store says of one item, apart from who chose it.

    Args:
        ext: external id.
        name: title.
        numbers: numeric properties (minutes, scores) by key.
        texts: text properties (ingredient lines, instructions, description, url) by key.
        attributes: edges to nodes that are neither items nor users, by relation and id of the attribute.
        features: names of the relations that may describe an item; any other tells popularity.
    """

    ext: str
    name: str | None
    numbers: Mapping[str, float]
    texts: Mapping[str, str]
    attributes: tuple[ItemAttribute, ...]
    features: frozenset[str]

    def feature_attributes(self) -> tuple[ItemAttribute, ...]:
        """The attributes that may describe an item."""
        return tuple(found for found in self.attributes if found.relation in self.features)


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


PreferenceKind: TypeAlias = Literal["like", "dislike", "diet", "allergy"]
PREFERENCE_KINDS: tuple[PreferenceKind, ...] = ("like", "dislike", "diet", "allergy")


@dataclass(frozen=True, slots=True)
class Preference:
    """A typed, signed edge from a user to what they said something about.

    Args:
        id: its number; no other preference ever gets it.
        user: external id.
        node_type: type of the target, `diet` for a way of eating.
        ext: external id of the target, as text: the store need not have such a node.
        kind: what the user said.
        utterance: the words it was taught with.
        time: microseconds UTC.
        replaced: what gave way to it when it was taught; empty where it is read.
    """

    id: int
    user: str
    node_type: str
    ext: str
    kind: PreferenceKind
    utterance: str
    time: int
    replaced: tuple[Preference, ...] = field(default=(), compare=False)

    @property
    def hard(self) -> bool:
        """Whether it has to be kept whatever else gives way: diets and allergies."""
        return self.kind in ("diet", "allergy")

    @property
    def sign(self) -> Literal[1, -1]:
        """How the user stands to the target: for it (a like, a way of eating) or against it (a dislike, an allergy, a
        diet that is about a food, which is then never eaten).
        """
        return 1 if self.kind == "like" or (self.kind == "diet" and self.node_type == "diet") else -1


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
