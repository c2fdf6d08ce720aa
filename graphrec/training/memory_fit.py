"""The memory that a bundle carries: learned on held-out events, weighed beside the model's own score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec.bundle import Catalogue, History, Part, score_parts
from graphrec.ranking.memory_mixing import MemoryMixing
from graphrec.ranking.memory_term import request_vector
from graphrec.store.columns import NO_TIME, Interactions
from graphrec.training.memory import MemoryConfig, MemoryTrainer, memory_shape
from graphrec.training.memory_examples import EventLog, build_examples
from graphrec.training.memory_network import MemoryNetwork
from graphrec.training.run_log import Log

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

MIN_EXAMPLES = 100
"""Fewer held-out events than this teach nothing."""
WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5)
"""Weights of the memory, in units of the model's spread, that validation chooses from."""
LEARNED = 0.7
"""Share of the held-out events to learn from; the later ones choose the epoch and the weight."""
_WEIGHED = 1000  # events that choose the weight
_SECOND = 1_000_000  # interactions count microseconds


def train_memory(
    catalogue: Catalogue, vectors: Float, parts: Sequence[Part], train: Interactions, held: Interactions, *,
    config: MemoryConfig, seed: int = 0, log: Log | None = None,
) -> MemoryMixing | None:  # fmt: skip
    """Learn to read memories from events that the model was not trained on.

    Args:
        vectors: float32 `[num_items, dim]` of the model.
        parts: the model's scorers, trained on `train`.
        held: later events of the same users and items.

    Returns:
        The mixing; None without times, with too few events, or where it adds nothing to the model's score.
    """
    both = [np.concatenate([getattr(train, name), getattr(held, name)]) for name in ("user", "item", "time")]
    users, items, times = both
    if bool((times == NO_TIME).any()) or vectors.shape[1] == 0:
        return None
    fresh = np.arange(len(users)) >= len(train)
    requests, request_vectors = _requests(catalogue, vectors, items, np.random.default_rng(seed))
    order = np.lexsort((items, times, users))  # as EventLog sorts
    events = EventLog.sort(users, items, times / _SECOND, requests)
    dim = vectors.shape[1]
    shape = memory_shape(config, dim)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    examples = build_examples(events, unit.astype(np.float32), shape)
    rows = np.flatnonzero(fresh[order] & (examples.stop > examples.start))
    rows = rows[np.argsort(events.times[rows], kind="stable")]
    cut = int(LEARNED * len(rows))
    if len(rows) < MIN_EXAMPLES:
        return None
    heads = next(n for n in range(min(config.heads, dim), 0, -1) if dim % n == 0)
    popularity = np.log1p(catalogue.popularity).astype(np.float32)
    network = MemoryNetwork(unit.astype(np.float32), shape, heads, popularity, seed)
    trainer = MemoryTrainer(network, examples, request_vectors, config, seed)
    trainer.fit(rows[:cut], rows[cut:], log)
    known = train.matrix().degrees() > 0
    weight = _weight(trainer, parts, known, rows[cut:][:: max(1, (len(rows) - cut) // _WEIGHED)])
    return network.export(weight) if weight > 0 else None


def _requests(
    catalogue: Catalogue, vectors: Float, items: Int, rng: np.random.Generator
) -> tuple[Int, Float]:
    """For half of the events one attribute of the item, as a request might name it, and the attributes' vectors."""
    edges = catalogue.item_attributes
    counts = edges.degrees()[items]
    drawn = edges.indptr[items] + np.floor(rng.random(len(items)) * counts).astype(np.int64)
    asked = (counts > 0) & (rng.random(len(items)) < 0.5)
    attributes = np.full(len(items), -1, dtype=np.int64)
    attributes[asked] = edges.indices[drawn[asked]]
    table = np.zeros((catalogue.num_attributes, vectors.shape[1]), dtype=np.float32)
    for attribute in np.unique(attributes[asked]).tolist():
        table[attribute] = request_vector(vectors, catalogue.attribute_items.row(attribute))
    return attributes, table


@torch.no_grad()
def _weight(trainer: MemoryTrainer, parts: Sequence[Part], known: NDArray[np.bool_], rows: Int) -> float:
    """Weight of the memory's score, in the model's units, with the best mean reciprocal rank; 0 for none."""
    log, network = trainer.examples.log, trainer.network
    memory = network.scores(trainer.vectors(rows)).numpy()
    base = np.stack([_model_scores(trainer, parts, known, int(row)) for row in rows])
    unit = float(base.std(axis=1).mean() / max(float(memory.std(axis=1).mean()), 1e-9)) or 1.0
    targets = torch.from_numpy(log.items[rows])
    found: list[tuple[float, float]] = []
    for relative in WEIGHTS:
        scores = torch.from_numpy(base + np.float32(relative * unit) * memory)
        scores = trainer.without_seen(scores, rows, keep=targets)
        ranks = (scores >= scores.gather(1, targets[:, None])).sum(dim=1).numpy()
        found.append((float((1.0 / ranks).mean()), -relative * unit))  # the smaller weight wins a tie
    return -max(found)[1]


def _model_scores(trainer: MemoryTrainer, parts: Sequence[Part], known: NDArray[np.bool_], row: int) -> Float:
    """The model's own scores at an event, its user's history live, as serving would give them."""
    examples = trainer.examples
    user = int(examples.log.users[row])
    items = np.unique(examples.log.items[examples.start[row] : examples.stop[row]])
    history = History(items, np.ones(len(items), dtype=np.float32))
    return score_parts(parts, user if known[user] else None, history)
