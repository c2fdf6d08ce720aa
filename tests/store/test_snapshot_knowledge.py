"""The knowledge graph of a snapshot: items first, whatever they reach, nothing that tells popularity."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings

from graphrec.errors import InvalidInputError
from graphrec.store.columns import KnowledgeGraph
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from tests.store.fake_store import FakeStore, kitchen
from tests.store.graphs import passing_snapshot, stores

pytestmark = pytest.mark.usefixtures("unflushed")


@pytest.fixture
def snapshot(tmp_path: Path) -> GraphSnapshot:
    return write_snapshot(kitchen(), tmp_path)


def triples(graph: KnowledgeGraph) -> set[tuple[str, str, str]]:
    names, relations = graph.entity_names, graph.relation_names
    rows = zip(graph.heads.tolist(), graph.relations.tolist(), graph.tails.tolist(), strict=True)
    return {(names[head], relations[relation], names[tail]) for head, relation, tail in rows}


def test_items_come_first_and_only_reached_entities_follow(snapshot: GraphSnapshot) -> None:
    graph = snapshot.knowledge_graph()
    assert graph.entity_names == (
        "recipe:soup", "recipe:curry", "recipe:lonely",
        "ingredient:🍤 shrimp", "ingredient:coconut", "ingredient:shellfish",
    )  # fmt: skip
    assert triples(graph) == {
        ("recipe:soup", "contains", "ingredient:🍤 shrimp"),
        ("recipe:soup", "contains", "ingredient:coconut"),
        ("recipe:curry", "contains", "ingredient:coconut"),
        ("ingredient:🍤 shrimp", "is_a", "ingredient:shellfish"),
    }
    assert (graph.num_items, graph.num_entities, graph.num_relations) == (3, 6, 2)


def test_popularity_telling_relations_are_left_out_unless_asked_for(snapshot: GraphSnapshot) -> None:
    assert "meal:dinner 1" not in snapshot.knowledge_graph().entity_names
    everything = snapshot.knowledge_graph(features_only=False)
    assert ("recipe:soup", "part_of_meal", "meal:dinner 1") in triples(everything)
    assert snapshot.knowledge_graph(relations=["part_of_meal"]).num_triples == 0


def test_chosen_and_excluded_relations(snapshot: GraphSnapshot) -> None:
    assert snapshot.knowledge_graph(relations=["contains"]).relation_names == ("contains",)
    assert snapshot.knowledge_graph(exclude=["is_a"]).relation_names == ("contains",)
    without_contains = snapshot.knowledge_graph(exclude=["contains"])
    assert without_contains.num_entities == 3 and without_contains.num_triples == 0


def test_users_are_no_entities(tmp_path: Path) -> None:
    store = kitchen()
    store.add_relation("follows", "user", "user")
    store.add_edge("follows", "ann", "silent")
    snapshot = write_snapshot(store, tmp_path)
    assert not any(name.startswith("user:") for name in snapshot.knowledge_graph().entity_names)
    with pytest.raises(InvalidInputError, match="follows"):
        snapshot.knowledge_graph(relations=["follows"])


def test_another_item_type(snapshot: GraphSnapshot) -> None:
    graph = snapshot.knowledge_graph("ingredient")
    assert graph.num_items == 5 and graph.entity_names[0] == "ingredient:🍤 shrimp"
    assert "recipe:lonely" not in graph.entity_names


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stores())
def test_reached_entities_are_those_of_networkx(store: FakeStore) -> None:
    undirected: nx.Graph[tuple[str, str]] = nx.Graph()
    undirected.add_nodes_from(("recipe", ext) for ext in store.nodes["recipe"])
    expected = set()
    for name in ("contains", "is_a"):
        info = store.infos[name]
        for src, dst in store.edges[name]:
            undirected.add_edge((info.src, src), (info.dst, dst))
            expected.add((f"{info.src}:{src}", name, f"{info.dst}:{dst}"))
    reached: set[tuple[str, str]] = set()
    for component in nx.connected_components(undirected):
        if any(type_ == "recipe" for type_, _ in component):
            reached |= component
    names = {f"{type_}:{ext}" for type_, ext in reached}
    with passing_snapshot(store) as snapshot:
        graph = snapshot.knowledge_graph()
    assert set(graph.entity_names) == names and graph.num_entities == len(graph.entity_names)
    assert triples(graph) == {triple for triple in expected if triple[0] in names}
    assert graph.num_triples == len(triples(graph))
