"""The incremental user memory against other views of a user's past, on two logs cut by one clock.

    python benchmarks/user_memory.py [--data ml-100k rechorus_grocery] [--seeds 5]

Every event of the test part is foretold, over the whole catalogue less what the user had, from events strictly
before it; a memory goes on learning its user's events through the test, as in service, while all that is trained
stays as it was. Item vectors come from the oldest part of the log, everything else is learned on the next one, and
validation on the one after it chooses settings and passes of every method alike. Two settings: without a request,
and with one (a genre of the film, the product group of the grocery). Every rival is the memory's own mixture with
one part of the past left in, so that a gain is the history's and not the request's or popularity's.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
from _common import print_table, read_results, stopwatch, write_results
from _memory_data import DAY, HOUR, Float, Int, Timed, load
from _memory_rivals import FullAttention, LastItem, NoHistory, Pooled, examples_of, moving_average

from graphrec.ranking.memory import MemoryShape, UserMemory
from graphrec.ranking.memory_mixing import MemoryMixing
from graphrec.training.memory import MemoryConfig, MemoryTrainer
from graphrec.training.memory_examples import Examples
from graphrec.training.memory_network import MemoryNetwork

HALF_LIVES: dict[str, tuple[tuple[float, ...], ...]] = {
    "ml-100k": ((HOUR, DAY, np.inf), (300.0, DAY, np.inf)),
    "rechorus_grocery": ((DAY, 30 * DAY, np.inf), (7 * DAY, 90 * DAY, np.inf)),
}
"""What the memory chooses from: minutes to a day for films, rated in sittings; days to months for groceries."""
LASTING = ((np.inf,),)
RATES = {"ml-100k": 5e-3, "rechorus_grocery": 2e-2}
"""One for all methods of a log: the larger catalogue learns more slowly."""
SHARES = (0.1, 0.3, 0.6)
ALL = 100_000  # a window that holds every event
SETTINGS = ("no request", "request")
LENGTHS = (10, 100, 1_000, 10_000)
MEMORY = "memory"


@dataclass(frozen=True)
class Method:
    """One row.

    Args:
        network: what reads the past.
        windows: events that it sees one by one, to choose from.
        half_lives: to choose from; None takes the memory's.
        shares: moving averages to choose from.
        seeds: at most.
    """

    network: type[MemoryNetwork]
    windows: tuple[int, ...] = (1,)
    half_lives: tuple[tuple[float, ...], ...] | None = LASTING
    shares: tuple[float | None, ...] = (None,)
    seeds: int = 5


METHODS: dict[str, Method] = {
    "no history": Method(NoHistory),
    "mean of history": Method(Pooled),
    "last item": Method(LastItem),
    "moving average": Method(Pooled, shares=SHARES),
    MEMORY: Method(MemoryNetwork, (16,), None),
    "full-history attention": Method(FullAttention, (ALL,), seeds=1),
}


@dataclass
class Outcome:
    """What a method did on one part: places of the right items, and whether the right group came first."""

    ranks: Int
    groups: Int

    def metrics(self) -> dict[str, float]:
        found = {"mrr": float((1.0 / self.ranks).mean()), "group_accuracy": float(self.groups.mean())}
        for k in (10, 20):
            inside = self.ranks <= k
            found[f"recall@{k}"] = float(inside.mean())
            found[f"ndcg@{k}"] = float((inside / np.log2(1.0 + self.ranks)).mean())
        return found


@dataclass
class Study:
    """One log in one setting."""

    data: Timed
    setting: str
    seeds: int
    epochs: int
    sizes: Sequence[int]
    _built: dict[Any, tuple[Examples, MemoryShape]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        examples, _ = self.examples(LASTING[0], None)
        log, cuts = examples.log, self.data.cuts
        known = np.isin(log.items, self.data.items[self.data.times <= cuts[1]])
        usable = known & (examples.stop > examples.start)
        rows = np.arange(len(log))
        parts = [
            rows[usable & (log.times > low) & (log.times <= high)] for low, high in pairwise((*cuts, np.inf))
        ]
        rng = np.random.default_rng(0)
        self.train, self.valid, self.test = (
            np.sort(rng.permutation(part)[:size]) for part, size in zip(parts, self.sizes, strict=True)
        )
        self.group_vectors = self.data.group_vectors()
        self.group_of = self.data.group_of()
        size = self.group_of.max() + 1
        self.membership = torch.zeros(len(self.group_of), size)
        self.membership[torch.arange(len(self.group_of)), torch.from_numpy(self.group_of)] = 1.0

    def examples(self, half_lives: tuple[float, ...], share: float | None) -> tuple[Examples, MemoryShape]:
        """Histories as a method reads them; kept, since most methods share them."""
        key = (half_lives, share)
        if key not in self._built:
            examples, shape = examples_of(self.data, half_lives)
            if self.setting == SETTINGS[0]:
                log = replace(examples.log, requests=np.full(len(examples.log), -1))
                examples = replace(examples, log=log)
            if share is not None:
                examples = moving_average(examples, self.data.vectors, share)
            self._built[key] = examples, shape
        return self._built[key]

    def trainer(self, method: Method, choice: Mapping[str, Any], seed: int, epochs: int) -> MemoryTrainer:
        examples, shape = self.examples(choice["half_lives"], choice["share"])
        shape = replace(shape, window=choice["window"])
        network = method.network(self.data.vectors, shape, 4, self.data.popularity, seed)
        config = MemoryConfig(
            window=shape.window, half_lives=shape.half_lives, learning_rate=choice["rate"], epochs=epochs,
            patience=2, negatives=2000, drop_events=0.0,
        )  # fmt: skip
        return MemoryTrainer(network, examples, self.group_vectors, config, seed)

    @torch.no_grad()
    def outcome(self, trainer: MemoryTrainer, rows: Int) -> Outcome:
        """Ranks over the whole catalogue."""
        ranks, groups = [], []
        for places in np.array_split(np.arange(len(rows)), -(-len(rows) // 256)):
            part = rows[places]
            users = trainer.vectors(part)
            targets = torch.from_numpy(trainer.examples.log.items[part])
            scores = trainer.without_seen(trainer.network.scores(users), part, keep=targets)
            ranks.append((scores >= scores.gather(1, targets[:, None])).sum(dim=1).numpy())
            best = (torch.softmax(scores, dim=1) @ self.membership).argmax(dim=1).numpy()
            groups.append(best == self.group_of[targets.numpy()])
        return Outcome(np.concatenate(ranks), np.concatenate(groups))

    def choose(self, method: Method) -> dict[str, Any]:
        """Settings with the best validation MRR after one pass per stage, seed 0."""
        pasts = product(method.shares, method.half_lives or HALF_LIVES[self.data.name], method.windows)
        rate = RATES[self.data.name]
        choices = [{"share": s, "half_lives": h, "window": w, "rate": rate} for s, h, w in pasts]
        return self._best(method, choices, 1) if len(choices) > 1 else choices[0]

    def _best(self, method: Method, choices: list[dict[str, Any]], epochs: int) -> dict[str, Any]:
        quality = [self.trainer(method, choice, 0, epochs).fit(self.train, self.valid) for choice in choices]
        return choices[int(np.argmax(quality))]

    def run(self, method: Method) -> tuple[dict[str, Any], list[Outcome]]:
        """The chosen settings with every seed, on the test part."""
        with stopwatch() as seconds:
            chosen = self.choose(method)
            outcomes, validation, residual = [], [], []
            for seed in range(min(self.seeds, method.seeds)):
                trainer = self.trainer(method, chosen, seed, self.epochs)
                validation.append(trainer.fit(self.train, self.valid))
                residual.append(float(trainer.network.scale.detach()))
                outcomes.append(self.outcome(trainer, self.test))
        shown = {**chosen, "half_lives": ["never" if h == np.inf else h for h in chosen["half_lives"]]}
        mix = np.round(trainer.network.mix.detach().numpy(), 2).tolist()
        found = {"chosen": shown, "valid_mrr": validation, "residual": residual, "mix": mix}
        return found | {"seconds": seconds[0], "test": _listed(outcomes)}, outcomes


def _listed(outcomes: list[Outcome]) -> dict[str, list[float]]:
    each = [outcome.metrics() for outcome in outcomes]
    return {name: [metrics[name] for metrics in each] for name in each[0]}


def gain(ours: list[Outcome], other: list[Outcome], users: Int) -> dict[str, float]:
    """Relative gain in MRR, with the standard error of the difference over users (events of one are no
    independent draws), both averaged over seeds.
    """
    first, second = (np.mean([1.0 / outcome.ranks for outcome in each], axis=0) for each in (ours, other))
    centred = (first - second) - (first - second).mean()
    error = float(np.sqrt(np.square(np.bincount(users, centred)).sum()) / len(users))
    base = float(second.mean())
    return {"relative": float(first.mean()) / base - 1.0, "standard_error": error / base}


def study(name: str, arguments: argparse.Namespace) -> None:
    """Both settings of one log; rows are written as they come."""
    data = load(name)
    for setting in arguments.settings:
        work = Study(data, setting, arguments.seeds, arguments.epochs, arguments.sizes)
        before = read_results("user_memory").get("logs", {}).get(name, {}).get(setting, {})
        rows: dict[str, Any] = before.get("rows", {})
        gains: dict[str, Any] = before.get("gain_of_memory", {})
        kept: dict[str, list[Outcome]] = {}
        for label in (label for label in METHODS if label in arguments.methods):
            rows[label], kept[label] = work.run(METHODS[label])
            shown = rows[label]["test"]["mrr"]
            print(
                f"{name}, {setting}: {label} {statistics.fmean(shown):.4f} {rows[label]['chosen']}",
                file=sys.stderr,
            )
            users = work.examples(LASTING[0], None)[0].log.users[work.test]
            if MEMORY in kept:
                gains |= {o: gain(kept[MEMORY], kept[o], users) for o in kept if o != MEMORY}
            sizes = {"train": len(work.train), "valid": len(work.valid), "test": len(work.test),
                     "test_users": len(np.unique(users)), "items": len(data.vectors)}  # fmt: skip
            record(name, setting, {"sizes": sizes, "rows": rows, "gain_of_memory": gains})
            gc.collect()
        show(name, setting)


def record(name: str, setting: str, found: Mapping[str, Any]) -> None:
    """Put one setting into the results file; what else stands there stays."""
    results = read_results("user_memory")
    results.setdefault("logs", {}).setdefault(name, {})[setting] = found
    write_results("user_memory", results)


def show(name: str, setting: str) -> None:
    """The table of one log and setting."""
    found = read_results("user_memory")["logs"][name][setting]
    metrics = ("mrr", "recall@10", "recall@20", "ndcg@10", "group_accuracy")
    lines = [
        [label, *(row["test"][metric] for metric in metrics), _percent(found["gain_of_memory"].get(label))]
        for label, row in found["rows"].items()
    ]
    print_table(f"{name}, {setting}", ["method", *metrics, "memory gains (MRR)"], lines)


def _percent(value: Mapping[str, float] | None) -> str:
    if value is None:
        return ""
    error = value.get("standard_error")
    return f"{value['relative']:+.1%}" + ("" if error is None else f" ± {error:.1%}")


def costs(dim: int = 64) -> None:
    """Microseconds per update and per read after histories of several lengths; the lowest of many, since the
    machine is shared.
    """
    rng = np.random.default_rng(0)
    items = rng.normal(size=(1000, dim)).astype(np.float32)
    shape = MemoryShape(dim, 16, (DAY, 30 * DAY))
    mixing = MemoryNetwork(items, shape, 4, np.zeros(1000, np.float32)).export()
    found = {}
    for length in LENGTHS:
        chosen = rng.integers(0, 1000, length)
        memory = UserMemory(shape)
        for number, item in enumerate(chosen.tolist()):
            memory.update(items[item], 60.0 * number, key=number)
        found[str(length)] = _timed(memory, mixing, items[chosen], 60.0 * length)
    record_costs(found)


def _timed(memory: UserMemory, mixing: MemoryMixing, events: Float, now: float) -> dict[str, float]:
    ages = np.arange(len(events), 0, -1) * np.float32(60.0)
    none, asked = events[:0], mixing.ask
    attending = replace(mixing, scale=np.ones(1, np.float32))
    state = sum(array.nbytes for array in memory.arrays().values())
    return {
        "update_us": _fastest(lambda: memory.update(events[0], now, key=1)),
        "read_us": _fastest(lambda: mixing.user_vector(memory.read(now), asked)),
        "read_with_residual_us": _fastest(lambda: attending.user_vector(memory.read(now), asked)),
        "full_attention_read_us": _fastest(lambda: mixing.second(asked, none, events, ages)),
        "state_bytes": state,
        "full_history_bytes": events.nbytes,
    }


def _fastest(call: Callable[[], object], seconds: float = 0.5) -> float:
    def laps() -> Iterator[float]:
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            call()
            yield time.perf_counter() - start

    return 1e6 * min(laps())


def record_costs(found: Mapping[str, Mapping[str, float]]) -> None:
    """Write and print the costs."""
    results = read_results("user_memory")
    write_results("user_memory", results | {"cost": found})
    names = list(next(iter(found.values())))
    lines = [[length, *(f"{row[name]:,.0f}" for name in names)] for length, row in found.items()]
    print_table("cost by events remembered", ["events", *names], lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="*", default=list(HALF_LIVES), help="none: measure the costs alone")
    parser.add_argument("--settings", nargs="*", default=SETTINGS, choices=SETTINGS)
    parser.add_argument("--methods", nargs="*", default=[*METHODS], help="rows to run, the others stay")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=8)
    sizes = {"nargs": 3, "type": int, "default": [8_000, 1_500, 5_000]}
    parser.add_argument("--sizes", help="events at most to train, validate and test with", **sizes)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.data:
        costs()
    for name in arguments.data:
        study(name, arguments)


if __name__ == "__main__":
    main()
