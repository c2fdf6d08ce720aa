"""A store in plain dictionaries with the bulk reads of the real one: the oracle of the snapshot tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from graphrec.store.columns import NO_TIME
from graphrec.store.snapshot import RelationInfo


@dataclass
class FakeStore:
    """Nodes get one row id each over all types, with gaps, as in a store from which nodes were erased."""

    revision: int = 1
    schema_version: int = 1
    nodes: dict[str, dict[str, str | None]] = field(default_factory=dict)
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    infos: dict[str, RelationInfo] = field(default_factory=dict)
    edges: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict)
    properties: dict[str, dict[str, dict[str, float | str]]] = field(default_factory=dict)
    events: dict[tuple[str, str, str, int | None], float] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("view", "cook", "save")
    item_type: str = "recipe"
    registered: list[Any] = field(default_factory=list)

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

    def node_types(self) -> list[str]:
        return list(self.nodes)

    def relations(self) -> list[RelationInfo]:
        return list(self.infos.values())

    def read_nodes(self, node_type: str) -> tuple[Any, list[str], list[str | None]]:
        table = self.nodes[node_type]
        return (
            np.array([self.rows[node_type, ext] for ext in table], dtype=np.int64),
            list(table),
            list(table.values()),
        )

    def read_edges(self, relation: str) -> tuple[Any, Any, Any]:
        info, pairs = self.infos[relation], self.edges[relation]
        src = np.array([self.rows[info.src, src] for src, _ in pairs], dtype=np.int64)
        dst = np.array([self.rows[info.dst, dst] for _, dst in pairs], dtype=np.int64)
        return src, dst, np.array(list(pairs.values()), dtype=np.float64)

    def read_interactions(self) -> Any:
        keys = list(self.events)
        return SimpleNamespace(
            user=np.array([self.rows["user", key[0]] for key in keys], dtype=np.int64),
            item=np.array([self.rows[self.item_type, key[1]] for key in keys], dtype=np.int64),
            kind=np.array([self.kinds.index(key[2]) for key in keys], dtype=np.int64),
            time=np.array([NO_TIME if key[3] is None else key[3] for key in keys], dtype=np.int64),
            weight=np.array(list(self.events.values()), dtype=np.float64),
            kinds=self.kinds,
            item_type=self.item_type,
        )

    def read_properties(self, node_type: str) -> dict[str, tuple[Any, list[float | str]]]:
        columns: dict[str, tuple[Any, list[float | str]]] = {}
        for key, values in self.properties.get(node_type, {}).items():
            columns[key] = np.array([self.rows[node_type, ext] for ext in values]), list(values.values())
        return columns

    def bundles(self) -> list[Any]:
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
