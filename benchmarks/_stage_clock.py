"""Wall time, processor time and peak memory of one stage after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAGE_MIB = 4096 / 2**20
_EVERY = 0.02


class StageClock:
    """`with clock("tree"): ...`; afterwards `clock.stages["tree"]` holds seconds and MiB.

    Memory is what the process holds resident, sampled fifty times a second, before the stage and at its peak. Pages of
    memory-mapped files count as well, though the system may drop them at any time.
    """

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        before = peak = resident_mib()
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(_EVERY):
                peak = max(peak, resident_mib())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        wall, processor = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            peak = max(peak, resident_mib())
            done.set()
            watcher.join()
        self.stages[name] = {
            "seconds": round(wall, 2),
            "processor_seconds": round(processor, 2),
            "mib_before": round(before),
            "mib_peak": round(peak),
        }


def resident_mib() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MIB
