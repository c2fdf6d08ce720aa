"""Choosing the content student's settings on items that lose all their interactions for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.bundle import Part
from graphrec.evaluation.metrics import ndcg, recall
from graphrec.ranking.item_features import ItemFeatures
from graphrec.sparse.top_k import top_k
from graphrec.training.cold_config import ColdChoice, ColdConfig
from graphrec.training.cold_regression import ContentRegression
from graphrec.training.cold_student import Student, even_links, fit_student, model_scores, target_of

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

_K = 20
_GROUP = 300  # pseudo-new items that are ranked among themselves
_USERS = 1500  # users that choose scales


@dataclass(frozen=True, eq=False)
class Trial:
    """Training data without the pseudo-new items.

    Args:
        parts: the model's; the weights among the remaining items stand for a model that never saw the others.
        choices: what is left, `[num_users, num_items]`, 0/1.
        taken: what the pseudo-new items lost, same shape.
        valid: held-out choices among the trained items, same shape; None when nothing was held out.
        items: the pseudo-new items, in random order.
    """

    parts: Sequence[Part]
    choices: sp.csr_matrix
    taken: sp.csr_matrix
    valid: sp.csr_matrix | None
    items: Int

    def groups(self) -> list[Int]:
        """Pseudo-new items in lists to be ranked."""
        return np.array_split(self.items, max(1, round(len(self.items) / _GROUP)))


def make_trial(
    parts: Sequence[Part], choices: sp.csr_matrix, valid: sp.csr_matrix | None, described: Any,
    config: ColdConfig, seed: int,
) -> Trial | None:  # fmt: skip
    """Take the interactions of some items away; None where too few items have enough of them."""
    counts = np.asarray(choices.sum(axis=0)).ravel()
    able = np.flatnonzero(described & (counts >= config.min_interactions))
    size = min(config.pseudo, len(able) // 10)
    if size < 2:
        return None
    items = np.random.default_rng(seed).choice(able, size, replace=False)
    new = np.zeros(choices.shape[1], dtype=np.float32)
    new[items] = 1
    left, taken = (choices @ sp.diags(1 - new)).tocsr(), (choices @ sp.diags(new)).tocsr()
    left.eliminate_zeros(), taken.eliminate_zeros()
    return Trial(parts, left, taken, valid, items)


def choose(
    features: ItemFeatures, bags: sp.csr_matrix, trial: Trial, config: ColdConfig, seed: int
) -> ColdChoice:
    """Ridge and share of own choices first, then the neighbours' portion, then the scale of the whole."""
    remaining = (np.asarray(trial.choices.sum(axis=0)).ravel() > 0).astype(np.float32)
    seen = (sp.diags(remaining) @ bags).tocsr()
    links = even_links(trial.choices, trial.parts)
    best, choice, regression = -1.0, ColdChoice(), None
    for ridge in config.ridges:
        tried = ContentRegression(seen, ridge)
        found = _best_own(tried, bags, trial, links, config)
        if found[0] > best:
            best, regression = found[0], tried
            choice = choice.model_copy(update={"ridge": ridge, "own": found[1]})
    assert regression is not None
    plain = fit_student(
        features, bags, regression, target_of(trial.choices, links, choice.own), choice, config.dim, seed
    )
    return _scales(plain, trial, choice, config, seed)


def _best_own(
    regression: ContentRegression,
    bags: sp.csr_matrix,
    trial: Trial,
    links: sp.csr_matrix | None,
    config: ColdConfig,
) -> tuple[float, float]:
    """Quality and share of own choices, from the regression without the cut to few dimensions."""
    wanted = np.asarray(bags[trial.items].toarray().T, dtype=np.float32)
    content = np.asarray(regression.bags @ regression.backward(regression.forward(wanted)), dtype=np.float32)
    alone = trial.choices @ content
    if links is None:
        return group_quality(alone, trial), 1.0
    linked = trial.choices @ (links @ content)
    return max((group_quality(own * alone + (1 - own) * linked, trial), own) for own in config.owns)


def _scales(plain: Student, trial: Trial, choice: ColdChoice, config: ColdConfig, seed: int) -> ColdChoice:
    """Lean towards popularity, portion of the neighbours, then the scale against trained items."""
    rows = np.flatnonzero(np.diff(trial.taken.indptr))
    users = np.random.default_rng(seed).permutation(rows)[:_USERS]
    model = model_scores(trial.parts, trial.choices, users)
    pooled = trial.choices[users] @ plain.profile.keys
    content = np.asarray(pooled @ plain.profile.items[trial.items].T)
    logs = np.asarray(plain.bags[trial.items] @ plain.cold.popularity)
    lean = _best_lean(content, logs, trial, users, config)
    content = content + np.float32(lean) * logs
    trained = np.flatnonzero(np.asarray(trial.choices.sum(axis=0)).ravel())
    unit = float(model[:, trained].std() / max(content.std(), 1e-12))
    best, found = -1.0, (choice.neighbours, choice.temperature, 0.0, content * unit)
    vectors = np.asarray(plain.bags[trial.items] @ plain.cold.items)
    for count, temperature in product(config.neighbours, config.temperatures):
        attention = np.array([count, temperature, 1.0], dtype=np.float32)
        neighbours, shares = replace(plain.cold, attention=attention).neighbours(vectors)
        beside = _taken(model, neighbours, shares)
        for portion in config.portions:
            scores = content * unit + np.float32(portion) * beside
            value = group_quality(scores, trial, users)
            if value > best + 1e-9:
                best, found = value, (count, temperature, portion, scores)
    update = {"lean": lean, "unit": unit, "neighbours": found[0], "temperature": found[1], "portion": found[2]}
    update["scale"] = _best_scale(model, found[3], users, trial, config)
    return choice.model_copy(update=update)


def _best_lean(content: Float, logs: Float, trial: Trial, users: Int, config: ColdConfig) -> float:
    """How much what the words tell of popularity counts beside what they tell of the user's taste."""
    spread = float(content.std(axis=1).mean()) / max(float(logs.std()), 1e-12)
    leans = [weight * spread for weight in sorted(config.leans)]
    values = [group_quality(content + np.float32(lean) * logs, trial, users) for lean in leans]
    return leans[int(np.argmax(values))]


def _taken(model: Float, neighbours: Int, shares: Float) -> Float:
    """Shares of the neighbours' scores, `[users, n]`."""
    there = neighbours >= 0
    rows = np.repeat(np.arange(len(neighbours)), there.sum(axis=1))
    matrix = sp.csr_matrix(
        (shares[there], (rows, neighbours[there])), shape=(len(neighbours), model.shape[1])
    )
    return np.asarray((matrix @ model.T).T, dtype=np.float32)


def _best_scale(model: Float, scores: Float, users: Int, trial: Trial, config: ColdConfig) -> float:
    """The largest scale of new items at which trained ones are still found as well, but for the loss allowed.

    Held-out choices of both together would choose a scale at which new items never reach a list: of each single
    one too little is known. So what is looked at is what trained items lose.
    """
    if trial.valid is None or trial.valid.nnz == 0:
        return 1.0
    seen, wanted = trial.choices[users], _only_trained(trial)[users]
    alone = model.copy()
    alone[:, trial.items] = -np.inf
    least = (1 - config.allowed_loss) * quality(mask_seen(alone, seen), wanted)
    for scale in sorted(config.scales, reverse=True):
        whole = model.copy()
        whole[:, trial.items] = scores * np.float32(scale)
        if quality(mask_seen(whole, seen), wanted) >= least:
            return scale
    return min(config.scales)


def _only_trained(trial: Trial) -> sp.csr_matrix:
    """The held-out choices of items that are not pseudo-new."""
    assert trial.valid is not None
    kept = np.ones(trial.valid.shape[1], dtype=np.float32)
    kept[trial.items] = 0
    found = (trial.valid @ sp.diags(kept)).tocsr()
    found.eliminate_zeros()
    return found


def mask_seen(scores: Float, seen: sp.csr_matrix) -> Float:
    """Scores with `-inf` at what was chosen already, in place."""
    scores[np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr)), seen.indices] = -np.inf
    return scores


def group_quality(scores: Float, trial: Trial, users: Int | None = None) -> float:
    """Mean quality over the groups of pseudo-new items.

    Args:
        scores: `[users, len(trial.items)]`.
        users: whose scores; None is everybody.
    """
    taken = trial.taken if users is None else trial.taken[users]
    values, start = [], 0
    for group in trial.groups():
        values.append(quality(scores[:, start : start + len(group)], taken[:, group]))
        start += len(group)
    return float(np.mean(values))


def quality(scores: Float, wanted: sp.csr_matrix) -> float:
    """Recall@20 + NDCG@20, mean over the users who want anything.

    Args:
        scores: `[users, items]`, `-inf` where an item is no candidate.
        wanted: `[users, items]`.
    """
    rows = np.flatnonzero(np.diff(wanted.indptr))
    if not len(rows):
        return 0.0
    wanted = wanted[rows]
    found, _ = top_k(np.asarray(scores[rows]), _K)
    keys = np.repeat(np.arange(len(rows)), np.diff(wanted.indptr)) * wanted.shape[1] + wanted.indices
    hits = np.isin(np.arange(len(rows))[:, None] * wanted.shape[1] + found, keys) & (found >= 0)
    sizes = np.diff(wanted.indptr).astype(np.int64)
    return float((recall(hits, sizes, _K) + ndcg(hits, sizes, _K)).mean())
