"""From a store's snapshot to the data of an adaptation: domains, their graph, inputs, and labels of the sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.features import TextFeatureConfig, TextFeatures
from graphrec.adapt.store_domains import domain_graph, find_domains
from graphrec.adapt.store_inputs import NodeInputs, check_fields, from_features, from_texts
from graphrec.adapt.store_values import NodeNumbers, NodeValues, node_labels, node_values
from graphrec.encoders.feature_set import FeatureSet
from graphrec.errors import InvalidInputError
from graphrec.store.snapshot import GraphSnapshot
from graphrec.text.sources import usual_fields

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


class StoreTask(BaseModel):
    """What to predict of which nodes, and where it is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    node_type: str = "recipe"
    domain: str = "cuisine"
    """What tells a node's domain: a relation, the node type at its other end, or a text property."""
    label: str = "course"
    """What is predicted: a relation, node type or text property (classes), or number properties; see
    :mod:`graphrec.adapt.store_values`."""
    sources: tuple[str, ...]
    """Domains whose labels are learned from, by id or display name."""
    graph: str = "similarity"
    """What joins domains; see :mod:`graphrec.adapt.store_domains`."""
    neighbours: PositiveInt = 4
    """Domains that a domain chooses where similarity joins them."""
    text: tuple[str, ...] = ()
    """Fields that describe a node; none: its name and the usual ones. Not read where features are given."""
    inputs: TextFeatureConfig = TextFeatureConfig()
    """How these texts become numbers."""
    held_out: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Share of the labelled nodes of each source that is kept from training, to measure."""
    seed: int = 0
    """Of the choice of the held-out nodes."""


@dataclass(frozen=True, eq=False)
class StoreData:
    """An adaptation problem and what its rows stand for.

    Args:
        data: what training sees.
        task: what it was made from.
        nodes: int64 `[num_rows]`, node of each row in the snapshot, ascending.
        ids: external id of each row's node.
        outputs: names of the classes, or of the numbers.
        truth: every label of the store, for evaluation alone: int64 `[num_rows]`, -1 unknown, `num_classes` for a class
            that no source has; or float32 `[num_rows, num_outputs]`, NaN unknown.
        held_out: bool `[num_rows]`, labelled nodes of sources whose labels training does not see.
        description: how texts became inputs; None where features were given.
        about: counts of nodes, and where inputs and labels came from, for reports.
        snapshot: its name.
    """

    data: DomainData
    task: StoreTask
    nodes: Int
    ids: tuple[str, ...]
    outputs: tuple[str, ...]
    truth: NDArray[Any]
    held_out: Bool
    description: TextFeatures | None
    about: dict[str, Any]
    snapshot: str

    @property
    def target_rows(self) -> Int:
        """Rows of domains that are no sources, ascending."""
        return np.flatnonzero(~np.isin(self.data.domain, self.data.sources))


def domain_data(
    snapshot: GraphSnapshot, task: StoreTask, features: FeatureSet | Path | None = None
) -> StoreData:
    """Read an adaptation problem from a snapshot. Labels outside the sources go to `truth` and nowhere else.

    Nodes without exactly one domain, and nodes that nothing describes, are left out.

    Args:
        features: dense vectors of the nodes (`graphrec features`), instead of TF-IDF of their texts.

    Raises:
        NotFoundError: an unknown node type, relation, property, field, domain or file.
        InvalidInputError: nothing to learn from or to adapt to; the message says what is missing.
    """
    domains = node_values(snapshot, task.node_type, task.domain)
    labels = node_labels(snapshot, task.node_type, task.label)
    names = find_domains(snapshot, domains, task.sources)
    inputs = _inputs(snapshot, task, domains, labels, names, features)
    avoid = [labels.relation] if isinstance(labels, NodeValues) and labels.relation else []
    graph = domain_graph(
        snapshot, task.node_type, domains, task.graph, neighbours=task.neighbours, without=avoid,
        inputs=(inputs.nodes, inputs.x),
    )  # fmt: skip
    place = {name: number for number, name in enumerate(graph.names)}
    values = domains.value[inputs.nodes].tolist()
    domain = np.array([place[domains.names[value]] for value in values], dtype=np.int64)
    sources = _sources(task, names, graph, domain)
    outputs, truth = _truth(labels, inputs.nodes, np.isin(domain, sources), task)
    held_out = _held_out(domain, _known(truth), sources, task)
    data = DomainData.hide(
        inputs.x, domain, _visible(truth, held_out, len(outputs)), graph, sources, len(outputs)
    )
    about = _about(snapshot, task, domains, labels, inputs)
    about |= {"labels learned": int(data.labelled.sum()), "labels held out": int(held_out.sum())}
    ids = snapshot.ids(task.node_type)
    return StoreData(
        data, task, inputs.nodes, tuple(ids[node] for node in inputs.nodes.tolist()), outputs, truth, held_out,
        inputs.description, about, snapshot.name,
    )  # fmt: skip


def _about(
    snapshot: GraphSnapshot, task: StoreTask, domains: NodeValues, labels: NodeValues | NodeNumbers, inputs: NodeInputs
) -> dict[str, Any]:  # fmt: skip
    """Where everything came from, and how many nodes were left out."""
    named = labels.relation or task.label if isinstance(labels, NodeValues) else ", ".join(labels.names)
    return {
        "inputs": inputs.source, "fields": list(inputs.fields), "label": named,
        "nodes": snapshot.num_nodes(task.node_type), "in several domains": domains.several,
        "without a domain": int((domains.value < 0).sum()) - domains.several,
        "without inputs": int((domains.value >= 0).sum()) - len(inputs.nodes), "used": len(inputs.nodes),
    }  # fmt: skip


def _inputs(
    snapshot: GraphSnapshot, task: StoreTask, domains: NodeValues, labels: NodeValues | NodeNumbers,
    sources: Sequence[str], features: FeatureSet | Path | None,
) -> NodeInputs:  # fmt: skip
    """Of the nodes with a domain."""
    wanted = domains.value >= 0
    if features is not None:
        if task.text:
            raise InvalidInputError(
                "Text fields describe nodes where no features are given; name one of the two."
            )
        return from_features(snapshot, task.node_type, wanted, features)
    check_fields(snapshot, task.text, domains, task.domain, "domain")
    check_fields(snapshot, task.text, labels, task.label, "label")
    own = np.isin(domains.value, [domains.names.index(name) for name in sources])
    config = task.inputs.for_labels(int((own & _known(labels.value)).sum()))
    usual = (each for each in usual_fields(snapshot, task.node_type) if each not in (task.domain, task.label))
    return from_texts(snapshot, task.node_type, wanted, task.text or tuple(usual), config)


def _sources(task: StoreTask, names: Sequence[str], graph: DomainGraph, domain: Int) -> Int:
    """Numbers of the sources, each with rows, and another domain beside them."""
    if not names:
        raise InvalidInputError("No source is named; name the domains whose labels are to be learned from.")
    filled = {graph.names[number] for number in np.unique(domain).tolist()}
    for name in names:
        if name not in filled:
            raise InvalidInputError(
                f"No {task.node_type} that something describes belongs to {name!r}; leave it out of the sources."
            )
    if filled <= set(names):
        raise InvalidInputError("Every domain is a source; leave out those whose labels are to be predicted.")
    return np.unique(graph.indices(names))


def _truth(
    labels: NodeValues | NodeNumbers, nodes: Int, in_source: Bool, task: StoreTask
) -> tuple[tuple[str, ...], NDArray[Any]]:
    """Names of the outputs, and the labels of all rows. Only classes that a source has can be learned."""
    if isinstance(labels, NodeNumbers):
        numbers = labels.value[nodes].astype(np.float32)
        numbers[~np.isfinite(numbers).all(axis=1)] = np.nan
        return labels.names, numbers
    value = labels.value[nodes]
    learned = np.array(
        sorted(set(value[in_source & (value >= 0)].tolist()), key=lambda n: labels.names[n]), np.int64
    )
    if len(learned) < 2:
        only = labels.names[int(learned[0])] if len(learned) else "unknown"
        raise InvalidInputError(
            f"The {task.label} of every {task.node_type} in the sources is {only}; name sources that differ in it."
        )
    place = np.full(len(labels.names) + 1, len(learned), dtype=np.int64)
    place[learned], place[-1] = np.arange(len(learned)), -1  # no label is -1, the last place
    return tuple(labels.names[number] for number in learned.tolist()), place[value]


def _known(values: NDArray[Any]) -> Bool:
    """Which rows of labels are known."""
    known: Bool = values >= 0 if values.ndim == 1 else np.isfinite(values).all(axis=1)
    return known


def _visible(truth: NDArray[Any], held_out: Bool, num_classes: int) -> NDArray[Any]:
    """The labels without those held out and without classes that no source has."""
    if truth.ndim == 1:
        return np.where(held_out | (truth >= num_classes), -1, truth)
    return np.where(held_out[:, None], np.float32(np.nan), truth)


def _held_out(domain: Int, known: Bool, sources: Int, task: StoreTask) -> Bool:
    """The same share of every source's labelled rows, rounded down."""
    generator = np.random.default_rng([task.seed, 2])
    held = np.zeros(len(domain), dtype=bool)
    for source in sources.tolist():
        rows = np.flatnonzero(known & (domain == source))
        held[generator.permutation(rows)[: int(task.held_out * len(rows))]] = True
    return held
