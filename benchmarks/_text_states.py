"""The lower layers of an encoder, computed once: what stays frozen need not be run again at every step.

A text's "tokens" become its row number, repeated; the body of the encoder fetches the states that the lower layers
gave, and runs the upper ones. Everything that trains or embeds with a :class:`TextEncoder` works as before, two to
three times as fast. Nothing is dropped in the lower layers then.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec.encoders.bert_weights import BertShape
from graphrec.text.encoder import TextEncoder, load_encoder
from graphrec.text.encoder_files import encoder_folder, read_config
from graphrec.text.tokens import TokenTable
from graphrec.training.bert_torch import TorchBert


class UpperLayers(TorchBert):
    """The upper layers of a BERT over kept states of the lower ones.

    Args:
        whole: the BERT.
        shape: its sizes.
        lower: layers that have been run.
        kept: float16 `[all tokens, hidden]`, their states, text after text.
        offsets: int64 `[texts + 1]`, where each text begins.
    """

    def __init__(
        self,
        whole: TorchBert,
        shape: BertShape,
        lower: int,
        kept: NDArray[np.float16],
        offsets: NDArray[np.int64],
    ) -> None:
        inner = whole.blocks[0].inner.out_features
        super().__init__(replace(shape, layers=shape.layers - lower), 1, 1, inner, 0.0)
        own = self.blocks.state_dict()
        for name in own:
            layer, _, rest = name.partition(".")
            own[name] = whole.blocks.state_dict()[f"{int(layer) + lower}.{rest}"]
        self.blocks.load_state_dict(own)
        self._kept, self._offsets = kept, offsets

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """As the whole BERT gives them, `[texts, length, hidden]`; `tokens` are row numbers."""
        rows = tokens[:, 0].numpy()
        places = self._offsets[rows][:, None] + np.arange(tokens.shape[1])
        places = np.minimum(places, self._offsets[rows + 1][:, None] - 1)
        states = torch.from_numpy(np.asarray(self._kept[places], np.float32))
        for block in self.blocks:
            states = block(states, mask[:, None, None, :])
        return states


def upper_encoder(
    tokens: TokenTable, lower: int, dropout: float, folder: Path
) -> tuple[TextEncoder, TokenTable]:
    """MiniLM from layer `lower` on, and the table of row numbers that it reads; kept states lie in the folder."""
    encoder = load_encoder(dropout=dropout)
    assert isinstance(encoder.body, TorchBert)
    place = folder / f"states-{lower}-{hashlib.sha256(tokens.digest.encode()).hexdigest()[:12]}.npy"
    if not place.is_file():
        draft = place.with_suffix(".part.npy")
        _write(encoder.body, tokens, lower, draft)
        draft.rename(place)
    kept = np.load(place, mmap_mode="r", allow_pickle=False)
    shape = BertShape.of(read_config(encoder_folder(None)))
    body = UpperLayers(encoder.body, shape, lower, kept, np.array(tokens.offsets))
    rows = np.repeat(np.arange(len(tokens), dtype=np.int32), tokens.lengths)
    mark = json.dumps([tokens.digest, lower])
    return (
        TextEncoder(body, encoder.dim, encoder.pooling, encoder.source, None, dropout).eval(),
        TokenTable(rows, tokens.offsets, 0, hashlib.sha256(mark.encode()).hexdigest()),
    )


@torch.no_grad()
def _write(body: TorchBert, tokens: TokenTable, lower: int, path: Path) -> None:
    body.eval()
    total = int(tokens.offsets[-1])
    kept = np.lib.format.open_memmap(path, "w+", np.float16, (total, body.hidden))
    order = np.argsort(tokens.lengths, kind="stable")
    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        ids, mask = tokens.batch(rows)
        states = body.norm(body.words(ids) + body.positions.weight[: ids.shape[1]] + body.segments.weight[0])
        for block in body.blocks[:lower]:
            states = block(states, mask[:, None, None, :])
        for row, found in zip(rows, states.numpy(), strict=True):
            kept[tokens.offsets[row] : tokens.offsets[row + 1]] = found[: tokens.lengths[row]]
    kept.flush()
