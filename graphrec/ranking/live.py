"""What ranking asks of a graph store while it serves; the store itself is only seen through this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from graphrec.bundle import Bundle, Catalogue, History
from graphrec.errors import BundleMismatchError, NotFoundError

_PROBES = 32
_SECOND = 1_000_000  # the store counts microseconds


class StoredInteraction(Protocol):
    """One entry of a user's history in the store."""

    @property
    def item(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def weight(self) -> float: ...
    @property
    def time(self) -> int | None: ...


class StoredNode(Protocol):
    """A node as the store gives it."""

    @property
    def name(self) -> str | None: ...


class StoredPreference(Protocol):
    """One thing that a user taught about themselves."""

    @property
    def id(self) -> int: ...
    @property
    def node_type(self) -> str: ...
    @property
    def ext(self) -> str: ...
    @property
    def kind(self) -> Literal["like", "dislike", "diet", "allergy"]: ...
    @property
    def utterance(self) -> str: ...


class Store(Protocol):
    """The reading half of :class:`graphrec.store.GraphStore` that serving uses."""

    @property
    def url(self) -> str: ...
    def history(self, user: str) -> Sequence[StoredInteraction]: ...
    def node(self, node_type: str, ext: str) -> StoredNode: ...
    def neighbors(self, node_type: str, node_id: str, relation: str) -> Sequence[str]: ...


class LiveStore:
    """A store in the numbering of a bundle.

    Args:
        check: look whether they belong together.

    Raises:
        BundleMismatchError: the store holds few of the bundle's items: it is another catalogue's.
    """

    def __init__(self, store: Store, bundle: Bundle, *, check: bool = True) -> None:
        self.store, self.catalogue = store, bundle.catalogue
        if check:
            self._check(bundle)

    def history(self, user: str) -> tuple[History, tuple[str, ...]] | None:
        """Items of the bundle that a user interacted with, with times, and the strongest kind of each.

        None for a user who has no interaction at all, known or not.
        """
        try:
            entries = self.store.history(user)
        except (NotFoundError, ValueError):  # an id that no store can hold is an unknown user's
            return None
        strongest: dict[int, tuple[float, str]] = {}
        newest: dict[int, float] = {}
        for entry in entries:
            item = self.catalogue.item_ids.find(entry.item)
            if item is not None and entry.time is not None:
                newest[item] = max(entry.time / _SECOND, newest.get(item, -np.inf))
            if item is not None and entry.weight > strongest.get(item, (-1.0, ""))[0]:
                strongest[item] = (entry.weight, entry.kind)
        if not entries:
            return None
        items = np.fromiter(strongest, dtype=np.int64, count=len(strongest))
        weights = np.asarray([weight for weight, _ in strongest.values()], dtype=np.float32)
        times = np.asarray([newest.get(item, np.nan) for item in strongest], dtype=np.float64)
        return History(items, weights, times), tuple(kind for _, kind in strongest.values())

    def preferences(self, user: str) -> Sequence[StoredPreference]:
        """What a user taught about themselves, oldest first; none in a store that keeps no preferences."""
        read = getattr(self.store, "preferences", None)
        try:
            found: Sequence[StoredPreference] = () if read is None else read(user)
        except ValueError:  # an id that no store can hold is an unknown user's
            return ()
        return found

    def title(self, item: int) -> str:
        """Name of an item as the store has it now."""
        node = self._node(self.catalogue.item_ids[item])
        return (node.name if node is not None else None) or self.catalogue.titles[item]

    def attributes(self, item: int, relation: str) -> frozenset[str]:
        """External ids of the attributes that an item has in the store now."""
        try:
            found = self.store.neighbors(self.catalogue.item_type, self.catalogue.item_ids[item], relation)
        except NotFoundError:  # the relation itself is gone
            return frozenset()
        return frozenset(found)

    def has_interaction(self, user: str, items: Sequence[int]) -> bool:
        """Whether a user of the store chose all of these items."""
        found = self.history(user)
        return found is not None and set(items) <= set(found[0].items.tolist())

    def _node(self, item_id: str) -> StoredNode | None:
        try:
            return self.store.node(self.catalogue.item_type, item_id)
        except NotFoundError:
            return None

    def _check(self, bundle: Bundle) -> None:
        count = min(_PROBES, self.catalogue.num_items)
        places = np.linspace(0, self.catalogue.num_items - 1, count).astype(np.int64).tolist()
        probes = [self.catalogue.item_ids[place] for place in places]
        missing = [item for item in probes if self._node(item) is None]
        if 2 * len(missing) > len(probes):
            raise BundleMismatchError(
                f"The bundle {bundle.path} does not belong to the store {self.store.url}: of {len(probes)} "
                f"of its items {len(missing)} are not there ({missing[0]!r} for one); train on this store."
            )


def catalogue_title(catalogue: Catalogue, item: int, live: LiveStore | None) -> str:
    """Title of an item: the store's when there is one, else the bundle's."""
    return catalogue.titles[item] if live is None else live.title(item)
