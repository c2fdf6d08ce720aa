"""The evaluation protocol: full ranking over the catalogue, the only way to the test rows of a split."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.evaluation import metrics as m
from graphrec.evaluation.ranking import Scorer, entries, rank
from graphrec.evaluation.result import EvaluationResult
from graphrec.evaluation.slices import SLICES, popularity_slices
from graphrec.evaluation.splits import Split, Stage
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
Bool = NDArray[np.bool_]


def evaluate(
    scorer: Scorer,
    data: Split | tuple[CSR, CSR],
    *,
    on: Stage = "test",
    ks: Sequence[int] = (10, 20),
    kgat: bool = False,
    slices: bool = True,
    candidates: Int | None = None,
    block: int | None = None,
) -> EvaluationResult:
    """Rank every unseen item for every user with test items and average the metrics over those users.

    Args:
        scorer: has `.score(users) -> [n, num_items]`.
        data: a split, or `(seen, test)`, both `[num_users, num_items]`; entries of `seen` are never
            recommended.
        on: which held-out part of a split: validation chooses, the test is looked at once. At `"test"` the
            training and validation items are masked, at `"valid"` the training items.
        ks: list lengths.
        kgat: also report `ndcg_kgat@k`, the KGAT paper's own definition (ranks 100 deep).
        slices: report head, tail and isolated items and users as well (popularity in the masked history).
        candidates: rank only these items (cold items among themselves); test items outside are not counted.
        block: users per block; chosen by memory when None.

    Raises:
        InvalidInputError: no user has a test item, a k below 1, or scores of the wrong shape.
    """
    if not hasattr(scorer, "score"):
        raise InvalidInputError(
            f"The first argument must have a score(users) method, got {type(scorer).__name__}."
        )
    if not ks or min(ks) < 1:
        raise InvalidInputError(f"Every k must be at least 1, got {tuple(ks)}.")
    seen, test = data._reveal(on) if isinstance(data, Split) else data
    truth = _Truth.of(test, candidates)
    if len(truth.users) == 0:
        raise InvalidInputError("No user has a test interaction; nothing can be measured.")
    depth = max(*ks, m.KGAT_DEPTH) if kgat else max(ks)
    started = time.perf_counter()
    blocks = list(rank(scorer, truth.users, seen, depth, candidates=candidates, block=block))
    lists = np.concatenate([ranked.items for ranked in blocks])
    seconds = time.perf_counter() - started
    hits = truth.hits(lists)
    per_user = _per_user(hits, truth.sizes, ks, kgat)
    means = {name: float(values.mean()) for name, values in per_user.items()}
    popularity = np.bincount(seen.indices, minlength=seen.shape[1])
    means |= _list_metrics(lists, popularity, ks)
    parts = _slices(truth, lists, hits, per_user, popularity, seen.degrees(), ks) if slices else {}
    return EvaluationResult(means, per_user, truth.users, parts, seconds)


@dataclass(frozen=True, slots=True)
class _Truth:
    """Test items of the evaluated users: sorted keys `position * num_items + item`; sizes per user."""

    users: Int
    keys: Int
    sizes: Int
    num_items: int

    @classmethod
    def of(cls, test: CSR, candidates: Int | None) -> _Truth:
        rows, items = entries(test, np.arange(test.shape[0]))
        if candidates is not None:
            kept = np.isin(items, candidates)
            rows, items = rows[kept], items[kept]
        pairs = np.unique(rows * test.shape[1] + items)  # a duplicated test row must not count twice
        users, position, sizes = np.unique(pairs // test.shape[1], return_inverse=True, return_counts=True)
        return cls(users, position * test.shape[1] + pairs % test.shape[1], sizes, test.shape[1])

    def hits(self, lists: Int) -> Bool:
        """Which ranks hold a test item, bool `[users, depth]`; -1 (end of list) is none."""
        keys = np.arange(len(lists))[:, None] * self.num_items + lists
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found: Bool = (self.keys[place] == keys) & (lists >= 0)
        return found

    def sizes_where(self, chosen: Bool) -> Int:
        """Number of test items with `chosen[item]` per user."""
        rows, items = np.divmod(self.keys, self.num_items)
        return np.bincount(rows[chosen[items]], minlength=len(self.users))


def _per_user(hits: Bool, sizes: Int, ks: Sequence[int], kgat: bool) -> dict[str, Float]:
    found = {f"{name}@{k}": metric(hits, sizes, k) for k in ks for name, metric in m.METRICS.items()}
    if kgat:
        found |= {f"ndcg_kgat@{k}": m.ndcg_kgat(hits, sizes, k) for k in ks}
    return found


def _list_metrics(lists: Int, popularity: Int, ks: Sequence[int]) -> dict[str, float]:
    found: dict[str, float] = {}
    for k in ks:
        top = lists[:, :k]
        exposure = np.bincount(top[top >= 0], minlength=len(popularity))
        found[f"coverage@{k}"] = m.coverage(exposure)
        found[f"popularity@{k}"] = m.average_popularity(exposure, popularity)
        found[f"gini@{k}"] = m.gini(exposure)
    return found


def _slices(
    truth: _Truth,
    lists: Int,
    hits: Bool,
    per_user: Mapping[str, Float],
    items: Int,
    users: Int,
    ks: Sequence[int],
) -> dict[str, dict[str, float]]:
    """Means per slice; an item slice keeps the whole ranking and counts its own test items alone."""
    found: dict[str, dict[str, float]] = {}
    item_labels, user_labels = popularity_slices(items), popularity_slices(users)[truth.users]
    for code, name in enumerate(SLICES):
        chosen = item_labels == code
        sizes = truth.sizes_where(chosen)
        some = sizes > 0
        if some.any():
            values = _per_user((hits & chosen[lists])[some], sizes[some], ks, kgat=False)
            found[f"items/{name}"] = {"users": int(some.sum())} | {
                key: float(v.mean()) for key, v in values.items()
            }
    for code, name in enumerate(SLICES):
        members = user_labels == code
        if members.any():
            means = {key: float(values[members].mean()) for key, values in per_user.items()}
            found[f"users/{name}"] = {"users": int(members.sum())} | means
    return found
