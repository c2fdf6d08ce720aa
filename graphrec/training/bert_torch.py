"""BERT as a torch module, to train what NumPy then serves."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.encoders.bert_weights import BertShape


class TorchBert(nn.Module):
    """Mean-pooled BERT; :func:`checkpoint_name` says where a checkpoint keeps each parameter.

    Args:
        shape: sizes.
        vocabulary: number of tokens.
        segments: number of token types; only the first is used.
        inner: width of the feed-forward layer.
        dropout: in attention, after every output matrix and after the embeddings.
    """

    def __init__(
        self, shape: BertShape, vocabulary: int, segments: int, inner: int, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.hidden = shape.hidden
        self.words = nn.Embedding(vocabulary, shape.hidden)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.segments = nn.Embedding(segments, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.blocks = nn.ModuleList(_Block(shape, inner, dropout) for _ in range(shape.layers))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors `[texts, hidden]`.

        Args:
            tokens: `[texts, length]`, padded at the end.
            mask: bool `[texts, length]`, True where a token stands.
        """
        return F.normalize(masked_mean(self.states(tokens, mask), mask), dim=-1)

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """What the last block makes of every token, `[texts, length, hidden]`; arguments as in :meth:`forward`."""
        states: Tensor = self.words(tokens) + self.positions.weight[: tokens.shape[1]] + self.segments.weight[0]
        states = self.dropout(self.norm(states))
        for block in self.blocks:
            states = block(states, mask[:, None, None, :])
        return states


def masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of `[texts, length, hidden]` over the tokens that stand there, `[texts, hidden]`."""
    kept = mask[:, :, None].to(states.dtype)
    return (states * kept).sum(1) / kept.sum(1)


class _Block(nn.Module):
    def __init__(self, shape: BertShape, inner: int, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        size = shape.hidden
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.mix = nn.Linear(size, size)
        self.mix_norm = nn.LayerNorm(size, eps=shape.epsilon)
        self.inner, self.outer = nn.Linear(size, inner), nn.Linear(inner, size)
        self.norm = nn.LayerNorm(size, eps=shape.epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Attention, then the feed-forward layer, each added to what came in and normalised."""
        texts, length, size = states.shape
        query, key, value = (
            made(states).view(texts, length, self.heads, -1).transpose(1, 2)
            for made in (self.query, self.key, self.value)
        )
        drop = self.dropout.p if self.training else 0.0
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=drop)
        changed: Tensor = self.mix(attended.transpose(1, 2).reshape(texts, length, size))
        states = self.mix_norm(states + self.dropout(changed))
        changed = self.outer(F.gelu(self.inner(states)))
        result: Tensor = self.norm(states + self.dropout(changed))
        return result


def checkpoint_name(name: str) -> str:
    """The name that a parameter of :class:`TorchBert` has in a published checkpoint.

    >>> checkpoint_name("blocks.3.mix_norm.bias")
    'encoder.layer.3.attention.output.LayerNorm.bias'
    """
    parts = name.split(".")
    if parts[0] == "blocks":
        return f"encoder.layer.{parts[1]}.{_IN_BLOCK[parts[2]]}.{parts[3]}"
    return f"embeddings.{_OUTSIDE[parts[0]]}.{parts[1]}"


_OUTSIDE = {
    "words": "word_embeddings", "positions": "position_embeddings", "segments": "token_type_embeddings",
    "norm": "LayerNorm",
}  # fmt: skip
_IN_BLOCK = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "mix": "attention.output.dense", "mix_norm": "attention.output.LayerNorm", "inner": "intermediate.dense",
    "outer": "output.dense", "norm": "output.LayerNorm",
}  # fmt: skip
