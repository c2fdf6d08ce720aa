"""Node features from text: TF-IDF, MiniLM frozen, tuned by link prediction and tuned by GIANT-XRT, on three graphs.

    python benchmarks/giant_features.py                              # everything; goes on where it was interrupted
    python benchmarks/giant_features.py --graphs cora --models MLP --cache DIR

The graphs are in `_text_graphs.py`: abstracts with citations (7 classes), recipes joined by rare tags (40 common tags
of diet, course and season to be found; `epicurious_all` joins them by all tags that are held apart), and recipes joined
by who chose them and by rare ingredients (3 courses; 19 cuisines; `recipes_foods` and `recipes_store` join them by
ingredients, and by what the store knows). Features see all texts and edges and no label. An
MLP and GraphSAGE take them to the labels: a tenth of the labelled nodes trains, a tenth chooses settings (eight each,
the same for every kind of features; see `_text_downstream.py`) and epoch, the rest tests, in random splits;
cuisines, of which some have ten recipes, 60/20/20. Settings of the tuning (`_text_settings.py`) were chosen on
validation nodes as well. What the first splits chose serves all of them, which share nodes: a validation node of one
is a test node of another, for every kind alike.

Scores are accuracies, on tags the mean average precision with micro and macro F1 beside it (one threshold for all tags,
chosen on validation nodes), in percent. Encoders read the first 64 or 40 tokens of a text, TF-IDF all of it. Link
prediction reads as many texts as GIANT. Seconds are wall time on one core, on a machine that others used as well;
those of tuned encoders leave out the frozen lower layers, which were run once, for `MiniLM`. The last table says
what the edges know of the labels beside what the untuned encoder does (`_text_agreement.py`; all labelled nodes).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _common import RESULTS, mean_sd, print_table, read_results, stopwatch, write_results
from _text_agreement import agreement
from _text_downstream import EPOCHS, LARGE, choose, grid, run
from _text_features import Features, features
from _text_graphs import GRAPHS, TextGraph
from _text_picture import draw
from _text_settings import KINDS, seeds_of, settings_of

NAME = "giant_features"
MODELS = ("MLP", "GraphSAGE")
TITLES = {
    "tfidf": "TF-IDF + SVD",
    "frozen": "MiniLM",
    "links": "MiniLM, links",
    "giant": "MiniLM, GIANT",
    "giant+frozen": "GIANT beside MiniLM",
}
DEAR = 3
"""Splits of GraphSAGE where there are many nodes."""


def made(graph: TextGraph, kind: str, seed: int, cache: Path) -> Features:
    """Features of a kind, from the cache where they are there."""
    if kind != "giant+frozen":
        return features(graph, kind, settings_of(graph.name, kind), seed, cache)
    parts = [made(graph, "giant", seed, cache), made(graph, "frozen", 0, cache)]
    units = [part.x / np.maximum(np.linalg.norm(part.x, axis=1, keepdims=True), 1e-9) for part in parts]
    return Features(np.concatenate(units, axis=1), sum(part.seconds for part in parts))


def study(graph: TextGraph, target: str, model: str, kind: str, cache: Path, splits: int) -> dict[str, Any]:
    """Scores of one cell of the table: `scores[encoder seed][split]`."""
    found = [made(graph, kind, seed, cache) for seed in range(seeds_of(graph.name, kind))]
    wanted = graph.targets[target]
    with stopwatch() as seconds:
        settings, valid = choose(graph, wanted, found[0].x, model)
        scores = [
            [run(graph, wanted, one.x, model, settings, split) for split in range(splits)] for one in found
        ]
    return {
        "settings": settings,
        "chosen_at": round(valid, 2),
        "scores": scores,
        "seconds": {
            "features": [round(one.seconds, 1) for one in found],
            "downstream": round(seconds[0], 1),
        },
    }


def summarise(cells: dict[str, Any]) -> None:
    """Mean and sd of every measure, and what is gained over the frozen encoder on the same splits."""
    for cell in cells.values():
        scores = cell["scores"]
        cell["mean"] = {
            measure: {
                "mean": round(float(np.mean(values)), 2),
                "sd": round(float(np.std(values, ddof=1)), 2) if len(values) > 1 else None,
            }
            for measure in scores[0][0]
            if (values := [one[measure] for split in scores for one in split])
        }
    for kind, cell in cells.items():
        for other in ("frozen", "links"):
            if other in cells and other != kind:
                cell[f"minus_{other}"] = _paired(cell["scores"], cells[other]["scores"])


def _paired(first: list[list[dict[str, float]]], second: list[list[dict[str, float]]]) -> dict[str, Any]:
    """Difference of the means over encoder seeds on each split, and its standard error over splits."""
    means = [np.mean([[one["test"] for one in row] for row in rows], axis=0) for rows in (first, second)]
    gap = means[0] - means[1]
    return {
        "difference": round(float(gap.mean()), 2),
        "standard_error": round(float(gap.std(ddof=1) / np.sqrt(len(gap))), 2),
        "better": int((gap > 0).sum()),
        "of": len(gap),
    }


def show(name: str, entry: dict[str, Any]) -> None:
    """One table per graph, target and network."""
    for place, cells in entry["cells"].items():
        measures = [m for m in next(iter(cells.values()))["mean"] if m != "valid"]
        lines = []
        for kind in (kind for kind in KINDS if kind in cells):
            cell = cells[kind]
            gain = cell.get("minus_frozen")
            lines.append(
                [
                    TITLES[kind],
                    *(mean_sd([one[m] for row in cell["scores"] for one in row], 2) for m in measures),
                    f"{gain['difference']:+.2f} ± {gain['standard_error']:.2f}" if gain else "",
                    f"{np.mean(cell['seconds']['features']):.0f}",
                ]
            )
        print_table(f"{name}, {place}", ["features", *measures, "minus frozen (se)", "seconds"], lines)
    lines = [[key, *found.values()] for key, found in entry.get("agreement", {}).items()]
    print_table(f"{name}: neighbours of the same label, %", ["", "edges", "nearest by MiniLM", "chance"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Features from text for nodes.")
    parser.add_argument("--graphs", nargs="+", choices=tuple(GRAPHS), default=list(GRAPHS))
    parser.add_argument("--targets", nargs="+", help="of one graph; by default all")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "graphrec-text-features")
    args = parser.parse_args()
    for name in args.graphs:
        graph = GRAPHS[name]()
        for target, model in product(args.targets or graph.targets, args.models):
            splits = (
                min(args.splits, DEAR) if model == "GraphSAGE" and graph.num_nodes > LARGE else args.splits
            )
            for kind in args.kinds:
                made_with = {
                    "settings": settings_of(name, kind),
                    "seeds": seeds_of(name, kind),
                    "splits": splits,
                }
                cells = _read()["graphs"].get(name, {"cells": {}})["cells"].get(f"{target}, {model}", {})
                if cells.get(kind, {}).get("features") != made_with:
                    cell = study(graph, target, model, kind, args.cache, splits)
                    _keep(graph, f"{target}, {model}", kind, {"features": made_with} | cell)
        x = made(graph, "frozen", 0, args.cache).x
        _keep_agreement(graph, {key: agreement(graph, target, x) for key, target in graph.targets.items()})
        show(name, _read()["graphs"].get(name, {"cells": {}}))
    draw(_read()["graphs"], RESULTS / f"{NAME}.svg", TITLES)


def _read() -> dict[str, Any]:
    """What is known so far; nothing when it was made by another protocol."""
    found = read_results(NAME)
    described = {"grids": {model: grid(model) for model in MODELS}, "epochs": EPOCHS}
    return found if found.get("protocol") == described else {"protocol": described, "graphs": {}}


def _keep_agreement(graph: TextGraph, found: dict[str, Any]) -> None:
    """What the edges know of the labels, and what the text knows without them."""
    results = _read()
    results["graphs"].setdefault(graph.name, {"cells": {}})["agreement"] = found
    write_results(NAME, results)


def _keep(graph: TextGraph, place: str, kind: str, cell: dict[str, Any]) -> None:
    """Add one cell to what is known by now: several runs may write in turn."""
    results = _read()
    entry = results["graphs"].setdefault(graph.name, {"cells": {}})
    entry["about"] = graph.about
    cells = entry["cells"].setdefault(place, {})
    cells[kind] = cell
    summarise(cells)
    write_results(NAME, results)
    print(f"{graph.name} {place} {kind}: {cell['mean']['test']}", file=sys.stderr)


if __name__ == "__main__":
    main()
