"""The recipe folder's interactions and catalogue without a store, for benchmarks."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from graphrec.datasets.base import Dataset, IdMap, need_file, read_lines
from graphrec.errors import InvalidInputError
from graphrec.store.columns import Interactions


def load_recipe_interactions(directory: str | Path) -> Dataset:
    """Read users, the whole recipe catalogue (in file order) and the distinct user-recipe pairs.

    Recipes that nobody touched stay in the catalogue: they are ranked like the others. Users are numbered by
    ascending id, so a seeded split does not depend on the order of the rows.

    Raises:
        NotFoundError: a file is missing.
        InvalidInputError: `interactions.csv` has no columns `user` and `recipe`, or a recipe no identifier.
    """
    folder = Path(directory)
    items = IdMap(_identifiers(need_file(folder, "recipes.jsonl")))
    path = need_file(folder, "interactions.csv")
    rows = csv.DictReader(read_lines(path))
    if not {"user", "recipe"} <= set(rows.fieldnames or ()):
        raise InvalidInputError(
            f"{path} needs the columns user and recipe in its first line, it has {rows.fieldnames}."
        )
    pairs = sorted({(row["user"], row["recipe"]) for row in rows})
    users = IdMap()
    user, item = users.add(pair[0] for pair in pairs), items.add(pair[1] for pair in pairs)
    interactions = Interactions.from_pairs(np.asarray(user), np.asarray(item), len(users), len(items))
    return Dataset(folder.name, interactions, users.names(), items.names())


def _identifiers(path: Path) -> Iterator[str]:
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            continue
        try:
            yield str(json.loads(line)["identifier"])
        except (ValueError, KeyError, TypeError):
            message = f"{path}:{number} is not a JSON object with an identifier; mend or remove the line."
            raise InvalidInputError(message) from None
