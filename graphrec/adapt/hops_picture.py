"""How good methods are so many edges from the nearest source, as plain SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphrec.adapt import svg
from graphrec.adapt.picture_measures import HEAD, MEASURES, WIDTH, check_metric, tick_label
from graphrec.errors import InvalidInputError

METHODS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#555555", "#56b4e9")
"""Colours that people who see no red or green tell apart (Okabe and Ito, 2008)."""


def draw_hops(
    found: Mapping[str, Mapping[int, Sequence[float]]],
    path: str | Path,
    *,
    metric: str = "accuracy",
    title: str | None = None,
) -> None:
    """Write, as SVG, each method's score by edges from the nearest source: the mean over seeds and its deviation.

    Args:
        found: by method, then by number of edges (-1: no path), one value per seed (NaN: unknown, left out).
        metric: `accuracy` (0..1, written in %) or `mse`.

    Raises:
        InvalidInputError: no value at all, or another metric.
        StoreError: the disk refused.
    """
    check_metric(metric)
    cells = {
        method: {hop: _summary(values) for hop, values in by_hop.items() if np.isfinite(values).any()}
        for method, by_hop in found.items()
    }
    hops = sorted({hop for row in cells.values() for hop in row}, key=lambda hop: (hop < 0, hop))
    if not hops:
        raise InvalidInputError("There is no score to draw: give a value of at least one domain.")
    spreads = [cell for row in cells.values() for cell in row.values()]
    most = 1.0 if metric == "accuracy" else np.inf
    ticks = svg.round_ticks(
        max(min(m - s for m, s in spreads), 0.0), min(max(m + s for m, s in spreads), most)
    )
    heading = title or f"{MEASURES[metric].capitalize()} by edges from the nearest source"
    plot = _Plot(hops, ticks)
    parts = [svg.text(16, 26, heading, bold=True, size=15), *plot.frame(metric)]
    for number, (method, row) in enumerate(cells.items()):
        parts += plot.series(number, len(cells), method, row)
    names = max(len(method) for method in cells) * svg.FONT * svg.LETTER
    svg.write_svg(Path(path), max(plot.RIGHT + 60 + names, WIDTH), _Plot.HEIGHT, heading, parts)


class _Plot:
    """Axes of :func:`draw_hops`."""

    HEIGHT, LEFT, RIGHT, BOTTOM = 400, 70, 550, 56

    def __init__(self, hops: Sequence[int], ticks: Sequence[float]) -> None:
        self.hops, self.ticks = hops, ticks
        self.step = (self.RIGHT - self.LEFT) / len(hops)

    def x(self, hop: int, shift: float = 0.0) -> float:
        """Middle of a distance's column; `shift` in shares of the column."""
        return self.LEFT + self.step * (self.hops.index(hop) + 0.5 + shift)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        bottom = self.HEIGHT - self.BOTTOM
        return bottom - (value - low) / (high - low) * (bottom - HEAD - 16)

    def frame(self, metric: str) -> list[str]:
        """Grid, ticks and what the axes measure."""
        bottom = self.HEIGHT - self.BOTTOM
        parts = []
        for tick in self.ticks:
            parts.append(svg.line(self.LEFT, self.y(tick), self.RIGHT, self.y(tick), "#dde3e8"))
            parts.append(svg.text(self.LEFT - 8, self.y(tick) + 4, tick_label(tick, metric), anchor="end"))
        for hop in self.hops:
            parts.append(
                svg.text(self.x(hop), bottom + 20, "no path" if hop < 0 else str(hop), anchor="middle")
            )
        middle = (self.LEFT + self.RIGHT) / 2
        unit = MEASURES[metric] + (", %" if metric == "accuracy" else "")
        parts.append(svg.text(middle, bottom + 42, "edges to the nearest source", anchor="middle"))
        parts.append(svg.text(20, (HEAD + bottom) / 2, unit, anchor="middle", turn=True))
        return [*parts, svg.line(self.LEFT, bottom, self.RIGHT, bottom, svg.INK)]

    def series(
        self, number: int, count: int, method: str, row: Mapping[int, tuple[float, float]]
    ) -> list[str]:
        """One method: points with their deviation, side by side with other methods', and its line in the legend."""
        colour = METHODS[number % len(METHODS)]
        dash = "5 3" if number >= len(METHODS) else "none"
        shift = 0.5 * ((number + 0.5) / count - 0.5)
        points = [(self.x(hop, shift), self.y(row[hop][0])) for hop in self.hops if hop in row and hop >= 0]
        parts = (
            [svg.polyline(points, colour, opacity="0.6", stroke_dasharray=dash)] if len(points) > 1 else []
        )
        for hop in (hop for hop in self.hops if hop in row):
            (mean, deviation), x = row[hop], self.x(hop, shift)
            ends = np.clip([mean - deviation, mean + deviation], self.ticks[0], self.ticks[-1])
            if deviation:
                parts.append(svg.line(x, self.y(ends[0]), x, self.y(ends[1]), colour, 1.5))
            parts.append(svg.circle(x, self.y(mean), 4, colour, f"{method}: {mean:.4f} ± {deviation:.4f}"))
        x, y = self.RIGHT + 16, HEAD + 24 + 20 * number
        return [
            *parts,
            svg.line(x, y - 4, x + 22, y - 4, colour, 3, stroke_dasharray=dash),
            svg.text(x + 30, y, method),
        ]


def _summary(values: Sequence[float]) -> tuple[float, float]:
    there = np.asarray(values, dtype=np.float64)
    there = there[np.isfinite(there)]
    return float(there.mean()), float(there.std(ddof=1)) if len(there) > 1 else 0.0
