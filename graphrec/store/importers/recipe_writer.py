"""Writing a recipe graph into a store: old attributes of the same recipes out, new ones in, in one
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import sqlalchemy as sa

from graphrec.language.keywords import least_titles, shared_terms, title_terms
from graphrec.store import tables as t
from graphrec.store.importers.recipe_graph import (
    DERIVED,
    NEVER_FEATURES,
    RELATIONS,
    RecipeGraph,
    taxonomy_edges,
)

if TYPE_CHECKING:
    from graphrec.store.writer import Writer

RECIPE = "recipe"
FEATURE_SHARE = 0.9
"""An attribute that fewer recipes with text than this carry is stored, and is no feature: carrying it can
tell popularity.
"""
_LOOKUP = 500
_T = TypeVar("_T")


def write_graph(writer: Writer, connection: sa.Connection, graph: RecipeGraph) -> None:
    """Write everything; attributes that a recipe had before and lacks now go.

    Args:
        connection: the writer's own, inside its transaction.
    """
    others = _titles(connection)
    for name, (node_type, inverse) in RELATIONS.items():
        if _feature_flag(connection, name) is None:
            writer.add_relation(name, RECIPE, node_type, inverse=inverse, feature=name not in NEVER_FEATURES)
    writer.add_relation("is_a", "ingredient", "ingredient", inverse="has_kind")
    _forget(writer, connection, [ident for ident, _ in graph.recipes])
    writer.add_nodes(RECIPE, graph.recipes)
    _link_keywords(graph, others)
    groups, closure = taxonomy_edges(graph.names.get("ingredient", {}))
    graph.names.setdefault("ingredient", {}).update(groups)
    for node_type, names in graph.names.items():
        writer.add_nodes(node_type, sorted(names.items()))
    for relation, edges in graph.edges.items():
        writer.add_edges(relation, edges)
    writer.add_edges("is_a", closure)
    for key, numbers in graph.numbers.items():
        writer.set_properties(RECIPE, key, numbers)
    for key, texts in graph.texts.items():
        writer.set_properties(RECIPE, key, texts)
    _set_features(writer, connection)


def _titles(connection: sa.Connection) -> dict[str, str]:
    """Titles of the recipes that the store has already."""
    query = (
        sa.select(t.node.c.ext, t.node.c.name)
        .join(t.node_type, t.node_type.c.id == t.node.c.type_id)
        .where(t.node_type.c.name == RECIPE, t.node.c.name.is_not(None))
    )
    return {str(ext): str(name) for ext, name in connection.execute(query)}


def _link_keywords(graph: RecipeGraph, titles: dict[str, str]) -> None:
    """Terms that enough titles of the whole store share; recipes of earlier imports take the ones they
    have, too.
    """
    others = {ext: title_terms(title) for ext, title in titles.items() if ext not in graph.terms}
    every = [terms for terms in (*graph.terms.values(), *others.values()) if terms]
    keywords = shared_terms(every, least_titles(len(every)))
    for recipe, terms in (*graph.terms.items(), *others.items()):
        graph.link("has_keyword", recipe, [term for term in terms if term in keywords])


def _forget(writer: Writer, connection: sa.Connection, recipes: Sequence[str]) -> None:
    """Take what an earlier import said about these recipes out of the store."""
    known = {ext for piece in _pieces(recipes) for ext in _existing(connection, piece)}
    if not known:
        return
    rows = [int(row) for row in np.unique(writer.row_ids(RECIPE, sorted(known)))]
    writer.changes.note(rows)
    query = sa.select(t.relation.c.id).where(t.relation.c.name.in_(list(RELATIONS)))
    relations = connection.execute(query).scalars().all()
    old: list[tuple[int, int, int]] = []
    for piece in _pieces(rows):
        ends = sa.select(t.edge.c.dst, t.edge.c.relation_id, t.edge.c.src)
        ends = ends.where(t.edge.c.src.in_(piece), t.edge.c.relation_id.in_(relations))
        old += [(int(dst), int(relation), int(src)) for dst, relation, src in connection.execute(ends)]
        gone = t.node_property.delete().where(t.node_property.c.node_id.in_(piece))
        connection.execute(gone)
    if old:
        # by whole keys, in order: one scan-free pass over each of the two tables
        connection.exec_driver_sql(_FORGET_IN, sorted(old))
        connection.exec_driver_sql(_FORGET_OUT, sorted((src, relation, dst) for dst, relation, src in old))


_FORGET_IN = "DELETE FROM edge_in WHERE dst = ? AND relation_id = ? AND src = ?"
_FORGET_OUT = "DELETE FROM edge WHERE src = ? AND relation_id = ? AND dst = ?"


def _existing(connection: sa.Connection, ids: Sequence[str]) -> list[str]:
    query = (
        sa.select(t.node.c.ext)
        .join(t.node_type, t.node_type.c.id == t.node.c.type_id)
        .where(t.node_type.c.name == RECIPE, t.node.c.ext.in_(ids))
    )
    return [str(ext) for ext in connection.execute(query).scalars()]


def _pieces(values: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(values)
    while piece := list(islice(iterator, _LOOKUP)):
        yield piece


def _feature_flag(connection: sa.Connection, relation: str) -> bool | None:
    found = connection.execute(sa.select(t.relation.c.feature).where(t.relation.c.name == relation)).scalar()
    return None if found is None else bool(found)


def _set_features(writer: Writer, connection: sa.Connection) -> None:
    """Let a given attribute be a feature only where nearly every recipe with text carries it."""
    contains = connection.execute(sa.text(_CARRIERS), {"relation": "contains"}).scalar_one()
    for name in RELATIONS:
        if name in DERIVED or name in NEVER_FEATURES:
            continue
        carriers = connection.execute(sa.text(_CARRIERS), {"relation": name}).scalar_one()
        feature = carriers >= FEATURE_SHARE * contains and carriers > 0
        if feature != _feature_flag(connection, name):
            update = t.relation.update().where(t.relation.c.name == name)
            connection.execute(update.values(feature=int(feature)))
            writer.changes.relations = True


_CARRIERS = (
    "SELECT COUNT(DISTINCT src) FROM edge_in"
    " WHERE relation_id = (SELECT id FROM relation WHERE name = :relation)"
)
