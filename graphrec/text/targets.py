"""What the text of a node is asked to predict: which nodes are its neighbours, at every resolution of a label tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    import scipy.sparse as sp

    from graphrec.text.label_tree import LabelTree

MAX_DEGREE = 1000
"""Nodes of this degree and above teach nothing as instances: nearly every text would be a fair guess for them."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The nodes whose text is trained on, and their neighbours.

    Args:
        instances: int64 `[num_kept]`, ascending ids of the nodes that serve as instances.
        labels: scipy CSR float32 `[num_kept, num_nodes]`, one where the column's node is a neighbour.
    """

    instances: NDArray[np.int64]
    labels: sp.csr_matrix


def neighbourhood(
    edge_index: NDArray[np.integer[Any]], num_nodes: int, max_degree: int = MAX_DEGREE, min_degree: int = 1
) -> Neighbourhood:
    """Neighbours of every node as a label matrix: edges both ways, each once, without self loops.

    A node of `max_degree` and more is no instance, but stays a label of its neighbours (Chien et al., 2022). A node
    of fewer than `min_degree` neighbours is none either: without a positive label there is nothing to predict
    (the released pipeline keeps such rows, `min_degree=0`). Peak memory beside the edges: about 42 bytes for each.

    Args:
        edge_index: integers `[2, num_edges]`, in any direction, repeated or not.
        num_nodes: nodes of the graph; columns of the result.
        max_degree: degree, after the edges were made symmetric, from which a node is no instance.
        min_degree: least degree of an instance.

    Raises:
        InvalidInputError: an edge points outside the graph, or no node is left.
    """
    import scipy.sparse as sp

    indptr, neighbours = _symmetric(_checked(edge_index, num_nodes), num_nodes)
    degree = np.diff(indptr)
    kept = (degree < max_degree) & (degree >= min_degree)
    instances = np.flatnonzero(kept)
    if not len(instances):
        raise InvalidInputError(
            f"None of the {num_nodes} nodes has at least {min_degree} and fewer than {max_degree} neighbours; "
            "predicting neighbours needs edges."
        )
    columns = neighbours if kept.all() else neighbours[np.repeat(kept, degree)]
    pointer = np.concatenate([[0], np.cumsum(degree[kept])])
    ones = np.ones(len(columns), dtype=np.float32)
    return Neighbourhood(
        instances, sp.csr_matrix((ones, columns, pointer), shape=(len(instances), num_nodes))
    )


def multi_resolution(
    labels: sp.csr_matrix, tree: LabelTree, max_codes: int | None = None
) -> list[sp.csr_matrix]:
    """How many neighbours of each instance lie in each cluster, for every level of a tree, coarse to fine.

    `Y^(t-1) = Y^(t) C^(t)`. The entries are counts, never cut to ones: they weigh the positives of the loss. Every
    level has the row sums of `labels`.

    Args:
        labels: CSR `[num_instances, num_labels]`.
        tree: tree over the same labels.
        max_codes: only levels of at most so many codes, those that are fine-tuned; every level by default. The
            levels left out are never formed, so that memory stays at that of the coarse ones.

    Returns:
        One CSR float32 `[num_instances, codes of the level]` per level, columns sorted.

    Raises:
        InvalidInputError: the tree is one over other labels.
    """
    if labels.shape[1] != tree.num_labels:
        raise InvalidInputError(
            f"The label matrix has {labels.shape[1]} columns, but the tree {tree.num_labels} labels; "
            "build the tree from this label matrix."
        )
    sizes = [level.shape[0] for level in tree.chain]
    levels = [t for t, size in enumerate(sizes) if max_codes is None or size <= max_codes]
    targets: list[sp.csr_matrix] = []
    for t in reversed(levels):
        if t == len(sizes) - 1:
            targets.append(labels)
        elif not targets:
            targets.append(_merged(labels, tree.codes(t), sizes[t]))
        else:
            targets.append(_merged(targets[-1], tree.parents(t + 1), sizes[t]))
    return targets[::-1]


def _merged(finer: sp.csr_matrix, codes: NDArray[np.int32], num_codes: int) -> sp.csr_matrix:
    """Columns renamed to the code they belong to, and equal ones summed."""
    import scipy.sparse as sp

    merged = sp.csr_matrix(
        (finer.data.astype(np.float32), codes[finer.indices], finer.indptr.copy()),
        shape=(finer.shape[0], num_codes),
    )
    merged.sum_duplicates()
    return merged


def _checked(edge_index: NDArray[np.integer[Any]], num_nodes: int) -> NDArray[np.integer[Any]]:
    edges = np.asarray(edge_index)
    if edges.ndim != 2 or edges.shape[0] != 2 or not np.issubdtype(edges.dtype, np.integer):
        raise InvalidInputError(
            f"Edges are integers of shape [2, num_edges], not {edges.dtype} of shape {list(edges.shape)}."
        )
    if edges.size and (edges.min() < 0 or edges.max() >= num_nodes):
        raise InvalidInputError(
            f"An edge joins nodes {int(edges.min())} to {int(edges.max())}, but the graph has {num_nodes} nodes, "
            "numbered from 0."
        )
    return edges


def _symmetric(
    edges: NDArray[np.integer[Any]], num_nodes: int
) -> tuple[NDArray[np.int64], NDArray[np.int32] | NDArray[np.int64]]:
    """Pointer and columns of the symmetric adjacency; one sorted array of keys, so that no more is ever held."""
    proper = edges[:, edges[0] != edges[1]]
    half = proper.shape[1]
    keys = np.empty(2 * half, dtype=np.int64)
    for part, (source, target) in zip((keys[:half], keys[half:]), ((0, 1), (1, 0)), strict=True):
        np.multiply(proper[source], num_nodes, out=part, dtype=np.int64, casting="unsafe")
        np.add(part, proper[target], out=part, casting="unsafe")
    del proper
    keys.sort()
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    pointer = np.searchsorted(keys, np.arange(num_nodes + 1, dtype=np.int64) * num_nodes)
    keys %= max(num_nodes, 1)
    small = num_nodes < np.iinfo(np.int32).max
    return pointer.astype(np.int64), keys.astype(np.int32) if small else keys
