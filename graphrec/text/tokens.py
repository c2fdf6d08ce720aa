"""Token ids of many texts on disk, read by row: the texts stream through once and are never needed again."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.errors import CorruptionError, InvalidInputError, MissingExtraError
from graphrec.text.encoder_files import TOKENIZER, encoder_folder, read_config

_IDS, _OFFSETS, _ABOUT = "ids.bin", "offsets.npy", "tokens.json"
_AT_ONCE = 1024  # texts in memory
_LONGEST = 8192  # characters that are looked at, as graphrec.encoders.minilm does; more for longer limits
_CHARACTERS_PER_TOKEN = 64
_COUNTING_FROM_PAD = (
    "roberta",
    "xlm-roberta",
    "camembert",
    "mpnet",
)  # their first position is the pad id + 1


@dataclass(frozen=True, slots=True, eq=False)
class TokenTable:
    """Token ids of texts, memory-mapped.

    Args:
        ids: all ids one after another, uint16 or int32 `[num_tokens]`.
        offsets: int64 `[num_texts + 1]`, where each text begins.
        pad: id to fill with.
        digest: of the tokeniser, the limit and all ids.
    """

    ids: NDArray[Any]
    offsets: NDArray[np.int64]
    pad: int
    digest: str

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per text, int64 `[num_texts]`."""
        return np.diff(self.offsets)

    def batch(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Some texts side by side.

        Args:
            rows: int64 `[n]`.

        Returns:
            Ids, int64 `[n, longest]`, padded at the end; mask, bool `[n, longest]`, True where a token stands.
        """
        starts, ends = self.offsets[rows], self.offsets[np.asarray(rows) + 1]
        places = starts[:, None] + np.arange(int((ends - starts).max()))
        mask = places < ends[:, None]
        tokens = np.full(places.shape, self.pad, np.int64)
        tokens[mask] = self.ids[places[mask]]
        return torch.from_numpy(tokens), torch.from_numpy(mask)

    @classmethod
    def load(cls, folder: Path) -> TokenTable:
        """Open what :func:`tokenise` wrote.

        Raises:
            CorruptionError: a file is missing or not what was written.
        """
        try:
            about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
            offsets = np.load(folder / _OFFSETS, mmap_mode="r", allow_pickle=False)
            ids = np.memmap(folder / _IDS, np.dtype(about["dtype"]), mode="r")
            if (len(offsets) - 1, len(ids)) != (about["texts"], about["tokens"]) or offsets[-1] != len(ids):
                raise ValueError("its files have other sizes than were written")
            return cls(ids, offsets, int(about["pad"]), str(about["digest"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptionError(
                f"The token table {folder} cannot be read ({error}); delete that folder and run again."
            ) from error


def tokenise(
    texts: Iterable[str], encoder_path: Path | str | None, max_tokens: int, folder: Path
) -> TokenTable:
    """Cut texts into tokens and keep the ids in a folder; a table that lies there is replaced.

    Memory: eight bytes per text, whatever the texts' length.

    Args:
        texts: read once, in order.
        encoder_path: model folder whose tokeniser is used; None is the packaged MiniLM.
        max_tokens: a text is cut after so many, the marks at its ends included.
        folder: where ids and offsets go.

    Raises:
        MissingExtraError: the tokenizers library is not installed.
        InvalidInputError: no texts, or a limit that the encoder has no positions for.
        NotFoundError, CorruptionError: the tokeniser is missing or unreadable.
    """
    source = encoder_folder(encoder_path)
    config = read_config(source)
    positions = _positions(config, max_tokens)
    if not 3 <= max_tokens <= positions:
        raise InvalidInputError(
            f"max_tokens is {max_tokens}; it must lie in 3..{positions} for {source.name}."
        )
    encode, size, mark = _tokenizer(source, max_tokens)
    pad = int(config.get("pad_token_id") or 0)
    dtype = np.dtype(np.uint16 if size <= 65536 else np.int32)
    digest = hashlib.sha256(f"{mark} {max_tokens}".encode())
    ends = array("q", [0])
    with replacing_folder(folder, _ABOUT, "token table") as place:
        with (place / _IDS).open("xb") as file:
            for ids in _streamed(texts, encode, pad):
                content = np.array(ids, dtype).tobytes()
                file.write(content)
                digest.update(len(ids).to_bytes(4, "little") + content)
                ends.append(ends[-1] + len(ids))
            _flush(file)
        if len(ends) == 1:
            raise InvalidInputError("There is no text to tokenise.")
        with (place / _OFFSETS).open("xb") as file:
            np.save(file, np.frombuffer(ends, np.int64), allow_pickle=False)
            _flush(file)
        about = {"texts": len(ends) - 1, "tokens": ends[-1], "dtype": dtype.name, "pad": pad}
        write_text(place / _ABOUT, json.dumps(about | {"digest": digest.hexdigest()}))
    return TokenTable.load(folder)


def _positions(config: dict[str, Any], most: int) -> int:
    """Tokens that an encoder can tell apart by place; where config.json does not say, as many as are asked for."""
    positions = int(config.get("max_position_embeddings") or most)
    if config.get("model_type") in _COUNTING_FROM_PAD:
        positions -= int(config.get("pad_token_id") or 0) + 1
    return positions


def _streamed(
    texts: Iterable[str], encode: Callable[[Sequence[str]], list[list[int]]], pad: int
) -> Iterator[list[int]]:
    remaining = iter(texts)
    while chunk := list(islice(remaining, _AT_ONCE)):
        for ids in encode(chunk):
            yield ids or [pad]  # a tokeniser without marks leaves nothing of an empty text


def _tokenizer(source: Path, max_tokens: int) -> tuple[Callable[[Sequence[str]], list[list[int]]], int, str]:
    """How texts become ids, the number of ids, and a digest."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError(
            "Cutting texts into tokens needs tokenizers, which is not installed; run: pip install tokenizers."
        ) from error
    path = source / TOKENIZER
    try:
        content = path.read_bytes()
        tokenizer = Tokenizer.from_str(content.decode("utf-8"))
    except Exception as error:  # the library raises nothing narrower
        raise CorruptionError(
            f"{path} is no readable tokenizer ({error}); save the encoder's fast tokenizer there."
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    longest = max(_LONGEST, _CHARACTERS_PER_TOKEN * max_tokens)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        # A lone surrogate, which JSON can carry, has no UTF-8 form: it becomes a question mark.
        clean = [text[:longest].encode("utf-8", "replace").decode("utf-8") for text in texts]
        return [encoding.ids for encoding in tokenizer.encode_batch(clean)]

    return encode, tokenizer.get_vocab_size(), hashlib.sha256(content).hexdigest()


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
