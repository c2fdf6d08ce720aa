"""Corrections as rows of the bundle's content part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.adapt.item_scorer import ItemValues
from graphrec.bundle import Bundle, Part, ProfilePart
from graphrec.errors import BundleMismatchError
from graphrec.ranking.cold_items import ColdItems
from graphrec.training.cold_domain_check import bias_of
from graphrec.training.cold_domain_view import ColdView

Float = NDArray[np.floating[Any]]
Int = NDArray[np.int64]


def content_part(bundle: Bundle, cold: ColdItems) -> ProfilePart:
    """The part in which the content student speaks: the last one that sums keys as long as the student's.

    Raises:
        BundleMismatchError: there is none.
    """
    for part in reversed(bundle.parts):
        if isinstance(part, ProfilePart) and part.keys.shape[1] == cold.items.shape[1] and part.exponent == 0:
            return part
    raise BundleMismatchError(
        f"The bundle {bundle.path} has a content student but no part of it; train again."
    )


@dataclass(frozen=True, eq=False)
class WordRows:
    """What the content part holds of items that nobody chose and that were never adapted.

    Args:
        rows: float32 `[n, num_keys]`.
        bias: float32 `[n]`.
    """

    rows: Float
    bias: Float

    @classmethod
    def of(cls, cold: ColdItems, bags: sp.csr_matrix) -> Self:
        """By the bags of the items, `[n, num_words]`."""
        rows = np.asarray(bags @ cold.items, dtype=np.float32)
        return cls(rows, np.asarray(bags @ cold.bias, dtype=np.float32))

    def lean(self, profiles: Float) -> float:
        """How much expected popularity counts in the scores, in units of their spread.

        Args:
            profiles: the pooled keys of the users, `[num_users, num_keys]`.
        """
        spread = float((profiles @ self.rows.T).std(axis=1).mean())
        return float(self.bias.std()) / spread if spread > 0 else 0.0


def rewritten(
    parts: Sequence[Part], part: ProfilePart, items: Int, words: WordRows, seen: ColdView,
    correction: ItemValues | None, share: float, *, lean: float,
) -> tuple[Part, ...]:  # fmt: skip
    """The parts with new rows for some items in the content part.

    Corrections come on the scale that the student's rows have in the bundle, and popularity adds as much on average as
    it did, so that new items stand among trained ones about as high as the student's scale had them stand. Whatever an
    earlier adaptation wrote is gone.

    Args:
        part: the content part, one of `parts`.
        items: int64 `[n]`, whose rows are new.
        words: their rows by the student, in the same order.
        seen: what is known with all sources.
        correction: of all items, as wide as `seen.space`; None for no correction.
        share: of the correction.
        lean: weight of the expected popularity, in units of the scores' spread; see :meth:`WordRows.lean`.
    """
    rows = np.array(part.items, dtype=np.float32)
    bias = np.zeros(len(rows), np.float32) if part.item_bias is None else np.array(part.item_bias, np.float32)
    rows[items], bias[items] = words.rows, words.bias
    if correction is not None and share > 0:
        student = seen.student.of(items)
        size = float(np.linalg.norm(seen.space.values(words.rows)))
        scale = np.float32(share * size / max(float(np.linalg.norm(student.values)), 1e-12))
        rows[items] += scale * seen.space.rows(correction.values[items])
        logs = student.plus(share, correction.of(items)).popularity
        scores = seen.space.scores(seen.space.values(rows[items]))
        bias[items] = words.bias.mean() + bias_of(lean, scores, logs)
    new = replace(part, items=rows, item_bias=bias)
    return tuple(new if each is part else each for each in parts)
