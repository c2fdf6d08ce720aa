"""Pictures of an adaptation: the domain graph with its sources, and how good a method is so many edges away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt import svg
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.graph_layout import fit_box, label_spots, stress_layout
from graphrec.errors import InvalidInputError

Float = NDArray[np.float64]

WIDTH, HEIGHT, MARGIN, LEGEND, HEAD = 720, 540, 44, 150, 40
LEAST_HEIGHT = 260
LONGEST = 26
"""Letters of a name; the rest shows under the pointer."""
MOST_EDGES = 3_000
"""Edges that are drawn, the closest domains' first; nothing would be seen of more."""
SOURCE = "#b5483a"
NEAR, FAR = "#14507d", "#d3e4f1"
SCALES = {"accuracy": ("#e6f0f8", "#14507d"), "mse": ("#fbe7e2", "#8c2d1b")}
"""Lowest and highest value of a measure: dark is much accuracy, or much error."""
MEASURES = {"accuracy": "accuracy", "mse": "mean squared error"}
METHODS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#555555", "#56b4e9")
MOST_NAMES = 60
"""Domains up to which names are written into a picture; beyond, they show under the pointer."""


def draw_graph(
    graph: DomainGraph,
    sources: NDArray[np.integer[Any]],
    path: str | Path,
    *,
    scores: NDArray[np.floating[Any]] | None = None,
    metric: str = "accuracy",
    title: str = "Domain graph",
    places: NDArray[np.floating[Any]] | None = None,
) -> None:
    """Write the domain graph as SVG: sources as squares, other domains as discs.

    Args:
        sources: domain numbers `[num_sources]`.
        scores: float `[num_domains]`, colours the domains by accuracy (0..1) or squared error, NaN where unknown;
            None colours them by edges to the nearest source.
        metric: of the scores, `accuracy` or `mse`.
        places: float `[num_domains, 2]`, y upwards (longitude and latitude, say); None: :func:`stress_layout`.

    Raises:
        InvalidInputError: sources, scores or places that do not fit the graph, or another metric.
        StoreError: the disk refused.
    """
    _known_metric(metric)
    num = graph.num_domains
    layout = stress_layout(graph) if places is None else np.asarray(places, dtype=np.float64)
    if layout.shape != (num, 2) or not np.isfinite(layout).all():
        raise InvalidInputError(
            f"{num} domains need as many places of two finite numbers, not {layout.shape}."
        )
    hops = graph.hops(sources)
    values = None if scores is None else np.asarray(scores, dtype=np.float64)
    if values is not None and values.shape != (num,):
        raise InvalidInputError(f"{num} domains need as many scores, not {values.shape}.")
    longest = max(map(len, _names(graph))) * svg.FONT * svg.LETTER
    side = max(MARGIN, longest / 2 + 4)
    spots, needed = fit_box(layout, WIDTH - LEGEND - 2 * side, HEIGHT - HEAD - 2 * MARGIN)
    height = max(needed + HEAD + 2 * MARGIN, LEAST_HEIGHT)
    spots += np.array([side, HEAD + (height - HEAD - needed) / 2])
    colours, legend = _hop_colours(hops) if values is None else _score_colours(values, metric)
    lines, said = _edges(graph, spots)
    parts = [svg.text(16, 26, title, bold=True, size=15), *lines, *said]
    parts += _nodes(graph, spots, colours, _tips(graph, hops, values, metric), hops == 0)
    svg.write_svg(Path(path), WIDTH, height, title, [*parts, *legend])


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
    _known_metric(metric)
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
    svg.write_svg(Path(path), max(plot.right + 60 + names, WIDTH), _Plot.HEIGHT, heading, parts)


class _Plot:
    """Axes of :func:`draw_hops`."""

    HEIGHT, LEFT, RIGHT, BOTTOM = 400, 70, 550, 56

    def __init__(self, hops: Sequence[int], ticks: Sequence[float]) -> None:
        self.hops, self.ticks = hops, ticks
        self.right = self.RIGHT
        self.step = (self.right - self.LEFT) / len(hops)

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
            parts.append(svg.line(self.LEFT, self.y(tick), self.right, self.y(tick), "#dde3e8"))
            parts.append(svg.text(self.LEFT - 8, self.y(tick) + 4, _tick(tick, metric), anchor="end"))
        for hop in self.hops:
            parts.append(
                svg.text(self.x(hop), bottom + 20, "no path" if hop < 0 else str(hop), anchor="middle")
            )
        middle = (self.LEFT + self.right) / 2
        unit = MEASURES[metric] + (", %" if metric == "accuracy" else "")
        parts.append(svg.text(middle, bottom + 42, "edges to the nearest source", anchor="middle"))
        parts.append(svg.text(20, (HEAD + bottom) / 2, unit, anchor="middle", turn=True))
        return [*parts, svg.line(self.LEFT, bottom, self.right, bottom, svg.INK)]

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
        x, y = self.right + 16, HEAD + 24 + 20 * number
        return [
            *parts,
            svg.line(x, y - 4, x + 22, y - 4, colour, 3, stroke_dasharray=dash),
            svg.text(x + 30, y, method),
        ]


def _known_metric(metric: str) -> None:
    if metric not in SCALES:
        raise InvalidInputError(f"Pictures show {' or '.join(SCALES)}, not {metric!r}.")


def _shown(value: float, metric: str) -> str:
    if not np.isfinite(value):
        return "score unknown"
    return f"{100 * value:.1f} %" if metric == "accuracy" else f"{value:.3g}"


def _tick(value: float, metric: str) -> str:
    return f"{round(100 * value, 6):g}" if metric == "accuracy" else f"{value:g}"


def _summary(values: Sequence[float]) -> tuple[float, float]:
    there = np.asarray(values, dtype=np.float64)
    there = there[np.isfinite(there)]
    return float(there.mean()), float(there.std(ddof=1)) if len(there) > 1 else 0.0


def _hop_colours(hops: NDArray[np.int64]) -> tuple[list[str], list[str]]:
    """A colour per domain, and what the colours mean."""
    most = max(int(hops.max()), 1)
    shades = {hop: svg.mixed(NEAR, FAR, (hop - 1) / max(most - 1, 1)) for hop in range(1, most + 1)}
    shades |= {0: SOURCE, -1: svg.PAPER}
    there = [hop for hop in (*range(most + 1), -1) if (hops == hop).any()]
    x, parts = WIDTH - LEGEND + 8, [svg.text(WIDTH - LEGEND, HEAD + 20, "distance (domains)")]
    shown = there if len(there) <= 9 else [*there[:4], *there[-4:]]
    for row, hop in enumerate(shown):
        y = HEAD + 44 + 22 * row
        shape = svg.square if hop == 0 else svg.circle
        parts.append(shape(x, y, 7, shades[hop], stroke=svg.INK))
        name = {0: "source", 1: "1 edge", -1: "no path"}.get(hop, f"{hop} edges")
        parts.append(svg.text(x + 16, y + 4, f"{name} ({int((hops == hop).sum())})"))
    return [shades[int(hop)] for hop in hops], parts


def _score_colours(scores: Float, metric: str) -> tuple[list[str], list[str]]:
    there = scores[np.isfinite(scores)]
    low, high = (float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)
    pale, dark = SCALES[metric]
    colours = [
        svg.mixed(pale, dark, (score - low) / (high - low) if high > low else 0.5)
        if np.isfinite(score)
        else svg.PAPER
        for score in scores
    ]
    x, parts = WIDTH - LEGEND + 11, [svg.text(WIDTH - LEGEND, HEAD + 20, MEASURES[metric])]
    for row in range(5):
        share, y = 1 - row / 4, HEAD + 44 + 22 * row
        parts.append(svg.square(x, y, 11, svg.mixed(pale, dark, share)))
        parts.append(svg.text(x + 20, y + 4, _shown(low + share * (high - low), metric)))
    y = HEAD + 44 + 22 * 6
    parts += [svg.square(x, y, 7, svg.PAPER, stroke=svg.INK), svg.text(x + 20, y + 4, "source")]
    parts += [svg.circle(x, y + 22, 7, svg.PAPER, stroke=svg.INK), svg.text(x + 20, y + 26, "target")]
    return colours, parts


def _edges(graph: DomainGraph, spots: Float) -> tuple[list[str], list[str]]:
    """Lines, and a remark where some are left out."""
    pairs = np.argwhere(np.triu(graph.adjacency))
    said = []
    if len(pairs) > MOST_EDGES:
        said = [svg.text(16, HEAD + 4, f"{MOST_EDGES:,} of {len(pairs):,} edges drawn", size=11)]
        order = np.random.default_rng(0).permutation(len(pairs))  # among equals, some of everywhere
        closest = np.argsort(-graph.adjacency[tuple(pairs[order].T)], kind="stable")[:MOST_EDGES]
        pairs = pairs[order[closest]]
    # many edges fade into a texture instead of hiding the nodes
    opacity = f"{min(1.0, max(0.1, 150 / max(len(pairs), 1))):.2g}"
    drawn = []
    for i, j in pairs:
        (x1, y1), (x2, y2), width = spots[i], spots[j], round(0.5 + 1.5 * float(graph.adjacency[i, j]), 2)
        drawn.append(svg.line(x1, y1, x2, y2, width=width, opacity=opacity))
    return drawn, said


def _tips(graph: DomainGraph, hops: NDArray[np.int64], scores: Float | None, metric: str) -> list[str]:
    words = {0: "source", -1: "no path to a source", 1: "1 edge"}
    tips = [
        f"{name}: {words.get(int(hop), f'{hop} edges')}" for name, hop in zip(graph.names, hops, strict=True)
    ]
    if scores is None:
        return tips
    return [f"{tip}, {_shown(float(score), metric)}" for tip, score in zip(tips, scores, strict=True)]


def _names(graph: DomainGraph) -> list[str]:
    """What is written beside the nodes."""
    if graph.num_domains > MOST_NAMES:
        return [""] * graph.num_domains
    return [name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in graph.names]


def _nodes(
    graph: DomainGraph, spots: Float, colours: Sequence[str], tips: Sequence[str], source: NDArray[np.bool_]
) -> list[str]:
    few, named = graph.num_domains <= 30, graph.num_domains <= MOST_NAMES
    radius, size = (8.0, svg.FONT) if few else (6.0 if named else 3.0, 11)
    parts = []
    for (x, y), colour, tip, square in zip(spots, colours, tips, source, strict=True):
        shape = svg.square if square else svg.circle
        dash = {"stroke_dasharray": "2 2"} if colour == svg.PAPER else {}
        parts.append(shape(x, y, radius, colour, tip, stroke=svg.INK, **dash))
    if named:
        names = _names(graph)
        for (x, y, anchor), name in zip(label_spots(spots, names, radius, size), names, strict=True):
            parts.append(svg.text(x, y, name, anchor=anchor, halo=True, size=size))
    return parts
