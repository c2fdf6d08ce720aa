"""`graphrec info`, `record` and `erase`: looking at a store and changing single things in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from graphrec.cli import render
from graphrec.cli.options import Json, Store


def info(store: Store, as_json: Json = False) -> None:
    """Say what a store holds: nodes, edges and interactions by type, size, bundles on record."""
    from graphrec.store import GraphStore

    with GraphStore.open(store, create=False, read_only=True) as opened:
        found = opened.info()
    if as_json:
        render.emit_json(found)
        return
    rows = [
        (group, name, count)
        for group in ("nodes", "edges", "interactions", "preferences")
        for name, count in found[group].items()
    ]
    rows += [("store", key, found[key]) for key in ("schema", "revision", "bytes", "erased_users")]
    render.print_table(found["url"], ("what", "name", "count"), rows)
    for bundle in found["bundles"]:
        flag = f" ({bundle['flag']})" if bundle["flag"] else ""
        render.say(f"Bundle {bundle['path']} of snapshot {bundle['snapshot']}{flag}")
    if found["erasure_pending"]:
        render.say("An erasure is not finished; run graphrec erase again when no reader is open.")


def record(
    store: Store,
    user: Annotated[
        str, typer.Option("--user", metavar="ID", help="External id of the user; new ones are added.")
    ],
    item: Annotated[str, typer.Option("--item", metavar="ID", help="External id of the item.")],
    kind: Annotated[
        str, typer.Option("--type", help="Type of the interaction, e.g. view, save, cook.")
    ] = "view",
    weight: Annotated[
        float | None, typer.Option("--weight", help="Strength; the type's own when left out.")
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", metavar="ISO", help="ISO 8601 with a zone; now when left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Store one interaction durably."""
    from graphrec.store import GraphStore

    with GraphStore.open(store, create=False) as opened:
        counts = opened.record(user, item, kind=kind, weight=weight, time=_moment(time))
        done = {"user": user, "item": item, "type": kind, "added": counts.added, "updated": counts.updated}
        revision = opened.revision
    if as_json:
        render.emit_json({**done, "revision": revision})
    else:
        render.say(f"Recorded: {user} {kind} {item} (revision {revision}).")


def erase(
    store: Store,
    user: Annotated[str, typer.Option("--user", metavar="ID", help="External id of the user.")],
    as_json: Json = False,
) -> None:
    """Erase a user for good: no later import brings them back. Backups and exports are out of reach."""
    from dataclasses import asdict

    from graphrec.store import GraphStore

    with GraphStore.open(store, create=False) as opened:
        report = opened.erase(user)
    if as_json:
        render.emit_json(asdict(report))
        return
    render.print_table(
        f"Erased {user}", ("what", "count"),
        [("interactions", report.interactions), ("edges", report.edges), ("properties", report.properties),
         ("preferences", report.preferences),
         ("snapshots removed", len(report.snapshots_removed))],
    )  # fmt: skip
    for path in report.bundles_flagged:
        render.say(f"Bundle {path} was trained with this user; train it again.")
    if report.state != "done":
        render.say(f"Not finished: {report.reason}. Run the same command again later.")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from graphrec.errors import InvalidInputError

    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"--time {text!r} is no ISO 8601 time; write 2026-01-31T18:30:00+00:00."
        ) from None
