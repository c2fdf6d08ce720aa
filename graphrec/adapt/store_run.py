"""From an adaptation problem to a folder: check, train, predict the nodes of target domains, report.

The folder holds `models/SEED` (:class:`graphrec.adapt.model.AdaptedModel`), `predictions.jsonl`, `report.json`,
`domain_graph.svg`, `README.md`, with texts as inputs `features.json` and `features.safetensors`
(:class:`graphrec.adapt.features.TextFeatures`), and `hops.svg` where target labels were looked at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.advice import advise
from graphrec.adapt.card import adaptation_card
from graphrec.adapt.config import AdaptConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_sampling import LEAST_STEPS
from graphrec.adapt.from_store import StoreData
from graphrec.adapt.model import AdaptedModel
from graphrec.adapt.pictures import draw_graph, draw_hops
from graphrec.adapt.rehearsal import PLAIN, Rehearsal, plain, rehearse
from graphrec.adapt.report import agreement, domain_rows, held_out_scores, prediction_rows, target_scores
from graphrec.adapt.trainer import adapt
from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.errors import InvalidInputError
from graphrec.training.run_log import Log

REPORT, PREDICTIONS, CARD, MODELS = "report.json", "predictions.jsonl", "README.md", "models"
GRAPH_PICTURE, HOPS_PICTURE = "domain_graph.svg", "hops.svg"
FORMAT = 1
TAUGHT = "taught"
Rows = NDArray[np.float32]
USUAL: dict[str, Any] = {
    "shortcut": True, "hidden": 64, "learning_rate": 2e-3, "dropout": 0.3, "weight_decay": 0.3
}  # fmt: skip
"""For classes of texts, chosen on hidden source cuisines (`benchmarks/_adapt_recipes.py`); plain networks lost to a
logistic regression there. Values keep the trainer's defaults: with a shortcut a regression's game ran away in tests.
"""
MOST_STEPS = 4000
LOOKS = 12
"""At the answers for the targets, in a run."""

Logs = Callable[[str, int], AbstractContextManager[Log]]
"""Opens the record of one training or of the rehearsal, given its title and the most steps it takes."""

_SPLITS = 3


@dataclass(frozen=True, eq=False)
class RunOptions:
    """What is done beside training.

    Args:
        seeds: one model each; their predictions are averaged.
        check: rehearse the method on source domains first.
        fall_back: take the plain model where the rehearsal found no gain.
        evaluate: look at the labels of target domains, after training, and report scores on them beside those of the
            plain model.
        logs: progress.
    """

    seeds: Sequence[int] = (0,)
    check: bool = True
    fall_back: bool = False
    evaluate: bool = False
    logs: Logs | None = None


def adapt_to_folder(
    found: StoreData, out: Path, config: AdaptConfig | None = None, options: RunOptions | None = None
) -> dict[str, Any]:
    """Adapt a predictor and write what it says of all nodes in target domains.

    Args:
        out: folder to write, whole or not at all; an older adaptation there is replaced.

    Returns:
        The report, as in `report.json`.

    Raises:
        InvalidInputError: no seed, or something else that lies at `out`.
        StoreError: the disk refused.
    """
    options = options or RunOptions()
    asked = paced(usual(config or AdaptConfig(), found.data), found.data)
    if not options.seeds:
        raise InvalidInputError("At least one seed is needed.")
    _check_place(out)  # before a long run, and again when all is written
    taken, rehearsal, warnings = _settle(found, asked, options)
    models = _train(found, taken, options)
    predictions = [_predict(found, model) for model in models]
    report: dict[str, Any] = {
        "format": FORMAT, **_origin(found), "method": method_name(taken), "seeds": list(options.seeds),
        "config": taken.model_dump(mode="json"), "stopped": [model.stopped for model in models],
        "check": None if rehearsal is None else rehearsal.summary(), "warnings": warnings,
        "held_out": held_out_scores(found, predictions), "agreement": agreement(found, predictions),
        "targets": _evaluation(found, options, {method_name(taken): predictions}, asked),
        "domains": domain_rows(found),
    }  # fmt: skip
    report = {key: _plain_json(each) for key, each in report.items()}
    with replacing_folder(out, REPORT, "adaptation") as folder:
        _write(folder, found, models, np.mean(predictions, axis=0), report)
    return report


def _check_place(out: Path) -> None:
    if out.is_file() or out.is_symlink():
        raise InvalidInputError(f"{out} is a file or link; name a folder for the adaptation.")
    if out.is_dir() and any(out.iterdir()) and not (out / REPORT).exists():
        raise InvalidInputError(f"{out} is a folder with other things in it; name a new or empty one.")


def method_name(config: AdaptConfig) -> str:
    """What a method is called in reports: sources alone, with labels passed on along the graph, are `taught`."""
    return TAUGHT if config.method == PLAIN and config != plain(config) else config.method


def usual(config: AdaptConfig, data: DomainData) -> AdaptConfig:
    """Settings for nodes that many features describe, where the given ones do not say otherwise."""
    if data.num_classes is None:
        return config
    taken = {name: value for name, value in USUAL.items() if name not in config.model_fields_set}
    return config.model_copy(update=taken)


def paced(config: AdaptConfig, data: DomainData) -> AdaptConfig:
    """A few thousand steps at most, unless the settings say how many epochs.

    An epoch shows an average domain's rows once: with 2,000 in a domain 60 epochs would be 12,000 steps for what a
    third of them teaches.
    """
    if "stop" in config.model_fields_set:
        return config
    filled = [len(rows) for rows in data.rows if len(rows)]
    steps = max(LEAST_STEPS, round(float(np.mean(filled)) / config.batch))
    stop = config.stop
    epochs = min(stop.epochs, max(MOST_STEPS // steps, LOOKS))
    if epochs == stop.epochs:
        return config
    paced = {
        "epochs": epochs,
        "least": max(round(epochs * stop.least / stop.epochs), 1),
        "every": max(epochs // LOOKS, 1),
    }
    return config.model_copy(update={"stop": stop.model_copy(update=paced)})


def _settle(
    found: StoreData, asked: AdaptConfig, options: RunOptions
) -> tuple[AdaptConfig, Rehearsal | None, list[str]]:
    """The settings that are taken, the rehearsal behind them, and what a person has to know."""
    warnings, rehearsal = advise(found.data), _rehearsal(found, asked, options)
    if rehearsal is None:
        return asked, None, warnings
    if not rehearsal.tells or any(rehearsal.verdict(name) != "helps" for name in rehearsal.methods):
        warnings += rehearsal.sentences()
    if options.fall_back and rehearsal.best() == PLAIN:
        warnings.append(f"The sources alone are learned from; --method {asked.method} adapts all the same.")
        return plain(asked), rehearsal, warnings
    return asked, rehearsal, warnings


def _rehearsal(found: StoreData, config: AdaptConfig, options: RunOptions) -> Rehearsal | None:
    """None where it was not asked for or cannot be: a single source, or nothing that adapts."""
    if not options.check or len(found.data.sources) < 2 or config == plain(config):
        return None
    with _log(options, "rehearsal", 2 * _SPLITS) as log:
        done = iter(range(2 * _SPLITS + 1))
        return rehearse(
            found.data, {method_name(config): config}, seeds=options.seeds[:1], splits=_SPLITS,
            log=lambda _: log({"epoch": next(done)}),
        )  # fmt: skip


def _train(found: StoreData, config: AdaptConfig, options: RunOptions) -> list[AdaptedModel]:
    models = []
    for seed in options.seeds:
        with _log(options, f"{method_name(config)}, seed {seed}", config.stop.epochs) as log:
            models.append(adapt(found.data, config, seed, log=log))
    return models


def _predict(found: StoreData, model: AdaptedModel) -> Rows:
    return model.predict(found.data.x, found.data.domain)


def _evaluation(
    found: StoreData, options: RunOptions, predictions: dict[str, list[Rows]], asked: AdaptConfig
) -> dict[str, Any] | None:
    """Scores on targets of the method that was taken, beside the one asked for and the plain one."""
    if not options.evaluate:
        return None
    methods: dict[str, list[Rows]] = dict(predictions)
    for config in (asked, plain(asked)):
        if (name := method_name(config)) not in methods:
            methods[name] = [_predict(found, model) for model in _train(found, config, options)]
    return target_scores(found, methods)


def _origin(found: StoreData) -> dict[str, Any]:
    from graphrec import __version__

    kind, _, rest = found.task.graph.partition(":")
    joined = f"{kind}:{Path(rest).name}" if rest else kind  # where a file lay is nobody's business
    return {
        "graphrec": __version__, "task": found.task.model_dump(mode="json") | {"graph": joined},
        "snapshot": found.snapshot,
        "outputs": list(found.outputs), "classes": found.data.num_classes is not None, "counts": found.about,
    }  # fmt: skip


def _write(
    folder: Path, found: StoreData, models: Sequence[AdaptedModel], prediction: Rows,
    report: dict[str, Any],
) -> None:  # fmt: skip
    (folder / MODELS).mkdir()
    for model in models:
        model.save(folder / MODELS / str(model.seed))
    if found.description is not None:
        found.description.save(folder)
    _draw(folder, found, report)
    lines = (json.dumps(row, ensure_ascii=False) for row in prediction_rows(found, prediction))
    write_text(folder / PREDICTIONS, "".join(f"{line}\n" for line in lines))
    write_text(folder / CARD, adaptation_card(report))
    write_text(folder / REPORT, json.dumps(report, ensure_ascii=False, indent=1) + "\n")


def _draw(folder: Path, found: StoreData, report: dict[str, Any]) -> None:
    graph, targets = found.data.graph, report["targets"]
    title = f"{found.task.domain}, joined by {found.task.graph.partition(':')[0]}"
    if targets is None:
        draw_graph(graph, found.data.sources, folder / GRAPH_PICTURE, title=title)
        return
    metric, methods = targets["metric"], targets["methods"]
    scores = np.array([methods[report["method"]]["by_domain"].get(name, np.nan) for name in graph.names])
    draw_graph(graph, found.data.sources, folder / GRAPH_PICTURE, scores=scores, metric=metric, title=title)
    hops = {
        name: {int(hop): each["seeds"] for hop, each in method["by_hops"].items()}
        for name, method in methods.items()
    }
    draw_hops(hops, folder / HOPS_PICTURE, metric=metric)


def _log(options: RunOptions, title: str, steps: int) -> AbstractContextManager[Log]:
    return nullcontext(lambda _: None) if options.logs is None else options.logs(title, steps)


def _plain_json(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _plain_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_json(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
