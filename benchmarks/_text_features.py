"""Node features from text, one function per kind, kept in a folder by settings and seed of the encoder."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _common import stopwatch
from _text_graphs import TextGraph
from numpy.typing import NDArray

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Features:
    """Vectors `[num_nodes, dim]`, and the seconds of wall time that they took to make."""

    x: Float
    seconds: float


def features(graph: TextGraph, kind: str, settings: Mapping[str, Any], seed: int, cache: Path) -> Features:
    """Vectors of all nodes, from the cache where they are there."""
    content = f"{kind} {json.dumps(settings, sort_keys=True)} {seed}".encode()
    content += "\n".join(graph.texts).encode() + (graph.edge_index.tobytes() if kind in TUNED else b"")
    stem = cache / graph.name.partition("_")[0] / f"{kind}-{seed}-{hashlib.sha256(content).hexdigest()[:12]}"
    array, note = stem.with_suffix(".npy"), stem.with_suffix(".json")
    if not note.is_file():
        array.parent.mkdir(parents=True, exist_ok=True)
        with stopwatch() as seconds:
            x = KINDS[kind](graph, settings, seed, stem)
        np.save(array, x, allow_pickle=False)
        note.write_text(json.dumps({"settings": settings, "seed": seed, "seconds": seconds[0]}))
        print(f"{graph.name} {kind} seed {seed}: {seconds[0]:.0f} s", file=sys.stderr)
    return Features(
        np.load(array, allow_pickle=False), float(json.loads(note.read_text(encoding="utf-8"))["seconds"])
    )


def tfidf(graph: TextGraph, settings: Mapping[str, Any], seed: int, stem: Path) -> Float:
    """TF-IDF of words and pairs of words over the whole text, its largest singular directions."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        sublinear_tf=True, min_df=2, max_df=0.5, ngram_range=(1, 2), max_features=100_000, dtype=np.float32
    )
    reduced = TruncatedSVD(settings["dim"], random_state=seed).fit_transform(words.fit_transform(graph.texts))
    return np.asarray(reduced, np.float32)


def frozen(graph: TextGraph, settings: Mapping[str, Any], seed: int, stem: Path) -> Float:
    """MiniLM as it is published."""
    encoder, table = _upper(graph, settings, stem)
    return _embedded(encoder, table, stem)


def links(graph: TextGraph, settings: Mapping[str, Any], seed: int, stem: Path) -> Float:
    """MiniLM tuned by link prediction."""
    from graphrec.text.link_tuning import LinkTuningConfig, tune_by_links

    encoder, table = _upper(graph, settings, stem)
    config = LinkTuningConfig(**settings["tuning"], seed=seed)
    tune_by_links(encoder, table, graph.edge_index, config, report=_say(f"{graph.name} links"))
    return _embedded(encoder, table, stem)


def giant(graph: TextGraph, settings: Mapping[str, Any], seed: int, stem: Path) -> Float:
    """MiniLM tuned by multi-resolution neighbourhood prediction."""
    from graphrec.text.label_tree import LabelTreeConfig, build_label_tree
    from graphrec.text.pifa import pifa
    from graphrec.text.targets import multi_resolution, neighbourhood
    from graphrec.text.tfidf import TfidfBlocks, TfidfConfig
    from graphrec.text.xr_transformer import XRConfig, fit_levels

    with stopwatch() as seconds:
        words = TfidfBlocks.fit(lambda: graph.texts, TfidfConfig(bucket_bits=(18, 21, 18)))
        found = neighbourhood(graph.edge_index, graph.num_nodes)
        x = words.transform([graph.texts[row] for row in found.instances])
        tree = build_label_tree(pifa(found.labels, x), LabelTreeConfig(**settings["tree"]))
        targets = multi_resolution(found.labels, tree)
    print(
        f"{graph.name} tree: {seconds[0]:.0f} s, {[part.shape for part in tree.chain]}",
        file=sys.stderr,
        flush=True,
    )
    encoder, table = _upper(graph, settings, stem)
    config = XRConfig(**settings["tuning"], seed=seed)
    fit_levels(
        encoder, table, found.instances, targets, tree.chain, config, report=_say(f"{graph.name} GIANT")
    )
    return _embedded(encoder, table, stem)


TUNED = ("links", "giant")
KINDS = {"tfidf": tfidf, "frozen": frozen, "links": links, "giant": giant}


def _upper(graph: TextGraph, settings: Mapping[str, Any], stem: Path) -> tuple[Any, Any]:
    from _text_states import upper_encoder

    from graphrec.text.tokens import tokenise

    limit = settings["max_tokens"]
    tokens = tokenise(graph.texts, None, limit, stem.parent / f"tokens-{limit}")
    return upper_encoder(tokens, settings["lower"], settings.get("dropout", 0.0), stem.parent)


def _embedded(encoder: Any, table: Any, stem: Path) -> Float:
    from graphrec.text.embed import embed_all

    found = np.load(embed_all(encoder, table, stem.with_suffix(".raw.npy")), allow_pickle=False)
    os.remove(stem.with_suffix(".raw.npy"))
    return np.asarray(found, np.float32)


def _say(name: str) -> Any:
    def report(progress: Any) -> None:
        print(f"{name}: {progress}", file=sys.stderr, flush=True)

    return report
