"""One trainer for graph-relational adaptation and its baselines."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.adapt.alignment import Alignment, AlignmentBatch
from graphrec.adapt.config import AdaptConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_embedding import embed_domains
from graphrec.adapt.domain_sampling import DomainBatch, DomainBatches
from graphrec.adapt.methods import adversary
from graphrec.adapt.model import AdaptedModel, AdaptedNetwork
from graphrec.adapt.stopping import DIVERGED, StopRule
from graphrec.adapt.taught import TaughtLabels, teach
from graphrec.training.run_log import Log


def adapt(
    data: DomainData,
    config: AdaptConfig | None = None,
    seed: int = 0,
    *,
    log: Log | None = None,
    batches: DomainBatches | None = None,
    domain_vectors: np.ndarray | None = None,
    device: str = "cpu",
) -> AdaptedModel:
    r"""Learn from the labels of the source domains a predictor for all domains.

    .. math::
        \min_{E, F} \max_D \; L_f(E, F) + \mu \, L_t(E, F) - \lambda \, L_d(D, E)

    :math:`L_f`: cross entropy or squared error on the sources; :math:`L_t`: the same on labels passed on along the
    graph (:func:`graphrec.adapt.taught.teach`); :math:`L_d`: what the adversary fails at. Every step moves the
    adversary on detached encodings first, then encoder and predictor with the adversary frozen.

    Args:
        seed: of weights, batches and held-out rows; the same seed gives the same model on one machine.
        log: takes a record of every look.
        batches: draws the rows of the steps, instead of :class:`DomainBatches`.
        domain_vectors: float32 `[num_domains, domain_dim]`, the domain embeddings when the method of
            `config.embedding` is `given`.
        device: where to train.
    """
    with torch.random.fork_rng(devices=[]):  # the caller's generator goes on as if nothing had happened
        torch.manual_seed(seed)
        run = _Run(data, config or AdaptConfig(), seed, batches, domain_vectors, device)
        stopped, history = run.train(log)
    network = run.average.cpu().eval()
    return AdaptedModel(
        network, data.graph, data.sources, data.num_classes is not None, run.config, seed, history, stopped
    )


@dataclass
class _Means:
    """Running means of an epoch's losses."""

    supervised: float = 0.0
    taught: float = 0.0
    adversary: float = 0.0
    steps: int = 0

    def add(self, supervised: Tensor, taught: Tensor | None, adversary: Tensor | None) -> None:
        self.supervised += float(supervised.detach())
        self.taught += float(taught.detach()) if taught is not None else 0.0
        self.adversary += float(adversary.detach()) if adversary is not None else 0.0
        self.steps += 1


class _Run:
    """The state of one run."""

    def __init__(
        self,
        data: DomainData,
        config: AdaptConfig,
        seed: int,
        batches: DomainBatches | None,
        domain_vectors: np.ndarray | None,
        device: str,
    ) -> None:
        self.data, self.config, self.device = data, config, device
        held_out = _held_out(data, config.validation, seed)
        self.watched = np.flatnonzero(held_out)
        self.target_rows = np.flatnonzero(np.isin(data.domain, data.targets))
        size = min(config.sample_domains, data.num_domains)
        self.batches = batches or DomainBatches(data, size, config.batch, ~held_out, seed)
        self.taught = _taught(data, config)
        z = torch.from_numpy(embed_domains(data.graph, config.embedding, seed, given=domain_vectors))
        self.network = _network(data, config, z, held_out).to(device)
        found = adversary(data, config)
        self.adversary = found.to(device) if found is not None else None
        self.average = deepcopy(self.network).eval().requires_grad_(False)
        self.x = torch.from_numpy(data.x).to(device)
        self.y = torch.from_numpy(data.y).to(device)
        self.adjacency = torch.from_numpy(data.graph.adjacency.astype(np.float32)).to(device)
        self.is_source = torch.zeros(data.num_domains, dtype=torch.bool)
        self.is_source[data.sources] = True
        rate = config.learning_rate
        first = torch.optim.AdamW(self.network.parameters(), rate, weight_decay=config.weight_decay)
        self.optimizers: list[torch.optim.Optimizer] = [first]
        if self.adversary is not None:
            other = config.discriminator_learning_rate or rate
            self.optimizers.append(torch.optim.Adam(self.adversary.parameters(), other))
        self.decay = config.final_rate ** (1 / (config.stop.epochs * self.batches.steps))
        self.weight, self.steps = config.alignment_weight, 0
        self._taught_weight = config.taught.weight if config.taught else 0.0

    def train(self, log: Log | None) -> tuple[str, list[dict[str, Any]]]:
        rule, history = StopRule(self.config.stop), []
        kept = deepcopy(self.average.state_dict())
        for epoch in range(1, self.config.stop.epochs + 1):
            means = self._epoch(epoch)
            ratio = self._ratio(means)
            if ratio > DIVERGED or not np.isfinite(means.supervised):
                self._calm_down(kept)
                history.append({"epoch": epoch, "diverged_at": ratio if np.isfinite(ratio) else None})
                continue
            if epoch % self.config.stop.every == 0 or epoch == self.config.stop.epochs:
                kept = deepcopy(self.average.state_dict())
                done, same = rule.look(epoch, ratio, self._predictions(self.target_rows))
                history.append(self._record(epoch, means, ratio, same))
                if log:
                    log(history[-1])
                if done:
                    return f"settled after {epoch} epochs", history
        return f"the {self.config.stop.epochs} epochs are over", history

    def _epoch(self, epoch: int) -> _Means:
        self.network.train()
        ramp = min(1.0, epoch / self.config.ramp) if self.config.ramp else 1.0
        means = _Means()
        for batch in self.batches.epoch():
            self._step(batch, self.weight * ramp, means)
        return means

    def _step(self, batch: DomainBatch, weight: float, means: _Means) -> None:
        rows = torch.from_numpy(batch.rows).to(self.device)
        domains = torch.from_numpy(batch.domains)
        encodings = self.network.encode(self.x[rows], domains.to(self.device))
        output = self.network.predictor(encodings)
        supervised = self._supervised(output, rows)
        taught = self._taught_loss(output, batch.rows)
        total = supervised if taught is None else supervised + self._taught_weight * taught
        adverse = None
        if self.adversary is not None:
            aligned = encodings[: batch.num_aligned]
            seen = self._seen(domains[: batch.num_aligned], output[: batch.num_aligned].detach())
            adverse = self._adversary_steps(self.adversary, aligned.detach(), seen)
            self.adversary.requires_grad_(False)
            total = total + weight * self.adversary.encoder_loss(aligned, seen)
            self.adversary.requires_grad_(True)
        self.optimizers[0].zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimizers[0].step()
        self._after_step()
        means.add(supervised, taught, adverse)

    def _adversary_steps(self, alignment: Alignment, encodings: Tensor, seen: AlignmentBatch) -> Tensor:
        for _ in range(self.config.discriminator_steps):
            loss = alignment.discriminator_loss(encodings, seen)
            self.optimizers[1].zero_grad(set_to_none=True)
            loss.backward()
            self.optimizers[1].step()
        return loss

    def _seen(self, domains: Tensor, output: Tensor) -> AlignmentBatch:
        local = domains.to(self.device)
        return AlignmentBatch(
            domains=local,
            adjacency=self.adjacency[local][:, local],
            is_source=self.is_source[domains].to(self.device),
            output=output,
            classes=self.data.num_classes is not None,
        )

    def _supervised(self, output: Tensor, rows: Tensor) -> Tensor:
        """Mean over the labelled rows at hand."""
        y = self.y[rows]
        if self.data.num_classes is not None:
            return F.cross_entropy(output.flatten(0, 1), y.flatten(), ignore_index=-1)
        known = ~y.isnan().any(-1)
        scaled = (y[known] - self.network.y_mean) / self.network.y_scale
        return F.mse_loss(output[known], scaled)

    def _taught_loss(self, output: Tensor, rows: np.ndarray) -> Tensor | None:
        if self.taught is None:
            return None
        labels = torch.from_numpy(self.taught.labels[rows]).to(self.device).flatten()
        weight = torch.from_numpy(self.taught.weight[rows]).to(self.device).flatten()
        losses = F.cross_entropy(output.flatten(0, 1), labels, ignore_index=-1, reduction="none")
        return (losses * weight).sum() / weight.sum().clamp_min(1.0)

    @torch.no_grad()
    def _after_step(self) -> None:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] *= self.decay
        self.steps += 1
        # Early averages are short, so that the random start is soon forgotten.
        keep = min(self.config.average, (1 + self.steps) / (10 + self.steps)) if self.config.average else 0.0
        for kept, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
            kept.lerp_(now, 1 - keep)

    def _calm_down(self, kept: dict[str, Tensor]) -> None:
        """Go back to the last good weights with half the alignment, and an adversary that starts anew."""
        self.weight /= 2
        self.network.load_state_dict(kept)
        self.average.load_state_dict(kept)
        self.optimizers[0].state.clear()
        if self.adversary is not None:
            for module in self.adversary.modules():
                if isinstance(module, nn.Linear):
                    module.reset_parameters()
            self.optimizers[1].state.clear()

    def _ratio(self, means: _Means) -> float:
        if self.adversary is None:
            return float("nan")
        return means.adversary / max(means.steps, 1) / self.adversary.chance

    def _predictions(self, rows: np.ndarray) -> np.ndarray:
        return self._model().predict(self.data.x[rows], self.data.domain[rows])

    def _model(self) -> AdaptedModel:
        classes = self.data.num_classes is not None
        return AdaptedModel(self.average, self.data.graph, self.data.sources, classes, self.config, 0)

    def _record(self, epoch: int, means: _Means, ratio: float, same: float) -> dict[str, Any]:
        steps = max(means.steps, 1)
        return {
            "epoch": epoch,
            "supervised": means.supervised / steps,
            "taught": means.taught / steps if self.taught is not None else None,
            "adversary_of_chance": None if np.isnan(ratio) else ratio,
            "agreement": same,
            "source_validation": self._validation(),
            "alignment_weight": self.weight,
        }

    def _validation(self) -> float | None:
        """Accuracy or mean squared error on the held-out rows of the sources."""
        if not len(self.watched):
            return None
        found, y = self._predictions(self.watched), self.data.y[self.watched]
        if self.data.num_classes is not None:
            return float((found.argmax(axis=1) == y).mean())
        return float(np.square(found - y).mean())


def _network(data: DomainData, config: AdaptConfig, z: Tensor, held_out: np.ndarray) -> AdaptedNetwork:
    network = AdaptedNetwork(data.x.shape[1], data.num_outputs, z, config)
    network.x_mean, network.x_scale = _standards(data.x)
    if data.num_classes is None:
        network.y_mean, network.y_scale = _standards(data.y[data.labelled & ~held_out])
    return network


def _standards(values: np.ndarray) -> tuple[Tensor, Tensor]:
    spread = values.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return torch.from_numpy(values.mean(axis=0).astype(np.float32)), torch.from_numpy(
        scale.astype(np.float32)
    )


def _held_out(data: DomainData, share: float, seed: int) -> np.ndarray:
    """Labelled rows to watch, bool `[num_rows]`: the same share of every source, never all of one."""
    generator = np.random.default_rng([seed, 1])
    held = np.zeros(len(data.x), dtype=bool)
    for source in data.sources.tolist():
        rows = data.rows[source][data.labelled[data.rows[source]]]
        held[generator.permutation(rows)[: int(share * len(rows))]] = True
    return held


def _taught(data: DomainData, config: AdaptConfig) -> TaughtLabels | None:
    if config.taught is None or data.num_classes is None:
        return None
    return teach(data, config.taught)
