"""Three graphs whose nodes have text: paper abstracts, tagged recipes, and recipes that the same people chose."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from _common import need_data
from _text_store import store_edges
from _text_tags import MOST, TESTED, edge_tags
from numpy.typing import NDArray

from graphrec.language.ingredients import parse_line

Int = NDArray[np.int64]
NEIGHBOURS = 10
"""By tags; half as many each by people's choices and by ingredients."""
SHRINK = 0.5
RARE_FOOD = (3, 400)
"""Recipes of an ingredient that joins recipes."""
SHARES = (0.1, 0.1)
"""Of the labelled nodes, to train and to choose; the others test. Few labels are what features are for."""


@dataclass(frozen=True, eq=False)
class Target:
    """Labels of some nodes.

    Args:
        labels: classes int64 `[num_nodes]` (-1: none) or float32 zeros and ones `[num_nodes, num_labels]`.
        nodes: int64, who is labelled; no other node is ever in a split.
        shares: of these nodes, to train and to choose.
    """

    labels: NDArray[Any]
    nodes: Int
    names: tuple[str, ...]
    shares: tuple[float, float] = SHARES

    @property
    def multi_label(self) -> bool:
        return self.labels.ndim == 2

    def split(self, seed: int) -> tuple[Int, Int, Int]:
        """Training, validation and test nodes, drawn anew from every seed."""
        order = np.random.default_rng(seed).permutation(self.nodes)
        first = round(self.shares[0] * len(order))
        second = first + round(self.shares[1] * len(order))
        return order[:first], order[first:second], order[second:]


@dataclass(frozen=True, eq=False)
class TextGraph:
    """Texts, one per node, and edges in both directions, int64 `[2, num_edges]`."""

    name: str
    texts: Sequence[str]
    edge_index: Int
    targets: Mapping[str, Target]
    about: Mapping[str, Any]

    @property
    def num_nodes(self) -> int:
        return len(self.texts)


def cora() -> TextGraph:
    """2,277 abstracts and their citations (CANE's Cora); 66 papers without a class stay in the graph."""
    folder = need_data("nodes/cane/cora")
    with gzip.open(folder / "data.txt.gz", "rt", encoding="utf-8", newline="\n") as file:
        texts = file.read().rstrip("\n").split("\n")
    classes = [int(row or -1) for row in (folder / "group.txt").read_text().split("\n")[: len(texts)]]
    links = np.loadtxt(folder / "graph.txt", np.int64).T
    if len(texts) != len(classes) or links.max() >= len(texts):
        raise SystemExit(f"Cora has {len(texts)} texts and {len(classes)} classes; the files do not fit.")
    labels = np.array(classes, np.int64)
    names = tuple(str(label) for label in range(labels.max() + 1))
    return _graph("cora", texts, links, {"class": Target(labels, np.flatnonzero(labels >= 0), names)})


def epicurious(most: int = MOST) -> TextGraph:
    """18,704 recipes, joined by the rare tags they share; common tags of diet, course and season are tested.

    Args:
        most: recipes of a tag that makes edges; a large number takes every tag that is held apart.
    """
    with gzip.open(need_data("recipes/epicurious_tags.jsonl.gz"), "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    tags = [frozenset(row["tags"]) for row in rows]
    rare = edge_tags(tags, most)
    place = {tag: column for column, tag in enumerate(rare)}
    owned = _incidence([[place[tag] for tag in found if tag in place] for found in tags], len(rare))
    links = nearest(_by_rarity(owned), NEIGHBOURS)
    labels = np.array([[tag in found for tag in TESTED] for found in tags], np.float32)
    texts = [_recipe(row["title"], _foods(row["ingredients"]), row["directions"]) for row in rows]
    nodes = np.flatnonzero([bool(found) for found in tags])  # a recipe without any tag was not tagged
    name = "epicurious" if most == MOST else "epicurious_all"
    return _graph(name, texts, links, {"tags": Target(labels, nodes, TESTED)}, edge_tags=len(rare))


def recipes(joined: str = "choices") -> TextGraph:
    """12,507 recipes, joined by who chose them and by rare ingredients; course, and cuisine where known.

    Args:
        joined: `choices` as above, `foods` by ingredients alone, twice as many each, `store` by what the store knows.
    """
    folder = need_data("recipes")
    with gzip.open(folder / "recipes.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    place = {str(row["identifier"]): number for number, row in enumerate(rows)}
    foods = [_foods(row.get("recipeIngredient", ())) for row in rows]
    texts = [
        _recipe(row.get("name", ""), found, row.get("recipeInstructions", ()))
        for row, found in zip(rows, foods, strict=True)
    ]
    readable = np.array([bool(text) for text in texts])
    courses = ["" for _ in rows]
    with (folder / "course_labels.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            courses[place[line["recipe"]]] = line["course"] if "|" not in line["course"] else ""
    cuisines = [next(iter(row.get("recipeCuisine") or ()), "") for row in rows]
    known = Counter(cuisines)
    cuisines = [cuisine if known[cuisine] >= 10 else "" for cuisine in cuisines]
    targets = {
        "course": _classes(courses, readable),
        "cuisine": _classes(cuisines, readable, shares=(0.6, 0.2)),  # some classes have but ten recipes
    }
    if joined == "foods":
        return _graph("recipes_foods", texts, _same_foods(foods, NEIGHBOURS), targets)
    if joined == "store":
        return _graph("recipes_store", texts, store_edges(folder / "recipes.jsonl.gz", place), targets)
    links = [_co_chosen(folder / "interactions.csv", place), _same_foods(foods, NEIGHBOURS // 2)]
    return _graph("recipes", texts, np.concatenate(links, axis=1), targets)


GRAPHS: Mapping[str, Callable[[], TextGraph]] = {
    "cora": cora,
    "epicurious": epicurious,
    "epicurious_all": partial(epicurious, 10**9),
    "recipes": recipes,
    "recipes_foods": partial(recipes, "foods"),
    "recipes_store": partial(recipes, "store"),
}


def nearest(rows: sp.csr_array, k: int, shrink: float = 0.0) -> Int:
    """Each row's `k` most similar others by `<a, b> / (|a| |b| + shrink)`, int64 `[2, found]`; zeros never.

    Chance decides among equals, of which tags give many: by their number, the first would become hubs.
    """
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel()).astype(np.float32)
    rng, columns, found = np.random.default_rng(0), rows.T.tocsr(), []
    for start in range(0, rows.shape[0], 1024):
        block = (rows[start : start + 1024] @ columns).toarray()
        block /= norms[start : start + 1024, None] * norms + np.float32(max(shrink, 1e-12))
        block *= 1 + 1e-5 * rng.random(block.shape, np.float32)
        block[np.arange(len(block)), start + np.arange(len(block))] = 0.0
        best = np.argpartition(-block, k, axis=1)[:, :k]
        row, rank = np.nonzero(np.take_along_axis(block, best, axis=1) > 0)
        found.append(np.stack([row + start, best[row, rank]]))
    return np.concatenate(found, axis=1)


def _co_chosen(path: Path, place: Mapping[str, int]) -> Int:
    """Edges from nine tenths of the choices, so that features made here can be judged on the last tenth."""
    with path.open(encoding="utf-8", newline="") as file:
        pairs = [(row["user"], place[row["recipe"]]) for row in csv.DictReader(file)]
    users = {user: number for number, user in enumerate(sorted({user for user, _ in pairs}))}
    chosen = np.array([(users[user], recipe) for user, recipe in pairs])
    chosen = np.unique(chosen, axis=0)  # whatever the order of the file
    chosen = chosen[np.random.default_rng(0).random(len(chosen)) >= 0.1]
    taken = sp.csr_array(
        (np.ones(len(chosen), np.float32), (chosen[:, 1], chosen[:, 0])), shape=(len(place), len(users))
    )
    taken = taken @ sp.diags_array((1 / np.maximum(taken.sum(axis=0), 1) ** 0.5).astype(np.float32))
    return nearest(taken.tocsr(), NEIGHBOURS // 2, SHRINK)


def _same_foods(foods: Sequence[Sequence[str]], k: int) -> Int:
    """Edges between recipes that share rare ingredients."""
    counts = Counter(food for found in foods for food in found)
    rare = sorted(food for food, n in counts.items() if RARE_FOOD[0] <= n <= RARE_FOOD[1])
    place = {food: column for column, food in enumerate(rare)}
    owned = _incidence([[place[food] for food in found if food in place] for found in foods], len(rare))
    return nearest(_by_rarity(owned), k)


def _by_rarity(owned: sp.csr_array) -> sp.csr_array:
    """Columns weighted by the logarithm of how rare they are."""
    inverse = np.log(owned.shape[0] / np.maximum(owned.sum(axis=0), 1))
    return (owned @ sp.diags_array(inverse.astype(np.float32))).tocsr()


def _graph(
    name: str, texts: Sequence[str], links: Int, targets: Mapping[str, Target], **more: Any
) -> TextGraph:
    links = links[:, links[0] != links[1]]
    keys = np.unique(np.concatenate([links[0] * len(texts) + links[1], links[1] * len(texts) + links[0]]))
    edges = np.stack([keys // len(texts), keys % len(texts)])
    about = {
        "nodes": len(texts),
        "edges": len(keys) // 2,
        "without_edges": len(texts) - len(np.unique(edges)),
        "without_text": sum(not text for text in texts),
        "labelled": {key: len(target.nodes) for key, target in targets.items()},
        "classes": {key: len(target.names) for key, target in targets.items()},
    }
    return TextGraph(name, texts, edges, targets, about | more)


def _classes(
    found: Sequence[str], readable: NDArray[np.bool_], shares: tuple[float, float] = SHARES
) -> Target:
    names = tuple(sorted(set(found) - {""}))
    labels = np.array([names.index(name) if name else -1 for name in found], np.int64)
    return Target(labels, np.flatnonzero((labels >= 0) & readable), names, shares)


def _foods(lines: Sequence[str]) -> list[str]:
    """Foods without their amounts, each once."""
    parsed = (parse_line(line) for line in lines)
    return list(dict.fromkeys(line.name.casefold() for line in parsed if line.name and not line.heading))


def _recipe(name: str, foods: Sequence[str], steps: Sequence[str]) -> str:
    """Name, foods, steps: what matters stands in the first tokens."""
    parts = [name.strip(), ", ".join(foods), " ".join(step.strip() for step in steps)]
    return " ".join(". ".join(part for part in parts if part).split())


def _incidence(columns: Sequence[Sequence[int]], width: int) -> sp.csr_array:
    pointer = np.cumsum([0, *(len(found) for found in columns)])
    flat = [column for found in columns for column in sorted(found)]
    return sp.csr_array((np.ones(len(flat), np.float32), flat, pointer), shape=(len(columns), width))
