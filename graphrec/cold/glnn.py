"""GLNN: a multilayer perceptron that learns from a graph network's soft labels."""

from __future__ import annotations

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn import functional as F

from graphrec.cold.data import NodeData
from graphrec.cold.mlp import MLP, MLPConfig
from graphrec.errors import InvalidInputError


class GLNNConfig(MLPConfig):
    """Settings of :class:`GLNNStudent`; the network's own are those of the perceptron."""

    label_share: float = Field(default=0.0, ge=0.0, le=1.0)
    """Weight of true labels against soft ones; 0 as published."""
    temperature: PositiveFloat = 1.0
    """Divides the logits of teacher and student in the distillation term."""


class GLNNStudent(MLP):
    r"""Graph-less neural network (Zhang et al., ICLR 2022, eq. 1).

    .. math:: L = \lambda \, \mathrm{CE}(\hat y, y) + (1 - \lambda) \, \mathrm{KL}(z_T \,\|\, z_S)

    Args:
        teacher_logits: `[num_nodes, num_classes]`, computed in eval mode.
        nodes: int64 ids of nodes whose soft labels are learned. None takes all nodes with edges: they need no
            label, and a teacher knows most of those.
        config: settings.
    """

    config: GLNNConfig

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        teacher_logits: Tensor,
        nodes: Tensor | None = None,
        config: GLNNConfig | None = None,
    ) -> None:
        if teacher_logits.shape[1:] != (num_classes,):
            raise InvalidInputError(
                f"Teacher logits of {tuple(teacher_logits.shape)} do not fit {num_classes} classes."
            )
        super().__init__(num_features, num_classes, config or GLNNConfig())
        self.nodes, self.teacher_logits = nodes, teacher_logits.detach()

    def loss(self, data: NodeData, logits: Tensor) -> Tensor:
        nodes = torch.nonzero(~data.isolated()).squeeze(1) if self.nodes is None else self.nodes
        heat, share = self.config.temperature, self.config.label_share
        taught = F.log_softmax(self.teacher_logits[nodes] / heat, dim=1)
        said = F.log_softmax(logits[nodes] / heat, dim=1)
        distilled = F.kl_div(said, taught, reduction="batchmean", log_target=True)
        if share == 0.0:
            return distilled
        return share * super().loss(data, logits) + (1.0 - share) * distilled
