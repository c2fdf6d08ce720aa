"""Virtual neighbours: the warm nodes whose teacher embeddings a predicted embedding attends to."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from graphrec.errors import InvalidInputError, MissingExtraError

_MARGIN = 8
"""Rows fetched beyond k: rounding in the search shall not push out one of the k best, and a query may leave out
its own node."""
_LARGE = 200_000_000
"""Queries times candidates from which on faiss searches, where it is installed."""

_BLOCK = 2**23
"""Most float64 numbers held at a time while scoring again, 64 MB."""


class Neighbours(NamedTuple):
    """Attention of some queries over the bank.

    Args:
        nodes: int64 `[num_queries, k]`, best first, equal scores by ascending id; -1 where there are fewer.
        weights: `[num_queries, k]`, the softmax; a row sums to 1, or is 0 where nothing was left to attend to.
    """

    nodes: Tensor
    weights: Tensor


class VirtualNeighbours:
    r"""Top-k attention over teacher embeddings (Zheng et al., ICLR 2022, eq. 6).

    .. math:: \tilde e_i = \mathrm{softmax}\big(\Theta_k(\hat e_i \bar E^\top / \tau)\big) \bar E

    :math:`\Theta_k` keeps the k largest scores of a row and sets the others to minus infinity. The search is
    exact and the same list on every machine: what it finds is scored again in float64, and a row in which
    rounding could have hidden a candidate is searched again in full.

    Args:
        bank: teacher embeddings :math:`\bar E`, `[num_nodes, dim]`.
        candidates: int64 `[num_candidates]`, rows that may be neighbours: nodes with edges, for the embedding of
            a node without any says nothing of the graph. None takes all.
        k: neighbours per query; more than there are candidates counts as all, and gives the full softmax.
        temperature: :math:`\tau`; 1 as published.
        search: `auto` (faiss where it is installed and the problem large), `matrix` or `faiss`.
        chunk: queries scored at a time.

    Raises:
        InvalidInputError: there is no candidate.
        MissingExtraError: `search="faiss"` without faiss.
    """

    def __init__(
        self,
        bank: Tensor,
        candidates: Tensor | None = None,
        *,
        k: int = 2,
        temperature: float = 1.0,
        search: Literal["auto", "matrix", "faiss"] = "auto",
        chunk: int = 1024,
    ) -> None:
        everything = torch.arange(len(bank), device=bank.device)
        # ascending ids: the order among equal scores
        self.candidates = everything if candidates is None else torch.unique(candidates)
        if len(self.candidates) == 0:
            raise InvalidInputError("Virtual neighbours need at least one candidate; no node has an edge.")
        if search == "faiss" and find_spec("faiss") is None:
            raise MissingExtraError("Searching with faiss needs it: pip install 'graphrec[ann]'.")
        self.bank, self.k, self.temperature = bank.detach(), min(k, len(self.candidates)), temperature
        self.search, self.chunk = search, chunk
        self._rows = self.bank[self.candidates].contiguous()
        self._longest = self._rows.norm(dim=1).max()

    @torch.no_grad()
    def neighbours(self, queries: Tensor, own: Tensor | None = None) -> Neighbours:
        """Attend.

        Args:
            queries: predicted embeddings, `[num_queries, dim]`.
            own: int64 `[num_queries]`, the node that each query belongs to, which then is not its own neighbour;
                None lets a node find itself, as published.
        """
        fetch = min(self.k + _MARGIN, len(self.candidates))
        use_faiss = self._use_faiss(len(queries), fetch)
        retrieve = self._faiss_retrieve if use_faiss else self._matrix_retrieve
        blocks = []
        # what was fetched is scored again as [chunk, fetch, dim] in float64
        chunk = max(1, min(self.chunk, _BLOCK // (fetch * max(self.bank.shape[1], 1))))
        for start in range(0, len(queries), chunk):
            block = queries[start : start + chunk].detach()
            mine = None if own is None else own[start : start + chunk]
            places, rough = retrieve(block, fetch)
            blocks.append(self._refine(block, places, rough, mine))
        if not blocks:
            empty = queries.new_zeros((0, self.k))
            return Neighbours(empty.long(), empty)
        scores, places = (torch.cat(part) for part in zip(*blocks, strict=True))
        found = scores > -torch.inf
        weights = torch.softmax(scores / self.temperature, dim=1).nan_to_num(0.0)  # a row of -inf gives NaN
        return Neighbours(torch.where(found, self.candidates[places], -1), weights.to(queries.dtype))

    def __call__(self, queries: Tensor, own: Tensor | None = None) -> Tensor:
        """The attended embeddings, `[num_queries, dim]`; arguments as in :meth:`neighbours`."""
        return self.gather(self.neighbours(queries, own))

    def gather(self, neighbours: Neighbours) -> Tensor:
        """Weighted sum of the neighbours' embeddings, `[num_queries, dim]`."""
        total = self.bank.new_zeros((len(neighbours.nodes), self.bank.shape[1]))
        for column in range(neighbours.nodes.shape[1]):  # never [num_queries, k, dim] at once
            rows = self.bank.index_select(0, neighbours.nodes[:, column].clamp_min(0))
            total.addcmul_(rows, neighbours.weights[:, column, None].to(total.dtype))
        return total

    def _use_faiss(self, num_queries: int, fetch: int) -> bool:
        if self.search != "auto":
            return self.search == "faiss"
        large = num_queries * len(self.candidates) > _LARGE and fetch < len(self.candidates)
        return large and self._rows.device.type == "cpu" and find_spec("faiss") is not None

    def _matrix_retrieve(self, block: Tensor, fetch: int) -> tuple[Tensor, Tensor]:
        scores, places = torch.topk(block @ self._rows.t(), fetch, dim=1)
        return places, scores

    def _faiss_retrieve(self, block: Tensor, fetch: int) -> tuple[Tensor, Tensor]:
        import faiss

        if not hasattr(self, "_index"):
            self._index = faiss.IndexFlatIP(self._rows.shape[1])
            self._index.add(self._rows.float().numpy())
        scores, places = self._index.search(block.float().contiguous().numpy(), fetch)
        return torch.from_numpy(places), torch.from_numpy(scores)

    def _refine(
        self, block: Tensor, places: Tensor, rough: Tensor, own: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Float64 scores and places of the k best, `[block, k]` each."""
        scores, places = self._exact(block, places, own)
        if rough.shape[1] < len(self.candidates):
            # float32 dot products err by less than this; what was not fetched scores at most the last fetched
            slack = torch.finfo(torch.float32).eps * block.shape[1] * block.norm(dim=1) * self._longest
            doubtful = torch.nonzero(rough[:, -1] + 2 * slack >= scores[:, -1]).squeeze(1)
            everything = torch.arange(len(self.candidates), device=places.device)
            for row in doubtful.tolist():
                mine = None if own is None else own[row : row + 1]
                again = self._exact(block[row : row + 1], everything[None, :], mine)
                scores[row], places[row] = again[0][0], again[1][0]
        return scores, places

    def _exact(self, block: Tensor, places: Tensor, own: Tensor | None) -> tuple[Tensor, Tensor]:
        places = places.sort(dim=1).values
        rows = self._rows[places].double()
        scores = (rows * block.double()[:, None, :]).sum(dim=2)
        if own is not None:
            scores = scores.masked_fill(self.candidates[places] == own[:, None], -torch.inf)
        order = torch.sort(scores, dim=1, descending=True, stable=True)
        best = order.indices[:, : self.k]
        return order.values[:, : self.k], places.gather(1, best)
