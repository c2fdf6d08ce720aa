"""What an epoch costs as the number of domains grows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from _adapt_spirals import data_of

from graphrec.adapt.config import AdaptConfig, StopConfig
from graphrec.adapt.taught import teach
from graphrec.adapt.trainer import adapt
from graphrec.datasets.domain_spiral import domain_spiral


def run(sizes: Sequence[int] = (15, 60, 250, 1000), epochs: int = 6) -> list[dict[str, Any]]:
    """Seconds an epoch, 100 rows a domain, for the default width and the published one (up to 60 domains)."""
    found: list[dict[str, Any]] = []
    _clock(data_of(domain_spiral(15, 1)), 128, 2)  # what only a process's first steps cost
    for size in sizes:
        data = data_of(domain_spiral(size, 1))
        started = time.process_time()
        teach(data)
        passing = time.process_time() - started
        for hidden in (128, 512) if size <= 60 else (128,):
            short, long = (_clock(data, hidden, count) for count in (1, 1 + epochs))
            found.append({
                "domains": size, "hidden": hidden, "epoch_wall": (long[0] - short[0]) / epochs,
                "epoch_processor": (long[1] - short[1]) / epochs, "labels_processor": passing,
            })  # fmt: skip
            print(f"  {found[-1]}", flush=True)
    return found


def _clock(data: Any, hidden: int, epochs: int) -> tuple[float, float]:
    """Wall and processor seconds of a run without labels passed on; the difference of two runs leaves out the start."""
    config = AdaptConfig(hidden=hidden, taught=None, stop=StopConfig(epochs=epochs, least=epochs, every=1000))
    wall, processor = time.perf_counter(), time.process_time()
    adapt(data, config)
    return time.perf_counter() - wall, time.process_time() - processor
