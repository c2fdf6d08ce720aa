"""Recipes: C-KGAT with GIANT features of the recipes' texts, with frozen MiniLM's, and without any.

    python benchmarks/giant_ckgat.py [--draws 5] [--cache DIR]
    python benchmarks/giant_ckgat.py --features DIR [--saw-all]    # a row for features made elsewhere

In each draw 300 recipes with text and at least 5 interactions lose all of them (other recipes in every draw), and so do
5 % of the interactions of the others; models are fitted to what is left and looked at once: warm recipes in the whole
catalogue, those of 1 to 5 interactions (the tail) in the whole catalogue and among themselves, the 300 among themselves
and in the whole catalogue. Recall@20 and NDCG@20, mean over the users who chose any.

GIANT is made once, without anything that is ever tested: the recipes of all draws are neither rows nor columns of its
graph and are unknown to TF-IDF, and no held-out interaction makes an edge. Of MiniLM the lower four of six layers stand
still (their states are computed once), and it is tuned for one pass over 40 tokens of each text. Another 5 % of the
interactions choose the epoch of every model. Features made elsewhere must not know the held-out interactions; where
they were made with all recipes at hand (`--saw-all`), warm and tail are measured and the new recipes are not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from _common import need_data, print_table, read_results, stopwatch, write_results
from _recipe_store import recipe_store
from _text_features import _embedded, _upper
from _text_features import features as text_features
from _text_graphs import NEIGHBOURS, SHRINK, TextGraph, _foods, _recipe, _same_foods, nearest
from _text_settings import settings_of
from cold_items import NEW, K, Rows, _choices, _rows, among
from numpy.typing import NDArray

from graphrec.encoders.feature_set import FeatureSet
from graphrec.models.registry import create_model
from graphrec.sparse import CSR
from graphrec.store.columns import KnowledgeGraph, TrainData
from graphrec.store.snapshot_write import write_snapshot
from graphrec.training.cold_choice import mask_seen
from graphrec.training.cold_steps import item_records

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

NAME, TAIL, DRAWS = "giant_ckgat", 5, 5
WITHOUT, FROZEN, GIANT = "C-KGAT", "C-KGAT, frozen MiniLM", "C-KGAT, GIANT"
GIVEN, SAW_ALL = "C-KGAT, given features", "C-KGAT, given features that saw all recipes"
CKGAT: dict[str, Any] = {"dim": 64, "contrast": "one_pass", "epochs": 20, "eval_every": 5, "patience": 1}
"""As in `recipes.py`, but half as long vectors and at most 20 epochs (there validation stops at 30): what two shared
cores can do. What features weigh is left at the defaults."""


@dataclass(frozen=True, eq=False)
class World:
    """The recipes, their interactions split once, and what is new in every draw.

    Args:
        new: recipes of the draws.
    """

    rows: Rows
    kg: KnowledgeGraph
    ids: list[str]
    new: list[Int]

    @property
    def size(self) -> int:
        return len(self.ids)


def load(work: Path, draws: int) -> World:
    """Everything but features."""
    data = need_data("recipes/recipes.jsonl.gz").parent
    with recipe_store(data, work) as store:
        snapshot = write_snapshot(store, work / "snapshots")
        records = item_records(store, snapshot)
    rows, kg = Rows.split(records, _choices(data, records)), snapshot.knowledge_graph()
    assert kg is not None
    order = np.random.default_rng(0).permutation(rows.able)[: NEW * draws]
    new = [np.sort(part) for part in np.split(order, draws)]
    return World(rows, kg, [record.ext for record in records], new)


@dataclass(frozen=True, eq=False)
class Texts:
    """The recipes as the file has them.

    Args:
        graph: their texts, as `giant_features.py` reads them, without edges.
        foods: of each text.
        place: row among the texts of each recipe of the store.
    """

    graph: TextGraph
    foods: list[list[str]]
    place: Int

    @classmethod
    def read(cls, ids: Sequence[str]) -> Texts:
        with gzip.open(need_data("recipes/recipes.jsonl.gz"), "rt", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        place = {str(line["identifier"]): row for row, line in enumerate(lines)}
        foods = [_foods(line.get("recipeIngredient", ())) for line in lines]
        texts = [
            _recipe(line.get("name", ""), found, line.get("recipeInstructions", ()))
            for line, found in zip(lines, foods, strict=True)
        ]
        graph = TextGraph("recipes", texts, np.zeros((2, 0), np.int64), {}, {})
        return cls(graph, foods, np.array([place[name] for name in ids]))


def strict_edges(world: World, texts: Texts, seen: Int) -> Int:
    """Who chose both, and who shares rare ingredients, among the recipes that are never tested, `[2, edges]`."""
    row = np.full(world.size, -1)
    row[seen] = np.arange(len(seen))
    train = CSR.from_scipy(world.rows.train)
    items, users = row[texts.place[train.indices]], train.row_index()
    pairs = (items[items >= 0], users[items >= 0])
    taken = sp.csr_array((np.ones(len(pairs[0]), np.float32), pairs), shape=(len(seen), train.shape[0]))
    taken = taken @ sp.diags_array((1 / np.maximum(taken.sum(axis=0), 1) ** 0.5).astype(np.float32))
    together = nearest(taken.tocsr(), NEIGHBOURS // 2, SHRINK)
    return np.concatenate(
        [together, _same_foods([texts.foods[text] for text in seen], NEIGHBOURS // 2)], axis=1
    )


def giant(world: World, texts: Texts, folder: Path) -> Float:
    """GIANT that knows nothing of what is tested, `[texts, 384]`."""
    from graphrec.text.label_tree import LabelTreeConfig, build_label_tree
    from graphrec.text.pifa import pifa
    from graphrec.text.targets import multi_resolution, neighbourhood
    from graphrec.text.tfidf import TfidfBlocks, TfidfConfig
    from graphrec.text.xr_transformer import XRConfig, fit_levels

    stem, settings = folder / "recipes" / f"strict-{len(world.new)}", settings_of("recipes", "giant")
    array, graph = stem.with_suffix(".npy"), texts.graph
    if not array.is_file():
        seen = np.setdiff1d(np.arange(world.size), texts.place[np.concatenate(world.new)])
        found = neighbourhood(strict_edges(world, texts, seen), len(seen))
        words = TfidfBlocks.fit(
            lambda: (graph.texts[text] for text in seen), TfidfConfig(bucket_bits=(18, 21, 18))
        )
        x = words.transform([graph.texts[seen[row]] for row in found.instances])
        tree = build_label_tree(pifa(found.labels, x), LabelTreeConfig(**settings["tree"]))
        encoder, table = _upper(graph, settings, stem)
        targets = multi_resolution(found.labels, tree)
        fit_levels(
            encoder, table, seen[found.instances], targets, tree.chain, XRConfig(**settings["tuning"]),
            state=stem.with_suffix(".state"),
            report=lambda progress: print(f"GIANT: {progress}", file=sys.stderr, flush=True),
        )  # fmt: skip
        np.save(array, _embedded(encoder, table, stem), allow_pickle=False)
    return np.asarray(np.load(array, allow_pickle=False))


def fit(
    world: World, known: sp.csr_matrix, valid: sp.csr_matrix, x: Float | None, seed: int
) -> tuple[Float, int]:
    """Scores of everybody, `[users, recipes]`, and the epoch that validation chose."""
    data = TrainData(CSR.from_scipy(known), CSR.from_scipy(valid), world.kg, x)
    model = create_model("ckgat", CKGAT).fit(data, seed=seed)
    return model.score(np.arange(known.shape[0])), int(model.best_epoch)


def measure(
    world: World, known: sp.csr_matrix, new: Int, held: sp.csr_matrix, scores: Float
) -> dict[str, Any]:
    """Warm, tail and cold, by the interactions that `known` lacks."""
    counts = np.bincount(known.indices, minlength=world.size)
    tail = (counts > 0) & (counts <= TAIL)
    whole = mask_seen(scores.copy(), known)
    warm = whole.copy()
    warm[:, new] = -np.inf
    few = np.where(tail, whole, -np.inf)
    rare, lost = only(held, tail), only(world.rows.choices, np.isin(np.arange(world.size), new))
    return {
        "warm": among(warm, held), "tail": among(warm, rare), "tail among themselves": among(few, rare),
        "cold among the 300": among(scores[:, new], world.rows.choices[:, new].tocsr()),
        "cold in the catalogue": among(whole, lost),
    }  # fmt: skip


def only(matrix: sp.csr_matrix, columns: Any) -> sp.csr_matrix:
    """The entries of some columns."""
    found = (matrix @ sp.diags(np.asarray(columns, dtype=np.float32))).tocsr()
    found.eliminate_zeros()
    return found


def left(matrix: sp.csr_matrix, new: Int) -> sp.csr_matrix:
    """Without the interactions of some recipes."""
    return _rows(matrix, ~np.isin(matrix.indices, new))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", "--seeds", type=int, default=DRAWS, help=f"1 to {DRAWS}")
    parser.add_argument("--features", type=Path, help="a feature set of the recipes, in place of the others")
    parser.add_argument("--saw-all", action="store_true", help="it was made with the new recipes at hand")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "graphrec-text")
    options = parser.parse_args()
    world, results = load(options.cache / "store", DRAWS), read_results(NAME)
    texts = Texts.read(world.ids)

    @cache
    def vectors(label: str) -> Float | None:
        """Features of a row of the table, made when they are first needed."""
        if label == WITHOUT:
            return None
        if label == FROZEN:
            settings = settings_of("recipes", "frozen")
            return text_features(texts.graph, "frozen", settings, 0, options.cache).x[texts.place]
        if label != GIANT:
            return FeatureSet.load(options.features).rows_for(world.ids).values
        return giant(world, texts, options.cache)[texts.place]

    results = results or {"protocol": {"new": NEW, "tail": TAIL, "k": K, "model": CKGAT}, "draws": {}}
    labels = [WITHOUT, FROZEN, GIANT] if not options.features else [SAW_ALL if options.saw_all else GIVEN]
    for seed in range(min(options.draws, DRAWS)):
        draw = results["draws"].setdefault(str(seed), {})
        known, valid, held = (
            left(rows, world.new[seed]) for rows in (world.rows.train, world.rows.valid, world.rows.test)
        )
        for label in labels:
            if label in draw:
                continue
            x = vectors(label)
            with stopwatch() as seconds:
                scores, epoch = fit(world, known, valid, x, seed)
            found = measure(world, (known + valid).tocsr(), world.new[seed], held, scores)
            if label == SAW_ALL:
                found = {part: value for part, value in found.items() if not part.startswith("cold")}
            draw[label] = found | {"epoch": epoch, "seconds": round(seconds[0], 1)}
            write_results(NAME, results)
            print(f"draw {seed}, {label}: {draw[label]}", file=sys.stderr, flush=True)
    report(results["draws"])


def report(draws: Mapping[str, Mapping[str, Any]]) -> None:
    """One table per kind of recipe, and what features add in each draw."""
    labels = list(dict.fromkeys(label for draw in draws.values() for label in draw))
    for part in ("warm", "tail", "tail among themselves", "cold among the 300", "cold in the catalogue"):
        lines = []
        for label in labels:
            both = [draw for draw in draws.values() if part in draw.get(label, {}) and WITHOUT in draw]
            if both:
                found = [[draw[label][part][metric] for draw in both] for metric in ("recall@20", "ndcg@20")]
                more = [draw[label][part]["recall@20"] - draw[WITHOUT][part]["recall@20"] for draw in both]
                lines.append([label, *found, more, len(both)])
        columns = ["", "recall@20", "ndcg@20", "recall more than without", "draws"]
        print_table(f"{part}, mean ± sd over draws", columns, lines)


if __name__ == "__main__":
    main()
