"""Where a domain stands: a short vector of each, made from the domain graph alone and given to the encoder."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import expit

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import InvalidInputError

Vectors = NDArray[np.float32]
Float = NDArray[np.float64]

_GAP = 2.0  # between parts of a disconnected graph, in steps of a chain
_SAME = 1e-8  # eigenvalues this near count as one
_NIL = 1e-6
_BETAS, _EPSILON = (0.9, 0.999), 1e-8


class EmbeddingConfig(BaseModel):
    """How domains become vectors.

    Args:
        method: `spectral` (exact and free of chance), `dot_product` (the reference's loss L_g), or `given`.
        dim: numbers per domain; few, so that the encoder cannot learn each domain by heart.
        steps, learning_rate, max_norm: of `dot_product`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["spectral", "dot_product", "given"] = "spectral"
    dim: int = Field(default=2, ge=1)
    steps: int = Field(default=800, ge=1)
    learning_rate: float = Field(default=0.05, gt=0)
    max_norm: float = Field(default=2.0, gt=0)


def embed_domains(
    graph: DomainGraph,
    config: EmbeddingConfig | None = None,
    seed: int = 0,
    *,
    given: NDArray[np.floating[Any]] | None = None,
) -> Vectors:
    """One vector a domain, float32 `[num_domains, dim]`.

    Args:
        seed: of `dot_product`, which begins at random.
        given: float `[num_domains, dim]` for the method `given`; taken as it is.

    Raises:
        InvalidInputError: vectors given to another method, or ones that do not fit the graph and `dim`.
    """
    settings = config or EmbeddingConfig()
    if (given is None) == (settings.method == "given"):
        raise InvalidInputError(
            "Vectors of domains are handed over with the method 'given', and only with it."
        )
    if given is not None:
        table = np.array(given, dtype=np.float32)
        if table.shape != (graph.num_domains, settings.dim) or not np.isfinite(table).all():
            raise InvalidInputError(
                f"{graph.num_domains} domains of dim {settings.dim} need as many vectors of finite numbers; "
                f"given were {table.shape}."
            )
        return table
    if settings.method == "spectral":
        return spectral_embedding(graph, settings.dim)
    return dot_product_embedding(
        graph, settings.dim, seed,
        steps=settings.steps, learning_rate=settings.learning_rate, max_norm=settings.max_norm,
    )  # fmt: skip


def spectral_embedding(graph: DomainGraph, dim: int = 2) -> Vectors:
    """Eigenvectors 2 to `dim + 1` of the normalised Laplacian `I - D^-1/2 A D^-1/2`, each with mean 0 and sd 1.

    Near domains get near vectors, as with Laplacian eigenmaps (Belkin and Niyogi, 2003), but not divided by the root of
    the degree. Up to rounding the result is the same on every machine: the largest entry of a vector is positive, and
    where an eigenvalue has several vectors (a ring, a clique) they are those nearest to waves over the order of the
    domains, so that a clique becomes a circle. Parts that no edge joins are embedded by themselves and laid side by
    side along the first coordinate, each as wide as a chain of its domains. Coordinates that a small graph has no
    eigenvector for are zero.

    Args:
        dim: numbers per domain, 1 or more.

    Returns:
        float32 `[num_domains, dim]`.
    """
    part_of = graph.components()
    if part_of.max() == 0:
        table = _eigenvectors(graph.adjacency, dim)
    else:
        table = np.zeros((graph.num_domains, dim))
        begin = 0.0
        for part in range(int(part_of.max()) + 1):
            members = np.flatnonzero(part_of == part)
            own = _standardised(_eigenvectors(graph.adjacency[np.ix_(members, members)], dim))
            own[:, 0] = begin + _spread(own[:, 0], len(members) - 1.0)
            table[members] = own
            begin += len(members) - 1 + _GAP
    return _standardised(table).astype(np.float32)


def dot_product_embedding(
    graph: DomainGraph,
    dim: int = 2,
    seed: int = 0,
    *,
    steps: int = 800,
    learning_rate: float = 0.05,
    max_norm: float = 2.0,
) -> Vectors:
    """Vectors whose products tell the edges: Adam on the mean over pairs i < j of `BCE(sigmoid(z_i . z_j), A_ij)`.

    This is the loss L_g of Xu et al. (ICLR 2022). Alone it lets vectors grow without end, so each is kept within
    `max_norm` after every step; with 2 a logit reaches 4. Weighted entries are targets between 0 and 1.

    Args:
        seed: of the first vectors.

    Returns:
        float32 `[num_domains, dim]`, no vector longer than `max_norm`.
    """
    num = graph.num_domains
    z = np.random.default_rng(seed).standard_normal((num, dim)) * min(1.0, max_norm / 2)
    pairs = max(num * (num - 1) / 2, 1.0)
    first, second = np.zeros_like(z), np.zeros_like(z)
    for step in range(1, steps + 1):
        error = expit(z @ z.T) - graph.adjacency
        np.fill_diagonal(error, 0.0)
        gradient = error @ z / pairs
        first = _BETAS[0] * first + (1 - _BETAS[0]) * gradient
        second = _BETAS[1] * second + (1 - _BETAS[1]) * gradient**2
        scale = np.sqrt(second / (1 - _BETAS[1] ** step)) + _EPSILON
        z = z - learning_rate * first / (1 - _BETAS[0] ** step) / scale
        z *= np.minimum(1.0, max_norm / np.maximum(np.linalg.norm(z, axis=1), _NIL))[:, None]
    return z.astype(np.float32)


def _eigenvectors(adjacency: Float, dim: int) -> Float:
    """Of a connected graph; columns of zeros where it is too small."""
    num = len(adjacency)
    if num == 1:
        return np.zeros((1, dim))
    root = np.sqrt(adjacency.sum(axis=1))
    values, vectors = np.linalg.eigh(adjacency / np.outer(root, root))
    values, vectors = -values[::-1], vectors[:, ::-1]  # of the Laplacian, less one, rising
    found: list[Float] = []
    begin = 1
    while begin < num and len(found) < dim:
        end = begin + 1
        while end < num and values[end] - values[begin] < _SAME:
            end += 1
        several = end - begin > 1
        found += _waves(vectors[:, begin:end], dim - len(found)) if several else [vectors[:, begin]]
        begin = end
    table = np.stack([_signed(vector) for vector in found[:dim]], axis=1)
    return np.pad(table, ((0, 0), (0, dim - table.shape[1])))


def _waves(space: Float, most: int) -> list[Float]:
    """The first vectors of an orthonormal basis of the space: cosines and sines over the nodes, made to lie in it."""
    num, size = space.shape
    basis: list[Float] = []
    turn = 2 * np.pi * np.arange(num) / num
    for wave, shape in itertools.product(range(num), (np.cos, np.sin)):
        if len(basis) == min(size, most):
            break
        vector = space @ (space.T @ shape(wave * turn))
        for _ in range(2):  # twice is enough against rounding
            for other in basis:
                vector = vector - other * (other @ vector)
        length = float(np.linalg.norm(vector))
        if length > _NIL * np.sqrt(num):
            basis.append(vector / length)
    return basis


def _signed(vector: Float) -> Float:
    """With its largest entry positive; of several, the first."""
    size = np.abs(vector)
    return vector if vector[np.flatnonzero(size >= size.max() * (1 - _NIL))[0]] > 0 else -vector


def _standardised(table: Float) -> Float:
    centred = table - table.mean(axis=0)
    spread = centred.std(axis=0)
    return np.where(spread > _NIL, centred / np.where(spread > _NIL, spread, 1.0), 0.0)


def _spread(column: Float, width: float) -> Float:
    """The column moved and scaled to run from 0 to `width`."""
    reach = float(np.ptp(column))
    return np.zeros_like(column) if reach < _NIL else (column - column.min()) * (width / reach)
