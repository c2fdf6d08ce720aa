"""MiniLM sentence vectors from a model directory, with NumPy and the `tokenizers` library alone."""

from __future__ import annotations

import copy
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.safetensors_io import map_file, read_safetensors
from graphrec.encoders.bert import Bert
from graphrec.encoders.bert_weights import BertShape
from graphrec.errors import CorruptionError, InvalidInputError, MissingExtraError, NotFoundError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Float = NDArray[np.float32]

OFFICIAL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2."""

_WEIGHTS, _CONFIG, _TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
_POOLING = Path("1_Pooling") / "config.json"
_LONGEST = 8192  # characters that are looked at: far more than 128 tokens of anything that somebody says
_TOKENS_AT_ONCE = 64  # larger batches are not faster per token and leave the cache


class MiniLM:
    """A BERT sentence encoder: mean pooling over the tokens, unit length.

    Thread-safe. A text gets the same vector alone and in any batch (to rounding, 1e-6): texts are batched by equal
    number of tokens, so none is ever padded. A text in which no token is known gets zeros.

    Args:
        directory: a model directory as sentence-transformers writes it (`model.safetensors`, `config.json`,
            `tokenizer.json`).
        max_tokens: a text is cut after so many tokens, the two at its ends included.
        sha256: digest that the weights must have; None takes any.

    Raises:
        NotFoundError: a file of the directory is missing.
        CorruptionError: the weights have another digest, or are not a readable file.
        InvalidInputError: the directory holds another kind of model.
        MissingExtraError: the `tokenizers` library is not installed.
    """

    def __init__(self, directory: str | Path, *, max_tokens: int = 128, sha256: str | None = None) -> None:
        self.directory = Path(directory)
        config = _json(self.directory, _CONFIG)
        self._check_pooling()
        weights = self._file(_WEIGHTS)
        digest = _digest(weights)
        if sha256 is not None and digest != sha256:
            raise CorruptionError(
                f"{weights} has the SHA-256 {digest[:16]}... where {sha256[:16]}... is expected; install it again."
            )
        try:
            self._bert = Bert(BertShape.of(config), read_safetensors(weights))
        except InvalidInputError as error:
            raise InvalidInputError(f"{self.directory} cannot be used as an encoder: {error}") from error
        if not 3 <= max_tokens <= self._bert.shape.positions:
            raise InvalidInputError(
                f"max_tokens is {max_tokens}; it must lie in 3..{self._bert.shape.positions}."
            )
        self._tokenizer = _tokenizer(self._file(_TOKENIZER), max_tokens)
        if self._tokenizer.get_vocab_size() > self._bert.vocabulary:
            raise InvalidInputError(f"{self.directory}: the tokenizer has more tokens than the weights.")
        self._blank = self._blank_tokens()
        # The sizes in config.json decide nothing that the weights do not, but for heads and epsilon.
        parts = (digest, _digest(self._file(_TOKENIZER)), repr(self._bert.shape), str(max_tokens))
        self._fingerprint = self._whole = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        self._depths = {self._bert.shape.layers: 1.0}

    @property
    def name(self) -> str:
        """`minilm`, or `minilm-layers` after :meth:`for_classes`."""
        return "minilm" if len(self._depths) == 1 else "minilm-layers"

    @property
    def dim(self) -> int:
        """Length of a vector; 384 for MiniLM-L6."""
        return self._bert.shape.hidden * len(self._depths)

    def for_classes(self, texts: Sequence[str] = ()) -> MiniLM:
        """The same model with vectors for linear classifiers: those of the embeddings, of the layer at two thirds
        and of the last one, side by side.

        The last layer was trained to forget wording; lower ones still tell words apart, and a classifier takes from
        each what its classes need (Tenney et al. 2019, "BERT Rediscovers the Classical NLP Pipeline"). It costs no
        time, and a fifth of the errors on CLINC150 goes (benchmarks/intents.py). The last layer's vector is the
        last part; it has half of the squared length.

        Args:
            texts: not needed here; other encoders learn from them.
        """
        layers = self._bert.shape.layers
        found = copy.copy(self)
        found._depths = {0: 0.25, round(layers * 2 / 3): 0.25}
        found._depths[layers] = 1 - sum(share for depth, share in found._depths.items() if depth < layers)
        found._fingerprint = hashlib.sha256(f"{self._fingerprint} {found._depths}".encode()).hexdigest()
        return found

    def for_similarity(self) -> MiniLM:
        """The same model with the sentence vector that it was trained for: the last layer's alone."""
        found = copy.copy(self)
        found._depths, found._fingerprint = {self._bert.shape.layers: 1.0}, self._whole
        return found

    @property
    def fingerprint(self) -> str:
        """Digest over weights, tokenizer, sizes and the cut."""
        return self._fingerprint

    def encode(self, texts: Sequence[str]) -> Float:
        """Unit vectors, float32 `[len(texts), dim]`; zeros for a text without any known token."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        by_length: dict[int, list[int]] = defaultdict(list)
        tokens = self._tokens(texts)
        for row, ids in enumerate(tokens):
            if not self._blank.issuperset(ids):
                by_length[len(ids)].append(row)
        for length, rows in by_length.items():
            step = max(1, _TOKENS_AT_ONCE // length)
            for start in range(0, len(rows), step):
                chosen = rows[start : start + step]
                vectors[chosen] = self._vectors(np.array([tokens[row] for row in chosen]))
        return vectors

    def _vectors(self, tokens: NDArray[np.int64]) -> Float:
        """Unit vectors of texts with equally many tokens; `depths` give each part's share of the squared length."""
        parts = [
            pooled * (np.float32(share**0.5) / np.linalg.norm(pooled, axis=1, keepdims=True))
            for pooled, share in zip(
                self._bert.pooled(tokens, self._depths), self._depths.values(), strict=True
            )
        ]
        return np.concatenate(parts, axis=1)

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        # A lone surrogate, which JSON can carry, has no UTF-8 form: it becomes a question mark.
        clean = [text[:_LONGEST].encode("utf-8", "replace").decode("utf-8") for text in texts]
        if len(clean) == 1:
            return [self._tokenizer.encode(clean[0]).ids]
        return [encoding.ids for encoding in self._tokenizer.encode_batch(clean)]

    def _blank_tokens(self) -> frozenset[int]:
        """Tokens that carry nothing: those around every text, and the one for what is unknown."""
        unknown = self._tokenizer.token_to_id("[UNK]")
        return frozenset(self._tokenizer.encode("").ids) | ({unknown} if unknown is not None else set())

    def _check_pooling(self) -> None:
        if not (self.directory / _POOLING).is_file():
            return
        pooling = _json(self.directory, str(_POOLING))
        others = [key for key, value in pooling.items() if key.startswith("pooling_mode_") and value is True]
        if others != ["pooling_mode_mean_tokens"]:
            raise InvalidInputError(
                f"{self.directory / _POOLING} asks for {others}; only mean pooling over the tokens is known here."
            )

    def _file(self, name: str) -> Path:
        path = self.directory / name
        if not path.is_file():
            raise NotFoundError(f"{path} is missing; name a folder that holds a sentence-transformers model.")
        return path


def _json(directory: Path, name: str) -> Mapping[str, Any]:
    path = directory / name
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{path} is missing; name a folder that holds a sentence-transformers model."
        ) from error
    except (OSError, ValueError) as error:
        raise CorruptionError(f"{path} cannot be read ({error}); install the model again.") from error
    if not isinstance(found, dict):
        raise CorruptionError(f"{path} is no JSON object; install the model again.")
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(map_file(path)).hexdigest()


def _tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError(
            "The MiniLM encoder needs tokenizers, which is not installed; run: pip install 'graphrec[encoder]'."
        ) from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise CorruptionError(
            f"{path} is no readable tokenizer ({error}); install the model again."
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer
