"""`graphrec teach`, `preferences` and `forget`: what users say about themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli import render
from graphrec.cli.options import Json, Store
from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    from graphrec.store import Preference

_User = Annotated[str, typer.Option("--user", metavar="ID", help="External id of the user.")]


def teach(
    store: Store,
    user: _User,
    kind: Annotated[str, typer.Option("--kind", help="like, dislike, diet or allergy.")],
    node: Annotated[
        str,
        typer.Option("--node", metavar="TYPE:VALUE", help="What about, e.g. ingredient:peanut, diet:vegan."),
    ],
    utterance: Annotated[
        str, typer.Option("--utterance", metavar="TEXT", help="The words it was said with.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Remember what a user says about themselves; recommendations keep to it from now on."""
    from graphrec.nlu.preferences import checked
    from graphrec.ranking import NodeRef
    from graphrec.store import GraphStore
    from graphrec.store.records import PREFERENCE_KINDS

    if kind not in PREFERENCE_KINDS:
        raise InvalidInputError(f"--kind {kind!r} is none of {', '.join(PREFERENCE_KINDS)}.")
    target = checked(kind, NodeRef.parse(node))
    with GraphStore.open(store, create=False) as opened:
        taught = opened.teach(user, target.type, target.id, kind, utterance)
    if as_json:
        render.emit_json({**_plain(taught), "replaced": [_plain(old) for old in taught.replaced]})
        return
    replaced = "".join(f", in place of: {old.kind}" for old in taught.replaced if old.kind != taught.kind)
    render.say(f"Taught: {user} {kind} {target}{replaced} (number {taught.id}).")


def preferences(store: Store, user: _User, as_json: Json = False) -> None:
    """List what a user taught, oldest first."""
    from graphrec.store import GraphStore

    with GraphStore.open(store, create=False, read_only=True) as opened:
        found = opened.preferences(user)
    if as_json:
        render.emit_json({"user": user, "preferences": [_plain(one) for one in found]})
    else:
        _print(f"What {user} taught", found)


def forget(
    store: Store,
    user: _User,
    node: Annotated[
        str | None, typer.Option("--node", metavar="TYPE:VALUE", help="All that was taught about this.")
    ] = None,
    number: Annotated[int | None, typer.Option("--number", help="One preference by its number.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of it.")] = False,
    as_json: Json = False,
) -> None:
    """Forget what a user taught: the latest of it, or what is named."""
    from graphrec.ranking import NodeRef
    from graphrec.store import GraphStore

    if (node is not None) + (number is not None) + every > 1:
        raise InvalidInputError("--node, --number and --all are three ways to say what; give one of them.")
    target = None if node is None else NodeRef.parse(node)
    about = None if target is None else (target.type, target.id)
    with GraphStore.open(store, create=False) as opened:
        gone = opened.forget_preference(user, number, node=about, every=every)
    if as_json:
        render.emit_json({"user": user, "forgotten": [_plain(one) for one in gone]})
    elif gone:
        _print("Forgotten", gone)
    else:
        render.say(f"Nothing of that kind is known of {user}; nothing was forgotten.")


def _plain(preference: Preference) -> dict[str, Any]:
    return {
        "id": preference.id, "kind": preference.kind, "node": f"{preference.node_type}:{preference.ext}",
        "hard": preference.hard, "utterance": preference.utterance, "time": _moment(preference.time),
    }  # fmt: skip


def _moment(time: int) -> str:
    """ISO 8601 in UTC; the bare number for a time that no calendar reaches."""
    try:
        return datetime.fromtimestamp(time / 1e6, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return str(time)


def _print(title: str, found: list[Preference]) -> None:
    rows = [(str(p.id), p.kind, f"{p.node_type}:{p.ext}", _moment(p.time), p.utterance) for p in found]
    render.print_table(title, ("number", "kind", "node", "time", "utterance"), rows)
