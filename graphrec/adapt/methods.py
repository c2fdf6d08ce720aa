"""Methods by name."""

from __future__ import annotations

from graphrec.adapt.alignment import Alignment
from graphrec.adapt.baselines import (
    ConditionalDomainClassifier,
    DisparityPredictor,
    DomainClassifier,
    SourceTargetClassifier,
)
from graphrec.adapt.config import AdaptConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.grda import GraphDiscriminator


def adversary(data: DomainData, config: AdaptConfig) -> Alignment | None:
    """The adversary of a method; None for source-only, and where there is nothing to tell apart."""
    hidden, domains = config.hidden, data.num_domains
    if config.method == "source_only" or config.alignment_weight == 0 or domains < 2:
        return None
    if config.method == "grda":
        return GraphDiscriminator(
            hidden,
            domains,
            config.discriminator_dim,
            config.discriminator_form,
            config.pairs,
            config.self_pairs,
        )
    if config.method == "dann":
        return DomainClassifier(hidden, domains)
    if config.method == "cdann":
        return ConditionalDomainClassifier(hidden, domains, data.num_outputs)
    if config.method == "adda":
        return SourceTargetClassifier(hidden)
    return DisparityPredictor(hidden, data.num_outputs)
