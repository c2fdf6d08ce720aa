"""A bundle's catalogue as the store has it now: changed items read anew, new items and attributes at the end.

What is in the catalogue keeps its index, so that everything trained on it stays in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Catalogue, Strings
from graphrec.language.fold import fold
from graphrec.language.taxonomy import load_taxonomy
from graphrec.ranking.closure import CONTENTS, KIND_WEIGHT, closed_items, closed_pairs, closure
from graphrec.ranking.splicing import distinct, grown, grown_strings, keys_of, matrix_of, merged
from graphrec.ranking.store_facts import AttributeFacts
from graphrec.sparse import CSR
from graphrec.store.records import ItemRecord

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


_folded = lru_cache(maxsize=1 << 18)(fold)
"""A catalogue is extended again and again, and nearly all of its names are the same each time."""


@dataclass(frozen=True, eq=False)
class Numbering:
    """Old attributes in their old places, new ones behind them.

    Args:
        base: the catalogue that is extended.
        facts: every attribute of the store.
    """

    base: Catalogue
    facts: AttributeFacts

    @cached_property
    def types(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.base.types, *self.facts.types)))

    @cached_property
    def relations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.base.relations, *(name for name, _ in self.facts.relations))))

    @cached_property
    def place(self) -> dict[tuple[str, str], int]:
        """Index of each attribute by type and external id."""
        kinds = [self.base.types[code] for code in self.base.attribute_type.tolist()]
        found = {key: index for index, key in enumerate(zip(kinds, self.base.attribute_ids, strict=True))}
        for kind, ids in self.facts.ids.items():
            for ext in ids:
                found.setdefault((kind, ext), len(found))
        return found

    @cached_property
    def names(self) -> list[str]:
        """Display names as the store has them now."""
        names = list(self.base.attribute_names)
        names += [""] * (len(self.place) - len(names))
        for kind, ids in self.facts.ids.items():
            for ext, name in zip(ids, self.facts.names[kind], strict=True):
                names[self.place[kind, ext]] = name
        return names

    @property
    def total(self) -> int:
        return len(self.place)

    def steps(self, least: float) -> CSR:
        """The hierarchy's edges of at least some weight, `[total, total]`."""
        found = self.facts.hierarchy
        if found is None:
            return CSR.from_coo(_none(), _none(), None, (self.total, self.total))
        ends = []
        for kind, positions in ((found.narrow_type, found.narrow), (found.broad_type, found.broad)):
            places = np.asarray([self.place[kind, ext] for ext in self.facts.ids[kind]], dtype=np.int64)
            ends.append(places[positions[found.weight >= least]])
        return CSR.from_coo(ends[0], ends[1], None, (self.total, self.total))


def extended_catalogue(
    base: Catalogue, records: Sequence[ItemRecord], facts: AttributeFacts, popularity: Float
) -> Catalogue:
    """The catalogue with some items as the store has them now.

    Args:
        base: of the bundle, as trained.
        records: items that changed, and new ones; the new ones are appended in this order.
        facts: every attribute of the store.
        popularity: float32 `[number of new records]`.
    """
    numbering = Numbering(base, facts)
    rows = _rows(base, records, numbering)
    item_attributes, edge_relation = _item_attributes(base, rows, (rows.total, numbering.total))
    kinds_of, broader = closure(numbering.steps(KIND_WEIGHT)), closure(numbering.steps(-np.inf))
    alias, alias_attribute = _spellings(base, numbering)
    new_attributes = [ext for _, ext in list(numbering.place)[base.num_attributes :]]
    return replace(
        base,
        item_ids=grown_strings(base.item_ids, {}, rows.new),
        titles=_titles(base, records, rows),
        types=numbering.types,
        hierarchical=_contents(base, numbering),
        attribute_type=_attribute_types(numbering),
        attribute_ids=grown_strings(base.attribute_ids, {}, new_attributes),
        attribute_names=Strings.pack(numbering.names),
        relations=numbering.relations,
        item_attributes=item_attributes,
        edge_relation=edge_relation,
        attribute_items=_closed(base, "attribute_items", item_attributes, kinds_of, rows),
        attribute_items_contained=_closed(base, "attribute_items_contained", item_attributes, broader, rows),
        broader_kinds=kinds_of,
        broader=broader,
        properties=_properties(base, records, rows.places, rows.total),
        popularity=grown(base.popularity, popularity),
        alias=alias,
        alias_attribute=alias_attribute,
        item_rank=np.zeros(0, dtype=np.int32),
    )


class _Rows(NamedTuple):
    """Where records go: `places` of each, ids of the `new` ones, a mask of the `changed` old ones, and their edges
    (items, attributes, relations).
    """

    places: Int
    new: list[str]
    changed: NDArray[np.bool_]
    edges: tuple[Int, Int, Int]

    @property
    def total(self) -> int:
        return len(self.changed) + len(self.new)


def _rows(base: Catalogue, records: Sequence[ItemRecord], numbering: Numbering) -> _Rows:
    places = [base.item_ids.find(record.ext) for record in records]
    new = [record.ext for record, place in zip(records, places, strict=True) if place is None]
    later = iter(range(base.num_items, base.num_items + len(new)))
    index = np.asarray([next(later) if place is None else place for place in places], dtype=np.int64)
    changed = np.zeros(base.num_items, dtype=np.bool_)
    changed[index[index < base.num_items]] = True
    return _Rows(index, new, changed, _edges(records, index, numbering))


def _titles(base: Catalogue, records: Sequence[ItemRecord], rows: _Rows) -> Strings:
    titles = {place: record.name or "" for place, record in zip(rows.places.tolist(), records, strict=True)}
    changed = {place: title for place, title in titles.items() if place < base.num_items}
    return grown_strings(base.titles, changed, [titles[n] for n in range(base.num_items, rows.total)])


def _contents(base: Catalogue, numbering: Numbering) -> tuple[str, ...]:
    """Types that form a hierarchy or say what an item is made of."""
    above = () if numbering.facts.hierarchy is None else (numbering.facts.hierarchy.narrow_type,)
    made_of = (kind for kind in CONTENTS if kind in numbering.types)
    return tuple(dict.fromkeys((*base.hierarchical, *above, *made_of)))


def _edges(records: Sequence[ItemRecord], index: Int, numbering: Numbering) -> tuple[Int, Int, Int]:
    """Items, attributes and relations of all edges of some records."""
    codes = {name: code for code, name in enumerate(numbering.relations)}
    place = numbering.place
    found = [
        (item, place[kind, ext], codes[relation])
        for item, record in zip(index.tolist(), records, strict=True)
        for relation, kind, ext in record.attributes
    ]
    array = np.asarray(found, dtype=np.int64).reshape(-1, 3)
    return array[:, 0], array[:, 1], array[:, 2]


def _item_attributes(base: Catalogue, new: _Rows, shape: tuple[int, int]) -> tuple[CSR, NDArray[np.int16]]:
    rows, (items, attributes, relations) = base.item_attributes.row_index(), new.edges
    kept = ~new.changed[rows]
    span = int(max(base.edge_relation.max(initial=0), relations.max(initial=0))) + 1
    old = (rows[kept] * shape[1] + base.item_attributes.indices[kept]) * span + base.edge_relation[kept]
    keys = merged(np.sort(old), (items * shape[1] + attributes) * span + relations)
    return matrix_of(keys // span, shape), (keys % span).astype(np.int16)


def _closed(base: Catalogue, name: str, item_attributes: CSR, broader: CSR, rows: _Rows) -> CSR:
    """Attribute to items, closed over `broader`; only touched items are closed anew where that is enough."""
    old: CSR = getattr(base, name)
    above: CSR = base.broader_kinds if name == "attribute_items" else base.broader
    size, entries = base.num_attributes, int(above.nnz)
    same = np.array_equal(broader.indptr[: size + 1], above.indptr)
    if not same or not np.array_equal(broader.indices[:entries], above.indices):
        return closed_items(item_attributes, broader)
    shape = (item_attributes.shape[1], item_attributes.shape[0])
    attributes, items = closed_pairs(rows.edges[0], rows.edges[1], broader)
    keys = keys_of(old, shape[1])
    kept = keys[~rows.changed[keys % shape[1]]]
    return matrix_of(merged(kept, distinct(attributes * shape[1] + items)), shape)


def _attribute_types(numbering: Numbering) -> NDArray[np.int16]:
    code = {kind: position for position, kind in enumerate(numbering.types)}
    new = [code[kind] for kind, _ in list(numbering.place)[numbering.base.num_attributes :]]
    return np.asarray(grown(numbering.base.attribute_type, np.asarray(new, dtype=np.int16)), dtype=np.int16)


def _properties(
    base: Catalogue, records: Sequence[ItemRecord], index: Int, total: int
) -> Mapping[str, Float]:
    names = dict.fromkeys((*base.properties, *(key for record in records for key in record.numbers)))
    found = {}
    for name in names:
        values = np.full(total, np.nan)
        if name in base.properties:
            values[: base.num_items] = base.properties[name]
        values[index] = [record.numbers.get(name, np.nan) for record in records]
        found[name] = values
    return found


def _spellings(base: Catalogue, numbering: Numbering) -> tuple[Strings, NDArray[np.int32]]:
    """Folded ids, then names of all attributes, then the taxonomy's aliases, then aliases of the bundle's own."""
    if numbering.total == base.num_attributes and numbering.names == list(base.attribute_names):
        return base.alias, np.asarray(base.alias_attribute, dtype=np.int32)
    code = {kind: position for position, kind in enumerate(numbering.types)}
    keys = [(code[kind], ext) for kind, ext in numbering.place]
    found: dict[tuple[int, str], int] = {}
    for texts in ([ext for _, ext in keys], numbering.names):
        for attribute, text in enumerate(texts):
            if text:
                found.setdefault((keys[attribute][0], _folded(text)), attribute)
    aliases = [(_folded(alias), _folded(target)) for alias, target in load_taxonomy().aliases.items()]
    for alias, target in aliases:
        for kind in code.values():
            if (meant := found.get((kind, target))) is not None:
                found.setdefault((kind, alias), meant)
    given = {_folded(text) for text in (*base.attribute_ids, *base.attribute_names)} | dict(aliases).keys()
    for text, attribute in zip(base.alias, base.alias_attribute.tolist(), strict=True):
        if text not in given:
            found.setdefault((keys[attribute][0], text), attribute)
    spellings = Strings.pack(text for _, text in found)
    return spellings, np.fromiter(found.values(), dtype=np.int32, count=len(found))


def _none() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)
