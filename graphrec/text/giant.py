"""GIANT-XRT from end to end: texts and edges in, a feature set out.

Chien et al., "Node Feature Extraction by Self-Supervised Multi-scale Neighborhood Prediction" (ICLR 2022). Stages:
texts, tokens, neighbourhood, TF-IDF, label embeddings (PIFA), label tree, fine-tuning level by level, vectors of all
nodes. Each is kept in a work folder beside the output until the end, so that a killed run goes on.

Where this differs from the released pipeline: a node without text is no instance, since nothing can be read off it,
and its feature is the zero vector.

Memory, beside the encoder: 48 bytes per node and 40 per edge for the neighbourhood; 550 MiB for TF-IDF (the preset
`small`: 160 MiB); at most `exact_bytes` for label embeddings or, where they are projected, 8 `label_dim` bytes per
node and 8 per edge; then `targets` and 8 `top` bytes per node while the encoder is tuned. Texts, tokens and vectors
lie on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.feature_set import FeatureSet, write_feature_set
from graphrec.encoders.feature_set_write import check_place
from graphrec.errors import InvalidInputError
from graphrec.text.encoder import load_encoder
from graphrec.text.giant_config import GiantConfig
from graphrec.text.giant_progress import Progress, Reporter
from graphrec.text.giant_run import GiantRun
from graphrec.text.sources import TextSource, as_source
from graphrec.text.stages import Stages


def run_giant(
    texts: TextSource | Sequence[str], edge_index: NDArray[np.integer[Any]], num_nodes: int, out: Path,
    config: GiantConfig | None = None, *, ids: Sequence[str] | None = None, node_type: str | None = None,
    source: str | None = None, limits: Sequence[str] = (), encoder: Path | str | None = None,
    without: NDArray[np.bool_] | None = None, device: str | None = None, resume: bool = True,
    keep_work: bool = False, progress: Progress | None = None,
) -> FeatureSet:  # fmt: skip
    """Learn features of nodes from their texts and edges, and write them.

    Args:
        texts: one per node, in their order; or a source of :mod:`graphrec.text.sources`.
        edge_index: integers `[2, num_edges]`, in any direction, repeated or not.
        num_nodes: nodes of the graph.
        out: folder of the feature set. `OUT.work` beside it holds the stages until the end.
        config: settings; None is the preset `small`.
        ids: external id of each node; None when they are numbered.
        node_type: what the ids are ids of.
        source: what the nodes are, in words, for the card; no paths.
        limits: what to mind when using the features, for the card, one sentence each.
        encoder: folder of a local encoder; None is the packaged MiniLM.
        without: bool `[num_nodes]`, nodes that the training must not know (strict cold start): their texts and
            edges are neither instances nor labels, and TF-IDF does not see them. They get features all the same.
        device: `cpu` or `cuda`; None or `auto` takes a GPU when there is one.
        resume: go on from what a killed run left in the work folder.
        keep_work: leave the work folder where it is.
        progress: is told how far each stage is.

    Raises:
        InvalidInputError: arguments that do not fit together, or something else lies at `out`.
        MissingExtraError: the encoder needs a library that is not installed.
        StoreError: the disk refused, or another run is at work on `out`.
    """
    out = Path(out)
    given = as_source(texts)
    _check(given, edge_index, num_nodes, ids, without)
    check_place(out)
    _check_device(device)
    settings = config or GiantConfig.of()
    begin = load_encoder(encoder, settings.pooling, settings.encoder_dropout)
    begin.freeze(settings.xr.frozen_layers, words=not settings.xr.train_words)  # too many: found out now
    stages = Stages(out.with_name(f"{out.name}.work"), resume=resume)
    with stages.locked():
        run = GiantRun(given, settings, encoder, begin, device, stages, Reporter(progress), without)
        about = run.about(edge_index, num_nodes, source)
        about = about.model_copy(update={"limits": tuple(limits)})
        run.report("write", 0.0)
        write_feature_set(out, run.vectors, ids, node_type=node_type, about=about, encoder=run.tuned)
        if not keep_work:
            stages.remove()
    return FeatureSet.load(out, verify="size")


def _check(
    texts: TextSource, edge_index: NDArray[np.integer[Any]], num_nodes: int, ids: Sequence[str] | None,
    without: NDArray[np.bool_] | None,
) -> None:  # fmt: skip
    if len(texts) != num_nodes or (ids is not None and len(ids) != num_nodes):
        named = num_nodes if ids is None else len(ids)
        raise InvalidInputError(
            f"There are {len(texts)} texts and {named} ids for {num_nodes} nodes; give one for each node."
        )
    if without is not None and (without.shape != (num_nodes,) or without.dtype != np.bool_):
        raise InvalidInputError(f"Nodes are left out by a mask of {num_nodes} truth values.")
    if edge_index.ndim != 2 or len(edge_index) != 2 or edge_index.dtype.kind not in "iu":
        raise InvalidInputError(
            f"Edges are integers [2, num_edges], not {edge_index.dtype} of shape {edge_index.shape}."
        )
    if edge_index.size and (edge_index.min() < 0 or edge_index.max() >= num_nodes):
        raise InvalidInputError(f"An edge names a node outside 0..{num_nodes - 1}; renumber the nodes.")


def _check_device(device: str | None) -> None:
    import torch

    if device is not None and device.startswith("cuda") and not torch.cuda.is_available():
        raise InvalidInputError("There is no GPU that torch can use; choose the device cpu or auto.")
