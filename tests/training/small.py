"""Small random data with a knowledge graph, for tests that look at the machinery and not at quality."""

from __future__ import annotations

import numpy as np

from graphrec.models.base import TrainData
from graphrec.sparse import CSR
from graphrec.store.columns import KnowledgeGraph


def small_data(*, users=12, items=15, entities=6, seed=0, valid=True, knowledge=True):
    """Weighted interactions, one held-out item per user, two relations; the last entity points at another."""
    rng = np.random.default_rng(seed)
    liked = rng.random((users, items)) < 0.35
    liked[np.arange(users), np.arange(users) % items] = True
    held = np.array([rng.choice(np.flatnonzero(row)) for row in liked])
    train = liked.copy()
    train[np.arange(users), held] = False
    train[:, 0] |= ~train.any(axis=1)
    rows, cols = np.nonzero(train)
    weights = rng.choice([0.2, 0.5, 1.0], len(rows)).astype(np.float32)
    heads = np.concatenate([np.repeat(np.arange(items), 2), [items]])
    tails = np.concatenate([items + rng.integers(0, entities, 2 * items), [items + entities - 1]])
    relations = np.concatenate([rng.integers(0, 2, 2 * items), [1]])
    kg = KnowledgeGraph(heads, relations, tails, items, items + entities, 2, ("a", "b"))
    matrix = CSR.from_coo(rows, cols, weights, (users, items))
    seen = CSR.from_coo(np.arange(users), held, None, (users, items)) if valid else None
    return TrainData(matrix, seen, kg if knowledge else None)
