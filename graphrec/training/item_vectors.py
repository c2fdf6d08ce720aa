"""A feature set beside a store: the rows of the items, and what a bundle says of where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.feature_set import FeatureSet
from graphrec.errors import BundleMismatchError
from graphrec.store.snapshot import GraphSnapshot

Float = NDArray[np.floating[Any]]


LATER = "Dense features belong to the items that were trained on; they say nothing of items that join later."


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """Dense features of a store's items.

    Args:
        rows: float32 `[num_items, dim]` in the order of the snapshot; zero for an item that the set lacks.
        facts: for the manifest of a bundle: what made the set, its digest, and how many items it describes.
    """

    rows: Float
    facts: dict[str, Any]

    def sentence(self) -> str:
        """For the model card."""
        facts = self.facts
        return (
            f"{facts['dim']} features per item by {facts['method']} (`{facts['fingerprint']}`), for "
            f"{facts['described']:,} of {len(self.rows):,} items"
        )


def item_vectors(found: FeatureSet, snapshot: GraphSnapshot) -> ItemVectors:
    """The rows of a snapshot's items.

    Raises:
        BundleMismatchError: the set is of other nodes.
    """
    kind, about = snapshot.item_type, found.manifest
    if about.ids == "range" or (about.node_type or kind) != kind:
        named = "rows without names" if about.ids == "range" else f"nodes of type {about.node_type}"
        raise BundleMismatchError(
            f"The features in {found.path} are of {named}, but this store's items are of type {kind}; make them with "
            f"graphrec features giant --node-type {kind}."
        )
    rows, missing = found.rows_for(snapshot.ids(kind))
    if missing.all():
        raise BundleMismatchError(
            f"The features in {found.path} name none of the {len(rows):,} items of this store; make them for it."
        )
    facts = {
        "method": about.method, "encoder": about.encoder, "dim": found.dim, "fingerprint": found.fingerprint,
        "texts": about.text_hash, "graph": about.graph_hash, "described": int(np.count_nonzero(~missing)),
        "missing": int(np.count_nonzero(missing)),
    }  # fmt: skip
    return ItemVectors(rows, facts)


def read_features(folder: Path | None) -> FeatureSet | None:
    """Open the features that a run was given, verified.

    Raises:
        NotFoundError, CorruptionError, SchemaVersionError: there are none that can be used.
    """
    return None if folder is None else FeatureSet.load(folder)
