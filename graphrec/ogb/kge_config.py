"""Settings of knowledge-graph embeddings, with the values of OGB's own script for ogbl-biokg as defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

KGEName = Literal["transe", "distmult", "complex", "rotate", "transr"]

KGE_MODELS: tuple[str, ...] = ("transe", "distmult", "complex", "rotate", "transr")


class KGEConfig(BaseModel):
    """Settings of one run; what differs by model is set by :func:`kge_defaults`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: KGEName = "rotate"
    """Score function."""
    dim: PositiveInt = 1000
    """Coordinates of an embedding; complex ones (ComplEx, RotatE) hold twice as many numbers."""
    relation_dim: PositiveInt = 64
    """Length in relation space (`transr`)."""
    margin: PositiveFloat = 20.0
    """Score at distance 0; `(margin + 2) / dim` bounds the first draw of the embeddings."""
    loss: Literal["self-adversarial", "translation"] = "self-adversarial"
    """`translation` is KGAT's pairwise loss."""
    temperature: NonNegativeFloat = 1.0
    """Self-adversarial sampling's sharpness."""
    num_negatives: PositiveInt = 128
    """Corrupted triples per true one."""
    mask_known: bool = True
    """Leave corrupted triples out of the loss that are training triples (Sun et al.; OGB's script keeps them)."""
    subsampling: bool = True
    """Frequent entities count less."""
    regularization: NonNegativeFloat = 0.0
    """Weight of the cubed L3 norm of all embeddings (of the squared L2 norm of a batch for `transr`)."""
    batch_size: PositiveInt = 512
    """True triples per step; the corrupted end alternates by step."""
    learning_rate: PositiveFloat = 1e-4
    """Adam's step size."""
    steps: PositiveInt = 300_000
    """Steps in all."""
    decay_at: float = Field(default=0.5, gt=0.0, le=1.0)
    """Share of the steps after which the step size falls to a tenth; 1: never."""
    eval_every: PositiveInt = 10_000
    """Steps between two looks at the validation triples."""
    patience: PositiveInt = 1_000_000
    """Looks without a gain after which training stops; by default all steps are made."""
    average: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Decay per step of an exponential moving average of the weights. 0: off."""
    valid_sample: PositiveInt | None = None
    """Validation triples (drawn once) that choose the epoch; None: all. The reported figure is always on all."""
    eval_numbers: PositiveInt = 1 << 25
    """Numbers in one block of candidates' embeddings: bounds the memory of scoring, which is about five blocks."""


_ADDITIVE = {"margin": 20.0, "learning_rate": 1e-4}
_BILINEAR = {"margin": 500.0, "learning_rate": 1e-3, "regularization": 2e-6}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "transe": {"dim": 2000, **_ADDITIVE},
    "rotate": {"dim": 1000, **_ADDITIVE},
    "distmult": {"dim": 2000, **_BILINEAR},
    "complex": {"dim": 1000, **_BILINEAR},
    # KGAT's script: 64 dimensions in both spaces, batches of 2048, L2 of 1e-5
    "transr": {
        "dim": 64,
        "loss": "translation",
        "num_negatives": 1,
        "subsampling": False,
        "batch_size": 2048,
        "regularization": 1e-5,
    },
}


def kge_defaults(model: str) -> dict[str, Any]:
    """Reference settings of a model, to be overridden by the user's."""
    return {"model": model, **_DEFAULTS[model]}
