"""Text encoders that can be tuned: token ids in, one vector per text out, not normalised."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from graphrec.cold.features import dropout as drop
from graphrec.encoders.bert_weights import BertShape
from graphrec.errors import InvalidInputError, MissingExtraError
from graphrec.text.encoder_files import (
    as_float32,
    checkpoint_arrays,
    encoder_folder,
    read_config,
    stored_pooling,
    weight_names,
    write_encoder,
)  # fmt: skip
from graphrec.training.bert_torch import TorchBert, checkpoint_name, masked_mean

POOLINGS = ("auto", "mean", "pooler", "cls")


class SeededDropout(nn.Module):
    """Dropout drawn from a generator that the encoder shares; torch's own is several times as slow on a processor.

    Args:
        p: share of entries that are dropped in training.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.generator: torch.Generator | None = None

    def forward(self, states: Tensor) -> Tensor:
        """Drop and rescale in training, else nothing.

        Raises:
            InvalidInputError: no generator was given.
        """
        if not self.training or not self.p:
            return states
        if self.generator is None:
            raise InvalidInputError(
                "Dropout needs a generator: call the encoder's use_generator before training."
            )
        return drop(states, self.p, self.generator)


class TextEncoder(nn.Module):
    """A transformer and how its states become one vector per text.

    Args:
        body: :class:`~graphrec.training.bert_torch.TorchBert`, or a model of transformers.
        dim: length of a vector.
        pooling: `mean` over the tokens, `cls` (the first token's state) or `pooler` (a trained dense layer and tanh
            over the first token's state, as BERT's next-sentence task left it).
        source: the folder that it came from; :attr:`name` is the folder's, or `minilm` for the packaged one.
        pooler: that dense layer, where `body` does not bring it.
        dropout: inside the transformer; needs :meth:`use_generator`.
    """

    def __init__(
        self, body: nn.Module, dim: int, pooling: str, source: Path, pooler: nn.Linear | None = None,
        dropout: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.body, self.dim, self.pooling, self.source = body, dim, pooling, source
        self.name = source.name
        self.pooler = pooler
        for path, part in list(body.named_modules()):
            if isinstance(part, nn.Dropout):
                parent, _, name = path.rpartition(".")
                setattr(body.get_submodule(parent), name, SeededDropout(dropout))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Vectors `[texts, dim]`, not normalised.

        Args:
            tokens: int64 `[texts, length]`, padded at the end.
            mask: bool `[texts, length]`, True where a token stands.
        """
        if isinstance(self.body, TorchBert):
            states = self.body.states(tokens, mask)
        else:
            output = self.body(input_ids=tokens, attention_mask=mask.long())
            if self.pooling == "pooler":
                return cast(Tensor, output.pooler_output)
            states = output.last_hidden_state
        if self.pooling == "mean":
            return masked_mean(states, mask)
        first: Tensor = states[:, 0]
        return first if self.pooler is None else torch.tanh(self.pooler(first))

    def use_generator(self, generator: torch.Generator) -> None:
        """Draw all dropout inside the transformer from one generator (on the encoder's device)."""
        for part in self.modules():
            if isinstance(part, SeededDropout):
                part.generator = generator

    def freeze(self, layers: int = 0, words: bool = True) -> None:
        """Let the lowest layers and the word embeddings stay as they are; everything else is trained.

        Args:
            layers: blocks from below that stay; with any of them all embeddings stay, and no gradient runs there.
            words: keep the word embeddings: most words of other texts are in none of these.

        Raises:
            InvalidInputError: the encoder has fewer layers, or its layers are not known.
        """
        self.requires_grad_(True)
        blocks = self._blocks()
        if not 0 <= layers <= len(blocks):
            raise InvalidInputError(f"frozen_layers is {layers}; this encoder has {len(blocks)} layers.")
        for block in blocks[:layers]:
            block.requires_grad_(False)
        inner = set(blocks.parameters())
        if layers:
            for name, parameter in self.body.named_parameters():
                if parameter not in inner and "pooler" not in name:
                    parameter.requires_grad_(False)
        if words:
            self._words().requires_grad_(False)
        if self.pooling != "pooler":
            for name, parameter in self.body.named_parameters():
                if name.startswith("pooler."):  # never in the path to the loss
                    parameter.requires_grad_(False)

    def digest(self) -> str:
        """SHA-256 over all weights and the pooling."""
        found = hashlib.sha256(self.pooling.encode())
        for name, value in sorted(self.state_dict().items()):
            found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    def _blocks(self) -> nn.ModuleList:
        lists = [part for part in self.body.modules() if isinstance(part, nn.ModuleList)]
        if not lists:
            raise InvalidInputError(f"The layers of {self.name} are not known; use frozen_layers=0.")
        return lists[0]

    def _words(self) -> nn.Module:
        if isinstance(self.body, TorchBert):
            return self.body.words
        return cast(nn.Module, cast(Any, self.body).get_input_embeddings())


def load_encoder(path: Path | str | None = None, pooling: str = "auto", dropout: float = 0.1) -> TextEncoder:
    """An encoder from a local folder, in float32 and in evaluation mode.

    Args:
        path: a folder with config.json, model.safetensors and tokenizer.json; None is the packaged MiniLM. BERT is
            run by our own module, anything else by transformers' AutoModel (local files and safetensors only).
        pooling: `auto` takes what the folder's `1_Pooling` says, else the trained pooler where the checkpoint has
            one, else the mean; what was taken stands in :attr:`TextEncoder.pooling`.
        dropout: inside the transformer, in training.

    Raises:
        MissingExtraError: MiniLM or transformers is not installed.
        NotFoundError, CorruptionError: files are missing or unreadable.
        InvalidInputError: an unknown pooling, or one that the checkpoint has no weights for.
    """
    if pooling not in POOLINGS:
        raise InvalidInputError(f"pooling is {pooling!r}; choose one of {', '.join(POOLINGS)}.")
    folder = encoder_folder(path)
    has_pooler = any(name.endswith("pooler.dense.weight") for name in weight_names(folder))
    if pooling == "auto":
        pooling = stored_pooling(folder) or ("pooler" if has_pooler else "mean")
    if pooling == "pooler" and not has_pooler:
        raise InvalidInputError(f"{folder} has no trained pooler; use pooling mean or cls.")
    shape = _bert_shape(read_config(folder))
    if shape is None:
        encoder = _from_transformers(folder, pooling, dropout)
    else:
        encoder = _from_checkpoint(folder, shape, pooling, dropout)
    if path is None:
        encoder.name = "minilm"
    return encoder.eval()


def save_encoder(encoder: TextEncoder, source: Path | str | None, target: Path) -> None:
    """Write an encoder as a model folder that :func:`load_encoder` reads and, with mean pooling, the NumPy
    :class:`graphrec.encoders.minilm.MiniLM` too, which gives the same vectors at unit length.

    Args:
        encoder: tuned or not.
        source: the folder it came from (None: the packaged MiniLM), for its configuration and tokeniser.
        target: the new folder; an encoder that lies there is replaced.

    Raises:
        InvalidInputError: something else lies at the target.
        StoreError: the disk refused.
    """
    folder = encoder_folder(source)
    body = {name: value.detach().cpu().numpy() for name, value in encoder.body.state_dict().items()}
    if not isinstance(encoder.body, TorchBert):
        write_encoder(folder, target, body, encoder.pooling, encoder.dim)
        return
    arrays = checkpoint_arrays(folder) | {checkpoint_name(name): value for name, value in body.items()}
    if encoder.pooler is not None:
        for name, value in encoder.pooler.state_dict().items():
            arrays[f"pooler.dense.{name}"] = value.detach().cpu().numpy()
    write_encoder(folder, target, arrays, encoder.pooling, encoder.dim)


def _bert_shape(config: dict[str, Any]) -> BertShape | None:
    if config.get("model_type") != "bert":
        return None
    try:
        return BertShape.of(config)
    except InvalidInputError:  # another activation, say: transformers may know it
        return None


def _from_checkpoint(folder: Path, shape: BertShape, pooling: str, dropout: float) -> TextEncoder:
    arrays = checkpoint_arrays(folder)
    sizes = [
        len(arrays[part])
        for part in (
            "embeddings.word_embeddings.weight", "embeddings.token_type_embeddings.weight",
            "encoder.layer.0.intermediate.dense.weight",
        )
    ]  # fmt: skip
    body = TorchBert(shape, sizes[0], sizes[1], sizes[2], dropout)
    body.load_state_dict(
        {part: torch.from_numpy(as_float32(arrays[checkpoint_name(part)])) for part in body.state_dict()}
    )
    pooler = None
    if pooling == "pooler":
        pooler = nn.Linear(shape.hidden, shape.hidden)
        parts = {part: as_float32(arrays[f"pooler.dense.{part}"]) for part in ("weight", "bias")}
        pooler.load_state_dict({part: torch.from_numpy(array) for part, array in parts.items()})
    return TextEncoder(body, shape.hidden, pooling, folder, pooler, dropout)


def _from_transformers(folder: Path, pooling: str, dropout: float) -> TextEncoder:
    try:
        from transformers import AutoModel
    except ImportError as error:
        raise MissingExtraError(
            f"{folder} is no BERT, and other encoders need transformers; run: pip install transformers."
        ) from error
    body = AutoModel.from_pretrained(str(folder), local_files_only=True, use_safetensors=True).float()
    return TextEncoder(body, int(body.config.hidden_size), pooling, folder, None, dropout)
