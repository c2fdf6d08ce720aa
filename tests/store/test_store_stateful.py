"""A long random life of a store, beside dictionaries and a NetworkX graph that live the same life."""

from __future__ import annotations

import tempfile
from pathlib import Path

import networkx as nx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graphrec.errors import InvalidInputError
from graphrec.store import GraphStore

USERS = st.sampled_from(["u1", "u 2", "ü'3"])
ITEMS = st.sampled_from([f"r{n}" for n in range(6)])
ATTRIBUTES = st.sampled_from(["salt", "egg", "🌶️", "a;--"])
KINDS = st.sampled_from(["view", "cook", "new kind"])
TIMES = st.one_of(st.none(), st.integers(-3, 3))
WEIGHTS = st.one_of(st.none(), st.floats(0, 10))
EVENTS = st.lists(st.tuples(USERS, ITEMS, KINDS, TIMES, WEIGHTS), max_size=6)


class StoreLife(RuleBasedStateMachine):
    """Every rule changes the store and its model; the invariant compares all that can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'life.db'}"
        self.store = GraphStore.open(self.url)
        self.graph = nx.DiGraph()
        self.names: dict[tuple[str, str], str | None] = {}
        self.properties: dict[str, dict[str, float | str]] = {}
        self.events: dict[tuple[str, str, str, int | None], float | None] = {}
        self.kinds = dict(self.store.kinds())
        self.erased: set[str] = set()
        with self.store.writing() as writer:
            writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
            writer.add_relation("likes", "user", "ingredient", inverse="liked_by")
        self.revision = 1

    def teardown(self) -> None:
        assert self.store.check(full=True) == []
        self.store.close()
        self.folder.cleanup()

    def _node(self, node_type: str, ext: str) -> bool:
        if node_type == "user" and ext in self.erased:
            return False
        self.names.setdefault((node_type, ext), None)
        return True

    @rule(item=ITEMS, name=st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=5)))
    def name_item(self, item: str, name: str | None) -> None:
        with self.store.writing() as writer:
            writer.add_nodes("recipe", [(item, name)])
        self.names[("recipe", item)] = name if name is not None else self.names.get(("recipe", item))

    @rule(
        item=ITEMS, key=st.sampled_from("ab"), value=st.one_of(st.floats(-5, 5), st.sampled_from(["x", ""]))
    )
    def set_property(self, item: str, key: str, value: float | str) -> None:
        with self.store.writing() as writer:
            writer.set_properties("recipe", key, [(item, value)])
        self._node("recipe", item)
        self.properties.setdefault(item, {})[key] = value

    @rule(pairs=st.lists(st.tuples(ITEMS, ATTRIBUTES, st.floats(0, 3)), max_size=5))
    def add_contents(self, pairs: list[tuple[str, str, float]]) -> None:
        with self.store.writing() as writer:
            writer.add_edges("contains", pairs)
        for item, attribute, weight in pairs:
            self._node("recipe", item)
            self._node("ingredient", attribute)
            self.graph.add_edge(("recipe", item), ("ingredient", attribute), weight=weight)

    @rule(user=USERS, attribute=ATTRIBUTES)
    def add_taste(self, user: str, attribute: str) -> None:
        with self.store.writing() as writer:
            writer.add_edges("likes", [(user, attribute)])
        self._node("ingredient", attribute)
        if self._node("user", user):
            self.graph.add_edge(("user", user), ("ingredient", attribute), weight=1.0)

    @rule(events=EVENTS)
    def interact(self, events: list[tuple[str, str, str, int | None, float | None]]) -> None:
        with self.store.writing() as writer:
            counts = writer.add_interactions(events)
        known = len(self.events)
        for user, item, kind, time, weight in events:
            self._node("recipe", item)
            self.kinds.setdefault(kind, 1.0)
            if self._node("user", user):
                self.events[(user, item, kind, time)] = weight
        refused = sum(event[0] in self.erased for event in events)
        added = len(self.events) - known
        assert counts == (added, len(events) - refused - added, refused)

    @rule(kind=KINDS, weight=st.floats(0, 5))
    def set_kind(self, kind: str, weight: float) -> None:
        with self.store.writing() as writer:
            writer.set_kind(kind, weight)
        self.kinds[kind] = weight

    @precondition(lambda self: any(kind == "user" for kind, _ in self.names))
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        user = data.draw(st.sampled_from(sorted(ext for kind, ext in self.names if kind == "user")))
        report = self.store.erase(user)
        doomed = [event for event in self.events if event[0] == user]
        node = ("user", user)
        edges = self.graph.degree(node) if node in self.graph else 0
        assert (report.state, report.interactions, report.edges) == ("done", len(doomed), edges)
        self.events = {event: weight for event, weight in self.events.items() if event[0] != user}
        self.graph.remove_nodes_from([node])
        del self.names[node]
        self.erased.add(user)

    @rule(item=ITEMS, events=EVENTS)
    def fail(self, item: str, events: list[tuple[str, str, str, int | None, float | None]]) -> None:
        try:
            with self.store.writing() as writer:
                writer.add_nodes("recipe", [(item, "never seen")])
                writer.add_interactions(events)
                writer.add_edges("contains", [(item, "")])
            raise AssertionError("an empty id was taken")
        except InvalidInputError:
            pass

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = GraphStore.open(self.url)

    @invariant()
    def reads_agree(self) -> None:
        with self.store.reading():
            self._nodes_agree()
            self._edges_agree()
            for user in sorted({event[0] for event in self.events} | self.erased | {"u1"}):
                self._history_agrees(user)
            assert len(self.store.read_interactions().user) == len(self.events)
            assert self.store.revision >= self.revision
            self.revision = self.store.revision

    def _nodes_agree(self) -> None:
        found = {}
        for node_type in self.store.node_types():
            nodes = self.store.read_nodes(node_type)
            found.update({(node_type, e): name for e, name in zip(nodes.ids, nodes.names, strict=True)})
        assert found == self.names
        for item, properties in self.properties.items():
            assert self.store.node("recipe", item).properties == properties

    def _edges_agree(self) -> None:
        found = nx.DiGraph()
        for relation in self.store.relations():
            left, right = self.store.read_nodes(relation.src), self.store.read_nodes(relation.dst)
            ids = {row: (relation.src, e) for row, e in zip(left.rows.tolist(), left.ids, strict=True)}
            ids |= {row: (relation.dst, e) for row, e in zip(right.rows.tolist(), right.ids, strict=True)}
            for src, dst, weight in zip(*self.store.read_edges(relation.name), strict=True):
                found.add_edge(ids[int(src)], ids[int(dst)], weight=float(weight))
        assert nx.utils.graphs_equal(
            nx.DiGraph(found.edges(data=True)), nx.DiGraph(self.graph.edges(data=True))
        )
        for node_type, ext in self.names:
            if node_type == "ingredient":
                users = {e for kind, e in self._predecessors(ext) if kind == "user"}
                recipes = {e for kind, e in self._predecessors(ext) if kind == "recipe"}
                assert self.store.neighbors("ingredient", ext, "liked_by") == sorted(users)
                assert self.store.neighbors("ingredient", ext, "contains", "in") == sorted(recipes)

    def _predecessors(self, ext: str) -> list[tuple[str, str]]:
        node = ("ingredient", ext)
        return list(self.graph.predecessors(node)) if node in self.graph else []

    def _history_agrees(self, user: str) -> None:
        mine = [
            (item, kind, time, weight)
            for (who, item, kind, time), weight in self.events.items()
            if who == user
        ]
        expected = sorted(
            (
                (item, kind, self.kinds[kind] if weight is None else weight, time)
                for item, kind, time, weight in mine
            ),
            key=str,
        )
        assert sorted(map(tuple, self.store.history(user)), key=str) == expected


StoreLife.TestCase.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreLife = StoreLife.TestCase
