"""`graphrec import recipes | interactions | atomic`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli import render
from graphrec.cli.options import Json, Store
from graphrec.cli.progress import Ticker

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphrec.store.importers import ImportReport

SHOWN_ERRORS = 5

app = typer.Typer(help="Bring files into a store, all or nothing.", no_args_is_help=False)

Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first bad row and write nothing.")]


@app.command("recipes")
def recipes(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="schema.org Recipe objects: .jsonl[.gz] or a JSON array.")
    ],
    store: Store,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Import recipes: ingredients, cuisines, courses and the rest become nodes."""
    from graphrec.store.importers import import_recipes

    _import(import_recipes, file, store, strict, as_json)


@app.command("interactions")
def interactions(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Columns user, recipe[, type][, time][, weight]: .csv or .parquet."
        ),
    ],
    store: Store,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Import what users did."""
    from graphrec.store.importers import import_interactions

    _import(import_interactions, file, store, strict, as_json)


@app.command("atomic")
def atomic(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with .inter and .kg, .link, .item, .user files.")
    ],
    store: Store,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Import RecBole atomic files."""
    from graphrec.store.importers import import_atomic

    _import(import_atomic, folder, store, strict, as_json)


def _import(importer: Callable[..., ImportReport], path: Path, url: str, strict: bool, as_json: bool) -> None:
    from graphrec.store import GraphStore

    with GraphStore.open(url) as store, Ticker(f"Importing {path.name}") as ticker:
        report = importer(store, path, strict=strict, progress=ticker)
    if as_json:
        render.emit_json(report_json(report))
    else:
        print_report(path.name, report)


def report_json(report: ImportReport) -> dict[str, Any]:
    """An import report as plain JSON."""
    from dataclasses import asdict

    return asdict(report)


def print_report(title: str, report: ImportReport) -> None:
    """Counts on stdout, the first bad rows on stderr."""
    rows: list[tuple[str, object]] = [
        ("rows", report.rows),
        ("imported", report.imported),
        ("skipped", report.skipped),
    ]
    rows += list(report.counts.items())
    if report.linked_line_share is not None:
        rows.append(("ingredient lines linked", f"{report.linked_line_share:.1%}"))
    rows.append(("seconds", f"{report.seconds:.1f}"))
    render.print_table(f"Imported {title}", ("what", "count"), rows)
    for warning in report.warnings:
        render.say(f"Note: {warning}")
    for error in report.errors[:SHOWN_ERRORS]:
        render.say(f"Skipped {error}")
    if report.skipped > SHOWN_ERRORS:
        render.say(f"... and {report.skipped - SHOWN_ERRORS} more; --json lists the first thousand.")
