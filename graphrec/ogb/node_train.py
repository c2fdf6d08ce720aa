"""Node property training: from a name and a model to a plan that any number of seeds runs."""

from __future__ import annotations

from typing import Any, cast

from graphrec.errors import InvalidInputError
from graphrec.ogb.demand import fits, full_batch_bytes, require_memory
from graphrec.ogb.evaluate import NodeScorer
from graphrec.ogb.features import load_features
from graphrec.ogb.machine import pick_device
from graphrec.ogb.nodes import NodeSet, load_nodes
from graphrec.ogb.protocol import Plan, RunSpec, SeedScore
from graphrec.ogb.settings import (
    PREFERRED,
    ColdBrewSettings,
    NetworkSettings,
    PropagationSettings,
    settings_of,
)
from graphrec.training.config import validate
from graphrec.training.run_log import Log

NETWORKS = ("mlp", "gcn", "sage")
MODELS = (*NETWORKS, "cold-brew", "label-propagation")
SAMPLED = ("mlp", "sage")
HETERO = ("mlp", "rgcn")
"""Models of data sets with several node types; `sage` is another name of `rgcn` there."""


def plan_nodes(spec: RunSpec) -> Plan:
    """Load and check everything that a run needs.

    Raises:
        GraphRecError: whatever is missing, damaged or impossible, with what to do about it.
    """
    device = pick_device(spec.device)
    data = load_nodes(spec.name, spec.root)
    model = _model(spec, data)
    about: dict[str, Any] = data.sizes()
    if model != "label-propagation":
        own = data.x.get(data.target)
        x, about["features"] = load_features(spec.features, own, data.num_targets, data.folder)
        data = data.with_features(x)
    raw = settings_of(spec.name, model, spec.settings, spec.epochs)
    if model == "cold-brew":
        return _plan_cold_brew(spec, data, validate(ColdBrewSettings, raw), about, device)
    if model == "label-propagation":
        return _plan_propagation(spec, data, validate(PropagationSettings, raw), about, device)
    settings = validate(NetworkSettings, raw)
    if model == "rgcn":
        from graphrec.ogb.hetero_train import plan_hetero

        return plan_hetero(spec, data, settings, about, device)
    return _plan_network(spec, model, data, settings, about, device)


def _model(spec: RunSpec, data: NodeSet) -> str:
    """The model's name, checked against the data set."""
    known = HETERO if data.is_hetero else MODELS
    name = "rgcn" if data.is_hetero and spec.model == "sage" else spec.model
    if name not in known:
        raise InvalidInputError(f"No model {spec.model!r} for {spec.name}; choose one of {', '.join(known)}.")
    if spec.batch == "sampled" and name not in (*SAMPLED, "rgcn"):
        raise InvalidInputError(
            f"{name} trains on the whole graph only; --batch sampled goes with {' and '.join(SAMPLED)}."
        )
    return name


def _plan_network(
    spec: RunSpec, model: str, data: NodeSet, settings: NetworkSettings, about: dict[str, Any], device: str
) -> Plan:
    from graphrec.ogb.full import node_data, run_network
    from graphrec.ogb.network import Kind
    from graphrec.ogb.sampled import SampledData, run_sampled

    kind, score = cast(Kind, model), NodeScorer(data)
    needed = full_batch_bytes(data, settings.hidden, settings.num_layers, edges=model != "mlp")
    batch = _batch(spec, model, needed, device)
    if batch == "full":
        require_memory(spec.name, model, needed, device, sampled=model in SAMPLED)
        whole = node_data(data, device, edges=model != "mlp")

        def run(seed: int, log: Log) -> SeedScore:
            return run_network(kind, whole, score, settings, seed, log)
    else:
        if model == "sage" and len(settings.fanouts) != settings.num_layers:
            raise InvalidInputError(
                f"{settings.num_layers} layers need {settings.num_layers} fanouts, given {list(settings.fanouts)}; "
                "change num_layers or fanouts."
            )
        portions = SampledData.of(data, kind)

        def run(seed: int, log: Log) -> SeedScore:
            return run_sampled(kind, portions, score, settings, seed, device, log)

    return Plan(data.metric, settings.model_dump(mode="json"), about, batch, device, settings.epochs, run)


def _batch(spec: RunSpec, model: str, needed: int, device: str) -> str:
    """Full or sampled; `auto` samples where OGB's reference does and where the whole graph would not fit."""
    if spec.batch != "auto":
        return spec.batch
    if model not in SAMPLED:
        return "full"
    preferred = PREFERRED.get(spec.name, "full")
    return preferred if preferred == "sampled" or fits(needed, device) else "sampled"


def _plan_cold_brew(
    spec: RunSpec, data: NodeSet, settings: ColdBrewSettings, about: dict[str, Any], device: str
) -> Plan:
    from graphrec.ogb.cold_brew import NOTES, epochs_of, run_cold_brew
    from graphrec.ogb.full import node_data

    teacher, score = settings.teacher, NodeScorer(data)
    tables = teacher.hidden * teacher.se_layers.count("1")
    needed = full_batch_bytes(data, teacher.hidden, teacher.depth, edges=True, tables=tables)
    require_memory(spec.name, "cold-brew", needed, device, sampled=False)
    whole = node_data(data, device)

    def run(seed: int, log: Log) -> SeedScore:
        return run_cold_brew(whole, score, settings, seed, log)

    notes = NOTES if settings.slices else NOTES[:1]
    used = settings.model_dump(mode="json")
    return Plan(data.metric, used, about, "full", device, epochs_of(settings), run, notes)


def _plan_propagation(
    spec: RunSpec, data: NodeSet, settings: PropagationSettings, about: dict[str, Any], device: str
) -> Plan:
    from graphrec.ogb.full import node_data, run_propagation

    needed = full_batch_bytes(data, data.num_classes, 2, edges=True)
    require_memory(spec.name, "label-propagation", needed, device, sampled=False)
    score, whole = NodeScorer(data), node_data(data, device)

    def run(seed: int, log: Log) -> SeedScore:
        return run_propagation(whole, score, settings, log)

    notes = ("label propagation learns and draws nothing: every seed gives the same.",)
    return Plan(data.metric, settings.model_dump(mode="json"), about, "full", device, 1, run, notes)
