"""Corrupted triples: candidates of the right type, and which of them are true after all."""

from __future__ import annotations

import torch
from torch import Tensor

from graphrec.ogb.kge_data import KGData, Triples
from graphrec.ogb.kge_scores import Side


class TypedNegatives:
    """Draws entities uniformly among those of the type that stands at the corrupted end.

    Args:
        data: its training triples are the known truths.
    """

    def __init__(self, data: KGData, device: str | torch.device = "cpu") -> None:
        train = data.train
        self.num_entities = data.num_entities
        self._starts = data.starts.to(device)
        self._sizes = self._starts.diff()
        self._keys = self._key(train.head, train.relation, train.tail).unique().to(device)

    def draw(self, batch: Triples, count: int, side: Side, generator: torch.Generator) -> Tensor:
        """Candidates for one end of every triple, int64 `[n, count]`."""
        kind = batch.tail_type if side == "tail" else batch.head_type
        share = torch.rand((len(batch), count), generator=generator, device=kind.device, dtype=torch.float64)
        found: Tensor = self._starts[kind][:, None] + (share * self._sizes[kind][:, None]).long()
        return found

    def is_known(self, batch: Triples, candidates: Tensor, side: Side) -> Tensor:
        """Whether a triple with the candidate in place of its end is a training triple, bool `[n, k]`."""
        head, tail = (
            (batch.head[:, None], candidates) if side == "tail" else (candidates, batch.tail[:, None])
        )
        keys = self._key(head, batch.relation[:, None], tail)
        place = torch.searchsorted(self._keys, keys).clamp_max(len(self._keys) - 1)
        known: Tensor = self._keys[place] == keys
        return known

    def _key(self, head: Tensor, relation: Tensor, tail: Tensor) -> Tensor:
        return (relation * self.num_entities + head) * self.num_entities + tail


def subsampling_weights(triples: Triples, num_entities: int) -> Tensor:
    r"""Weight of each training triple, `[n]`: frequent ends count less.

    .. math:: w = \left( 8 + \#(h, r, \cdot) + \#(\cdot, r, t) \right)^{-1/2}

    Each count starts at 4, as in the reference code of RotatE and of OGB.
    """
    ends = (triples.relation * num_entities + end for end in (triples.head, triples.tail))
    found = (torch.unique(key, return_inverse=True, return_counts=True) for key in ends)
    forth, back = (counts[inverse] for _, inverse, counts in found)
    weights: Tensor = (8 + forth + back).double().rsqrt().float()
    return weights
