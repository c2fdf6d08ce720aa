"""RecBole atomic folders: `.inter` (whole, or given as train, valid and test), `.kg` and `.link`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.datasets.base import Dataset, IdMap, find_file, need_file, read_lines
from graphrec.errors import InvalidInputError
from graphrec.evaluation.splits import given_split
from graphrec.store.columns import NO_TIME, Interactions, KnowledgeGraph

Int = NDArray[np.integer[Any]]
Columns = dict[str, list[str]]

PARTS = ("train", "valid", "test")
MICROSECONDS = 1_000_000


def load_atomic(directory: str | Path, name: str | None = None) -> Dataset:
    """Read a folder of atomic files.

    Users are numbered by first appearance in the training file, items by the `.link` file and then by
    appearance. An entity that `.link` ties to an item takes the item's number; all others follow, so a `.kg`
    entity that `.link` does not know is an entity like any other. Ratings are implicit: every row weighs 1.

    Args:
        directory: the folder.
        name: common beginning of the file names; the folder's name by default.

    Raises:
        NotFoundError: there are no interactions.
        InvalidInputError: a missing column, a short row or an ambiguous link; the message names file and
            line.
    """
    folder = Path(directory)
    name = name or folder.name
    links = _read(need_file(folder, f"{name}.link")) if find_file(folder, f"{name}.link") else None
    users, items = IdMap(), IdMap(links["item_id"] if links else ())
    if find_file(folder, f"{name}.train.inter"):
        tables = {part: find_file(folder, f"{name}.{part}.inter") for part in PARTS}
    else:
        tables = {"all": need_file(folder, f"{name}.inter")}
    columns = {part: _read(path) for part, path in tables.items() if path is not None}
    dense = {
        part: (users.add(c["user_id"]), items.add(c["item_id"]), _times(c)) for part, c in columns.items()
    }
    shape = (len(users), len(items))
    rows = {part: _interactions(*arrays, *shape) for part, arrays in dense.items()}
    kg = _knowledge_graph(folder, name, links, items)
    if "all" in rows:
        return Dataset(name, rows["all"], users.names(), items.names(), None, kg)
    if "test" not in rows:
        raise InvalidInputError(f"{folder} has {name}.train.inter but no {name}.test.inter; add it.")
    split = given_split(rows["train"], rows["test"], valid=rows.get("valid"), kg=kg, name=f"{name} (given)")
    return Dataset(name, rows["train"], users.names(), items.names(), split, kg)


def _interactions(user: Int, item: Int, time: Int, num_users: int, num_items: int) -> Interactions:
    plain = Interactions.from_pairs(user, item, num_users, num_items)
    return Interactions(plain.user, plain.item, plain.weight, time, plain.kind, num_users, num_items)


def _times(columns: Columns) -> Int:
    if "timestamp" not in columns:
        return np.full(len(columns["user_id"]), NO_TIME, dtype=np.int64)
    try:
        seconds = np.array(columns["timestamp"], dtype=np.float64)
    except ValueError:
        wrong = next(text for text in columns["timestamp"] if not _is_number(text))
        raise InvalidInputError(
            f"The timestamp {wrong!r} is not a number of seconds; mend the row."
        ) from None
    return np.rint(seconds * MICROSECONDS).astype(np.int64)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _knowledge_graph(folder: Path, name: str, links: Columns | None, items: IdMap) -> KnowledgeGraph | None:
    path = find_file(folder, f"{name}.kg")
    if path is None:
        return None
    triples = _read(path)
    number: dict[str, int] = {}
    for item, entity in zip(links["item_id"], links["entity_id"], strict=True) if links else ():
        if number.setdefault(entity, items[item]) != items[item]:
            raise InvalidInputError(f"{name}.link ties the entity {entity!r} to two items; keep one of them.")
    next_number = len(items)
    for entity in (*triples["head_id"], *triples["tail_id"]):
        if entity not in number:
            number[entity] = next_number
            next_number += 1
    relations = IdMap(sorted(set(triples["relation_id"])))
    names = [f"item:{item}" for item in items.names()] + [""] * (next_number - len(items))
    for entity, place in number.items():
        if place >= len(items):
            names[place] = f"entity:{entity}"
    heads, tails = (np.array([number[e] for e in triples[c]], dtype=np.int64) for c in ("head_id", "tail_id"))
    return KnowledgeGraph(
        heads, relations.add(triples["relation_id"]), tails, num_items=len(items), num_entities=next_number,
        num_relations=len(relations), relation_names=relations.names(), entity_names=tuple(names),
    )  # fmt: skip


_NEEDED = {
    ".inter": ("user_id", "item_id"),
    ".kg": ("head_id", "relation_id", "tail_id"),
    ".link": ("item_id", "entity_id"),
}


def _read(path: Path) -> Columns:
    """Columns of a tab-separated file by name; the header's `name:type` loses its type."""
    lines = read_lines(path)
    header = [field.split(":")[0] for field in next(lines, "").split("\t")]
    kind = next(ending for ending in _NEEDED if path.name.removesuffix(".gz").endswith(ending))
    missing = [column for column in _NEEDED[kind] if column not in header]
    if missing:
        raise InvalidInputError(f"{path} has no column {missing[0]!r} in its first line; it has {header}.")
    rows = []
    for number, line in enumerate(lines, start=2):
        fields = line.split("\t")
        if len(fields) == len(header):
            rows.append(fields)
        elif line:
            raise InvalidInputError(
                f"{path}:{number} has {len(fields)} fields, the header has {len(header)}."
            )
    return {column: [row[place] for row in rows] for place, column in enumerate(header)}
