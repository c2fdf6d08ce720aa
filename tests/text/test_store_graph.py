from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store import GraphStore
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from graphrec.text import store_graph
from graphrec.text.store_graph import EdgeConfig, default_kinds, node_edges, similar


def by_hand(
    owners: list[set[int]], keep: list[bool], limit: int, neighbours: int, shrink: float
) -> list[tuple[int, int]]:
    """The definition, one pair after another."""
    nodes = [node for node, kept in enumerate(keep) if kept]
    of = {a: [n for n in nodes if a in owners[n]] for n in nodes for a in owners[n]}
    idf = {a: math.log(len(nodes) / len(m)) for a, m in of.items() if 2 <= len(m) <= limit}
    length = {n: math.sqrt(sum(idf[a] ** 2 for a in owners[n] if a in idf)) for n in nodes}
    chosen = []
    for i in nodes:
        scores = {}
        for j in nodes:
            both = sum(idf[a] ** 2 for a in owners[i] & owners[j] if a in idf)
            if i != j and both > 0:
                scores[j] = both / (length[i] * length[j] + shrink)
        best = sorted(scores, key=lambda j: (-round(scores[j], 12), j))[:neighbours]
        chosen += [(i, j) for j in best]
    return chosen


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 6), max_size=5), min_size=2, max_size=9),
    st.lists(st.booleans(), min_size=9, max_size=9),
    st.integers(2, 6), st.integers(1, 4), st.sampled_from([0.0, 2.0]), st.sampled_from([1, 10, 10**6]),
)  # fmt: skip
def test_the_chosen_are_those_of_the_definition(
    owners: list[set[int]], keep: list[bool], limit: int, neighbours: int, shrink: float, work: int
) -> None:
    kept = keep[: len(owners)]
    dense = np.array([[float(a in has) for a in range(7)] for has in owners])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_graph, "_WORK", work)  # in pieces of one row, and in one piece
        found = similar(sp.csr_matrix(dense), np.array(kept), limit, neighbours, shrink)
    expected = by_hand(owners, kept, limit, neighbours, shrink)
    # Equal scores may differ in the last bit, so the sets are compared by what they score.
    assert len(found.T) == len(expected)
    counts = np.bincount([i for i, _ in expected], minlength=len(owners))
    np.testing.assert_array_equal(np.bincount(found[0], minlength=len(owners)), counts)
    tied = set(by_hand(owners, kept, limit, 99, shrink))
    assert set(map(tuple, found.T.tolist())) <= tied


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> GraphSnapshot:
    """Recipes 0-2 share saffron and 3-5 truffles, all share salt; users choose {0, 3} and {1, 4}."""
    folder = tmp_path_factory.mktemp("graph")
    with GraphStore.open(f"sqlite:///{folder / 's.db'}") as store, store.writing() as writer:
        writer.add_nodes("recipe", [(f"r{i}", None) for i in range(7)])
        writer.add_nodes("ingredient", [("salt", None), ("saffron", None), ("truffle", None)])
        writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
        writer.add_relation("variant_of", "recipe", "recipe")
        writer.add_relation("label", "recipe", "ingredient", feature=False)
        writer.add_edges("contains", [(f"r{i}", "salt") for i in range(6)])
        writer.add_edges("contains", [(f"r{i}", "saffron" if i < 3 else "truffle") for i in range(6)])
        writer.add_edges("variant_of", [("r6", "r0"), ("r0", "r6"), ("r5", "r5")])
        writer.add_edges("label", [("r0", "truffle"), ("r6", "truffle")])
        for user, items in (("a", (0, 3)), ("b", (1, 4)), ("c", (6,))):
            for item in items:
                writer.record(user, f"r{item}", "view", 1, None, "recipe")
    with GraphStore.open(f"sqlite:///{folder / 's.db'}") as store:
        return write_snapshot(store, folder / "snapshots")


def pairs(
    snapshot: GraphSnapshot, *kinds: str, without: tuple[int, ...] = (), **config: float
) -> set[tuple[int, int]]:
    mask = np.isin(np.arange(7), without)
    settings_ = EdgeConfig(**{"max_attribute_nodes": 4, **config})  # type: ignore[arg-type]
    found = node_edges(snapshot, "recipe", kinds, config=settings_, without=mask).edge_index
    assert found.dtype == np.int64 and (found[0] < found[1]).all()
    assert len(np.unique(found, axis=1).T) == len(found.T)
    return set(map(tuple, found.T.tolist()))


SAFFRON, TRUFFLE = {(0, 1), (0, 2), (1, 2)}, {(3, 4), (3, 5), (4, 5)}


def test_rare_attributes_join_and_salt_does_not(snapshot: GraphSnapshot) -> None:
    assert pairs(snapshot, "shared:contains") == SAFFRON | TRUFFLE
    everything = {(i, j) for i in range(6) for j in range(i + 1, 6)}
    assert pairs(snapshot, "shared:contains", max_attribute_nodes=6) == everything


def test_relations_and_interactions(snapshot: GraphSnapshot) -> None:
    assert pairs(snapshot, "relation:variant_of") == {(0, 6)}
    assert pairs(snapshot, "interactions") == {(0, 3), (1, 4)}
    assert pairs(snapshot, "interactions", "relation:variant_of") == {(0, 3), (1, 4), (0, 6)}


def test_by_default_what_may_describe_a_node_counts_and_no_interaction(snapshot: GraphSnapshot) -> None:
    assert default_kinds(snapshot, "recipe") == ("relation:variant_of", "shared:contains")
    assert pairs(snapshot) == SAFFRON | TRUFFLE | {(0, 6)}


def test_nodes_left_out_have_no_edges_and_change_nobody_elses(snapshot: GraphSnapshot) -> None:
    found = pairs(snapshot, without=(0, 5), max_attribute_nodes=3)
    assert found == {(1, 2), (3, 4)}
    assert pairs(snapshot, "interactions", without=(0, 5)) == {(1, 4)}


def test_what_cannot_be_is_said(snapshot: GraphSnapshot) -> None:
    for kind in ("shared", "interactions:x", "relation:a,b", "near:x"):
        with pytest.raises(InvalidInputError, match="relation:NAME, shared:NAME"):
            pairs(snapshot, kind)
    with pytest.raises(InvalidInputError, match="use shared:contains"):
        pairs(snapshot, "relation:contains")
    with pytest.raises(NotFoundError, match="no relation 'nope'"):
        pairs(snapshot, "shared:nope")
    with pytest.raises(InvalidInputError, match="No two recipe nodes are neighbours"):
        pairs(snapshot, "interactions", without=(0, 1))
    with pytest.raises(InvalidInputError, match="Nothing in the store joins ingredient"):
        default_kinds(snapshot, "ingredient")
