"""Settings of an adaptation run."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from graphrec.adapt.domain_embedding import EmbeddingConfig

Method = Literal["source_only", "grda", "dann", "cdann", "adda", "mdd"]
METHODS: tuple[Method, ...] = ("source_only", "grda", "dann", "cdann", "adda", "mdd")


class TaughtConfig(BaseModel):
    """Gradual self-training along the domain graph; see :func:`graphrec.adapt.taught.teach`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: NonNegativeFloat = 1.0
    """Weight of the taught labels beside the sources' labels."""
    rounds: int = Field(default=3, ge=0)
    """How often a domain's classifier is fitted anew on its own surest rows."""
    keep: float = Field(default=0.8, gt=0.0, le=1.0)
    """Share of a domain's rows that a round learns from."""
    inverse_penalty: PositiveFloat = 1.0
    """scikit-learn's `C` of the local classifiers."""


class StopConfig(BaseModel):
    """When to stop, without any target label; see :class:`graphrec.adapt.stopping.StopRule`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt = 60
    """Most epochs."""
    least: PositiveInt = 20
    """Fewest epochs."""
    every: PositiveInt = 5
    """Epochs between two looks."""
    patience: PositiveInt = 3
    """Settled looks in a row after which training stops."""
    settled: float = Field(default=0.99, gt=0.0, le=1.0)
    """Share of rows of target domains whose prediction must be the same as at the last look."""
    balance: PositiveFloat = 0.05
    """How far the discriminator's loss may be from chance, as a share of chance."""


class AdaptConfig(BaseModel):
    """Settings of :func:`graphrec.adapt.trainer.adapt`; the defaults suit the spirals, and texts want `shortcut`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method = "grda"
    """What aligns the domains."""
    alignment_weight: NonNegativeFloat = 0.05
    r""":math:`\lambda`. The graph discriminator's loss is :math:`N` times a mean, so it acts with
    :math:`\lambda N`, as published."""
    taught: TaughtConfig | None = TaughtConfig()
    """Labels passed on along the graph; None: without. Only for classes."""
    embedding: EmbeddingConfig = EmbeddingConfig()
    """Where the encoder's second input, the domain embedding, comes from."""
    hidden: PositiveInt = 128
    """Width; 512 in the paper, where it gains nothing and costs ten times as much."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """In the joined layers of the encoder."""
    shortcut: bool = False
    """A linear path around the encoder; see :class:`graphrec.adapt.networks.Encoder`."""
    learning_rate: PositiveFloat = 4e-4
    """Adam's, of encoder and predictor."""
    discriminator_learning_rate: PositiveFloat | None = None
    """Adam's, of the adversary; None: as `learning_rate`."""
    final_rate: float = Field(default=0.1, gt=0.0, le=1.0)
    """Both rates fall exponentially to this share over the epochs."""
    weight_decay: NonNegativeFloat = 0.0
    """Decoupled (AdamW), of encoder and predictor."""
    ramp: int = Field(default=0, ge=0)
    """Epochs over which the alignment's weight rises linearly."""
    discriminator_steps: PositiveInt = 1
    """Steps of the adversary for one of the encoder."""
    discriminator_dim: PositiveInt = 2
    """Dimension of the graph discriminator's output, of each half with the indefinite form."""
    discriminator_form: Literal["indefinite", "dot"] = "indefinite"
    """How it compares two outputs; see :class:`graphrec.adapt.grda.GraphDiscriminator`. `dot` is the published one."""
    pairs: Literal["all", "slots"] = "all"
    """Pairs of rows that the graph discriminator compares."""
    self_pairs: bool = True
    """Whether two rows of one domain count as not adjacent, as the paper's equilibria need."""
    sample_domains: PositiveInt = 64
    """Most domains aligned in a step."""
    batch: PositiveInt = 10
    """Rows of each domain in a step."""
    average: float = Field(default=0.99, ge=0.0, lt=1.0)
    """Decay per step of the moving average of the weights, which is what is kept; it calms the game's oscillation."""
    clip: PositiveFloat = 5.0
    """Longest gradient of encoder and predictor."""
    validation: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Share of the labelled rows of each source that is held out to be watched."""
    stop: StopConfig = StopConfig()
    """When to stop."""
