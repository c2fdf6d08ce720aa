"""Scorers as arrays and small options, and back: the one place that lists the kinds of parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.catalogue import csr_arrays, csr_from_arrays
from graphrec.bundle.parts import ItemItemPart, Part, VectorPart
from graphrec.bundle.profile_part import ProfilePart

Arrays = dict[str, NDArray[Any]]


def part_arrays(part: Part) -> Arrays:
    """Arrays of a part, by name."""
    if isinstance(part, ItemItemPart):
        return csr_arrays("weights", part.weights)
    rows = part.keys if isinstance(part, ProfilePart) else part.users
    arrays: Arrays = {"keys" if isinstance(part, ProfilePart) else "users": rows, "items": part.items}
    return arrays if part.item_bias is None else arrays | {"item_bias": part.item_bias}


def part_options(part: Part) -> dict[str, Any]:
    """What the manifest says of a part beside its kind, file and weight."""
    if isinstance(part, ItemItemPart):
        return {"binary": part.binary}
    return {"exponent": part.exponent} if isinstance(part, ProfilePart) else {}


def part_from_arrays(description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Part:
    """The inverse of :func:`part_arrays` and :func:`part_options`.

    Raises:
        KeyError, ValueError: what does not fit together, for the reader to name.
    """
    kind, weight = description["kind"], float(description["weight"])
    if kind == VectorPart.kind:
        return VectorPart(arrays["users"], arrays["items"], arrays.get("item_bias"), weight)
    if kind == ItemItemPart.kind:
        return ItemItemPart(csr_from_arrays("weights", arrays), weight, bool(description["binary"]))
    if kind == ProfilePart.kind:
        bias, exponent = arrays.get("item_bias"), float(description["exponent"])
        return ProfilePart(arrays["keys"], arrays["items"], bias, exponent, weight)
    raise ValueError(f"a part of unknown kind {kind!r}")


def is_finite(part: Part) -> bool:
    """Whether no number of a part is NaN or infinite."""
    numbers = [a for a in part_arrays(part).values() if np.issubdtype(a.dtype, np.floating)]
    return bool(np.isfinite(part.weight)) and all(bool(np.isfinite(a).all()) for a in numbers)
