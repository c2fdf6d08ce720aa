"""Relation-aware pieces of KGAT: TransR projection, energies, attention logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphrec.sparse.edge_graph import EdgeGraph
from graphrec.training.losses import translation_loss


class TransR(nn.Module):
    r"""Entities projected into the space of each relation (Lin et al., AAAI 2015; KGAT, eq. 1 and 4).

    .. math:: g(h,r,t) = \lVert W_r e_h + e_r - W_r e_t \rVert^2, \qquad
              a(h,r,t) = (W_r e_t)^\top \tanh(W_r e_h + e_r)

    Rows are grouped by relation, so memory is that of the projected rows, never `[edges, dim, dim]`.

    Args:
        num_relations: relations, inverses counted.
        dim: length of an entity embedding.
        relation_dim: length in relation space.
    """

    def __init__(
        self, num_relations: int, dim: int, relation_dim: int, generator: torch.Generator, device: str
    ) -> None:
        super().__init__()
        self.generator = generator
        self.projection = nn.Parameter(torch.empty(num_relations, dim, relation_dim, device=device))
        self.translation = nn.Parameter(torch.empty(num_relations, relation_dim, device=device))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier draw of projections and translations."""
        with torch.no_grad():
            nn.init.xavier_uniform_(self.projection, generator=self.generator)
            nn.init.xavier_uniform_(self.translation, generator=self.generator)

    def project(self, x: Tensor, nodes: Tensor, relation: Tensor) -> Tensor:
        """`W_r x` of each (node, relation), `[n, relation_dim]`; each distinct pair is projected once."""
        pairs, inverse = torch.unique(relation * len(x) + nodes, return_inverse=True)
        owner = torch.div(pairs, len(x), rounding_mode="floor")
        counts = torch.bincount(owner, minlength=len(self.projection)).tolist()
        blocks = (pairs % len(x)).split(counts)  # pairs are sorted by relation
        done = [x[block] @ self.projection[r] for r, block in enumerate(blocks) if len(block)]
        return torch.cat(done)[inverse] if done else x.new_zeros((0, self.projection.shape[2]))

    def energy(self, x: Tensor, heads: Tensor, relation: Tensor, tails: Tensor) -> Tensor:
        """`g(h, r, t)`, `[n]`; low means plausible."""
        moved = self.project(x, heads, relation) + self.translation[relation]
        return (moved - self.project(x, tails, relation)).square().sum(dim=1)

    def logits(self, x: Tensor, edges: EdgeGraph) -> Tensor:
        """Attention logit of every edge, head = receiving node, `[num_edges]`."""
        head = torch.tanh(self.project(x, edges.target, edges.relation) + self.translation[edges.relation])
        return (self.project(x, edges.source, edges.relation) * head).sum(dim=1)

    def loss(self, x: Tensor, edges: EdgeGraph, triples: Tensor, generator: torch.Generator) -> Tensor:
        """Translation loss of the triples (edge numbers, `[n]`) against uniform random tails."""
        heads, relation = edges.target[triples], edges.relation[triples]
        corrupted = torch.randint(len(x), heads.shape, generator=generator, device=heads.device)
        positive = self.energy(x, heads, relation, edges.source[triples])
        return translation_loss(positive, self.energy(x, heads, relation, corrupted))
