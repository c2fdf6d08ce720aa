"""Noise: random interactions added to the training data; what C-KGAT, itself without contrast and LightGCN lose.

    python benchmarks/noise.py                # Last.FM, 0/10/20/30 % noise, three seeds

Noise is drawn uniformly from the pairs that are in no part of the split, added to the training rows alone; the
validation stays clean. Settings are those of `lastfm.py`.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from _common import mean_sd, need_data, print_table, read_results, write_results
from _study import Row, Study
from lastfm import CKGAT, COMMON, NO_CONTRAST

from graphrec.datasets import load_atomic
from graphrec.models.base import TrainData
from graphrec.sparse import CSR

LEVELS = (0.0, 0.1, 0.2, 0.3)
MODELS = {
    "LightGCN": ("lightgcn", COMMON),
    "C-KGAT without contrast": ("ckgat", CKGAT | NO_CONTRAST),
    "C-KGAT": ("ckgat", CKGAT),
}


def noisy(share: float) -> Callable[[TrainData, int], TrainData]:
    """Adds `share` of random interactions to the training matrix."""

    def change(data: TrainData, seed: int) -> TrainData:
        rng = np.random.default_rng(1000 + seed)
        train, count = data.train, round(share * data.train.nnz)
        width = train.shape[1]
        known = train.row_index() * width + train.indices
        if data.valid is not None:
            known = np.concatenate([known, data.valid.row_index() * width + data.valid.indices])
        drawn = np.zeros(0, dtype=np.int64)
        while len(drawn) < count:
            more = rng.integers(0, train.shape[0] * width, size=2 * count)
            drawn = np.setdiff1d(np.union1d(drawn, more), known)
        drawn = rng.permutation(drawn)[:count]
        keys = np.concatenate([train.row_index() * width + train.indices, drawn])
        return replace(data, train=CSR.from_coo(keys // width, keys % width, np.ones(len(keys)), train.shape))

    return change


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    split = load_atomic(need_data("kg/lastfm")).split
    assert split is not None
    study = Study("noise", lambda seed: split, ks=(10, 20), refit=False, seeds=options.seeds)
    rows = [
        Row(f"{label} +{share:.0%}", model, settings, change=noisy(share) if share else None)
        for share in LEVELS for label, (model, settings) in MODELS.items()
    ]  # fmt: skip
    known = read_results("lastfm").get("rows", {})
    names = {"LightGCN": "LightGCN (ours)"}
    for label in MODELS:  # the clean runs are those of lastfm.py: same split, settings and seeds
        clean = known.get(names.get(label, label))
        if clean:
            chosen = {seed: run for seed, run in clean["runs"].items() if int(seed) < options.seeds}
            study.results.setdefault("rows", {})[f"{label} +0%"] = clean | {"runs": chosen}
    study.run(rows)
    lines, losses = [], {}
    for label in MODELS:
        clean = statistics.fmean(study.values(f"{label} +0%", "recall@10"))
        line = [label]
        for share in LEVELS:
            values = study.values(f"{label} +{share:.0%}", "recall@10")
            losses[f"{label} +{share:.0%}"] = 1 - statistics.fmean(values) / clean
            line.append(f"{mean_sd(values)} ({-losses[f'{label} +{share:.0%}']:+.1%})")
        lines.append(line)
    print_table(
        "Test Recall@10 (change against the clean run)", ["model", *(f"+{s:.0%}" for s in LEVELS)], lines
    )
    write_results("noise", study.results | {"relative_loss": losses})


if __name__ == "__main__":
    main()
