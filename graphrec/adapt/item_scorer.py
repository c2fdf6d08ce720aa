"""Values of items learned where people choose, carried along a domain graph to where nobody has chosen yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.config import AdaptConfig, StopConfig
from graphrec.adapt.data import DomainData
from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    from graphrec.adapt.domain_graph import DomainGraph
    from graphrec.training.run_log import Log

Float = NDArray[np.floating[Any]]
Int = NDArray[np.int64]

ITEM_ADAPT = AdaptConfig(
    alignment_weight=0.3, taught=None, hidden=64, dropout=0.3, learning_rate=1e-3, batch=25,
    stop=StopConfig(epochs=8, least=8),
)  # fmt: skip
"""What suits values of items: they are noisy, so a narrow network sees them a few times. More epochs fit the sources
better and other domains worse."""


@dataclass(frozen=True, eq=False)
class ItemTask:
    """Items of several domains, and what people make of those that were chosen.

    Args:
        content: float32 `[num_items, dim]`, what an item says of itself.
        domain: int64 `[num_items]`, number of its domain in `graph`; -1 for none: such an item is left out.
        values: float32 `[num_items, num_values]`, coordinates of the item's scores
            (:class:`graphrec.adapt.item_space.ItemSpace`).
        counts: float `[num_items]`, how many people chose it; values of an item with none are not looked at.
        graph: of the domains.
        sources: int64, domains to learn from.
    """

    content: Float
    domain: Int
    values: Float
    counts: Float
    graph: DomainGraph
    sources: Int

    def __post_init__(self) -> None:
        size = len(self.domain)
        if not len(self.content) == len(self.values) == len(self.counts) == size:
            raise InvalidInputError(
                f"{len(self.content)} rows of content, {len(self.values)} of values, {len(self.counts)} counts and "
                f"{size} domains do not describe the same items."
            )

    def data(self) -> DomainData:
        """The regression behind it: turned values, and the logarithm of how many chose an item, in the last column.

        A network standardises every output by itself, so all would count alike, though the first directions tell
        far more of the scores than the last. Turned at random all columns spread alike, and the sum of their squared
        errors stays the error of the scores.
        """
        there = self.domain >= 0
        chosen = (self.counts > 0)[:, None]
        targets = np.concatenate(
            [self.values @ _turn(self.values.shape[1]), np.log1p(self.counts)[:, None]], axis=1
        )
        labels = np.where(chosen, targets, np.nan).astype(np.float32)[there]
        x = np.asarray(self.content[there], dtype=np.float32)
        return DomainData.hide(x, self.domain[there], labels, self.graph, self.sources)


@dataclass(frozen=True, eq=False)
class ItemValues:
    """What is predicted of items.

    Args:
        values: float32 `[n, num_values]`, zero for an item without a domain.
        popularity: float32 `[n]`, expected logarithm of 1 + users, less its mean over the chosen items of the sources.
    """

    values: Float
    popularity: Float

    def of(self, rows: Int) -> ItemValues:
        """Those of some items."""
        return ItemValues(self.values[rows], self.popularity[rows])


def learn_items(
    task: ItemTask, config: AdaptConfig | None = None, seed: int = 0, *, log: Log | None = None
) -> ItemValues:
    """Train on the items of the source domains, and predict all items.

    Args:
        config: see :func:`graphrec.adapt.trainer.adapt`; labels are not passed on along the graph, for there are no
            classes.

    Returns:
        Values of every item of the task, in its order.
    """
    from graphrec.adapt.trainer import adapt

    model = adapt(task.data(), config, seed, log=log)
    there = np.flatnonzero(task.domain >= 0)
    found = model.predict(np.asarray(task.content[there], dtype=np.float32), task.domain[there])
    width = task.values.shape[1]
    values = np.zeros((len(task.domain), width), dtype=np.float32)
    values[there] = found[:, :width] @ _turn(width).T
    logs = np.zeros(len(task.domain), dtype=np.float32)
    logs[there] = found[:, width] - _mean_log(task)
    return ItemValues(values, logs)


def _mean_log(task: ItemTask) -> np.float32:
    known = (task.counts > 0) & np.isin(task.domain, task.sources)
    return np.float32(np.log1p(task.counts[known]).mean())


def _turn(width: int) -> Float:
    """A random rotation float32 `[width, width]`, the same for every task."""
    square = np.random.default_rng(width).standard_normal((width, width))
    return np.asarray(np.linalg.qr(square)[0], dtype=np.float32)
