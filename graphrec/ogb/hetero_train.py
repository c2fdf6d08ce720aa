"""Mini-batch training on graphs with several node types, such as ogbn-mag."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from graphrec.errors import InvalidInputError
from graphrec.ogb.evaluate import NodeScorer
from graphrec.ogb.full import scored
from graphrec.ogb.graph import averaging, neighbours
from graphrec.ogb.hetero_network import HeteroNetwork
from graphrec.ogb.link_graph import Step, multiply
from graphrec.ogb.nodes import NodeSet, Relation
from graphrec.ogb.protocol import Plan, RunSpec, SeedScore
from graphrec.ogb.sampled import even_batches
from graphrec.ogb.settings import NetworkSettings
from graphrec.sparse.csr_build import IncomingEdges, build_csr
from graphrec.sparse.hetero_sampler import HeteroNeighborSampler
from graphrec.sparse.layerwise import row_blocks
from graphrec.sparse.neighbor_loader import in_order
from graphrec.sparse.sampled_blocks import HeteroSampledBlocks
from graphrec.training.loop import LoopConfig, run_loop
from graphrec.training.run_log import Log

Array = NDArray[Any]


def relations_of(data: NodeSet) -> dict[Relation, IncomingEdges]:
    """Every relation with its way back; one between nodes of one type leads both ways itself (as OGB has it)."""
    found: dict[Relation, IncomingEdges] = {}
    for (head, name, tail), edges in data.edges.items():
        if head == tail:
            found[head, name, tail] = neighbours(edges, data.num_nodes[head])
            continue
        there, back = data.num_nodes[tail], data.num_nodes[head]
        found[head, name, tail] = build_csr(edges[0], edges[1], there, num_sources=back, distinct=True)
        found[tail, f"rev_{name}", head] = build_csr(
            edges[1], edges[0], back, num_sources=there, distinct=True
        )
    return found


@dataclass(frozen=True, eq=False)
class HeteroGraph:
    """A data set with several node types, for mini-batches."""

    nodes: NodeSet
    relations: Mapping[Relation, IncomingEdges]

    @cached_property
    def features(self) -> dict[str, Tensor]:
        """Float32 `[num_nodes, dim]` of each type that has features."""
        return {kind: torch.from_numpy(np.array(x, dtype=np.float32)) for kind, x in self.nodes.x.items()}

    @property
    def num_features(self) -> int:
        """Their common length."""
        return int(self.nodes.x[self.nodes.target].shape[1])

    @property
    def featureless(self) -> dict[str, int]:
        """Types without features, and their numbers of nodes."""
        return {kind: count for kind, count in self.nodes.num_nodes.items() if kind not in self.nodes.x}


def plan_hetero(
    spec: RunSpec, data: NodeSet, settings: NetworkSettings, about: dict[str, Any], device: str
) -> Plan:
    """The plan of `rgcn`, which trains in mini-batches.

    Raises:
        InvalidInputError: full batches, fanouts that do not fit the layers, features of different lengths.
    """
    if spec.batch == "full":
        raise InvalidInputError("rgcn trains in mini-batches only; leave --batch out.")
    if len(settings.fanouts) != settings.num_layers:
        raise InvalidInputError(
            f"{settings.num_layers} layers need {settings.num_layers} fanouts, given {list(settings.fanouts)}; "
            "change num_layers or fanouts."
        )
    if len({x.shape[1] for x in data.x.values()}) > 1:
        sizes = ", ".join(f"{kind} {x.shape[1]}" for kind, x in data.x.items())
        raise InvalidInputError(
            f"rgcn needs features of one length for all node types; here they are {sizes}."
        )
    graph, score = HeteroGraph(data, relations_of(data)), NodeScorer(data)

    def run(seed: int, log: Log) -> SeedScore:
        return run_hetero(graph, score, settings, seed, device, log)

    used = settings.model_dump(mode="json", exclude={"batch_norm"})
    return Plan(data.metric, used, about, "sampled", device, settings.epochs, run)


def run_hetero(
    graph: HeteroGraph, score: NodeScorer, settings: NetworkSettings, seed: int, device: str, log: Log
) -> SeedScore:
    """Train in mini-batches; every look at the validation nodes is an exact pass over all nodes."""
    model = HeteroNetwork(
        sorted(graph.nodes.num_nodes), list(graph.relations), graph.num_features, graph.nodes.num_classes,
        graph.featureless, hidden=settings.hidden, num_layers=settings.num_layers, dropout=settings.dropout,
    ).to(device)  # fmt: skip
    model.reset_parameters(torch.Generator(device=device).manual_seed(seed))
    progress = run_loop(HeteroTask(model, graph, settings, seed, device), settings.training().loop(), log=log)
    return scored(score, predict_hetero(model, graph, settings.rows), progress.best_epoch, model.count())


class HeteroTask:
    """Sampled mini-batches of a typed graph as the shared loop sees them.

    Learned rows of nodes without features are moved by a sparse Adam of their own, after the loop's backward pass:
    a dense one would touch hundreds of megabytes in every step.
    """

    def __init__(
        self, model: HeteroNetwork, graph: HeteroGraph, settings: NetworkSettings, seed: int, device: str
    ) -> None:
        self.module, self.generator = model, model.generator
        self.graph, self.settings, self.seed, self.device = graph, settings, seed, device
        self.epoch = 0
        rows = {name: (edges.indptr, edges.indices) for name, edges in graph.relations.items()}
        self.sampler = HeteroNeighborSampler(rows, settings.fanouts, graph.nodes.num_nodes, seed=seed)
        self.y = torch.from_numpy(np.array(graph.nodes.y))
        tables = [model.table(kind) for kind in model.featureless]
        self.rows = torch.optim.SparseAdam(tables, lr=settings.lr) if tables else None

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "weight_decay": config.weight_decay}]

    def begin_epoch(self, epoch: int) -> None:
        """Batches of this epoch are drawn anew from its number."""
        self.epoch = epoch

    def losses(self) -> Iterator[Tensor]:
        nodes, settings = self.graph.nodes, self.settings
        parts = even_batches(nodes.split["train"], settings.batch_size, self.seed, self.epoch)
        for ids, batch, steps in in_order(enumerate(parts), self._batch, workers=settings.workers):
            x, learned = self._inputs(batch)
            logits = self._forward(x, batch, steps)
            yield F.cross_entropy(logits, self.y[ids].to(self.device))
            self._move(batch, learned)  # the loop has gone backward by now

    @torch.no_grad()
    def validate(self) -> float | None:
        """Right predictions plus `exp(-loss)`, as :mod:`graphrec.cold.trainer` has it."""
        ids = torch.from_numpy(np.array(self.graph.nodes.split["valid"]))
        if not len(ids):
            return None
        logits, y = predict_hetero(self.module, self.graph, self.settings.rows)[ids], self.y[ids]
        return float((logits.argmax(dim=1) == y).sum()) + math.exp(-float(F.cross_entropy(logits, y)))

    def _batch(self, job: tuple[int, Array]) -> tuple[Array, HeteroSampledBlocks, list[dict[Relation, Step]]]:
        """Seeds, blocks and the means of every layer and relation; runs in a worker thread."""
        number, ids = job
        batch = self.sampler.sample({self.graph.nodes.target: ids}, epoch=self.epoch, batch=number)
        steps = [
            {
                name: Step(averaging(part.indptr, part.indices, part.num_source), self.device)
                for name, part in block.relations.items()
                if part.num_edges
            }
            for block in batch.blocks
        ]
        return ids, batch, steps

    def _inputs(self, batch: HeteroSampledBlocks) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Input rows of every type, and those of them that are learned, as leaves that collect gradients."""
        x: dict[str, Tensor] = {}
        learned: dict[str, Tensor] = {}
        for kind, nodes in batch.nodes.items():
            ids = torch.from_numpy(np.asarray(nodes))
            if kind in self.module.featureless:
                learned[kind] = self.module.table(kind)[ids.to(self.device)].requires_grad_()
            x[kind] = learned[kind] if kind in learned else self.graph.features[kind][ids].to(self.device)
        return x, learned

    def _forward(
        self, x: dict[str, Tensor], batch: HeteroSampledBlocks, steps: list[dict[Relation, Step]]
    ) -> Tensor:
        for number, (block, means) in enumerate(zip(batch.blocks, steps, strict=True)):
            x = {
                kind: self.module.layer(number, kind, x[kind][:count], x, means)
                for kind, count in block.num_target.items()
                if count
            }
        return x[self.graph.nodes.target]

    @torch.no_grad()
    def _move(self, batch: HeteroSampledBlocks, learned: Mapping[str, Tensor]) -> None:
        if self.rows is None:
            return
        for kind, rows in learned.items():
            table = self.module.table(kind)
            table.grad = None
            if rows.grad is not None:
                ids = torch.from_numpy(np.asarray(batch.nodes[kind])).to(self.device)
                table.grad = torch.sparse_coo_tensor(
                    ids[None], rows.grad, table.shape, check_invariants=False
                )
        self.rows.step()


@torch.no_grad()
def predict_hetero(model: HeteroNetwork, graph: HeteroGraph, rows: int) -> Tensor:
    """Logits of all nodes to classify, in eval mode from whole neighbourhoods, on the CPU, `[num_nodes, num_classes]`.

    One layer after the other, `rows` nodes at a time; after the last only the type that is classified.
    """
    model.eval()
    device = next(model.parameters()).device
    x = {kind: part.to(device) for kind, part in graph.features.items()}
    x |= {kind: model.table(kind) for kind in model.featureless}
    for number in range(model.num_layers):
        last = number == model.num_layers - 1
        kinds = [graph.nodes.target] if last else list(model.kinds)
        x = {kind: _whole_type(model, graph, number, kind, x, rows) for kind in kinds}
    return x[graph.nodes.target].cpu()


def _whole_type(
    model: HeteroNetwork, graph: HeteroGraph, number: int, kind: str, x: Mapping[str, Tensor], rows: int
) -> Tensor:
    leading = {name: edges for name, edges in graph.relations.items() if name[2] == kind}
    blocks = {
        name: row_blocks(edges.indptr, edges.indices, rows, graph.nodes.num_nodes[name[0]])
        for name, edges in leading.items()
    }
    parts = []
    for own in x[kind].split(rows):
        means = {}
        for name, portion in blocks.items():
            block = next(portion)
            matrix = averaging(block.indptr, block.indices, block.num_source)
            means[name] = lambda found, matrix=matrix: multiply(matrix, found)
        parts.append(model.layer(number, kind, own, x, means))
    return torch.cat(parts)
