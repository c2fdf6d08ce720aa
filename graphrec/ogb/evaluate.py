"""OGB's own evaluator, for every number of a node property data set that is reported."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.ogb.loading import evaluator_class, listed
from graphrec.ogb.nodes import NodeSet

Array = NDArray[Any]


class NodeScorer:
    """Scores predicted classes with `ogb.nodeproppred.Evaluator`.

    A data set of your own, which ogb does not list, is scored by the same code.

    Args:
        data: the data set.
    """

    def __init__(self, data: NodeSet) -> None:
        self.data = data
        self._evaluator = _evaluator(evaluator_class("ogbn"), data)

    def __call__(self, predicted: Array, nodes: Array) -> float:
        """The metric on some nodes.

        Args:
            predicted: int `[num_nodes]`, a class for every node.
            nodes: ids to score, of which at least one.
        """
        truth = np.asarray(self.data.y)[nodes].reshape(-1, 1)
        answer = np.asarray(predicted)[nodes].reshape(-1, 1)
        return float(self._evaluator.eval({"y_true": truth, "y_pred": answer})[self.data.metric])

    def part(self, predicted: Array, part: str) -> float:
        """The metric on `train`, `valid` or `test`."""
        return self(predicted, self.data.split[part])


def _evaluator(kind: Any, data: NodeSet) -> Any:
    if data.name in listed(data.name):
        return kind(data.name)
    found = kind.__new__(kind)  # its constructor only looks these three up in ogb's list
    found.name, found.num_tasks, found.eval_metric = data.name, 1, data.metric
    return found
