"""The DGL form equals the store's own reads and the PyTorch Geometric form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import InvalidInputError, MissingExtraError
from graphrec.store import extras
from graphrec.store.snapshot_write import write_snapshot
from tests.store.fake_store import FakeStore, kitchen
from tests.store.graphs import edges_of

pytestmark = pytest.mark.usefixtures("unflushed")


def test_without_dgl_python_platform_and_extra_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = extras.import_module

    def refuse(name: str) -> Any:
        if name == "dgl":
            raise ModuleNotFoundError("No module named 'dgl'")
        return real(name)

    pytest.importorskip("torch")
    monkeypatch.setattr(extras, "import_module", refuse)
    with pytest.raises(MissingExtraError, match=r"graphrec\[dgl\].*Python < 3.12.*Linux") as caught:
        write_snapshot(kitchen(), tmp_path).to_dgl()
    assert "Windows" in str(caught.value)


@pytest.fixture
def dgl() -> Any:
    pytest.importorskip("torch")
    return pytest.importorskip(
        "dgl", reason="dgl 1.1.3 has no wheel for this Python or platform", exc_type=Exception
    )


def test_kitchen_equals_the_store(tmp_path: Path, dgl: Any) -> None:
    store = kitchen()
    snapshot = write_snapshot(store, tmp_path)
    graph = snapshot.to_dgl()
    assert {type_: graph.num_nodes(type_) for type_ in graph.ntypes} == {
        t: len(x) for t, x in store.nodes.items()
    }
    for info in store.infos.values():
        type_ = (info.src, info.name, info.dst)
        src, dst = (ends.tolist() for ends in graph.edges(etype=type_, order="eid"))
        stored = graph.edges[type_].data.get("weight")
        weight = [1.0] * len(src) if stored is None else stored.tolist()
        ids = snapshot.ids(info.src), snapshot.ids(info.dst)
        found = {(ids[0][a], ids[1][b]): w for a, b, w in zip(src, dst, weight, strict=True)}
        assert found == pytest.approx(edges_of(store, info.name))
    for kind in ("view", "cook"):
        assert graph.num_edges(("user", kind, "recipe")) == sum(event[2] == kind for event in store.events)


@pytest.mark.parametrize("inverse", [False, True])
def test_it_equals_the_pyg_form(tmp_path: Path, dgl: Any, inverse: bool) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    snapshot = write_snapshot(kitchen(), tmp_path)
    graph, data = snapshot.to_dgl(inverse=inverse), snapshot.to_pyg(inverse=inverse)
    assert set(graph.canonical_etypes) == set(data.edge_types)
    for type_ in data.edge_types:
        assert torch.equal(torch.stack(graph.edges(etype=type_, order="eid")), data[type_].edge_index)
        for name, other in (("weight", "edge_weight"), ("time", "time")):
            assert (name in graph.edges[type_].data) == (other in data[type_])
            if other in data[type_]:
                assert torch.equal(graph.edges[type_].data[name], data[type_][other])
    torch.testing.assert_close(graph.nodes["recipe"].data["x"], data["recipe"].x, equal_nan=True)


def test_zero_relations_but_interactions(tmp_path: Path, dgl: Any) -> None:
    store = FakeStore()
    store.add_event("ann", "soup", "view", 3)
    graph = write_snapshot(store, tmp_path).to_dgl()
    assert graph.num_edges() == 1 and graph.edata["time"].tolist() == [3]


def test_no_edge_type_is_named(tmp_path: Path, dgl: Any) -> None:
    with pytest.raises(InvalidInputError, match="no edge type"):
        write_snapshot(FakeStore(), tmp_path).to_dgl()
