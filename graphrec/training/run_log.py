"""The record of a run: JSON lines in a file, a progress line for people."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Log = Callable[[Mapping[str, Any]], None]


class RunLog(AbstractContextManager["RunLog"]):
    """Appends every record to a JSON-lines file and moves a progress bar on stderr.

    The bar is silent when stderr is not a terminal. A resumed run appends to the same file.
    """

    def __init__(self, path: Path | None, *, epochs: int, title: str, progress: bool = True) -> None:
        self._file = path.open("a", encoding="utf-8") if path else None
        self._started = time.perf_counter()
        shown = progress and sys.stderr.isatty()
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[note]}"), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True, disable=not shown,
        )  # fmt: skip
        self._task = self._bar.add_task(title, total=epochs, note="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __call__(self, record: Mapping[str, Any]) -> None:
        """Write one record; `epoch` moves the bar, `valid` and `loss` stand beside it."""
        if self._file:
            elapsed = round(time.perf_counter() - self._started, 3)
            line = {"seconds": elapsed} | {key: _plain(value) for key, value in record.items()}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        if "epoch" in record:
            note = " ".join(f"{k} {record[k]:.4f}" for k in ("loss", "valid") if k in record)
            self._bar.update(self._task, completed=record["epoch"], note=note)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if self._file:
            self._file.close()


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: a loss that left the numbers is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
