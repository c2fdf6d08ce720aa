"""Which codes of a level a text is trained on: beam search down the tree, and the codes that are easily confused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from graphrec.errors import InvalidInputError

Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Children:
    """The codes under each code of the level above.

    Args:
        parent: int64 `[codes]`, parent of each code.
        table: int64 `[parents, most children]`, children in ascending order, filled with -1.
    """

    parent: Int
    table: Int

    @classmethod
    def of(cls, cluster: Any) -> Children:
        """Read a cluster matrix `[codes, parents]`.

        Raises:
            InvalidInputError: a code has no parent, or more than one.
        """
        rows = sparse.csr_array(cluster)
        if (np.diff(rows.indptr) != 1).any():
            raise InvalidInputError(
                f"Every code of a level needs one parent; the {rows.shape} matrix breaks this."
            )
        parent = rows.indices.astype(np.int64)
        order = np.argsort(parent, kind="stable")
        counts = np.bincount(parent, minlength=rows.shape[1])
        table = np.full((rows.shape[1], counts.max()), -1, np.int64)
        starts = np.cumsum(counts) - counts
        table[parent[order], np.arange(len(order)) - starts[parent[order]]] = order
        return cls(parent, table)


@dataclass(frozen=True, slots=True, eq=False)
class Beam:
    """The best codes of some texts, best first.

    Args:
        codes: int32 `[texts, k]`, -1 where there are fewer.
        scores: float32 `[texts, k]`, logarithm of the product of probabilities along the path.
    """

    codes: NDArray[np.int32]
    scores: NDArray[np.float32]

    def rows(self, chosen: Any) -> Beam:
        """The beam of some texts."""
        return Beam(self.codes[chosen], self.scores[chosen])


def beam_step(
    logits: Tensor, previous: Beam | None, children: Children | None, top: int, loss: str = "hinge"
) -> Beam:
    """One level of beam search: the best children of the best codes.

    The probability of a code is that of its parent times `exp(-max(1 - z, 0)^3)` (PECOS's "l3-hinge"). Kept as
    logarithms: a path of a few bad steps would be exactly 0 in float32, and no longer comparable. Heads that were
    trained with the softmax give the logarithm of their share instead.

    Args:
        logits: `z` of all codes of this level, `[texts, codes]`.
        previous: beam of the level above; None at the first level, where all codes compete.
        children: which codes are under which; needed with `previous`.
        top: how many to keep.
        loss: what the head was trained with, "hinge" or "softmax".

    Returns:
        At most `top` codes per text.
    """
    logits = logits.float()
    scores = logits.log_softmax(1) if loss == "softmax" else -((1.0 - logits).clamp_min(0.0) ** 3)
    if previous is None or children is None:
        kept, codes = scores.topk(min(top, scores.shape[1]), dim=1)
        return Beam(codes.int().cpu().numpy(), kept.cpu().numpy())
    above = torch.from_numpy(previous.codes).to(scores.device, torch.int64)
    table = torch.from_numpy(children.table).to(scores.device)
    candidates = torch.where((above >= 0)[:, :, None], table[above.clamp_min(0)], -1)
    path = torch.from_numpy(previous.scores).to(scores.device)[:, :, None].expand(candidates.shape)
    candidates = candidates.flatten(1)
    found = path.flatten(1) + scores.gather(1, candidates.clamp_min(0))
    found = found.masked_fill(candidates < 0, float("-inf"))
    kept, places = found.topk(min(top, found.shape[1]), dim=1)
    codes = candidates.gather(1, places)
    return Beam(codes.int().cpu().numpy(), kept.cpu().numpy())


@dataclass(frozen=True, slots=True, eq=False)
class Active:
    """The codes that some texts are trained on, each row filled up to the longest.

    Args:
        codes: int64 `[texts, width]`, positives first; 0 where the mask is False.
        signs: float32 `[texts, width]`, +1 for positives and -1 for the rest.
        weights: float32 `[texts, width]`, the count of a positive, else 1.
        mask: bool `[texts, width]`.
    """

    codes: Int
    signs: NDArray[np.float32]
    weights: NDArray[np.float32]
    mask: NDArray[np.bool_]

    def tensors(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Codes, signs, weights and mask."""
        first, second, third, fourth = (
            torch.from_numpy(array).to(device) for array in (self.codes, self.signs, self.weights, self.mask)
        )
        return first, second, third, fourth


class Shortlist:
    """Active codes at one level ("tfn+man" of XR-Transformer): children of the codes that are right one level up and
    of those that the model holds to be right there; at the first level all codes.

    Everything works on sets of indices, so stored zeros count as absent and never as codes.

    Args:
        targets: CSR `[texts, codes]`, counts of this level.
        parents: CSR `[texts, parents]`, counts of the level above; None at the first level.
        beam: predictions of the level above; None at the first level.
        children: None at the first level.
        cap: most active codes of a text: positives first, then a random choice of negatives without repetition (the
            released code draws with repetition).
    """

    def __init__(
        self, targets: Any, parents: Any | None, beam: Beam | None, children: Children | None, cap: int
    ) -> None:
        self._targets, self._parents = targets, parents
        self._beam, self._children, self._cap = beam, children, cap
        self.num_codes = int(targets.shape[1])

    def batch(self, rows: Int, rng: np.random.Generator) -> Active:
        """Active codes of some texts.

        Args:
            rows: int64 `[n]`, rows of the targets.
            rng: chooses what is left out over the cap.
        """
        text, code, weight, positive = self._pairs(rows)
        # Positives first, what follows in random order: the first `cap` of each text are kept.
        order = np.lexsort((rng.random(len(text)), ~positive, text))
        text, code, weight, positive = text[order], code[order], weight[order], positive[order]
        counts = np.bincount(text, minlength=len(rows))
        rank = np.arange(len(text)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = rank < self._cap
        text, rank = text[kept], rank[kept]
        shape = (len(rows), max(1, int(min(self._cap, counts.max()))))
        codes, mask = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        signs, weights = np.full(shape, -1.0, np.float32), np.zeros(shape, np.float32)
        codes[text, rank], weights[text, rank], mask[text, rank] = code[kept], weight[kept], True
        signs[text[positive[kept]], rank[positive[kept]]] = 1.0
        return Active(codes, signs, weights, mask)

    def _pairs(self, rows: Int) -> tuple[Int, Int, NDArray[np.float32], NDArray[np.bool_]]:
        """Text, code, weight and whether it is a positive, for every pair before the cap."""
        right_text, right_code, counts = _entries(self._targets, rows)
        right = right_text * self.num_codes + right_code
        candidates = np.setdiff1d(self._candidates(rows), right)
        pairs = np.concatenate([right, candidates])
        weight = np.concatenate([counts, np.ones(len(candidates), np.float32)])
        return pairs // self.num_codes, pairs % self.num_codes, weight, np.arange(len(pairs)) < len(right)

    def _candidates(self, rows: Int) -> Int:
        """Codes that come into question, as `text * codes + code`."""
        if self._children is None or self._parents is None or self._beam is None:
            return np.arange(len(rows) * self.num_codes)
        text, parent, _ = _entries(self._parents, rows)
        predicted = self._beam.codes[rows]
        text = np.concatenate([text, np.repeat(np.arange(len(rows)), predicted.shape[1])])
        parent = np.concatenate([parent, predicted.ravel().astype(np.int64)])
        text, parent = text[parent >= 0], parent[parent >= 0]
        below = self._children.table[parent]
        pairs: Int = (text[:, None] * self.num_codes + below)[below >= 0]
        return np.unique(pairs)


def _entries(matrix: Any, rows: Int) -> tuple[Int, Int, NDArray[np.float32]]:
    """Place in `rows`, column and value of the entries above zero of some rows of a CSR matrix."""
    starts = matrix.indptr[rows].astype(np.int64)
    counts = matrix.indptr[rows + 1] - starts
    text = np.repeat(np.arange(len(rows)), counts)
    places = np.arange(len(text)) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
    values = matrix.data[places].astype(np.float32)
    there = values > 0
    return text[there], matrix.indices[places][there].astype(np.int64), values[there]
