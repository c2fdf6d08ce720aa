"""XR-Transformer: one encoder tuned to say in which clusters of the graph a text's neighbours lie, coarse to fine.

Zhang et al., "Fast Multi-Resolution Transformer Fine-tuning for Extreme Multi-label Text Classification" (NeurIPS
2021), as Chien et al., "Node Feature Extraction by Self-Supervised Multi-scale Neighborhood Prediction" (ICLR 2022)
use it. Where this differs from the released code (amzn/pecos): the loss counts active codes and no padding
(:mod:`graphrec.text.hinge`), negatives over the cap are drawn without repetition, and shortlists are sets of indices.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from scipy import sparse

from graphrec.errors import InvalidInputError
from graphrec.text.embed import embed_all
from graphrec.text.encoder import TextEncoder
from graphrec.text.heads import LevelHead, inherited_head, linear_head
from graphrec.text.level import LevelTask, tune_level
from graphrec.text.schedule import Report, TextProgress, pick_device
from graphrec.text.shortlist import Beam, Children, Shortlist, beam_step
from graphrec.text.tokens import TokenTable
from graphrec.text.xr_state import RunState, restore, run_fingerprint

_ENTRIES = 1 << 23  # logits in memory while predictions are made


class XRConfig(BaseModel):
    """Settings; the defaults are those of GIANT on ogbn-arxiv but for the number of steps and the frozen words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch: PositiveInt = 32
    """Texts per step. The published 32 is per GPU, of which there were eight: 256 in all."""
    micro_batch: PositiveInt = 32
    """Texts in memory at once; gradients of a batch are added up over such parts."""
    steps: PositiveInt | None = None
    """Steps per level; None: `epochs` decides."""
    epochs: PositiveFloat = 1.0
    """Passes over the texts per level."""
    loss: Literal["hinge", "softmax"] = "hinge"
    """Squared hinge per code, as published, or a softmax over the active codes, which learns more from few steps."""
    learning_rate: PositiveFloat = 6e-5
    """Of the encoder (AdamW)."""
    head_rate: PositiveFloat | None = None
    """Of the head; None: that of the encoder."""
    warm_up: float = Field(default=0.08, ge=0.0, lt=1.0)
    """Share of a level's steps in which the learning rate rises."""
    weight_decay: NonNegativeFloat = 0.0
    """Of the encoder."""
    clip: PositiveFloat = 1.0
    """Longest gradient, of encoder and head apart."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """On a text's vector before the head; inside the encoder its own rate applies."""
    frozen_layers: NonNegativeInt = 0
    """Layers from below that stay as they are, with all embeddings; their share of the backward pass is saved."""
    train_words: bool = False
    """Also train the word embeddings."""
    max_match_clusters: PositiveInt = 2048
    """Levels with at most so many codes are trained on, never the one of the nodes themselves."""
    top: PositiveInt = 20
    """Predicted codes of a level whose children are trained on in the next."""
    max_active: PositiveInt = 1000
    """Most codes that a text is trained on at a level after the first."""
    bootstrap: Literal["linear", "inherit"] = "linear"
    """How the head of a later level begins: support vector machines on the vectors so far, or as its parents."""
    bootstrap_cost: PositiveFloat = 100.0
    """C of those machines. As published; a few thousand texts in hundreds of dimensions are then told apart without
    error and leave the level little to learn. On Cora's 2,277 abstracts and 64 codes the loss is 0.0001 on the texts
    fitted on and 0.57 on others with 100, 0.10 and 0.14 with 0.01: take that for small graphs."""
    bootstrap_examples: PositiveInt = 10_000
    """Most texts that one of them is fitted on."""
    seed: NonNegativeInt = 0
    """Of order, dropout, choice of negatives and the first head."""
    save_seconds: NonNegativeFloat = 300.0
    """Time between two saves within a level; each level's ends are always saved."""
    report_every: PositiveInt = 10
    """Steps between two reports."""


PUBLISHED: dict[str, XRConfig] = {
    "ogbn-arxiv": XRConfig(batch=256, steps=2500, warm_up=0.08, train_words=True, max_match_clusters=2048),
    "ogbn-products": XRConfig(
        batch=256, steps=15_000, warm_up=1 / 15, train_words=True, max_match_clusters=512
    ),
}
"""GIANT's settings per data set, as one global batch; with BERT base, its pooler, 128 tokens and dropout 0.1 inside."""


def fit_levels(
    encoder: TextEncoder, tokens: TokenTable, instances: NDArray[np.int64], targets: Sequence[Any],
    chain: Sequence[Any], config: XRConfig, *, state: Path | None = None,
    device: str | torch.device | None = None, report: Report | None = None,
) -> TextEncoder:  # fmt: skip
    """Tune an encoder level by level, in place.

    Memory beside encoder and gradients: `targets`, `top` predictions of 8 bytes per text, and what
    :func:`graphrec.text.heads.linear_head` states. Vectors of a level's texts lie on the disk.

    Args:
        encoder: from :func:`graphrec.text.encoder.load_encoder`.
        tokens: of all texts.
        instances: rows of `tokens` that are trained on, int64 `[n]`.
        targets: CSR `[n, codes]` per level, coarse to fine, how many neighbours lie in each cluster; as
            :func:`graphrec.text.targets.multi_resolution` makes them.
        chain: cluster matrices `[codes, codes one level up]`, the first with one column; as
            :func:`graphrec.text.label_tree.build_label_tree` makes them.
        config: settings.
        state: folder to resume from after a kill; on a processor a resumed run ends with exactly the weights of an
            uninterrupted one. It stays until the caller deletes it.
        device: None is a GPU where there is one.
        report: is told of progress.

    Returns:
        The same encoder, in evaluation mode.

    Raises:
        InvalidInputError: arguments that do not fit together, or a state of another run.
        CorruptionError: a state that cannot be read.
        StoreError: the disk refused.
    """
    place = pick_device(device)
    levels = _tuned_levels(chain, config.max_match_clusters)
    rows = np.ascontiguousarray(instances, np.int64)
    counts = [sparse.csr_array(found) for found in targets[:levels]]
    _check(tokens, rows, counts, chain[:levels])
    encoder.freeze(config.frozen_layers, words=not config.train_words)
    children = [Children.of(cluster) for cluster in chain[:levels]]
    arrays: list[Any] = [rows, *(part for c in counts for part in (c.indptr, c.indices, c.data))]
    arrays += [child.parent for child in children]
    decisive = config.model_dump_json(exclude={"save_seconds", "report_every"})
    mark = run_fingerprint(f"{decisive} {tokens.digest} {encoder.digest()}", arrays)
    devices = [place] if place.type == "cuda" else []
    with _folder(state) as folder, torch.random.fork_rng(devices):
        run = RunState(folder, mark, keep=state is not None)
        _Fitting(encoder.to(place), tokens, rows, counts, children, config, run, place, report).run()
    return encoder.eval()


class _Fitting:
    def __init__(
        self, encoder: TextEncoder, tokens: TokenTable, rows: NDArray[np.int64], targets: list[Any],
        children: list[Children], config: XRConfig, state: RunState, device: torch.device, report: Report | None,
    ) -> None:  # fmt: skip
        self.encoder, self.tokens, self.rows, self.targets = encoder, tokens, rows, targets
        self.children, self.config, self.state = children, config, state
        self.device, self.report = device, report

    def run(self) -> None:
        """All levels, from where the state says."""
        saved = self.state.load()
        first, step, tensors = saved if saved is not None else (0, 0, {})
        head = self._first_head(first)
        restore(tensors, self.encoder, head)
        for level in range(first, len(self.targets)):
            if level > first:
                head = self._next_head(level, head)
                step, tensors = 0, {}
            tune_level(self._task(level, head), self.state, step, tensors, self.report)

    def _task(self, level: int, head: LevelHead) -> LevelTask:
        return LevelTask(
            self.encoder, head, self._shortlist(level), self.tokens, self.rows, self.config, level,
            len(self.targets), self.device,
        )  # fmt: skip

    def _first_head(self, level: int) -> LevelHead:
        head = LevelHead(self.targets[level].shape[1], self.encoder.dim)
        head.reset_parameters(torch.Generator().manual_seed(self.config.seed))
        return head.to(self.device)

    def _shortlist(self, level: int) -> Shortlist:
        if not level:
            return Shortlist(self.targets[0], None, None, None, self.targets[0].shape[1])
        return Shortlist(
            self.targets[level], self.targets[level - 1], self.state.load_beam(level - 1), self.children[level],
            self.config.max_active,
        )  # fmt: skip

    def _next_head(self, level: int, head: LevelHead) -> LevelHead:
        """Predict with the level that is done, and begin the next one from that."""
        path = embed_all(
            self.encoder, self.tokens, self.state.vectors(level), self.device, self.report, rows=self.rows,
            level=level, levels=len(self.targets),
        )  # fmt: skip
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        self.state.save_beam(level - 1, self._predict(level - 1, head, vectors))
        if self.config.bootstrap == "inherit":
            found = inherited_head(head, self.children[level])
        else:
            found = linear_head(
                vectors, self._shortlist(level), cost=self.config.bootstrap_cost,
                most=self.config.bootstrap_examples, seed=self.config.seed, device=self.device,
                report=lambda done, all_codes: self._tell(level, done, all_codes),
            )  # fmt: skip
        path.unlink()
        return found

    @torch.no_grad()
    def _predict(self, level: int, head: LevelHead, vectors: NDArray[np.float32]) -> Beam:
        """The best codes of a level for every text, by way of the best ones of the level above."""
        before = self.state.load_beam(level - 1) if level else None
        size = max(1, _ENTRIES // len(head.bias))
        found = []
        for start in range(0, len(vectors), size):
            part = slice(start, start + size)
            logits = head(torch.from_numpy(np.array(vectors[part])).to(self.device))
            above = before.rows(part) if before is not None else None
            loss = self.config.loss
            found.append(beam_step(logits, above, self.children[level], self.config.top, loss))
        return Beam(np.concatenate([b.codes for b in found]), np.concatenate([b.scores for b in found]))

    def _tell(self, level: int, done: int, all_codes: int) -> None:
        if self.report is not None:
            self.report(TextProgress("bootstrap", level, len(self.targets), done, all_codes, None, 0.0))


@contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    if state is not None:
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="graphrec-") as scratch:
        yield Path(scratch)


def _tuned_levels(chain: Sequence[Any], most: int) -> int:
    """How many levels are trained on: the small ones, and of a tree of one level that one."""
    if len(chain) == 1 and chain[0].shape[0] <= most:
        return 1
    levels = 0
    while levels < len(chain) - 1 and chain[levels].shape[0] <= most:
        levels += 1
    if not levels:
        raise InvalidInputError(
            f"The first level of the tree has {chain[0].shape[0]} codes, more than max_match_clusters ({most}); "
            "raise that."
        )
    return levels


def _check(tokens: TokenTable, rows: NDArray[np.int64], targets: list[Any], chain: Sequence[Any]) -> None:
    if not len(rows) or rows.min() < 0 or rows.max() >= len(tokens):
        raise InvalidInputError(f"instances must name some of the {len(tokens)} texts by row.")
    if len(targets) < len(chain):
        raise InvalidInputError(f"There are targets for {len(targets)} levels where the tree has more.")
    for level, (found, cluster) in enumerate(zip(targets, chain, strict=True)):
        if found.shape != (len(rows), cluster.shape[0]):
            raise InvalidInputError(
                f"targets[{level}] has shape {found.shape}; {(len(rows), cluster.shape[0])} fits instances and tree."
            )
