"""Progress of a run with stages: one line on stderr with the share done and the time left, only at a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from graphrec.text.giant_progress import GiantProgress

_INTERVAL = 0.2
_LABELS = {
    "edges": "finding neighbours", "texts": "reading texts", "tokens": "cutting into tokens", "tfidf": "counting words",
    "pifa": "embedding neighbours", "tree": "clustering neighbours", "tune": "tuning the encoder",
    "vectors": "embedding texts", "write": "writing",
}  # fmt: skip


class StageLine:
    """Shows where a run stands; a stage that is over stays as a line of its own."""

    def __init__(self) -> None:
        self._alive = sys.stderr.isatty()
        self._stage = ""
        self._next = 0.0
        self._begun = 0.0

    def __call__(self, now: GiantProgress) -> None:
        """Draws at most five times a second."""
        clock = time.monotonic()
        if not self._alive:
            return
        if now.stage != self._stage:
            self._finish(clock)
            self._stage, self._begun, self._next = now.stage, clock, 0.0
        if clock < self._next:
            return
        self._next = clock + _INTERVAL
        parts = [f"{now.share:.0%}", *([now.note] if now.note else [])]
        if now.seconds_left is not None:
            parts.append(f"{duration(now.seconds_left)} left")
        self._draw(f"{_LABELS.get(now.stage, now.stage)}: {' · '.join(parts)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alive and self._stage:
            if kind is None:
                self._finish(time.monotonic())
            else:
                print(file=sys.stderr, flush=True)

    def _finish(self, clock: float) -> None:
        if self._stage:
            label = _LABELS.get(self._stage, self._stage)
            self._draw(f"{label}: {duration(clock - self._begun)}\n")

    def _draw(self, text: str) -> None:
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """A time as a person says it: `8 s`, `12 min`, `3 h 05 min`."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
