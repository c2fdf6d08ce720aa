"""A plan run for every seed: each row kept as soon as it is there, and a killed run goes on with the missing ones.

The folder: `run.json` (what is run), `seeds/<seed>.json` (one row each), `result.json` and `README.md` (the summary,
written anew after every row).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphrec.bundle.folders import replace_text
from graphrec.errors import CorruptionError, InvalidInputError, StoreError
from graphrec.ogb.machine import hardware, peak_memory, versions
from graphrec.ogb.protocol import Plan, RunSpec
from graphrec.ogb.report import markdown, summary
from graphrec.training.run_log import Log, RunLog

RUN, RESULT, README, ROWS = "run.json", "result.json", "README.md", "seeds"
Row = dict[str, Any]


def run_seeds(
    spec: RunSpec, plan: Plan, seeds: Sequence[int], out: Path | None, log: Callable[[int], RunLog]
) -> dict[str, Any]:
    """Train with every seed and sum up.

    Args:
        out: folder for rows and summary; None keeps them in memory.
        log: opens the log of a seed's training.

    Returns:
        The summary (:func:`graphrec.ogb.report.summary`) over exactly these seeds.

    Raises:
        InvalidInputError: no seed, or `out` holds rows of another run.
        CorruptionError, StoreError: a damaged row; a folder that cannot be written.
    """
    if not seeds:
        raise InvalidInputError("A run needs at least one seed.")
    about = describe(spec, plan)
    rows = _begin(out, about)
    for seed in seeds:
        if seed not in rows:
            with log(seed) as opened:
                rows[seed] = _run(plan, seed, opened)
            if out is not None:
                _write(out / ROWS / f"{seed}.json", _text(rows[seed]))
        if out is not None:
            found = summary(about, [rows[known] for known in seeds if known in rows], plan.notes)
            _write(out / RESULT, _text(found))
            _write(out / README, markdown(found))
    return summary(about, [rows[seed] for seed in seeds], plan.notes)


def describe(spec: RunSpec, plan: Plan) -> dict[str, Any]:
    """What makes two rows comparable: data, model, features, settings, batches."""
    features = Path(spec.features).name  # where on this machine they lie is nobody's business; their digest is in data
    content = {
        "dataset": spec.name, "model": spec.model, "features": features, "metric": plan.metric,
        "batch": plan.batch, "settings": dict(plan.settings), "data": dict(plan.data),
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(_text(content))
    return plain


def _run(plan: Plan, seed: int, log: Log) -> Row:
    started = time.perf_counter()
    score = plan.run(seed, log)
    row = {"seed": seed, **asdict(score), "seconds": round(time.perf_counter() - started, 2)}
    machine = {"hardware": hardware(plan.device), "versions": versions()}
    return row | {"peak_memory_gib": round(peak_memory(plan.device), 2)} | machine


def _begin(out: Path | None, about: Mapping[str, Any]) -> dict[int, Row]:
    """Rows that are there already, by seed."""
    if out is None:
        return {}
    try:
        (out / ROWS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}.") from error
    if (out / RUN).is_file():
        _require_same(out, _read(out / RUN), about)
    else:
        _write(out / RUN, _text(about))
    rows = [_read(path) for path in sorted((out / ROWS).glob("*.json"))]
    return {int(row["seed"]): row for row in rows}


def _require_same(out: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    old, new = _flat(before), _flat(now)
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            raise InvalidInputError(
                f"{out} holds a run with {key} {old.get(key)!r}, and this one has {new.get(key)!r}; name another --out."
            )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def _read(path: Path) -> Row:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptionError(f"{path} cannot be read; delete it and run again.") from error
    if not isinstance(found, dict):
        raise CorruptionError(f"{path} is not what a run writes; delete it and run again.")
    return found


def _write(path: Path, text: str) -> None:
    try:
        replace_text(path, text)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from error


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, default=str) + "\n"
