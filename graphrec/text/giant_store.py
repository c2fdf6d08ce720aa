"""GIANT-XRT over the nodes of one type in a store's snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.feature_set import FeatureSet
from graphrec.errors import NotFoundError
from graphrec.store.snapshot import GraphSnapshot
from graphrec.text.giant import run_giant
from graphrec.text.giant_config import GiantConfig
from graphrec.text.giant_progress import GiantProgress, Progress
from graphrec.text.sources import NodeTexts, usual_fields
from graphrec.text.store_graph import INTERACTIONS, default_kinds, node_edges

_TESTED = (
    "The features were learned from all interactions of the store: a model that is trained with them and tested on "
    "some of these interactions scores higher than it would on new ones."
)


def giant_from_snapshot(
    snapshot: GraphSnapshot, node_type: str, fields: Sequence[str], out: Path, config: GiantConfig | None = None,
    *, kinds: Sequence[str] = (), leave_out: Iterable[str] = (), encoder: Path | None = None,
    device: str | None = None, resume: bool = True, keep_work: bool = False, progress: Progress | None = None,
) -> FeatureSet:  # fmt: skip
    """Learn features of all nodes of a type; see :func:`graphrec.text.giant.run_giant` for what is not said here.

    Args:
        fields: texts of a node (:class:`~graphrec.text.sources.NodeTexts`); none is its name and the usual ones.
        kinds: what makes two nodes neighbours (:mod:`graphrec.text.store_graph`); none is what the catalogue says.
        leave_out: ids of nodes that the training must not know.

    Raises:
        NotFoundError: an unknown node type, field, relation or id.
        InvalidInputError: no edges, or what :func:`~graphrec.text.giant.run_giant` raises.
    """
    settings = config or GiantConfig.of()
    texts = NodeTexts(snapshot, node_type, tuple(fields) or usual_fields(snapshot, node_type))
    without = _mask(snapshot, node_type, leave_out)
    chosen = tuple(kinds) or default_kinds(snapshot, node_type)
    if progress is not None:
        progress(GiantProgress("edges", 0.0))
    edges = node_edges(snapshot, node_type, chosen, config=settings.edges, without=without)
    counts = ", ".join(f"{number:,} by {kind}" for kind, number in edges.counts.items())
    source = f"{texts.description}; neighbours: {counts}"
    return run_giant(
        texts, edges.edge_index, len(texts), out, settings, ids=snapshot.ids(node_type), node_type=node_type,
        source=source, limits=(_TESTED,) if INTERACTIONS in chosen else (), encoder=encoder,
        without=without if without.any() else None, device=device, resume=resume, keep_work=keep_work,
        progress=progress,
    )  # fmt: skip


def _mask(snapshot: GraphSnapshot, node_type: str, ids: Iterable[str]) -> NDArray[np.bool_]:
    names, index = list(ids), snapshot.ids(node_type)
    mask = np.zeros(snapshot.num_nodes(node_type), bool)
    for name in names:
        row = index.find(name)
        if row is None:
            raise NotFoundError(f"There is no {node_type} {name!r} to leave out; check the id.")
        mask[row] = True
    return mask
