"""Item scores for domains without interactions: learned in the domains that have some, carried along a domain graph.

Stub of the signature; the body follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec.store.graph_store import GraphStore
from graphrec.training.run_log import Log

if TYPE_CHECKING:
    from graphrec.adapt.config import AdaptConfig
    from graphrec.adapt.domain_graph import DomainGraph


def adapt_items(
    bundle: Path, store: GraphStore, *, domain_of: Mapping[str, str], graph: DomainGraph, out: Path,
    sources: Sequence[str] | None = None, config: AdaptConfig | None = None, seed: int = 0, check: bool = True,
    log: Log | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write a copy of a bundle in which items of domains without interactions score by adapted rows.

    Args:
        bundle: folder of a trained bundle with a content student (what `graphrec train` writes over described items).
        store: the store that it was trained from; read only.
        domain_of: domain's name by item id; an item that is missing belongs to none.
        graph: of the domains.
        out: folder of the new bundle; may be `bundle` itself.
        sources: names of the domains to learn from; None takes those whose items have interactions.
        config: of the adaptation.
        seed: of the networks.
        check: choose the share of adapted rows on source domains that are hidden for it, 0 included; otherwise half.
        log: gets a record per stage.

    Returns:
        What was done, plain JSON: `{"bundle", "sources": [names], "targets": [names], "adapted_items": int,
        "share": float, "check": {"student": float, "adapted": float, ...} | None, "warnings": [sentences]}`.

    Raises:
        BundleMismatchError: the bundle has no content student, or its items have no domain in the graph.
        InvalidInputError: a source has no interactions, or no domain is without.
    """
    raise NotImplementedError
