"""Message passing over an :class:`EdgeGraph`: sparse products whose backward pass never re-transposes."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.sparse.edge_graph import EdgeGraph

warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta", category=UserWarning)
warnings.filterwarnings("ignore", message="Sparse invariant checks are implicitly", category=UserWarning)


def propagate(graph: EdgeGraph, values: Tensor, x: Tensor) -> Tensor:
    r"""One linear message-passing step with weighted edges.

    .. math:: y_t = \sum_{(s \to t)} v_{st} \, x_s

    Both gradients are exact: for `x` the cached transpose is multiplied, for `values` only the entries on
    edges are formed (`sampled_addmm`), never a dense `[num_nodes, num_nodes]` matrix.

    Args:
        values: `[num_edges]`, in the graph's target order.
        x: `[num_nodes, dim]`.

    Returns:
        `[num_nodes, dim]`.
    """
    return _Propagate.apply(graph, values, x)  # type: ignore[no-any-return,no-untyped-call]


class _Propagate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, graph: EdgeGraph, values: Tensor, x: Tensor) -> Tensor:
        ctx.graph = graph
        ctx.save_for_backward(values, x)
        return graph.matrix(values) @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor | None, Tensor | None]:
        (grad,) = grads
        values, x = ctx.saved_tensors
        grad_values = grad_x = None
        if ctx.needs_input_grad[2]:
            grad_x = ctx.graph.transposed_matrix(values) @ grad
        if ctx.needs_input_grad[1]:
            grad_values = _at_edges(ctx.graph, grad, x)
        return None, grad_values, grad_x


def _at_edges(graph: EdgeGraph, left: Tensor, right: Tensor) -> Tensor:
    """`left @ right.T` at the edges alone, `[num_edges]`."""
    if graph.num_edges > graph.num_nodes**2:  # parallel edges of a toy graph, which sampled_addmm refuses
        return (left[graph.target] * right[graph.source]).sum(dim=1)
    pattern = graph.matrix(torch.zeros(graph.num_edges, dtype=left.dtype, device=left.device))
    found: Tensor = torch.sparse.sampled_addmm(pattern, left.contiguous(), right.t()).values()
    return found


def symmetric_norm(graph: EdgeGraph, weights: Tensor) -> Tensor:
    r"""`w_st / sqrt(d_s d_t)` with weighted degrees; 0 where a degree is 0 (LightGCN, eq. 3).

    Args:
        weights: non-negative `[num_edges]`; an edge and its reverse carry the same weight.
    """
    target, source = graph.sum_by_target(weights), graph.sum_by_source(weights)
    product = target[graph.target] * source[graph.source]
    return torch.where(product > 0, weights / product.clamp_min(1e-12).sqrt(), torch.zeros_like(weights))


def segment_softmax(logits: Tensor, graph: EdgeGraph) -> Tensor:
    r"""Softmax of edge logits over all edges that enter one node, jointly over relations (KGAT, eq. 5).

    Args:
        logits: `[num_edges]`; `-inf` removes an edge. A node whose edges are all removed gets zeros.
    """
    peak = torch.full((graph.num_nodes,), -torch.inf, dtype=logits.dtype, device=logits.device)
    peak = peak.scatter_reduce(0, graph.target, logits.detach(), "amax")
    shifted = torch.exp(logits - torch.nan_to_num(peak, neginf=0.0)[graph.target])
    total = graph.sum_by_target(shifted)
    # a node without a remaining edge divides by 1: a tiny divisor would make its gradient inf * 0
    return shifted / torch.where(total > 0, total, 1.0)[graph.target]


def random_noise(x: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    """Noise of length `scale` per row, in the orthant of the row (SimGCL and XSimGCL's perturbation)."""
    noise = F.normalize(torch.rand(x.shape, generator=generator, device=x.device), dim=1)
    return torch.sign(x.detach()) * noise * scale
