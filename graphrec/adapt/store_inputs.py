"""What describes the nodes of a store to a predictor: features that were made for them, or TF-IDF of their texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.features import TextFeatureConfig, TextFeatures
from graphrec.adapt.store_values import NodeNumbers, NodeValues
from graphrec.encoders.feature_set import FeatureSet
from graphrec.errors import InvalidInputError
from graphrec.store.snapshot import GraphSnapshot
from graphrec.text.sources import NodeTexts


@dataclass(frozen=True, eq=False)
class NodeInputs:
    """Inputs of some nodes of a type.

    Args:
        nodes: int64 `[n]`, ascending: those asked for that something describes.
        x: float32 `[n, dim]`.
        source: where the rows come from, for people.
        description: how texts became rows; None where features were given.
        fields: whose texts, one under another, describe a node; none where features were given.
    """

    nodes: NDArray[np.int64]
    x: NDArray[np.float32]
    source: str
    description: TextFeatures | None = None
    fields: tuple[str, ...] = ()


def from_features(
    snapshot: GraphSnapshot, node_type: str, wanted: NDArray[np.bool_], features: FeatureSet | Path
) -> NodeInputs:
    """Rows of a feature set; nodes that it lacks, or knows nothing of, are left out.

    Args:
        wanted: bool `[num_nodes]`, the nodes that count.

    Raises:
        InvalidInputError: no node that counts has features.
    """
    given = features if isinstance(features, FeatureSet) else FeatureSet.load(features)
    nodes, ids = np.flatnonzero(wanted), snapshot.ids(node_type)
    rows = given.rows_for([ids[node] for node in nodes.tolist()])
    fine = ~rows.missing & rows.values.any(axis=1)
    if not fine.any():
        raise InvalidInputError(
            f"The features in {given.path} know none of these {node_type} nodes; make new ones."
        )
    source = f"{given.manifest.method} features {given.fingerprint}"
    return NodeInputs(nodes[fine], rows.values[fine], source)


def from_texts(
    snapshot: GraphSnapshot, node_type: str, wanted: NDArray[np.bool_], fields: tuple[str, ...],
    config: TextFeatureConfig,
) -> NodeInputs:  # fmt: skip
    """TF-IDF of texts on their main axes; nodes without any text are left out.

    Args:
        wanted: bool `[num_nodes]`, the nodes that count.
        fields: of :class:`~graphrec.text.sources.NodeTexts`.

    Raises:
        NotFoundError: an unknown field.
        InvalidInputError: no node that counts has a text, or all have the same.
    """
    texts = NodeTexts(snapshot, node_type, fields)
    said = wanted.copy()
    for node, text in texts.rows():
        said[node] &= bool(text.strip())
    if not said.any():
        raise InvalidInputError(f"None of these nodes has a text in {texts.description}; name other fields.")

    def rows() -> Iterator[str]:
        return (text for node, text in texts.rows() if said[node])

    description, x = TextFeatures.fit(rows, config)
    source = f"TF-IDF of {texts.description} on {description.dim} main axes"
    return NodeInputs(np.flatnonzero(said), x, source, description, fields)


def check_fields(
    snapshot: GraphSnapshot, fields: tuple[str, ...], values: NodeValues | NodeNumbers, name: str, role: str
) -> None:
    """Refuse a text field that holds the domain or what is to be predicted.

    A text may still say it in passing ("Chicken Soup"): that is there for nodes to come as well.

    Args:
        name: how the values were named. role: "domain" or "label", for the message.

    Raises:
        InvalidInputError: there is one.
    """
    kind = values.node_type if isinstance(values, NodeValues) else None
    kin = {info.name for info in snapshot.relations if kind is not None and kind in (info.src, info.dst)}
    for field in fields:
        if field == name or field in kin:
            raise InvalidInputError(
                f"The text field {field!r} tells the {role} itself; describe the nodes by others."
            )
