"""A one-line counter on stderr, and only where a terminal shows it."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_INTERVAL = 0.2


class Ticker:
    """Shows how far a long step is; call it with the number of rows done so far."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._alive = sys.stderr.isatty()
        self._next = 0.0
        self._drawn = False

    def __call__(self, done: int, total: int | None = None) -> None:
        """Note progress; draws at most five times a second."""
        now = time.monotonic()
        if not self._alive or now < self._next:
            return
        self._next = now + _INTERVAL
        share = f"{done / total:.0%}" if total else f"{done:,}"
        print(f"\r{self.label}: {share}\x1b[K", end="", file=sys.stderr, flush=True)
        self._drawn = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
