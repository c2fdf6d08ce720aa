"""How alike two items are: by what the model learned of who chooses them, and by what they contain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, Catalogue, History, ItemItemPart, ProfilePart, VectorPart

Float = NDArray[np.floating[Any]]

SILENT = frozenset({"time_band", "health_band", "meal"})
"""Types that many unlike items share: they neither make two items alike nor say why one would like both."""

CONTENT = 0.5
"""Share of the attributes in the likeness: choices alone call alike whatever the same people eat."""


def similarity(bundle: Bundle, item: int, *, content: float = CONTENT) -> Float:
    """Similarity of every item to one, float32 `[num_items]`.

    Each part (cosine of the item vectors; item-item weights) is brought to a largest value of 1 before the
    weighted sum, and so are that sum and the overlap of attributes before theirs. An item that no part knows
    is compared by its attributes, one without attributes by the parts; the largest value is at most 1.

    Args:
        content: share of the attributes, 0 to 1.
    """
    learned, shared = _learned(bundle, item), _largest_one(attribute_overlap(bundle.catalogue, item))
    if not learned.any() or not shared.any():
        return learned + shared
    return np.asarray((1 - content) * learned + content * shared, dtype=np.float32)


def _learned(bundle: Bundle, item: int) -> Float:
    total = np.zeros(bundle.catalogue.num_items, dtype=np.float32)
    for part in bundle.parts:
        one = _weights(part, item) if isinstance(part, ItemItemPart) else _cosine(part, item)
        one[item] = 0.0
        total += np.float32(abs(part.weight)) * _largest_one(one)
    return _largest_one(total)


def _largest_one(scores: Float) -> Float:
    largest = float(np.abs(scores).max(initial=0.0))
    return scores / np.float32(largest) if largest > 0 else scores


def attribute_overlap(catalogue: Catalogue, item: int) -> Float:
    """Shared attributes, rare ones counting more, over the root of each item's number; `[num_items]`."""
    scores = np.zeros(catalogue.num_items, dtype=np.float32)
    for attribute in catalogue.item_attributes.row(item).tolist():
        if catalogue.types[int(catalogue.attribute_type[attribute])] in SILENT:
            continue
        holders = catalogue.attribute_items.row(attribute)
        scores[holders] += np.float32(np.log(catalogue.num_items / max(len(holders), 1)))
    scores /= np.sqrt(np.maximum(catalogue.item_attributes.degrees(), 1)).astype(np.float32)
    scores[item] = 0.0
    return scores


def _cosine(part: VectorPart | ProfilePart, item: int) -> Float:
    vector = np.asarray(part.items[item], dtype=np.float32)
    lengths = np.linalg.norm(part.items, axis=1) * np.linalg.norm(vector)
    return np.asarray(part.items @ vector / np.maximum(lengths, 1e-12), dtype=np.float32)


def _weights(part: ItemItemPart, item: int) -> Float:
    """Row of an item: what having chosen it and nothing else recommends."""
    return part.score(None, History(np.array([item]), np.ones(1, dtype=np.float32)))
