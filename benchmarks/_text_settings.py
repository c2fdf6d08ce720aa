"""What `giant_features.py` runs: settings of every kind of features on every graph, chosen on validation nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TFIDF = {"dim": 256}
KINDS = ("tfidf", "frozen", "links", "giant", "giant+frozen")
"""The last one is the last but one beside `frozen`, each at unit length."""

ENCODER: Mapping[str, dict[str, Any]] = {
    "cora": {"max_tokens": 64, "lower": 3},
    "epicurious": {"max_tokens": 40, "lower": 4},
    "recipes": {"max_tokens": 40, "lower": 4},
}
"""Tokens that every encoder reads of a text, and layers of six that stay frozen where it is tuned."""

_STEP = {"loss": "softmax", "learning_rate": 2e-4, "head_rate": 1e-3}
GIANT: Mapping[str, dict[str, Any]] = {
    "cora": {
        "tree": {"max_leaf_size": 16, "min_codes": 64},
        "tuning": _STEP | {"epochs": 3.0, "max_match_clusters": 64},
    },
    "epicurious": {
        "tree": {"max_leaf_size": 100, "min_codes": 256},
        "tuning": _STEP | {"epochs": 1.0, "max_match_clusters": 256},
    },
    "recipes": {
        "tree": {"max_leaf_size": 100, "min_codes": 128},
        "tuning": _STEP | {"epochs": 1.0, "max_match_clusters": 128},
    },
    "recipes_foods": {
        "tree": {"max_leaf_size": 100, "min_codes": 128},
        "tuning": _STEP | {"learning_rate": 5e-5, "epochs": 1.0, "max_match_clusters": 128},
    },
    "recipes_store": {
        "tree": {"max_leaf_size": 16, "min_codes": 256},
        "tuning": _STEP | {"epochs": 1.5, "max_match_clusters": 256},
    },
}
"""One level each: on Cora, a second one of 256 codes gained nothing on validation nodes for twice the time. The softmax
over codes gained 1.5 points there over GIANT's hinge within these few steps."""

LINKS: Mapping[str, dict[str, Any]] = {
    "cora": {"learning_rate": 2e-4, "epochs": 1.5},
    "epicurious": {"learning_rate": 2e-4, "epochs": 0.5},
    "recipes": {"learning_rate": 2e-4, "epochs": 0.5},
}
"""A pass of link prediction reads two texts per node, so these see as many texts as GIANT does."""

SEEDS: Mapping[tuple[str, str], int] = {("cora", "giant"): 5}
"""Seeds of the tuning where there is more than one."""


def settings_of(graph: str, kind: str) -> dict[str, Any]:
    """Everything that decides the features of a kind, beside the seed."""
    base, kind = graph.partition("_")[0], kind.removesuffix("+frozen")
    if kind == "tfidf":
        return TFIDF
    if kind == "frozen":
        return ENCODER[base]
    return ENCODER[base] | ({"tuning": LINKS[base]} if kind == "links" else GIANT.get(graph, GIANT[base]))


def seeds_of(graph: str, kind: str) -> int:
    """How many encoders are tuned; one TF-IDF and one frozen encoder is all there is."""
    return SEEDS.get((graph, kind.removesuffix("+frozen")), 1)
