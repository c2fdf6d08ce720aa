"""A value that cannot be stored is named with its row, and nothing of the block is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.errors import InvalidInputError
from graphrec.store import GraphStore, Writer
from graphrec.store.columns import NO_TIME
from graphrec.store.validate import clean_id, clean_time, clean_weight

BAD_IDS = ["", "x" * 513, "nul\0", "\ud800", None, 7, b"bytes", ["list"]]
BAD_WEIGHTS = [math.nan, math.inf, -math.inf, -0.1, "1.0", "many", [1], 10**400]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as opened:
        with opened.writing() as writer:
            writer.add_relation("contains", "recipe", "ingredient")
        yield opened


def refuse(store: GraphStore, row: int, write: Callable[[Writer], Any]) -> None:
    with pytest.raises(InvalidInputError, match=f"row {row} "), store.writing() as writer:
        write(writer)
    assert (store.revision, store.count_nodes("recipe")) == (1, 0)


@pytest.mark.parametrize("bad", BAD_IDS, ids=repr)
def test_bad_ids(store: GraphStore, bad: Any) -> None:
    refuse(store, 2, lambda w: w.add_nodes("recipe", [("ok", None), (bad, None)]))
    refuse(store, 1, lambda w: w.add_edges("contains", [("ok", bad), ("ok", "ok")]))
    refuse(
        store,
        3,
        lambda w: w.add_interactions([("u", "r", None, None, None)] * 2 + [(bad, "r", None, 1, None)]),
    )
    refuse(store, 1, lambda w: w.add_interactions([("u", bad, None, 1, None)]))
    refuse(store, 2, lambda w: w.set_properties("recipe", "k", [("ok", 1.0), (bad, 1.0)]))


@pytest.mark.parametrize("bad", BAD_WEIGHTS, ids=lambda value: repr(value)[:20])
def test_bad_weights(store: GraphStore, bad: Any) -> None:
    refuse(store, 2, lambda w: w.add_edges("contains", [("r", "a", 1.0), ("r", "b", bad)]))
    refuse(store, 1, lambda w: w.add_interactions([("u", "r", None, None, bad)]))
    if isinstance(bad, float):
        refuse(
            store,
            2,
            lambda w: w.bulk_edges(
                "contains", np.array(["r", "r"]), np.array(["a", "b"]), np.array([0, bad])
            ),
        )
        with pytest.raises(InvalidInputError, match="weight of kind 'cook'"), store.writing() as writer:
            writer.set_kind("cook", bad)


@pytest.mark.parametrize("bad", [1.5, "2020-01-01", 2**63, -(2**63), math.nan], ids=repr)
def test_bad_times(store: GraphStore, bad: Any) -> None:
    refuse(store, 1, lambda w: w.add_interactions([("u", "r", None, bad, None)]))


@pytest.mark.parametrize("bad", [math.nan, math.inf, "\ud800", None, [1]], ids=repr)
def test_bad_properties(store: GraphStore, bad: Any) -> None:
    refuse(store, 2, lambda w: w.set_properties("recipe", "k", [("r", 1.0), ("s", bad)]))


def test_rows_are_counted_across_batches(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec.store.writer._CHUNK", 10)
    refuse(
        store, 25, lambda w: w.add_nodes("recipe", [(f"r{n}" if n != 25 else "", None) for n in range(1, 40)])
    )


def test_a_short_row_is_named(store: GraphStore) -> None:
    refuse(store, 1, lambda w: w.add_interactions([("u", "r")]))  # type: ignore[list-item]


def test_numbers_of_numpy_are_numbers(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.set_properties("recipe", "k", [("r", np.float32(0.5))])  # type: ignore[list-item]
        writer.add_interactions([(np.str_("u"), "r", None, np.int64(7), np.float64(0.25))])  # type: ignore[list-item]
    assert store.history("u") == [("r", "interact", 0.25, 7)]


def test_cleaning() -> None:
    assert clean_id("e\u0301") == "\u00e9"
    assert clean_id("x" * 512) == "x" * 512
    assert clean_weight(0) == 0.0
    assert clean_time(None) == NO_TIME
    assert clean_time(np.int64(-5)) == -5
    with pytest.raises(InvalidInputError, match="The user in row 3 is empty"):
        clean_id("", "user in row 3")
