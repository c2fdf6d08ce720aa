"""What can be said about a domain graph and its data before anything is trained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_distance import energy_distances, graph_test

Float = NDArray[np.float64]
Int = NDArray[np.int64]

FEW_SOURCES = 3
"""Fewer sources can hardly show what changes from domain to domain, and a rehearsal can hide one of two at most."""
FEW_ROWS = 20
FAR = 4
"""Edges beyond which nothing was ever measured to arrive (the longest way in DG-60 is 3)."""
SHARES_APART = 0.2
"""Total variation between label shares of joined sources. Two domains whose predictions are distributed alike are
together wrong at least so often (Zhao et al., "On Learning Invariant Representations", ICML 2019)."""
MEANS_APART = 0.5
"""The same for values, in standard deviations."""
OUTSIDE = 2.5
"""How much farther targets may lie from their joined sources than domains joined within either side. Measured: 2.0 on
DG-60, where all is well; 2.9 to 4.6 on TPT-48, whose sources have windows of all seasons and whose targets have one."""
DOUBT = 0.05


def advise(data: DomainData, *, seed: int = 0) -> list[str]:
    """Warnings, one sentence each, worst first; an empty list where nothing speaks against adaptation.

    Only inputs, the graph and labels of sources are read. Takes a second for 60 domains; what a method makes of the
    data only :func:`graphrec.adapt.rehearsal.rehearse` can tell.

    Args:
        seed: of the rows drawn and of the permutation test.
    """
    distances = energy_distances(data.x, data.domain, data.num_domains, seed)
    found = [
        *_paths(data),
        *_sizes(data),
        *_labels(data),
        *_graph(data, distances, seed),
        *_outside(data, distances),
    ]
    return [each for each in found if each]


def _paths(data: DomainData) -> list[str]:
    """What the graph's edges say alone."""
    hops, targets = data.hops, data.targets
    if len(targets) == 0:
        return ["Every domain is a source; there is nothing to adapt to."]
    if (hops[targets] < 0).all():
        return [
            "No target domain has a path to a source, so the graph carries nothing over; "
            "join sources and targets or use source_only."
        ]
    said = []
    if len(lost := targets[hops[targets] < 0]):
        said.append(f"No path leads from a source to {_names(data, lost)}; nothing can be passed on to them.")
    if len(far := targets[hops[targets] >= FAR]):
        said.append(f"{_names(data, far)}: {FAR} edges or more from every source; expect little there.")
    if data.graph.is_clique:
        said.append("All domains are joined alike, so the graph says nothing and GRDA aligns as DANN does.")
    return said


def _sizes(data: DomainData) -> list[str]:
    said = []
    if len(data.sources) == 1:
        said.append("There is a single source domain, so no rehearsal can tell whether adaptation helps.")
    elif len(data.sources) < FEW_SOURCES:
        said.append(
            f"Only {len(data.sources)} source domains; {FEW_SOURCES} or more show what changes from one to the next."
        )
    counts = np.bincount(data.domain, minlength=data.num_domains)
    small = np.flatnonzero((counts > 0) & (counts < FEW_ROWS))
    if len(small):
        said.append(f"Fewer than {FEW_ROWS} rows in {_names(data, small)}; their scores will be uncertain.")
    if len(empty := np.flatnonzero(counts == 0)):
        said.append(f"No rows at all in {_names(data, empty)}; they serve as steps of the graph only.")
    return said


def _labels(data: DomainData) -> list[str]:
    """Whether labels of joined sources are distributed alike."""
    pairs = _joined(data, data.sources, data.sources)
    if len(pairs) == 0:
        return ["No two source domains are joined, so the graph's meaning for labels cannot be seen."] * (
            len(data.sources) > 1
        )
    if data.num_classes is None:
        apart = _means_apart(data, pairs)
        if apart < MEANS_APART:
            return []
        return [
            f"Joined source domains differ in the mean of their values by {apart:.1f} standard deviations."
        ]
    apart = _shares_apart(data, pairs)
    if apart < SHARES_APART:
        return []
    return [
        f"Label shares of joined source domains differ by {apart:.0%} on average; where alignment makes "
        "predictions alike it must be wrong there, so rehearse it against source_only."
    ]


def _graph(data: DomainData, distances: Float, seed: int) -> list[str]:
    tested = graph_test(data.graph, distances, seed)
    if tested is None or tested.p_value < DOUBT:
        return []
    return [
        f"Joined domains do not have closer inputs than others (distance {tested.joined:.3f} against "
        f"{tested.others:.3f}, p = {tested.p_value:.2f}); check the graph or use one from similarity."
    ]


def _outside(data: DomainData, distances: Float) -> list[str]:
    """Whether targets differ from sources in more than the step from one domain to the next."""
    within = [_pair_mean(distances, _joined(data, side, side)) for side in (data.sources, data.targets)]
    step = max([each for each in within if not np.isnan(each)], default=0.0)
    across = _pair_mean(distances, _joined(data, data.sources, data.targets))
    if step <= 0 or not across > OUTSIDE * step:  # false for NaN as well: no such pair
        return []
    return [
        f"Inputs of targets lie {across / step:.1f} times as far from the sources they are joined to as joined "
        "domains of one side from each other; look for a difference that the graph does not know."
    ]


def _joined(data: DomainData, first: Int, second: Int) -> Int:
    """Pairs of domains with an edge, `[num_pairs, 2]`, each once."""
    pairs = np.argwhere(data.graph.adjacency[np.ix_(first, second)] > 0)
    found = np.stack([first[pairs[:, 0]], second[pairs[:, 1]]], axis=1)
    return np.unique(np.sort(found, axis=1), axis=0)


def _pair_mean(distances: Float, pairs: Int) -> float:
    values = distances[pairs[:, 0], pairs[:, 1]]
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def _shares_apart(data: DomainData, pairs: Int) -> float:
    """Mean total variation of label shares, 0..1, less what drawing so few rows makes of equal shares."""
    shape = (data.num_domains, data.num_outputs)
    counts = np.zeros(shape)
    np.add.at(counts, (data.domain[data.labelled], data.y[data.labelled]), 1)
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    one, other = counts[pairs[:, 0]], counts[pairs[:, 1]]
    n, m = rows[pairs[:, 0]], rows[pairs[:, 1]]
    together = (one + other) / (n + m)
    # E|a - b| of two shares drawn from one, nearly normal: sqrt(2/pi) times their standard deviation.
    chance = np.sqrt(2 / np.pi * together * (1 - together) * (1 / n + 1 / m))
    return float(np.mean((np.abs(one / n - other / m) - chance).sum(axis=1) / 2))


def _means_apart(data: DomainData, pairs: Int) -> float:
    known = data.labelled
    spread = np.maximum(data.y[known].std(axis=0), 1e-12)
    means = {each: data.y[known & (data.domain == each)].mean(axis=0) for each in np.unique(pairs).tolist()}
    return float(np.mean([np.abs(means[i] - means[j]) / spread for i, j in pairs.tolist()]))


def _names(data: DomainData, domains: Int, most: int = 6) -> str:
    names = [data.graph.names[each] for each in domains[:most].tolist()]
    rest = len(domains) - most
    return ", ".join(names) + (f" and {rest} more" if rest > 0 else "")
