"""`graphrec train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli import render
from graphrec.cli.options import Json, Store


class Device(StrEnum):
    """Where training computes."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


def train(
    store: Store,
    model: Annotated[
        str,
        typer.Option(
            "--model", metavar="NAME", help="ckgat, kgat, lightgcn, ease, item_knn, popularity, ..."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the bundle to write.")],
    features: Annotated[
        Path | None,
        typer.Option("--features", metavar="DIR", help="Dense vectors of the items (graphrec features)."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE.toml", help="Settings of the model.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, data and threads: same model.")] = 0,
    device: Annotated[
        Device, typer.Option("--device", help="auto takes a GPU when there is one.")
    ] = Device.auto,
    as_json: Json = False,
) -> None:
    """Train a model on a store and write a bundle: weights, ids, metrics and a model card."""
    from graphrec.store import GraphStore
    from graphrec.training import train_from_store

    with GraphStore.open(store, create=False) as opened:
        metrics = train_from_store(
            opened, model=model, out=out, features=features, config=config, overrides=overrides or (),
            seed=seed, device=device.value, progress=True,
        )  # fmt: skip
    if missing := metrics.get("features", {}).get("missing"):
        render.say(f"Trained without features: {missing:,} items that the set lacks.")
    if as_json:
        render.emit_json(metrics)
    else:
        render.print_table(f"{model} in {out}", ("metric", "value"), list(flat(metrics).items()))


def flat(values: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Nested metrics with dotted names."""
    out: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            out.update(flat(value, f"{prefix}{key}."))
        else:
            out[f"{prefix}{key}"] = value
    return out
