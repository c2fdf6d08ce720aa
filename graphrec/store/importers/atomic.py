"""Importing a folder of RecBole atomic files: .inter, .kg, .link, .item, .user, tab-delimited with typed
headers.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec.errors import ImportFailedError, NotFoundError
from graphrec.store.importers.report import BadValueError, ImportReport
from graphrec.store.importers.rows import identifier, microseconds, open_text, table_rows, utf8, weight

if TYPE_CHECKING:
    from graphrec.store.graph_store import GraphStore
    from graphrec.store.writer import Writer

Progress = Callable[[int], None]
USER, ITEM, ENTITY = "user", "item", "entity"
FIELD_TYPES = frozenset({"token", "float", "token_seq", "float_seq"})
_SUFFIXES = (".link", ".item", ".user", ".kg", ".inter")
_TIMES = frozenset({"timestamp", "time"})
_WEIGHTS = frozenset({"rating", "weight"})
_NAMES = frozenset({"name", "title", "movie_title"})
_TICK = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an atomic file."""

    name: str
    type: str


@dataclass(slots=True)
class _Import:
    """What the steps of one import share."""

    writer: Writer
    report: ImportReport
    strict: bool
    progress: Progress | None
    item_of: dict[str, str]

    def entity(self, text: str, column: str) -> tuple[str, str]:
        """Type and id of an entity: the item it is linked to, else an entity; missing from .link is no
        error.
        """
        ident = identifier(text, column)
        item = self.item_of.get(ident)
        return (ITEM, item) if item is not None else (ENTITY, ident)


def import_atomic(
    store: GraphStore, path: str | Path, *, strict: bool = False, progress: Progress | None = None
) -> ImportReport:
    """Import every atomic file of a folder (plain or .gz) in one transaction.

    Items become nodes of type `item`, entities without an item `entity`. A relation of `.kg` between other
    types than item to
    entity gets them appended to its name (`film.film.director:entity-entity`). Token columns of `.item` and
    `.user` become
    attribute nodes, float columns numeric properties; `rating` is the weight and `timestamp` the time of an
    interaction.

    Raises:
        NotFoundError: there is no such folder.
        ImportFailedError: no atomic file in it, a header without types, or a bad row under `strict`.
    """
    folder, report, started = Path(path), ImportReport(), clock.perf_counter()
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {folder}; give the folder that holds the .inter file.")
    files = {suffix: _files(folder, suffix) for suffix in _SUFFIXES}
    if not any(files.values()):
        raise ImportFailedError(f"{folder} holds no atomic file (.inter, .kg, .link, .item, .user).")
    before = _sizes(store)
    with store.writing() as writer:
        job = _Import(writer, report, strict, progress, {})
        steps = {".link": _links, ".item": _items, ".user": _users, ".kg": _triples, ".inter": _interactions}
        for suffix, step in steps.items():
            for file in files[suffix]:
                step(job, file)
    report.imported = report.rows - report.skipped
    after = _sizes(store)
    report.counts |= {
        name: after[name] - before.get(name, 0) for name in after if after[name] > before.get(name, 0)
    }
    report.seconds = clock.perf_counter() - started
    return report


def _files(folder: Path, suffix: str) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and p.name.removesuffix(".gz").endswith(suffix))


def _sizes(store: GraphStore) -> dict[str, int]:
    return {name: store.count_nodes(name) for name in store.node_types()}


def _rows(job: _Import, path: Path) -> Iterator[tuple[int, dict[str, str], list[Column]]]:
    """`(line, cells by column, columns)`; rows of a wrong width are skipped and named."""
    with open_text(path) as file:
        rows = table_rows(file, "\t")
        header = next(rows, None)
        if header is None or isinstance(header[1], BadValueError):
            raise ImportFailedError(
                f"{path.name} is empty; its first line must name its columns, such as user_id:token."
            )
        columns = [_column(cell, path) for cell in header[1]]
        for line, cells in rows:
            job.report.rows += 1
            if job.progress is not None and job.report.rows % _TICK == 0:
                job.progress(job.report.rows)
            if isinstance(cells, BadValueError) or len(cells) > len(columns):
                wide = (
                    cells
                    if isinstance(cells, BadValueError)
                    else BadValueError("", "\t".join(cells), "has too many cells")
                )
                job.report.skip(wide.at(path.name, line), strict=job.strict)
                continue
            yield line, {c.name: cell for c, cell in zip(columns, cells, strict=False)}, columns


def _column(cell: str, path: Path) -> Column:
    name, _, kind = cell.strip().rpartition(":")
    if kind not in FIELD_TYPES or not name:
        raise ImportFailedError(
            f"{path.name}, line 1: the column {cell!r} has no type; write it as name:token, "
            f"name:float, name:token_seq or "
            "name:float_seq."
        )
    return Column(name, kind)


def _need(columns: list[Column], path: Path, *names: str) -> None:
    missing = [name for name in names if name not in {c.name for c in columns}]
    if missing:
        raise ImportFailedError(f"{path.name} has no column {missing[0]!r}; nothing was imported.")


def _links(job: _Import, path: Path) -> None:
    for line, cells, columns in _rows(job, path):
        _need(columns, path, "item_id", "entity_id")
        try:
            item = identifier(cells.get("item_id"), "item_id")
            job.item_of[identifier(cells.get("entity_id"), "entity_id")] = item
        except BadValueError as error:
            job.report.skip(error.at(path.name, line), strict=job.strict)
    job.writer.add_nodes(ITEM, [(item, None) for item in job.item_of.values()])


def _triples(job: _Import, path: Path) -> None:
    edges: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for line, cells, columns in _rows(job, path):
        _need(columns, path, "head_id", "relation_id", "tail_id")
        try:
            relation = identifier(cells.get("relation_id"), "relation_id")
            head_type, head = job.entity(cells.get("head_id", ""), "head_id")
            tail_type, tail = job.entity(cells.get("tail_id", ""), "tail_id")
        except BadValueError as error:
            job.report.skip(error.at(path.name, line), strict=job.strict)
            continue
        edges.setdefault((relation, head_type, tail_type), []).append((head, tail))
    new = 0
    for (relation, head_type, tail_type), rows in sorted(edges.items()):
        usual = (head_type, tail_type) == (ITEM, ENTITY)
        name = relation if usual else f"{relation}:{head_type}-{tail_type}"
        job.writer.add_relation(name, head_type, tail_type, inverse=f"inverse of {name}")
        new += job.writer.add_edges(name, rows)
    job.report.counts["triples"] = job.report.counts.get("triples", 0) + new


def _items(job: _Import, path: Path) -> None:
    _attributes(job, path, ITEM, "item_id")


def _users(job: _Import, path: Path) -> None:
    _attributes(job, path, USER, "user_id")


def _attributes(job: _Import, path: Path, owner: str, key: str) -> None:
    """Tokens become nodes of a type named after the column, floats properties; a title becomes the name."""
    nodes: list[tuple[str, str | None]] = []
    edges: dict[str, list[tuple[str, str]]] = {}
    numbers: dict[str, list[tuple[str, float]]] = {}
    for line, cells, columns in _rows(job, path):
        _need(columns, path, key)
        try:
            ident = identifier(cells.get(key), key)
            name = next(
                (utf8(cells[c.name], c.name) for c in columns if c.name in _NAMES and c.name in cells), None
            )
            found_edges, found_numbers = _values(cells, columns, key)
        except BadValueError as error:
            job.report.skip(error.at(path.name, line), strict=job.strict)
            continue
        nodes.append((ident, name or None))
        for column, value in found_edges:
            edges.setdefault(column, []).append((ident, value))
        for column, number in found_numbers:
            numbers.setdefault(column, []).append((ident, number))
    job.writer.add_nodes(owner, nodes)
    for column, rows in edges.items():
        job.writer.add_relation(f"{owner} {column}", owner, column, inverse=f"{column} of {owner}")
        job.writer.add_edges(f"{owner} {column}", rows)
    for column, values in numbers.items():
        job.writer.set_properties(owner, column, values)


def _values(
    cells: dict[str, str], columns: list[Column], key: str
) -> tuple[list[tuple[str, str]], list[tuple[str, float]]]:
    edges: list[tuple[str, str]] = []
    numbers: list[tuple[str, float]] = []
    for column in columns:
        text = cells.get(column.name, "").strip()
        if not text or column.name == key or column.name in _NAMES or column.type == "float_seq":
            continue
        if column.type == "float":
            value = weight(text.lstrip("-"), column.name)
            numbers.append((column.name, float(value or 0.0) * (-1 if text.startswith("-") else 1)))
        else:
            tokens = text.split() if column.type == "token_seq" else [text]
            edges += [(column.name, identifier(token, column.name)) for token in tokens]
    return edges, numbers


def _interactions(job: _Import, path: Path) -> None:
    counts = job.writer.add_interactions(_events(job, path), item_type=ITEM)
    kept = job.report.counts
    kept["interactions"] = kept.get("interactions", 0) + counts.added
    if counts.tombstoned:
        kept["interactions of erased users"] = kept.get("interactions of erased users", 0) + counts.tombstoned


def _events(job: _Import, path: Path) -> Iterator[tuple[str, str, str | None, int | None, float | None]]:
    for line, cells, columns in _rows(job, path):
        _need(columns, path, "user_id", "item_id")
        try:
            when = next((microseconds(cells[c], c) for c in cells if c in _TIMES), None)
            strength = next((weight(cells[c], c) for c in cells if c in _WEIGHTS), None)
            row = identifier(cells.get("user_id"), "user_id"), identifier(cells.get("item_id"), "item_id")
        except BadValueError as error:
            job.report.skip(error.at(path.name, line), strict=job.strict)
            continue
        yield *row, None, when, strength
