"""Training of the request scorer (:class:`graphrec.ranking.request.RequestFusion`) on held-out choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from graphrec.bundle import Catalogue
from graphrec.ranking.cold import popularity_prior
from graphrec.ranking.request import CONTEXT, RequestFusion, context
from graphrec.sparse import CSR
from graphrec.training.request_content import EDGE_FEATURES, Content, build_content
from graphrec.training.request_examples import RequestExample, RequestMaker
from graphrec.training.run_log import Log

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


class RequestConfig(BaseModel):
    """Settings of the request scorer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    """Train one with the bundle."""
    rank: PositiveInt = 32
    """Length of the vectors that request and item meet in."""
    examples: PositiveInt = 20_000
    """Requests made from held-out choices."""
    candidates: PositiveInt = 128
    """Allowed items that a choice competes with in training."""
    epochs: PositiveInt = 12
    """Passes over the requests; the pass with the best validation MRR is kept."""
    batch_size: PositiveInt = 256
    """Requests per step."""
    learning_rate: PositiveFloat = 3e-3
    """Adam's step size."""
    weight_decay: NonNegativeFloat = 1e-4
    """L2 penalty."""
    unknown_share: float = Field(default=0.1, ge=0.0, le=1.0)
    """Requests answered as if the user were unknown, so that the scorer learns to do without."""


class _Network(nn.Module):
    """The trained maps and factors."""

    def __init__(self, content: Content, rank: int, base_scale: float, generator: torch.Generator) -> None:
        super().__init__()
        text, graph = content.item_text.shape[1], content.item_graph.shape[1]
        self.from_words = nn.Parameter(0.1 * torch.randn(text, rank, generator=generator))
        self.from_attributes = nn.Parameter(0.1 * torch.randn(graph + text, rank, generator=generator))
        self.item_text = nn.Parameter(0.3 * torch.randn(text, rank, generator=generator))
        self.item_graph = nn.Parameter(0.3 * torch.randn(graph, rank, generator=generator))
        self.edge_hidden = nn.Parameter(0.3 * torch.randn(EDGE_FEATURES + 1, 8, generator=generator))
        self.edge_out = nn.Parameter(0.3 * torch.randn(8, generator=generator))
        factors = torch.zeros(4, CONTEXT)
        factors[:3, 0] = 1.0
        factors[3, 2] = 1.0
        self.factors = nn.Parameter(factors)
        self.base_scale = base_scale

    def edges(self, features: Tensor) -> Tensor:
        """Salience of edges, `[...]` from features `[..., EDGE_FEATURES]`; positive, since having no edge is 0."""
        padded = torch.cat([features, torch.ones_like(features[..., :1])], dim=-1)
        return functional.softplus(torch.tanh(padded @ self.edge_hidden) @ self.edge_out)


def train_request_fusion(
    catalogue: Catalogue,
    item_vectors: Float,
    base_scores: Float | Any,
    seen: CSR,
    users: Int,
    items: Int,
    *,
    config: RequestConfig | None = None,
    seed: int = 0,
    log: Log | None = None,
) -> RequestFusion | None:
    """Learn from choices that the base model was not trained on.

    Args:
        item_vectors: float32 `[num_items, dim]` of the base model.
        base_scores: has `.score(users) -> [n, num_items]`, the personal score.
        seen: `[num_users, num_items]`, what the base model was trained on.
        users, items: the held-out choices, int64 `[n]` each.

    Returns:
        The scorer; None when the catalogue has nothing to ask for or there are too few choices.
    """
    settings = config or RequestConfig()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(users))[: settings.examples]
    maker = RequestMaker(catalogue, rng)
    examples = list(maker.examples(users[order], items[order], seen))
    if len(examples) < 50:
        return None
    content = build_content(catalogue, item_vectors)
    tables = _Tables.build(catalogue, content, examples, base_scores, seen, settings, rng)
    network = _optimise(tables, content, settings, seed, log)
    return _export(network, catalogue, content)


class _Tables:
    """Training requests as padded arrays."""

    def __init__(self, **arrays: Tensor) -> None:
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.arrays["items"])

    def rows(self, chosen: Tensor) -> dict[str, Tensor]:
        """The chosen requests."""
        return {name: values[chosen] for name, values in self.arrays.items()}

    @classmethod
    def build(
        cls, catalogue: Catalogue, content: Content, examples: Sequence[RequestExample], scorer: Any,
        seen: CSR, config: RequestConfig, rng: np.random.Generator,
    ) -> _Tables:  # fmt: skip
        """Candidates (the choice first), their base scores and edges, and the requests' vectors."""
        reader = _reader(catalogue, content)
        width, count = config.candidates + 1, len(examples)
        items = np.zeros((count, width), dtype=np.int64)
        mask = np.zeros((count, width), dtype=bool)
        base = np.zeros((count, width), dtype=np.float32)
        wanted = [[a for group in reader.wanted(example.query) for a in group] for example in examples]
        edges = np.full((count, width, max(map(len, wanted))), -1, dtype=np.int32)
        words = np.zeros((count, content.word_vectors.shape[1]), dtype=np.float32)
        graph_dim = content.attribute_graph.shape[1]
        attributes = np.zeros((count, graph_dim + content.item_text.shape[1]), dtype=np.float32)
        contexts = np.zeros((count, CONTEXT), dtype=np.float32)
        prior, popularity = popularity_prior(catalogue, None), np.log1p(catalogue.popularity)
        degrees = seen.degrees()
        names = _attribute_text(catalogue, content)
        for row, example in enumerate(examples):
            others = example.allowed[example.allowed != example.chosen]
            if len(others) > config.candidates:
                others = rng.choice(others, size=config.candidates, replace=False)
            found = np.concatenate([[example.chosen], others])
            items[row, : len(found)], mask[row, : len(found)] = found, True
            unknown = bool(rng.random() < config.unknown_share)
            base[row, : len(found)] = (
                prior[found] if unknown else scorer.score(np.array([example.user]))[0][found]
            )
            contexts[row] = context(0 if unknown else int(degrees[example.user]), unknown)
            known = reader.known_words(example.query)
            if known:
                words[row] = content.word_vectors[known].sum(axis=0) / np.sqrt(len(known))
            if flat := wanted[row]:
                attributes[row, :graph_dim] = content.attribute_graph[flat].mean(axis=0)
                attributes[row, graph_dim:] = names[flat].mean(axis=0)
                edges[row, : len(found), : len(flat)] = _edge_places(catalogue, flat, found)
        return cls(
            **{
                name: torch.from_numpy(values)
                for name, values in {
                    "items": items, "mask": mask, "base": base, "edges": edges, "words": words,
                    "attributes": attributes, "context": contexts,
                    "popularity": popularity[items].astype(np.float32),
                }.items()
            }
        )  # fmt: skip


def _edge_places(catalogue: Catalogue, attributes: Sequence[int], items: Int) -> Int:
    """Positions in `attribute_items` of each item's edges, `[items, attributes]`; every item has them all."""
    index = catalogue.attribute_items
    places = [int(index.indptr[a]) + np.searchsorted(index.row(a), items) for a in attributes]
    return np.stack(places, axis=1)


def _attribute_text(catalogue: Catalogue, content: Content) -> Float:
    """Mean word vector of each attribute's name, `[num_attributes, text_dim]`."""
    from graphrec.language.fold import tokens

    place = content.words.positions
    found = np.zeros((catalogue.num_attributes, content.word_vectors.shape[1]), dtype=np.float32)
    for attribute in range(catalogue.num_attributes):
        rows = [place[word] for word in tokens(catalogue.label(attribute)) if word in place]
        if rows:
            found[attribute] = content.word_vectors[rows].mean(axis=0)
    return found


def _reader(catalogue: Catalogue, content: Content) -> RequestFusion:
    """A fusion without weights: it reads queries exactly as serving does."""
    none = np.zeros((0, 1), dtype=np.float32)
    return RequestFusion(
        catalogue, content.words, none, none, none, none, np.zeros((4, CONTEXT), dtype=np.float32)
    )


def _scores(network: _Network, content: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
    """Fused scores `[batch, candidates]`, `-inf` on padding."""
    alpha, gamma, beta, popularity = (batch["context"] @ network.factors.t()).unbind(dim=1)
    asked = batch["words"] @ network.from_words + batch["attributes"] @ network.from_attributes
    items = content["text"] @ network.item_text + content["graph"] @ network.item_graph
    scores = alpha[:, None] * batch["base"] / network.base_scale
    scores = scores + gamma[:, None] * torch.einsum("br,bcr->bc", asked, items[batch["items"]])
    places = batch["edges"]
    salience = network.edges(content["edges"][places.clamp_min(0)]).masked_fill(places < 0, 0.0)
    wanted = (places[:, :1] >= 0).sum(dim=2).clamp_min(1)  # the choice has every wanted attribute
    scores = scores + beta[:, None] * salience.sum(dim=2) / wanted
    scores = scores + popularity[:, None] * batch["popularity"]
    return scores.masked_fill(~batch["mask"], -torch.inf)


def _optimise(
    tables: _Tables, content: Content, config: RequestConfig, seed: int, log: Log | None
) -> _Network:
    generator = torch.Generator().manual_seed(seed)
    known = tables.arrays["context"][:, 2] == 0
    base = tables.arrays["base"][known][tables.arrays["mask"][known]]
    spread = (float(base.std()) if len(base) > 1 else 0.0) or 1.0
    network = _Network(content, config.rank, spread, generator)
    arrays = {"text": content.item_text, "graph": content.item_graph, "edges": content.edge_features}
    fixed = {name: torch.from_numpy(values) for name, values in arrays.items()}
    order = torch.randperm(len(tables), generator=generator)
    cut = max(1, len(tables) // 10)
    held, train = order[:cut], order[cut:]
    optimizer = torch.optim.Adam(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    best, kept = -1.0, {k: v.clone() for k, v in network.state_dict().items()}
    for epoch in range(config.epochs):
        for rows in train[torch.randperm(len(train), generator=generator)].split(config.batch_size):
            loss = -torch.log_softmax(_scores(network, fixed, tables.rows(rows)), dim=1)[:, 0].mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        quality = _reciprocal_rank(network, fixed, tables, held)
        if log:
            log({"request_epoch": epoch + 1, "loss": float(loss.detach()), "valid": quality})
        if quality > best:
            best, kept = quality, {k: v.clone() for k, v in network.state_dict().items()}
    network.load_state_dict(kept)
    return network


@torch.no_grad()
def _reciprocal_rank(network: _Network, fixed: dict[str, Tensor], tables: _Tables, rows: Tensor) -> float:
    """Mean reciprocal rank of the choice among its sampled candidates; it chooses the epoch, no more."""
    total = 0.0
    for part in rows.split(1024):
        scores = _scores(network, fixed, tables.rows(part))
        total += float((1.0 / (1 + (scores[:, 1:] >= scores[:, :1]).sum(dim=1))).sum())
    return total / max(len(rows), 1)


@torch.no_grad()
def _export(network: _Network, catalogue: Catalogue, content: Content) -> RequestFusion:
    """Fold the maps into NumPy tables."""
    words = torch.from_numpy(content.word_vectors) @ network.from_words
    named = torch.from_numpy(
        np.concatenate([content.attribute_graph, _attribute_text(catalogue, content)], axis=1)
    )
    items = torch.from_numpy(content.item_text) @ network.item_text
    items = items + torch.from_numpy(content.item_graph) @ network.item_graph
    factors = network.factors.clone()
    factors[0] /= network.base_scale
    return RequestFusion(
        catalogue,
        content.words,
        words.numpy(),
        (named @ network.from_attributes).numpy(),
        items.numpy(),
        network.edges(torch.from_numpy(content.edge_features)).numpy(),
        factors.numpy(),
    )
