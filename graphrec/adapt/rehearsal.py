"""Does adaptation help here? Found out before any target label exists, by playing the sources against each other.

Aligning domains can cost accuracy (Xu et al., ICLR 2023, report GRDA below source-only on birds, CUB-DT), and nothing
in the run itself shows it: the adversary's loss is at chance where two domains were aligned wrongly as well. What can
be known is how each method does on source domains that it was made to treat as targets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.config import AdaptConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_distance import energy_distances
from graphrec.adapt.evaluate import evaluate_domains
from graphrec.adapt.rehearsal_splits import rehearsal_splits
from graphrec.errors import InvalidInputError
from graphrec.evaluation.significance import PairedTest, paired_test

Float = NDArray[np.float64]
Verdict = Literal["helps", "no difference", "hurts"]

PLAIN = "source_only"
"""Name of the model that every candidate is measured against: sources alone, nothing aligned, nothing passed on."""
DOUBT = 0.1
"""Two-sided p-value below which a difference counts: few domains are hidden, and a false alarm costs one look."""
LEAST = 0.02
"""Smallest gain or loss that counts: of accuracy, or as a share of the plain model's squared error. Two domains of one
model can agree on half a point by chance, and that has foretold nothing."""
REACH = 4.0
"""How much farther the targets may be than the hidden sources were, for these to tell of those: 1.1 to 4.0 over ten
draws of cuisines, 25 and 53 on DG-15 and DG-60, whose sources are all alike and whose targets are not."""
_NEAR = 0.01  # energy distances below are noise of the rows drawn


class Predictor(Protocol):
    """What a rehearsal needs of a trained model."""

    def predict(self, x: np.ndarray, domain: np.ndarray) -> np.ndarray:
        """`[num_rows, num_classes]` probabilities or `[num_rows, num_outputs]` values."""
        ...


Fit = Callable[[DomainData, AdaptConfig, int], Predictor]


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Scores of several methods on source domains whose labels were hidden from them.

    Args:
        metric: `"accuracy"` or `"mse"`.
        domains: names of the hidden domains, one per column below.
        scores: per method float64 `[num_seeds, num_hidden]`; always holds `PLAIN`.
        reach: energy distance of a target from the nearest source, as a multiple of that of a hidden domain from the
            nearest one left, means of both; NaN without targets.
    """

    metric: str
    domains: tuple[str, ...]
    scores: Mapping[str, Float]
    reach: float = float("nan")

    @property
    def tells(self) -> bool:
        """Whether the targets are about as far away as what was hidden; a tie says nothing where they are not."""
        return not self.reach > REACH

    @property
    def methods(self) -> tuple[str, ...]:
        """Those compared with `PLAIN`, in the order given."""
        return tuple(name for name in self.scores if name != PLAIN)

    def gain(self, method: str) -> PairedTest:
        """How much better than `PLAIN`, paired by hidden domain; above 0 is better for either metric.

        Domains count as independent draws although those of one group share a model, so the standard error is a
        little too small; seeds are averaged first and add no size.

        Raises:
            InvalidInputError: a method that was not rehearsed.
        """
        if method not in self.scores:
            raise InvalidInputError(f"{method!r} was not rehearsed; there are {', '.join(self.scores)}.")
        sign = 1.0 if self.metric == "accuracy" else -1.0
        return paired_test(
            sign * self.scores[method].mean(axis=0), sign * self.scores[PLAIN].mean(axis=0), method="t"
        )

    def verdict(self, method: str) -> Verdict:
        """What the hidden domains say: "no difference" also where there are too few of them to tell."""
        found = self.gain(method)
        least = LEAST if self.metric == "accuracy" else LEAST * float(self.scores[PLAIN].mean())
        if found.p_value >= DOUBT or abs(found.difference) < least or found.difference == 0.0:
            return "no difference"
        return "helps" if found.difference > 0 else "hurts"

    def best(self, default: str | None = None) -> str:
        """The method of the largest gain among those that help.

        Where none helps `PLAIN`, if the rehearsal tells of the targets. If it does not, a tie is no reason to
        drop what was asked for (on DG-15 the plain model has .97 on hidden sources, as GRDA, and 60 points less on
        targets): `default`, unless that hurts.

        Args:
            default: a method; the first if None.
        """
        helping = [name for name in self.methods if self.verdict(name) == "helps"]
        if helping:
            return max(helping, key=lambda name: self.gain(name).difference)
        asked = default or self.methods[0]
        return PLAIN if self.tells or self.verdict(asked) == "hurts" else asked

    def sentences(self) -> list[str]:
        """One line per method, for people, and one where hidden domains are no likeness of the targets."""
        plain, lines = float(self.scores[PLAIN].mean()), []
        for name in self.methods:
            gain = self.gain(name)
            lines.append(
                f"{name} {_SAYS[self.verdict(name)]}: {self.metric} {float(self.scores[name].mean()):.3f} against "
                f"{plain:.3f} without adaptation on {len(self.domains)} source domains that were hidden "
                f"(gain {gain.difference:+.3f} ± {gain.standard_error:.3f})."
            )
        if not self.tells:
            lines.append(
                f"Targets lie {self.reach:.0f} times as far from the nearest source as hidden domains did, so the "
                "rehearsal tells little about them."
            )
        return lines

    def summary(self) -> dict[str, Any]:
        """For JSON: per method mean score, gain, standard error, p-value and verdict."""
        rows: dict[str, Any] = {}
        for name in self.methods:
            gain = self.gain(name)
            rows[name] = {
                "score": float(self.scores[name].mean()),
                "gain": gain.difference,
                "standard_error": gain.standard_error,
                "p_value": gain.p_value,
                "verdict": self.verdict(name),
            }
        plain = float(self.scores[PLAIN].mean())
        return {
            "metric": self.metric,
            "hidden": list(self.domains),
            PLAIN: plain,
            "methods": rows,
            "best": self.best(),
            "reach": None if np.isnan(self.reach) else self.reach,
            "tells": self.tells,
        }


_SAYS = {"helps": "helps", "no difference": "makes no clear difference", "hurts": "hurts"}


def rehearse(
    data: DomainData,
    candidates: AdaptConfig | Mapping[str, AdaptConfig],
    *,
    seeds: Sequence[int] = (0,),
    splits: int = 3,
    fit: Fit | None = None,
    log: Callable[[str], None] | None = None,
) -> Rehearsal:
    """Hide some sources, train every candidate and the plain model without them, and compare on the hidden ones.

    What is hidden lies nearest the targets (:func:`graphrec.adapt.rehearsal_splits.rehearsal_splits`). Inputs of all
    domains stay in view, as in the run that is rehearsed; labels of targets are never there to be seen. It costs
    `splits * len(seeds) * (1 + len(candidates))` trainings.

    Args:
        data: labels of the sources; at least two sources.
        candidates: settings by name, or one, which takes its method's name.
        seeds: of the trainings; the groups hidden do not depend on them.
        splits: groups of sources that are hidden in turn.
        fit: trains a model; :func:`graphrec.adapt.trainer.adapt` if None.
        log: told before every training.

    Raises:
        InvalidInputError: a single source, no candidate, one named `source_only` that is something else, no seed,
            or so few splits that a single domain would be hidden in all.
    """
    named: dict[str, AdaptConfig] = {}
    named.update({candidates.method: candidates} if isinstance(candidates, AdaptConfig) else candidates)
    configs = _with_plain(named)
    if not seeds:
        raise InvalidInputError("A rehearsal needs at least one seed.")
    groups = rehearsal_splits(data, splits)
    if sum(len(group) for group in groups) < 2:
        raise InvalidInputError("One hidden domain has no standard error; rehearse with two splits or more.")
    train = fit or _adapt
    scores: dict[str, list[Float]] = {name: [] for name in configs}
    for number, group in enumerate(groups, 1):
        rest = data.with_sources(np.setdiff1d(data.sources, group))
        for name, config in configs.items():
            if log is not None:
                log(f"rehearsal {number} of {len(groups)}: {name}")
            found = [evaluate_domains(_run(train, rest, config, seed), data.y, rest) for seed in seeds]
            scores[name].append(np.stack([each.per_domain[group] for each in found]))
    hidden = np.concatenate(groups).tolist()
    return Rehearsal(
        metric="accuracy" if data.num_classes is not None else "mse",
        domains=tuple(data.graph.names[each] for each in hidden),
        scores={name: np.concatenate(parts, axis=1) for name, parts in scores.items()},
        reach=_reach(data, groups),
    )


def choose(
    data: DomainData,
    candidates: Mapping[str, AdaptConfig],
    *,
    seeds: Sequence[int] = (0,),
    splits: int = 3,
    fit: Fit | None = None,
    log: Callable[[str], None] | None = None,
) -> tuple[str, AdaptConfig, Rehearsal]:
    """Pick settings by rehearsal; where nothing gains, those of :meth:`Rehearsal.best`.

    Returns:
        Name and settings of the choice, and the rehearsal; arguments and errors as :func:`rehearse`.
    """
    found = rehearse(data, candidates, seeds=seeds, splits=splits, fit=fit, log=log)
    name = found.best()
    return name, _with_plain(dict(candidates))[name], found


def plain(config: AdaptConfig) -> AdaptConfig:
    """The same settings without adaptation: sources alone, nothing aligned, nothing passed on."""
    return config.model_copy(update={"method": "source_only", "taught": None})


def _with_plain(named: dict[str, AdaptConfig]) -> dict[str, AdaptConfig]:
    others = {name: config for name, config in named.items() if config != plain(config)}
    if not others:
        raise InvalidInputError("A rehearsal compares a method with the plain model; name one that adapts.")
    if PLAIN in others:
        raise InvalidInputError(
            f"{PLAIN!r} names the model without adaptation; give the settings another name."
        )
    own = [config for config in named.values() if config == plain(config)]
    return {PLAIN: own[0] if own else plain(next(iter(others.values()))), **others}


def _reach(data: DomainData, groups: Sequence[NDArray[np.int64]]) -> float:
    apart = energy_distances(data.x, data.domain, data.num_domains)
    apart = np.where(np.isnan(apart), np.inf, apart)  # domains of a row or none are near nothing
    hidden = [apart[each, np.setdiff1d(data.sources, group)].min() for group in groups for each in group]
    beyond = apart[np.ix_(data.targets, data.sources)].min(axis=1)
    beyond, near = beyond[np.isfinite(beyond)], np.array(hidden)[np.isfinite(hidden)]
    if len(beyond) == 0 or len(near) == 0:
        return float("nan")
    return float(beyond.mean() / max(near.mean(), _NEAR))


def _run(fit: Fit, data: DomainData, config: AdaptConfig, seed: int) -> np.ndarray:
    return fit(data, config, seed).predict(data.x, data.domain)


def _adapt(data: DomainData, config: AdaptConfig, seed: int) -> Predictor:
    from graphrec.adapt.trainer import adapt

    return adapt(data, config, seed)
