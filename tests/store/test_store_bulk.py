"""The fast path gives what the slow one gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import InvalidInputError
from graphrec.store import GraphStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as opened:
        with opened.writing() as writer:
            writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
        yield opened


def edges_of(store: GraphStore) -> dict[tuple[str, str], float]:
    names = {}
    for node_type in ("recipe", "ingredient"):
        nodes = store.read_nodes(node_type)
        names.update(dict(zip(nodes.rows.tolist(), nodes.ids, strict=True)))
    src, dst, weight = (column.tolist() for column in store.read_edges("contains"))
    assert sorted(zip(src, dst, strict=True)) == list(zip(src, dst, strict=True))
    return {(names[a], names[b]): w for a, b, w in zip(src, dst, weight, strict=True)}


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 5000])
@pytest.mark.parametrize("relation", ["contains", "contained_in"])
def test_arrays_of_ids_against_a_dictionary(store: GraphStore, size: int, relation: str) -> None:
    rng = np.random.default_rng(size)
    src = np.array([f"a{n}" for n in rng.integers(0, 60, size)], dtype=str)
    dst = np.array([f"b{n}" for n in rng.integers(0, 60, size)], dtype=str)
    weight = rng.random(size)
    expected = dict(zip(zip(src.tolist(), dst.tolist(), strict=True), weight.tolist(), strict=True))
    with store.writing() as writer:
        assert writer.bulk_edges(relation, src, dst, weight) == len(expected)
        assert writer.bulk_edges(relation, src, dst, weight) == 0
    if relation == "contained_in":
        expected = {(b, a): w for (a, b), w in expected.items()}
    assert edges_of(store) == expected
    assert store.check(full=True) == []


def test_row_ids_and_rows_give_the_same_edges(store: GraphStore, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    src, dst = rng.integers(0, 50, 3000), rng.integers(0, 400, 3000)
    with store.writing() as writer:
        left = writer.row_ids("recipe", [f"r{n}" for n in range(50)])
        right = writer.row_ids("ingredient", [f"i{n}" for n in range(400)])
        added = writer.bulk_edges("contains", left[src], right[dst].astype(np.int32))
    with GraphStore.open(f"sqlite:///{tmp_path}/rows.db") as slow:
        with slow.writing() as writer:
            writer.add_relation("contains", "recipe", "ingredient")
            rows = [(f"r{a}", f"i{b}") for a, b in zip(src, dst, strict=True)]
            assert writer.add_edges("contains", rows) == added
        assert edges_of(slow) == edges_of(store)
    recipe = int(src[0])
    expected = sorted({f"i{b}" for a, b in zip(src, dst, strict=True) if a == recipe})
    assert store.neighbors("recipe", f"r{recipe}", "contains") == expected


def test_row_ids_of_other_nodes_are_refused(store: GraphStore) -> None:
    with store.writing() as writer:
        recipes, salt = writer.row_ids("recipe", ["r1", "r2"]), writer.row_ids("ingredient", ["salt"])
        for wrong in (recipes[0], 99, -1):
            with pytest.raises(
                InvalidInputError, match=r"target in row 2 is .* not the row id of a ingredient"
            ):
                writer.bulk_edges("contains", recipes, np.array([salt[0], wrong]))
        with pytest.raises(InvalidInputError, match="2 sources, 1 targets"):
            writer.bulk_edges("contains", recipes, salt)
        with pytest.raises(InvalidInputError, match="3 weights"):
            writer.bulk_edges("contains", recipes, recipes, np.ones(3))


def test_many_nodes_in_batches(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec.store.writer._CHUNK", 700)
    with store.writing() as writer:
        assert writer.add_nodes("recipe", ((f"r{n}", f"Dish {n}") for n in range(3000))) == 3000
    with store.writing() as writer:
        assert writer.add_nodes("recipe", ((f"r{n}", f"Dish {n % 7}") for n in range(2000, 5000))) == 2000
    nodes = store.read_nodes("recipe")
    assert nodes.rows.tolist() == sorted(nodes.rows.tolist())
    assert dict(zip(nodes.ids, nodes.names, strict=True)) == {
        f"r{n}": f"Dish {n}" if n < 2000 else f"Dish {n % 7}" for n in range(5000)
    }
