"""What is said about an adaptation over a store: scores on held-out nodes of the sources and, if asked, on targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.evaluate import DomainScores, evaluate_domains
from graphrec.adapt.from_store import StoreData

Array = NDArray[Any]


def held_out_scores(found: StoreData, predictions: Sequence[Array]) -> dict[str, Any] | None:
    """Scores on labelled nodes of the sources that training did not see, domains weighing the same.

    Args:
        predictions: of each seed's model, for all rows.

    Returns:
        Metric, mean and standard deviation over seeds, and `baseline`, what a constant answer scores; None where
        nothing was held out.
    """
    if not found.held_out.any():
        return None
    labels = _only(found.truth, found.held_out)
    each = [evaluate_domains(rows, labels, found.data) for rows in predictions]
    constant = evaluate_domains(_constant(found), labels, found.data)
    return {
        "metric": each[0].metric, "nodes": int(found.held_out.sum()), **_spread([one.source_mean for one in each]),
        "baseline": constant.source_mean, "by_domain": _by_domain(found.data.graph, each),
    }  # fmt: skip


def target_scores(found: StoreData, predictions: Mapping[str, Sequence[Array]]) -> dict[str, Any] | None:
    """Scores on the target domains, from labels that training never saw.

    Args:
        predictions: by method, of each seed's model, for all rows.

    Returns:
        Per method mean and standard deviation over seeds, in all and by hops from the nearest source, and per domain;
        None where no label of a target is known.
    """
    targets = np.zeros(len(found.truth), bool)
    targets[found.target_rows] = True
    labels = _only(found.truth, targets)
    known = labels >= 0 if labels.ndim == 1 else ~np.isnan(labels).any(axis=1)
    if not known.any():
        return None
    methods = {}
    for name, parts in predictions.items():
        each = [evaluate_domains(rows, labels, found.data) for rows in parts]
        hops = {str(hop): _spread([one.by_hop[hop] for one in each]) for hop in each[0].by_hop}
        domains = _by_domain(found.data.graph, each)
        methods[name] = {**_spread([one.target_mean for one in each]), "by_hops": hops, "by_domain": domains}
    constant = evaluate_domains(_constant(found), labels, found.data)
    scored = np.unique(found.data.domain[known])
    return {
        "metric": constant.metric, "nodes": int(known.sum()), "domains": len(scored), "methods": methods,
        "baseline": constant.target_mean,
        "domains_by_hops": {str(hop): int((found.data.hops[scored] == hop).sum()) for hop in constant.by_hop},
        "nodes_of_classes_no_source_has": int((labels == len(found.outputs)).sum()) if labels.ndim == 1 else 0,
    }  # fmt: skip


def agreement(found: StoreData, predictions: Sequence[Array]) -> float | None:
    """Share of the nodes of targets for which all seeds give the same class; None for numbers or a single seed."""
    if found.data.num_classes is None or len(predictions) < 2:
        return None
    best = np.stack([rows[found.target_rows].argmax(axis=1) for rows in predictions])
    return float((best == best[0]).all(axis=0).mean())


def domain_rows(found: StoreData) -> list[dict[str, Any]]:
    """Each domain of the graph: whether it is a source, its hops (None: no path), nodes, and labels learned from."""
    data = found.data
    nodes = np.bincount(data.domain, minlength=data.num_domains)
    learned = np.bincount(data.domain[data.labelled], minlength=data.num_domains)
    return [
        {
            "domain": name, "source": bool(number in data.sources), "nodes": int(nodes[number]),
            "labels": int(learned[number]), "hops": int(hop) if (hop := data.hops[number]) >= 0 else None,
        }
        for number, name in enumerate(data.graph.names)
    ]  # fmt: skip


def prediction_rows(found: StoreData, prediction: Array) -> list[dict[str, Any]]:
    """The predictions for all nodes of target domains, in the order of the nodes.

    Args:
        prediction: `[num_rows, num_outputs]` probabilities or values.
    """
    names, outputs = found.data.graph.names, found.outputs
    rows = []
    for row in found.target_rows.tolist():
        told: dict[str, Any] = {"node": found.ids[row], "domain": names[found.data.domain[row]]}
        values = prediction[row]
        if found.data.num_classes is not None:
            best = int(values.argmax())
            told |= {"predicted": outputs[best], "probability": round(float(values[best]), 4)}
        else:
            numbers = {name: round(float(v), 4) for name, v in zip(outputs, values, strict=True)}
            told["predicted"] = numbers if len(outputs) > 1 else numbers[outputs[0]]
        rows.append(told)
    return rows


def _only(truth: Array, rows: NDArray[np.bool_]) -> Array:
    """The labels of some rows, unknown elsewhere."""
    if truth.ndim == 1:
        return np.where(rows, truth, -1)
    return np.where(rows[:, None], truth, np.float32(np.nan))


def _constant(found: StoreData) -> Array:
    """What the commonest class, or the mean, of the labels that training saw predicts."""
    data = found.data
    y = data.y[data.labelled]
    if data.num_classes is None:
        return np.broadcast_to(y.mean(axis=0), data.y.shape)
    shares = np.bincount(y, minlength=data.num_classes) / len(y)
    return np.broadcast_to(shares, (len(data.x), data.num_classes))


def _spread(values: Sequence[float]) -> dict[str, Any]:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "sd": sd, "seeds": [float(value) for value in values]}


def _by_domain(graph: DomainGraph, scores: Sequence[DomainScores]) -> dict[str, float]:
    mean = np.stack([one.per_domain for one in scores]).mean(axis=0)
    return {
        name: float(mean[number]) for number, name in enumerate(graph.names) if not np.isnan(mean[number])
    }
