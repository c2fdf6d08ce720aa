"""Names for groups of utterances: the words that set a group apart, and its most central utterance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.nlu.discovery.known import unit

Float = NDArray[np.floating[Any]]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_PLAIN = frozenset(
    """a an the this that these those it its is are was were be been am i i'm i'd i'll i've me my mine we us our you
    your he she they them his her their to of in on at by for from with about as into out up do does did don't can
    could would should will shall may might must have has had not no yes and or but if so than then there here what
    what's which who whom when where why how please tell just get got let want need like know give make some any all
    more much many one""".split()
)


def words(text: str) -> list[str]:
    """Content words of a text, in lower case."""
    return [word for word in _WORD.findall(text.lower()) if word not in _PLAIN and not word.isdigit()]


def key_terms(groups: Sequence[Sequence[str]], count: int = 3) -> list[tuple[str, ...]]:
    """The words that set each group apart, best first.

    Class-based TF-IDF: the share of a group's utterances that hold the word, times `log(1 + average utterances per
    group / utterances of all groups that hold it)` (Grootendorst, "BERTopic", arXiv 2203.05794, eq. 2, with
    utterances instead of occurrences, so that one long utterance does not name its group).
    """
    holding = [Counter(word for text in group for word in set(words(text))) for group in groups]
    total: Counter[str] = Counter()
    for counter in holding:
        total.update(counter)
    average = sum(map(len, groups)) / max(len(groups), 1)
    named = []
    for group, counter in zip(groups, holding, strict=True):
        weight = {w: n / len(group) * float(np.log1p(average / total[w])) for w, n in counter.items()}
        named.append(tuple(sorted(weight, key=lambda w: (-weight[w], w))[:count]))
    return named


def medoid(vectors: Float) -> int:
    """Position of the utterance nearest to the mean of its group, `[n, dim]` with n of 1 or more."""
    return int((vectors @ unit(vectors.mean(axis=0, keepdims=True))[0]).argmax())


def unique_names(terms: Sequence[tuple[str, ...]], taken: Sequence[str]) -> list[str]:
    """One intent name per group from its terms, none of which is taken; a number is added where terms repeat."""
    used, names = set(taken), []
    for group in terms:
        name = base = "_".join(group) or "unnamed"
        number = 2
        while name in used:
            name, number = f"{base}_{number}", number + 1
        used.add(name)
        names.append(name)
    return names
