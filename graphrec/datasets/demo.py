"""The demo's data: where it lies, in a checkout or in an installed package, and how it gets into a store.

566 real dishes and 800 simulated users; `README.md` beside the files says what is simulated and how.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec.errors import NotFoundError

if TYPE_CHECKING:
    from graphrec.store import GraphStore
    from graphrec.store.importers import ImportReport

RECIPES = "recipes.jsonl"
INTERACTIONS = "interactions.csv"


def demo_data() -> Path:
    """The folder with the demo's files.

    Raises:
        NotFoundError: this installation came without them.
    """
    here = Path(__file__).resolve()
    for folder in (here.parent / "demo_data", here.parents[2] / "data"):
        if (folder / RECIPES).is_file() and (folder / INTERACTIONS).is_file():
            return folder
    raise NotFoundError("The demo's data is not part of this installation; install graphrec again.")


def import_demo(store: GraphStore) -> Iterator[tuple[str, ImportReport]]:
    """Import recipes, then interactions; gives each file's name and report as it is done."""
    from graphrec.store.importers import import_interactions, import_recipes

    folder = demo_data()
    yield RECIPES, import_recipes(store, folder / RECIPES, strict=True)
    yield INTERACTIONS, import_interactions(store, folder / INTERACTIONS, strict=True)
