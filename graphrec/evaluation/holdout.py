"""Taking a part of each user's items away, by chance or by order: what the splits are made of."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.store.columns import NO_TIME, Interactions

Int = NDArray[np.integer[Any]]
Amount = int | float
Order = Literal["time", "file"]


def hold_out_random(
    interactions: Interactions, amount: Amount, seed: int
) -> tuple[Interactions, Interactions]:
    """Part of each user's distinct items, drawn uniformly; all events of an item go to the same side.

    The draw depends on ids and seed, not on the order of the rows.

    Returns:
        The rows kept and the rows held out, both in file order.
    """
    pairs, pair_of_row = np.unique(_keys(interactions), return_inverse=True)
    chance = np.random.default_rng(seed).random(len(pairs))
    users = pairs // max(interactions.num_items, 1)
    held = _last_of_each(users, chance, amount)[pair_of_row]
    return interactions.take(~held), interactions.take(held)


def hold_out_pairs(interactions: Interactions, share: float, seed: int) -> tuple[Interactions, Interactions]:
    """Each distinct (user, item) pair by itself with probability `share`; a user may lose all or none.

    Returns:
        The rows kept and the rows held out, both in file order.
    """
    pairs, pair_of_row = np.unique(_keys(interactions), return_inverse=True)
    held = (np.random.default_rng(seed).random(len(pairs)) < share)[pair_of_row]
    return interactions.take(~held), interactions.take(held)


def hold_out_last(
    interactions: Interactions, amount: Amount, order: Order
) -> tuple[Interactions, Interactions]:
    """The items that each user came to last, in order of their first event.

    Later events of the items kept (a repeat after the cut) are dropped, or they would tell of the future.

    Raises:
        InvalidInputError: `order="time"` and an interaction has no time.
    """
    if order == "time" and bool((interactions.time == NO_TIME).any()):
        raise InvalidInputError(
            "Leaving the last ones out needs a time on every interaction; or pass order='file'."
        )
    rows = np.arange(len(interactions))
    sequence = np.lexsort((rows, interactions.time)) if order == "time" else rows
    rank = np.empty(len(rows), dtype=np.int64)
    rank[sequence] = rows
    pairs, pair_of_row = np.unique(_keys(interactions), return_inverse=True)
    first = np.full(len(pairs), len(rows), dtype=np.int64)
    np.minimum.at(first, pair_of_row, rank)
    held_pairs = _last_of_each(pairs // max(interactions.num_items, 1), first, amount)
    held = held_pairs[pair_of_row]
    cut = np.full(interactions.num_users, len(rows), dtype=np.int64)
    np.minimum.at(cut, interactions.user[held], rank[held])
    return interactions.take(~held & (rank < cut[interactions.user])), interactions.take(held)


def without_pairs(rows: Interactions, known: Interactions) -> Interactions:
    """The rows whose (user, item) pair does not occur in `known`."""
    return rows.take(~np.isin(_keys(rows), _keys(known)))


def _keys(interactions: Interactions) -> Int:
    keys: Int = interactions.user.astype(np.int64) * max(interactions.num_items, 1) + interactions.item
    return keys


def _last_of_each(users: Int, position: NDArray[Any], amount: Amount) -> NDArray[np.bool_]:
    """Mark, per user, the `amount` entries of highest position; every user keeps at least one entry.

    Args:
        users: owner of each entry, `[n]`.
        amount: a count (int), or a share (float in 0..1) that is rounded and at least 1; 0 holds nothing out.
    """
    if amount < 0 or (isinstance(amount, float) and amount >= 1):
        raise InvalidInputError(
            f"A held-out part is a count (int >= 0) or a share (0 <= float < 1), got {amount!r}."
        )
    order = np.lexsort((position, users))
    _, start, counts = np.unique(users[order], return_index=True, return_counts=True)
    if isinstance(amount, float):
        wanted = (
            np.maximum(np.rint(amount * counts), 1).astype(np.int64) if amount > 0 else np.zeros_like(counts)
        )
    else:
        wanted = np.full_like(counts, amount)
    from_end = np.repeat(start + counts, counts) - np.arange(len(order))  # 1 for a user's last entry
    held = np.empty(len(order), dtype=bool)
    held[order] = from_end <= np.repeat(np.minimum(wanted, counts - 1), counts)
    return held
