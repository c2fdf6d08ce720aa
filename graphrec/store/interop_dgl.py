"""A snapshot as a DGL heterograph. DGL 1.1.3 is the newest release that works beside a current torch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from graphrec.errors import InvalidInputError
from graphrec.store.extras import require
from graphrec.store.interop_edges import edge_lists, features

if TYPE_CHECKING:
    from dgl import DGLGraph

    from graphrec.store.snapshot import GraphSnapshot

_NOTE = " (DGL 1.1.3 has wheels for Python < 3.12 on Linux and macOS, none for Python 3.12 or Windows)"


def to_dgl(snapshot: GraphSnapshot, *, inverse: bool = False) -> DGLGraph:
    """Copy a snapshot into a heterograph.

    Node and edge types, and the order of nodes and edges, are those of
    :func:`~graphrec.store.interop_pyg.to_pyg`. Nodes with numeric properties have `ndata["x"]` float32; edges
    have `edata["weight"]` float32 where not all weigh 1, and events `edata["time"]` int64. DGL holds no
    strings: external ids stay in :meth:`GraphSnapshot.ids`.

    Args:
        inverse: add every edge type backwards too.

    Raises:
        MissingExtraError: dgl cannot be imported.
        InvalidInputError: there is no relation and no interaction, which DGL cannot hold.
    """
    torch = require("torch", "train")
    os.environ.setdefault("DGLBACKEND", "pytorch")  # else its import prints and writes ~/.dgl/config.json
    dgl = require("dgl", "dgl", note=_NOTE)
    lists = edge_lists(snapshot, inverse=inverse)
    if not lists:
        raise InvalidInputError(
            f"Snapshot {snapshot.name} has no edge type and DGL cannot hold such a graph."
        )
    ends = {edges.type: (torch.from_numpy(edges.src), torch.from_numpy(edges.dst)) for edges in lists}
    counts = {type_: snapshot.num_nodes(type_) for type_ in snapshot.node_types}
    graph: DGLGraph = dgl.heterograph(ends, num_nodes_dict=counts, idtype=torch.int64)
    for type_ in snapshot.node_types:
        _, matrix = features(snapshot, type_)
        if matrix is not None:
            graph.nodes[type_].data["x"] = torch.from_numpy(matrix)
    for edges in lists:
        if edges.weight is not None:
            graph.edges[edges.type].data["weight"] = torch.from_numpy(edges.weight)
        if edges.time is not None:
            graph.edges[edges.type].data["time"] = torch.from_numpy(edges.time)
    return graph
