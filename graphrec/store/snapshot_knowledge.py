"""From typed relations to the one entity space of the knowledge-graph models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.store.columns import KnowledgeGraph

if TYPE_CHECKING:
    from graphrec.store.snapshot import GraphSnapshot, RelationInfo

Int = NDArray[np.integer[Any]]


def build(
    snapshot: GraphSnapshot,
    item_type: str,
    relations: Sequence[str] | None = None,
    *,
    features_only: bool = True,
    exclude: Sequence[str] = (),
) -> KnowledgeGraph:
    """Triples over the items and whatever they reach through the chosen relations, read in both directions.

    Entities are numbered: all items in their dense order, then the reached nodes of the other types in the
    snapshot's order of types. Users are never entities: models join them through the interactions. Edge
    weights are not kept.

    Args:
        relations: names to use; None takes every relation that does not touch a user.
        features_only: leave out relations whose presence tells popularity (`feature=False`).
        exclude: names to leave out.

    Raises:
        NotFoundError: the item type or a named relation does not exist.
        InvalidInputError: a relation named in `relations` touches a user.
    """
    chosen = _choose(snapshot, relations, features_only, exclude)
    types = [
        item_type,
        *(type_ for type_ in snapshot.node_types if type_ not in (item_type, snapshot.user_type)),
    ]
    counts = [snapshot.num_nodes(type_) for type_ in types]
    starts = dict(zip(types, np.concatenate([[0], np.cumsum(counts)[:-1]]).tolist(), strict=True))
    heads, codes, tails = _triples(snapshot, chosen, starts)
    reached = _reach(heads, tails, counts[0], sum(counts))
    kept = reached[heads]
    number = np.cumsum(reached) - 1
    return KnowledgeGraph(
        heads=number[heads[kept]],
        relations=codes[kept],
        tails=number[tails[kept]],
        num_items=counts[0],
        num_entities=int(reached.sum()),
        num_relations=len(chosen),
        relation_names=tuple(relation.name for relation in chosen),
        entity_names=_entity_names(snapshot, types, reached),
    )


def _choose(
    snapshot: GraphSnapshot, names: Sequence[str] | None, features_only: bool, exclude: Sequence[str]
) -> list[RelationInfo]:
    for name in exclude:
        snapshot.relation(name)  # a misspelt exclusion must not silently exclude nothing
    candidates = list(snapshot.relations) if names is None else [snapshot.relation(name) for name in names]
    chosen = []
    for relation in candidates:
        touches_user = snapshot.user_type in (relation.src, relation.dst)
        if touches_user and names is not None:
            raise InvalidInputError(
                f"Relation {relation.name!r} touches node type {snapshot.user_type!r}, which is no entity of "
                f"a knowledge graph; leave it out of relations=."
            )
        if not touches_user and relation.name not in exclude and (relation.feature or not features_only):
            chosen.append(relation)
    return chosen


def _triples(
    snapshot: GraphSnapshot, chosen: Sequence[RelationInfo], starts: dict[str, int]
) -> tuple[Int, Int, Int]:
    heads, codes, tails = [], [], []
    for code, relation in enumerate(chosen):
        csr = snapshot.csr(relation.name)
        heads.append(csr.row_index() + starts[relation.src])
        tails.append(csr.indices.astype(np.int64) + starts[relation.dst])
        codes.append(np.full(csr.nnz, code, dtype=np.int64))
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([*heads, empty]), np.concatenate([*codes, empty]), np.concatenate([*tails, empty])


def _reach(heads: Int, tails: Int, num_items: int, num_nodes: int) -> NDArray[np.bool_]:
    """Mask bool `[num_nodes]` of the nodes joined to an item by a path, whichever way its edges point."""
    reached = np.zeros(num_nodes, dtype=np.bool_)
    reached[:num_items] = True
    while True:
        frontier = reached[heads] != reached[tails]
        if not frontier.any():
            return reached
        reached[heads[frontier]] = True
        reached[tails[frontier]] = True


def _entity_names(
    snapshot: GraphSnapshot, types: Sequence[str], reached: NDArray[np.bool_]
) -> tuple[str, ...]:
    names = (f"{type_}:{ext}" for type_ in types for ext in snapshot.ids(type_))
    return tuple(name for name, keep in zip(names, reached.tolist(), strict=True) if keep)
