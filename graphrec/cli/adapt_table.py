"""The table that `graphrec adapt` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AWAY = {"-1": "no path", "1": "1 edge away"}


def rows_of(found: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Rows of a report on nodes, or of what was done to the items of a bundle."""
    rows = _of_nodes(found) if "domains" in found else _of_items(found)
    return [(name, value) for name, value in rows if value is not None]


def _of_nodes(found: Mapping[str, Any]) -> list[tuple[str, object]]:
    counts, task = found["counts"], found["task"]
    nodes = sum(row["nodes"] for row in found["domains"] if not row["source"])
    rows: list[tuple[str, object]] = [
        ("predicted", f"{task['label']} of {nodes:,} {task['node_type']} nodes"),
        ("domains", f"{sum(row['source'] for row in found['domains'])} sources, {len(found['domains'])} in all"),
        ("labels learned", counts["labels learned"]),
        ("inputs", counts["inputs"]), ("method", found["method"]), ("stopped", "; ".join(found["stopped"])),
    ]  # fmt: skip
    rows += [(name, n) for name, n in counts.items() if name.startswith(("in several", "without")) and n]
    if held := found["held_out"]:
        rows.append((f"{held['metric']} on held-out nodes of sources", spread(held)))
        rows.append(("the same, constant answer", held["baseline"]))
    if found["agreement"] is not None:
        rows.append(("targets on which all seeds agree", found["agreement"]))
    for name, check in (found["check"] or {"methods": {}})["methods"].items():
        gain = f"{check['gain']:+.4f} ± {check['standard_error']:.4f}"
        rows.append((f"rehearsal: {name}", f"{check['verdict']} ({gain})"))
    if targets := found["targets"]:
        for name, method in targets["methods"].items():
            rows.append((f"{targets['metric']} on targets: {name}", spread(method)))
            rows += [
                (f"  {_AWAY.get(hop, f'{hop} edges away')}", spread(each))
                for hop, each in method["by_hops"].items()
            ]
        rows.append((f"{targets['metric']} on targets: constant answer", targets["baseline"]))
    return rows


def _of_items(found: Mapping[str, Any]) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("sources", ", ".join(found["sources"])), ("targets", ", ".join(found["targets"])),
        ("adapted items", found["adapted_items"]), ("share of adapted rows", found["share"]),
    ]  # fmt: skip
    for name, value in (found["check"] or {}).items():
        rows.append((f"check: {name}", ", ".join(value) if isinstance(value, list) else value))
    return rows


def spread(found: Mapping[str, Any]) -> str:
    """Mean and, with several seeds, standard deviation."""
    if found["mean"] is None:
        return ""
    return f"{found['mean']:.4f}" + (f" ± {found['sd']:.4f}" if found["sd"] is not None else "")
