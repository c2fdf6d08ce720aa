"""Small data sets in OGB's own formats, for OGB's own loaders: saved by `DatasetSaver`, or as the released CSV.

Each function writes `ROOT/ogbn_arxiv` (or whatever the name gives) with its `meta_dict.pt` inside and returns the
meta dictionary, which ogb's classes take as `meta_dict`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec.ogb.loading import META_FILE, folder_name, import_ogb

Array = NDArray[Any]
Triplet = tuple[str, str, str]


def save_nodes(
    root: Path, name: str, x: Array, edge_index: Array, y: Array, split: Mapping[str, Array], num_classes: int
) -> dict[str, Any]:
    """A homogeneous node property data set; y int64 `[num_nodes]`."""
    graph = {"edge_index": edge_index, "num_nodes": len(x), "node_feat": x}
    return _save(root, name, graph, dict(split), y.reshape(-1, 1), num_classes)


def save_hetero_nodes(
    root: Path,
    name: str,
    x: Mapping[str, Array],
    num_nodes: Mapping[str, int],
    edges: Mapping[Triplet, Array],
    target: str,
    y: Array,
    split: Mapping[str, Array],
    num_classes: int,
) -> dict[str, Any]:
    """A heterogeneous node property data set like ogbn-mag: labels and split of one node type."""
    graph = {"edge_index_dict": dict(edges), "num_nodes_dict": dict(num_nodes), "node_feat_dict": dict(x)}
    parts = {part: {target: ids} for part, ids in split.items()}
    return _save(root, name, graph, parts, {target: y.reshape(-1, 1)}, num_classes)


def save_links(
    root: Path, name: str, x: Array, edge_index: Array, split: Mapping[str, Mapping[str, Array]], metric: str,
    **edge_arrays: Array,
) -> dict[str, Any]:  # fmt: skip
    """A homogeneous link data set; `split[part]` holds what ogbl-collab's or ogbl-citation2's does.

    collab: `edge`, `weight`, `year`, and `edge_neg` in valid and test. citation2: `source_node`, `target_node`, and
    `target_node_neg` in valid and test.
    """
    graph = {"edge_index": edge_index, "num_nodes": len(x), "node_feat": x, **edge_arrays}
    return _save(root, name, graph, {part: dict(arrays) for part, arrays in split.items()}, metric=metric)


def save_triples(
    root: Path, name: str, num_nodes: Mapping[str, int], edges: Mapping[Triplet, Array],
    relations: Mapping[Triplet, Array], split: Mapping[str, Mapping[str, Any]], metric: str = "mrr",
) -> dict[str, Any]:  # fmt: skip
    """A heterogeneous link data set like ogbl-biokg.

    `split[part]`: `head_type`, `tail_type` (lists of text), `head`, `relation`, `tail`, and `head_neg`, `tail_neg`
    `[num_triples, num_negatives]` in valid and test. `relations`: `edge_reltype`, int64 `[num_edges, 1]`.
    """
    graph = {
        "edge_index_dict": dict(edges),
        "num_nodes_dict": dict(num_nodes),
        "edge_reltype": dict(relations),
    }
    return _save(root, name, graph, {part: dict(arrays) for part, arrays in split.items()}, metric=metric)


def save_csv_nodes(
    root: Path, name: str, x: Array, edge_index: Array, y: Array, split: Mapping[str, Array], split_name: str = "time"
) -> Path:  # fmt: skip
    """The layout in which ogbn-arxiv is released, gzipped CSV, without a `meta_dict.pt`: ogb's list describes it."""
    folder = root / folder_name(name)
    places = {"raw": folder / "raw", "split": folder / "split" / split_name}
    for place in places.values():
        place.mkdir(parents=True)
    _csv(places["raw"] / "edge.csv.gz", edge_index.T, "%d")
    _csv(places["raw"] / "node-feat.csv.gz", x, "%.6f")
    _csv(places["raw"] / "node-label.csv.gz", y, "%d")
    _csv(places["raw"] / "node_year.csv.gz", np.full(len(x), 2017), "%d")
    _csv(places["raw"] / "num-node-list.csv.gz", np.array([len(x)]), "%d")
    _csv(places["raw"] / "num-edge-list.csv.gz", np.array([edge_index.shape[1]]), "%d")
    for part, ids in split.items():
        _csv(places["split"] / f"{part}.csv.gz", ids, "%d")
    (folder / "RELEASE_v1.txt").write_text("release\n", encoding="utf-8")
    return folder


def _csv(path: Path, rows: Array, form: str) -> None:
    np.savetxt(path, rows, fmt=form, delimiter=",")


def _save(
    root: Path, name: str, graph: dict[str, Any], split: dict[str, Any], labels: Any = None,
    num_classes: int | None = None, metric: str = "acc",
) -> dict[str, Any]:  # fmt: skip
    hetero = "edge_index_dict" in graph
    saver_class = import_ogb("ogb.io").DatasetSaver
    with tempfile.TemporaryDirectory() as scratch, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        mapping = Path(scratch) / "mapping"
        mapping.mkdir()
        (mapping / "README.md").write_text("ids\n", encoding="utf-8")
        saver = saver_class(name, hetero, version=1, root=f"{scratch}/submission")
        saver.save_graph_list([graph])
        if labels is not None:
            saver.save_target_labels(labels)
        saver.save_split(split, "planted")
        saver.copy_mapping_dir(str(mapping))
        task = "multiclass classification" if labels is not None else "link prediction"
        saver.save_task_info(task, metric, num_classes)
        meta: dict[str, Any] = saver.get_meta_dict()
        for side in ("node", "edge"):
            more = [
                key
                for key in graph
                if key.startswith(f"{side}_") and "feat" not in key and "index" not in key
            ]
            meta[f"additional {side} files"] = ",".join(more) or "None"
        folder = root / folder_name(name)
        root.mkdir(parents=True, exist_ok=True)
        shutil.move(saver.dataset_dir, folder)
    meta["dir_path"] = str(folder)
    torch.save(meta, folder / META_FILE)
    sys.stdout.flush()
    return meta
