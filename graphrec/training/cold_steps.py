"""The part of a training run that is for items and users who come later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Part
from graphrec.evaluation import Split
from graphrec.ranking.cold_items import ColdItems, cold_arrays
from graphrec.sparse import CSR
from graphrec.store.graph_store import GraphStore
from graphrec.store.records import ItemRecord
from graphrec.store.snapshot import GraphSnapshot
from graphrec.training.cold_fit import ColdFit, fit_cold, refit_cold
from graphrec.training.cold_users_fit import ColdUsersFit, fit_cold_users
from graphrec.training.config import RunConfig

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

MEASURES = "Held-out interactions measure agreement with the past, not what people would have liked more."
NEW_ITEMS = "Items that joined after training are ranked by what they contain, over a live store."
NO_NEW_ITEMS = (
    "Items that joined after training are not ranked: nothing describes the items of this catalogue."
)
NEW_USERS = (
    "Users that joined later are answered by their choices since, and while these are few by popularity."
)


class Served(Protocol):
    """Scores and the parts that they are the sum of."""

    def score(self, users: Int) -> Float: ...
    def parts(self) -> Sequence[Part]: ...


class ServedParts:
    """A :class:`~graphrec.training.cold_fit.ColdFit` under the contract of a model."""

    def __init__(self, fit: ColdFit) -> None:
        self.fit = fit

    def score(self, users: Int) -> Float:
        """Float32 `[len(users), num_items]`."""
        return self.fit.score(users)

    def parts(self) -> Sequence[Part]:
        """The model's parts, softened, and the profile part."""
        return self.fit.parts


@dataclass(frozen=True, eq=False)
class ColdFits:
    """What validation found for newcomers.

    Args:
        items: the model together with the student of new items; None without a student.
        users: shares of the evidence for new users; None where too few choices are held out.
    """

    items: ServedParts | None = None
    users: ColdUsersFit | None = None

    def chosen(self) -> dict[str, Any]:
        """For the manifest."""
        items = None if self.items is None else self.items.fit.chosen.model_dump()
        return {"cold_items": items, "cold_users": None if self.users is None else self.users.chosen}


@dataclass(frozen=True, eq=False)
class ColdParts:
    """What a bundle gets: the final parts and the arrays beside them."""

    parts: Sequence[Part]
    items: ColdItems | None
    extra: dict[str, NDArray[Any]]

    def limits(self) -> tuple[str, ...]:
        """Sentences for the model card."""
        return NEW_USERS, NEW_ITEMS if self.items is not None else NO_NEW_ITEMS, MEASURES


@dataclass(frozen=True, eq=False)
class ColdSteps:
    """Fits on the training rows, then again on everything with what validation chose.

    Args:
        records: of all items, in the order of the snapshot.
        enabled: false for a model that is popularity and nothing else: a plain yardstick.
    """

    records: Sequence[ItemRecord]
    config: RunConfig
    seed: int
    enabled: bool = True

    def fit(self, blend: Served, split: Split) -> ColdFits:
        """On the training rows; validation rows choose."""
        data = split.train_data()
        items = None
        if not self.enabled:
            return ColdFits()
        if self.config.cold_items.enabled:
            found = fit_cold(blend, data.train, data.valid, self.records, self.config.cold_items, self.seed)
            items = None if found is None else ServedParts(found)
        users = None
        if self.config.cold_users.enabled and data.valid is not None and data.valid.nnz:
            parts = blend.parts() if items is None else items.parts()
            users = fit_cold_users(parts, data.train, data.valid, self.config.cold_users, self.seed)
        return ColdFits(items, users)

    def refit(self, final: Served, fits: ColdFits, everything: CSR) -> ColdParts:
        """Around the model that was fitted on everything."""
        parts, items = final.parts(), None
        if fits.items is not None:
            chosen, config = fits.items.fit.chosen, self.config.cold_items
            again = refit_cold(final, everything, self.records, chosen, config, self.seed)
            if again is not None:
                parts, items = again.parts, again.cold
        extra = {} if items is None else cold_arrays(items)
        # The shares count parts: without the student's part they would be another model's.
        if fits.users is not None and (items is None) == (fits.items is None):
            extra |= fits.users.refit(everything).arrays()
        return ColdParts(parts, items, extra)


def item_records(store: GraphStore, snapshot: GraphSnapshot) -> list[ItemRecord]:
    """What the store says of every item of a snapshot, in its order; nothing of one that went since."""
    known = {record.ext: record for record in store.item_records()}
    return [
        known.get(ext) or ItemRecord(ext, None, {}, {}, (), frozenset())
        for ext in snapshot.ids(snapshot.item_type)
    ]
