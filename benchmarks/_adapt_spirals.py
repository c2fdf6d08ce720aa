"""DG-15, DG-60 and fresh spirals: the adaptation methods beside each other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from _common import need_data

from graphrec.adapt.config import AdaptConfig, StopConfig, TaughtConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_sampling import DomainBatch, DomainBatches
from graphrec.adapt.evaluate import evaluate_domains
from graphrec.adapt.stopping import agreement
from graphrec.adapt.trainer import adapt
from graphrec.datasets.domain_spiral import DomainSpiral, domain_spiral, read_dg

WEIGHTS: Mapping[str, Sequence[float]] = {
    "grda": (0.05, 0.2, 1.0), "dann": (0.1, 0.5, 2.0), "cdann": (0.1, 0.5, 2.0), "adda": (0.1, 0.5, 2.0),
    "mdd": (0.1, 0.5, 2.0),
}  # fmt: skip
"""What each method may choose from: the same number of settings for all."""
RELEASED = "GRDA, rows paired by place (labels leak)"
OURS = "GRDA, labels along the graph"


class PlacedBatches(DomainBatches):
    """The released code's batches: the same places in every domain, in the file's order: places tell classes."""

    def epoch(self) -> Iterator[DomainBatch]:
        size = min(len(pool) for pool in self.pools.values())
        order = self.generator.permutation(size)
        rows = np.stack([np.sort(self.pools[number])[:size] for number in self.numbers.tolist()])
        for start in range(0, size, self.batch):
            yield DomainBatch(self.numbers, len(self.numbers), rows[:, order[start : start + self.batch]])


def rows_of(weights: Mapping[str, float], epochs: int) -> dict[str, AdaptConfig]:
    """The table's rows; every run has the same network, rates and most epochs."""
    stop = StopConfig(epochs=epochs)
    plain = {
        "source-only": AdaptConfig(method="source_only", taught=None, stop=stop),
        **{
            name: AdaptConfig(method=method, taught=None, alignment_weight=weights[method], stop=stop)  # type: ignore[arg-type]
            for name, method in (("DANN", "dann"), ("CDANN", "cdann"), ("ADDA", "adda"), ("MDD", "mdd"))
        },
        "GRDA, rows drawn apart": AdaptConfig(taught=None, alignment_weight=weights["grda"], stop=stop),
        RELEASED: AdaptConfig(
            taught=None, pairs="slots", self_pairs=False, discriminator_form="dot", validation=0.0, stop=stop
        ),
    }
    taught = TaughtConfig()
    return plain | {
        "source-only, labels along the graph": AdaptConfig(method="source_only", taught=taught, stop=stop),
        "DANN, labels along the graph": AdaptConfig(
            method="dann", taught=taught, alignment_weight=weights["dann"], stop=stop
        ),
        OURS: AdaptConfig(stop=stop),
    }


def data_of(spiral: DomainSpiral) -> DomainData:
    """The spiral with the labels of its targets hidden."""
    return DomainData.hide(spiral.x, spiral.domain, spiral.labels, spiral.graph, spiral.sources)


def choose_weights(spiral: DomainSpiral, epochs: int) -> dict[str, float]:
    """For each method the weight with which two seeds agree most on the targets: no target label is seen.

    Accuracy on held-out source rows cannot choose: it is 100 % everywhere.
    """
    data = data_of(spiral)
    targets = np.isin(data.domain, data.targets)
    chosen = {}
    for method, weights in WEIGHTS.items():
        found = {}
        for weight in weights:
            config = AdaptConfig(
                method=method, taught=None, alignment_weight=weight, stop=StopConfig(epochs=epochs)  # type: ignore[arg-type]
            )  # fmt: skip
            told = [
                adapt(data, config, 100 + seed).predict(data.x, data.domain)[targets] for seed in range(2)
            ]
            found[weight] = float(np.mean([agreement(one, other) for one, other in combinations(told, 2)]))
        chosen[method] = max(weights, key=lambda weight: found[weight])
        print(f"  {method}: agreement {found}, chosen {chosen[method]}", flush=True)
    return chosen


def run_row(name: str, config: AdaptConfig, spiral: DomainSpiral, seed: int) -> dict[str, Any]:
    """One run, scored on the labels that it never saw."""
    data, started = data_of(spiral), time.perf_counter()
    batches = None
    if name == RELEASED:
        batches = PlacedBatches(data, data.num_domains, config.batch, np.ones(len(data.x), bool), seed)
    model = adapt(data, config, seed, batches=batches)
    seconds = time.perf_counter() - started
    scores = evaluate_domains(model.predict(data.x, data.domain), spiral.labels, data)
    return {
        "method": name, "seed": seed, "target": 100 * scores.target_mean, "source": 100 * scores.source_mean,
        "by_hop": {hop: 100 * score for hop, score in scores.by_hop.items()}, "seconds": seconds,
        "stopped": model.stopped, "adversary_of_chance": model.history[-1].get("adversary_of_chance"),
        "agreement": model.history[-1].get("agreement"),
    }  # fmt: skip


def run_published(name: str, weights: Mapping[str, float], seeds: int, epochs: int) -> list[dict[str, Any]]:
    """All rows on the file of DG-15 or DG-60, seeds 0 and on."""
    path = need_data(f"grda/{name}.npz")
    in_order, shuffled = read_dg(path), read_dg(path, shuffle=0)
    found = []
    for row, config in rows_of(weights, epochs).items():
        spiral = in_order if row == RELEASED else shuffled
        runs = [run_row(row, config, spiral, seed) for seed in range(seeds)]
        found += runs
        targets = [run["target"] for run in runs]
        print(f"  {name} {row:42s} {np.mean(targets):6.2f} ± {np.std(targets, ddof=1):.2f}", flush=True)
    return found


def run_fresh(num_domains: int, graphs: int, epochs: int) -> list[dict[str, Any]]:
    """The default on spirals that no one has seen, one per seed; domains without a path to a source count as well."""
    found = []
    for seed in range(1, graphs + 1):
        spiral = domain_spiral(num_domains, seed)
        run = run_row(OURS, AdaptConfig(stop=StopConfig(epochs=epochs)), spiral, seed)
        data = data_of(spiral)
        found.append(run | {"unreachable": int((data.hops < 0).sum())})
        print(f"  DG-{num_domains} fresh {seed:2d} {run['target']:6.2f} {run['by_hop']}", flush=True)
    return found
