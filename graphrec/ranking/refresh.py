"""Following a store while it is served: what changed since the bundle was trained, read when it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle
from graphrec.ranking.extend import extend
from graphrec.ranking.placement import Placement
from graphrec.ranking.store_facts import CatalogueStore, read_attributes
from graphrec.store.records import ItemRecord

Int = NDArray[np.integer[Any]]

UNKNOWN = -1
"""The revision of a bundle that does not say which state of a store it was trained on: everything may be newer."""

_State = TypeVar("_State")


class Placer(Protocol):
    """Finds where new items stand; see :class:`graphrec.ranking.cold_items.ColdItems`."""

    def place(self, records: Sequence[ItemRecord]) -> Placement: ...


def tells_changes(store: object) -> bool:
    """Whether a store says what changed in it."""
    return all(hasattr(store, name) for name in ("catalogue_revision", "touched_items", "item_records"))


class StoreFollower:
    """Extends a bundle by what came into a store since the bundle was trained.

    Every extension starts from the bundle as trained and holds all that changed since; of the store only what
    changed since the last one is read, and only that is placed anew. Not to be shared between threads; see
    :class:`Live`.

    Args:
        bundle: as it was read.
        store: an open graph store.
        placer: places new items; None leaves them out, and only what changed on known items is followed.
    """

    def __init__(self, bundle: Bundle, store: object, placer: Placer | None = None) -> None:
        self._bundle, self._placer = bundle, placer
        self._store = cast("CatalogueStore", store)
        self._records: dict[str, ItemRecord] = {}
        self._rows: dict[str, int] = {}
        self._placed: Placement | None = None
        self.revision = _trained_at(bundle, self._store)
        """The state of the store that :meth:`extended` gave last, at first the one that was trained on."""

    def is_behind(self, revision: int) -> bool:
        """Whether the store's catalogue has changed since a revision: one look into the store, microseconds."""
        return self._store.catalogue_revision > revision

    def extended(self) -> Bundle:
        """The bundle over the store's catalogue as it is now."""
        with self._store.reading():  # one state, whatever is written meanwhile
            revision = self._store.revision
            fresh = list(self._store.item_records(self._store.touched_items(self.revision)))
            attributes = read_attributes(self._store, self._bundle.catalogue)
        self._take(fresh)
        records = list(self._records.values())
        found = extend(self._bundle, records, self._placement(), attributes)
        self.revision = revision
        return replace(found, manifest={**self._bundle.manifest, "store_revision": revision})

    def _take(self, fresh: Sequence[ItemRecord]) -> None:
        """Remember records, without the texts that only placing needs, and place the new items among them."""
        known = self._bundle.catalogue.item_ids
        new = [record for record in fresh if known.find(record.ext) is None]
        if self._placer is None:
            fresh = [record for record in fresh if known.find(record.ext) is not None]
        elif new:
            placed, before = self._placer.place(new), 0 if self._placed is None else len(self._placed)
            self._placed = placed if self._placed is None else _joined(self._placed, placed)
            self._rows |= {record.ext: before + row for row, record in enumerate(new)}
        self._records |= {record.ext: replace(record, texts={}) for record in fresh}

    def _placement(self) -> Placement | None:
        """The places of all new items, in the order of the records."""
        if self._placed is None:
            return None
        known = self._bundle.catalogue.item_ids
        rows = [self._rows[ext] for ext in self._records if known.find(ext) is None]
        return _chosen(self._placed, np.asarray(rows, dtype=np.int64))


def _trained_at(bundle: Bundle, store: CatalogueStore) -> int:
    """The revision of the store that a bundle was trained on, :data:`UNKNOWN` where it was not this store.

    A store that was made anew counts from 0 again, so a number alone proves nothing: this store must have made the
    snapshot, too.
    """
    revision = int(bundle.manifest.get("store_revision", UNKNOWN))
    snapshot = bundle.manifest.get("snapshot")
    made = {record.snapshot for record in store.bundles()} | {record.name for record in store.snapshots()}
    return revision if revision <= store.revision and snapshot in {None, *made} else UNKNOWN


def _joined(one: Placement, other: Placement) -> Placement:
    return Placement(*(np.concatenate(pair) for pair in zip(_arrays(one), _arrays(other), strict=True)))


def _chosen(placement: Placement, rows: Int) -> Placement:
    return Placement(*(array[rows] for array in _arrays(placement)))


def _arrays(placement: Placement) -> tuple[NDArray[Any], ...]:
    p = placement
    return p.neighbours, p.shares, p.keys, p.items, p.bias, p.popularity


class Live(Generic[_State]):
    """One state that all threads read, replaced whole when the store has moved on.

    A state is never changed: whoever holds one goes on with it. An answer that begins after a write was committed
    waits until the state has it: a recipe that changed must not be served by what it was before.

    Args:
        state: to begin with.
        follower: None for a state that nothing can change.
        make: a state of an extended bundle, and of the state before it.
    """

    def __init__(
        self,
        state: _State,
        follower: StoreFollower | None = None,
        make: Callable[[Bundle, _State], _State] | None = None,
    ) -> None:
        self._follower, self._make, self._lock = follower, make, Lock()
        self._now = state, UNKNOWN if follower is None else follower.revision

    @property
    def state(self) -> _State:
        """The state that the last answer was given by."""
        return self._now[0]

    def current(self) -> _State:
        """The state as the store has it now."""
        state, revision = self._now  # read together: they are replaced together
        if self._follower is None or self._make is None or not self._follower.is_behind(revision):
            return state
        with self._lock:
            state, revision = self._now
            if self._follower.is_behind(revision):  # nobody did it while this thread waited
                state = self._make(self._follower.extended(), state)
                self._now = state, self._follower.revision
        return state
