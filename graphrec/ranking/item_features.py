"""What an item says of itself, as a sparse bag of words: the same in training and for an item that came just now.

Only what any new item can have is read: its title, its lines and steps, its description, and the attributes of
relations that the store marks as features. Numbers, meals, labels and counts are never looked at: that an item has
them at all may tell how popular it became.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError
from graphrec.language.fold import tokens
from graphrec.sparse import CSR
from graphrec.sparse.strings import Strings
from graphrec.store.records import ItemRecord

Float = NDArray[np.floating[Any]]
Bags = dict[str, set[str]]

FIELDS = ("title", "title pairs", "lines", "line pairs", "prose", "attributes")
"""Parts of a bag. Each has unit length before it is weighted, so that long steps do not drown a short title."""
_PAIRS = {"title": "title pairs", "lines": "line pairs"}
_LINES = ("ingredients",)
_PROSE = ("instructions", "description")
_MARK = "\x1f"


@dataclass(frozen=True, eq=False)
class ItemFeatures:
    """A vocabulary with its weights.

    Args:
        words: field, mark and word of each column, ascending, `[F]`.
        idf: float32 `[F]`.
        stops: words of a field too common to tell items apart; pairs are formed without them.
        weights: float32 `[len(FIELDS)]`, share of each field in the likeness of two items.
    """

    words: Strings
    idf: Float
    stops: Strings
    weights: Float

    def __post_init__(self) -> None:
        if self.idf.shape != (len(self.words),) or self.weights.shape != (len(FIELDS),):
            raise CorruptionError("The features of cold items do not fit together; train again.")

    def __len__(self) -> int:
        return len(self.words)

    def bags(self, records: Iterable[ItemRecord]) -> CSR:
        """TF-IDF rows float32 `[n, F]`; of unit length, zero for an item that says nothing that is known."""
        return self.bags_of(read_item(record) for record in records)

    def bags_of(self, texts: Iterable[ItemText]) -> CSR:
        """The same of items that were read already."""
        place, stops = self.words.positions, set(self.stops)
        columns: list[int] = []
        sizes: list[int] = []
        for text in texts:
            before = len(columns)
            for field, words in words_of(text, stops).items():
                marked = field + _MARK
                columns.extend(place[key] for word in words if (key := marked + word) in place)
            columns[before:] = sorted(columns[before:])
            sizes.append(len(columns) - before)
        indptr = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
        indices = np.asarray(columns, dtype=np.int32)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        return CSR(indptr, indices, self._values(rows, indices, len(sizes)), (len(sizes), len(self)))

    @cached_property
    def fields(self) -> NDArray[np.int8]:
        """Which of :data:`FIELDS` each word belongs to, `[F]`."""
        number = {field: position for position, field in enumerate(FIELDS)}
        return np.array([number[word.partition(_MARK)[0]] for word in self.words], dtype=np.int8)

    def _values(self, rows: NDArray[Any], columns: NDArray[Any], count: int) -> Float:
        """Idf, brought to unit length per field and weighted, then to unit length per item."""
        values = self.idf[columns].astype(np.float64)
        field = self.fields[columns] if len(columns) else columns
        block = rows * len(FIELDS) + field
        lengths = np.sqrt(np.bincount(block, values * values, count * len(FIELDS)))
        values = values / np.maximum(lengths[block], 1e-12) * np.sqrt(self.weights[field])
        whole = np.sqrt(np.bincount(rows, values * values, count))
        return np.asarray(values / np.maximum(whole[rows], 1e-12), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class ItemText:
    """The folded words of an item.

    Args:
        title: in order.
        lines: each in order.
        prose, attributes: as sets.
    """

    title: list[str]
    lines: list[list[str]]
    prose: set[str]
    attributes: set[str]


def read_item(record: ItemRecord) -> ItemText:
    """All that is ever looked at of an item."""
    lines = [line for key in _LINES for line in record.texts.get(key, "").split("\n")]
    prose = {word for key in _PROSE for word in _words(record.texts.get(key, ""))}
    attributes = {f"{a.relation} {a.type} {a.ext}" for a in record.feature_attributes()}
    return ItemText(_words(record.name or ""), [_words(line) for line in lines], prose, attributes)


def fit_features(
    texts: Sequence[ItemText], weights: Sequence[float], *, most: int, min_items: int = 3,
    max_share: float = 0.3,
) -> ItemFeatures:  # fmt: skip
    """Read a vocabulary off the items that were chosen from.

    Args:
        weights: one per field of :data:`FIELDS`.
        most: words at most; the ones that the most items have stay.
        min_items: items that have a word, at least; pairs need one more.
        max_share: a word that a larger share of the items has tells nothing.
    """
    limit = max(max_share * len(texts), min_items)
    singles = Counter(
        field + _MARK + word
        for text in texts
        for field, words in (("title", text.title), ("lines", chain.from_iterable(text.lines)))
        for word in set(words)
    )
    stops = {key for key, count in singles.items() if count > limit}
    counts = Counter(key for text in texts for key in _keys(words_of(text, stops)))
    pairs = tuple(name + _MARK for name in _PAIRS.values())
    known = [key for key, count in counts.items() if min_items + key.startswith(pairs) <= count <= limit]
    known = sorted(sorted(known, key=lambda key: (-counts[key], key))[:most])
    spread = np.array([counts[key] for key in known], dtype=np.float64)
    idf = np.log((1 + len(texts)) / (1 + spread)).astype(np.float32)
    shares = np.asarray(weights, dtype=np.float32)
    return ItemFeatures(Strings.pack(known), idf, Strings.pack(sorted(stops)), shares)


def words_of(text: ItemText, stops: set[str]) -> Bags:
    """The words of an item by field; pairs are formed of what remains without the marked words in `stops`."""
    found: Bags = {field: set() for field in FIELDS}
    found["prose"], found["attributes"] = text.prose, text.attributes
    for field, rows in (("title", [text.title]), ("lines", text.lines)):
        marked = field + _MARK
        for row in rows:
            words = [word for word in row if marked + word not in stops]
            found[field].update(words)
            found[_PAIRS[field]].update(f"{first} {second}" for first, second in pairwise(words))
    return found


def _words(text: str) -> list[str]:
    """Folded words; amounts say nothing of taste."""
    return [word for word in tokens(text) if not word[0].isdigit()] if text else []


def _keys(bags: Bags) -> Iterator[str]:
    return (field + _MARK + word for field, words in bags.items() for word in words)
