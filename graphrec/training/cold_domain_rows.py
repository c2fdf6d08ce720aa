"""Corrections as rows of the bundle's content part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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


def usual_lean(cold: ColdItems, part: ProfilePart, choices: sp.csr_matrix, items: Int) -> float:
    """How much expected popularity counts in the student's scores of some items, in units of their spread."""
    weight = float(np.linalg.norm(cold.bias)) / max(float(np.linalg.norm(cold.popularity)), 1e-12)
    if weight == 0 or part.item_bias is None:
        return 0.0
    scores = np.asarray(choices @ part.keys) @ part.items[items].T
    spread = float(scores.std(axis=1).mean())
    return float(part.item_bias[items].std()) / spread if spread > 0 else 0.0


def rewritten(
    parts: Sequence[Part], part: ProfilePart, items: Int, seen: ColdView, correction: ItemValues, share: float, *,
    lean: float,
) -> tuple[Part, ...]:  # fmt: skip
    """The parts with new rows for some items in the content part; untouched where the share is none.

    Corrections come on the scale that the student's rows have in the bundle, and popularity adds as much on average as
    it did, so that new items stand among trained ones about as high as the student's scale had them stand.

    Args:
        part: the content part, one of `parts`.
        items: int64 `[n]`, whose rows are new.
        seen: what is known with all sources.
        correction: of all items, as wide as `seen.space`.
        share: of the correction.
        lean: weight of the expected popularity, in units of the scores' spread; see :func:`usual_lean`.
    """
    if share == 0:
        return tuple(parts)
    rows = np.array(part.items, dtype=np.float32)
    student = seen.student.of(items)
    size = float(np.linalg.norm(seen.space.values(rows[items])))
    scale = np.float32(share * size / max(float(np.linalg.norm(student.values)), 1e-12))
    rows[items] += scale * seen.space.rows(correction.values[items])
    bias = np.zeros(len(rows), np.float32) if part.item_bias is None else np.array(part.item_bias, np.float32)
    logs = student.plus(share, correction.of(items)).popularity
    scores = seen.space.scores(seen.space.values(rows[items]))
    bias[items] = bias[items].mean() + bias_of(lean, scores, logs)
    new = replace(part, items=rows, item_bias=bias)
    return tuple(new if each is part else each for each in parts)
