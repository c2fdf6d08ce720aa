"""What a store says of its catalogue now, as far as a bundle made earlier has to be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Catalogue
from graphrec.ranking.closure import HIERARCHY
from graphrec.store.records import BundleRecord, ItemRecord, SnapshotRecord

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


class StoredRelation(Protocol):
    """A declared relation."""

    @property
    def name(self) -> str: ...
    @property
    def src(self) -> str: ...
    @property
    def dst(self) -> str: ...


class CatalogueStore(Protocol):
    """The part of :class:`graphrec.store.GraphStore` that tells what changed."""

    @property
    def revision(self) -> int: ...
    @property
    def catalogue_revision(self) -> int: ...
    def bundles(self) -> Sequence[BundleRecord]: ...
    def snapshots(self) -> Sequence[SnapshotRecord]: ...
    def reading(self) -> AbstractContextManager[Any]: ...
    def touched_items(self, since: int) -> tuple[str, ...]: ...
    def item_records(self, ids: Iterable[str] | None = None) -> Iterator[ItemRecord]: ...
    def relations(self) -> Sequence[StoredRelation]: ...
    def read_nodes(self, node_type: str) -> tuple[Int, Sequence[str], Sequence[str | None]]: ...
    def read_edges(self, relation: str) -> tuple[Int, Int, Float]: ...


class Hierarchy(NamedTuple):
    """Edges from narrower to broader attributes: positions in a type's nodes, and weights."""

    narrow_type: str
    narrow: Int
    broad_type: str
    broad: Int
    weight: Float


@dataclass(frozen=True, slots=True, eq=False)
class AttributeFacts:
    """Every attribute of the store, whichever items have it.

    Args:
        relations: names of the relations between items and attributes, and the type of the attribute.
        ids: external ids by type.
        names: display names, parallel to `ids`, empty where there is none.
        hierarchy: None where the store has none between these types.
    """

    relations: tuple[tuple[str, str], ...]
    ids: Mapping[str, Sequence[str]]
    names: Mapping[str, Sequence[str]]
    hierarchy: Hierarchy | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """Types of the attributes, each once."""
        return tuple(dict.fromkeys(kind for _, kind in self.relations))


def read_attributes(store: CatalogueStore, catalogue: Catalogue) -> AttributeFacts:
    """All attributes, from one state of the store when called inside its `reading`."""
    ends = (catalogue.item_type, catalogue.user_type)
    declared = store.relations()
    relations = tuple((r.name, r.dst) for r in declared if r.src == catalogue.item_type and r.dst not in ends)
    types = dict.fromkeys(kind for _, kind in relations)
    nodes = {kind: store.read_nodes(kind) for kind in types}
    hierarchy = [r for r in declared if r.name == HIERARCHY and {r.src, r.dst} <= set(types)]
    return AttributeFacts(
        relations,
        {kind: ids for kind, (_, ids, _) in nodes.items()},
        {kind: [name or "" for name in names] for kind, (_, _, names) in nodes.items()},
        _hierarchy(store, hierarchy[0], nodes) if hierarchy else None,
    )


def _hierarchy(store: CatalogueStore, relation: StoredRelation, nodes: Mapping[str, Any]) -> Hierarchy:
    narrow, broad, weight = store.read_edges(relation.name)
    return Hierarchy(
        relation.src,
        np.searchsorted(nodes[relation.src][0], narrow),
        relation.dst,
        np.searchsorted(nodes[relation.dst][0], broad),
        weight,
    )
