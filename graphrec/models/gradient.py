"""What the gradient models share: vectors for users and items, a ranking loss, the way to NumPy parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.bundle import Part, VectorPart
from graphrec.errors import ConfigError
from graphrec.evaluation import evaluate
from graphrec.models.base import Float, Int, Log, Model, ModelConfig, TrainData
from graphrec.models.objective import Batch, Objective
from graphrec.training.checkpoint import Checkpoint, fingerprint
from graphrec.training.loop import LoopConfig, Progress, run_loop


class GradientConfig(LoopConfig, ModelConfig):
    """Settings that every gradient model has; see :class:`LoopConfig` for the loop's own."""

    dim: PositiveInt = 64
    """Length of an embedding."""
    loss: Literal["softmax", "sampled_softmax", "bpr"] = "softmax"
    """`softmax` ranks the whole catalogue and is exact; `sampled_softmax` is for catalogues too large for it;
    `bpr` is the published choice of most graph models."""
    batch_users: PositiveInt = 256
    """Users per step of `softmax`."""
    batch_size: PositiveInt = 4096
    """Interactions per step of `bpr` and `sampled_softmax`."""
    num_negatives: PositiveInt = 1024
    """Shared draws per step of `sampled_softmax`; draws per interaction of `bpr` (there 1 to 10 is usual)."""
    negative_power: float = Field(default=0.0, ge=0.0, le=1.0)
    """`sampled_softmax` draws by popularity to this power and corrects with logQ; 0 is uniform."""
    user_balance: float = Field(default=1.0, ge=0.0, le=1.0)
    """A user with n items weighs n to this power in `softmax`: 1 counts interactions alike, 0 users alike."""
    cosine: bool = True
    """Compare directions (with `temperature`) instead of plain inner products."""
    temperature: PositiveFloat = 0.3
    """Divides the cosine; not used without `cosine`."""
    item_bias: bool = True
    """A learned popularity term per item, which a cosine alone cannot express."""
    bias_rate: PositiveFloat = 10.0
    """Factor on the learning rate of the biases."""
    feature_weight: NonNegativeFloat = 1.0
    """Weight of dense item features (where the data has them) beside the items' embeddings; 0 leaves them out."""
    feature_alone: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Share of the items that a training step sees as if nobody had chosen them, by their features alone: these
    learn to stand for new items (DropoutNet, Volkovs et al., NeurIPS 2017)."""
    metric: str = "recall@20+ndcg@20"
    """What validation maximises; a sum of metrics such as `recall@10` or `ndcg@20`."""


class Vectors(NamedTuple):
    """One forward pass: users `[num_users, dim]`, items `[num_items, dim]`, and what auxiliary tasks need."""

    users: Tensor
    items: Tensor
    extra: dict[str, Tensor]


class Network(nn.Module):
    """A graph encoder: parameters and one forward pass over the whole graph."""

    generator: torch.Generator
    item_bias: nn.Parameter | None

    def vectors(self) -> Vectors:
        """Run the encoder; with noise or dropout only in training mode."""
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        """Refresh what stands still within an epoch."""

    def auxiliary_loss(self, vectors: Vectors, batch: Batch) -> Tensor | None:
        """Further tasks on the same batch."""
        return None

    def interaction_weight(self) -> Tensor | None:
        """Reliability in `0..1` of each training interaction, `[nnz]`; None trusts all."""
        return None


class GradientModel(Model):
    """A model that is fitted by the shared loop and served as one :class:`~graphrec.bundle.VectorPart`."""

    config_class: ClassVar[type[ModelConfig]] = GradientConfig
    config: GradientConfig

    @abstractmethod
    def build(self, data: TrainData, generator: torch.Generator, device: str) -> Network:
        """The network for this data, parameters drawn from `generator`."""

    def fit(
        self,
        data: TrainData,
        *,
        seed: int = 0,
        device: str = "cpu",
        log: Log | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train; see :meth:`Model.fit`.

        Args:
            checkpoint: directory to resume from and save to; the caller removes it when all is done.
        """
        generator = torch.Generator(device=device).manual_seed(seed)
        network = self.build(data, generator, device).to(device)
        task = _Fitting(self, network, data, generator, device)
        saved = Checkpoint(checkpoint, _fingerprint(self, data, seed)) if checkpoint else None
        self.progress: Progress = run_loop(task, self.config, log=log, checkpoint=saved)
        self._keep(network)
        return self

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept: how long to train when validation data joins the training."""
        return self.progress.best_epoch

    def score(self, users: Int) -> Float:
        scores: Float = self.user_vectors[users] @ self.item_vectors.T
        return scores if self.bias is None else scores + self.bias

    def parts(self) -> Sequence[Part]:
        return [VectorPart(self.user_vectors, self.item_vectors, self.bias)]

    @torch.no_grad()
    def _keep(self, network: Network) -> None:
        network.eval()
        users, items = comparable(network.vectors(), self.config)
        self.user_vectors = _array(users)
        self.item_vectors = _array(items)
        self.bias = None if network.item_bias is None else _array(network.item_bias)


def comparable(vectors: Vectors, config: GradientConfig) -> tuple[Tensor, Tensor]:
    """Users and items whose inner product is the logit: directions over the temperature, or as they are."""
    if not config.cosine:
        return vectors.users, vectors.items
    return F.normalize(vectors.users, dim=1) / config.temperature, F.normalize(vectors.items, dim=1)


class _Fitting:
    """The loop's view of a model (see :class:`graphrec.training.loop.Task`)."""

    def __init__(
        self, model: GradientModel, network: Network, data: TrainData, generator: torch.Generator, device: str
    ) -> None:
        self.model, self.module, self.data, self.generator = model, network, data, generator
        self.objective = Objective(model.config, data.train, generator, device)

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        settings = self.model.config
        found = []
        for name, parameter in self.module.named_parameters():
            scale = settings.bias_rate if name.endswith("item_bias") else getattr(parameter, "rate", 1.0)
            decay = settings.weight_decay if parameter.dim() > 1 else 0.0
            found.append({"params": [parameter], "lr": settings.learning_rate * scale, "weight_decay": decay})
        return found

    def begin_epoch(self, epoch: int) -> None:
        self.module.begin_epoch(epoch)

    def losses(self) -> Iterator[Tensor]:
        for batch in self.objective.batches():
            vectors = self.module.vectors()
            users, items = comparable(vectors, self.model.config)
            loss = self.objective.loss(
                batch, users, items, self.module.item_bias, self.module.interaction_weight()
            )
            extra = self.module.auxiliary_loss(vectors, batch)
            yield loss if extra is None else loss + extra

    def validate(self) -> float | None:
        if self.data.valid is None or self.data.valid.nnz == 0:
            return None
        self.model._keep(self.module)
        metric = self.model.config.metric
        names = [name.strip() for name in metric.split("+")]
        try:
            ks = sorted({int(name.split("@")[1]) for name in names})
        except (IndexError, ValueError):
            raise ConfigError(_NO_METRIC.format(metric)) from None
        found = evaluate(self.model, (self.data.train, self.data.valid), ks=ks, slices=False).metrics
        if not set(names) <= set(found):
            raise ConfigError(_NO_METRIC.format(metric))
        return float(sum(found[name] for name in names))


_NO_METRIC = "The setting metric={!r} is not a sum of metrics such as ndcg@20."


def _array(tensor: Tensor) -> Float:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)


def _fingerprint(model: GradientModel, data: TrainData, seed: int) -> str:
    parts: list[object] = [model.name, model.config.model_dump_json(), seed]
    for matrix in (data.train, data.valid):
        parts += ["none"] if matrix is None else [matrix.shape, matrix.indptr, matrix.indices, matrix.values]
    if data.kg is not None:
        parts += [data.kg.num_entities, data.kg.heads, data.kg.relations, data.kg.tails]
    if data.features is not None:
        parts += [data.features.shape, data.features]
    return fingerprint(*parts)
