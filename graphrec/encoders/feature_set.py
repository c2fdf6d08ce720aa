"""Feature sets: one vector per node in a checksummed folder that every model of the platform can take.

Layout: `features.npy` `[num_nodes, dim]`; `ids.safetensors` where rows have external ids; `manifest.json`
(:class:`FeatureManifest`: method, sizes, hashes of texts and graph, parameters, digests of the files); `README.md`;
optionally `encoder/`, the tuned weights, with which texts of new nodes are embedded in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.safetensors_io import read_safetensors
from graphrec.encoders.feature_set_manifest import (
    ENCODER,
    FEATURES,
    IDS,
    FeatureAbout,
    FeatureManifest,
    check_files,
    read_manifest,
)
from graphrec.encoders.feature_set_write import write_feature_set
from graphrec.encoders.minilm import MiniLM
from graphrec.errors import BundleMismatchError, CorruptionError, InvalidInputError, NotFoundError
from graphrec.sparse.strings import Strings

__all__ = ["FeatureAbout", "FeatureManifest", "FeatureRows", "FeatureSet", "write_feature_set"]

Verify = bool | Literal["full", "size"]


class FeatureRows(NamedTuple):
    """Rows by id: `values` float32 `[n, dim]`, zero where there are none, and `missing` bool `[n]`."""

    values: NDArray[np.float32]
    missing: NDArray[np.bool_]


class FeatureSet:
    """Features of nodes, read-only; open one with :meth:`load`, which verifies.

    Attributes:
        path: its folder. manifest: all that is known about it.
        features: `[num_nodes, dim]` float32 or float16, memory-mapped.
    """

    def __init__(self, path: Path, manifest: FeatureManifest) -> None:
        self.path, self.manifest = path, manifest
        try:
            self.features: NDArray[Any] = np.load(path / FEATURES, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise CorruptionError(
                f"{path / FEATURES} cannot be read ({error}); make the features again."
            ) from error
        shape, dtype = (manifest.num_nodes, manifest.dim), np.dtype(manifest.dtype)
        if self.features.shape != shape or self.features.dtype != dtype:
            raise CorruptionError(
                f"{path / FEATURES} holds {self.features.dtype} of shape {self.features.shape} where the manifest "
                f"says {dtype} of shape {shape}; make the features again."
            )

    @classmethod
    def load(
        cls, path: str | Path, *, num_nodes: int | None = None, ids: Sequence[str] | None = None,
        verify: Verify = "full",
    ) -> FeatureSet:  # fmt: skip
        """Open a folder.

        Args:
            num_nodes: refuse features of another number of nodes.
            ids: refuse features that are not of exactly these nodes in this order; of features of numbered nodes only
                the number is compared.
            verify: `"full"` (or True) hashes every file, `"size"` (or False) only compares sizes.

        Raises:
            NotFoundError: no features there.
            CorruptionError: a file is not what was written; the message names it.
            SchemaVersionError: a newer graphrec wrote it.
            BundleMismatchError: features of other nodes.
        """
        if verify not in (True, False, "full", "size"):
            raise InvalidInputError(f"verify={verify!r} is unknown; use 'full' or 'size'.")
        directory = Path(path)
        manifest = read_manifest(directory)
        check_files(directory, manifest, hashes=verify in (True, "full"))
        found = cls(directory, manifest)
        found.require(num_nodes=num_nodes, ids=ids)
        return found

    def __len__(self) -> int:
        return self.manifest.num_nodes

    def __repr__(self) -> str:
        return f"FeatureSet({self.manifest.method}: {len(self)} nodes, {self.dim} dimensions)"

    @property
    def dim(self) -> int:
        """Length of a row."""
        return self.manifest.dim

    @property
    def fingerprint(self) -> str:
        """Hex digest of the features and their ids: what a model that was trained on them keeps."""
        files = self.manifest.files
        return "-".join(files[name].sha256[:16] for name in (FEATURES, IDS) if name in files)

    @cached_property
    def ids(self) -> Sequence[str] | range:
        """External id of each row, or `range(num_nodes)`."""
        if self.manifest.ids == "range":
            return range(len(self))
        arrays = read_safetensors(self.path / IDS)
        try:
            found = Strings(arrays["data"], arrays["offsets"], source=str(self.path / IDS))
        except KeyError as error:
            raise CorruptionError(
                f"{self.path / IDS} lacks the array {error}; make the features again."
            ) from None
        if len(found) != len(self):
            raise CorruptionError(
                f"{self.path / IDS} has {len(found)} ids for {len(self)} rows; make the features again."
            )
        return found

    def require(self, *, num_nodes: int | None = None, ids: Sequence[str] | None = None) -> None:
        """Refuse to be used for other nodes.

        Raises:
            BundleMismatchError: another number of nodes, other ids, or the same ids in another order.
        """
        wanted = num_nodes if ids is None else len(ids)
        if wanted is not None and wanted != len(self):
            raise BundleMismatchError(
                f"The features in {self.path} are of {len(self):,} nodes, but this graph has {wanted:,}; make "
                "them for this graph."
            )
        if ids is None or self.manifest.ids == "range":
            return
        for row, (mine, theirs) in enumerate(zip(self.ids, ids, strict=True)):
            if mine != theirs:
                raise BundleMismatchError(
                    f"Row {row} of the features in {self.path} belongs to {mine!r}, but node {row} of this graph "
                    f"is {theirs!r}; make them for this graph."
                )

    def positions(self, ids: Sequence[str] | Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Row of each id, int64 `[n]`; -1 where there is none."""
        if isinstance(self.ids, Strings):
            find = self.ids.find
            rows = ((-1 if (row := find(str(name))) is None else row) for name in ids)
            return np.fromiter(rows, np.int64, len(ids))
        numbers = np.fromiter((_number(name) for name in ids), np.int64, len(ids))
        return np.where((numbers >= 0) & (numbers < len(self)), numbers, -1)

    def rows_for(self, ids: Sequence[str] | Sequence[int] | NDArray[np.integer[Any]]) -> FeatureRows:
        """Rows of nodes by their ids, in the order of `ids`; node numbers where the rows have no ids."""
        places = self.positions(ids)
        values = np.zeros((len(places), self.dim), np.float32)
        known = places >= 0
        values[known] = self.features[places[known]]
        return FeatureRows(values, ~known)

    @property
    def can_encode(self) -> bool:
        """Whether :meth:`encode` works: the tuned weights are here, and pooled as serving does."""
        return (self.path / ENCODER / "config.json").is_file() and self.manifest.pooling == "mean"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts of new nodes as the rows were, float32 `[len(texts), dim]`; zeros for a blank text.

        Without torch. To rounding the same as the row of a node with that text.

        Raises:
            NotFoundError: the folder holds no encoder.
            InvalidInputError: its vectors are pooled in a way that serving does not know.
        """
        if not (self.path / ENCODER / "config.json").is_file():
            raise NotFoundError(
                f"The features in {self.path} came without their encoder; new texts need one."
            )
        if not self.can_encode or not self.manifest.unit_length:
            raise InvalidInputError(
                f"The encoder of {self.path} pools by {self.manifest.pooling!r}; new texts can be embedded without "
                "torch only where the mean over the tokens was taken, at unit length."
            )
        vectors: NDArray[np.float32] = self._encoder.encode(texts)
        return vectors

    @cached_property
    def _encoder(self) -> MiniLM:
        return MiniLM(self.path / ENCODER, max_tokens=self.manifest.max_tokens or 128)


def _number(name: object) -> int:
    try:
        return int(str(name))
    except ValueError:
        return -1
