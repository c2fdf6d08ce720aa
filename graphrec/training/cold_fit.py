"""From a trained model and the store's item records to a student that places new items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.bundle import Part
from graphrec.errors import InvalidInputError
from graphrec.ranking.cold_items import ColdItems
from graphrec.ranking.item_features import ItemFeatures, fit_features, read_item
from graphrec.sparse import CSR
from graphrec.store.records import ItemRecord
from graphrec.training.cold_choice import Trial, choose, make_trial, mask_seen, quality
from graphrec.training.cold_config import ColdChoice, ColdConfig
from graphrec.training.cold_regression import ContentRegression
from graphrec.training.cold_student import (
    Student,
    binary,
    even_links,
    fit_student,
    model_scores,
    soften,
    target_of,
)
from graphrec.training.run_log import Log

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

_WARM_USERS = 1000  # users that choose the switch


class HasParts(Protocol):
    """A trained model, or a blend of several."""

    def parts(self) -> Sequence[Part]:
        """Its scorers."""


@dataclass(frozen=True, eq=False)
class ColdFit:
    """A model that also serves items without interactions.

    Args:
        parts: the model's parts with the switch built in, and the profile part.
        cold: what places new items, for the bundle.
        chosen: what was chosen, for the manifest and for :func:`refit_cold`.
        choices: 0/1 `[num_users, num_items]`, the histories that :meth:`score` reads.
    """

    parts: list[Part]
    cold: ColdItems
    chosen: ColdChoice
    choices: sp.csr_matrix

    def score(self, users: Int) -> Float:
        """Float32 `[len(users), num_items]`, as served."""
        return model_scores(self.parts, self.choices, users)


def fit_cold(
    blend: HasParts, train: CSR, valid: CSR | None, records: Sequence[ItemRecord], config: ColdConfig,
    seed: int = 0, log: Log | None = None,
) -> ColdFit | None:  # fmt: skip
    """Choose the settings of the student on pseudo-new items and validation rows, and fit it.

    Args:
        blend: trained on `train`.
        train: `[num_users, num_items]`.
        valid: held-out choices of the same users, which choose the scale of new items and the switch; without
            them new items are scaled to the spread of the trained ones, and trained items stay as they are.
        records: of all items, in the order of the columns.

    Returns:
        None where nothing describes enough items.

    Raises:
        InvalidInputError: there is not one record for each item.
    """
    prepared = _prepare(train, records, config)
    if prepared is None:
        return None
    features, bags, choices = prepared
    parts = list(blend.parts())
    held = None if valid is None else binary(valid)
    trial = make_trial(parts, choices, held, np.diff(bags.indptr) > 0, config, seed)
    choice = ColdChoice() if trial is None else choose(features, bags, trial, config, seed)
    student = _student(features, bags, choices, parts, choice, config, seed)
    choice = choice.model_copy(update={"half": _best_half(parts, student, choices, held, config, seed)})
    if log:
        log({"stage": "cold items", **choice.model_dump()})
    return _joined(parts, student, choices, choice)


def refit_cold(
    blend: HasParts,
    train: CSR,
    records: Sequence[ItemRecord],
    chosen: ColdChoice,
    config: ColdConfig,
    seed: int = 0,
) -> ColdFit | None:
    """The same with settings that are chosen already, on a model that was fitted to all interactions."""
    prepared = _prepare(train, records, config)
    if prepared is None:
        return None
    features, bags, choices = prepared
    parts = list(blend.parts())
    return _joined(parts, _student(features, bags, choices, parts, chosen, config, seed), choices, chosen)


def _prepare(
    train: CSR, records: Sequence[ItemRecord], config: ColdConfig
) -> tuple[ItemFeatures, sp.csr_matrix, sp.csr_matrix] | None:
    """Vocabulary, bags of all items and choices; None where too few chosen items say anything."""
    if len(records) != train.shape[1]:
        raise InvalidInputError(
            f"{train.shape[1]} items need as many records, but {len(records)} were given."
        )
    choices = binary(train)
    chosen = np.flatnonzero(np.bincount(train.indices, minlength=train.shape[1]))
    texts = [read_item(record) for record in records]
    features = fit_features([texts[i] for i in chosen], config.field_weights, most=config.max_words)
    bags = features.bags_of(texts).to_scipy()
    if len(features) == 0 or np.count_nonzero(np.diff(bags.indptr)[chosen]) < config.min_items:
        return None
    return features, bags, choices


def _student(
    features: ItemFeatures, bags: sp.csr_matrix, choices: sp.csr_matrix, parts: Sequence[Part],
    choice: ColdChoice, config: ColdConfig, seed: int,
) -> Student:  # fmt: skip
    known = (np.asarray(choices.sum(axis=0)).ravel() > 0).astype(np.float32)
    regression = ContentRegression((sp.diags(known) @ bags).tocsr(), choice.ridge)
    target = target_of(choices, even_links(choices, parts), choice.own)
    return fit_student(features, bags, regression, target, choice, config.dim, seed)


def _best_half(
    parts: Sequence[Part], student: Student, choices: sp.csr_matrix, valid: sp.csr_matrix | None,
    config: ColdConfig, seed: int,
) -> float:  # fmt: skip
    """The degree at which content and training count alike, by the validation rows; ties to the smallest."""
    if valid is None or valid.nnz == 0:
        return 0.0
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(np.diff(valid.indptr)))[:_WARM_USERS]
    counts = np.asarray(choices.sum(axis=0)).ravel()
    best, chosen = -1.0, 0.0
    for half in sorted(config.halves):
        scores = model_scores(soften(parts, student, counts, half), choices, rows)
        value = quality(mask_seen(scores, choices[rows]), valid[rows])
        if value > best + 1e-9:
            best, chosen = value, half
    return chosen


def _joined(parts: Sequence[Part], student: Student, choices: sp.csr_matrix, choice: ColdChoice) -> ColdFit:
    counts = np.asarray(choices.sum(axis=0)).ravel()
    return ColdFit(soften(parts, student, counts, choice.half), student.cold, choice, choices)


__all__ = ["ColdChoice", "ColdConfig", "ColdFit", "HasParts", "Trial", "fit_cold", "refit_cold"]
