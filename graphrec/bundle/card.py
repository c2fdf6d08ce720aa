"""The model card: what a person has to know before using a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def model_card(
    *, model: str, data: str, snapshot: str, split: str = "", metrics: Mapping[str, Any] | None = None,
    slices: Mapping[str, Mapping[str, Any]] | None = None, limits: Sequence[str] = (), intended_use: str = "",
) -> str:  # fmt: skip
    """Markdown text of a card.

    Args:
        model: name and variant.
        data: what it was trained on, with sizes.
        snapshot: name of the snapshot.
        split: how train, validation and test were made; empty when nothing was held out.
        metrics: name to value, measured on the test set.
        slices: metrics per slice (isolation, tail, head).
        limits: what it cannot do, one sentence each.
        intended_use: what it is for.
    """
    blocks = [f"# {model}", f"Data: {data}\n\nSnapshot: `{snapshot}`"]
    held_out = split or "none; trained on all interactions, no metric measured"
    blocks.append(f"## Evaluation\n\nSplit: {held_out}")
    if metrics:
        blocks.append(_table("metric", {name: {"value": value} for name, value in metrics.items()}))
    if slices:
        blocks.append("### Slices\n\n" + _table("slice", slices))
    blocks.append("## Intended use\n\n" + (intended_use or "Ranking items of this catalogue for its users."))
    known = [*limits, "Scores order items for one user; they are no probabilities."]
    blocks.append("## Limits\n\n" + "\n".join(f"- {limit}" for limit in known))
    return "\n\n".join(blocks) + "\n"


def _table(label: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [f"| {label} | {' | '.join(columns)} |", "| --- " * (len(columns) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(_cell(row.get(c)) for c in columns)} |" for name, row in rows.items()]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
