"""Draws of unseen users from a snapshot, and what they might have told us that they like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, Catalogue, Part
from graphrec.ranking.catalogue_from_snapshot import build_catalogue
from graphrec.ranking.cold import UserState
from graphrec.ranking.cold_users import ColdUsers
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.ranking.scoring import Scoring
from graphrec.sparse import CSR
from graphrec.store.snapshot import GraphSnapshot
from graphrec.training.newcomers import Newcomers, newcomers, whole

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

DRAWS, TEST, VALID, LEAST, TIMES = 3, 150, 200, 30, 2
DEVELOPED = 1250
"""So many of the users, in a fixed random order, served to develop what is measured here; the test users come after.

The earliest prototype numbered users in another order: about 50 of the 450 test users were among those that the
form of the tower was drawn up on.
"""
TOLD = ("ingredient", "cuisine", "keyword")
"""Types of things that people say they like."""


@dataclass(frozen=True, eq=False)
class Draw:
    """One draw of unseen users.

    Args:
        tuning: `[num_users, num_items]`, rows without validation users and test users of any draw.
        final: rows without the test users of this one.
        held: rows of the validation users.
        test, valid: people shown by number of known choices.
    """

    catalogue: Catalogue
    tuning: CSR
    final: CSR
    held: CSR
    test: dict[int, Newcomers]
    valid: dict[int, Newcomers]
    told: Told
    valid_told: Told

    def bundle(self, parts: Sequence[Part], cold: ColdUsers, train: CSR) -> Bundle:
        """As it would be read, its popularity that of the training rows."""
        catalogue = replace(self.catalogue, popularity=_popularity(train))
        return Bundle(Path("in-memory"), {"model": "ease"}, tuple(parts), catalogue, train, cold.arrays())

    def floor(self, k: int) -> Float:
        """Recall and NDCG of popularity for the validation users, `[2]`."""
        return self._floor(self.valid[k], self.tuning)

    def test_floor(self, k: int) -> Float:
        """The same for the test users."""
        return self._floor(self.test[k], self.final)

    def _floor(self, group: Newcomers, train: CSR) -> Float:
        return group.quality(np.tile(_popularity(train), (len(group.histories), 1)), 20)


@dataclass(frozen=True, eq=False)
class Told:
    """What some users would say they like: the attributes that they choose most beyond what everybody does."""

    catalogue: Catalogue
    rows: CSR
    _known: dict[int, tuple[NodeRef, ...]] = field(default_factory=dict)

    @cached_property
    def people(self) -> Newcomers:
        """Shown nothing; everything they chose is wanted."""
        empty = CSR(np.zeros(len(self.rows.indptr), np.int64), np.zeros(0, np.int32), None, self.rows.shape)
        return whole(empty, self.rows, np.flatnonzero(self.rows.degrees()))

    def quality(self, bundle: Bundle, count: int, depth: int) -> Float:
        """Recall and NDCG per user, `[2, users]`, after each has told `count` likes."""
        rows = []
        for user in range(self.people.wanted.shape[0]):
            refs = self.likes(user)[:count]
            query = GraphQuery("", should=refs, taught=refs)
            rows.append(Scoring(bundle, UserState(""), query, None).final)
        return self.people.per_user(np.stack(rows), depth)

    def likes(self, user: int) -> tuple[NodeRef, ...]:
        """Attributes by how much oftener than usual they are in what the user chose, the clearest first."""
        if user not in self._known:
            catalogue, chosen = self.catalogue, self.people.wanted.row(user)
            counts = np.zeros(catalogue.num_attributes)
            for item in chosen.tolist():
                counts[catalogue.item_attributes.row(item)] += 1
            share = catalogue.attribute_items.degrees() / catalogue.num_items
            expected = len(chosen) * share
            # Their term of the likelihood ratio: often, and oftener than usual.
            surprise = np.where(
                counts > expected, counts * np.log(np.maximum(counts, 1) / np.maximum(expected, 1e-9)), 0.0
            )
            codes = [catalogue.types.index(name) for name in TOLD if name in catalogue.types]
            surprise[~np.isin(catalogue.attribute_type, codes)] = 0.0
            best = np.argsort(-surprise, kind="stable")[:3]
            self._known[user] = tuple(NodeRef.parse(catalogue.ref(int(a))) for a in best)
        return self._known[user]


def draw_of(snapshot: GraphSnapshot, seed: int, ks: Sequence[int]) -> Draw:
    """One of :data:`DRAWS` draws; their test users are all different, the validation users are the same."""
    rows = snapshot.interactions.matrix()
    able = np.random.default_rng(0).permutation(np.flatnonzero(rows.degrees() >= LEAST))
    every = able[DEVELOPED : DEVELOPED + DRAWS * TEST]
    test = np.sort(every[seed * TEST : (seed + 1) * TEST])
    valid = np.sort(able[DEVELOPED - VALID : DEVELOPED])
    final, tuning = _only(rows, test, False), _only(rows, np.concatenate([every, valid]), False)
    held, tested = _only(rows, valid, True), _only(rows, test, True)
    catalogue = build_catalogue(snapshot)
    shown, chosen = np.random.default_rng(1000 + seed), np.random.default_rng(999)
    return Draw(
        catalogue, tuning, final, held, _shown(tuning, tested, test, ks, shown),
        _shown(tuning, held, valid, ks, chosen),
        Told(catalogue, tested), Told(catalogue, held),
    )  # fmt: skip


def _shown(
    train: CSR, rows: CSR, users: Int, ks: Sequence[int], rng: np.random.Generator
) -> dict[int, Newcomers]:
    found = {k: newcomers(train, rows, np.repeat(users, TIMES), k, rng, times=TIMES) for k in ks}
    return {k: group for k, group in found.items() if group is not None}


def _only(rows: CSR, users: Int, keep: bool) -> CSR:
    """The entries of some users, or of all others; the shape stays."""
    kept = np.isin(rows.row_index(), users) == keep
    return CSR.from_coo(rows.row_index()[kept], rows.indices[kept].astype(np.int64), None, rows.shape)


def _popularity(train: CSR) -> Float:
    return np.bincount(train.indices, minlength=train.shape[1]).astype(np.float32)
