"""How much memory a run on the whole graph takes, asked before it starts."""

from __future__ import annotations

from graphrec.errors import InvalidInputError
from graphrec.ogb.machine import free_memory
from graphrec.ogb.nodes import NodeSet

_GIB = 2**30
_KEPT = 6
"""Vectors per node and hidden layer, kept for the backward pass or gradients (measured: 4 for GCN, 5 for SAGE)."""
_PER_EDGE = 130
"""Bytes of one directed edge: the sorted graph with its transpose, its weights, and what sorting takes meanwhile."""
_SHARE = 0.9


def full_batch_bytes(data: NodeSet, hidden: int, num_layers: int, *, edges: bool, tables: int = 0) -> int:
    """An estimate of the memory that one full-batch training run needs, in bytes.

    Args:
        edges: whether the model looks at them.
        tables: further numbers per node that are learned, with Adam's two moments and the kept copy.
    """
    nodes = data.num_targets
    width = data.x[data.target].shape[1] if data.target in data.x else 0
    floats = 3 * width + _KEPT * hidden * max(1, num_layers - 1) + _KEPT * data.num_classes + 6 * tables
    return nodes * floats * 4 + (2 * data.num_edges * _PER_EDGE if edges else 0)


def require_memory(name: str, model: str, needed: int, device: str, *, sampled: bool) -> None:
    """Refuse a run that would not fit.

    Args:
        sampled: whether the model can be trained in mini-batches, which the message then proposes.

    Raises:
        InvalidInputError: more is needed than the device has left; the message says how much and what to do.
    """
    left = free_memory(device)
    if left is None or needed <= _SHARE * left:
        return
    advice = (
        "train in mini-batches: --batch sampled"
        if sampled
        else "take a smaller hidden size, or --model sage --batch sampled"
    )
    raise InvalidInputError(
        f"{model} on the whole of {name} needs about {needed / _GIB:.1f} GiB, of which {left / _GIB:.1f} are free; "
        f"{advice}."
    )


def fits(needed: int, device: str) -> bool:
    """Whether a full-batch run fits, as far as the system says."""
    left = free_memory(device)
    return left is None or needed <= _SHARE * left
