"""Words for the slots of templates, taken from a catalogue: the intents then speak of what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from graphrec.bundle.catalogue import Catalogue

MOST = 100
"""The commonest names of a type serve; rare ones read like none that a person would say."""


def catalogue_values(catalogue: Catalogue) -> dict[str, list[str]]:
    """Names by slot: every attribute type under its own name, items under the type of the items and `dish`.

    Commonest first, at most 100 of each, in lower case.
    """
    users = np.asarray(catalogue.popularity)
    items = np.diff(catalogue.attribute_items.indptr)
    kinds = np.asarray(catalogue.attribute_type)
    found = {
        name: [catalogue.attribute_names[i].lower() for i in _commonest(items, np.flatnonzero(kinds == code))]
        for code, name in enumerate(catalogue.types)
    }
    titles = [catalogue.titles[i].lower() for i in _commonest(users, np.arange(len(users)))]
    found[catalogue.item_type] = found["dish"] = titles
    return {name: kept for name, words in found.items() if (kept := [w for w in words if w.strip()])}


def _commonest(counts: np.ndarray, among: np.ndarray) -> list[int]:
    order = among[np.argsort(-counts[among], kind="stable")]
    return [int(i) for i in order[:MOST]]
