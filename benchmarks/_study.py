"""A study: rows (models and ablations) times seeds, kept in one JSON file that an interrupted run goes on from."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from _common import RESULTS, print_table, read_results, stopwatch, write_results

from graphrec.evaluation import Split, evaluate
from graphrec.models.base import Model, TrainData
from graphrec.models.registry import create_model

Change = Callable[[TrainData, int], TrainData]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        settings: of the model, fixed before the test set is looked at.
        change: what happens to the training data first (another knowledge graph, noise), given the seed.
        seeds: how many; closed-form models need one.
    """

    label: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    change: Change | None = None
    seeds: int | None = None


class Study:
    """Runs rows and remembers what is done.

    Args:
        name: of the results file.
        split_of: the split for a seed.
        ks: list lengths; metrics kept are recall, ndcg, mrr and hit rate.
        refit: after early stopping, train on training and validation rows for as many epochs.
    """

    def __init__(
        self, name: str, split_of: Callable[[int], Split], *, ks: Sequence[int], refit: bool, seeds: int
    ) -> None:
        self.name, self.split_of, self.ks, self.refit, self.seeds = name, split_of, ks, refit, seeds
        self.results: dict[str, Any] = read_results(name) if (RESULTS / f"{name}.json").is_file() else {}
        self.per_user: dict[str, dict[int, Any]] = {}

    def run(self, rows: Sequence[Row]) -> None:
        """Every row with every seed; finished ones are taken from the file when their settings are the same."""
        for row in rows:
            table = self.results.setdefault("rows", {})
            known = table.get(row.label)
            settings = json.loads(json.dumps(dict(row.settings)))
            if known is None or known["settings"] != settings or known["model"] != row.model:
                known = table[row.label] = {"model": row.model, "settings": settings, "runs": {}}
            for seed in range(row.seeds or self.seeds):
                if str(seed) not in known["runs"]:
                    known["runs"][str(seed)] = self._one(row, seed)
                    write_results(self.name, self.results)

    def _one(self, row: Row, seed: int) -> dict[str, Any]:
        split = self.split_of(seed)
        with stopwatch() as seconds:
            first, final = self.fit_both(row, seed, split)
        return self.record(f"{row.label} seed {seed}", first, final, split, seconds[0])

    def fit_both(self, row: Row, seed: int, split: Split) -> tuple[Any, Any]:
        """The model that validation stopped, and the one the test is put to."""
        change = row.change or (lambda data, _: data)
        first = fit(row.model, row.settings, change(split.train_data(), seed), seed)
        if not self.refit:
            return first, first
        epochs = getattr(first, "best_epoch", None)
        settings = dict(row.settings) | ({"epochs": epochs} if epochs else {})
        return first, fit(row.model, settings, change(split.train_data(include_valid=True), seed), seed)

    def record(self, label: str, first: Any, final: Any, split: Split, seconds: float) -> dict[str, Any]:
        """What is kept of one run: validation of the first model, test of the final one."""
        valid = evaluate(first, split, on="valid", ks=self.ks, slices=False).metrics
        test = evaluate(final, split, ks=self.ks)
        names = [f"{metric}@{k}" for k in self.ks for metric in ("recall", "ndcg", "mrr", "hit_rate")]
        main = f"recall@{self.ks[0]}"
        print(
            f"{label}: valid {valid[main]:.4f} test {test.metrics[main]:.4f} "
            f"/ {test.metrics[f'ndcg@{self.ks[0]}']:.4f} ({seconds:.0f} s)",
            file=sys.stderr,
        )
        return {
            "test": {name: test.metrics[name] for name in [*names, *(f"coverage@{k}" for k in self.ks)]},
            "standard_error": {name: test.standard_error(name) for name in names},
            "valid": {name: valid[name] for name in names},
            "slices": {
                part: {name: values[name] for name in names if name in values}
                for part, values in test.slices.items()
            },
            "epochs": getattr(first, "best_epoch", None),
            "seconds": round(seconds, 1),
            "per_user": [round(float(value), 4) for value in test.per_user[main]],
        }

    def values(self, label: str, metric: str, part: str = "test") -> list[float]:
        """One number per seed."""
        runs = self.results["rows"][label]["runs"]
        return [float(runs[seed][part][metric]) for seed in sorted(runs, key=int)]

    def paired(self, label: str, other: str) -> dict[str, float]:
        """Mean difference of the first recall over users, on the seeds (and so splits) that both have, with
        its standard error.
        """
        rows = self.results["rows"]
        common = sorted(set(rows[label]["runs"]) & set(rows[other]["runs"]), key=int)
        first, second = (self._user_means(name, common) for name in (label, other))
        difference = first - second
        error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
        mean = float(difference.mean())
        return {"difference": mean, "standard_error": error, "t": mean / error if error else 0.0}

    def _user_means(self, label: str, seeds: Sequence[str]) -> Any:
        """Recall per user, mean over the given seeds."""
        runs = self.results["rows"][label]["runs"]
        return np.mean([runs[seed]["per_user"] for seed in seeds], axis=0)

    def table(self, labels: Sequence[str], metrics: Sequence[str], title: str) -> None:
        """Mean and standard deviation over seeds."""
        lines = [[label, *(self.values(label, name) for name in metrics)] for label in labels]
        print_table(title, ["model", *metrics], lines)


def fit(name: str, settings: Mapping[str, Any], data: TrainData, seed: int) -> Model:
    """A registered model on the given data."""
    return create_model(name, settings).fit(data, seed=seed)
