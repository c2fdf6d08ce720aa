"""Tuning a text encoder by plain link prediction: the baseline that neighbourhood prediction must beat."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.errors import InvalidInputError
from graphrec.text.encoder import TextEncoder
from graphrec.text.schedule import Report, TextProgress, half_precision, pick_device, rate, steps_of
from graphrec.text.tokens import TokenTable

Int = NDArray[np.int64]

_REPORT_EVERY = 20  # steps


class LinkTuningConfig(BaseModel):
    """Settings of :func:`tune_by_links`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: PositiveFloat = 6e-5
    """AdamW's step size at its highest; it rises over `warm_up` of the steps, then falls to nothing."""
    batch: PositiveInt = 32
    """Pairs per step; each brings two texts, and every other pair's texts as negatives."""
    epochs: PositiveFloat = 2.0
    """Passes over the nodes that have a neighbour, unless `steps` is given."""
    steps: PositiveInt | None = None
    """Steps altogether."""
    warm_up: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of the steps."""
    scale: PositiveFloat = 20.0
    """What cosines are multiplied with before the softmax."""
    frozen_layers: NonNegativeInt = 0
    """Lowest layers that stay as they are."""
    train_words: bool = False
    """Also train the word embeddings."""
    clip: PositiveFloat = 1.0
    """Largest norm of the gradient."""
    weight_decay: NonNegativeFloat = 0.0
    """Of AdamW."""
    seed: int = 0
    """Of order, neighbours and dropout."""


def tune_by_links(
    encoder: TextEncoder, tokens: TokenTable, edge_index: Int, config: LinkTuningConfig | None = None, *,
    device: str | torch.device | None = None, report: Report | None = None,
) -> TextEncoder:  # fmt: skip
    """Train the encoder so that linked texts are nearer than others of the batch.

    In every pass each node that has a neighbour stands once beside one of its neighbours, drawn anew; the loss is
    :func:`in_batch_loss` (multiple negatives ranking, Henderson et al. 2017, arXiv 1705.00652).

    Args:
        encoder: tuned in place, and returned in evaluation mode.
        tokens: of all nodes.
        edge_index: int64 `[2, num_edges]`, both directions.
        config: settings.
        device: None is a GPU where there is one.
        report: is told loss and speed now and then.

    Raises:
        InvalidInputError: no edges, an edge to a node without text, or more frozen layers than there are.
    """
    settings, place = config or LinkTuningConfig(), pick_device(device)
    edges = LinkedPairs(edge_index, len(tokens))
    encoder.to(place).train()
    encoder.freeze(settings.frozen_layers, words=not settings.train_words)
    with torch.random.fork_rng([place] if place.type == "cuda" else []):
        torch.manual_seed(settings.seed)  # what attention drops inside torch's own kernel
        encoder.use_generator(torch.Generator(device=place).manual_seed(settings.seed))
        _train(encoder, tokens, edges, settings, place, report)
    return encoder.eval()


def _train(
    encoder: TextEncoder, tokens: TokenTable, edges: LinkedPairs, settings: LinkTuningConfig,
    place: torch.device, report: Report | None,
) -> None:  # fmt: skip
    free = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(free, settings.learning_rate, weight_decay=settings.weight_decay, eps=1e-8)
    steps = steps_of(len(edges.anchors), settings.batch, settings.steps, settings.epochs)
    warm, total, texts, started = int(settings.warm_up * steps), 0.0, 0, time.perf_counter()
    for step, (left, right) in enumerate(islice(edges.batches(settings.batch, settings.seed), steps)):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * rate(step, steps, warm)
        ids, mask = (tensor.to(place) for tensor in tokens.batch(np.concatenate([left, right])))
        with half_precision(place):
            vectors = encoder(ids, mask)
        first, second = F.normalize(vectors.float(), dim=1).chunk(2)
        usable = torch.from_numpy(edges.negatives(left, right)).to(place)
        loss = in_batch_loss(first, second, usable, settings.scale)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(free, settings.clip)
        optimiser.step()
        total, texts = total + loss.item(), texts + 2 * len(left)
        if report is not None and ((step + 1) % _REPORT_EVERY == 0 or step + 1 == steps):
            speed = texts / (time.perf_counter() - started)
            report(TextProgress("tune", 0, 1, step + 1, steps, total / (step % _REPORT_EVERY + 1), speed))
            total = 0.0


def in_batch_loss(first: Tensor, second: Tensor, usable: Tensor, scale: float) -> Tensor:
    """Mean cross-entropy of finding the partner among the batch, in both directions.

    Args:
        first, second: unit vectors `[pairs, dim]`; row i of either belongs to row i of the other.
        usable: bool `[pairs, pairs]`, True where row i may have row j as a negative; the diagonal always counts.
        scale: what cosines are multiplied with.
    """
    own = torch.eye(len(first), dtype=torch.bool, device=first.device)
    logits = (scale * first @ second.T).masked_fill(~(usable | own), -torch.inf)
    truth = torch.arange(len(first), device=first.device)
    return (F.cross_entropy(logits, truth) + F.cross_entropy(logits.T, truth)) / 2


class LinkedPairs:
    """Pairs of linked nodes in random batches, and who of a batch may serve as a negative.

    Args:
        edge_index: int64 `[2, num_edges]`, both directions.
        num_nodes: nodes with a text.

    Raises:
        InvalidInputError: there is no edge, or one names a node outside `0..num_nodes - 1`.
    """

    def __init__(self, edge_index: Int, num_nodes: int) -> None:
        if edge_index.size == 0:
            raise InvalidInputError("Link prediction needs edges, and the graph has none.")
        if edge_index.min() < 0 or edge_index.max() >= num_nodes:
            raise InvalidInputError(f"An edge names a node outside 0..{num_nodes - 1}; renumber the nodes.")
        self._keys = np.unique(edge_index[0] * num_nodes + edge_index[1])
        source, self._target = self._keys // num_nodes, self._keys % num_nodes
        self._num_nodes = num_nodes
        self._pointer = np.searchsorted(source, np.arange(num_nodes + 1))
        self.anchors: Int = np.unique(source)

    def batches(self, batch: int, seed: int) -> Iterator[tuple[Int, Int]]:
        """Anchors and partners without end, int64 `[at most batch]` each; in a pass every anchor comes once."""
        rng = np.random.default_rng(seed)
        while True:
            order = rng.permutation(self.anchors)
            degree = self._pointer[order + 1] - self._pointer[order]
            partner = self._target[self._pointer[order] + rng.integers(0, degree)]
            for start in range(0, len(order), batch):
                yield order[start : start + batch], partner[start : start + batch]

    def negatives(self, left: Int, right: Int) -> NDArray[np.bool_]:
        """Where `right[j]` is neither `left[i]`, nor `right[i]`, nor a neighbour of `left[i]`; `[pairs, pairs]`.

        A neighbour counted as a negative would be pushed away by one pair and pulled by the next.
        """
        keys = left[:, None] * self._num_nodes + right[None, :]
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        same = (left[:, None] == right[None, :]) | (right[:, None] == right[None, :])
        usable: NDArray[np.bool_] = (self._keys[place] != keys) & ~same
        return usable
