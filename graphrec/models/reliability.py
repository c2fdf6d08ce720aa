"""How far each interaction can be trusted: is it better supported by the rest of the graph than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

_BLOCK = 256
_STEPS = 10
_RIDGE = 1e-3
_NULL_SHARE = 0.25


def noise_posterior(train: CSR, views: Sequence[Float], rng: np.random.Generator) -> Float:
    r"""Probability that each interaction is no better than a random pair, float32 `[nnz]`.

    A pair is described by how well the item agrees with the user's *other* items; the pair itself never
    testifies for itself, and nothing here is trained, since trained vectors remember the noise they were
    fitted to:

    * co-occurrence:
      :math:`\sum_{j \in N(u) \setminus i} \sum_{v \ne u} x_{vi} x_{vj} / (d_v \sqrt{n_i n_j})`, on a log scale;
    * in every view of the items (such as what their triples say): the mean inner product with the user's
      other items.

    A logistic regression between interactions and as many random pairs gives the density ratio
    :math:`f(x)/f_0(x)`. The share of noise is at most :math:`\pi_0 = \min_x f/f_0`, read off the quarter of
    the random pairs that looks least like interactions, and the posterior is
    :math:`\min(1, \pi_0 f_0(x)/f(x))`. On clean data :math:`\pi_0`, and with it every correction, is small.

    Args:
        train: `[num_users, num_items]`, rows sorted.
        views: float32 `[num_items, dim]` each, unit rows; rows of zeros carry no evidence.
        rng: draws the random pairs.

    Cost: `num_users * nnz` multiplications for the co-occurrences, in blocks of users.
    """
    if train.nnz == 0:
        return np.zeros(0, dtype=np.float32)
    users, items = train.row_index(), train.indices.astype(np.int64)
    null_users, null_items = _random_pairs(train, rng)
    real = np.empty((train.nnz, 1 + len(views)))
    null = np.empty((len(null_users), 1 + len(views)))
    real[:, 0], null[:, 0] = _cooccurrence(train, users, items, null_users, null_items)
    for column, view in enumerate(views, start=1):
        total = train_sum(train, view)
        degree = np.maximum(train.degrees(), 1)
        own = np.einsum("ed,ed->e", view[items], view[items])
        real[:, column] = (_dots(total, view, users, items) - own) / np.maximum(degree[users] - 1, 1)
        null[:, column] = _dots(total, view, null_users, null_items) / degree[null_users]
    log_odds_real, log_odds_null = _logistic(real, null)
    border = np.quantile(log_odds_null, _NULL_SHARE) + 1e-6  # many pairs have no support at all: equal odds
    share = min(1.0, float((log_odds_real <= border).mean()) / _NULL_SHARE)
    return np.minimum(1.0, share * np.exp(-log_odds_real)).astype(np.float32)


def train_sum(train: CSR, view: Float) -> Float:
    """Sum of each user's item rows, `[num_users, dim]`."""
    matrix = CSR(train.indptr, train.indices, None, train.shape).to_scipy()
    return np.asarray(matrix @ view)


def _random_pairs(train: CSR, rng: np.random.Generator) -> tuple[Int, Int]:
    """As many pairs as interactions: users as active as they are, items uniform, none of them known."""
    users = rng.choice(train.row_index(), size=train.nnz)
    items = rng.integers(train.shape[1], size=train.nnz)
    known = np.isin(users * train.shape[1] + items, train.row_index() * train.shape[1] + train.indices)
    return (users[~known], items[~known]) if not known.all() else (users, items)


def _cooccurrence(
    train: CSR, users: Int, items: Int, null_users: Int, null_items: Int
) -> tuple[Float, Float]:
    """Leave-one-out support of real and random pairs, on a log scale."""
    x = CSR(train.indptr, train.indices, None, train.shape).to_scipy()
    weight = 1.0 / np.maximum(train.degrees(), 1)  # a heavy user's choices say less about each other
    scale = 1.0 / np.sqrt(np.maximum(np.bincount(items, minlength=train.shape[1]), 1))
    scaled = x @ sp.diags(scale)
    back = (sp.diags(weight) @ scaled).T.tocsr()
    real, null = np.zeros(len(users)), np.zeros(len(null_users))
    order = np.argsort(null_users, kind="stable")
    starts = np.searchsorted(null_users[order], np.arange(train.shape[0] + 1))
    for low in range(0, train.shape[0], _BLOCK):
        high = min(low + _BLOCK, train.shape[0])
        support = (back @ (scaled @ x[low:high].T).toarray()).T
        mine = slice(int(train.indptr[low]), int(train.indptr[high]))
        real[mine] = support[users[mine] - low, items[mine]]
        chosen = order[starts[low] : starts[high]]
        null[chosen] = support[null_users[chosen] - low, null_items[chosen]]
    # what goes through the item itself, and through the user's own row, is no support
    itself = np.asarray(back.sum(axis=1)).ravel()[items] * scale[items]
    own_sum = np.asarray(x @ scale).ravel()
    through_user = weight[users] * scale[items] * (own_sum[users] - scale[items])
    real = np.maximum(real - itself - through_user, 0.0)
    middle = max(float(np.median(real)), 1e-9)
    return np.log(real / middle + 0.01), np.log(null / middle + 0.01)


def _dots(total: Float, view: Float, users: Int, items: Int) -> Float:
    out = np.empty(len(users))
    for part in np.array_split(np.arange(len(users)), max(1, len(users) // 200_000)):
        out[part] = np.einsum("ed,ed->e", total[users[part]], view[items[part]])
    return out


def _logistic(real: Float, null: Float) -> tuple[Float, Float]:
    """Log density ratio of both groups: ridge logistic regression on quadratic features, Newton's method."""
    both = np.concatenate([real, null])
    middle, spread = both.mean(axis=0), np.maximum(both.std(axis=0), 1e-9)
    z = (both - middle) / spread
    x = np.concatenate([np.ones((len(z), 1)), z, z**2], axis=1)
    y = np.concatenate([np.ones(len(real)), np.zeros(len(null))])
    weights = np.zeros(x.shape[1])
    ridge = _RIDGE * len(x) * np.eye(x.shape[1])
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30, 30)))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge
        weights = weights + np.linalg.solve(hessian, x.T @ (y - p) - ridge @ weights)
    odds = x @ weights - np.log(len(real) / len(null))
    return odds[: len(real)], odds[len(real) :]
