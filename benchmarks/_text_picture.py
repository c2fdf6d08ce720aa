"""The table of `giant_features.py` as a picture: bars with their standard deviation, as plain SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH, BAR, GAP, HEAD, LEFT, RIGHT = 640, 16, 22, 26, 190, 70
COLOURS = {
    "tfidf": "#9aa5b1",
    "frozen": "#5b8db8",
    "links": "#d9a441",
    "giant": "#b5483a",
    "giant+frozen": "#7a2e6f",
}


def draw(graphs: Mapping[str, Any], target: Path, titles: Mapping[str, str]) -> None:
    """Write one panel per graph, target and network; in each, bars begin a little below its lowest score."""
    parts: list[str] = []
    y = 10
    for name, entry in graphs.items():
        for place, cells in entry["cells"].items():
            if not cells:
                continue
            measure = (
                "mean average precision" if "micro_f1" in next(iter(cells.values()))["mean"] else "accuracy"
            )
            low = min(cell["mean"]["test"]["mean"] for cell in cells.values()) // 5 * 5 - 5
            high = max(c["mean"]["test"]["mean"] + (c["mean"]["test"]["sd"] or 0) for c in cells.values())
            title = f"{name}: {place} ({measure}, %; bars begin at {low:.0f})"
            parts.append(_text(10, y + 16, title, bold=True))
            y += HEAD
            for kind in (kind for kind in titles if kind in cells):
                parts += _bar(y, titles[kind], COLOURS[kind], cells[kind]["mean"]["test"], low, high)
                y += GAP
            y += 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" '
        'font-family="sans-serif" font-size="13">'
    )
    back = f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>'
    draft = target.with_suffix(".svg.tmp")
    draft.write_text("\n".join([head, back, *parts, "</svg>"]) + "\n", encoding="utf-8")
    draft.replace(target)


def _bar(y: int, title: str, colour: str, found: Mapping[str, Any], low: float, high: float) -> list[str]:
    scale = (WIDTH - LEFT - RIGHT) / (high - low)
    length, spread = (found["mean"] - low) * scale, (found["sd"] or 0) * scale
    middle, end = y + BAR / 2, LEFT + length
    return [
        _text(LEFT - 8, y + 13, title, anchor="end"),
        f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
        f'<path d="M{end - spread:.1f} {middle}H{end + spread:.1f}" stroke="#222222"/>',
        _text(WIDTH - 8, y + 13, f"{found['mean']:.2f}", anchor="end"),
    ]


def _text(x: float, y: float, content: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{weight} fill="#222222">{escape(content)}</text>'
