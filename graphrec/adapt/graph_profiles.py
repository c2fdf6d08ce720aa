"""A domain graph from what the domains are like: profiles of domains, and an edge to those most alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import InvalidInputError

Float = NDArray[np.float64]
Int = NDArray[np.int64]

PRIOR = 200.0
"""Words that a domain is taken to have beside its own, as all domains use them: a small one stands in the middle."""
_LEAST = 0.01  # closeness of a weighted edge that only keeps the graph together


def similarity_graph(
    names: Sequence[str],
    profiles: NDArray[np.floating[Any]],
    neighbours: int = 4,
    *,
    mutual: bool = False,
    weighted: bool = False,
    connect: bool = True,
) -> DomainGraph:
    """Join every domain to those whose profiles have the highest cosine with its own.

    An edge stands where either of two domains is among the other's nearest (`mutual`: both), and their cosine is
    positive: domains that point to opposite sides are not close, however few there are.

    Args:
        profiles: float `[num_domains, dim]`, about their own mean (:func:`ingredient_profiles`,
            :func:`mean_profiles`); shares as they are would make everything close to everything.
        neighbours: how many each domain names.
        weighted: closeness is the cosine, up to 1; otherwise every edge is 1.
        connect: join the parts that remain by the most alike pair of domains between two parts, until there is one
            part. An edge of this kind holds the graph together and says little: without it, `components()` shows
            what belongs together.

    Raises:
        InvalidInputError: profiles that do not fit the names, or are no numbers; fewer than 1 neighbour.
    """
    cosine = profile_cosines(profiles)
    num = len(names)
    if len(cosine) != num:
        raise InvalidInputError(f"{num} domains need as many profiles, not {len(cosine)}.")
    if neighbours < 1:
        raise InvalidInputError(f"A domain is joined to 1 or more neighbours, not to {neighbours}.")
    np.fill_diagonal(cosine, -np.inf)
    nearest = np.argsort(-cosine, axis=1, kind="stable")[:, : min(neighbours, num - 1)]
    named = np.zeros((num, num), dtype=bool)
    np.put_along_axis(named, nearest, True, axis=1)
    joined = (named & named.T if mutual else named | named.T) & (cosine > 0)
    weights = np.clip(cosine, _LEAST, 1.0) if weighted else np.ones_like(cosine)
    if connect:
        joined = joined | _bridges(DomainGraph(tuple(names), joined.astype(np.float64)), cosine)
    return DomainGraph(tuple(names), np.where(joined, weights, 0.0))


def profile_cosines(profiles: NDArray[np.floating[Any]]) -> Float:
    """Cosine of every two profiles, float64 `[num_domains, num_domains]`, symmetric; 0 for a profile of zeros.

    Raises:
        InvalidInputError: not a table of finite numbers.
    """
    table = np.asarray(profiles, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise InvalidInputError("Profiles of domains are a table of finite numbers, a row per domain.")
    length = np.linalg.norm(table, axis=1, keepdims=True)
    unit = np.divide(table, length, out=np.zeros_like(table), where=length > 0)
    cosine = unit @ unit.T
    return np.asarray((cosine + cosine.T) / 2)


def word_counts(
    domain: NDArray[np.integer[Any]], words: Sequence[Iterable[str]], num_domains: int
) -> tuple[Float, tuple[str, ...]]:
    """How many rows of each domain hold each word (an ingredient, say); a word counts once per row.

    Args:
        domain: `[num_rows]`; rows of none (-1) count nowhere.
        words: of each row.

    Returns:
        float64 `[num_domains, num_words]`, and the words in order.

    Raises:
        InvalidInputError: as many domains as rows are needed, and none beyond `num_domains`.
    """
    if len(domain) != len(words):
        raise InvalidInputError(f"{len(words)} rows of words need as many domains, not {len(domain)}.")
    of_domain = [(int(number), set(row)) for number, row in zip(domain, words, strict=True) if number >= 0]
    if of_domain and max(number for number, _ in of_domain) >= num_domains:
        raise InvalidInputError(f"A row belongs to a domain beyond {num_domains - 1}.")
    vocabulary = tuple(sorted({word for _, row in of_domain for word in row}))
    columns = {word: column for column, word in enumerate(vocabulary)}
    counts = np.zeros((num_domains, len(vocabulary)))
    for number, row in of_domain:
        counts[number, [columns[word] for word in row]] += 1
    return counts, vocabulary


def ingredient_profiles(
    counts: NDArray[Any] | sparse.spmatrix,
    weighting: Literal["log_odds", "tfidf"] = "log_odds",
    *,
    prior: float = PRIOR,
) -> Float:
    r"""What each domain uses more and what less than the others: rows about their mean.

    - `log_odds`: :math:`\sqrt{p_w} \log(p_{dw} / p_w)`, the weighted log-ratios of Greenacre (2009); :math:`p_{dw}`
      is the share in domain d with `prior` words of :math:`p_w` mixed in, so that chance finds in small domains do not
      count; :math:`p_w` is the domains' mean share, each weighing n / (n + prior) with n its words, so that neither
      the largest domain is the measure of all nor the smallest.
    - `tfidf`: shares times the logarithm of (1 + N) / (1 + domains that have the word), plus 1; it looks at the
      frequent words and at those that few domains have.

    Args:
        counts: `[num_domains, num_words]`, 0 or more; sparse or not.

    Returns:
        float64 `[num_domains, num_words]`; zeros for a domain without words.

    Raises:
        InvalidInputError: negative counts, a prior that is not positive, or an unknown weighting.
    """
    table = np.asarray(_dense(counts), dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise InvalidInputError("Counts of words are a table of numbers from 0, a row per domain.")
    if prior <= 0:
        raise InvalidInputError(f"The prior of log-odds is a positive number of words, not {prior}.")
    if weighting not in ("log_odds", "tfidf"):
        raise InvalidInputError(f"Profiles are weighted by log_odds or tfidf, not {weighting!r}.")
    profiles = np.zeros_like(table)
    totals = table.sum(axis=1)
    known = totals > 0
    if not known.any():
        return profiles
    shares = table[known] / totals[known, None]
    if weighting == "log_odds":
        weights = totals[known] / (totals[known] + prior)
        raw = _log_odds(table[known], np.average(shares, axis=0, weights=weights), prior)
    else:
        weights = np.ones(len(shares))
        raw = shares * (np.log((1 + len(table)) / (1 + (table > 0).sum(axis=0))) + 1)
    profiles[known] = raw - np.average(raw, axis=0, weights=weights)
    return profiles


def mean_profiles(x: NDArray[np.floating[Any]], domain: NDArray[np.integer[Any]], num_domains: int) -> Float:
    """Mean input of each domain about the mean of the domains: profiles where there are only features.

    Args:
        x: `[num_rows, dim]`.
        domain: `[num_rows]`; rows of none (-1) are left out.

    Returns:
        float64 `[num_domains, dim]`; zeros for a domain without rows.
    """
    known = np.flatnonzero(domain >= 0)
    shape = (num_domains, len(known))
    pick = sparse.csr_array((np.ones(len(known)), (domain[known], np.arange(len(known)))), shape=shape)
    sizes = np.bincount(domain[known], minlength=num_domains)
    filled = sizes > 0
    means = np.asarray(pick @ np.asarray(x, dtype=np.float64)[known]) / np.maximum(sizes, 1)[:, None]
    if filled.any():
        means[filled] -= means[filled].mean(axis=0)
    return means


def _dense(counts: Any) -> Any:
    return counts.toarray() if sparse.issparse(counts) else counts


def _log_odds(counts: Float, typical: Float, prior: float) -> Float:
    used = typical > 0
    mixed = (counts[:, used] + prior * typical[used]) / (counts.sum(axis=1, keepdims=True) + prior)
    weighted = np.zeros_like(counts)
    weighted[:, used] = np.sqrt(typical[used]) * np.log(mixed / typical[used])
    return weighted


def _bridges(graph: DomainGraph, cosine: Float) -> NDArray[np.bool_]:
    """The edges of highest cosine that join all parts: Kruskal's algorithm between the parts."""
    part = graph.components()
    added = np.zeros(cosine.shape, dtype=bool)
    between = np.argwhere(np.triu(part[:, None] != part, 1))
    order = np.argsort(-cosine[between[:, 0], between[:, 1]], kind="stable")
    for i, j in between[order]:
        if part[i] != part[j]:
            added[i, j] = added[j, i] = True
            part[part == part[j]] = part[i]
    return added
