"""The immutable, memory-mapped picture of a store that everything numeric reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from graphrec.sparse import CSR
from graphrec.sparse.strings import OptionalStrings, Strings
from graphrec.store.columns import Interactions, KnowledgeGraph
from graphrec.store.snapshot_files import (
    MANIFEST,
    ArrayInfo,
    array_infos,
    check_files,
    content_name,
    map_array,
    read_manifest,
)

if TYPE_CHECKING:
    import networkx as nx
    from dgl import DGLGraph
    from torch_geometric.data import HeteroData

Array = NDArray[Any]
Verify = bool | Literal["full", "size"]
_EVENT_COLUMNS = ("user", "item", "weight", "time", "kind")


@dataclass(frozen=True, slots=True)
class RelationInfo:
    """One typed relation.

    Args:
        name: unique in the snapshot.
        src: node type that its edges leave.
        dst: node type that its edges reach.
        inverse: what the relation is called when read backwards; None when that has no name.
        feature: whether it may describe an item; False where the mere presence of an edge tells popularity.
    """

    name: str
    src: str
    dst: str
    inverse: str | None = None
    feature: bool = True


class GraphSnapshot:
    """A graph with dense ids, read-only; made by :func:`~graphrec.store.snapshot_write.write_snapshot`.

    Nodes of each type are numbered from 0 in the order in which the store first saw them. Arrays are
    memory-mapped when first asked for, so opening costs the verification and no memory.

    Attributes:
        path: its directory. name: the hash of its content, 16 hex digits.
        user_type, item_type: the two ends of the interactions. kinds: name of each interaction code.
        revision: the store's revision when this content was last written. written: when, microseconds UTC.
    """

    def __init__(self, path: Path, content: Mapping[str, Any], origin: Mapping[str, Any]) -> None:
        """Not for callers: use :meth:`open`, which verifies."""
        try:
            self._read_content(path, content)
            self.revision, self.written = int(origin["store_revision"]), int(origin["written"])
            self.store_schema = int(origin["store_schema"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CorruptionError(
                f"{path / MANIFEST} lacks a part ({error}); write the snapshot again."
            ) from error

    def _read_content(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path, self.name = path, content_name(content)
        self._nodes: dict[str, Mapping[str, Any]] = {entry["type"]: entry for entry in content["nodes"]}
        self._slot = {type_: slot for slot, type_ in enumerate(self._nodes)}
        self.node_types = tuple(self._nodes)
        self.relations = tuple(
            RelationInfo(entry["name"], entry["src"], entry["dst"], entry["inverse"], entry["feature"])
            for entry in content["relations"]
        )
        self._relation_slot = {relation.name: slot for slot, relation in enumerate(self.relations)}
        events = content["interactions"]
        self.user_type, self.item_type = str(events["user_type"]), str(events["item_type"])
        self.kinds = tuple(str(kind) for kind in events["kinds"])
        self.num_interactions = int(events["count"])
        self._infos: dict[str, ArrayInfo] = array_infos(path, content)
        self._arrays: dict[str, Array] = {}
        self._index: dict[str, dict[str, int]] = {}

    @classmethod
    def open(cls, path: str | os.PathLike[str], verify: Verify = "full") -> GraphSnapshot:
        """Open a snapshot's directory.

        Args:
            verify: `"full"` (or True) hashes every file, `"size"` (or False) only compares sizes.

        Raises:
            NotFoundError: there is no such directory.
            CorruptionError: a file is missing, truncated or altered; the message names it.
            SchemaVersionError: a newer graphrec wrote it.
        """
        if verify not in (True, False, "full", "size"):
            raise InvalidInputError(f"verify={verify!r} is unknown; use 'full' or 'size'.")
        directory = Path(path)
        snapshot = cls(directory, *read_manifest(directory))
        check_files(directory, snapshot._infos, hashes=verify in (True, "full"))
        return snapshot

    # nodes

    def num_nodes(self, node_type: str) -> int:
        """Number of nodes of a type."""
        return int(self._node(node_type)["count"])

    def ids(self, node_type: str) -> Strings:
        """External id of each node, in dense order."""
        self._node(node_type)
        return self._packed(f"node-{self._slot[node_type]}-ids")

    def names(self, node_type: str) -> Sequence[str | None]:
        """Display name of each node, None where it has none."""
        self._node(node_type)
        return self._strings(f"node-{self._slot[node_type]}-names")

    def index(self, node_type: str) -> dict[str, int]:
        """External id to dense id; built once, do not change it."""
        if node_type not in self._index:
            self._index[node_type] = {ext: row for row, ext in enumerate(self.ids(node_type))}
        return self._index[node_type]

    def properties(self, node_type: str) -> dict[str, Array]:
        """Numeric properties: key to float64 `[num_nodes]`, NaN where a node has none."""
        keys, slot = self._node(node_type)["numbers"], self._slot[node_type]
        return {key: self._array(f"node-{slot}-number-{number}") for number, key in enumerate(keys)}

    def text_keys(self, node_type: str) -> tuple[str, ...]:
        """Keys of the text properties of a type."""
        return tuple(self._node(node_type)["texts"])

    def text(self, node_type: str, key: str) -> Sequence[str | None]:
        """One text property of each node, None where a node has none."""
        keys = self.text_keys(node_type)
        if key not in keys:
            raise NotFoundError(f"Node type {node_type!r} has no text property {key!r}; it has {list(keys)}.")
        return self._strings(f"node-{self._slot[node_type]}-text-{keys.index(key)}")

    # edges

    def relation(self, name: str) -> RelationInfo:
        """The relation of that name."""
        return self.relations[self._relation(name)]

    def csr(self, relation: str, direction: Literal["out", "in"] = "out") -> CSR:
        """Edges of a relation, each row sorted, memory-mapped.

        Args:
            direction: `"out"` gives `[num_src, num_dst]`, `"in"` its transpose; values None when all weigh 1.
        """
        if direction not in ("out", "in"):
            raise InvalidInputError(f"direction={direction!r} is unknown; use 'out' or 'in'.")
        stem = f"relation-{self._relation(relation)}-{direction}"
        info = self.relation(relation)
        shape = (self.num_nodes(info.src), self.num_nodes(info.dst))
        values = self._array(f"{stem}.values") if f"{stem}.values" in self._infos else None
        indptr, indices = self._array(f"{stem}.indptr"), self._array(f"{stem}.indices")
        return CSR(indptr, indices, values, shape if direction == "out" else (shape[1], shape[0]))

    @cached_property
    def interactions(self) -> Interactions:
        """All events, sorted by user, then time (unknown first), then item and kind."""
        columns = {name: self._array(f"interactions.{name}") for name in _EVENT_COLUMNS}
        num_users, num_items = self._size_or_zero(self.user_type), self._size_or_zero(self.item_type)
        return Interactions(**columns, num_users=num_users, num_items=num_items)

    def knowledge_graph(
        self,
        item_type: str | None = None,
        relations: Sequence[str] | None = None,
        features_only: bool = True,
        exclude: Sequence[str] = (),
    ) -> KnowledgeGraph:
        """The items and all that they reach; see :func:`~graphrec.store.snapshot_knowledge.build`."""
        from graphrec.store.snapshot_knowledge import build

        return build(
            self, item_type or self.item_type, relations, features_only=features_only, exclude=exclude
        )

    # other libraries

    def to_pyg(self, *, inverse: bool = False) -> HeteroData:
        """As PyTorch Geometric's `HeteroData`; see :func:`~graphrec.store.interop_pyg.to_pyg`."""
        from graphrec.store.interop_pyg import to_pyg

        return to_pyg(self, inverse=inverse)

    def to_dgl(self, *, inverse: bool = False) -> DGLGraph:
        """As a DGL 1.1.3 heterograph; see :func:`~graphrec.store.interop_dgl.to_dgl`."""
        from graphrec.store.interop_dgl import to_dgl

        return to_dgl(self, inverse=inverse)

    def to_networkx(self) -> nx.MultiDiGraph[tuple[str, str]]:
        """As NetworkX's `MultiDiGraph`; see :func:`~graphrec.store.interop_networkx.to_networkx`."""
        from graphrec.store.interop_networkx import to_networkx

        return to_networkx(self)

    def __repr__(self) -> str:
        nodes = sum(int(entry["count"]) for entry in self._nodes.values())
        sizes = f"{nodes} nodes, {len(self.relations)} relations, {self.num_interactions} interactions"
        return f"GraphSnapshot({self.name}: {sizes})"

    def _node(self, node_type: str) -> Mapping[str, Any]:
        if node_type not in self._nodes:
            raise NotFoundError(
                f"Snapshot {self.name} has no node type {node_type!r}; it has {list(self._nodes)}."
            )
        return self._nodes[node_type]

    def _relation(self, name: str) -> int:
        if name not in self._relation_slot:
            known = list(self._relation_slot)
            raise NotFoundError(f"Snapshot {self.name} has no relation {name!r}; it has {known}.")
        return self._relation_slot[name]

    def _size_or_zero(self, node_type: str) -> int:
        return self.num_nodes(node_type) if node_type in self._nodes else 0

    def _array(self, name: str) -> Array:
        if name not in self._arrays:
            if name not in self._infos:
                raise CorruptionError(
                    f"{self.path / MANIFEST} lacks the array {name}; write the snapshot again."
                )
            self._arrays[name] = map_array(self.path / f"{name}.npy", self._infos[name])
        return self._arrays[name]

    def _packed(self, name: str) -> Strings:
        source = str(self.path / f"{name}.data.npy")
        return Strings(self._array(f"{name}.data"), self._array(f"{name}.offsets"), source=source)

    def _strings(self, name: str) -> OptionalStrings:
        missing = self._array(f"{name}.missing") if f"{name}.missing" in self._infos else None
        return OptionalStrings(self._packed(name), missing)
