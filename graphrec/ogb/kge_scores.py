"""How plausible a triple is: the score functions of knowledge-graph embeddings, one class each.

Every function is split in two, so that many candidates for one end of a triple cost one vector operation each:
:meth:`Geometry.query` moves the known end through the relation, :meth:`Geometry.compare` sets the result against the
candidates. High means plausible.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Side = Literal["head", "tail"]
"""Which end of the triple the candidates stand for."""


@dataclass(frozen=True)
class Geometry:
    """Base: widths of the embeddings and the two halves of the score.

    Args:
        dim: coordinates; complex ones are stored as their real parts, then their imaginary parts.
        margin: :math:`\\gamma`, the score at distance 0, where the score is a distance.
        spread: embeddings are drawn uniformly from `-spread..spread`; relations of RotatE turn by `pi` at `spread`.
    """

    dim: int
    margin: float
    spread: float

    entity_parts = 1
    relation_parts = 1

    def query(self, known: Tensor, relation: Tensor, side: Side) -> Tensor:
        """The known ends `[n, entity width]` moved through their relations `[n, relation width]`."""
        raise NotImplementedError

    def compare(self, query: Tensor, candidates: Tensor) -> Tensor:
        """Scores `[n, k]` of queries `[n, width]` against candidates `[n, k, width]`."""
        raise NotImplementedError


class TransE(Geometry):
    r""":math:`\gamma - \lVert h + r - t \rVert_1` (Bordes et al., NeurIPS 2013)."""

    def query(self, known: Tensor, relation: Tensor, side: Side) -> Tensor:
        return known + relation if side == "tail" else known - relation

    def compare(self, query: Tensor, candidates: Tensor) -> Tensor:
        return self.margin - (query[:, None] - candidates).abs().sum(dim=2)


class DistMult(Geometry):
    r""":math:`\langle h, r, t \rangle` (Yang et al., ICLR 2015); symmetric in head and tail."""

    def query(self, known: Tensor, relation: Tensor, side: Side) -> Tensor:
        return known * relation

    def compare(self, query: Tensor, candidates: Tensor) -> Tensor:
        return torch.bmm(candidates, query[:, :, None]).squeeze(2)


class ComplEx(DistMult):
    r""":math:`\mathrm{Re}\,\langle h, r, \bar t \rangle` over complex numbers (Trouillon et al., ICML 2016)."""

    entity_parts = 2
    relation_parts = 2

    def query(self, known: Tensor, relation: Tensor, side: Side) -> Tensor:
        real, imaginary = relation.chunk(2, dim=1)
        return _turned(known, real, imaginary if side == "tail" else -imaginary)


class RotatE(Geometry):
    r""":math:`\gamma - \sum_i |h_i r_i - t_i|` with :math:`|r_i| = 1` (Sun et al., ICLR 2019).

    Relations are angles: a rotation can be symmetric (by pi), inverted (by the opposite angle) and composed.
    """

    entity_parts = 2

    def query(self, known: Tensor, relation: Tensor, side: Side) -> Tensor:
        angle = relation * (math.pi / self.spread)
        return _turned(known, angle.cos(), angle.sin() if side == "tail" else -angle.sin())

    def compare(self, query: Tensor, candidates: Tensor) -> Tensor:
        real, imaginary = (query[:, None] - candidates).chunk(2, dim=2)
        return self.margin - _modulus(real, imaginary).sum(dim=2)


GEOMETRIES: dict[str, type[Geometry]] = {
    "transe": TransE,
    "distmult": DistMult,
    "complex": ComplEx,
    "rotate": RotatE,
}


def _turned(x: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
    """The complex product of `x` (real parts, then imaginary parts) with `real + i imaginary`."""
    a, b = x.chunk(2, dim=1)
    return torch.cat([a * real - b * imaginary, a * imaginary + b * real], dim=1)


def _modulus(real: Tensor, imaginary: Tensor) -> Tensor:
    # the root has no slope at 0, where an entity meets its own rotation by nothing
    return (real.square() + imaginary.square()).clamp_min(1e-18).sqrt()
