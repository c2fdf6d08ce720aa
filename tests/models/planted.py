"""The planted data of the shared model test, and a sum of bundle parts to compare scores with."""

from __future__ import annotations

import numpy as np

from graphrec.bundle import History, score_parts
from graphrec.models.base import TrainData
from graphrec.sparse import CSR
from graphrec.store.columns import KnowledgeGraph

SIZE = 24
"""Users and items 0..SIZE-1: even users like even items, odd users odd ones, and the diagonal is withheld."""


def checkerboard(*, extra_users=0, extra_items=0, weighted=False):
    """Training data of the checkerboard, parity as an attribute; the extra users and items have no edge."""
    users, items = np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij")
    liked = (users % 2 == items % 2) & (users != items)
    weights = (
        np.random.default_rng(0).choice([0.2, 0.5, 1.0], liked.sum()) if weighted else np.ones(liked.sum())
    )
    train = CSR.from_coo(users[liked], items[liked], weights, (SIZE + extra_users, SIZE + extra_items))
    num_items = SIZE + extra_items
    heads, parity = np.arange(SIZE), np.arange(SIZE) % 2
    kg = KnowledgeGraph(
        heads,
        np.zeros(SIZE, dtype=np.int64),
        num_items + parity,
        num_items,
        num_items + 2,
        1,
        ("has_parity",),
    )
    return TrainData(train, None, kg)


def described(*, fresh=6, seed=0):
    """The checkerboard without its knowledge graph, and `fresh` items at the end that two users chose together with
    nothing that tells their parity; features tell it, for all items but number 0, which has none.
    """
    rng = np.random.default_rng(seed)
    board = checkerboard(extra_items=fresh).train
    new = SIZE + np.arange(fresh)
    users = np.concatenate([board.row_index(), np.zeros(fresh, np.int64), np.ones(fresh, np.int64)])
    items = np.concatenate([board.indices, new, new])
    train = CSR.from_coo(users, items, None, board.shape)
    parity = np.arange(SIZE + fresh) % 2
    features = rng.normal(0.0, 0.3, (SIZE + fresh, 5)) + 4.0  # all of them point much the same way
    features[:, 0] += 2.0 * parity
    features[0] = 0.0
    return TrainData(train, features=features.astype(np.float32))


def scores_of_parts(model, train, users):
    """What a bundle of the model would score, `[len(users), num_items]`."""
    parts = model.parts()
    history = [History(train.row(user).astype(np.int64), train.row_values(user)) for user in users]
    return np.stack([score_parts(parts, user, rows) for user, rows in zip(users, history, strict=True)])
