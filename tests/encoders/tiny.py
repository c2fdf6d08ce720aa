"""A BERT of a few thousand parameters in a model directory, and the same network built from torch's own layers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from graphrec.bundle.safetensors_io import write_safetensors

WORDS = "[PAD] [UNK] [CLS] [SEP] a i chicken with rice and no egg ##s soup show me".split()


@dataclass(frozen=True)
class Sizes:
    """Of a tiny BERT."""

    layers: int = 2
    heads: int = 2
    hidden: int = 64
    inner: int = 96
    positions: int = 16
    words: int = len(WORDS)


def random_arrays(sizes: Sizes, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """A checkpoint with weights large enough for every part to matter."""
    rng = np.random.default_rng(seed)
    hidden, inner = sizes.hidden, sizes.inner
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (sizes.words, hidden),
        "embeddings.position_embeddings.weight": (sizes.positions, hidden),
        "embeddings.token_type_embeddings.weight": (2, hidden),
    }
    for layer in range(sizes.layers):
        prefix = f"encoder.layer.{layer}."
        names = (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        )
        for name in names:
            shapes |= {f"{prefix}{name}.weight": (hidden, hidden), f"{prefix}{name}.bias": (hidden,)}
        for name, rows, columns in (("intermediate", hidden, inner), ("output", inner, hidden)):
            shapes |= {
                f"{prefix}{name}.dense.weight": (columns, rows),
                f"{prefix}{name}.dense.bias": (columns,),
            }
    arrays = {
        name: (rng.standard_normal(shape) * (shape[-1] ** -0.5 if len(shape) > 1 else 0.3)).astype(np.float32)
        for name, shape in shapes.items()
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(sizes.layers):
        norms += [f"encoder.layer.{layer}.{part}.LayerNorm" for part in ("attention.output", "output")]
    for name in norms:
        arrays[f"{name}.weight"] = rng.uniform(0.5, 1.5, hidden).astype(np.float32)
        arrays[f"{name}.bias"] = rng.normal(0, 0.2, hidden).astype(np.float32)
    return arrays


def config(sizes: Sizes) -> dict[str, object]:
    """What `config.json` says."""
    return {
        "model_type": "bert", "hidden_act": "gelu", "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads, "hidden_size": sizes.hidden, "layer_norm_eps": 1e-12,
        "max_position_embeddings": sizes.positions,
    }  # fmt: skip


def write_model(folder: Path, sizes: Sizes = Sizes(), seed: int = 0) -> Path:
    """A model directory as sentence-transformers writes it."""
    folder.mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", random_arrays(sizes, seed))
    (folder / "config.json").write_text(json.dumps(config(sizes)), encoding="utf-8")
    pooling = folder / "1_Pooling" / "config.json"
    pooling.parent.mkdir()
    pooling.write_text('{"word_embedding_dimension": 64, "pooling_mode_mean_tokens": true}', encoding="utf-8")
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    # The published file pads to 128 tokens: a reader that keeps this gets other vectors.
    tokenizer.enable_padding(length=12)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@torch.no_grad()
def oracle(
    arrays: dict[str, NDArray[np.float32]], layers: int, heads: int, tokens: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Mean of the last layer, by `torch.nn.TransformerEncoderLayer` in double precision."""
    weights = {name: torch.from_numpy(np.array(array)).double() for name, array in arrays.items()}
    hidden = weights["embeddings.LayerNorm.weight"].shape[0]
    embedded = (
        weights["embeddings.word_embeddings.weight"][torch.from_numpy(tokens)]
        + weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    states = torch.nn.functional.layer_norm(
        embedded,
        (hidden,),
        weights["embeddings.LayerNorm.weight"],
        weights["embeddings.LayerNorm.bias"],
        1e-12,
    )
    for number in range(layers):
        part = {
            name.removeprefix(f"encoder.layer.{number}."): value
            for name, value in weights.items()
            if name.startswith(f"encoder.layer.{number}.")
        }
        own = [f"attention.self.{name}" for name in ("query", "key", "value")]
        layer = torch.nn.TransformerEncoderLayer(
            hidden, heads, len(part["intermediate.dense.bias"]), dropout=0.0, activation="gelu",
            layer_norm_eps=1e-12, batch_first=True, norm_first=False, dtype=torch.float64,
        )  # fmt: skip
        layer.load_state_dict(
            {
                "self_attn.in_proj_weight": torch.cat([part[f"{name}.weight"] for name in own]),
                "self_attn.in_proj_bias": torch.cat([part[f"{name}.bias"] for name in own]),
            }
            | {
                f"{theirs}.{kind}": part[f"{ours}.{kind}"]
                for kind in ("weight", "bias")
                for theirs, ours in (
                    ("self_attn.out_proj", "attention.output.dense"), ("norm1", "attention.output.LayerNorm"),
                    ("linear1", "intermediate.dense"), ("linear2", "output.dense"),
                    ("norm2", "output.LayerNorm"),
                )
            }
        )  # fmt: skip
        states = layer.eval()(states)
    return states.mean(dim=1).float().numpy()
