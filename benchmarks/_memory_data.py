"""Two logs with times, cut by one clock for all, and the item vectors that the memory benchmark starts from."""

from __future__ import annotations

import ast
import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import igraph
import numpy as np
from _common import need_data
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

HOUR, DAY = 3600.0, 86_400.0
CUTS = (0.48, 0.64, 0.72, 0.8)
"""Shares of all events, by time: item vectors | mixing | validation | test | left alone.

The last tenth was the test part of an earlier form of the memory and the tenth before it its validation; this
one is tested on events that had only been trained on then."""
RECENT = {"ml-100k": 10 * DAY, "rechorus_grocery": 90 * DAY}
"""Half-life of the popularity that every method starts from."""


@dataclass(frozen=True, eq=False)
class Timed:
    """A log in chronological parts.

    Args:
        users, items: int64 `[n]`.
        times: float64 `[n]`, seconds.
        cuts: the three moments between the four parts.
        groups: of each item: genres, or a product group; may be empty.
        vectors: float32 `[num_items, dim]`, from the first part alone.
        popularity: float32 `[num_items]`, log of recent counts up to the second cut.
    """

    name: str
    users: Int
    items: Int
    times: Float
    cuts: tuple[float, float, float]
    groups: Sequence[Sequence[int]]
    vectors: Float
    popularity: Float

    def requests(self, seed: int = 0) -> Int:
        """For each event one of its item's groups, as a request would name it; -1 where it has none."""
        rng = np.random.default_rng(seed)
        named = [self.groups[item] for item in self.items.tolist()]
        return np.array([group[rng.integers(len(group))] if group else -1 for group in named])

    def group_vectors(self) -> Float:
        """Unit mean vector of each group's items, float32 `[num_groups, dim]`."""
        size = 1 + max(group for groups in self.groups for group in groups)
        sums = np.zeros((size, self.vectors.shape[1]), dtype=np.float32)
        for item, groups in enumerate(self.groups):
            sums[list(groups)] += self.vectors[item]
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)

    def group_of(self) -> Int:
        """One label per item: its only group, or its set of genres as a class of its own."""
        names = {tuple(sorted(groups)): None for groups in self.groups}
        place = {name: number for number, name in enumerate(names)}
        return np.array([place[tuple(sorted(groups))] for groups in self.groups])


def load(name: str, dim: int = 64) -> Timed:
    """One of the two logs."""
    users, items, times, groups = _movielens() if name == "ml-100k" else _grocery()
    ids, items = np.unique(items, return_inverse=True)
    users = np.unique(users, return_inverse=True)[1]
    *cuts, end = np.quantile(times, CUTS).tolist()
    users, items, times = users[times <= end], items[times <= end], times[times <= end]
    vectors = svd_vectors(users[times <= cuts[0]], items[times <= cuts[0]], len(ids), dim)
    past = times <= cuts[1]
    shares = np.exp2((times[past] - cuts[1]) / RECENT[name])
    popularity = np.log(0.1 + np.bincount(items[past], shares, len(ids))).astype(np.float32)
    own = [groups.get(int(item), ()) for item in ids]
    return Timed(name, users, items, times, (cuts[0], cuts[1], cuts[2]), own, vectors, popularity)


def svd_vectors(users: Int, items: Int, size: int, dim: int) -> Float:
    """Unit item vectors of the degree-normalised interaction matrix; zeros for items not in it."""
    matrix = csr_matrix((np.ones(len(users)), (users, items)), shape=(int(users.max()) + 1, size))
    matrix.data[:] = 1.0
    by_user, by_item = (
        diags(np.maximum(np.asarray(matrix.sum(axis=a)).ravel(), 1.0) ** -0.5) for a in (1, 0)
    )
    _, values, rows = svds(by_user @ matrix @ by_item, k=dim, random_state=0)
    found = rows.T * np.sqrt(values)
    found[np.asarray(matrix.sum(axis=0)).ravel() == 0] = 0.0
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), np.float32)


def _movielens() -> tuple[Int, Int, Float, dict[int, list[int]]]:
    """Movies with their genres."""
    folder = need_data("kg/ml-100k")
    with gzip.open(folder / "ml-100k.inter.gz", "rt") as file:
        rows = np.array([line.split("\t") for line in list(file)[1:]], dtype=np.float64)
    genres: dict[str, int] = {}
    groups: dict[int, list[int]] = {}
    with (folder / "ml-100k.item").open(encoding="utf-8") as file:
        for line in list(file)[1:]:
            item, *_, names = line.rstrip("\n").split("\t")
            groups[int(item)] = [genres.setdefault(name, len(genres)) for name in names.split()]
    return rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 3], groups


def _grocery() -> tuple[Int, Int, Float, dict[int, list[int]]]:
    """Groceries; 96 % of them share one category, so their groups are communities of the catalogue's
    substitute links, which come with the product and not from the log.
    """
    folder = need_data("kg/rechorus_grocery")
    with gzip.open(folder / "train.csv.gz", "rt") as file:
        rows = np.array([line.split("\t") for line in list(file)[1:]], dtype=np.float64)
    with gzip.open(folder / "item_meta.csv.gz", "rt") as file:
        meta = list(csv.DictReader(file, delimiter="\t"))
    links = [(int(row["item_id"]), other) for row in meta for other in ast.literal_eval(row["r_substitute"])]
    graph = igraph.Graph(1 + max(max(pair) for pair in links), links).simplify()
    igraph.set_random_number_generator(__import__("random").Random(0))
    found = np.array(graph.community_leiden("modularity", resolution=4, n_iterations=4).membership)
    telling = np.bincount(found)[found] >= 10
    names = {old: new for new, old in enumerate(np.unique(found[telling]).tolist())}
    groups = {item: [names[g]] for item, g in enumerate(found.tolist()) if telling[item]}
    return rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2], groups
