"""How ingredients are used: what each occurs with, and how alike two of them are in that."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.catalogue import Catalogue
from graphrec.ranking.similar import SILENT

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

SMOOTHING = 0.75
"""Exponent of the context counts, so that rare contexts do not rule (Levy et al. 2015, section 3.1)."""


class Contexts:
    """Co-occurrence of a catalogue's ingredients with everything their dishes have; built at the first question.

    The association of an ingredient and a context is the positive pointwise mutual information
    `max(0, log(p(a, c) / (p(a) p(c))))`; two ingredients are as alike as the cosine of these rows. What is used in
    the same way need not be used together: that is what tells a substitute from a companion (Achananuparp and
    Weber 2016, "Extracting food substitutes from food diary via distributional similarity").
    """

    def __init__(self, catalogue: Catalogue, node_type: str = "ingredient") -> None:
        self.catalogue, self.node_type = catalogue, node_type

    @cached_property
    def attributes(self) -> Int:
        """Attribute of each row, ascending."""
        types = self.catalogue.types
        code = types.index(self.node_type) if self.node_type in types else -1
        return np.flatnonzero(self.catalogue.attribute_type == code)

    def row(self, attribute: int) -> int | None:
        """The row of an attribute, None when it is of another type."""
        at = int(np.searchsorted(self.attributes, attribute))
        return at if at < len(self.attributes) and self.attributes[at] == attribute else None

    @cached_property
    def dishes(self) -> Int:
        """Dishes that list each row's ingredient, int64 `[rows]`."""
        counts = np.bincount(self.catalogue.item_attributes.indices, minlength=self.catalogue.num_attributes)
        return np.asarray(counts[self.attributes], dtype=np.int64)

    @cached_property
    def _together(self) -> Any:
        """Dishes that hold both, `[rows, contexts]`, SciPy CSR; contexts are all attributes that say something."""
        import scipy.sparse as sp

        edges = self.catalogue.item_attributes
        values = np.ones(len(edges.indices), dtype=np.float32)
        has = sp.csr_array((values, edges.indices, edges.indptr), shape=edges.shape)
        silent = [code for code, name in enumerate(self.catalogue.types) if name in SILENT]
        telling = ~np.isin(self.catalogue.attribute_type, silent)
        own = has[:, self.attributes]
        both = (own.T @ has).tocoo()
        keep = (both.col != self.attributes[both.row]) & telling[both.col]
        return sp.csr_array((both.data[keep], (both.row[keep], both.col[keep])), shape=both.shape)

    @cached_property
    def _associations(self) -> Any:
        """Positive pointwise mutual information, rows of length 1, SciPy CSR `[rows, contexts]`."""
        import scipy.sparse as sp

        counts = self._together.tocoo()
        rows = np.asarray(counts.sum(axis=1)).ravel()
        columns = np.asarray(counts.sum(axis=0)).ravel() ** SMOOTHING
        total = columns.sum() or 1.0
        expected = rows[counts.row] * columns[counts.col] / total
        values = np.maximum(np.log(counts.data / np.maximum(expected, 1e-12)), 0.0).astype(np.float32)
        matrix = sp.csr_array((values, (counts.row, counts.col)), shape=counts.shape)
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return sp.csr_array(sp.diags_array(1 / np.maximum(lengths, 1e-12)) @ matrix)

    def alike(self, row: int) -> Float:
        """Cosine of the contexts of every row with those of one, 0 to 1, `[rows]`."""
        matrix = self._associations
        one = np.zeros(matrix.shape[1], dtype=np.float32)
        low, high = int(matrix.indptr[row]), int(matrix.indptr[row + 1])
        one[matrix.indices[low:high]] = matrix.data[low:high]
        return np.asarray(matrix @ one, dtype=np.float32)

    def lift(self, row: int) -> Float:
        """How many times as often each row is in one dish with one as chance would have it, `[rows]`."""
        counts = self.together(row)
        expected = self.dishes * (self.dishes[row] / max(self.catalogue.num_items, 1))
        return np.asarray(counts / np.maximum(expected, 1e-12))

    def together(self, row: int) -> Float:
        """Dishes that hold both, `[rows]`."""
        matrix = self._together
        low, high = int(matrix.indptr[row]), int(matrix.indptr[row + 1])
        counts = np.zeros(matrix.shape[1], dtype=np.float32)
        counts[matrix.indices[low:high]] = matrix.data[low:high]
        return counts[self.attributes]

    def fit(self, rows: Int) -> Float:
        """How well each row goes with some ingredients: mean association, `[rows]`."""
        if not len(rows):
            return np.zeros(len(self.attributes), dtype=np.float32)
        picked = np.zeros(self.catalogue.num_attributes, dtype=np.float32)
        picked[self.attributes[rows]] = 1 / len(rows)
        return np.asarray(self._associations @ picked, dtype=np.float32)
