"""Personal scores exactly as a request without constraints would get them: what an evaluation measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, History
from graphrec.ranking.cold import COLD_USER, FOLD_IN, UserState
from graphrec.ranking.query import GraphQuery
from graphrec.ranking.scoring import Scoring

Float = NDArray[np.floating[Any]]


def served_scores(bundle: Bundle) -> Callable[[int | None, History], Float]:
    """A function from a user's row (None for a newcomer) and history to scores float32 `[num_items]`."""

    def base(user: int | None, history: History) -> Float:
        fallback = None if user is not None else FOLD_IN if len(history) else COLD_USER
        return Scoring(bundle, UserState("", user, history, (), fallback), GraphQuery(), None).base

    return base
