"""The shape of a label tree: how many codes each level has, and how the leaves of the splits become levels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from graphrec.errors import InvalidInputError


class LabelTreeConfig(BaseModel):
    """Settings of a label tree; the defaults are GIANT's for ogbn-arxiv (`min_codes` 128 for ogbn-products)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nr_splits: int = Field(default=4, ge=2)
    """Children of a code."""
    min_codes: int = Field(default=32, ge=2)
    """Levels are put on top until one has at most so many codes; it may have fewer."""
    max_leaf_size: PositiveInt = 100
    """Most labels of a leaf."""
    iterations: PositiveInt = 20
    """Most rounds of balanced 2-means per split."""
    seed: NonNegativeInt = 12345
    """Draws the two first rows of every split."""


def tree_depth(num_labels: int, config: LabelTreeConfig) -> int:
    """Number of times that the labels are halved; 0 when they fit into one leaf.

    Raises:
        InvalidInputError: fewer than one label, or leaves would be empty.
    """
    if num_labels < 1:
        raise InvalidInputError(f"A label tree needs labels; there are {num_labels}.")
    if num_labels <= config.max_leaf_size:
        return 0
    depth = max(1, math.ceil(math.log2(num_labels / config.max_leaf_size)))
    if 2**depth > num_labels:
        raise InvalidInputError(
            f"{num_labels} labels do not fill {2**depth} leaves of at most {config.max_leaf_size}; "
            "raise max_leaf_size."
        )
    return depth


def level_sizes(num_labels: int, config: LabelTreeConfig) -> list[int]:
    """Codes of every level, coarse to fine, the labels last."""
    sizes = [2 ** tree_depth(num_labels, config)]
    while sizes[0] > config.min_codes:
        sizes.insert(0, -(-sizes[0] // config.nr_splits))
    return [*(size for size in sizes if size > 1), num_labels]


def chain_shapes(num_labels: int, config: LabelTreeConfig) -> list[tuple[int, int]]:
    """Shapes of the chain's matrices, from the root down: `(codes of a level, codes of the level above)`.

    For 169,343 labels: (32, 1), (128, 32), (512, 128), (2048, 512), (169343, 2048).

    Raises:
        InvalidInputError: leaves would be empty.
    """
    sizes = level_sizes(num_labels, config)
    return list(zip(sizes, [1, *sizes[:-1]], strict=True))


def level_parents(leaf_of: NDArray[np.int32], config: LabelTreeConfig) -> list[NDArray[np.int32]]:
    """Code of the level above for every code of each level, coarse to fine.

    Args:
        leaf_of: int32 `[num_labels]`, leaf of each label; its bits are the path (left 0, right 1), so that codes
            that lie beside each other were parted last.
    """
    sizes = level_sizes(len(leaf_of), config)
    parents = [np.zeros(sizes[0], dtype=np.int32)]
    for size in sizes[1:-1]:
        parents.append((np.arange(size) // config.nr_splits).astype(np.int32))
    return [*parents, leaf_of] if len(sizes) > 1 else parents
