"""TPT-48: six months of temperatures foretell the next six, in states without history of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from _common import need_data

from graphrec.adapt.config import AdaptConfig, StopConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.evaluate import evaluate_domains
from graphrec.adapt.trainer import adapt
from graphrec.datasets.tpt48 import TPT48, Task, read_tpt48, windows

TASKS: tuple[Task, ...] = ("E24->W24", "N24->S24")
WEIGHTS = {"grda": (0.005, 0.05, 0.2), "dann": (0.02, 0.1, 0.5), "cdann": (0.02, 0.1, 0.5), "adda": (0.02, 0.1, 0.5),
           "mdd": (0.02, 0.1, 0.5)}  # fmt: skip
NAMES = {
    "dann": "DANN",
    "cdann": "CDANN",
    "adda": "ADDA",
    "mdd": "MDD",
    "grda": "GRDA",
    "source_only": "source-only",
}
NO_Z = {"method": "given", "dim": 1}
"""A domain embedding that is zero everywhere: the encoder is not told the state."""


def run(tp_seeds: int = 5, epochs: int = 60) -> dict[str, Any]:
    """All rows of both tasks; squared errors in normalised units."""
    tpt = read_tpt48(need_data("grda"))
    found: dict[str, Any] = {}
    for task in TASKS:
        sliding, yearly = windows(tpt, task), windows(tpt, task, "yearly")
        found[task] = {
            "mean": sliding.mean, "sd": sliding.sd, "simple": _simple(tpt, task),
            "weights": (weights := _weights(tpt, task, epochs)),
            "runs": [run for seed in range(tp_seeds) for run in _seed(tpt, task, weights, epochs, seed)],
        }  # fmt: skip
        assert abs(sliding.mean - yearly.mean) < 1e-9
        _print(task, found[task])
    return found


def _rows(weights: Mapping[str, float], epochs: int) -> list[tuple[str, str, AdaptConfig]]:
    """Name, kind of source windows, settings."""
    stop = StopConfig(epochs=epochs)

    def config(method: str, **more: Any) -> AdaptConfig:
        weight = {} if method == "source_only" else {"alignment_weight": weights[method]}
        return AdaptConfig(**({"method": method, "taught": None, "stop": stop} | weight | more))

    long = {"stop": StopConfig(epochs=80, least=80), "final_rate": 1.0}
    return [
        *[(NAMES[method], "sliding", config(method)) for method in ("source_only", *WEIGHTS)],
        *[
            (f"{NAMES[m]}, not told the state", "sliding", config(m, embedding=NO_Z))
            for m in ("source_only", "grda")
        ],
        *[
            (f"{NAMES[m]}, trained on without rule", "sliding", config(m, **long))
            for m in ("source_only", "grda")
        ],
        *[(f"{NAMES[m]}, calendar years", "yearly", config(m)) for m in ("source_only", "grda")],
    ]


def _seed(
    tpt: TPT48, task: Task, weights: Mapping[str, float], epochs: int, seed: int
) -> list[dict[str, Any]]:
    found = []
    for name, kind, config in _rows(weights, epochs):
        scores, _, model = _one(tpt, task, kind, config, seed)
        found.append({
            "method": name, "seed": seed, "target": scores.target_mean, "source": scores.source_mean,
            "by_level": _levels(scores.by_hop, scores.per_domain, tpt, task), "stopped": model.stopped,
        })  # fmt: skip
    return found


def _one(tpt: TPT48, task: Task, kind: Any, config: AdaptConfig, seed: int) -> Any:
    rows = windows(tpt, task, kind)
    data = DomainData.hide(rows.x, rows.domain, rows.y, tpt.graph, rows.sources)
    zeros = np.zeros((data.num_domains, 1), np.float32) if config.embedding.method == "given" else None
    model = adapt(data, config, seed, domain_vectors=zeros)
    return evaluate_domains(model.predict(data.x, data.domain), rows.y, data), data, model


def _weights(tpt: TPT48, task: Task, epochs: int) -> dict[str, float]:
    """For each method the weight with the least error on held-out rows of the sources."""
    chosen = {}
    for method, weights in WEIGHTS.items():
        errors = {}
        for weight in weights:
            config = AdaptConfig(
                method=method, taught=None, alignment_weight=weight, stop=StopConfig(epochs=epochs)  # type: ignore[arg-type]
            )  # fmt: skip
            # A run whose last epochs had to be calmed down has no error to offer and is not chosen.
            last = _one(tpt, task, "sliding", config, 100)[2].history[-1]
            errors[weight] = last.get("source_validation", float("inf"))
        chosen[method] = min(weights, key=lambda weight: errors[weight])
    return chosen


def _levels(by_hop: Mapping[int, float], per_domain: np.ndarray, tpt: TPT48, task: Task) -> dict[str, float]:
    hops = tpt.graph.hops(windows(tpt, task).sources)
    sides = {"1": hops == 1, "2": hops == 2, "3+": hops >= 3}
    return {level: float(per_domain[rows].mean()) for level, rows in sides.items()}


def _simple(tpt: TPT48, task: Task) -> dict[str, float]:
    """What needs no network: the sources' mean July to December, and a ridge regression on either kind of window."""
    from sklearn.linear_model import Ridge

    found = {}
    for kind in ("sliding", "yearly"):
        rows = windows(tpt, task, kind)  # type: ignore[arg-type]
        data = DomainData.hide(rows.x, rows.domain, rows.y, tpt.graph, rows.sources)
        ridge = Ridge(1.0).fit(rows.x[data.labelled], data.y[data.labelled])
        found[f"ridge, {kind}"] = evaluate_domains(ridge.predict(rows.x), rows.y, data).target_mean
    constant = np.broadcast_to(data.y[data.labelled].mean(axis=0), rows.y.shape)
    return found | {"mean of the sources' years": evaluate_domains(constant, rows.y, data).target_mean}


def _print(task: str, found: Mapping[str, Any]) -> None:
    print(f"TPT-48 {task}, mean {found['mean']:.2f} F, sd {found['sd']:.2f} F, weights {found['weights']}")
    for name, value in found["simple"].items():
        print(f"  {name:42s} {value:.3f}")
    base: dict[str, float] = {}
    for name in dict.fromkeys(run["method"] for run in found["runs"]):
        runs = [run for run in found["runs"] if run["method"] == name]
        values = [run["target"] for run in runs]
        kind = name.partition(",")[2]
        base.setdefault(kind, float(np.mean(values)))
        levels = " ".join(
            f"{np.mean([run['by_level'][level] for run in runs]):.3f}" for level in ("1", "2", "3+")
        )
        ratio = np.mean(values) / base[kind]
        print(
            f"  {name:42s} {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}  {levels}  of source-only {ratio:.2f}"
        )
