"""The forward pass of BERT in NumPy, laid out so that one short text costs little more than reading the weights.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019), post-norm
blocks. Every text of a batch has the same number of tokens, so there is no padding and no mask.

Weight matrices are kept as blocks of 32 columns. OpenBLAS multiplies operands that small without first copying them
into its packed form, a copy that costs as much as the product itself when there are ten tokens to multiply with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.bert_weights import BertShape, CheckpointReader, Dense, Float, Layer, Norm

# Φ(x) ≈ (1 + tanh(x p(x²))) / 2 with the polynomial p below: the largest error of x Φ(x) is 3e-6, and p > 0
# everywhere. SciPy's erf costs five times as much, a fifth of the whole pass.
_GELU = tuple(
    np.float32(c)
    for c in (0.7978281362, 0.03646878757, -1.248590103e-4, -3.05815762e-5, 1.119117242e-6)
)  # fmt: skip


class Bert:
    """A BERT encoder over checkpoint arrays under their usual names.

    Args:
        shape: sizes.
        arrays: the checkpoint. The word embeddings are used where they lie (a memory map stays one); the matrices
            are copied into blocks.

    Raises:
        InvalidInputError: an array is missing or has another shape.
    """

    def __init__(self, shape: BertShape, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.shape = shape
        read = CheckpointReader(arrays, shape.hidden)
        self._words = read.matrix("embeddings.word_embeddings.weight")
        positions = read.matrix("embeddings.position_embeddings.weight")
        # Every text is one segment: its embedding is part of the position's.
        self._positions = positions + read.matrix("embeddings.token_type_embeddings.weight")[0]
        self._norm = read.norm("embeddings.LayerNorm")
        self._layers = [read.layer(f"encoder.layer.{i}.", shape.heads) for i in range(shape.layers)]
        self._mean = np.full((shape.hidden, 1), 1 / shape.hidden, np.float32)

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return len(self._words)

    def pooled(self, tokens: NDArray[np.integer[Any]], depths: Collection[int]) -> list[Float]:
        """Means over the tokens after some layers, lowest first.

        Args:
            tokens: `[texts, length]`.
            depths: after how many layers, 0 being the embeddings; nothing beyond the last of them is computed.

        Returns:
            float32 `[texts, hidden]` for each depth.
        """
        texts, length = tokens.shape
        embedded = self._words[tokens] + self._positions[:length]
        states = self._normalise(embedded.reshape(texts * length, self.shape.hidden), self._norm)
        means = []
        for depth in range(max(depths) + 1):
            if depth:
                states = self._block(states, self._layers[depth - 1], texts)
            if depth in depths:
                means.append(states.reshape(texts, length, -1).mean(axis=1))
        return means

    def _block(self, states: Float, layer: Layer, texts: int) -> Float:
        attended = _dense(self._attend(states, layer.attention, texts), layer.attention_out)
        attended += states
        states = self._normalise(attended, layer.attention_norm)
        changed = _dense(_gelu(_dense(states, layer.inner)), layer.outer)
        changed += states
        return self._normalise(changed, layer.norm)

    def _attend(self, states: Float, dense: Dense, texts: int) -> Float:
        """Softmax attention of every head, without the output matrix; `[texts * length, hidden]`."""
        heads, rows = self.shape.heads, len(states)
        mixed = np.matmul(states, dense.blocks)
        mixed += dense.bias.reshape(3 * heads, 1, -1)
        query, key, value = mixed.reshape(3, heads, texts, rows // texts, -1)
        weights = query @ key.swapaxes(-1, -2)
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        summed = weights @ value
        summed /= weights.sum(axis=-1, keepdims=True)
        joined: Float = summed.reshape(heads, rows, -1).swapaxes(0, 1).reshape(rows, self.shape.hidden)
        return joined

    def _normalise(self, states: Float, norm: Norm) -> Float:
        """Layer normalisation, in place. A product with a constant column is NumPy's quickest row mean."""
        states -= states @ self._mean
        spread = np.square(states) @ self._mean
        spread += np.float32(self.shape.epsilon)
        states /= np.sqrt(spread, out=spread)
        states *= norm.weight
        states += norm.bias
        return states


def _dense(states: Float, dense: Dense) -> Float:
    """`states @ weight + bias`; every block writes straight into its columns of the result."""
    blocks, rows = dense.blocks, len(states)
    result = np.empty((rows, len(dense.bias)), np.float32)
    np.matmul(states, blocks, out=result.reshape(rows, len(blocks), -1).swapaxes(0, 1))
    result += dense.bias
    return result


def _gelu(values: Float) -> Float:
    """`x Φ(x)`, in place."""
    square = np.square(values)
    inner = square * _GELU[-1]
    for coefficient in _GELU[-2:0:-1]:
        inner += coefficient
        inner *= square
    inner += _GELU[0]
    inner *= values
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    values *= np.float32(0.5)
    values *= inner
    return values
