"""A store in plain dictionaries with the bulk reads of the real one: the oracle of the snapshot tests."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphrec.store.columns import NO_TIME
from graphrec.store.records import (
    BundleRecord,
    EdgeColumns,
    InteractionColumns,
    Kind,
    NodeColumns,
    PropertyColumns,
    Relation,
)
from graphrec.store.snapshot import RelationInfo


@dataclass
class FakeStore:
    """Nodes get one row id each over all types, with gaps, as in a store from which nodes were erased."""

    revision: int = 1
    nodes: dict[str, dict[str, str | None]] = field(default_factory=dict)
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    infos: dict[str, RelationInfo] = field(default_factory=dict)
    edges: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict)
    properties: dict[str, dict[str, dict[str, float | str]]] = field(default_factory=dict)
    events: dict[tuple[str, str, str, int | None], float] = field(default_factory=dict)
    kind_names: tuple[str, ...] = ("view", "cook", "save")
    item_type: str = "recipe"
    user_type: str = "user"
    read_only: bool = False
    registered: list[BundleRecord] = field(default_factory=list)
    noted: list[tuple[Path, str, int | None]] = field(default_factory=list)
    erased_since: list[bool] = field(default_factory=list)

    def add_nodes(self, node_type: str, *ids: str, **names: str) -> FakeStore:
        table = self.nodes.setdefault(node_type, {})
        for ext in (*ids, *names):
            table[ext] = names.get(ext)
            self.rows.setdefault((node_type, ext), 3 * len(self.rows) + 7)
        return self

    def add_relation(
        self, name: str, src: str, dst: str, inverse: str | None = None, feature: bool = True
    ) -> None:
        self.nodes.setdefault(src, {})
        self.nodes.setdefault(dst, {})
        self.infos[name] = RelationInfo(name, src, dst, inverse, feature)
        self.edges[name] = {}

    def add_edge(self, relation: str, src: str, dst: str, weight: float = 1.0) -> None:
        info = self.infos[relation]
        for type_, ext in ((info.src, src), (info.dst, dst)):
            if ext not in self.nodes[type_]:
                self.add_nodes(type_, ext)
        self.edges[relation][src, dst] = weight

    def add_event(
        self, user: str, item: str, kind: str, time: int | None = None, weight: float = 1.0
    ) -> None:
        for type_, ext in (("user", user), (self.item_type, item)):
            if ext not in self.nodes.get(type_, {}):
                self.add_nodes(type_, ext)
        self.events[user, item, kind, time] = weight

    def reading(self) -> nullcontext[FakeStore]:
        return nullcontext(self)

    def register_snapshot(self, path: Path, name: str, *, revision: int | None = None) -> bool:
        self.noted.append((path, name, revision))
        return self.erased_since.pop(0) if self.erased_since else False

    def node_types(self) -> list[str]:
        return list(self.nodes)

    def relations(self) -> list[Relation]:
        return [
            Relation(info.name, info.src, info.dst, info.inverse, info.feature)
            for info in self.infos.values()
        ]

    def kinds(self) -> list[Kind]:
        return [Kind(name, 1.0) for name in self.kind_names]

    def read_nodes(self, node_type: str) -> NodeColumns:
        table = self.nodes[node_type]
        rows = np.array([self.rows[node_type, ext] for ext in table], dtype=np.int64)
        return NodeColumns(rows, list(table), list(table.values()))

    def read_edges(self, relation: str) -> EdgeColumns:
        info, pairs = self.infos[relation], self.edges[relation]
        src = np.array([self.rows[info.src, src] for src, _ in pairs], dtype=np.int64)
        dst = np.array([self.rows[info.dst, dst] for _, dst in pairs], dtype=np.int64)
        return EdgeColumns(src, dst, np.array(list(pairs.values()), dtype=np.float64))

    def read_interactions(self) -> InteractionColumns:
        keys = list(self.events)
        return InteractionColumns(
            user=np.array([self.rows["user", key[0]] for key in keys], dtype=np.int64),
            item=np.array([self.rows[self.item_type, key[1]] for key in keys], dtype=np.int64),
            kind=np.array([self.kind_names.index(key[2]) for key in keys], dtype=np.int16),
            time=np.array([NO_TIME if key[3] is None else key[3] for key in keys], dtype=np.int64),
            weight=np.array(list(self.events.values()), dtype=np.float64),
        )

    def read_properties(self, node_type: str) -> PropertyColumns:
        columns = PropertyColumns({}, {})
        for key, values in self.properties.get(node_type, {}).items():
            for sort, into in (((float, int), columns.numbers), ((str,), columns.texts)):
                owned = {ext: value for ext, value in values.items() if isinstance(value, sort)}
                if owned:
                    rows = np.array([self.rows[node_type, ext] for ext in owned], dtype=np.int64)
                    into[key] = (rows, list(owned.values()))
        return columns

    def bundles(self) -> list[BundleRecord]:
        return self.registered


def kitchen() -> FakeStore:
    """Three recipes, one without edges; three users, one silent; emoji, quotes and SQL in ids."""
    store = FakeStore()
    store.add_nodes("user", "ann", "bob '; DROP TABLE node; --", "silent")
    store.add_nodes("recipe", soup="Tom yum", curry="Curry", lonely="Air")
    store.add_relation("contains", "recipe", "ingredient", "contained_in")
    store.add_relation("is_a", "ingredient", "ingredient", "has_kind")
    store.add_relation("part_of_meal", "recipe", "meal", feature=False)
    for recipe, ingredient, weight in [
        ("soup", "🍤 shrimp", 2.0),
        ("curry", "coconut", 1.0),
        ("soup", "coconut", 1.0),
    ]:
        store.add_edge("contains", recipe, ingredient, weight)
    store.add_edge("is_a", "🍤 shrimp", "shellfish")
    store.add_edge("is_a", "walnut", "nuts")  # no recipe has it
    store.add_edge("part_of_meal", "soup", "dinner 1")
    store.properties["recipe"] = {
        "calories": {"soup": 210.5},
        "url": {"curry": "https://example.org/ü", "soup": ""},
    }
    store.add_event("ann", "curry", "view", 50, 0.2)
    store.add_event("ann", "soup", "cook", 20, 1.0)
    store.add_event("ann", "soup", "view", None, 0.2)
    store.add_event("ann", "soup", "view", 10, 0.2)
    store.add_event("bob '; DROP TABLE node; --", "curry", "view", 5, 0.3)
    return store
