"""A snapshot as a NetworkX graph with external ids, for looking at and for graph algorithms."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec.store.columns import NO_TIME
from graphrec.store.extras import require

if TYPE_CHECKING:
    import networkx as nx

    from graphrec.store.snapshot import GraphSnapshot


def to_networkx(snapshot: GraphSnapshot) -> nx.MultiDiGraph[tuple[str, str]]:
    """The whole graph in memory.

    Nodes are `(type, external id)` with `type`, `id`, `name` (absent when there is none) and the node's
    properties under `properties`. Edges have `relation` and `weight`, and the relation as key. Events have
    `kind`, `weight` and `time` (microseconds UTC, None when unknown); their key is `(kind, n)`, the n-th of
    that kind between the two.

    Raises:
        MissingExtraError: networkx is not installed.
    """
    graph: nx.MultiDiGraph[tuple[str, str]] = require("networkx", "train").MultiDiGraph(
        snapshot=snapshot.name
    )
    for type_ in snapshot.node_types:
        _add_nodes(graph, snapshot, type_)
    for relation in snapshot.relations:
        csr = snapshot.csr(relation.name)
        src, dst = snapshot.ids(relation.src), snapshot.ids(relation.dst)
        weights = np.ones(csr.nnz) if csr.values is None else csr.values
        for row, col, weight in zip(
            csr.row_index().tolist(), csr.indices.tolist(), weights.tolist(), strict=True
        ):
            ends = (relation.src, src[row]), (relation.dst, dst[col])
            graph.add_edge(*ends, key=relation.name, relation=relation.name, weight=weight)
    _add_events(graph, snapshot)
    return graph


def _add_nodes(graph: nx.MultiDiGraph[tuple[str, str]], snapshot: GraphSnapshot, node_type: str) -> None:
    columns = {key: values.tolist() for key, values in snapshot.properties(node_type).items()}
    texts = {key: list(snapshot.text(node_type, key)) for key in snapshot.text_keys(node_type)}
    for row, (ext, name) in enumerate(zip(snapshot.ids(node_type), snapshot.names(node_type), strict=True)):
        properties: dict[str, Any] = {
            key: column[row] for key, column in columns.items() if column[row] == column[row]
        }
        properties.update({key: column[row] for key, column in texts.items() if column[row] is not None})
        label = {} if name is None else {"name": name}
        graph.add_node((node_type, ext), type=node_type, id=ext, properties=properties, **label)


def _add_events(graph: nx.MultiDiGraph[tuple[str, str]], snapshot: GraphSnapshot) -> None:
    events = snapshot.interactions
    if not len(events):
        return
    users, items = list(snapshot.ids(snapshot.user_type)), list(snapshot.ids(snapshot.item_type))
    seen: Counter[tuple[int, int, int]] = Counter()
    columns = (events.user, events.item, events.kind, events.weight, events.time)
    for user, item, code, weight, time in zip(*(column.tolist() for column in columns), strict=True):
        nth = seen[user, item, code]
        seen[user, item, code] += 1
        kind = snapshot.kinds[code]
        graph.add_edge(
            (snapshot.user_type, users[user]), (snapshot.item_type, items[item]), key=(kind, nth),
            kind=kind, weight=weight, time=None if time == NO_TIME else time,
        )  # fmt: skip
