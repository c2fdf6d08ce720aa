"""Cuisines as domains: labels of six, predictions for the rest, and whether a rehearsal tells beforehand what helps.

    python benchmarks/_adapt_recipes.py --draws 5

Each draw takes another region of the cuisine graph as sources, and is also the seed. Settings are chosen once a task
by rehearsal on sources of a draw that is not reported, two for each method; labels of targets choose nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from _adapt_recipes_data import RecipeTask, draw_sources, recipe_tasks
from _common import print_table, read_results, write_results
from numpy.typing import NDArray

from graphrec.adapt.advice import advise
from graphrec.adapt.config import AdaptConfig, StopConfig, TaughtConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.evaluate import DomainScores, evaluate_domains
from graphrec.adapt.rehearsal import PLAIN, Rehearsal, plain, rehearse
from graphrec.adapt.trainer import adapt

NAME = "grda_recipes"
SOURCES, SPLITS, TUNING_DRAW = 6, 2, 100
BASE: dict[str, Any] = {
    "shortcut": True, "hidden": 64, "learning_rate": 2e-3, "dropout": 0.3, "weight_decay": 0.3,
    "stop": StopConfig(epochs=20),
}  # fmt: skip
"""Of all methods alike; from how the plain model did on hidden sources of draws 101 and 102, which are not reported."""
WEIGHTS = (0.05, 0.2)
PENALTIES = (0.01, 1.0)
LINEAR, CEILING, CHOSEN = (
    "linear, sources only",
    "linear, half of the targets labelled",
    "chosen by rehearsal",
)
MARGIN = 0.01
"""A difference on targets that counts as one."""


def settings() -> dict[str, list[AdaptConfig]]:
    """Two settings for each method."""
    found: dict[str, list[AdaptConfig]] = {}
    for method in ("grda", "dann", "cdann", "adda", "mdd"):
        found[method] = [
            AdaptConfig(method=method, taught=None, alignment_weight=weight, **BASE) for weight in WEIGHTS
        ]
    taught = [TaughtConfig(inverse_penalty=penalty) for penalty in PENALTIES]
    found["labels passed on"] = [AdaptConfig(method="source_only", taught=each, **BASE) for each in taught]
    found["grda, labels passed on"] = [AdaptConfig(method="grda", taught=each, **BASE) for each in taught]
    return found


def run(draws: int = 5, seconds: float = float("inf")) -> dict[str, Any]:
    """Run what is not in the results file yet, one draw of a task at a time.

    Args:
        seconds: begin no draw after so many.
    """
    results, started = read_results(NAME), time.monotonic()
    for task in recipe_tasks():
        kept = results.setdefault(task.name, {"about": {**task.about, "classes": task.classes}, "draws": {}})
        if "chosen" not in kept:
            kept["chosen"] = _tune(task)
            write_results(NAME, results)
        for seed in (each for each in range(draws) if str(each) not in kept["draws"]):
            if time.monotonic() - started > seconds:
                return results
            kept["draws"][str(seed)] = run_draw(task, kept["chosen"], seed)
            write_results(NAME, results)
            print(f"{task.name} {seed}: {kept['draws'][str(seed)]['target']}", file=sys.stderr)
    return results


def run_draw(task: RecipeTask, chosen: Mapping[str, int], seed: int) -> dict[str, Any]:
    """Warnings and rehearsal first, then every method on the targets."""
    data = hidden(task, seed)
    candidates = {name: both[chosen[name]] for name, both in settings().items()}
    rehearsal = rehearse(data, candidates, seeds=(seed,), splits=SPLITS)
    candidates = {PLAIN: plain(candidates["grda"]), **candidates}
    scores: dict[str, DomainScores] = {}
    for name, config in candidates.items():
        model = adapt(data, config, seed)
        scores[name] = evaluate_domains(model.predict(data.x, data.domain), task.labels, data)
    target = {name: each.target_mean for name, each in scores.items()}
    return {
        "sources": [data.graph.names[each] for each in data.sources.tolist()],
        "advice": advise(data), "rehearsal": rehearsal.summary(),
        "target": {
            **target, CHOSEN: target[rehearsal.best()],
            LINEAR: evaluate_domains(_linear(data), task.labels, data).target_mean, CEILING: _ceiling(task, data, seed),
        },
        "source": {name: each.source_mean for name, each in scores.items()},
        "by_hop": {name: {str(hop): value for hop, value in each.by_hop.items()} for name, each in scores.items()},
    }  # fmt: skip


def hidden(task: RecipeTask, seed: int) -> DomainData:
    """What a draw may see."""
    sources = draw_sources(task.graph, SOURCES, seed)
    return DomainData.hide(task.x, task.domain, task.labels, task.graph, sources, len(task.classes))


def _tune(task: RecipeTask) -> dict[str, int]:
    """Which of two settings does better on hidden sources, for each method."""
    pairs = settings()
    flat = {f"{name}/{number}": each for name, both in pairs.items() for number, each in enumerate(both)}
    found: Rehearsal = rehearse(hidden(task, TUNING_DRAW), flat, seeds=(TUNING_DRAW,), splits=1)
    mean = {name: float(found.scores[name].mean()) for name in flat}
    return {name: int(mean[f"{name}/1"] > mean[f"{name}/0"]) for name in pairs}


def _linear(data: DomainData) -> NDArray[np.float64]:
    """Logistic regression on all labelled rows: what depth is measured against."""
    from sklearn.linear_model import LogisticRegression

    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    model = LogisticRegression(C=0.1, max_iter=500).fit(x[data.labelled], data.y[data.labelled])
    found = np.zeros((len(x), data.num_outputs))
    found[:, model.classes_] = model.predict_proba(x)
    return found


def _ceiling(task: RecipeTask, data: DomainData, seed: int) -> float:
    """The same with half of the target rows labelled too, on the other half."""
    half = np.random.default_rng(seed).random(len(task.x)) < 0.5
    known = np.where(half | np.isin(task.domain, data.sources), task.labels, -1)
    every = DomainData.hide(
        task.x, task.domain, known, task.graph, np.arange(data.num_domains), data.num_outputs
    )
    rest = np.where(half, -1, task.labels)
    return evaluate_domains(_linear(every), rest, data).target_mean


def report(results: Mapping[str, Any]) -> None:
    """Tables over draws, and how well the rehearsal foretold."""
    for task in (name for name, kept in results.items() if isinstance(kept, dict) and kept.get("draws")):
        draws = list(results[task]["draws"].values())
        rows = []
        for name in draws[0]["target"]:
            gains = [each["target"][name] - each["target"][PLAIN] for each in draws]
            foretold = [
                each["rehearsal"]["methods"].get(name, {}).get("gain", float("nan")) for each in draws
            ]
            hops = [_hop_mean(draws, name, hop) for hop in "123"]
            rows.append([name, [each["target"][name] for each in draws], gains, foretold, *hops])
        head = ["", "targets", "gain", "gain rehearsed", "1 hop", "2 hops", "3 hops"]
        print_table(f"{task}: accuracy on target cuisines, mean ± sd over {len(draws)} draws", head, rows)
        print_table(
            f"{task}: was it foretold?", ["", ""], [[key, value] for key, value in foretelling(draws).items()]
        )


def foretelling(draws: list[dict[str, Any]]) -> dict[str, Any]:
    """What the rehearsal said against what happened, over all methods and draws."""
    pairs = [
        (each["rehearsal"]["methods"][name], each["target"][name] - each["target"][PLAIN])
        for each in draws
        for name in each["rehearsal"]["methods"]
    ]
    said, happened = np.array([one["gain"] for one, _ in pairs]), np.array([gain for _, gain in pairs])
    counts: dict[str, Any] = {"correlation of gains": float(np.corrcoef(said, happened)[0, 1])}
    for verdict in ("helps", "no difference", "hurts"):
        gains = [gain for one, gain in pairs if one["verdict"] == verdict]
        outcomes = (
            sum(gain > MARGIN for gain in gains),
            sum(abs(gain) <= MARGIN for gain in gains),
            sum(gain < -MARGIN for gain in gains),
        )
        counts[f"said {verdict}: helped, neither, hurt"] = ", ".join(map(str, outcomes))
    return counts


def _hop_mean(draws: list[dict[str, Any]], name: str, hop: str) -> float:
    found = [each["by_hop"][name][hop] for each in draws if hop in each["by_hop"].get(name, {})]
    return float(np.mean(found)) if found else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=5, help="choices of source cuisines (5)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no draw after so long")
    arguments = parser.parse_args()
    report(run(arguments.draws, arguments.seconds))


if __name__ == "__main__":
    main()
