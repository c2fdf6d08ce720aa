"""What the request scorer knows of items before training: word vectors, attribute vectors, edge features."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

from graphrec.bundle import Catalogue
from graphrec.language.fold import tokens
from graphrec.sparse import CSR
from graphrec.sparse.strings import Strings

Float = NDArray[np.floating[Any]]

TITLE_WEIGHT = 2
MIN_ITEMS = 2
EDGE_FEATURES = 5


@dataclass(frozen=True, eq=False)
class Content:
    """Fixed inputs of the request scorer.

    Args:
        words: vocabulary, ascending.
        word_vectors: float32 `[num_words, text_dim]`, latent semantic vectors times idf.
        item_text: float32 `[num_items, text_dim]`, unit length (zero without text).
        item_graph: float32 `[num_items, dim]`, unit length, the model's item vectors.
        attribute_graph: float32 `[num_attributes, dim]`, mean of the items that have the attribute.
        edge_features: float32 `[attribute_items.nnz, EDGE_FEATURES]`.
    """

    words: Strings
    word_vectors: Float
    item_text: Float
    item_graph: Float
    attribute_graph: Float
    edge_features: Float


def build_content(catalogue: Catalogue, item_vectors: Float, *, text_dim: int = 96) -> Content:
    """Read words, vectors and edge features off a catalogue and a trained model.

    Args:
        item_vectors: float32 `[num_items, dim]`; a model without vectors gives `[num_items, 0]`.
    """
    titles = [tokens(title) for title in catalogue.titles]
    names = [tokens(catalogue.label(a)) for a in range(catalogue.num_attributes)]
    words, word_vectors, item_text = _latent_words(catalogue, titles, names, text_dim)
    graph = _unit(np.asarray(item_vectors, dtype=np.float32))
    has = catalogue.attribute_items.to_scipy()
    attribute_graph = _unit(np.asarray(has @ graph, dtype=np.float32))
    features = _edge_features(catalogue, titles, names, graph, attribute_graph)
    return Content(words, word_vectors, item_text, graph, attribute_graph, features)


def _latent_words(
    catalogue: Catalogue, titles: list[list[str]], names: list[list[str]], text_dim: int
) -> tuple[Strings, Float, Float]:
    """Latent semantic analysis of titles and attribute names: TF-IDF, then a truncated SVD."""
    bags: list[Counter[str]] = []
    for item, title in enumerate(titles):
        bag: Counter[str] = Counter()
        for word in title:
            bag[word] += TITLE_WEIGHT
        for attribute in catalogue.item_attributes.row(item):
            bag.update(names[attribute])
        bags.append(bag)
    spread = Counter(word for bag in bags for word in bag)
    known = sorted(word for word, count in spread.items() if count >= MIN_ITEMS)
    place = {word: position for position, word in enumerate(known)}
    rows = [item for item, bag in enumerate(bags) for word in bag if word in place]
    cols = [place[word] for bag in bags for word in bag if word in place]
    values = [np.log1p(count) for bag in bags for word, count in bag.items() if word in place]
    idf = np.log((1 + len(bags)) / (1 + np.array([spread[word] for word in known], dtype=np.float64)))
    matrix = (
        sp.csr_matrix((values, (rows, cols)), shape=(len(bags), len(known))).multiply(idf[None, :]).tocsr()
    )
    rank = max(1, min(text_dim, min(matrix.shape) - 1))
    if min(matrix.shape) < 2 or not matrix.data.any():  # no word tells two items apart
        return (
            Strings.pack(known),
            np.zeros((len(known), 1), np.float32),
            np.zeros((len(bags), 1), np.float32),
        )
    start = np.ones(min(matrix.shape)) / np.sqrt(min(matrix.shape))
    _, singular, right = svds(matrix, k=rank, v0=start)
    # scaled by s^-1/2 on both sides: rare directions are heard beside the few strongest
    basis = (right / np.sqrt(np.maximum(singular, 1e-8))[:, None]).T
    word_vectors = (basis * idf[:, None]).astype(np.float32)
    return Strings.pack(known), word_vectors, _unit((matrix @ basis).astype(np.float32))


def _edge_features(
    catalogue: Catalogue,
    titles: list[list[str]],
    names: list[list[str]],
    graph: Float,
    attribute_graph: Float,
) -> Float:
    """Per (attribute, item) of the closed index: named in the title, its last word there, rarity, share of
    the item's attributes, likeness of the graph vectors. A broad attribute takes the best of what it covers.
    """
    direct, closed = catalogue.item_attributes, catalogue.attribute_items
    items, attributes = direct.row_index(), direct.indices
    title_sets = [set(title) for title in titles]
    whole = np.zeros(direct.nnz, dtype=np.float32)
    last = np.zeros(direct.nnz, dtype=np.float32)
    for edge, (item, attribute) in enumerate(zip(items.tolist(), attributes.tolist(), strict=True)):
        name = names[attribute]
        whole[edge] = bool(name) and all(word in title_sets[item] for word in name)
        last[edge] = bool(name) and name[-1] in title_sets[item]
    size = 1.0 / np.sqrt(np.maximum(direct.degrees(), 1)).astype(np.float32)
    features = np.zeros((closed.nnz, EDGE_FEATURES), dtype=np.float32)
    rows, cols = closed.row_index(), closed.indices
    features[:, 0] = _raise(catalogue, closed, items, attributes, whole)
    features[:, 1] = _raise(catalogue, closed, items, attributes, last)
    features[:, 2] = np.log((1 + closed.shape[1]) / (1 + closed.degrees()))[rows] / np.log(
        1 + closed.shape[1]
    )
    features[:, 3] = size[cols]
    for part in np.array_split(np.arange(closed.nnz), max(1, closed.nnz // 200_000)):
        features[part, 4] = np.einsum("ed,ed->e", attribute_graph[rows[part]], graph[cols[part]])
    return features


def _raise(catalogue: Catalogue, closed: CSR, items: Any, attributes: Any, values: Float) -> Float:
    """Values of direct edges at every broader kind as well, the largest where several meet."""
    keys = closed.row_index() * closed.shape[1] + closed.indices
    found = np.zeros(closed.nnz, dtype=np.float32)
    np.maximum.at(found, np.searchsorted(keys, attributes.astype(np.int64) * closed.shape[1] + items), values)
    chosen = np.flatnonzero(values > 0)
    counts = catalogue.broader_kinds.degrees()[attributes[chosen]]
    for edge, count in zip(chosen[counts > 0].tolist(), counts[counts > 0].tolist(), strict=True):
        above = catalogue.broader_kinds.row(int(attributes[edge])).astype(np.int64)
        place = np.searchsorted(keys, above * closed.shape[1] + items[edge])
        found[place] = np.maximum(found[place], np.full(count, values[edge]))
    return found


def _unit(rows: Float) -> Float:
    norms = np.linalg.norm(rows, axis=1, keepdims=True) if rows.shape[1] else np.ones((len(rows), 1))
    return np.asarray(rows / np.maximum(norms, 1e-8), dtype=np.float32)
