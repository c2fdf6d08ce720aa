"""All that answers are made of, in one object that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from graphrec.bundle import Bundle
from graphrec.errors import CorruptionError
from graphrec.ranking.live import LiveStore
from graphrec.ranking.memory_term import MemoryTerm, trained_memory
from graphrec.ranking.refresh import Placer
from graphrec.ranking.scoring import Fusion


@dataclass(frozen=True, slots=True, eq=False)
class ServingState:
    """A bundle with what is read out of it; threads share it, and another takes its place when the store moves on.

    Args:
        bundle: as trained, or extended by what came since.
        live: the store in the bundle's numbering.
        fusion: the trained request scorer.
        memory: the reading of newest events, where there is a store to read them from.
    """

    bundle: Bundle
    live: LiveStore | None = None
    fusion: Fusion | None = None
    memory: MemoryTerm | None = None

    @classmethod
    def of(cls, bundle: Bundle, live: LiveStore | None, fusion: Fusion | None = None) -> Self:
        """The state of a bundle.

        Args:
            fusion: in place of the bundle's own request scorer.
        """
        scorer = fusion if fusion is not None else trained_fusion(bundle)
        return cls(bundle, live, scorer, None if live is None else trained_memory(bundle))

    def over(self, bundle: Bundle, fusion: Fusion | None = None) -> Self:
        """The same over another extension of the bundle."""
        live = None if self.live is None else LiveStore(self.live.store, bundle, check=False)
        return self.of(bundle, live, fusion)


def trained_placer(bundle: Bundle) -> Placer | None:
    """What places items that the bundle was not trained on, or None.

    Raises:
        CorruptionError: it is there in part.
    """
    if not any(name.startswith("cold.") for name in bundle.extra):
        return None
    from graphrec.ranking.cold_items import load_cold

    return load_cold(bundle)


def trained_fusion(bundle: Bundle) -> Fusion | None:
    """The request scorer that a bundle carries, or None."""
    if not any(name.startswith("request.") for name in bundle.extra):
        return None
    from graphrec.ranking.request import load_fusion

    try:
        return load_fusion(bundle)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptionError(
            f"The request scorer of {bundle.path} is not complete ({error}); train again."
        ) from error
