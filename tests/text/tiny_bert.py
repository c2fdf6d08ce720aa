"""A random BERT of 32 dimensions over made-up words, and texts of communities to tune it on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from graphrec.bundle.safetensors_io import write_safetensors
from tests.encoders.tiny import Sizes, config, random_arrays

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [f"w{number}" for number in range(500)]
SMALL = Sizes(layers=2, heads=2, hidden=32, inner=64, positions=32, words=505)


def write_bert(folder: Path, sizes: Sizes = SMALL, *, seed: int = 0, pooling: str | None = "mean",
               pooler: bool = False, old_names: bool = False) -> Path:  # fmt: skip
    """A model folder; `pooling` goes to `1_Pooling`, `pooler` adds the dense layer of BERT."""
    folder.mkdir(parents=True)
    arrays = random_arrays(sizes, seed)
    if pooler:
        rng = np.random.default_rng(seed + 1)
        arrays["pooler.dense.weight"] = rng.normal(0, 0.3, (sizes.hidden, sizes.hidden)).astype(np.float32)
        arrays["pooler.dense.bias"] = rng.normal(0, 0.3, sizes.hidden).astype(np.float32)
    if old_names:
        arrays = {f"bert.{_old(name)}": array for name, array in arrays.items()}
    write_safetensors(folder / "model.safetensors", arrays, {"format": "pt"})
    sized = {"vocab_size": sizes.words, "intermediate_size": sizes.inner, "type_vocab_size": 2}
    (folder / "config.json").write_text(json.dumps(config(sizes) | sized), encoding="utf-8")
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        settings = {"word_embedding_dimension": sizes.hidden, f"pooling_mode_{pooling}": True}
        if pooling == "mean":
            settings = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def tokenizer() -> Tokenizer:
    """Whole words, between the usual marks."""
    found = Tokenizer(WordLevel({word: n for n, word in enumerate(MARKS + WORDS)}, unk_token="[UNK]"))
    found.pre_tokenizer = WhitespaceSplit()
    found.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return found


@dataclass(frozen=True)
class Communities:
    """Texts, the community of each, and counts of neighbours per cluster with the cluster matrices."""

    texts: list[str]
    community: NDArray[np.int64]
    targets: list[sparse.csr_array]
    chain: list[sparse.csr_array]


def communities(num_texts: int = 400, seed: int = 0) -> Communities:
    """Sixteen communities in four groups. A text holds three words of its community's twenty and nine of anyone's;
    a node's neighbours are eight others of its community. The tree is the true one."""
    rng = np.random.default_rng(seed)
    community = np.arange(num_texts) % 16
    texts = []
    for own in community:
        words = [*rng.choice(WORDS[:180], 9), *rng.choice(WORDS[180 + 20 * own : 200 + 20 * own], 3)]
        texts.append(" ".join(rng.permutation(words)))
    rows = np.repeat(np.arange(num_texts), 8)
    columns = community[rows] + 16 * rng.integers(0, num_texts // 16, len(rows))
    kept = rows != columns
    found = sparse.csr_array(
        (np.ones(kept.sum(), np.float32), (rows[kept], columns[kept])), shape=(num_texts,) * 2
    )
    found.sum_duplicates()
    leaves, top = one_hot(community, 16), one_hot(np.arange(16) // 4, 4)
    counts = found @ leaves
    return Communities(
        texts, community, [counts @ top, counts, found], [one_hot(np.zeros(4, int), 1), top, leaves]
    )


def one_hot(parent: NDArray[np.int64], size: int) -> sparse.csr_array:
    """A cluster matrix from the parent of each code."""
    return sparse.csr_array(
        (np.ones(len(parent), np.float32), (np.arange(len(parent)), parent)), (len(parent), size)
    )


def margin(vectors: NDArray[np.float32], community: NDArray[np.int64]) -> float:
    """How much nearer texts lie to others of their own community than to the rest, in cosines."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    same = community[:, None] == community
    np.fill_diagonal(cosines, np.nan)
    return float(np.nanmean(cosines[same]) - np.nanmean(cosines[~same]))


def _old(name: str) -> str:
    if "LayerNorm" not in name:
        return name
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
