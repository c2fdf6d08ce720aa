"""`graphrec evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli import render
from graphrec.cli.options import Json, Model, Store
from graphrec.errors import InvalidInputError

_SHOWN = ("recall", "ndcg", "mrr", "hit_rate", "map", "coverage", "popularity", "gini")


def evaluate(
    model: Model,
    store: Store,
    test: Annotated[
        Path | None,
        typer.Option(
            "--test",
            metavar="FILE.csv",
            help="Columns user, recipe. Left out: what the store gained since training.",
        ),
    ] = None,
    k: Annotated[str, typer.Option("--k", metavar="K,K", help="List lengths.")] = "10,20",
    as_json: Json = False,
) -> None:
    """Measure a model by full ranking: what it was trained on is masked, everything else competes.

    Users and recipes that came after training take part as they would be served: they are the isolated ones of
    the isolation, tail and head slices.
    """
    ks = lengths(k)
    from graphrec.evaluation.of_bundle import evaluate_bundle
    from graphrec.ranking import Recommender
    from graphrec.ranking.served import served_scores
    from graphrec.store import GraphStore

    with GraphStore.open(store, create=False, read_only=True) as opened:
        bundle = Recommender.load(model, opened).refresh().bundle  # with what was imported since
        found = evaluate_bundle(bundle, opened, test=test, ks=ks, base=served_scores(bundle))
    if as_json:
        render.emit_json(found.to_json())
        return
    if found.unknown_users:
        render.say(
            f"{found.unknown_users} rows are of users that the model was not trained on: served as newcomers."
        )
    if found.unknown_items:
        render.say(f"Left out: {found.unknown_items} rows of items that the model does not know.")
    metrics, errors = found.result.metrics, found.result.per_user
    rows = []
    for name in _SHOWN:
        for length in ks:
            key = f"{name}@{length}"
            if key in metrics:
                error = (
                    f"{found.result.standard_error(key):.4f}"
                    if key in errors and found.result.num_users > 1
                    else ""
                )
                rows.append((key, metrics[key], error))
    render.print_table(
        f"{found.result.num_users} users of {model}", ("metric", "mean", "standard error"), rows
    )
    for name, values in found.result.slices.items():
        shown = "  ".join(
            f"{key} {values[key]:.4f}" for key in (f"recall@{ks[-1]}", f"ndcg@{ks[-1]}") if key in values
        )
        render.say(f"{name} ({values['users']:.0f} users): {shown}")


def lengths(text: str) -> tuple[int, ...]:
    """`10,20` as numbers.

    Raises:
        InvalidInputError: not whole numbers of at least 1.
    """
    try:
        ks = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise InvalidInputError(f"--k {text!r} must be whole numbers between commas, e.g. 10,20.") from None
    if ks[0] < 1:
        raise InvalidInputError(f"--k {text!r}: a list must hold at least 1 item.")
    return ks
