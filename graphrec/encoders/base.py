"""What every sentence encoder does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]


class Encoder(Protocol):
    """Turns texts into vectors of one length; the same text always gives the same vector."""

    @property
    def name(self) -> str:
        """Short name, e.g. `minilm` or `ngrams`."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of everything that decides the vectors; models keep it and refuse another encoder."""

    def encode(self, texts: Sequence[str]) -> Float:
        """Unit vectors, float32 `[len(texts), dim]`; a text without any known token gives zeros."""
