from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from tests.conftest import require_data

WEIGHTS = [0, 0, 0, 1, 0.25, 1 / 3]


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 9))
    entries = draw(st.lists(st.sampled_from(WEIGHTS), min_size=size**2, max_size=size**2))
    upper = np.triu(np.array(entries).reshape(size, size), 1)
    return DomainGraph(tuple(f"d{number}" for number in range(size)), upper + upper.T)


@given(graphs(), st.data())
def test_hops_and_components_are_those_of_networkx(graph, data):
    oracle = graph.to_networkx()
    sources = data.draw(st.lists(st.integers(0, graph.num_domains - 1), max_size=4))
    reached = (
        nx.multi_source_dijkstra_path_length(oracle, {graph.names[s] for s in sources}, weight=None)
        if sources
        else {}
    )
    assert graph.hops(np.array(sources, dtype=np.int64)).tolist() == [
        reached.get(name, -1) for name in graph.names
    ]
    parts = graph.components()
    ours = {frozenset(np.array(graph.names)[parts == part]) for part in range(parts.max() + 1)}
    assert ours == {frozenset(part) for part in nx.connected_components(oracle)}
    first = [int(np.flatnonzero(parts == part)[0]) for part in range(parts.max() + 1)]
    assert first == sorted(first)
    assert graph.num_edges == oracle.number_of_edges()


@settings(max_examples=30)
@given(graphs())
def test_saving_and_edges_give_the_same_graph(tmp_path_factory, graph):
    path = tmp_path_factory.mktemp("graph") / "graph.json"
    graph.save(path)
    graph.save(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["graph.json"]
    oracle = graph.to_networkx()
    again = DomainGraph.from_edges(graph.names, [(b, a, w) for a, b, w in oracle.edges(data="weight")])
    for other in (DomainGraph.load(path), again):
        assert other.names == graph.names
        np.testing.assert_array_equal(other.adjacency, graph.adjacency)


@given(graphs(), st.data())
def test_a_part_is_networkx_subgraph(graph, data):
    kept = data.draw(st.lists(st.integers(0, graph.num_domains - 1), min_size=1, unique=True))
    part = graph.subgraph(np.array(kept))
    names = tuple(graph.names[number] for number in kept)
    assert part.names == names
    oracle = nx.to_numpy_array(graph.to_networkx().subgraph(names), nodelist=names)
    np.testing.assert_array_equal(part.adjacency, oracle)
    dropped = np.setdiff1d(np.arange(graph.num_domains), kept)
    assert graph.without(dropped).names == tuple(sorted(names))


def test_a_graph_by_hand():
    graph = DomainGraph.from_edges(["a", "b", "c", "d"], [("a", "b"), ("c", "b", 0.5), ("b", "a", 1)])
    assert graph.adjacency.tolist() == [[0, 1, 0, 0], [1, 0, 0.5, 0], [0, 0.5, 0, 0], [0, 0, 0, 0]]
    assert graph.hops(np.array([0])).tolist() == [0, 1, 2, -1]
    assert (graph.num_edges, graph.is_weighted, graph.is_clique) == (2, True, False)
    assert graph.neighbours(1).tolist() == [0, 2]
    assert graph.indices(["d", "a"]).tolist() == [3, 0]
    with pytest.raises(ValueError, match="read-only"):
        graph.adjacency[0, 1] = 0


def test_a_clique_has_weight_1_everywhere():
    names = ["a", "b", "c"]
    assert DomainGraph.clique(names).is_clique and DomainGraph.clique(["alone"]).is_clique
    assert DomainGraph.clique(names).num_edges == 3
    weighted = DomainGraph.from_edges(names, [("a", "b"), ("b", "c"), ("a", "c", 0.9)])
    assert not weighted.is_clique and not DomainGraph.from_edges(names, [("a", "b"), ("b", "c")]).is_clique


@pytest.mark.parametrize(
    ("names", "matrix", "said"),
    [
        ([], np.zeros((0, 0)), "at least one"),
        (["a", "a"], np.zeros((2, 2)), "Two domains are named 'a'"),
        (["a", " "], np.zeros((2, 2)), "not empty"),
        (["a", "b"], np.zeros((2, 3)), "2 x 2"),
        (["a", "b"], [[0, 2], [2, 0]], "a, b has closeness 2.0"),
        (["a", "b"], [[0, np.nan], [np.nan, 0]], "closeness nan"),
        (["a", "b"], [[0, -0.1], [-0.1, 0]], "closeness -0.1"),
        (["a", "b"], [[0, 0], [0, 1]], "b, b stands on the diagonal"),
        (["a", "b"], [[0, 1], [0.5, 0]], "a, b has closeness 1.0 in one direction"),
        (["a", "b"], [["x", 1], [1, 0]], "numbers"),
    ],
)
def test_what_is_no_graph_is_said(names, matrix, said):
    with pytest.raises(InvalidInputError, match=said):
        DomainGraph(tuple(names), matrix)


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        (("a", "x"), "names 'x'"),
        (("a", "a"), "joins a domain to itself"),
        (("a", "b", 1.5), "weight 1.5"),
        (("a", "b", float("nan")), "weight nan"),
        (("a", "b", "much"), "no number"),
        (("b", "c", 0.5), "two weights"),
        (("a",), "two names"),
        ("ab", "two names"),
    ],
)
def test_what_is_no_edge_is_said(edge, said):
    with pytest.raises(InvalidInputError, match=said):
        DomainGraph.from_edges(["a", "b", "c"], [("b", "c"), edge])


def test_unknown_domains_are_said():
    graph = DomainGraph.clique(["a", "b"])
    with pytest.raises(NotFoundError, match="no domain 'x'; it has a, b"):
        graph.indices(["a", "x"])
    for numbers in ([2], [-1], [0.5], [[0]]):
        with pytest.raises(InvalidInputError):
            graph.hops(np.array(numbers))


def written(folder, text, name="edges.csv"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_edges_from_a_file(tmp_path):
    path = written(tmp_path, '\ufeffstate,neighbour\r\nB, A\r\n\r\n"C","B"\r\n')
    graph = DomainGraph.from_csv(path)
    assert graph.names == ("A", "B", "C")
    assert graph.adjacency.tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert DomainGraph.from_csv(path, ["C", "Z", "B"]).adjacency.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    weighted = written(tmp_path, "x\ty\tcloseness\nA\tB\t.5\n", "edges.tsv")
    assert DomainGraph.from_csv(weighted).adjacency.tolist() == [[0, 0.5], [0.5, 0]]
    plain = written(tmp_path, "Ohio,Indiana\n")
    assert DomainGraph.from_csv(plain).names == ("Indiana", "Ohio")
    with pytest.raises(InvalidInputError, match="joins no domains"):
        DomainGraph.from_csv(plain, header=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A,B\nC\n", "line 2: two names"),
        ("A,B\n\nC,D,E\n", "line 3: the weight 'E'"),
        ("A,B\nC,C\n", "line 2: an edge joins two different"),
        ("A,B\nC,D,7\n", "line 2: an edge joins two different"),
        ("A,B,1,2\n", "line 1: two names"),
        ("A,B,O.5\n", "line 1: the weight 'O.5'"),
        ("A,B,\n", "line 1: two names"),
        ("A,B,1\nB,A,.5\n", "line 2: B, A has weight 0.5 here, 1.0 in line 1"),
        ('A,"B\n', "comma-separated"),
    ],
)
def test_a_line_that_is_no_edge_is_said(tmp_path, text, said):
    with pytest.raises(InvalidInputError, match=said):
        DomainGraph.from_csv(written(tmp_path, text))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(NotFoundError):
        DomainGraph.from_csv(tmp_path / "none.csv")
    with pytest.raises(InvalidInputError, match="same names in both"):
        DomainGraph.from_csv(written(tmp_path, "A,B\n"), ["Ohio", "Utah"])
    (tmp_path / "latin.csv").write_bytes("Québec,Maine".encode("latin1"))
    with pytest.raises(InvalidInputError, match="UTF-8"):
        DomainGraph.from_csv(tmp_path / "latin.csv")
    with pytest.raises(NotFoundError):
        DomainGraph.load(tmp_path / "none.json")
    good = {"names": ["a", "b"], "edges": [[0, 1, 1.0]]}
    for change in (
        [],
        good | {"names": 3},
        good | {"edges": [[0, 2, 1]]},
        good | {"edges": [[0, -1, 1]]},
        good | {"edges": [[0]]},
    ):
        with pytest.raises(CorruptionError, match="not a domain graph"):
            DomainGraph.load(written(tmp_path, json.dumps(change), "graph.json"))
    with pytest.raises(CorruptionError):
        DomainGraph.load(written(tmp_path, '{"names": ["a"', "graph.json"))


WEST6, EAST = "WA OR CA ID NV AZ", "MI IN OH PA NY VT NH ME MA CT RI NJ DE MD WV KY VA TN NC SC GA FL AL MO"
NORTH = "ND VT NH ME WA MT SD MN WI MI NY MA OR ID WY NE IA IL IN OH PA NJ CT RI"


@pytest.mark.parametrize(
    ("sources", "levels"), [(EAST, [24, 8, 7, 9]), (NORTH, [24, 10, 6, 8]), (WEST6, [6, 4, 6, 32])]
)
def test_the_published_levels_of_the_states(sources, levels):
    graph = DomainGraph.from_csv(require_data("grda/state_borders.csv"))
    assert (graph.num_domains, graph.num_edges) == (48, 105)
    hops = graph.hops(graph.indices(sources.split()))
    assert np.bincount(np.minimum(hops, 3)).tolist() == levels
