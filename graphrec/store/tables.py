"""The schema: typed nodes, edges kept in both directions, interactions, and the books that erasure needs.

Tables are STRICT and hold only INTEGER, REAL, TEXT and BLOB; times are microseconds UTC.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

APPLICATION_ID = 0x67724543
"""Marks a SQLite file as a graphrec store (the bytes "grEC" in its header)."""

SCHEMA_VERSION = 4

DEFAULT_KIND = "interact"
DEFAULT_KINDS = {
    "view": 0.2, "click": 0.2, "save": 0.5, "rate": 1.0, "cart": 0.7,
    "cook": 1.0, "like": 1.0, "buy": 1.0, DEFAULT_KIND: 1.0,
}  # fmt: skip
"""Interaction types of a new store and the strength of each; the `kind` table holds the values in force."""

metadata = sa.MetaData()


def _table(name: str, *columns: SchemaItem, rowid: bool = True, counted: bool = False) -> sa.Table:
    return sa.Table(
        name, metadata, *columns, sqlite_strict=True, sqlite_with_rowid=rowid, sqlite_autoincrement=counted
    )


def _int(name: str, *more: SchemaItem, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, *more, nullable=null)


def _counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0"))


def _text(name: str, *, null: bool = False, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.TEXT, nullable=null, unique=unique)


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


# `catalogue_revision` is the revision of the last change to anything but users and what they did; changes before
# `touched_from` were made by a graphrec that did not note which nodes it touched.
state = _table(
    "state", _key(), _int("revision"), sa.Column("salt", sa.LargeBinary, nullable=False), _int("created_us"),
    _counter("catalogue_revision"), _counter("touched_from"), sa.CheckConstraint("id = 1"),
)  # fmt: skip

node_type = _table(
    "node_type", _key(), _text("name", unique=True), _text("role", null=True),
    sa.CheckConstraint("role IN ('user', 'item')"),
)  # fmt: skip

# `revision` is the store's revision when the node came: an older snapshot cannot hold it.
node = _table(
    "node", _key(), _int("type_id", sa.ForeignKey("node_type.id")), _text("ext"), _text("name", null=True),
    _int("revision"), sa.UniqueConstraint("type_id", "ext"),
)  # fmt: skip

# Nodes of the catalogue whose name, properties or outgoing edges changed after they came, and when they last did.
# New nodes are not in it: they are found by `node.revision`, so that a first import writes nothing here.
touched = _table(
    "touched",
    sa.Column("node_id", sa.Integer, sa.ForeignKey("node.id"), primary_key=True),
    _int("revision"),
)
sa.Index("touched_by_revision", touched.c.revision)

property_key = _table("property_key", _key(), _text("name", unique=True))

node_property = _table(
    "node_property",
    _int("node_id", sa.ForeignKey("node.id")),
    _int("key_id", sa.ForeignKey("property_key.id")),
    sa.Column("number", sa.REAL),
    _text("text", null=True),
    sa.PrimaryKeyConstraint("node_id", "key_id"),
    sa.CheckConstraint("(number IS NULL) <> (text IS NULL)"),
    rowid=False,
)

relation = _table(
    "relation",
    _key(),
    _text("name", unique=True),
    _int("src_type", sa.ForeignKey("node_type.id")),
    _int("dst_type", sa.ForeignKey("node_type.id")),
    sa.Column("inverse", sa.TEXT, unique=True),
    sa.Column(
        "feature",
        sa.Integer,
        sa.CheckConstraint("feature IN (0, 1)"),
        nullable=False,
        server_default=sa.text("1"),
    ),
)

# The node comes first in both keys: a node's neighbourhood is one range, and deleting a node needs no scan.
edge = _table(
    "edge",
    _int("src", sa.ForeignKey("node.id")),
    _int("relation_id", sa.ForeignKey("relation.id")),
    _int("dst"),
    sa.Column("weight", sa.REAL, nullable=False),
    sa.PrimaryKeyConstraint("src", "relation_id", "dst"),
    rowid=False,
)

# Written by the same function as `edge`, sorted: four times faster than an index built at bulk import.
edge_in = _table(
    "edge_in",
    _int("dst", sa.ForeignKey("node.id")),
    _int("relation_id"),
    _int("src"),
    sa.PrimaryKeyConstraint("dst", "relation_id", "src"),
    rowid=False,
)

kind = _table(
    "kind", _key(), _text("name", unique=True),
    sa.Column("weight", sa.REAL, sa.CheckConstraint("weight >= 0"), nullable=False),
)  # fmt: skip

# weight NULL means "the default of the kind, whatever it is when read".
interaction = _table(
    "interaction",
    _int("user", sa.ForeignKey("node.id")),
    _int("item", sa.ForeignKey("node.id")),
    _int("kind_id", sa.ForeignKey("kind.id")),
    _int("time"),
    sa.Column("weight", sa.REAL),
    sa.PrimaryKeyConstraint("user", "item", "kind_id", "time"),
    rowid=False,
)
sa.Index("interaction_by_item", interaction.c.item)

# What users say about themselves. The target is text, not a node: a diet or a food that the catalogue lacks is kept
# too, an import that comes later may bring it, and what a person says must never become a part of the catalogue,
# where every snapshot and model would see it. Numbers of deleted rows do not come back, so whoever holds an old one
# forgets nothing else by it.
preference = _table(
    "preference",
    _key(),
    _int("user", sa.ForeignKey("node.id")),
    _text("node_type"),
    _text("ext"),
    sa.Column(
        "kind", sa.TEXT, sa.CheckConstraint("kind IN ('like', 'dislike', 'diet', 'allergy')"), nullable=False
    ),
    _text("utterance"),
    _int("time"),
    sa.UniqueConstraint("user", "node_type", "ext", "kind"),
    counted=True,
)

tombstone = _table(
    "tombstone",
    sa.Column("hash", sa.LargeBinary, primary_key=True, nullable=False),
    _int("added_revision"),
    _int("erased_revision"),
    _int("erased_us"),
    rowid=False,
)

snapshot = _table(
    "snapshot", _text("path"), _text("name"), _int("revision"), _int("created_us"),
    _int("holds_erased"), _int("removed"), sa.PrimaryKeyConstraint("path"), rowid=False,
)  # fmt: skip

bundle = _table(
    "bundle", _text("path"), _text("snapshot"), _int("revision"), _int("created_us"),
    _text("flag", null=True), sa.PrimaryKeyConstraint("path"), rowid=False,
)  # fmt: skip

erasure = _table(
    "erasure", _key(), _int("requested_us"), _int("finished_us", null=True),
)  # fmt: skip


def insert_named(connection: sa.Connection, table: sa.Table, **values: object) -> int:
    """Insert one row and give its id."""
    return int(connection.execute(table.insert().returning(table.c.id), values).scalar_one())
