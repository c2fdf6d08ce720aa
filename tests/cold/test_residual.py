from __future__ import annotations

import pytest
import torch

from graphrec.cold.residual import Residual
from graphrec.errors import ConfigError

OUTPUTS = [torch.tensor([[float(v), float(-v)]]) for v in (1, 10, 100)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("none", 100.0), ("jumping", 100.0), ("initial", 75.25), ("residual", 77.5)],
)
def test_connections_by_hand(kind, expected):
    assert Residual(kind, 2, 2, 0.25)(OUTPUTS).tolist() == [[expected, -expected]]


def test_dense_is_a_map_of_everything_so_far():
    residual = Residual("dense", 2, 2, 0.25)
    with torch.no_grad():
        residual.join.weight.copy_(torch.tensor([[1.0, 0, 2, 0, 3, 0], [0, 0, 0, 0, 0, 1]]))
        residual.join.bias.copy_(torch.tensor([0.5, 0.0]))
    assert residual(OUTPUTS).tolist() == [[1 + 20 + 300 + 0.5, -100.0]]


def test_an_unknown_connection_is_an_error():
    with pytest.raises(ConfigError, match="skip"):
        Residual("skip", 2, 1, 0.1)
