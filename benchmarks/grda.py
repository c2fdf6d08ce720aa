"""Graph-relational domain adaptation beside its baselines: spirals, temperatures, cuisines, cold domains, cost.

    python benchmarks/grda.py [--only dg15,dg60,fresh,tpt48,time,recipes,items,picture] [--seeds 5]

Each part replaces its own section of `results/grda.json`. No target label is seen before the tables are printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import _adapt_items
import _adapt_recipes
import _adapt_spirals
import _adapt_time
import _adapt_tpt
from _common import RESULTS, need_data, read_results, write_results

from graphrec.adapt.pictures import draw_graph, draw_hops
from graphrec.datasets.domain_spiral import read_dg

EPOCHS = 60
TPT_EPOCHS = 40
FRESH = 20


def dg15(seeds: int, found: dict[str, Any]) -> Any:
    """All methods on DG-15; their weights are chosen here, without labels, and kept for DG-60."""
    weights = _adapt_spirals.choose_weights(read_dg(need_data("grda/dg15.npz"), shuffle=0), EPOCHS)
    return {"weights": weights, "runs": _adapt_spirals.run_published("dg15", weights, seeds, EPOCHS)}


def dg60(seeds: int, found: dict[str, Any]) -> Any:
    """All methods on DG-60 with the weights of DG-15."""
    weights = found["dg15"]["weights"]
    return {"weights": weights, "runs": _adapt_spirals.run_published("dg60", weights, seeds, EPOCHS)}


def fresh(seeds: int, found: dict[str, Any]) -> Any:
    """The default on new graphs of both sizes."""
    return {str(size): _adapt_spirals.run_fresh(size, FRESH, EPOCHS) for size in (15, 60)}


def recipes(seeds: int, found: dict[str, Any]) -> Any:
    """Cuisines as domains; resumes, and keeps its own file."""
    _adapt_recipes.report(_adapt_recipes.run(seeds))
    return {"results": f"{_adapt_recipes.NAME}.json"}


def items(seeds: int, found: dict[str, Any]) -> Any:
    """Recommendation in domains without interactions; resumes, and keeps its own file."""
    _adapt_items.report(_adapt_items.run(range(1, seeds + 1)))
    return {"results": f"{_adapt_items.NAME}.json"}


def picture(seeds: int, found: dict[str, Any]) -> Any:
    """Accuracy on DG-60 by edges from the nearest source, and its graph."""
    rows: dict[str, dict[int, list[float]]] = {}
    for run in found["dg60"]["runs"]:
        for hop, score in run["by_hop"].items():
            rows.setdefault(run["method"], {}).setdefault(int(hop), []).append(score / 100)
    spiral = read_dg(need_data("grda/dg60.npz"))
    draw_hops(rows, RESULTS / "grda_hops.svg", title="DG-60: accuracy by edges from the nearest source")
    draw_graph(spiral.graph, spiral.sources, RESULTS / "grda_graph.svg", title="The domains of DG-60")
    return {"drawn": ["grda_hops.svg", "grda_graph.svg"]}


PARTS: dict[str, Callable[[int, dict[str, Any]], Any]] = {
    "dg15": dg15,
    "dg60": dg60,
    "fresh": fresh,
    "tpt48": lambda seeds, found: _adapt_tpt.run(seeds, TPT_EPOCHS),
    "time": lambda seeds, found: _adapt_time.run(),
    "recipes": recipes,
    "items": items,
    "picture": picture,
}


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run, with commas between them")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    for name in options.only.split(","):
        print(name, flush=True)
        section = PARTS[name](options.seeds, read_results("grda"))
        write_results("grda", read_results("grda") | {name: section})


if __name__ == "__main__":
    main()
