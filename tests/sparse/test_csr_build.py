from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError

pytest.importorskip("numba")

from graphrec.sparse import csr_build
from graphrec.sparse.csr_build import build_csr, build_csr_from_chunks


@settings(max_examples=50, deadline=None)
@given(
    edges=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), max_size=40),
    undirected=st.booleans(),
    distinct=st.sampled_from([None, True, False]),
    numbered=st.booleans(),
)
def test_rows_hold_what_was_given(
    edges: list[tuple[int, int]], undirected: bool, distinct: bool | None, numbered: bool
) -> None:
    source, target = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    num_targets = 9 if undirected else 6
    graph = build_csr(
        source,
        target,
        num_targets,
        num_sources=9,
        undirected=undirected,
        distinct=distinct,
        edges=numbered,
    )
    expected = sp.lil_matrix((num_targets, 9), dtype=int)
    for s, t in edges:
        expected[t, s] += 1
        if undirected and s != t:
            expected[s, t] += 1
    dense = expected.toarray()
    if distinct or (distinct is None and undirected):
        dense = np.minimum(dense, 1)
    rows = np.repeat(np.arange(num_targets), np.diff(graph.indptr))
    found = np.zeros_like(dense)
    np.add.at(found, (rows, graph.indices), 1)
    np.testing.assert_array_equal(found, dense)
    assert graph.indices.dtype == np.int32
    for start, end in zip(graph.indptr, graph.indptr[1:], strict=False):
        assert (np.diff(graph.indices[start:end]) >= 0).all()
    if not numbered:
        assert graph.edges is None
        return
    assert graph.edges is not None
    for row, column, edge in zip(rows, graph.indices, graph.edges, strict=True):
        assert edges[edge] == (column, row) or (undirected and edges[edge] == (row, column))
        if dense.max() == 1:  # of equal edges the first is the one that is kept
            same = {(column, row), (row, column)} if undirected else {(column, row)}
            assert edge == next(i for i, pair in enumerate(edges) if pair in same)


def test_portions_and_mapped_files_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    source, target = rng.integers(50, size=(2, 1000))
    whole = build_csr(source, target, 50, edges=True)
    np.save(tmp_path / "source.npy", source.astype(np.uint16))
    mapped = np.load(tmp_path / "source.npy", mmap_mode="r")
    monkeypatch.setattr(csr_build, "CHUNK", 7)
    for part in (build_csr(mapped, target, 50, edges=True), build_csr(source, target, 50, edges=True)):
        np.testing.assert_array_equal(part.indptr, whole.indptr)
        np.testing.assert_array_equal(part.indices, whole.indices)
        np.testing.assert_array_equal(part.edges, whole.edges)


def test_edges_out_of_range_are_named() -> None:
    chunks = [(np.array([0, 1]), np.array([1, 0])), (np.array([2, 9]), np.array([0, 1]))]
    with pytest.raises(InvalidInputError, match="Edge 3 leads from node 9 to node 1"):
        build_csr_from_chunks(lambda: chunks, 3)
    for wrong in ([-1], [3]):
        with pytest.raises(InvalidInputError, match="Edge 0"):
            build_csr(np.array([0]), np.array(wrong), 3)
    with pytest.raises(InvalidInputError, match="lead one way"):
        build_csr(np.array([0]), np.array([0]), 3, num_sources=4, undirected=True)
    with pytest.raises(InvalidInputError, match="one length"):
        build_csr(np.array([0]), np.array([0, 1]), 3)


def test_no_edges_and_no_nodes() -> None:
    none = np.empty(0, dtype=np.int64)
    assert build_csr(none, none, 3, undirected=True).indptr.tolist() == [0, 0, 0, 0]
    assert build_csr(none, none, 0).indptr.tolist() == [0]
