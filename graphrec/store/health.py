"""Describing a store, and looking for damage in it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from graphrec.store import tables as t
from graphrec.store.records import PREFERENCE_KINDS, Info

_MAX_PROBLEMS = 20


def describe(connection: sa.Connection, path: Path) -> Info:
    """Counts by type, relation and kind."""
    nodes = _counts(connection, t.node_type, t.node.c.type_id)
    edges = _counts(connection, t.relation, t.edge.c.relation_id)
    interactions = _counts(connection, t.kind, t.interaction.c.kind_id)
    preferences = _preference_counts(connection)
    return {
        "schema": connection.exec_driver_sql("PRAGMA user_version").scalar_one(),
        "revision": connection.execute(sa.select(t.state.c.revision)).scalar_one(),
        "bytes": path.stat().st_size,
        "nodes": nodes,
        "edges": edges,
        "interactions": interactions,
        "preferences": preferences,
        "total_nodes": sum(nodes.values()),
        "total_edges": sum(edges.values()),
        "total_interactions": sum(interactions.values()),
        "total_preferences": sum(preferences.values()),
        "erased_users": connection.execute(sa.select(sa.func.count()).select_from(t.tombstone)).scalar_one(),
    }


def _counts(connection: sa.Connection, names: sa.Table, column: sa.Column[int]) -> dict[str, int]:
    groups = connection.execute(sa.select(column, sa.func.count()).group_by(column))
    counted = {row: count for row, count in groups}
    rows = connection.execute(sa.select(names.c.id, names.c.name).order_by(names.c.id))
    return {name: counted.get(row, 0) for row, name in rows}


def _preference_counts(connection: sa.Connection) -> dict[str, int]:
    kind = t.preference.c.kind
    counted = {
        name: count for name, count in connection.execute(sa.select(kind, sa.func.count()).group_by(kind))
    }
    return {name: counted.get(name, 0) for name in PREFERENCE_KINDS}


def problems(connection: sa.Connection, path: Path, *, full: bool) -> list[str]:
    """Damage that SQLite can see, dangling references, and edges that are kept one way only."""
    pragma = "integrity_check" if full else "quick_check"
    lines = [
        line for (line,) in connection.exec_driver_sql(f"PRAGMA {pragma}({_MAX_PROBLEMS})") if line != "ok"
    ]
    if not lines:  # what follows reads pages that must hang together
        lines = _uneven_edges(connection)
        if full:
            dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MAX_PROBLEMS)
            lines += [f"row {row} of {table} points to no {parent}" for table, row, parent, _ in dangling]
            lines += _one_way_edges(connection)
    return [
        f"Store {path} is damaged: {line}; restore it from a backup or import it again." for line in lines
    ]


def _uneven_edges(connection: sa.Connection) -> list[str]:
    counts = [
        connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in (t.edge, t.edge_in)
    ]
    return [] if counts[0] == counts[1] else [f"{counts[0]} edges lead out of nodes, {counts[1]} into nodes"]


def _one_way_edges(connection: sa.Connection) -> list[str]:
    for table, near, far in ((t.edge, "src", "dst"), (t.edge_in, "dst", "src")):
        other = t.edge_in if table is t.edge else t.edge
        twin = sa.exists().where(
            other.c.src == table.c.src, other.c.relation_id == table.c.relation_id, other.c.dst == table.c.dst
        )
        alone = connection.execute(sa.select(table.c[near], table.c[far]).where(~twin).limit(1)).first()
        if alone is not None:
            return [f"the edge of rows {alone[0]} and {alone[1]} is kept one way only"]
    return []
