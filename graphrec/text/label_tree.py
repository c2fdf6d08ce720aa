"""The hierarchical label tree: labels with like embeddings lie in one cluster, clusters in clusters, all of one size.

Source: PECOS (Yu et al., arXiv 2010.05878), algorithm 1, with balanced spherical 2-means, as GIANT uses it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError, StoreError
from graphrec.text.balanced_split import BLOCK_BYTES, split_level
from graphrec.text.label_chain import LabelTreeConfig, chain_shapes, level_parents, tree_depth

if TYPE_CHECKING:
    import scipy.sparse as sp

__all__ = ["LabelTree", "LabelTreeConfig", "build_label_tree", "chain_shapes"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelTree:
    """A chain of cluster matrices from the root to the labels.

    Args:
        chain: scipy CSR float32 `[codes of level t, codes of level t-1]`, one 1 per row: the cluster above. The
            first has one column, the root; the last has a row for each label.

    Raises:
        InvalidInputError: the matrices do not fit each other, or a row has not exactly one entry.
    """

    chain: tuple[sp.csr_matrix, ...]

    def __post_init__(self) -> None:
        above = 1
        for t, level in enumerate(self.chain):
            if level.shape[1] != above or not np.array_equal(level.indptr, np.arange(level.shape[0] + 1)):
                raise InvalidInputError(
                    f"Level {t} of a label tree must give each of its codes one of {above} codes above; "
                    f"its matrix has the shape {level.shape} and {level.nnz} entries."
                )
            above = level.shape[0]
        if not self.chain:
            raise InvalidInputError("A label tree needs at least one level.")

    @classmethod
    def from_parents(cls, parents: list[NDArray[np.int32]]) -> Self:
        """From the code above of every code, level by level, coarse to fine."""
        sizes = [1, *(len(level) for level in parents)]
        return cls(tuple(_one_hot(level, above) for level, above in zip(parents, sizes, strict=False)))

    @property
    def num_labels(self) -> int:
        """Number of labels."""
        return int(self.chain[-1].shape[0])

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Shapes of the chain's matrices."""
        return [(int(level.shape[0]), int(level.shape[1])) for level in self.chain]

    def parents(self, level: int) -> NDArray[np.int32]:
        """Code of the level above for every code of a level, int32 `[codes]`."""
        above: NDArray[np.int32] = self.chain[level].indices
        return above

    def codes(self, level: int) -> NDArray[np.int32]:
        """Code of every label at a level, int32 `[num_labels]`; at the last level a label is its own code."""
        codes = np.arange(self.num_labels, dtype=np.int32)
        for t in range(len(self.chain) - 1, level, -1):
            codes = self.parents(t)[codes]
        return codes

    def save(self, path: Path) -> None:
        """Write an `.npz` of one int32 array per level, whole or not at all.

        Raises:
            StoreError: the file cannot be written.
        """
        draft = path.parent / f".{path.name}.{secrets.token_hex(6)}.tmp"
        arrays: dict[str, Any] = {f"parents_{t}": self.parents(t) for t in range(len(self.chain))}
        try:
            with draft.open("xb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise StoreError(
                f"The label tree {path} cannot be written: {error.strerror or error}."
            ) from error
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            NotFoundError: no such file.
            CorruptionError: it is not a label tree.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                parents = [
                    file[f"parents_{t}"].astype(np.int32, casting="safe") for t in range(len(file.files))
                ]
            return cls.from_parents(parents)
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no label tree {path}.") from error
        except (KeyError, ValueError, TypeError, EOFError, OSError, BadZipFile) as error:
            raise CorruptionError(
                f"{path} is not a label tree as graphrec writes it; build it again."
            ) from error


def build_label_tree(
    z: sp.csr_matrix | NDArray[np.float32],
    config: LabelTreeConfig | None = None,
    report: Callable[[int, int], None] | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> LabelTree:
    """Halve the labels by balanced spherical 2-means until they fit into leaves, and regroup the leaves into levels.

    The result depends on `z` and the configuration alone: the two first rows of every split come from draws made
    before the first one, ties in scores are decided by the label's id. Leaves differ by at most one label. Labels
    whose row is zero fall where ties put them.

    Peak memory beside `z`: 80 bytes per label and three blocks of `block_bytes` for a dense `z`; for a sparse one
    half of `z` twice, because rows are copied and their columns renumbered node by node, from the second split on.

    Args:
        z: label embeddings `[num_labels, dim]` of unit (or zero) length, CSR float32 or dense float32.
        config: settings of the tree.
        report: called with the number of levels done and in all.
        block_bytes: size of the pieces in which rows are worked on.

    Raises:
        InvalidInputError: no labels, empty leaves, or a row that is not finite.
    """
    config = config or LabelTreeConfig()
    num_labels = int(z.shape[0])
    depth = tree_depth(num_labels, config)
    draws = np.random.default_rng(config.seed).integers(0, 2**62, size=(2**depth, 2), dtype=np.int64)
    order = np.arange(num_labels, dtype=np.int64)
    starts = np.array([0, num_labels], dtype=np.int64)
    for level in range(depth):
        first = 2**level
        order, starts = split_level(
            z, order, starts, draws[first : 2 * first], config.iterations, block_bytes
        )
        if report is not None:
            report(level + 1, depth)
    leaf_of = np.empty(num_labels, dtype=np.int32)
    leaf_of[order] = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return LabelTree.from_parents(level_parents(leaf_of, config))


def _one_hot(codes: NDArray[np.int32], num_codes: int) -> sp.csr_matrix:
    import scipy.sparse as sp

    if len(codes) and (codes.min() < 0 or codes.max() >= num_codes):
        raise ValueError(f"codes outside 0 to {num_codes - 1}")
    ones = np.ones(len(codes), dtype=np.float32)
    return sp.csr_matrix((ones, codes, np.arange(len(codes) + 1)), shape=(len(codes), num_codes))
