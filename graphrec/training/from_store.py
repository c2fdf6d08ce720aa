"""From a store to a bundle: snapshot, split, fit, measure, fit on everything, write."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, VectorPart, model_card, write_bundle
from graphrec.errors import ConfigError, InvalidInputError
from graphrec.evaluation import Split, evaluate, global_time_split, random_split
from graphrec.evaluation.bundle_scorer import ServedScorer
from graphrec.evaluation.ranking import Scorer
from graphrec.evaluation.result import EvaluationResult
from graphrec.models.base import NO_FEATURES, Model, TrainData
from graphrec.models.registry import create_model
from graphrec.ranking.catalogue_from_snapshot import build_catalogue, build_history
from graphrec.ranking.memory_mixing import MemoryMixing
from graphrec.ranking.memory_term import PREFIX
from graphrec.ranking.request import RequestFusion, fusion_arrays
from graphrec.ranking.served import served_scores
from graphrec.store.columns import NO_TIME
from graphrec.store.graph_store import GraphStore
from graphrec.store.records import ItemRecord
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import prune_snapshots, write_snapshot
from graphrec.training.blend import Blend, BlendChoice, choose_blend, refit_side
from graphrec.training.cold_steps import ColdFits, ColdParts, ColdSteps, Served, item_records
from graphrec.training.config import RunConfig, SplitConfig, load_settings
from graphrec.training.item_vectors import LATER, ItemVectors, item_vectors, read_features
from graphrec.training.memory_fit import train_memory
from graphrec.training.request_fusion import train_request_fusion
from graphrec.training.run_log import RunLog

Float = NDArray[np.floating[Any]]


def train_from_store(
    store: GraphStore,
    *,
    model: str,
    out: Path,
    features: Path | None = None,
    config: Path | None = None,
    overrides: Sequence[str] = (),
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
) -> dict[str, Any]:
    """Train a model on all that a store holds and write its bundle.

    Part of the interactions is held out: validation rows choose the epoch, the blend and the request scorer,
    test rows are looked at once. The shipped model is then fitted on everything with what was chosen. A
    killed run, started again with the same settings, goes on from its last checkpoint (beside `out`).

    Args:
        model: a name of :mod:`graphrec.models.registry`.
        out: folder of the bundle; `OUT.log.jsonl` beside it records the run.
        features: folder of a feature set (:mod:`graphrec.encoders.feature_set`) with dense vectors of the items;
            items that it lacks are trained without.
        config: TOML file of settings; `overrides` (`key=value`) win over it.

    Returns:
        Test metrics, the validation's choices and the bundle's facts.

    Raises:
        ConfigError: an unknown model or setting, or features for a model that has no use for them.
        BundleMismatchError: the features are of other items.
        InvalidInputError: the store holds nothing to learn from.
    """
    settings, run = load_settings(config, overrides)
    run = run if features is None else run.model_copy(update={"features": features})
    # what is wrong with settings or features is found before any work is done
    if not create_model(model, settings).takes_features and run.features is not None:
        raise ConfigError(NO_FEATURES.format(model))
    given = read_features(run.features)
    snapshot = write_snapshot(store, snapshot_folder(store, out))
    if len(snapshot.interactions) == 0:
        raise InvalidInputError(f"The store {store.url} holds no interaction; import some before training.")
    vectors = None if given is None else item_vectors(given, snapshot)
    out.parent.mkdir(parents=True, exist_ok=True)
    records = item_records(store, snapshot)
    trainer = _Training(
        snapshot, records, model, settings, run, seed, pick_device(device), out, progress, vectors
    )
    report = trainer.run()
    store.mark_bundle(str(out), snapshot.name)
    prune_snapshots(store, snapshot_folder(store, out))
    shutil.rmtree(trainer.checkpoints, ignore_errors=True)
    return report


def snapshot_folder(store: GraphStore, out: Path) -> Path:
    """Where the store's snapshots live: beside its file, or beside the bundle."""
    path = getattr(store, "path", None)
    return Path(f"{path}.snapshots") if path else out.parent / "snapshots"


def pick_device(device: str) -> str:
    """`auto` is a GPU when there is one."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def make_split(snapshot: GraphSnapshot, config: SplitConfig, seed: int) -> Split:
    """Hold out validation and test rows.

    Raises:
        InvalidInputError: `kind` is `time`, and the times are missing or too coarse to cut by.
    """
    rows, kg = snapshot.interactions, snapshot.knowledge_graph()
    timed = not bool((rows.time == NO_TIME).any())
    if config.kind == "time" or (config.kind == "auto" and timed):
        split = global_time_split(rows, test=config.test, valid=config.valid, kg=kg)
        if 2 * len(split.train) >= len(rows) and (_can_validate(split) or config.kind == "time"):
            return split
        if config.kind == "time":
            raise InvalidInputError(
                f"A time split would train on {len(split.train)} of {len(rows)} interactions, so many share one "
                "time; set split.kind=random."
            )
    return random_split(rows, valid=config.valid, test=config.test, seed=seed, kg=kg)


def _can_validate(split: Split) -> bool:
    """Whether the validation rows hold a choice that is not in the training rows."""
    valid = split.train_data().valid
    return valid is not None and valid.nnz > 0


@dataclass
class _Training:
    """One run; every step's input is an attribute."""

    snapshot: GraphSnapshot
    records: Sequence[ItemRecord]
    name: str
    settings: dict[str, Any]
    config: RunConfig
    seed: int
    device: str
    out: Path
    progress: bool
    vectors: ItemVectors | None = None

    @property
    def checkpoints(self) -> Path:
        return self.out.with_name(f"{self.out.name}.checkpoint")

    def run(self) -> dict[str, Any]:
        split = make_split(self.snapshot, self.config.split, self.seed)
        if self.vectors is not None:
            split = replace(split, features=self.vectors.rows)
        main = self._fit(self.settings, split.train_data(), "fit")
        metric = getattr(main.config, "metric", "recall@20+ndcg@20")
        blend, choice = Blend(main), BlendChoice()
        if self.name == "ckgat" and self.config.blend.enabled and _can_validate(split):
            blend, choice = choose_blend(main, split, self.config.blend, metric)
        cold = self.cold.fit(blend, split)
        served: Served = blend if cold.items is None else cold.items
        fusion, memory = self._fusion(split, served), self._memory(split, served)
        measured = self._measure(served, cold, split)
        final = self.cold.refit(self._final(main, choice, split), cold, self.snapshot.interactions.matrix())
        return self._write(final, cold, fusion, memory, choice, measured, split, main)

    @cached_property
    def cold(self) -> ColdSteps:
        """What is trained for items and users that come later."""
        return ColdSteps(self.records, self.config, self.seed, enabled=self.name != "popularity")

    def _fit(self, settings: dict[str, Any], data: TrainData, stage: str) -> Model:
        fresh = create_model(self.name, settings)
        epochs = int(getattr(fresh.config, "epochs", 1))
        log_file = self.out.with_name(f"{self.out.name}.log.jsonl")
        with RunLog(log_file, epochs=epochs, title=f"{self.name} {stage}", progress=self.progress) as log:
            log({"stage": stage, "model": self.name, "seed": self.seed, "snapshot": self.snapshot.name})
            extra = {"checkpoint": self.checkpoints / stage} if hasattr(fresh, "build") else {}
            return fresh.fit(data, seed=self.seed, device=self.device, log=log, **extra)

    def _final(self, main: Model, choice: BlendChoice, split: Split) -> Blend:
        """The same model on every interaction, for as many epochs as validation found best."""
        everything = TrainData(self.snapshot.interactions.matrix(), None, split.kg, split.features)
        best = getattr(main, "best_epoch", 0)
        settings = self.settings | ({"epochs": best} if best else {})
        return refit_side(choice, self._fit(settings, everything, "refit"), everything, self.config.blend)

    def _fusion(self, split: Split, served: Served) -> RequestFusion | None:
        if not self.config.request.enabled or not _can_validate(split):
            return None
        catalogue = build_catalogue(self.snapshot, split.train)
        return train_request_fusion(
            catalogue, _item_vectors(served), served, split.seen("valid"), split.valid.user, split.valid.item,
            config=self.config.request, seed=self.seed,
        )  # fmt: skip

    def _memory(self, split: Split, served: Served) -> MemoryMixing | None:
        if not self.config.memory.enabled or not _can_validate(split):
            return None
        catalogue = build_catalogue(self.snapshot, split.train)
        return train_memory(
            catalogue, _item_vectors(served), served.parts(), split.train, split.valid,
            config=self.config.memory, seed=self.seed,
        )  # fmt: skip

    def _measure(self, served: Served, cold: ColdFits, split: Split) -> EvaluationResult | None:
        """Test metrics of what has not seen the test rows, as served; None when nothing is held out."""
        scorer: Scorer = served
        if cold.users is not None and cold.users.cold.trust > 0:  # the shares reach trained users, too
            history = build_history(self.snapshot, split.train)
            bundle = Bundle(
                self.out, {}, tuple(served.parts()), build_catalogue(self.snapshot, split.train), history,
                cold.users.cold.arrays(),
            )  # fmt: skip
            scorer = ServedScorer(served_scores(bundle), history, history.shape[0])
        try:
            return evaluate(scorer, split)
        except InvalidInputError:
            return None

    def _write(
        self, final: ColdParts, cold: ColdFits, fusion: RequestFusion | None, memory: MemoryMixing | None,
        choice: BlendChoice, measured: EvaluationResult | None, split: Split, main: Model,
    ) -> dict[str, Any]:  # fmt: skip
        metrics = {} if measured is None else measured.metrics
        chosen = {"best_epoch": getattr(main, "best_epoch", None), "ease_ridge": choice.ridge,
                  "ease_weight": choice.relative, "request_scorer": fusion is not None,
                  "memory": memory is not None} | cold.chosen()  # fmt: skip
        features = {} if self.vectors is None else {"features": self.vectors.facts}
        manifest = features | {
            "model": self.name, "config": main.config.model_dump(mode="json"),
            "run": self.config.model_dump(mode="json"), "snapshot": self.snapshot.name, "seed": self.seed,
            "metrics": metrics, "chosen": chosen, "split": split.name, "store_revision": self.snapshot.revision,
        }  # fmt: skip
        rows = self.snapshot.interactions
        data = f"{rows.num_users:,} users, {rows.num_items:,} items, {len(rows):,} interactions"
        limits = final.limits()
        if self.vectors is not None:
            data, limits = f"{data}; {self.vectors.sentence()}", (*limits, LATER)
        card = model_card(
            model=self.name + (" joined with EASE" if choice.ridge else ""), data=data,
            snapshot=self.snapshot.name, split=split.name, metrics=metrics,
            slices={} if measured is None else measured.slices, limits=limits,
        )  # fmt: skip
        extra = (fusion_arrays(fusion) if fusion else {}) | (memory.arrays(PREFIX) if memory else {}) | final.extra
        write_bundle(
            self.out, manifest=manifest, parts=final.parts, catalogue=build_catalogue(self.snapshot),
            history=build_history(self.snapshot), extra=extra, card=card,
        )  # fmt: skip
        return {"model": self.name, "bundle": str(self.out), "test": metrics, "chosen": chosen} | features


def _item_vectors(served: Served) -> Float:
    """Item vectors of the first part that has any, `[num_items, 0]` where none has."""
    parts = served.parts()
    found = next((part.items for part in parts if isinstance(part, VectorPart)), None)
    return np.zeros((parts[0].num_items, 0), dtype=np.float32) if found is None else found
