"""How much popularity and each part should count for users of whom n choices are known, learned on such users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from graphrec.bundle import History, ItemItemPart, Part, ProfilePart, score_parts
from graphrec.models.rp3beta import RP3beta, RP3betaConfig
from graphrec.ranking.cold_users import PRIORS, ColdUsers, priors
from graphrec.sparse import CSR
from graphrec.store.columns import TrainData
from graphrec.training.newcomers import MIN_USERS, Newcomers, newcomers, whole
from graphrec.training.profile_tower import TowerConfig, train_tower
from graphrec.training.run_log import Log

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

FACTORS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""What a column is tried with, in units in which its best scores reach as high as the leading column's."""
COARSE = (0.0, 0.3, 1.0)
"""The same for two columns at once."""
TRUSTS = (0.0, 3.0, 10.0, 30.0, 100.0)
"""Choices at which a trained user's own score counts half, to choose from."""
_GAIN = 0.002  # what a change must add, as a share of the quality: less is chance
_SCORES = 30_000_000  # scores of one column at a time: 120 MB


class ColdUsersConfig(BaseModel):
    """Settings of serving users with little evidence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    """Learn it, where there are held-out interactions to learn from."""
    knots: tuple[PositiveInt, ...] = (1, 3, 5, 10, 20)
    """Numbers of known choices that shares are learned for; between them they are interpolated."""
    users: PositiveInt = 250
    """People to learn from, at most."""
    draws: PositiveInt = 2
    """Times that other choices of the same people are shown."""
    depth: PositiveInt = 20
    """Length of the lists that are judged, by recall and NDCG in equal parts."""
    like: NonNegativeFloat = 4.0
    """Choices that a taught like counts for."""
    tower: TowerConfig = Field(default_factory=TowerConfig)
    """Trained where the model has no part that pools a history."""
    walk: NonNegativeInt = 200
    """Targets that an item keeps in short random walks, which say much about the first few choices; 0 leaves
    them out."""


@dataclass(frozen=True, eq=False)
class ColdUsersFit:
    """What was learned, and how it is learned again on all interactions.

    Args:
        chosen: shares by number of choices and the tower's epoch, for the manifest.
    """

    cold: ColdUsers
    chosen: dict[str, Any]
    config: ColdUsersConfig
    seed: int

    def refit(self, train: CSR, log: Log | None = None) -> ColdUsers:
        """The same shares around parts that are trained on all of `train`, the tower for its best number of epochs."""
        epochs = self.chosen["tower_epochs"]
        own: list[Part] = []
        if epochs:
            tower = self.config.tower.model_copy(update={"epochs": epochs})
            own.append(train_tower(train, tower, seed=self.seed, log=log)[0])
        return replace(self.cold, own=(*own, *_walk(train, self.config)))


def fit_cold_users(
    parts: Sequence[Part],
    train: CSR,
    held: CSR,
    config: ColdUsersConfig,
    seed: int = 0,
    log: Log | None = None,
) -> ColdUsersFit | None:
    """Learn the shares of popularity and of each part, and a tower where the model has no part that is one.

    Args:
        parts: the model's scorers, trained on `train`.
        train: `[num_users, num_items]`.
        held: `[num_users, num_items]`, interactions that the model has not seen, of users it has seen, of others,
            or of both.

    Returns:
        The fit; None where too few users have held-out interactions.
    """
    rng = np.random.default_rng(seed)
    people = np.flatnonzero(held.degrees())
    most = min(config.users, max(MIN_USERS, _SCORES // max(train.shape[1] * config.draws, 1)))
    people = np.sort(rng.permutation(people)[:most])
    groups = _groups(train, held, people, config, rng)
    if not groups:
        return None
    popularity = np.bincount(train.indices, minlength=train.shape[1]).astype(np.float32)
    own: list[Part] = []
    epochs = 0
    if not any(isinstance(part, ProfilePart) for part in parts):
        tower, epochs = train_tower(
            train,
            config.tower,
            seed=seed,
            validate=lambda part: _tower_quality(part, groups, config),
            log=log,
        )
        own.append(tower)
    own += _walk(train, config)
    found = [_shares((*parts, *own), len(parts), popularity, group, config) for _, group in groups]
    first = np.eye(1, PRIORS + len(parts) + len(own), dtype=np.float32)[0]
    shares = np.stack([first, *(share for share, _ in found)]).astype(np.float32)
    scale = np.asarray([found[0][1], *(unit for _, unit in found)], dtype=np.float32)
    knots = np.asarray([0, *(count for count, _ in groups)], dtype=np.float32)
    cold = ColdUsers(knots, shares, scale, tuple(own), 0.0, config.like)
    cold = replace(cold, trust=_trust(cold, parts, popularity, train, held, people, config))
    chosen = {
        "tower_epochs": epochs,
        "trust": cold.trust,
        "shares": {int(n): [round(float(s), 5) for s in row] for n, row in zip(knots, shares, strict=True)},
    }
    return ColdUsersFit(cold, chosen, config, seed)


def _walk(train: CSR, config: ColdUsersConfig) -> list[ItemItemPart]:
    """Item to user to item, by counts alone: good before there is enough for anything finer."""
    if not config.walk:
        return []
    model = RP3beta(RP3betaConfig(k=config.walk)).fit(TrainData(train, None, None))
    return [part for part in model.parts() if isinstance(part, ItemItemPart)]


def _groups(
    train: CSR, held: CSR, people: Int, config: ColdUsersConfig, rng: np.random.Generator
) -> list[tuple[int, Newcomers]]:
    """Newcomers per number of choices."""
    users = np.tile(people, config.draws)
    drawn = [(count, newcomers(train, held, users, count, rng)) for count in sorted(set(config.knots))]
    return [(count, group) for count, group in drawn if group is not None]


def _tower_quality(
    part: ProfilePart, groups: Sequence[tuple[int, Newcomers]], config: ColdUsersConfig
) -> float:
    """Mean over the numbers of choices of recall and NDCG."""
    return float(np.mean([group.quality(group.scores(part), config.depth).sum() for _, group in groups]))


def _shares(
    parts: Sequence[Part], shipped: int, popularity: Float, group: Newcomers, config: ColdUsersConfig
) -> tuple[Float, float]:
    """Shares `[2 + parts]` in units of log popularity, and what turns them into those of the shipped parts."""
    count = len(group.histories)
    columns = [np.broadcast_to(row, (count, len(row))) for row in priors(popularity)]
    columns += [group.scores(part) for part in parts]
    floor = np.maximum(group.quality(columns[0], config.depth), 1e-9)

    def quality(shares: Float) -> float:
        return float((group.quality(_mixed(columns, shares), config.depth) / floor).mean())

    shares = _climb(columns, quality)
    mixed = _mixed(columns, shares)
    unit = _spread(columns[0]) / max(_spread(mixed), 1e-12)
    model = _spread(_mixed(columns[PRIORS : PRIORS + shipped], np.ones(shipped))) if shipped else 0.0
    return shares * unit, (model or _spread(mixed)) / max(_spread(columns[0]), 1e-12)


def _trust(
    cold: ColdUsers, parts: Sequence[Part], popularity: Float, train: CSR, held: CSR, people: Int,
    config: ColdUsersConfig,
) -> float:  # fmt: skip
    """How far trained users' own scores are shrunk; 0, not at all, where that does not help."""
    users = people[train.degrees()[people] > 0]
    if len(users) < MIN_USERS:
        return 0.0
    group = whole(train, held, users)
    degrees = train.degrees()[users].astype(np.float32)
    histories = [History(train.row(u).astype(np.int64), train.row_values(u)) for u in users.tolist()]
    pairs = list(zip(users.tolist(), histories, strict=True))
    trained = np.stack([score_parts(parts, user, history) for user, history in pairs])
    newly = np.stack([cold.score(parts, popularity, cold.mixture(h), h) for h in histories])
    best, value = 0.0, group.quality(trained, config.depth)
    first = value.clip(min=1e-9)
    for trust in TRUSTS[1:]:
        share = (degrees / (degrees + trust))[:, None]
        found = group.quality(share * trained + (1.0 - share) * newly, config.depth)
        if (found / first).mean() > (value / first).mean() * (1.0 + _GAIN):
            best, value = trust, found
    return best


def _climb(columns: Sequence[Float], quality: Callable[[Float], float]) -> Float:
    """The best column alone, then pairs of the others, then one at a time, with the factors that help most.

    Pairs, because two that look alike help together alone: item-item weights know nothing of popularity, and beside
    a column that does they only help when it is added on their scale.
    """
    units = np.asarray([1.0 / max(_reach(column), 1e-12) for column in columns])
    alone = [quality(row) for row in np.eye(len(columns)) * units]
    lead = int(np.argmax(alone))
    shares: Float = np.eye(len(columns))[lead] * units
    best = alone[lead]
    others = [column for column in range(len(columns)) if column != lead]
    pairs = [(one, two) for place, one in enumerate(others) for two in others[place + 1 :]]
    for moved in [*pairs, *((column,) for column in others)]:
        for factors in product(COARSE if len(moved) == 2 else FACTORS, repeat=len(moved)):
            tried = shares.copy()
            tried[list(moved)] = np.asarray(factors) * units[list(moved)]
            value = quality(tried)
            if value > best * (1.0 + _GAIN):
                shares, best = tried, value
    return shares


def _mixed(columns: Sequence[Float], shares: Float) -> Float:
    out = np.zeros(columns[0].shape, dtype=np.float32)
    for column, share in zip(columns, shares, strict=True):
        if share:
            out += np.float32(share) * column
    return out


def _reach(scores: Float) -> float:
    """How far the thousandth best of a user's scores lie above the middle ones, mean over users."""
    place = max(1, scores.shape[1] // 1000)
    ordered = np.partition(scores[:100], (scores.shape[1] // 2, scores.shape[1] - place), axis=1)
    return float((ordered[:, -place] - ordered[:, scores.shape[1] // 2]).mean())


def _spread(scores: Float) -> float:
    """Mean over users of the standard deviation over items."""
    return float(scores.std(axis=1).mean())
