"""Evaluation: leak-free splits, full ranking, metrics with slices, paired tests."""

from graphrec.evaluation.holdout import hold_out_last, hold_out_random
from graphrec.evaluation.protocol import evaluate
from graphrec.evaluation.ranking import RankedBlock, Scorer, rank
from graphrec.evaluation.result import EvaluationResult
from graphrec.evaluation.significance import PairedTest, compare, mean_over_seeds, paired_test
from graphrec.evaluation.splits import (
    Split,
    concatenate,
    given_split,
    global_time_split,
    leave_last_out,
    random_split,
)

__all__ = [
    "EvaluationResult",
    "PairedTest",
    "RankedBlock",
    "Scorer",
    "Split",
    "compare",
    "concatenate",
    "evaluate",
    "given_split",
    "global_time_split",
    "hold_out_last",
    "hold_out_random",
    "leave_last_out",
    "mean_over_seeds",
    "paired_test",
    "random_split",
    "rank",
]
