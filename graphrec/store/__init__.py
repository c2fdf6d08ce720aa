"""The system of record: a typed graph with interactions in one SQLite file, and its snapshots.

Names load when first used: reading a bundle or a snapshot does not pay for the database layer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec.store.erasure import ErasureReport
    from graphrec.store.graph_store import GraphStore
    from graphrec.store.interaction_writer import Counts
    from graphrec.store.records import ItemAttribute, ItemRecord, Preference
    from graphrec.store.snapshot import GraphSnapshot
    from graphrec.store.snapshot_write import write_snapshot
    from graphrec.store.writer import Writer

__all__ = [
    "Counts",
    "ErasureReport",
    "GraphSnapshot",
    "GraphStore",
    "ItemAttribute",
    "ItemRecord",
    "Preference",
    "Writer",
    "write_snapshot",
]

_HOMES = {
    "Counts": "interaction_writer",
    "ErasureReport": "erasure",
    "GraphSnapshot": "snapshot",
    "GraphStore": "graph_store",
    "ItemAttribute": "records",
    "ItemRecord": "records",
    "Preference": "records",
    "Writer": "writer",
    "write_snapshot": "snapshot_write",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
