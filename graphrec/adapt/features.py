"""Inputs of a predictor over the nodes of a store: TF-IDF of their texts on a few hundred main axes.

The axes are fitted on the texts of all domains, labels play no part. Saved with the model, so that a node that comes
later is described as the others were.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from graphrec.bundle.folders import write_text
from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.text.projection import CountSketch, project_blocks
from graphrec.text.tfidf import TfidfBlocks, TfidfConfig

if TYPE_CHECKING:
    import scipy.sparse as sp

Float32 = NDArray[np.float32]

SETTINGS, ARRAYS = "features.json", "features.safetensors"
"""The two files of :meth:`TextFeatures.save`."""

LEAST_AXES, MOST_AXES, LABELS_PER_AXIS = 8, 128, 10


class TextFeatureConfig(BaseModel):
    """How texts become rows of numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dim: PositiveInt | None = None
    """Main axes that are kept, fewer where there are fewer texts; None: one for ten labels, 8 to 128. A network that
    sees many axes and few labels learns the labels by heart."""
    wide: PositiveInt = 1024
    """Columns of the sketch in which the axes are found."""
    seed: int = 0
    """Of the sketch."""
    tfidf: TfidfConfig = TfidfConfig(max_terms=(50_000, 100_000, 30_000), bucket_bits=(18, 20, 18))

    def for_labels(self, count: int) -> TextFeatureConfig:
        """The same settings with as many axes as `count` labels can teach."""
        dim = self.dim or min(max(count // LABELS_PER_AXIS, LEAST_AXES), MOST_AXES)
        return self.model_copy(update={"dim": dim})


@dataclass(frozen=True, eq=False)
class TextFeatures:
    """A fitted description of texts.

    Args:
        config: settings.
        blocks: terms and their weights.
        axes: float32 `[wide, dim]`, orthonormal columns, widest first.
        scale: one factor for all rows: the texts that were fitted have columns of variance 1 on average.
    """

    config: TextFeatureConfig
    blocks: TfidfBlocks
    axes: Float32
    scale: float

    @classmethod
    def fit(
        cls, texts: Callable[[], Iterable[str]], config: TextFeatureConfig | None = None
    ) -> tuple[Self, Float32]:
        """Find terms and axes.

        Args:
            texts: gives the texts in order, each time it is called.

        Returns:
            The description, and its rows of these texts, float32 `[num_texts, dim]`.

        Raises:
            InvalidInputError: no text, or none with a term that only some texts have.
        """
        config = config or TextFeatureConfig()
        blocks = TfidfBlocks.fit(texts, config.tfidf)
        if not blocks.num_terms:
            raise InvalidInputError("All texts say the same; name other fields to describe the nodes by.")
        sketch = CountSketch(blocks.num_terms, config.wide, config.seed)
        wide = project_blocks(blocks.transform_blocks(texts()), sketch, blocks.num_texts)
        _, vectors = np.linalg.eigh(wide.T.astype(np.float64) @ wide)
        dim = min(config.dim or MOST_AXES, config.wide, blocks.num_texts)
        axes = np.ascontiguousarray(vectors[:, ::-1][:, :dim], dtype=np.float32)
        rows = wide @ axes
        spread = float(np.sqrt(rows.var(axis=0).mean()))
        if spread == 0:
            raise InvalidInputError("All texts say the same; name other fields to describe the nodes by.")
        found = cls(config, blocks, axes, 1 / spread)
        return found, rows * np.float32(found.scale)

    @property
    def dim(self) -> int:
        """Length of a row."""
        return int(self.axes.shape[1])

    def __call__(self, texts: Iterable[str]) -> Float32:
        """Describe texts, float32 `[num_texts, dim]`; zeros for one without a known term."""
        parts = [self._sketch(block) for block in self.blocks.transform_blocks(texts)]
        wide = np.concatenate([np.zeros((0, self.config.wide), np.float32), *parts])
        return (wide @ self.axes) * np.float32(self.scale)

    def save(self, folder: Path) -> None:
        """Write two new files into a folder."""
        about = {
            "config": self.config.model_dump(mode="json"), "num_texts": self.blocks.num_texts, "scale": self.scale,
            "num_blocks": len(self.blocks.columns),
        }  # fmt: skip
        columns = {f"columns.{place}": table for place, table in enumerate(self.blocks.columns)}
        # The sketch is drawn again when it is read; the probe shows whether it came out the same.
        arrays = {"idf": self.blocks.idf, "axes": self.axes, "probe": self._probe(), **columns}
        write_safetensors(folder / ARRAYS, arrays)
        write_text(folder / SETTINGS, json.dumps(about, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            CorruptionError: a file is missing, altered, or drawn otherwise by this version of NumPy.
        """
        arrays = read_safetensors(folder / ARRAYS)
        try:
            about: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            config = TextFeatureConfig.model_validate(about["config"])
            columns = tuple(arrays[f"columns.{place}"] for place in range(about["num_blocks"]))
            blocks = TfidfBlocks(config.tfidf, columns, arrays["idf"], int(about["num_texts"]))
            found = cls(config, blocks, arrays["axes"], float(about["scale"]))
            same = np.allclose(found._probe(), arrays["probe"], atol=1e-3)
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            raise CorruptionError(f"{folder / SETTINGS} cannot be read ({error}); adapt again.") from error
        if not same:
            raise CorruptionError(f"{folder / ARRAYS} does not describe texts as it did; adapt again.")
        return found

    def _sketch(self, block: sp.csr_matrix) -> Float32:
        return CountSketch(self.blocks.num_terms, self.config.wide, self.config.seed)(block)

    def _probe(self) -> Float32:
        """A row in which every term has another weight, sketched."""
        import scipy.sparse as sp

        weights = np.arange(1, self.blocks.num_terms + 1, dtype=np.float32) / self.blocks.num_terms
        return self._sketch(sp.csr_matrix(weights[None, :]))
