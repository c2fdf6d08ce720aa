"""Cold Brew on an OGB data set: the leaderboard's number, and the nodes without edges beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from graphrec.cold.data import NodeData
from graphrec.cold.degree_split import degree_split
from graphrec.cold.structural_gcn import StructuralGCN, teacher_embeddings
from graphrec.cold.student import fit_cold_brew
from graphrec.cold.trainer import train_node_model
from graphrec.ogb.evaluate import NodeScorer
from graphrec.ogb.full import count
from graphrec.ogb.protocol import SeedScore
from graphrec.ogb.settings import ColdBrewSettings
from graphrec.training.run_log import Log

NOTES = (
    "validation and test: on the whole graph, the teacher's classes for nodes with edges, the student's for others.",
    "isolation, tail, head: trained anew on the graph in which the tenth of all nodes with fewest edges has none "
    "(Cold Brew, ICLR 2022, section 4.1), on the test nodes of each group; not comparable with a leaderboard.",
)


def run_cold_brew(
    data: NodeData, score: NodeScorer, settings: ColdBrewSettings, seed: int, log: Log
) -> SeedScore:
    """Teacher and student on the whole graph, and again on the one with isolated nodes."""
    total = _passes(settings)
    teacher, student, best, size = _fit(data, settings, seed, _shifted(log, 0, total))
    predicted = _joined(data, teacher, student)
    beside = _slices(data, score, settings, seed, log) if settings.slices else {}
    return SeedScore(score.part(predicted, "valid"), score.part(predicted, "test"), best, size, beside)


def epochs_of(settings: ColdBrewSettings) -> int:
    """Epochs of a run, for the progress bar."""
    return _passes(settings) * (2 if settings.slices else 1)


def _passes(settings: ColdBrewSettings) -> int:
    return settings.teacher_training.epochs + settings.student_training.epochs


def _slices(
    data: NodeData, score: NodeScorer, settings: ColdBrewSettings, seed: int, log: Log
) -> dict[str, float]:
    """Scores of the test nodes by degree, where the isolated ones have no edges in training and after."""
    edges = data.edge_index.cpu()
    split = degree_split(edges, data.num_nodes, "paper", ties=settings.ties)
    cold = data.with_edges(split.edge_index.to(data.x.device))
    total = _passes(settings)
    teacher, student, *_ = _fit(cold, settings, seed, _shifted(log, total, total))
    found: dict[str, float] = {}
    for name, nodes in split.groups(cold.test.cpu()).items():
        if name == "overall" or not len(nodes):
            continue
        ids = nodes.numpy()
        found[f"{name} teacher"] = score(teacher.argmax(1).cpu().numpy(), ids)
        found[f"{name} student"] = score(student.argmax(1).cpu().numpy(), ids)
    return found


def _fit(data: NodeData, settings: ColdBrewSettings, seed: int, log: Log) -> tuple[Tensor, Tensor, int, int]:
    """Logits of teacher and student, the teacher's best epoch, parameters of both."""
    teacher = StructuralGCN(data.num_features, data.num_classes, data.num_nodes, settings.teacher)
    taught = train_node_model(teacher, data, settings.teacher_training, seed, log=log)
    bank = teacher_embeddings(teacher, data)
    student, found = fit_cold_brew(bank, data, settings.student, settings.student_training, seed)
    log({"epoch": _passes(settings), "valid": found.valid})
    size = count(teacher) + count(student) + count(student.part_one.network)
    return taught.logits, found.logits, taught.best_epoch, size


def _joined(data: NodeData, teacher: Tensor, student: Tensor) -> Any:
    """The teacher's classes where a node has edges, the student's where it has none."""
    return torch.where(data.isolated(), student.argmax(dim=1), teacher.argmax(dim=1)).cpu().numpy()


def _shifted(log: Log, start: int, end: int) -> Log:
    """A log whose epochs go on from an earlier part of the run."""

    def shifted(record: Mapping[str, Any]) -> None:
        log({**record, "epoch": start + min(int(record.get("epoch", 0)), end)})

    return shifted
