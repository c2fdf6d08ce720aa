"""Speed of training and ranking, side by side in one process.

    python benchmarks/speed.py                 # about ten minutes on two cores
    python benchmarks/speed.py --quick         # one or two minutes: fewer steps, repeats and settings
    python benchmarks/speed.py --only training --threads 1

* training: interactions per second of our LightGCN in its published form and of torch-geometric's, same graph
  (amazon-book), 64 values, 3 layers, same batch; the rivals take turns, medians over repeats.
* contrast: what an epoch of C-KGAT costs in epochs of LightGCN, same size, layers, batch and loss.
* ranking: users ranked over the whole catalogue per second.
* implicit: accuracy and fit time beside the `implicit` library on the Last-FM split, both sides tuned on
  the validation part.

Other work on the machine slows everything; the ratios stand it better than the rates. The load is in the JSON.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import _implicit_rivals as rivals
import numpy as np
import torch
from _common import need_data, print_table, read_results, stopwatch, write_results
from _training_steps import (
    Stepper,
    epochs_of,
    geometric_steps,
    in_turns,
    our_steps,
    random_knowledge,
    ratio,
)
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from graphrec.datasets import load_atomic, load_kgat
from graphrec.evaluation import Split, evaluate
from graphrec.models.base import TrainData
from graphrec.models.registry import create_model
from graphrec.training.tune import tune

DIM, LAYERS, MAIN_BATCH = 64, 3, 8192
BATCHES = (1024, MAIN_BATCH, 32768)
KNOWLEDGE_TRIPLES = 2_500_000
PUBLISHED: dict[str, Any] = {
    "loss": "bpr", "cosine": False, "item_bias": False, "num_negatives": 1, "include_input": True,
    "average": 0, "dim": DIM, "num_layers": LAYERS,
}  # fmt: skip
OURS: dict[str, dict[str, Sequence[Any]]] = {
    "item_knn": {"k": [50, 200, 1000], "shrink": [0.0, 10.0, 50.0], "user_normalisation": [True, False]},
    "ease": {"ridge": [20.0, 50.0, 100.0, 200.0]},
}
BOOK_NEIGHBOURS = 200


def main() -> None:
    """Run the chosen parts and write `results/speed.json`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=["training", "contrast", "ranking", "implicit"], action="append")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    parts: dict[str, Callable[[bool, int], dict[str, Any]]] = {
        "training": training, "contrast": contrast, "ranking": ranking, "implicit": beside_implicit,
    }  # fmt: skip
    need_data("kg/amazon-book"), need_data("kg/lastfm")
    found = read_results("speed")
    with threadpool_limits(options.threads):
        for name in options.only or list(parts):
            state = {"threads": options.threads, "quick": options.quick, "load_before": os.getloadavg()}
            found[name] = parts[name](options.quick, options.threads) | state
            write_results("speed", found)


def training(quick: bool, threads: int) -> dict[str, Any]:
    """Interactions per second of LightGCN, ours and torch-geometric's, by batch size."""
    data = _book().train_data(include_valid=True)
    found, rows = {}, []
    for batch in (MAIN_BATCH,) if quick else BATCHES:
        entry = _training(data, batch, 3, 2 if quick else 3)
        found[str(batch)] = entry
        for name, speed in entry["interactions_per_second"].items():
            rows.append([batch, name, f"{speed:.0f}", f"{entry['ours_faster_by'].get(name, 1.0):.1f}"])
        rows += [[batch, name, reason, "-"] for name, reason in entry["absent"].items()]
    columns = ["batch", "LightGCN", "interactions/s", "ours is faster by"]
    print_table(f"Training on amazon-book, {DIM} values, {LAYERS} layers, {threads} threads", columns, rows)
    return {"dim": DIM, "layers": LAYERS, "main_batch": MAIN_BATCH, "batches": found}


def _training(data: TrainData, batch: int, steps: int, repeats: int) -> dict[str, Any]:
    steppers: dict[str, Stepper] = {"ours": our_steps("lightgcn", {**PUBLISHED, "batch_size": batch}, data)}
    absent = {}
    for name, sparse in (("torch-geometric", False), ("torch-geometric, CSR adjacency", True)):
        try:
            steppers[name] = geometric_steps(data, DIM, LAYERS, batch, sparse=sparse)
        except ImportError as error:
            absent[name] = f"not installed ({error})"
    seconds = in_turns(steppers, steps, repeats)
    speed = {name: steps * batch / statistics.median(times) for name, times in seconds.items()}
    faster = {name: ratio(seconds, name, "ours") for name in seconds if name != "ours"}
    return {
        "interactions_per_second": speed, "ours_faster_by": faster, "absent": absent,
        "steps": steps, "seconds": seconds,
    }  # fmt: skip


def contrast(quick: bool, threads: int) -> dict[str, Any]:
    """Cost of C-KGAT and of its parts in costs of LightGCN."""
    split = load_atomic(need_data("kg/lastfm")).split
    assert split is not None
    lastfm, epochs, repeats = split.train_data(), 5 if quick else 15, 3 if quick else 5
    same = {"dim": DIM, "num_layers": 2}
    bpr = same | {"loss": "bpr", "num_negatives": 1}
    found = {
        "lastfm, softmax": _contrast(epochs_of, lastfm, same, epochs, repeats),
        "lastfm, bpr": _contrast(epochs_of, lastfm, bpr, epochs, repeats),
    }
    if not quick:
        book = _book().train_data(include_valid=True)
        data = TrainData(book.train, kg=random_knowledge(book.num_items, KNOWLEDGE_TRIPLES))
        # reliabilities are taken once, before the first epoch: not part of a step
        large = bpr | {"batch_size": MAIN_BATCH}
        found["amazon-book with 2.5 M random triples, bpr"] = _contrast(
            our_steps, data, large, 6, 2, denoise=0
        )
    rows = [
        [
            where,
            name,
            f"{cost:.2f}",
            f"{statistics.median(entry['seconds'][name]) / entry['count'] * 1e3:.0f}",
        ]
        for where, entry in found.items()
        for name, cost in entry["cost"].items()
    ]
    columns = ["data", "model", "in LightGCNs", "ms per epoch (lastfm) or step"]
    print_table(f"Cost of the contrastive model, {threads} threads", columns, rows)
    return found


def _contrast(
    prepare: Callable[..., Stepper],
    data: TrainData,
    settings: Mapping[str, Any],
    count: int,
    repeats: int,
    **ours: Any,
) -> dict[str, Any]:
    variants: dict[str, tuple[str, dict[str, Any]]] = {
        "lightgcn": ("lightgcn", {}),
        "ckgat": ("ckgat", ours),
        "ckgat, one-pass contrast": ("ckgat", {**ours, "contrast": "one_pass"}),
        "ckgat, no contrastive task": ("ckgat", {**ours, "contrast": "none", "consistency_weight": 0}),
    }
    steppers = {name: prepare(model, {**settings, **own}, data) for name, (model, own) in variants.items()}
    seconds = in_turns(steppers, count, repeats)
    cost = {name: ratio(seconds, name, "lightgcn") for name in seconds}
    return {"settings": dict(settings), "cost": cost, "count": count, "seconds": seconds}


class _Vectors:
    """Random vectors: the cost of full ranking with any inner-product model."""

    def __init__(self, split: Split) -> None:
        rng = np.random.default_rng(0)
        self.users = rng.standard_normal((split.num_users, DIM)).astype(np.float32)
        self.items = rng.standard_normal((split.num_items, DIM)).astype(np.float32)

    def score(self, users: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Inner products `[len(users), num_items]`."""
        scores: NDArray[np.float32] = self.users[users] @ self.items.T
        return scores


def ranking(quick: bool, threads: int) -> dict[str, Any]:
    """Users per second: score every item, mask the seen ones, keep the best 20, all metrics."""
    split = _book()
    speeds = [
        evaluate(_Vectors(split), split, ks=(20,), slices=False).users_per_second
        for _ in range(1 if quick else 3)
    ]
    speed = statistics.median(speeds)
    row = [split.num_items, DIM, f"{speed:.0f}"]
    print_table(f"Full ranking, {threads} threads", ["items", "values", "users/s"], [row])
    return {"users_per_second": speed, "all": speeds, "items": split.num_items, "dim": DIM}


def beside_implicit(quick: bool, threads: int) -> dict[str, Any]:
    """Recall@10, NDCG@10 and fit seconds on Last-FM; neighbours on amazon-book."""
    split = load_atomic(need_data("kg/lastfm")).split
    assert split is not None
    found: dict[str, Any] = {"lastfm": {}}
    for name in rivals.GRIDS:
        try:
            settings, scorer, seconds = rivals.tuned(name, split, 10, threads, quick)
        except ImportError as error:
            found["lastfm"][name] = {"absent": f"not installed ({error})"}
            continue
        found["lastfm"][name] = _quality(scorer, split, 10) | {"fit_seconds": seconds, "settings": settings}
    for name, grid in OURS.items():
        settings = tune(name, grid, split, metric="recall@10").best.settings
        found["lastfm"][name] = _fit_ours(name, settings, split, 10)
    for name in ("lightgcn", "ckgat"):
        short: dict[str, Any] = {"epochs": 5} if quick else {}
        found["lastfm"][name] = _fit_ours(name, {"metric": "recall@10", **short}, split, 10)
    if not quick:
        found["amazon-book"] = _book_neighbours(threads)
    for where, k in (("lastfm", 10), ("amazon-book", 20)):
        if where in found:
            _print_quality(where, k, found[where])
    return found


def _book_neighbours(threads: int) -> dict[str, Any]:
    """Item neighbours at the same number of neighbours, nothing tuned."""
    split, found = _book(), {}
    found["item_knn"] = _fit_ours("item_knn", {"k": BOOK_NEIGHBOURS, "shrink": 0.0}, split, 20)
    name = "implicit ItemKNN cosine"
    try:
        with stopwatch() as seconds:
            scorer = rivals.fit(name, {"K": BOOK_NEIGHBOURS}, split.train_data().train, threads)
        found[name] = _quality(scorer, split, 20) | {"fit_seconds": seconds[0]}
    except ImportError as error:
        found[name] = {"absent": f"not installed ({error})"}
    return found


def _fit_ours(name: str, settings: Mapping[str, Any], split: Split, k: int) -> dict[str, Any]:
    model = create_model(name, dict(settings))
    with stopwatch() as seconds:
        model.fit(split.train_data())
    return _quality(model, split, k) | {"fit_seconds": seconds[0], "settings": dict(settings)}


def _quality(scorer: Any, split: Split, k: int) -> dict[str, Any]:
    result = evaluate(scorer, split, ks=(k,), slices=False)
    return {"recall": result[f"recall@{k}"], "ndcg": result[f"ndcg@{k}"]}


def _print_quality(where: str, k: int, found: Mapping[str, Any]) -> None:
    rows = [
        [name, entry["absent"], "-", "-"]
        if "absent" in entry
        else [name, entry["recall"], entry["ndcg"], f"{entry['fit_seconds']:.2f}"]
        for name, entry in found.items()
    ]
    print_table(f"Beside implicit: {where}", ["model", f"recall@{k}", f"ndcg@{k}", "fit s"], rows)


def _book() -> Split:
    split = load_kgat(need_data("kg/amazon-book")).split
    assert split is not None
    return split


if __name__ == "__main__":
    main()
