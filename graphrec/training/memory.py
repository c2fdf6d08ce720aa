"""Learning how a memory is read: the next item of each event, foretold from what came before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor

from graphrec.errors import InvalidInputError
from graphrec.ranking.memory import DAY, MemoryShape
from graphrec.training.memory_examples import Examples
from graphrec.training.memory_network import MemoryNetwork
from graphrec.training.run_log import Log

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


_CHUNK = 16  # batches that are sorted by the length of the history together


class MemoryConfig(BaseModel):
    """Settings of the memory and of its training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = False
    """Train one with the bundle; the interactions need times."""
    window: PositiveInt = 16
    """Newest events kept one by one."""
    half_lives: tuple[PositiveFloat, ...] = (DAY, 30 * DAY)
    """Seconds after which an event counts half in each long-term vector."""
    heads: PositiveInt = 4
    """Heads per attention."""
    epochs: PositiveInt = 20
    """Passes at most; the pass with the best validation MRR is kept."""
    patience: PositiveInt = 3
    """Passes without a better one before training stops."""
    batch_size: PositiveInt = 256
    """Events per step."""
    learning_rate: PositiveFloat = 2e-3
    """Adam's step size."""
    mixture_rate: PositiveFloat = 0.1
    """Adam's step size for the few weights of the mixture."""
    weight_decay: NonNegativeFloat = 0.0
    """Decoupled L2 penalty."""
    drop_events: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Share of the window hidden in training, so that no single event is relied upon."""
    negatives: PositiveInt = 10_000
    """Items that each event competes with; catalogues up to this size are used whole."""


class MemoryTrainer:
    """Fits a :class:`MemoryNetwork` on examples by a softmax over the next item, seen items left out.

    Args:
        network: fitted in place.
        examples: all of them; which to learn from is said when fitting.
        requests: float32 `[num_requests, dim]`, the vectors that `examples.log.requests` names.
    """

    def __init__(
        self, network: MemoryNetwork, examples: Examples, requests: Float, config: MemoryConfig, seed: int = 0
    ) -> None:
        self.network, self.examples, self.config = network, examples, config
        none = np.zeros((1, network.shape.dim), dtype=np.float32)  # row -1: no request
        self.requests = torch.from_numpy(np.concatenate([requests.reshape(-1, network.shape.dim), none]))
        self.rng = np.random.default_rng(seed)

    def fit(self, train: Int, valid: Int, log: Log | None = None) -> float:
        """Learn from some examples; others choose the epoch. Gives the best validation MRR.

        The mixture first, then items and request beside it, then the attentions: each stage starts from the best
        of the one before and is kept only where validation gains.

        Raises:
            InvalidInputError: nothing to learn from or to choose by.
        """
        if not len(train) or not len(valid):
            raise InvalidInputError("A memory needs events to learn from and events to validate by.")
        network, everything = self.network, list(self.network.parameters())
        reading = [p for part in (network.first, network.second) for p in part.parameters()]
        reading += [network.ask, network.ask_request, network.long, network.rest_raw, network.scale]
        apart = set(map(id, reading))
        simple = [p for p in everything if id(p) not in apart]
        quality = -1.0
        for stage, (learned, rate) in enumerate(
            ((network.mixture(), self.config.mixture_rate), (simple, None), (everything, None))
        ):
            network.plain = stage < 2
            network.requires_grad_(False)
            for parameter in learned:
                parameter.requires_grad_()
            quality = self._stage(train, valid, learned, rate or self.config.learning_rate, log)
        return quality

    def _stage(
        self, train: Int, valid: Int, learned: Sequence[Tensor], rate: float, log: Log | None
    ) -> float:
        """Learn some parameters; the pass with the best validation MRR, or none, is kept."""
        optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=self.config.weight_decay)
        best, kept, waited = self.quality(valid), _copy(self.network), 0
        for epoch in range(self.config.epochs):
            loss = 0.0
            for rows in self._batches(train):
                optimizer.zero_grad()
                value = self.loss(rows, training=True)
                value.backward()
                optimizer.step()
                loss += float(value.detach()) * len(rows) / len(train)
            quality = self.quality(valid)
            if log:
                log({"memory_epoch": epoch + 1, "loss": loss, "valid": quality})
            if quality > best:
                best, kept, waited = quality, _copy(self.network), 0
            elif (waited := waited + 1) >= self.config.patience:
                break
        self.network.load_state_dict(kept)
        return best

    def _batches(self, rows: Int) -> list[Int]:
        """Shuffled batches; histories of like length go together, so that little of a batch is padding."""
        order = self.rng.permutation(rows)
        lengths = self.examples.stop - self.examples.start
        batches: list[Int] = []
        for chunk in np.array_split(order, max(1, len(order) // (_CHUNK * self.config.batch_size))):
            alike = chunk[np.argsort(lengths[chunk], kind="stable")]
            batches += np.array_split(alike, max(1, len(alike) // self.config.batch_size))
        return [batches[place] for place in self.rng.permutation(len(batches))]

    def loss(self, rows: Int, *, training: bool = False) -> Tensor:
        """Mean cross-entropy of the next items; on large catalogues against sampled ones, weighted to match."""
        vectors = self.vectors(rows, training=training)
        targets = torch.from_numpy(self.examples.log.items[rows])
        size, count = len(self.network.outputs), self.config.negatives
        if size <= count:
            scores = self.without_seen(self.network.scores(vectors), rows, keep=targets)
            return torch.nn.functional.cross_entropy(scores, targets)
        drawn = torch.from_numpy(self.rng.choice(size, count, replace=False))
        own = (vectors * self.network.outputs[targets]).sum(dim=1) + self.network.offsets[targets]
        others = vectors @ self.network.outputs[drawn].t() + self.network.offsets[drawn]
        others = others.masked_fill(drawn[None, :] == targets[:, None], -torch.inf) + np.log(size / count)
        return -torch.log_softmax(torch.cat([own[:, None], others], dim=1), dim=1)[:, 0].mean()

    def vectors(self, rows: Int, *, training: bool = False) -> Tensor:
        """User vectors `[rows, dim]` before each example's event."""
        items, ages = self.examples.window(rows, self.network.shape.window)
        if training and self.config.drop_events:
            items = np.where(self.rng.random(items.shape) < self.config.drop_events, -1, items)
        return self.network.user_vectors(
            torch.from_numpy(self.examples.long[rows]), torch.from_numpy(self.examples.mass[rows]),
            torch.from_numpy(items), torch.from_numpy(ages), self.requests[self.examples.log.requests[rows]],
        )  # fmt: skip

    def without_seen(self, scores: Tensor, rows: Int, keep: Tensor | None = None) -> Tensor:
        """Scores with `-inf` at what was chosen before, except the items to keep (one per row)."""
        owner, items = map(torch.from_numpy, self.examples.seen(rows))
        if keep is not None:
            fresh = items != keep[owner]
            owner, items = owner[fresh], items[fresh]
        hidden = torch.zeros_like(scores, dtype=torch.bool)
        hidden[owner, items] = True
        return scores.masked_fill(hidden, -torch.inf)

    @torch.no_grad()
    def ranks(self, rows: Int, batch: int = 512) -> Int:
        """Place of each example's item in the whole catalogue, from 1; ties count against it."""
        found = []
        for part in np.array_split(rows, max(1, -(-len(rows) // batch))):
            targets = torch.from_numpy(self.examples.log.items[part])
            scores = self.without_seen(self.network.scores(self.vectors(part)), part, keep=targets)
            own = scores.gather(1, targets[:, None])
            found.append((scores >= own).sum(dim=1).numpy())
        return np.concatenate(found)

    def quality(self, rows: Int) -> float:
        """Mean reciprocal rank."""
        return float((1.0 / self.ranks(rows)).mean())


def memory_shape(config: MemoryConfig, dim: int) -> MemoryShape:
    """The memories that a configuration describes."""
    return MemoryShape(dim, config.window, config.half_lives)


def _copy(network: MemoryNetwork) -> dict[str, Any]:
    return {name: value.clone() for name, value in network.state_dict().items()}
