"""What a run of GIANT says of itself while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from graphrec.text.schedule import TextProgress

_TUNING = {"encode": "vectors", "bootstrap": "heads", "tune": "tune"}


@dataclass(frozen=True, slots=True)
class GiantProgress:
    """Where a run stands.

    Args:
        stage: `texts`, `tokens`, `tfidf`, `pifa`, `tree`, `tune`, `vectors` or `write`.
        share: done of the stage, 0 to 1.
        seconds_left: of the stage, as far as can be told; None at its beginning.
        note: what else there is to say.
    """

    stage: str
    share: float
    seconds_left: float | None = None
    note: str = ""


Progress = Callable[[GiantProgress], None]


class Reporter:
    """Turns the counts of the stages into shares and an estimate of the time left.

    The estimate of a resumed stage rests on what this run did, not on what it found done.

    Args:
        told: is told; None for nobody.
        clock: seconds.
    """

    def __init__(self, told: Progress | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._told, self._clock = told, clock
        self._stage = ""
        self._begun, self._first = 0.0, 0.0

    def __call__(self, stage: str, share: float, note: str = "") -> None:
        """Note that a share of a stage is done."""
        now = self._clock()
        if stage != self._stage:
            self._stage, self._begun, self._first = stage, now, share
        if self._told is None:
            return
        moved = share - self._first
        left = (now - self._begun) * (1 - share) / moved if moved > 0 else None
        self._told(GiantProgress(stage, share, left, note))

    def counting(self, stage: str) -> Callable[[int, int], None]:
        """A callback for a stage that counts (done, all)."""
        self(stage, 0.0)
        return lambda done, total: self(stage, done / max(total, 1))

    def tuning(self, stage: str, losses: dict[str, float] | None = None) -> Callable[[TextProgress], None]:
        """A callback for work on texts; levels are taken to need equal time.

        Args:
            losses: takes the last loss of each level.
        """

        def report(now: TextProgress) -> None:
            part = now.step / max(now.steps, 1)
            share, note = part, ""
            if stage == "tune":
                # A level's own steps count, not what comes before them.
                share = (now.level + (part if now.stage == "tune" else 0.0)) / max(now.levels, 1)
                note = f"level {now.level + 1} of {now.levels}"
                note += f", {_TUNING.get(now.stage, now.stage)} {part:.0%}" if now.stage != "tune" else ""
            if now.loss is not None:
                note += f", loss {now.loss:.4f}"
                if losses is not None:
                    losses[str(now.level)] = round(now.loss, 6)
            if now.texts_per_second:
                note += f"{', ' if note else ''}{now.texts_per_second:.0f} texts/s"
            self(stage, share, note)

        return report
