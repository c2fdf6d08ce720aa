"""One value per node of a store: the domain it belongs to, its class, or numbers to predict.

A name stands for the first of these that there is:

1. a relation of the node type, or the node type at its other end (`of_course` or `course`), read in either direction;
2. a text property: its different texts are the values;
3. number properties, one or several (`fsa,who`); `health` stands for the health scores that there are.

A node joined to several nodes by one relation has no value: its domain or class would be a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.sparse import CSR
from graphrec.store.snapshot import GraphSnapshot, RelationInfo

Int = NDArray[np.int64]

_ALIASES = {"health": ("fsa", "who")}


@dataclass(frozen=True, slots=True, eq=False)
class NodeValues:
    """One of a few values for each node of a type.

    Args:
        names: the values, different; ids of nodes, or texts.
        value: int64 `[num_nodes]`, number of the value; -1 where a node has none, or several.
        several: nodes that have no value because they are joined to several.
        relation: where the values are nodes, the relation that leads to them, else None.
        node_type: where the values are nodes, their type, else None.
    """

    names: tuple[str, ...]
    value: Int
    several: int = 0
    relation: str | None = None
    node_type: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NodeNumbers:
    """Numbers for each node of a type.

    Args:
        names: number properties.
        value: float64 `[num_nodes, num_names]`, NaN where a node lacks one of them.
    """

    names: tuple[str, ...]
    value: NDArray[np.float64]


def node_values(snapshot: GraphSnapshot, node_type: str, name: str) -> NodeValues:
    """The values of a relation or text property.

    Raises:
        NotFoundError: nothing of that name.
        InvalidInputError: several relations to that type, or no node has exactly one value.
    """
    found = _linked(snapshot, node_type, name) or _texts(snapshot, node_type, name)
    if found is None:
        raise NotFoundError(
            f"A {node_type} has no {name!r} that could tell its domain or class; {_known(snapshot, node_type)}."
        )
    if not (found.value >= 0).any():
        why = f"{found.several:,} are joined to several" if found.several else "none has any"
        raise InvalidInputError(f"No {node_type} has exactly one {name} ({why}); name something else.")
    return found


def node_labels(snapshot: GraphSnapshot, node_type: str, name: str) -> NodeValues | NodeNumbers:
    """What is to be predicted: classes of a relation or text property, or numbers.

    Raises:
        NotFoundError: nothing of that name.
        InvalidInputError: as :func:`node_values`, or no node has all of the numbers.
    """
    numbers = snapshot.properties(node_type)
    keys = tuple(part for each in name.split(",") if (part := each.strip()))
    if len(keys) == 1 and keys[0] not in numbers:
        other = _linked(snapshot, node_type, keys[0]) is not None or keys[0] in snapshot.text_keys(node_type)
        known = tuple(key for key in _ALIASES.get(keys[0], ()) if key in numbers)
        if other or not known:
            return node_values(snapshot, node_type, keys[0])
        keys = known
    if missing := [key for key in keys if key not in numbers]:
        raise NotFoundError(
            f"A {node_type} has no number {missing[0]!r} to predict; {_known(snapshot, node_type)}."
        )
    if not keys:
        raise InvalidInputError("No label is named; name a relation, a node type or a property.")
    columns = np.stack([np.asarray(numbers[key], dtype=np.float64) for key in keys], axis=1)
    if not np.isfinite(columns).all(axis=1).any():
        raise InvalidInputError(f"No {node_type} has all of {', '.join(keys)}; name other numbers.")
    return NodeNumbers(keys, columns)


def single_value(csr: CSR) -> tuple[Int, int]:
    """The only column of each row, int64 `[num_rows]`, -1 for none or several; and how many rows have several."""
    degrees = csr.degrees()
    value = np.full(csr.shape[0], -1, dtype=np.int64)
    alone = np.flatnonzero(degrees == 1)
    value[alone] = csr.indices[csr.indptr[:-1][alone]]
    return value, int((degrees > 1).sum())


def _linked(snapshot: GraphSnapshot, node_type: str, name: str) -> NodeValues | None:
    info = _relation(snapshot, node_type, name)
    if info is None:
        return None
    away = info.src == node_type
    value, several = single_value(snapshot.csr(info.name, "out" if away else "in"))
    other = info.dst if away else info.src
    return NodeValues(tuple(snapshot.ids(other)), value, several, info.name, other)


def _relation(snapshot: GraphSnapshot, node_type: str, name: str) -> RelationInfo | None:
    own = [each for each in snapshot.relations if node_type in (each.src, each.dst)]
    exact = [each for each in own if name in (each.name, each.inverse)]
    if exact:
        return exact[0]
    between = [
        each for each in own if each.src != each.dst and name in (each.src, each.dst) and name != node_type
    ]
    if len(between) > 1:
        names = ", ".join(each.name for each in between)
        raise InvalidInputError(f"Several relations join {node_type} and {name}: name one of {names}.")
    return between[0] if between else None


def _texts(snapshot: GraphSnapshot, node_type: str, name: str) -> NodeValues | None:
    if name not in snapshot.text_keys(node_type):
        return None
    texts = [(text or "").strip() for text in snapshot.text(node_type, name)]
    names = sorted(set(texts) - {""})
    place = {text: number for number, text in enumerate(names)}
    return NodeValues(tuple(names), np.array([place.get(text, -1) for text in texts], dtype=np.int64))


def _known(snapshot: GraphSnapshot, node_type: str) -> str:
    relations = [each.name for each in snapshot.relations if node_type in (each.src, each.dst)]
    parts: Sequence[tuple[str, Sequence[str]]] = (
        ("relations", relations), ("texts", snapshot.text_keys(node_type)),
        ("numbers", tuple(snapshot.properties(node_type))),
    )  # fmt: skip
    said = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
    return f"it has {said}" if said else "it has neither relations nor properties"
