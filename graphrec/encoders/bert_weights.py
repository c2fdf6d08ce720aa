"""BERT's weights: out of a checkpoint by name, into the layout that the NumPy pass multiplies with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

Float = NDArray[np.float32]

BLOCK = 32
"""Columns of a block."""


@dataclass(frozen=True, slots=True)
class BertShape:
    """Sizes that a `config.json` gives."""

    layers: int
    heads: int
    hidden: int
    positions: int
    epsilon: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> BertShape:
        """Read the sizes.

        Raises:
            InvalidInputError: the configuration is of another kind of model, or lacks a size.
        """
        expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
        for key, value in expected.items():
            if config.get(key, value) != value:
                raise InvalidInputError(f"config.json has {key} {config[key]!r}; only {value!r} can be run.")
        try:
            shape = cls(
                layers=int(config["num_hidden_layers"]), heads=int(config["num_attention_heads"]),
                hidden=int(config["hidden_size"]), positions=int(config["max_position_embeddings"]),
                epsilon=float(config.get("layer_norm_eps", 1e-12)),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInputError(f"config.json lacks a size of the model ({error}).") from error
        if min(shape.layers, shape.heads, shape.positions) < 1 or shape.hidden % shape.heads:
            raise InvalidInputError(f"config.json gives sizes that do not fit together: {shape}.")
        return shape


@dataclass(frozen=True, slots=True)
class Norm:
    """Scale and shift of a layer normalisation."""

    weight: Float
    bias: Float


@dataclass(frozen=True, slots=True)
class Dense:
    """A weight matrix in blocks of columns, and its bias."""

    blocks: Float  # [columns / width, rows, width]
    bias: Float  # [columns]


@dataclass(frozen=True, slots=True)
class Layer:
    """The matrices of one block of the encoder."""

    attention: Dense  # query (scaled), key and value side by side, one block per head
    attention_out: Dense
    attention_norm: Norm
    inner: Dense
    outer: Dense
    norm: Norm


class CheckpointReader:
    """Takes arrays out of a checkpoint by name and brings them into the layout used here."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], hidden: int) -> None:
        self._arrays, self._hidden = arrays, hidden

    def matrix(self, name: str) -> Float:
        """A float32 matrix `[?, hidden]`, not copied when it is one already."""
        array = np.asarray(self._get(name), np.float32)
        if array.ndim != 2 or array.shape[1] != self._hidden:
            raise InvalidInputError(f"{name} has shape {array.shape}; [?, {self._hidden}] is needed.")
        return array

    def norm(self, name: str) -> Norm:
        """Weight and bias of a layer normalisation."""
        return Norm(self._vector(f"{name}.weight", self._hidden), self._vector(f"{name}.bias", self._hidden))

    def layer(self, prefix: str, heads: int) -> Layer:
        """One block of the encoder."""
        inner = self._dense(f"{prefix}intermediate.dense", self._hidden)
        return Layer(
            attention=self._attention(f"{prefix}attention.self.", heads),
            attention_out=self._dense(f"{prefix}attention.output.dense", self._hidden),
            attention_norm=self.norm(f"{prefix}attention.output.LayerNorm"),
            inner=inner,
            outer=self._dense(f"{prefix}output.dense", len(inner.bias)),
            norm=self.norm(f"{prefix}output.LayerNorm"),
        )

    def _attention(self, prefix: str, heads: int) -> Dense:
        width = self._hidden // heads
        weights = [self.matrix(f"{prefix}{name}.weight") for name in ("query", "key", "value")]
        biases = [self._vector(f"{prefix}{name}.bias", self._hidden) for name in ("query", "key", "value")]
        # The scores are divided by the root of a head's width; here the query already is.
        scale = np.float32(1 / math.sqrt(width))
        weights[0], biases[0] = weights[0] * scale, biases[0] * scale
        return Dense(blocks_of(np.concatenate(weights), width), np.concatenate(biases))

    def _dense(self, name: str, rows: int) -> Dense:
        weight = np.asarray(self._get(f"{name}.weight"), np.float32)
        if weight.ndim != 2 or weight.shape[1] != rows:
            raise InvalidInputError(f"{name}.weight has shape {weight.shape}; [?, {rows}] is needed.")
        columns = len(weight)
        width = BLOCK if columns % BLOCK == 0 else columns
        return Dense(blocks_of(weight, width), self._vector(f"{name}.bias", columns))

    def _vector(self, name: str, size: int) -> Float:
        array = np.array(self._get(name), np.float32)
        if array.shape != (size,):
            raise InvalidInputError(f"{name} has shape {array.shape}; [{size}] is needed.")
        return array

    def _get(self, name: str) -> NDArray[Any]:
        for known in (name, f"bert.{name}"):
            if known in self._arrays:
                return self._arrays[known]
        raise InvalidInputError(f"The weights hold no {name}; they are not those of a BERT model.")


def blocks_of(weight: Float, width: int) -> Float:
    """A checkpoint's `[columns, rows]` as contiguous blocks `[columns / width, rows, width]`."""
    columns, rows = weight.shape
    return np.ascontiguousarray(weight.reshape(columns // width, width, rows).swapaxes(1, 2))
