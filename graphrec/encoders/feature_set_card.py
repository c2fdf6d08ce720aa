"""The README of a feature set: what a person has to know before using it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec.encoders.feature_set_manifest import ENCODER, FeatureManifest

_TRANSDUCTIVE = (
    "The features were learned from the edges of all nodes that took part, test nodes among them unless they were "
    "left out: for figures on nodes without edges, make features without those nodes."
)


def feature_card(manifest: FeatureManifest) -> str:
    """Markdown text of the card, with the front matter that model hubs read."""
    kind = manifest.node_type or "node"
    encodes = any(name.startswith(f"{ENCODER}/") for name in manifest.files)
    blocks = [
        "---\npipeline_tag: feature-extraction\nlibrary_name: graphrec\n"
        f"tags:\n- feature-extraction\n- graph\n- {manifest.method}\n---",
        f"# {manifest.method}: {manifest.dim} features of {manifest.num_nodes:,} {kind} nodes",
        f"Each {kind} has one dense vector of {manifest.dim} numbers ({manifest.dtype}). "
        + (f"Source: {manifest.source}." if manifest.source else ""),
        "## Use\n\n```python\n" + _usage(manifest, encodes) + "```",
        "## What it is\n\n" + _table(_facts(manifest)),
    ]
    if manifest.parameters:
        blocks.append("## Training\n\n" + _table(dict(_flat(manifest.parameters))))
    if manifest.seconds:
        times = {name: f"{value:.1f}" for name, value in manifest.seconds.items()}
        blocks.append("### Seconds by stage\n\n" + _table(times))
    limits = [*manifest.limits, *([_TRANSDUCTIVE] if manifest.graph_hash else [])]
    limits.append("Rows are bound to these nodes: another graph, or another order of its nodes, is refused.")
    blocks.append("## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits))
    return "\n\n".join(block.strip() for block in blocks) + "\n"


def _usage(manifest: FeatureManifest, encodes: bool) -> str:
    ids = '["some id", "another"]' if manifest.ids == "external" else "[0, 1]"
    lines = [
        "from graphrec.encoders.feature_set import FeatureSet",
        "",
        'features = FeatureSet.load("this folder")',
        f"rows, missing = features.rows_for({ids})  # float32 [2, {manifest.dim}], bool [2]",
    ]
    if encodes and manifest.pooling == "mean":
        lines.append('features.encode(["the text of a new one"])')
    return "\n".join(lines) + "\n"


def _facts(manifest: FeatureManifest) -> dict[str, object]:
    chain = " -> ".join(f"{codes:,}" for codes in manifest.chain)
    found: dict[str, object] = {
        "encoder": manifest.encoder, "pooling": manifest.pooling, "tokens at most": manifest.max_tokens,
        "unit length": manifest.unit_length, "label tree": chain or None, "digest of the texts": manifest.text_hash,
        "digest of the graph": manifest.graph_hash, "graphrec": manifest.graphrec, "made": manifest.created,
    }  # fmt: skip
    return {name: value for name, value in (found | dict(manifest.facts)).items() if value is not None}


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        rows += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return rows


def _table(rows: Mapping[str, object]) -> str:
    return "| | |\n| --- | --- |\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())
