"""A snapshot says what the store says: ids, names, properties, edges both ways, interactions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from graphrec.errors import InvalidInputError, NotFoundError, StoreError
from graphrec.sparse import CSR
from graphrec.store.columns import NO_TIME
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from tests.store.fake_store import FakeStore, kitchen
from tests.store.graphs import edges_of, events_of, passing_snapshot, stores

pytestmark = pytest.mark.usefixtures("unflushed")


@pytest.fixture
def snapshot(tmp_path: Path) -> GraphSnapshot:
    return GraphSnapshot.open(write_snapshot(kitchen(), tmp_path).path)


def entries(matrix: CSR, rows: list[str], cols: list[str]) -> dict[tuple[str, str], float]:
    found = {}
    for row in range(matrix.shape[0]):
        columns = matrix.row(row).tolist()
        assert columns == sorted(columns)
        for col, weight in zip(columns, matrix.row_values(row).tolist(), strict=True):
            found[rows[row], cols[col]] = weight
    return found


def check_against(store: FakeStore, snapshot: GraphSnapshot) -> None:
    assert snapshot.node_types == tuple(store.nodes)
    for type_, table in store.nodes.items():
        assert snapshot.num_nodes(type_) == len(table)
        assert list(snapshot.ids(type_)) == list(table)
        assert list(snapshot.names(type_)) == list(table.values())
        assert snapshot.index(type_) == {ext: row for row, ext in enumerate(table)}
        found: dict[str, dict[str, float | str]] = {}
        for key, values in snapshot.properties(type_).items():
            assert values.dtype == np.float64
            found[key] = {ext: v for ext, v in zip(table, values.tolist(), strict=True) if v == v}
        for key in snapshot.text_keys(type_):
            texts = zip(table, snapshot.text(type_, key), strict=True)
            found.setdefault(key, {}).update({ext: text for ext, text in texts if text is not None})
        expected = {key: values for key, values in store.properties.get(type_, {}).items() if values}
        assert found == expected
    assert [info.name for info in snapshot.relations] == list(store.infos)
    for info in snapshot.relations:
        assert info == store.infos[info.name]
        src, dst = list(snapshot.ids(info.src)), list(snapshot.ids(info.dst))
        expected_edges = edges_of(store, info.name)
        assert entries(snapshot.csr(info.name), src, dst) == pytest.approx(expected_edges)
        backwards = entries(snapshot.csr(info.name, "in"), dst, src)
        assert {(a, b): weight for (b, a), weight in backwards.items()} == pytest.approx(expected_edges)
    check_events(store, snapshot)


def check_events(store: FakeStore, snapshot: GraphSnapshot) -> None:
    events = snapshot.interactions
    order = list(zip(events.user.tolist(), events.time.tolist(), strict=True))
    assert order == sorted(order)
    found = [
        (
            snapshot.ids("user")[u],
            snapshot.ids("recipe")[i],
            snapshot.kinds[k],
            None if t == NO_TIME else t,
            w,
        )
        for u, i, k, t, w in zip(
            events.user, events.item, events.kind, events.time.tolist(), events.weight.tolist(), strict=True
        )
    ]
    expected = events_of(store)
    assert sorted([event[:4] for event in found], key=repr) == sorted(
        [event[:4] for event in expected], key=repr
    )
    assert sum(event[4] for event in found) == pytest.approx(sum(event[4] for event in expected))


def test_snapshot_equals_the_store(snapshot: GraphSnapshot) -> None:
    check_against(kitchen(), snapshot)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stores())
def test_any_small_store_round_trips(store: FakeStore) -> None:
    with passing_snapshot(store) as snapshot:
        check_against(store, snapshot)


def test_item_without_edges_and_user_without_interactions(snapshot: GraphSnapshot) -> None:
    lonely, silent = snapshot.index("recipe")["lonely"], snapshot.index("user")["silent"]
    assert len(snapshot.csr("contains").row(lonely)) == 0
    assert snapshot.interactions.num_users == 3
    assert len(snapshot.interactions.matrix().row(silent)) == 0


def test_interactions_are_sorted_by_user_then_time_with_unknown_times_first(snapshot: GraphSnapshot) -> None:
    events = snapshot.interactions
    assert events.user.tolist() == [0, 0, 0, 0, 1]
    assert events.time.tolist() == [NO_TIME, 10, 20, 50, 5]
    assert [snapshot.kinds[code] for code in events.kind] == ["view", "view", "cook", "view", "view"]
    assert events.weight.dtype == np.float32


def test_an_edge_that_weighs_one_costs_no_bytes(snapshot: GraphSnapshot) -> None:
    assert snapshot.csr("is_a").values is None
    assert snapshot.csr("contains").values is not None


def test_arrays_are_mapped_read_only(snapshot: GraphSnapshot) -> None:
    matrix = snapshot.csr("contains")
    assert isinstance(matrix.indices.base, np.memmap)
    for array in (
        matrix.indptr,
        matrix.indices,
        snapshot.interactions.user,
        snapshot.properties("recipe")["calories"],
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert matrix.indptr.dtype == np.int64
    assert matrix.indices.dtype == np.int32


def test_strings_behave_like_a_sequence(snapshot: GraphSnapshot) -> None:
    ids = snapshot.ids("ingredient")
    assert ids[0] == "🍤 shrimp" and ids[-1] == "nuts" and ids[1:3] == ["coconut", "shellfish"]
    assert ids == ["🍤 shrimp", "coconut", "shellfish", "walnut", "nuts"]
    assert "coconut" in ids
    with pytest.raises(IndexError):
        ids[5]
    assert list(snapshot.text("recipe", "url")) == ["", "https://example.org/ü", None]


def test_empty_store(tmp_path: Path) -> None:
    snapshot = write_snapshot(FakeStore(), tmp_path)
    assert snapshot.node_types == () and snapshot.relations == () and len(snapshot.interactions) == 0
    assert snapshot.interactions.matrix().shape == (0, 0)
    with pytest.raises(NotFoundError, match="no node type 'recipe'"):
        snapshot.knowledge_graph()


def test_zero_relations(tmp_path: Path) -> None:
    store = FakeStore()
    store.add_event("ann", "soup", "view")
    snapshot = write_snapshot(store, tmp_path)
    knowledge = snapshot.knowledge_graph()
    assert (
        knowledge.num_items == 1 and knowledge.num_triples == 0 and knowledge.entity_names == ("recipe:soup",)
    )


def test_items_of_another_type(tmp_path: Path) -> None:
    store = FakeStore(item_type="product")
    store.add_nodes("brand", "acme")
    store.add_event("ann", "lamp", "view")
    snapshot = write_snapshot(store, tmp_path)
    assert snapshot.item_type == "product"
    assert snapshot.interactions.num_items == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.num_nodes("drink"),
        lambda s: s.ids("drink"),
        lambda s: s.csr("likes"),
        lambda s: s.text("recipe", "calories"),
        lambda s: s.knowledge_graph(relations=["likes"]),
        lambda s: s.knowledge_graph(exclude=["likes"]),
    ],
)
def test_unknown_names_are_named(snapshot: GraphSnapshot, call: object) -> None:
    with pytest.raises(NotFoundError, match=r"drink|likes|calories"):
        call(snapshot)  # type: ignore[operator]


def test_unknown_direction(snapshot: GraphSnapshot) -> None:
    with pytest.raises(InvalidInputError, match="sideways"):
        snapshot.csr("contains", "sideways")  # type: ignore[arg-type]


def test_an_edge_to_no_node_is_refused(tmp_path: Path) -> None:
    store = kitchen()
    del store.nodes["ingredient"]["coconut"]
    with pytest.raises(StoreError, match=r"contains.*unknown node row"):
        write_snapshot(store, tmp_path)
    assert list(tmp_path.iterdir()) == []
