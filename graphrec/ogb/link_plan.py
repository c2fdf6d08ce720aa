"""Link property training: from a name and a model to a plan that any number of seeds runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from graphrec.errors import InvalidInputError
from graphrec.ogb.features import load_features
from graphrec.ogb.kge_config import KGEConfig
from graphrec.ogb.kge_data import KGData
from graphrec.ogb.link_config import ENCODERS, GraphSettings, LinkConfig
from graphrec.ogb.link_data import LinkData
from graphrec.ogb.link_specs import LINK_DATASETS, link_notes, link_settings
from graphrec.ogb.link_task import read_link_dataset, run_link_seed
from graphrec.ogb.loading import find_folder
from graphrec.ogb.machine import pick_device
from graphrec.ogb.protocol import Plan, RunSpec, SeedScore
from graphrec.training.run_log import Log


def plan_links(spec: RunSpec) -> Plan:
    """Load and check everything that a run needs.

    Raises:
        GraphRecError: whatever is missing, damaged or impossible, with what to do about it.
    """
    device = pick_device(spec.device)
    given = _given(spec)
    link_settings(spec.name, spec.model, given)  # a wrong setting shows before anything is read
    folder = find_folder(spec.name, spec.root)
    data: LinkData | KGData = read_link_dataset(spec.name, spec.root)
    about = _sizes(data)
    if isinstance(data, KGData):
        if spec.features != "ogb":
            raise InvalidInputError(f"The entities of {spec.name} have no features; leave --features at ogb.")
        given = _in_steps(spec, given, len(data.train))
    elif spec.model in ENCODERS:
        own = data.x.numpy() if data.x.shape[1] else None
        x, about["features"] = load_features(spec.features, own, data.num_nodes, folder)
        if spec.features != "ogb":
            data = data.with_features(torch.from_numpy(np.array(x, dtype=np.float32)))
    settings = link_settings(spec.name, spec.model, given)

    def run(seed: int, log: Log) -> SeedScore:
        found = run_link_seed(spec.name, data, spec.model, overrides=given, seed=seed, device=device, log=log)
        return SeedScore(found.valid, found.test, found.best_epoch, found.num_parameters)

    return Plan(
        LINK_DATASETS[spec.name].metric,
        settings.model_dump(mode="json"),
        about,
        settings.mode if isinstance(settings, LinkConfig) else _batch(settings),
        device,
        _epochs(settings),
        run,
        link_notes(spec.name, settings),
    )


def _given(spec: RunSpec) -> dict[str, Any]:
    """The user's settings, with `--epochs` and `--batch` among them where an encoder is trained."""
    found = dict(spec.settings)
    if spec.model not in ENCODERS:
        if spec.features != "ogb":
            raise InvalidInputError(f"{spec.model} reads no features; leave --features at ogb.")
        if spec.batch != "auto":
            raise InvalidInputError(f"--batch chooses how encoders are trained, and {spec.model} is none.")
        return found
    if spec.epochs is not None:
        found["epochs"] = spec.epochs
    if spec.batch != "auto":
        found["mode"] = spec.batch
    return found


def _in_steps(spec: RunSpec, given: Mapping[str, Any], num_triples: int) -> dict[str, Any]:
    """`--epochs` as steps: passes over the training triples."""
    if spec.epochs is None:
        return dict(given)
    settings = link_settings(spec.name, spec.model, given)
    assert isinstance(settings, KGEConfig)
    return {**given, "steps": spec.epochs * math.ceil(num_triples / settings.batch_size)}


def _sizes(data: LinkData | KGData) -> dict[str, Any]:
    """What tells this data set from another of the same name, for JSON."""
    nodes = data.num_entities if isinstance(data, KGData) else data.num_nodes
    split = {part: len(getattr(data, part)) for part in ("train", "valid", "test")}
    return {"nodes": nodes, "split": split}


def _batch(settings: KGEConfig | GraphSettings) -> str:
    return "sampled" if isinstance(settings, KGEConfig) else "full"


def _epochs(settings: KGEConfig | GraphSettings) -> int:
    """Of the progress bar."""
    if isinstance(settings, LinkConfig):
        return settings.epochs
    return math.ceil(settings.steps / settings.eval_every) if isinstance(settings, KGEConfig) else 1
