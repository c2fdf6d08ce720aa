"""Random small stores for hypothesis, and what the tests read out of a store by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import strategies as st

from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from tests.store.fake_store import FakeStore

IDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=8)
WEIGHTS = st.sampled_from([0.25, 1.0, 3.5])


@st.composite
def stores(draw: st.DrawFn) -> FakeStore:
    """Up to 5 nodes of 3 types, 3 relations (one within a type), weights, properties and events."""
    store = FakeStore()
    for type_ in ("user", "recipe", "ingredient"):
        store.add_nodes(type_, *draw(st.lists(IDS, max_size=5, unique=True)))
    store.add_relation("contains", "recipe", "ingredient", "contained_in")
    store.add_relation("is_a", "ingredient", "ingredient")
    store.add_relation("eaten_with", "ingredient", "recipe", feature=False)
    for name, info in store.infos.items():
        src, dst = list(store.nodes[info.src]), list(store.nodes[info.dst])
        if src and dst:
            ends = st.tuples(st.sampled_from(src), st.sampled_from(dst))
            for (left, right), weight in draw(st.dictionaries(ends, WEIGHTS, max_size=8)).items():
                store.add_edge(name, left, right, weight)
    for type_, table in store.nodes.items():
        if table:
            owners = st.sampled_from(list(table))
            values = st.one_of(st.floats(-1e6, 1e6), IDS)
            columns = st.dictionaries(st.sampled_from("abc"), st.dictionaries(owners, values), max_size=3)
            store.properties[type_] = draw(columns)
    users, recipes = list(store.nodes["user"]), list(store.nodes["recipe"])
    if users and recipes:
        who, what = st.sampled_from(users), st.sampled_from(recipes)
        when = st.one_of(st.none(), st.integers(-(2**50), 2**50))
        events = st.tuples(who, what, st.sampled_from(store.kind_names), when)
        for event, weight in draw(st.dictionaries(events, WEIGHTS, max_size=8)).items():
            store.add_event(*event, weight)
    return store


@contextmanager
def passing_snapshot(store: FakeStore) -> Iterator[GraphSnapshot]:
    """A snapshot that lives as long as the block: hypothesis has no folder per example."""
    with tempfile.TemporaryDirectory() as folder:
        yield GraphSnapshot.open(write_snapshot(store, folder).path)


def edges_of(store: FakeStore, relation: str) -> dict[tuple[str, str], float]:
    """Edges by external ids, through the store's own bulk reads."""
    info = store.infos[relation]
    named = {row: ext for type_ in store.nodes for row, ext in zip(*store.read_nodes(type_)[:2], strict=True)}
    src, dst, weight = store.read_edges(info.name)
    return {
        (named[a], named[b]): w for a, b, w in zip(src.tolist(), dst.tolist(), weight.tolist(), strict=True)
    }


def events_of(store: FakeStore) -> list[tuple[str, str, str, int | None, float]]:
    """Events by external ids, sorted."""
    return sorted(((*event, weight) for event, weight in store.events.items()), key=repr)
