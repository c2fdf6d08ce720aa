"""Importing interactions: CSV (delimiter sniffed) or Parquet with columns user, recipe[, type][, time][,
weight].
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec.errors import ImportFailedError, MissingExtraError, NotFoundError
from graphrec.store.importers.report import BadValueError, ImportReport
from graphrec.store.importers.rows import identifier, microseconds, open_text, table_rows, utf8, weight

if TYPE_CHECKING:
    from graphrec.store.graph_store import GraphStore

Progress = Callable[[int], None]
Row = tuple[str, str, str | None, int | None, float | None]

_COLUMNS = {
    "user": "user user_id userid user_idx uid customer customer_id member reviewer_id reviewerid",
    "item": "recipe item recipe_id item_id itemid recipeid product product_id iid asin sku",
    "kind": "type kind event event_type interaction behavior behaviour action interaction_type",
    "time": "time timestamp date datetime ts created_at unix_time event_time",
    "weight": "weight strength",
}
COLUMN_NAMES = {alias: column for column, names in _COLUMNS.items() for alias in names.split()}
_TICK = 10_000


def import_interactions(
    store: GraphStore, path: str | Path, *, strict: bool = False, progress: Progress | None = None
) -> ImportReport:
    """Import interactions in one transaction, streaming the file.

    The same user, item, type and time again updates the weight. Users that were erased stay away (counted
    as `erased`).

    Args:
        path: `.parquet`, else a delimited table with a header, plain or gzip.
        strict: stop at the first bad row or unknown column, writing nothing.
        progress: called with the number of rows read so far.

    Raises:
        ImportFailedError: the file has no user or item column, is damaged, or a row is bad under `strict`.
        NotFoundError: there is no such file.
        MissingExtraError: Parquet without pyarrow.
    """
    path, report, started = Path(path), ImportReport(), clock.perf_counter()
    before = {kind: _count(store, kind) for kind in store.node_types()}
    reader = _parquet_rows if path.suffix.casefold() in (".parquet", ".pq") else _csv_rows
    with store.writing() as writer:
        counts = writer.add_interactions(reader(path, report, strict, progress))
    report.imported = report.rows - report.skipped
    report.counts = {
        kind: new for kind in store.node_types() if (new := _count(store, kind) - before.get(kind, 0)) > 0
    }
    report.counts |= {"interactions": counts.added}
    extra = {"interactions updated": counts.updated, "interactions of erased users": counts.tombstoned}
    report.counts |= {name: count for name, count in extra.items() if count}
    report.seconds = clock.perf_counter() - started
    return report


def _count(store: GraphStore, kind: str) -> int:
    return store.count_nodes(kind)


def _csv_rows(path: Path, report: ImportReport, strict: bool, progress: Progress | None) -> Iterator[Row]:
    with open_text(path) as file:
        rows = table_rows(file)
        header = next(rows, None)
        if header is None:
            raise ImportFailedError(
                f"{path.name} is empty; its first line must name the columns user and recipe."
            )
        if isinstance(header[1], BadValueError):
            raise ImportFailedError(f"{path.name}, line 1: {header[1].reason}; nothing was imported.")
        places, width = _places(header[1], path, report, strict), len(header[1])
        for line, cells in rows:
            report.rows += 1
            try:
                if isinstance(cells, BadValueError):
                    raise cells
                if len(cells) > width:
                    raise BadValueError("", ",".join(cells), f"has {len(cells)} cells under {width} columns")
                row = _row(
                    {name: cells[at] if at < len(cells) else "" for name, at in places.items()},
                    header[1],
                    places,
                )
            except BadValueError as error:
                report.skip(error.at(path.name, line), strict=strict)
                continue
            if progress is not None and report.rows % _TICK == 0:
                progress(report.rows)
            yield row


def _places(header: Sequence[str], path: Path, report: ImportReport, strict: bool) -> dict[str, int]:
    """Column number of each field that the header names."""
    places: dict[str, int] = {}
    for at, cell in enumerate(header):
        name = cell.strip().casefold().partition(":")[0].replace(" ", "_")
        column = COLUMN_NAMES.get(name)
        if column is not None and column not in places:
            places[column] = at
        else:
            what = "again gives the " + column if column else "is unknown"
            report.warn(f"{path.name}: the column {cell.strip()!r} {what} and is not used", strict=strict)
    for column, example in (("user", "user"), ("item", "recipe")):
        if column not in places:
            names = ", ".join(cell.strip() for cell in header)
            raise ImportFailedError(
                f"{path.name} has no column {example!r} (it has: {names}); nothing was imported: name "
                f"it {example!r}."
            )
    return places


def _row(values: dict[str, Any], header: Sequence[str], places: dict[str, int]) -> Row:
    def column(name: str) -> str:
        return header[places[name]].strip()

    kind = values.get("kind")
    kind = utf8(kind.strip(), column("kind")) if isinstance(kind, str) else None
    return (
        identifier(values["user"], column("user")),
        identifier(values["item"], column("item")),
        kind or None,
        microseconds(values["time"], column("time")) if "time" in places else None,
        weight(values["weight"], column("weight")) if "weight" in places else None,
    )


def _parquet_rows(path: Path, report: ImportReport, strict: bool, progress: Progress | None) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("Parquet files need pyarrow: pip install 'graphrec[parquet]'.") from error
    try:
        with parquet.ParquetFile(path) as file:
            header = list(file.schema_arrow.names)
            places = _places(header, path, report, strict)
            for batch in file.iter_batches(columns=[header[at] for at in places.values()]):
                columns = [batch.column(i).to_pylist() for i in range(batch.num_columns)]
                for cells in zip(*columns, strict=True):
                    report.rows += 1
                    try:
                        row = _row(dict(zip(places, cells, strict=True)), header, places)
                    except BadValueError as error:
                        report.skip(error.at(path.name, report.rows), strict=strict)
                        continue
                    yield row
                if progress is not None:
                    progress(report.rows)
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file {path}; check the path.") from error
    except (pyarrow.ArrowException, OSError) as error:
        raise ImportFailedError(
            f"{path} is not a readable Parquet file ({error}); nothing was imported."
        ) from error
