"""Node property data sets as arrays: features, labels, the official split, edges by relation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.ogb.arrays import converted
from graphrec.ogb.loading import find_folder, meta_info, open_dataset, reading

Int = NDArray[np.int64]
Array = NDArray[Any]
Relation = tuple[str, str, str]
NODE = "node"
"""The node type of data sets that have only one."""
PARTS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class NodeSet:
    """Node classification as OGB poses it, with one node type or several.

    Args:
        name, metric: as ogb names them.
        x: float32 `[num_nodes, dim]` by node type; types without features are absent.
        num_nodes: by node type.
        edges: int64 `[2, num_edges]` (sources, targets) by relation, as ogb gives them.
        target: the node type that is classified.
        y: int64 `[num_nodes]`, classes of its nodes; -1 without one.
        split: int64 ids of its nodes, `train`, `valid` and `test`.
        folder: the data set's folder.
    """

    name: str
    metric: str
    num_classes: int
    x: Mapping[str, Array]
    num_nodes: Mapping[str, int]
    edges: Mapping[Relation, Int]
    target: str
    y: Int
    split: Mapping[str, Int]
    folder: Path = field(default=Path())

    @property
    def is_hetero(self) -> bool:
        """More than one node type or relation."""
        return len(self.num_nodes) > 1 or len(self.edges) > 1

    @property
    def num_targets(self) -> int:
        """Nodes of the type that is classified."""
        return self.num_nodes[self.target]

    @property
    def num_edges(self) -> int:
        """Edges of all relations, as ogb gives them."""
        return sum(edges.shape[1] for edges in self.edges.values())

    def with_features(self, x: Array) -> NodeSet:
        """The same data with other features of the nodes that are classified, `[num_nodes, dim]`."""
        return replace(self, x={**self.x, self.target: x})

    def sizes(self) -> dict[str, Any]:
        """What tells this data set from another of the same name, for JSON."""
        return {
            "nodes": dict(self.num_nodes),
            "edges": self.num_edges,
            "split": {part: len(ids) for part, ids in self.split.items()},
        }


def load_nodes(name: str, root: str | Path) -> NodeSet:
    """Read a node property data set, converting it on the first call (:mod:`graphrec.ogb.arrays`).

    Raises:
        NotFoundError, CorruptionError: a folder that is not there, or is damaged.
        InvalidInputError: a task that is no classification into one of several classes.
    """
    folder = find_folder(name, root)
    meta = meta_info(name, folder)
    if "multiclass" not in meta["task type"] or meta["num tasks"] != "1":
        raise InvalidInputError(
            f"{name} is a {meta['task type']} with {meta['num tasks']} tasks; trained here is one class per node."
        )
    arrays, notes = converted(folder, lambda: _convert(name, root))
    types, relations = notes["types"], [(a, b, c) for a, b, c in notes["relations"]]
    return NodeSet(
        name=name,
        metric=meta["eval metric"],
        num_classes=int(meta["num classes"]),
        x={kind: arrays[f"x.{place}"] for place, kind in enumerate(types) if f"x.{place}" in arrays},
        num_nodes=dict(zip(types, notes["num_nodes"], strict=True)),
        edges={relation: arrays[f"edges.{place}"] for place, relation in enumerate(relations)},
        target=notes["target"],
        y=arrays["y"],
        split={part: arrays[part] for part in PARTS},
        folder=folder,
    )


def _convert(name: str, root: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays and notes from ogb's own loader."""
    dataset = open_dataset(name, root)
    with reading():
        graph, split = dataset[0], dataset.get_idx_split()
    if dataset.is_hetero:
        counts, edges = dict(graph.num_nodes_dict), dict(graph.edge_index_dict)
        ((target, y),) = graph.y_dict.items()
        features = dict(graph.x_dict) if "x_dict" in graph else {}
        split = {part: ids[target] for part, ids in split.items()}
    else:
        target, y, edges = NODE, graph.y, {(NODE, "to", NODE): graph.edge_index}
        counts = {NODE: int(graph.num_nodes)}
        features = {NODE: graph.x} if graph.x is not None else {}
    types = sorted(counts)
    arrays: dict[str, Array] = {
        f"x.{types.index(kind)}": np.asarray(x, dtype=np.float32) for kind, x in features.items()
    }
    arrays |= {f"edges.{place}": np.asarray(part, np.int64) for place, part in enumerate(edges.values())}
    arrays |= {part: np.asarray(split[part], dtype=np.int64) for part in PARTS}
    arrays["y"] = _labels(name, np.asarray(y), {part: arrays[part] for part in PARTS})
    notes = {
        "types": types, "num_nodes": [int(np.max(counts[kind])) for kind in types],
        "relations": [list(relation) for relation in edges], "target": target,
    }  # fmt: skip
    return arrays, notes


def _labels(name: str, y: Array, split: Mapping[str, Int]) -> Int:
    """One class per node, -1 for nodes without one, of which no split may hold any."""
    flat = y.reshape(-1)
    known = ~np.isnan(flat) if flat.dtype.kind == "f" else flat >= 0
    classes = np.where(known, flat, -1).astype(np.int64)
    for part, ids in split.items():
        if (classes[ids] < 0).any():
            raise CorruptionError(f"{name} has nodes without a class in its {part} split; download it again.")
    return classes
