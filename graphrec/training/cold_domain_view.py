"""What words say of items in domains that nobody has chosen from, and how wrong they were in others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.adapt.item_scorer import ItemTask, ItemValues
from graphrec.adapt.item_space import ItemSpace
from graphrec.bundle import Part
from graphrec.training.cold_regression import ContentRegression
from graphrec.training.cold_student import even_links, target_of

if TYPE_CHECKING:
    from graphrec.adapt.domain_graph import DomainGraph

Float = NDArray[np.floating[Any]]
Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DomainItems:
    """Items with their words and domains, and the model whose scores are to be had for those that nobody chose.

    Args:
        bags: float32 `[num_items, num_words]`.
        domain: int64 `[num_items]`, number of the domain in `graph`; -1 for none.
        graph: of the domains.
        keys: float32 `[num_items, num_keys]`, what having chosen an item says (of the content student's part).
        parts: the model's other parts; of them the item-item weights say what choices speak for.
        own: share of the choices themselves beside these weights.
        ridge: of the regression on words.
        dim: directions of the users' tastes that a network corrects.
        folds: groups of domains of which each is described by words learned from the others.
    """

    bags: sp.csr_matrix
    domain: Int
    graph: DomainGraph
    keys: Float
    parts: Sequence[Part]
    own: float
    ridge: float
    dim: int
    folds: int


@dataclass(frozen=True, eq=False)
class ColdView:
    """The items as seen when only some domains have choices.

    Args:
        space: all directions of the users' tastes, the widest first.
        student: what the words of an item say of all its values, by the regression on all chosen items.
        wanted: float32 `[num_items, space.dim + 1]`, the values themselves and the logarithm of popularity, NaN for an
            item that nobody chose.
        task: what a network is to learn of the first directions.
    """

    space: ItemSpace
    student: ItemValues
    wanted: Float
    task: ItemTask

    def widened(self, found: ItemValues) -> ItemValues:
        """A network's corrections with zeros for the directions that it was not asked for."""
        rest = self.space.dim - found.values.shape[1]
        return ItemValues(np.pad(found.values, ((0, 0), (0, rest))), found.popularity)


def view(items: DomainItems, choices: sp.csr_matrix, sources: Int, seed: int = 0) -> ColdView:
    r"""Regress what the users' choices say of items on the words, honestly for every domain.

    What a network learns from is how wrong the words were before an item's own domain was known: the regression is
    fitted once for each group of source domains without that group, and once on all sources for the other domains. The
    errors of a fit on the very items would be small and say nothing of a new domain (`benchmarks/grda.py`). This is
    stacking (Wolpert, Neural Networks 1992) with domains as what is left out.

    Args:
        choices: 0/1 `[num_users, num_items]`, of items in `sources` and items without a domain alone.
        sources: int64, the domains to learn from.
    """
    space = ItemSpace.of(np.asarray(choices @ items.keys, dtype=np.float32), items.keys.shape[1])
    target = target_of(choices, even_links(choices, items.parts), items.own)
    values = target.gather(np.asarray(choices.T @ space.users, dtype=np.float32))
    counts = np.asarray(choices.sum(axis=0)).ravel()
    known = counts > 0
    logs = np.log1p(counts) - np.log1p(counts[known]).mean()
    wanted = np.concatenate([values, logs[:, None]], axis=1).astype(np.float32)
    wanted[~known] = np.nan
    folds = domain_folds(items.domain, sources, items.folds, seed)
    told = _told(items, known, wanted)
    honest = told.copy()
    for fold in range(int(folds.max(initial=-1)) + 1):
        if (known & (folds != fold)).any():
            honest[folds == fold] = _told(items, known & (folds != fold), wanted)[folds == fold]
    return ColdView(
        space, ItemValues(told[:, :-1], told[:, -1]), wanted, task_of(items, honest, wanted, sources)
    )


def task_of(items: DomainItems, told: Float, wanted: Float, sources: Int) -> ItemTask:
    """The errors in the first directions and in popularity of what was told, as a task.

    Args:
        told: float32 `[num_items, num_values + 1]`; `wanted` likewise, NaN where nobody chose.
    """
    kept = [*range(min(items.dim, wanted.shape[1] - 1)), wanted.shape[1] - 1]
    return ItemTask(told[:, kept], items.domain, (wanted - told)[:, kept], items.graph, sources)


def domain_folds(domain: Int, sources: Int, folds: int, seed: int) -> Int:
    """Fold of each item, int64 `[num_items]`, -1 outside the sources: whole domains, or items of a single source."""
    rng = np.random.default_rng([seed, 2])
    out = np.full(len(domain), -1, dtype=np.int64)
    if len(sources) > 1:
        place = np.full(max(int(domain.max(initial=0)), int(sources.max())) + 1, -1, dtype=np.int64)
        place[rng.permutation(sources)] = np.arange(len(sources)) % min(folds, len(sources))
        there = domain >= 0
        out[there] = place[domain[there]]
        return out
    rows = np.flatnonzero(np.isin(domain, sources))
    out[rows] = rng.permutation(len(rows)) % folds
    return out


def _told(items: DomainItems, fitted: NDArray[np.bool_], wanted: Float) -> Float:
    """What the words of every item say after a fit on some items, float32 `[num_items, num_wanted]`."""
    regression = ContentRegression((sp.diags(fitted.astype(np.float32)) @ items.bags).tocsr(), items.ridge)
    weights = regression.weights(np.where(fitted[:, None], wanted, np.float32(0)))
    return np.asarray(items.bags @ weights, dtype=np.float32)
