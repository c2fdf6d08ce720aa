"""The stages of one run of GIANT-XRT, in their order; :func:`graphrec.text.giant.run_giant` calls them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.feature_set import FeatureAbout
from graphrec.errors import InvalidInputError
from graphrec.text.embed import embed_all
from graphrec.text.encoder import TextEncoder, load_encoder, save_encoder
from graphrec.text.giant_config import GiantConfig
from graphrec.text.giant_labels import TreeInput, label_tree
from graphrec.text.giant_progress import Reporter
from graphrec.text.label_tree import LabelTree
from graphrec.text.sources import TextSource
from graphrec.text.stages import Stages, fingerprint
from graphrec.text.targets import Neighbourhood, multi_resolution, neighbourhood
from graphrec.text.text_table import TextTable, write_text_table
from graphrec.text.tokens import TokenTable, tokenise
from graphrec.text.xr_transformer import fit_levels

_ROWS = 65536
_FEATURES, _RAW, _ENCODER = "features.npy", "raw.npy", "encoder"
_STAGES = ("texts", "tokens", "neighbourhood", "tfidf", "pifa", "tree", "tune", "vectors")


class GiantRun:
    """One run; every stage leaves what the next ones need.

    Args:
        source: texts of all nodes.
        encoder: folder that the encoder came from; None is the packaged MiniLM.
        begin: the encoder before it is tuned.
        stages: the work folder.
        without: bool `[num_nodes]`, nodes that the training must not know.

    Attributes:
        tuned: folder of the tuned encoder, once :meth:`about` is through.
        vectors: `.npy` file of the features, likewise.
    """

    tuned: Path
    vectors: Path

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
        tree, words = label_tree(
            TreeInput(table, ~self.left_out, near.instances, near.labels, mark), self.config, self.stages,
            self.report,
        )  # fmt: skip
        losses, rest = self._tune(near, tree, tokens, fingerprint(mark, self.config.tree))
        self._embed(tokens, table.empty, rest)
        facts = {
            "nodes without text": int(table.empty.sum()), "nodes left out": int(self.left_out.sum()),
            "edges": int(edge_index.shape[1]), "instances": len(near.instances), "labels": len(columns),
            **words,
            "last loss by level": losses,
        }  # fmt: skip
        return FeatureAbout(
            method="giant-xrt", source=source or self.source.description, encoder=self.name,
            pooling=self.encoder.pooling, unit_length=self.unit, max_tokens=self.config.max_tokens,
            text_hash=table.hash, graph_hash=graph, chain=tuple(rows for rows, _ in tree.shapes),
            parameters=self.config.model_dump(mode="json"), facts=facts,
            seconds={name: self.stages.seconds[name] for name in _STAGES if name in self.stages.seconds},
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
                told = self.report.tuning("vectors")
                embed_all(self.encoder, tokens, raw, self.device, told, dtype=self.config.dtype)
            finish_rows(raw, place / _FEATURES, empty, self.unit)
            raw.unlink()

        self.vectors = self.stages.run("vectors", mark, embed, partial=True) / _FEATURES


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
