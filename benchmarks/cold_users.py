"""New users of the recipe data: 0 to 20 known choices, or likes they told us, beside tuned baselines.

    python benchmarks/cold_users.py               # three draws of 150 unseen users
    python benchmarks/cold_users.py --draws 1

Each draw takes 150 other users with at least 30 recipes out of all training. k of their recipes are shown (twice,
other ones each time), the rest has to be found in the whole catalogue. Everything is chosen on 200 users who are in
none of the draws, by models that saw neither them nor any test user: the settings of each baseline, for each k by
itself, and our shares. Then all is trained once more on everybody but the draw's 150. Finished draws are kept in the
results file, and an interrupted run goes on from there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _cold_users_data import DRAWS, Draw, Told, draw_of
from _cold_users_rivals import RIVALS, Settings
from _common import print_table, read_results, write_results
from recipes import load_snapshot

from graphrec.bundle import Bundle, Part
from graphrec.models.registry import create_model
from graphrec.ranking.cold_users import ColdUsers
from graphrec.ranking.served import served_scores
from graphrec.sparse import CSR
from graphrec.store.columns import TrainData
from graphrec.training.cold_users_fit import ColdUsersConfig, ColdUsersFit, fit_cold_users
from graphrec.training.newcomers import Newcomers

KS = (0, 1, 3, 5, 10, 20)
LIKED = (1, 2, 3)
DEPTH = 20
LIKES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Choices that a taught like may count for; validation chooses."""
OURS, TOWER = "ours", "its tower alone"
EASE_AT = 10
"""Our bundle carries the EASE that was best at this k."""

Float = np.ndarray[Any, np.dtype[np.floating[Any]]]


@dataclass(frozen=True, eq=False)
class Measured:
    """Recall and NDCG per user, `[2, users]`, mean over the times that a user was shown."""

    values: Float

    @classmethod
    def of(cls, group: Newcomers, scores: Float) -> Measured:
        """Rank and compare; rows of one user follow each other."""
        each = group.per_user(scores, DEPTH)
        return cls(each.reshape(2, -1, group.times).mean(axis=2))

    def against(self, other: Measured) -> dict[str, list[float]]:
        """Mean difference and its standard error over users, of recall and of NDCG."""
        gap = self.values - other.values
        error = gap.std(axis=1, ddof=1) / np.sqrt(gap.shape[1])
        return {"difference": gap.mean(axis=1).tolist(), "standard_error": error.tolist()}


def rivals(draw: Draw) -> dict[str, dict[int, Settings]]:
    """The best setting of each baseline for each k, by the validation users."""
    chosen: dict[str, dict[int, Settings]] = {}
    for label, (fit, grid) in RIVALS.items():
        found: dict[int, list[float]] = {k: [] for k in KS if k or label == "popularity"}
        for settings in grid:
            rival = fit(draw.tuning, settings)
            for k, values in found.items():
                quality = draw.valid[k].quality(rival.scores(draw.valid[k]), DEPTH)
                values.append(float((quality / draw.floor(k)).mean()))
        chosen[label] = {k: dict(grid[int(np.argmax(values))]) for k, values in found.items()}
    return chosen


def ease(train: CSR, ridge: float) -> Part:
    """EASE as a bundle carries it."""
    (part,) = create_model("ease", {"ridge": ridge}).fit(TrainData(train, None, None)).parts()
    return part


@dataclass(frozen=True, eq=False)
class Tuned:
    """What the validation users chose, the same for all draws."""

    rivals: dict[str, dict[int, Settings]]
    fit: ColdUsersFit
    like: float
    ridge: float

    @classmethod
    def of(cls, draw: Draw) -> Tuned:
        """Choose, without any test user of any draw."""
        started = time.process_time()
        chosen = rivals(draw)
        tell(started, "baselines chosen")
        ridge = float(chosen["EASE fold-in"][EASE_AT]["ridge"])
        part = ease(draw.tuning, ridge)
        fit = fit_cold_users([part], draw.tuning, draw.held, ColdUsersConfig())
        assert fit is not None
        tell(started, "shares learned")
        like = best_like(draw, draw.bundle([part], fit.cold, draw.tuning), fit.cold)
        tell(started, "likes weighed")
        return cls(chosen, replace(fit, cold=replace(fit.cold, like=like)), like, ridge)

    def to_json(self) -> dict[str, Any]:
        """For the results file."""
        return self.rivals | {OURS: self.fit.chosen | {"ridge": self.ridge, "like": self.like}}


def run(draw: Draw, tuned: Tuned, seed: int) -> dict[str, Any]:
    """One draw: train on all but its test users, and look at those once."""
    started = time.process_time()
    measured = measure_rivals(draw, tuned.rivals)
    tell(started, "baselines measured")
    cold = replace(tuned.fit, seed=seed).refit(draw.final)
    bundle = draw.bundle([ease(draw.final, tuned.ridge)], cold, draw.final)
    times: list[float] = []
    for k in KS:
        group = draw.test[k]
        measured[OURS, k] = Measured.of(group, served(bundle, group, times))
        if k:
            measured[TOWER, k] = Measured.of(group, group.scores(cold.own[0]))
    told = measure_likes(draw.told, bundle, draw)
    tell(started, f"draw {seed} done")
    return {
        "test": table(measured), "paired": paired(measured), "told": told,
        "score_ms": {"p50": float(np.percentile(times, 50)), "p99": float(np.percentile(times, 99))},
        "processor_seconds": round(time.process_time() - started),
    }  # fmt: skip


def tell(started: float, what: str) -> None:
    """Progress on stderr."""
    print(f"{what}: {time.process_time() - started:.0f} s of processor time", file=sys.stderr, flush=True)


def measure_rivals(draw: Draw, chosen: Mapping[str, Mapping[int, Settings]]) -> dict[Any, Measured]:
    """Each baseline on the test users, with the setting chosen for each k."""
    measured: dict[Any, Measured] = {}
    for label, by_k in chosen.items():
        for settings in {str(s): s for s in by_k.values()}.values():
            rival = RIVALS[label][0](draw.final, settings)
            for k in [k for k, s in by_k.items() if s == settings]:
                measured[label, k] = Measured.of(draw.test[k], rival.scores(draw.test[k]))
    return measured


def served(bundle: Bundle, group: Newcomers, times: list[float]) -> Float:
    """Scores as a request would get them, and the milliseconds of each."""
    score: Callable[[Any, Any], Float] = served_scores(bundle)
    rows = []
    for history in group.histories:
        started = time.perf_counter()
        rows.append(score(None, history))
        times.append(1e3 * (time.perf_counter() - started))
    return np.stack(rows)


def best_like(draw: Draw, bundle: Bundle, cold: ColdUsers) -> float:
    """What a taught like should count for, by the validation users."""
    quality = []
    for like in LIKES:
        tried = replace(bundle, extra=replace(cold, like=like).arrays())
        found = [draw.valid_told.quality(tried, count, DEPTH).mean(axis=1) for count in LIKED]
        quality.append(float((np.mean(found, axis=0) / draw.floor(0)).mean()))
    return LIKES[int(np.argmax(quality))]


def measure_likes(told: Told, bundle: Bundle, draw: Draw) -> dict[str, Any]:
    """No choices, some likes: popularity, likes as a bonus alone (as before), and as evidence as well."""
    out: dict[str, Any] = {"popularity": draw.test_floor(0).tolist()}
    plain = replace(bundle, extra={})
    for count in LIKED:
        bonus, ours = (told.quality(b, count, DEPTH) for b in (plain, bundle))
        out[str(count)] = {
            "bonus": bonus.mean(axis=1).tolist(), OURS: ours.mean(axis=1).tolist(),
            **Measured(ours).against(Measured(bonus)),
        }  # fmt: skip
    return out


def table(measured: Mapping[Any, Measured]) -> dict[str, dict[int, list[float]]]:
    """Recall and NDCG by model and k."""
    out: dict[str, dict[int, list[float]]] = {}
    for (label, k), found in measured.items():
        out.setdefault(label, {})[k] = found.values.mean(axis=1).tolist()
    return out


def paired(measured: Mapping[Any, Measured]) -> dict[str, dict[int, Any]]:
    """Ours minus each baseline, over users."""
    out: dict[str, dict[int, Any]] = {}
    for (label, k), found in measured.items():
        if label != OURS:
            out.setdefault(label, {})[k] = measured[OURS, k].against(found)
    return out


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over draws, and ours minus the baseline that is best on the test users themselves."""
    out: dict[str, Any] = {}
    for place, metric in enumerate((f"recall@{DEPTH}", f"ndcg@{DEPTH}")):
        for k in map(str, KS):
            values = {
                label: [run["test"][label][k][place] for run in runs]
                for label in runs[0]["test"] if k in runs[0]["test"][label]
            }  # fmt: skip
            best = max(
                (label for label in values if label in RIVALS),
                key=lambda label: statistics.fmean(values[label]),
            )
            gaps = [run["paired"][best][k] for run in runs]
            error = float(np.sqrt(sum(gap["standard_error"][place] ** 2 for gap in gaps))) / len(gaps)
            out.setdefault(metric, {})[k] = {
                "values": values, "best_baseline": best,
                "difference": statistics.fmean(gap["difference"][place] for gap in gaps),
                "standard_error": error,
            }  # fmt: skip
    return out


def show(found: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> None:
    """The tables."""
    labels = [*RIVALS, TOWER, OURS]
    for metric, by_k in found.items():
        lines = [[label, *(by_k[str(k)]["values"].get(label, []) for k in KS)] for label in labels]
        print_table(f"{metric}, mean ± sd over draws", ["model", *(f"k = {k}" for k in KS)], lines)
        gaps = [[k, v["best_baseline"], f"{v['difference']:+.4f} ± {v['standard_error']:.4f}"]
                for k, v in by_k.items()]  # fmt: skip
        print_table(f"{metric}, ours minus the best baseline", ["k", "baseline", "± standard error"], gaps)
    for place, metric in enumerate(found):
        lines = [["popularity", *[[run["told"]["popularity"][place] for run in runs]] * len(LIKED)]]
        lines += [
            [label, *([run["told"][str(n)][label][place] for run in runs] for n in LIKED)]
            for label in ("bonus", OURS)
        ]
        print_table(
            f"{metric}, no choices but likes", ["likes count as", *(f"{n} likes" for n in LIKED)], lines
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--draws", type=int, default=DRAWS, choices=range(1, DRAWS + 1))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "graphrec-recipes")
    options = parser.parse_args()
    snapshot = load_snapshot(options.work)
    results = read_results("cold_users")
    runs = results.setdefault("draws", {})
    tuned: Tuned | None = None
    for seed in range(options.draws):
        if str(seed) in runs:
            continue
        draw = draw_of(snapshot, seed, KS)
        if tuned is None:
            tuned = Tuned.of(draw)
            results["chosen"] = tuned.to_json()
        runs[str(seed)] = run(draw, tuned, seed)
        write_results("cold_users", results)
        results = read_results("cold_users")  # keys as JSON has them
        runs = results["draws"]
    done = [runs[seed] for seed in sorted(runs, key=int)]
    results["summary"] = summary(done)
    show(results["summary"], done)
    write_results("cold_users", results)


if __name__ == "__main__":
    main()
