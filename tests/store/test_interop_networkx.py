"""The NetworkX form equals what the store reads out."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from graphrec.errors import MissingExtraError
from graphrec.store import extras
from graphrec.store.snapshot_write import write_snapshot
from tests.store.fake_store import FakeStore, kitchen
from tests.store.graphs import edges_of, events_of, passing_snapshot, stores

pytestmark = pytest.mark.usefixtures("unflushed")


def check_against(store: FakeStore, graph: Any) -> None:
    expected_nodes = {
        (type_, ext): ({} if name is None else {"name": name}) | {"type": type_, "id": ext}
        for type_, table in store.nodes.items()
        for ext, name in table.items()
    }
    found = {
        node: {key: value for key, value in data.items() if key != "properties"}
        for node, data in graph.nodes(data=True)
    }
    assert found == expected_nodes
    for type_, ext in expected_nodes:
        columns = store.properties.get(type_, {})
        expected = {key: values[ext] for key, values in columns.items() if ext in values}
        assert graph.nodes[type_, ext]["properties"] == expected
    events = []
    edges: dict[str, dict[tuple[str, str], float]] = {name: {} for name in store.infos}
    for (src_type, src), (dst_type, dst), data in graph.edges(data=True):
        if "relation" in data:
            info = store.infos[data["relation"]]
            assert (src_type, dst_type) == (info.src, info.dst)
            edges[info.name][src, dst] = data["weight"]
        else:
            assert (src_type, dst_type) == ("user", "recipe")
            events.append((src, dst, data["kind"], data["time"], pytest.approx(data["weight"])))
    assert edges == {name: pytest.approx(edges_of(store, name)) for name in store.infos}
    assert sorted(map(repr, (event[:4] for event in events))) == [
        repr(event[:4]) for event in events_of(store)
    ]
    assert graph.number_of_edges() == sum(map(len, store.edges.values())) + len(store.events)


def test_kitchen(tmp_path: Path) -> None:
    graph = write_snapshot(kitchen(), tmp_path).to_networkx()
    check_against(kitchen(), graph)
    assert graph[("user", "ann")][("recipe", "soup")].keys() == {("view", 0), ("view", 1), ("cook", 0)}
    assert ("ingredient", "🍤 shrimp") in graph and ("recipe", "lonely") in graph


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stores())
def test_any_small_store(store: FakeStore) -> None:
    with passing_snapshot(store) as snapshot:
        check_against(store, snapshot.to_networkx())


def test_empty_store(tmp_path: Path) -> None:
    assert len(write_snapshot(FakeStore(), tmp_path).to_networkx()) == 0


def test_without_networkx_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(extras, "import_module", refuse)
    with pytest.raises(MissingExtraError, match=r"pip install 'graphrec\[train\]'"):
        write_snapshot(kitchen(), tmp_path).to_networkx()
    assert builtins.issubclass(MissingExtraError, ImportError)
