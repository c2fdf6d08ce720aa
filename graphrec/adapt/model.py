"""An adapted predictor, on disk and at work."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from graphrec.adapt.config import AdaptConfig
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.networks import Encoder, Predictor
from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.errors import InvalidInputError

FORMAT = 1
MARKER = "adapted.json"
CHUNK = 65_536
"""Rows encoded at a time."""


class AdaptedNetwork(nn.Module):
    """Encoder and predictor with what they need of the data: standardisation and domain embeddings, as buffers.

    Args:
        dim: of the inputs.
        outputs: classes or values.
        z: float32 `[num_domains, domain_dim]`.
    """

    z: Tensor
    x_mean: Tensor
    x_scale: Tensor
    y_mean: Tensor
    y_scale: Tensor

    def __init__(self, dim: int, outputs: int, z: Tensor, config: AdaptConfig) -> None:
        super().__init__()
        self.encoder = Encoder(dim, z.shape[1], config.hidden, config.dropout, config.shortcut)
        self.predictor = Predictor(config.hidden, outputs)
        self.register_buffer("z", z)
        for name, size in (("x_mean", dim), ("y_mean", outputs)):
            self.register_buffer(name, torch.zeros(size))
        for name, size in (("x_scale", dim), ("y_scale", outputs)):
            self.register_buffer(name, torch.ones(size))

    def encode(self, x: Tensor, domains: Tensor) -> Tensor:
        """`x` `[num_domains, batch, dim]` of the domains `[num_domains]` to `[num_domains, batch, hidden]`."""
        encoded: Tensor = self.encoder((x - self.x_mean) / self.x_scale, self.z[domains][:, None])
        return encoded


@dataclass(eq=False)
class AdaptedModel:
    """What :func:`graphrec.adapt.trainer.adapt` returns.

    Args:
        network: in evaluation mode.
        graph: the domains and which are close.
        sources: int64, the domains whose labels it learnt from.
        classes: whether it predicts classes (else values).
        history: one record a look: epoch, losses, the adversary's loss as a share of chance, agreement.
        stopped: why training ended.
    """

    network: AdaptedNetwork
    graph: DomainGraph
    sources: np.ndarray
    classes: bool
    config: AdaptConfig
    seed: int
    history: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""

    def predict(self, x: np.ndarray, domain: np.ndarray) -> np.ndarray:
        """Predict rows of any domain of the graph.

        Args:
            x: float32 `[num_rows, dim]`.
            domain: int64 `[num_rows]`.

        Returns:
            float32 `[num_rows, num_classes]` probabilities, or `[num_rows, num_outputs]` values in the labels' units.
        """
        return self._run(x, domain, self._outputs)

    def encode(self, x: np.ndarray, domain: np.ndarray) -> np.ndarray:
        """Encodings, float32 `[num_rows, hidden]`."""
        return self._run(x, domain, lambda encodings: encodings)

    def save(self, folder: Path | str) -> None:
        """Write the model as a folder (safetensors and JSON), whole or not at all."""
        with replacing_folder(Path(folder), MARKER, "adapted model") as draft:
            write_safetensors(
                draft / "weights.safetensors",
                {name: value.numpy() for name, value in self.network.state_dict().items()},
            )
            text = json.dumps(self._description(), indent=1, allow_nan=False, default=float)
            write_text(draft / MARKER, text + "\n")

    @classmethod
    def load(cls, folder: Path | str) -> AdaptedModel:
        """Read a folder that :meth:`save` wrote.

        Raises:
            InvalidInputError: no such folder, or files that are not an adapted model's.
        """
        path = Path(folder) / MARKER
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            if saved["format"] != FORMAT:
                raise InvalidInputError(
                    f"{path} has format {saved['format']}, and this version reads {FORMAT}."
                )
            config = AdaptConfig.model_validate(saved["config"])
            weights = read_safetensors(Path(folder) / "weights.safetensors")
            tensors = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
            network = AdaptedNetwork(saved["dim"], saved["outputs"], tensors["z"], config)
            network.load_state_dict(tensors)
            graph = DomainGraph(tuple(saved["domains"]), np.array(saved["adjacency"], dtype=np.float64))
            numbers = graph.indices(saved["sources"])
            return cls(
                network.eval(),
                graph,
                numbers,
                saved["classes"],
                config,
                saved["seed"],
                saved["history"],
                saved["stopped"],
            )
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise InvalidInputError(f"{folder} holds no adapted model that can be read: {error}") from error

    def _description(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "dim": len(self.network.x_mean),
            "outputs": len(self.network.y_mean),
            "classes": self.classes,
            "domains": list(self.graph.names),
            "adjacency": self.graph.adjacency.tolist(),
            "sources": [self.graph.names[number] for number in self.sources.tolist()],
            "seed": self.seed,
            "stopped": self.stopped,
            "config": self.config.model_dump(mode="json"),
            "history": self.history,
        }

    def _outputs(self, encodings: Tensor) -> Tensor:
        output: Tensor = self.network.predictor(encodings)
        return output.softmax(-1) if self.classes else output * self.network.y_scale + self.network.y_mean

    @torch.no_grad()
    def _run(self, x: np.ndarray, domain: np.ndarray, finish: Callable[[Tensor], Tensor]) -> np.ndarray:
        if x.ndim != 2 or x.shape[1] != len(self.network.x_mean) or domain.shape != (len(x),):
            raise InvalidInputError(
                f"Inputs {x.shape} and domains {domain.shape} do not fit {len(self.network.x_mean)} features."
            )
        if len(domain) and not (domain.min() >= 0 and domain.max() < self.graph.num_domains):
            raise InvalidInputError(f"A row names a domain outside 0..{self.graph.num_domains - 1}.")
        device = self.network.z.device
        parts = [
            finish(self.network.encode(rows[:, None].to(device), numbers.to(device))[:, 0]).cpu().numpy()
            for rows, numbers in zip(
                torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)).split(CHUNK),
                torch.from_numpy(domain.astype(np.int64)).split(CHUNK),
                strict=True,
            )
        ]
        return np.concatenate(parts).astype(np.float32)
