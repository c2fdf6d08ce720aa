"""What `graphrec ogb train` hands to a kind of data set, and what it gets back: one plan, run once per seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from graphrec.training.run_log import Log

BatchMode = Literal["auto", "full", "sampled"]


@dataclass(frozen=True)
class RunSpec:
    """What was asked for.

    Args:
        name: `ogbn-arxiv`, `ogbl-collab`, ...
        model: the model's name.
        features: `ogb` (those of the data set), `giant` (`ROOT/ogbn_arxiv/giant`), a folder of a feature set, or
            a `.npy` file `[num_nodes, dim]`.
        root: folder of all data sets.
        epochs: in place of the model's own number of epochs.
        settings: the model's settings, not yet checked.
        device: `auto`, `cpu` or `cuda`.
        batch: the whole graph in one step, or mini-batches.
    """

    name: str
    model: str
    features: str = "ogb"
    root: Path = Path("dataset")
    epochs: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    batch: BatchMode = "auto"


@dataclass(frozen=True)
class SeedScore:
    """What one run came to, by ogb's own evaluator.

    Args:
        valid, test: the data set's metric; `test` is computed once, with the weights that validation chose.
        best_epoch: the epoch of those weights; 0 for closed forms.
        parameters: learned numbers.
        beside: further scores by name (`isolation`, `tail`, ...), reported with mean and spread as well.
    """

    valid: float
    test: float
    best_epoch: int
    parameters: int
    beside: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A run that is checked and loaded, ready for any number of seeds.

    Args:
        metric: as ogb names it, `acc`, `hits@50`, `mrr`.
        settings: every setting that the run uses, defaults included, for JSON.
        data: sizes and digests of what is trained on, for JSON; rows of other data are never continued.
        batch: `full` or `sampled`.
        device: `cpu` or `cuda`.
        epochs: of one run, for the progress bar.
        run: trains with a seed; the log takes records with `epoch`, `loss` and `valid`.
        notes: sentences that whoever reads the figures must know.
    """

    metric: str
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    batch: str
    device: str
    epochs: int
    run: Callable[[int, Log], SeedScore]
    notes: tuple[str, ...] = ()
