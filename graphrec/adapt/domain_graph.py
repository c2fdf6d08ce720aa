"""Which domains are close: names and a symmetric matrix of closeness, checked once and never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.edge_lists import Edge, adjacency_of, read_edges
from graphrec.bundle.folders import replace_text
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError, StoreError

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DomainGraph:
    """Domains and how close each two of them are: A of Xu et al. (ICLR 2022), section 3.

    Args:
        names: one per domain, all different.
        adjacency: float64 `[num_domains, num_domains]`, symmetric, zero diagonal, entries 0 to 1: 1 joins two
            domains, 0 does not, what lies between is a closeness. Kept as a read-only copy.

    Raises:
        InvalidInputError: names or a matrix that are none of this; the message names the domains.
    """

    names: tuple[str, ...]
    adjacency: Float

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        _check_names(self.names)
        adjacency = _checked(self.names, self.adjacency)
        adjacency.setflags(write=False)
        object.__setattr__(self, "adjacency", adjacency)

    @classmethod
    def from_edges(cls, names: Sequence[str], edges: Iterable[Edge]) -> Self:
        """Join the named pairs, with weight 1 unless an edge says another; each pair in either direction or both.

        Raises:
            InvalidInputError: a name that is not in `names`, a domain joined to itself, a weight outside 0..1 or
                two weights for one pair.
        """
        _check_names(tuple(names))
        return cls(tuple(names), adjacency_of(names, edges))

    @classmethod
    def from_csv(
        cls, path: str | Path, names: Sequence[str] | None = None, *, header: bool | None = None
    ) -> Self:
        """Read edges, one a line: two names, perhaps a weight (borders between regions, say).

        Args:
            path: UTF-8, fields between commas, in `.tsv` between tabs.
            names: the domains, in this order; edges of others are left out. None: every name of the file, sorted.
            header: whether the first line names the columns; None: it does when its words are those of columns
                ("source", "target", "state", "neighbour") or its third field has no digit.

        Raises:
            NotFoundError, InvalidInputError: no such file; a line that is no edge (the message gives its number).
        """
        edges = read_edges(Path(path), header=header)
        if names is None:
            names = sorted({name for one, other, _ in edges for name in (one, other)})
            if not names:
                raise InvalidInputError(f"{path} joins no domains; write two names a line.")
        known = set(names)
        kept = [edge for edge in edges if edge[0] in known and edge[1] in known]
        if edges and not kept:
            raise InvalidInputError(
                f"No line of {path} joins two of the domains ({_listed(names)}); use the same names in both."
            )
        return cls.from_edges(names, kept)

    @classmethod
    def clique(cls, names: Sequence[str]) -> Self:
        """Every domain joined to every other: the graph on which GRDA aligns as DANN does."""
        return cls(tuple(names), np.ones((len(names), len(names))) - np.eye(len(names)))

    @property
    def num_domains(self) -> int:
        """N."""
        return len(self.names)

    @cached_property
    def num_edges(self) -> int:
        """Pairs of positive weight, each counted once."""
        return int(np.count_nonzero(self.adjacency)) // 2

    @property
    def is_weighted(self) -> bool:
        """Whether any entry is other than 0 and 1."""
        return bool(((self.adjacency > 0) & (self.adjacency < 1)).any())

    @property
    def is_clique(self) -> bool:
        """Whether every two domains are joined with weight 1 (a single domain counts as one)."""
        return bool((self.adjacency + np.eye(self.num_domains) == 1).all())

    def index(self, name: str) -> int:
        """Number of a domain.

        Raises:
            NotFoundError: the graph has no such domain.
        """
        if name not in self._numbers:
            raise NotFoundError(f"The domain graph has no domain {name!r}; it has {_listed(self.names)}.")
        return self._numbers[name]

    def indices(self, names: Iterable[str]) -> Int:
        """Numbers of several domains, int64 in the order given; errors as :meth:`index`."""
        return np.array([self.index(name) for name in names], dtype=np.int64)

    def neighbours(self, domain: int) -> Int:
        """Domains joined to one, int64 ascending."""
        return np.flatnonzero(self.adjacency[domain]).astype(np.int64)

    def hops(self, sources: NDArray[np.integer[Any]]) -> Int:
        """Edges to the nearest source.

        Args:
            sources: domain numbers `[num_sources]`; any positive entry of the matrix is one step.

        Returns:
            int64 `[num_domains]`: 0 at the sources, -1 where no source is within reach.

        Raises:
            InvalidInputError: a number that is no domain's.
        """
        found = np.full(self.num_domains, -1, dtype=np.int64)
        front = np.unique(self._known(sources))
        steps = 0
        while len(front):
            found[front] = steps
            steps += 1
            front = np.flatnonzero((self.adjacency[front] > 0).any(axis=0) & (found < 0))
        return found

    def components(self) -> Int:
        """Connected part of each domain, int64 `[num_domains]`, numbered from 0 by their first domains."""
        found = np.full(self.num_domains, -1, dtype=np.int64)
        parts = 0
        for domain in range(self.num_domains):
            if found[domain] < 0:
                found[self.hops(np.array([domain])) >= 0] = parts
                parts += 1
        return found

    def subgraph(self, domains: NDArray[np.integer[Any]]) -> Self:
        """The graph on some domains, in the order given."""
        kept = self._known(domains)
        return type(self)(tuple(self.names[number] for number in kept), self.adjacency[np.ix_(kept, kept)])

    def without(self, domains: NDArray[np.integer[Any]]) -> Self:
        """The graph on all other domains, in their order."""
        return self.subgraph(np.setdiff1d(np.arange(self.num_domains), self._known(domains)))

    def to_networkx(self) -> Any:
        """`networkx.Graph` over the names, edges with their `weight`."""
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(self.names)
        graph.add_weighted_edges_from(
            (self.names[i], self.names[j], weight) for i, j, weight in self._edges()
        )
        return graph

    def save(self, path: str | Path) -> None:
        """Write JSON: `names` and `edges`, each two domain numbers and a weight, in place of what is there.

        Raises:
            StoreError: the disk refused.
        """
        text = json.dumps({"names": self.names, "edges": self._edges()}, ensure_ascii=False)
        try:
            replace_text(Path(path), text + "\n")
        except OSError as error:
            raise StoreError(
                f"The domain graph {path} cannot be written: {error.strerror or error}."
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote; the weights come back bit for bit.

        Raises:
            NotFoundError, CorruptionError: no such file, or one that is something else.
        """
        if not Path(path).is_file():
            raise NotFoundError(f"There is no domain graph at {path}.")
        try:
            stored = json.loads(Path(path).read_text(encoding="utf-8"))
            names = stored["names"]
            edges = [(names[i], names[j], weight) for i, j, weight in stored["edges"] if min(i, j) >= 0]
            if len(edges) != len(stored["edges"]):
                raise ValueError("a negative number")
            return cls.from_edges(names, edges)
        except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise CorruptionError(f"{path} is not a domain graph ({error}); save it again.") from error

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def _edges(self) -> list[tuple[int, int, float]]:
        pairs = np.argwhere(np.triu(self.adjacency))
        return [(int(i), int(j), float(self.adjacency[i, j])) for i, j in pairs]

    def _known(self, domains: NDArray[np.integer[Any]]) -> Int:
        numbers = np.asarray(domains)
        if numbers.size == 0:
            return np.zeros(0, dtype=np.int64)
        if numbers.ndim != 1 or not np.issubdtype(numbers.dtype, np.integer):
            raise InvalidInputError("Domains are given as a list of whole numbers; names: see `indices`.")
        if not 0 <= numbers.min() <= numbers.max() < self.num_domains:
            outside = numbers[(numbers < 0) | (numbers >= self.num_domains)][0]
            raise InvalidInputError(f"Domains are numbered 0 to {self.num_domains - 1}; {outside} is none.")
        return numbers.astype(np.int64)


def _listed(names: Sequence[str], most: int = 8) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _check_names(names: tuple[str, ...]) -> None:
    if not names:
        raise InvalidInputError("A domain graph needs at least one domain.")
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise InvalidInputError(f"A domain is named by a text that is not empty, not by {name!r}.")
    if len(set(names)) < len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise InvalidInputError(f"Two domains are named {twice!r}; give each its own name.")


def _checked(names: tuple[str, ...], matrix: Any) -> Float:
    """A copy of the matrix, if it is a symmetric one of closeness."""
    try:
        adjacency = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError("An adjacency matrix holds numbers.") from error
    if adjacency.shape != (len(names), len(names)):
        raise InvalidInputError(
            f"{len(names)} domains need an adjacency matrix of {len(names)} x {len(names)}, not of {adjacency.shape}."
        )
    for wrong, complaint in (
        (~((adjacency >= 0) & (adjacency <= 1)), "has closeness {}, which is not within 0 and 1"),
        (
            np.diag(np.diag(adjacency)) != 0,
            "stands on the diagonal with {}; a domain is not joined to itself",
        ),
        (adjacency != adjacency.T, "has closeness {} in one direction and another in the other"),
    ):
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise InvalidInputError(f"The pair {names[i]}, {names[j]} {complaint.format(adjacency[i, j])}.")
    return adjacency + 0.0  # no negative zeros
