from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec.cold.data import undirected
from graphrec.cold.degree_split import DegreeSplit, degree_split
from graphrec.datasets.planetoid import load_planetoid
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from tests.conftest import require_data

graphs = st.builds(
    lambda pairs: undirected(torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).t(), 40),
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=120),
)


def degrees(edges, num_nodes=40):
    return [int((edges[0] == node).sum()) for node in range(num_nodes)]


@given(graphs)
def test_paper_mode_is_the_definition(edges):
    split, degree = degree_split(edges, 40), degrees(edges)
    ranked = sorted(range(40), key=lambda node: (degree[node], node))
    assert split.isolation.tolist() == sorted(ranked[:4])
    assert split.head.tolist() == sorted(ranked[-4:])
    remaining = degrees(split.edge_index)
    free = [n for n in range(40) if n not in ranked[:4] + ranked[-4:] and remaining[n] > 0]
    assert split.tail.tolist() == sorted(sorted(free, key=lambda node: (remaining[node], node))[:4])


@given(graphs)
def test_median_mode_is_the_definition(edges):
    split, degree = degree_split(edges, 40, "median"), degrees(edges)
    low, high = list(range(40)), list(range(40))
    for _ in range(4):
        median = np.median([degree[node] for node in low])
        low = [node for node in range(40) if degree[node] <= median]
    for _ in range(5):
        median = np.median([degree[node] for node in high])
        high = [node for node in range(40) if degree[node] >= median]
    low.sort(key=lambda node: (degree[node], node))
    assert split.isolation.tolist() == sorted(low[: len(low) // 2])
    assert split.tail.tolist() == sorted(low[len(low) // 2 :])
    assert split.head.tolist() == [node for node in high if node not in low]


@given(graphs, st.sampled_from(["paper", "median"]), st.integers(0, 3))
def test_only_edges_of_isolation_go_and_a_seed_moves_nothing_but_ties(edges, mode, seed):
    split = degree_split(edges, 40, mode, ties=seed)
    gone = set(split.isolation.tolist())
    kept = [pair for pair in edges.t().tolist() if not gone & set(pair)]
    assert split.edge_index.t().tolist() == kept
    by_id, degree = degree_split(edges, 40, mode), degrees(edges)
    for name in ("isolation", "head"):
        seeded, plain = (sorted(degree[n] for n in getattr(s, name).tolist()) for s in (split, by_id))
        assert seeded == plain
    again = degree_split(edges, 40, mode, ties=seed)
    assert torch.equal(again.isolation, split.isolation) and torch.equal(again.tail, split.tail)


def test_groups_keep_the_asked_nodes_alone():
    ids = torch.arange(6)
    split = DegreeSplit(ids[:1], ids[1:3], ids[3:5], torch.zeros(2, 0, dtype=torch.int64))
    groups = {name: nodes.tolist() for name, nodes in split.groups(torch.tensor([0, 2, 4, 5])).items()}
    assert groups == {"isolation": [4], "tail": [2], "head": [0], "overall": [0, 2, 4, 5]}


def test_a_saved_split_comes_back(tmp_path):
    edges = undirected(torch.randint(0, 40, (2, 90), generator=torch.Generator().manual_seed(0)), 40)
    split = degree_split(edges, 40)
    split.save(tmp_path / "split.npz")
    found = DegreeSplit.load(tmp_path / "split.npz")
    for name in ("head", "tail", "isolation", "edge_index"):
        assert torch.equal(getattr(found, name), getattr(split, name))


@pytest.mark.parametrize("content", [b"", b"no archive", "objects", "floats"])
def test_files_that_are_no_split_are_refused(tmp_path, content):
    path = tmp_path / "split.npz"
    names = ("head", "tail", "isolation", "edge_index")
    if content == "objects":
        np.savez(path, **{name: np.array([{}, []], dtype=object) for name in names})
    elif content == "floats":
        np.savez(path, **{name: np.zeros(3) for name in names})
    else:
        path.write_bytes(content)
    with pytest.raises(CorruptionError, match="not a degree split"):
        DegreeSplit.load(path)
    with pytest.raises(NotFoundError):
        DegreeSplit.load(tmp_path / "absent.npz")


def test_an_unknown_mode_is_refused():
    with pytest.raises(InvalidInputError, match="paper or median"):
        degree_split(torch.zeros(2, 0, dtype=torch.int64), 4, "thirds")


# The published code's counts; edges removed under its unstable sort were 1,042 and 1,160.
COUNTS = {
    "cora": {"isolation": 534, "tail": 534, "head": 286, "removed": 1040, "edges": 13264},
    "citeseer": {"isolation": 689, "tail": 690, "head": 339, "removed": 1156, "edges": 12431},
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_on_the_citation_graphs(name):
    data = load_planetoid(require_data(f"nodes/planetoid/ind.{name}.x").parent, name)
    split = degree_split(data.edge_index, data.num_nodes, "median")
    found = {part: len(getattr(split, part)) for part in ("isolation", "tail", "head")}
    found["removed"] = data.edge_index.shape[1] - split.edge_index.shape[1]
    found["edges"] = data.edge_index.shape[1] + data.num_nodes
    assert found == COUNTS[name]
    degree = data.degree
    if name == "cora":
        assert torch.bincount(degree[split.isolation]).tolist() == [0, 485, 49]
        assert degree[split.tail].unique().tolist() == [2] and int(degree[split.head].min()) == 7
        sizes = {part: len(nodes) for part, nodes in split.groups(data.test).items()}
        assert sizes == {"isolation": 388, "tail": 458, "head": 212, "overall": 2108}
    else:
        assert int((degree[split.isolation] == 0).sum()) == 48
        assert degree[split.tail].unique().tolist() == [1] and int(degree[split.head].min()) == 6
