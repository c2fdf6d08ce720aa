"""The graph discriminator of graph-relational domain adaptation."""

from __future__ import annotations

from torch import Tensor

from graphrec.adapt.alignment import Alignment, AlignmentBatch
from graphrec.adapt.networks import layers
from graphrec.adapt.pair_loss import LN2, balanced_pair_loss


class GraphDiscriminator(Alignment):
    r"""Reconstructs the domain graph: :math:`P(A_{ij} = 1) = \sigma(D(e_i)^\top D(e_j))`.

    Unlike a discriminator that names the domain it is content as long as adjacent and distant pairs look alike, so
    the encoder need not make all domains equal (Xu et al., "Graph-Relational Domain Adaptation", ICLR 2022). The
    loss is :func:`graphrec.adapt.pair_loss.balanced_pair_loss` times the number of domains of the whole graph, as
    published; chance is :math:`N \ln 2`.

    Args:
        hidden: dimension of the encodings and width of the layers.
        num_domains: of the whole graph.
        dim: of the output whose dot products are compared.
        pairs, self_pairs: see :func:`graphrec.adapt.pair_loss.balanced_pair_loss`.
    """

    def __init__(
        self, hidden: int, num_domains: int, dim: int = 2, pairs: str = "all", self_pairs: bool = True
    ) -> None:
        super().__init__()
        self.net = layers(*[hidden] * 6, dim)
        self.num_domains, self.pairs, self.self_pairs = num_domains, pairs, self_pairs
        self.chance = num_domains * LN2

    def discriminator_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        d = self.net(encodings)
        loss = balanced_pair_loss(d, batch.adjacency, pairs=self.pairs, self_pairs=self.self_pairs)
        return self.num_domains * loss
