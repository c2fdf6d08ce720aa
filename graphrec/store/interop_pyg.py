"""A snapshot as PyTorch Geometric's heterogeneous graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphrec.store.extras import require
from graphrec.store.interop_edges import edge_lists, features

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from graphrec.store.snapshot import GraphSnapshot


def to_pyg(snapshot: GraphSnapshot, *, inverse: bool = False) -> HeteroData:
    """Copy a snapshot into a `HeteroData`.

    Each node type has `num_nodes`, `ids` (external ids in dense order) and, when it has numeric properties,
    `x` float32 `[num_nodes, num_keys]` (NaN where missing) with the keys in `x_names`. Each
    `(src, relation, dst)` has `edge_index` int64 `[2, num_edges]` and `edge_weight` when not all weigh 1.
    Each kind of interaction is an edge type of its own, with `edge_weight` and `time` (microseconds UTC, the
    smallest int64 when unknown).

    Args:
        inverse: add every edge type backwards too, as message passing usually wants.

    Raises:
        MissingExtraError: torch-geometric is not installed.
    """
    torch = require("torch", "train")
    data: HeteroData = require("torch_geometric.data", "train").HeteroData()
    for type_ in snapshot.node_types:
        data[type_].num_nodes = snapshot.num_nodes(type_)
        data[type_].ids = list(snapshot.ids(type_))
        keys, matrix = features(snapshot, type_)
        if matrix is not None:
            data[type_].x, data[type_].x_names = torch.from_numpy(matrix), list(keys)
    for edges in edge_lists(snapshot, inverse=inverse):
        data[edges.type].edge_index = torch.from_numpy(np.stack([edges.src, edges.dst]))
        if edges.weight is not None:
            data[edges.type].edge_weight = torch.from_numpy(edges.weight)
        if edges.time is not None:
            data[edges.type].time = torch.from_numpy(edges.time)
    return data
