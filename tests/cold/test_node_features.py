from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec.cold.features import InputLinear, SparseRows, dropout, row_normalised
from graphrec.errors import InvalidInputError


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05, 0.4, 1.0]))
def test_sparse_product_and_gradient_are_those_of_the_dense_one(seed, density):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(9, 6, generator=generator) * (torch.rand(9, 6, generator=generator) < density)
    weight = torch.randn(6, 4, generator=generator, requires_grad=True)
    factor = torch.randn(9, 4, generator=generator)
    product = SparseRows.from_dense(x).matmul(weight)
    torch.testing.assert_close(product, x @ weight)
    (gradient,) = torch.autograd.grad((product * factor).sum(), weight)
    torch.testing.assert_close(gradient, x.T @ factor)


def test_dropped_entries_go_through_both_passes():
    x = torch.eye(5)
    rows = SparseRows.from_dense(x)
    values = torch.tensor([1.0, 0.0, 2.0, 0.0, 3.0])
    weight = torch.ones(5, 2, requires_grad=True)
    product = rows.matmul(weight, values)
    torch.testing.assert_close(product, values[:, None].expand(-1, 2))
    product.sum().backward()
    torch.testing.assert_close(weight.grad, values[:, None].expand(-1, 2))


def test_the_input_layer_is_the_same_over_sparse_and_dense_features():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(20, 30, generator=generator) * (torch.rand(20, 30, generator=generator) < 0.1)
    layer = InputLinear(30, 4)
    layer.reset_parameters(generator)
    torch.testing.assert_close(layer(SparseRows.from_dense(x), 0.0, generator), layer(x, 0.0, generator))
    layer.eval()
    torch.testing.assert_close(layer(x, 0.9, generator), x @ layer.weight + layer.bias)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expectation_and_the_asked_share(p):
    x = torch.ones(300, 301)  # not a multiple of the four integers of one draw
    dropped = dropout(x, p, torch.Generator().manual_seed(3))
    assert float((dropped == 0).float().mean()) == pytest.approx(p, abs=0.01)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.03)
    assert len(dropped.unique()) == 2
    neighbours = torch.stack([dropped[:, :-1].flatten(), dropped[:, 1:].flatten()])
    assert abs(float(torch.corrcoef(neighbours)[0, 1])) < 0.02


def test_dropout_is_the_generators():
    x = torch.ones(50, 7)
    first, second, other = (dropout(x, 0.5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert dropout(x, 0.0, torch.Generator()) is x


@pytest.mark.parametrize("p", [1.0, -0.1, 2.0])
def test_a_rate_that_keeps_nothing_is_refused(p):
    with pytest.raises(InvalidInputError, match="keeps something"):
        dropout(torch.ones(3), p, torch.Generator())


def test_rows_sum_to_one_and_empty_rows_stay_empty():
    x = row_normalised(torch.tensor([[2.0, 6.0], [0.0, 0.0]]))
    assert x.tolist() == [[0.25, 0.75], [0.0, 0.0]]
