"""The layout of a bundle folder, version 1.

* `model.json`: what it is (:data:`REQUIRED`), size and digest of every file
* `README.md`: the model card
* `part_<n>_<kind>.safetensors`: the scorers
* `catalogue.safetensors`: ids, titles, attributes
* `history.safetensors`: who chose what, for masking, folding in and explaining
* `extra.safetensors`: arrays that a model adds for itself (the trained request scorer)
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
from collections.abc import Mapping
from typing import Any

FORMAT = 1
"""Version that this code writes, and the newest that it reads."""

MANIFEST = "model.json"
CARD = "README.md"
CATALOGUE = "catalogue.safetensors"
HISTORY = "history.safetensors"
EXTRA = "extra.safetensors"

REQUIRED = ("format", "model", "config", "snapshot", "created", "graphrec", "seed", "metrics",
            "parts", "catalogue", "files", "sha256")  # fmt: skip
"""Keys of `model.json`: format version, model name, its whole configuration, name of the snapshot it was
trained on, time of writing (UTC, ISO 8601), version of graphrec, seed, metrics, parts with weights, small
catalogue values, size and digest per file, digest of the manifest itself."""


def digest(content: bytes | mmap.mmap) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """Digest of a manifest without its own `sha256`, in canonical form."""
    body = {key: value for key, value in manifest.items() if key != "sha256"}
    return digest(json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())


def plain(value: Any) -> Any:
    """JSON types only: NumPy numbers to Python's, NaN and infinities to null, tuples to lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
