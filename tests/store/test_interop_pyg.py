"""The PyTorch Geometric form equals what the store reads out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

pytest.importorskip("torch_geometric")

import torch

from graphrec.errors import InvalidInputError, MissingExtraError
from graphrec.store import extras
from graphrec.store.columns import NO_TIME
from graphrec.store.snapshot_write import write_snapshot
from tests.store.fake_store import FakeStore, kitchen
from tests.store.graphs import edges_of, events_of, passing_snapshot, stores

pytestmark = pytest.mark.usefixtures("unflushed")


def named_edges(data: Any, type_: tuple[str, str, str]) -> dict[tuple[str, str], float]:
    src, dst = data[type_[0]].ids, data[type_[2]].ids
    index = data[type_].edge_index
    assert index.dtype == torch.int64
    weight = data[type_].edge_weight.tolist() if "edge_weight" in data[type_] else [1.0] * index.shape[1]
    return {(src[a], dst[b]): w for a, b, w in zip(*index.tolist(), weight, strict=True)}


def check_against(store: FakeStore, data: Any) -> None:
    assert set(data.node_types) == set(store.nodes)
    for type_, table in store.nodes.items():
        assert data[type_].num_nodes == len(table) and data[type_].ids == list(table)
        columns = store.properties.get(type_, {})
        numeric = {
            key: {e: v for e, v in column.items() if isinstance(v, float)} for key, column in columns.items()
        }
        names = data[type_].x_names if "x_names" in data[type_] else []
        assert set(names) == {key for key, column in numeric.items() if column}
        for place, key in enumerate(names):
            expected = np.array([numeric[key].get(ext, np.nan) for ext in table], dtype=np.float32)
            np.testing.assert_array_equal(data[type_].x[:, place].numpy(), expected)
    for info in store.infos.values():
        assert named_edges(data, (info.src, info.name, info.dst)) == pytest.approx(edges_of(store, info.name))
    found = []
    for kind in {event[2] for event in store.events}:
        edges = data["user", kind, "recipe"]
        rows = zip(*edges.edge_index.tolist(), edges.time.tolist(), strict=True)
        found += [
            (data["user"].ids[u], data["recipe"].ids[i], kind, None if t == NO_TIME else t)
            for u, i, t in rows
        ]
    assert sorted(found, key=repr) == [event[:4] for event in events_of(store)]


def test_kitchen(tmp_path: Path) -> None:
    data = write_snapshot(kitchen(), tmp_path).to_pyg()
    check_against(kitchen(), data)
    assert data.validate()
    assert len(data.edge_types) == 5
    assert data["user", "view", "recipe"].edge_weight.tolist() == pytest.approx([0.2, 0.2, 0.2, 0.3])
    assert "edge_weight" not in data["ingredient", "is_a", "ingredient"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stores())
def test_any_small_store(store: FakeStore) -> None:
    with passing_snapshot(store) as snapshot:
        check_against(store, snapshot.to_pyg())


def test_inverse_edges_are_the_same_edges_backwards(tmp_path: Path) -> None:
    data = write_snapshot(kitchen(), tmp_path).to_pyg(inverse=True)
    check_against(kitchen(), data)
    assert len(data.edge_types) == 10
    for there, back in [
        (("recipe", "contains", "ingredient"), ("ingredient", "contained_in", "recipe")),
        (("recipe", "part_of_meal", "meal"), ("meal", "rev_part_of_meal", "recipe")),
        (("user", "view", "recipe"), ("recipe", "rev_view", "user")),
    ]:
        assert torch.equal(data[there].edge_index, data[back].edge_index.flip(0))


def test_tensors_are_copies(tmp_path: Path) -> None:
    snapshot = write_snapshot(kitchen(), tmp_path)
    data = snapshot.to_pyg()
    data["recipe", "contains", "ingredient"].edge_index[:] = 0
    data["user", "view", "recipe"].time[:] = 0
    assert snapshot.csr("contains").indices.tolist() == [0, 1, 1]
    assert 50 in snapshot.interactions.time.tolist()


def test_a_relation_named_like_a_kind_is_refused(tmp_path: Path) -> None:
    store = kitchen()
    store.add_relation("view", "user", "recipe")
    with pytest.raises(InvalidInputError, match="'view'"):
        write_snapshot(store, tmp_path).to_pyg()


def test_empty_store(tmp_path: Path) -> None:
    data = write_snapshot(FakeStore(), tmp_path).to_pyg()
    assert data.node_types == [] and data.edge_types == []


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(extras, "import_module", refuse)
    with pytest.raises(MissingExtraError, match=r"pip install 'graphrec\[train\]'"):
        write_snapshot(kitchen(), tmp_path).to_pyg()
