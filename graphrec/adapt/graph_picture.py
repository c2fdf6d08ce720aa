"""The domain graph with its sources, coloured by distance or by score, as plain SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt import svg
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.graph_layout import fit_box, label_spots, stress_layout
from graphrec.adapt.picture_measures import HEAD, MEASURES, WIDTH, check_metric, shown
from graphrec.errors import InvalidInputError

Float = NDArray[np.float64]

HEIGHT, LEAST_HEIGHT, MARGIN, LEGEND = 540, 260, 44, 150
SOURCE = "#b5483a"
NEAR, FAR = "#14507d", "#d3e4f1"
SCALES = {"accuracy": ("#e6f0f8", "#14507d"), "mse": ("#fbe7e2", "#8c2d1b")}
"""Lowest and highest value of a measure: dark is much accuracy, or much error."""
LONGEST = 26
"""Letters of a name; the rest shows under the pointer."""
MOST_EDGES = 3_000
"""Edges that are drawn, the closest domains' first; nothing would be seen of more."""
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
    check_metric(metric)
    layout = stress_layout(graph) if places is None else np.asarray(places, dtype=np.float64)
    values = None if scores is None else np.asarray(scores, dtype=np.float64)
    _check_fit(graph.num_domains, layout, values)
    hops = graph.hops(sources)
    side = max(MARGIN, max(map(len, _names(graph))) * svg.FONT * svg.LETTER / 2 + 4)
    spots, needed = fit_box(layout, WIDTH - LEGEND - 2 * side, HEIGHT - HEAD - 2 * MARGIN)
    height = max(needed + HEAD + 2 * MARGIN, LEAST_HEIGHT)
    spots += np.array([side, HEAD + (height - HEAD - needed) / 2])
    colours, legend = _hop_colours(hops) if values is None else _score_colours(values, metric)
    lines, said = _edges(graph, spots)
    parts = [svg.text(16, 26, title, bold=True, size=15), *lines, *said]
    parts += _nodes(graph, spots, colours, _tips(graph, hops, values, metric), hops == 0)
    svg.write_svg(Path(path), WIDTH, height, title, [*parts, *legend])


def _check_fit(num_domains: int, layout: Float, scores: Float | None) -> None:
    if layout.shape != (num_domains, 2) or not np.isfinite(layout).all():
        raise InvalidInputError(
            f"{num_domains} domains need as many places of two finite numbers, not {layout.shape}."
        )
    if scores is not None and scores.shape != (num_domains,):
        raise InvalidInputError(f"{num_domains} domains need as many scores, not {scores.shape}.")


def _hop_colours(hops: NDArray[np.int64]) -> tuple[list[str], list[str]]:
    """A colour per domain, and what the colours mean."""
    most = max(int(hops.max()), 1)
    shades = {hop: svg.mixed(NEAR, FAR, (hop - 1) / max(most - 1, 1)) for hop in range(1, most + 1)}
    shades |= {0: SOURCE, -1: svg.PAPER}
    there = [hop for hop in (*range(most + 1), -1) if (hops == hop).any()]
    x, parts = WIDTH - LEGEND + 8, [svg.text(WIDTH - LEGEND, HEAD + 20, "distance (domains)")]
    listed = there if len(there) <= 9 else [*there[:4], *there[-4:]]
    for row, hop in enumerate(listed):
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
        parts.append(svg.text(x + 20, y + 4, shown(low + share * (high - low), metric)))
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
    return [f"{tip}, {shown(float(score), metric)}" for tip, score in zip(tips, scores, strict=True)]


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
