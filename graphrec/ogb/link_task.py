"""One run of a link property data set, from its files to the figures that its leaderboard asks for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from graphrec.errors import InvalidInputError
from graphrec.ogb.kge_config import KGEConfig
from graphrec.ogb.kge_data import KGData
from graphrec.ogb.kge_evaluate import kge_ranks
from graphrec.ogb.kge_train import train_kge
from graphrec.ogb.link_config import GraphSettings, LinkConfig
from graphrec.ogb.link_data import LinkData
from graphrec.ogb.link_evaluate import link_metric
from graphrec.ogb.link_graph import adjacency
from graphrec.ogb.link_heuristics import NeighbourHeuristic
from graphrec.ogb.link_model import LinkModel
from graphrec.ogb.link_read import read_links, read_triples
from graphrec.ogb.link_specs import LINK_DATASETS, LinkDatasetSpec, link_notes, link_settings, link_spec
from graphrec.ogb.link_train import graph_links, judge, message_matrix, train_link
from graphrec.ogb.loading import import_ogb
from graphrec.training.run_log import Log

__all__ = ["LINK_DATASETS", "LinkDatasetSpec", "LinkResult", "read_link_dataset", "run_link_seed"]


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What one run has to report.

    Args:
        metric: its name, as in :data:`LINK_DATASETS`.
        valid, test: 0..1, from ogb's evaluator, over all queries of the split.
        best_epoch: epoch that the validation queries chose; 0 where nothing is trained.
        num_parameters: trained numbers; 0 for heuristics.
        seconds: of training and scoring, without reading the data.
        notes: sentences that whoever reads the figures must know.
    """

    metric: str
    valid: float
    test: float
    best_epoch: int
    num_parameters: int
    seconds: float
    notes: tuple[str, ...]


Figures = tuple[float, float, int, int]
"""Validation, test, best epoch, parameters."""


def read_link_dataset(name: str, root: str | Path) -> LinkData | KGData:
    """Read a data set of :data:`LINK_DATASETS` that is there already.

    Raises:
        ConfigError: another name.
        NotFoundError, CorruptionError: files that are missing or hold something else.
    """
    return read_triples(name, root) if link_spec(name).kind == "triples" else read_links(name, root)


def run_link_seed(
    name: str,
    dataset: LinkData | KGData | str | Path,
    model: str,
    *,
    features: Tensor | None = None,
    overrides: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
    log: Log | None = None,
) -> LinkResult:
    """Train one model from one seed; the validation split chooses the epoch, the test split is scored once.

    Args:
        dataset: what :func:`read_link_dataset` gave (which serves all seeds), or the folder of all data sets.
        model: one of the data set's `models`.
        features: `[num_nodes, any]` in place of OGB's; links only.
        overrides: settings that differ from the reference (:class:`LinkConfig`, :class:`KGEConfig`).
        log: takes a record per epoch.

    Raises:
        ConfigError: an unknown data set, model or setting.
        InvalidInputError: features that do not fit.
    """
    settings = link_settings(name, model, overrides or {})
    data = read_link_dataset(name, dataset) if isinstance(dataset, str | Path) else dataset
    if features is not None:
        if isinstance(data, KGData):
            raise InvalidInputError(f"The entities of {name} have no features; leave the features at ogb.")
        data = data.with_features(features)
    evaluator = import_ogb("ogb.linkproppred").Evaluator(name)
    started = time.perf_counter()
    valid, test, best, size = _run(data, model, settings, evaluator, seed, device, log)
    seconds = time.perf_counter() - started
    metric = LINK_DATASETS[name].metric
    return LinkResult(metric, valid, test, best, size, seconds, link_notes(name, settings))


def _run(
    data: LinkData | KGData,
    model: str,
    settings: KGEConfig | GraphSettings,
    evaluator: Any,
    seed: int,
    device: str,
    log: Log | None,
) -> Figures:
    if isinstance(data, KGData):
        assert isinstance(settings, KGEConfig)
        return _triples(data, settings, evaluator, seed, device, log)
    if isinstance(settings, LinkConfig):
        return _links(data, model, settings, evaluator, seed, device, log)
    assert isinstance(settings, GraphSettings)
    return _heuristic(data, model, settings, evaluator)


def _links(
    data: LinkData, kind: str, config: LinkConfig, evaluator: Any, seed: int, device: str, log: Log | None
) -> Figures:
    if not data.x.shape[1]:
        raise InvalidInputError(
            f"{data.name} has no node features, and {kind} needs some; give it a folder of them."
        )
    generator = torch.Generator(device=device).manual_seed(seed)
    model = LinkModel(kind, data.x.shape[1], config, generator)
    progress = train_link(model, data, evaluator, seed=seed, log=log)
    x, found = data.x.to(device), []
    for queries, links in zip((data.valid, data.test), graph_links(data, config), strict=True):
        matrix = message_matrix(model, links, data.num_nodes)
        found.append(judge(model, x, queries, matrix, evaluator))
    return found[0], found[1], progress.best_epoch, _size(model)


def _heuristic(data: LinkData, method: str, config: GraphSettings, evaluator: Any) -> Figures:
    found = []
    for queries, links in zip((data.valid, data.test), graph_links(data, config), strict=True):
        matrix = adjacency(links, data.num_nodes, config.edge_weights)
        score = NeighbourHeuristic(matrix, method)
        found.append(link_metric(queries, score, evaluator, config.eval_pairs))
    return found[0], found[1], 0, 0


def _triples(
    data: KGData, config: KGEConfig, evaluator: Any, seed: int, device: str, log: Log | None
) -> Figures:
    model, progress = train_kge(data, config, evaluator, seed=seed, device=device, log=log)
    found = [kge_ranks(model, data, part, evaluator, device)["mrr"] for part in (data.valid, data.test)]
    return found[0], found[1], progress.best_epoch, _size(model)


def _size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
