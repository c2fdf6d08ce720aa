"""Training: typed configuration, negative sampling, the trainer, the way from a store to a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec.training.from_store import train_from_store

__all__ = ["train_from_store"]


def __getattr__(name: str) -> Any:
    """The way from a store imports on demand: the loop below must not pay for it, nor import in a circle."""
    if name == "train_from_store":
        from graphrec.training.from_store import train_from_store

        return train_from_store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
