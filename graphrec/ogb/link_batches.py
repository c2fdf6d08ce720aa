"""The steps of an epoch: true and false links with the vectors of their ends, from the whole graph or sampled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from graphrec.ogb.link_graph import (
    Step,
    aggregation_matrix,
    block_matrix,
    degrees,
    degrees_without,
    without_pairs,
)
from graphrec.ogb.link_model import LinkModel
from graphrec.sparse.neighbor_loader import in_order
from graphrec.sparse.neighbor_sampler import NeighborSampler


class Drawn(NamedTuple):
    """One step's question.

    Args:
        epoch, number: name the step's random stream.
        true, false: int64 `[2, n]` each.
    """

    epoch: int
    number: int
    true: Tensor
    false: Tensor


class Answer(NamedTuple):
    """Vectors and, as rows of them, the ends of the true and of the false links, int64 `[2, n]` each."""

    vectors: Tensor
    true: Tensor
    false: Tensor


class WholeGraph:
    """Every step encodes all nodes.

    Args:
        matrix: weights of the training pairs, `[num_nodes, num_nodes]`; an encoder without messages reads nothing
            of it.
    """

    def __init__(self, model: LinkModel, x: Tensor, matrix: sp.csr_matrix) -> None:
        self.model, self.x, self.matrix = model, x, matrix
        changing = model.config.exclude_targets and model.aggregation is not None
        self._whole = None if changing else self._steps(matrix)

    def answers(self, drawn: Iterator[Drawn]) -> Iterator[Answer]:
        """The vectors are computed when a step is asked for, with the weights of that moment."""
        for step in drawn:
            steps = self._whole
            if steps is None:
                steps = self._steps(without_pairs(self.matrix, step.true))
            vectors = self.model.encode(self.x, steps)
            yield Answer(vectors, step.true.to(vectors.device), step.false.to(vectors.device))

    def _steps(self, matrix: sp.csr_matrix) -> list[Step]:
        if self.model.aggregation is None:
            return []
        step = Step(aggregation_matrix(matrix, self.model.aggregation), self.x.device)
        return [step] * len(self.model.layers)


class SampledGraph:
    """Every step encodes the nodes that it asks about, from sampled neighbours (Hamilton et al., NeurIPS 2017).

    Raises:
        InvalidInputError: a fanout is neither positive nor -1.
    """

    def __init__(self, model: LinkModel, x: Tensor, matrix: sp.csr_matrix, seed: int) -> None:
        self.model, self.x, self.matrix, self.total = model, x, matrix, degrees(matrix)
        self.sampler = NeighborSampler(
            matrix.indptr.astype(np.int64), matrix.indices, model.config.fanouts, seed=seed, edges=True
        )

    def answers(self, drawn: Iterator[Drawn]) -> Iterator[Answer]:
        """Sampling runs ahead in threads; the encoder runs when a step is asked for."""
        for step, nodes, steps, rows in in_order(drawn, self._sample, workers=self.model.config.workers):
            device, count = self.x.device, step.true.shape[1]
            vectors = self.model.encode(self.x[nodes.to(device)], steps)
            true, false = rows[: 2 * count].view(2, -1).to(device), rows[2 * count :].view(2, -1).to(device)
            yield Answer(vectors, true, false)

    def _sample(self, step: Drawn) -> tuple[Drawn, Tensor, list[Step], Tensor]:
        ends = torch.cat([step.true.reshape(-1), step.false.reshape(-1)])
        kind = self.model.aggregation
        if kind is None:
            nodes, rows = torch.unique(ends, return_inverse=True)
            return step, nodes, [], rows
        asked, total = None, self.total
        if self.model.config.exclude_targets:
            asked = torch.cat([step.true, step.true.flip(0)], dim=1).numpy()
            total = degrees_without(self.matrix, total, step.true)
        sampled = self.sampler.sample(ends.numpy(), epoch=step.epoch, batch=step.number, exclude=asked)
        matrices = [
            block_matrix(block, sampled.nodes[: block.num_source], self.matrix, total, kind)
            for block in sampled.blocks
        ]
        steps = [Step(matrix, self.x.device) for matrix in matrices]
        return step, torch.from_numpy(sampled.nodes), steps, torch.from_numpy(sampled.seed_rows)
