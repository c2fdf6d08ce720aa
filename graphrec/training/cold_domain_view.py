"""What can be known of items whose domains nobody has chosen from, and how sure the words were elsewhere."""

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
        dim: directions of the users' tastes that a network predicts.
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
        values: float32 `[num_items, space.dim]`, of the chosen items.
        counts: float32 `[num_items]`, how many chose an item.
        student: what the words of an item say of all its values, by the regression on all chosen items.
        task: what a network is to learn from the first directions.
    """

    space: ItemSpace
    values: Float
    counts: Float
    student: ItemValues
    task: ItemTask

    def widened(self, found: ItemValues) -> ItemValues:
        """A network's values with zeros for the directions that it was not asked for."""
        rest = self.space.dim - found.values.shape[1]
        return ItemValues(np.pad(found.values, ((0, 0), (0, rest))), found.popularity)


def view(items: DomainItems, choices: sp.csr_matrix, sources: Int, seed: int = 0) -> ColdView:
    r"""Regress what the users' choices say of items on the words, honestly for every domain.

    What a network sees of an item is what the words said before its own domain was known: the regression is fitted
    once for each group of source domains without that group, and once on all sources for the other domains. With the
    fit on all sources for everybody a network would learn to trust words as they do where they were fitted, and in
    a new domain they are worth far less (`benchmarks/grda.py`). Stacking (Wolpert, Neural Networks 1992) with domains
    as what is left out.

    Args:
        choices: 0/1 `[num_users, num_items]`, none of an item outside `sources` and the items without a domain.
        sources: int64, the domains to learn from.
    """
    space = ItemSpace.of(np.asarray(choices @ items.keys, dtype=np.float32), items.keys.shape[1])
    links = even_links(choices, items.parts)
    target = target_of(choices, links, items.own)
    values = target.gather(np.asarray(choices.T @ space.users, dtype=np.float32))
    counts = np.asarray(choices.sum(axis=0), dtype=np.float32).ravel()
    known = counts > 0
    logs = np.where(known, np.log1p(counts) - np.log1p(counts[known]).mean(), 0.0).astype(np.float32)
    wanted = np.concatenate([np.where(known[:, None], values, 0.0), logs[:, None]], axis=1).astype(np.float32)
    folds = domain_folds(items.domain, sources, items.folds, seed)
    told = _told(items, known, wanted)
    student = ItemValues(told[:, :-1], told[:, -1])
    content = told.copy()
    for fold in range(int(folds.max(initial=-1)) + 1):
        left = known & (folds != fold)
        if left.any():
            content[folds == fold] = _told(items, left, wanted)[folds == fold]
    size = min(items.dim, space.dim)
    shown = np.concatenate([content[:, :size], content[:, -1:]], axis=1)
    task = ItemTask(shown, items.domain, values[:, :size], counts, items.graph, sources)
    return ColdView(space, values, counts, student, task)


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
    kept = fitted.astype(np.float32)
    regression = ContentRegression((sp.diags(kept) @ items.bags).tocsr(), items.ridge)
    return np.asarray(items.bags @ regression.weights(wanted * kept[:, None]), dtype=np.float32)
