"""Rows of several domains, labelled in the source domains alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class DomainData:
    """What adaptation may see: the inputs of all domains, and labels that exist in the source domains only.

    Make it with :meth:`hide`, which blanks every other label, so that nothing behind it can learn from them.

    Args:
        x: float32 `[num_rows, dim]`.
        domain: int64 `[num_rows]`, numbers of `graph.names`.
        y: int64 `[num_rows]` for classes, -1 where there is no label; float32 `[num_rows, num_outputs]` for
            regression, NaN where there is none.
        graph: which domains are close.
        sources: int64 `[num_sources]`, sorted.
        num_classes: None for regression.

    Raises:
        InvalidInputError: arrays that do not fit each other, a label outside the sources, a source without a label.
    """

    x: np.ndarray
    domain: np.ndarray
    y: np.ndarray
    graph: DomainGraph
    sources: np.ndarray
    num_classes: int | None

    def __post_init__(self) -> None:
        _check_shapes(self)
        if bool((self.labelled & ~np.isin(self.domain, self.sources)).any()):
            raise InvalidInputError("A row outside the source domains carries a label; use DomainData.hide.")
        for source in self.sources.tolist():
            if not bool((self.labelled & (self.domain == source)).any()):
                raise InvalidInputError(
                    f"Source domain {self.graph.names[source]!r} has no labelled row; leave it out of the sources."
                )

    @classmethod
    def hide(
        cls,
        x: np.ndarray,
        domain: np.ndarray,
        labels: np.ndarray,
        graph: DomainGraph,
        sources: Sequence[str] | Sequence[int] | np.ndarray,
        num_classes: int | None = None,
    ) -> DomainData:
        """Blank the labels of all rows outside the sources.

        Args:
            labels: integers `[num_rows]` mean classes (negative: unknown), floats `[num_rows]` or
                `[num_rows, num_outputs]` regression (NaN: unknown).
            sources: names or numbers of the labelled domains.
            num_classes: largest class plus one if None; ignored for regression.
        """
        numbers = _numbers(graph, sources)
        hidden = ~np.isin(domain, numbers)
        if np.issubdtype(labels.dtype, np.integer):
            y = np.where(hidden | (labels < 0), -1, labels).astype(np.int64)
            classes = num_classes or int(labels.max(initial=0)) + 1
        else:
            y = labels.reshape(len(labels), -1).astype(np.float32)
            y[hidden] = np.nan
            classes = None
        return cls(
            np.ascontiguousarray(x, dtype=np.float32), domain.astype(np.int64), y, graph, numbers, classes
        )

    def with_sources(self, sources: Sequence[str] | Sequence[int] | np.ndarray) -> DomainData:
        """The same rows with fewer sources; the labels of the others are blanked."""
        numbers = _numbers(self.graph, sources)
        if missing := sorted(set(numbers.tolist()) - set(self.sources.tolist())):
            raise InvalidInputError(
                f"Domain {self.graph.names[missing[0]]!r} is no source; its labels are hidden."
            )
        y = self.y.copy()
        y[~np.isin(self.domain, numbers)] = -1 if self.num_classes else np.nan
        return replace(self, y=y, sources=numbers)

    @property
    def num_domains(self) -> int:
        return self.graph.num_domains

    @property
    def num_outputs(self) -> int:
        """Classes, or values to predict."""
        return self.num_classes or int(self.y.shape[1])

    @cached_property
    def labelled(self) -> np.ndarray:
        """Rows with a label, bool `[num_rows]`."""
        return self.y >= 0 if self.num_classes else ~np.isnan(self.y).any(axis=1)

    @cached_property
    def targets(self) -> np.ndarray:
        """Domains with rows that are no sources, int64 sorted."""
        return np.setdiff1d(np.unique(self.domain), self.sources)

    @cached_property
    def hops(self) -> np.ndarray:
        """Edges from the nearest source, int64 `[num_domains]`; -1 where no path leads."""
        return self.graph.hops(self.sources)

    @cached_property
    def rows(self) -> tuple[np.ndarray, ...]:
        """Row numbers of each domain, int64."""
        order = np.argsort(self.domain, kind="stable")
        ends = np.cumsum(np.bincount(self.domain, minlength=self.num_domains))
        return tuple(np.split(order, ends[:-1]))


def _numbers(graph: DomainGraph, sources: Sequence[str] | Sequence[int] | np.ndarray) -> np.ndarray:
    names = [each for each in sources if isinstance(each, str)]
    found = graph.indices(names) if names else np.asarray(sources, dtype=np.int64)
    if len(found) == 0:
        raise InvalidInputError("Adaptation needs at least one source domain; name those that have labels.")
    if found.min() < 0 or found.max() >= graph.num_domains:
        raise InvalidInputError(f"A source is none of the {graph.num_domains} domains of the graph.")
    return np.unique(found)


def _check_shapes(data: DomainData) -> None:
    rows = len(data.x)
    if data.x.ndim != 2 or data.domain.shape != (rows,) or len(data.y) != rows:
        raise InvalidInputError(
            f"Inputs {data.x.shape}, domains {data.domain.shape} and labels {data.y.shape} do not belong together."
        )
    if not np.isfinite(data.x).all():
        row = int(np.flatnonzero(~np.isfinite(data.x).all(axis=1))[0])
        raise InvalidInputError(f"Row {row} of the inputs is not finite; fill or drop it.")
    if rows == 0 or data.domain.min() < 0 or data.domain.max() >= data.num_domains:
        raise InvalidInputError(f"Every row needs a domain among the {data.num_domains} of the graph.")
    if data.num_classes and int(data.y.max()) >= data.num_classes:
        raise InvalidInputError(f"Class {int(data.y.max())} is outside 0..{data.num_classes - 1}.")
