"""Planetoid's citation graphs, read from their raw files without trusting them."""

from __future__ import annotations

import pickle
from collections import defaultdict
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec.cold.data import NodeData, undirected
from graphrec.cold.features import row_normalised
from graphrec.datasets.base import need_file, read_lines
from graphrec.errors import CorruptionError, InvalidInputError

NUM_VALID_PUBLIC = 500
"""Validation nodes of the public split: those that follow the training nodes."""

Split = Literal["public", "public-rest", "first"]


def load_planetoid(
    folder: str | Path,
    name: str,
    *,
    split: Split | None = None,
    num_train: int = 600,
    valid_share: float = 0.1,
    seed: int = 0,
) -> NodeData:
    """Read `ind.<name>.{x,y,tx,ty,allx,ally,graph,test.index}` (Yang et al., ICML 2016).

    Features are divided by their row's sum. Test nodes that the files leave out (15 of Citeseer's) stand in
    the graph without features, in no split.

    Args:
        name: `cora`, `citeseer`, `pubmed`.
        split: `public` is the split of the files (20 nodes a class train, the next 500 validation, 1,000 test);
            `public-rest` trains and validates like it and tests on all others;
            `first` trains on the first `num_train` nodes but for a random `valid_share` of them, which validate,
            and tests on all others, as Cold Brew does on Cora. None: `first` for Cora, `public` for the rest.
        seed: draws the validation nodes of `first`.

    Raises:
        NotFoundError, CorruptionError, InvalidInputError: a missing file; one that is damaged or holds anything
            but arrays; an impossible split.
    """
    place, stem = Path(folder), f"ind.{name.lower()}"
    parts = {
        part: _read(need_file(place, f"{stem}.{part}")) for part in ("y", "tx", "ty", "allx", "ally", "graph")
    }
    listed = _read_index(need_file(place, f"{stem}.test.index"))
    try:
        x, y, labelled = _assemble(parts, listed)
        edges = _edges(parts["graph"], len(x))
        num_public = len(parts["y"])
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        raise CorruptionError(
            f"The files {stem}.* in {place} do not fit each other; fetch them again."
        ) from error
    kind = split or ("first" if name.lower() == "cora" else "public")
    if kind == "first":
        nodes = _first(labelled, num_train, valid_share, seed)
    else:
        nodes = _public(labelled, num_public, np.sort(listed) if kind == "public" else None)
    train, valid, test = (torch.from_numpy(part.astype(np.int64)) for part in nodes)
    features = row_normalised(torch.from_numpy(x))
    return NodeData(features, torch.from_numpy(y), edges, train, valid, test, int(y.max()) + 1)


Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


def _assemble(parts: dict[str, Any], listed: Int) -> tuple[NDArray[np.float32], Int, Bool]:
    """Features, classes and which nodes have one: training rows first, each test row at its own number."""
    known, num_known = parts["allx"], parts["allx"].shape[0]
    num_nodes = max(num_known, int(listed.max()) + 1)
    x = np.zeros((num_nodes, known.shape[1]), dtype=np.float32)
    y = np.zeros((num_nodes, parts["ally"].shape[1]), dtype=np.int64)
    x[:num_known], y[:num_known] = known.toarray(), parts["ally"]
    x[listed], y[listed] = parts["tx"].toarray(), parts["ty"]
    return x, y.argmax(axis=1), y.sum(axis=1) > 0


def _edges(graph: dict[int, list[int]], num_nodes: int) -> Tensor:
    pairs = [(int(node), int(other)) for node, others in graph.items() for other in others]
    edges = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    if len(edges) and not 0 <= int(edges.min()) <= int(edges.max()) < num_nodes:
        raise ValueError("an edge leaves the graph")
    return undirected(edges.t(), num_nodes)


def _public(labelled: Bool, num_train: int, test: Int | None) -> tuple[Int, Int, Int]:
    used = num_train + NUM_VALID_PUBLIC
    others = np.flatnonzero(labelled)
    test = others[others >= used] if test is None else test
    return np.arange(num_train), np.arange(num_train, used), test


def _first(labelled: Bool, num_train: int, valid_share: float, seed: int) -> tuple[Int, Int, Int]:
    nodes = np.flatnonzero(labelled)
    if not (0 < num_train < len(nodes) and 0 <= valid_share < 1):
        raise InvalidInputError(
            f"Training takes 1 to {len(nodes) - 1} nodes and a share below 1 of them validates; "
            f"asked for {num_train} and {valid_share}."
        )
    shuffled = np.random.default_rng(seed).permutation(nodes[:num_train])
    num_valid = round(num_train * valid_share)
    return np.sort(shuffled[num_valid:]), np.sort(shuffled[:num_valid]), nodes[num_train:]


def _read_index(path: Path) -> Int:
    lines = [line.strip() for line in read_lines(path)]
    if not lines or not all(line.isascii() and line.isdigit() for line in lines):
        raise CorruptionError(f"{path} should hold one node number a line; fetch it again.")
    return np.array([int(line) for line in lines], dtype=np.int64)


def _read(path: Path) -> Any:
    try:
        found = _ArraysOnly(BytesIO(path.read_bytes()), encoding="latin1").load()
        return found.matrix() if isinstance(found, _StoredMatrix) else found
    except CorruptionError as error:
        raise CorruptionError(f"{path} {error}") from None
    except Exception as error:  # a damaged pickle can raise anything
        raise CorruptionError(f"{path} is damaged; fetch it again.") from error


class _StoredMatrix:
    """Stands in for scipy's class while its pickled state is read: no code of the file's choice runs."""

    def matrix(self) -> sp.csr_matrix:
        state = self.__dict__
        shape = state["_shape"]
        return sp.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=shape)


class _ArraysOnly(pickle.Unpickler):
    """A pickle reader that knows NumPy arrays, CSR matrices and dictionaries of lists, and refuses all else."""

    _known: ClassVar[dict[tuple[str, str], Any]] = {
        ("scipy.sparse.csr", "csr_matrix"): _StoredMatrix,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): np.ndarray.__reduce__(np.zeros(0))[0],
        ("collections", "defaultdict"): defaultdict,
        ("__builtin__", "list"): list,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._known:
            raise CorruptionError(f"asks for {module}.{name}, which is no array; do not use this file.")
        return self._known[module, name]
