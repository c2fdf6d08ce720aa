"""What parts with one number per item have to keep to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError


def check_bias(bias: NDArray[np.floating[Any]] | None, num_items: int) -> None:
    """Refuse an item bias that is not `[num_items]`.

    Raises:
        InvalidInputError: another shape.
    """
    if bias is not None and bias.shape != (num_items,):
        raise InvalidInputError(f"The item bias must have shape ({num_items},), but {bias.shape} was given.")
