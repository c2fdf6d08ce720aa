"""How well an utterance fits what is known: the number that is compared with the rejection threshold.

A score takes calibrated logits `[n, K]` or `[n, K + 1]`, the last column being the class of out-of-scope proxies
where there is one, and gives `[n]`, higher for utterances that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from graphrec.nlu.intents.regression import Float, log_softmax

Score: TypeAlias = Callable[[Float, int], Float]
"""(logits, number of intents) to scores."""


def max_probability(logits: Float, num_intents: int) -> Float:
    """Probability of the likeliest intent."""
    found: Float = np.exp(log_softmax(logits)[:, :num_intents].max(axis=1))
    return found


def proxy_margin(logits: Float, num_intents: int) -> Float:
    """Probability of the likeliest intent less that of the proxy class."""
    shares = np.exp(log_softmax(logits))
    found: Float = shares[:, :num_intents].max(axis=1) - shares[:, num_intents:].sum(axis=1)
    return found


def margin_and_energy(logits: Float, num_intents: int) -> Float:
    """The proxy margin and a fifth of the energy of the intents, ``log sum exp`` of their logits.

    Probabilities only compare; the energy (Liu et al. 2020, "Energy-based Out-of-distribution Detection") also says
    how much there is to compare. On CLINC150's validation utterances any weight from 0.1 to 0.5 does as well.
    """
    known = logits[:, :num_intents]
    top = known.max(axis=1)
    energy = top + np.log(np.exp(known - top[:, None]).sum(axis=1))
    found: Float = proxy_margin(logits, num_intents) + _ENERGY * energy
    return found


_ENERGY = 0.2

SCORES: Mapping[str, Score] = {
    "max_probability": max_probability,
    "proxy_margin": proxy_margin,
    "margin_and_energy": margin_and_energy,
}


def default_score(has_proxies: bool) -> str:
    """Name of the score that works best with or without a proxy class."""
    return "proxy_margin" if has_proxies else "max_probability"
