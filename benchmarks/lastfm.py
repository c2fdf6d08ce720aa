"""Last.FM 1.9k with a knowledge graph (the split of LightKG and AdaKG): C-KGAT, its ablations, the baselines.

    python benchmarks/lastfm.py               # five seeds; an interrupted run goes on
    python benchmarks/lastfm.py --seeds 1
    python benchmarks/lastfm.py --tune        # the validation search behind the settings (test never read)

Full ranking, training and validation items masked at the test, epoch chosen on validation Recall@10 + NDCG@10,
models fitted on the training rows alone, as in the published tables.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from _common import mean_sd, need_data, print_table, write_results
from _study import Row, Study, fit

from graphrec.datasets import load_atomic
from graphrec.evaluation import Split, evaluate
from graphrec.models.base import TrainData

COMMON = {
    "dim": 64, "temperature": 0.2, "learning_rate": 2e-3, "bias_rate": 1.0, "batch_users": 512,
    "user_balance": 1.0, "average": 0.98, "epochs": 300, "patience": 8, "metric": "recall@10+ndcg@10",
}  # fmt: skip
CKGAT = COMMON | {
    "contrast": "views", "contrast_weight": 0.02, "consistency_weight": 0.1, "denoise": 0.5, "num_layers": 2,
}  # fmt: skip
NO_CONTRAST = {"contrast": "none", "contrast_weight": 0.0, "consistency_weight": 0.0, "denoise": 0.0}
PUBLISHED = {"LightGCN": 0.2695, "KGAT": 0.2583, "KGIN": 0.2727, "LightKG": 0.2976, "AdaKG": 0.3053}
METRICS = ("recall@10", "ndcg@10", "mrr@10")


def randomised(data: TrainData, seed: int) -> TrainData:
    """The same number of triples per relation, tails drawn at random: what is left is regularisation."""
    assert data.kg is not None
    rng = np.random.default_rng(seed)
    return replace(data, kg=replace(data.kg, tails=rng.permutation(data.kg.tails)))


ROWS = (
    Row("popularity", "popularity", seeds=1),
    Row("ItemKNN", "item_knn", {"k": 1000, "shrink": 10.0, "user_normalisation": False}, seeds=1),
    Row("EASE", "ease", {"ridge": 100.0}, seeds=1),
    Row("LightGCN (ours)", "lightgcn", COMMON),
    Row("C-KGAT", "ckgat", CKGAT),
    Row("C-KGAT, every interaction trusted", "ckgat", CKGAT | {"denoise": 0.0}, seeds=3),
    Row("C-KGAT without contrast", "ckgat", CKGAT | NO_CONTRAST, seeds=3),
    Row("C-KGAT without knowledge graph", "ckgat", CKGAT | {"use_knowledge": False}, seeds=3),
    Row("C-KGAT with a randomised graph", "ckgat", CKGAT, change=randomised, seeds=3),
    Row("C-KGAT without gate", "ckgat", CKGAT | {"gate_start": None}, seeds=3),
    Row("KGAT (ours)", "kgat", COMMON | {"learning_rate": 5e-3, "epochs": 80, "kg_batch": 1024}, seeds=1),
)

SEARCH = (
    {"contrast": "views", "denoise": 0.0},
    {"contrast": "one_pass", "denoise": 0.0},
    {"contrast": "one_pass", "denoise": 0.0, "num_layers": 3},
    {"contrast": "one_pass", "denoise": 0.0, "dim": 128},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tune", action="store_true")
    options = parser.parse_args()
    split = load_atomic(need_data("kg/lastfm")).split
    assert split is not None
    if options.tune:
        return search(split)
    study = Study("lastfm", lambda seed: split, ks=(10, 20), refit=False, seeds=options.seeds)
    study.run(ROWS)
    report(study)


def report(study: Study) -> None:
    """Tables on stdout, paired tests into the JSON."""
    labels = [row.label for row in ROWS]
    study.table(labels, METRICS, "Last.FM 1.9k, test (mean ± sd over seeds)")
    print_table("Published Recall@10", ["model", "recall@10"], list(PUBLISHED.items()))
    pairs = {other: study.paired("C-KGAT", other) for other in labels if other != "C-KGAT"}
    lines = [[other, f"{v['difference']:+.4f} ± {v['standard_error']:.4f}"] for other, v in pairs.items()]
    print_table(
        "C-KGAT minus ..., Recall@10, paired over users (± standard error)", ["model", "difference"], lines
    )
    summary = {label: {name: mean_sd(study.values(label, name)) for name in METRICS} for label in labels}
    write_results("lastfm", study.results | {"summary": summary, "paired": pairs, "published": PUBLISHED})


def search(split: Split) -> None:
    """Validation figures of a few settings, two seeds each."""
    lines = []
    for change in SEARCH:
        found = []
        for seed in (0, 1):
            model = fit("ckgat", CKGAT | change, split.train_data(), seed)
            metrics = evaluate(model, split, on="valid", ks=(10,), slices=False).metrics
            found.append(metrics["recall@10"] + metrics["ndcg@10"])
        lines.append([str(change), found])
        print_table("validation Recall@10 + NDCG@10", ["settings", "mean ± sd"], lines)
    write_results("lastfm_search", {"lines": [{"settings": str(a), "values": b} for a, b in lines]})


if __name__ == "__main__":
    main()
