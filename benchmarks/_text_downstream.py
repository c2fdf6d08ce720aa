"""An MLP and GraphSAGE over given features: settings chosen on validation nodes, then one test per split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from _text_graphs import Int, Target, TextGraph
from numpy.typing import NDArray

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.mlp import MLP, MLPConfig
from graphrec.cold.multi_label import best_threshold, f1, mean_average_precision, train_multi_label
from graphrec.cold.sage import GraphSAGE, GraphSAGEConfig
from graphrec.cold.trainer import NodeTrainConfig, accuracy, predict, train_node_model

Scores = dict[str, float]

SETTINGS = ((1.0, 0.3, 0.01, 5e-3), (1.0, 0.6, 0.003, 5e-4), (0.25, 0.3, 0.01, 5e-4), (1.0, 0.6, 0.01, 2e-2))
"""Width as a share of the widest, dropout, learning rate, weight decay."""
WIDEST = {"MLP": 256, "GraphSAGE": 128}
SCALES = ("rows", "columns")
"""Rows of length root of their dimension, or columns of mean 0 and variance 1."""
EPOCHS, PATIENCE, LOOK = 100, 8, 4
LARGE = 5000
"""Labelled nodes above which one split is enough to choose settings on; else there are two."""


def grid(model: str) -> list[dict[str, Any]]:
    """The same settings for every kind of features."""
    return [
        {
            "scale": scale,
            "hidden": int(share * WIDEST[model]),
            "dropout": dropout,
            "lr": rate,
            "weight_decay": decay,
        }
        for scale, (share, dropout, rate, decay) in product(SCALES, SETTINGS)
    ]


def scaled(x: NDArray[np.float32], scale: str) -> NDArray[np.float32]:
    """Features as a network takes them."""
    if scale == "rows":
        lengths = np.linalg.norm(x, axis=1, keepdims=True)
        return np.asarray(x / np.maximum(lengths, 1e-9) * np.sqrt(x.shape[1]), np.float32)
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 1e-9, spread, 1), np.float32)


def choose(
    graph: TextGraph, target: Target, x: NDArray[np.float32], model: str
) -> tuple[dict[str, Any], float]:
    """The settings of the best mean on the validation nodes of the first splits, and that mean."""
    splits = range(1 if len(target.nodes) > LARGE else 2)
    values = [
        float(
            np.mean([run(graph, target, x, model, settings, split, test=False)["valid"] for split in splits])
        )
        for settings in grid(model)
    ]
    best = int(np.argmax(values))
    return grid(model)[best], values[best]


def run(
    graph: TextGraph,
    target: Target,
    x: NDArray[np.float32],
    model: str,
    settings: Mapping[str, Any],
    split: int,
    test: bool = True,
) -> Scores:
    """Scores in percent of one split: `valid`, and those on the test nodes when they are asked for."""
    parts = target.split(split)
    labels = torch.from_numpy(target.labels)
    data = _data(graph, target, torch.from_numpy(scaled(x, settings["scale"])), parts)
    network = _network(model, data, settings)
    train = NodeTrainConfig(
        lr=settings["lr"],
        weight_decay=settings["weight_decay"],
        epochs=EPOCHS,
        patience=PATIENCE,
        eval_every=LOOK,
    )
    seen, own = data, labels
    if model == "MLP":  # it reads no other node's features
        seen, rows = _only(data, parts[:2])
        own = labels[rows]
    if target.multi_label:
        train_multi_label(network, seen, own, train, split)
    else:
        train_node_model(network, seen, train, split)
    return _scores(predict(network, data), labels, data, target.multi_label, test)


def _scores(
    logits: torch.Tensor, labels: torch.Tensor, data: NodeData, multi_label: bool, test: bool
) -> Scores:
    if not multi_label:
        found = {"valid": accuracy(logits, labels, data.valid)}
        found |= {"test": accuracy(logits, labels, data.test)} if test else {}
    else:
        valid, truth = logits[data.valid], labels[data.valid]
        found = {"valid": mean_average_precision(valid, truth)}
        if test:
            there, wanted = logits[data.test], labels[data.test]
            found["test"] = mean_average_precision(there, wanted)
            for average in ("micro", "macro"):
                cut = best_threshold(valid, truth, average)  # type: ignore[arg-type]
                found[f"{average}_f1"] = f1(there, wanted, cut, average)  # type: ignore[arg-type]
    return {name: round(100 * value, 3) for name, value in found.items()}


def _data(graph: TextGraph, target: Target, x: torch.Tensor, parts: Sequence[Int]) -> NodeData:
    classes = torch.zeros(graph.num_nodes, dtype=torch.int64)
    if not target.multi_label:
        classes = torch.from_numpy(target.labels).clamp_min(0)
    train, valid, test = (torch.from_numpy(part) for part in parts)
    return NodeData(x, classes, torch.from_numpy(graph.edge_index), train, valid, test, len(target.names))


def _only(data: NodeData, parts: Sequence[Int]) -> tuple[NodeData, torch.Tensor]:
    """The training and validation nodes alone, without edges, and which they were."""
    rows = torch.from_numpy(np.concatenate(parts))
    number = torch.arange(len(rows))
    cut = len(parts[0])
    none = torch.zeros(2, 0, dtype=torch.int64)
    part = NodeData(
        data.x[rows], data.y[rows], none, number[:cut], number[cut:], number[:0], data.num_classes
    )
    return part, rows


def _network(model: str, data: NodeData, settings: Mapping[str, Any]) -> NodeClassifier:
    shape = {"hidden": settings["hidden"], "dropout": settings["dropout"]}
    if model == "MLP":
        return MLP(data.num_features, data.num_classes, MLPConfig(**shape))
    return GraphSAGE(data.num_features, data.num_classes, GraphSAGEConfig(**shape))
