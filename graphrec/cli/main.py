"""The `graphrec` program: commands by name, and the one place where a process starts and ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from graphrec import __version__
from graphrec.cli import (
    adapt,
    demo,
    doctor,
    evaluate,
    features,
    import_,
    manage,
    nlu,
    ogb,
    preferences,
    recommend,
    train,
)
from graphrec.cli.boundary import guarded

app = typer.Typer(
    name="graphrec", add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False,
    help="Recommendations from a knowledge graph, with requests, limits and reasons.",
)  # fmt: skip

app.command("demo")(demo.demo)
app.add_typer(import_.app, name="import")
app.command("info")(manage.info)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(features.app, name="features")
app.command("adapt")(adapt.adapt)
app.command("recommend")(recommend.recommend)
app.command("similar")(recommend.similar)
app.command("record")(manage.record)
app.command("erase")(manage.erase)
app.add_typer(nlu.app, name="nlu")
app.add_typer(ogb.app, name="ogb")
app.command("teach")(preferences.teach)
app.command("preferences")(preferences.preferences)
app.command("forget")(preferences.forget)
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"graphrec {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def execute(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit status: 0, or 2 after one line on stderr."""
    command = get_command(app)
    words = list(arguments) or ["--help"]

    def invoke() -> object:
        # Not command.main(): it would answer broken pipes and interrupts in its own way.
        with command.make_context("graphrec", words) as context:
            return command.invoke(context)

    return guarded(invoke)


def run() -> NoReturn:
    """The console script."""
    status = execute(sys.argv[1:])
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(status)
