"""Importing recipes: schema.org Recipe objects, one a line or in a JSON array, plain or gzip."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec.errors import ImportFailedError
from graphrec.store.importers.recipe_graph import RELATIONS, build_graph
from graphrec.store.importers.recipe_json import Recipe, parse_recipe, unknown_keys
from graphrec.store.importers.recipe_writer import RECIPE, write_graph
from graphrec.store.importers.report import BadValueError, ImportReport
from graphrec.store.importers.rows import json_rows, open_text

if TYPE_CHECKING:
    from graphrec.store.graph_store import GraphStore

Progress = Callable[[int], None]
_TYPES = (RECIPE, *dict.fromkeys(node_type for node_type, _ in RELATIONS.values()))


def import_recipes(
    store: GraphStore, path: str | Path, *, strict: bool = False, progress: Progress | None = None
) -> ImportReport:
    """Import recipes in one transaction; a recipe imported before is replaced, attributes and all.

    Args:
        strict: stop at the first bad row or unknown key, writing nothing.
        progress: called with the number of recipes done so far.

    Raises:
        ImportFailedError: the file is damaged or empty, or a row is bad under `strict`.
        NotFoundError: there is no such file.
    """
    path, report, started = Path(path), ImportReport(), clock.perf_counter()
    recipes = _read(path, report, strict)
    graph = build_graph(recipes, progress)
    before = _sizes(store)
    with store.writing() as writer:
        write_graph(writer, writer._connection, graph)
    after = _sizes(store)
    report.imported = len(recipes)
    report.counts = {
        name: after[name] - before.get(name, 0) for name in after if after[name] > before.get(name, 0)
    }
    report.linked_line_share = graph.lines.share
    report.seconds = clock.perf_counter() - started
    return report


def _read(path: Path, report: ImportReport, strict: bool) -> list[Recipe]:
    recipes: dict[str, Recipe] = {}
    unknown: dict[str, int] = {}
    with open_text(path) as file:
        for line, row in json_rows(file):
            report.rows += 1
            try:
                if isinstance(row, BadValueError):
                    raise row
                recipe = parse_recipe(row)
                if recipe.id in recipes:
                    raise BadValueError(
                        "identifier", recipe.id, "is a duplicate; the first recipe of that id is kept"
                    )
            except BadValueError as error:
                report.skip(error.at(path.name, line), strict=strict)
                continue
            recipes[recipe.id] = recipe
            for key in unknown_keys(row):
                unknown.setdefault(key, line)
    if not report.rows:
        raise ImportFailedError(f"{path.name} is empty; it must hold schema.org Recipe objects, one a line.")
    for key, line in sorted(unknown.items()):
        report.warn(f"{path.name}, line {line}: the key {key!r} is unknown and is not used", strict=strict)
    return list(recipes.values())


def _sizes(store: GraphStore) -> dict[str, int]:
    known = set(store.node_types())
    return {name: store.count_nodes(name) for name in _TYPES if name in known}
