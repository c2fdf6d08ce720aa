"""The recipe data set as a store: catalogue with course labels and meals joined in, and the interactions."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path

from graphrec.store import GraphStore
from graphrec.store.importers import import_interactions, import_recipes


def recipe_store(data: Path, work: Path, *, extra: bool = False) -> GraphStore:
    """Open the store in `work`, importing first when it is not there.

    Args:
        data: folder of the recipe data.
        work: a folder for store and snapshots.
        extra: also import the 46,392 recipes nobody has interacted with.
    """
    work.mkdir(parents=True, exist_ok=True)
    path = work / ("all.db" if extra else "recipes.db")
    if not path.exists():
        joined = work / "recipes-joined.jsonl"
        _join(data, joined)
        with GraphStore.open(f"sqlite:///{path}.part") as store:
            import_recipes(store, joined)
            if extra:
                import_recipes(store, data / "catalogue_extra.jsonl.gz")
            import_interactions(store, data / "interactions.csv")
        Path(f"{path}.part").rename(path)
    return GraphStore.open(f"sqlite:///{path}", create=False)


def _join(data: Path, out: Path) -> None:
    """Write the catalogue with `recipeCategory` and `isPartOf` from the files beside it."""
    with (data / "course_labels.csv").open(encoding="utf-8", newline="") as file:
        courses = {row["recipe"]: row["course"] for row in csv.DictReader(file)}
    meals: dict[str, list[str]] = defaultdict(list)
    with (data / "meals.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            meals[row["recipe"]].append(row["meal"])
    with (
        gzip.open(data / "recipes.jsonl.gz", "rt", encoding="utf-8") as source,
        out.open("w", encoding="utf-8") as target,
    ):
        for line in source:
            recipe = json.loads(line)
            key = str(recipe["identifier"])
            if key in courses:
                recipe["recipeCategory"] = courses[key]
            if key in meals:
                recipe["isPartOf"] = meals[key]
            target.write(json.dumps(recipe) + "\n")
