"""`graphrec doctor`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli import render
from graphrec.cli.options import Json
from graphrec.errors import GraphRecError

_MARKS = {"ok": "✓", "absent": "–", "warning": "!", "problem": "✗"}


def doctor(
    store: Annotated[
        str | None, typer.Option("--store", metavar="URL", help="Check this store, its snapshots and models.")
    ] = None,
    model: Annotated[
        list[Path] | None, typer.Option("--model", metavar="DIR", help="Check a bundle; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check versions, extras, a store, snapshots and bundles; exit status 2 when something is broken."""
    from graphrec.cli import checks

    found = list(checks.installation())
    if store is not None:
        found += checks.store_checks(store)
    found += checks.bundle_checks(model or ())
    if as_json:
        render.emit_json({"checks": [asdict(check) for check in found]})
    elif render.pretty():
        rows = [(f"{_MARKS[check.status]} {check.name}", check.detail) for check in found]
        render.print_table("graphrec doctor", ("check", "finding"), rows)
    else:
        render.print_table("", ("check", "status", "finding"), [(c.name, c.status, c.detail) for c in found])
    broken = [check for check in found if check.status == "problem"]
    if broken:
        count = f"{len(broken)} problem{'s' if len(broken) > 1 else ''}"
        raise GraphRecError(f"{count} found; the first: {broken[0].name}: {broken[0].detail}")
