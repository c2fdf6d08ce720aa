"""The recipe graph as graphrec's store holds it: what GIANT takes from it through `graphrec features giant`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec.store import GraphStore, write_snapshot
from graphrec.store.importers import import_recipes
from graphrec.text.store_graph import node_edges


def store_edges(catalogue: Path, place: Mapping[str, int]) -> NDArray[np.int64]:
    """Edges between recipes that share rare ingredients or keywords of their titles, int64 `[2, edges]`.

    The store also knows courses and cuisines, which are tested and therefore join nothing here.

    Args:
        place: row of each recipe's id.
    """
    with tempfile.TemporaryDirectory() as folder, GraphStore.open(f"sqlite:///{folder}/recipes.db") as store:
        import_recipes(store, catalogue)
        snapshot = write_snapshot(store, f"{folder}/snapshots")
        edges = node_edges(snapshot, "recipe", ("shared:contains,has_keyword",)).edge_index
        rows = np.array([place[name] for name in snapshot.ids("recipe")])
        return np.asarray(rows[edges])
