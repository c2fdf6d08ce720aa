from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.store_domains import domain_graph, find_domains
from graphrec.adapt.store_values import NodeValues, node_values
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store import GraphStore
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from tests.adapt.store_world import SHOPS, snapshot_of


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> GraphSnapshot:
    return snapshot_of(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def shops(snapshot: GraphSnapshot) -> NodeValues:
    return node_values(snapshot, "dish", "shop")


def edges(graph: DomainGraph) -> dict[frozenset[str], float]:
    pairs = combinations(range(graph.num_domains), 2)
    return {
        frozenset((graph.names[i], graph.names[j])): float(graph.adjacency[i, j])
        for i, j in pairs if graph.adjacency[i, j] > 0
    }  # fmt: skip


def test_a_relation_between_domains_keeps_its_weights_in_proportion(
    snapshot: GraphSnapshot, shops: NodeValues
) -> None:
    """Loops count nowhere, not even as the largest weight; of the two directions the heavier counts."""
    found = domain_graph(snapshot, "dish", shops, "relation:near")
    assert found.names == SHOPS
    assert edges(found) == {frozenset(pair): 1.0 for pair in pairwise(SHOPS)}


def test_weights_are_divided_by_the_largest(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.writing() as writer:
            writer.add_relation("in_shop", "dish", "shop")
            writer.add_relation("near", "shop", "shop")
            writer.add_edges("in_shop", [("x", "a"), ("y", "b"), ("z", "c")])
            writer.add_edges("near", [("a", "b", 1.0), ("b", "a", 2.0), ("b", "c", 8.0), ("c", "road", 4.0)])
            writer.add_edges("near", [("field", "forest", 4.0)])
        snapshot = write_snapshot(store, tmp_path / "snap")
    found = domain_graph(snapshot, "dish", node_values(snapshot, "dish", "shop"), "relation:near")
    weights = {frozenset("ab"): 0.25, frozenset("bc"): 1.0, frozenset(("c", "road")): 0.5}
    # Places without dishes stay where something joins them: a path may lead through.
    assert edges(found) == weights | {frozenset(("field", "forest")): 0.5}


def test_domains_of_one_city_are_adjacent(snapshot: GraphSnapshot, shops: NodeValues) -> None:
    found = domain_graph(snapshot, "dish", shops, "relation:in_city")
    assert edges(found) == {frozenset(("north", "hill")): 1.0, frozenset(("centre", "river")): 1.0}


def test_files_of_borders_name_domains_as_people_do(
    snapshot: GraphSnapshot, shops: NodeValues, tmp_path: Path
) -> None:
    lines = "shop,neighbour\nThe North Shop,HILL\nnorth,the river shop\nnorth,the moon\n"
    (tmp_path / "borders.csv").write_text(lines, encoding="utf-8")
    found = domain_graph(snapshot, "dish", shops, f"borders:{tmp_path / 'borders.csv'}")
    expected = {frozenset(("north", "hill")): 1.0, frozenset(("north", "river")): 1.0}
    assert edges(found) == expected
    found.save(tmp_path / "graph.json")
    again = domain_graph(snapshot, "dish", shops, f"file:{tmp_path / 'graph.json'}")
    assert again.names == SHOPS and edges(again) == expected


def test_similar_domains_share_attributes(tmp_path: Path) -> None:
    """Shops a and b sell fish, c and d sell cake; labels would join a with c and b with d."""
    foods = {"a": "cod eel", "b": "cod tuna eel", "c": "flan pie", "d": "pie flan torte"}
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.writing() as writer:
            writer.add_relation("sold_in", "dish", "shop")
            writer.add_relation("contains", "dish", "food")
            writer.add_relation("has_label", "dish", "label")
            for shop, names in foods.items():
                for number, food in enumerate(names.split() * 3):
                    writer.add_edges("sold_in", [(f"{shop}{number}", shop)])
                    writer.add_edges("contains", [(f"{shop}{number}", food)])
                    label = "x" if shop in "ac" else "y"
                    writer.add_edges("has_label", [(f"{shop}{number}", f"{label}{k}") for k in range(2)])
            writer.add_nodes("shop", [("empty", None)])
        snapshot = write_snapshot(store, tmp_path / "snap")
    domains = node_values(snapshot, "dish", "shop")
    near = {frozenset("ab"), frozenset("cd")}

    def found(kind: str, without: tuple[str, ...] = ()) -> set[frozenset[str]]:
        graph = domain_graph(snapshot, "dish", domains, kind, neighbours=1, without=without)
        assert graph.names == ("a", "b", "c", "d")
        return set(edges(graph))

    assert found("similarity:contains") >= near
    assert found("similarity", ("has_label",)) >= near
    assert found("similarity:has_label") >= {frozenset("ac"), frozenset("bd")}


def test_without_attributes_the_means_of_the_inputs_decide(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.writing() as writer:
            writer.add_relation("sold_in", "dish", "shop")
            writer.add_edges("sold_in", [(f"{shop}{n}", shop) for shop in "abcd" for n in range(2)])
        snapshot = write_snapshot(store, tmp_path / "snap")
    domains = node_values(snapshot, "dish", "shop")
    means = {"a": (1.0, 0.1), "b": (-1.0, 0.0), "c": (1.1, 0.0), "d": (-1.0, 0.1)}
    rows = np.array([means[name[0]] for name in snapshot.ids("dish")], dtype=np.float32)
    graph = domain_graph(
        snapshot, "dish", domains, "similarity", neighbours=1, inputs=(np.arange(len(rows)), rows)
    )
    assert set(edges(graph)) >= {frozenset("ac"), frozenset("bd")}
    with pytest.raises(InvalidInputError, match="Nothing joins dish nodes to attributes"):
        domain_graph(snapshot, "dish", domains, "similarity")


def test_people_name_domains_by_id_or_name_in_any_case(snapshot: GraphSnapshot, shops: NodeValues) -> None:
    assert find_domains(snapshot, shops, ["the hill shop", "South", "north"]) == ["hill", "south", "north"]
    with pytest.raises(NotFoundError, match="no domain 'moon'; there are north, hill"):
        find_domains(snapshot, shops, ["moon"])
    regions = node_values(snapshot, "dish", "region")
    assert find_domains(snapshot, regions, ["East"]) == ["east"]


def test_ids_win_over_names_and_exact_ones_over_others(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.writing() as writer:
            writer.add_nodes("shop", [("1", "2"), ("2", "1"), ("ma", None), ("MA", "3")])
            writer.add_relation("sold_in", "dish", "shop")
            writer.add_edges("sold_in", [(f"d{n}", shop) for n, shop in enumerate(("1", "2", "ma", "MA"))])
        snapshot = write_snapshot(store, tmp_path / "snap")
    domains = node_values(snapshot, "dish", "shop")
    assert find_domains(snapshot, domains, ["2", "MA", "ma", "3"]) == ["2", "MA", "ma", "MA"]


def test_what_joins_nothing_is_said(snapshot: GraphSnapshot, shops: NodeValues, tmp_path: Path) -> None:
    for kind in ("nearby", "relation", "relation:", "file", "borders:"):
        with pytest.raises(InvalidInputError, match="give one of relation:NAME, similarity"):
            domain_graph(snapshot, "dish", shops, kind)
    with pytest.raises(InvalidInputError, match="joins dish and food, not shop nodes"):
        domain_graph(snapshot, "dish", shops, "relation:contains")
    with pytest.raises(NotFoundError, match="no relation 'nope'"):
        domain_graph(snapshot, "dish", shops, "relation:nope")
    with pytest.raises(InvalidInputError, match="leaves shop and not dish nodes"):
        domain_graph(snapshot, "dish", shops, "similarity:near")
    with pytest.raises(InvalidInputError, match="are texts and no nodes"):
        domain_graph(snapshot, "dish", node_values(snapshot, "dish", "region"), "relation:near")
    (tmp_path / "b.csv").write_text("sun,moon\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="joins no two of the domains"):
        domain_graph(snapshot, "dish", shops, f"file:{tmp_path / 'b.csv'}")
