"""Choosing the regularisation on rows that were held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrec.nlu.intents.calibration import fit_temperature
from graphrec.nlu.intents.regression import Float, Labels, Softmax, fit_softmax, log_softmax

UNTESTED_STRENGTH = 10.0
"""Where nothing can be held out (one utterance per intent)."""
FOLDS, FEW_FOLDS, MANY_ROWS = 5, 3, 1_000
"""Folds of few and of many rows: with many, more folds change no choice and take their time."""
_ROUGHLY = 1e-5  # tolerance of fits that only serve to choose
_NEVER = -1e9  # logit of a class that a fold has no row of


@dataclass(frozen=True, slots=True)
class Rows:
    """Encoded utterances.

    Args:
        vectors: `[n, dim]`.
        labels: class of each row, `[n]`; proxies are the last class.
        groups: rows of one group are never torn apart.
        num_classes: how many classes there are.
    """

    vectors: Float
    labels: Labels
    groups: Sequence[str]
    num_classes: int


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits `[m, num_classes]` of rows that were not learned from, and their classes `[m]`."""

    logits: Float
    labels: Labels

    def known(self, num_intents: int) -> HeldOut:
        """Without the proxies."""
        rows = self.labels < num_intents
        return HeldOut(self.logits[rows], self.labels[rows])

    def loss(self) -> float:
        """Mean negative log-likelihood at its best temperature."""
        if not len(self.labels):
            return 0.0
        scaled = log_softmax(self.logits / fit_temperature(self.logits, self.labels))
        return -float(scaled[np.arange(len(self.labels)), self.labels].mean())


def choose(
    rows: Rows, validation: Rows | None, strengths: Sequence[float], seed: int
) -> tuple[float, HeldOut]:
    """The strength under which held-out rows are likeliest, and what it gives them.

    From the middle one the search goes up or down as long as the loss falls: it has one valley, and a fit with hardly
    any penalty takes longest.

    Args:
        rows: to learn from.
        validation: held out by the source; None means folds of `rows`.
        strengths: to choose from, ascending.
        seed: of the folds.
    """
    splits = [(np.arange(len(rows.labels)), validation)] if validation is not None else _folds(rows, seed)
    if not splits:
        return UNTESTED_STRENGTH, _join([], rows.num_classes)
    found: dict[int, tuple[float, HeldOut]] = {}
    starts: list[Softmax | None] = [None] * len(splits)

    def loss(place: int) -> float:
        if place not in found:
            parts = []
            for number, (learned, held) in enumerate(splits):
                starts[number], part = _fit_and_hold(rows, learned, held, strengths[place], starts[number])
                parts.append(part)
            joined = _join(parts, rows.num_classes)
            found[place] = joined.loss(), joined
        return found[place][0]

    at = len(strengths) // 2
    for step in (1, -1):
        while 0 <= at + step < len(strengths) and loss(at + step) < loss(at):
            at += step
    loss(at)
    return strengths[at], found[at][1]


def _fit_and_hold(
    rows: Rows, learned: Labels, held: Rows, strength: float, start: Softmax | None
) -> tuple[Softmax, HeldOut]:
    """Fit on some rows and give the logits of others; classes that were not learned are not held against it."""
    labels = rows.labels[learned]
    present = np.unique(labels)
    fitted = fit_softmax(
        rows.vectors[learned], np.searchsorted(present, labels), len(present), strength, start,
        tolerance=_ROUGHLY,
    )  # fmt: skip
    possible = np.isin(held.labels, present)
    logits = np.full((int(possible.sum()), rows.num_classes), _NEVER)
    logits[:, present] = fitted.logits(held.vectors[possible])
    return fitted, HeldOut(logits, held.labels[possible])


def _join(parts: Sequence[HeldOut], num_classes: int) -> HeldOut:
    if not parts:
        return HeldOut(np.zeros((0, num_classes)), np.zeros(0, dtype=np.int64))
    return HeldOut(np.concatenate([p.logits for p in parts]), np.concatenate([p.labels for p in parts]))


def _folds(rows: Rows, seed: int) -> list[tuple[Labels, Rows]]:
    """(rows to learn from, rows held out) of every fold that holds something."""
    count = FEW_FOLDS if len(rows.labels) > MANY_ROWS else FOLDS
    fold = deal(rows.labels, rows.groups, count, seed)
    splits = []
    for number in range(count):
        held, learned = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if not np.isin(rows.labels[held], rows.labels[learned]).any():
            continue
        groups = [rows.groups[i] for i in held.tolist()]
        splits.append((learned, Rows(rows.vectors[held], rows.labels[held], groups, rows.num_classes)))
    return splits


def deal(labels: Labels, groups: Sequence[str], folds: int, seed: int) -> Labels:
    """A fold for every row `[n]`: each class is spread evenly, each group of a class lies in one fold.

    Args:
        labels: class of each row.
        groups: group of each row.
        folds: how many.
        seed: of the shuffle.
    """
    rng = np.random.default_rng(seed)
    out = np.empty(len(labels), dtype=np.int64)
    turn = 0  # goes on from class to class, so that small classes do not all fill the first folds
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label).tolist()
        names = sorted({groups[i] for i in members})
        rng.shuffle(names)
        fold_of = {name: (turn + place) % folds for place, name in enumerate(names)}
        turn += len(names)
        out[members] = [fold_of[groups[i]] for i in members]
    return out
