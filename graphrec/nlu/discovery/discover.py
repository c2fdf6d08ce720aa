"""From collected utterances to named new intents in known or new domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.nlu.discovery.calibration import Coarseness, calibrate, group
from graphrec.nlu.discovery.known import Known, centred, centroids
from graphrec.nlu.discovery.linking import link
from graphrec.nlu.discovery.naming import key_terms, medoid, unique_names

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

SMALLEST = 5
"""Utterances that a group needs to be proposed as an intent."""


@dataclass(frozen=True, slots=True)
class Group:
    """A proposed intent.

    Args:
        name: from its terms; none of the known intents has it.
        terms: words that set it apart, best first.
        example: its most central utterance.
        domain: a known domain, or the name of a new one.
        new_domain: whether no known domain fits.
        members: positions of its utterances, ascending.
    """

    name: str
    terms: tuple[str, ...]
    example: str
    domain: str
    new_domain: bool
    members: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Discovery:
    """What a batch of utterances holds beyond the known intents.

    Args:
        groups: proposed intents, the largest first.
        leftover: positions of utterances in no group that is large enough.
        coarseness: how finely was grouped, and how well that works on known intents.
    """

    groups: tuple[Group, ...]
    leftover: tuple[int, ...]
    coarseness: Coarseness

    def labels(self, num_utterances: int) -> Int:
        """Position of the group of every utterance, -1 for leftovers, int64 `[num_utterances]`."""
        out = np.full(num_utterances, -1, dtype=np.int64)
        for position, found in enumerate(self.groups):
            out[list(found.members)] = position
        return out


def discover(
    texts: Sequence[str], vectors: Float, known: Known,
    *, smallest: int = SMALLEST, seed: int = 0, coarseness: Coarseness | None = None,
) -> Discovery:  # fmt: skip
    """Group, name and link utterances that fit no known intent ("Automatic Discovery of Novel Intents & Domains from
    Text Utterances", arXiv 2006.01208).

    Args:
        texts: the utterances.
        vectors: float32 `[len(texts), dim]`, unit length, from the encoder of `known`.
        known: labelled utterances, of two intents or more.
        smallest: utterances that make an intent.
        seed: of the plays and of the community search.
        coarseness: from :func:`calibrate`; learned here when left out.

    Raises:
        InvalidInputError: vectors and texts differ in number, or too little is known.
        MissingExtraError: igraph is not installed.
    """
    if len(texts) != len(vectors):
        raise InvalidInputError(f"{len(texts)} utterances came with {len(vectors)} vectors; encode each once.")
    if len(known.intents) < 2:
        raise InvalidInputError("Discovery learns from known intents how finely to group; give two or more.")
    if coarseness is None:
        coarseness = calibrate(known, len(texts), seed=seed)
    placed = centred(vectors, known.mean)
    found = group(placed, coarseness, seed=seed)
    sizes = np.bincount(found, minlength=1)
    large = [int(g) for g in range(len(sizes)) if sizes[g] >= smallest]
    members = [np.flatnonzero(found == g) for g in large]
    leftover = np.flatnonzero(sizes[found] < smallest) if len(texts) else np.zeros(0, dtype=np.int64)
    return Discovery(
        tuple(_described(texts, placed, members, known)), tuple(leftover.tolist()), coarseness
    )


def _described(texts: Sequence[str], placed: Float, members: Sequence[Int], known: Known) -> list[Group]:
    if not members:
        return []
    said = [[texts[row] for row in rows] for rows in members]
    terms = key_terms(said)
    names = unique_names(terms, known.intents)
    middle = centroids(
        np.concatenate([placed[rows] for rows in members]),
        np.repeat(np.arange(len(members)), [len(rows) for rows in members]),
        len(members),
    )
    domains = link(middle, known)
    new_names = _new_domains(said, domains, known)
    return [
        Group(
            name=names[at],
            terms=terms[at],
            example=said[at][medoid(placed[rows])],
            domain=new_names.get(int(domains[at])) or known.domains[int(domains[at])],
            new_domain=int(domains[at]) in new_names,
            members=tuple(rows.tolist()),
        )
        for at, rows in enumerate(members)
    ]


def _new_domains(said: Sequence[Sequence[str]], domains: Int, known: Known) -> dict[int, str]:
    """A name for every new domain, from the words of all its utterances."""
    new = sorted({int(d) for d in domains if d >= len(known.domains)})
    pooled = [[t for at, d in enumerate(domains) if d == domain for t in said[at]] for domain in new]
    others = [t for at, d in enumerate(domains) if d < len(known.domains) for t in said[at]]
    terms = key_terms([*pooled, others])[: len(new)]
    return dict(zip(new, unique_names(terms, known.domains), strict=True))
