"""`graphrec ogb`: training on the data sets of the Open Graph Benchmark."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli import render
from graphrec.cli.options import Json
from graphrec.cli.progress import Ticker
from graphrec.cli.train import Device
from graphrec.errors import InvalidInputError

app = typer.Typer(no_args_is_help=False, help="Train and measure on OGB data sets.")


class Batch(StrEnum):
    """How training goes through the graph."""

    auto = "auto"
    full = "full"
    sampled = "sampled"


@app.callback()
def _group() -> None:
    """Train and measure on OGB data sets."""


@app.command("train")
def train(
    name: Annotated[str, typer.Argument(metavar="NAME", help="ogbn-arxiv, ogbl-collab, ...")],
    model: Annotated[
        str,
        typer.Option(
            "--model", metavar="NAME", help="mlp, gcn, sage, cold-brew, label-propagation, rgcn, ..."
        ),
    ],
    features: Annotated[
        str,
        typer.Option(
            "--features", metavar="ogb|giant|PATH", help="Of the data set, GIANT's, or a folder or .npy."
        ),
    ] = "ogb",
    seeds: Annotated[int, typer.Option("--seeds", help="Runs, with seeds 0, 1, 2, ...")] = 10,
    root: Annotated[
        Path, typer.Option("--root", metavar="DIR", help="Folder of the data sets, as ogb's own root.")
    ] = Path("dataset"),
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="In place of the model's own number.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE.toml", help="Settings of the model.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; repeatable.")
    ] = None,
    device: Annotated[
        Device, typer.Option("--device", help="auto takes a GPU when there is one.")
    ] = Device.auto,
    batch: Annotated[
        Batch, typer.Option("--batch", help="Whole graph at once, or sampled mini-batches.")
    ] = Batch.auto,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Keep each seed's row here; a killed run goes on from it."),
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the data set from OGB if it is not there.")
    ] = False,
    sha256: Annotated[
        str | None,
        typer.Option(
            "--sha256", metavar="HEX", help="Digest that the archive must have (OGB publishes none)."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train with several seeds; report mean ± sd of test and validation by ogb's own evaluator, as its leaderboards do.

    Prints a Markdown page, or JSON with --json.
    """
    if seeds < 1:
        raise InvalidInputError(f"--seeds {seeds}: at least one run is needed.")
    from graphrec.ogb.download import download_dataset
    from graphrec.ogb.plans import plan_of
    from graphrec.ogb.protocol import RunSpec
    from graphrec.ogb.report import markdown
    from graphrec.ogb.runs import run_seeds
    from graphrec.training.config import load_settings
    from graphrec.training.run_log import RunLog

    settings, _ = load_settings(config, overrides or ())
    spec = RunSpec(name, model, features, root, epochs, settings, device.value, batch.value)
    if download:
        with Ticker(f"downloading {name}") as ticker:
            download_dataset(name, root, sha256=sha256, progress=ticker)
    elif sha256:
        raise InvalidInputError("--sha256 checks a download; add --download.")
    plan = plan_of(spec)

    def log(seed: int) -> RunLog:
        return RunLog(None, epochs=plan.epochs, title=f"{model}, seed {seed}")

    found = run_seeds(spec, plan, range(seeds), out, log)
    if as_json:
        render.emit_json(found)
    else:
        print(markdown(found), end="")
