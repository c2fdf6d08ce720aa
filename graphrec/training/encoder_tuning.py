"""Fine-tuning a sentence encoder on labelled utterances; what comes out is again a model directory without torch."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.bundle.folders import replacing_folder
from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.encoders.bert_weights import BertShape
from graphrec.errors import InvalidInputError
from graphrec.training.bert_torch import TorchBert, checkpoint_name

_WEIGHTS, _CONFIG, _TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
_BUCKETS = 32  # batches whose texts are sorted by length together


@dataclass(frozen=True, slots=True)
class EncoderTuning:
    """Settings.

    Args:
        epochs: passes over the utterances.
        batch: utterances per step.
        learning_rate: of the encoder; rises over the first tenth of the steps, then falls to nothing.
        head_rate: of the class vectors.
        scale: what cosines are multiplied with before the softmax.
        smoothing: probability that is spread over the other classes.
        dropout: in the encoder.
        weight_decay: of matrices.
        max_tokens: longer utterances are cut.
        bfloat16: multiply in half precision; twice as fast on processors that have it, and no worse here.
    """

    epochs: int = 5
    batch: int = 32
    learning_rate: float = 1e-4
    head_rate: float = 1e-3
    scale: float = 20.0
    smoothing: float = 0.1
    dropout: float = 0.1
    weight_decay: float = 0.01
    max_tokens: int = 64
    bfloat16: bool = True


def tune_encoder(
    texts: Sequence[str], labels: Sequence[int], source: Path, target: Path, *,
    settings: EncoderTuning | None = None, seed: int = 0, report: Callable[[str], None] | None = None,
) -> Path:  # fmt: skip
    """Fine-tune the encoder in `source` and write the result to the folder `target`.

    The loss is the cross-entropy of a softmax over cosines with one vector per class, smoothed (Wang et al. 2017,
    "NormFace"); the class vectors start as the classes' means, so that no step is spent on finding them. Word
    embeddings stay as they are: most words of tomorrow are in no training utterance, and must not be left behind.

    Args:
        texts: utterances.
        labels: class of each, 0 to K - 1, every class at least once.
        source: a model directory that :class:`graphrec.encoders.minilm.MiniLM` reads.
        target: the new directory; an encoder that lies there is replaced.
        settings: see :class:`EncoderTuning`.
        seed: of order and dropout.
        report: is told the loss of each epoch.

    Raises:
        InvalidInputError: no utterances, or labels that do not fit them.
    """
    chosen = settings or EncoderTuning()
    classes = np.asarray(labels, np.int64)
    if not len(texts) or len(texts) != len(classes) or len(np.unique(classes)) != classes.max() + 1:
        raise InvalidInputError(
            f"{len(texts)} utterances and {len(classes)} labels do not fit: give one class from 0 on for each."
        )
    torch.manual_seed(seed)
    model = load_module(source, chosen.dropout)
    model.words.weight.requires_grad_(False)
    tokens = token_ids(source, chosen.max_tokens)(texts)
    head = nn.Parameter(_class_means(model, tokens, classes))
    _train(model, head, tokens, classes, chosen, np.random.default_rng(seed), report)
    tuned = {checkpoint_name(name): value.numpy() for name, value in model.state_dict().items()}
    _write(source, target, read_safetensors(source / _WEIGHTS) | tuned)
    return target


def load_module(source: Path, dropout: float) -> TorchBert:
    """The encoder in a model directory as a torch module."""
    config = json.loads((source / _CONFIG).read_text(encoding="utf-8"))
    arrays = read_safetensors(source / _WEIGHTS)
    words = arrays["embeddings.word_embeddings.weight"]
    segments = arrays["embeddings.token_type_embeddings.weight"]
    inner = arrays["encoder.layer.0.intermediate.dense.weight"]
    model = TorchBert(BertShape.of(config), len(words), len(segments), len(inner), dropout)
    model.load_state_dict(
        {name: torch.from_numpy(np.array(arrays[checkpoint_name(name)])) for name in model.state_dict()}
    )
    return model


def token_ids(source: Path, max_tokens: int) -> Callable[[Sequence[str]], list[list[int]]]:
    """The tokeniser of a model directory, without padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return lambda texts: [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


@torch.no_grad()
def _class_means(model: TorchBert, tokens: list[list[int]], labels: NDArray[np.int64]) -> Tensor:
    model.eval()
    means = torch.zeros(int(labels.max()) + 1, model.hidden)
    order = np.argsort([len(ids) for ids in tokens], kind="stable")
    for start in range(0, len(order), 256):
        rows = order[start : start + 256]
        means.index_add_(0, torch.from_numpy(labels[rows]), model(*_padded([tokens[i] for i in rows])))
    return F.normalize(means, dim=1)


def _train(
    model: TorchBert, head: nn.Parameter, tokens: list[list[int]], labels: NDArray[np.int64],
    settings: EncoderTuning, rng: np.random.Generator, report: Callable[[str], None] | None,
) -> None:  # fmt: skip
    steps = settings.epochs * math.ceil(len(tokens) / settings.batch)
    optimiser = _optimiser(model, head, settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    model.train()
    for epoch in range(settings.epochs):
        total, started = 0.0, time.perf_counter()
        for rows in _batches(tokens, settings.batch, rng):
            with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
                vectors = model(*_padded([tokens[i] for i in rows]))
            logits = settings.scale * vectors.float() @ F.normalize(head, dim=1).T
            loss = F.cross_entropy(logits, torch.from_numpy(labels[rows]), label_smoothing=settings.smoothing)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item() * len(rows)
        if report is not None:
            seconds = time.perf_counter() - started
            report(f"epoch {epoch + 1}: loss {total / len(tokens):.4f} ({seconds:.0f} s)")
    model.eval()


def _optimiser(model: TorchBert, head: nn.Parameter, settings: EncoderTuning) -> torch.optim.Optimizer:
    free = [p for p in model.parameters() if p.requires_grad]
    rate = settings.learning_rate
    groups: list[dict[str, Any]] = [
        {"params": [p for p in free if p.ndim > 1], "lr": rate, "weight_decay": settings.weight_decay},
        {"params": [p for p in free if p.ndim == 1], "lr": rate, "weight_decay": 0.0},
        {"params": [head], "lr": settings.head_rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups)


def _rate(step: int, steps: int) -> float:
    """Linear warm-up over a tenth of the steps, linear descent after it."""
    warm = max(1, steps // 10)
    return (step + 1) / warm if step < warm else max(0.0, (steps - step) / (steps - warm))


def _batches(tokens: list[list[int]], batch: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Every utterance once, in random batches of similar length, so that little is padded."""
    order = rng.permutation(len(tokens))
    lengths = np.array([len(ids) for ids in tokens])
    found: list[NDArray[np.int64]] = []
    for start in range(0, len(order), batch * _BUCKETS):
        bucket = order[start : start + batch * _BUCKETS]
        bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
        found += [bucket[i : i + batch] for i in range(0, len(bucket), batch)]
    yield from (found[i] for i in rng.permutation(len(found)))


def _padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    longest = max(len(row) for row in ids)
    tokens = torch.zeros(len(ids), longest, dtype=torch.long)
    mask = torch.zeros(len(ids), longest, dtype=torch.bool)
    for number, row in enumerate(ids):
        tokens[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = True
    return tokens, mask


def _write(source: Path, target: Path, arrays: dict[str, NDArray[Any]]) -> None:
    with replacing_folder(target, _CONFIG, "encoder") as folder:
        write_safetensors(folder / _WEIGHTS, arrays)
        for name in (_CONFIG, _TOKENIZER):
            shutil.copyfile(source / name, folder / name)
            with (folder / name).open("rb") as file:
                os.fsync(file.fileno())
