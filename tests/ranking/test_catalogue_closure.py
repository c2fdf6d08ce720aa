"""The closures over kinds and over kinds and parts, against NetworkX on the edge list."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.ranking.catalogue_from_snapshot import _Numbering, _steps
from graphrec.ranking.closure import KIND_WEIGHT, closed_items, closure
from graphrec.sparse import CSR
from graphrec.store.snapshot import RelationInfo

NODES = 7
IS_A = RelationInfo("is_a", "ingredient", "ingredient", "has_kind")


@dataclass
class OneRelation:
    """As much of a snapshot as the closure reads."""

    edges: dict[tuple[int, int], float]

    def num_nodes(self, node_type: str) -> int:
        return NODES

    def ids(self, node_type: str) -> list[str]:
        return [str(n) for n in range(NODES)]

    names = ids

    def csr(self, relation: str) -> CSR:
        pairs = np.array(list(self.edges), dtype=np.int64).reshape(-1, 2)
        weights = np.array(list(self.edges.values()), dtype=np.float32)
        shape = (NODES, NODES)
        return CSR.from_coo(pairs[:, 0], pairs[:, 1], None if (weights == 1).all() else weights, shape)


def pairs_of(matrix: CSR) -> set[tuple[int, int]]:
    return set(zip(matrix.row_index().tolist(), matrix.indices.tolist(), strict=True))


node = st.integers(0, NODES - 1)


@settings(max_examples=200, deadline=None)
@given(
    edges=st.dictionaries(st.tuples(node, node), st.sampled_from([1.0, 0.5]), max_size=14),
    has=st.sets(st.tuples(st.integers(0, 3), node), max_size=8),
)
def test_a_path_is_a_kind_only_when_all_of_its_edges_are(edges, has):
    snapshot = OneRelation(edges)
    numbering = _Numbering(snapshot, ["ingredient"])  # type: ignore[arg-type]
    items = CSR.from_coo(
        np.array([i for i, _ in has], np.int64), np.array([a for _, a in has], np.int64), None, (4, NODES)
    )
    found = {}
    for name, least in (("kinds", KIND_WEIGHT), ("both", -np.inf)):
        closed = closure(_steps(snapshot, [IS_A], numbering, least))  # type: ignore[arg-type]
        graph = nx.DiGraph(pair for pair, weight in edges.items() if weight >= least)
        expected = set(nx.transitive_closure(graph, reflexive=False).edges)
        assert pairs_of(closed) == expected
        index = pairs_of(closed_items(items, closed))
        assert index == {(a, i) for i, a in has} | {(b, i) for i, a in has for c, b in expected if c == a}
        found[name] = expected
    assert found["kinds"] <= found["both"]
