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

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.feature_set import FeatureAbout, FeatureSet, write_feature_set
from graphrec.encoders.feature_set_write import check_place
from graphrec.errors import InvalidInputError
from graphrec.text.embed import embed_all
from graphrec.text.encoder import TextEncoder, load_encoder, save_encoder
from graphrec.text.giant_config import GiantConfig
from graphrec.text.giant_labels import TreeInput, label_tree
from graphrec.text.giant_progress import Progress, Reporter
from graphrec.text.label_tree import LabelTree
from graphrec.text.sources import TextSource, as_source
from graphrec.text.stages import Stages, fingerprint
from graphrec.text.targets import Neighbourhood, multi_resolution, neighbourhood
from graphrec.text.text_table import TextTable, write_text_table
from graphrec.text.tokens import TokenTable, tokenise
from graphrec.text.xr_transformer import fit_levels

_ROWS = 65536
_FEATURES, _RAW, _ENCODER = "features.npy", "raw.npy", "encoder"


def run_giant(
    texts: TextSource | Sequence[str], edge_index: NDArray[np.integer[Any]], num_nodes: int, out: Path,
    config: GiantConfig | None = None, *, ids: Sequence[str] | None = None, node_type: str | None = None,
    source: str | None = None, encoder: Path | str | None = None, without: NDArray[np.bool_] | None = None,
    device: str | None = None, resume: bool = True, keep_work: bool = False, progress: Progress | None = None,
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
    if len(given) != num_nodes or (ids is not None and len(ids) != num_nodes):
        named = num_nodes if ids is None else len(ids)
        raise InvalidInputError(
            f"There are {len(given)} texts and {named} ids for {num_nodes} nodes; give one for each node."
        )
    if without is not None and (without.shape != (num_nodes,) or without.dtype != np.bool_):
        raise InvalidInputError(f"Nodes are left out by a mask of {num_nodes} truth values.")
    check_place(out)
    _check_device(device)
    settings = config or GiantConfig.of()
    begin = load_encoder(encoder, settings.pooling, settings.encoder_dropout)
    begin.freeze(
        settings.xr.frozen_layers, words=not settings.xr.train_words
    )  # too many layers: found out now
    stages = Stages(out.with_name(f"{out.name}.work"), resume=resume)
    with stages.locked():
        run = _Run(given, settings, encoder, begin, device, stages, Reporter(progress), without)
        about = run.about(edge_index, num_nodes, source)
        run.report("write", 0.0)
        write_feature_set(
            out, run.vectors / _FEATURES, ids, node_type=node_type, about=about, encoder=run.tuned
        )
        if not keep_work:
            stages.remove()
    return FeatureSet.load(out, verify="size")


class _Run:
    """One run; every step leaves what the next ones need."""

    def __init__(
        self, source: TextSource, config: GiantConfig, encoder: Path | str | None, begin: TextEncoder,
        device: str | None, stages: Stages, report: Reporter, without: NDArray[np.bool_] | None,
    ) -> None:  # fmt: skip
        self.source, self.config, self.encoder_path = source, config, encoder
        self.device = None if device == "auto" else device
        self.stages, self.report = stages, report
        self.encoder = begin
        self.name = self.encoder.name
        self.base = fingerprint(self.encoder.digest(), config.max_tokens)
        unit = config.unit_length
        self.unit = self.encoder.pooling == "mean" if unit is None else unit
        self.left_out = np.zeros(len(source), bool) if without is None else without

    def about(self, edge_index: NDArray[np.integer[Any]], num_nodes: int, source: str | None) -> FeatureAbout:
        """Everything up to the vectors, and what there is to say about them."""
        table, tokens = self._texts()
        graph = graph_hash(edge_index, num_nodes)
        mark = fingerprint(
            table.hash, graph, self.config.max_degree, hashlib.sha256(self.left_out.tobytes()).hexdigest()
        )
        with self.stages.timed("neighbourhood"):
            near, columns = self._neighbours(edge_index, num_nodes, table.empty)
        tree = label_tree(
            TreeInput(table, ~self.left_out, near.instances, near.labels, mark), self.config, self.stages,
            self.report,
        )  # fmt: skip
        losses, rest = self._tune(near, tree, tokens, fingerprint(mark, self.config.tree))
        self._embed(tokens, table.empty, rest)
        facts = {
            "nodes without text": int(table.empty.sum()), "nodes left out": int(self.left_out.sum()),
            "edges": int(edge_index.shape[1]), "instances": len(near.instances), "labels": len(columns),
            "last loss by level": losses,
        }  # fmt: skip
        order = ("texts", "tokens", "neighbourhood", "tfidf", "pifa", "tree", "tune", "vectors")
        return FeatureAbout(
            method="giant-xrt", source=source or self.source.description, encoder=self.name,
            pooling=self.encoder.pooling, unit_length=self.unit, max_tokens=self.config.max_tokens,
            text_hash=table.hash, graph_hash=graph, chain=tuple(rows for rows, _ in tree.shapes),
            parameters=self.config.model_dump(mode="json"), facts=facts,
            seconds={name: self.stages.seconds[name] for name in order if name in self.stages.seconds},
        )  # fmt: skip

    def _texts(self) -> tuple[TextTable, TokenTable]:
        told = self.report.counting("texts")
        mark = fingerprint(self.source.signature, len(self.source))

        def write(place: Path) -> None:
            write_text_table(self.source, place, told)

        table = TextTable(self.stages.run("texts", mark, write))
        told = self.report.counting("tokens")
        limit, path = self.config.max_tokens, self.encoder_path

        def cut(place: Path) -> None:
            texts = (_told(text, row, len(table), told) for row, text in enumerate(table))
            tokenise(texts, path, limit, place / "table")

        mark = fingerprint(table.hash, self.base)
        return table, TokenTable.load(self.stages.run("tokens", mark, cut) / "table")

    def _neighbours(
        self, edge_index: NDArray[np.integer[Any]], num_nodes: int, empty: NDArray[np.bool_]
    ) -> tuple[Neighbourhood, NDArray[np.int64]]:
        """Instances with a text, and the nodes that are labels: all that are not left out."""
        columns = np.flatnonzero(~self.left_out)
        if self.left_out.any():
            edge_index = edge_index[:, ~(self.left_out[edge_index[0]] | self.left_out[edge_index[1]])]
        found = neighbourhood(edge_index, num_nodes, self.config.max_degree)
        readable = ~empty[found.instances]
        if not readable.any():
            raise InvalidInputError(
                "No node has both a text and neighbours; check that texts and edges belong together."
            )
        labels = found.labels if readable.all() else found.labels[np.flatnonzero(readable)]
        if len(columns) < num_nodes:
            labels = labels[:, columns]
        return Neighbourhood(found.instances[readable], labels), columns

    def _tune(
        self, near: Neighbourhood, tree: LabelTree, tokens: TokenTable, mark: str
    ) -> tuple[dict[str, float], str]:
        """The tuned encoder, in the work folder and in memory; the last loss of each level."""
        config = self.config
        decisive = config.xr.model_dump(exclude={"save_seconds", "report_every"})
        mark = fingerprint(
            mark, self.base, config.tfidf, config.label_dim, config.exact_bytes, decisive, config.encoder_dropout,
            self.encoder.pooling,
        )  # fmt: skip
        losses: dict[str, float] = {}

        def tune(place: Path) -> dict[str, Any]:
            self.report("tune", 0.0)
            targets = multi_resolution(near.labels, tree, config.xr.max_match_clusters)
            fit_levels(
                self.encoder, tokens, near.instances, targets, tree.chain, config.xr, state=place / "state",
                device=self.device, report=self.report.tuning("tune", losses),
            )  # fmt: skip
            save_encoder(self.encoder, self.encoder_path, place / _ENCODER)
            shutil.rmtree(place / "state", ignore_errors=True)
            return {"losses": losses}

        self.tuned = self.stages.run("tune", mark, tune, partial=True) / _ENCODER
        self.encoder = load_encoder(self.tuned, self.encoder.pooling)
        return self.stages.facts("tune", mark)["losses"], mark

    def _embed(self, tokens: TokenTable, empty: NDArray[np.bool_], mark: str) -> None:
        mark = fingerprint(mark, self.unit, self.config.dtype)

        def embed(place: Path) -> None:
            raw = place / _RAW
            if not raw.is_file():  # it takes this name when it is whole
                embed_all(
                    self.encoder,
                    tokens,
                    raw,
                    self.device,
                    self.report.tuning("vectors"),
                    dtype=self.config.dtype,
                )
            finish_rows(raw, place / _FEATURES, empty, self.unit)
            raw.unlink()

        self.vectors = self.stages.run("vectors", mark, embed, partial=True)


def _check_device(device: str | None) -> None:
    import torch

    if device is not None and device.startswith("cuda") and not torch.cuda.is_available():
        raise InvalidInputError("There is no GPU that torch can use; choose the device cpu or auto.")


def finish_rows(raw: Path, target: Path, empty: NDArray[np.bool_], unit: bool) -> None:
    """Copy vectors with zeros where there was no text and, if asked, at length 1.

    Args:
        raw: `.npy` `[num_nodes, dim]`; `target` gets the same form.
        empty: bool `[num_nodes]`.
    """
    rows = np.load(raw, mmap_mode="r", allow_pickle=False)
    target.unlink(missing_ok=True)  # never write into a file that somebody has linked
    out = np.lib.format.open_memmap(target, "w+", rows.dtype, rows.shape)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        block = rows[part].astype(np.float32)
        block[empty[part]] = 0.0
        if unit:
            length = np.linalg.norm(block, axis=1, keepdims=True)
            block /= np.where(length > 0, length, np.float32(1))
        out[part] = block
    out.flush()


def graph_hash(edge_index: NDArray[np.integer[Any]], num_nodes: int) -> str:
    """Digest of edges as they were given."""
    digest = hashlib.sha256(f"{num_nodes} {edge_index.shape}".encode())
    for end in edge_index:
        for start in range(0, len(end), _ROWS):
            digest.update(end[start : start + _ROWS].astype("<i8").tobytes())
    return digest.hexdigest()


def _told(text: str, row: int, count: int, told: Any) -> str:
    if row % 4096 == 0:
        told(row, count)
    return text
