"""Splits that cannot leak: a model gets what lies before the cut, test rows only ever reach `evaluate`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.evaluation.holdout import (
    Amount,
    Order,
    hold_out_last,
    hold_out_pairs,
    hold_out_random,
    without_pairs,
)
from graphrec.sparse import CSR
from graphrec.store.columns import NO_TIME, Interactions, KnowledgeGraph, TrainData

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
Stage = Literal["valid", "test"]


@dataclass(frozen=True, eq=False)
class Split:
    """Training, validation and test interactions over the same users and items.

    :meth:`train_data` and :meth:`as_of` are what a model may see. Validation rows come with them for early
    stopping; test rows are reachable through `evaluate(scorer, split, on="test")` alone.

    Args:
        name: how the split was made.
        test_time: microseconds UTC of the test cut of a time split, else None.
        features: float32 `[num_items, dim]`, dense vectors of the items, handed to models as they are.
    """

    name: str
    train: Interactions = field(repr=False)
    valid: Interactions = field(repr=False)
    _test: Interactions = field(repr=False)
    kg: KnowledgeGraph | None = field(default=None, repr=False)
    test_time: int | None = None
    features: Float | None = field(default=None, repr=False)

    @property
    def num_users(self) -> int:
        return self.train.num_users

    @property
    def num_items(self) -> int:
        return self.train.num_items

    def train_data(self, *, include_valid: bool = False) -> TrainData:
        """What a model may see: training rows, and validation rows for early stopping.

        Args:
            include_valid: train on the validation rows as well (the last fit, after validation has chosen).
        """
        if include_valid:
            return TrainData(self._known, None, self.kg, self.features)
        return TrainData(self._train, self._valid if len(self.valid) else None, self.kg, self.features)

    def as_of(self, time: int) -> TrainData:
        """Everything that happened strictly before `time` (microseconds UTC), at most the test cut.

        Raises:
            InvalidInputError: the split has no times, or `time` lies after the test cut.
        """
        if self.test_time is None:
            raise InvalidInputError(
                f"The split '{self.name}' is not by time; make one with global_time_split."
            )
        if time > self.test_time:
            raise InvalidInputError(
                f"Time {time} lies after the test cut {self.test_time}; ask for an earlier one."
            )
        known = concatenate(self.train, self.valid)
        return TrainData(known.take(known.time < time).matrix(), None, self.kg, self.features)

    def seen(self, on: Stage = "test") -> CSR:
        """The history known before that stage, `[num_users, num_items]`; it is masked in the ranking."""
        return self._known if on == "test" else self._train

    def cold_items(self, on: Stage = "test") -> Int:
        """Ids of the items without any interaction before that stage, ascending."""
        return np.flatnonzero(np.bincount(self.seen(on).indices, minlength=self.num_items) == 0)

    def cold_users(self, on: Stage = "test") -> Int:
        """Ids of the users without any interaction before that stage, ascending."""
        return np.flatnonzero(self.seen(on).degrees() == 0)

    def counts(self) -> dict[str, int]:
        """Rows per part, for logs and tables."""
        return {"train": len(self.train), "valid": len(self.valid), "test": len(self._test)}

    def _reveal(self, on: Stage) -> tuple[CSR, CSR]:
        """`(seen, held out)` of a stage, for `evaluate` only: elsewhere it is the very leak."""
        if on not in ("valid", "test"):
            raise InvalidInputError(f"A split is evaluated on 'valid' or 'test', not {on!r}.")
        return self.seen(on), (self._held if on == "test" else self._valid)

    @cached_property
    def _train(self) -> CSR:
        return self.train.matrix()

    @cached_property
    def _known(self) -> CSR:
        return concatenate(self.train, self.valid).matrix() if len(self.valid) else self._train

    @cached_property
    def _valid(self) -> CSR:
        return without_pairs(self.valid, self.train).matrix()

    @cached_property
    def _held(self) -> CSR:
        return self._test.matrix()


def concatenate(first: Interactions, second: Interactions) -> Interactions:
    """The rows of both, in that order."""
    columns = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("user", "item", "weight", "time", "kind")
    }
    return Interactions(**columns, num_users=first.num_users, num_items=first.num_items)


def random_split(
    interactions: Interactions,
    *,
    valid: Amount = 0.1,
    test: Amount = 0.1,
    seed: int = 0,
    per_user: bool = True,
    kg: KnowledgeGraph | None = None,
) -> Split:
    """A seeded random share of each user's items, at least 1 where the user has another to train on.

    Args:
        valid, test: items per user (int) or share (float); the validation's share is of what the test leaves.
        per_user: False draws every (user, item) pair by itself, so short profiles often miss the test.
    """
    name = f"random(valid={valid}, test={test}, seed={seed}, per_user={per_user})"
    hold_out = hold_out_random if per_user else hold_out_pairs
    rest, held = hold_out(interactions, test, seed)
    train, chosen = hold_out(rest, valid, seed + 1)
    return Split(name, train, chosen, held, kg)


def leave_last_out(
    interactions: Interactions,
    *,
    valid: Amount = 1,
    test: Amount = 1,
    order: Order = "time",
    kg: KnowledgeGraph | None = None,
) -> Split:
    """Each user's last items: the test after the validation after the training items.

    Other users' later interactions stay in training, so this says less about the future than
    :func:`global_time_split`.

    Args:
        valid, test: items per user (int) or share of the user's items (float; rounded, at least 1).
        order: `"time"`, or `"file"` for files that keep the order and drop the times (amazon-book).
    """
    rest, held = hold_out_last(interactions, test, order)
    train, chosen = hold_out_last(rest, valid, order)
    return Split(f"last_out(valid={valid}, test={test}, order={order})", train, chosen, held, kg)


def global_time_split(
    interactions: Interactions,
    *,
    test_time: int | None = None,
    valid_time: int | None = None,
    test: float = 0.1,
    valid: float = 0.1,
    kg: KnowledgeGraph | None = None,
) -> Split:
    """One cut in time for all: everything before it trains, everything from it on is the test.

    The honest default. Test rows that repeat a pair known before the cut are dropped, since seen items are
    not recommended.

    Args:
        test_time, valid_time: the cuts in microseconds UTC; by default the quantiles that `test`, `valid` ask
            for.

    Raises:
        InvalidInputError: an interaction has no time, or the cuts are out of order.
    """
    if len(interactions) == 0 or bool((interactions.time == NO_TIME).any()):
        raise InvalidInputError("A time split needs a time on every interaction; use random_split instead.")
    ordered = np.sort(interactions.time)
    if test_time is None:
        test_time = int(ordered[min(len(ordered) - 1, round(len(ordered) * (1 - test)))])
    if valid_time is None:
        before = int(np.searchsorted(ordered, test_time))
        place = round(before - valid * len(ordered))
        valid_time = int(ordered[place]) if 0 <= place < before else test_time
    if valid_time > test_time:
        raise InvalidInputError(f"The validation cut {valid_time} lies after the test cut {test_time}.")
    time = interactions.time
    train, middle = (
        interactions.take(time < valid_time),
        interactions.take((time >= valid_time) & (time < test_time)),
    )
    held = without_pairs(interactions.take(time >= test_time), concatenate(train, middle))
    return Split(f"time(valid={valid_time}, test={test_time})", train, middle, held, kg, test_time)


def given_split(
    train: Interactions,
    test: Interactions,
    *,
    valid: Interactions | None = None,
    kg: KnowledgeGraph | None = None,
    name: str = "given",
) -> Split:
    """The parts that a data set comes with; without a validation part it is empty (see `hold_out_last`).

    Held-out rows that repeat an earlier part are dropped.
    """
    middle = train.take(np.zeros(0, dtype=np.int64)) if valid is None else without_pairs(valid, train)
    return Split(name, train, middle, without_pairs(test, concatenate(train, middle)), kg)
