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


def propagate_mean(
    graph: EdgeGraph, values: Tensor, x: Tensor, num_layers: int, *, include_input: bool
) -> Tensor:
    r"""Mean over the layers of a linear propagation (LightGCN, eq. 4), in one differentiable step.

    .. math:: Z = \frac{1}{n} \sum_l A^l X, \qquad l = 0..L \text{ with the input, else } 1..L

    Evaluated as :math:`X + A(X + A(X + \dots))`: the sum rides on the sparse products, and no layer is kept
    unless `values` want a gradient.

    Args:
        values: `[num_edges]`, entries of A in the graph's target order.
        x: `[num_nodes, dim]`.
        num_layers: L, at least 1.

    Returns:
        `[num_nodes, dim]`.
    """
    return _PropagateMean.apply(  # type: ignore[no-any-return,no-untyped-call]
        graph, values, x, num_layers, include_input
    )


class _PropagateMean(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, graph: EdgeGraph, values: Tensor, x: Tensor, num_layers: int, include_input: bool
    ) -> Tensor:
        partial = _partial_sums(
            graph.matrix(values), x, num_layers, include_input, keep=ctx.needs_input_grad[1]
        )
        ctx.graph, ctx.num_layers, ctx.include_input = graph, num_layers, include_input
        ctx.save_for_backward(values, *partial[:-1])
        return partial[-1].div_(num_layers + include_input)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor | None, Tensor | None, None, None]:
        values, *inputs = ctx.saved_tensors
        grad = grads[0] / (ctx.num_layers + ctx.include_input)
        transposed = ctx.graph.transposed_matrix(values)
        if not ctx.needs_input_grad[1]:  # the adjoint of a sum of powers is the sum of the adjoint's powers
            grad_x = _partial_sums(transposed, grad, ctx.num_layers, ctx.include_input, keep=False)[-1]
            return None, None, grad_x, None, None
        grad_x = grad.clone() if ctx.include_input else torch.zeros_like(grad)
        grad_values = None
        for layer_input in reversed(inputs):
            grad_values = _at_edges(ctx.graph, grad, layer_input, grad_values)
            grad = transposed @ grad
            grad_x += grad
        return None, grad_values, grad_x, None, None


def _partial_sums(
    matrix: Tensor, x: Tensor, num_layers: int, include_input: bool, *, keep: bool
) -> list[Tensor]:
    """`y_0 = x`, `y_k = x + A y_{k-1}`, the last without `x +` when the input stays out; all, or the last."""
    found, y = [x], x
    for layer in range(1, num_layers + 1):
        start = x.clone() if include_input or layer < num_layers else torch.zeros_like(x)
        y = start.addmm_(matrix, y)
        found = [*found, y] if keep else [y]
    return found


def _at_edges(graph: EdgeGraph, left: Tensor, right: Tensor, base: Tensor | None = None) -> Tensor:
    """`left @ right.T` at the edges alone, plus `base`, `[num_edges]`."""
    if graph.num_edges > graph.num_nodes**2:  # parallel edges of a toy graph, which sampled_addmm refuses
        product = (left[graph.target] * right[graph.source]).sum(dim=1)
        return product if base is None else base + product
    if base is None:
        base = torch.zeros(graph.num_edges, dtype=left.dtype, device=left.device)
    pattern = graph.matrix(base)
    found: Tensor = torch.sparse.sampled_addmm(pattern, left.contiguous(), right.t()).values()
    return found


def symmetric_norm(graph: EdgeGraph, weights: Tensor) -> Tensor:
    r"""`w_st / sqrt(d_s d_t)` with weighted degrees; 0 where a degree is 0 (LightGCN, eq. 3).

    Args:
        weights: non-negative `[num_edges]`; an edge and its reverse carry the same weight.
    """
    target, source = graph.sum_by_target(weights), graph.sum_by_source(weights)
    product = target.index_select(0, graph.target) * source.index_select(0, graph.source)
    return torch.where(product > 0, weights / product.clamp_min(1e-12).sqrt(), torch.zeros_like(weights))


def segment_softmax(logits: Tensor, graph: EdgeGraph) -> Tensor:
    r"""Softmax of edge logits over all edges that enter one node, jointly over relations (KGAT, eq. 5).

    Args:
        logits: `[num_edges]`; `-inf` removes an edge. A node whose edges are all removed gets zeros.
    """
    peak = torch.full((graph.num_nodes,), -torch.inf, dtype=logits.dtype, device=logits.device)
    peak = peak.scatter_reduce(0, graph.target, logits.detach(), "amax")
    shifted = torch.exp(logits - torch.nan_to_num(peak, neginf=0.0).index_select(0, graph.target))
    total = graph.sum_by_target(shifted)
    # a node without a remaining edge divides by 1: a tiny divisor would make its gradient inf * 0
    return shifted / torch.where(total > 0, total, 1.0)[graph.target]


def random_noise(x: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    """Noise of length `scale` per row, in the orthant of the row (SimGCL and XSimGCL's perturbation)."""
    noise = F.normalize(torch.rand(x.shape, generator=generator, device=x.device), dim=1)
    return torch.sign(x.detach()) * noise * scale
