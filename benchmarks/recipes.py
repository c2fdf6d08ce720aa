"""Recipes: warm ranking over the whole catalogue, C-KGAT beside plain and graph baselines.

    python benchmarks/recipes.py              # two seeds, each another draw of the split
    python benchmarks/recipes.py --seeds 1

A seeded tenth of each user's recipes is the test, a tenth of the rest the validation. Everything is chosen on
validation (Recall@20 + NDCG@20), then fitted on training and validation rows; the test is looked at once.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from _common import mean_sd, need_data, print_table, write_results
from _recipe_store import recipe_store
from _study import Row, Study

from graphrec.evaluation import Split, random_split
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from graphrec.training.blend import choose_blend, refit_side
from graphrec.training.config import BlendConfig

METRICS = ("recall@20", "ndcg@20", "coverage@20")
GRAPH = {"dim": 128, "patience": 3, "metric": "recall@20+ndcg@20"}
CKGAT = GRAPH | {
    "contrast": "one_pass"
}  # views cost three passes a step; on this graph that is an hour a table
NO_CONTRAST = {"contrast": "none", "contrast_weight": 0.0, "consistency_weight": 0.0, "denoise": 0.0}
JOINED = "C-KGAT joined with EASE (the default bundle)"

ROWS = (
    Row("popularity", "popularity"),
    Row("ItemKNN", "item_knn", {"k": 200, "shrink": 10.0, "user_normalisation": False}),
    Row("EASE", "ease", {"ridge": 300.0}),
    Row(
        "EASE with keywords", "ease", {"ridge": 300.0, "side_weight": 1.0, "side_relations": ("has_keyword",)}
    ),
    Row("LightGCN (ours)", "lightgcn", GRAPH | {"patience": 5}),
    Row("C-KGAT", "ckgat", CKGAT),
    Row(JOINED, "ckgat", CKGAT | {"epochs": 100}),
    Row("C-KGAT without contrast", "ckgat", CKGAT | NO_CONTRAST, seeds=1),
    Row("C-KGAT without knowledge graph", "ckgat", CKGAT | {"use_knowledge": False}, seeds=1),
)


class RecipeStudy(Study):
    """Joins the C-KGAT of the row before with EASE instead of training it again."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: dict[int, tuple[Any, Any]] = {}

    def fit_both(self, row: Row, seed: int, split: Split) -> tuple[Any, Any]:
        if row.label != JOINED:
            pair = super().fit_both(row, seed, split)
            if row.label == "C-KGAT":
                self._kept[seed] = pair
            return pair
        first, final = self._kept.pop(seed, None) or super().fit_both(row, seed, split)
        config = BlendConfig()
        blend, choice = choose_blend(first, split, config, "recall@20+ndcg@20")
        self.results.setdefault("blend", {})[str(seed)] = {"ridge": choice.ridge, "weight": choice.relative}
        return blend, refit_side(choice, final, split.train_data(include_valid=True), config)


def load_snapshot(work: Path) -> GraphSnapshot:
    """The recipe data as a snapshot, imported into `work` when it is not there."""
    with recipe_store(need_data("recipes"), work) as store:
        return write_snapshot(store, work / "snapshots")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "graphrec-recipes")
    options = parser.parse_args()
    snapshot = load_snapshot(options.work)
    kg = snapshot.knowledge_graph()
    study = RecipeStudy(
        "recipes", lambda seed: random_split(snapshot.interactions, seed=seed, kg=kg),
        ks=(20, 10), refit=True, seeds=options.seeds,
    )  # fmt: skip
    study.run(ROWS)
    labels = [row.label for row in ROWS]
    study.table(labels, METRICS, "Recipes, test (mean ± sd over seeds, each another split)")
    pairs = {other: study.paired("C-KGAT", other) for other in labels if other != "C-KGAT"}
    joined = {other: study.paired(JOINED, other) for other in ("EASE", "EASE with keywords", "C-KGAT")}
    for name, found in (("C-KGAT", pairs), (JOINED, joined)):
        lines = [[other, f"{v['difference']:+.4f} ± {v['standard_error']:.4f}"] for other, v in found.items()]
        print_table(
            f"{name} minus ..., Recall@20, paired over users (± standard error)", ["model", "diff"], lines
        )
    summary = {label: {name: mean_sd(study.values(label, name)) for name in METRICS} for label in labels}
    write_results("recipes", study.results | {"summary": summary, "paired": pairs, "paired_joined": joined})


if __name__ == "__main__":
    main()
