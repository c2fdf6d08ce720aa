from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.encoders.bert import Bert, _gelu
from graphrec.encoders.bert_weights import BertShape
from graphrec.errors import InvalidInputError
from tests.encoders.tiny import Sizes, config, oracle, random_arrays


@settings(max_examples=15, deadline=None)
@given(
    layers=st.integers(1, 3), heads=st.sampled_from([1, 2, 3]), width=st.sampled_from([4, 20, 32]),
    inner=st.sampled_from([24, 64]), texts=st.integers(1, 4), length=st.integers(1, 9),
    seed=st.integers(0, 10_000),
)  # fmt: skip
def test_the_pass_agrees_with_layers_of_torch(
    layers: int, heads: int, width: int, inner: int, texts: int, length: int, seed: int
) -> None:
    sizes = Sizes(layers, heads, heads * width, inner)
    arrays = random_arrays(sizes, seed)
    tokens = np.random.default_rng(seed).integers(0, sizes.words, (texts, length))
    pooled = Bert(BertShape.of(config(sizes)), arrays).pooled(tokens, {layers})[0]
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, oracle(arrays, layers, heads, tokens), atol=3e-5)


def test_every_depth_agrees_with_as_many_layers_of_torch() -> None:
    sizes = Sizes(layers=3)
    arrays, tokens = random_arrays(sizes), np.array([[2, 5, 6, 3], [2, 8, 9, 3]])
    means = Bert(BertShape.of(config(sizes)), arrays).pooled(tokens, {0, 2, 3})
    for depth, found in zip((0, 2, 3), means, strict=True):
        np.testing.assert_allclose(found, oracle(arrays, depth, 2, tokens), atol=3e-5)


def test_the_activation_is_gelu_to_six_digits() -> None:
    values = np.concatenate([np.linspace(-12, 12, 200_001), [-1e4, 1e4]]).astype(np.float32)
    exact = np.array([x * 0.5 * math.erfc(-x / math.sqrt(2)) for x in values.astype(np.float64)])
    with np.errstate(over="ignore"):
        found = _gelu(values.copy())
    assert np.abs(found - exact).max() < 5e-6


def test_the_weights_are_not_written_to() -> None:
    sizes = Sizes()
    arrays = random_arrays(sizes)
    kept = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False  # as in a memory map
    bert = Bert(BertShape.of(config(sizes)), arrays)
    first = bert.pooled(np.array([[2, 5, 3]]), {1})
    np.testing.assert_array_equal(first, bert.pooled(np.array([[2, 5, 3]]), {1}))
    assert all((arrays[name] == kept[name]).all() for name in arrays)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "roberta"}, "model_type 'roberta'"),
        ({"hidden_act": "relu"}, "hidden_act 'relu'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"hidden_size": None}, "lacks a size"),
        ({"num_attention_heads": 5}, "do not fit together"),
    ],
)
def test_another_kind_of_model_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        BertShape.of(config(Sizes()) | change)


def test_a_missing_or_misshapen_array_is_named() -> None:
    arrays = random_arrays(Sizes())
    shape = BertShape.of(config(Sizes()))
    name = "encoder.layer.1.intermediate.dense.weight"
    with pytest.raises(InvalidInputError, match=name):
        Bert(shape, {key: value for key, value in arrays.items() if key != name})
    with pytest.raises(InvalidInputError, match=name):
        Bert(shape, arrays | {name: arrays[name][:, :-1]})
    with pytest.raises(InvalidInputError, match=r"output\.LayerNorm\.bias"):
        Bert(shape, arrays | {"encoder.layer.0.output.LayerNorm.bias": np.zeros(3, np.float32)})
