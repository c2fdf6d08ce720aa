"""What the words of items get wrong, learned where people choose and carried along a domain graph to where nobody has.

The content student (`graphrec.training.cold_student`) foretells an item's values by a regression on its words. How far
words are to be believed depends on the domain; what is learned here is the correction.
"""

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
"""What suits corrections of items: they are mostly noise, so a narrow network sees them a few times. More epochs fit
the sources better and other domains worse."""


@dataclass(frozen=True, eq=False)
class ItemTask:
    """Items of several domains, and what was wrong with what their words said of those that were chosen.

    Args:
        content: float32 `[num_items, dim]`, what an item's words say of it, learned without its own domain.
        domain: int64 `[num_items]`, number of its domain in `graph`; -1 for none: such an item is left out.
        errors: float32 `[num_items, num_values + 1]`, what is to be added: to the coordinates of the item's scores
            (:class:`graphrec.adapt.item_space.ItemSpace`), and in the last column to the logarithm of how many people
            choose it; NaN where nobody did.
        graph: of the domains.
        sources: int64, domains to learn from.
    """

    content: Float
    domain: Int
    errors: Float
    graph: DomainGraph
    sources: Int

    def __post_init__(self) -> None:
        if not len(self.content) == len(self.errors) == len(self.domain):
            raise InvalidInputError(
                f"{len(self.content)} rows of content, {len(self.errors)} of errors and {len(self.domain)} domains do "
                "not describe the same items."
            )

    def data(self) -> DomainData:
        """The regression behind it, on turned values.

        A network standardises every output by itself, so all would count alike, though the first directions tell
        far more of the scores than the last. Turned at random all columns spread alike, and the sum of their squared
        errors stays the error of the scores.
        """
        there = self.domain >= 0
        labels = np.array(self.errors[there], dtype=np.float32)
        labels[:, :-1] = labels[:, :-1] @ _turn(labels.shape[1] - 1)
        x = np.asarray(self.content[there], dtype=np.float32)
        return DomainData.hide(x, self.domain[there], labels, self.graph, self.sources)


@dataclass(frozen=True, eq=False)
class ItemValues:
    """What is foretold of items, or to be added to it.

    Args:
        values: float32 `[n, num_values]`, coordinates of scores.
        popularity: float32 `[n]`, logarithm of 1 + users, less its mean over the chosen items.
    """

    values: Float
    popularity: Float

    def of(self, rows: Int) -> ItemValues:
        """Those of some items."""
        return ItemValues(self.values[rows], self.popularity[rows])

    def plus(self, share: float, correction: ItemValues) -> ItemValues:
        """With a share of a correction added."""
        values = np.asarray(self.values + np.float32(share) * correction.values, dtype=np.float32)
        logs = np.asarray(self.popularity + np.float32(share) * correction.popularity, dtype=np.float32)
        return ItemValues(values, logs)


def learn_items(
    task: ItemTask, config: AdaptConfig | None = None, seed: int = 0, *, log: Log | None = None
) -> ItemValues:
    """Train on the items of the source domains, and foretell the errors of all items.

    Args:
        config: see :func:`graphrec.adapt.trainer.adapt`; :data:`ITEM_ADAPT` if None. Labels are not passed on along
            the graph, for there are no classes.

    Returns:
        Corrections of every item of the task, in its order; none for an item without a domain.
    """
    from graphrec.adapt.trainer import adapt

    model = adapt(task.data(), config or ITEM_ADAPT, seed, log=log)
    there = np.flatnonzero(task.domain >= 0)
    found = np.zeros(task.errors.shape, dtype=np.float32)
    found[there] = model.predict(np.asarray(task.content[there], dtype=np.float32), task.domain[there])
    width = task.errors.shape[1] - 1
    return ItemValues(found[:, :-1] @ _turn(width).T, found[:, -1])


def _turn(width: int) -> Float:
    """A random rotation float32 `[width, width]`, the same for every task."""
    square = np.random.default_rng(width).standard_normal((width, width))
    return np.asarray(np.linalg.qr(square)[0], dtype=np.float32)
