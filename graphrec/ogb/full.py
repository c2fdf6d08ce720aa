"""Training on the whole graph at once, with the models and the trainer of :mod:`graphrec.cold`."""

from __future__ import annotations

import numpy as np
import torch

from graphrec.cold.data import NodeData, undirected
from graphrec.cold.label_propagation import label_propagation
from graphrec.cold.trainer import train_node_model
from graphrec.ogb.evaluate import NodeScorer
from graphrec.ogb.network import Kind, NodeNetwork
from graphrec.ogb.nodes import NodeSet
from graphrec.ogb.protocol import SeedScore
from graphrec.ogb.settings import NetworkSettings, PropagationSettings
from graphrec.training.run_log import Log


def node_data(data: NodeSet, device: str, *, edges: bool = True) -> NodeData:
    """A data set as the models of :mod:`graphrec.cold` take it, edges in both directions.

    Args:
        edges: off for models that look at none; they alone take data sets with several node types.
    """
    num_nodes = data.num_targets
    links = torch.zeros(2, 0, dtype=torch.int64)
    if edges:
        (given,) = data.edges.values()
        links = undirected(torch.from_numpy(np.array(given)), num_nodes)
    x = torch.zeros(num_nodes, 0)
    if data.target in data.x:
        x = torch.from_numpy(np.array(data.x[data.target], dtype=np.float32))
    y = torch.from_numpy(np.array(data.y))
    train, valid, test = (torch.from_numpy(np.array(data.split[part])) for part in ("train", "valid", "test"))
    return NodeData(x, y, links, train, valid, test, data.num_classes).to(device)


def run_network(
    kind: Kind, data: NodeData, score: NodeScorer, settings: NetworkSettings, seed: int, log: Log
) -> SeedScore:
    """Train a network of OGB's reference form, full batch; validation accuracy chooses the epoch."""
    model = NodeNetwork(
        kind, data.num_features, data.num_classes, hidden=settings.hidden, num_layers=settings.num_layers,
        dropout=settings.dropout, batch_norm=settings.batch_norm,
    )  # fmt: skip
    found = train_node_model(model, data, settings.training(), seed, log=log)
    return scored(score, found.logits, found.best_epoch, count(model))


def run_propagation(data: NodeData, score: NodeScorer, settings: PropagationSettings, log: Log) -> SeedScore:
    """Label propagation: nothing is learned and nothing is drawn, so every seed gives the same."""
    found = label_propagation(data, settings)
    log({"epoch": 1, "valid": found.valid})
    return scored(score, found.logits, 0, 0)


def scored(score: NodeScorer, logits: torch.Tensor, best_epoch: int, parameters: int) -> SeedScore:
    """Scores of the predicted classes by ogb's evaluator."""
    predicted = logits.argmax(dim=1).cpu().numpy()
    return SeedScore(score.part(predicted, "valid"), score.part(predicted, "test"), best_epoch, parameters)


def count(model: torch.nn.Module) -> int:
    """Learned numbers of a model."""
    return sum(parameter.numel() for parameter in model.parameters())
