"""What the folder of a feature set says about itself, and the check that it is still what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from graphrec.bundle.format import manifest_digest
from graphrec.errors import CorruptionError, NotFoundError, SchemaVersionError

FORMAT = "graphrec-features"
VERSION = 1
"""Version that this code writes, and the newest that it reads."""

MANIFEST, FEATURES, IDS, CARD, ENCODER = (
    "manifest.json", "features.npy", "ids.safetensors", "README.md", "encoder",
)  # fmt: skip


class FeatureAbout(BaseModel):
    """Where features come from; everything but the method may be left out for features made by hand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    """Short name: `giant-xrt`, `tfidf-svd`, ..."""
    source: str | None = None
    """What the nodes are, in words; no paths."""
    encoder: str | None = None
    """Name of the text encoder."""
    pooling: str | None = None
    """How token states became one vector: `mean`, `pooler`, `cls`."""
    unit_length: bool = False
    """Whether every row has length 1 (or 0, where there was nothing to read)."""
    max_tokens: int | None = None
    """Where texts were cut."""
    text_hash: str | None = None
    """Digest of all texts in their order."""
    graph_hash: str | None = None
    """Digest of the edges that the features were learned from."""
    chain: tuple[int, ...] = ()
    """Number of codes on each level of the label tree, coarse to fine; the last are the nodes."""
    parameters: Mapping[str, Any] = {}
    """The whole configuration."""
    facts: Mapping[str, Any] = {}
    """Counts and figures of the run: nodes without text, edges, losses."""
    limits: tuple[str, ...] = ()
    """What to mind when using them, one sentence each."""
    seconds: Mapping[str, float] = {}
    """Wall time by stage."""


class FileInfo(BaseModel):
    """Size and SHA-256 of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    sha256: str


class FeatureManifest(FeatureAbout):
    """The content of `manifest.json`."""

    format: Literal["graphrec-features"] = "graphrec-features"
    version: int = VERSION
    num_nodes: int
    dim: int
    dtype: Literal["float32", "float16"]
    ids: Literal["external", "range"]
    """`external`: one id per row, in `ids.safetensors`; `range`: row i is node i."""
    node_type: str | None = None
    graphrec: str
    """Version of the code that wrote it."""
    created: str
    """UTC, ISO 8601."""
    files: Mapping[str, FileInfo]
    """Size and SHA-256 of every file but the manifest and the card, by path inside the folder."""
    sha256: str = ""
    """Digest of the manifest itself without this entry."""


def file_info(path: Path) -> FileInfo:
    """Size and digest, read in pieces."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return FileInfo(bytes=path.stat().st_size, sha256=found)


def render(manifest: FeatureManifest) -> str:
    """The text of `manifest.json`, its own digest included."""
    body = manifest.model_dump(mode="json")
    return json.dumps(body | {"sha256": manifest_digest(body)}, indent=1, ensure_ascii=False) + "\n"


def read_manifest(directory: Path) -> FeatureManifest:
    """Read and check `manifest.json`.

    Raises:
        NotFoundError: no such folder, or none of features.
        SchemaVersionError: a newer graphrec wrote it.
        CorruptionError: it is not what was written.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise NotFoundError(f"There are no features at {directory}: {MANIFEST} is missing; check the path.")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        newer = raw.get("format") == FORMAT and int(raw.get("version", 0)) > VERSION
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CorruptionError(f"{path} cannot be read ({error}); make the features again.") from error
    if raw.get("format") != FORMAT:
        raise CorruptionError(f"{path} is not the manifest of a feature set; name the folder of one.")
    if newer:
        raise SchemaVersionError(
            f"{path} has format {raw['version']} and this graphrec reads up to {VERSION}; update graphrec."
        )
    if raw.get("sha256") != manifest_digest(raw):
        raise CorruptionError(f"{path} does not match its own checksum; make the features again.")
    try:
        return FeatureManifest.model_validate(raw)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CorruptionError(f"{path} has no usable entry {where!r}; make the features again.") from error


def check_files(directory: Path, manifest: FeatureManifest, *, hashes: bool) -> None:
    """Compare every file with the manifest: its size and, if asked, its digest.

    Raises:
        CorruptionError: a file is missing or not what was written; the message names it.
    """
    for name, info in manifest.files.items():
        path = directory / name
        if ".." in Path(name).parts or Path(name).is_absolute() or not path.is_file():
            raise CorruptionError(f"{path} is missing from its features; make them again.")
        if path.stat().st_size != info.bytes or (hashes and file_info(path).sha256 != info.sha256):
            raise CorruptionError(f"{path} is not what was written; make the features again.")
