"""A few hundred texts from communities that are tied together, and a BERT of some thousand parameters to read them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from graphrec.bundle.safetensors_io import write_safetensors
from tests.encoders.tiny import Sizes, config, random_arrays

OWN = 12  # words that a community has for itself
COMMON = 10


def vocabulary(communities: int) -> list[str]:
    own = [f"w{community}x{word}" for community in range(communities) for word in range(OWN)]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"c{word}" for word in range(COMMON)), *own]


def write_encoder(folder: Path, words: list[str], hidden: int = 32) -> Path:
    """A model folder in the layout of sentence-transformers, with random weights."""
    sizes = Sizes(layers=2, heads=2, hidden=hidden, inner=48, positions=16, words=len(words))
    folder.mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", random_arrays(sizes))
    (folder / "config.json").write_text(json.dumps(config(sizes)), encoding="utf-8")
    tokenizer = Tokenizer(WordPiece({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def communities(
    count: int, size: int, seed: int = 0
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Texts, edges `[2, E]` (each node to four of its own community) and the community of each node.

    A text has three words of its community and three that all have, so that words alone tie it to few others.
    """
    rng = np.random.default_rng(seed)
    of = np.arange(count * size) % count
    texts = []
    for community in of:
        own = [f"w{community}x{word}" for word in rng.choice(OWN, 3, replace=False)]
        texts.append(" ".join([*own, *(f"c{word}" for word in rng.choice(COMMON, 3, replace=False))]))
    sources = np.repeat(np.arange(len(of)), 4)
    targets = rng.integers(0, size, len(sources)) * count + of[sources]
    return texts, np.stack([sources, targets]), of
