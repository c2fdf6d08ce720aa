"""The graph of the domains that a store's nodes belong to.

What joins two domains:

* `relation:NAME`: a relation between the domains as it stands, its weights divided by the largest; or one that leads
  from domains to something else (a region, say), of which adjacent domains share a node;
* `similarity` or `similarity:NAME`: profiles of what the nodes of a domain have in common by that relation (cuisines
  that share ingredients); without a name the relation with the most edges that is neither domain nor label, and where
  there is none, the mean of the nodes' inputs;
* `file:PATH` or `borders:PATH`: lines of two names and perhaps a weight, or a domain graph saved as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.edge_lists import read_edges
from graphrec.adapt.graph_profiles import ingredient_profiles, mean_profiles, similarity_graph
from graphrec.adapt.store_values import NodeValues
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.language.fold import fold
from graphrec.store.snapshot import GraphSnapshot

if TYPE_CHECKING:
    import scipy.sparse as sp

Int = NDArray[np.int64]

KINDS = ("relation:NAME", "similarity", "similarity:NAME", "file:PATH", "borders:PATH")
_FILES = ("file", "borders")


def domain_graph(
    snapshot: GraphSnapshot, node_type: str, domains: NodeValues, kind: str, *, neighbours: int = 4,
    without: Collection[str] = (), inputs: tuple[Int, NDArray[np.float32]] | None = None,
) -> DomainGraph:  # fmt: skip
    """The graph of the domains that have nodes, named as they are.

    A domain without nodes stays where a relation or file joins it: a path may lead through it.

    Args:
        node_type: whose domains they are.
        kind: what joins two domains, as described above.
        neighbours: how many a domain chooses where similarity joins them.
        without: relations that `similarity` may not choose by itself (that of the label).
        inputs: the nodes that count, int64 `[n]`, and their rows, float32 `[n, dim]`; None: all nodes, without rows.

    Raises:
        InvalidInputError: an unknown kind, or a relation or file that joins no two domains.
        NotFoundError: no such relation or file.
    """
    name, _, rest = kind.partition(":")
    rows = np.arange(len(domains.value)) if inputs is None else inputs[0]
    member = _member(domains, rows)
    filled = np.asarray(member.sum(axis=1)).ravel() > 0
    if name == "similarity":
        relation = rest or _shared_relation(snapshot, node_type, domains, without)
        if relation:
            profiles = _attribute_profiles(snapshot, node_type, relation, member[filled], rows)
        elif inputs is not None:
            profiles = mean_profiles(inputs[1], domains.value[rows], len(domains.names))[filled]
        else:
            raise InvalidInputError(
                f"Nothing joins {node_type} nodes to attributes that domains could share."
            )
        names = [domains.names[each] for each in np.flatnonzero(filled).tolist()]
        return similarity_graph(names, profiles, neighbours)
    if name == "relation" and rest:
        whole = _related(snapshot, domains, rest)
    elif name in _FILES and rest:
        whole = _of_file(snapshot, domains, Path(rest))
    else:
        raise InvalidInputError(f"--graph {kind!r} is unknown; give one of {', '.join(KINDS)}.")
    return whole.subgraph(np.flatnonzero(filled | (whole.adjacency > 0).any(axis=1)))


def find_domains(snapshot: GraphSnapshot, domains: NodeValues, wanted: Sequence[str]) -> list[str]:
    """The domains that a person means, by their ids or display names in any case.

    Raises:
        NotFoundError: no such domain.
    """
    find = _Spellings(snapshot, domains)
    numbers = [find(text) for text in wanted]
    for text, number in zip(wanted, numbers, strict=True):
        if number < 0:
            some = ", ".join(domains.names[:12]) + (", ..." if len(domains.names) > 12 else "")
            raise NotFoundError(f"There is no domain {text!r}; there are {some}.")
    return [domains.names[number] for number in numbers]


def _related(snapshot: GraphSnapshot, domains: NodeValues, relation: str) -> DomainGraph:
    info, own = snapshot.relation(relation), domains.node_type
    if own is None:
        raise InvalidInputError("These domains are texts and no nodes; join them by similarity or a file.")
    if own not in (info.src, info.dst):
        raise InvalidInputError(
            f"The relation {relation!r} joins {info.src} and {info.dst}, not {own} nodes; name another."
        )
    matrix = snapshot.csr(relation, "out" if info.src == own else "in").to_scipy().astype(np.float64)
    if info.src == info.dst:
        closeness = np.maximum(matrix.maximum(matrix.T).toarray(), 0.0)
    else:
        joined = (matrix > 0).astype(np.float64)
        closeness = ((joined @ joined.T) > 0).toarray().astype(np.float64)
    np.fill_diagonal(closeness, 0.0)
    if not closeness.any():
        raise InvalidInputError(f"No two {own} nodes are joined by {relation!r}; join them otherwise.")
    return DomainGraph(domains.names, closeness / closeness.max())


def _shared_relation(
    snapshot: GraphSnapshot, node_type: str, domains: NodeValues, without: Collection[str]
) -> str | None:
    """The relation to attributes with the most edges; bands and labels, which say little or too much, have fewer."""
    avoid = {*without, domains.relation}
    edges = {
        each.name: snapshot.csr(each.name).nnz
        for each in snapshot.relations
        if each.src == node_type and each.feature and each.name not in avoid
        and each.dst not in (node_type, domains.node_type, snapshot.user_type)
    }  # fmt: skip
    return max(edges, key=lambda name: edges[name]) if any(edges.values()) else None


def _attribute_profiles(
    snapshot: GraphSnapshot, node_type: str, relation: str, member: sp.csr_matrix, rows: Int
) -> NDArray[np.float64]:
    info = snapshot.relation(relation)
    if info.src != node_type:
        raise InvalidInputError(f"The relation {relation!r} leaves {info.src} and not {node_type} nodes.")
    counts = member @ (snapshot.csr(relation).to_scipy() != 0).astype(np.float64)[rows]
    return ingredient_profiles(counts)


def _member(domains: NodeValues, rows: Int) -> sp.csr_matrix:
    """Which of the rows belong to which domain, `[num_domains, num_rows]`."""
    import scipy.sparse as sp

    value = domains.value[rows]
    known = np.flatnonzero(value >= 0)
    shape = (len(domains.names), len(rows))
    return sp.csr_matrix((np.ones(len(known)), (value[known], known)), shape=shape)


def _of_file(snapshot: GraphSnapshot, domains: NodeValues, path: Path) -> DomainGraph:
    """A saved graph or a list of edges; names are ids or display names in any case, domains that are not here are
    left out.
    """
    if path.suffix.lower() == ".json":
        whole = DomainGraph.load(path)
        pairs = np.argwhere(np.triu(whole.adjacency))
        edges = [(whole.names[i], whole.names[j], float(whole.adjacency[i, j])) for i, j in pairs]
    else:
        edges = read_edges(path)
    find = _Spellings(snapshot, domains)
    found = [(find(one), find(other), weight) for one, other, weight in edges]
    kept = [(domains.names[i], domains.names[j], w) for i, j, w in found if min(i, j) >= 0 and i != j]
    if not kept:
        raise InvalidInputError(
            f"{path} joins no two of the domains ({', '.join(domains.names[:8])}, ...); use the same names in both."
        )
    return DomainGraph.from_edges(domains.names, kept)


class _Spellings:
    """Finds a domain by what a person writes: ids before display names, as written before other case before folded."""

    def __init__(self, snapshot: GraphSnapshot, domains: NodeValues) -> None:
        shown = [] if domains.node_type is None else list(snapshot.names(domains.node_type))
        self._tables: list[tuple[Callable[[str], str], dict[str, int]]] = []
        for spell in (str.strip, str.casefold, _folded):
            for names in (domains.names, shown):
                table: dict[str, int] = {}
                for number, name in enumerate(names):
                    table.setdefault(spell(name or ""), number)
                self._tables.append((spell, table))

    def __call__(self, text: str) -> int:
        """Number of the domain, -1 where there is none."""
        if not text.strip():
            return -1
        return next((table[key] for spell, table in self._tables if (key := spell(text)) in table), -1)


def _folded(text: str) -> str:
    return fold(text) or text.strip().casefold()
