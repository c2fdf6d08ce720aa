"""Attributes of the items as a sparse matrix, for the models that take side information."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from graphrec.errors import ConfigError, InvalidInputError
from graphrec.models.base import TrainData

if TYPE_CHECKING:
    import scipy.sparse as sp


def attribute_matrix(data: TrainData, relations: Sequence[str] = ()) -> sp.csr_matrix:
    """Which item has which attribute, binary float32 `[num_relations * num_entities, num_items]`.

    An attribute is a (relation, tail) pair of a triple whose head is an item; rows without an item are
    dropped.

    Args:
        relations: names of the relations to use; empty means all.

    Raises:
        InvalidInputError: the data has no knowledge graph.
        ConfigError: the graph has no relation of that name.
    """
    import scipy.sparse as sp

    kg = data.kg
    if kg is None:
        raise InvalidInputError(
            "side_weight needs a knowledge graph, but the training data has none; set it to 0."
        )
    unknown = sorted(set(relations) - set(kg.relation_names))
    if unknown:
        raise ConfigError(
            f"Unknown relation {unknown[0]!r} in side_relations; known: {', '.join(kg.relation_names)}."
        )
    chosen = kg.heads < kg.num_items
    if relations:
        chosen &= np.isin(kg.relations, [kg.relation_names.index(name) for name in relations])
    attributes = kg.relations[chosen] * kg.num_entities + kg.tails[chosen]
    _, rows = np.unique(attributes, return_inverse=True)
    shape = (int(rows.max()) + 1 if len(rows) else 0, data.num_items)
    matrix = sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, kg.heads[chosen])), shape=shape)
    matrix.data[:] = 1.0  # a duplicated triple counts once
    return matrix
