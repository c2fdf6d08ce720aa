"""What serving has to know of the catalogue: ids, titles, attributes and closure, numbers, popularity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.language.fold import fold
from graphrec.sparse import CSR
from graphrec.sparse.strings import Strings

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

UNREAD = "unlinked_lines"
"""Property of an item: how many lines of its ingredients name no known food."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Items and attributes by dense index; attributes of all types share one numbering.

    Args:
        user_type: node type of the users.
        item_type: node type of the items.
        user_ids: external ids `[num_users]`, in the order of the parts' user rows.
        item_ids: external ids `[num_items]`, in the order of the parts' item rows.
        titles: `[num_items]`, empty where an item has none.
        types: names of the attribute types, e.g. ingredient, cuisine, course.
        hierarchical: those of `types` that form an is-a hierarchy or say what an item is made of
            (ingredients): an item without any counts as unknown and never passes an exclusion.
        attribute_type: int16 `[num_attributes]`, position in `types`.
        attribute_ids: external ids `[num_attributes]`.
        attribute_names: display names `[num_attributes]`.
        relations: names of the item-attribute relations.
        item_attributes: `[num_items, num_attributes]`, what the store says of each item.
        edge_relation: int16 `[item_attributes.nnz]`, position in `relations` of each edge.
        attribute_items: `[num_attributes, num_items]`, closed over kinds: "nut" holds the items with almonds.
        attribute_items_contained: the same closed over kinds and parts: "fish" holds the items with
            Worcestershire sauce, too. What is wanted reads the former, what is excluded the latter.
        broader_kinds: `[num_attributes, num_attributes]`, what each attribute is a kind of, closed.
        broader: `[num_attributes, num_attributes]`, what each attribute is a kind of or holds, closed.
        properties: float64 `[num_items]` by name, NaN where unknown.
        popularity: float32 `[num_items]`, number of users who chose each.
        kinds: names of the interaction kinds.
        history_kind: int16, parallel to the entries of the bundle's history: strongest kind of each.
        alias: folded spellings.
        alias_attribute: int32 `[len(alias)]`, the attribute each spelling means.
    """

    user_type: str
    item_type: str
    user_ids: Strings
    item_ids: Strings
    titles: Strings
    types: tuple[str, ...]
    hierarchical: tuple[str, ...]
    attribute_type: Int
    attribute_ids: Strings
    attribute_names: Strings
    relations: tuple[str, ...]
    item_attributes: CSR
    edge_relation: Int
    attribute_items: CSR
    attribute_items_contained: CSR
    broader_kinds: CSR
    broader: CSR
    properties: Mapping[str, Float]
    popularity: Float
    kinds: tuple[str, ...]
    history_kind: Int
    alias: Strings
    alias_attribute: Int
    item_rank: Int = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    """int32 `[num_items]`, place of each id in sorted order: breaks ties. Computed when left out."""

    def __post_init__(self) -> None:
        if not len(self.item_rank):
            object.__setattr__(self, "item_rank", self.item_ids.rank())
        for name, length in self._lengths().items():
            if len(getattr(self, name)) != length:
                raise InvalidInputError(
                    f"The catalogue's {name} must have {length} entries, but has {len(getattr(self, name))}."
                )
        for name, shape in self._shapes().items():
            if getattr(self, name).shape != shape:
                raise InvalidInputError(
                    f"The catalogue's {name} must be {shape}, but is {getattr(self, name).shape}."
                )

    def _lengths(self) -> dict[str, int]:
        return {
            "titles": self.num_items, "popularity": self.num_items, "item_rank": self.num_items,
            "attribute_type": self.num_attributes, "attribute_names": self.num_attributes,
            "edge_relation": self.item_attributes.nnz, "alias_attribute": len(self.alias),
        }  # fmt: skip

    def _shapes(self) -> dict[str, tuple[int, int]]:
        items, attributes = self.num_items, self.num_attributes
        return {
            "item_attributes": (items, attributes),
            "attribute_items": (attributes, items), "attribute_items_contained": (attributes, items),
            "broader_kinds": (attributes, attributes), "broader": (attributes, attributes),
        }  # fmt: skip

    @property
    def num_users(self) -> int:
        return len(self.user_ids)

    @property
    def num_items(self) -> int:
        return len(self.item_ids)

    @property
    def num_attributes(self) -> int:
        return len(self.attribute_ids)

    @cached_property
    def _spellings(self) -> dict[tuple[int, str], int]:
        """(type, spelling) to attribute. Exact ids win over folded names, those over aliases."""
        kinds = self.attribute_type.tolist()
        found: dict[tuple[int, str], int] = {}
        for strings in (self.attribute_ids, self.attribute_names):
            for attribute, text in enumerate(strings):
                found.setdefault((kinds[attribute], text), attribute)
        for text, attribute in zip(self.alias, self.alias_attribute.tolist(), strict=True):
            found.setdefault((kinds[attribute], text), attribute)
        return found

    def resolve(self, node_type: str, value: str) -> int | None:
        """Attribute that `value` (id, name or alias, any spelling that folds alike) means, or None."""
        if node_type not in self.types:
            return None
        code = self.types.index(node_type)
        exact = self._spellings.get((code, value))
        return exact if exact is not None else self._spellings.get((code, fold(value)))

    def label(self, attribute: int) -> str:
        """Display name of an attribute."""
        return self.attribute_names[attribute] or self.attribute_ids[attribute]

    def ref(self, attribute: int) -> str:
        """`type:id` of an attribute."""
        return f"{self.types[int(self.attribute_type[attribute])]}:{self.attribute_ids[attribute]}"

    @cached_property
    def _unknown(self) -> dict[str, Int]:
        kinds = self.attribute_type[self.item_attributes.indices]
        rows = self.item_attributes.row_index()
        out: dict[str, Int] = {}
        for code, name in enumerate(self.types):
            known = np.zeros(self.num_items, dtype=np.bool_)
            known[rows[kinds == code]] = True
            out[name] = np.flatnonzero(~known)
        return out

    def items_without(self, node_type: str) -> Int:
        """Items that have no attribute of a type at all: what they contain is unknown."""
        return self._unknown.get(node_type, np.arange(self.num_items))

    @cached_property
    def items_unread(self) -> Int:
        """Items with an ingredient line that nobody could read (:data:`UNREAD`): it may hold anything."""
        lines = self.properties.get(UNREAD)
        return np.zeros(0, dtype=np.int64) if lines is None else np.flatnonzero(lines > 0)


def catalogue_arrays(catalogue: Catalogue) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Split a catalogue into arrays (for safetensors) and small values (for `model.json`)."""
    arrays: dict[str, NDArray[Any]] = {}
    small: dict[str, Any] = {}
    for item in fields(Catalogue):
        value = getattr(catalogue, item.name)
        if isinstance(value, Strings):
            arrays |= {f"{item.name}.data": value.data, f"{item.name}.offsets": value.offsets}
        elif isinstance(value, CSR):
            arrays |= csr_arrays(item.name, value)
        elif isinstance(value, np.ndarray):
            arrays[item.name] = value
        elif isinstance(value, Mapping):
            small[item.name] = list(value)
            arrays |= {f"{item.name}.{name}": array for name, array in value.items()}
        else:
            small[item.name] = list(value) if isinstance(value, tuple) else value
    return arrays, small


def catalogue_from_arrays(arrays: Mapping[str, NDArray[Any]], small: Mapping[str, Any]) -> Catalogue:
    """The inverse of :func:`catalogue_arrays`; a missing array is a KeyError for the reader to name."""
    values: dict[str, Any] = {}
    for item in fields(Catalogue):
        name = item.name
        if name == "properties":
            values[name] = {key: arrays[f"{name}.{key}"] for key in small[name]}
        elif name in small:
            values[name] = tuple(small[name]) if isinstance(small[name], list) else small[name]
        elif f"{name}.offsets" in arrays:
            values[name] = Strings(
                arrays[f"{name}.data"], arrays[f"{name}.offsets"], source=f"the catalogue's {name}"
            )
        elif f"{name}.indptr" in arrays:
            values[name] = csr_from_arrays(name, arrays)
        else:
            values[name] = arrays[name]
    return Catalogue(**values)


def csr_arrays(name: str, matrix: CSR) -> dict[str, NDArray[Any]]:
    """Arrays of a sparse matrix under one prefix."""
    arrays: dict[str, NDArray[Any]] = {
        f"{name}.indptr": matrix.indptr, f"{name}.indices": matrix.indices,
        f"{name}.shape": np.asarray(matrix.shape, dtype=np.int64),
    }  # fmt: skip
    return arrays if matrix.values is None else arrays | {f"{name}.values": matrix.values}


def csr_from_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> CSR:
    """Rebuild a matrix and check that no entry points outside it.

    Raises:
        ValueError: the arrays do not fit together.
    """
    rows, cols = (int(size) for size in arrays[f"{name}.shape"])
    indptr, indices = arrays[f"{name}.indptr"], arrays[f"{name}.indices"]
    values = arrays.get(f"{name}.values")
    fits = len(indptr) == rows + 1 and indptr[0] == 0 and indptr[-1] == len(indices)
    fits = fits and not (np.diff(indptr) < 0).any() and (values is None or len(values) == len(indices))
    if not fits or (len(indices) and not (int(indices.min()) >= 0 and int(indices.max()) < cols)):
        raise ValueError(f"the sparse matrix {name!r} has entries outside its shape {(rows, cols)}")
    return CSR(indptr, indices, values, (rows, cols))
