"""How a graph is laid out in the arrays of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse.strings import OptionalStrings
from graphrec.store.snapshot_files import ArrayInfo, array_table, write_array
from graphrec.store.snapshot_gather import GraphData, NodeData, RelationData

Array = NDArray[Any]


@dataclass
class SnapshotLayout:
    """Writes the arrays of one graph and collects the manifest's content part."""

    directory: Path
    infos: dict[str, ArrayInfo] = field(default_factory=dict)

    def write(self, data: GraphData) -> dict[str, Any]:
        """Write all arrays; gives the content part, which does not depend on when or where it is written."""
        nodes = [self._node(slot, node) for slot, node in enumerate(data.nodes)]
        counts = {node.type: len(node.ids) for node in data.nodes}
        relations = [self._relation(slot, relation, counts) for slot, relation in enumerate(data.relations)]
        events = self._interactions(data)
        return {
            "nodes": nodes,
            "relations": relations,
            "interactions": events,
            "arrays": array_table(self.infos),
        }

    def _node(self, slot: int, node: NodeData) -> dict[str, Any]:
        self._strings(f"node-{slot}-ids", node.ids)
        self._strings(f"node-{slot}-names", node.names)
        for number, values in enumerate(node.numbers.values()):
            self._add(f"node-{slot}-number-{number}", values)
        for number, texts in enumerate(node.texts.values()):
            self._strings(f"node-{slot}-text-{number}", texts)
        return {
            "type": node.type,
            "count": len(node.ids),
            "numbers": list(node.numbers),
            "texts": list(node.texts),
        }

    def _relation(self, slot: int, edges: RelationData, counts: Mapping[str, int]) -> dict[str, Any]:
        info = edges.info
        sizes = counts[info.src], counts[info.dst]
        weight = None if (edges.weight == 1).all() else edges.weight.astype(np.float32)
        order = _sorted_by(edges.src, edges.dst, sizes[1])
        src, dst = edges.src[order], edges.dst[order]
        weight = None if weight is None else weight[order]
        self._csr(f"relation-{slot}-out", src, dst, weight, sizes)
        order = np.argsort(dst, kind="stable")  # src is sorted already, so rows come out sorted too
        self._csr(
            f"relation-{slot}-in",
            dst[order],
            src[order],
            None if weight is None else weight[order],
            sizes[::-1],
        )
        return {
            "name": info.name,
            "src": info.src,
            "dst": info.dst,
            "inverse": info.inverse,
            "feature": bool(info.feature),
            "count": len(src),
        }

    def _csr(self, stem: str, rows: Array, cols: Array, values: Array | None, shape: tuple[int, ...]) -> None:
        counts = np.bincount(rows, minlength=shape[0])
        self._add(f"{stem}.indptr", np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
        self._add(f"{stem}.indices", cols.astype(np.int32 if shape[1] < 2**31 else np.int64))
        if values is not None:
            self._add(f"{stem}.values", values)

    def _interactions(self, data: GraphData) -> dict[str, Any]:
        events = data.interactions
        order = np.lexsort((events.kind, events.item, events.time, events.user))
        events = events.take(order)
        columns = (
            ("user", events.user, np.int64),
            ("item", events.item, np.int64),
            ("weight", events.weight, np.float32),
            ("time", events.time, np.int64),
            ("kind", events.kind, np.int16),
        )
        for name, column, dtype in columns:
            self._add(f"interactions.{name}", column.astype(dtype))
        return {
            "user_type": data.user_type,
            "item_type": data.item_type,
            "kinds": list(data.kinds),
            "count": len(events),
        }

    def _strings(self, name: str, strings: Iterable[str | None]) -> None:
        packed = OptionalStrings.pack(strings)
        self._add(f"{name}.data", packed.texts.data)
        self._add(f"{name}.offsets", packed.texts.offsets)
        if packed.missing is not None:
            self._add(f"{name}.missing", packed.missing)

    def _add(self, name: str, array: Array) -> None:
        self.infos[name] = write_array(self.directory, name, array)


def _sorted_by(rows: Array, cols: Array, num_cols: int) -> Array:
    """Order that sorts edges by (row, column), int64 `[num_edges]`."""
    return np.argsort(rows.astype(np.int64) * max(num_cols, 1) + cols, kind="stable")
