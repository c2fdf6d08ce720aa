"""How slow this machine is, so that limits on time judge the code and not the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from graphrec.language.fold import fold

USUAL = 0.025
"""Processor seconds that folding ten thousand names takes on the machine that the limits were set on."""


def slowness() -> float:
    """Factor by which limits on processor time are stretched, at least 1; measured anew, since load comes and goes."""
    names = [f"Thing Number {n}" for n in range(10_000)]
    return max(1.0, min(processor_seconds(lambda: [fold(name) for name in names]) for _ in range(3)) / USUAL)


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started
