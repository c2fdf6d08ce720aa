"""Settings of link prediction with encoders, with the values of OGB's own scripts as defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from graphrec.ogb.link_graph import Aggregation, EdgeWeights

ENCODERS: tuple[str, ...] = ("mlp", "gcn", "sage")
AGGREGATION: dict[str, Aggregation | None] = {"mlp": None, "gcn": "gcn", "sage": "mean"}
"""How each encoder sums over neighbours; None: not at all."""


class GraphSettings(BaseModel):
    """What encoders and heuristics share: which links make up the graph."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    edge_weights: EdgeWeights = "binary"
    """What a pair with several links weighs."""
    since_year: int | None = None
    """Leave training links of earlier years out altogether."""
    use_valid_edges: bool = False
    """Let the validation links join the graph when the test links are scored (ogbl-collab's rules allow it)."""
    eval_pairs: PositiveInt = 1 << 16
    """Pairs that are scored at a time: bounds the memory of scoring."""


class LinkConfig(GraphSettings):
    """Settings of one run; what differs by data set and encoder is set by :func:`link_defaults`."""

    hidden: PositiveInt = 256
    """Units of every layer, of the encoder and of the predictor."""
    num_layers: PositiveInt = 3
    """Layers of the encoder, and of the predictor."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Rate behind every activation."""
    predictor: Literal["mlp", "dot"] = "mlp"
    """`mlp`: a perceptron over the elementwise product of both ends; `dot`: its sum."""
    learning_rate: PositiveFloat = 1e-3
    """Adam's step size."""
    weight_decay: NonNegativeFloat = 0.0
    """L2 penalty."""
    clip: NonNegativeFloat = 1.0
    """Longest gradient of the encoder, and of the predictor; 0: no bound."""
    batch_size: PositiveInt = 64 * 1024
    """True links per step."""
    epochs: PositiveInt = 400
    """Most epochs."""
    steps_per_epoch: PositiveInt | None = None
    """Most steps of an epoch; None: every training link once."""
    eval_every: PositiveInt = 1
    """Epochs between two looks at the validation links."""
    patience: PositiveInt = 1_000_000
    """Looks without a gain after which training stops; by default all epochs are made."""
    average: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Decay per step of an exponential moving average of the weights. 0: off."""
    negatives: Literal["pair", "target"] = "pair"
    """False links, one per true one: two random nodes, or the true source and a random target."""
    exclude_targets: bool = False
    """No message runs along the links that a step is asked about (in either direction)."""
    mode: Literal["full", "sampled"] = "full"
    """The whole graph in every step, or the sampled neighbourhoods of the step's nodes."""
    fanouts: tuple[int, ...] = (15, 10, 5)
    """Neighbours per node and layer (`sampled`), the layer next to the links first; -1: all."""
    workers: NonNegativeInt = 0
    """Threads that sample; results do not depend on their number."""
    valid_sample: PositiveInt | None = None
    """True validation links (drawn once) that choose the epoch; None: all. The reported figure is always on all."""
    infer_rows: PositiveInt = 1 << 17
    """Nodes whose layer is computed at a time when all nodes are encoded: bounds the memory of inference."""


_BY_DATASET: dict[str, dict[str, Any]] = {
    "ogbl-collab": {},
    "ogbl-citation2": {
        "mode": "sampled",
        "exclude_targets": True,
        "negatives": "target",
        "batch_size": 512,
        "steps_per_epoch": 1000,
        "learning_rate": 5e-4,
        "epochs": 150,
        "eval_every": 10,
        "clip": 0.0,
    },
}
# OGB's GCN multiplies with the links' weights; its SAGE averages over links, a pair of three counting three times.
_WEIGHTS: dict[str, EdgeWeights] = {"gcn": "weight", "sage": "count"}


def link_defaults(dataset: str, model: str) -> dict[str, Any]:
    """Reference settings of an encoder on a data set, to be overridden by the user's."""
    return {"edge_weights": _WEIGHTS.get(model, "binary"), **_BY_DATASET.get(dataset, {})}
