"""A small grid search on the validation part: what a baseline is owed before it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from graphrec.errors import InvalidInputError
from graphrec.evaluation import Split, evaluate
from graphrec.models.registry import create_model


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of the grid and the validation metric that it reached."""

    settings: dict[str, Any]
    value: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best point of a grid and every trial in grid order."""

    best: Trial
    trials: tuple[Trial, ...]

    @property
    def at_edge(self) -> tuple[str, ...]:
        """Numeric settings whose best value is the smallest or largest tried: the grid should go further."""
        found = []
        for key in self.best.settings:
            tried = sorted({trial.settings[key] for trial in self.trials if _is_number(trial.settings[key])})
            if len(tried) > 2 and self.best.settings[key] in (tried[0], tried[-1]):
                found.append(key)
        return tuple(found)


def tune(
    model: str,
    grid: Mapping[str, Sequence[Any]],
    split: Split,
    *,
    metric: str = "ndcg@20",
    seed: int = 0,
    device: str = "cpu",
    on_trial: Callable[[Trial], None] | None = None,
) -> Tuned:
    """Fit every combination of the grid on the training rows and keep the best on the validation rows.

    The test rows are never touched. Of equal values the earlier point wins.

    Args:
        model: registry name.
        grid: values to try per setting; `{}` tries the defaults alone.
        metric: a per-user metric such as `recall@10`.

    Raises:
        InvalidInputError: the split has no validation rows, or a setting has no values to try.
    """
    empty = [key for key, values in grid.items() if not values]
    if empty:
        raise InvalidInputError(f"The grid has no value to try for {empty[0]!r}; give at least one.")
    if not len(split.valid):
        raise InvalidInputError(
            f"The split '{split.name}' has no validation rows to tune on; make one with some."
        )
    data, k, trials = split.train_data(), int(metric.split("@")[1]), []
    for values in product(*grid.values()):
        settings = dict(zip(grid, values, strict=True))
        fitted = create_model(model, settings).fit(data, seed=seed, device=device)
        trial = Trial(settings, evaluate(fitted, split, on="valid", ks=(k,), slices=False)[metric])
        trials.append(trial)
        if on_trial is not None:
            on_trial(trial)
    return Tuned(max(trials, key=lambda trial: trial.value), tuple(trials))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
