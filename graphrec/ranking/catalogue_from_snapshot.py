"""The catalogue and the history of a bundle, taken from the snapshot that its model is trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Catalogue, Strings
from graphrec.language.fold import fold
from graphrec.language.taxonomy import load_taxonomy
from graphrec.ranking.closure import CONTENTS, HIERARCHY, KIND_WEIGHT, closed_items, closure
from graphrec.sparse import CSR
from graphrec.store.columns import Interactions
from graphrec.store.snapshot import GraphSnapshot, RelationInfo

Int = NDArray[np.integer[Any]]

class _Numbering:
    """One dense numbering over the nodes of several types."""

    def __init__(self, snapshot: GraphSnapshot, types: Sequence[str]) -> None:
        self.types = tuple(types)
        counts = [snapshot.num_nodes(name) for name in self.types]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.start = dict(zip(self.types, starts.tolist(), strict=False))
        self.total = int(starts[-1])
        self.type_code = np.repeat(np.arange(len(counts), dtype=np.int16), counts)
        self.ids = [node for name in self.types for node in snapshot.ids(name)]
        self.names = [text or "" for name in self.types for text in snapshot.names(name)]


def build_catalogue(
    snapshot: GraphSnapshot, train: Interactions | None = None, *, aliases: Mapping[str, str] | None = None
) -> Catalogue:
    """What serving has to know of a snapshot's items and attributes.

    Args:
        train: the interactions that the model sees, when some are held out; default all of the snapshot.
        aliases: further spellings, alias to the id or name of an attribute; default the food taxonomy's.
    """
    events = snapshot.interactions if train is None else train
    relations = _item_relations(snapshot)
    types = dict.fromkeys(info.dst for info in relations)
    hierarchy = [r for r in snapshot.relations if r.name == HIERARCHY and {r.src, r.dst} <= set(types)]
    contents = dict.fromkeys([*(r.src for r in hierarchy), *(name for name in CONTENTS if name in types)])
    nodes = _Numbering(snapshot, list(types))
    item_attributes, edge_relation = _edges(snapshot, relations, nodes)
    kinds_of = closure(_steps(snapshot, hierarchy, nodes, KIND_WEIGHT))
    broader = closure(_steps(snapshot, hierarchy, nodes, -np.inf))
    history, kinds = _strongest(events)
    alias, alias_attribute = _spellings(nodes, load_taxonomy().aliases if aliases is None else aliases)
    item_type = snapshot.item_type
    return Catalogue(
        user_type=snapshot.user_type, item_type=item_type,
        user_ids=Strings.pack(_ids(snapshot, snapshot.user_type)),
        item_ids=Strings.pack(snapshot.ids(item_type)),
        titles=Strings.pack(name or "" for name in snapshot.names(item_type)),
        types=nodes.types, hierarchical=tuple(contents),
        attribute_type=nodes.type_code, attribute_ids=Strings.pack(nodes.ids),
        attribute_names=Strings.pack(nodes.names), relations=tuple(r.name for r in relations),
        item_attributes=item_attributes, edge_relation=edge_relation,
        attribute_items=closed_items(item_attributes, kinds_of), broader_kinds=kinds_of,
        attribute_items_contained=closed_items(item_attributes, broader), broader=broader,
        properties={key: np.array(value) for key, value in snapshot.properties(item_type).items()},
        popularity=np.bincount(history.indices, minlength=events.num_items).astype(np.float32),
        kinds=tuple(snapshot.kinds), history_kind=kinds, alias=alias, alias_attribute=alias_attribute,
    )  # fmt: skip


def build_history(snapshot: GraphSnapshot, train: Interactions | None = None) -> CSR:
    """`[num_users, num_items]`, the strongest weight of each pair; entries in the catalogue's order."""
    return _strongest(snapshot.interactions if train is None else train)[0]


def _ids(snapshot: GraphSnapshot, node_type: str) -> Iterable[str]:
    return snapshot.ids(node_type) if node_type in snapshot.node_types else ()


def _item_relations(snapshot: GraphSnapshot) -> list[RelationInfo]:
    ends = (snapshot.item_type, snapshot.user_type)
    return [r for r in snapshot.relations if r.src == snapshot.item_type and r.dst not in ends]


def _edges(
    snapshot: GraphSnapshot, relations: Sequence[RelationInfo], nodes: _Numbering
) -> tuple[CSR, NDArray[np.int16]]:
    rows, cols, codes = [_none()], [_none()], [_none()]
    for code, info in enumerate(relations):
        matrix = snapshot.csr(info.name)
        rows.append(matrix.row_index().astype(np.int64))
        cols.append(matrix.indices.astype(np.int64) + nodes.start[info.dst])
        codes.append(np.full(matrix.nnz, code, dtype=np.int64))
    row, col, relation = np.concatenate(rows), np.concatenate(cols), np.concatenate(codes)
    order = np.lexsort((relation, col, row))
    num_items = snapshot.num_nodes(snapshot.item_type)
    counts = np.bincount(row, minlength=num_items)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    matrix = CSR(indptr, col[order].astype(np.int32), None, (num_items, nodes.total))
    return matrix, relation[order].astype(np.int16)


def _steps(
    snapshot: GraphSnapshot, hierarchy: Sequence[RelationInfo], nodes: _Numbering, least: float
) -> CSR:
    """The hierarchy's edges of at least some weight, `[num_attributes, num_attributes]`."""
    low, high = [_none()], [_none()]
    for info in hierarchy:
        matrix = snapshot.csr(info.name)
        kept = np.ones(matrix.nnz, np.bool_) if matrix.values is None else matrix.values >= least
        low.append((matrix.row_index() + nodes.start[info.src])[kept])
        high.append((matrix.indices.astype(np.int64) + nodes.start[info.dst])[kept])
    return CSR.from_coo(np.concatenate(low), np.concatenate(high), None, (nodes.total, nodes.total))


def _strongest(events: Interactions) -> tuple[CSR, NDArray[np.int16]]:
    """The user-item matrix and, entry by entry, the kind of the strongest event."""
    matrix = events.matrix()
    order = np.lexsort((-events.weight, events.item, events.user))
    user, item = events.user[order], events.item[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    return matrix, events.kind[order][first].astype(np.int16)


def _spellings(nodes: _Numbering, aliases: Mapping[str, str]) -> tuple[Strings, NDArray[np.int32]]:
    """Folded ids and names of all attributes, then the aliases of those that exist."""
    found: dict[tuple[int, str], int] = {}
    codes = nodes.type_code.tolist()
    for strings in (nodes.ids, nodes.names):
        for attribute, text in enumerate(strings):
            if text:
                found.setdefault((codes[attribute], fold(text)), attribute)
    for alias, target in aliases.items():
        for code in range(len(nodes.types)):
            meant = found.get((code, fold(target)))
            if meant is not None:
                found.setdefault((code, fold(alias)), meant)
    texts = Strings.pack(text for _, text in found)
    return texts, np.fromiter(found.values(), dtype=np.int32, count=len(found))


def _none() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)
