"""Small catalogues and models, made by plain Python: something independent to compare with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphrec.bundle import Bundle, Catalogue, ItemItemPart, Part, Strings, VectorPart, write_bundle
from graphrec.sparse import CSR

RELATION = {"ingredient": "contains", "cuisine": "of_cuisine", "keyword": "has_keyword"}


@dataclass
class World:
    """Items with attributes `type:id`, a hierarchy of kinds and parts, users with histories."""

    items: dict[str, set[str]]
    is_a: set[tuple[str, str]] = field(default_factory=set)
    holds: set[tuple[str, str]] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    minutes: dict[str, float] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    users: dict[str, dict[str, float]] = field(default_factory=dict)
    kinds: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def attributes(self) -> list[str]:
        named = {a for attributes in self.items.values() for a in attributes}
        return sorted(named | {node for pair in self.is_a | self.holds for node in pair})

    def broader(self, attribute: str, *, holds: bool = True) -> set[str]:
        """All ancestors, by walking; `holds=False` walks kinds alone."""
        found: set[str] = set()
        todo = [attribute]
        while todo:
            here = todo.pop()
            for low, high in self.is_a | (self.holds if holds else set()):
                if low == here and high not in found:
                    found.add(high)
                    todo.append(high)
        return found

    def closed(self, item: str, *, holds: bool = False) -> set[str]:
        """Everything an item is (or holds), by its own attributes and theirs."""
        own = self.items[item]
        return own.union(*(self.broader(a, holds=holds) for a in own)) if own else set()

    def catalogue(self) -> Catalogue:
        items, users, attributes = list(self.items), list(self.users), self.attributes()
        place = {a: n for n, a in enumerate(attributes)}
        row = {i: n for n, i in enumerate(items)}
        types = sorted({a.split(":")[0] for a in attributes} | {"ingredient"})
        edges = sorted((row[i], place[a]) for i in items for a in self.items[i])
        size = len(attributes)
        closed, contained = (
            pairs(
                [(place[a], row[i]) for i in items for a in self.closed(i, holds=holds)], (size, len(items))
            )
            for holds in (False, True)
        )
        kinds_of, broad = (
            pairs(
                [(place[a], place[b]) for a in attributes for b in self.broader(a, holds=holds)], (size, size)
            )
            for holds in (False, True)
        )
        relations = [RELATION.get(t, f"has_{t}") for t in types]
        history = self.history()
        seen = [(users[u], items[i]) for u, i in zip(history.row_index(), history.indices, strict=True)]
        kinds = sorted(set(self.kinds.values()) | {"cook"})
        codes = [types.index(attributes[a].split(":")[0]) for _, a in edges]
        return Catalogue(
            user_type="user", item_type="recipe", user_ids=Strings.pack(users), item_ids=Strings.pack(items),
            titles=Strings.pack(self.titles.get(i, f"Dish {i}") for i in items), types=tuple(types),
            hierarchical=("ingredient",),
            attribute_type=np.asarray([types.index(a.split(":")[0]) for a in attributes], dtype=np.int16),
            attribute_ids=Strings.pack(a.split(":", 1)[1] for a in attributes),
            attribute_names=Strings.pack(self.names.get(a, "") for a in attributes),
            relations=tuple(relations), item_attributes=pairs(edges, (len(items), len(attributes))),
            edge_relation=np.asarray(codes, dtype=np.int16),
            attribute_items=closed, attribute_items_contained=contained,
            broader_kinds=kinds_of, broader=broad,
            properties={
                "total_minutes": np.asarray([self.minutes.get(i, np.nan) for i in items]),
                "unlinked_lines": np.asarray([float(i in self.unread) for i in items]),
            },
            popularity=np.bincount(history.indices, minlength=len(items)).astype(np.float32),
            kinds=tuple(kinds),
            history_kind=np.asarray([kinds.index(self.kinds.get(s, "cook")) for s in seen], dtype=np.int16),
            alias=Strings.pack(a.split(":", 1)[1] for a in attributes),
            alias_attribute=np.arange(len(attributes), dtype=np.int32),
        )  # fmt: skip

    def history(self) -> CSR:
        items, users = list(self.items), list(self.users)
        entries = [
            (users.index(u), items.index(i), w) for u, chosen in self.users.items() for i, w in chosen.items()
        ]
        coordinates = np.asarray([e[:2] for e in entries], dtype=np.int64).reshape(-1, 2)
        weights = np.asarray([e[2] for e in entries], dtype=np.float32)
        return CSR.from_coo(coordinates[:, 0], coordinates[:, 1], weights, (len(users), len(items)))

    def bundle(self, parts: list[Part] | None = None) -> Bundle:
        """The same as writing and reading, without the disk."""
        scorers = tuple(parts or random_parts(self))
        return Bundle(Path("in-memory"), {"model": "test"}, scorers, self.catalogue(), self.history(), {})

    def write(self, directory: Path, parts: list[Part] | None = None, **more: object) -> Path:
        """Write a bundle of this world with some parts (random ones when none are given)."""
        arguments: dict[str, object] = {"manifest": {"model": "test", "seed": 7}, "card": "# test\n"} | more
        return write_bundle(
            directory, parts=parts or random_parts(self), catalogue=self.catalogue(),
            history=self.history(), **arguments,  # type: ignore[arg-type]
        )  # fmt: skip


def pairs(coordinates: list[tuple[int, int]], shape: tuple[int, int]) -> CSR:
    array = np.asarray(coordinates, dtype=np.int64).reshape(-1, 2)
    return CSR.from_coo(array[:, 0], array[:, 1], None, shape)


def random_parts(world: World, dim: int = 5, seed: int = 0) -> list[Part]:
    rng = np.random.default_rng(seed)
    users, items = len(world.users), len(world.items)
    dense = rng.normal(size=(items, items)).astype(np.float32) * (rng.random((items, items)) < 0.5)
    rows, cols = np.nonzero(dense)
    weights = CSR.from_coo(rows, cols, dense[rows, cols], (items, items))
    vectors = VectorPart(
        rng.normal(size=(users, dim)).astype(np.float32), rng.normal(size=(items, dim)).astype(np.float32),
        rng.normal(size=items).astype(np.float32), weight=0.5,
    )  # fmt: skip
    return [vectors, ItemItemPart(weights, weight=2.0)]


def kitchen() -> World:
    """Eight dishes with a hand-made hierarchy; r7 has no ingredients known, r8 no time."""
    return World(
        items={
            "r1": {"ingredient:shrimp", "ingredient:coconut milk", "cuisine:thai"},
            "r2": {"ingredient:shrimp", "ingredient:coconut milk", "ingredient:salt"},
            "r3": {"ingredient:chicken breast", "ingredient:almond", "ingredient:salt"},
            "r4": {"ingredient:chicken breast", "ingredient:salt", "cuisine:italian"},
            "r5": {"ingredient:chicken thigh", "ingredient:peanut"},
            "r6": {"ingredient:tofu", "ingredient:salt"},
            "r7": {"cuisine:thai"},
            "r8": {"ingredient:chicken breast", "cuisine:thai"},
        },
        is_a={
            ("ingredient:almond", "ingredient:tree nut"), ("ingredient:tree nut", "ingredient:nut"),
            ("ingredient:peanut", "ingredient:nut"), ("ingredient:chicken breast", "ingredient:chicken"),
            ("ingredient:chicken thigh", "ingredient:chicken"), ("ingredient:shrimp", "ingredient:shellfish"),
        },
        minutes={"r1": 20.0, "r2": 30.0, "r3": 45.0, "r4": 30.0, "r5": 60.0, "r6": 10.0, "r7": 15.0},
        titles={"r1": "Shrimp curry", "r2": "Coconut shrimp", "r4": "Chicken Milanese"},
        users={
            "u1": {"r1": 1.0, "r6": 0.2}, "u2": {"r1": 1.0, "r2": 0.5, "r3": 1.0},
            "u3": {"r4": 1.0, "r8": 1.0}, "idle": {},
        },
        kinds={("u1", "r6"): "view", ("u2", "r2"): "save"},
    )  # fmt: skip
