"""Runs over seeds in the form of OGB's leaderboards: mean ± standard deviation, parameters, hardware."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def summary(about: Mapping[str, Any], rows: Sequence[Row], notes: Sequence[str] = ()) -> dict[str, Any]:
    """Everything that a leaderboard asks for, and every row, for JSON.

    Args:
        about: what was run, see :func:`graphrec.ogb.runs.describe`.
        rows: one per seed, in the order of the seeds.

    Returns:
        `about`, and `test` and `validation` (mean and sample standard deviation over the seeds, as OGB asks; None for
        the deviation of one seed), `beside` likewise, `parameters`, `hardware`, `versions`, `seconds`, `rows`.
    """
    beside = sorted({name for row in rows for name in row["beside"]})
    return {
        **about,
        "seeds": [row["seed"] for row in rows],
        "test": spread([row["test"] for row in rows]),
        "validation": spread([row["valid"] for row in rows]),
        "beside": {name: spread([row["beside"].get(name, math.nan) for row in rows]) for name in beside},
        "parameters": rows[-1]["parameters"],
        "hardware": "; ".join(dict.fromkeys(row["hardware"] for row in rows)),
        "versions": rows[-1]["versions"],
        "seconds": round(sum(row["seconds"] for row in rows), 2),
        "peak_memory_gib": max(row["peak_memory_gib"] for row in rows),
        "notes": list(notes),
        "rows": [dict(row) for row in rows],
    }  # fmt: skip


def spread(values: Sequence[float]) -> dict[str, float | None]:
    """Mean and sample standard deviation (n - 1); the deviation of a single value is None."""
    return {
        "mean": statistics.fmean(values),
        "sd": statistics.stdev(values) if len(values) > 1 else None,
    }


def markdown(found: Mapping[str, Any]) -> str:
    """A summary as a Markdown page: the leaderboard's line, what stands beside it, the rows."""
    seeds = len(found["seeds"])
    line = [
        found["model"], found["features"], shown(found["test"]), shown(found["validation"]),
        f"{found['parameters']:,}", found["hardware"],
    ]  # fmt: skip
    header = [
        "Model",
        "Features",
        f"Test {found['metric']}",
        f"Validation {found['metric']}",
        "Parameters",
        "Hardware",
    ]
    parts = [
        f"# {found['dataset']}: {found['model']}, {seeds} {'seed' if seeds == 1 else 'seeds'}",
        table(header, [line]),
    ]
    if found["beside"]:
        names = list(found["beside"])
        parts.append(table(names, [[shown(found["beside"][name]) for name in names]]))
    rows = [
        [row["seed"], f"{row['test']:.4f}", f"{row['valid']:.4f}", row["best_epoch"], f"{row['seconds']:.1f}"]
        for row in found["rows"]
    ]
    parts.append(table(["Seed", "Test", "Validation", "Best epoch", "Seconds"], rows))
    parts += [f"- {note}" for note in found["notes"]]
    used = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    parts.append(
        f"{found['batch']} batches, {found['seconds']:.1f} s, at most {found['peak_memory_gib']} GiB; {used}."
    )
    return "\n\n".join(parts) + "\n"


def shown(value: Mapping[str, float | None]) -> str:
    """`0.7174 ± 0.0029`; the mean alone where there is no deviation."""
    mean, sd = value["mean"], value["sd"]
    text = "-" if mean is None or math.isnan(mean) else f"{mean:.4f}"
    return text if sd is None or math.isnan(sd) else f"{text} ± {sd:.4f}"


def table(header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)
