"""Reads link property data sets through OGB's own loader, without its graph's edge list: the split says it all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphrec.errors import CorruptionError, GraphRecError
from graphrec.ogb.kge_data import KGData, kg_data
from graphrec.ogb.link_data import LinkData, link_data
from graphrec.ogb.loading import open_dataset, reading


def read_links(name: str, root: str | Path) -> LinkData:
    """Links between the nodes of one graph (ogbl-collab, ogbl-citation2), from files that are there already.

    Raises:
        NotFoundError, CorruptionError: files that are missing or hold something else.
        InvalidInputError: arrays that do not fit each other.
    """
    graph, split = _opened(name, root)
    return link_data(name, {"num_nodes": graph.num_nodes, "node_feat": graph.x}, split)


def read_triples(name: str, root: str | Path) -> KGData:
    """A knowledge graph with typed entities (ogbl-biokg); raises as :func:`read_links`."""
    graph, split = _opened(name, root)
    return kg_data(name, {"num_nodes_dict": graph["num_nodes_dict"]}, split)


def _opened(name: str, root: str | Path) -> tuple[Any, Any]:
    dataset = open_dataset(name, root)
    try:
        with reading():
            return dataset[0], dataset.get_edge_split()
    except GraphRecError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise CorruptionError(
            f"The split of {name} under {root} cannot be read; download it again."
        ) from error
