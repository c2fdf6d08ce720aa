"""Neighbour sampling for mini-batches on graphs with node and edge types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.sparse.random_draws import stream_key
from graphrec.sparse.sampled_blocks import Block, HeteroBlock, HeteroSampledBlocks, Relation
from graphrec.sparse.sampler_rows import Excluded, Rows, checked_fanouts
from graphrec.sparse.sampler_scratch import Idle, Scratch

Int = NDArray[np.integer[Any]]
Fanouts = Sequence[int] | Mapping[Relation, Sequence[int]]


class HeteroNeighborSampler:
    """:class:`~graphrec.sparse.neighbor_sampler.NeighborSampler` for typed graphs.

    At every hop each relation is sampled by itself, for all nodes of its target type that the batch has so far.

    Args:
        relations: `indptr` and `indices` of the incoming edges of each relation
            `(source type, name, target type)`, as in the homogeneous sampler.
        fanouts: neighbours per node and relation, the hop next to the seeds first, -1 for all; or such a list for
            each relation, all of one length (0 leaves a relation out at that hop).
        num_nodes: nodes of each type. Only a type that no relation leads to needs to be named.
        replace, seed, edges: as in the homogeneous sampler.

    Raises:
        InvalidInputError: the arrays are no CSR graphs, disagree about the number of nodes of a type, or a node
            type's number is unknown; or fanouts are neither positive nor -1, or missing for a relation.
    """

    def __init__(
        self,
        relations: Mapping[Relation, tuple[Int, Int]],
        fanouts: Fanouts,
        num_nodes: Mapping[str, int] | None = None,
        replace: bool = False,
        seed: int = 0,
        *,
        edges: bool = False,
    ) -> None:
        if not relations:
            raise InvalidInputError("A typed graph needs at least one relation.")
        self.relations = {name: Rows.of(*arrays) for name, arrays in relations.items()}
        self.fanouts = _by_relation(fanouts, list(self.relations))
        self.num_nodes = _node_counts(self.relations, num_nodes or {})
        self.replace, self.seed, self.edges = replace, seed, edges
        self._scratch = Idle(lambda: {kind: Scratch(size) for kind, size in self.num_nodes.items()})

    def sample(
        self,
        seeds: Mapping[str, Int],
        *,
        epoch: int = 0,
        batch: int = 0,
        exclude: Mapping[Relation, Int] | None = None,
    ) -> HeteroSampledBlocks:
        """Blocks for seeds of one or more types, outermost first.

        Args:
            seeds: integers `[num_seeds]` by node type.
            epoch, batch: name the random stream; another pair gives another sample.
            exclude: edges that no block may hold, `[2, num_excluded]` (sources, targets) by relation.

        Raises:
            InvalidInputError: a seed or a source lies outside its type, or a type or relation is unknown.
        """
        excluded = self._excluded(exclude or {})
        if unknown := set(seeds) - set(self.num_nodes):
            raise InvalidInputError(
                f"No node type {sorted(unknown)[0]!r}; there are {', '.join(sorted(self.num_nodes))}."
            )
        with self._scratch.borrowed() as scratch:
            for part in scratch.values():
                part.begin()
            seed_rows = {kind: scratch[kind].add_seeds(nodes) for kind, nodes in seeds.items()}
            hops = range(len(next(iter(self.fanouts.values()))))
            blocks = [self._hop(scratch, hop, (epoch, batch, hop), excluded) for hop in hops]
            nodes = {kind: part.nodes.copy() for kind, part in scratch.items()}
            return HeteroSampledBlocks(nodes, tuple(reversed(blocks)), seed_rows)

    def _hop(
        self,
        scratch: dict[str, Scratch],
        hop: int,
        stream: tuple[int, ...],
        excluded: Mapping[Relation, Excluded | None],
    ) -> HeteroBlock:
        """Sample every relation for the nodes known before this hop."""
        targets = {kind: part.nodes for kind, part in scratch.items()}
        sampled: dict[Relation, tuple[Int, Int, Int]] = {}
        for number, (relation, rows) in enumerate(self.relations.items()):
            source_kind, _, target_kind = relation
            fanout, state = self.fanouts[relation][hop], stream_key(self.seed, *stream, number)
            starts, positions = rows.sample(
                targets[target_kind], fanout, self.replace, state, excluded.get(relation)
            )
            found = scratch[source_kind].add(rows.indices, positions)
            sampled[relation] = starts, found, positions
        num_source = {kind: part.count for kind, part in scratch.items()}
        num_target = {kind: len(nodes) for kind, nodes in targets.items()}
        blocks = {
            name: Block(
                num_source[name[0]], num_target[name[2]], starts, found, positions if self.edges else None
            )
            for name, (starts, found, positions) in sampled.items()
        }
        return HeteroBlock(num_source, num_target, blocks)

    def _excluded(self, pairs: Mapping[Relation, Int]) -> dict[Relation, Excluded | None]:
        if unknown := set(pairs) - set(self.relations):
            raise InvalidInputError(f"No relation {sorted(unknown)[0]}; edges cannot be excluded from it.")
        return {name: Excluded.of(edges) for name, edges in pairs.items()}


def _by_relation(fanouts: Fanouts, relations: list[Relation]) -> dict[Relation, tuple[int, ...]]:
    """A list of fanouts for each relation, all of one length."""
    if not isinstance(fanouts, Mapping):
        return dict.fromkeys(relations, checked_fanouts(fanouts))
    missing = [name for name in relations if name not in fanouts]
    if missing or len(fanouts) > len(relations):
        name = missing[0] if missing else next(name for name in fanouts if name not in relations)
        raise InvalidInputError(f"Fanouts and relations must name the same edge types; one alone has {name}.")
    found = {name: checked_fanouts(fanouts[name], least=0) for name in relations}
    if len({len(hops) for hops in found.values()}) > 1:
        raise InvalidInputError(
            f"Every relation needs a fanout for every hop; given lengths {[len(v) for v in found.values()]}."
        )
    return found


def _node_counts(relations: Mapping[Relation, Rows], given: Mapping[str, int]) -> dict[str, int]:
    """Nodes of every type, from the rows of the relations that lead to it."""
    counts = dict(given)
    for (_, _, target), rows in relations.items():
        size = len(rows.indptr) - 1
        if counts.setdefault(target, size) != size:
            raise InvalidInputError(
                f"Node type {target!r} has {counts[target]} nodes in one place and {size} in another."
            )
    for source, _, _ in relations:
        if source not in counts:
            raise InvalidInputError(
                f"No relation leads to node type {source!r}: say how many such nodes there are in num_nodes."
            )
    return counts
