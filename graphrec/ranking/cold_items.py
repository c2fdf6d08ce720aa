"""Items that came after training: their content says where they stand, at once and without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle
from graphrec.errors import CorruptionError
from graphrec.ranking.item_features import ItemFeatures
from graphrec.ranking.placement import NOBODY, Placement
from graphrec.sparse import CSR
from graphrec.sparse.strings import Strings
from graphrec.sparse.top_k import top_k
from graphrec.store.records import ItemRecord

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

PREFIX = "cold."
_CHUNK = 512  # items placed at once: 512 x 60,000 likenesses are 120 MB


@dataclass(frozen=True, eq=False)
class ColdItems:
    r"""The content student: from the words of an item to its rows in the model.

    With the bag `x` of an item, its rows in the profile part are `x K` (key) and `x V` (vector). Its virtual
    neighbours are found as in Cold Brew (Zheng et al., ICLR 2022, section 3.3), by attention over the K nearest
    trained items, and here over content vectors of unit length,

    .. math:: a_{cj} = \beta \, \mathrm{softmax}_{j \in top_K}(\hat v_c \cdot \hat v_j / \tau)

    and what they are in every other part of the model, the new item is to the share :math:`\beta`.

    Args:
        features: how an item is read, F words.
        keys: K, float32 `[F, dim]`.
        items: V, float32 `[F, dim]`.
        bias: float32 `[F]`, score for a user of whom nothing is known.
        popularity: float32 `[F]`, adds up to the logarithm of 1 + expected users, after `level`.
        level: float32 `[3]`: intercept of that logarithm, factor that brings the mean of the expected users to
            that of the trained items, most users that are ever expected.
        known: int32 `[n]`, items of the bundle that may be neighbours: those that somebody chose.
        contents: float32 `[n, dim]`, their content vectors of unit length.
        attention: float32 `[3]`: K, tau, beta.
    """

    features: ItemFeatures
    keys: Float
    items: Float
    bias: Float
    popularity: Float
    level: Float
    known: Int
    contents: Float
    attention: Float

    def __post_init__(self) -> None:
        size, dim = len(self.features), self.items.shape[-1]
        fits = self.keys.shape == self.items.shape == (size, dim)
        fits = fits and self.bias.shape == self.popularity.shape == (size,)
        fits = fits and self.contents.shape == (len(self.known), dim)
        if not fits or self.level.shape != (3,) or self.attention.shape != (3,):
            raise CorruptionError("The arrays that place new items do not fit together; train again.")

    def place(self, records: Sequence[ItemRecord]) -> Placement:
        """Where new items stand; an item that says nothing known has no neighbours and zero rows."""
        bags = self.features.bags(records)
        items = _times(bags, self.items)
        neighbours, shares = self.neighbours(items)
        return Placement(
            neighbours, shares, _times(bags, self.keys), items, _times(bags, self.bias[:, None])[:, 0],
            self._users(_times(bags, self.popularity[:, None])[:, 0]),
        )  # fmt: skip

    def _users(self, logs: Float) -> Float:
        """Expected users, float32 `[n]`, from what the words add to the logarithm."""
        intercept, factor, most = (float(value) for value in self.level)
        expected = factor * np.expm1(np.minimum(logs + intercept, np.log1p(most)))
        return np.asarray(np.clip(expected, 0.0, most), dtype=np.float32)

    def neighbours(self, vectors: Float, themselves: Int | None = None) -> tuple[Int, Float]:
        """Virtual neighbours of content vectors.

        Args:
            vectors: float32 `[n, dim]`; a zero row has no neighbours.
            themselves: the vectors' own items of the bundle, `[n]`, which are left out.

        Returns:
            Items int32 `[n, K]`, :data:`NOBODY` where there is none, and shares float32 `[n, K]`.
        """
        room = min(int(self.attention[0]), len(self.known))
        neighbours = np.full((len(vectors), room), NOBODY, dtype=np.int32)
        shares = np.zeros((len(vectors), room), dtype=np.float32)
        unit = unit_rows(vectors)
        described = np.flatnonzero(unit.any(axis=1))
        for start in range(0, len(described) if room else 0, _CHUNK):
            rows = described[start : start + _CHUNK]
            likeness = unit[rows] @ self.contents.T
            if themselves is not None:
                likeness[themselves[rows][:, None] == self.known[None, :]] = -np.inf
            found, best = top_k(likeness, room)
            neighbours[rows] = np.where(found >= 0, self.known[found], NOBODY)
            shares[rows] = self._attention(best)
        return neighbours, shares

    def _attention(self, likeness: Float) -> Float:
        """Softmax over the neighbours times their share; all zero where nobody is left."""
        best = np.where(np.isfinite(likeness[:, :1]), likeness[:, :1], 0)
        weights = np.exp((likeness - best) / self.attention[1])
        total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        return np.asarray(self.attention[2] * weights / total, dtype=np.float32)


def unit_rows(rows: Float) -> Float:
    """Rows of length one, float32; zero rows stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def cold_arrays(cold: ColdItems) -> dict[str, NDArray[Any]]:
    """What a bundle carries of it."""
    features = cold.features
    arrays = {
        "words.data": features.words.data, "words.offsets": np.asarray(features.words.offsets),
        "stops.data": features.stops.data, "stops.offsets": np.asarray(features.stops.offsets),
        "idf": features.idf, "weights": features.weights, "keys": cold.keys, "items": cold.items,
        "bias": cold.bias, "popularity": cold.popularity, "level": cold.level, "known": cold.known,
        "contents": cold.contents, "attention": cold.attention,
    }  # fmt: skip
    return {PREFIX + name: array for name, array in arrays.items()}


def load_cold(bundle: Bundle) -> ColdItems | None:
    """What places new items in a bundle, None where it was trained without.

    Raises:
        CorruptionError: it is there in part.
    """
    found = {name[len(PREFIX) :]: value for name, value in bundle.extra.items() if name.startswith(PREFIX)}
    if not found:
        return None
    try:
        words = Strings(found.pop("words.data"), found.pop("words.offsets"))
        stops = Strings(found.pop("stops.data"), found.pop("stops.offsets"))
        features = ItemFeatures(words, found.pop("idf"), stops, found.pop("weights"))
        cold = ColdItems(features, **found)
    except (KeyError, TypeError, IndexError) as error:
        raise CorruptionError(
            f"What places new items in {bundle.path} is not complete ({error}); train again."
        ) from None
    if len(cold.known) and int(cold.known.max()) >= bundle.catalogue.num_items:
        raise CorruptionError(f"{bundle.path} places new items beside items that it lacks; train again.")
    return cold


def _times(bags: CSR, matrix: Float) -> Float:
    """Sparse rows times a dense matrix, float32."""
    return np.asarray(bags.to_scipy() @ matrix, dtype=np.float32)
