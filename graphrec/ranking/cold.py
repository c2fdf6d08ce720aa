"""Who the user is to the model: trained, foldable from a history, or unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, Catalogue, History, VectorPart
from graphrec.ranking.live import LiveStore

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

COLD_USER = "cold_user"
FOLD_IN = "fold_in"


@dataclass(frozen=True, slots=True, eq=False)
class UserState:
    """A user at the moment of ranking.

    Args:
        id: external id, None for nobody in particular.
        index: row in the bundle's vectors; None when the model was not trained on this user.
        history: what they did, live from the store when there is one.
        kinds: strongest interaction kind per history entry.
        fallback: None, `fold_in` or `cold_user`.
    """

    id: str | None
    index: int | None = None
    history: History = field(default_factory=History)
    kinds: tuple[str, ...] = ()
    fallback: str | None = COLD_USER


def user_state(bundle: Bundle, live: LiveStore | None, user: str | None) -> UserState:
    """Look a user up in the store, if there is one, and in the bundle.

    The store decides who exists: a user it does not know, an erased one for instance, is unknown even when
    the bundle still carries a vector.
    """
    if user is None:
        return UserState(None)
    index = bundle.catalogue.user_ids.find(user)
    trained = index is not None and bundle.history.indptr[index + 1] > bundle.history.indptr[index]
    if live is None:
        return _from_bundle(bundle, user, index) if index is not None and trained else UserState(user)
    found = live.history(user)
    if found is None:
        return UserState(user)
    history, kinds = found
    if trained and (len(history) or any(isinstance(part, VectorPart) for part in bundle.parts)):
        return UserState(user, index, history, kinds, None)
    return UserState(user, None, history, kinds, FOLD_IN if len(history) else COLD_USER)


def _from_bundle(bundle: Bundle, user: str, index: int) -> UserState:
    low, high = int(bundle.history.indptr[index]), int(bundle.history.indptr[index + 1])
    codes = bundle.catalogue.history_kind[low:high].tolist()
    kinds = tuple(bundle.catalogue.kinds[code] for code in codes)
    return UserState(user, index, bundle.history_of(index), kinds, None)


def popularity_prior(catalogue: Catalogue, items: Int | None) -> Float:
    """What to score by when nothing is known of the user: log popularity, float32 in 0..1."""
    counts = catalogue.popularity if items is None else catalogue.popularity[items]
    most = float(catalogue.popularity.max(initial=0.0))
    return np.asarray(np.log1p(counts) / max(np.log1p(most), 1e-9), dtype=np.float32)
