"""The graph discriminator of graph-relational domain adaptation."""

from __future__ import annotations

import torch
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

    A dot product is never negative on average for two rows of one domain, so it cannot say "alike, hence not
    adjacent", which is what tells a domain from its neighbours in a clique. The `indefinite` form counts half of the
    coordinates negatively, :math:`D_+(e_i)^\top D_+(e_j) - D_-(e_i)^\top D_-(e_j)`, and can express every symmetric
    relation; with it a clique is aligned as by DANN. `dot` is the published form.

    Args:
        hidden: dimension of the encodings and width of the layers.
        num_domains: of the whole graph.
        dim: of the output whose products are compared; of each half of the indefinite form.
        form: `"indefinite"` or `"dot"`.
        pairs, self_pairs: see :func:`graphrec.adapt.pair_loss.balanced_pair_loss`.
    """

    signs: Tensor

    def __init__(
        self,
        hidden: int,
        num_domains: int,
        dim: int = 2,
        form: str = "indefinite",
        pairs: str = "all",
        self_pairs: bool = True,
    ) -> None:
        super().__init__()
        signs = torch.ones(dim) if form == "dot" else torch.cat([torch.ones(dim), -torch.ones(dim)])
        self.register_buffer("signs", signs)
        self.net = layers(*[hidden] * 6, len(signs))
        self.num_domains, self.pairs, self.self_pairs = num_domains, pairs, self_pairs
        self.chance = num_domains * LN2

    def discriminator_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        d = self.net(encodings)
        loss = balanced_pair_loss(
            d, batch.adjacency, signs=self.signs, pairs=self.pairs, self_pairs=self.self_pairs
        )
        return self.num_domains * loss
