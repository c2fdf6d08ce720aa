"""The student fitted to given settings: content rows, virtual neighbours, expected popularity, the switch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.bundle import ItemItemPart, Part, ProfilePart, VectorPart
from graphrec.ranking.cold_items import ColdItems, unit_rows
from graphrec.ranking.item_features import ItemFeatures
from graphrec.sparse import CSR
from graphrec.training.cold_config import ColdChoice
from graphrec.training.cold_regression import ContentRegression, Target, factorise

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

_FAINT = 0.02  # a smaller share of content is not worth denser weights
_KEPT = 100  # item-item weights that a softened item keeps, as trained ones do


@dataclass(frozen=True, eq=False)
class Student:
    """Everything of the content student.

    Args:
        cold: what places new items.
        profile: the profile part as if no item had been trained: content alone.
        bags: float32 `[num_items, F]`.
    """

    cold: ColdItems
    profile: ProfilePart
    bags: sp.csr_matrix

    def shares(self, items: Int) -> sp.csr_matrix:
        """Virtual neighbours of trained items, `[num_items, num_items]`, each left out of its own."""
        size = self.bags.shape[0]
        found, weights = self.cold.neighbours(np.asarray(self.bags[items] @ self.cold.items), items)
        there = found >= 0
        rows = np.repeat(items, there.sum(axis=1))
        return sp.csr_matrix((weights[there], (rows, found[there])), shape=(size, size), dtype=np.float32)


def links_of(parts: Sequence[Part]) -> sp.csr_matrix | None:
    """Weighted sum of the item-item parts, `[num_items, num_items]`, None without any."""
    found = [
        part.weights.to_scipy() * np.float32(part.weight) for part in parts if isinstance(part, ItemItemPart)
    ]
    return sum(found[1:], found[0]).tocsr() if found else None


def binary(train: CSR) -> sp.csr_matrix:
    """The choices as 0/1."""
    return CSR(train.indptr, train.indices, None, train.shape).to_scipy()


def model_scores(parts: Sequence[Part], choices: sp.csr_matrix, users: Int) -> Float:
    """What the parts make of given histories, all users at once, float32 `[len(users), num_items]`."""
    histories = choices[users]
    total = np.zeros((len(users), choices.shape[1]), dtype=np.float32)
    for part in parts:
        if isinstance(part, ItemItemPart):
            scores = (histories @ part.weights.to_scipy()).toarray()
        elif isinstance(part, VectorPart):
            scores = np.asarray(part.users[users] @ part.items.T)
        else:
            sizes = np.maximum(np.diff(histories.indptr), 1e-12) ** part.exponent
            scores = (histories @ part.keys / sizes[:, None].astype(np.float32)) @ part.items.T
        if not isinstance(part, ItemItemPart) and part.item_bias is not None:
            scores = scores + part.item_bias
        total += np.float32(part.weight) * scores
    return total


def even_links(choices: sp.csr_matrix, parts: Sequence[Part]) -> sp.csr_matrix | None:
    """Item-item weights among the chosen items, scaled so that what they make of the choices spreads as these do."""
    links = links_of(parts)
    if links is None:
        return None
    known = sp.diags((np.asarray(choices.sum(axis=0)).ravel() > 0).astype(np.float32))
    links = (known @ links @ known).tocsr()
    return (links * np.float32(_spread(choices) / max(_spread(choices @ links), 1e-12))).tocsr()


def target_of(choices: sp.csr_matrix, links: sp.csr_matrix | None, own: float) -> Target:
    """Choices and what even links make of them, in the given shares."""
    if links is None:
        return Target(choices, None, 1.0)
    return Target(choices, (links * np.float32(1 - own)).tocsr(), own)


def fit_student(
    features: ItemFeatures, bags: sp.csr_matrix, regression: ContentRegression, target: Target,
    choice: ColdChoice, dim: int, seed: int,
) -> Student:  # fmt: skip
    """Content rows, expected popularity and attention.

    Args:
        bags: of all items; `regression` was made from those that take part.
        target: choices of the items that take part, and the links among them.
    """
    counts = np.asarray(target.choices.sum(axis=0), dtype=np.float64).ravel()
    factors = factorise(regression, target, dim, seed)
    scale = np.float32(choice.unit * choice.scale)
    known = np.flatnonzero(counts > 0)
    known = known[np.diff(bags.indptr)[known] > 0].astype(np.int32)
    weights, level = _popularity(regression, counts, known)
    contents = unit_rows(bags[known] @ factors.items)
    cold = ColdItems(
        features=features, keys=regression.weights(factors.keys), items=factors.items * scale,
        bias=np.asarray(weights * choice.lean * scale, dtype=np.float32), popularity=weights, level=level, known=known,
        contents=contents,
        attention=np.array([choice.neighbours, choice.temperature, choice.portion * choice.scale], dtype=np.float32),
    )  # fmt: skip
    keys = np.where((counts > 0)[:, None], factors.keys, bags @ cold.keys).astype(np.float32)
    items = np.asarray(bags @ cold.items, dtype=np.float32)
    bias = np.asarray(bags @ cold.bias, dtype=np.float32)
    return Student(cold, ProfilePart(keys, items, bias, exponent=0.0), bags)


def _popularity(regression: ContentRegression, counts: Float, known: Int) -> tuple[Float, Float]:
    """Logarithm of 1 + users, regressed on the words, and what brings it back to users."""
    logs = np.zeros(len(counts), dtype=np.float32)
    logs[known] = np.log1p(counts[known])
    intercept = float(logs[known].mean()) if len(known) else 0.0
    logs[known] -= intercept
    weights = regression.weights(logs[:, None])[:, 0]
    most = float(counts.max(initial=0.0))
    expected = np.expm1(np.minimum(regression.bags[known] @ weights + intercept, np.log1p(most)))
    factor = float(counts[known].mean() / max(expected.mean(), 1e-9)) if len(known) else 1.0
    return weights, np.array([intercept, factor, most], dtype=np.float32)


def soften(parts: Sequence[Part], student: Student, counts: Float, half: float) -> list[Part]:
    r"""The model's parts with the switch between training and content built into the rows of its items.

    .. math:: row'_i = (1 - \lambda_i)\, row_i + \lambda_i \sum_j a_{ij}\, row_j, \qquad
              \lambda_i = \frac{h}{h + d_i}

    and the profile part's vector and bias of item i are its content's times lambda. An item of degree d = 0 is
    content and neighbours alone, one of degree h half and half. So new, tail and head items lie on one line, and
    serving needs no case for them.

    Args:
        counts: degree of each item, `[num_items]`.
        half: h; 0 leaves all trained items as they are.
    """
    described = np.diff(student.bags.indptr) > 0
    share = np.where(counts > 0, half / np.maximum(half + counts, 1e-12), 1.0) * described
    share = share.astype(np.float32)
    plain = student.profile
    bias = None if plain.item_bias is None else plain.item_bias * share
    profile = replace(plain, items=plain.items * share[:, None], item_bias=bias)
    moved = np.flatnonzero(share > _FAINT) if half > 0 else np.flatnonzero(share == 1)
    if not len(moved):
        return [*parts, profile]
    kept = np.ones(len(share), dtype=np.float32)
    kept[moved] -= share[moved]
    mixing = (sp.diags(kept) + sp.diags(share) @ student.shares(moved)).tocsr().astype(np.float32)
    return [*(_mixed(part, mixing, moved, np.flatnonzero(share == 1)) for part in parts), profile]


def _mixed(part: Part, mixing: sp.csr_matrix, moved: Int, fresh_rows: Int) -> Part:
    """A part with mixed columns; items that nobody chose speak in histories as their neighbours do, too."""
    if isinstance(part, ItemItemPart):
        old = part.weights.to_scipy()
        old = (
            old + _placed(_largest((mixing[fresh_rows] @ old).tocsr(), _KEPT), fresh_rows, old.shape[0])
        ).tocsr()
        changed = np.zeros(old.shape[1], dtype=bool)
        changed[moved] = True
        fresh = _largest((mixing[moved] @ old.T.tocsr()).tocsr(), _KEPT)
        stays = old @ sp.diags((~changed).astype(np.float32))
        joined = (stays + _placed(fresh, moved, old.shape[1]).T).tocsr().astype(np.float32)
        joined.eliminate_zeros()
        return replace(part, weights=CSR.from_scipy(joined))
    bias = None if part.item_bias is None else np.asarray(mixing @ part.item_bias, dtype=np.float32)
    items = np.asarray(mixing @ part.items, dtype=np.float32)
    return replace(part, items=items, item_bias=bias) if isinstance(part, VectorPart | ProfilePart) else part


def _placed(rows: sp.csr_matrix, at: Int, size: int) -> sp.csr_matrix:
    """Rows put at their places in a matrix of `size` rows."""
    place = sp.csr_matrix(
        (np.ones(len(at), dtype=np.float32), (at, np.arange(len(at)))), shape=(size, len(at))
    )
    return place @ rows


def _largest(rows: sp.csr_matrix, count: int) -> sp.csr_matrix:
    """The entries of largest size in each row."""
    order = np.lexsort(
        (rows.indices, -np.abs(rows.data), np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)))
    )
    rank = np.arange(rows.nnz) - np.repeat(rows.indptr[:-1], np.diff(rows.indptr))
    gone = order[rank >= count]
    rows.data[gone] = 0
    rows.eliminate_zeros()
    return rows


def _spread(matrix: sp.csr_matrix) -> float:
    """Root mean square over all entries."""
    return float(np.sqrt(matrix.multiply(matrix).sum() / max(matrix.shape[0] * matrix.shape[1], 1)))
