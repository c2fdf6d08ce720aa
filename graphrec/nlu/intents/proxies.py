"""General sentences as out-of-scope proxies for intents that they were not written for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from graphrec.nlu.intents.regression import fit_softmax, log_softmax

if TYPE_CHECKING:
    from graphrec.encoders import Encoder
    from graphrec.nlu.intents.data import IntentData

CLAIMED = 0.5
_STRENGTH = 100.0


def unclaimed(
    data: IntentData, encoder: Encoder, sentences: Sequence[str], *, claimed: float = CLAIMED
) -> tuple[str, ...]:
    """The sentences that no intent of `data` takes for its own.

    "what time is it" is out of scope in a kitchen and an intent on a watch: learned as out of scope there, it would
    cost the intent. A softmax regression over the intents alone says what is claimed. Sentences that were written or
    labelled for these very intents should not go through here: what is nearest to an intent teaches most.

    Args:
        data: the intents.
        encoder: gives the vectors.
        sentences: the candidates.
        claimed: probability of an intent from which on a sentence counts as its own.
    """
    if not sentences:
        return ()
    codes = {intent: number for number, intent in enumerate(data.intents)}
    labels = np.array([codes[utterance.intent] for utterance in data.train], dtype=np.int64)
    vectors = np.asarray(encoder.encode([utterance.text for utterance in data.train]))
    model = fit_softmax(vectors, labels, len(codes), _STRENGTH)
    likeliest = np.exp(log_softmax(model.logits(np.asarray(encoder.encode(sentences)))).max(axis=1))
    return tuple(text for text, share in zip(sentences, likeliest.tolist(), strict=True) if share < claimed)
