"""A bundle that also knows what came into the store after training, without training again.

Items that changed are read anew (what they contain, what they are called, their numbers), so that no exclusion
passes what was imported since. New items take shares of their virtual neighbours in every part of the model
(:class:`~graphrec.ranking.placement.Placement`), and their own content in the profile part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, Catalogue, ItemItemPart, Part, ProfilePart
from graphrec.errors import InvalidInputError
from graphrec.ranking.extend_catalogue import extended_catalogue
from graphrec.ranking.grown_part import grown_item_item
from graphrec.ranking.placement import Placement
from graphrec.ranking.splicing import grown, keys_of
from graphrec.ranking.store_facts import AttributeFacts
from graphrec.sparse import CSR
from graphrec.store.records import ItemRecord

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

SHARED_ROWS = re.compile(r"cold_users\.own\d+\.(keys|items|item_bias)")
"""Scorers beside the parts, with one row per item: a new item takes shares of them as it does of the parts."""
MEAN_ROWS = re.compile(r"request\.item_vectors|memory\.(items|outputs|bias)")
"""What says where an item lies and not how high it scores: a new item is at the mean of its neighbours. With shares,
which leave room for the profile part, a request would find it with a fraction of its strength."""
_SALIENCE, _ATTRIBUTE_ROWS = "request.salience", "request.attribute_vectors"


def extend(
    bundle: Bundle, records: Sequence[ItemRecord], placement: Placement | None, attributes: AttributeFacts
) -> Bundle:
    """A bundle over the catalogue of a store as it is now.

    Args:
        bundle: as it was read; never one that was extended before.
        records: every item of the store that came or changed since the bundle was trained.
        placement: of the records that the bundle lacks, in their order; None leaves those out, and only what
            changed on known items is taken over.
        attributes: every attribute of the store, with the hierarchy.

    Raises:
        InvalidInputError: the placement is of other items.
    """
    known = bundle.catalogue.item_ids
    if placement is None:
        records = [record for record in records if known.find(record.ext) is not None]
    count = sum(known.find(record.ext) is None for record in records)
    if placement is not None and len(placement) != count:
        raise InvalidInputError(f"{count} new items need a place, but {len(placement)} were placed.")
    popularity = np.zeros(0, np.float32) if placement is None else placement.popularity
    catalogue = extended_catalogue(bundle.catalogue, records, attributes, popularity)
    parts = bundle.parts
    if placement is not None and len(placement):
        shares = _shares(placement, bundle.catalogue.num_items)
        parts = tuple(_grown(part, shares, placement) for part in parts)
    history = bundle.history
    return replace(
        bundle,
        parts=parts,
        catalogue=catalogue,
        history=CSR(history.indptr, history.indices, history.values, (history.shape[0], catalogue.num_items)),
        extra=_extra(bundle.extra, bundle.catalogue, catalogue, placement),
    )


def _shares(placement: Placement, num_items: int) -> CSR:
    """`[num_new, num_items]`, what each new item takes of each known one."""
    there = (placement.neighbours >= 0) & (placement.shares != 0)
    rows = np.nonzero(there)[0]
    return CSR.from_coo(
        rows, placement.neighbours[there], placement.shares[there], (len(placement), num_items)
    )


def _taken(placement: Placement, rows: Float) -> Float:
    """The shares' sums of some rows, float32 `[num_new]` or `[num_new, dim]`."""
    out = np.zeros((len(placement), *rows.shape[1:]), dtype=np.float32)
    for neighbours, shares in zip(placement.neighbours.T, placement.shares.T, strict=True):
        kept = np.where(neighbours >= 0, shares, 0).astype(np.float32)
        out += kept.reshape(-1, *[1] * (rows.ndim - 1)) * rows[np.maximum(neighbours, 0)]
    return out


def _evened(placement: Placement) -> Placement:
    """The same neighbours with shares that add up to 1."""
    shares = np.where(placement.neighbours >= 0, placement.shares, 0.0)
    total = np.maximum(np.abs(shares.sum(axis=1, keepdims=True)), 1e-12)
    return replace(placement, shares=np.asarray(shares / total, dtype=np.float32))


def _grown(part: Part, shares: CSR, placement: Placement) -> Part:
    if isinstance(part, ItemItemPart):
        return grown_item_item(part, shares)
    bias = part.item_bias
    if isinstance(part, ProfilePart) and part.keys.shape[1] == placement.keys.shape[1]:
        return replace(
            part,
            keys=grown(part.keys, placement.keys),
            items=grown(part.items, placement.items),
            item_bias=None if bias is None else grown(bias, placement.bias),
        )
    bias = None if bias is None else grown(bias, _taken(placement, bias))
    items = grown(part.items, _taken(placement, part.items))
    if isinstance(part, ProfilePart):
        return replace(part, keys=grown(part.keys, _taken(placement, part.keys)), items=items, item_bias=bias)
    return replace(part, items=items, item_bias=bias)


def _extra(
    extra: Mapping[str, NDArray[Any]], old: Catalogue, new: Catalogue, placement: Placement | None
) -> dict[str, NDArray[Any]]:
    found = dict(extra)
    if placement is not None:
        for name in filter(SHARED_ROWS.fullmatch, extra):
            found[name] = grown(found[name], _taken(placement, found[name]))
        middle = _evened(placement)
        for name in filter(MEAN_ROWS.fullmatch, extra):
            found[name] = grown(found[name], _taken(middle, found[name]))
    if _ATTRIBUTE_ROWS in found:  # what a new attribute means, no request has taught
        rows = found[_ATTRIBUTE_ROWS]
        later = np.zeros((new.num_attributes - old.num_attributes, rows.shape[1]), dtype=rows.dtype)
        found[_ATTRIBUTE_ROWS] = grown(rows, later)
    if _SALIENCE in found:
        found[_SALIENCE] = _salience(found[_SALIENCE], old.attribute_items, new.attribute_items)
    return found


def _salience(values: Float, old: CSR, new: CSR) -> Float:
    """Salience of every edge: as learned where it is an old one, else the mean of its attribute's edges."""
    order = np.argsort(old.row_index() * new.shape[1] + old.indices, kind="stable")
    keys, wanted = keys_of(old, new.shape[1]), keys_of(new, new.shape[1])
    counts = np.maximum(old.degrees(), 1)
    means = np.bincount(old.row_index(), values, minlength=old.shape[0]) / counts
    usual = np.concatenate([means, np.zeros(new.shape[0] - old.shape[0])])[new.row_index()]
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    same = keys[at] == wanted if len(keys) else np.zeros(len(wanted), np.bool_)
    found = np.where(same, values[order][at] if len(keys) else 0.0, usual)
    return np.asarray(found, dtype=np.float32)
