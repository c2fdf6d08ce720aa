"""From texts and neighbours to the label tree: TF-IDF, label embeddings, clustering, each a stage of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.text.giant_config import GiantConfig
from graphrec.text.giant_progress import Reporter
from graphrec.text.label_tree import LabelTree, build_label_tree
from graphrec.text.matrix_files import load_matrix, new_dense, save_matrix
from graphrec.text.pifa import pifa, pifa_entries
from graphrec.text.principal_sketch import PrincipalSketch, label_sample
from graphrec.text.projection import project_blocks
from graphrec.text.stages import Stages, fingerprint
from graphrec.text.text_table import TextTable
from graphrec.text.tfidf import TfidfBlocks

if TYPE_CHECKING:
    import scipy.sparse as sp

_PIFA_BYTES = 16  # per entry of the exact label embeddings
_WIDE = 1024  # columns of the sketch that the main axes are found in
_TREE, _BEFORE = "tree.npz", ("tfidf", "pifa")


@dataclass(frozen=True, slots=True, eq=False)
class TreeInput:
    """What the tree is made from.

    Args:
        table: texts of all nodes.
        counted: bool `[num_nodes]`, nodes whose texts TF-IDF is fitted on.
        instances: int64 `[n]`, nodes whose texts describe their neighbours.
        labels: CSR `[n, num_labels]`, their neighbours.
        mark: fingerprint of texts, graph and what was left out.
    """

    table: TextTable
    counted: NDArray[np.bool_]
    instances: NDArray[np.int64]
    labels: sp.csr_matrix
    mark: str


def label_tree(
    given: TreeInput, config: GiantConfig, stages: Stages, report: Reporter
) -> tuple[LabelTree, dict[str, Any]]:
    """The tree over the labels, from the work folder where it is done; and what it was made from."""
    words = fingerprint(given.mark, config.tfidf, config.exact_bytes, config.label_dim)
    whole = fingerprint(words, config.tree)

    def embed(place: Path) -> None:
        save_matrix(place, pifa(given.labels, x))

    def cluster(place: Path) -> dict[str, Any]:
        build_label_tree(z, config.tree, report.counting("tree")).save(place / _TREE)
        before = {name: stages.seconds[name] for name in _BEFORE}
        return {"before": before, "words": stages.facts("tfidf", words)}

    if not stages.finished("tree", whole):
        x = load_matrix(stages.run("tfidf", words, lambda place: _tfidf(given, config, place, report)))
        report("pifa", 0.0)
        z = load_matrix(stages.run("pifa", words, embed))
    tree = LabelTree.load(stages.run("tree", whole, cluster) / _TREE)
    facts = stages.facts("tree", whole)
    stages.seconds.update(facts["before"])
    stages.drop(*_BEFORE)
    return tree, facts["words"]


def _tfidf(given: TreeInput, config: GiantConfig, place: Path, report: Reporter) -> dict[str, Any]:
    """TF-IDF rows of the instances: exact where their label embeddings will fit, else projected."""
    table, rows = given.table, given.instances

    def fitted() -> Iterator[str]:
        return _noted(compress(table, given.counted), report.counting("tfidf"), int(given.counted.sum()), 0.0)

    blocks = TfidfBlocks.fit(fitted, config.tfidf)
    exact = _exact(blocks, given, config.exact_bytes)
    if exact is not None:
        save_matrix(place, exact)
        return {"terms": blocks.num_terms, "label embeddings": "exact"}
    sketch = PrincipalSketch(
        blocks.num_terms, config.label_dim, config.tree.seed, max(_WIDE, config.label_dim)
    )
    some, sampled = label_sample(given.labels, config.tree.seed)
    sketch.learn(blocks.transform(table[row] for row in rows[some].tolist()), sampled)
    texts = _noted((table[row] for row in rows.tolist()), report.counting("tfidf"), len(rows), 0.5)
    out = new_dense(place, len(rows), config.label_dim)
    project_blocks(blocks.transform_blocks(texts), sketch, len(rows), out)
    out.flush()  # type: ignore[attr-defined]
    return {"terms": blocks.num_terms, "label embeddings": f"{config.label_dim} main axes"}


def _exact(blocks: TfidfBlocks, given: TreeInput, most: int) -> sp.csr_matrix | None:
    """All rows as they are; None as soon as it shows that the label embeddings would need more than `most` bytes."""
    import scipy.sparse as sp

    parts: list[sp.csr_matrix] = []
    row = entries = 0
    if not most:
        return None
    for part in blocks.transform_blocks(given.table[node] for node in given.instances.tolist()):
        entries += pifa_entries(given.labels[row : row + part.shape[0]], part)
        row += part.shape[0]
        if entries * _PIFA_BYTES > most:
            return None
        parts.append(part)
    return sp.vstack(parts, format="csr", dtype=np.float32)


def _noted(texts: Iterator[str], told: Callable[[int, int], None], count: int, begin: float) -> Iterator[str]:
    """The texts, while half of a stage is told of."""
    for done, text in enumerate(texts):
        if done % 4096 == 0:
            told(round(10**6 * (begin + done / max(count, 1) / 2)), 10**6)
        yield text
