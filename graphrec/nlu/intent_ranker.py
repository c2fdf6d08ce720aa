r"""An utterance's intents re-ranked by what this user meant before.

A classifier gives :math:`p(i \mid x)` for anybody, over N intents that it holds equally likely. For one user with
long-term shares of intents :math:`s_i` (mass n) and past utterances j of known intents,

.. math::
    \pi_i = \frac{\kappa / N + n s_i}{\kappa + n} \qquad
    q_i = \frac{\lambda \pi_i + \sum_j k_j [y_j = i]}{\lambda + \sum_j k_j} \qquad
    p_u(i \mid x) \propto p(i \mid x)\, N q_i

which is Bayes' rule with the user's own prior (Saerens et al., "Adjusting the outputs of a classifier to new a
priori probabilities", 2002): habit first, then utterances near this one, k falling with distance and age. Without
events every factor is 1 and nothing changes. The window and the long-term shares are those of the incremental user
embedding (:mod:`graphrec.ranking.memory`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.base import Encoder
from graphrec.errors import InvalidInputError
from graphrec.nlu.result import Intent, NLUResult, Step
from graphrec.ranking.memory import DAY, MemoryShape, MemoryView

if TYPE_CHECKING:
    from graphrec.nlu.intents import IntentModel

Float = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class IntentRanker:
    """Re-ranks intents by a memory whose events are `[utterance vector | intent]`.

    Args:
        encoder: of utterances.
        intents: all that the classifier knows, each once; the order belongs to the memories that are kept.
        habit: events after which a user's own habits count as much as nobody's in particular (kappa).
        nearness: near utterances that count as much as the habits (lambda).
        sharpness: an utterance at cosine c counts `exp(sharpness * (c - 1))`.
        limit: no factor is larger than this or smaller than its inverse: a habit may tip the scales, but not
            silence a classifier that is sure.
        window: utterances kept one by one.
        half_life: seconds after which an event counts half.
        sure: a classifier that is at least so sure of an intent is never overruled.
    """

    encoder: Encoder
    intents: Sequence[str]
    habit: float = 10.0
    nearness: float = 1.0
    sharpness: float = 12.0
    limit: float = 20.0
    window: int = 32
    half_life: float = 30 * DAY
    sure: float = 0.9

    @classmethod
    def of(cls, model: IntentModel, **settings: float) -> IntentRanker:
        """The ranker for a classifier: its intents, and its encoder.

        A prior of half an event for each intent is what harmed speakers without habits least for what it mended for
        the others (benchmarks/intent_memory.py).
        """
        habit = settings.pop("habit", 0.5 * len(model.intents))
        return cls(model.encoder, model.intents, habit, **settings)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        positive = min(self.habit, self.nearness, self.sharpness, self.half_life) > 0 and self.limit >= 1
        positive = positive and 0 <= self.sure <= 1
        if not positive or not self.intents or len(set(self.intents)) != len(self.intents):
            raise InvalidInputError(
                "An intent ranker needs intents, each once, positive constants, a limit of 1 or more, a share `sure`."
            )

    @cached_property
    def shape(self) -> MemoryShape:
        """Of the memories to make for it, e.g. `MemoryBank(ranker.shape)`."""
        return MemoryShape(self.encoder.dim + len(self.intents), self.window, (self.half_life,))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.intents)}

    def event(self, text: str | None, intent: str, vector: Float | None = None) -> Float:
        """What to update a memory with once an intent proved right, float32 `[shape.dim]`.

        Args:
            vector: the utterance's, where it is known already; else the encoder is asked.

        Raises:
            InvalidInputError: the ranker does not know the intent.
        """
        if intent not in self._place:
            raise InvalidInputError(f"The intent ranker knows no intent {intent!r}; it was made for others.")
        label = np.zeros(len(self.intents), dtype=np.float32)
        label[self._place[intent]] = 1.0
        return np.concatenate([self._vector(text, vector), label], dtype=np.float32)

    def rank(self, result: NLUResult, memory: MemoryView, vector: Float | None = None) -> NLUResult:
        """The result with its intents in this user's order, their confidences adjusted.

        The confidences keep their sum. Nothing changes for a user without events, for an intent without a
        confidence, one that the classifier is sure of or the dialogue confirmed or denied, or an utterance that fits
        none (`novel`).

        Args:
            memory: the user's, of :attr:`shape`.
            vector: the utterance's, where it is known already; else the encoder is asked.

        Raises:
            InvalidInputError: the memory is of another shape.
        """
        top = result.intent
        if memory.long.shape[1] != self.shape.dim:
            raise InvalidInputError(
                f"The memory holds vectors of {memory.long.shape[1]} numbers, this ranker's have {self.shape.dim}."
            )
        if top is None or not self.applies(result) or not len(memory):
            return result
        rankable = [top, *(other for other in result.alternatives if other.confidence is not None)]
        before = np.array([intent.confidence for intent in rankable], dtype=np.float64)
        factors = self.factors(
            [intent.name for intent in rankable], memory, self._vector(result.text, vector)
        )
        after = before * factors
        if not after.sum() > 0:
            return result
        after *= before.sum() / after.sum()
        order = np.argsort(-after, kind="stable").tolist()
        first, *others = [replace(rankable[place], confidence=float(after[place])) for place in order]
        unsure = tuple(other for other in result.alternatives if other.confidence is None)
        ranked = replace(result, intent=first, alternatives=(*others, *unsure))
        return ranked if first.name == top.name else _explained(ranked, top, first)

    def applies(self, result: NLUResult) -> bool:
        """Whether an utterance leaves its intent open enough to be ranked by habit."""
        top = result.intent
        if top is None or top.confidence is None or top.status != "none" or result.novel:
            return False
        return top.confidence < self.sure

    def factors(self, names: Sequence[str], memory: MemoryView, vector: Float) -> Float:
        """`N q_i` of some intents, float64 `[len(names)]`; see the module."""
        dim, size = self.encoder.dim, len(self.intents)
        mass = float(memory.mass[0])
        habits = (self.habit / size + mass * memory.long[0, dim:]) / (self.habit + mass)
        lengths = np.linalg.norm(memory.events[:, :dim], axis=1) * np.linalg.norm(vector)
        cosine = memory.events[:, :dim] @ vector / np.maximum(lengths, 1e-12)
        near = np.where(lengths > 0, np.exp(self.sharpness * (cosine - 1.0)), 0.0)
        near = near * np.exp2(-memory.ages / self.half_life)
        shares = (self.nearness * habits + near @ memory.events[:, dim:]) / (self.nearness + near.sum())
        unknown = self.nearness * self.habit / size / (self.habit + mass) / (self.nearness + near.sum())
        own = [float(shares[self._place[name]]) if name in self._place else unknown for name in names]
        return np.clip(size * np.array(own, dtype=np.float64), 1.0 / self.limit, self.limit)

    def _vector(self, text: str | None, vector: Float | None = None) -> Float:
        """The utterance's vector; zeros, near to nothing, where there is no text."""
        if vector is not None:
            return vector
        if text is None:
            return np.zeros(self.encoder.dim, dtype=np.float32)
        return np.asarray(self.encoder.encode([text])[0], dtype=np.float32)


def _explained(result: NLUResult, before: Intent, after: Intent) -> NLUResult:
    detail = f"What the user meant before puts {after.name} ahead of {before.name}."
    return replace(result, trace=(*result.trace, Step("memory", confidence=after.confidence, detail=detail)))
