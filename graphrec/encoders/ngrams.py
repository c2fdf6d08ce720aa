"""The encoder of the plain install: hashed word and character n-grams, with or without learnt directions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.encoders.ngram_features import FORMAT, Float, Hashes, mixed, unit, weighted
from graphrec.errors import CorruptionError, InvalidInputError

_HASHED_DIM = 1024
_CLASS_DIM = 512  # on the recipe intents twice the default finds 3 % more of them; more takes long to fit


class HashedNgrams:
    """N-grams thrown into a fixed number of places by their hash; needs no data, and learns nothing.

    Weinberger et al., "Feature hashing for large scale multitask learning" (2009): a bit of the hash is the sign, so
    that n-grams which share a place cancel on average. Once there are texts, :meth:`for_classes` gives a better one.

    Args:
        dim: number of places.
    """

    name = "hashed"

    def __init__(self, dim: int = _HASHED_DIM) -> None:
        if dim < 1:
            raise InvalidInputError(f"A vector needs at least one place, not {dim}.")
        self._dim = dim

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def fingerprint(self) -> str:
        """Digest over the form of the n-grams and the number of places."""
        return hashlib.sha256(f"{FORMAT} hashed {self._dim}".encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> Float:
        """Unit vectors, float32 `[len(texts), dim]`; zeros for a text without letters or digits."""
        vectors = np.zeros((len(texts), self._dim), np.float32)
        for row, text in enumerate(texts):
            hashes, weights = weighted(text)
            places = mixed(hashes)
            signed = np.where(places >> np.uint32(31), -weights, weights)
            np.add.at(vectors[row], (places & np.uint32(0x7FFFFFFF)) % np.uint32(self._dim), signed)
        return unit(vectors)

    def for_classes(self, texts: Sequence[str]) -> NgramEncoder:
        """An encoder that knows which n-grams of `texts` matter and which go together."""
        return NgramEncoder.fit(texts, dim=_CLASS_DIM)


class NgramEncoder:
    """TF-IDF of words, word pairs and character n-grams, projected on the leading directions of some texts.

    Deerwester et al., "Indexing by latent semantic analysis" (1990), over weights ``(1 + log tf) idf`` of unit
    length. Made by :meth:`fit`, or from arrays that a model carries.

    Args:
        hashes: of the known n-grams, ascending, uint32 `[n]`.
        idf: their weights, float32 `[n]`.
        projection: float32 `[n, dim]`.

    Raises:
        InvalidInputError: the arrays do not fit together.
    """

    name = "ngrams"

    def __init__(self, hashes: Hashes, idf: Float, projection: Float) -> None:
        if idf.shape != hashes.shape or projection.ndim != 2 or len(projection) != len(hashes):
            raise InvalidInputError(
                f"An n-gram encoder needs one weight and one row of the projection per n-gram, not {hashes.shape}, "
                f"{idf.shape} and {projection.shape}."
            )
        if not len(hashes) or (np.diff(hashes.astype(np.int64)) <= 0).any():
            raise InvalidInputError("An n-gram encoder needs its hashes ascending, and at least one.")
        self._hashes, self._idf, self._projection = hashes, idf, projection
        parts = (array.tobytes() for array in (hashes, idf, projection))
        self._fingerprint = hashlib.sha256(FORMAT.encode() + b"".join(parts)).hexdigest()

    @classmethod
    def fit(cls, texts: Sequence[str], dim: int = 400, *, min_texts: int = 2) -> NgramEncoder:
        """Learn from texts; the same texts in the same order give the same encoder.

        Args:
            texts: at least two that differ.
            dim: length of a vector at most; fewer texts allow fewer directions.
            min_texts: n-grams of fewer texts are left out, unless none would be left.

        Raises:
            InvalidInputError: too few texts to learn a direction from.
        """
        from scipy.sparse.linalg import svds

        counted = [weighted(text) for text in texts]
        known, seen_in = np.unique(
            np.concatenate([hashes for hashes, _ in counted]) if counted else np.zeros(0, np.uint32),
            return_counts=True,
        )
        kept = seen_in >= min_texts
        if kept.sum() > 1:
            known, seen_in = known[kept], seen_in[kept]
        rank = min(dim, len(texts) - 1, len(known) - 1)
        if rank < 1:
            raise InvalidInputError(
                f"{len(texts)} texts with {len(known)} n-grams are too few to learn an encoder from."
            )
        idf = (np.log((1 + len(texts)) / (1 + seen_in)) + 1).astype(np.float32)
        matrix = _matrix(counted, known, idf)
        # A start drawn anew each time would turn the directions a little from run to run.
        start = np.random.default_rng(0).standard_normal(min(matrix.shape))
        directions = svds(matrix, k=rank, v0=start, return_singular_vectors="vh")[2][::-1]
        largest = np.abs(directions).argmax(axis=1)
        directions = directions * np.sign(directions[np.arange(rank), largest])[:, None]
        return cls(known, idf, np.ascontiguousarray(directions.T, dtype=np.float32))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._projection.shape[1])

    @property
    def fingerprint(self) -> str:
        """Digest over the arrays and the form of the n-grams."""
        return self._fingerprint

    def encode(self, texts: Sequence[str]) -> Float:
        """Unit vectors, float32 `[len(texts), dim]`; zeros for a text without any known n-gram."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            places, weights = _known(weighted(text), self._hashes, self._idf)
            vectors[row] = weights @ self._projection[places]
        return unit(vectors)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays to keep; :meth:`from_arrays` takes them back."""
        return {"hashes": self._hashes, "idf": self._idf, "projection": self._projection}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> NgramEncoder:
        """The encoder that :meth:`to_arrays` described.

        Raises:
            InvalidInputError: an array is missing, or they do not fit together.
        """
        missing = {"hashes", "idf", "projection"} - set(arrays)
        if missing:
            raise InvalidInputError(f"An n-gram encoder lacks {', '.join(sorted(missing))}.")
        return cls(
            np.asarray(arrays["hashes"], np.uint32), np.asarray(arrays["idf"], np.float32),
            np.asarray(arrays["projection"], np.float32),
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write a new safetensors file."""
        write_safetensors(path, self.to_arrays())

    @classmethod
    def load(cls, path: Path) -> NgramEncoder:
        """Read what :meth:`save` wrote.

        Raises:
            CorruptionError: the file is missing, unreadable or holds something else.
        """
        try:
            return cls.from_arrays(read_safetensors(path))
        except InvalidInputError as error:
            raise CorruptionError(f"{path} is no n-gram encoder ({error}); train again.") from error


def _known(ngrams: tuple[Hashes, Float], known: Hashes, idf: Float) -> tuple[NDArray[np.int64], Float]:
    """Places of a text's n-grams among the known ones, and their weights at unit length."""
    hashes, weights = ngrams
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    there = known[places] == hashes
    places, weights = places[there], weights[there]
    weights = weights * idf[places]
    length = float(np.linalg.norm(weights))
    return places, weights / np.float32(length) if length else weights


def _matrix(counted: Sequence[tuple[Hashes, Float]], known: Hashes, idf: Float) -> Any:
    """TF-IDF as a SciPy CSR matrix in double precision, `[texts, n-grams]`."""
    from scipy.sparse import csr_matrix

    rows = [_known(ngrams, known, idf) for ngrams in counted]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    places = np.concatenate([places for places, _ in rows])
    values = np.concatenate([weights for _, weights in rows]).astype(np.float64)
    return csr_matrix((values, places, ends), shape=(len(rows), len(known)))
