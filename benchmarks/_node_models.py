"""Models of the node benchmark, their grids, and how each is trained; models that need a teacher train it first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.gcn import GCN, GCNConfig
from graphrec.cold.glnn import GLNNConfig, GLNNStudent
from graphrec.cold.graph_mlp import GraphMLP, GraphMLPConfig
from graphrec.cold.isolation_student import IsolationConfig, IsolationStudent
from graphrec.cold.label_propagation import LabelPropagationConfig, label_propagation
from graphrec.cold.mlp import MLP, MLPConfig
from graphrec.cold.sage import GraphSAGE, GraphSAGEConfig
from graphrec.cold.structural_gcn import StructuralGCN, StructuralGCNConfig, teacher_embeddings
from graphrec.cold.student import ColdBrewConfig, ColdBrewStudent, fit_part_one
from graphrec.cold.tail_gnn import TailGNN, TailGNNConfig
from graphrec.cold.trainer import NodeResult, NodeTrainConfig, train_node_model

Settings = Mapping[str, Any]
Fitted = tuple[NodeClassifier | None, NodeResult]
TRAIN = NodeTrainConfig(lr=0.01, weight_decay=5e-4, epochs=150, eval_every=5, patience=6)
"""What the grids leave open."""
STEPS = NodeTrainConfig(lr=0.005, weight_decay=0.0, epochs=200, eval_every=10, patience=3)
"""Part one of Cold Brew."""

GRIDS: dict[str, tuple[dict[str, Any], ...]] = {
    "MLP": (
        {"input_dropout": 0.5},
        {"input_dropout": 0.0, "dropout": 0.2},
        {"input_dropout": 0.5, "weight_decay": 5e-5},
    ),
    "GCN": ({"dropout": 0.5}, {"dropout": 0.8}, {"dropout": 0.5, "weight_decay": 5e-5}),
    "SAGE": ({}, {"weight_decay": 5e-5}, {"aggregator": "gcn", "dropout": 0.5}),
    "LP": tuple(
        {"num_steps": 50, "matrix": matrix, "alpha": alpha}
        for matrix in ("laplacian", "adjacency", "row")
        for alpha in (0.01, 0.1, 0.5, 0.9)
    ),
    "GLNN": (
        {"teacher": "GCN", "weight_decay": 0.0},
        {"teacher": "GCN", "input_dropout": 0.5},
        {"teacher": "SAGE", "input_dropout": 0.5},
    ),
    "GraphMLP": ({"alpha": 1.0}, {"alpha": 10.0}, {"alpha": 10.0, "weight_decay": 5e-3}),
    "TailGNN": ({}, {"missing_weight": 0.01, "head_degree": 3}),
    "SE-GCN": ({"eta": 32.0}, {"eta": 32.0, "norm": "pair"}, {"eta": 0.5}),
    "Cold Brew": (
        {"inputs": "features+neighbours"},
        {"inputs": "features+neighbours+embedding"},
        {"inputs": "features+neighbours+embedding", "bank": "layers"},
    ),
    "ours": tuple(
        {"ridge": ridge, **lesson, **partner}
        for ridge in (3.0, 10.0, 30.0)
        for lesson in ({"imitation": 0.0}, {"sharpness": 1.0}, {"sharpness": 8.0})
        for partner in (
            {"partners": "", "share": 1.0},
            {"partners": "GCN", "share": 0.5},
            {"partners": "MLP", "share": 0.5},
            {"partners": "GCN MLP SAGE", "share": 0.3},
        )
    ),
}
"""Settings tried for each model, in the order in which models are trained. Ours is solved in closed form, a
tenth of a second a setting, so it can afford more of them."""
WIDTH = {"hidden": 32}
"""Of networks that read edges; perceptrons are twice as wide."""
WIDE = {"hidden": 64}


@dataclass
class Workshop:
    """Trains models on one graph, each setting once.

    Args:
        data: the graph.
        seed: of every model.
        chosen: place in the grid of what is best for isolated and for connected nodes, by model.
    """

    data: NodeData
    seed: int
    chosen: dict[str, dict[str, int]]
    _made: dict[tuple[str, int], Fitted] = field(default_factory=dict)

    def fitted(self, name: str, place: int) -> Fitted:
        """A model trained with one setting of its grid, and its result on the graph."""
        key = name, place
        if key not in self._made:
            self._made[key] = _MAKERS[name](self, dict(GRIDS[name][place]))
        return self._made[key]

    def best(self, name: str, use: str) -> NodeClassifier:
        """The trained model that was chosen for `isolation` or `connected` nodes."""
        model = self.fitted(name, self.chosen[name][use])[0]
        assert model is not None
        return model

    def train(self, model: NodeClassifier, weight_decay: float) -> Fitted:
        """Train as all models are trained."""
        config = TRAIN.model_copy(update={"weight_decay": weight_decay})
        return model, train_node_model(model, self.data, config, self.seed)

    @property
    def shape(self) -> tuple[int, int]:
        return self.data.num_features, self.data.num_classes


def _decay(settings: dict[str, Any]) -> float:
    return float(settings.pop("weight_decay", TRAIN.weight_decay))


def _mlp(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    decay = _decay(settings)
    return shop.train(MLP(*shop.shape, MLPConfig(**WIDE, **settings)), decay)


def _gcn(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    decay = _decay(settings)
    return shop.train(GCN(*shop.shape, GCNConfig(**WIDTH, **settings)), decay)


def _sage(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    decay = _decay(settings)
    return shop.train(GraphSAGE(*shop.shape, GraphSAGEConfig(**WIDTH, **settings)), decay)


def _propagation(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    return None, label_propagation(shop.data, LabelPropagationConfig(**settings))


def _glnn(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    decay, teacher = _decay(settings), settings.pop("teacher")
    told = shop.fitted(teacher, shop.chosen[teacher]["connected"])[1].logits
    return shop.train(GLNNStudent(*shop.shape, told, config=GLNNConfig(**WIDE, **settings)), decay)


def _graph_mlp(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    decay = _decay(settings)
    return shop.train(GraphMLP(*shop.shape, GraphMLPConfig(hidden=128, batch=500, **settings)), decay)


def _tail_gnn(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    decay = _decay(settings)
    return shop.train(TailGNN(*shop.shape, TailGNNConfig(**WIDTH, **settings)), decay)


def _structural(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    decay = _decay(settings)
    config = StructuralGCNConfig(**WIDTH, **settings)
    return shop.train(StructuralGCN(*shop.shape, shop.data.num_nodes, config), decay)


def _cold_brew(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    kind = settings.pop("bank", "logits")
    teacher = shop.best("SE-GCN", "connected")
    assert isinstance(teacher, StructuralGCN)
    config = ColdBrewConfig(hidden=128, part_one=STEPS, **settings)
    first = fit_part_one(teacher_embeddings(teacher, shop.data, kind), shop.data, config, shop.seed)
    return shop.train(ColdBrewStudent(*shop.shape, first, config), TRAIN.weight_decay)


def _ours(shop: Workshop, settings: dict[str, Any]) -> Fitted:
    teachers = [shop.best(name, "connected") for name in ("GCN", "SAGE")]
    partners = [shop.best(name, "isolation") for name in settings.pop("partners").split()]
    model = IsolationStudent(*shop.shape, teachers, partners, IsolationConfig(**settings))
    return model, model.fit(shop.data)


_MAKERS: dict[str, Callable[[Workshop, dict[str, Any]], Fitted]] = {
    "MLP": _mlp,
    "GCN": _gcn,
    "SAGE": _sage,
    "LP": _propagation,
    "GLNN": _glnn,
    "GraphMLP": _graph_mlp,
    "TailGNN": _tail_gnn,
    "SE-GCN": _structural,
    "Cold Brew": _cold_brew,
    "ours": _ours,
}
