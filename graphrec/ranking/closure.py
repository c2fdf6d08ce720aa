"""Closing items over a hierarchy: what has almonds has nuts, and what has Worcestershire sauce holds fish."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]

HIERARCHY = "is_a"
"""The relation, from narrower to broader, that constraints are closed over."""

KIND_WEIGHT = 1.0
"""Least weight of a hierarchy's edge that says "is a kind of"; a lighter one says "only holds some of"."""

CONTENTS = ("ingredient", "allergen")
"""Types that say what an item is made of, with a hierarchy or without: not knowing them is never safe."""


def closure(direct: CSR) -> CSR:
    """Every broader attribute of each, over any number of steps; a cycle makes its members equal."""
    closed = direct
    while True:
        rows, cols = joined(closed.row_index(), closed.indices, direct)
        both = np.concatenate([closed.row_index(), rows]), np.concatenate([closed.indices, cols])
        grown = CSR.from_coo(both[0], both[1], None, direct.shape)
        if grown.nnz == closed.nnz:
            return closed
        closed = grown


def joined(rows: Int, middle: Int, right: CSR) -> tuple[Int, Int]:
    """Pairs (row, c) for every (row, m) and every c in `right`'s row m."""
    counts = right.degrees()[middle]
    total = int(counts.sum())
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(rows, counts), right.indices[np.repeat(right.indptr[middle], counts) + within]


def closed_pairs(items: Int, attributes: Int, broader: CSR) -> tuple[Int, Int]:
    """Attributes and items of all pairs, an item counting for everything broader than what it has."""
    more_items, more_attributes = joined(items, attributes, broader)
    return np.concatenate([attributes, more_attributes]), np.concatenate([items, more_items])


def closed_items(item_attributes: CSR, broader: CSR) -> CSR:
    """`[num_attributes, num_items]`: attribute to items, closed."""
    pairs = closed_pairs(item_attributes.row_index(), item_attributes.indices, broader)
    return CSR.from_coo(*pairs, None, (item_attributes.shape[1], item_attributes.shape[0]))
