"""External ids to row ids inside one write transaction, with the tombstones that keep an erased user out."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store import tables as t
from graphrec.store.bulk import insert_rows, read_columns
from graphrec.store.changes import ChangeLog
from graphrec.store.validate import clean_id

REFUSED = 0
"""The row id of an erased node: none, for SQLite counts rows from 1."""

_LOOKUP = 500
_NODE = ("INSERT INTO node (id, type_id, ext, name, revision) VALUES ", "")


def tombstone_hash(salt: bytes, node_type: str, ext: str) -> bytes:
    """Keyed SHA-256 of a node's identity: it recognises the id without holding it."""
    identity = unicodedata.normalize("NFC", f"{node_type}\0{ext}")
    return hmac.new(salt, identity.encode(), hashlib.sha256).digest()


@dataclass
class NodeResolver:
    """Row ids by external id; valid while the transaction holds the write lock.

    Args:
        revision: the number that this transaction's commit will have.
        changes: where new nodes, and whatever else may have changed, are noted.
    """

    connection: sa.Connection
    revision: int
    changes: ChangeLog = field(default_factory=ChangeLog)
    _types: dict[str, int] = field(default_factory=dict)
    _known: dict[int, dict[str, int]] = field(default_factory=dict)
    _complete: set[int] = field(default_factory=set)
    _graves: tuple[bytes, frozenset[bytes]] | None = None
    _last_id: int | None = None

    def type_id(self, name: str, *, create: bool = True) -> int:
        """Row id of a node type.

        Raises:
            NotFoundError: no such type, and `create` is off.
        """
        if name not in self._types:
            clean = clean_id(name, "node type")
            query = sa.select(t.node_type.c.id).where(t.node_type.c.name == clean)
            found = self.connection.execute(query).scalar()
            if found is None and not create:
                raise NotFoundError(
                    f"The store has no nodes of type {clean!r}; see `graphrec info` for its types."
                )
            if found is None:
                found = t.insert_named(self.connection, t.node_type, name=clean)
            self._types[name] = int(found)
        return self._types[name]

    def resolve(
        self, node_type: str, raws: Sequence[str], what: str, first_row: int, *, create: bool,
        names: Sequence[str | None] = (),
    ) -> list[int]:  # fmt: skip
        """Row ids of external ids, :data:`REFUSED` for an erased one.

        Args:
            what: how errors call the id (`item`); they add the row, counted from `first_row`.
            create: whether unknown ids become nodes.
            names: display names for those that become nodes, one for each id or none at all.

        Raises:
            InvalidInputError: an id cannot be one.
            NotFoundError: an unknown id, and `create` is off.
        """
        type_id = self.type_id(node_type, create=create)
        known = self._known.setdefault(type_id, {})
        unknown = _clean(raws, known, what, first_row)
        if unknown:
            self._find(type_id, known, set(unknown.values()))
            missing = [clean for clean in dict.fromkeys(unknown.values()) if clean not in known]
            if missing and not create:
                row = next(row for row, raw in enumerate(raws, first_row) if unknown.get(raw) == missing[0])
                raise NotFoundError(
                    f"The {what} {missing[0]!r} in row {row} is no {node_type} of the store; import it first."
                )
            titles = dict(zip(raws, names, strict=True)) if names else {}
            titles = {clean: titles.get(raw) for raw, clean in unknown.items()}
            self._create(node_type, type_id, known, missing, titles)
            known.update({raw: known[clean] for raw, clean in unknown.items()})
        return list(map(known.__getitem__, raws))

    def is_erased(self, node_type: str, ext: str) -> bool:
        """Whether a node of that id was erased."""
        salt, graves = self._tombstones()
        return bool(graves) and tombstone_hash(salt, node_type, ext) in graves

    def last_id(self) -> int:
        """Row id of the newest node: two calls tell how many nodes came between them."""
        if self._last_id is None:
            self._last_id = int(
                self.connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM node").scalar_one()
            )
        return self._last_id

    def _find(self, type_id: int, known: dict[str, int], wanted: set[str]) -> None:
        wanted = {ext for ext in wanted if ext not in known}
        if type_id in self._complete or not wanted:
            return
        if len(wanted) > _LOOKUP:
            self._complete.add(type_id)
            sql = "SELECT ext, id FROM node WHERE type_id = ?"
            known.update(zip(*read_columns(self.connection, sql, (type_id,), 2), strict=True))
            return
        query = sa.select(t.node.c.ext, t.node.c.id).where(t.node.c.type_id == type_id)
        found = self.connection.execute(query.where(t.node.c.ext.in_(sorted(wanted))))
        known.update({ext: row for ext, row in found})

    def _create(
        self,
        node_type: str,
        type_id: int,
        known: dict[str, int],
        missing: list[str],
        names: Mapping[str, str | None],
    ) -> None:
        salt, graves = self._tombstones()
        fresh = []
        for ext in missing:
            if graves and tombstone_hash(salt, node_type, ext) in graves:
                known[ext] = REFUSED
            else:
                fresh.append(ext)
        first = self.last_id() + 1
        rows = list(range(first, first + len(fresh)))
        if fresh:
            columns = (
                rows,
                [type_id] * len(rows),
                fresh,
                [names.get(e) for e in fresh],
                [self.revision] * len(rows),
            )
            insert_rows(self.connection, _NODE, columns)
            self.changes.types.add(node_type)
        known.update(zip(fresh, rows, strict=True))
        self._last_id = first + len(fresh) - 1

    def _tombstones(self) -> tuple[bytes, frozenset[bytes]]:
        if self._graves is None:
            salt = self.connection.execute(sa.select(t.state.c.salt)).scalar_one()
            hashes = self.connection.execute(sa.select(t.tombstone.c.hash)).scalars()
            self._graves = bytes(salt), frozenset(bytes(digest) for digest in hashes)
        return self._graves


def _clean(raws: Sequence[str], known: Mapping[str, int], what: str, first_row: int) -> dict[str, str]:
    """Ids that are not known as they stand, with their clean form."""
    clean: dict[str, str] = {}
    try:
        for raw in dict.fromkeys(raws):
            if raw not in known:
                clean[raw] = clean_id(raw, what)
    except (InvalidInputError, TypeError):  # TypeError: a list, say, which cannot even be looked up
        for row, raw in enumerate(raws, first_row):
            clean_id(raw, f"{what} in row {row}")
        raise
    return clean
