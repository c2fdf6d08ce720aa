"""The link property data sets, what can be trained on each, and with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphrec.errors import ConfigError
from graphrec.ogb.kge_config import KGE_MODELS, KGEConfig, kge_defaults
from graphrec.ogb.link_config import ENCODERS, GraphSettings, LinkConfig, link_defaults
from graphrec.ogb.link_heuristics import HEURISTICS
from graphrec.training.config import validate


@dataclass(frozen=True, slots=True)
class LinkDatasetSpec:
    """A link property data set.

    Args:
        metric: what its leaderboard ranks by.
        kind: `links` between the nodes of one graph, or `triples` of a knowledge graph.
        models: what can be trained on it.
    """

    metric: str
    kind: Literal["links", "triples"]
    models: tuple[str, ...]


LINK_DATASETS: dict[str, LinkDatasetSpec] = {
    "ogbl-collab": LinkDatasetSpec("hits@50", "links", ENCODERS + HEURISTICS),
    "ogbl-citation2": LinkDatasetSpec("mrr", "links", ENCODERS + HEURISTICS),
    "ogbl-biokg": LinkDatasetSpec("mrr", "triples", KGE_MODELS),
}


def link_spec(name: str) -> LinkDatasetSpec:
    """The entry of a data set.

    Raises:
        ConfigError: no link property data set that can be trained on here has that name.
    """
    if name not in LINK_DATASETS:
        raise ConfigError(f"No link prediction for {name!r}; choose one of {', '.join(LINK_DATASETS)}.")
    return LINK_DATASETS[name]


def link_settings(name: str, model: str, overrides: Mapping[str, Any]) -> KGEConfig | GraphSettings:
    """Reference settings of a model on a data set with the user's in place.

    Returns:
        :class:`KGEConfig` for triples, :class:`LinkConfig` for encoders, :class:`GraphSettings` for heuristics.

    Raises:
        ConfigError: an unknown data set, model or setting, or an impossible value.
    """
    spec = link_spec(name)
    if model not in spec.models:
        raise ConfigError(f"No model {model!r} for {name}; choose one of {', '.join(spec.models)}.")
    if spec.kind == "triples":
        return validate(KGEConfig, {**kge_defaults(model), **overrides, "model": model})
    found: GraphSettings
    if model in ENCODERS:
        found = _fitting(validate(LinkConfig, {**link_defaults(name, model), **overrides}))
    else:
        found = validate(GraphSettings, overrides)
    if found.use_valid_edges and name != "ogbl-collab":
        raise ConfigError(f"use_valid_edges: the rules of {name} keep validation links out of the graph.")
    return found


def _fitting(config: LinkConfig) -> LinkConfig:
    if config.mode == "sampled" and len(config.fanouts) != config.num_layers:
        raise ConfigError(
            f"{config.num_layers} layers need as many fanouts; given {','.join(map(str, config.fanouts))}."
        )
    return config


def link_notes(name: str, settings: KGEConfig | GraphSettings) -> tuple[str, ...]:
    """Sentences that whoever reads the figures must know."""
    notes = [
        f"{LINK_DATASETS[name].metric} by ogb's Evaluator over all queries of a split; test links scored once."
    ]
    if isinstance(settings, GraphSettings) and name == "ogbl-collab":
        used = "joined" if settings.use_valid_edges else "did not join"
        notes.append(f"Validation links {used} the graph when test links were scored.")
    sample = None if not isinstance(settings, LinkConfig | KGEConfig) else settings.valid_sample
    if sample:
        notes.append(f"At most {sample} validation queries chose the epoch.")
    return tuple(notes)
