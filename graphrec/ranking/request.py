"""The trained request scorer: how a request steers the personal score, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, Catalogue
from graphrec.language.fold import tokens
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.sparse.strings import Strings

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

PREFIX = "request."
CONTEXT = 3
"""Numbers that describe the asking: 1, log(1 + history), user unknown."""


@dataclass(frozen=True, eq=False)
class RequestFusion:
    r"""Fused score of an allowed item i for user u and request r.

    .. math:: s = \alpha_c\, b_{ui} + \gamma_c\, (W_q q + W_e q_e)^\top (P\, i + W_t\, t_i)
                  + \beta_c\, \overline{a_{ri}} + \pi_c \log(1 + n_i)

    `b` is the personal score, `q` the request's words, `q_e` the mean vector of the wanted attributes, `i`
    the graph vector of the item, `t_i` its words, `a` the learned salience of the edges between item and
    wanted attributes, `n` the item's popularity. The factors are linear in the context c (see
    :data:`CONTEXT`), so a user without a history leans on the request. All of it is trained on held-out
    interactions (:mod:`graphrec.training.request_fusion`); without a request the personal score is untouched.

    Args:
        words: vocabulary, ascending.
        word_vectors: float32 `[num_words, rank]`, `W_q` applied.
        attribute_vectors: float32 `[num_attributes, rank]`, `W_e` applied.
        item_vectors: float32 `[num_items, rank]`, `P i + W_t t_i`.
        salience: float32 `[attribute_items.nnz]`, parallel to the catalogue's `attribute_items`.
        factors: float32 `[4, CONTEXT]`, rows alpha, gamma, beta, pi.
    """

    catalogue: Catalogue
    words: Strings
    word_vectors: Float
    attribute_vectors: Float
    item_vectors: Float
    salience: Float
    factors: Float

    def adjust(
        self, query: GraphQuery, user_index: int | None, history: Int, candidates: Int, base_scores: Float
    ) -> Float:
        """Fused scores float32 `[len(candidates)]`; see :class:`graphrec.ranking.scoring.Fusion`."""
        groups = self.wanted(query)
        unknown = user_index is None and len(history) == 0
        alpha, gamma, beta, popularity = self.factors @ context(len(history), unknown)
        scores = np.float32(alpha) * base_scores
        asked = self.request_vector(self.known_words(query), [a for group in groups for a in group])
        if asked is not None:
            whole = len(candidates) == self.catalogue.num_items
            items = self.item_vectors if whole else self.item_vectors[candidates]
            scores = scores + np.float32(gamma) * (items @ asked)
        if groups:
            scores = scores + np.float32(beta) * self.edge_salience(groups, candidates)
        scores = scores + np.float32(popularity) * self._log_popularity[candidates]
        return np.asarray(scores, dtype=np.float32)

    def wanted(self, query: GraphQuery) -> list[list[int]]:
        """Attribute indices of what is wanted; the inner lists are alternatives."""
        groups: list[list[int]] = []
        for item in [*query.must, *query.should]:
            refs: Sequence[NodeRef] = item if isinstance(item, tuple) else (item,)
            known = [found for ref in refs if (found := self.catalogue.resolve(ref.type, ref.id)) is not None]
            if known:
                groups.append(known)
        return groups

    def known_words(self, query: GraphQuery) -> list[int]:
        """Positions of the request's words in the vocabulary, the excluded ones left out."""
        excluded = {word for ref in query.must_not for word in tokens(ref.id)}
        known = self.words.positions
        return [known[word] for word in tokens(query.text) if word in known and word not in excluded]

    def request_vector(self, words: Sequence[int], attributes: Sequence[int]) -> Float | None:
        """`W_q q + W_e q_e`, float32 `[rank]`; None when nothing was asked that has a vector."""
        if not words and not attributes:
            return None
        asked = np.zeros(self.item_vectors.shape[1], dtype=np.float32)
        if words:
            asked += self.word_vectors[list(words)].sum(axis=0) / np.float32(np.sqrt(len(words)))
        if attributes:
            asked += self.attribute_vectors[list(attributes)].mean(axis=0)
        return asked

    def edge_salience(self, groups: Sequence[Sequence[int]], candidates: Int) -> Float:
        """Mean over the wanted attributes of their salience in each candidate, `[len(candidates)]`."""
        total = np.zeros(len(candidates), dtype=np.float32)
        edges = self.catalogue.attribute_items
        for group in groups:
            best = np.zeros(self.catalogue.num_items, dtype=np.float32)
            for attribute in group:
                low, high = int(edges.indptr[attribute]), int(edges.indptr[attribute + 1])
                np.maximum.at(best, edges.indices[low:high], self.salience[low:high])
            total += best[candidates]
        return total / np.float32(len(groups))

    @cached_property
    def _log_popularity(self) -> Float:
        return np.log1p(self.catalogue.popularity).astype(np.float32)


def context(history: int, unknown: bool) -> Float:
    """Description of the asking, float32 `[CONTEXT]`."""
    return np.array([1.0, 0.0 if unknown else np.log1p(history), float(unknown)], dtype=np.float32)


def fusion_arrays(fusion: RequestFusion) -> dict[str, NDArray[Any]]:
    """What a bundle carries of a fusion."""
    return {
        PREFIX + "words.data": fusion.words.data,
        PREFIX + "words.offsets": np.asarray(fusion.words.offsets),
        PREFIX + "word_vectors": fusion.word_vectors,
        PREFIX + "attribute_vectors": fusion.attribute_vectors,
        PREFIX + "item_vectors": fusion.item_vectors,
        PREFIX + "salience": fusion.salience,
        PREFIX + "factors": fusion.factors,
    }


def load_fusion(bundle: Bundle) -> RequestFusion:
    """The fusion of a bundle whose `extra` arrays hold one."""
    arrays = {name[len(PREFIX) :]: value for name, value in bundle.extra.items() if name.startswith(PREFIX)}
    words = Strings(arrays.pop("words.data"), arrays.pop("words.offsets"))
    return RequestFusion(bundle.catalogue, words, **arrays)
