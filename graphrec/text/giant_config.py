"""Settings of GIANT-XRT, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from graphrec.errors import ConfigError
from graphrec.text.label_chain import LabelTreeConfig
from graphrec.text.store_graph import EdgeConfig
from graphrec.text.targets import MAX_DEGREE
from graphrec.text.tfidf import TfidfConfig
from graphrec.text.xr_transformer import PUBLISHED, XRConfig


class GiantConfig(BaseModel):
    """Everything that decides the features, beside texts, graph and encoder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_tokens: int = Field(default=128, ge=3)
    """Texts are cut after so many, the marks at their ends included."""
    pooling: Literal["auto", "mean", "pooler", "cls"] = "auto"
    """How token states become a vector; `auto` as the encoder's folder says, see
    :func:`graphrec.text.encoder.load_encoder`."""
    unit_length: bool | None = None
    """Bring vectors to length 1; None: where the mean is taken, as sentence encoders do, and as serving does for new
    texts. The published features are the pooler's output as it is."""
    encoder_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Inside the encoder, while it is tuned."""
    dtype: Literal["float32", "float16"] = "float32"
    """Of the features."""
    max_degree: PositiveInt = MAX_DEGREE
    """Nodes of this degree and above are not trained on; they stay neighbours of others."""
    label_dim: PositiveInt = 128
    """Main axes that label embeddings are projected to (:mod:`graphrec.text.principal_sketch`), where the exact ones
    would not fit."""
    exact_bytes: NonNegativeInt = 2 << 30
    """Label embeddings are exact when they need at most so much memory, else projected; 0 always projects."""
    tfidf: TfidfConfig = TfidfConfig()
    tree: LabelTreeConfig = LabelTreeConfig()
    xr: XRConfig = XRConfig()
    edges: EdgeConfig = EdgeConfig()
    """How neighbours are found in a store; without meaning where edges are given."""

    @classmethod
    def of(cls, preset: str = "small", settings: Mapping[str, Any] | None = None) -> GiantConfig:
        """A preset with some settings changed, tables by their keys.

        Raises:
            ConfigError: an unknown preset or key, or a value that cannot be used.
        """
        if preset not in PRESETS:
            raise ConfigError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
        try:
            return cls.model_validate(_merged(PRESETS[preset].model_dump(), settings or {}))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"Setting {key!r}: {first['msg']}.") from None


PRESETS: dict[str, GiantConfig] = {
    "small": GiantConfig(
        max_tokens=64,
        # Few buckets: a catalogue has few n-grams, and 2^26 of them would take longer to clear than to count.
        tfidf=TfidfConfig(bucket_bits=(18, 21, 18)),
        tree=LabelTreeConfig(min_codes=256, max_leaf_size=16),
        xr=XRConfig(
            loss="softmax", epochs=1.0, learning_rate=2e-4, head_rate=1e-3, frozen_layers=4, max_match_clusters=256
        ),
    ),
    "ogbn-arxiv": GiantConfig(exact_bytes=16 << 30, xr=PUBLISHED["ogbn-arxiv"]),
    "ogbn-products": GiantConfig(
        exact_bytes=0, tree=LabelTreeConfig(min_codes=128), xr=PUBLISHED["ogbn-products"], dtype="float16"
    ),
}  # fmt: skip
"""`small` is for MiniLM on two processor cores and follows what `benchmarks/giant_features.py` chose on validation
nodes: one level of clusters, the lower layers frozen, a softmax. The others are the published settings (Chien et al.,
2022), which take BERT base and a GPU; for ogbn-products the label embeddings are projected, since exact ones have some
10^10 entries."""


def _merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), dict)
        out[key] = _merged(out[key], value) if both else value
    return out
