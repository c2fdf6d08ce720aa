"""Triples between typed entities, as ogbl-biokg has them, with one numbering for all entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Triples:
    """Triples under the shared numbering.

    Args:
        head, relation, tail: int64 `[n]`.
        head_type, tail_type: int64 `[n]`, place of the type in :attr:`KGData.types`.
        head_negatives, tail_negatives: int64 `[n, k]`, numbered *within* the type as OGB gives them (they are large
            and stay as they were read), or None where none are given.
    """

    head: Tensor
    relation: Tensor
    tail: Tensor
    head_type: Tensor
    tail_type: Tensor
    head_negatives: Tensor | None = None
    tail_negatives: Tensor | None = None

    def __len__(self) -> int:
        return len(self.head)

    def select(self, rows: Tensor, device: str | torch.device = "cpu") -> Triples:
        """Some of the triples, int64 rows, moved to a device."""
        parts = {name: value for name, value in vars(self).items() if value is not None}
        return Triples(**{name: value[rows.to(value.device)].to(device) for name, value in parts.items()})

    def chunks(self, size: int, device: str | torch.device) -> Iterator[Triples]:
        """The triples in order, at most `size` at a time."""
        for rows in torch.arange(len(self)).split(size):
            yield self.select(rows, device)


@dataclass(frozen=True, eq=False)
class KGData:
    """A knowledge graph whose missing triples are to be ranked.

    Args:
        types: names of the entity types.
        starts: int64 `[num_types + 1]`, where each type's entities begin in the shared numbering.
        num_relations: relations, counted over all splits.
    """

    name: str
    types: tuple[str, ...]
    starts: Tensor
    num_relations: int
    train: Triples
    valid: Triples
    test: Triples

    @property
    def num_entities(self) -> int:
        return int(self.starts[-1])


def kg_data(name: str, graph: Mapping[str, Any], split: Mapping[str, Mapping[str, Any]]) -> KGData:
    """From what OGB's loader gives: its graph (`num_nodes_dict` alone is read) and its split.

    Raises:
        InvalidInputError: an unknown entity type, an entity outside its type, arrays that differ in length, or no
            negatives to rank against.
    """
    sizes = {kind: int(np.asarray(count).reshape(-1)[0]) for kind, count in graph["num_nodes_dict"].items()}
    types = tuple(sizes)
    starts = torch.from_numpy(np.concatenate([[0], np.cumsum(list(sizes.values()))]).astype(np.int64))
    parts = {part: _triples(split[part], types, starts, f"{name}, {part}") for part in _PARTS}
    for part in _PARTS[1:]:
        if parts[part].head_negatives is None or parts[part].tail_negatives is None:
            raise InvalidInputError(
                f"{name} has no head_neg and tail_neg in its {part} split; read the data set anew."
            )
    relations = max(int(found.relation.max()) + 1 for found in parts.values())
    return KGData(name, types, starts, relations, *(parts[part] for part in _PARTS))


_PARTS = ("train", "valid", "test")


def _triples(part: Mapping[str, Any], types: tuple[str, ...], starts: Tensor, where: str) -> Triples:
    kinds = {side: _codes(part[f"{side}_type"], types, where) for side in ("head", "tail")}
    relation = _long(part["relation"])
    ends = {}
    for side, kind in kinds.items():
        local, size = _long(part[side]), starts.diff()[kind]
        if not len(local) == len(kind) == len(relation):
            raise InvalidInputError(
                f"The {side}s, their types and the relations of {where} differ in length: "
                f"{len(local)}, {len(kind)}, {len(relation)}."
            )
        if bool((local < 0).any()) or bool((local >= size).any()):
            raise InvalidInputError(f"A {side} of {where} lies outside the entities of its type.")
        ends[side] = local + starts[kind]
    if not len(relation):
        raise InvalidInputError(f"There are no triples in {where}; read the data set anew.")
    if bool((relation < 0).any()):
        raise InvalidInputError(f"A relation of {where} has a negative number.")
    negatives = [_negatives(part, side, starts.diff()[kind], where) for side, kind in kinds.items()]
    return Triples(ends["head"], relation, ends["tail"], kinds["head"], kinds["tail"], *negatives)


def _negatives(part: Mapping[str, Any], side: str, size: Tensor, where: str) -> Tensor | None:
    """`head_neg` or `tail_neg`, if it is there; size int64 `[n]`, entities of the type at that end."""
    if f"{side}_neg" not in part:
        return None
    found = _long(part[f"{side}_neg"])
    if found.ndim != 2 or len(found) != len(size):
        raise InvalidInputError(
            f"{side}_neg of {where} has shape {tuple(found.shape)}, not [{len(size)}, any]."
        )
    if found.numel() and (bool((found.amin(dim=1) < 0).any()) or bool((found.amax(dim=1) >= size).any())):
        raise InvalidInputError(f"{side}_neg of {where} names an entity outside its type.")
    return found


def _codes(names: Any, types: tuple[str, ...], where: str) -> Tensor:
    place = {kind: number for number, kind in enumerate(types)}
    try:
        return torch.from_numpy(np.fromiter((place[str(kind)] for kind in names), np.int64, len(names)))
    except KeyError as error:
        known = ", ".join(types)
        raise InvalidInputError(f"Unknown entity type {error} in {where}; its types are {known}.") from None


def _long(values: Any) -> Tensor:
    """int64 without a copy where it is int64 already."""
    return torch.as_tensor(np.asarray(values)).long()
