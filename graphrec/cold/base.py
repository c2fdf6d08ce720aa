"""What every node model is: parameters that can be drawn anew, logits of all nodes, a loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear, dropout


class NodeClassifier(nn.Module):
    """Base of every model of :mod:`graphrec.cold` that classifies nodes.

    A derived class builds its layers, calls :meth:`reset_parameters` at the end of its constructor and defines
    :meth:`logits`. All randomness (weights, dropout) comes from :attr:`generator`.
    """

    generator: torch.Generator

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw every parameter anew: weights Glorot, biases zero, norms one. Later dropout draws on from there.

        A class with parameters of its own beside its layers extends this.
        """
        self.generator = torch.Generator().manual_seed(0) if generator is None else generator
        for module in self.modules():
            if isinstance(module, InputLinear):
                module.reset_parameters(self.generator)
            elif isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, generator=self.generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.LayerNorm | nn.BatchNorm1d | nn.GroupNorm):
                module.reset_parameters()

    def logits(self, data: NodeData) -> Tensor:
        """Scores of the classes, `[num_nodes, num_classes]`; random dropout in training mode only."""
        raise NotImplementedError

    def loss(self, data: NodeData, logits: Tensor) -> Tensor:
        """Mean cross-entropy on the training nodes; a method with more terms adds them."""
        return F.cross_entropy(logits[data.train], data.y[data.train])

    def undecayed(self) -> Iterable[nn.Parameter]:
        """Parameters that weight decay must leave alone, such as tables with a row per node."""
        return ()

    def parameter_groups(self, weight_decay: float) -> list[dict[str, Any]]:
        """Groups for Adam: decayed parameters and the others."""
        exempt = {id(parameter) for parameter in self.undecayed()}
        parts: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
        for parameter in self.parameters():
            if parameter.requires_grad:
                parts[id(parameter) in exempt].append(parameter)
        groups = (
            {"params": parts[0], "weight_decay": weight_decay},
            {"params": parts[1], "weight_decay": 0.0},
        )
        return [group for group in groups if group["params"]]

    def drop(self, x: Tensor, p: float) -> Tensor:
        """Dropout from the model's own generator; nothing in eval mode."""
        return dropout(x, p, self.generator) if self.training else x
