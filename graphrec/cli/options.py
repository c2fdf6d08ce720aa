"""Options that several commands share, with one wording each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Store: TypeAlias = Annotated[
    str, typer.Option("--store", metavar="URL", help="The graph store, e.g. sqlite:///recipes.db.")
]
OptionalStore: TypeAlias = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="Read histories and names live from this store."),
]
Model: TypeAlias = Annotated[Path, typer.Option("--model", metavar="DIR", help="Folder of a model bundle.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TopK: TypeAlias = Annotated[int, typer.Option("--k", help="At most this many items.")]
