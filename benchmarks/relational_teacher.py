"""Structural embeddings over users, recipes and attributes: the teacher on trained recipes, its student on new ones.

    python benchmarks/relational_teacher.py [--draws 2]

In each draw 600 random recipes with text and at least 5 interactions are taken out of the catalogue: 300 choose the
student's settings, the test looks once at what people chose among the other 300. Of the remaining interactions 5 %
choose the epoch and 5 % test. All models have 32 numbers a node and at most 40 epochs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _common import need_data, print_table, read_results, stopwatch, write_results
from _recipe_store import recipe_store
from numpy.typing import NDArray

from graphrec.cold.relational_student import RelationalStudent, RelationalStudentConfig
from graphrec.cold.relational_teacher import RelationalTeacher, RelationalTeacherConfig
from graphrec.evaluation import evaluate
from graphrec.evaluation.metrics import ndcg, recall
from graphrec.models.base import TrainData
from graphrec.models.gradient import GradientModel
from graphrec.models.lightgcn import LightGCN, LightGCNConfig
from graphrec.ranking.item_features import ItemText, fit_features, read_item
from graphrec.sparse import CSR
from graphrec.sparse.top_k import top_k
from graphrec.store.columns import KnowledgeGraph
from graphrec.store.snapshot_write import write_snapshot

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

NAME, K, NEW, MIN_INTERACTIONS = "relational_teacher", 20, 300, 5
FIELD_WEIGHTS = (1, 0, 1, 0, 0, 1)  # title, ingredient lines, attributes
TRAINING: dict[str, Any] = {
    "dim": 32, "epochs": 40, "eval_every": 10, "patience": 3, "batch_users": 600, "learning_rate": 0.015,
}  # fmt: skip
TEACHERS: dict[str, dict[str, Any]] = {
    "teacher, E penalised and dropped": {"eta": 3e-4, "structural_dropout": 0.3},
    "teacher, E free": {"eta": 0.0, "structural_dropout": 0.0},
    "teacher, E penalised and dropped, no attributes": {
        "eta": 3e-4, "structural_dropout": 0.3, "use_knowledge": False,
    },
}  # fmt: skip
STUDENTS = [
    RelationalStudentConfig(ridge=ridge, temperature=temperature, share=share)
    for ridge, (temperature, share) in product(
        (10.0, 30.0), ((0.05, 0.0), (0.05, 0.25), (0.05, 0.5), (0.1, 0.25), (0.05, 1.0))
    )
]


@dataclass(frozen=True, eq=False)
class World:
    """The whole catalogue: texts, who chose what, what is linked to what."""

    texts: list[ItemText]
    choices: CSR
    kg: KnowledgeGraph


@dataclass(frozen=True, eq=False)
class Draw:
    """Recipes that stay, renumbered, and two groups that are new.

    Args:
        data: training and validation rows of those that stay.
        test: their held-out rows.
        features: rows of those that stay.
        new: for `pseudo` and `test`: features and who chose them, `[users, 300]`.
    """

    data: TrainData
    test: CSR
    features: CSR
    new: dict[str, tuple[CSR, CSR]]


def load(data: Path, work: Path) -> World:
    with recipe_store(data, work) as store:
        snapshot = write_snapshot(store, work / "snapshots")
        records = {record.ext: record for record in store.item_records()}
    texts = [read_item(records[ext]) for ext in snapshot.ids(snapshot.item_type)]
    return World(texts, snapshot.interactions.matrix(), snapshot.knowledge_graph())


def draw_of(world: World, seed: int) -> Draw:
    rng, count = np.random.default_rng(seed), world.choices.shape[1]
    chosen = np.bincount(world.choices.indices, minlength=count)
    able = np.flatnonzero(
        (chosen >= MIN_INTERACTIONS) & np.array([bool(text.title and text.lines) for text in world.texts])
    )
    drawn = rng.choice(able, 2 * NEW, replace=False)
    groups = {"pseudo": np.sort(drawn[:NEW]), "test": np.sort(drawn[NEW:])}
    stay = np.setdiff1d(np.arange(count), drawn)
    vocabulary = fit_features([world.texts[i] for i in stay], FIELD_WEIGHTS, most=8000)
    bags = vocabulary.bags_of(world.texts).to_scipy()
    bags.eliminate_zeros()  # fields of weight zero
    side = rng.random(world.choices.nnz)
    parts = [
        _columns(world.choices, stay, kept)
        for kept in (side >= 0.1, side < 0.05, (side >= 0.05) & (side < 0.1))
    ]
    everything = np.ones(world.choices.nnz, dtype=bool)
    new = {
        name: (CSR.from_scipy(bags[items]), _columns(world.choices, items, everything))
        for name, items in groups.items()
    }
    data = TrainData(parts[0], parts[1], _knowledge(world.kg, stay))
    return Draw(data, parts[2], CSR.from_scipy(bags[stay]), new)


def _columns(matrix: CSR, items: Int, kept: NDArray[np.bool_]) -> CSR:
    """Some entries of some columns, renumbered, every entry 1."""
    place = np.full(matrix.shape[1], -1)
    place[items] = np.arange(len(items))
    kept = kept & (place[matrix.indices] >= 0)
    cols = place[matrix.indices[kept]]
    return CSR.from_coo(matrix.row_index()[kept], cols, None, (matrix.shape[0], len(items)))


def _knowledge(kg: KnowledgeGraph, items: Int) -> KnowledgeGraph:
    """The triples that are left when only some items stay."""
    place = np.full(kg.num_entities, -1)
    place[items] = np.arange(len(items))
    attributes = kg.num_entities - kg.num_items
    place[kg.num_items :] = len(items) + np.arange(attributes)
    heads, tails = place[kg.heads], place[kg.tails]
    kept = (heads >= 0) & (tails >= 0)
    return KnowledgeGraph(
        heads[kept], kg.relations[kept], tails[kept], len(items), len(items) + attributes, kg.num_relations
    )


def among(scores: Float, wanted: CSR) -> dict[str, float]:
    """Recall@20 and NDCG@20, mean over the users who chose any of the columns."""
    rows = np.flatnonzero(wanted.degrees())
    held, (found, _) = wanted.to_scipy()[rows].toarray() > 0, top_k(np.asarray(scores[rows]), K)
    hits, sizes = np.take_along_axis(held, found, axis=1), held.sum(axis=1)
    return {"recall@20": float(recall(hits, sizes, K).mean()), "ndcg@20": float(ndcg(hits, sizes, K).mean())}


def run_teacher(draw: Draw, settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """One teacher: trained recipes, then new ones by the teacher itself, by part one and by the student."""
    teacher = RelationalTeacher(RelationalTeacherConfig(**TRAINING, **settings), draw.features)
    found = _warm(teacher, draw, seed)
    warm = np.flatnonzero(np.bincount(draw.data.train.indices, minlength=draw.data.num_items))
    students = [RelationalStudent(teacher.bank(), draw.features, warm, config) for config in STUDENTS]

    def judged(name: str, vectors: Float) -> dict[str, float]:
        return among(teacher.user_vectors @ vectors.T, draw.new[name][1])

    quality = [sum(judged("pseudo", one.place(draw.new["pseudo"][0])).values()) for one in students]
    best = students[int(np.argmax(quality))]
    new = draw.new["test"][0]
    return found | {
        "student": best.config.model_dump(),
        "new, teacher alone": judged("test", teacher.alone(new)),
        "new, part one": judged("test", best.embed(new)),
        "new, student": judged("test", best.place(new)),
    }


def _warm(model: GradientModel, draw: Draw, seed: int) -> dict[str, Any]:
    with stopwatch() as seconds:
        model.fit(draw.data, seed=seed)
    known = draw.data.train.to_scipy() + (draw.data.valid.to_scipy() if draw.data.valid else 0)
    metrics = evaluate(model, (CSR.from_scipy(known.tocsr()), draw.test), ks=[K], slices=False).metrics
    warm = {name: float(metrics[name]) for name in ("recall@20", "ndcg@20")}
    return {"trained": warm, "best epoch": model.best_epoch, "seconds": seconds[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--work", type=Path, help="folder of a store from an earlier run, kept")
    arguments = parser.parse_args()
    data, results = need_data("recipes/recipes.jsonl.gz").parent, read_results(NAME)
    with tempfile.TemporaryDirectory() as folder:
        world = load(data, arguments.work or Path(folder))
    results = results or {
        "protocol": {"new": NEW, "at least": MIN_INTERACTIONS, "k": K} | TRAINING,
        "draws": {},
    }
    for seed in range(arguments.draws):
        found, draw = results["draws"].setdefault(str(seed), {}), draw_of(world, seed)
        for name, settings in TEACHERS.items():
            if name not in found:
                found[name] = run_teacher(draw, settings, seed)
                write_results(NAME, results)
                print(seed, name, found[name], file=sys.stderr)
        if "lightgcn" not in found:
            found["lightgcn"] = _warm(LightGCN(LightGCNConfig(**TRAINING)), draw, seed)
            write_results(NAME, results)
    report(results["draws"])


def report(draws: dict[str, Any]) -> None:
    """One table over the draws."""
    lines = []
    for name in [*TEACHERS, "lightgcn"]:
        for part in ("trained", "new, teacher alone", "new, part one", "new, student"):
            values = [draw[name][part] for draw in draws.values() if part in draw.get(name, {})]
            if values:
                lines.append(
                    [name, part, *([value[m] for value in values] for m in ("recall@20", "ndcg@20"))]
                )
    print_table("mean ± sd over draws", ["model", "recipes", "recall@20", "ndcg@20"], lines)


if __name__ == "__main__":
    main()
