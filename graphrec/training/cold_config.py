"""Settings of the content student, and what held-out items chose among them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt


class ColdConfig(BaseModel):
    """How new items are learned to be placed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    """Learn it where the store describes the items."""
    dim: PositiveInt = 128
    """Numbers per item in the profile part."""
    max_words: PositiveInt = 6000
    """Words and pairs of words that are looked at; the regression's cost grows with their third power."""
    field_weights: tuple[NonNegativeFloat, ...] = Field(
        default=(1, 1, 1, 1, 2, 1), min_length=6, max_length=6
    )
    """Shares of title, title pairs, lines, line pairs, prose and attributes in the likeness of two items."""
    ridges: tuple[PositiveFloat, ...] = (8.0, 20.0)
    """Ridges that pseudo-new items choose from."""
    owns: tuple[float, ...] = (0.0, 0.3, 0.5, 0.7, 1.0)
    """Shares of the choices themselves, beside what the model's item-item weights make of them."""
    neighbours: tuple[PositiveInt, ...] = (10, 30)
    """Numbers of virtual neighbours."""
    temperatures: tuple[PositiveFloat, ...] = (0.1, 0.2)
    """Temperatures of the attention over them."""
    portions: tuple[PositiveFloat, ...] = (0.2, 0.5, 1.0)
    """Shares of the neighbours' rows beside the content's own score; never none, for it is through them that a
    choice of a new item speaks for trained ones."""
    leans: tuple[NonNegativeFloat, ...] = (0.0, 0.15, 0.3, 0.5)
    """Weights of the expected popularity in a new item's score, in units of the content score's spread."""
    scales: tuple[PositiveFloat, ...] = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
    """Scales of new items' scores against the trained items'; the largest that costs little is taken."""
    allowed_loss: float = Field(default=0.01, ge=0.0, lt=1.0)
    """Part of their Recall@20 + NDCG@20 that trained items may lose to new ones in the same lists."""
    halves: tuple[NonNegativeFloat, ...] = (0.0, 0.1, 0.3, 1.0, 2.0)
    """Degrees at which content and training count alike, tried on the validation rows."""
    pseudo: PositiveInt = 600
    """Items that lose their interactions in order to choose, at most; never more than a tenth."""
    min_interactions: PositiveInt = 5
    """Interactions of an item that is to choose."""
    min_items: PositiveInt = 20
    """With fewer chosen items that are described, there is nothing to learn from."""


class ColdChoice(BaseModel):
    """What pseudo-new items and the validation rows chose.

    Args (all fields):
        ridge: of the regression.
        own: share of the choices themselves in what is regressed.
        neighbours, temperature: of the attention.
        portion: share of the neighbours' rows.
        lean: content score per logarithm of expected users.
        unit: factor that brings content scores to the spread of the model's scores.
        scale: of new items' scores, content and neighbours alike.
        half: degree at which content and training count alike; 0 leaves trained items as they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ridge: float = 10.0
    own: float = 0.5
    neighbours: int = 30
    temperature: float = 0.1
    portion: float = 0.2
    lean: float = 0.0
    unit: float = 1.0
    scale: float = 1.0
    half: float = 0.0
